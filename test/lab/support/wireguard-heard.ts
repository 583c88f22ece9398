/** What tcpdump has written so far of a cable between an engine and its peer. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  decodeFrame,
  formatMac,
  macFromNumber,
  readCapture,
  u48,
  type Capture,
  type Layer,
} from '../../../twin/packet/index.js'
import { UNDER } from './wireguard-program.js'

/** One frame. */
export interface Heard {
  /** Nanoseconds. */
  readonly at: bigint
  readonly from: 'engine' | 'peer'
  readonly layers: readonly Layer[]
  readonly octets: Uint8Array
}

export async function readHeard(file: string): Promise<readonly Heard[]> {
  const { packets } = await readGrowing(file)
  return packets.map(({ timestamp, bytes }) => ({
    at: timestamp,
    from: formatMac(macFromNumber(u48(bytes, 6))) === UNDER.mac ? 'engine' : 'peer',
    layers: decodeFrame(bytes),
    octets: bytes,
  }))
}

async function readGrowing(file: string): Promise<Capture> {
  // What has been seen is written at once, but seen a little later than sent.
  await delay(150)
  for (let tries = 0; ; tries++) {
    try {
      return readCapture(readFileSync(file))
    } catch (problem) {
      // The end of the file is just being written.
      if (tries >= 20) throw problem
      await delay(50)
    }
  }
}
