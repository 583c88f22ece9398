/**
 * Octets that encapsulations add, for MTU chains.
 *
 * @module
 */
import { HEADER_LENGTH as ETHERNET } from './ethernet.js'
import { HEADER_LENGTH as IPV4 } from './ipv4.js'
import { HEADER_LENGTH as IPV6 } from './ipv6.js'
import { ICV_LENGTH, LONG_LENGTH } from './sectag.js'
import { HEADER_LENGTH as UDP } from './udp.js'
import { HEADER_LENGTH as VXLAN } from './vxlan.js'

/**
 * Between the MTU of the underlay and that of what VXLAN carries: inner Ethernet, VXLAN, UDP and outer IP header, 50
 * octets over IPv4 and 70 over IPv6.
 */
export function vxlanOverhead(family: 4 | 6): number {
  return ETHERNET + VXLAN + UDP + (family === 4 ? IPV4 : IPV6)
}

/** Between the MTU of a link and that of its MACsec interface: SecTAG with SCI and ICV, 32 octets. */
export const MACSEC_OVERHEAD = LONG_LENGTH + ICV_LENGTH
