/**
 * Wrong simulations: a line of `twin/control` changed. Each has tests beside the sources that fail by it, and says of a fabric what
 * no lab of it holds.
 *
 * @module
 */
import { wrong as wrongIn, type ControlMutant } from './mutant.js'

/** A mutant of one edit in `twin/control`, and the tests there that must fail: `decision` is `decision.test.ts`. */
function wrong(
  id: string,
  clause: string,
  meaning: string,
  [file, find, replace]: readonly [string, string, string],
  ...tests: readonly string[]
): ControlMutant {
  const edit = [`control/${file}.js`, find, replace] as const
  return wrongIn(id, clause, meaning, edit, ...tests.map(fileOf))
}

const fileOf = (name: string) => `twin/control/${name}.test.ts`

const session: readonly ControlMutant[] = [
  wrong(
    'loop-unchecked',
    'BGP-4',
    'a path with the own AS number is accepted',
    ['exchange', 'path.asPath.includes(self.asn)', 'false'],
    'sim',
  ),
  wrong(
    'local-preference-handed-on',
    'BGP-3',
    'eBGP peers are told the local preference',
    ['exchange', 'localPreference: undefined,', 'localPreference: path.localPreference,'],
    'sim',
  ),
  wrong(
    'med-handed-on',
    'BGP-3',
    'a MED that was heard is handed on',
    ['exchange', 'return peer === undefined ? path.med : undefined', 'return path.med'],
    'sim',
  ),
  wrong(
    'no-export-exported',
    'BGP-6',
    'NO_EXPORT is not honoured',
    ['exchange', 'const LOCAL = [NO_EXPORT, ', 'const LOCAL = ['],
    'sim',
  ),
  wrong(
    'graceful-shutdown-ignored',
    'BGP-6',
    'GRACEFUL_SHUTDOWN changes nothing',
    ['exchange', 'self.isDraining || path.communities.includes(GRACEFUL_SHUTDOWN)', 'self.isDraining'],
    'sim',
  ),
]

const policy: readonly ControlMutant[] = [
  wrong(
    'policy-shortest-off-by-one',
    'BGP-5',
    'the shortest length of a range does not match',
    ['policy', 'prefix.length >= range.shortest', 'prefix.length > range.shortest'],
    'policy',
  ),
  wrong(
    'policy-longest-off-by-one',
    'BGP-5',
    'the longest length of a range does not match',
    ['policy', 'prefix.length <= range.longest', 'prefix.length < range.longest'],
    'policy',
  ),
  wrong(
    'policy-ge-closed',
    'BGP-5',
    '`ge` alone does not open the range',
    ['policy', 'ge === undefined ? prefix.length :', 'true ? prefix.length :'],
    'policy',
  ),
  wrong(
    'policy-last-decides',
    'BGP-5',
    'the last statement that matches decides',
    ['policy', '.find(({ match: { communities } })', '.findLast(({ match: { communities } })'],
    'policy',
  ),
  wrong(
    'policy-unmatched-passes',
    'BGP-5',
    'what no statement matches passes',
    [
      'policy',
      "if (statement === undefined || statement.action === 'reject')\n            return undefined;",
      "if (statement === undefined)\n            return path;\n        if (statement.action === 'reject')\n            return undefined;",
    ],
    'policy',
  ),
  wrong(
    'policy-every-community',
    'BGP-5',
    'all communities must be there',
    ['policy', 'wanted.some((community)', 'wanted.every((community)'],
    'policy',
  ),
  wrong(
    'community-not-added',
    'BGP-5',
    'communities are not added',
    ['policy', '[...path.communities, ...communities]', '[...path.communities]'],
    'policy',
  ),
  wrong(
    'prepend-off-by-one',
    'BGP-5',
    'the own AS number is put before the path once too often',
    ['policy', 'length: prepend', 'length: prepend === 0 ? 0 : prepend + 1'],
    'policy',
  ),
]

