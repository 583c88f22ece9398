/** The package brings no types. */
declare module 'pcap-parser' {
  import type { Readable } from 'node:stream'

  interface Packet {
    readonly header: {
      readonly timestampSeconds: number
      readonly timestampMicroseconds: number
      readonly capturedLength: number
      readonly originalLength: number
    }
    readonly data: Buffer
  }

  interface Parser {
    on(event: 'packet', listener: (packet: Packet) => void): this
    on(event: 'end', listener: () => void): this
    on(event: 'error', listener: (error: Error) => void): this
  }

  const pcapParser: { parse(input: Readable): Parser }
  export = pcapParser
}
