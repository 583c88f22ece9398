import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { Plan } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import { defineFabric, parseFabric, type Fabric } from '../model/index.js'
import { compile, planBytes, validateProgram } from './index.js'

const topologies = [
  'demo',
  'demo-clear',
  'demo-v6',
  'demo-wireguard',
  'demo-stacked',
  'demo-wireguard-inside',
  'two-leaves',
  'pop-anycast',
  'drained',
] as const

function textOf(name: string): string {
  return readFileSync(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8')
}

function fabricOf(text: string, name = 'x.yaml'): Fabric {
  const { fabric, problems } = parseFabric(text, name)
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return fabric
}

function planOf(name: string): Plan {
  return compile(fabricOf(textOf(name), `${name}.yaml`))
}

function textOfPlan(plan: Plan): string {
  return new TextDecoder().decode(planBytes(plan))
}

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new TypeError(`${node} is not there`)
  return found.program
}

function interfaceOf<K extends Interface['kind']>(
  program: NodeProgram,
  name: string,
  kind: K,
): Extract<Interface, { kind: K }> {
  const found = program.interfaces.find((item) => item.name === name)
  if (found?.kind !== kind) throw new TypeError(`${name} is no ${kind}`)
  return found as Extract<Interface, { kind: K }>
}

describe.each(topologies)('topologies/%s.yaml', (name) => {
  const plan = planOf(name)

  test('compiles to what the contract allows, with programs that hold together', () => {
    expect(Plan.parse(plan)).toEqual(plan)
    expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  })

  test('compiles to the same octets again', () => {
    expect(textOfPlan(planOf(name))).toBe(textOfPlan(plan))
  })

  test('shares no part of itself, so that one can be changed alone', () => {
    const seen = new Set<object>()
    let shared = 0
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if (seen.has(value)) shared++
      seen.add(value)
      for (const inner of Object.values(value)) visit(inner)
    }
    visit(plan)
    expect(seen.size).toBeGreaterThan(100)
    expect(shared).toBe(0)
  })

  test('says nothing of this machine', () => {
    expect(textOfPlan(plan)).not.toContain(process.cwd())
    expect(plan.intents.flatMap(({ at }) => at ?? []).every((at) => at.startsWith(`${name}.yaml:`))).toBe(
      true,
    )
  })
})

describe('expected plans', () => {
  // To take over a change that is meant: ZT_REFRESH=1 npx vitest run twin/program, and review the difference.
  test.each(['demo', 'demo-v6', 'drained', 'demo-stacked', 'demo-wireguard-inside'])(
    'of topologies/%s.yaml',
    (name) => {
      const file = new URL(`testdata/expected/${name}.plan.json`, import.meta.url)
      const text = textOfPlan(planOf(name))
      if (process.env['ZT_REFRESH'] === '1') writeFileSync(file, text)
      expect(text).toBe(readFileSync(file, 'utf8'))
    },
  )
})

