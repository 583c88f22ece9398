import { array, assert, constantFrom, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import type { Fault } from '../../record/target.js'
import { bgpControlPlane } from '../../twin/control/index.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { TwinFabric, type FabricInjection } from '../../twin/forward/index.js'
import { parseFabric } from '../../twin/model/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  formatIp,
  formatMac,
  MAC_BROADCAST,
  MAC_ZERO,
  parseIpv4,
  parseMac,
} from '../../twin/packet/index.js'
import { compile, deriveKeys } from '../../twin/program/index.js'
import { StateOracle, twinTarget } from '../../twin/target.js'

const plan: Plan = planOf(`
ztos: 1
name: breaking
underlay:
  mtu: 1700
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/24
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  leaf[1-3]: { role: leaf }
links:
  - { from: "leaf[1-3]", to: "spine[1-2]" }
tenants:
  shop:
    l3vni: 50001
    networks:
      web: { vlan: 10, vni: 10010, gateways: [10.1.0.1/24], at: "leaf[1-2]" }
      db: { vlan: 20, vni: 10020, gateways: [10.1.1.1/24], at: leaf3 }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
      db3: { at: leaf3, network: db }
`)
const keys = deriveKeys(plan, new Uint8Array(32))

function planOf(text: string): Plan {
  const { fabric, problems } = parseFabric(Buffer.from(text), 'breaking.yaml')
  if (fabric === undefined) throw new Error(JSON.stringify(problems))
  return compile(fabric, bgpControlPlane)
}
const HOSTS = ['web1', 'web2', 'db3'] as const
function hostOf(name: string) {
  const host = plan.hosts.find(({ id }) => id === `shop/${name}`)
  if (host === undefined) throw new Error(`there is no ${name}`)
  const [address = ''] = host.addresses[0]?.split('/') ?? []
  return { ...host, ip: parseIpv4(address), hw: parseMac(host.mac), gw: parseMac(host.gatewayMac ?? '') }
}
/** A host says its address. */
function announcement(name: string): FabricInjection {
  const { id, hw, ip } = hostOf(name)
  const arp = build.arp({ operation: 1, sha: hw, spa: ip, tha: MAC_ZERO, tpa: ip })
  return {
    trace: 0,
    at: { host: id },
    frame: encodeFrame(build.ethernet({ dst: MAC_BROADCAST, src: hw }, arp)),
  }
}
/** A flow between networks. */
function flow(trace: number, from: string, to: string): FabricInjection {
  const [source, target] = [hostOf(from), hostOf(to)]
  const udp = build.udp(
    { srcPort: 1000 + trace, dstPort: 53 },
    build.payload(encodeTraceId({ run: 1, trace })),
  )
  return {
    trace,
    at: { host: source.id },
    frame: encodeFrame(
      build.ethernet({ dst: source.gw, src: source.hw }, build.ipv4({ src: source.ip, dst: target.ip }, udp)),
    ),
  }
}
const running = () => new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) })
const LEAVES = ['leaf1', 'leaf2', 'leaf3'] as const
const NODES = [...LEAVES, 'spine1', 'spine2']
const NEIGHBOURS = [...HOSTS]

const vtepOf = (name: string) => plan.nodes.find((node) => node.name === name)?.vtep ?? ''
const macOf = (name: string) => formatMac(hostOf(name).hw)
/** Prefixes of a node. */
const loopback = (name: string) => `${vtepOf(name)}/32`
const dbPrefix = plan.nodes.find(({ name }) => name === 'leaf3')?.control?.evpn?.vrfs[0]?.prefixes[0] ?? ''

/** What a node has been given or has heard, as text. What never yields is one, be it the program's or the control plane's. */
function dump(fabric: TwinFabric, name: string): string[] {
  const { bridges, irbs, vxlans } = fabric.node(name).config
  return [
    ...bridges.flatMap(({ id, fdb }) =>
      [...fdb].map(([mac, { kind, member, remote }]) => {
        const behind = remote === undefined ? '' : ` ${formatIp(remote)}`
        return `${id} ${formatMac(mac)} ${kind === 'static' ? 'sticky' : kind} ${member.id}${behind}`
      }),
    ),
    ...irbs.flatMap(({ id, neighbours, control, dynamic }) => [
      ...[...neighbours].map(([ip, mac]) => `${id} ${formatIp(ip)} sticky ${formatMac(mac)}`),
      ...[...control].map(
        ([ip, { mac, sticky }]) => `${id} ${formatIp(ip)} ${sticky ? 'sticky' : 'control'} ${formatMac(mac)}`,
      ),
      ...[...dynamic].map(([ip, { state }]) => `${id} ${formatIp(ip)} ${state}`),
    ]),
    ...vxlans.map(({ id, flood }) => `${id} floods to ${flood.map(formatIp).join(' ')}`),
    ...routes(fabric, name),
  ].toSorted()
}
/** Where the addresses of hosts and loopbacks lead. */
function routes(fabric: TwinFabric, name: string): string[] {
  const probes = [
    ...NEIGHBOURS.map((host) => [1, hostOf(host).ip] as const),
    ...plan.nodes.flatMap(({ vtep }) => (vtep === undefined ? [] : [[0, parseIpv4(vtep)] as const])),
  ]
  const { vrfs } = fabric.node(name).config
  return probes.flatMap(([id, ip]) => {
    const entry = vrfs.get(id)?.routes4.lookup(Uint8Array.of(ip >>> 24, ip >>> 16, ip >>> 8, ip), 0)
    if (entry === undefined) return []
    const members = entry.members.map(
      ({ interface: on, gateway }) => `${on.id} ${gateway === undefined ? '' : formatIp(gateway)}`,
    )
    return [`vrf ${id} ${formatIp(ip)} by ${entry.kind} ${members.join(', ')}`]
  })
}
const all = (fabric: TwinFabric) => NODES.map((name) => [name, dump(fabric, name)])

