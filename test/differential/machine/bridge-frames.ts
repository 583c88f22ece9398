/**
 * Random frames of hosts: what enters a bridge, from a port or out of a tunnel.
 *
 * @module
 */
import {
  build,
  encodeFrame,
  IPV6_ALL_NODES,
  IPV6_ANY,
  isIpv6Multicast,
  linkLocalOf,
  MAC_BROADCAST,
  macOfIpv6Group,
  parseIpv4,
  parseIpv6,
  solicitedNodeOf,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import { groupFrame } from './group-frames.js'
import { arpMessage, ipv4Packet, ipv6Packet, ndMessage, type Sizes } from './packets.js'
import type { Random } from './random.js'
import type { BridgeWords } from './vocabulary.js'

const ODD4 = [
  '0.0.0.0',
  '0.1.2.3',
  '127.0.0.1',
  '224.0.0.5',
  '239.1.1.1',
  '240.0.0.1',
  '255.255.255.255',
  '169.254.1.1',
  '198.18.0.1',
  '10.66.1.1',
  '10.55.1.1',
  '10.44.1.1',
  '10.9.3.200',
].map(parseIpv4)
const ODD6 = [
  '::',
  '::1',
  'ff02::1',
  'ff0e::5',
  'fe80::1',
  'febf::1',
  'fec0::1',
  '2001:db8:dead::1',
  '2001:db8:66::1',
  '2001:db8:55::1',
  '2001:db8:9::9',
  '::2',
].map(parseIpv6)
const ODD_MACS = [
  0x0180_c200_0000, 0x0180_c200_000e, 0x0180_c200_0010, 0x0100_5e00_0005, 0x3333_0000_0001, 0x0000_0000_0001,
  0,
] as Mac[]

/** Where the frame enters: more of its sources are hosts of that side. */
export type Side = 'port' | 'tunnel'

/** A frame of a host on a bridge. */
export function hostFrame(random: Random, words: BridgeWords, side: Side, sizes: Sizes): Uint8Array {
  const n = hostNumber(random, words, side)
  // Where nobody snoops, multicast is one kind of flooding among others.
  const multicast = words.snoops ? 45 : 3
  const src = random.chance(94) ? (words.macs[n] ?? random.pick(words.macs)) : oddSource(random, words)
  const stack = random.weighted<() => Stack>([
    [32, () => routedV4(random, words, n, src, sizes)],
    [18, () => routedV6(random, words, n, src, sizes)],
    [14, () => bridged(random, words, n, src, sizes)],
    [16, () => arpFrame(random, words, n, src)],
    [16, () => ndFrame(random, words, n, src)],
    [4, () => strangeFrame(random, words, src)],
    [multicast, () => groupFrame(random, words, src, n, sizes)],
  ])()
  return encodeFrame(stack)
}

/** Hosts 0 to 3 are at ports mostly, the others behind tunnels. */
function hostNumber(random: Random, words: BridgeWords, side: Side): number {
  const isHome = random.chance(85)
  return (side === 'port') === isHome ? random.below(4) : random.between(3, words.macs.length - 1)
}

function oddSource(random: Random, words: BridgeWords): Mac {
  return random.pick([
    0 as Mac,
    MAC_BROADCAST,
    0x0300_0000_0001 as Mac,
    words.gatewayMac ?? (0 as Mac),
    words.systemMac ?? (0 as Mac),
  ])
}

function host4(random: Random, words: BridgeWords, n: number): Ipv4 {
  return words.hosts4[(n + 3) % words.hosts4.length] ?? random.pick(words.hosts4)
}
function host6(random: Random, words: BridgeWords, n: number): Ipv6 {
  return words.hosts6[(n + 3) % words.hosts6.length] ?? random.pick(words.hosts6)
}

function source4(random: Random, words: BridgeWords, n: number): Ipv4 {
  if (random.chance(90)) return host4(random, words, n)
  return random.pick([...ODD4, ...words.own4, ...words.hosts4])
}
function source6(random: Random, words: BridgeWords, n: number, src: Mac): Ipv6 {
  if (random.chance(88)) return host6(random, words, n)
  return random.pick([...ODD6, ...words.own6, ...words.linkLocals, linkLocalOf(src), linkLocalOf(src)])
}

/** Mostly what a route leads to, own addresses among it. */
function destination4(random: Random, words: BridgeWords): Ipv4 {
  const own = words.vrf?.own4 ?? []
  const routed = words.vrf?.routed4 ?? []
  if (own.length > 0 && random.chance(18)) return random.pick(own)
  if (random.chance(25)) return host4(random, words, random.below(6))
  if (routed.length > 0 && random.chance(85)) return random.pick(routed)
  return random.pick([...ODD4, ...words.hosts4])
}
function destination6(random: Random, words: BridgeWords): Ipv6 {
  const own = [...(words.vrf?.own6 ?? []), ...words.linkLocals]
  const routed = words.vrf?.routed6 ?? []
  if (own.length > 0 && random.chance(20)) return random.pick(own)
  if (random.chance(25)) return host6(random, words, random.below(6))
  if (routed.length > 0 && random.chance(85)) return random.pick(routed)
  return random.pick([...ODD6, ...words.hosts6])
}

function toGateway(random: Random, words: BridgeWords): Mac {
  return random.weighted([
    [20, words.gatewayMac ?? random.pick(words.macs)],
    [4, words.systemMac ?? random.pick(words.macs)],
    [1, MAC_BROADCAST],
  ])
}

function routedV4(random: Random, words: BridgeWords, n: number, src: Mac, sizes: Sizes): Stack {
  const packet = ipv4Packet(random, source4(random, words, n), destination4(random, words), sizes)
  return build.ethernet({ dst: toGateway(random, words), src }, packet, ...padding(random))
}

function routedV6(random: Random, words: BridgeWords, n: number, src: Mac, sizes: Sizes): Stack {
  const packet = ipv6Packet(random, source6(random, words, n, src), destination6(random, words), sizes)
  return build.ethernet({ dst: toGateway(random, words), src }, packet, ...padding(random))
}

function padding(random: Random): Stack[] {
  return random.chance(10) ? [build.padding(random.bytes(random.between(1, 20)))] : []
}

function bridged(random: Random, words: BridgeWords, n: number, src: Mac, sizes: Sizes): Stack {
  const dst = random.weighted([
    [8, random.pick(words.macs)],
    [2, MAC_BROADCAST],
    [2, random.pick(ODD_MACS)],
  ])
  const packet = random.chance(60)
    ? ipv4Packet(random, host4(random, words, n), random.pick(words.hosts4), sizes)
    : ipv6Packet(random, host6(random, words, n), random.pick(words.hosts6), sizes)
  return build.ethernet({ dst, src }, packet, ...padding(random))
}

function arpFrame(random: Random, words: BridgeWords, n: number, src: Mac): Stack {
  const sha = random.chance(94) ? src : random.pick(words.macs)
  const spa = random.weighted([
    [16, host4(random, words, n)],
    [2, 0 as Ipv4],
    [2, random.pick([...words.hosts4, ...words.own4, ...ODD4])],
  ])
  const tpa = random.weighted([
    [6, words.own4[0] ?? random.pick(words.hosts4)],
    [8, host4(random, words, random.below(6))],
    [4, random.pick(words.hosts4)],
    [2, random.pick([...words.own4, ...ODD4, spa])],
  ])
  const dst = random.weighted([
    [10, MAC_BROADCAST],
    [3, words.gatewayMac ?? MAC_BROADCAST],
    [6, words.systemMac ?? MAC_BROADCAST],
    [3, random.pick(words.macs)],
  ])
  return build.ethernet(
    { dst, src },
    arpMessage(random, sha, spa, random.chance(80) ? (0 as Mac) : random.pick(words.macs), tpa),
    ...padding(random),
  )
}

function ndFrame(random: Random, words: BridgeWords, n: number, src: Mac): Stack {
  const isSolicitation = random.chance(65)
  const own = [...words.own6, ...words.linkLocals]
  const address = random.chance(88)
    ? host6(random, words, n)
    : random.pick([...words.hosts6, ...own, linkLocalOf(src), ...ODD6])
  const target = isSolicitation
    ? random.weighted([
        [4, own.length > 0 ? random.pick(own) : random.pick(words.hosts6)],
        [6, host6(random, words, random.below(6))],
        [2, random.pick(words.hosts6)],
        [1, random.pick(ODD6)],
      ])
    : address
  const source = isSolicitation && random.chance(12) ? IPV6_ANY : address
  const group = isSolicitation ? solicitedNodeOf(target) : IPV6_ALL_NODES
  const destination = random.weighted([
    [10, group],
    [4, isSolicitation ? target : random.pick([...own, ...words.hosts6])],
    [1, random.pick(ODD6)],
  ])
  const dst = isIpv6Multicast(destination)
    ? macOfIpv6Group(destination)
    : random.pick([
        words.systemMac ?? random.pick(words.macs),
        words.gatewayMac ?? random.pick(words.macs),
        random.pick(words.macs),
      ])
  const mac = random.chance(94) ? src : random.pick(words.macs)
  return build.ethernet(
    { dst, src },
    ndMessage(random, isSolicitation, { source, destination, target, mac }),
    ...padding(random),
  )
}

/** Tags, lengths, EtherTypes that nobody knows. */
function strangeFrame(random: Random, words: BridgeWords, src: Mac): Stack {
  const dst = random.pick([
    words.gatewayMac ?? MAC_BROADCAST,
    MAC_BROADCAST,
    random.pick(words.macs),
    random.pick(ODD_MACS),
  ])
  const etherType = random.pick([
    0x8100, 0x88a8, 0x9100, 0x88cc, 0x88e5, 0x0000, 0x0026, 0x05ff, 0x0600, 0x8847, 0xffff, 0x0806, 0x0800,
    0x86dd,
  ])
  const data = build.payload(random.bytes(random.between(0, 60)))
  return etherType < 0x600
    ? build.ieee8023({ dst, src, length: etherType }, data)
    : build.ethernet({ dst, src, etherType }, data)
}
