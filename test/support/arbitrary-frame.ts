/**
 * Arbitrary frames as stacks of layers, for tests of the codecs.
 *
 * @module
 */
import * as fc from 'fast-check'
import {
  build,
  importSak,
  seal,
  encodeFrame,
  ethernet,
  sciOf,
  writeIpv6,
  type Ipv4,
  type Ipv6,
  type LayerSpec,
  type Mac,
  type Sci,
  type Stack,
} from '../../twin/packet/index.js'

/** What {@link arbitraryStack} may draw. */
export interface FrameChoice {
  /** Padding behind what inner length fields cover. */
  readonly padding: boolean
  /** Fragments, whose upper layer is incomplete. */
  readonly fragments: boolean
  /** SecTAGs around the frame. */
  readonly macsec: boolean
  /** VXLAN inside VXLAN, at most. */
  readonly tunnels: number
  /** IEEE 802.3 length frames. */
  readonly lengthFrames: boolean
}

/** Everything. */
export const EVERY_FRAME: FrameChoice = {
  padding: true,
  fragments: true,
  macsec: true,
  tunnels: 2,
  lengthFrames: true,
}

const octet = fc.nat(0xff)
const word = fc.nat(0xffff)
const double = fc.integer({ min: 0, max: 0xffff_ffff })

const arbitraryMac: fc.Arbitrary<Mac> = fc
  .oneof(
    fc.integer({ min: 0x0200_0000_0001, max: 0x0200_0000_00ff }),
    fc.integer({ min: 0, max: 0xffff_ffff_ffff }),
    fc.constant(0xffff_ffff_ffff),
  )
  .map((value) => value as Mac)

const arbitraryIpv4: fc.Arbitrary<Ipv4> = fc
  .oneof(fc.integer({ min: 0x0a00_0001, max: 0x0a00_ffff }), double)
  .map((value) => value as Ipv4)

const arbitraryIpv6: fc.Arbitrary<Ipv6> = fc
  .oneof(
    fc.bigInt({ min: 1n, max: 0xffffn }).map((low) => (0xfd00n << 112n) | low),
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  )
  .map((value) => value as Ipv6)

const data = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength })
const payload = fc.oneof(
  fc.constant([]),
  data(64).map((bytes) => build.payload(bytes)),
)

/** Ports whose payload other readers leave alone, and never those of VXLAN and WireGuard. */
const port = fc.integer({ min: 20_000, max: 30_000 })

/** No-operations and end of list: valid options of any length both in IPv4 and in TCP. */
const idleOptions = fc
  .nat(3)
  .map((words) => Uint8Array.from({ length: words * 4 }, (_, i) => (i === words * 4 - 1 ? 0 : 1)))

const routerAlert = Uint8Array.of(0x94, 4, 0, 0)
const tcpOptions = fc.oneof(
  idleOptions,
  word.map((mss) => Uint8Array.of(2, 4, mss >> 8, mss & 0xff)),
  double.map((value) => Uint8Array.of(1, 1, 8, 10, value >>> 24, value & 0xff, 1, 2, 3, 4, 5, 6)),
)

const udp = fc
  .tuple(port, port, payload, fc.boolean())
  .map(([srcPort, dstPort, carried, none]) =>
    build.udp({ srcPort, dstPort, ...(none ? { checksum: 0 } : {}) }, carried),
  )

const udpWithChecksum = fc
  .tuple(port, port, payload)
  .map(([srcPort, dstPort, carried]) => build.udp({ srcPort, dstPort }, carried))

const index = double
const octets = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })

/** WireGuard messages as a reader without keys sees them: sealed fields are octets. */
const wireguardMessage: fc.Arbitrary<Stack> = fc.oneof(
  fc
    .record({
      sender: index,
      ephemeral: octets(32),
      static: octets(48),
      timestamp: octets(28),
      mac1: octets(16),
      mac2: octets(16),
    })
    .map((fields) => build.wireguardInitiation(fields)),
  fc
    .record({
      sender: index,
      receiver: index,
      ephemeral: octets(32),
      empty: octets(16),
      mac1: octets(16),
      mac2: octets(16),
    })
    .map((fields) => build.wireguardResponse(fields)),
  fc
    .record({ receiver: index, nonce: octets(24), cookie: octets(32) })
    .map((fields) => build.wireguardCookieReply(fields)),
  fc
    .tuple(index, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), payload, octets(16))
    .map(([receiver, counter, sealed, tag]) =>
      build.wireguardData({ receiver, counter }, sealed, build.icv(tag)),
    ),
)

/** To or from the usual port. */
const wireguard = fc
  .tuple(port, fc.boolean(), wireguardMessage)
  .map(([other, toIt, message]) =>
    build.udp(toIt ? { srcPort: other, dstPort: 51820 } : { srcPort: 51820, dstPort: other }, message),
  )

