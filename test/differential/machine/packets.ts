/**
 * Random IP, ARP and neighbour packets, mostly right, as layers for `encodeFrame`.
 *
 * @module
 */
import { build, IPV6_ANY, type Ipv4, type Ipv6, type Mac, type Stack } from '../../../twin/packet/index.js'
import type { Random } from './random.js'

/** Sizes near which something changes: payload octets. */
export type Sizes = readonly number[]

const PORTS = [1, 53, 4789, 8472, 443, 65535]

/** A payload of some size: small ones mostly. */
function payload(random: Random, sizes: Sizes): Stack {
  const length =
    random.chance(12) && sizes.length > 0
      ? Math.max(0, random.pick(sizes) + random.between(-2, 2))
      : random.below(40)
  return build.payload(random.chance(50) ? new Uint8Array(length) : random.bytes(length))
}

const ports = (random: Random): { srcPort: number; dstPort: number } => ({
  srcPort: random.chance(70) ? random.below(65536) : random.pick(PORTS),
  dstPort: random.pick(PORTS),
})

/** What an IP packet carries, and its protocol where the layers do not tell. */
interface Upper {
  readonly stack: Stack
  readonly protocol: number | undefined
}

function upper(random: Random, family: 4 | 6, sizes: Sizes): Upper {
  const spoiled = random.chance(6) ? { checksum: random.below(65536) } : {}
  const known = (stack: Stack): Upper => ({ stack, protocol: undefined })
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return known(build.udp({ ...ports(random), ...spoiled }, payload(random, sizes)))
    case 3:
    case 4:
      return known(build.tcp({ ...ports(random), flags: random.below(256) }, payload(random, sizes)))
    case 5:
      return known(
        build.sctp({ ...ports(random), verificationTag: random.u32(), checksum: 0 }, payload(random, sizes)),
      )
    case 6:
    case 7:
      return known(echo(random, family, spoiled, sizes))
    case 8: {
      const code = random.below(3)
      return known(
        family === 4
          ? build.icmp(
              { type: random.pick([0, 3, 5, 8, 11, 13, 14, 30]), code, ...spoiled },
              payload(random, sizes),
            )
          : build.icmpv6(
              { type: random.pick([1, 2, 3, 4, 100, 127, 128, 129, 143]), code, ...spoiled },
              payload(random, sizes),
            ),
      )
    }
    default:
      // Nothing that has ports, or cut off before them.
      return {
        stack: build.payload(random.bytes(random.chance(40) ? 0 : random.below(9))),
        protocol: random.pick([...PROTOCOLS, 1, 58]),
      }
  }
}

/** What a fragment carries: octets, whatever its protocol. */
function part(random: Random, sizes: Sizes): Upper {
  return { stack: payload(random, sizes), protocol: random.pick(PROTOCOLS) }
}

function echo(random: Random, family: 4 | 6, spoiled: { checksum?: number }, sizes: Sizes): Stack {
  const fields = { code: random.chance(95) ? 0 : 1, rest: random.u32(), ...spoiled }
  return family === 4
    ? build.icmp({ type: 8, ...fields }, payload(random, sizes))
    : build.icmpv6({ type: 128, ...fields }, payload(random, sizes))
}

const ttl = (random: Random): number =>
  random.weighted([
    [10, 64],
    [1, 0],
    [1, 1],
    [1, 2],
    [1, 255],
  ])
const PROTOCOLS = [0, 1, 2, 6, 17, 44, 50, 51, 58, 59, 60, 132, 255]

/** An IPv4 packet. */
export function ipv4Packet(random: Random, src: Ipv4, dst: Ipv4, sizes: Sizes): Stack {
  const isFragment = random.chance(6)
  const carried = isFragment ? part(random, sizes) : upper(random, 4, sizes)
  const protocol = random.chance(4) ? random.pick(PROTOCOLS) : carried.protocol
  return build.ipv4(
    {
      src,
      dst,
      ttl: ttl(random),
      tos: random.chance(60) ? 0 : random.below(256),
      id: random.below(65536),
      flags: isFragment ? random.below(8) : random.chance(60) ? 2 : 0,
      fragmentOffset: isFragment ? random.pick([0, 1, 100, 8191]) : 0,
      ...(protocol === undefined ? {} : { protocol }),
      ...(random.chance(2) ? { totalLength: random.pick([0, 19, 20, 24, 28, 200, 65535]) } : {}),
      ...(random.chance(2) ? { checksum: random.pick([0, 0xffff, random.below(65536)]) } : {}),
      ...(random.chance(8) ? { options: random.bytes(4 * random.between(1, 10)) } : {}),
    },
    carried.stack,
  )
}

