/**
 * The framing of all of the lab's sockets (`contract/control.ts`), with the lab's errors.
 *
 * @module
 */
import { FrameReader, frameMessage, type ProtocolFault } from '../agent/framing.js'
import { LabError } from './errors.js'

const fault: ProtocolFault = (what, cause) =>
  new LabError('ZT_LAB_PROTOCOL', what, cause === undefined ? {} : { cause })

/** One message, framed. @throws LabError `ZT_LAB_PROTOCOL` when it is larger than the protocol allows */
export function encodeMessage(message: unknown): Buffer {
  return frameMessage(message, fault)
}

/** Puts a stream of chunks together into messages; what it throws is a LabError `ZT_LAB_PROTOCOL`. */
export class MessageReader extends FrameReader {
  constructor(limit?: number) {
    super(limit, fault)
  }
}
