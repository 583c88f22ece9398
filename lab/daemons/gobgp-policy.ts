/**
 * Policies (BGP-5, BGP-6) in gobgpd's words. It has one policy for all that comes in and one for all that goes out, whose statements
 * name the neighbours that they are for, and it honours no well-known community by itself.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import {
  canMatch,
  policyUses,
  prefixesOf,
  type Direction,
  type Family,
  type PolicyUse,
  type Statement,
} from './policy.js'
import { isInternal, plainName } from './text.js'
import type { TomlTable } from './toml.js'

/** RFC 8326 section 5. */
const GRACEFUL_SHUTDOWN = '65535:0'
/** NO_EXPORT, NO_EXPORT_SUBCONFED (RFC 1997): neither goes to an eBGP peer. */
const NOT_TO_OTHERS = ['65535:65281', '65535:65283']
const NO_ADVERTISE = '65535:65282'
/**
 * The local preference of a path that is about to go away. RFC 8326 and FRR have 0; gobgpd takes 0 for "leave it as it is", so
 * it gets the least that it can set.
 */
const SHUTDOWN_PREFERENCE = 1

/** A weight that the FRR at the other end gives the link, and its AS number. */
export interface PeerShare {
  readonly asn: number
  readonly weight: number
}

export interface PolicyTables {
  readonly sets: TomlTable
  readonly definitions: readonly TomlTable[]
}

/** Collects sets while statements are made. */
interface Sets {
  readonly prefixes: TomlTable[]
  readonly neighbours: TomlTable[]
  readonly communities: TomlTable[]
}

/** @throws LabError `ZT_LAB_PLAN` for a policy that is named and not there, or that sets a local preference of 0 */
export function policyTables(
  control: NodeControl,
  shares: ReadonlyMap<string, PeerShare> = new Map(),
): PolicyTables {
  const sets: Sets = {
    prefixes: [],
    neighbours: [],
    communities: [
      { 'community-set-name': 'graceful-shutdown', 'community-list': [GRACEFUL_SHUTDOWN] },
      { 'community-set-name': 'not-to-others', 'community-list': NOT_TO_OTHERS },
      { 'community-set-name': 'not-to-anybody', 'community-list': [NO_ADVERTISE] },
    ],
  }
  const external = peers(control, 'external', sets)
  const internal = peers(control, 'internal', sets)
  const evpn = { 'bgp-conditions': { 'afi-safi-in-list': ['l2vpn-evpn'] } }
  const draining = control.gracefulShutdown === true ? external : undefined
  const definitions = [
    policy('import', [
      // No disposition: what follows is looked at too.
      ...statementFor(external, communityCondition('graceful-shutdown'), {
        'bgp-actions': { 'set-local-pref': SHUTDOWN_PREFERENCE },
      }),
      // Policies hold for unicast.
      statement(evpn, accept()),
      ...statements(control, 'import', sets),
      ...statementFor(draining, {}, accept({ 'set-local-pref': SHUTDOWN_PREFERENCE })),
    ]),
    policy('export', [
      statement(communityCondition('not-to-anybody'), reject),
      ...statementFor(external, communityCondition('not-to-others'), reject),
      // BGP-3: an EVPN next hop is the VTEP, whoever hands the route on.
      statement(evpn, accept({ 'set-next-hop': 'unchanged' })),
      // BGP-11: there is no IGP, each next hop is the far end of a link.
      ...statementFor(internal, {}, { 'bgp-actions': { 'set-next-hop': 'self' } }),
      ...shareStatements(control, shares, sets),
      ...statements(control, 'export', sets),
      ...statementFor(draining, {}, accept(communitiesAction([GRACEFUL_SHUTDOWN]))),
    ]),
  ]
  return {
    sets: {
      'prefix-sets': sets.prefixes,
      'neighbor-sets': sets.neighbours,
      'bgp-defined-sets': { 'community-sets': sets.communities },
    },
    definitions,
  }
}

