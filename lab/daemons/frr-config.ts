/**
 * `frr.conf` of a spine, as a person would write it: what zebra and bgpd 8.4 need to do as `docs/control-plane.md` says.
 *
 * @module
 */
import { NodeControl, type BgpSession } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import { policyLines } from './frr-policy.js'
import { bfdLines, evpnSessionLines, neighbourLines, unicastLines, type FrrOptions } from './frr-session.js'
import { isIpv6, plainName } from './text.js'

/** The integrated file, and the parts of it that the daemons read at their start. */
export interface FrrConfig {
  /** Valid to `vtysh -C`. */
  readonly frr: string
  readonly zebra: string
  readonly bgpd: string
  readonly bfdd: string
}

/**
 * @param node becomes the hostname
 * @throws LabError `ZT_LAB_PLAN` for a control that is not valid against the contract, or a name that cannot be in a configuration
 */
export function frrConfig(node: string, given: NodeControl, options: FrrOptions = {}): FrrConfig {
  const control = checkControl(node, given)
  const head = ['frr version 8.4', 'frr defaults traditional', `hostname ${plainName('node', node)}`]
  // The engine forwards; a kernel that did so too would send each packet twice.
  // Routes with their gateways in them, not next-hop objects of the kernel: what reads routes (CTRL-7, people) finds them there. But IPv4
  // routes by IPv6 gateways zebra writes by objects alone; without them it puts 169.254.0.1 in their place.
  const objects = control.sessions.some(({ unnumbered }) => unnumbered === true)
  const zebra = [
    'no ip forwarding',
    'no ipv6 forwarding',
    ...(objects ? [] : ['no zebra nexthop kernel enable']),
    '!',
    ...connectedLines(control, 'ipv4'),
    ...connectedLines(control, 'ipv6'),
  ]
  const bgpd = [...policyLines(control), ...routerLines(control, options)]
  const bfdd = bfdLines(control)
  const file = (...parts: (readonly string[])[]) => `${parts.flat().join('\n')}\n`
  return {
    frr: file(head, ['service integrated-vtysh-config', '!'], zebra, bfdd, bgpd, ['end']),
    zebra: file(head, ['!'], zebra),
    bgpd: file(head, ['!'], bgpd),
    bfdd: file(head, ['!'], bfdd),
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

function routerLines(control: NodeControl, options: FrrOptions): string[] {
  const { asn, routerId, sessions, holdTime } = control
  const reflects = sessions.some(({ client }) => client === true)
  return [
    `router bgp ${asn}`,
    ` bgp router-id ${routerId}`,
    ' bgp log-neighbor-changes',
    // BGP-11; export policies hold for what is reflected, too (BGP-5).
    ...(reflects ? [` bgp cluster-id ${routerId}`, ' bgp route-reflector allow-outbound-policy'] : []),
    ...restartLines(control),
    ' no bgp ebgp-requires-policy',
    ' no bgp default ipv4-unicast',
    // The node's own prefixes are announced whatever the kernel has.
    ' no bgp network import-check',
    // BGP-7: what decides is what the routes say, not which came first.
    ' bgp bestpath compare-routerid',
    ' bgp deterministic-med',
    // BGP-8
    ' bgp bestpath as-path multipath-relax',
    // BGP-13: a bandwidth that internal peers hand on is no weight of this node's.
    ...(sessions.some(({ weight }) => weight !== undefined) ? [] : [' bgp bestpath bandwidth ignore']),
    // BGP-3: no delay between a change and its announcement.
    ' coalesce-time 0',
    // A change from MED 0 to none is one: FRR knows what it has sent by a hash that does not tell them apart.
    ' no bgp suppress-duplicates',
    ` timers bgp ${Math.max(1, Math.floor(holdTime / 3))} ${holdTime}`,
    ...sessions.flatMap((session) => neighbourLines(control, session, options)),
    ' !',
    ...familyLines(control, 'ipv4', options),
    ...familyLines(control, 'ipv6', options),
    ...evpnLines(control, options),
    'exit',
    '!',
  ]
}

/**
 * The node's networks are connected in its engine, of which zebra knows nothing. When bgpd ceases to announce one and hears of it from others
 * (FAULT-6), that route must not get into the kernel, and from there in the place of what is connected (CTRL-7, TABLE-7).
 */
function connectedLines({ originate }: NodeControl, family: 'ipv4' | 'ipv6'): string[] {
  // Loopbacks are the kernel's own.
  const networks = originate.filter(
    (prefix) => isIpv6(prefix) === (family === 'ipv6') && !/\/(?:32|128)$/.test(prefix),
  )
  if (networks.length === 0) return []
  // No policy's name has a colon there.
  const name = `connected:${family}`
  const ip = family === 'ipv4' ? 'ip' : 'ipv6'
  return [
    ...networks.map((prefix, index) => `${ip} prefix-list ${name} seq ${5 * (index + 1)} permit ${prefix}`),
    '!',
    `route-map ${name} deny 10`,
    ` match ${ip} address prefix-list ${name}`,
    'exit',
    '!',
    `route-map ${name} permit 20`,
    'exit',
    '!',
    `${ip} protocol bgp route-map ${name}`,
    '!',
  ]
}

/**
 * A bgpd that ends leaves its routes in zebra, which keeps them until it is back (FAULT-4), whether its peers do so (BGP-16) or not: these are
 * told a restart time of 0 then, within which it is never back.
 */
function restartLines({ gracefulRestart }: NodeControl): string[] {
  return [
    ' bgp graceful-restart',
    ' bgp graceful-restart preserve-fw-state',
    ` bgp graceful-restart restart-time ${gracefulRestart ?? 0}`,
    // As long as zebra can.
    ' bgp graceful-restart rib-stale-time 3600',
    // How long a bgpd that is back waits for peers that say no End-of-RIB before it chooses.
    ` bgp graceful-restart select-defer-time ${gracefulRestart ?? 1}`,
    ...(gracefulRestart === undefined ? [] : [` update-delay ${everyPeer(gracefulRestart)}`]),
  ]
}

/**
 * FRR waits for the End-of-RIB of the peers that it has a session with by then (bgpd 8.4, `eor_required`): the first of two would be told that
 * there is nothing else. It is to wait for all (RFC 4724 section 4.1), but not for long for those that never call.
 */
function everyPeer(gracefulRestart: number): string {
  const most = Math.min(gracefulRestart, MOST_UPDATE_DELAY)
  return `${most} ${Math.min(most, ESTABLISHED_WITHIN)}`
}
/** s */
const MOST_UPDATE_DELAY = 3600
/** s for which a bgpd that begins waits for a peer without a session. */
const ESTABLISHED_WITHIN = 5

function familyLines(control: NodeControl, family: 'ipv4' | 'ipv6', options: FrrOptions): string[] {
  const sessions = control.sessions.filter((session) => hasFamily(session, family))
  const own = control.originate.filter((prefix) => isIpv6(prefix) === (family === 'ipv6'))
  if (sessions.length === 0 && own.length === 0) return []
  return [
    ` address-family ${family} unicast`,
    ...own.map((prefix) => `  network ${prefix}`),
    `  maximum-paths ${control.multipath}`,
    ...sessions.flatMap((session) => unicastLines(control, session, family, options)),
    ' exit-address-family',
    ' !',
  ]
}

function evpnLines(control: NodeControl, options: FrrOptions): string[] {
  const sessions = control.sessions.filter((session) => hasFamily(session, 'evpn'))
  if (sessions.length === 0) return []
  return [
    ' address-family l2vpn evpn',
    ...sessions.flatMap((session) => evpnSessionLines(control, session, options)),
    ' exit-address-family',
    ' !',
  ]
}

function hasFamily(session: BgpSession, family: BgpSession['families'][number]): boolean {
  return session.families.includes(family)
}