const decision: readonly ControlMutant[] = [
  wrong(
    'local-preference-ignored',
    'BGP-7',
    'local preference does not count',
    ['decision', 'gobgp: [localPreference, ownFirst, ', 'gobgp: [ownFirst, '],
    'decision',
  ),
  wrong(
    'path-length-first',
    'BGP-7',
    'the AS path counts before local preference',
    ['decision', 'gobgp: [localPreference, ownFirst, ', 'gobgp: [asPathLength, localPreference, ownFirst, '],
    'decision',
  ),
  wrong(
    'med-across-ases',
    'BGP-7',
    'MEDs of several neighbouring ASes are compared',
    ['decision', 'a.asPath[0] === b.asPath[0] ?', 'true ?'],
    'decision',
  ),
  wrong(
    'med-highest',
    'BGP-7',
    'the higher MED is preferred',
    ['decision', '? (a.med ?? 0) - (b.med ?? 0)', '? (b.med ?? 0) - (a.med ?? 0)'],
    'decision',
  ),
  wrong(
    'highest-router-id',
    'BGP-7',
    'the higher router id is preferred',
    ['decision', '(a?.routerId ?? 0) - (b?.routerId ?? 0)', '(b?.routerId ?? 0) - (a?.routerId ?? 0)'],
    'decision',
  ),
  wrong(
    'multipath-one-more',
    'BGP-8',
    'one path too many is used',
    ['decision', '.slice(0, multipath - 1)', '.slice(0, multipath)'],
    'decision',
  ),
  wrong(
    'multipath-one-less',
    'BGP-8',
    'one path too few is used',
    ['decision', '.slice(0, multipath - 1)', '.slice(0, Math.max(0, multipath - 2))'],
    'decision',
  ),
  wrong(
    'multipath-of-one-as',
    'BGP-8',
    'paths of one neighbouring AS alone are used together',
    [
      'decision',
      'one !== best && compareBy(EQUAL[daemon]',
      'one !== best && one.path.asPath[0] === best.path.asPath[0] && compareBy(EQUAL[daemon]',
    ],
    'decision',
  ),
  wrong(
    'multipath-med-of-one-as',
    'BGP-8',
    'GoBGP compares MEDs of one neighbouring AS alone when it asks what to use together',
    ['decision', 'gobgp: [...RANKING.gobgp, medOfAll]', 'gobgp: RANKING.gobgp'],
    'decision',
  ),
]

const evpn: readonly ControlMutant[] = [
  wrong(
    'vrf-target-missing',
    'EVPN-3',
    'routes of addresses lack the route target of the VRF',
    ['evpn-originator', "{ kind: 'route-target', target: routed.target },", ''],
    'evpn-announce',
  ),
  wrong(
    'vrf-label-missing',
    'EVPN-3',
    'routes of addresses lack the L3 VNI',
    ['evpn-originator', '[vni, routed.vni]', '[vni]'],
    'evpn-announce',
  ),
  wrong(
    'gateway-not-sticky',
    'EVPN-4',
    'a gateway may be moved away',
    ['evpn-originator', 'sequence: 0, sticky: true },', 'sequence: 0, sticky: false },'],
    'evpn-announce',
  ),
  wrong(
    'mobility-ignored',
    'EVPN-6',
    'a MAC that moves has the first number again',
    ['evpn-announce', '? undefined : sequence + 1', '? undefined : 0'],
    'evpn-announce',
  ),
  wrong(
    'mobility-off-by-one',
    'EVPN-6',
    'a MAC that moves has a number too high',
    ['evpn-announce', '? undefined : sequence + 1', '? undefined : sequence + 2'],
    'evpn-announce',
  ),
  wrong(
    'stale-route-kept',
    'EVPN-2',
    'a MAC that is forgotten is announced for ever',
    ['evpn-rib', 'if (wanted.has(key))', 'if (true)'],
    'evpn-sim',
  ),
]

