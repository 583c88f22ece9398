/**
 * A lab and a twin of one plan that break and are mended together: what daemons, engines and wires of the one show against what the other
 * says that the broken fabric settles on.
 */
import { z } from 'zod'
import type { Plan } from '../../../contract/plan.js'
import { NodeProgram, type Tables } from '../../../contract/program.js'
import { FabricComparer, labUp, type Lab } from '../../../lab/index.js'
import { brokenBy, describeFault, speaks } from '../../../lab/fault.js'
import { describeDifference } from '../../../lab/compare/rib.js'
import type { Fault, Injection, Target } from '../../../record/target.js'
import type { LabInterpreter } from '../../../record/verdict.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../../twin/fabric-control.js'
import { TwinFabric } from '../../../twin/forward/index.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { twinTarget } from '../../../twin/target.js'
import { newSeed } from './fabrics.js'
import { udpFrame } from './frames.js'
import { differencesOf, type Holding } from './rib-holding.js'

const Answer = z.looseObject({ program: NodeProgram })

export class DynamicsLab {
  private readonly fabric: TwinFabric
  private readonly twin: Target
  private readonly comparer: FabricComparer
  private readonly faults = new Map<string, Fault>()
  /** Of nodes that nobody tells anything, as they were when that began (FAULT-4, FAULT-5). */
  private readonly kept = new Map<string, Tables>()
  private traces = 0

  private constructor(
    readonly plan: Plan,
    private readonly expected: PredictedControlPlane,
    readonly lab: Lab,
    readonly target: Target,
    keys: ReadonlyMap<string, Uint8Array>,
  ) {
    this.fabric = new TwinFabric(plan, keys, { controlPlane: expected })
    this.twin = twinTarget(plan, keys)
    this.comparer = new FabricComparer(plan, keys)
  }

  static async open(plan: Plan, driver: LabInterpreter = 'netns'): Promise<DynamicsLab> {
    const expected = controlPlaneOf(plan)
    if (expected === undefined) throw new Error(`${plan.fabric} has no control plane`)
    const seed = newSeed()
    const lab = await labUp(plan, { keysSeed: seed, driver })
    try {
      return new DynamicsLab(plan, expected, lab, await lab.target({ ownsLab: true }), deriveKeys(plan, seed))
    } catch (error) {
      await lab.down()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.target.close()
  }

  async fail(fault: Fault): Promise<void> {
    if ('node' in fault && fault.kind !== 'withdrawn') {
      const { node } = fault
      if (!this.kept.has(node)) this.kept.set(node, this.expected.tables(node))
    }
    this.faults.set(describeFault(fault), fault)
    this.fabric.fail(fault)
    await this.twin.fail?.(fault)
    await this.target.fail?.(fault)
  }

  async repair(fault: Fault): Promise<void> {
    this.faults.delete(describeFault(fault))
    if ('node' in fault) this.kept.delete(fault.node)
    this.fabric.repair(fault)
    await this.twin.repair?.(fault)
    await this.target.repair?.(fault)
  }

  /**
   * What differs now: tables of BGP wherever a daemon can be asked, tables of every engine that has power, and then, of frames between all
   * hosts, those on wires and at hosts.
   */
  async differences(): Promise<string[]> {
    const holding = differencesOf(this.foretold(), await this.holding()).map(describeDifference)
    return [...holding, ...(await this.speak(this.round()))]
  }

  /** Sends in both. @returns what differs, one sentence each */
  async speak(frames: readonly Injection[]): Promise<string[]> {
    this.fabric.send(frames, { wire: [] })
    const twin = await this.twin.send(frames)
    const lab = await this.target.send(frames)
    return this.comparer.compare(twin, lab).differences.map(({ message }) => message)
  }

  /** Each host to each other one of its tenant to which there is a way, one family each. */
  round(): Injection[] {
    const { hosts } = this.plan
    return hosts.flatMap((from) =>
      hosts.flatMap((to) => {
        const near = to.network === from.network
        if (to.id === from.id || to.tenant !== from.tenant) return []
        if (!near && (from.gatewayMac === undefined || to.gatewayMac === undefined)) return []
        return [udpFrame(this.plan, { trace: ++this.traces, from: from.id, to: to.id })]
      }),
    )
  }

  private foretold(): Holding {
    return this.seen(this.expected.rows(), (node) => this.kept.get(node) ?? this.expected.tables(node))
  }

  private async holding(): Promise<Holding> {
    const watch = await this.lab.routing()
    if (watch === undefined) throw new Error('the lab has no control plane')
    try {
      const tables = await Promise.all(
        this.plan.nodes.map(async ({ name }) => {
          const { program } = Answer.parse(await this.lab.control(name, { op: 'program' }))
          return [name, program.tables] as const
        }),
      )
      const byNode = new Map(tables)
      return this.seen(await watch.ribs(), (node) => byNode.get(node))
    } finally {
      watch.close()
    }
  }

  /** Of what there is, what can be seen: nobody asks a daemon that does not answer, or a node without power. */
  private seen(rows: Holding['rows'], tables: (node: string) => Tables | undefined): Holding {
    const broken = brokenBy(this.plan, [...this.faults.values()])
    const nodes = this.plan.nodes.filter(({ name }) => !broken.off.has(name))
    return {
      rows: rows.filter(({ node }) => speaks(broken, node)),
      tables: new Map(
        nodes.flatMap(({ name }) => {
          const found = tables(name)
          return found === undefined ? [] : [[name, found] as const]
        }),
      ),
    }
  }
}
