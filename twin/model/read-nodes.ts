/**
 * `nodes`.
 *
 * @module
 */
import { MAX_NAME, type NodeEntry } from '../../contract/fabric.js'
import type { Context } from './context.js'
import { isLeaf, type Bgp, type FabricNode } from './fabric.js'
import { compareNames } from './names.js'
import { expandRanges } from './pattern.js'
import type { ProblemCode } from './problem.js'
import { rejectReserved } from './read-bgp.js'
import { formatPath, type Path } from './tree.js'

/** More than the twin was made for. */
const MAX_NODES = 1024

/** Nodes in name order. */
export function readNodes(context: Context, bgp: Bgp): readonly FabricNode[] {
  const nodes = new Map<string, PlacedNode>()
  for (const [key, entry] of Object.entries(context.file.nodes)) {
    const path = ['nodes', key]
    const names = expandKey(context, path, key)
    if (entry.asn !== undefined) rejectReserved(context, [...path, 'asn'], entry.asn)
    checkNumber(context, path, entry, names, bgp)
    checkRole(context, path, entry, names)
    for (const name of names) {
      const first = nodes.get(name)
      if (first === undefined) {
        const { role, asn, reflector = false, drain = false } = entry
        nodes.set(name, { name, role, asn, reflector, drain, path })
      } else reportTwice(context, 'ZT_FABRIC_NAME_CLASH', `the node ${name}`, path, first.path)
    }
    if (nodes.size > MAX_NODES) {
      context.badKey('ZT_FABRIC_TOO_MANY', path, `there are more than ${MAX_NODES} nodes`, 'describe fewer')
      break
    }
  }
  const sorted = [...nodes.values()].toSorted((a, b) => compareNames(a.name, b.name))
  rejectAsnClashes(context, bgp, sorted)
  return sorted.map(({ path: _, ...node }) => node)
}

type PlacedNode = FabricNode & { readonly path: Path }

/** Whose AS number a node has. */
function checkNumber(
  context: Context,
  path: Path,
  entry: NodeEntry,
  names: readonly string[],
  { as }: Bgp,
): void {
  const { role, asn } = entry
  if (role === 'router') {
    if (asn !== undefined || as !== undefined || context.problems.has(formatPath([...path, 'asn']))) return
    context.badKey(
      'ZT_FABRIC_MISSING_KEY',
      path,
      `${names[0] ?? 'the router'} is a router without an AS number`,
      'give it one, such as asn: 64601',
    )
    return
  }
  if (asn === undefined) return
  if (as !== undefined && asn !== as) {
    context.bad(
      'ZT_FABRIC_ASN_CLASH',
      [...path, 'asn'],
      `${names[0] ?? 'the node'} would be outside of the AS ${as}, of which spines and leaves are`,
      'leave asn out, or make it a router',
      [{ at: context.valueAt(['underlay', 'bgp', 'as']), message: 'the number for all' }],
    )
  } else if (role !== 'spine' && as === undefined && names.length > 1) {
    context.bad(
      'ZT_FABRIC_ASN_CLASH',
      [...path, 'asn'],
      `${names.length} leaves would share the AS number ${asn}`,
      'leave asn out, or give each leaf its own entry',
    )
  }
}

/** Words that say nothing of a node in its role. */
function checkRole(context: Context, path: Path, entry: NodeEntry, names: readonly string[]): void {
  const { role, reflector } = entry
  const name = names[0] ?? 'the node'
  if (reflector !== undefined && role !== 'router') {
    context.bad(
      'ZT_FABRIC_ROLE',
      [...path, 'reflector'],
      role === 'spine'
        ? `${name} is a spine, which reflects wherever there is one AS for all`
        : `${name} is a ${role}, which reflects nothing`,
      'leave it out, or make it a router',
    )
  }
  if (entry.drain === true && context.file.underlay.control !== 'bgp') {
    context.bad(
      'ZT_FABRIC_CONTROL',
      [...path, 'drain'],
      `${name} cannot tell others to avoid it: its tables are the compiler's`,
      'give underlay control: bgp, or leave it out',
    )
  }
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

function rejectAsnClashes(context: Context, { as, spines }: Bgp, nodes: readonly PlacedNode[]): void {
  // In one AS for all, to share its number is what is wanted.
  if (as !== undefined) return
  const owners = new Map<number, { readonly leaf: boolean; readonly path: Path; readonly name: string }>()
  owners.set(spines, { leaf: false, path: ['underlay', 'bgp', 'spines'], name: 'the spines' })
  for (const { name, role, asn, path } of nodes) {
    if (asn === undefined) continue
    const asnPath = [...path, 'asn']
    const owner = owners.get(asn)
    if (owner === undefined) owners.set(asn, { leaf: isLeaf({ role }), path: asnPath, name })
    else if ((isLeaf({ role }) || owner.leaf) && owner.path.join('.') !== asnPath.join('.')) {
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
