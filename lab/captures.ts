/**
 * The captures of a link's two ends made one.
 *
 * @module
 */
import { readCapture, writePcapng, type PacketToWrite } from '../twin/packet/index.js'

/** Of each end what it received, which is what the other end, or anybody else, sent it; in order of time. */
export function mergeReceived(
  ends: readonly { readonly node: string; readonly bytes: Uint8Array }[],
): Uint8Array {
  const packets = ends.flatMap(({ bytes }, end): PacketToWrite[] =>
    readCapture(bytes)
      .packets.filter(({ direction }) => direction === 'inbound')
      .map(({ timestamp, bytes: octets, originalLength }) => ({
        timestamp,
        bytes: octets,
        originalLength,
        interface: end,
        direction: 'inbound',
      })),
  )
  packets.sort((a, b) => Number((a.timestamp ?? 0n) - (b.timestamp ?? 0n)))
  return writePcapng({
    interfaces: ends.map(({ node }) => ({ name: `to ${node}` })),
    packets,
    application: 'ztos lab capture',
  })
}
