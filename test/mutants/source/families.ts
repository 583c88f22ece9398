/**
 * Faults by which one family of addresses is treated otherwise than the other.
 *
 * @module
 */
import { mutant, type SourceMutant } from './mutant.js'

function ofOneFamily(...given: Parameters<typeof mutant>): SourceMutant {
  return { ...mutant(...given), row: 'C28' }
}

export const familyMutants: readonly SourceMutant[] = [
  ofOneFamily(
    'families-ipv6-ports-unread',
    'PARSE-7',
    'flows of IPv6 have no ports',
    'hash',
    'return flowOf(header, frame, at, end);',
    'return header * TWO_32;',
  ),
  ofOneFamily(
    'families-ipv6-too-big-unsaid',
    'ROUTE-9',
    'senders of IPv6 are not told of the MTU',
    'route',
    "sendIcmpError(m, 'tooBig', packet, mtu);",
    "if (family === 4)\n                sendIcmpError(m, 'tooBig', packet, mtu);",
  ),
  ofOneFamily(
    'families-ipv4-expiry-unsaid',
    'ROUTE-8',
    'senders of IPv4 are not told that the TTL ran out',
    'route',
    "sendIcmpError(m, 'timeExceeded', packet);",
    "if (family === 6)\n            sendIcmpError(m, 'timeExceeded', packet);",
  ),
  ofOneFamily(
    'families-ipv6-group-source',
    'ROUTE-2',
    'IPv6 packets from groups are routed',
    'own-address',
    'if (first === 0xff)\n        return true;\n',
    '',
  ),
  ofOneFamily(
    'families-ipv6-foreign-source',
    'ROUTE-2',
    'hosts beside the underlay may have any IPv6 source',
    'route',
    '!on.addresses6.some(',
    'false && !on.addresses6.some(',
  ),
  ofOneFamily(
    'families-ipv6-gateway-punted',
    'LOCAL-1',
    'IPv6 packets to a gateway that come over an uplink go to the kernel',
    'local',
    'vrf.gateways.has(family === 4 ? readIpv4(frame, at) : readIpv6(frame, at))',
    'family === 4 && vrf.gateways.has(readIpv4(frame, at))',
  ),
  ofOneFamily(
    'families-mld-unread',
    'SNOOP-1',
    'MLD is not looked at',
    'snoop-message',
    'family === 4 ? readIgmp(frame) : readMld(frame)',
    'family === 4 ? readIgmp(frame) : undefined',
  ),
]
