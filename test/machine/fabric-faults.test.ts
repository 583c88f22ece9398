import { describe, expect, test } from 'vitest'
import type { TableChange } from '../../contract/control.js'
import {
  FabricNode,
  TwinFabric,
  type FabricControlPlane,
  type FabricDown,
  type FabricFault,
  type FabricInjection,
  type FabricOperation,
} from '../../twin/forward/index.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { GATEWAY_MAC, PlanBuilder, sampleKeys } from './support/plan-builder.js'

/* A fabric whose tables nobody changes: carrier alone (PORT-6) says what becomes of a packet. */

const plan = new PlanBuilder({ spines: 2, leaves: 3, tenants: 1 }).plan()
const keys = sampleKeys(plan)
const FLOWS = 40

/** A flow from web1 by its gateway to the network behind leaf2. */
const flow = (n: number, dst = '10.9.2.10'): FabricInjection => ({
  trace: n,
  at: { host: 'tenant1/web1' },
  frame: encodeFrame(
    build.ethernet(
      { dst: parseMac(GATEWAY_MAC), src: parseMac('02:aa:01:01:00:01') },
      build.ipv4(
        { src: parseIpv4('10.1.1.11'), dst: parseIpv4(dst) },
        build.udp({ srcPort: 1000 + n, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace: n }))),
      ),
    ),
  ),
})
const flows = Array.from({ length: FLOWS }, (_, n) => flow(n + 1))
/** Flows that arrive, and links that they take. */
function sent(fabric: TwinFabric) {
  const { arrivals, wire } = fabric.send(flows)
  return {
    arrived: arrivals.filter(({ host }) => host === 'tenant1/far2').length,
    links: [...new Set(wire.map(({ link }) => link))].toSorted(),
  }
}
const BOTH = ['leaf1--spine1', 'leaf1--spine2', 'leaf2--spine1', 'leaf2--spine2']
const fabricOf = (options: ConstructorParameters<typeof TwinFabric>[2] = {}) =>
  new TwinFabric(plan, keys, options)

