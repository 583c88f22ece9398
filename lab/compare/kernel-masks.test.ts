import { describe, expect, it } from 'vitest'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseIpv6, parseMac } from '../../twin/packet/index.js'
import { maskKernel } from './kernel-masks.js'

const macs = { dst: parseMac('02:00:00:00:00:02'), src: parseMac('02:00:00:00:00:01') }
const inner = (ecn: number) =>
  build.ethernet(
    macs,
    build.ipv4(
      { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2'), tos: ecn },
      build.udp({ srcPort: 1, dstPort: 2 }, build.payload(encodeTraceId({ run: 1, trace: 2 }))),
    ),
  )
interface Outer {
  readonly srcPort?: number
  readonly id?: number
  readonly checksum?: number
  readonly ecn?: number
  readonly innerEcn?: number
}
function overIpv4({ srcPort = 50_000, id = 0, ecn = 0, innerEcn = 0 }: Outer = {}): Uint8Array {
  const tunnel = build.udp({ srcPort, dstPort: 4789, checksum: 0 }, build.vxlan({ vni: 10 }, inner(innerEcn)))
  const addresses = { src: parseIpv4('10.255.0.1'), dst: parseIpv4('10.255.0.2') }
  return encodeFrame(build.ethernet(macs, build.ipv4({ ...addresses, id, flags: 2, tos: ecn }, tunnel)))
}
function overIpv6({ srcPort = 50_000, checksum, ecn = 0, innerEcn = 0 }: Outer = {}): Uint8Array {
  const tunnel = build.udp(
    { srcPort, dstPort: 4789, ...(checksum === undefined ? {} : { checksum }) },
    build.vxlan({ vni: 10 }, inner(innerEcn)),
  )
  return encodeFrame(
    build.ethernet(
      macs,
      build.ipv6({ src: parseIpv6('2001:db8::1'), dst: parseIpv6('2001:db8::2'), trafficClass: ecn }, tunnel),
    ),
  )
}
const flip = (frame: Uint8Array, bit: number): Uint8Array => {
  const copy = frame.slice()
  copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7))
  return copy
}
const allBits = (frame: Uint8Array) => Array.from({ length: frame.length * 8 }, (_, bit) => bit)
const isSeen = (frame: Uint8Array, bit: number) =>
  Buffer.compare(maskKernel(frame), maskKernel(flip(frame, bit))) !== 0
const blindBits = (frame: Uint8Array) => allBits(frame).filter((bit) => !isSeen(frame, bit))
const octets = (bits: readonly number[]) => [...new Set(bits.map((bit) => bit >> 3))]

describe('masks against the kernel', () => {
  it('hide source port and IP id of a VXLAN frame over IPv4', () => {
    expect(maskKernel(overIpv4({ srcPort: 60_000, id: 4711 }))).toEqual(maskKernel(overIpv4()))
  })

  it('hide source port, and the checksum with it, over IPv6', () => {
    expect(maskKernel(overIpv6({ srcPort: 60_000 }))).toEqual(maskKernel(overIpv6()))
    expect(maskKernel(overIpv6({ srcPort: 60_000, checksum: 0 }))).toEqual(
      maskKernel(overIpv6({ checksum: 0 })),
    )
  })

  it('see every other bit over IPv4; the id alone breaks the header checksum and is seen too', () => {
    expect(octets(blindBits(overIpv4()))).toEqual([34, 35])
  })

  it('see every bit over IPv6 that the checksum covers, and with a checksum of zero all but the port', () => {
    expect(blindBits(overIpv6())).toEqual([])
    expect(octets(blindBits(overIpv6({ checksum: 0 })))).toEqual([54, 55])
  })

  it.each([
    ['IPv4', overIpv4],
    ['IPv6', (outer: Outer) => overIpv6({ ...outer, checksum: 0 })],
  ])('take ECT(0) for CE over %s where the packet inside carries CE, and nowhere else', (_family, over) => {
    const of = (innerEcn: number, ecn: number) => maskKernel(over({ innerEcn, ecn }))
    expect(of(3, 2)).toEqual(of(3, 3))
    for (const ecn of [0, 1]) expect(of(3, ecn)).not.toEqual(of(3, 3))
    for (const innerEcn of [0, 1, 2]) expect(of(innerEcn, 2)).not.toEqual(of(innerEcn, 3))
  })

  it('tell "no checksum" from one', () => {
    expect(maskKernel(overIpv6({ checksum: 0 }))).not.toEqual(maskKernel(overIpv6()))
  })

  it.each([
    [
      'is no VXLAN',
      encodeFrame(
        build.ethernet(
          macs,
          build.ipv4(
            { src: parseIpv4('10.0.0.1'), dst: parseIpv4('10.0.0.2'), id: 5 },
            build.udp({ srcPort: 5, dstPort: 53 }, build.payload(new Uint8Array(40))),
          ),
        ),
      ),
    ],
    ['has a wrong header checksum', flip(overIpv4(), 24 * 8)],
    ['is cut off', overIpv4().subarray(0, 40)],
    ['is nothing', new Uint8Array()],
  ])('leave a frame as it is that %s', (_what, frame) => {
    expect(maskKernel(frame)).toBe(frame)
  })
})
