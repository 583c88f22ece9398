/**
 * Which keys a lab has after a change of plan: what is sealed as before keeps those that it has, epochs that rotations have brought included,
 * and what is sealed anew gets keys that nobody in the lab ever had. A packet number is never used twice with a key, and journals are
 * opened by references.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import { keyedGroup, sealGroups, type Epochs, type SealGroup } from '../../twin/program/index.js'

/**
 * @param before the lab's plan
 * @param known references of all keys that there are or were in the lab
 * @returns the epoch of each group of `after`
 */
export function epochsAfter(
  before: Plan,
  after: Plan,
  { epochs, known }: { readonly epochs: Epochs; readonly known: ReadonlySet<string> },
): Epochs {
  const kept = new Map(sealGroups(before).map((group) => [group.name, suiteOf(before, group)]))
  return new Map(
    sealGroups(after).map((group): [string, number] => {
      if (kept.get(group.name) === suiteOf(after, group)) return [group.name, epochs.get(group.name) ?? 0]
      let epoch = 0
      while (keyedGroup(after, group, epoch).keys.some((key) => known.has(key))) epoch++
      return [group.name, epoch]
    }),
  )
}

/** Keys of another suite have another length. */
function suiteOf(plan: Plan, { kind, ends }: SealGroup): string {
  const suites = ends.flatMap((end) => {
    const node = plan.nodes.find(({ name }) => name === end.node)
    const item = node?.program.interfaces.find(({ id }) => id === end.interface)
    return item?.kind === 'macsec' ? [item.cipher] : []
  })
  return [kind, ...new Set(suites)].join(' ')
}
