import { array, assert, boolean, constantFrom, integer, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NextHop, NodeProgram } from '../../contract/program.js'
import { build, type Stack } from '../../twin/packet/index.js'
import { Bench, changed, eth, farMac, ip4, ip6, portMac, PROGRAM, udpHello } from './support/bench.js'

/* Expected choices were computed by a program of forty lines in another language, from section 3 alone. */

/** A group over both uplinks and the sealed one: three shares, one and two. */
const GATEWAYS = {
  4: ['10.254.0.1', '10.254.1.1', '10.254.2.1'],
  6: ['fd00:fe::1', 'fd00:fe:1::1', 'fd00:fe:2::1'],
} as const
const PORTS = [1, 2, 4] as const
const SHARES = [3, 1, 2] as const

function program(family: 4 | 6, resilient: boolean): NodeProgram {
  const members = PORTS.map((id, i) => ({
    interface: id,
    gateway: GATEWAYS[family][i] ?? '',
    ...(SHARES[i] === 1 ? {} : { weight: SHARES[i] ?? 1 }),
  }))
  const group = family === 4 ? 3 : 6
  const { groups } = PROGRAM.tables
  const neighbours = PORTS.flatMap((id, i) =>
    [GATEWAYS[4][i] ?? '', GATEWAYS[6][i] ?? ''].map((address) => ({
      interface: id,
      address,
      mac: `02:00:00:00:01:0${i + 1}`,
    })),
  )
  const made = changed(
    {},
    { neighbours, groups: groups.map((one) => (one.id === group ? { id: group, members } : one)) },
  )
  return resilient ? { ...made, resilient } : made
}

const packet = (family: 4 | 6, n: number): Stack =>
  family === 4
    ? build.ipv4({ src: ip4('10.254.0.1'), dst: ip4(`172.16.0.${n}`) }, udpHello)
    : build.ipv6({ src: ip6('fd00:fe::1'), dst: ip6(`2001:db8:f000::${(n + 1).toString(16)}`) }, udpHello)

/** The interface by which each of 16 flows leaves; 4 is the macsec interface on port 3. */
function choices(bench: Bench, family: 4 | 6): number[] {
  // Port 1 may be without carrier: what it would receive comes from its kernel's neighbour, port 2.
  const by = bench.node.hasCarrier(1) ? 1 : 2
  return Array.from({ length: 16 }, (_, n) => {
    const [line] = bench.frame(by, eth(portMac(by), farMac(by), packet(family, n)))
    const port = Number(line?.split(' ')[1])
    return port === 3 ? 4 : port
  })
}
const without = (bench: Bench, ...ports: readonly number[]) => {
  for (const port of ports) expect(bench.control({ op: 'carrier', interface: port, up: false })).toEqual([])
  return bench
}