/** An IPv6 packet. */
export function ipv6Packet(random: Random, src: Ipv6, dst: Ipv6, sizes: Sizes): Stack {
  const carried = extensions(random, upper(random, 6, sizes), sizes)
  const nextHeader = random.chance(4) ? random.pick(PROTOCOLS) : carried.protocol
  return build.ipv6(
    {
      src,
      dst,
      hopLimit: ttl(random),
      trafficClass: random.chance(60) ? 0 : random.below(256),
      flowLabel: random.chance(50) ? 0 : random.below(0x10_0000),
      ...(nextHeader === undefined ? {} : { nextHeader }),
      ...(random.chance(2) ? { payloadLength: random.pick([0, 4, 7, 8, 100, 65535]) } : {}),
    },
    carried.stack,
  )
}

/** Extension headers before what a packet carries: none mostly, now and then more than are skipped. */
function extensions(random: Random, inner: Upper, sizes: Sizes): Upper {
  if (!random.chance(18)) return inner
  const next = (upper: Upper): { nextHeader?: number } =>
    upper.protocol === undefined ? {} : { nextHeader: upper.protocol }
  const count = random.weighted([
    [6, 1],
    [3, 2],
    [1, 7],
    [2, 8],
    [2, 9],
    [1, 10],
  ])
  let carried = inner
  if (random.chance(25)) {
    const inner = part(random, sizes)
    const fields = {
      fragmentOffset: random.pick([0, 0, 1, 185]),
      moreFragments: random.chance(50),
      id: random.u32(),
    }
    carried = { stack: build.fragment({ ...fields, ...next(inner) }, inner.stack), protocol: undefined }
  }
  for (let i = 0; i < count; i++) {
    const header = random.chance(4) ? 51 : random.pick([0, 43, 60, 60])
    const units = random.weighted([
      [8, 0],
      [1, 1],
      [1, 3],
    ])
    const data = random.bytes(header === 51 ? 10 : 6 + 8 * units)
    // No segments left, so that the destination is the final one.
    if (header === 43) data[1] = 0
    carried = {
      stack: build.extension({ header, data, ...next(carried) }, carried.stack),
      protocol: undefined,
    }
  }
  return carried
}

/** An ARP message. */
export function arpMessage(random: Random, sha: Mac, spa: Ipv4, tha: Mac, tpa: Ipv4): Stack {
  return build.arp({
    operation: random.weighted([
      [6, 1],
      [4, 2],
      [1, 3],
    ]),
    sha,
    spa,
    tha,
    tpa,
  })
}

export interface NdWords {
  readonly source: Ipv6
  readonly destination: Ipv6
  readonly target: Ipv6
  readonly mac: Mac
}

/** A neighbour solicitation or advertisement. */
export function ndMessage(random: Random, isSolicitation: boolean, words: NdWords): Stack {
  const option = isSolicitation ? 1 : 2
  const octets = macOctets(words.mac)
  // Duplicate address detection tells no MAC.
  const bare = random.chance(words.source === IPV6_ANY && isSolicitation ? 92 : 6)
  const options: Stack[] = bare ? [] : [build.ndOption({ type: option, data: octets })]
  if (random.chance(10))
    options.unshift(build.ndOption({ type: random.pick([option, 5, 14]), data: random.bytes(14) }))
  if (random.chance(6)) options.push(build.ndOption({ type: option, data: random.bytes(6) }))
  if (random.chance(3))
    options.push(build.payload(random.pick([Uint8Array.of(3, 0), Uint8Array.of(1), random.bytes(8)])))
  return build.ipv6(
    {
      src: words.source,
      dst: words.destination,
      hopLimit: random.chance(96) ? 255 : 64,
      trafficClass: random.chance(90) ? 0 : random.below(256),
    },
    build.icmpv6(
      {
        type: isSolicitation ? 135 : 136,
        code: random.chance(98) ? 0 : 1,
        rest: isSolicitation ? 0 : (random.below(8) << 29) >>> 0,
        ...(random.chance(3) ? { checksum: random.below(65536) } : {}),
      },
      build.ndTarget({ target: words.target }, ...options),
    ),
  )
}

function macOctets(mac: Mac): Uint8Array {
  return Uint8Array.from({ length: 6 }, (_, i) => Math.floor(mac / 2 ** (8 * (5 - i))) % 256)
}