const FAULTS: readonly Fault[] = [
  { kind: 'link-down', link: 'leaf1--spine1' },
  { kind: 'link-silent', link: 'leaf2--spine2' },
  { kind: 'node-down', node: 'spine2' },
  { kind: 'node-down', node: 'leaf3' },
  { kind: 'daemon-down', node: 'spine1' },
  { kind: 'daemon-hangs', node: 'leaf2' },
  { kind: 'agent-down', node: 'leaf1' },
  { kind: 'withdrawn', node: 'leaf3', prefix: loopback('leaf3') },
]

describe('[C13] faults of a fabric with a control plane', () => {
  test.each(FAULTS)('[FAULT-7] %j, repaired, is as if it had not been, for what has been heard', (fault) => {
    const fabric = running()
    const told = HOSTS.map(announcement)
    fabric.send(told)
    const before = all(fabric)
    fabric.fail(fault)
    fabric.repair(fault)
    // A node that was down has to hear its hosts again.
    if (fault.kind === 'node-down') fabric.send(told)
    expect(all(fabric)).toEqual(before)
  })

  test.each<[Fault, string]>([
    [{ kind: 'link-down', link: 'leaf1--spine1' }, 'FAULT-1'],
    [{ kind: 'link-silent', link: 'leaf1--spine1' }, 'FAULT-2'],
    [{ kind: 'node-down', node: 'spine1' }, 'FAULT-3'],
  ])('%j: the other way takes all, for leaves further off too', (fault) => {
    const fabric = running()
    fabric.send(HOSTS.map(announcement))
    fabric.fail(fault)
    const flows = Array.from({ length: 40 }, (_, n) => flow(n + 1, 'db3', 'web1'))
    const { arrivals, wire } = fabric.send(flows)
    expect(arrivals.filter(({ host, trace }) => host === 'shop/web1' && trace !== undefined)).toHaveLength(40)
    expect(new Set(wire.map(({ link }) => link))).toEqual(new Set(['leaf1--spine2', 'leaf3--spine2']))
  })

  test('[FAULT-3] what a leaf announced is gone while it is down, and back when its hosts have spoken', () => {
    const fabric = running()
    fabric.send(HOSTS.map(announcement))
    const has = () => dump(fabric, 'leaf1').filter((line) => line.includes(macOf('web2')))
    const floods = () => dump(fabric, 'leaf1').filter((line) => line.endsWith(`floods to ${vtepOf('leaf2')}`))
    expect(has()).toHaveLength(2)
    fabric.fail({ kind: 'node-down', node: 'leaf2' })
    expect(has()).toEqual([])
    expect(floods()).toEqual([])
    fabric.repair({ kind: 'node-down', node: 'leaf2' })
    expect(floods()).toHaveLength(1)
    expect(has()).toEqual([])
    fabric.send([announcement('web2')])
    expect(has()).toHaveLength(2)
  })

  test('[FAULT-5] without its agent a leaf tells nothing and is told nothing; the agent catches up', () => {
    const fabric = running()
    fabric.send([announcement('web1')])
    const [leaf1, leaf2] = [dump(fabric, 'leaf1'), dump(fabric, 'leaf2')]
    fabric.fail({ kind: 'agent-down', node: 'leaf2' })
    fabric.send([announcement('web2'), announcement('db3')])
    expect(dump(fabric, 'leaf1').filter((line) => line.includes(macOf('web2')))).toEqual([])
    // It learns by itself, and no more: nothing of db3 has come.
    expect(dump(fabric, 'leaf2').filter((line) => !leaf2.includes(line))).toEqual([
      expect.stringContaining(`${macOf('web2')} dynamic`),
      expect.stringContaining(`${formatIp(hostOf('web2').ip)} resolved`),
    ])
    expect(dump(fabric, 'leaf1')).not.toEqual(leaf1)
    fabric.repair({ kind: 'agent-down', node: 'leaf2' })
    const other = running()
    other.send([announcement('web1'), announcement('web2'), announcement('db3')])
    expect(all(fabric)).toEqual(all(other))
  })

  test('[FAULT-5] what a leaf is said to have without its agent is what it has', () => {
    const controlPlane = controlPlaneOf(plan)
    const fabric = new TwinFabric(plan, keys, { controlPlane })
    const fdb = () => JSON.stringify(controlPlane?.tables('leaf1').fdb)
    const [before, digest] = [fdb(), controlPlane?.digests().get('leaf1')]
    fabric.fail({ kind: 'agent-down', node: 'leaf1' })
    fabric.send([announcement('web2')])
    expect([fdb(), controlPlane?.digests().get('leaf1')]).toEqual([before, digest])
    fabric.repair({ kind: 'agent-down', node: 'leaf1' })
    expect(fdb()).toContain(macOf('web2'))
    expect(controlPlane?.digests().get('leaf1')).not.toBe(digest)
  })

  test('[FAULT-5] what was heard and forgotten meanwhile was never there', () => {
    const fabric = running()
    fabric.fail({ kind: 'agent-down', node: 'leaf2' })
    fabric.send([announcement('web2')])
    fabric.reset()
    fabric.repair({ kind: 'agent-down', node: 'leaf2' })
    expect(all(fabric)).toEqual(all(running()))
  })

  test('[FAULT-4] [FAULT-3] tables stay as they are while daemon or power is gone', () => {
    for (const kind of ['daemon-down', 'daemon-hangs', 'node-down'] as const) {
      const fabric = running()
      fabric.send(HOSTS.map(announcement))
      const before = dump(fabric, 'leaf1')
      fabric.fail({ kind, node: 'leaf1' })
      fabric.fail({ kind: 'node-down', node: 'leaf2' })
      expect(dump(fabric, 'leaf1')).toEqual(before)
      fabric.repair({ kind, node: 'leaf1' })
      expect(dump(fabric, 'leaf1')).not.toEqual(before)
    }
  })

  test('[FAULT-4] [BGP-2] peers forget what a node gave whose daemon is gone', () => {
    const isRoute = (line: string) => line.startsWith(`vrf 0 ${vtepOf('leaf2')} `)
    for (const kind of ['daemon-down', 'daemon-hangs'] as const) {
      const fabric = running()
      fabric.send(HOSTS.map(announcement))
      fabric.fail({ kind, node: 'leaf2' })
      const left = dump(fabric, 'leaf1')
      expect(left.filter((line) => line.includes(macOf('web2')))).toEqual([])
      expect(left.filter(isRoute)).toEqual([])
      fabric.repair({ kind, node: 'leaf2' })
      expect(dump(fabric, 'leaf1').filter(isRoute)).toHaveLength(1)
    }
  })

  test('[FAULT-6] a prefix that is not announced has no route elsewhere, and its network is still there', () => {
    const fabric = running()
    fabric.send([announcement('web1')])
    const isRoute = (line: string) => line.startsWith(`vrf 1 ${formatIp(hostOf('db3').ip)} by `)
    expect(dump(fabric, 'leaf1').filter(isRoute)).toHaveLength(1)
    fabric.fail({ kind: 'withdrawn', node: 'leaf3', prefix: dbPrefix })
    expect(dump(fabric, 'leaf1').filter(isRoute)).toEqual([])
    expect(dump(fabric, 'leaf3').filter(isRoute)).toEqual([expect.stringContaining('by connected')])
    expect(() => fabric.fail({ kind: 'withdrawn', node: 'leaf1', prefix: dbPrefix })).toThrow(
      `leaf1 announces ${loopback('leaf1')}, `,
    )
  })

  test('a spine has no agent', () => {
    expect(() => running().fail({ kind: 'agent-down', node: 'spine1' })).toThrow('spine1 has no agent')
  })

  test('[FAULT-7] whatever breaks and is repaired in whatever order, the fabric comes to what it would have been', () => {
    const step = constantFrom<number | string>(...FAULTS.keys(), ...HOSTS)
    assert(
      property(array(step, { maxLength: 14 }), (steps) => {
        const fabric = running()
        const standing = new Set<Fault>()
        for (const one of steps) {
          const fault = typeof one === 'number' ? FAULTS[one] : undefined
          if (fault === undefined) fabric.send([announcement(String(one))])
          else if (standing.delete(fault)) fabric.repair(fault)
          else fabric.fail((standing.add(fault), fault))
        }
        for (const fault of standing) fabric.repair(fault)
        fabric.reset()
        fabric.send(HOSTS.map(announcement))
        const fresh = running()
        fresh.send(HOSTS.map(announcement))
        expect(all(fabric)).toEqual(all(fresh))
      }),
      { numRuns: 40 },
    )
  })
})

test('[C13] the twin as a target fails and repairs, and the oracle follows', async () => {
  const target = twinTarget(plan, keys)
  const oracle = new StateOracle(plan, keys)
  const fault: Fault = { kind: 'node-down', node: 'leaf1' }
  await target.fail?.(fault)
  oracle.fail(fault)
  await expect(target.fail?.(fault)).rejects.toThrow('ZT_FAULT_STANDS')
  expect((await target.send([announcement('web1')])).fates).toEqual([])
  // Nobody hears it: nothing is written.
  expect(oracle.writesState(announcement('web1'))).toBe(false)
  await target.repair?.(fault)
  oracle.repair(fault)
  expect(oracle.writesState(announcement('web1'))).toBe(true)
  await expect(target.repair?.(fault)).rejects.toThrow('ZT_FAULT_NONE')
})
