/**
 * What a container says without a terminal comes in frames: the stream (1 stdout, 2 stderr), three octets of nothing, the length in four octets,
 * big end first, and the text (Docker's API, "Attach to a container").
 *
 * @module
 */
import { LabError } from '../errors.js'

const HEADER = 8

/** What was said, by stream. */
export interface Said {
  readonly stdout: string
  readonly stderr: string
}

export type OutputStream = 'stdout' | 'stderr'

/** Takes frames apart as they come, in whatever pieces. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0)
  private read = 0

  /** @throws LabError `ZT_LAB_FORMAT` of a stream that is none */
  push(octets: Buffer): readonly { readonly stream: OutputStream; readonly data: Buffer }[] {
    const all = this.rest.length === 0 ? octets : Buffer.concat([this.rest, octets])
    const frames = []
    let at = 0
    while (all.length - at >= HEADER) {
      const number = all.readUInt8(at)
      if (number !== 1 && number !== 2)
        throw broken(`a frame at octet ${this.read + at} is of stream ${number}`)
      const end = at + HEADER + all.readUInt32BE(at + 4)
      if (end > all.length) break
      const stream: OutputStream = number === 1 ? 'stdout' : 'stderr'
      frames.push({ stream, data: all.subarray(at + HEADER, end) })
      at = end
    }
    this.rest = all.subarray(at)
    this.read += at
    return frames
  }

  /** @throws LabError `ZT_LAB_FORMAT` where a frame is cut off */
  end(): void {
    if (this.rest.length > 0) throw broken(`a frame at octet ${this.read} is cut off`)
  }
}

/** @throws LabError `ZT_LAB_FORMAT` where a frame is cut off, or of a stream that is none */
export function readFrames(octets: Buffer): Said {
  const reader = new FrameReader()
  const frames = reader.push(octets)
  reader.end()
  // Joined before they are read: a letter may lie in two frames.
  const said = (wanted: OutputStream) =>
    Buffer.concat(frames.flatMap(({ stream, data }) => (stream === wanted ? [data] : []))).toString('utf8')
  return { stdout: said('stdout'), stderr: said('stderr') }
}

function broken(what: string): LabError {
  return new LabError('ZT_LAB_FORMAT', `what Docker's engine says of a container's output is broken: ${what}`)
}
