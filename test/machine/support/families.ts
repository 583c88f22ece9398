/**
 * The bench's node with everything in both families, and its words by family.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import {
  build,
  parseIp,
  solicitedNodeOf,
  macOfIpv6Group,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import {
  BROADCAST,
  changed,
  eth,
  farMac,
  GATEWAY,
  hostMac,
  mac,
  portMac,
  PROGRAM,
  udpHello,
} from './bench.js'

export type Family = 4 | 6
export const FAMILIES = [4, 6] as const

/** Addresses by what they are, in both families. */
const ADDRESSES = {
  /** Far end of uplink 1, and of uplink 2, whose neighbour is not known. */
  far: ['10.254.0.1', 'fd00:fe::1'],
  /** The node's loopback. */
  own: ['10.255.0.1', 'fd00:ff::1'],
  vtep: ['10.255.0.2', 'fd00:ff::2'],
  stranger: ['10.255.0.9', 'fd00:ff::9'],
  /** Behind uplink 2, in a blackhole, nowhere, behind a gateway without a MAC. */
  transit: ['172.16.0.9', '2001:db8:f000::9'],
  blackhole: ['172.18.0.1', '2001:db8:f800::1'],
  nowhere: ['203.0.113.1', '3fff::1'],
  lost: ['192.0.2.1', '2001:db8:f900::1'],
  /** A tenant's gateway, its host on port 13, another that nobody has heard, one in the other network. */
  gateway: ['10.1.0.1', '2001:db8:1::1'],
  host: ['10.1.0.11', '2001:db8:1::11'],
  silent: ['10.1.0.55', '2001:db8:1::55'],
  otherHost: ['10.1.1.11', '2001:db8:2::11'],
  otherSilent: ['10.1.1.55', '2001:db8:2::55'],
  remoteNet: ['10.9.0.5', '2001:db8:9::5'],
} as const
export type Word = keyof typeof ADDRESSES

/** The text of an address. */
const text = (family: Family, word: Word): string => ADDRESSES[word][family === 4 ? 0 : 1]

/** A packet between two addresses, which are words or texts. */
export function ip(
  family: Family,
  src: string,
  dst: string,
  carried: Stack = udpHello,
  fields: { readonly ttl?: number; readonly df?: boolean } = {},
): Stack {
  const at = (one: string) => parseIp(one in ADDRESSES ? text(family, one as Word) : one)
  const { ttl = 64, df = true } = fields
  return family === 4
    ? build.ipv4({ src: at(src) as Ipv4, dst: at(dst) as Ipv4, ttl, flags: df ? 2 : 0 }, carried)
    : build.ipv6({ src: at(src) as Ipv6, dst: at(dst) as Ipv6, hopLimit: ttl }, carried)
}
/** On uplink 1 from its far end. */
export const onUplink = (packet: Stack, dst: Mac = portMac(1)): Uint8Array => eth(dst, farMac(1), packet)
/** On port 13 from the host, to its gateway. */
export const toGateway = (packet: Stack, dst: Mac = GATEWAY): Uint8Array => eth(dst, hostMac(1), packet)

export const echo = (
  family: Family,
  fields: { readonly type?: number; readonly checksum?: number } = {},
): Stack => {
  const { type = family === 4 ? 8 : 128, ...rest } = fields
  const data = build.payload('ping')
  return family === 4 ? build.icmp({ type, ...rest }, data) : build.icmpv6({ type, ...rest }, data)
}

/** Who has this address? By broadcast, by the group of the address. */
export function asksFor(family: Family, src: Mac, of: string, target: string): Uint8Array {
  const [from, to] = [parseIp(text(family, of as Word)), parseIp(text(family, target as Word))]
  if (family === 4) {
    const message = build.arp({ operation: 1, sha: src, spa: from as Ipv4, tha: 0 as Mac, tpa: to as Ipv4 })
    return eth(BROADCAST, src, message)
  }
  const group = solicitedNodeOf(to as Ipv6)
  const option = build.ndOption({ type: 1, data: octets(src) })
  const message = build.icmpv6({ type: 135, rest: 0 }, build.ndTarget({ target: to as Ipv6 }, option))
  return eth(
    macOfIpv6Group(group),
    src,
    build.ipv6({ src: from as Ipv6, dst: group, hopLimit: 255 }, message),
  )
}
const octets = (of: Mac): Uint8Array =>
  Uint8Array.from({ length: 6 }, (_, i) => Math.floor(of / 2 ** (8 * (5 - i))) % 256)

