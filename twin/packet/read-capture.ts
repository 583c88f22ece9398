/**
 * Capture files of either format.
 *
 * @module
 */
import type { Capture } from './capture.js'
import { readPcap } from './pcap.js'
import { isPcapng, readPcapng } from './pcapng.js'

/**
 * Reads a pcap or pcapng file, told apart by its first four octets.
 *
 * @throws {CaptureError}
 */
export function readCapture(file: Uint8Array): Capture {
  return isPcapng(file) ? readPcapng(file) : readPcap(file)
}