const tables: readonly ControlMutant[] = [
  wrong(
    'flood-list-short',
    'TABLE-1',
    'a VTEP is missing in flood lists',
    [
      'evpn-tables',
      '[...new Set(ends)].toSorted(compareAddresses)',
      '[...new Set(ends)].toSorted(compareAddresses).slice(1)',
    ],
    'evpn-tables',
  ),
  wrong(
    'gateway-mac-imported',
    'TABLE-2',
    "the own gateway's MAC leads into a tunnel",
    ['evpn-tables', 'mac === irb?.mac || mac === irb?.systemMac', 'mac === irb?.systemMac'],
    'evpn-tables',
  ),
  wrong(
    'own-address-imported',
    'TABLE-3',
    "the own gateway's address is a neighbour",
    ['evpn-tables', 'own.has(address) || ', ''],
    'evpn-tables',
  ),
  wrong(
    'router-unknown',
    'TABLE-4',
    'a VTEP is no neighbour of the L3 IRB',
    ['evpn-tables', 'this.#setNeighbour({ interface: irb, address: vtep, mac, sticky: true });', ''],
    'evpn-tables',
  ),
  wrong(
    'host-route-although-connected',
    'TABLE-5',
    'a host of a network that is here has a route of its own',
    [
      'evpn-tables',
      'announced.has(address) || connected.some((prefix) => prefixContains(prefix, ip))',
      'announced.has(address)',
    ],
    'evpn-tables',
  ),
  wrong(
    'prefixes-not-imported',
    'TABLE-6',
    'routes of type 5 are not imported',
    ['evpn-tables', 'this.#prefixes(vrf, routes);', ''],
    'evpn-tables',
  ),
  wrong(
    'first-vtep-alone',
    'TABLE-6',
    'a prefix leads to one VTEP alone',
    ['evpn-tables', '.slice(0, MAX_MEMBERS)', '.slice(0, 1)'],
    'evpn-tables',
  ),
  wrong(
    'next-hop-own-address',
    'TABLE-7',
    'the gateway of a route is the own address',
    ['underlay', 'interface: id, remote })', 'interface: id, local: remote })'],
    'sim',
  ),
  wrong(
    'members-by-gateway',
    'TABLE-7',
    'members of a group are in falling order',
    ['underlay', 'a.interface - b.interface', 'b.interface - a.interface'],
    'sim',
  ),
]

/** What is kept because nothing it was made of has changed, although something has. */
const kept: readonly ControlMutant[] = [
  wrong(
    'stale-imports',
    'TABLE-2',
    'what others announce is looked at once and never again',
    ['evpn-rib', 'present?.version === version', 'present !== undefined'],
    'evpn-sim',
  ),
  wrong(
    'stale-tables',
    'TABLE-2',
    'tables of a network stay what they were although others announce something else',
    ['evpn-tables', 'present.routes === routes && ', ''],
    'evpn-tables',
  ),
  wrong(
    'stale-announcement',
    'EVPN-6',
    'what is said of a network stays as it was although others say something else',
    ['evpn-announce', '.every(({ remote }, i) => remote === last.remote[i])', '.every(() => true)'],
    'evpn-announce',
  ),
  wrong(
    'stale-part-kept',
    'EVPN-2',
    'routes of a part that has changed stay besides the new ones',
    ['evpn-rib', 'if (!now.has(part))', 'if (false)'],
    'evpn-sim',
  ),
]

/** Two places see to it. */
const ownRoutes: ControlMutant = {
  id: 'own-routes-imported',
  clause: 'TABLE-2',
  meaning: 'routes of the own VTEP are imported',
  tests: [fileOf('evpn-tables')],
  edits: [
    { file: 'control/evpn-choice.js', find: 'route.vtep === vtep || ', replace: '' },
    {
      file: 'control/evpn-rib.js',
      find: 'source === undefined || source === index',
      replace: 'source === undefined',
    },
  ],
}

export const simulationMutants: readonly ControlMutant[] = [
  ...session,
  ...policy,
  ...decision,
  ...evpn,
  ...tables,
  ...kept,
  ownRoutes,
]