/** VXLAN from a VTEP as uplink 1 receives it. */
export function tunnelled(
  family: Family,
  inner: Uint8Array,
  fields: {
    readonly vni?: number
    readonly src?: Word
    readonly flags?: number
    readonly checksum?: number
    readonly length?: number
    readonly tos?: number
  } = {},
): Uint8Array {
  const { vni = 10010, src = 'vtep', flags = 8, tos = 0, length } = fields
  // None over IPv4 and the right one over IPv6, as the tunnels here send.
  const checksum = fields.checksum ?? (family === 4 ? 0 : undefined)
  const udp = build.udp(
    {
      srcPort: 50000,
      dstPort: 4789,
      ...(checksum === undefined ? {} : { checksum }),
      ...(length === undefined ? {} : { length }),
    },
    build.vxlan({ vni, flags }),
    build.payload(inner),
  )
  const [from, to] = [parseIp(text(family, src)), parseIp(text(family, 'own'))]
  return onUplink(
    family === 4
      ? build.ipv4({ src: from as Ipv4, dst: to as Ipv4, tos, flags: 2, ttl: 63 }, udp)
      : build.ipv6({ src: from as Ipv6, dst: to as Ipv6, trafficClass: tos, hopLimit: 63 }, udp),
  )
}

/** The bench's program, tunnels over an underlay of a family, everything else in both. */
export function program(underlay: Family): NodeProgram {
  const { tables } = PROGRAM
  const tunnel = {
    local: text(underlay, 'own'),
    remotes: [text(underlay, 'vtep')],
    ...(underlay === 6 ? { udpChecksum: 'compute' } : {}),
  }
  const vteps = [
    { vrf: 0, prefix: 'fd00:fe::/127', connected: 1 },
    { vrf: 0, prefix: 'fd00:ff::2/128', group: 11 },
    { vrf: 0, prefix: '2001:db8:f800::/48', blackhole: true as const },
    { vrf: 0, prefix: '2001:db8:f900::/48', group: 12 },
    { vrf: 1, prefix: '2001:db8:2::/64', connected: 21 },
    { vrf: 1, prefix: '2001:db8:9::/48', group: 13 },
  ]
  return changed(
    {
      12: tunnel,
      21: { addresses: ['10.1.1.1/24', '2001:db8:2::1/64'], neighbourLimit: 1 },
      32: tunnel,
      42: tunnel,
    },
    {
      routes: [...tables.routes, ...vteps],
      groups: [
        ...tables.groups.filter(({ id }) => id !== 3 && id !== 6 && id !== 7),
        { id: 3, members: [{ interface: 2, gateway: '10.254.1.1' }] },
        { id: 6, members: [{ interface: 2, gateway: 'fd00:fe:1::1' }] },
        { id: 7, members: [{ interface: 31, gateway: text(underlay, 'vtep') }] },
        { id: 11, members: [{ interface: 1, gateway: 'fd00:fe::1' }] },
        { id: 12, members: [{ interface: 1, gateway: 'fd00:fe::7' }] },
        { id: 13, members: [{ interface: 31, gateway: text(underlay, 'vtep') }] },
      ],
      neighbours: [
        ...tables.neighbours.filter(({ interface: id }) => id !== 31),
        { interface: 2, address: 'fd00:fe:1::1', mac: '02:00:00:00:01:02' },
        { interface: 31, address: text(underlay, 'vtep'), mac: '02:5a:00:00:00:02' },
      ],
      fdb: [
        { bridge: 10, mac: '02:aa:00:00:00:08', interface: 14 },
        { bridge: 30, mac: '02:5a:00:00:00:02', interface: 32, remote: text(underlay, 'vtep') },
      ],
      flood: [12, 42].map((id) => ({ interface: id, remotes: [text(underlay, 'vtep')] })),
    },
  )
}

/** A MAC that no host has. */
export const nobody = mac('02:ee:00:00:00:01')
