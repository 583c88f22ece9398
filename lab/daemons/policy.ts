/**
 * What both daemons' policies have in common (BGP-5): which are used where, and which lengths a prefix of a statement covers.
 *
 * @module
 */
import type { NodeControl, Policy } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import { isInternal, isIpv6 } from './text.js'

export type Family = 'ipv4' | 'ipv6'
export type Direction = 'import' | 'export'
export type Statement = Policy['statements'][number]
export interface PrefixRange {
  readonly prefix: string
  /** Least and greatest length of what matches; both lie between the prefix's own and the family's greatest. */
  readonly least: number
  readonly greatest: number
}
/** A policy as sessions use it. */
export interface PolicyUse {
  readonly policy: Policy
  readonly family: Family
  /** All of its peers are in the node's own AS, or none is. */
  readonly internal: boolean
  /** Addresses of the peers. */
  readonly remotes: readonly string[]
}

/** By family, then external and internal, then name. @throws LabError `ZT_LAB_PLAN` for a policy that is named and not there */
export function policyUses(control: NodeControl, direction: Direction): PolicyUse[] {
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    [false, true].flatMap((internal) => {
      const byName = new Map<string, string[]>()
      for (const session of control.sessions) {
        const name = session[direction]
        if (name === undefined || !session.families.includes(family)) continue
        if (isInternal(control, session) !== internal) continue
        byName.set(name, [...(byName.get(name) ?? []), session.remote])
      }
      return [...byName]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, remotes]) => {
          const policy = policyOf(control, name)
          return policy === undefined ? [] : [{ policy, family, internal, remotes }]
        })
    }),
  )
}

/** @throws LabError `ZT_LAB_PLAN` for a policy that is named and not there */
export function policyOf(control: NodeControl, name: string | undefined): Policy | undefined {
  if (name === undefined) return undefined
  const policy = control.policies.find((candidate) => candidate.name === name)
  if (policy !== undefined) return policy
  throw new LabError(
    'ZT_LAB_PLAN',
    `a session names the policy ${JSON.stringify(name)}, which is not there`,
    {
      remedy: 'compile the plan anew from its fabric file',
    },
  )
}

/**
 * The prefixes of a statement in one family; `undefined` when it states none. An empty list matches nothing: it states prefixes, and
 * none of them, or no length of theirs, is of this family.
 */
export function prefixesOf({ match }: Statement, family: Family): readonly PrefixRange[] | undefined {
  return match.prefixes
    ?.filter(({ prefix }) => isIpv6(prefix) === (family === 'ipv6'))
    .map(({ prefix, ge, le }) => {
      const length = Number(prefix.slice(prefix.indexOf('/') + 1))
      const longest = family === 'ipv4' ? 32 : 128
      return {
        prefix,
        least: Math.max(length, ge ?? length),
        greatest: Math.min(longest, le ?? (ge === undefined ? length : longest)),
      }
    })
    .filter(({ least, greatest }) => least <= greatest)
}

/** Can any route of this family match? */
export function canMatch(statement: Statement, family: Family): boolean {
  return prefixesOf(statement, family)?.length !== 0 && statement.match.communities?.length !== 0
}
