/**
 * Configuration of gobgpd 4.8 on a leaf: what it needs to do as `docs/control-plane.md` says. It announces nothing by itself; the
 * node's own prefixes and EVPN routes come to it by its API.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../contract/control-plane.js'
import { checkControl } from './frr-config.js'
import { policyTables } from './gobgp-policy.js'
import { isIpv6, plainName } from './text.js'
import { tomlText, type TomlTable } from './toml.js'

const FAMILY_NAMES = { ipv4: 'ipv4-unicast', ipv6: 'ipv6-unicast', evpn: 'l2vpn-evpn' } as const

export interface GobgpOptions {
  /** Nodes that this one waits for and does not call: those whose daemon tries each second, where gobgpd takes two. */
  readonly passiveTowards?: ReadonlySet<string>
}

/**
 * @param node for messages
 * @returns TOML
 * @throws LabError `ZT_LAB_PLAN` for a control that is not valid against the contract, or that gobgpd cannot do
 */
export function gobgpConfig(node: string, given: NodeControl, options: GobgpOptions = {}): string {
  const control = checkControl(node, given)
  const { asn, routerId, sessions } = control
  const policies = policyTables(control)
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
  { holdTime }: NodeControl,
  { peer, link, local, remote, remoteAsn, families }: BgpSession,
  { passiveTowards }: GobgpOptions,
): TomlTable {
  return {
    config: {
      'neighbor-address': remote,
      'peer-as': remoteAsn,
      description: `${plainName('peer', peer)} over ${plainName('link', link)}`,
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
    transport: { config: { 'local-address': local, 'passive-mode': passiveTowards?.has(peer) ?? false } },
    'afi-safis': families.map((family) => ({ config: { 'afi-safi-name': FAMILY_NAMES[family] } })),
  }
}

function listenAddresses(sessions: readonly BgpSession[]): string[] {
  const has = (wanted: boolean) => sessions.some(({ local }) => isIpv6(local) === wanted)
  return [...(has(false) || sessions.length === 0 ? ['0.0.0.0'] : []), ...(has(true) ? ['::'] : [])]
}
