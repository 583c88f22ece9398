import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FabricFile } from '../../contract/fabric.js'
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { defineFabric } from '../model/index.js'
import { compile, validateProgram } from './index.js'
import { indexFabric } from './fabric-index.js'
import { waysTo } from './reach.js'

/** Three routers in a ring, a client network behind one of them, a service on the other two; a leaf on a spine. */
const pops = (control: 'static' | 'bgp', links = '10.254.0.0/24'): FabricFile => ({
  ztos: 1,
  name: 'pops',
  underlay: { loopbacks: '10.255.0.0/24', links, control, resilient: true },
  nodes: {
    spine1: { role: 'spine' },
    leaf1: { role: 'leaf' },
    'pop[1-3]': { role: 'router', asn: 64700 },
    up1: { role: 'router', asn: 64701 },
  },
  links: [
    { from: 'leaf1', to: 'spine1' },
    { from: 'spine1', to: 'pop1' },
    { from: 'pop1', to: ['pop2', 'pop3'], delay: '2ms' },
    { from: 'pop2', to: 'pop3' },
    { from: 'up1', to: 'pop2' },
  ],
  tenants: {
    net: {
      vrf: 'underlay',
      networks: {
        clients: { gateways: ['198.18.1.1/24'] },
        service: { anycast: true, gateways: ['198.18.9.1/24'] },
        tools: { gateways: ['198.18.2.1/24'] },
      },
      hosts: {
        client1: { at: 'up1', network: 'clients' },
        tool1: { at: 'leaf1', network: 'tools' },
        s2: { at: 'pop2', network: 'service', address: '198.18.9.53' },
        s3: { at: 'pop3', network: 'service', address: '198.18.9.53' },
      },
    },
  },
  intents: { served: { reach: { from: 'net/client1', to: 'net/service' } } },
})

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new TypeError(`${node} is not there`)
  return found.program
}

/** Names of the nodes to which a node sends what is for a prefix, sorted; `here` where it is connected. */
function nextNodes(plan: Plan, node: string, prefix: string): readonly string[] {
  const { tables, interfaces } = programOf(plan, node)
  const route = tables.routes.find((one) => one.vrf === 0 && one.prefix === prefix)
  if (route === undefined) return []
  if (route.connected !== undefined) {
    return interfaces.find(({ id }) => id === route.connected)?.kind === 'irb' ? ['here'] : ['a link']
  }
  const members = tables.groups.find(({ id }) => id === route.group)?.members ?? []
  return members
    .map((member) => {
      const link = plan.links.find(({ a, b }) =>
        [a, b].some((end) => end.node === node && end.interface === member.interface),
      )
      return (link?.a.node === node ? link.b.node : link?.a.node) ?? 'nowhere'
    })
    .toSorted()
}

describe('networks in the underlay', () => {
  const plan = compile(defineFabric(pops('static')))

  test('make sound programs', () => {
    expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
    expect(plan.nodes.every(({ program }) => program.resilient === true)).toBe(true)
  })

  test('[TABLE-8] are bridged and routed where they are, in VRF 0, without a VNI', () => {
    const { interfaces, vrfs } = programOf(plan, 'up1')
    expect(vrfs).toEqual([{ id: 0, name: 'underlay' }])
    const bridge = interfaces.find(({ kind }) => kind === 'bridge')
    expect(interfaces.find(({ kind }) => kind === 'irb')).toMatchObject({
      vrf: 0,
      bridge: bridge?.id,
      addresses: ['198.18.1.1/24'],
    })
    expect(interfaces.some(({ kind }) => kind === 'vxlan')).toBe(false)
    expect(plan.tenants[0]).toMatchObject({ name: 'net', underlay: true })
    for (const network of plan.tenants[0]?.networks ?? []) expect(network).not.toHaveProperty('vni')
  })

  test('[C17] have static routes on the shortest ways to the nearest node that has them', () => {
    expect(nextNodes(plan, 'up1', '198.18.1.0/24')).toEqual(['here'])
    expect(nextNodes(plan, 'pop2', '198.18.9.0/24')).toEqual(['here'])
    expect(nextNodes(plan, 'pop3', '198.18.9.0/24')).toEqual(['here'])
    expect(nextNodes(plan, 'up1', '198.18.9.0/24')).toEqual(['pop2'])
    expect(nextNodes(plan, 'pop1', '198.18.9.0/24')).toEqual(['pop2', 'pop3'])
    expect(nextNodes(plan, 'leaf1', '198.18.9.0/24')).toEqual(['spine1'])
    expect(nextNodes(plan, 'up1', '198.18.2.0/24')).toEqual(['pop2'])
    expect(nextNodes(plan, 'pop2', '198.18.2.0/24')).toEqual(['pop1'])
    expect(nextNodes(plan, 'spine1', '198.18.1.0/24')).toEqual(['pop1'])
  })

  test('[TABLE-8] are announced by the nodes that have them, with no route of EVPN', () => {
    const bgp = compile(defineFabric(pops('bgp')))
    const originate = (node: string) =>
      bgp.nodes.find(({ name }) => name === node)?.control?.originate.slice(1)
    expect(originate('pop1')).toEqual([])
    expect(originate('pop2')).toEqual(['198.18.9.0/24'])
    expect(originate('pop3')).toEqual(['198.18.9.0/24'])
    expect(originate('leaf1')).toEqual(['198.18.2.0/24'])
    expect(bgp.nodes.find(({ name }) => name === 'leaf1')?.control?.evpn).toMatchObject({
      networks: [],
      vrfs: [],
    })
  })

  test('are meant by an intent as one of several hosts', () => {
    expect(plan.intents).toEqual([
      expect.objectContaining({
        name: 'served',
        from: ['net/client1'],
        to: [],
        toAny: [['net/s2', 'net/s3']],
      }),
    ])
    expect(
      plan.hosts.filter(({ network }) => network === 'service').map(({ addresses }) => addresses),
    ).toEqual([['198.18.9.53/24'], ['198.18.9.53/24']])
  })

  test('links tell how long they are', () => {
    expect(plan.links.map(({ id, delay }) => [id, delay])).toEqual([
      ['leaf1--spine1', undefined],
      ['pop1--pop2', 2_000_000],
      ['pop1--pop3', 2_000_000],
      ['pop1--spine1', undefined],
      ['pop2--pop3', undefined],
      ['pop2--up1', undefined],
    ])
  })
})

