import { describe, expect, test } from 'vitest'
import type { TableChange } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import {
  FabricNode,
  formatWalk,
  trace,
  TwinFabric,
  type FabricControlPlane,
  type FabricInjection,
  type FabricOperation,
  type LearnedMac,
  type LearnedState,
} from '../../twin/forward/index.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { PlanBuilder, sampleKeys } from './support/plan-builder.js'

const builder = new PlanBuilder({ leaves: 3, tenants: 1 })
/** Nothing is learned behind tunnels: that is the control plane's business. */
const plan: Plan = withoutTunnelLearning(builder.plan())
const keys = sampleKeys(plan)
const vtepOf = (node: string) => builder.vtep(Number(node.slice('leaf'.length)))
const webMac = (leaf: number) => `02:aa:01:01:00:0${leaf}`
/** Bridge, vxlan and host port of tenant1/web. */
const [WEB, TUNNEL, PORT] = [1010, 1012, 1013]
const SECOND = 1_000_000_000

function withoutTunnelLearning(of: Plan): Plan {
  const nodes = of.nodes.map((node) => {
    const interfaces = node.program.interfaces.map((one) =>
      one.kind === 'vxlan' ? { ...one, learning: false } : one,
    )
    return { ...node, program: { ...node.program, interfaces } }
  })
  return { ...of, nodes }
}

/** From tenant1/web`from` to the MAC of web`to`. */
function bridged(number: number, from: number, to: number): FabricInjection {
  const packet = build.ipv4(
    { src: parseIpv4(`10.1.1.${10 + from}`), dst: parseIpv4(`10.1.1.${10 + to}`) },
    build.udp({ srcPort: 1, dstPort: 2 }, build.payload(encodeTraceId({ run: 1, trace: number }))),
  )
  return {
    trace: number,
    at: { host: `tenant1/web${from}` },
    frame: encodeFrame(build.ethernet({ dst: parseMac(webMac(to)), src: parseMac(webMac(from)) }, packet)),
  }
}

const fdbChange = ({ mac }: LearnedMac, remote: string | null): TableChange => ({
  table: 'fdb',
  bridge: WEB,
  mac,
  to: remote === null ? null : { interface: TUNNEL, remote, sticky: false },
})

/** Tells every other leaf where a MAC of tenant1/web is, and takes it back: the least that a control plane does. */
class Announcer implements FabricControlPlane {
  readonly calls: (readonly [string, readonly string[]])[][] = []
  private readonly known = new Map<string, readonly LearnedMac[]>()

  learned(changed: ReadonlyMap<string, LearnedState>): Map<string, TableChange[]> {
    this.calls.push([...changed].map(([node, { fdb }]) => [node, fdb.map(({ mac }) => mac)]))
    const changes = new Map<string, TableChange[]>()
    for (const [node, { fdb }] of changed) {
      const web = fdb.filter(({ bridge }) => bridge === WEB)
      const gone = (this.known.get(node) ?? []).filter((one) => !web.some(({ mac }) => mac === one.mac))
      this.known.set(node, web)
      for (const { name } of plan.nodes) {
        if (!name.startsWith('leaf') || name === node) continue
        const list = changes.get(name) ?? []
        list.push(
          ...gone.map((one) => fdbChange(one, null)),
          ...web.map((one) => fdbChange(one, vtepOf(node))),
        )
        changes.set(name, list)
      }
    }
    return changes
  }
}

const entry = (fabric: TwinFabric, node: string, mac: string) => {
  const { bridges } = fabric.node(node).config
  const found = bridges.find(({ id }) => id === WEB)?.fdb.lookup(parseMac(mac), fabric.now)
  return found === undefined ? undefined : `${found.kind} on ${found.member.id}`
}
const reached = (seen: ReturnType<TwinFabric['send']>) => seen.arrivals.map(({ host }) => host)

