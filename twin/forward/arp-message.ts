/**
 * ARP frames that nodes and hosts send (RFC 826, RFC 5227): 28 octets behind the Ethernet header, no padding.
 *
 * @module
 */
import * as arp from '../packet/arp.js'
import * as ethernet from '../packet/ethernet.js'
import { IPV4_ANY, MAC_BROADCAST, MAC_ZERO, type Ipv4, type Mac } from '../packet/address.js'
import type { Irb } from './config.js'
import { newFrame } from './frame-memory.js'
import { L3_OFFSET } from './parse.js'

const FRAME_LENGTH = L3_OFFSET + arp.LENGTH

function arpFrame(dst: Mac, src: Mac, fields: arp.ArpFields): Uint8Array {
  const frame = newFrame(FRAME_LENGTH)
  ethernet.write(frame, 0, dst, src, ethernet.EtherType.ARP)
  arp.write(frame, L3_OFFSET, fields)
  return frame
}

/** NEIGH-6: asks who has an address, in nobody's name, so that hosts' caches keep the anycast MAC. */
export function arpProbe(irb: Irb, address: Ipv4): Uint8Array {
  return arpFrame(MAC_BROADCAST, irb.systemMac, {
    operation: arp.Operation.REQUEST,
    sha: irb.systemMac,
    spa: IPV4_ANY,
    tha: MAC_ZERO,
    tpa: address,
  })
}

/** ARP-3: the answer to a request, which says that the address asked for has `mac`. */
export function arpReply(asked: Uint8Array, mac: Mac): Uint8Array {
  return arpAnswer(ethernet.src(asked, 0), asked, mac)
}

/** The answer to a request, sent to a MAC. */
export function arpAnswer(to: Mac, asked: Uint8Array, mac: Mac): Uint8Array {
  return arpFrame(to, mac, {
    operation: arp.Operation.REPLY,
    sha: mac,
    spa: arp.tpa(asked, L3_OFFSET),
    tha: arp.sha(asked, L3_OFFSET),
    tpa: arp.spa(asked, L3_OFFSET),
  })
}

/** ARP-1: a request or reply of IPv4 over Ethernet. */
export function isInspectedArp(frame: Uint8Array): boolean {
  if (frame.length < FRAME_LENGTH || !arp.isIpv4OverEthernet(frame, L3_OFFSET)) return false
  const operation = arp.operation(frame, L3_OFFSET)
  return operation === arp.Operation.REQUEST || operation === arp.Operation.REPLY
}
