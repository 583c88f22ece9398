/**
 * Random multicast of hosts: who asks for which group, who leaves, who sends to it; mostly right, one in some wrong in one way.
 *
 * @module
 */
import {
  build,
  IPV6_ANY,
  linkLocalOf,
  macOfIpv4Group,
  macOfIpv6Group,
  parseIpv4,
  parseIpv6,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import {
  IGMP,
  igmpMessage,
  MLD,
  octetsOf,
  records,
  type GroupRecord,
} from '../../machine/support/multicast.js'
import { ipv4Packet, ipv6Packet, type Sizes } from './packets.js'
import type { Random } from './random.js'
import type { BridgeWords } from './vocabulary.js'

/** Few, one more often than others, so that frames meet memberships; two of one MAC address; edges of what is snooped. */
const GROUPS4 = ['239.1.1.1', '239.1.1.1', '239.1.1.2', '225.129.1.1']
const EDGES4 = [
  '224.0.0.5',
  '224.0.0.255',
  '224.0.1.0',
  '223.255.255.255',
  '240.0.0.1',
  '10.1.0.11',
  '0.0.0.0',
]
const GROUPS6 = ['ff05::1:3', 'ff05::1:3', 'ff35::1:3', 'ff03::1']
const EDGES6 = ['ff02::1:ff00:11', 'ff01::1', 'ff00::', 'ff12::fb', '2001:db8:1::b', '::', 'ff0f::1']

/** A frame of host `n` of a bridge. */
export function groupFrame(random: Random, words: BridgeWords, src: Mac, n: number, sizes: Sizes): Stack {
  const family = random.chance(60) ? 4 : 6
  const group = groupOf(random, family)
  if (random.chance(40)) return streamTo(random, words, src, n, group, family, sizes)
  return family === 4 ? igmp(random, words, src, n, group) : mld(random, words, src, n, group)
}

function groupOf(random: Random, family: 4 | 6): string {
  const [groups, edges] = family === 4 ? [GROUPS4, EDGES4] : [GROUPS6, EDGES6]
  return random.pick(random.chance(88) ? groups : edges)
}

/** Its MAC address mostly; it is the packet that counts. */
function macFor(random: Random, words: BridgeWords, right: Mac): Mac {
  return random.weighted([
    [40, right],
    [2, 0xffff_ffff_ffff as Mac],
    [2, random.pick(words.macs)],
    [1, words.gatewayMac ?? right],
    [1, words.systemMac ?? right],
  ])
}

function source4(random: Random, words: BridgeWords, n: number): Ipv4 {
  return random.chance(90) ? (words.hosts4[n % words.hosts4.length] ?? (0 as Ipv4)) : (0 as Ipv4)
}
function source6(random: Random, words: BridgeWords, src: Mac, n: number): Ipv6 {
  if (random.chance(80)) return linkLocalOf(src)
  return random.chance(50) ? IPV6_ANY : (words.hosts6[n % words.hosts6.length] ?? IPV6_ANY)
}

function streamTo(
  random: Random,
  words: BridgeWords,
  src: Mac,
  n: number,
  group: string,
  family: 4 | 6,
  sizes: Sizes,
): Stack {
  if (family === 4) {
    const dst = parseIpv4(group)
    const packet = ipv4Packet(random, source4(random, words, n), dst, sizes)
    return build.ethernet({ dst: macFor(random, words, macOfIpv4Group(dst)), src }, packet)
  }
  const dst = parseIpv6(group)
  const packet = ipv6Packet(random, source6(random, words, src, n), dst, sizes)
  return build.ethernet({ dst: macFor(random, words, macOfIpv6Group(dst)), src }, packet)
}

function reported(random: Random, family: 4 | 6): GroupRecord[] {
  return Array.from(
    {
      length: random.weighted([
        [6, 1],
        [4, 2],
        [1, 0],
        [1, random.between(3, 12)],
      ]),
    },
    () => ({
      type: random.weighted([
        [12, random.between(1, 4)],
        [6, random.between(5, 6)],
        [1, random.below(256)],
      ]),
      group: groupOf(random, family),
      sources: Array.from(
        {
          length: random.weighted([
            [3, 0],
            [2, 1],
            [1, 3],
          ]),
        },
        () => (family === 4 ? '192.0.2.1' : '2001:db8::1'),
      ),
      ...(random.chance(10) ? { aux: random.below(4) } : {}),
    }),
  )
}

/** What a message says and what it holds are two things: too few octets, too many, or a count of its own. */
function held(random: Random, octets: Uint8Array): Uint8Array {
  if (random.chance(92)) return octets
  if (random.chance(50)) return octets.subarray(0, random.below(octets.length + 1))
  return Uint8Array.of(...octets, ...random.bytes(random.between(1, 40)))
}

function countOf(random: Random, right: number): number {
  return random.chance(92) ? right : random.pick([0, right + 1, 1, 255, 65535])
}

function igmp(random: Random, words: BridgeWords, src: Mac, n: number, group: string): Stack {
  const type = random.weighted<number>([
    [8, IGMP.report2],
    [4, IGMP.report1],
    [6, IGMP.leave],
    [8, IGMP.report3],
    [3, IGMP.query],
    [2, random.below(256)],
  ])
  const given = reported(random, 4)
  const count = countOf(random, given.length)
  const message =
    type === IGMP.report3
      ? igmpMessage(type, Uint8Array.of(0, 0, count >>> 8, count & 0xff), held(random, records(given)))
      : igmpMessage(type, octetsOf(group), random.chance(5) ? random.bytes(random.below(20)) : undefined)
  const dst = parseIpv4(random.chance(80) ? destination4(type, group) : groupOf(random, 4))
  const cut = random.chance(3) ? random.below(message.length + 1) : message.length
  return build.ethernet(
    { dst: macFor(random, words, macOfIpv4Group(dst)), src },
    build.ipv4(
      {
        src: source4(random, words, n),
        dst,
        protocol: random.chance(98) ? 2 : random.pick([1, 17, 103]),
        ttl: random.chance(95) ? 1 : 64,
        ...(random.chance(70) ? { options: Uint8Array.of(0x94, 4, 0, 0) } : {}),
        ...(random.chance(2) ? { options: random.bytes(4 * random.between(1, 10)) } : {}),
        ...(random.chance(2) ? { flags: random.below(8) } : {}),
        ...(random.chance(2) ? { fragmentOffset: 1 } : {}),
        ...(random.chance(2) ? { checksum: random.below(65536) } : {}),
        ...(random.chance(2) ? { totalLength: random.pick([20, 24, 28, 31, 32, 33, 200]) } : {}),
      },
      build.payload(spoiled(random, message.subarray(0, cut))),
    ),
    ...(random.chance(15) ? [build.padding(random.bytes(random.between(1, 20)))] : []),
  )
}

/** One bit changed, which the checksum tells: one in fifty. */
function spoiled(random: Random, message: Uint8Array): Uint8Array {
  if (message.length === 0 || !random.chance(2)) return message
  const at = random.below(message.length)
  return message.with(at, message[at]! ^ (1 << random.below(8)))
}

function destination4(type: number, group: string): string {
  if (type === IGMP.report3) return '224.0.0.22'
  return type === IGMP.leave ? '224.0.0.2' : group
}

function mld(random: Random, words: BridgeWords, src: Mac, n: number, group: string): Stack {
  const type = random.weighted<number>([
    [10, MLD.report1],
    [6, MLD.done],
    [8, MLD.report2],
    [3, MLD.query],
    [2, random.pick([128, 135, 136, 151, 1, 144])],
  ])
  const given = reported(random, 6)
  const data = type === MLD.report2 ? records(given) : octetsOf(group)
  const rest = type === MLD.report2 ? countOf(random, given.length) : 0
  const dst = parseIpv6(random.chance(80) ? destination6(type, group) : groupOf(random, 6))
  const message = build.icmpv6(
    { type, rest, ...(random.chance(3) ? { checksum: random.below(65536) } : {}) },
    build.payload(held(random, data)),
  )
  const options = random.weighted([
    [40, Uint8Array.of(5, 2, 0, 0, 1, 0)],
    [1, random.bytes(6)],
    [1, new Uint8Array(14)],
  ])
  const header = random.chance(98) ? 0 : 60
  return build.ethernet(
    { dst: macFor(random, words, macOfIpv6Group(dst)), src },
    build.ipv6(
      {
        src: source6(random, words, src, n),
        dst,
        hopLimit: random.chance(96) ? 1 : random.pick([0, 2, 255]),
        ...(random.chance(2) ? { payloadLength: random.pick([0, 8, 11, 12, 31, 32, 33, 500]) } : {}),
      },
      random.chance(97) ? build.extension({ header, data: options }, message) : message,
    ),
    ...(random.chance(15) ? [build.padding(random.bytes(random.between(1, 20)))] : []),
  )
}

function destination6(type: number, group: string): string {
  if (type === MLD.report2) return 'ff02::16'
  return type === MLD.done ? 'ff02::2' : group
}