describe('a plan', () => {
  const withoutPlaces = (plan: Plan): unknown => ({
    ...plan,
    intents: plan.intents.map(({ at: _, ...intent }) => intent),
  })
  const demo = planOf('demo')

  test('does not change with comments and blank lines, but for where intents stand', () => {
    const commented = textOf('demo').replaceAll(/^(?=\S)/gm, '# a comment\n\n')
    const plan = compile(fabricOf(commented, 'demo.yaml'))
    expect(plan).not.toEqual(demo)
    expect(withoutPlaces(plan)).toEqual(withoutPlaces(demo))
  })

  test.each(['demo', 'drained', 'pop-anycast'])('of %s does not change with the order of keys', (name) => {
    const reverse = (value: unknown): unknown => {
      if (Array.isArray(value)) return value
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, inner]) => [key, reverse(inner)]),
      )
    }
    const reversed = stringify(reverse(parse(textOf(name))))
    expect(reversed.startsWith('intents:')).toBe(true)
    expect(withoutPlaces(compile(fabricOf(reversed)))).toEqual(withoutPlaces(planOf(name)))
  })

  test('does not change with the way in which nodes and links are written', () => {
    const written = textOf('demo')
      .replace('  spine[1-2]: { role: spine }\n', '  spine2: { role: spine }\n  spine1: { role: spine }\n')
      .replace(
        '  - { from: "leaf[1-3]", to: "spine[1-2]", seal: core }\n',
        '  - { from: spine1, to: "leaf*", seal: core }\n  - { from: [leaf3, "leaf[1-2]"], to: spine2, seal: core }\n',
      )
    expect(withoutPlaces(compile(fabricOf(written)))).toEqual(withoutPlaces(demo))
  })

  test('keeps the numbers of what stays when something is added', () => {
    const grown = textOf('demo')
      .replace('leaf[1-3]: {', 'leaf[1-4]: {')
      .replace('from: "leaf[1-3]"', 'from: "leaf[1-4]"')
      .replace('      web3:', '      web4: { at: leaf4, network: web }\n      web3:')
    const plan = compile(fabricOf(grown))
    const addresses = (of: Plan): Map<string, unknown> => {
      const map = new Map<string, unknown>()
      for (const host of of.hosts) map.set(host.id, [host.addresses, host.mac, host.gatewayMac])
      for (const { name, asn, vtep, program } of of.nodes) {
        map.set(name, [asn, vtep, program.seeds])
        for (const item of program.interfaces) {
          if (item.kind === 'macsec') map.set(`${name} ${item.tx.key}`, [item.mac, item.addresses])
        }
      }
      return map
    }
    const after = addresses(plan)
    for (const [key, value] of addresses(demo)) expect.soft(after.get(key), key).toEqual(value)
    expect(after.size).toBeGreaterThan(addresses(demo).size)
  })

  test('has seeds of its own on each node and in each fabric', () => {
    const seeds = (plan: Plan): number[] =>
      plan.nodes.flatMap(({ program }) => [program.seeds.ecmp, program.seeds.sourcePort])
    const all = [...seeds(demo), ...seeds(planOf('demo-clear'))]
    expect(new Set(all).size).toBe(all.length)
  })

  test('is made in a few milliseconds', () => {
    const fabric = fabricOf(textOf('demo'))
    const times = Array.from({ length: 9 }, () => {
      const start = performance.now()
      compile(fabric)
      return performance.now() - start
    })
    // Twenty times what it takes here: this catches a wrong order of growth, not a slow machine.
    expect(Math.min(...times)).toBeLessThan(40)
  })
})

