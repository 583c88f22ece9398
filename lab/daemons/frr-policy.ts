/**
 * Policies (BGP-5) in FRR's words: a route map for each policy and family in which it is used, with the prefix lists and community
 * lists that its statements need.
 *
 * @module
 */
import type { NodeControl, Policy } from '../../contract/control-plane.js'
import { canMatch, policyUses, prefixesOf, type Family, type PrefixRange, type Statement } from './policy.js'
import { plainName } from './text.js'

/** The greatest sequence number of a route map. */
const LAST = 65535

export function routeMapName(policy: string, family: Family): string {
  return `${plainName('policy', policy)}-${family}`
}

/** Lists and route maps of all policies that a session names. @throws LabError `ZT_LAB_PLAN` for one that does not exist */
export function policyLines(control: NodeControl): string[] {
  const uses = [...policyUses(control, 'import'), ...policyUses(control, 'export')]
  const maps = new Map(
    uses.map(({ policy, family }) => [
      routeMapName(policy.name, family),
      routeMap(policy, family, control.asn),
    ]),
  )
  return [...maps.keys()].sort().flatMap((name) => maps.get(name) ?? [])
}

function routeMap(policy: Policy, family: Family, asn: number): string[] {
  const name = routeMapName(policy.name, family)
  const step = Math.max(1, Math.min(10, Math.floor(LAST / (policy.statements.length + 1))))
  const entries = policy.statements.flatMap((statement, index) =>
    canMatch(statement, family) ? [entry(name, (index + 1) * step, statement, family, asn)] : [],
  )
  return [
    ...entries.flatMap(({ lists }) => lists),
    ...entries.flatMap(({ map }) => map),
    // What none matches is rejected anyway; a map without any entry would not exist, and let all pass.
    `route-map ${name} deny ${LAST}`,
    'exit',
    '!',
  ]
}

function entry(
  name: string,
  sequence: number,
  statement: Statement,
  family: Family,
  asn: number,
): { readonly lists: readonly string[]; readonly map: readonly string[] } {
  const list = `${name}-${sequence}`
  const ip = family === 'ipv4' ? 'ip' : 'ipv6'
  const prefixes = prefixesOf(statement, family)
  const { communities } = statement.match
  const lists = [
    ...(prefixes ?? []).map(
      (range, index) => `${ip} prefix-list ${list} seq ${(index + 1) * 5} permit ${rangeText(range)}`,
    ),
    ...(communities ?? []).map((value) => `bgp community-list standard ${list} permit ${value}`),
  ]
  return {
    lists: lists.length === 0 ? [] : [...lists, '!'],
    map: [
      `route-map ${name} ${statement.action === 'accept' ? 'permit' : 'deny'} ${sequence}`,
      ...(prefixes === undefined ? [] : [` match ${ip} address prefix-list ${list}`]),
      ...(communities === undefined ? [] : [` match community ${list}`]),
      ...(statement.action === 'accept' ? setLines(statement.set, family, asn) : []),
      'exit',
      '!',
    ],
  }
}

function setLines(set: Statement['set'], family: Family, asn: number): string[] {
  return [
    ...(set.localPreference === undefined ? [] : [` set local-preference ${set.localPreference}`]),
    ...(set.med === undefined ? [] : [` set metric ${set.med}`]),
    ...(set.prepend === undefined
      ? []
      : [` set as-path prepend ${Array.from({ length: set.prepend }, () => asn).join(' ')}`]),
    ...(set.communities === undefined || set.communities.length === 0
      ? []
      : [` set community ${set.communities.join(' ')} additive`]),
    // Without effect on the way out; on the way in it keeps the link-local next hop out (BGP-3).
    ...(family === 'ipv6' ? [' set ipv6 next-hop prefer-global'] : []),
  ]
}

/** FRR refuses a bound that says nothing. */
function rangeText({ prefix, least, greatest }: PrefixRange): string {
  const length = Number(prefix.slice(prefix.indexOf('/') + 1))
  return `${prefix}${least === length ? '' : ` ge ${least}`}${greatest === length ? '' : ` le ${greatest}`}`
}
