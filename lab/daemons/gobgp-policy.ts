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
import { plainName } from './text.js'
import type { TomlTable } from './toml.js'

/** RFC 8326 section 5. */
const GRACEFUL_SHUTDOWN = '65535:0'
/** NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED (RFC 1997): none of them goes to an eBGP peer. */
const NOT_TO_OTHERS = ['65535:65281', '65535:65282', '65535:65283']
/**
 * The local preference of a path that is about to go away. RFC 8326 and FRR have 0; gobgpd takes 0 for "leave it as it is", so
 * it gets the least that it can set.
 */
const SHUTDOWN_PREFERENCE = 1

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
export function policyTables(control: NodeControl): PolicyTables {
  const sets: Sets = {
    prefixes: [],
    neighbours: [],
    communities: [
      { 'community-set-name': 'graceful-shutdown', 'community-list': [GRACEFUL_SHUTDOWN] },
      { 'community-set-name': 'not-to-others', 'community-list': NOT_TO_OTHERS },
    ],
  }
  const evpn = { 'bgp-conditions': { 'afi-safi-in-list': ['l2vpn-evpn'] } }
  const definitions = [
    policy('import', [
      // No disposition: what follows is looked at too.
      statement(communityCondition('graceful-shutdown'), {
        'bgp-actions': { 'set-local-pref': SHUTDOWN_PREFERENCE },
      }),
      // Policies hold for unicast.
      statement(evpn, accept()),
      ...statements(control, 'import', sets),
    ]),
    policy('export', [
      statement(communityCondition('not-to-others'), reject),
      // BGP-3: an EVPN next hop is the VTEP, whoever hands the route on.
      statement(evpn, accept({ 'set-next-hop': 'unchanged' })),
      ...statements(control, 'export', sets),
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

function statements(control: NodeControl, direction: Direction, sets: Sets): TomlTable[] {
  return policyUses(control, direction).flatMap((use) => {
    const name = `${direction}-${plainName('policy', use.policy.name)}-${use.family}`
    sets.neighbours.push({ 'neighbor-set-name': name, 'neighbor-info-list': use.remotes })
    const peers = { 'match-neighbor-set': { 'neighbor-set': name } }
    return [
      ...use.policy.statements.flatMap((one, index) => {
        return policyStatements({ control, direction, use, peers, name: `${name}-${index + 1}`, sets }, one)
      }),
      statement(peers, reject),
    ]
  })
}

interface Context {
  readonly control: NodeControl
  readonly direction: Direction
  readonly use: PolicyUse
  readonly peers: TomlTable
  /** Of this statement, and of its sets. */
  readonly name: string
  readonly sets: Sets
}

function policyStatements(
  { control, direction, use, peers, name, sets }: Context,
  one: Statement,
): TomlTable[] {
  if (!canMatch(one, use.family)) return []
  const conditions = { ...peers, ...prefixCondition(one, use.family, name, sets) }
  const { communities } = one.match
  if (communities !== undefined)
    sets.communities.push({ 'community-set-name': name, 'community-list': communities })
  const matched = communities === undefined ? {} : communityCondition(name)
  if (one.action === 'reject') return [statement({ ...conditions, ...matched }, reject)]
  const { localPreference, communities: added } = one.set
  if (localPreference === 0) {
    throw new LabError(
      'ZT_LAB_PLAN',
      `policy ${use.policy.name} sets a local preference of 0, which gobgpd cannot`,
      { remedy: 'set 1 or more in policies that leaves use' },
    )
  }
  // What is about to go away stays least preferred (BGP-6), whatever the policy would set, and also when it is the policy that says so.
  const going = direction === 'import' && added?.includes(GRACEFUL_SHUTDOWN) === true
  const actions = actionsOf(one.set, control.asn)
  const preference = going ? SHUTDOWN_PREFERENCE : localPreference
  const least =
    direction === 'import' && !going && localPreference !== undefined
      ? goingAway(name, communities, sets).map((condition) =>
          statement(
            { ...conditions, ...condition },
            accept({ ...actions, 'set-local-pref': SHUTDOWN_PREFERENCE }),
          ),
        )
      : []
  return [
    ...least,
    statement({ ...conditions, ...matched }, accept({ ...actions, 'set-local-pref': preference })),
  ]
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

function actionsOf(set: Statement['set'], asn: number): TomlTable {
  return {
    'set-med': set.med === undefined ? undefined : String(set.med),
    'set-as-path-prepend':
      set.prepend === undefined ? undefined : { as: String(asn), 'repeat-n': set.prepend },
    'set-community':
      set.communities === undefined || set.communities.length === 0
        ? undefined
        : { options: 'add', 'set-community-method': { 'communities-list': set.communities } },
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