describe('the demo', () => {
  const plan = planOf('demo')
  const leaf1 = programOf(plan, 'leaf1')

  test('seals its links: addresses and routing are above, the port takes the overhead', () => {
    expect(interfaceOf(leaf1, 'eth1', 'port')).toMatchObject({ mtu: 1732, addresses: [], tap: true })
    expect(interfaceOf(leaf1, 'eth1', 'port').vrf).toBeUndefined()
    const macsec = interfaceOf(leaf1, 'macsec1', 'macsec')
    expect(macsec).toMatchObject({
      lower: 1,
      vrf: 0,
      mtu: 1700,
      mode: 'strict',
      mac: interfaceOf(leaf1, 'eth1', 'port').mac,
    })
    expect(macsec.tx).toEqual({
      sci: `${macsec.mac.replaceAll(':', '')}0001`,
      an: 0,
      key: 'lab:core/leaf1--spine1/leaf1/0',
    })
    const far = interfaceOf(programOf(plan, 'spine1'), 'macsec1', 'macsec')
    expect(macsec.rx).toEqual([far.tx])
    expect(far.rx).toEqual([macsec.tx])
    expect(plan.links.every((link) => link.mtu === 1732 && link.seal === 'core')).toBe(true)
  })

  test('without a seal routes on the port itself', () => {
    const clear = programOf(planOf('demo-clear'), 'leaf1')
    expect(clear.interfaces.some((item) => item.kind === 'macsec')).toBe(false)
    expect(interfaceOf(clear, 'eth1', 'port')).toMatchObject({ vrf: 0, mtu: 1700, tap: true })
    expect(interfaceOf(clear, 'eth1', 'port').addresses).toHaveLength(1)
    expect(planOf('demo-clear').keys).toEqual([])
  })

  test('punts by XDP on the ports of links that say so, at both ends', () => {
    const text = textOf('demo-clear')
    const plan = compile(fabricOf(text.replace(/(to: "?spine[^,}]*)( ?\})/, '$1, punt: xdp$2')))
    const ports = plan.nodes.flatMap(({ program }) =>
      program.interfaces.filter((item) => item.kind === 'port'),
    )
    expect(ports.filter(({ tap }) => tap).map(({ punt }) => punt)).toEqual(
      plan.links.flatMap(() => ['xdp', 'xdp']),
    )
    expect(ports.filter(({ tap }) => !tap).every((port) => !('punt' in port))).toBe(true)
    const without = planOf('demo-clear').nodes.flatMap(({ program }) => program.interfaces)
    expect(without.every((item) => !('punt' in item))).toBe(true)
  })

  test('reaches a leaf by both spines, and a spine by its link', () => {
    const vtep = (node: string): string => plan.nodes.find(({ name }) => name === node)?.vtep ?? ''
    const route = leaf1.tables.routes.find(({ prefix }) => prefix === `${vtep('leaf2')}/32`)
    const group = leaf1.tables.groups.find(({ id }) => id === route?.group)
    expect(group?.members.map((member) => member.interface)).toEqual([
      interfaceOf(leaf1, 'macsec1', 'macsec').id,
      interfaceOf(leaf1, 'macsec2', 'macsec').id,
    ])
  })

  test('stretches shop/web over its two leaves, and no further', () => {
    const vxlan = interfaceOf(leaf1, 'vxlan10010', 'vxlan')
    const remotes = [plan.nodes.find(({ name }) => name === 'leaf2')?.vtep]
    expect(vxlan).toMatchObject({
      vni: 10010,
      remotes,
      learning: true,
      udpChecksum: 'zero',
      df: true,
      ttl: 64,
    })
    expect(leaf1.tables.flood).toContainEqual({ interface: vxlan.id, remotes })
    expect(programOf(plan, 'leaf3').interfaces.map(({ name }) => name)).not.toContain('vxlan10010')
    // On one leaf alone: nothing to tunnel to.
    expect(programOf(plan, 'leaf3').interfaces.map(({ name }) => name)).toContain('br10020')
    expect(programOf(plan, 'leaf3').interfaces.map(({ name }) => name)).not.toContain('vxlan10020')
  })

  test('routes to shop/db by the L3 VNI, IPv6 by an IPv4 next hop too', () => {
    const shop = leaf1.vrfs.find(({ name }) => name === 'shop')?.id
    const irb = interfaceOf(leaf1, 'irb50001', 'irb')
    const vtep = plan.nodes.find(({ name }) => name === 'leaf3')?.vtep
    const members = [{ interface: irb.id, gateway: vtep }]
    for (const prefix of ['10.1.1.0/24', '2001:db8:2::/64']) {
      const route = leaf1.tables.routes.find(
        (candidate) => candidate.vrf === shop && candidate.prefix === prefix,
      )
      expect(leaf1.tables.groups.find(({ id }) => id === route?.group)?.members).toEqual(members)
    }
    const far = interfaceOf(programOf(plan, 'leaf3'), 'irb50001', 'irb')
    expect(irb).toMatchObject({ addresses: [], suppress: false, vrf: shop, mac: irb.systemMac })
    expect(leaf1.tables.neighbours).toContainEqual({ interface: irb.id, address: vtep, mac: far.systemMac })
    expect(leaf1.tables.fdb).toContainEqual({
      bridge: irb.bridge,
      mac: far.systemMac,
      interface: interfaceOf(leaf1, 'vxlan50001', 'vxlan').id,
      remote: vtep,
    })
    expect(interfaceOf(leaf1, 'vxlan50001', 'vxlan').learning).toBe(false)
  })

  test('gives both tenants the same addresses, and nothing else in common', () => {
    const of = (id: string) => plan.hosts.find((host) => host.id === id)
    expect(of('shop/web1')?.addresses).toEqual(of('bank/web1')?.addresses)
    expect(of('shop/web1')?.mac).not.toBe(of('bank/web1')?.mac)
    expect(of('shop/web1')?.gatewayMac).not.toBe(of('bank/web1')?.gatewayMac)
  })

  test('has the same gateway on each leaf of a network, and a system MAC of each leaf', () => {
    const here = interfaceOf(leaf1, 'irb10010', 'irb')
    const there = interfaceOf(programOf(plan, 'leaf2'), 'irb10010', 'irb')
    expect(there.mac).toBe(here.mac)
    expect(there.addresses).toEqual(here.addresses)
    expect(there.systemMac).not.toBe(here.systemMac)
  })

  test('has no gateway and no VRF for a network of layer 2 alone', () => {
    expect(leaf1.interfaces.map(({ name }) => name)).toContain('vxlan20030')
    expect(leaf1.interfaces.map(({ name }) => name)).not.toContain('irb20030')
    expect(plan.hosts.find(({ id }) => id === 'bank/sync1')).toMatchObject({ gateways: [] })
    expect(plan.hosts.find(({ id }) => id === 'bank/sync1')?.gatewayMac).toBeUndefined()
  })

  test('over IPv6 computes the UDP checksum and numbers links from /127', () => {
    const v6 = programOf(planOf('demo-v6'), 'leaf1')
    expect(interfaceOf(v6, 'vxlan10010', 'vxlan')).toMatchObject({ udpChecksum: 'compute' })
    expect(interfaceOf(v6, 'macsec1', 'macsec').addresses[0]).toMatch(/^2001:db8:fffe::.*\/127$/)
  })

  test('implies that its tenants are isolated', () => {
    expect(plan.intents).toContainEqual({
      kind: 'isolate',
      name: 'isolation:bank--shop',
      tenants: ['bank', 'shop'],
    })
  })
})

describe('special networks', () => {
  const plan = compile(
    defineFabric('special', (f) => {
      f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
      f.link(f.leaves('leaf[1-3]'), f.spines('spine[1-2]'), { count: 2 })
      const t = f.tenant('t', { l3vni: 9 })
      const central = t.network('central', {
        vni: 1,
        gateways: ['10.0.0.1/24'],
        at: 'leaf[1-2]',
        gatewayAt: 'leaf2',
        mtu: 1400,
      })
      const far = t.network('far', { vni: 2, gateways: ['10.0.1.1/24'], mtu: 1600 })
      t.host('c1', central, { at: 'leaf1', mac: '02:00:00:00:00:AA', address: '10.0.0.9', mtu: 1300 })
      t.host('f1', far, { at: 'leaf3' })
    }),
  )
  const leaf1 = programOf(plan, 'leaf1')

  test('a gateway on one leaf is reached over the L2 VNI by a static entry', () => {
    const vxlan = interfaceOf(leaf1, 'vxlan1', 'vxlan')
    const irb = interfaceOf(programOf(plan, 'leaf2'), 'irb1', 'irb')
    const host = plan.hosts.find(({ id }) => id === 't/c1')
    expect(host?.gatewayMac).toBe(irb.mac)
    expect(leaf1.tables.fdb).toEqual([
      {
        bridge: vxlan.bridge,
        mac: irb.mac,
        interface: vxlan.id,
        remote: plan.nodes.find(({ name }) => name === 'leaf2')?.vtep,
      },
    ])
    // A leaf without a gateway of the tenant does not route for it.
    expect(leaf1.vrfs.map(({ name }) => name)).toEqual(['underlay'])
    expect(
      programOf(plan, 'leaf3')
        .tables.groups.at(-1)
        ?.members.map(({ gateway }) => gateway),
    ).toEqual([plan.nodes.find(({ name }) => name === 'leaf2')?.vtep])
  })

  test('given addresses are taken as they are', () => {
    expect(plan.hosts.find(({ id }) => id === 't/c1')).toMatchObject({
      mac: '02:00:00:00:00:aa',
      addresses: ['10.0.0.9/24'],
      mtu: 1300,
    })
  })

  test('the L3 VNI takes the longest packet of any network, a bridge that of its own', () => {
    const leaf3 = programOf(plan, 'leaf3')
    expect(interfaceOf(leaf3, 'irb9', 'irb').mtu).toBe(1600)
    expect(interfaceOf(leaf3, 'vxlan9', 'vxlan').mtu).toBe(1600)
    expect(interfaceOf(leaf1, 'vxlan1', 'vxlan').mtu).toBe(1400)
    expect(interfaceOf(leaf1, 'eth5', 'port').mtu).toBe(1400)
  })

  test('parallel links are members of their own', () => {
    expect(leaf1.tables.groups[0]?.members).toHaveLength(4)
    expect(plan.links.map(({ id }) => id).slice(0, 3)).toEqual([
      'leaf1--spine1',
      'leaf1--spine1#2',
      'leaf1--spine2',
    ])
  })
})
