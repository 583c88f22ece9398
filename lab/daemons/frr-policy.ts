/**
 * Policies (BGP-5) in FRR's words, with what else a session does to its unicast routes: a route map for each policy, family, direction and
 * addition in use, with the prefix lists and community lists that its statements need.
 *
 * @module
 */
import type { BgpSession, NodeControl, Policy } from '../../contract/control-plane.js'
import { canMatch, policyOf, prefixesOf, type Family, type PrefixRange, type Statement } from './policy.js'
import { isInternal, plainName } from './text.js'

/** The greatest sequence number of a route map. */
const LAST = 65535
/** GRACEFUL_SHUTDOWN (RFC 8326 section 5). */
const GRACEFUL_SHUTDOWN = '65535:0'
type Way = 'in' | 'out'

/** What a session does to all routes that its policy accepts. */
interface Addition {
  readonly name: string
  readonly localPreference?: number
  readonly communities: readonly string[]
  readonly lines: readonly string[]
}
export interface RouteMap {
  readonly name: string
  readonly lines: readonly string[]
}

/** Route maps and lists of all sessions. @throws LabError `ZT_LAB_PLAN` for a policy that is named and does not exist */
export function policyLines(control: NodeControl): string[] {
  const parts = new Map<string, readonly string[]>()
  for (const session of control.sessions) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      if (!session.families.includes(family)) continue
      for (const way of ['in', 'out'] as const) {
        const map = routeMapOf(control, session, family, way)
        if (map !== undefined) parts.set(map.name, map.lines)
      }
    }
    for (const { name, lines } of listsOf(control, session)) parts.set(name, lines)
  }
  return [...parts.keys()].sort().flatMap((name) => parts.get(name) ?? [])
}

/** The map of a session one way, if it needs one. Names of additions stand behind a colon, which names of policies do not have. */
export function routeMapOf(
  control: NodeControl,
  session: BgpSession,
  family: Family,
  way: Way,
): RouteMap | undefined {
  const policy = policyOf(control, way === 'in' ? session.import : session.export)
  const additions = additionsOf(control, session, family, way)
  if (policy === undefined && additions.length === 0) return undefined
  const base = policy === undefined ? `:${family}` : policyName(policy, family)
  const name = [base, ...additions.map((one) => one.name)].join(':')
  const entries =
    policy === undefined
      ? [entry(name, 10, { action: 'accept', set: {} }, { matches: [], additions, asn: control.asn })]
      : policyEntries(policy, family, name, additions, control.asn)
  return {
    name,
    lines: [
      ...entries.flat(),
      // What none matches is rejected anyway; a map without any entry would not exist, and let all pass.
      ...(policy === undefined ? [] : [`route-map ${name} deny ${LAST}`, 'exit', '!']),
    ],
  }
}

function policyName({ name }: Policy, family: Family): string {
  return `${plainName('policy', name)}-${family}`
}

function additionsOf(control: NodeControl, session: BgpSession, family: Family, way: Way): Addition[] {
  const draining = control.gracefulShutdown === true && !isInternal(control, session)
  const none = { communities: [], lines: [] }
  if (way === 'out') return draining ? [{ ...none, name: 'shutdown', communities: [GRACEFUL_SHUTDOWN] }] : []
  const { weight, unnumbered } = session
  return [
    // With a route over IPv6 comes a link-local next hop beside the global one, and FRR would take it; in the plan next hops are
    // addresses of sessions (BGP-3).
    ...(family === 'ipv6' && unnumbered !== true
      ? [{ ...none, name: 'prefer-global', lines: [' set ipv6 next-hop prefer-global'] }]
      : []),
    ...(draining ? [{ ...none, name: 'least-preferred', localPreference: 0 }] : []),
    // BGP-13: in megabits a second.
    ...(weight === undefined
      ? []
      : [
          {
            ...none,
            name: `weight-${weight}`,
            lines: [` set extcommunity bandwidth ${weight} non-transitive`],
          },
        ]),
  ]
}

