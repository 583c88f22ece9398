/**
 * What a change of one pair's keys is made with.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Interface } from '../../contract/program.js'
import type { SealedPair, SealEnd } from '../../twin/program/epochs.js'
import type { Answer, Request } from '../channel.js'
import { LabError } from '../errors.js'
import type { LoadTimes } from './load-times.js'

export interface RekeyMeans {
  /** A request to a node's engine, which reads keys where the lab has them. @throws LabError */
  readonly ask: (node: string, request: Request) => Promise<Answer>
  /** Of the lab's engines. */
  readonly loadTimes: LoadTimes
  /** A step is done. */
  readonly note: (step: string) => void
  /** Returns when what was sent before has arrived, or never will. */
  readonly passed: () => Promise<void>
}

export type Rekey = (plan: Plan, pair: SealedPair, epoch: number, means: RekeyMeans) => Promise<void>

/** An end, and what the plan has there. @throws LabError `ZT_LAB_PLAN` */
export function sealingAt<Kind extends Interface['kind']>(
  plan: Plan,
  end: SealEnd,
  kind: Kind,
): Extract<Interface, { kind: Kind }> {
  const item = plan.nodes
    .find(({ name }) => name === end.node)
    ?.program.interfaces.find(({ id }) => id === end.interface)
  if (item?.kind === kind) return item as Extract<Interface, { kind: Kind }>
  throw new LabError('ZT_LAB_PLAN', `interface ${end.interface} of ${end.node} is no ${kind} interface`)
}

/** Both at once. Waits for both, whatever becomes of one; the first failure is thrown. */
export async function bothEnds<T>(
  { ends }: SealedPair,
  work: (end: SealEnd, other: SealEnd) => Promise<T>,
): Promise<readonly [T, T]> {
  const [a, b] = ends
  const [first, second] = await Promise.allSettled([work(a, b), work(b, a)])
  if (first.status === 'rejected') throw first.reason
  if (second.status === 'rejected') throw second.reason
  return [first.value, second.value]
}