const tcp = fc
  .record({
    srcPort: port,
    dstPort: port,
    sequence: double,
    acknowledgement: double,
    reserved: fc.constant(0),
    flags: octet,
    window: word,
    urgentPointer: word,
    options: tcpOptions,
  })
  .chain((fields) => payload.map((carried) => build.tcp(fields, carried)))

const sctp = fc.tuple(port, port, double, double).map(([srcPort, dstPort, verificationTag, checksum]) =>
  // One COOKIE ACK chunk (RFC 9260 section 3.3.12): four octets, whole.
  build.sctp({ srcPort, dstPort, verificationTag, checksum }, build.payload(Uint8Array.of(11, 0, 0, 4))),
)

/** The packet an ICMP error quotes, as octets. */
function quoteOf(family: 4 | 6): fc.Arbitrary<Stack> {
  const stack =
    family === 4
      ? fc
          .tuple(arbitraryIpv4, arbitraryIpv4, udp)
          .map(([src, dst, upper]) => build.ipv4({ src, dst }, upper))
      : fc
          .tuple(arbitraryIpv6, arbitraryIpv6, udpWithChecksum)
          .map(([src, dst, upper]) => build.ipv6({ src, dst }, upper))
  return stack.map((layers) => build.payload(encodeFrame(layers)))
}

const icmp = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 8), double, payload)
    .map(([type, rest, carried]) => build.icmp({ type, rest }, carried)),
  fc.tuple(fc.nat(13), quoteOf(4)).map(([code, quote]) => build.icmp({ type: 3, code }, quote)),
  fc.tuple(word, quoteOf(4)).map(([mtu, quote]) => build.icmp({ type: 3, code: 4, rest: mtu }, quote)),
  fc.tuple(fc.nat(1), quoteOf(4)).map(([code, quote]) => build.icmp({ type: 11, code }, quote)),
  fc
    .tuple(octet, quoteOf(4))
    .map(([pointer, quote]) => build.icmp({ type: 12, rest: pointer * 2 ** 24 }, quote)),
  fc
    .tuple(fc.nat(3), arbitraryIpv4, quoteOf(4))
    .map(([code, gateway, quote]) => build.icmp({ type: 5, code, rest: gateway }, quote)),
)

const linkLayerOption = fc
  .tuple(fc.constantFrom(1, 2), fc.uint8Array({ minLength: 6, maxLength: 6 }))
  .map(([type, mac]) => build.ndOption({ type, data: mac }))
const mtuOption = double.map((mtu) =>
  build.ndOption({
    type: 5,
    data: Uint8Array.of(0, 0, mtu >>> 24, (mtu >>> 16) & 255, (mtu >>> 8) & 255, mtu & 255),
  }),
)
const ndOptions = fc.array(fc.oneof(linkLayerOption, mtuOption), { maxLength: 2 })

const icmpv6 = fc.oneof(
  fc
    .tuple(fc.constantFrom(128, 129), double, payload)
    .map(([type, rest, carried]) => build.icmpv6({ type, rest }, carried)),
  fc.tuple(fc.nat(6), quoteOf(6)).map(([code, quote]) => build.icmpv6({ type: 1, code }, quote)),
  fc.tuple(double, quoteOf(6)).map(([mtu, quote]) => build.icmpv6({ type: 2, rest: mtu }, quote)),
  fc.tuple(fc.nat(1), quoteOf(6)).map(([code, quote]) => build.icmpv6({ type: 3, code }, quote)),
  fc
    .tuple(fc.nat(2), double, quoteOf(6))
    .map(([code, pointer, quote]) => build.icmpv6({ type: 4, code, rest: pointer }, quote)),
  ndOptions.map((options) => build.icmpv6({ type: 133 }, ...options)),
  fc
    .tuple(double, double, double, ndOptions)
    .map(([rest, reachableTime, retransTimer, options]) =>
      build.icmpv6({ type: 134, rest }, build.ndRouter({ reachableTime, retransTimer }, ...options)),
    ),
  fc
    .tuple(arbitraryIpv6, ndOptions)
    .map(([target, options]) => build.icmpv6({ type: 135 }, build.ndTarget({ target }, ...options))),
  fc
    .tuple(fc.constantFrom(0, 0x2000_0000, 0x6000_0000, 0xe000_0000), arbitraryIpv6, ndOptions)
    .map(([rest, target, options]) =>
      build.icmpv6({ type: 136, rest }, build.ndTarget({ target }, ...options)),
    ),
)

