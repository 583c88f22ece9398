import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Plan } from '../../contract/plan.js'
import type { FabricFile, SealEntry } from '../../contract/fabric.js'
import type { Interface, NextHop, NodeProgram } from '../../contract/program.js'
import { defineFabric } from '../model/index.js'
import { parseInterfaceAddress, parseIp, prefixContains } from '../packet/index.js'
import { compile, mtuChains, planDigest, validateProgram } from './index.js'

interface Shape {
  readonly spines: number
  readonly leaves: number
  readonly parallel: number
  readonly seal: SealEntry | undefined
  readonly v6: boolean
  readonly tenants: readonly TenantShape[]
}
interface TenantShape {
  readonly l3: boolean
  readonly seal: SealEntry | undefined
  readonly networks: readonly NetworkShape[]
}
interface NetworkShape {
  readonly gateways: 'none' | 'v4' | 'v6' | 'both'
  readonly mtu: number
  /** Leaf of each host, counted round. */
  readonly hosts: readonly number[]
}

const network: fc.Arbitrary<NetworkShape> = fc.record({
  gateways: fc.constantFrom('none', 'v4', 'v6', 'both'),
  mtu: fc.integer({ min: 1280, max: 1630 }),
  hosts: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 5 }),
})
const macsec = fc.record(
  {
    macsec: fc.constantFrom('gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256'),
    mode: fc.constantFrom('strict', 'check', 'disabled'),
    confidentiality: fc.constantFrom('none', 'offset-30', 'offset-50'),
    tag: fc.constantFrom('implicit', 'end-station'),
    replayWindow: fc.nat({ max: 2 ** 30 - 1 }),
    standby: fc.nat({ max: 3 }),
    key: fc.constant('lab:core'),
  },
  { requiredKeys: ['macsec', 'key'] },
) satisfies fc.Arbitrary<SealEntry>
const wireguard = fc.constantFrom<SealEntry[]>(
  { wireguard: true, key: 'lab:core' },
  { wireguard: true, key: 'lab:core', psk: true, port: 4789, keepalive: 25 },
)
const seal: fc.Arbitrary<SealEntry> = fc.oneof(macsec, wireguard)
/** Frames of hosts are no end station's. */
const tenantSeal: fc.Arbitrary<SealEntry> = fc.oneof(
  macsec.filter(({ tag }) => tag !== 'end-station'),
  wireguard,
)
const shape: fc.Arbitrary<Shape> = fc.record({
  spines: fc.integer({ min: 1, max: 4 }),
  leaves: fc.integer({ min: 2, max: 6 }),
  parallel: fc.integer({ min: 1, max: 2 }),
  seal: fc.option(seal, { nil: undefined }),
  v6: fc.boolean(),
  tenants: fc.array(
    fc.record({
      l3: fc.boolean(),
      seal: fc.option(tenantSeal, { nil: undefined }),
      networks: fc.array(network, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 5 },
  ),
})

function fileOf(wanted: Shape): FabricFile {
  const tenants = wanted.tenants.map(({ l3, seal: own, networks }, t) => {
    const isPackets = own !== undefined && 'wireguard' in own
    const entries = networks.map(({ gateways, mtu }, n) => {
      const v4 = `10.${n}.0.1/24`
      const v6 = `fd00:0:0:${n + 1}::1/64`
      const given = { none: [], v4: [v4], v6: [v6], both: [v4, v6] }[gateways]
      const addresses = given.length === 0 ? { subnet: `10.${n}.0.0/24` } : { gateways: given }
      return [`n${n}`, { vni: 1000 * (t + 1) + n, mtu, ...addresses }] as const
    })
    const hosts = networks.flatMap(({ hosts: places }, n) =>
      places.map((leaf, h) => {
        // What WireGuard carries is bridged on one leaf alone.
        const place = isPackets ? (places[0] ?? 0) : leaf
        return [`n${n}h${h}`, { at: `leaf${(place % wanted.leaves) + 1}`, network: `n${n}` }] as const
      }),
    )
    // Networks that are not all on the same leaves need one; where it is not needed it is left to chance.
    const l3vni = l3 || networks.length > 1 ? { l3vni: 900_000 + t } : {}
    return [
      `t${t}`,
      {
        ...l3vni,
        ...(own === undefined ? {} : { seal: `t${t}` }),
        networks: Object.fromEntries(entries),
        hosts: Object.fromEntries(hosts),
      },
    ] as const
  })
  return {
    ztos: 1,
    name: 'generated',
    underlay: wanted.v6
      ? { mtu: 1800, loopbacks: 'fd00:ffff::/64', links: 'fd00:fffe::/64' }
      : { mtu: 1800, loopbacks: '10.255.0.0/27', links: '10.254.0.0/25' },
    nodes: {
      [`spine[1-${wanted.spines}]`]: { role: 'spine' },
      [`leaf[1-${wanted.leaves}]`]: { role: 'leaf' },
    },
    seals: Object.fromEntries([
      ...(wanted.seal === undefined ? [] : [['core', wanted.seal] as const]),
      ...wanted.tenants.flatMap(({ seal: own }, t) =>
        own === undefined ? [] : [[`t${t}`, { ...own, key: `lab:t${t}` }] as const],
      ),
    ]),
    links: [
      {
        from: 'leaf*',
        to: 'spine*',
        count: wanted.parallel,
        ...(wanted.seal === undefined ? {} : { seal: 'core' }),
      },
    ],
    tenants: Object.fromEntries(tenants),
  }
}

function planOf(wanted: Shape): Plan {
  return compile(defineFabric(fileOf(wanted)))
}

/** Node, interface name and address of every underlay address. */
function owners(plan: Plan): ReadonlyMap<string, string> {
  const found = plan.nodes.flatMap(({ name, program }) =>
    program.interfaces.flatMap((item) =>
      'addresses' in item && item.vrf === 0
        ? item.addresses.map((text) => [text.split('/')[0] ?? '', name] as const)
        : [],
    ),
  )
  expect(new Set(found.map(([address]) => address)).size).toBe(found.length)
  return new Map(found)
}

/** Next hops by the longest of the routes in a VRF that hold an address. */
function look(
  program: NodeProgram,
  vrf: number,
  address: string,
): readonly NextHop[] | 'connected' | undefined {
  const routes = program.tables.routes
    .filter(
      (route) =>
        route.vrf === vrf && prefixContains(parseInterfaceAddress(route.prefix).prefix, parseIp(address)),
    )
    .toSorted(
      (a, b) => parseInterfaceAddress(b.prefix).prefix.length - parseInterfaceAddress(a.prefix).prefix.length,
    )
  const [best] = routes
  if (best === undefined) return undefined
  if (best.connected !== undefined) return 'connected'
  return program.tables.groups.find(({ id }) => id === best.group)?.members
}

/** How many links a packet crosses on the longest of its paths through the underlay; throws when it gets lost. */
function hops(plan: Plan, own: ReadonlyMap<string, string>, from: string, to: string, left = 4): number {
  if (own.get(to) === from) return 0
  const program = plan.nodes.find(({ name }) => name === from)?.program
  if (program === undefined || left === 0) throw new TypeError(`${to} is not reached from ${from}`)
  const members = look(program, 0, to)
  if (members === undefined || members === 'connected') throw new TypeError(`${from} has no way to ${to}`)
  return Math.max(
    ...members.map(({ gateway = '' }) => 1 + hops(plan, own, own.get(gateway) ?? '', to, left - 1)),
  )
}

/** By what others know what an end of a tunnel sends. */
function sentBy(item: Interface | undefined): readonly string[] {
  switch (item?.kind) {
    case 'macsec':
      return [item.tx, ...(item.standby ?? [])].map((sa) => JSON.stringify({ sci: item.tx.sci, ...sa }))
    case 'wireguard':
      return [`${item.privateKey}/public`]
    default:
      return ['nothing is sealed']
  }
}

/** Of the other end: of peers, the one that is meant. */
function heardBy(item: Interface | undefined, sent: readonly string[]): readonly string[] {
  switch (item?.kind) {
    case 'macsec':
      return item.rx.map((sa) => JSON.stringify(sa))
    case 'wireguard':
      return item.peers.map(({ publicKey }) => publicKey).filter((key) => sent.includes(key))
    default:
      return ['nothing is opened']
  }
}

describe('a generated fabric', () => {
  test('compiles to a sound plan, the same each time', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        expect(planDigest(Plan.parse(plan))).toBe(planDigest(plan))
        expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
        expect(planDigest(planOf(wanted))).toBe(planDigest(plan))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('has an underlay in which every leaf reaches every VTEP over one spine, by all of them', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        const own = owners(plan)
        const leaves = plan.nodes.filter(({ role }) => role === 'leaf')
        for (const from of leaves) {
          for (const to of leaves.filter((leaf) => leaf !== from)) {
            expect(hops(plan, own, from.name, to.vtep ?? '')).toBe(2)
            expect(look(from.program, 0, to.vtep ?? '')).toHaveLength(wanted.spines * wanted.parallel)
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  test('has links whose ends know each other', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        for (const { a, b, mtu } of plan.links) {
          const ends = [a, b].map(({ node, interface: id }) => {
            const program = plan.nodes.find(({ name }) => name === node)?.program
            const port = program?.interfaces.find((item) => item.id === id)
            const routed = program?.interfaces.find((item) => 'lower' in item && item.lower === id) ?? port
            if (program === undefined || port?.kind !== 'port' || routed === undefined)
              throw new TypeError(node)
            if (!('mac' in routed && 'addresses' in routed)) throw new TypeError(routed.name)
            const asked = routed.kind === 'wireguard' ? port.id : routed.id
            const neighbours = program.tables.neighbours.filter((item) => item.interface === asked)
            return { port, routed, asked, neighbours, address: routed.addresses[0]?.split('/')[0] }
          })
          const [one, other] = ends
          expect(ends.map(({ port }) => port.mtu)).toEqual([mtu, mtu])
          for (const [near, far] of [
            [one, other],
            [other, one],
          ]) {
            expect(near?.neighbours).toEqual([
              { interface: near?.asked, address: far?.address, mac: far?.routed.mac },
            ])
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  test('has tunnels that both ends agree on, for each network and each VRF', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        const tunnels = plan.nodes.flatMap(({ name, vtep, program }) =>
          program.interfaces.flatMap((item) =>
            item.kind === 'vxlan'
              ? item.remotes.map((remote) => ({ name, vni: item.vni, vtep, remote }))
              : [],
          ),
        )
        const keys = new Set(tunnels.map(({ vni, vtep, remote }) => `${vni} ${vtep} ${remote}`))
        expect(tunnels.filter(({ vni, vtep, remote }) => !keys.has(`${vni} ${remote} ${vtep}`))).toEqual([])
        const expected = plan.tenants.flatMap(({ seal: own, tunnels: sealed = [], networks, l3vni }) => {
          const routers = new Set(networks.flatMap(({ gatewayNodes }) => gatewayNodes))
          const places = networks.map(({ vni, nodes }) => ({ vni, size: nodes.length }))
          const all = l3vni === undefined ? places : [...places, { vni: l3vni, size: routers.size }]
          const pairs = all.reduce((sum, { size }) => sum + (size * (size - 1)) / 2, 0)
          expect(sealed).toHaveLength(own === undefined ? 0 : pairs)
          // A VNI of its own for each two leaves.
          return own?.kind === 'macsec' ? sealed.map(({ vni }) => ({ vni, size: 2 })) : all
        })
        expect(new Set(expected.map(({ vni }) => vni)).size).toBe(expected.length)
        for (const { vni, size } of expected) {
          expect(tunnels.filter((tunnel) => tunnel.vni === vni)).toHaveLength(size * (size - 1))
        }
        expect(tunnels).toHaveLength(expected.reduce((sum, { size }) => sum + size * (size - 1), 0))
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  test('has a route in every VRF to every gateway network of its tenant, and none to another', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        for (const { program } of plan.nodes) {
          for (const vrf of program.vrfs.slice(1).filter(({ name }) => !name.endsWith('/transit'))) {
            const tenant = plan.tenants.find(({ name }) => name === vrf.name)
            const prefixes = (tenant?.networks ?? []).flatMap(({ gateways }) =>
              gateways.map((text) => parseInterfaceAddress(text).prefix),
            )
            const routes = program.tables.routes.filter((route) => route.vrf === vrf.id)
            expect(routes.map(({ prefix }) => parseInterfaceAddress(prefix).prefix)).toEqual(
              expect.arrayContaining(prefixes),
            )
            expect(routes).toHaveLength(prefixes.length)
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  test('has what tenants seal at both ends of each tunnel alike, with keys that nothing else has', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        const used = new Map<string, number>()
        for (const { program } of plan.nodes) {
          for (const item of program.interfaces) {
            if (item.kind !== 'macsec') continue
            for (const { key } of [item.tx, ...(item.standby ?? []), ...item.rx])
              used.set(key, (used.get(key) ?? 0) + 1)
          }
        }
        // Who sends with it, and who receives with it.
        expect([...used].filter(([, times]) => times !== 2)).toEqual([])
        for (const { a, b } of plan.tenants.flatMap(({ tunnels = [] }) => tunnels)) {
          const [one, other] = [a, b].map(({ node, interface: id }) =>
            plan.nodes.find(({ name }) => name === node)?.program.interfaces.find((item) => item.id === id),
          )
          expect(sentBy(one)).toEqual(heardBy(other, sentBy(one)))
          expect(sentBy(other)).toEqual(heardBy(one, sentBy(other)))
        }
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('has packets that fit every layer down to the wire, and no octet of overhead too many', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const chains = mtuChains(planOf(wanted))
        for (const { network, steps, spare } of chains) {
          expect(spare, `of ${network}`).toBeGreaterThanOrEqual(0)
          for (const [i, { needs, adds }] of steps.entries())
            expect(steps[i + 1]?.needs ?? needs + adds, `of ${network}`).toBe(needs + adds)
          // Links are made for what the underlay takes.
          const [link, seal] = [steps.at(-1), steps.at(-2)]
          expect(link?.has).toBe(seal?.layer === 'VXLAN' ? 1800 : (seal?.has ?? 0) + (seal?.adds ?? 0))
        }
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('has hosts with addresses of their own in the subnets of their network', () => {
    fc.assert(
      fc.property(shape, (wanted) => {
        const plan = planOf(wanted)
        for (const { id, subnets, gateways } of plan.tenants.flatMap(({ networks }) => networks)) {
          const hosts = plan.hosts.filter((host) => `${host.tenant}/${host.network}` === id)
          const addresses = [...hosts.flatMap((host) => host.addresses), ...gateways]
          expect(new Set(addresses).size).toBe(addresses.length)
          expect(new Set(hosts.map(({ mac }) => mac)).size).toBe(hosts.length)
          for (const host of hosts) {
            expect(host.addresses.map((text) => parseInterfaceAddress(text).prefix)).toEqual(
              subnets.map((text) => parseInterfaceAddress(text).prefix),
            )
          }
        }
        const ports = plan.hosts.map(({ at }) => `${at.node} ${at.interface}`)
        expect(new Set(ports).size).toBe(ports.length)
      }),
      { numRuns: 30 },
    )
  }, 60_000)
})

test('a fabric of five hundred nodes is compiled in seconds', () => {
  const start = performance.now()
  const plan = compile(
    defineFabric({
      ztos: 1,
      name: 'large',
      underlay: {
        loopbacks: '10.255.0.0/16',
        links: '10.128.0.0/16',
        bgp: { spines: 65000, leaves: '4200000000-4200001000' },
      },
      nodes: { 'spine[1-16]': { role: 'spine' }, 'leaf[1-484]': { role: 'leaf' } },
      links: [{ from: 'leaf*', to: 'spine*' }],
      tenants: {
        t: {
          l3vni: 1,
          networks: { a: { vni: 2, gateways: ['10.0.0.1/16'] }, b: { vni: 3, gateways: ['10.1.0.1/16'] } },
          hosts: {
            a1: { at: 'leaf1', network: 'a' },
            a2: { at: 'leaf484', network: 'a' },
            b1: { at: 'leaf9', network: 'b' },
          },
        },
      },
    }),
  )
  expect(plan.links).toHaveLength(16 * 484)
  expect(new Set(plan.nodes.map(({ vtep }) => vtep)).size).toBe(485)
  // Ten times what it takes here: this catches a wrong order of growth, not a slow machine.
  expect(performance.now() - start).toBeLessThan(30_000)
}, 60_000)
