/**
 * Wrong simulations of what the fabric of the mutants' lab has not: internal sessions and reflectors, unnumbered links, additional paths,
 * limits, weights, restarts, hosts that belong to a port, services of several nodes.
 *
 * @module
 */
import { wrong, type ControlMutant } from './mutant.js'

const INTERNAL = 'twin/control/internal.test.ts'
const OPTIONS = 'twin/control/options.test.ts'
const SERVICES = 'test/machine/underlay-networks.test.ts'
const ANNOUNCE = 'twin/control/evpn-announce.test.ts'

const internal: readonly ControlMutant[] = [
  wrong(
    'ibgp-handed-on',
    'BGP-11',
    'what was heard inside goes on inside without a reflector',
    ['control/exchange.js', 'isReflected && !peer.client && !session.client', 'false'],
    INTERNAL,
  ),
  wrong(
    'reflector-of-clients-alone',
    'BGP-11',
    'a reflector hands on to clients alone',
    [
      'control/exchange.js',
      'isReflected && !peer.client && !session.client',
      'isReflected && !session.client',
    ],
    INTERNAL,
  ),
  wrong(
    'reflector-to-others-alone',
    'BGP-11',
    'clients do not hear what comes from who is no client',
    ['control/exchange.js', 'isReflected && !peer.client && !session.client', 'isReflected && !peer.client'],
    INTERNAL,
  ),
  wrong(
    'cluster-list-short',
    'BGP-11',
    'a reflector does not note that a path has come by it',
    ['control/exchange.js', 'clusters: [routerId, ...path.clusters]', 'clusters: path.clusters'],
    INTERNAL,
  ),
  wrong(
    'cluster-list-turned-round',
    'BGP-11',
    'a reflector notes itself behind the others',
    [
      'control/exchange.js',
      'clusters: [routerId, ...path.clusters]',
      'clusters: [...path.clusters, routerId]',
    ],
    INTERNAL,
  ),
  wrong(
    'cluster-loop-accepted',
    'BGP-11',
    'a path that has come by the node is accepted',
    ['control/exchange.js', ' || path.clusters.includes(self.routerId)', ''],
    INTERNAL,
  ),
  wrong(
    'originator-loop-accepted',
    'BGP-11',
    'a path that begins at the node is accepted',
    ['control/exchange.js', 'path.originator === self.routerId || ', ''],
    INTERNAL,
  ),
  wrong(
    'originator-is-reflector',
    'BGP-11',
    'the originator is who reflected it',
    ['control/exchange.js', 'path.originator ?? from.routerId', 'routerId'],
    INTERNAL,
  ),
  wrong(
    'reflection-noted-outside',
    'BGP-11',
    'what reflectors have noted leaves the AS',
    ['control/exchange.js', 'originator: undefined,\n        clusters: NO_CLUSTERS,', ''],
    INTERNAL,
  ),
  wrong(
    'internal-preferred',
    'BGP-7',
    'internal paths come before external ones',
    [
      'control/decision.js',
      'Number(a?.external === false) - Number(b?.external === false)',
      'Number(b?.external === false) - Number(a?.external === false)',
    ],
    INTERNAL,
  ),
  wrong(
    'originator-uncompared',
    'BGP-7',
    'FRR compares the id of who told it, not of where it began',
    ['control/decision.js', 'return path.originator ?? peer?.routerId ?? 0;', 'return peer?.routerId ?? 0;'],
    INTERNAL,
    'twin/control/decision.test.ts',
  ),
  wrong(
    'cluster-list-uncompared',
    'BGP-7',
    'FRR does not compare lengths of cluster lists',
    ['control/decision.js', 'frr: [originator, clusterListLength, ', 'frr: [originator, '],
    INTERNAL,
    'twin/control/decision.test.ts',
  ),
]

