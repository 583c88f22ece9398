/**
 * `nodes`, `seals` and `links`.
 *
 * @module
 */
import type { NodeEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import type { FabricLink, FabricNode, Seal } from './fabric.js'
import { compareNames, didYouMean } from './names.js'
import { expandRanges } from './pattern.js'
import type { ProblemCode } from './problem.js'
import { rejectReserved } from './read-underlay.js'
import type { Path } from './tree.js'
import { MAX_NAME } from '../../contract/fabric.js'

/** More than the twin was made for. */
const MAX_NODES = 1024
const MAX_LINKS = 16384

/** Nodes in name order. */
export function readNodes(context: Context, spinesAsn: number): readonly FabricNode[] {
  const nodes = new Map<string, FabricNode & { readonly path: Path }>()
  for (const [key, entry] of Object.entries(context.file.nodes)) {
    const path = ['nodes', key]
    const names = expandKey(context, path, key)
    if (entry.asn !== undefined) rejectReserved(context, [...path, 'asn'], entry.asn)
    rejectSharedAsn(context, path, entry, names)
    for (const name of names) {
      const first = nodes.get(name)
      if (first === undefined) nodes.set(name, { name, role: entry.role, asn: entry.asn, path })
      else reportTwice(context, 'ZT_FABRIC_NAME_CLASH', `the node ${name}`, path, first.path)
    }
    if (nodes.size > MAX_NODES) {
      context.badKey('ZT_FABRIC_TOO_MANY', path, `there are more than ${MAX_NODES} nodes`, 'describe fewer')
      break
    }
  }
  const sorted = [...nodes.values()].toSorted((a, b) => compareNames(a.name, b.name))
  rejectAsnClashes(context, spinesAsn, sorted)
  return sorted.map(({ name, role, asn }) => ({ name, role, asn }))
}

/** The names of a key with ranges; those that are no names are problems. */
export function expandKey(context: Context, path: Path, key: string): readonly string[] {
  const expanded = expandRanges(key)
  if ('fault' in expanded) {
    context.badKey(expanded.fault.code, path, expanded.fault.reason, expanded.fault.remedy)
    return []
  }
  const wrong = expanded.names.find((name) => name.length > MAX_NAME || name.includes('--'))
  if (wrong === undefined) return expanded.names
  context.badKey(
    'ZT_FABRIC_NAME',
    path,
    `${JSON.stringify(wrong)} cannot be a name here`,
    `write at most ${MAX_NAME} characters, without two hyphens in a row`,
  )
  return []
}

/** What is given twice, with both places. */
export function reportTwice(
  context: Context,
  code: ProblemCode,
  what: string,
  second: Path,
  first: Path,
): void {
  context.badKey(code, second, `${what} is given twice`, 'keep one of them', [
    { at: context.keyAt(first), message: 'the first one' },
  ])
}

function rejectSharedAsn(context: Context, path: Path, entry: NodeEntry, names: readonly string[]): void {
  if (entry.asn === undefined || entry.role !== 'leaf' || names.length < 2) return
  context.bad(
    'ZT_FABRIC_ASN_CLASH',
    [...path, 'asn'],
    `${names.length} leaves would share the AS number ${entry.asn}`,
    'leave asn out, or give each leaf its own entry',
  )
}

function rejectAsnClashes(
  context: Context,
  spines: number,
  nodes: readonly (FabricNode & { readonly path: Path })[],
): void {
  const owners = new Map<number, { readonly leaf: boolean; readonly path: Path; readonly name: string }>()
  owners.set(spines, { leaf: false, path: ['underlay', 'bgp', 'spines'], name: 'the spines' })
  for (const { name, role, asn, path } of nodes) {
    if (asn === undefined) continue
    const asnPath = [...path, 'asn']
    const owner = owners.get(asn)
    if (owner === undefined) owners.set(asn, { leaf: role === 'leaf', path: asnPath, name })
    else if ((role === 'leaf' || owner.leaf) && owner.path.join('.') !== asnPath.join('.')) {
      context.bad(
        'ZT_FABRIC_ASN_CLASH',
        asnPath,
        `${name} has the AS number ${asn} of ${owner.name}`,
        'give each leaf a number of its own',
        [{ at: context.valueAt(owner.path), message: owner.name }],
      )
    }
  }
}

/** Seals by name. */
export function readSeals(context: Context): ReadonlyMap<string, Seal> {
  const seals = new Map<string, Seal>()
  for (const [name, entry] of Object.entries(context.file.seals ?? {})) {
    if (!/^lab:[A-Za-z0-9._-]+$/.test(entry.key)) {
      // Not shown: it may be the key itself.
      context.bad(
        'ZT_FABRIC_UNSUPPORTED',
        ['seals', name, 'key'],
        'keys from other sources than lab: are not supported yet',
        `write the name of a lab key, such as lab:${name}`,
      )
    }
    seals.set(name, { name, cipher: entry.macsec, mode: entry.mode ?? 'strict', key: entry.key })
  }
  return seals
}

/** Links in name order of their ids. */
export function readLinks(
  context: Context,
  nodes: readonly FabricNode[],
  seals: ReadonlyMap<string, Seal>,
): readonly FabricLink[] {
  const names = nodes.map((node) => node.name)
  const roles = new Map(nodes.map((node) => [node.name, node.role]))
  const firstOf = new Map<string, Path>()
  const links: FabricLink[] = []
  for (const [i, entry] of (context.file.links ?? []).entries()) {
    const path = ['links', i]
    const from = context.select(entry.from, [...path, 'from'], names, { part: 'nodes', one: 'node' })
    const to = context.select(entry.to, [...path, 'to'], names, { part: 'nodes', one: 'node' })
    const seal = readSealName(context, path, entry.seal, seals)
    const pairs = from.flatMap((a) =>
      to.map((b): [string, string] => (compareNames(a, b) < 0 ? [a, b] : [b, a])),
    )
    if (pairs.length * (entry.count ?? 1) + links.length > MAX_LINKS) {
      context.bad('ZT_FABRIC_TOO_MANY', path, `there are more than ${MAX_LINKS} links`, 'describe fewer')
      break
    }
    const sameRole = pairs.find(([a, b]) => roles.get(a) === roles.get(b))
    if (sameRole !== undefined) rejectRoles(context, path, sameRole, roles)
    const twice = pairs.find((pair) => firstOf.has(pair.join('--')))
    if (twice !== undefined) rejectTwice(context, path, twice, firstOf)
    for (const ends of pairs) {
      const id = ends.join('--')
      if (firstOf.has(id) || roles.get(ends[0]) === roles.get(ends[1])) continue
      firstOf.set(id, path)
      for (let n = 1; n <= (entry.count ?? 1); n++)
        links.push({ id: n === 1 ? id : `${id}#${n}`, ends, seal })
    }
  }
  return links.toSorted((a, b) => compareNames(a.id, b.id))
}

function readSealName(
  context: Context,
  path: Path,
  name: string | undefined,
  seals: ReadonlyMap<string, Seal>,
): Seal | undefined {
  if (name === undefined) return undefined
  const seal = seals.get(name)
  if (seal === undefined && context.isWhole('seals')) {
    context.bad(
      'ZT_FABRIC_UNKNOWN_NAME',
      [...path, 'seal'],
      `${name} is no seal of this fabric${didYouMean(name, seals.keys())}`,
      seals.size === 0 ? 'add it under seals' : `write ${[...seals.keys()].join(' or ')}`,
    )
  }
  return seal
}

function rejectRoles(
  context: Context,
  path: Path,
  [a, b]: readonly [string, string],
  roles: ReadonlyMap<string, FabricNode['role']>,
): void {
  if (a === b) {
    context.bad(
      'ZT_FABRIC_ROLE',
      path,
      `${a} would be linked to itself`,
      'name leaves on one side and spines on the other',
    )
    return
  }
  const role = roles.get(a) === 'leaf' ? 'leaves' : 'spines'
  context.bad(
    'ZT_FABRIC_ROLE',
    path,
    `${a} and ${b} are both ${role}; links between ${role} are not supported yet`,
    'name leaves on one side and spines on the other',
  )
}

function rejectTwice(
  context: Context,
  path: Path,
  pair: readonly [string, string],
  firstOf: ReadonlyMap<string, Path>,
): void {
  const first = firstOf.get(pair.join('--'))
  context.bad(
    'ZT_FABRIC_LINK_CLASH',
    path,
    `the link ${pair.join('--')} is given twice`,
    'keep one, with count for parallel links',
    first === undefined ? [] : [{ at: context.valueAt(first), message: 'the first one' }],
  )
}