describe('[C13] faults of a fabric without a control plane', () => {
  test('[FAULT-1] [PORT-6] a leaf whose uplink lost carrier uses the other; repaired, both', () => {
    const fabric = fabricOf()
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
    const fault: FabricFault = { kind: 'link-down', link: 'leaf1--spine1' }
    fabric.fail(fault)
    expect([fabric.node('leaf1').hasCarrier(1), fabric.node('spine1').hasCarrier(1)]).toEqual([false, false])
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: ['leaf1--spine2', 'leaf2--spine2'] })
    fabric.repair(fault)
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('[FAULT-2] what crosses a silent link is lost, and nobody notices', () => {
    const fabric = fabricOf()
    fabric.fail({ kind: 'link-silent', link: 'leaf1--spine1' })
    expect(fabric.node('leaf1').hasCarrier(1)).toBe(true)
    const { arrived, links } = sent(fabric)
    expect(arrived).toBeGreaterThan(0)
    expect(arrived).toBeLessThan(FLOWS)
    expect(links).toEqual(['leaf1--spine2', 'leaf2--spine2'])
    // What is put on the link as if it came from its far end is lost as well.
    const at = { link: 'leaf1--spine1', to: 'leaf1' }
    expect(fabric.send([{ trace: 1, at, frame: new Uint8Array(3) }]).fates).toEqual([])
    fabric.repair({ kind: 'link-silent', link: 'leaf1--spine1' })
    expect(fabric.send([{ trace: 1, at, frame: new Uint8Array(3) }]).fates).toHaveLength(1)
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('[FAULT-3] a spine that is down takes the carrier of all its links', () => {
    const fabric = fabricOf()
    fabric.fail({ kind: 'node-down', node: 'spine2' })
    expect(['leaf1', 'leaf2', 'leaf3'].map((leaf) => fabric.node(leaf).hasCarrier(2))).toEqual([
      false,
      false,
      false,
    ])
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: ['leaf1--spine1', 'leaf2--spine1'] })
    fabric.repair({ kind: 'node-down', node: 'spine2' })
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('[FAULT-3] [MACSEC-9] a leaf that is down neither hears its hosts nor reaches them; it is back without what it learned, and its packet numbers go on', () => {
    const fabric = fabricOf()
    const known = () => {
      const { fdb, neighbours } = fabric.node('leaf1').learned()
      return fdb.length + neighbours.length
    }
    expect(sent(fabric).arrived).toBe(FLOWS)
    fabric.send([flow(99, '10.1.1.12')])
    expect(known()).toBeGreaterThan(0)
    const fault: FabricFault = { kind: 'node-down', node: 'leaf1' }
    fabric.fail(fault)
    expect(sent(fabric)).toEqual({ arrived: 0, links: [] })
    const { frame } = flow(1)
    const toDown = fabric.send([{ trace: 5, at: { host: 'tenant1/web2' }, frame: withMacs(frame, 2, 1) }])
    expect(toDown.arrivals.filter(({ host }) => host === 'tenant1/web1')).toEqual([])
    fabric.repair(fault)
    expect(known()).toBe(0)
    // Spines take what it seals: no number is used twice.
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('[FAULT-7] faults add up, and what is under two of them is well when both are repaired', () => {
    const fabric = fabricOf()
    const faults: FabricFault[] = [
      { kind: 'link-down', link: 'leaf1--spine1' },
      { kind: 'link-silent', link: 'leaf1--spine1' },
      { kind: 'node-down', node: 'spine1' },
    ]
    for (const fault of faults) fabric.fail(fault)
    for (const [i, fault] of faults.entries()) {
      expect(sent(fabric).links).toEqual(['leaf1--spine2', 'leaf2--spine2'])
      expect(fabric.node('leaf1').hasCarrier(1)).toBe(false)
      fabric.repair(fault)
      expect(fabric.node('leaf2').hasCarrier(1)).toBe(i === 2)
    }
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('[FAULT-1] without any way left, packets are sent as if all ways were there, and lost', () => {
    const fabric = fabricOf()
    fabric.fail({ kind: 'link-down', link: 'leaf1--spine1' })
    fabric.fail({ kind: 'link-down', link: 'leaf1--spine2' })
    expect(sent(fabric)).toEqual({ arrived: 0, links: [] })
  })

  test('a reset and time that passes leave what is broken as it is', () => {
    const fabric = fabricOf()
    fabric.fail({ kind: 'link-down', link: 'leaf1--spine1' })
    fabric.reset()
    fabric.advanceTime(10e9)
    expect(sent(fabric).links).toEqual(['leaf1--spine2', 'leaf2--spine2'])
  })
})

/** The frame between two hosts of tenant1/web. */
function withMacs(frame: Uint8Array, from: number, to: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  copy.set([0x02, 0xaa, 1, 1, 0, to, 0x02, 0xaa, 1, 1, 0, from])
  return copy
}

describe('what cannot be broken or repaired', () => {
  test.each<[FabricFault, string]>([
    [{ kind: 'link-down', link: 'a--b' }, 'link a--b does not exist'],
    [{ kind: 'link-silent', link: 'leaf1' }, 'link leaf1 does not exist'],
    [{ kind: 'node-down', node: 'leaf9' }, 'node leaf9 does not exist'],
    [{ kind: 'daemon-down', node: 'leaf9' }, 'node leaf9 does not exist'],
    [{ kind: 'daemon-down', node: 'leaf1' }, 'leaf1 has no control plane'],
    [{ kind: 'daemon-hangs', node: 'spine1' }, 'spine1 has no control plane'],
    [{ kind: 'agent-down', node: 'leaf1' }, 'leaf1 has no control plane'],
    [{ kind: 'withdrawn', node: 'leaf1', prefix: '10.255.0.1/32' }, 'leaf1 has no control plane'],
  ])('%j', (fault, what) => {
    const fabric = fabricOf()
    for (const act of [() => fabric.fail(fault), () => fabric.repair(fault)]) {
      expect(act).toThrow(expect.objectContaining({ code: 'ZT_FAULT_UNKNOWN' }))
      expect(act).toThrow(what)
    }
    expect(sent(fabric)).toEqual({ arrived: FLOWS, links: BOTH })
  })

  test('the same twice, and what is not broken', () => {
    const fabric = fabricOf()
    const fault: FabricFault = { kind: 'link-down', link: 'leaf1--spine1' }
    expect(() => fabric.repair(fault)).toThrow(expect.objectContaining({ code: 'ZT_FAULT_NONE' }))
    fabric.fail(fault)
    expect(() => fabric.fail({ ...fault })).toThrow('ZT_FAULT_STANDS: link-down leaf1--spine1: is so already')
    // Another fault of the same link is another fault.
    expect(() => fabric.repair({ kind: 'link-silent', link: 'leaf1--spine1' })).toThrow('ZT_FAULT_NONE')
    fabric.repair(fault)
    expect(() => fabric.repair(fault)).toThrow('ZT_FAULT_NONE')
  })
})

describe('who follows a fabric that breaks', () => {
  test('a control plane is told of all that is down, behind what ports notice', () => {
    const told: FabricDown[] = []
    const seen: string[] = []
    const change: TableChange = { table: 'flood', interface: 1012, remotes: [] }
    const controlPlane: FabricControlPlane = {
      learned: () => new Map(),
      broken: (down) => {
        told.push(down)
        seen.push('told')
        return new Map([['leaf1', [change]]])
      },
    }
    const note = (node: string, operation: FabricOperation) => {
      seen.push(
        operation.op === 'carrier'
          ? `${node} carrier ${operation.interface} ${operation.up}`
          : `${node} ${operation.op}`,
      )
    }
    const fabric = fabricOf({ controlPlane, observer: { controlled: note } })
    fabric.fail({ kind: 'link-down', link: 'leaf3--spine2' })
    expect(seen).toEqual(['leaf3 carrier 2 false', 'spine2 carrier 3 false', 'told', 'leaf1 apply'])
    seen.length = 0
    fabric.fail({ kind: 'link-silent', link: 'leaf1--spine1' })
    fabric.repair({ kind: 'link-down', link: 'leaf3--spine2' })
    const nothing = { nodes: [], daemons: [], agents: [], withdrawn: [] }
    expect(told).toEqual([
      { ...nothing, links: ['leaf3--spine2'] },
      { ...nothing, links: ['leaf3--spine2', 'leaf1--spine1'] },
      { ...nothing, links: ['leaf1--spine1'] },
    ])
  })

  test('[CTRL-1] [CTRL-8] what a fault does to a node is operations, which another node can be given', () => {
    const done: FabricOperation[] = []
    const controlled = (node: string, operation: FabricOperation) => {
      if (node === 'leaf1') done.push(operation)
    }
    const fabric = fabricOf({ observer: { controlled } })
    fabric.fail({ kind: 'node-down', node: 'leaf1' })
    fabric.repair({ kind: 'node-down', node: 'leaf1' })
    const ports = plan.nodes
      .find(({ name }) => name === 'leaf1')!
      .program.interfaces.filter(({ kind }) => kind === 'port')
    expect(done.map(({ op }) => op)).toEqual([
      ...ports.map(() => 'carrier'),
      'load',
      ...ports.map(() => 'carrier'),
    ])
    const node = new FabricNode(fabric.plan.nodes.find(({ name }) => name === 'leaf1')!.program, keys)
    const refusals = done.map((operation) => {
      if (operation.op !== 'load') return node.control(0n, { id: 0, ...operation }).refusal
      node.load(0n, operation.program)
      return undefined
    })
    expect(refusals.filter((one) => one !== undefined)).toEqual([])
    expect(ports.every(({ id }) => node.hasCarrier(id))).toBe(true)
  })
})
