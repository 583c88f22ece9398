/**
 * PUNT-3: what passes to the node's kernel by XDP. Whatever it is, the machine would have punted it.
 */
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FabricNode } from '../../twin/forward/index.js'
import { build, internetChecksum } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  farMac,
  ip4,
  ip6,
  KEYS,
  mac,
  portMac,
  punted,
} from './support/bench.js'

/** Port 1 punts by XDP, port 2 has a TAP and does not, IRB 21 lies beside the underlay. */
const PROGRAM = changed(
  {
    1: { punt: 'xdp' },
    2: { tap: true },
    21: { vrf: 0 },
    9: { addresses: ['10.255.0.1/32', 'fd00:ff::1/128', '127.0.0.9/32'] },
  },
  {
    routes: [{ vrf: 0, prefix: '10.254.0.0/31', connected: 1 }],
    groups: [],
    neighbours: [],
    fdb: [],
    flood: [],
  },
)
const node = new FabricNode(PROGRAM, KEYS)
const passes = (frame: Uint8Array, port = 1): boolean => node.passes(port, frame)

const to = (dst: Parameters<typeof eth>[0], stack: Parameters<typeof eth>[2]) => eth(dst, farMac(1), stack)
const ping = build.icmp({ type: 8, code: 0 }, build.payload('hello'))
const echo = (src: string, dst: string, fields: object = {}, dstMac = portMac(1)) =>
  to(dstMac, build.ipv4({ src: ip4(src), dst: ip4(dst), ...fields }, ping))
const echo6 = (src: string, dst: string, dstMac = portMac(1)) =>
  to(
    dstMac,
    build.ipv6(
      { src: ip6(src), dst: ip6(dst) },
      build.icmpv6({ type: 128, code: 0 }, build.payload('hello')),
    ),
  )
const arp = (target: string, dst = BROADCAST, operation = 1) =>
  to(dst, build.arp({ operation, sha: farMac(1), spa: ip4('10.254.0.1'), tha: portMac(1), tpa: ip4(target) }))
/** Octets of an IPv4 header changed, its checksum right. */
function patched(frame: Uint8Array, at: number, ...octets: readonly number[]): Uint8Array {
  const copy = frame.slice()
  copy.set(octets, 14 + at)
  copy.set([0, 0], 24)
  const sum = internetChecksum(copy, 14, 34)
  copy.set([sum >>> 8, sum & 0xff], 24)
  return copy
}