describe('a control plane that follows a fabric', () => {
  test('is told what changed when all frames are at rest, and tables are as it says before the next frame', () => {
    const controlPlane = new Announcer()
    const fabric = new TwinFabric(plan, keys, { controlPlane })
    const seen = fabric.send([bridged(1, 1, 2), bridged(2, 3, 1), bridged(3, 1, 3)])
    expect(controlPlane.calls).toEqual([[['leaf1', [webMac(1)]]], [['leaf3', [webMac(3)]]]])
    // The first is flooded; then everybody knows where web1 is, also leaves that never heard it behind a tunnel.
    expect(reached(seen)).toEqual(['tenant1/web2', 'tenant1/web3', 'tenant1/web1', 'tenant1/web3'])
    expect(entry(fabric, 'leaf2', webMac(1))).toBe(`control on ${TUNNEL}`)
    expect(entry(fabric, 'leaf1', webMac(3))).toBe(`control on ${TUNNEL}`)
    // What it changes is state that a frame wrote.
    expect(seen.wrote).toEqual([true, true, false])
  })

  test('without one, tables stay as the programs have them', () => {
    const fabric = new TwinFabric(plan, keys)
    fabric.send([bridged(1, 1, 2)])
    expect(entry(fabric, 'leaf2', webMac(1))).toBeUndefined()
  })

  test('a MAC that moves is told by both leaves, until neither changes', () => {
    const controlPlane = new Announcer()
    const fabric = new TwinFabric(plan, keys, { controlPlane })
    fabric.send([bridged(1, 1, 2)])
    const moved = { ...bridged(2, 1, 3), at: { host: 'tenant1/web2' } }
    fabric.send([moved])
    // leaf2 hears it; leaf1's entry becomes a control entry, which leaf1 then says it does not hear any more.
    expect(controlPlane.calls.slice(1)).toEqual([[['leaf2', [webMac(1)]]], [['leaf1', []]]])
    expect(entry(fabric, 'leaf2', webMac(1))).toBe(`dynamic on ${PORT}`)
  })

  test('[CTRL-3] [LEARN-4] follows a reset and time that passes', () => {
    for (const end of [
      (fabric: TwinFabric) => fabric.reset(),
      (fabric: TwinFabric) => fabric.advanceTime(300 * SECOND),
    ]) {
      const controlPlane = new Announcer()
      const fabric = new TwinFabric(plan, keys, { controlPlane })
      fabric.send([bridged(1, 1, 2)])
      end(fabric)
      expect(controlPlane.calls.slice(1)).toEqual([[['leaf1', []]]])
      expect(entry(fabric, 'leaf2', webMac(1))).toBeUndefined()
      expect(reached(fabric.send([bridged(2, 2, 1)]))).toEqual(['tenant1/web1', 'tenant1/web3'])
    }
  })

  test('is not called when nothing that was learned changed', () => {
    const controlPlane = new Announcer()
    const fabric = new TwinFabric(plan, keys, { controlPlane })
    fabric.reset()
    fabric.advanceTime(SECOND)
    fabric.send([bridged(1, 1, 2)])
    const before = controlPlane.calls.length
    fabric.send([bridged(2, 1, 2), bridged(3, 1, 3)])
    fabric.advanceTime(SECOND)
    expect(controlPlane.calls).toHaveLength(before)
  })

  test('[NEIGH-5] a packet that a change releases is part of what the frame caused', () => {
    const gateway = parseMac('02:00:5e:00:00:01')
    const packet = build.ipv4(
      { src: parseIpv4('10.1.1.11'), dst: parseIpv4('10.1.2.99') },
      build.udp({ srcPort: 1, dstPort: 2 }, build.payload(encodeTraceId({ run: 1, trace: 7 }))),
    )
    const injection: FabricInjection = {
      trace: 7,
      at: { host: 'tenant1/web1' },
      frame: encodeFrame(build.ethernet({ dst: gateway, src: parseMac(webMac(1)) }, packet)),
    }
    const db: TableChange[] = [
      {
        table: 'neighbour',
        interface: 1021,
        address: '10.1.2.99',
        to: { mac: '02:aa:01:02:00:01', sticky: true },
      },
    ]
    const released = new TwinFabric(plan, keys, { controlPlane: { learned: () => new Map([['leaf1', db]]) } })
    const seen = released.send([injection])
    expect(seen.arrivals.find(({ trace: of }) => of === 7)?.host).toBe('tenant1/db1')
    // No second had to pass: nothing was given up.
    expect(released.now).toBe(0n)
    expect(seen.fates.filter(({ trace: of }) => of === 7)).toEqual([])
  })
})

