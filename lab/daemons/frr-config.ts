/**
 * `frr.conf` of a spine, as a person would write it: what zebra and bgpd 8.4 need to do as `docs/control-plane.md` says.
 *
 * @module
 */
import { NodeControl, type BgpSession } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import { policyLines, routeMapName } from './frr-policy.js'
import { isIpv6, plainName } from './text.js'

/** Route map of IPv6 sessions without an import policy. */
const PREFER_GLOBAL = 'prefer-global'

/** The integrated file, and the two parts of it that the daemons read at their start. */
export interface FrrConfig {
  /** Valid to `vtysh -C`. */
  readonly frr: string
  readonly zebra: string
  readonly bgpd: string
}

/**
 * @param node becomes the hostname
 * @throws LabError `ZT_LAB_PLAN` for a control that is not valid against the contract, or a name that cannot be in a configuration
 */
export function frrConfig(node: string, given: NodeControl): FrrConfig {
  const control = checkControl(node, given)
  const head = ['frr version 8.4', 'frr defaults traditional', `hostname ${plainName('node', node)}`]
  // The engine forwards; a kernel that did so too would send each packet twice.
  // Routes with their gateways in them, not next-hop objects of the kernel: what reads routes (CTRL-7, people) finds them there.
  const zebra = ['no ip forwarding', 'no ipv6 forwarding', 'no zebra nexthop kernel enable', '!']
  const bgpd = [...policyLines(control), ...preferGlobal(control), ...routerLines(control)]
  const file = (...parts: (readonly string[])[]) => `${parts.flat().join('\n')}\n`
  return {
    frr: file(head, ['service integrated-vtysh-config', '!'], zebra, bgpd, ['end']),
    zebra: file(head, ['!'], zebra),
    bgpd: file(head, ['!'], bgpd),
  }
}

/**
 * What FRR 8.4 cannot do, whatever its configuration: it takes an EVPN route of type 3 whose originator is an IPv6 address for malformed
 * and ends the session, again and again (RFC 7432 section 7.3 allows both lengths).
 *
 * @throws LabError `ZT_LAB_PLAN`
 */
export function checkFrrCan(
  nodes: readonly { readonly node: string; readonly control: NodeControl }[],
): void {
  const spine = nodes.find(
    ({ control }) =>
      control.daemon === 'frr' && control.sessions.some((session) => hasFamily(session, 'evpn')),
  )
  const leaf = nodes.find(({ control }) => control.evpn !== undefined && isIpv6(control.evpn.vtep))
  if (spine === undefined || leaf === undefined) return
  throw new LabError(
    'ZT_LAB_PLAN',
    `${leaf.node} has the IPv6 VTEP ${leaf.control.evpn?.vtep ?? ''}, and FRR on ${spine.node} hands on no EVPN routes of such`,
    { remedy: 'use an IPv4 underlay for labs with `control: bgp`; the twin runs both' },
  )
}

/** A plan is checked before it gets here; its text must not become commands if it ever is not. */
export function checkControl(node: string, given: NodeControl): NodeControl {
  const parsed = NodeControl.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new LabError(
    'ZT_LAB_PLAN',
    `the control of ${JSON.stringify(node)} is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    { remedy: 'compile the plan anew from its fabric file' },
  )
}

/**
 * With a route over IPv6 comes a link-local next hop beside the global one, and FRR would take it; in the plan next hops are
 * addresses of sessions (BGP-3).
 */
function preferGlobal(control: NodeControl): string[] {
  const needed = control.sessions.some(
    (session) => hasFamily(session, 'ipv6') && session.import === undefined,
  )
  return needed
    ? [`route-map ${PREFER_GLOBAL} permit 10`, ' set ipv6 next-hop prefer-global', 'exit', '!']
    : []
}

function routerLines(control: NodeControl): string[] {
  const { asn, routerId, sessions, holdTime } = control
  return [
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' bgp log-neighbor-changes',
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    // The node's own prefixes are announced whatever the kernel has.
    ' no bgp network import-check',
    // BGP-7: what decides is what the routes say, not which came first.
    ' bgp bestpath compare-routerid',
    ' bgp deterministic-med',
    // BGP-8
    ' bgp bestpath as-path multipath-relax',
    // BGP-3: no delay between a change and its announcement.
    ' coalesce-time 0',
    ` timers bgp ${Math.max(1, Math.floor(holdTime / 3))} ${holdTime}`,
    ...sessions.flatMap(neighbourLines),
    ' !',
    ...familyLines(control, 'ipv4'),
    ...familyLines(control, 'ipv6'),
    ...evpnLines(sessions),
    'exit',
    '!',
  ]
}

function neighbourLines({ peer, link, local, remote, remoteAsn }: BgpSession): string[] {
  const neighbour = ` neighbor ${remote}`
  return [
    `${neighbour} remote-as ${remoteAsn}`,
    `${neighbour} description ${plainName('peer', peer)} over ${plainName('link', link)}`,
    `${neighbour} update-source ${local}`,
    `${neighbour} advertisement-interval 0`,
    // A peer that was down is tried again each second, not each two minutes. TTL 1 is eBGP's own (BGP-1).
    `${neighbour} timers connect 1`,
  ]
}

function familyLines(control: NodeControl, family: 'ipv4' | 'ipv6'): string[] {
  const sessions = control.sessions.filter((session) => hasFamily(session, family))
  const own = control.originate.filter((prefix) => isIpv6(prefix) === (family === 'ipv6'))
  if (sessions.length === 0 && own.length === 0) return []
  return [
    ` address-family ${family} unicast`,
    ...own.map((prefix) => `  network ${prefix}`),
    `  maximum-paths ${control.multipath}`,
    ...sessions.flatMap(({ remote, import: imported, export: exported }) => {
      const inbound =
        imported === undefined
          ? family === 'ipv6'
            ? PREFER_GLOBAL
            : undefined
          : routeMapName(imported, family)
      return [
        `  neighbor ${remote} activate`,
        ...(inbound === undefined ? [] : [`  neighbor ${remote} route-map ${inbound} in`]),
        ...(exported === undefined
          ? []
          : [`  neighbor ${remote} route-map ${routeMapName(exported, family)} out`]),
      ]
    }),
    ' exit-address-family',
    ' !',
  ]
}

function evpnLines(all: readonly BgpSession[]): string[] {
  const sessions = all.filter((session) => hasFamily(session, 'evpn'))
  if (sessions.length === 0) return []
  return [
    ' address-family l2vpn evpn',
    ...sessions.flatMap(({ remote }) => [
      `  neighbor ${remote} activate`,
      // BGP-3: an EVPN next hop is the VTEP, whoever hands the route on.
      `  neighbor ${remote} attribute-unchanged next-hop`,
    ]),
    ' exit-address-family',
    ' !',
  ]
}

function hasFamily(session: BgpSession, family: BgpSession['families'][number]): boolean {
  return session.families.includes(family)
}