/** In place of an AS number that needs four octets (RFC 6793). */
const AS_TRANS = 23456

/**
 * FRR 8.4 shares by a link bandwidth that came in the message and not by one that its own import policy has set: so its GoBGP peers say what it is
 * going to set (BGP-13).
 */
function shareStatements(
  { sessions }: NodeControl,
  shares: ReadonlyMap<string, PeerShare>,
  sets: Sets,
): TomlTable[] {
  return sessions.flatMap(({ link, remote }) => {
    const share = shares.get(link)
    if (share === undefined) return []
    const name = `share:${plainName('link', link)}`
    sets.neighbours.push({ 'neighbor-set-name': name, 'neighbor-info-list': [remote] })
    const bandwidth = `lb:${share.asn > 0xffff ? AS_TRANS : share.asn}:${(share.weight * 1_000_000) / 8}`
    return [
      statement(
        { 'match-neighbor-set': { 'neighbor-set': name } },
        {
          'bgp-actions': {
            'set-ext-community': {
              options: 'add',
              'set-ext-community-method': { 'communities-list': [bandwidth] },
            },
          },
        },
      ),
    ]
  })
}

/** The condition for all peers outside or inside the AS; absent when there are none. */
function peers(control: NodeControl, where: 'external' | 'internal', sets: Sets): TomlTable | undefined {
  const remotes = control.sessions
    .filter((session) => isInternal(control, session) === (where === 'internal'))
    .map(({ remote }) => remote)
  if (remotes.length === 0) return undefined
  sets.neighbours.push({ 'neighbor-set-name': where, 'neighbor-info-list': remotes })
  return { 'match-neighbor-set': { 'neighbor-set': where } }
}

function statementFor(who: TomlTable | undefined, conditions: TomlTable, actions: TomlTable): TomlTable[] {
  return who === undefined ? [] : [statement({ ...who, ...conditions }, actions)]
}

const FAMILY_NAMES = { ipv4: 'ipv4-unicast', ipv6: 'ipv6-unicast' } as const

function statements(control: NodeControl, direction: Direction, sets: Sets): TomlTable[] {
  return policyUses(control, direction).flatMap((use) => {
    const inside = use.internal ? ':internal' : ''
    const name = `${direction}-${plainName('policy', use.policy.name)}-${use.family}${inside}`
    sets.neighbours.push({ 'neighbor-set-name': name, 'neighbor-info-list': use.remotes })
    // A session may carry both families (BGP-10).
    const where = {
      'match-neighbor-set': { 'neighbor-set': name },
      'bgp-conditions': { 'afi-safi-in-list': [FAMILY_NAMES[use.family]] },
    }
    return [
      ...use.policy.statements.flatMap((one, index) =>
        policyStatements({ control, direction, use, where, name: `${name}-${index + 1}`, sets }, one),
      ),
      statement(where, reject),
    ]
  })
}

interface Context {
  readonly control: NodeControl
  readonly direction: Direction
  readonly use: PolicyUse
  /** Conditions of all statements of this use. */
  readonly where: TomlTable
  /** Of this statement, and of its sets. */
  readonly name: string
  readonly sets: Sets
}