describe('a control plane that is at fault', () => {
  test('one that goes on answering itself is stopped, and the nodes are named', () => {
    // Takes away what was heard, which is a change of what is heard.
    let told = 0
    const restless: FabricControlPlane = {
      learned: (changed) => {
        const [first] = [...changed.values()].flatMap(({ fdb }) => fdb)
        told++
        return first === undefined ? new Map() : new Map([['leaf1', [fdbChange(first, vtepOf('leaf2'))]]])
      },
    }
    const fabric = new TwinFabric(plan, keys, { controlPlane: restless, controlRounds: 1 })
    expect(() => fabric.send([bridged(1, 1, 2)])).toThrow(
      /^ZT_CONTROL_UNSETTLED: sample: .* after 1 answers; still changing: leaf1; /,
    )
    expect(told).toBe(1)
    const patient = new TwinFabric(plan, keys, { controlPlane: restless })
    patient.send([bridged(1, 1, 2)])
    expect(told).toBe(3)
  })

  test('a change that a node refuses is an error with node, index and reason', () => {
    const wrong = (node: string, changes: TableChange[]) =>
      new TwinFabric(plan, keys, { controlPlane: { learned: () => new Map([[node, changes]]) } })
    const missing: TableChange = { table: 'flood', interface: 77, remotes: [] }
    expect(() => wrong('leaf2', [missing]).send([bridged(1, 1, 2)])).toThrow(
      'ZT_CONTROL_REFUSED: leaf2: the control plane asks for what cannot be: changes[0]: interface 77 does not exist',
    )
    expect(() => wrong('leaf9', []).send([bridged(1, 1, 2)])).toThrow('there is no such node')
  })
})

test('who looks on is told of each operation before what comes of it: a journal of a node can be written', () => {
  const seen: string[] = []
  let pending: FabricOperation | undefined
  const journal = new Map<string, FabricOperation[]>()
  const fabric = new TwinFabric(plan, keys, {
    controlPlane: new Announcer(),
    observer: {
      controlled: (node, operation) => {
        pending = operation
        journal.set(node, [...(journal.get(node) ?? []), operation])
      },
      processed: (node) => {
        if (pending !== undefined) seen.push(`${node} ${pending.op}`)
        pending = undefined
      },
    },
  })
  fabric.send([bridged(1, 1, 2)])
  expect(seen).toEqual(['leaf2 apply', 'leaf3 apply'])
  fabric.reset()
  expect(seen.slice(2, 4)).toEqual(['leaf1 flush', 'leaf1 flush'])
  expect(seen.slice(-2)).toEqual(['leaf2 apply', 'leaf3 apply'])
  // The operations are requests as they stand.
  const node = new FabricNode(plan.nodes[1]!.program, keys)
  for (const operation of journal.get('leaf2') ?? []) {
    expect(node.control(0n, { id: 0, ...operation }).refusal).toBeUndefined()
  }
})

test('a walk shows what the control plane did, with the clause', () => {
  const walk = trace(plan, bridged(1, 1, 2), { keys, controlPlane: new Announcer() })
  const hop = walk.hops.find((one) => one.kind === 'node' && one.controlled === true)
  expect(hop).toMatchObject({ node: 'leaf2', events: [{ kind: 'step', clause: 'CTRL-6' }] })
  expect(formatWalk(walk)).toMatch(
    /leaf2: control plane\n +CTRL-6 +br1010: a control entry for 02:aa:01:01:00:01/,
  )
})
