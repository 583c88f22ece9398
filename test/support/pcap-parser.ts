/**
 * The npm package `pcap-parser` as a second reader of classic microsecond captures.
 *
 * @module
 */
import { Readable } from 'node:stream'
import pcapParser from 'pcap-parser'

/** A packet as `pcap-parser` reads it. */
export interface ParsedPacket {
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint
  readonly originalLength: number
  readonly bytes: Uint8Array
}

/** Reads a classic pcap file of microsecond times. */
export async function parsePcap(file: Uint8Array): Promise<readonly ParsedPacket[]> {
  const packets: ParsedPacket[] = []
  const parser = pcapParser.parse(Readable.from([Buffer.from(file)]))
  parser.on('packet', ({ header, data }) => {
    const timestamp =
      BigInt(header.timestampSeconds) * 1_000_000_000n + BigInt(header.timestampMicroseconds) * 1000n
    packets.push({ timestamp, originalLength: header.originalLength, bytes: new Uint8Array(data) })
  })
  await new Promise<void>((resolve, reject) => {
    parser.on('end', () => resolve())
    parser.on('error', reject)
  })
  return packets
}