function policyStatements(context: Context, one: Statement): TomlTable[] {
  const { control, direction, use, where, name, sets } = context
  if (!canMatch(one, use.family)) return []
  const conditions = { ...where, ...prefixCondition(one, use.family, name, sets) }
  const { communities } = one.match
  if (communities !== undefined)
    sets.communities.push({ 'community-set-name': name, 'community-list': communities })
  const matched = communities === undefined ? conditions : both(conditions, communityCondition(name))
  if (one.action === 'reject') return [statement(matched, reject)]
  const { localPreference } = one.set
  if (localPreference === 0) {
    throw new LabError(
      'ZT_LAB_PLAN',
      `policy ${use.policy.name} sets a local preference of 0, which gobgpd cannot`,
      { remedy: 'set 1 or more in policies that leaves use' },
    )
  }
  const draining = control.gracefulShutdown === true && !use.internal
  const added = [
    ...(one.set.communities ?? []),
    ...(direction === 'export' && draining ? [GRACEFUL_SHUTDOWN] : []),
  ]
  const actions = actionsOf(one.set, added, control.asn)
  if (direction === 'export' || use.internal)
    return [statement(matched, accept({ ...actions, 'set-local-pref': localPreference }))]
  // What is about to go away stays least preferred (BGP-6), whatever the policy would set, and also when it is the policy that says so.
  const last = { ...actions, 'set-local-pref': SHUTDOWN_PREFERENCE }
  if (draining || added.includes(GRACEFUL_SHUTDOWN)) return [statement(matched, accept(last))]
  const least = localPreference === undefined ? [] : goingAway(name, communities, sets)
  return [
    ...least.map((condition) => statement(both(conditions, condition), accept(last))),
    statement(matched, accept({ ...actions, 'set-local-pref': localPreference })),
  ]
}

/** All that either asks. */
function both(one: TomlTable, other: TomlTable): TomlTable {
  return { ...one, ...other, 'bgp-conditions': { ...tableOf(one), ...tableOf(other) } }
}

function tableOf({ 'bgp-conditions': table }: TomlTable): TomlTable {
  return typeof table === 'object' && !Array.isArray(table) ? (table as TomlTable) : {}
}

/** Conditions for "has GRACEFUL_SHUTDOWN, and any of these": gobgpd asks for all of a set or any of it, so one for each. */
function goingAway(name: string, communities: readonly string[] | undefined, sets: Sets): TomlTable[] {
  if (communities === undefined || communities.includes(GRACEFUL_SHUTDOWN))
    return [communityCondition('graceful-shutdown')]
  return communities.map((community, index) => {
    const set = `${name}-going-${index + 1}`
    sets.communities.push({
      'community-set-name': set,
      'community-list': [GRACEFUL_SHUTDOWN, community],
    })
    return communityCondition(set, 'all')
  })
}

function prefixCondition(one: Statement, family: Family, name: string, sets: Sets): TomlTable {
  const prefixes = prefixesOf(one, family)
  if (prefixes === undefined) return {}
  sets.prefixes.push({
    'prefix-set-name': name,
    'prefix-list': prefixes.map(({ prefix, least, greatest }) => ({
      'ip-prefix': prefix,
      'masklength-range': `${least}..${greatest}`,
    })),
  })
  return { 'match-prefix-set': { 'prefix-set': name } }
}

function communityCondition(set: string, options: 'any' | 'all' = 'any'): TomlTable {
  return {
    'bgp-conditions': { 'match-community-set': { 'community-set': set, 'match-set-options': options } },
  }
}

function actionsOf(set: Statement['set'], communities: readonly string[], asn: number): TomlTable {
  return {
    'set-med': set.med === undefined ? undefined : String(set.med),
    'set-as-path-prepend':
      set.prepend === undefined ? undefined : { as: String(asn), 'repeat-n': set.prepend },
    ...(communities.length === 0 ? {} : communitiesAction(communities)),
  }
}

function communitiesAction(communities: readonly string[]): TomlTable {
  return {
    'set-community': { options: 'add', 'set-community-method': { 'communities-list': communities } },
  }
}

const reject: TomlTable = { 'route-disposition': 'reject-route' }

function accept(actions?: TomlTable): TomlTable {
  return {
    'route-disposition': 'accept-route',
    ...(actions === undefined ? {} : { 'bgp-actions': actions }),
  }
}

function statement(conditions: TomlTable, actions: TomlTable): TomlTable {
  return { conditions, actions }
}

/** Statements are told apart by name throughout the daemon. */
function policy(name: string, all: readonly TomlTable[]): TomlTable {
  return { name, statements: all.map((one, index) => ({ name: `${name}-${index + 1}`, ...one })) }
}