function policyEntries(
  policy: Policy,
  family: Family,
  map: string,
  additions: readonly Addition[],
  asn: number,
): string[][] {
  return numbered(policy, family).map(({ statement, sequence, list }) => {
    const { prefixes, communities } = statement.match
    const matches = [
      ...(prefixes === undefined ? [] : [` match ${ipOf(family)} address prefix-list ${list}`]),
      ...(communities === undefined ? [] : [` match community ${list}`]),
    ]
    return entry(map, sequence, statement, { matches, additions, asn })
  })
}

/** Statements that can match in a family, with their places in a map and the name of their lists. */
function numbered(policy: Policy, family: Family) {
  const step = Math.max(1, Math.min(10, Math.floor(LAST / (policy.statements.length + 1))))
  return policy.statements.flatMap((statement, index) => {
    const sequence = (index + 1) * step
    const list = `${policyName(policy, family)}-${sequence}`
    return canMatch(statement, family) ? [{ statement, sequence, list }] : []
  })
}

/** Prefix lists and community lists of a session's policies. */
function listsOf(
  control: NodeControl,
  { families, import: imported, export: exported }: BgpSession,
): RouteMap[] {
  return [imported, exported].flatMap((named) => {
    const policy = policyOf(control, named)
    if (policy === undefined) return []
    return (['ipv4', 'ipv6'] as const)
      .filter((family) => families.includes(family))
      .flatMap((family) => numbered(policy, family).map((one) => listOf(one, family)))
  })
}

function listOf({ statement, list }: ReturnType<typeof numbered>[number], family: Family): RouteMap {
  const lines = [
    ...(prefixesOf(statement, family) ?? []).map(
      (range, index) =>
        `${ipOf(family)} prefix-list ${list} seq ${(index + 1) * 5} permit ${rangeText(range)}`,
    ),
    ...(statement.match.communities ?? []).map(
      (value) => `bgp community-list standard ${list} permit ${value}`,
    ),
  ]
  return { name: list, lines: lines.length === 0 ? [] : [...lines, '!'] }
}

function entry(
  map: string,
  sequence: number,
  { action, set }: Pick<Statement, 'action' | 'set'>,
  rest: {
    readonly matches: readonly string[]
    readonly additions: readonly Addition[]
    readonly asn: number
  },
): string[] {
  return [
    `route-map ${map} ${action === 'accept' ? 'permit' : 'deny'} ${sequence}`,
    ...rest.matches,
    ...(action === 'accept' ? setLines(set, rest.additions, rest.asn) : []),
    'exit',
    '!',
  ]
}

/** Of each kind one line: a later one would take the place of an earlier one. */
function setLines(set: Statement['set'], additions: readonly Addition[], asn: number): string[] {
  const preference =
    additions.find(({ localPreference }) => localPreference !== undefined)?.localPreference ??
    set.localPreference
  const communities = [...(set.communities ?? []), ...additions.flatMap((one) => one.communities)]
  return [
    ...(preference === undefined ? [] : [` set local-preference ${preference}`]),
    ...(set.med === undefined ? [] : [` set metric ${set.med}`]),
    ...(set.prepend === undefined
      ? []
      : [` set as-path prepend ${Array.from({ length: set.prepend }, () => asn).join(' ')}`]),
    ...(communities.length === 0 ? [] : [` set community ${communities.join(' ')} additive`]),
    ...additions.flatMap(({ lines }) => lines),
  ]
}

function ipOf(family: Family): 'ip' | 'ipv6' {
  return family === 'ipv4' ? 'ip' : 'ipv6'
}

/** FRR refuses a bound that says nothing. */
function rangeText({ prefix, least, greatest }: PrefixRange): string {
  const length = Number(prefix.slice(prefix.indexOf('/') + 1))
  return `${prefix}${least === length ? '' : ` ge ${least}`}${greatest === length ? '' : ` le ${greatest}`}`
}
