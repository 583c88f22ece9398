/**
 * A lab that runs held against the twin of the plan that it has now.
 */
import type { Plan } from '../../../contract/plan.js'
import { compareNodes, FabricComparer, type Lab } from '../../../lab/index.js'
import { twinTarget } from '../../../twin/target.js'
import { everyPair } from './frames.js'

export interface Likeness {
  /** Of frames from each host to each other of its tenant. */
  readonly sent: number
  readonly arrived: number
  /** What is otherwise than in the twin, and what journals say that the twin, replaying them, does not. */
  readonly differences: readonly string[]
}

export async function asInTheTwin(lab: Lab): Promise<Likeness> {
  const plan: Plan = await lab.present()
  const target = await lab.target()
  try {
    await target.reset()
    const keys = new Map(
      [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
    )
    let trace = 0
    const frames = everyPair(plan, () => ++trace)
    const twin = await twinTarget(plan, keys).send(frames)
    const seen = await target.send(frames)
    const { differences } = new FabricComparer(plan, keys).compare(twin, seen)
    const { nodes } = compareNodes(await lab.journals(), keys)
    const arrived = new Set(seen.arrivals.filter(({ foreign }) => !foreign).map((one) => one.trace))
    return {
      sent: frames.length,
      arrived: frames.filter((frame) => arrived.has(frame.trace)).length,
      differences: [
        ...differences.map((one) => JSON.stringify(one)),
        ...nodes.flatMap((one) => one.mismatches.map(({ message }) => `${one.node}: ${message}`)),
      ],
    }
  } finally {
    await target.close()
  }
}
