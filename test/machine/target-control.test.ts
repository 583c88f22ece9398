import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { bgpControlPlane } from '../../twin/control/index.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { TwinFabric } from '../../twin/forward/index.js'
import { parseFabric } from '../../twin/model/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  MAC_BROADCAST,
  MAC_ZERO,
  parseIp,
  parseIpv4,
  parseMac,
} from '../../twin/packet/index.js'
import { compile, deriveKeys } from '../../twin/program/index.js'
import { StateOracle, twinTarget } from '../../twin/target.js'

const TEXT = `
ztos: 1
name: moving
underlay:
  mtu: 1700
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/24
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine1: { role: spine }
  leaf[1-3]: { role: leaf }
links:
  - { from: "leaf[1-3]", to: spine1 }
tenants:
  shop:
    l3vni: 50001
    networks:
      web: { vlan: 10, vni: 10010, gateways: [10.1.0.1/24] }
      db: { vlan: 20, vni: 10020, gateways: [10.1.1.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
      web3: { at: leaf3, network: web }
      db3: { at: leaf3, network: db }
`
const plan = planOf(TEXT)
const keys = deriveKeys(plan, new Uint8Array(32))

function planOf(text: string): Plan {
  const { fabric, problems } = parseFabric(Buffer.from(text), 'moving.yaml')
  if (fabric === undefined) throw new Error(JSON.stringify(problems))
  return compile(fabric, bgpControlPlane)
}

function hostOf(id: string) {
  const host = plan.hosts.find((one) => one.id === id)
  if (host === undefined) throw new Error(`there is no ${id}`)
  const [address = ''] = host.addresses[0]?.split('/') ?? []
  return { ...host, ip: parseIpv4(address), hw: parseMac(host.mac), gw: parseMac(host.gatewayMac ?? '') }
}
const [web1, web2, web3, db3] = ['web1', 'web2', 'web3', 'db3'].map((name) => hostOf(`shop/${name}`)) as [
  ReturnType<typeof hostOf>,
  ReturnType<typeof hostOf>,
  ReturnType<typeof hostOf>,
  ReturnType<typeof hostOf>,
]
type HostHere = typeof web1
/** A host that no port has and that nobody answers for, so that it can be anywhere. */
const guest: HostHere = {
  ...web1,
  id: 'guest',
  hw: parseMac('02:99:00:00:00:01'),
  ip: parseIpv4('10.1.0.200'),
}

/** A host asks who has another's address; `at` is where it is now. */
const asks = (host: HostHere, { ip: tpa }: HostHere, at = host.id) => ({
  trace: 0,
  at: { host: at },
  frame: encodeFrame(
    build.ethernet(
      { dst: MAC_BROADCAST, src: host.hw },
      build.arp({ operation: 1, sha: host.hw, spa: host.ip, tha: MAC_ZERO, tpa }),
    ),
  ),
})
/** It says its own. */
const announcement = (host: HostHere, at = host.id) => asks(host, host, at)
function sent(trace: number, from: HostHere, to: HostHere) {
  const payload = build.payload(encodeTraceId({ run: 1, trace }))
  return {
    trace,
    at: { host: from.id },
    frame: encodeFrame(
      build.ethernet(
        { dst: from.network === to.network ? to.hw : from.gw, src: from.hw },
        build.ipv4({ src: from.ip, dst: to.ip }, build.udp({ srcPort: trace, dstPort: 53 }, payload)),
      ),
    ),
  }
}

/** What a leaf has for a MAC of the network web: how it came to it, and where it leads. */
function entry(fabric: TwinFabric, leaf: string, host: HostHere): string | undefined {
  const { vxlans } = fabric.node(leaf).config
  const bridge = vxlans.find(({ vni }) => vni === 10010)?.bridge
  const found = bridge?.fdb.lookup(host.hw, fabric.now)
  return found && `${found.kind} ${found.remote === undefined ? 'here' : nodeAt(found.remote)}`
}
const nodeAt = (vtep: unknown) =>
  plan.nodes.find((node) => node.vtep !== undefined && parseIp(node.vtep) === vtep)?.name

const running = () => new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) })