describe('[C14] [C28] weighted members, of which those without carrier are passed over', () => {
  test.each([
    ['HASH-4', 4, [], [2, 4, 4, 4, 1, 1, 2, 1, 1, 1, 2, 1, 4, 1, 2, 1]],
    ['HASH-4', 6, [], [4, 4, 1, 1, 1, 1, 4, 2, 4, 1, 4, 2, 4, 1, 4, 1]],
    ['HASH-4', 4, [1], [4, 4, 4, 4, 4, 2, 4, 2, 2, 2, 4, 2, 4, 2, 4, 2]],
    ['HASH-4', 6, [1], [4, 4, 4, 4, 2, 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]],
    ['HASH-4', 4, [3], [1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    ['HASH-6', 4, [], [1, 1, 1, 2, 1, 2, 4, 2, 4, 2, 1, 1, 1, 1, 1, 1]],
    ['HASH-6', 6, [], [4, 4, 2, 1, 1, 4, 1, 1, 1, 2, 4, 4, 1, 4, 1, 4]],
    ['HASH-6', 4, [1], [2, 4, 4, 2, 2, 2, 4, 2, 4, 2, 2, 4, 4, 4, 4, 4]],
    ['HASH-6', 6, [3], [1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1]],
  ] as const)('[%s] IPv%i, without carrier: %j', (clause, family, lost, wanted) => {
    const bench = without(new Bench(program(family, clause === 'HASH-6')), ...lost)
    expect(choices(bench, family)).toEqual(wanted)
  })

  test.each([4, 6] as const)('[HASH-4] [HASH-6] IPv%i: one live member takes all', (family) => {
    for (const resilient of [false, true]) {
      const bench = without(new Bench(program(family, resilient)), 2, 3)
      expect(new Set(choices(bench, family))).toEqual(new Set([1]))
    }
  })

  test('[HASH-4] [HASH-6] when none has carrier all are members, as if all had', () => {
    for (const [resilient, wanted] of [
      [false, [2, 4, 4, 4, 1, 1, 2, 1, 1, 1, 2, 1, 4, 1, 2, 1]],
      [true, [1, 1, 1, 2, 1, 2, 4, 2, 4, 2, 1, 1, 1, 1, 1, 1]],
    ] as const) {
      // The packets come from a host: all uplinks are without carrier.
      const bench = without(new Bench(withHostRoute(resilient)), 1, 2, 3)
      const seen = Array.from({ length: 16 }, (_, n) => {
        const [line] = bench.frame(23, eth(portMac(1), farMac(1), packet(4, n)))
        const port = Number(line?.split(' ')[1])
        return port === 3 ? 4 : port
      })
      expect(seen).toEqual(wanted)
    }
  })

  test('[HASH-6] members without a gateway are named by their interface alone', () => {
    const members = [{ interface: 1 }, { interface: 2 }]
    const neighbours = [1, 2].flatMap((id) =>
      Array.from({ length: 16 }, (_, n) => ({
        interface: id,
        address: `172.16.0.${n}`,
        mac: '02:00:00:00:01:01',
      })),
    )
    const made = changed(
      {},
      { neighbours, groups: PROGRAM.tables.groups.map((one) => (one.id === 3 ? { id: 3, members } : one)) },
    )
    expect(choices(new Bench({ ...made, resilient: true }), 4)).toEqual([
      1, 1, 1, 2, 1, 1, 2, 2, 1, 2, 1, 2, 2, 1, 1, 1,
    ])
  })
})

/** Port 23 routes in VRF 0. */
function withHostRoute(resilient: boolean): NodeProgram {
  const made = program(4, resilient)
  return {
    ...made,
    interfaces: made.interfaces.map((one) =>
      one.id === 23 && one.kind === 'port'
        ? { ...one, bridge: undefined, vrf: 0, mac: '02:00:00:00:00:01' }
        : one,
    ),
  }
}

describe('carrier', () => {
  test('[PORT-6] a port without carrier receives nothing, and what is sent on it is emitted as ever', () => {
    const bench = without(new Bench(program(4, false)), 1)
    expect(bench.frame(1, eth(portMac(1), farMac(1), packet(4, 0)))).toEqual([])
    // An ARP request would be punted, a frame cut off would be a fate.
    expect(bench.frame(1, new Uint8Array(3))).toEqual([])
    expect(bench.punt(1, eth(farMac(1), portMac(1), packet(4, 0)))).toHaveLength(1)
    bench.control({ op: 'carrier', interface: 1, up: true })
    expect(bench.frame(1, new Uint8Array(3))).toEqual(['frame-truncated'])
  })

  test('[CTRL-8] is set again, twice the same is once, and a route of its own keeps using a port without it', () => {
    const bench = without(new Bench(program(4, true)), 1, 1)
    const [line] = bench.frame(
      2,
      eth(portMac(2), farMac(2), build.ipv4({ src: ip4('10.254.1.1'), dst: ip4('10.255.0.2') }, udpHello)),
    )
    expect(line).toMatch(/^tx 1 /)
    expect(bench.control({ op: 'carrier', interface: 1, up: true })).toEqual([])
    expect(choices(bench, 4)).toEqual(choices(new Bench(program(4, true)), 4))
  })

  test('[CTRL-8] load leaves it as it is', () => {
    const bench = without(new Bench(program(4, false)), 3)
    bench.load(program(4, true))
    expect(choices(bench, 4)).toEqual([1, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1])
  })

  test.each([
    ['no interface', { interface: 77, up: false }, 'unknown-interface'],
    ['a macsec interface', { interface: 4, up: false }, 'unknown-interface'],
    ['a bridge', { interface: 10, up: true }, 'unknown-interface'],
    ['no state', { interface: 1 }, 'invalid'],
    ['a state that is none', { interface: 1, up: 'down' }, 'invalid'],
  ])('[CTRL-5] [CTRL-8] refused, and nothing changes: %s', (_what, fields, code) => {
    const bench = new Bench(program(4, false))
    expect(bench.control({ op: 'carrier', ...fields })).toEqual([`refused ${code}`])
    expect([1, 2, 3].every((id) => bench.node.hasCarrier(id))).toBe(true)
  })

  test('[CTRL-6] weights come by apply too', () => {
    const bench = new Bench(program(4, false))
    const members: NextHop[] = [
      { interface: 1, gateway: '10.254.0.1', weight: 255 },
      { interface: 2, gateway: '10.254.1.1' },
    ]
    bench.control({ op: 'apply', changes: [{ table: 'route', vrf: 0, prefix: '172.16.0.0/12', members }] })
    expect(choices(bench, 4).filter((id) => id === 2)).toEqual([])
    for (const weight of [0, 257, 1.5]) {
      const changes = [
        { table: 'route', vrf: 0, prefix: '172.16.0.0/12', members: [{ ...members[0], weight }] },
      ]
      expect(bench.control({ op: 'apply', changes })).toEqual(['refused invalid'])
    }
  })
})

/** A node with so many uplinks, and flows by them. */
const FLOWS = 2000
const groupOf = record({
  weights: array(integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 8 }),
  family: constantFrom(4, 6),
  seed: integer({ min: 0, max: 0xffffffff }),
}).map(({ weights, family, seed }) => ({ weights, family, seed }))
const IN = 99

function fanOut(
  { weights, family, seed }: { weights: readonly number[]; family: 4 | 6; seed: number },
  resilient: boolean,
  order: readonly number[] = weights.map((_, i) => i),
): Bench {
  const port = (id: number) => ({
    kind: 'port' as const,
    id,
    name: `eth${id}`,
    vrf: 0,
    mac: '02:00:00:00:00:01',
    mtu: 1500,
    addresses: [],
    tap: false,
  })
  const gateway = (i: number) => (family === 4 ? `10.0.${i}.1` : `fd00::${i}:1`)
  return new Bench({
    format: 'ztos-program',
    version: 1,
    node: 'fan',
    seeds: { ecmp: seed, sourcePort: 1 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces: [...weights.map((_, i) => port(i + 1)), port(IN)],
    ...(resilient ? { resilient: true as const } : {}),
    tables: {
      routes: [{ vrf: 0, prefix: family === 4 ? '0.0.0.0/0' : '::/0', group: 1 }],
      groups: [
        {
          id: 1,
          members: order.map((i) => ({ interface: i + 1, gateway: gateway(i), weight: weights[i] ?? 1 })),
        },
      ],
      neighbours: weights.map((_, i) => ({
        interface: i + 1,
        address: gateway(i),
        mac: '02:00:00:00:01:01',
      })),
      fdb: [],
      flood: [],
    },
  })
}

function spread(bench: Bench, family: 4 | 6, flows = FLOWS): number[] {
  return Array.from({ length: flows }, (_, n) => {
    const udp = build.udp({ srcPort: 1024 + n, dstPort: 53 })
    const stack =
      family === 4
        ? build.ipv4({ src: ip4('192.0.2.1'), dst: ip4('198.51.100.1') }, udp)
        : build.ipv6({ src: ip6('2001:db8::1'), dst: ip6('2001:db8:1::1') }, udp)
    return Number(bench.frame(IN, eth(portMac(1), farMac(1), stack))[0]?.split(' ')[1])
  })
}

describe('[C14] how flows are spread', () => {
  test('[HASH-4] [HASH-6] each member gets its share', () => {
    assert(
      property(groupOf, boolean(), (group, resilient) => {
        const chosen = spread(fanOut(group, resilient), group.family)
        const sum = group.weights.reduce((a, b) => a + b)
        for (const [i, weight] of group.weights.entries()) {
          const share = weight / sum
          const count = chosen.filter((id) => id === i + 1).length
          // Five standard deviations of as many draws.
          const deviation = Math.sqrt(FLOWS * share * (1 - share))
          expect(Math.abs(count - FLOWS * share)).toBeLessThan(5 * deviation)
        }
      }),
      { numRuns: 30 },
    )
  })

  test.each([false, true])(
    '[HASH-4] [HASH-6] equal members are within 5 % of even, resilient: %s',
    (resilient) => {
      for (const family of [4, 6] as const) {
        for (const count of [2, 4]) {
          const weights = Array.from({ length: count }, () => 1)
          const chosen = spread(fanOut({ weights, family, seed: 7 }, resilient), family, 3000 * count)
          for (const id of weights.map((_, i) => i + 1)) {
            const share = chosen.filter((one) => one === id).length / 3000
            expect(Math.abs(share - 1)).toBeLessThan(0.05)
          }
        }
      }
    },
  )

  test('a flow stays on one member whatever its packets are like: it is not reordered', () => {
    const bench = fanOut({ weights: [1, 2, 3, 4], family: 4, seed: 3 }, false)
    const packets = Array.from({ length: 64 }, (_, n) =>
      build.ipv4(
        { src: ip4('192.0.2.1'), dst: ip4('198.51.100.1'), id: n, tos: n, ttl: 64 + n },
        build.udp({ srcPort: 1024, dstPort: 53 }, build.payload(new Uint8Array(n * 7))),
      ),
    )
    const ports = packets.map((one) => bench.frame(IN, eth(portMac(1), farMac(1), one))[0]?.split(' ')[1])
    expect(new Set(ports).size).toBe(1)
  })

  test('[HASH-6] a member that goes moves its own flows alone, and when it comes back they alone move back', () => {
    assert(
      property(groupOf, nat(), (group, which) => {
        const gone = (which % group.weights.length) + 1
        const bench = fanOut(group, true)
        const before = spread(bench, group.family, 400)
        without(bench, gone)
        const meanwhile = spread(bench, group.family, 400)
        expect(meanwhile).not.toContain(gone)
        const stayed = (chosen: readonly number[]) => chosen.filter((_, n) => before[n] !== gone)
        expect(stayed(meanwhile)).toEqual(stayed(before))
        bench.control({ op: 'carrier', interface: gone, up: true })
        expect(spread(bench, group.family, 400)).toEqual(before)
      }),
      { numRuns: 50 },
    )
  })

  test('[HASH-6] a route without the member says the same as a member without carrier: no history is needed', () => {
    assert(
      property(groupOf, nat(), (group, which) => {
        const gone = which % group.weights.length
        const rest = group.weights.map((_, i) => i).filter((i) => i !== gone)
        const cut = spread(without(fanOut(group, true), gone + 1), group.family, 200)
        expect(spread(fanOut(group, true, rest), group.family, 200)).toEqual(cut)
        // Nor does the order count in which members came, but among equal scores.
        expect(spread(fanOut(group, true, rest.toReversed()), group.family, 200)).toEqual(cut)
      }),
      { numRuns: 50 },
    )
  })

  test('[HASH-4] moves others as well, which is why there is HASH-6', () => {
    const group = { weights: [1, 1, 1, 1], family: 4, seed: 1 } as const
    const bench = fanOut(group, false)
    const before = spread(bench, 4, 400)
    without(bench, 1)
    const moved = spread(bench, 4, 400).filter((id, flow) => before[flow] !== 1 && id !== before[flow])
    expect(moved.length).toBeGreaterThan(50)
  })
})
