/**
 * `links`.
 *
 * @module
 */
import type { Context } from './context.js'
import type { FabricLink, FabricNode, Role, Seal } from './fabric.js'
import { compareNames } from './names.js'
import { nanoseconds } from './quantities.js'
import { isKeyWord, readSealName } from './read-seals.js'
import type { Path } from './tree.js'

/** More than the twin was made for. */
const MAX_LINKS = 16384
/** ns: more than a link by way of a geostationary satellite takes. */
const MAX_DELAY = 1_000_000_000

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
    const seal = readSealName(context, [...path, 'seal'], entry.seal, seals)
    const delay = readDelay(context, path, entry.delay)
    const punt = readPunt(context, path, entry)
    const pairs = from.flatMap((a) =>
      to.map((b): [string, string] => (compareNames(a, b) < 0 ? [a, b] : [b, a])),
    )
    if (pairs.length * (entry.count ?? 1) + links.length > MAX_LINKS) {
      context.bad('ZT_FABRIC_TOO_MANY', path, `there are more than ${MAX_LINKS} links`, 'describe fewer')
      break
    }
    const mayMeet = ([a, b]: readonly [string, string]): boolean =>
      a !== b && canMeet(roles.get(a), roles.get(b))
    const wrong = pairs.find((pair) => !mayMeet(pair))
    if (wrong !== undefined) rejectRoles(context, path, wrong, roles)
    const twice = pairs.find((pair) => firstOf.has(pair.join('--')))
    if (twice !== undefined) rejectTwice(context, path, twice, firstOf)
    for (const ends of pairs) {
      const id = ends.join('--')
      if (firstOf.has(id) || !mayMeet(ends)) continue
      firstOf.set(id, path)
      for (let n = 1; n <= (entry.count ?? 1); n++)
        links.push({ id: n === 1 ? id : `${id}#${n}`, ends, seal, weight: entry.weight, delay, punt })
      rejectKeyNames(context, path, ends, seal)
    }
  }
  return links.toSorted((a, b) => compareNames(a.id, b.id))
}

function readDelay(context: Context, path: Path, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const delay = nanoseconds(text)
  if (delay <= MAX_DELAY) return delay
  context.bad('ZT_FABRIC_VALUE', [...path, 'delay'], `no link takes ${text}`, 'write at most 1s')
  return undefined
}

/** PUNT-3: what is sealed only the engine can open, so that XDP has nothing to pass. */
function readPunt(
  context: Context,
  path: Path,
  { punt, seal }: { readonly punt?: 'tap' | 'xdp' | undefined; readonly seal?: string | undefined },
): 'tap' | 'xdp' {
  if (punt !== 'xdp' || seal === undefined) return punt ?? 'tap'
  context.bad(
    'ZT_FABRIC_VALUE',
    [...path, 'punt'],
    `XDP cannot read what comes sealed by ${seal}`,
    'leave out punt, or write punt: tap; or leave these links without seal',
  )
  return 'tap'
}

/** Leaves and gateways hang on spines; routers on spines and on each other. */
const MEETINGS: readonly (readonly [Role, Role])[] = [
  ['leaf', 'spine'],
  ['gateway', 'spine'],
  ['router', 'spine'],
  ['router', 'router'],
]
/** A link's private keys bear the names of its ends, and would be taken for what these words say. */
function rejectKeyNames(context: Context, path: Path, ends: readonly string[], seal: Seal | undefined): void {
  const name = seal?.kind === 'wireguard' ? ends.find(isKeyWord) : undefined
  if (name === undefined) return
  context.bad(
    'ZT_FABRIC_NAME_CLASH',
    path,
    `a node with WireGuard links cannot be called ${name}, which names another of their keys`,
    'give the node another name, or the links another seal',
  )
}

const PLURALS: Readonly<Record<Role, string>> = {
  leaf: 'leaves',
  gateway: 'gateways',
  router: 'routers',
  spine: 'spines',
}

function canMeet(a: Role | undefined, b: Role | undefined): boolean {
  return MEETINGS.some(([x, y]) => (a === x && b === y) || (a === y && b === x))
}

function rejectRoles(
  context: Context,
  path: Path,
  [a, b]: readonly [string, string],
  roles: ReadonlyMap<string, Role>,
): void {
  const remedy = 'link leaves, gateways and routers to spines, or routers to each other'
  if (a === b) {
    context.bad('ZT_FABRIC_ROLE', path, `${a} would be linked to itself`, remedy)
    return
  }
  const [first, second] = [roles.get(a) ?? 'leaf', roles.get(b) ?? 'leaf']
  const who =
    first === second
      ? `${a} and ${b} are both ${PLURALS[first]}; links between ${PLURALS[first]} are not supported yet`
      : `${a} is a ${first} and ${b} a ${second}, which cannot be linked`
  context.bad('ZT_FABRIC_ROLE', path, who, remedy)
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
