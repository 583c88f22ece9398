/**
 * ARP and neighbour discovery as hosts send them (RFC 826, RFC 4861 section 4.3).
 *
 * @module
 */
import {
  build,
  encodeFrame,
  encodeTraceId,
  formatIp,
  isIpv6,
  MAC_BROADCAST,
  MAC_ZERO,
  macOfIpv6Group,
  solicitedNodeOf,
} from '../../twin/packet/index.js'
import type { Ip, Mac, TraceId } from '../../twin/packet/index.js'
import { addressOf } from '../fabric-view.js'
import type { Host } from '../fabric-view.js'
import { frameOf } from './frame.js'
import type { Expectation, Frame } from './frame.js'

/** An address asked for. */
export interface Question {
  readonly target: Ip
  /** Broadcast or the solicited-node group unless given. */
  readonly to?: Mac
  readonly expect?: Expectation
}

/**
 * A host asks who has an address: an ARP request or a neighbour solicitation. The mark is padding behind it, which
 * bridging keeps and answers do not repeat.
 *
 * @returns `undefined` when the host has no address in the target's family
 */
export function whoHas(from: Host, { target, to, expect }: Question): Frame | undefined {
  const source = addressOf(from, isIpv6(target) ? 6 : 4)?.address
  if (source === undefined) return undefined
  return frameOf({
    label: `${from.id}: who has ${formatIp(target)}`,
    tenant: from.tenant,
    at: { host: from.id },
    expect: expect ?? { outcome: 'contained' },
    bytes: (id) => question(from, source, target, to, id),
  })
}

function question(from: Host, source: Ip, target: Ip, to: Mac | undefined, id: TraceId): Uint8Array {
  if (isIpv6(source) && isIpv6(target)) {
    const group = solicitedNodeOf(target)
    const option = build.ndOption({ type: 1, data: macOctets(from.mac) })
    return encodeFrame(
      build.ethernet(
        { dst: to ?? macOfIpv6Group(group), src: from.mac },
        build.ipv6(
          { src: source, dst: group, hopLimit: 255 },
          build.icmpv6({ type: 135 }, build.ndTarget({ target }, option)),
        ),
        build.padding(encodeTraceId(id)),
      ),
    )
  }
  if (isIpv6(source) || isIpv6(target)) throw new TypeError('addresses of two families in one question')
  return encodeFrame(
    build.ethernet(
      { dst: to ?? MAC_BROADCAST, src: from.mac },
      build.arp({ operation: 1, sha: from.mac, spa: source, tha: MAC_ZERO, tpa: target }),
      build.padding(encodeTraceId(id)),
    ),
  )
}

/** The six octets of a MAC. */
export function macOctets(mac: Mac): Uint8Array {
  const bytes = new Uint8Array(6)
  new DataView(bytes.buffer).setUint16(0, Math.floor(mac / 0x1_0000_0000))
  new DataView(bytes.buffer).setUint32(2, mac % 0x1_0000_0000)
  return bytes
}
