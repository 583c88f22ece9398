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
import { Untold } from './untold.js'

function demo(): Plan {
  const { fabric } = loadFabric('topologies/demo-bgp.yaml')
  if (fabric === undefined) throw new Error('the demo fabric is not sound')
  return compile(fabric)
}

/** A twin whose control plane tells nobody anything until it is let go. */
class LateFabric {
  readonly #fabric: TwinFabric
  readonly #control: PredictedControlPlane | undefined
  #withheld: [string, readonly TableChange[]][] = []

  constructor(plan: Plan, keys: Keys) {
    this.#control = controlPlaneOf(plan)
    this.#fabric = new TwinFabric(plan, keys, {
      controlPlane: {
        learned: (changed) => {
          this.#withheld.push(...(this.#control?.learned(changed) ?? []))
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
  test.each([1, 2, 3, 4, 5, 6])(
    'a frame that does not depend on it is treated alike before and after, order %i',
    (order) => {
      const plan = demo()
      const keys = deriveKeys(plan, randomBytes(SEED_LENGTH))
      const [oracle, soon, late] = [
        new Oracle(plan, keys),
        new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) }),
        new LateFabric(plan, keys),
      ]
      let [waited, went] = [0, 0]
      for (const injection of everything(plan, order).slice(0, 60)) {
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
    },
  )

  test('a frame that enters where its MAC is about to be another’s waits, elsewhere it does not', () => {
    const mac = '02:00:00:00:00:01'
    const untold = new Untold()
    untold.tables('leaf2', [{ table: 'fdb', bridge: 1, mac, to: null }])
    const frame = encodeFrame(
      build.ethernet(
        { src: parseMac(mac), dst: parseMac('02:00:00:00:00:02') },
        build.ipv4({ src: 1 as Ipv4, dst: 2 as Ipv4 }, build.udp({ srcPort: 7, dstPort: 7 })),
      ),
    )
    expect(untold.concerns([{ node: 'leaf2', frame }])).toBe(true)
    expect(untold.concerns([{ node: 'leaf1', frame }])).toBe(false)
  })

  test('a frame that cannot be read waits when a MAC is anywhere in it', () => {
    const untold = new Untold()
    untold.tables('leaf2', [{ table: 'fdb', bridge: 1, mac: '02:00:00:00:00:01', to: null }])
    const cut = new Uint8Array([...Array.from({ length: 12 }, () => 9), 8, 0, 0x45, 2, 0, 0, 0, 0, 1])
    expect(untold.concerns([{ node: 'leaf1', frame: cut }])).toBe(true)
    expect(untold.concerns([{ node: 'leaf1', frame: cut.fill(3, 14) }])).toBe(false)
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
    const told = (change: TableChange) => {
      const untold = new Untold()
      untold.tables('leaf1', [change])
      return untold.concerns([{ node: 'leaf1', frame }])
    }
    expect(told({ table: 'flood', interface: 1, remotes: [] })).toBe(true)
    expect(told({ table: 'route', vrf: 1, prefix: '192.0.2.0/24', members: null })).toBe(true)
    expect(told({ table: 'route', vrf: 1, prefix: '10.0.0.9/32', members: null })).toBe(true)
    expect(told({ table: 'route', vrf: 1, prefix: '10.0.0.8/32', members: null })).toBe(false)
  })
})
