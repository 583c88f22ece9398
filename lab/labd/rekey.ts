/**
 * What a change of one group's keys is made with.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Interface } from '../../contract/program.js'
import type { SealGroup, SealEnd } from '../../twin/program/epochs.js'
import type { Answer, Request } from '../channel.js'
import { LabError } from '../errors.js'
import type { LoadTimes } from './load-times.js'

export interface RekeyMeans {
  /** A request to a node's engine, which reads keys where the lab has them. @throws LabError */
  readonly ask: (node: string, request: Request) => Promise<Answer>
  /** A WireGuard public key as engines show it, by its reference. */
  readonly publicKeyOf: (reference: string) => string | undefined
  /** Of the lab's engines. */
  readonly loadTimes: LoadTimes
  /** A step is done. */
  readonly note: (step: string) => void
  /** Returns when what was sent before has arrived, or never will. */
  readonly passed: () => Promise<void>
}

export type Rekey = (plan: Plan, group: SealGroup, epoch: number, means: RekeyMeans) => Promise<void>

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

/** All at once. Waits for all, whatever becomes of one; the first failure is thrown. */
export async function eachEnd<T>(
  { ends }: SealGroup,
  work: (end: SealEnd) => Promise<T>,
): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(ends.map(work))
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

/** The other one of two. */
export function otherEnd({ name, ends }: SealGroup, end: SealEnd): SealEnd {
  const other = ends.find(({ node }) => node !== end.node)
  if (other !== undefined && ends.length === 2) return other
  throw new LabError('ZT_LAB_PLAN', `${name} has ${ends.length} ends, and a channel has two`)
}