describe('ways through a fabric', () => {
  const graph = fc.record({
    spines: fc.integer({ min: 1, max: 3 }),
    leaves: fc.integer({ min: 1, max: 4 }),
    routers: fc.integer({ min: 0, max: 5 }),
    pick: fc.array(fc.nat({ max: 99 }), { minLength: 30, maxLength: 30 }),
    targets: fc.integer({ min: 1, max: 2 }),
  })

  test('are loop-free, shorten with every step and pass one spine at most', () => {
    let steps = 0
    fc.assert(
      fc.property(graph, ({ spines, leaves, routers, pick, targets }) => {
        const pairs: { from: string; to: string }[] = []
        let k = 0
        const chance = (): boolean => (pick[k++ % pick.length] ?? 0) < 55
        for (let s = 1; s <= spines; s++) {
          for (let l = 1; l <= leaves; l++) if (chance()) pairs.push({ from: `leaf${l}`, to: `spine${s}` })
          for (let r = 1; r <= routers; r++) if (chance()) pairs.push({ from: `edge${r}`, to: `spine${s}` })
        }
        for (let a = 1; a <= routers; a++) {
          for (let b = a + 1; b <= routers; b++)
            if (chance()) pairs.push({ from: `edge${a}`, to: `edge${b}` })
        }
        const index = indexFabric(
          defineFabric({
            ztos: 1,
            name: 'graph',
            underlay: { loopbacks: '10.255.0.0/24', links: 'unnumbered' },
            nodes: {
              [`spine[1-${spines}]`]: { role: 'spine' },
              [`leaf[1-${leaves}]`]: { role: 'leaf' },
              ...(routers === 0 ? {} : { [`edge[1-${routers}]`]: { role: 'router' as const, asn: 64701 } }),
            },
            links: pairs,
          }),
        )
        const ends = new Set(index.nodes.slice(0, targets).map(({ name }) => name))
        const ways = waysTo(index, ends)
        const isSpine = (name: string): boolean => index.node(name).role === 'spine'
        /** Steps to a target, by every way the same, and the most spines on one. */
        const follow = (
          name: string,
          seen: readonly string[],
        ): { readonly length: number; readonly spines: number } => {
          expect(seen).not.toContain(name)
          const own = isSpine(name) ? 1 : 0
          if (ends.has(name)) return { length: 0, spines: own }
          const beyond = (ways.get(name) ?? []).map(({ peer }) => follow(peer, [...seen, name]))
          expect(beyond.length).toBeGreaterThan(0)
          expect(new Set(beyond.map(({ length }) => length)).size).toBe(1)
          steps++
          return {
            length: (beyond[0]?.length ?? 0) + 1,
            spines: own + Math.max(...beyond.map((one) => one.spines)),
          }
        }
        for (const name of ways.keys()) expect(follow(name, []).spines).toBeLessThan(2)
        // Who has a link to a target has a way of one step, but a spine to a spine's.
        for (const { from, to } of pairs) {
          for (const [near, far] of [
            [from, to],
            [to, from],
          ] as const) {
            if (!ends.has(far) || ends.has(near)) continue
            expect(ways.get(near)?.map(({ peer }) => peer)).toContain(far)
          }
        }
      }),
      { numRuns: 200 },
    )
    expect(steps).toBeGreaterThan(100)
  })
})

