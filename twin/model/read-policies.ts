/**
 * `policies`: what nodes do with routes that they hear and tell.
 *
 * @module
 */
import type { PolicyEntry } from '../../contract/fabric.js'
import { formatPrefix } from '../packet/index.js'
import type { Parts } from './check.js'
import type { Context } from './context.js'
import { areInternal, type FabricLink, type PrefixRange, type RoutingPolicy } from './fabric.js'
import { compareNames } from './names.js'
import { readStatement } from './read-statements.js'
import type { Path } from './tree.js'

/** Policies in name order. */
export function readPolicies(context: Context, parts: Parts): readonly RoutingPolicy[] {
  const entries = Object.entries(context.file.policies ?? {}).toSorted(([a], [b]) => compareNames(a, b))
  if (entries.length > 0 && parts.underlay.control !== 'bgp') {
    context.badKey(
      'ZT_FABRIC_CONTROL',
      ['policies'],
      "policies are about routes of BGP, and the tables here are the compiler's",
      'give underlay control: bgp, or take them out',
    )
    return []
  }
  const policies = entries.map(([name, entry]) => readPolicy(context, name, entry, parts))
  rejectTwice(context, policies, parts.links)
  return policies
}

function readPolicy(context: Context, name: string, entry: PolicyEntry, parts: Parts): RoutingPolicy {
  const path = ['policies', name]
  const names = parts.nodes.map((node) => node.name)
  const nodeKind = { part: 'nodes', one: 'node' } as const
  const nodes = context.select(entry.at, [...path, 'at'], names, nodeKind)
  const peers =
    entry.peers === undefined ? undefined : context.select(entry.peers, [...path, 'peers'], names, nodeKind)
  const policy: RoutingPolicy = {
    name,
    direction: entry.direction,
    nodes,
    peers,
    statements: entry.statements.map((statement, i) =>
      readStatement(context, [...path, 'statements', i], statement),
    ),
    otherwise: entry.otherwise ?? 'accept',
  }
  if (nodes.length > 0 && peers?.length !== 0) {
    const sessions = [...sessionsOf(policy, parts.links)]
    if (sessions.length === 0) rejectIdle(context, path, policy)
    rejectFamilies(context, path, policy, carriedFamilies(parts))
    lintPreference(context, path, policy, parts, sessions)
  }
  return policy
}

/** Node and peer of each session that a policy holds for. */
function* sessionsOf(
  { nodes, peers }: Pick<RoutingPolicy, 'nodes' | 'peers'>,
  links: readonly FabricLink[],
): Generator<readonly [node: string, peer: string]> {
  const seen = new Set<string>()
  for (const { ends } of links) {
    for (const [node, peer] of [ends, [ends[1], ends[0]] as const]) {
      const key = `${node} ${peer}`
      if (!nodes.includes(node) || peers?.includes(peer) === false || seen.has(key)) continue
      seen.add(key)
      yield [node, peer]
    }
  }
}

function rejectIdle(context: Context, path: Path, { nodes, peers }: RoutingPolicy): void {
  if (!context.isWhole('links')) return
  const who = nodes.length === 1 ? (nodes[0] ?? '') : `none of ${nodes.slice(0, 4).join(', ')}`
  context.bad(
    'ZT_FABRIC_POLICY',
    [...path, peers === undefined ? 'at' : 'peers'],
    `${who} ${nodes.length === 1 ? 'has no' : 'has a'} link to ${peers === undefined ? 'anybody' : peers.slice(0, 4).join(' or ')}`,
    'name nodes with a link between them',
  )
}

/** Families of unicast routes that there are. */
export function carriedFamilies({ underlay, tenants }: Pick<Parts, 'underlay' | 'tenants'>): Set<4 | 6> {
  const routed = tenants
    .filter((tenant) => tenant.underlay)
    .flatMap(({ networks }) => networks.flatMap(({ subnets }) => subnets.map(({ prefix }) => prefix.family)))
  return new Set(underlay.links === undefined ? [underlay.family, ...routed] : [underlay.family])
}

function rejectFamilies(
  context: Context,
  path: Path,
  { statements }: RoutingPolicy,
  carried: ReadonlySet<4 | 6>,
): void {
  const isCarried = ({ prefix }: PrefixRange): boolean => carried.has(prefix.family)
  for (const [i, { prefixes = [] }] of statements.entries()) {
    const j = prefixes.findIndex((range) => !isCarried(range))
    const range = prefixes[j]
    if (range === undefined) continue
    context.bad(
      'ZT_FABRIC_FAMILY',
      [...path, 'statements', i, 'match', 'prefixes', j],
      `${formatPrefix(range.prefix)} is IPv${range.prefix.family}, of which no session of this fabric carries routes`,
      `write IPv${[...carried].join(' or IPv')} prefixes`,
    )
  }
}

/** Local preference is not sent to other ASes (RFC 4271 section 5.1.5). */
function lintPreference(
  context: Context,
  path: Path,
  { direction, statements }: RoutingPolicy,
  { underlay, nodes }: Parts,
  sessions: readonly (readonly [string, string])[],
): void {
  if (direction === 'import' || sessions.length === 0) return
  const isInside = ([a, b]: readonly [string, string]): boolean => {
    const [node, peer] = [nodes.find(({ name }) => name === a), nodes.find(({ name }) => name === b)]
    return node !== undefined && peer !== undefined && areInternal(underlay.bgp, node, peer)
  }
  if (sessions.some(isInside)) return
  for (const [i, { set }] of statements.entries()) {
    if (set.localPreference === undefined) continue
    context.warn(
      'ZT_FABRIC_LINT_POLICY',
      [...path, 'statements', i, 'set', 'localPreference'],
      'local preference is not told to other ASes, and all peers here are of others',
      'set it on import at the peers, or use prepend or communities',
    )
  }
}

/** A session has one policy in each direction. */
function rejectTwice(
  context: Context,
  policies: readonly RoutingPolicy[],
  links: readonly FabricLink[],
): void {
  const owners = new Map<string, RoutingPolicy>()
  const told = new Set<string>()
  for (const policy of policies) {
    for (const [node, peer] of sessionsOf(policy, links)) {
      const key = `${policy.direction} ${node} ${peer}`
      const owner = owners.get(key)
      if (owner === undefined) {
        owners.set(key, policy)
        continue
      }
      const pair = `${owner.name} ${policy.name}`
      if (told.has(pair)) continue
      told.add(pair)
      context.badKey(
        'ZT_FABRIC_POLICY_CLASH',
        ['policies', policy.name],
        `${policy.name} and ${owner.name} are both for what ${node} ${policy.direction === 'import' ? 'hears from' : 'tells'} ${peer}`,
        'make them one policy, or keep them apart with at and peers',
        [{ at: context.keyAt(['policies', owner.name]), message: owner.name }],
      )
    }
  }
}
