/**
 * Statements of a policy.
 *
 * @module
 */
import type { PolicyEntry } from '../../contract/fabric.js'
import { formatPrefix, parsePrefix, prefixCovers } from '../packet/index.js'
import type { Context } from './context.js'
import type { PolicyStatement, PrefixRange } from './fabric.js'
import type { Path } from './tree.js'

type Entry = PolicyEntry['statements'][number]

export function readStatement(context: Context, path: Path, entry: Entry): PolicyStatement {
  const { match = {}, action = 'accept', set } = entry
  const prefixes = match.prefixes?.flatMap(
    (text, i) => readRange(context, [...path, 'match', 'prefixes', i], text) ?? [],
  )
  if (action === 'reject' && set !== undefined) {
    context.bad(
      'ZT_FABRIC_POLICY',
      [...path, 'set'],
      'nothing can be set of a route that is rejected',
      'take set out, or accept the route',
    )
  }
  return {
    prefixes,
    communities: readCommunities(context, [...path, 'match', 'communities'], match.communities),
    action,
    set: {
      localPreference: set?.localPreference,
      med: set?.med,
      prepend: set?.prepend,
      communities: readCommunities(context, [...path, 'set', 'communities'], set?.communities) ?? [],
    },
  }
}

/** `10.0.0.0/8 ge 24 le 32`. */
function readRange(context: Context, path: Path, text: string): PrefixRange | undefined {
  const [head = '', ...bounds] = text.split(' ')
  const prefix = context.parse('ZT_FABRIC_ADDRESS', path, head, parsePrefix)
  if (prefix === undefined) return undefined
  const boundOf = (word: string): number | undefined => {
    const at = bounds.indexOf(word)
    return at < 0 ? undefined : Number(bounds[at + 1])
  }
  const range = { prefix, ge: boundOf('ge'), le: boundOf('le') }
  const fault = faultOf(range)
  if (fault === undefined) return range
  context.bad(
    'ZT_FABRIC_POLICY',
    path,
    `${text} matches nothing: ${fault}`,
    `write lengths from ${prefix.length} to ${maximumOf(range)}, the smaller one first`,
  )
  return undefined
}

function faultOf(range: PrefixRange): string | undefined {
  const { prefix, ge, le } = range
  for (const [word, bound] of [
    ['ge', ge],
    ['le', le],
  ] as const) {
    if (bound === undefined) continue
    if (bound > maximumOf(range)) return `${word} ${bound} is longer than an IPv${prefix.family} address`
    if (bound < prefix.length) return `${word} ${bound} is shorter than ${formatPrefix(prefix)}`
  }
  return ge !== undefined && le !== undefined && ge > le ? `ge ${ge} is above le ${le}` : undefined
}

function maximumOf({ prefix }: Pick<PrefixRange, 'prefix'>): number {
  return prefix.family === 6 ? 128 : 32
}

/** In their plain form: `00100:1` is `100:1`. */
function readCommunities(
  context: Context,
  path: Path,
  texts: readonly string[] | undefined,
): readonly string[] | undefined {
  return texts?.flatMap((text, i) => {
    const halves = text.split(':').map(Number)
    const large = halves.find((half) => half > 0xffff)
    if (large === undefined) return halves.join(':')
    context.bad(
      'ZT_FABRIC_POLICY',
      [...path, i],
      `${large} is more than either half of a community can be`,
      'write two numbers up to 65535',
    )
    return []
  })
}

/** Lengths that a range takes (BGP-5). */
function lengthsOf(range: PrefixRange): { readonly from: number; readonly to: number } {
  const { prefix, ge, le } = range
  return { from: ge ?? prefix.length, to: le ?? (ge === undefined ? prefix.length : maximumOf(range)) }
}

/** True when whatever the second statement matches is matched by the first. */
export function takesAllOf(first: PolicyStatement, second: PolicyStatement): boolean {
  const byCommunity =
    first.communities === undefined ||
    (second.communities?.every((community) => first.communities?.includes(community)) ?? false)
  const byPrefix =
    first.prefixes === undefined ||
    (second.prefixes?.every((range) => first.prefixes?.some((wider) => holds(wider, range))) ?? false)
  return byCommunity && byPrefix
}

function holds(wider: PrefixRange, range: PrefixRange): boolean {
  const [outer, inner] = [lengthsOf(wider), lengthsOf(range)]
  return prefixCovers(wider.prefix, range.prefix) && outer.from <= inner.from && inner.to <= outer.to
}