describe('a fabric with a control plane in the twin', () => {
  test('[EVPN-2] [TABLE-2] what one leaf hears the others have before the next frame', () => {
    const fabric = running()
    fabric.send([announcement(web1)])
    expect(['leaf1', 'leaf2', 'leaf3'].map((leaf) => entry(fabric, leaf, web1))).toEqual([
      'dynamic here',
      'control leaf1',
      'control leaf1',
    ])
    // Nothing is flooded for it any more.
    const { wire } = fabric.send([sent(1, web2, web1)])
    expect(new Set(wire.map(({ link }) => link))).toEqual(new Set(['leaf1--spine1', 'leaf2--spine1']))
  })

  test('[Z12] [EVPN-3] [TABLE-3] [ARP-4] a leaf answers for hosts of others that have spoken', async () => {
    const target = twinTarget(plan, keys)
    await target.send([announcement(web1)])
    const seen = await target.send([asks(web3, web1)])
    expect(seen.fates).toContainEqual({ node: 'leaf3', fate: 'arp-suppressed', trace: 0 })
    expect(seen.wire).toEqual([])
  })

  test('[Z12] [TABLE-5] a host behind another leaf is routed to that leaf directly, by the L3 VNI', () => {
    const fabric = running()
    fabric.send([announcement(web1), announcement(db3)])
    const seen = fabric.send([sent(7, web1, db3)])
    expect(seen.arrivals.filter(({ trace }) => trace === 7).map(({ host }) => host)).toEqual(['shop/db3'])
    expect(new Set(seen.wire.map(({ link }) => link))).toEqual(new Set(['leaf1--spine1', 'leaf3--spine1']))
  })

  test('[EVPN-6] [LEARN-6] a host that moves is where it was heard last, everywhere; back again too', () => {
    const fabric = running()
    fabric.send([announcement(guest, web1.id)])
    for (const [at, leaf] of [
      [web2.id, 'leaf2'],
      [web3.id, 'leaf3'],
      [web1.id, 'leaf1'],
      [web2.id, 'leaf2'],
    ] as const) {
      fabric.send([announcement(guest, at)])
      for (const name of ['leaf1', 'leaf2', 'leaf3']) {
        expect(entry(fabric, name, guest)).toBe(name === leaf ? 'dynamic here' : `control ${leaf}`)
      }
    }
  })

  test('[CTRL-3] [LEARN-4] what is forgotten or has aged is withdrawn', () => {
    for (const end of [(one: TwinFabric) => one.reset(), (one: TwinFabric) => one.advanceTime(10_000e9)]) {
      const fabric = running()
      fabric.send([announcement(guest, web1.id), announcement(web2)])
      end(fabric)
      expect(['leaf1', 'leaf2', 'leaf3'].map((leaf) => entry(fabric, leaf, guest))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      fabric.send([announcement(guest, web3.id)])
      expect(entry(fabric, 'leaf1', guest)).toBe('control leaf3')
    }
  })

  test('the oracle knows that a frame changes tables elsewhere', () => {
    const oracle = new StateOracle(plan, keys)
    const frames = [web1.id, web1.id, web2.id].map((at) => announcement(guest, at))
    expect(frames.map((one) => oracle.writesState(one))).toEqual([true, false, true])
  })
})

test('a plan without a control plane has none', () => {
  const nodes = plan.nodes.map(({ control: _, ...node }) => node)
  expect(controlPlaneOf({ ...plan, nodes })).toBeUndefined()
})

test('[TABLE-10] [ARP-4] a host that is announced always is answered for, also by a leaf that has been without power', () => {
  const announced = planOf(
    TEXT.replace('web1: { at: leaf1, network: web }', 'web1: { at: leaf1, network: web, static: true }'),
  )
  const fabric = new TwinFabric(announced, keys, { controlPlane: controlPlaneOf(announced) })
  const suppressed = [{ node: 'leaf2', fate: 'arp-suppressed', trace: 0 }]
  expect(fabric.send([asks(web2, web1)]).fates).toEqual(suppressed)
  fabric.fail({ kind: 'node-down', node: 'leaf2' })
  fabric.repair({ kind: 'node-down', node: 'leaf2' })
  expect(fabric.send([asks(web2, web1)]).fates).toEqual(suppressed)
})