const PASSING: readonly (readonly [string, Uint8Array])[] = [
  ['ARP for the port', arp('10.254.0.0')],
  ['ARP for the loopback address', arp('10.255.0.1')],
  ['ARP to the port alone', arp('10.254.0.0', portMac(1))],
  ['an ARP reply', arp('10.254.0.0', portMac(1), 2)],
  ['an echo request', echo('10.254.0.1', '10.254.0.0')],
  ['one for the loopback address', echo('172.16.9.9', '10.255.0.1')],
  ['one with TTL 1', echo('10.254.0.1', '10.254.0.0', { ttl: 1 })],
  ['one with padding', Uint8Array.of(...echo('10.254.0.1', '10.254.0.0'), 0, 0, 0)],
  ['an ICMPv6 echo request', echo6('fd00:fe::1', 'fd00:fe::')],
  ['one for the loopback address, link-local source', echo6('fe80::9', 'fd00:ff::1')],
  ['one to the link-local address', echo6('fe80::9', 'fe80::1')],
  ['ICMPv6 to a solicited-node address', echo6('fe80::9', 'ff02::1:ff00:0', mac('33:33:ff:00:00:00'))],
  ['ICMPv6 to all nodes from nobody', echo6('::', 'ff02::1', mac('33:33:00:00:00:01'))],
]
const PLAIN = echo('10.254.0.1', '10.254.0.0')
const NOT: readonly (readonly [string, Uint8Array])[] = [
  ['an echo request for the far end', echo('10.255.0.2', '10.254.0.1')],
  ['one for a gateway', echo('10.254.0.1', '10.1.1.1')],
  ['one for a loopback address of the kernel alone', echo('10.254.0.1', '127.0.0.9')],
  ['one to another MAC', echo('10.254.0.1', '10.254.0.0', {}, portMac(2))],
  ['one to all', echo('10.254.0.1', '10.254.0.0', {}, BROADCAST)],
  ['one from an own address', echo('10.255.0.1', '10.254.0.0')],
  ['one from a gateway', echo('10.1.1.1', '10.254.0.0')],
  ['one from nobody', echo('0.0.0.0', '10.254.0.0')],
  ['a first fragment', patched(PLAIN, 6, 0x20, 0)],
  ['a later fragment', patched(PLAIN, 6, 0, 5)],
  ['options', patched(PLAIN, 0, 0x46)],
  ['UDP', patched(PLAIN, 9, 17)],
  ['a wrong checksum', PLAIN.with(24, (PLAIN[24] ?? 0) ^ 1)],
  ['a total length beyond the frame', patched(PLAIN, 2, 4, 0)],
  ['a frame that is too long', Uint8Array.of(...PLAIN, ...new Uint8Array(1701 + 14 - PLAIN.length))],
  ['nothing but an Ethernet header', PLAIN.subarray(0, 14)],
  ['less than that', PLAIN.subarray(0, 13)],
  ['ARP for another', arp('10.254.0.1')],
  ['ARP for a gateway', arp('10.1.1.1')],
  ['ARP to another MAC', arp('10.254.0.0', portMac(2))],
  ['half an ARP', arp('10.254.0.0').subarray(0, 34)],
  ['ARP of another kind', arp('10.254.0.0').with(15, 6)],
  ['a VLAN tag', Uint8Array.of(...PLAIN.subarray(0, 12), 0x81, 0, 0, 5, ...PLAIN.subarray(12))],
  ['ICMPv6 for the far end', echo6('fd00:ff::2', 'fd00:fe::1')],
  ['ICMPv6 from an own address', echo6('fd00:ff::1', 'fd00:fe::')],
  ['ICMPv6 from nobody', echo6('::', 'fd00:fe::')],
  ['ICMPv6 to a group of the site', echo6('fe80::9', 'ff05::1', mac('33:33:00:00:00:01'))],
  ['IPv6 with another header', echo6('fd00:fe::1', 'fd00:fe::').with(20, 0)],
  ['ICMPv6 beyond the frame', echo6('fd00:fe::1', 'fd00:fe::').with(18, 9)],
]

describe('what a port that punts by XDP receives', () => {
  test.each(PASSING)('[PUNT-3] %s passes, and given to the machine is punted', (_what, frame) => {
    expect(passes(frame)).toBe(true)
    expect(new Bench(PROGRAM).frame(1, frame)).toEqual([punted(1, frame)])
  })

  test.each(NOT)("[PUNT-3] %s does not pass: it is the machine's", (_what, frame) => {
    expect(passes(frame)).toBe(false)
  })

  test.each(PASSING)('[PUNT-3] %s does not pass on a port that punts by its TAP', (_what, frame) => {
    expect(passes(frame, 2)).toBe(false)
  })

  test('[PUNT-3] whatever passes, the machine punts it and nothing else comes of it', () => {
    let passed = 0
    const change = tuple(integer({ min: 0, max: 69 }), integer({ min: 0, max: 255 }))
    const grown = integer({ min: -20, max: 20 })
    const base = constantFrom(...PASSING, ...NOT)
    assert(
      property(base, array(change, { maxLength: 3 }), grown, ([, frame], changes, more) => {
        const copy = new Uint8Array(Math.max(0, frame.length + more))
        copy.set(frame.subarray(0, copy.length))
        for (const [at, octet] of changes) if (at < copy.length) copy[at] = octet
        if (!passes(copy)) return
        passed++
        expect(new Bench(PROGRAM).frame(1, copy)).toEqual([punted(1, copy)])
      }),
      { numRuns: 3000, seed: 34 },
    )
    expect(passed).toBeGreaterThan(300)
  })

  test('[PUNT-3] a walk says what passes by XDP', () => {
    const clauses: string[] = []
    const tracer = { step: (clause: string) => void clauses.push(clause) }
    new Bench(PROGRAM, { tracer }).frame(1, PLAIN)
    expect(clauses.slice(-2)).toEqual(['PUNT-1', 'PUNT-3'])
  })

  test('[PUNT-3] another program, other addresses', () => {
    const changing = new FabricNode(PROGRAM, KEYS)
    changing.load(0n, { ...PROGRAM, interfaces: PROGRAM.interfaces.filter(({ id }) => id !== 9) })
    expect(changing.passes(1, echo('172.16.9.9', '10.255.0.1'))).toBe(false)
    expect(changing.passes(1, PLAIN)).toBe(true)
  })
})