const padN = fc.constantFrom(
  Uint8Array.of(1, 4, 0, 0, 0, 0),
  Uint8Array.of(1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
)
/** Routing type 0 with one address (RFC 2460 section 4.4), behind next header and length. */
const routing = fc.tuple(arbitraryIpv6, fc.nat(1)).map(([address, segmentsLeft]) => {
  const header = new Uint8Array(22)
  header[1] = segmentsLeft
  writeIpv6(header, 6, address)
  return header
})

type Wrap = (carried: Stack) => Stack
const extensions: fc.Arbitrary<Wrap> = fc
  .record({
    hopByHop: fc.option(padN, { freq: 4 }),
    destination: fc.option(padN, { freq: 4 }),
    routing: fc.option(routing, { freq: 4 }),
  })
  .map(({ hopByHop, destination, routing }) => (carried) => {
    let stack = carried
    if (routing !== null) stack = build.extension({ header: 43, data: routing }, stack)
    if (destination !== null) stack = build.extension({ header: 60, data: destination }, stack)
    return hopByHop === null ? stack : build.extension({ header: 0, data: hopByHop }, stack)
  })

const upperV4 = fc.oneof(udp, tcp, icmp, sctp, wireguard)
const upperV6 = fc.oneof(udpWithChecksum, tcp, icmpv6, sctp, wireguard)

function vxlanOf(choice: FrameChoice): fc.Arbitrary<Stack> {
  const inner = ethernetOf({ ...choice, tunnels: choice.tunnels - 1, macsec: false, lengthFrames: false })
  return fc
    .tuple(port, fc.nat(0xff_ffff), fc.boolean(), inner)
    .map(([srcPort, vni, none, frame]) =>
      build.udp({ srcPort, dstPort: 4789, ...(none ? { checksum: 0 } : {}) }, build.vxlan({ vni }, frame)),
    )
}

const ipv4Fields = fc.record({
  tos: octet,
  id: word,
  flags: fc.constantFrom(0, 2),
  ttl: octet,
  src: arbitraryIpv4,
  dst: arbitraryIpv4,
  options: fc.oneof(
    { weight: 4, arbitrary: fc.constant(new Uint8Array(0)) },
    idleOptions,
    fc.constant(routerAlert),
  ),
})
const ipv6Fields = fc.record({
  trafficClass: octet,
  flowLabel: fc.nat(0xf_ffff),
  hopLimit: octet,
  src: arbitraryIpv6,
  dst: arbitraryIpv6,
})

function ipOf(choice: FrameChoice): fc.Arbitrary<Stack> {
  const tunnel = choice.tunnels > 0 ? [vxlanOf(choice)] : []
  const whole = fc.oneof(
    fc.tuple(ipv4Fields, fc.oneof(upperV4, ...tunnel)).map(([fields, upper]) => build.ipv4(fields, upper)),
    fc
      .tuple(ipv6Fields, extensions, fc.oneof(upperV6, ...tunnel))
      .map(([fields, wrap, upper]) => build.ipv6(fields, wrap(upper))),
  )
  return choice.fragments ? fc.oneof({ weight: 8, arbitrary: whole }, fragment) : whole
}

/** Later fragments, and first ones whose upper layer is opaque octets of an unassigned protocol. */
const fragment: fc.Arbitrary<Stack> = fc.oneof(
  fc
    .tuple(ipv4Fields, fc.integer({ min: 1, max: 0x1fff }), fc.boolean(), data(40))
    .map(([fields, fragmentOffset, more, bytes]) =>
      build.ipv4({ ...fields, flags: more ? 1 : 0, fragmentOffset, protocol: 17 }, build.payload(bytes)),
    ),
  fc
    .tuple(ipv6Fields, fc.nat(0x1fff), fc.boolean(), double, data(40))
    .map(([fields, fragmentOffset, moreFragments, id, bytes]) =>
      build.ipv6(
        fields,
        build.fragment({ nextHeader: 253, fragmentOffset, moreFragments, id }, build.payload(bytes)),
      ),
    ),
)

const arp = fc
  .record({
    operation: fc.constantFrom(1, 2),
    sha: arbitraryMac,
    spa: arbitraryIpv4,
    tha: arbitraryMac,
    tpa: arbitraryIpv4,
  })
  .map((fields) => build.arp(fields))

/** Tags, the outer one a service tag when there are two. */
function tagged(
  carried: fc.Arbitrary<Stack>,
): fc.Arbitrary<{ readonly etherType?: number; readonly stack: Stack }> {
  const tag = fc.record({ pcp: fc.nat(7), dei: fc.boolean(), vid: fc.nat(0xfff) })
  return fc.oneof(
    { weight: 4, arbitrary: carried.map((stack) => ({ stack })) },
    fc.tuple(tag, carried).map(([fields, stack]) => ({ stack: build.vlan(fields, stack) })),
    fc.tuple(tag, tag, carried).map(([outer, inner, stack]) => ({
      etherType: ethernet.EtherType.QINQ,
      stack: build.vlan({ ...outer, etherType: ethernet.EtherType.VLAN }, build.vlan(inner, stack)),
    })),
  )
}

function ethernetOf(choice: FrameChoice): fc.Arbitrary<Stack> {
  const carried = fc.oneof({ weight: 6, arbitrary: ipOf(choice) }, arp)
  const pad = choice.padding ? fc.oneof(fc.constant(0), fc.nat(20)) : fc.constant(0)
  return fc
    .tuple(arbitraryMac, arbitraryMac, tagged(carried), pad)
    .map(([dst, src, { etherType, stack }, padding]) =>
      build.ethernet(
        { dst, src, ...(etherType === undefined ? {} : { etherType }) },
        padding === 0 ? stack : insidePadding(stack, padding),
      ),
    )
}

/** Puts padding behind a stack; in a tagged frame it belongs to the innermost tag. */
function insidePadding(stack: Stack, octets: number): Stack {
  const tags = stack.findIndex((layer) => layer.kind !== 'vlan')
  const [trailer] = build.padding(octets)
  return [...stack, { ...(trailer as Extract<LayerSpec, { kind: 'trailer' }>), of: tags - 1 }]
}

/** LLC of spanning tree, so that no reader takes the payload for IP. */
const LLC_STP = [0x42, 0x42, 0x03]

const lengthFrame = fc
  .tuple(arbitraryMac, arbitraryMac, data(40), fc.nat(20))
  .map(([dst, src, llc, octets]) =>
    build.ieee8023(
      { dst, src },
      build.payload(Uint8Array.from([...LLC_STP, ...llc])),
      ...(octets === 0 ? [] : [build.padding(octets)]),
    ),
  )

/** How a frame can be sealed: every suite, every form of the tag, every offset. */
export const arbitrarySealing = fc.record({
  key: fc.constantFrom(16, 32).map((length) => Uint8Array.from({ length }, (_, i) => 7 * i)),
  /** With an XPN suite. */
  xpn: fc.option(fc.record({ salt: fc.uint8Array({ minLength: 12, maxLength: 12 }), ssci: word }), {
    nil: undefined,
  }),
  tci: fc.constantFrom(0x2c, 0x20, 0x24, 0x0c, 0x00, 0x4c, 0x40),
  offset: fc.constantFrom(0 as const, 30 as const, 50 as const),
  an: fc.nat(3),
  /** Of 64 bits; others use the lower half. */
  pn: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).filter((pn) => pn % 2n ** 32n !== 0n),
})

