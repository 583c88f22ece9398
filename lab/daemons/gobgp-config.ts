/**
 * Configuration of gobgpd 4.8 on a leaf: what it needs to do as `docs/control-plane.md` says. It announces nothing by itself; the
 * node's own prefixes and EVPN routes come to it by its API.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { checkControl } from './frr-config.js'
import { policyTables, type PeerShare } from './gobgp-policy.js'
import { isInternal, isIpv6, plainName } from './text.js'
import { tomlText, type TomlTable } from './toml.js'

const FAMILY_NAMES = { ipv4: 'ipv4-unicast', ipv6: 'ipv6-unicast', evpn: 'l2vpn-evpn' } as const

export interface GobgpOptions {
  /** Nodes that this one waits for and does not call: those whose daemon tries each second, where gobgpd takes two. */
  readonly passiveTowards?: ReadonlySet<string>
  /** What FRRs at the other ends are to be told of the share of the link, by link. */
  readonly shares?: ReadonlyMap<string, PeerShare>
  /** No session begins until somebody enables its peer by the API, as an agent does when it has told all that the node announces. */
  readonly silent?: boolean
}

/**
 * @param node for messages
 * @returns TOML
 * @throws LabError `ZT_LAB_PLAN` for a control that is not valid against the contract, or that gobgpd cannot do
 */
export function gobgpConfig(node: string, given: NodeControl, options: GobgpOptions = {}): string {
  const control = checkControl(node, given)
  const { asn, routerId, sessions } = control
  const policies = policyTables(control, options.shares)
  return tomlText({
    global: {
      config: {
        as: asn,
        'router-id': routerId,
        // All addresses of the node's own namespace, of the families in use; there is no other network here.
        'local-address-list': listenAddresses(sessions),
      },
      'use-multiple-paths': { config: { enabled: true } },
      // BGP-7: router ids decide, not which path came first.
      'route-selection-options': { config: { 'external-compare-router-id': true } },
      'apply-policy': {
        config: {
          'import-policy-list': ['import'],
          'default-import-policy': 'accept-route',
          'export-policy-list': ['export'],
          'default-export-policy': 'accept-route',
        },
      },
    },
    'defined-sets': policies.sets,
    'policy-definitions': policies.definitions,
    neighbors: sessions.map((session) => neighbour(control, session, options)),
  })
}

function neighbour(
  control: NodeControl,
  session: BgpSession,
  { passiveTowards, silent = false }: GobgpOptions,
): TomlTable {
  const { holdTime, gracefulRestart } = control
  const { peer, link, local, remote, remoteAsn, families, bfd, unnumbered } = session
  // FRR calls no link-local address (`frr-session.ts`).
  const calls = unnumbered === true || passiveTowards?.has(peer) !== true
  return {
    config: {
      'neighbor-address': scoped(session, remote),
      'peer-as': remoteAsn,
      description: `${plainName('peer', peer)} over ${plainName('link', link)}`,
      ...(silent ? { 'admin-down': true } : {}),
    },
    timers: {
      config: {
        'hold-time': holdTime,
        'keepalive-interval': Math.max(1, Math.floor(holdTime / 3)),
        // The least that gobgpd does is 2 s.
        'connect-retry': 2,
        'idle-hold-time-after-reset': 1,
      },
    },
    transport: {
      config: { 'local-address': scoped(session, local), 'passive-mode': !calls },
    },
    // An internal peer is one hop away too (RFC 5082), as FRR is told.
    'ttl-security': isInternal(control, session) ? { config: { enabled: true, 'ttl-min': 255 } } : undefined,
    'graceful-restart': {
      config: {
        enabled: true,
        // Without BGP-16 it is there for the End-of-RIB marker alone, which goes to who has the capability (RFC 4724 section 3).
        'helper-only': gracefulRestart === undefined,
        'restart-time': gracefulRestart ?? 1,
        // A peer that does not come back must not keep the others waiting for longer than they keep what was there.
        'deferral-time': gracefulRestart ?? 1,
      },
    },
    bfd:
      bfd === undefined
        ? undefined
        : {
            config: {
              enabled: true,
              'desired-minimum-tx-interval': bfd.interval * MICROSECONDS,
              'required-minimum-receive': bfd.interval * MICROSECONDS,
              'detection-multiplier': bfd.multiplier,
            },
          },
    'afi-safis': families.map((family) => familyTable(control, session, family)),
  }
}

/** In a ms. */
const MICROSECONDS = 1000
/** gobgpd has no word for all: the most that it can send (RFC 7911). */
const ALL_PATHS = 255

function familyTable(
  { gracefulRestart }: NodeControl,
  { maximumPrefixes, addPaths }: BgpSession,
  family: BgpSession['families'][number],
): TomlTable {
  const unicast = family !== 'evpn'
  return {
    config: { 'afi-safi-name': FAMILY_NAMES[family] },
    'mp-graceful-restart': gracefulRestart === undefined ? undefined : { config: { enabled: true } },
    // Who sends several paths says so itself (BGP-14); nobody else does.
    'add-paths': unicast
      ? { config: { receive: true, ...(addPaths === true ? { 'send-max': ALL_PATHS } : {}) } }
      : undefined,
    'prefix-limit':
      unicast && maximumPrefixes !== undefined ? { config: { 'max-prefixes': maximumPrefixes } } : undefined,
  }
}

/** A link-local address is one of each of the node's links (BGP-10). */
function scoped({ unnumbered, port }: BgpSession, address: string): string {
  return unnumbered === true ? `${address}%${plainName('port', port)}` : address
}

function listenAddresses(sessions: readonly BgpSession[]): string[] {
  const has = (wanted: boolean) => sessions.some(({ local }) => isIpv6(local) === wanted)
  return [...(has(false) || sessions.length === 0 ? ['0.0.0.0'] : []), ...(has(true) ? ['::'] : [])]
}
