/**
 * A frame that does not depend on what is being told is treated alike before and after it is known.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { TableChange } from '../contract/control.js'
import type { Injection } from '../record/target.js'
import { compile } from '../twin/compile.js'
import { controlPlaneOf, type PredictedControlPlane } from '../twin/fabric-control.js'
import { TwinFabric, type FabricObservation, type Keys } from '../twin/forward/index.js'
import { loadFabric } from '../twin/model/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import type { Plan } from '../contract/plan.js'
import { build, encodeFrame, MAC_BROADCAST, MAC_ZERO, parseIp, parseMac } from '../twin/packet/index.js'
import type { Ipv4, Mac } from '../twin/packet/index.js'
import { Oracle } from './oracle.js'
import { Scopes } from './scopes.js'
import { Untold } from './untold.js'

function planOf(name: string): Plan {
  const { fabric } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new Error(`${name} is not sound`)
  return compile(fabric)
}

/** Tenants that all have the same addresses. */
const OVERLAPPING = 'multi-tenant'

/** A twin whose control plane tells nobody anything until it is let go. */
class LateFabric {
  readonly #fabric: TwinFabric
  readonly #control: PredictedControlPlane | undefined
  #withheld: [string, readonly TableChange[]][] = []

  constructor(plan: Plan, keys: Keys) {
    this.#control = controlPlaneOf(plan)
    this.#fabric = new TwinFabric(plan, keys, {
      controlPlane: {
        ...(this.#control?.begins === undefined ? {} : { begins: this.#control.begins }),
        learned: (changed) => {
          const answer = this.#control?.learned(changed) ?? new Map()
          // What nodes begin with they are told.
          if (changed.size === 0) return answer
          this.#withheld.push(...answer)
          return new Map()
        },
      },
    })
  }

  letGo(): void {
    for (const [node, changes] of this.#withheld) {
      assert.equal(this.#fabric.node(node).apply(this.#fabric.now, changes).refusal, undefined)
    }
    this.#withheld = []
  }

  send(injection: Injection): FabricObservation {
    return this.#fabric.send([injection])
  }
}

/** What became of it, without the octets of tunnels. */
function outcome({ arrivals, fates, wire, punts }: FabricObservation) {
  return {
    arrivals: arrivals.map(({ host, frame, foreign }) => [host, Buffer.from(frame).toString('hex'), foreign]),
    fates,
    wire: wire.map(({ link, from, to, frame }) => [link, from, to, frame.length]),
    punts: punts.length,
  }
}

/** Every host of a tenant to every other one, routed ones by the gateway, in an order that a number chooses. */
function everything(plan: Plan, order: number): Injection[] {
  const frames = plan.hosts.flatMap((from) =>
    plan.hosts
      .filter((to) => to.tenant === from.tenant && to.id !== from.id)
      .flatMap((to): Injection[] => {
        const [src, dst] = [ipv4Of(from), ipv4Of(to)]
        const mac = from.network === to.network ? to.mac : from.gatewayMac
        if (mac === undefined || src === undefined || dst === undefined) return []
        const ethernet = { src: parseMac(from.mac), dst: parseMac(mac) }
        const packet = build.ipv4({ src, dst, ttl: 64 }, build.udp({ srcPort: 7, dstPort: 7 }))
        return [
          { trace: 0, at: { host: from.id }, frame: encodeFrame(build.ethernet(ethernet, packet)) },
          { trace: 0, at: { host: from.id }, frame: question(parseMac(from.mac), src, dst) },
        ]
      }),
  )
  const key = (index: number) => (index * 7919 + order * 104_729) % 10_007
  return frames
    .map((frame, index) => ({ frame, key: key(index + 1) }))
    .sort((a, b) => a.key - b.key)
    .map(({ frame }, index) => ({ ...frame, trace: index + 1 }))
}

function question(sha: Mac, spa: Ipv4, tpa: Ipv4): Uint8Array {
  const arp = build.arp({ operation: 1, sha, spa, tha: MAC_ZERO, tpa })
  return encodeFrame(build.ethernet({ dst: MAC_BROADCAST, src: sha }, arp))
}

