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

/** @throws LabError `ZT_LAB_FORMAT` where a frame is cut off, or of a stream that is none */
export function readFrames(octets: Buffer): Said {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  for (let at = 0; at < octets.length;) {
    if (octets.length - at < HEADER) throw broken(`a frame's head at octet ${at} is cut off`)
    const stream = octets.readUInt8(at)
    const end = at + HEADER + octets.readUInt32BE(at + 4)
    if (end > octets.length) throw broken(`a frame at octet ${at} is cut off`)
    if (stream !== 1 && stream !== 2) throw broken(`a frame at octet ${at} is of stream ${stream}`)
    const into = stream === 1 ? stdout : stderr
    into.push(octets.subarray(at + HEADER, end))
    at = end
  }
  // Joined before they are read: a letter may lie in two frames.
  return { stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') }
}

function broken(what: string): LabError {
  return new LabError('ZT_LAB_FORMAT', `what Docker's engine says of a container's output is broken: ${what}`)
}