const unnumbered: readonly ControlMutant[] = [
  wrong(
    'unnumbered-next-hop-is-loopback',
    'BGP-10',
    'the next hop over an unnumbered link is no link-local address',
    [
      'control/rows.js',
      'peer?.config.remote ?? unspecified',
      '(peer?.config.unnumbered ? unspecified : peer?.config.remote) ?? unspecified',
    ],
    OPTIONS,
  ),
  wrong(
    'unnumbered-no-gateway',
    'BGP-10',
    'routes over unnumbered links have no gateway (RFC 8950)',
    [
      'control/underlay.js',
      'function memberOf({ interface: id, remote }) {\n    return { interface: id, gateway: remote };',
      'function memberOf({ interface: id, remote, unnumbered }) {\n    return unnumbered ? { interface: id } : { interface: id, gateway: remote };',
    ],
    OPTIONS,
  ),
  wrong(
    'higher-interface-decides',
    'BGP-7',
    'of equal link-local addresses the higher interface decides',
    [
      'control/decision.js',
      '(a?.interface ?? 0) - (b?.interface ?? 0)',
      '(b?.interface ?? 0) - (a?.interface ?? 0)',
    ],
    OPTIONS,
  ),
]

const paths: readonly ControlMutant[] = [
  wrong(
    'additional-paths-untold',
    'BGP-14',
    'the best path is told alone',
    ['control/exchange.js', 'routed !== undefined && reverse.config.addPaths === true', 'false'],
    OPTIONS,
  ),
  wrong(
    'additional-path-lost',
    'BGP-14',
    'one of several paths is not told',
    [
      'control/exchange.js',
      'return entry.accepted.flatMap(',
      'return entry.accepted.slice(0, Math.max(1, entry.accepted.length - 1)).flatMap(',
    ],
    OPTIONS,
  ),
  wrong(
    'additional-path-unknown',
    'BGP-14',
    'all paths of a peer pass for the one that is used',
    ['control/exchange.js', '(this.ordinals[i] ?? 0) === ordinal', 'true'],
    OPTIONS,
  ),
  wrong(
    'additional-paths-are-ways',
    'BGP-14',
    'several paths of one peer are several ways',
    [
      'control/underlay.js',
      '[...new Set((entry?.used ?? []).map(({ config }) => config))]',
      '(entry?.used ?? []).map(({ config }) => config)',
    ],
    OPTIONS,
  ),
  wrong(
    'own-path-told-back',
    'BGP-14',
    'a peer is told its own paths',
    ['control/exchange.js', 'if (peer === session)', 'if (false)'],
    OPTIONS,
  ),
  wrong(
    'limit-counted-behind-policy',
    'BGP-12',
    'GoBGP counts what it has accepted',
    ['control/prefix-limit.js', 'sumOf(heard, session, keys)', 'sumOf(received, session, keys)'],
    OPTIONS,
  ),
  wrong(
    'limit-noticed-at-once',
    'BGP-12',
    'FRR ends a session with the first prefix too many',
    ['control/prefix-limit.js', 'late: 1,', 'late: 0,'],
    OPTIONS,
  ),
  wrong(
    'limit-of-all-families',
    'BGP-12',
    'prefixes of both families count together',
    [
      'control/prefix-limit.js',
      '[keys.ipv4, keys.ipv6].some((some) => isOver(session, some, limit))',
      'isOver(session, [...keys.ipv4, ...keys.ipv6], limit)',
    ],
    OPTIONS,
  ),
  wrong(
    'limit-unheeded',
    'BGP-12',
    'a session goes on whatever its peer gives',
    ['control/prefix-limit.js', 'if (limit === undefined || !session.isUp)', 'if (true)'],
    OPTIONS,
  ),
  wrong(
    'ended-session-back',
    'BGP-12',
    'a session that ended for too much comes back by itself',
    [
      'control/topology.js',
      'this.#ended.add(placeOf(node, config.link));\n            for (const end',
      'for (const end',
    ],
    OPTIONS,
  ),
  wrong(
    'weights-rounded-up',
    'TABLE-7',
    'shares are rounded up',
    ['control/underlay.js', 'Math.max(1, Math.floor(', 'Math.max(1, Math.ceil('],
    OPTIONS,
  ),
  wrong(
    'weights-followed-by-frr',
    'BGP-13',
    'FRR follows the weights of another FRR',
    ['control/underlay.js', "return daemonOf(index) !== 'frr' || ", 'return true || '],
    OPTIONS,
  ),
  wrong(
    'bandwidth-in-bits',
    'BGP-13',
    'link bandwidth is told in bits a second',
    ['control/topology.js', '(weight * 1e6) / 8', 'weight * 1e6'],
    OPTIONS,
  ),
  wrong(
    'restart-unwaited',
    'BGP-16',
    'nobody waits for a daemon that is about to be back',
    ['control/topology.js', 'this.#nodes[node]?.control.gracefulRestart !== undefined', 'false'],
    'twin/control/faults.test.ts',
  ),
]

