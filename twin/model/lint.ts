/**
 * What is sound and probably not meant: warnings.
 *
 * @module
 */
import type { Parts } from './check.js'
import type { Context } from './context.js'
import { areInternal, type FabricNode, type RoutingPolicy } from './fabric.js'
import { expandRanges } from './pattern.js'
import { takesAllOf } from './read-statements.js'
import type { Path } from './tree.js'

/** What `network configure` of ZTOS takes when it is given no other. */
const DEFAULT_OF_ZTOS = 64512

/** Warnings about AS numbers, nodes and policies. */
export function lintControl(context: Context, parts: Parts, policies: readonly RoutingPolicy[]): void {
  lintNumbers(context, parts)
  lintIdle(context, parts)
  lintDrains(context, parts)
  for (const policy of policies) lintStatements(context, policy)
}

/** A fabric next to another of the same number. */
function lintNumbers(context: Context, { underlay, nodes }: Parts): void {
  const warn = (path: Path): void =>
    context.warn(
      'ZT_FABRIC_LINT_ASN',
      path,
      `${DEFAULT_OF_ZTOS} is the AS number that ZTOS itself takes by default; two fabrics of one number refuse each other's routes as loops (RFC 4271 section 9.1.2)`,
      'choose another private number, from 64513 to 65534',
    )
  if (underlay.bgp.as === DEFAULT_OF_ZTOS) warn(['underlay', 'bgp', 'as'])
  for (const { key, first } of routersByEntry(context, nodes)) {
    if (first.asn === DEFAULT_OF_ZTOS) warn(['nodes', key, 'asn'])
  }
}

/** The first node of each entry that has routers. */
function routersByEntry(
  context: Context,
  nodes: readonly FabricNode[],
): readonly { readonly key: string; readonly first: FabricNode }[] {
  return Object.keys(context.file.nodes).flatMap((key) => {
    const first = nodes.find((node) => node.role === 'router' && isNamedBy(key, node.name))
    return first === undefined ? [] : [{ key, first }]
  })
}

function isNamedBy(key: string, name: string): boolean {
  const expanded = expandRanges(key)
  return 'names' in expanded && expanded.names.includes(name)
}

/** Words without a consequence. */
function lintIdle(context: Context, { underlay, nodes, links }: Parts): void {
  const idle = (path: Path, reason: string, remedy: string): void =>
    context.warn('ZT_FABRIC_LINT_IDLE', path, reason, remedy)
  const { bgp } = underlay
  const given = context.file.underlay.bgp ?? {}
  if (underlay.control === 'static') {
    for (const key of ['holdTime', 'bfd', 'gracefulRestart', 'maximumPrefixes', 'addPaths'] as const) {
      if (given[key] === undefined) continue
      idle(
        ['underlay', 'bgp', key],
        "there are no sessions, the tables are the compiler's",
        'give underlay control: bgp',
      )
    }
    return
  }
  const internal = (name: string): boolean =>
    links.some(({ ends }) => {
      const [a, b] = ends.map((end) => nodes.find((node) => node.name === end))
      return ends.includes(name) && a !== undefined && b !== undefined && areInternal(bgp, a, b)
    })
  const reflecting = nodes.filter(
    ({ name, role, reflector }) =>
      (reflector || (role === 'spine' && bgp.as !== undefined)) && internal(name),
  )
  if (bgp.addPaths && reflecting.length === 0) {
    idle(
      ['underlay', 'bgp', 'addPaths'],
      'no node reflects routes, so none sends all of them',
      'leave it out',
    )
  }
  for (const { key, first } of routersByEntry(context, nodes)) {
    if (!first.reflector || reflecting.includes(first)) continue
    idle(['nodes', key, 'reflector'], `${first.name} has no peer of its own AS`, 'leave it out')
  }
}

/** Being avoided helps only where there is another way, and those are told that are in other ASes (RFC 8326 section 4). */
function lintDrains(context: Context, { underlay, nodes, links }: Parts): void {
  const warn = (name: string, reason: string, remedy: string): void => {
    const key = Object.keys(context.file.nodes).find((candidate) => isNamedBy(candidate, name)) ?? name
    context.warn('ZT_FABRIC_LINT_DRAIN', ['nodes', key, 'drain'], reason, remedy)
  }
  const spines = nodes.filter(({ role }) => role === 'spine')
  const [first] = spines
  if (first !== undefined && spines.every(({ drain }) => drain)) {
    warn(
      first.name,
      spines.length === 1 ? 'the only spine is drained' : 'all spines are drained, so none is avoided',
      'leave one in service',
    )
  }
  for (const node of nodes.filter(({ drain }) => drain)) {
    const peers = links
      .filter(({ ends }) => ends.includes(node.name))
      .flatMap(({ ends }) => nodes.find(({ name }) => name !== node.name && ends.includes(name)) ?? [])
    if (peers.some((peer) => !areInternal(underlay.bgp, node, peer))) continue
    warn(node.name, `${node.name} has no peers of other ASes, and only those are told`, 'leave it out')
  }
}

function lintStatements(context: Context, { name, statements, otherwise }: RoutingPolicy): void {
  const path = ['policies', name]
  for (const [i, statement] of statements.entries()) {
    const j = statements.slice(0, i).findIndex((earlier) => takesAllOf(earlier, statement))
    if (j < 0) continue
    context.warn(
      'ZT_FABRIC_LINT_POLICY',
      [...path, 'statements', i],
      'this statement can never match: an earlier one takes all that it could',
      'put it first, or take it out',
      [{ at: context.valueAt([...path, 'statements', j]), message: 'the earlier one' }],
    )
  }
  const j = statements.findIndex(
    ({ prefixes, communities }) => prefixes === undefined && communities === undefined,
  )
  if (j < 0 || context.file.policies?.[name]?.otherwise === undefined) return
  context.warn(
    'ZT_FABRIC_LINT_POLICY',
    [...path, 'otherwise'],
    `nothing is left to ${otherwise}: a statement takes all`,
    'leave it out, or give that statement a match',
    [{ at: context.valueAt([...path, 'statements', j]), message: 'the statement' }],
  )
}