/** A really sealed frame, as layers. */
const sealedOf = (inner: fc.Arbitrary<Stack>): fc.Arbitrary<Stack> =>
  fc.tuple(inner, arbitraryMac, word, arbitrarySealing).map(([stack, system, port, { key, ...how }]) => {
    const sci: Sci = sciOf(system, port & 0xffff)
    const low = how.pn % 2n ** 32n
    const pn = how.xpn === undefined ? low : how.pn
    const sealed = seal({ ...how, frame: encodeFrame(stack), sak: importSak(key), sci, pn })
    const icv = build.icv(sealed.subarray(sealed.length - 16))
    const outer = stack[0] as Extract<LayerSpec, { kind: 'ethernet' }>
    const { tci, an } = how
    const dataAt = (tci & 0x20) === 0 ? 20 : 28
    // What is changed, encrypted or not, is no EtherType that can be read.
    const secured =
      (tci & 0x04) === 0 ? etherTypeAnd(stack) : build.payload(sealed.subarray(dataAt, sealed.length - 16))
    const tag = { tciAn: tci | an, pn: Number(low), ...((tci & 0x20) === 0 ? {} : { sci }) }
    return build.ethernet({ dst: outer.dst, src: outer.src }, build.macsec(tag, secured, icv))
  })

/** The clear frame behind its addresses: its EtherType, then what it carried. */
function etherTypeAnd(stack: Stack): Stack {
  const [outer, ...carried] = stack as [Extract<LayerSpec, { kind: 'ethernet' }>, ...LayerSpec[]]
  const inner = carried.map((layer) =>
    layer.kind === 'trailer' ? Object.assign({}, layer, { of: layer.of - 1 }) : layer,
  )
  return build.etherType(outer.etherType === undefined ? {} : { etherType: outer.etherType }, inner)
}

/** A frame that is right in every field, as layers that leave out what can be computed. */
export function arbitraryStack(choice: FrameChoice = EVERY_FRAME): fc.Arbitrary<Stack> {
  const clear = ethernetOf(choice)
  return fc.oneof(
    { weight: 10, arbitrary: clear },
    ...(choice.lengthFrames ? [{ weight: 1, arbitrary: lengthFrame }] : []),
    ...(choice.macsec ? [{ weight: 2, arbitrary: sealedOf(clear) }] : []),
  )
}