/** What leads clients to a service that several nodes have. */
const nearest: readonly ControlMutant[] = [
  wrong(
    'lower-preference-first',
    'BGP-7',
    'the lower local preference is preferred',
    [
      'control/decision.js',
      '(b.localPreference ?? DEFAULT_LOCAL_PREFERENCE) - (a.localPreference ?? DEFAULT_LOCAL_PREFERENCE)',
      '(a.localPreference ?? DEFAULT_LOCAL_PREFERENCE) - (b.localPreference ?? DEFAULT_LOCAL_PREFERENCE)',
    ],
    SERVICES,
  ),
  wrong(
    'policy-sets-nothing',
    'BGP-5',
    'policies accept and reject, and set nothing',
    ['control/policy.js', 'return withSet(path, statement.set, asn);', 'return path;'],
    'twin/control/policy.test.ts',
    SERVICES,
  ),
  wrong(
    'own-service-unpreferred',
    'BGP-7',
    'FRR prefers what others announce to what it has itself',
    ['control/decision.js', 'frr: [ownFirst, localPreference, ', 'frr: [localPreference, '],
    'twin/control/decision.test.ts',
  ),
  wrong(
    'preference-ignored-by-frr',
    'BGP-7',
    'local preference does not count at FRR',
    ['control/decision.js', 'frr: [ownFirst, localPreference, ', 'frr: [ownFirst, '],
    'twin/control/decision.test.ts',
  ),
]

const hosts: readonly ControlMutant[] = [
  wrong(
    'fixed-host-unannounced',
    'EVPN-8',
    'a host that belongs to a port is not announced before it speaks',
    ['control/evpn-announce.js', 'origin.mac(network, host.mac, FIXED);', ''],
    ANNOUNCE,
  ),
  wrong(
    'fixed-host-without-address',
    'EVPN-8',
    'addresses of a host that belongs to a port are not announced',
    ['control/evpn-announce.js', 'for (const address of host.addresses) {', 'for (const address of []) {'],
    ANNOUNCE,
  ),
  wrong(
    'fixed-host-moves',
    'EVPN-8',
    'a host that belongs to a port moves as others do',
    ['control/evpn-announce.js', 'if (fixed.has(mac))\n                continue;', ''],
    ANNOUNCE,
  ),
  wrong(
    'fixed-host-not-sticky',
    'EVPN-8',
    'a host that belongs to a port is not announced as sticky',
    [
      'control/evpn-announce.js',
      'origin.mac(network, host.mac, FIXED);',
      'origin.mac(network, host.mac, []);',
    ],
    ANNOUNCE,
  ),
  wrong(
    'anycast-sent-to-others',
    'TABLE-8',
    'a node with a service of its own sends to the others that have it',
    ['control/underlay.js', 'copy.delete(routePlace(UNDERLAY_VRF, formatPrefix(parsePrefix(text))));', ';'],
    OPTIONS,
  ),
]

export const sessionMutants: readonly ControlMutant[] = [
  ...internal,
  ...unnumbered,
  ...paths,
  ...nearest,
  ...hosts,
]
