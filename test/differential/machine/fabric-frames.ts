/**
 * Random frames on fabric ports: VXLAN right and forged, transit, control traffic.
 *
 * @module
 */
import {
  build,
  encodeFrame,
  MAC_BROADCAST,
  parseIp,
  parseIpv4,
  parseIpv6,
  type Ip,
  type Ipv4,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import type { VxlanInterface } from '../../../contract/program.js'
import { hostFrame } from './bridge-frames.js'
import { sealed } from './macsec-frames.js'
import { ipv4Packet, ipv6Packet, type Sizes } from './packets.js'
import type { Random } from './random.js'
import type { PortWords, Vocabulary } from './vocabulary.js'

const OUTSIDE4 = [
  '10.254.0.9',
  '172.16.5.5',
  '192.0.2.1',
  '192.0.2.100',
  '198.51.100.1',
  '127.0.0.1',
  '0.0.0.0',
  '240.1.1.1',
  '10.255.0.3',
  '10.255.0.99',
].map(parseIpv4)
const OUTSIDE6 = [
  'fd00:fe:0::9',
  '2001:db8:f000::1',
  '2001:db8:f100:8000::1',
  '2001:db8:ffff::1',
  '::1',
  '::',
  'fe80::9',
  'fd00:ff::3',
].map(parseIpv6)
const KERNEL4 = ['224.0.0.5', '255.255.255.255', '239.255.0.1'].map(parseIpv4)
const KERNEL6 = ['ff02::5', 'fe80::1', 'ff05::1'].map(parseIpv6)

const isV4 = (address: Ip): address is Ipv4 => typeof address === 'number'

/** A frame as it is on the interface that takes it: for ports below a macsec interface, before it is sealed. */
export function fabricFrame(
  random: Random,
  words: Vocabulary,
  port: PortWords,
  sizes: Sizes,
  place: number,
): Uint8Array {
  const dst = random.weighted([
    [30, port.mac],
    [1, MAC_BROADCAST],
    [1, 0x0200_dead_beef as Mac],
    [1, 0x0100_5e00_0005 as Mac],
  ])
  const header = { dst, src: port.peer }
  const underlay = port.vrf?.id === 0
  const stack = random.weighted<() => Stack>([
    [
      words.tunnels.length === 0 ? 0 : underlay ? 60 : 15,
      () => build.ethernet(header, vxlanPacket(random, words, random.pick(words.tunnels), sizes, place)),
    ],
    [25, () => build.ethernet(header, transit(random, port, sizes))],
    [
      8,
      () =>
        build.ethernet(
          { ...header, dst: random.chance(60) ? (0x0100_5e00_0005 as Mac) : dst },
          kernel(random, sizes),
        ),
    ],
    [
      4,
      () =>
        build.ethernet(
          { ...header, etherType: random.pick([0x0806, 0x88cc, 0x88e5, 0x8100, 0x0600, 0xffff]) },
          build.payload(random.bytes(random.between(0, 60))),
        ),
    ],
    [1, () => build.ieee8023({ ...header, length: random.below(0x600) }, build.payload(random.bytes(20)))],
  ])()
  return encodeFrame(stack)
}

function kernel(random: Random, sizes: Sizes): Stack {
  return random.chance(50)
    ? ipv4Packet(random, random.pick(OUTSIDE4), random.pick(KERNEL4), sizes)
    : ipv6Packet(random, random.pick(OUTSIDE6), random.pick(KERNEL6), sizes)
}

function transit(random: Random, port: PortWords, sizes: Sizes): Stack {
  const { own4 = [], own6 = [], routed4 = [], routed6 = [] } = port.vrf ?? {}
  if (random.chance(60)) {
    const dst = random.pick([...own4, ...routed4, ...routed4, ...OUTSIDE4])
    return ipv4Packet(
      random,
      random.chance(93) ? random.pick(OUTSIDE4.slice(0, 5)) : random.pick([...own4, ...OUTSIDE4]),
      dst,
      sizes,
    )
  }
  const dst = random.pick([...own6, ...routed6, ...routed6, ...OUTSIDE6])
  return ipv6Packet(
    random,
    random.chance(93) ? random.pick(OUTSIDE6.slice(0, 4)) : random.pick([...own6, ...OUTSIDE6]),
    dst,
    sizes,
  )
}

/** A VXLAN packet to this node, right or with one thing wrong. */
function vxlanPacket(
  random: Random,
  words: Vocabulary,
  tunnel: VxlanInterface,
  sizes: Sizes,
  place: number,
): Stack {
  const above = words.sealedTunnels.find((one) => one.tunnel === tunnel)
  const bridge = above?.bridge ?? words.bridges.find((one) => one.id === tunnel.bridge)
  if (bridge === undefined) throw new Error(`no bridge of tunnel ${tunnel.id}`)
  const clear = random.chance(96)
    ? hostFrame(random, bridge, 'tunnel', sizes)
    : random.bytes(random.below(20))
  const inner = above === undefined ? clear : sealed(random, above.macsec, clear, place)
  const remotes = tunnel.remotes.map(parseIp)
  const local = parseIp(tunnel.local)
  const stranger = isV4(local) ? parseIp('10.255.0.99') : parseIp('fd00:ff::99')
  const src = remotes.length > 0 && random.chance(95) ? random.pick(remotes) : stranger
  const vni = random.weighted([
    [24, tunnel.vni],
    [1, random.between(1, 0xff_ffff)],
    [1, random.pick(words.tunnels).vni],
  ])
  const flags = random.weighted([
    [30, 0x08],
    [1, 0],
    [1, 0xff],
    [1, 0xf7],
  ])
  const isFragment = random.chance(2)
  const checksum = random.weighted<{ checksum?: number }>([
    [isFragment ? 1_000_000 : 8, { checksum: 0 }],
    [isFragment ? 0 : 6, {}],
    [1, { checksum: random.between(1, 65535) }],
  ])
  const spoiledLength = random.chance(3) ? { length: random.pick([0, 7, 8, 15, 16, 29, 30, 65535]) } : {}
  const carried = build.udp(
    {
      srcPort: 49152 + random.below(16384),
      dstPort: random.chance(96) ? tunnel.port : random.pick([4789, 4790, 8472]),
      ...checksum,
      ...spoiledLength,
    },
    build.vxlan({
      flags,
      vni,
      reserved1: random.chance(5) ? 0xffffff : 0,
      reserved2: random.chance(5) ? 255 : 0,
    }),
    build.payload(inner),
    // Behind the UDP datagram, within the IP packet.
    ...(random.chance(2) ? [build.payload(random.bytes(4))] : []),
  )
  const tos = random.below(4) + (random.chance(20) ? 4 * random.below(64) : 0)
  const ttl = random.chance(95) ? 62 : random.pick([0, 1])
  if (isV4(local) && isV4(src)) {
    const flagsAndOffset = isFragment ? { flags: 1 } : { flags: random.pick([0, 2]) }
    const options = random.chance(3) ? { options: new Uint8Array(4) } : {}
    return build.ipv4({ src, dst: local, tos, ttl, ...flagsAndOffset, ...options }, carried)
  }
  if (isV4(local) || isV4(src)) throw new Error('VTEPs of two families')
  const extended = random.chance(3)
    ? build.extension({ header: 60, data: new Uint8Array(6) }, carried)
    : carried
  return build.ipv6({ src, dst: local, trafficClass: tos, hopLimit: ttl }, extended)
}