describe('an anycast network of a tenant', () => {
  const file = (control: 'static' | 'bgp'): FabricFile => ({
    ztos: 1,
    name: 'x',
    underlay: { loopbacks: '10.255.0.0/24', links: '10.254.0.0/24', control },
    nodes: { spine1: { role: 'spine' }, 'leaf[1-3]': { role: 'leaf' } },
    links: [{ from: 'leaf*', to: 'spine1' }],
    tenants: {
      t: {
        l3vni: 900,
        networks: {
          dns: { anycast: true, gateways: ['10.0.53.1/24'] },
          web: { vni: 1, gateways: ['10.0.1.1/24'] },
        },
        hosts: {
          d1: { at: 'leaf1', network: 'dns', address: '10.0.53.53' },
          d2: { at: 'leaf2', network: 'dns', address: '10.0.53.53' },
          w3: { at: 'leaf3', network: 'web' },
        },
      },
    },
  })

  test("[EVPN-7] is each node's own: no tunnel, no route but its prefix", () => {
    const plan = compile(defineFabric(file('bgp')))
    expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
    for (const name of ['leaf1', 'leaf2']) {
      const { control, program } = plan.nodes.find((node) => node.name === name) ?? {}
      expect(control?.evpn?.networks).toEqual([])
      expect(control?.evpn?.vrfs.map(({ prefixes }) => prefixes)).toEqual([['10.0.53.0/24']])
      expect(program?.interfaces.filter(({ kind }) => kind === 'vxlan').map(({ name: one }) => one)).toEqual([
        'vxlan900',
      ])
    }
  })

  test('[C17] has one route by all its nodes from elsewhere', () => {
    const plan = compile(defineFabric(file('static')))
    const { tables } = programOf(plan, 'leaf3')
    const route = tables.routes.find(({ prefix }) => prefix === '10.0.53.0/24')
    const members = tables.groups.find(({ id }) => id === route?.group)?.members
    const vteps = plan.nodes.filter(({ name }) => /^leaf[12]$/.test(name)).map(({ vtep }) => vtep)
    expect(members?.map(({ gateway }) => gateway)).toEqual(vteps)
    expect(programOf(plan, 'leaf1').tables.flood).toEqual([])
  })
})

describe('bridges', () => {
  const file = (control: 'static' | 'bgp'): FabricFile => ({
    ztos: 1,
    name: 'x',
    underlay: { loopbacks: '10.255.0.0/24', links: '10.254.0.0/24', control },
    nodes: { spine1: { role: 'spine' }, 'leaf[1-2]': { role: 'leaf' } },
    links: [{ from: 'leaf*', to: 'spine1' }],
    tenants: {
      t: {
        networks: {
          web: { vni: 1, gateways: ['10.0.1.1/24'], macLimit: 17, snooping: true },
          db: { vni: 2, subnet: '10.0.2.0/24' },
        },
        hosts: {
          w1: { at: 'leaf1', network: 'web', static: true, mac: '02:00:00:00:00:01', address: '10.0.1.7' },
          w2: { at: 'leaf2', network: 'web' },
          d1: { at: 'leaf1', network: 'db' },
          d2: { at: 'leaf2', network: 'db' },
        },
      },
    },
  })
  const plan = compile(defineFabric(file('static')))

  test('[C09] learn as many addresses as they may, and look at who asks for multicast', () => {
    const bridges = programOf(plan, 'leaf1').interfaces.flatMap((one) => (one.kind === 'bridge' ? [one] : []))
    expect(bridges.map(({ name, fdbLimit, snooping }) => [name, fdbLimit, snooping])).toEqual([
      ['br2', 8192, undefined],
      ['br1', 17, 260_000_000_000],
    ])
  })

  test('[C09] have entries for static hosts: on their port, and behind their leaf for the others', () => {
    const vtep = plan.nodes.find(({ name }) => name === 'leaf1')?.vtep
    const port = plan.hosts.find(({ id }) => id === 't/w1')?.at.interface
    const mac = '02:00:00:00:00:01'
    expect(programOf(plan, 'leaf1').tables.fdb).toEqual([expect.objectContaining({ mac, interface: port })])
    expect(programOf(plan, 'leaf2').tables.fdb).toEqual([expect.objectContaining({ mac, remote: vtep })])
    expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  })

  test('[EVPN-8] leave it to EVPN to tell others of static hosts', () => {
    const bgp = compile(defineFabric(file('bgp')))
    const hosts = (node: string) =>
      bgp.nodes.find(({ name }) => name === node)?.control?.evpn?.networks.map((network) => network.hosts)
    expect(hosts('leaf1')).toEqual([undefined, [{ mac: '02:00:00:00:00:01', addresses: ['10.0.1.7'] }]])
    expect(hosts('leaf2')).toEqual([undefined, undefined])
  })
})
