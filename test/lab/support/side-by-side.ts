/**
 * A lab and a twin of one plan and one set of keys, side by side: what lab tests send to both and hold against each other.
 */
import { deepEqual } from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Plan } from '../../../contract/plan.js'
import { compareNodes, FabricComparer, labUp, type Lab } from '../../../lab/index.js'
import type { Injection, Observation, Target } from '../../../record/target.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { twinTarget } from '../../../twin/target.js'
import { newSeed } from './fabrics.js'
import { needsRoot } from './host.js'

/** To be called inside `describe`: one lab for its tests, and before each of them a lab and a twin that have learned nothing. */
export function sideBySide(plan: Plan): SideBySide {
  const pair = new SideBySide(plan)
  beforeEach(needsRoot)
  beforeAll(() => pair.open())
  afterAll(() => pair.close())
  beforeEach(() => pair.reset())
  return pair
}

class SideBySide {
  private readonly seed = newSeed()
  readonly keys
  private readonly comparer: FabricComparer
  private running: { readonly lab: Lab; readonly target: Target } | undefined
  private traces = 0
  twin: Target

  constructor(readonly plan: Plan) {
    this.keys = deriveKeys(plan, this.seed)
    this.comparer = new FabricComparer(plan, this.keys)
    this.twin = twinTarget(plan, this.keys)
  }

  get lab(): Lab {
    return this.opened.lab
  }

  get target(): Target {
    return this.opened.target
  }

  private get opened() {
    if (this.running === undefined) throw new Error('the lab is not up')
    return this.running
  }

  async open(): Promise<void> {
    // Without root the tests skip themselves, and say why.
    if (process.getuid?.() !== 0) return
    const lab = await labUp(this.plan, { keysSeed: this.seed })
    this.running = { lab, target: await lab.target({ ownsLab: true }) }
  }

  async close(): Promise<void> {
    await this.running?.target.close()
  }

  async reset(): Promise<void> {
    this.twin = twinTarget(this.plan, this.keys)
    await this.target.reset()
  }

  /** A trace id that nobody had before. */
  next(): number {
    return ++this.traces
  }

  /** Sends in both, and holds them against each other by the comparison rule. Some frames differ, as packet numbers do. */
  async both(
    frames: readonly Injection[],
    labFrames = frames,
  ): Promise<{ readonly lab: Observation; readonly twin: Observation }> {
    const twin = await this.twin.send(frames)
    const lab = await this.target.send(labFrames)
    const { ok, differences } = this.comparer.compare(twin, lab)
    deepEqual({ ok, differences }, { ok: true, differences: [] })
    deepEqual(fatesOf(lab), fatesOf(twin))
    return { lab, twin }
  }

  /** Has the twin replay the journals of all nodes. @returns what it says otherwise than was recorded, and the number of inputs */
  async replayed(): Promise<{ readonly mismatches: readonly string[]; readonly inputs: number }> {
    const { nodes, inputs } = compareNodes(await this.lab.journals(), this.keys)
    deepEqual(nodes.map(({ node }) => node).sort(), this.plan.nodes.map(({ name }) => name).sort())
    const mismatches = nodes.flatMap((one) => one.mismatches.map(({ message }) => `${one.node}: ${message}`))
    return { mismatches, inputs }
  }
}

/** Fates of frames that were sent, as sorted text. */
function fatesOf({ fates }: Observation): string[] {
  return fates
    .filter(({ trace }) => trace !== undefined)
    .map(({ node, fate, trace }) => `${trace} ${node} ${fate}`)
    .sort()
}
