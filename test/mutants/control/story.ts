/**
 * What happens in the fabric, and what its control plane holds after each part of it: as a twin says, and as a lab has it.
 *
 * @module
 */
import type { Plan } from '../../../contract/plan.js'
import type { Fault, Injection } from '../../../record/target.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../../twin/fabric-control.js'
import { TwinFabric, type FabricControlPlane, type Keys } from '../../../twin/forward/index.js'
import { differencesOf, type Holding } from '../../lab/support/rib-holding.js'
import type { RibLab } from '../../lab/support/rib-lab.js'
import { udpFrame } from '../../lab/support/frames.js'
import { describeDifference } from '../../../lab/compare/rib.js'

/** One thing after which everything comes to rest. */
export interface Chapter {
  readonly name: string
  /** Absent: everything is forgotten. */
  readonly frames?: readonly Injection[]
}

/** What a twin is made of, whichever copy of it. */
export interface TwinParts {
  readonly controlPlaneOf: (plan: Plan) => PredictedControlPlane | undefined
  readonly TwinFabric: new (
    plan: Plan,
    keys: Keys,
    options: { readonly controlPlane: FabricControlPlane },
  ) => {
    send(frames: readonly Injection[], options: { readonly wire: readonly string[] }): unknown
    reset(): void
  }
}

/** Nobody has spoken, all have, one has moved and another come back, all is forgotten. */
export function story(plan: Plan): readonly Chapter[] {
  let trace = 0
  const frame = (from: string, to: string, family: 4 | 6 = 4): Injection =>
    udpFrame(plan, { trace: ++trace, from, to, family })
  const pairs = [
    ['web1', 'web2'],
    ['web2', 'db1'],
    ['web3', 'web1'],
    ['db1', 'web1'],
    ['wide1', 'wide2'],
    ['wide2', 'wide3'],
    ['wide3', 'wide1'],
  ].map(([from = '', to = '']) => frame(`shop/${from}`, `shop/${to}`))
  const moved = { ...frame('shop/web1', 'shop/web3'), at: { host: 'shop/web2' } }
  return [
    { name: 'nobody has spoken', frames: [] },
    { name: 'all have spoken', frames: [...pairs, frame('shop/web1', 'shop/web2', 6)] },
    { name: 'one has moved', frames: [moved] },
    { name: 'all is forgotten' },
  ]
}

/** What a twin says, chapter by chapter. */
export function foretold(
  { controlPlaneOf, TwinFabric }: TwinParts,
  plan: Plan,
  keys: Keys,
): readonly Holding[] {
  const controlPlane = controlPlaneOf(plan)
  if (controlPlane === undefined) throw new Error(`${plan.fabric} has no control plane`)
  const twin = new TwinFabric(plan, keys, { controlPlane })
  return story(plan).map(({ frames }) => {
    if (frames === undefined) twin.reset()
    else twin.send(frames, { wire: [] })
    return holdingOf(controlPlane, plan)
  })
}

/** What a twin says of the fabric when all have spoken and something is broken. */
export function foretoldBroken(plan: Plan, keys: Keys, fault: Fault): Holding {
  const controlPlane = controlPlaneOf(plan)
  if (controlPlane === undefined) throw new Error(`${plan.fabric} has no control plane`)
  const twin = new TwinFabric(plan, keys, { controlPlane })
  const spoken = story(plan).find(({ name }) => name === 'all have spoken')
  twin.send(spoken?.frames ?? [], { wire: [] })
  twin.fail(fault)
  return holdingOf(controlPlane, plan)
}

function holdingOf(controlPlane: PredictedControlPlane, plan: Plan): Holding {
  return {
    rows: controlPlane.rows(),
    tables: new Map(plan.nodes.map(({ name }) => [name, controlPlane.tables(name)])),
  }
}

/** What a lab of the same plan holds, chapter by chapter. */
export async function witnessed(lab: RibLab): Promise<readonly Holding[]> {
  const seen: Holding[] = []
  for (const { frames } of story(lab.plan)) {
    if (frames === undefined) await lab.reset()
    else if (frames.length > 0) await lab.send(frames)
    seen.push(await lab.holding())
  }
  return seen
}

/** The first thing that the two say otherwise, with its chapter. */
export function firstDifference(
  plan: Plan,
  said: readonly Holding[],
  seen: readonly Holding[],
): string | undefined {
  for (const [n, { name }] of story(plan).entries()) {
    const [ours, theirs] = [said[n], seen[n]]
    if (ours === undefined || theirs === undefined) throw new Error(`${name} was not told`)
    const [first] = differencesOf(ours, theirs)
    if (first !== undefined) return `${name}: ${describeDifference(first)}`
  }
  return undefined
}