function ipv4Of({ addresses }: Plan['hosts'][number]): Ipv4 | undefined {
  const all = addresses.map((text) => parseIp(text.slice(0, text.indexOf('/'))))
  return all.find((one): one is Ipv4 => typeof one === 'number')
}

describe('what is being told', () => {
  test.each([
    ...[1, 2, 3, 4].map((order) => ['demo-bgp', order] as const),
    ...[5, 6, 7].map((order) => [OVERLAPPING, order] as const),
  ])('a frame that does not depend on it is treated alike before and after: %s, order %i', (name, order) => {
    const plan = planOf(name)
    const keys = deriveKeys(plan, randomBytes(SEED_LENGTH))
    const [oracle, soon, late] = [
      new Oracle(plan, keys),
      new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) }),
      new LateFabric(plan, keys),
    ]
    let [waited, went] = [0, 0]
    for (const injection of everything(plan, order).slice(0, 80)) {
      const telling = oracle.telling
      const { dependsOn } = oracle.follow(injection)
      if (dependsOn !== undefined) {
        late.letGo()
        waited++
      } else if (telling) went++
      expect(outcome(late.send(injection)), `frame ${injection.trace}`).toEqual(
        outcome(soon.send([injection])),
      )
    }
    expect(waited).toBeGreaterThan(0)
    expect(went).toBeGreaterThan(0)
  })

  test('hosts of tenants with the same addresses do not wait for each other, those of one do', () => {
    const plan = planOf(OVERLAPPING)
    const oracle = new Oracle(plan, deriveKeys(plan, randomBytes(SEED_LENGTH)))
    const waits = (id: string, of: string) => {
      const [host, other] = [id, of].map((one) => plan.hosts.find((known) => known.id === one))
      const [src, dst] = [host, other].map((one) => (one === undefined ? undefined : ipv4Of(one)))
      if (host === undefined || src === undefined || dst === undefined) throw new Error(`no ${id} or ${of}`)
      const frame = question(parseMac(host.mac), src, dst)
      return oracle.follow({ trace: 1, at: { host: id }, frame }).dependsOn !== undefined
    }
    expect(waits('tenant1/web1', 'tenant1/web2')).toBe(false)
    expect(oracle.telling).toBe(true)
    expect(waits('tenant3/web1', 'tenant3/web2')).toBe(false)
    expect(waits('tenant3/web2', 'tenant3/web1'), 'it asks for whom others are being told of').toBe(true)
  })

  const [first, second] = ['leaf1', 'leaf2']
  const demo = planOf('demo-bgp')
  const scopes = new Scopes(demo)
  /** An interface of a network of shop's. */
  const placeOf = (node: string, kind: 'port' | 'irb' | 'vxlan') => {
    const { interfaces } = demo.nodes.find(({ name }) => name === node)?.program ?? { interfaces: [] }
    const ports = demo.hosts.filter(({ tenant, at }) => tenant === 'shop' && at.node === node)
    const bridges = new Set(
      ports.map(({ at }) => {
        const port = interfaces.find(({ id }) => id === at.interface)
        return port?.kind === 'port' ? port.bridge : undefined
      }),
    )
    const found = interfaces.find((one) => one.kind === kind && bridges.has(one.bridge))
    if (found === undefined || !('bridge' in found)) throw new Error(`no ${kind} of shop on ${node}`)
    return { id: found.id, bridge: found.bridge ?? 0, vrf: found.kind === 'irb' ? found.vrf : 0 }
  }
  const at = (node: string, frame: Uint8Array) => ({ node, interface: placeOf(node, 'port').id, frame })

  test('a frame that enters where its MAC is about to be another’s waits, elsewhere it does not', () => {
    const mac = '02:00:00:00:00:01'
    const untold = new Untold(scopes)
    untold.tables(second, [{ table: 'fdb', bridge: placeOf(second, 'port').bridge, mac, to: null }])
    const frame = encodeFrame(
      build.ethernet(
        { src: parseMac(mac), dst: parseMac('02:00:00:00:00:02') },
        build.ipv4({ src: 1 as Ipv4, dst: 2 as Ipv4 }, build.udp({ srcPort: 7, dstPort: 7 })),
      ),
    )
    expect(untold.concerns([at(second, frame)])).toBe(true)
    expect(untold.concerns([at(first, frame)])).toBe(false)
  })

  test('a frame that cannot be read waits when a MAC is anywhere in it, whosever the MAC is', () => {
    const untold = new Untold(scopes)
    const mac = '02:00:00:00:00:01'
    untold.tables(second, [{ table: 'fdb', bridge: placeOf(second, 'port').bridge, mac, to: null }])
    const cut = new Uint8Array([...Array.from({ length: 12 }, () => 9), 8, 0, 0x45, 2, 0, 0, 0, 0, 1])
    const host = demo.hosts.find(({ tenant }) => tenant === 'bank')?.id ?? ''
    expect(untold.concerns([at(first, cut)])).toBe(true)
    expect(untold.concerns([{ host, frame: cut }])).toBe(true)
    expect(untold.concerns([at(first, cut.fill(3, 14))])).toBe(false)
  })

  test('routes of networks and flood lists concern every frame, a host’s route its packets', () => {
    const frame = encodeFrame(
      build.ethernet(
        { src: 1 as Mac, dst: 2 as Mac },
        build.ipv4(
          { src: 1 as Ipv4, dst: parseIp('10.0.0.9') as Ipv4 },
          build.udp({ srcPort: 7, dstPort: 7 }),
        ),
      ),
    )
    const { vrf } = placeOf(first, 'irb')
    const told = (change: TableChange) => {
      const untold = new Untold(scopes)
      untold.tables(first, [change])
      return untold.concerns([at(first, frame)])
    }
    expect(told({ table: 'flood', interface: placeOf(first, 'vxlan').id, remotes: [] })).toBe(true)
    expect(told({ table: 'route', vrf, prefix: '192.0.2.0/24', members: null })).toBe(true)
    expect(told({ table: 'route', vrf, prefix: '10.0.0.9/32', members: null })).toBe(true)
    expect(told({ table: 'route', vrf, prefix: '10.0.0.8/32', members: null })).toBe(false)
    expect(told({ table: 'route', vrf: 0, prefix: '10.255.0.1/32', members: null }), 'the underlay').toBe(
      false,
    )
    expect(told({ table: 'route', vrf: 0, prefix: '10.255.0.0/24', members: null }), 'the underlay').toBe(
      true,
    )
    expect(told({ table: 'flood', interface: 4000, remotes: [] }), 'nobody knows whose').toBe(true)
  })

  test('what is in a tunnel is looked up where its VNI belongs, wherever it was received', () => {
    const address = parseIp('10.9.9.9') as Ipv4
    const untold = new Untold(scopes)
    const irb = placeOf(second, 'irb').id
    untold.tables(second, [{ table: 'neighbour', interface: irb, address: '10.9.9.9', to: null }])
    const inner = build.ethernet(
      { src: 1 as Mac, dst: 2 as Mac },
      build.ipv4({ src: 1 as Ipv4, dst: address }, build.udp({ srcPort: 7, dstPort: 7 })),
    )
    const tunnelled = (vni: number) =>
      encodeFrame(
        build.ethernet(
          { src: 3 as Mac, dst: 4 as Mac },
          build.ipv4(
            { src: 5 as Ipv4, dst: 6 as Ipv4 },
            build.udp({ srcPort: 7, dstPort: 4789 }, build.vxlan({ vni }, inner)),
          ),
        ),
      )
    const link = demo.links[0]
    if (link === undefined) throw new Error('the demo fabric has no link')
    const concerns = (tenant: string) => {
      const { networks = [] } = demo.tenants.find(({ name }) => name === tenant) ?? {}
      const vni = networks.find(({ nodes }) => nodes.length > 1)?.vni ?? 0
      return untold.concerns([{ node: link.a.node, interface: link.a.interface, frame: tunnelled(vni) }])
    }
    expect(concerns('shop')).toBe(true)
    expect(concerns('bank')).toBe(false)
    const plain = encodeFrame(inner)
    expect(
      untold.concerns([{ node: link.a.node, interface: link.a.interface, frame: plain }]),
      'on a link and in no tunnel',
    ).toBe(true)
  })
})
