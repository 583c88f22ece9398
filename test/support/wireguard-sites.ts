/**
 * Sites and a client that reach each other through somebody else's network, by wireguard interfaces that send their outer packets there
 * (`underlayVrf`).
 *
 * | node | what it is |
 * |---|---|
 * | `net` | the network in between: it routes outer packets and knows nothing of what is inside |
 * | `pop` | a gateway: hub of all others, `lan` behind it |
 * | `east`, `west` | sites with a network each, and a tunnel to each other besides |
 * | `road` | a client: nobody knows where it is, it has two ways to `net` and one of them at a time |
 *
 * Of each node but `net`: port 1 (of the client also 3) leads to `net`, port 2 to the host, interface 10 is the tunnel.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Interface, NodeProgram, Route, WireguardPeer } from '../../contract/program.js'

export type Family = 4 | 6
export type Site = 'pop' | 'east' | 'west' | 'road'
export const SITES: readonly Site[] = ['pop', 'east', 'west', 'road']
/** The wireguard interface of each. */
export const TUNNEL = 10
/** The client's ways: its ports, and what `net` has for them. */
const WAYS = { first: { port: 1, at: 4 }, second: { port: 3, at: 5 } } as const
export type Way = keyof typeof WAYS
const PORT = 51820
const FAMILIES: readonly Family[] = [4, 6]
/** What goes through the tunnel whole, outer headers of IPv6 included (20 octets more than of IPv4). */
const INNER_MTU = 1420

const numberOf = (site: Site): number => SITES.indexOf(site) + 1
export const hostOf = (site: Site): string => `tenant/${site}`
const mac = (node: number, port: number): string => `02:00:00:00:0${node}:0${port}`
const hostMac = (site: Site): string => `02:aa:00:00:0${numberOf(site)}:0a`

/** Outer addresses of the wire n of `net`: its own, and of who is there. */
const wire = (n: number, family: Family) =>
  family === 4
    ? { net: `192.0.2.${2 * n}`, site: `192.0.2.${2 * n + 1}`, prefix: `192.0.2.${2 * n}/31`, length: 31 }
    : { net: `2001:db8:0:${n}::1`, site: `2001:db8:0:${n}::2`, prefix: `2001:db8:0:${n}::/64`, length: 64 }
/** Where a site is on the outside. */
export const outerOf = (site: Site, family: Family, way: Way = 'first'): string =>
  wire(site === 'road' ? WAYS[way].at : numberOf(site), family).site
/** The network behind a site. */
const lanOf = (site: Site): readonly [string, string] => [
  `10.${numberOf(site)}.0.0/24`,
  `fd00:${numberOf(site)}::/64`,
]
const hostAddress = (site: Site, family: Family): string =>
  family === 4 ? `10.${numberOf(site)}.0.10` : `fd00:${numberOf(site)}::10`
const gateway = (site: Site, family: Family): string =>
  family === 4 ? `10.${numberOf(site)}.0.1` : `fd00:${numberOf(site)}::1`
const tunnelOf = (site: Site, [v4, v6]: readonly [string, string]): string[] => [
  `10.200.0.${numberOf(site)}${v4}`,
  `fd00:c8::${numberOf(site)}${v6}`,
]
/** The client is one address of each family. */
export const CLIENT: readonly string[] = FAMILIES.map(
  (family) => `${hostAddress('road', family)}/${family === 4 ? 32 : 128}`,
)

const privateKey = (site: Site): string => `lab:sites/${site}`
export const publicKey = (site: Site): string => `${privateKey(site)}/public`
const PSK = 'lab:sites/east--west/psk'
/** Of nobody at first, and so in no plan. */
export const OTHER_PSK = 'lab:sites/other/psk'

/** Peers of a site at first; `outer` is the family outside. */
function peersOf(site: Site, outer: Family): WireguardPeer[] {
  const endpoint = (of: Site) => ({ address: outerOf(of, outer), port: PORT })
  const peer = (
    of: Site,
    allowedIps: readonly string[],
    more: Partial<WireguardPeer> = {},
  ): WireguardPeer => ({
    publicKey: publicKey(of),
    endpoint: endpoint(of),
    // Its tunnel's own addresses, too: from there it says what it cannot do.
    allowedIps: [...allowedIps, ...(of === 'pop' && site === 'road' ? [] : tunnelOf(of, ['/32', '/128']))],
    ...more,
  })
  switch (site) {
    case 'pop':
      return [
        peer('east', lanOf('east')),
        peer('west', lanOf('west')),
        // Where it is, it says itself (WG-22).
        { publicKey: publicKey('road'), allowedIps: [...CLIENT] },
      ]
    case 'east':
      return [peer('pop', [...lanOf('pop'), ...CLIENT]), peer('west', lanOf('west'), { presharedKey: PSK })]
    case 'west':
      return [peer('pop', [...lanOf('pop'), ...CLIENT]), peer('east', lanOf('east'), { presharedKey: PSK })]
    case 'road':
      return [peer('pop', ['10.0.0.0/8', 'fd00::/8'])]
  }
}

/** A site's program; `way` is the client's. */
export function siteProgram(site: Site, outer: Family, way: Way = 'first'): NodeProgram {
  const n = numberOf(site)
  const ways = site === 'road' ? Object.values(WAYS) : [{ port: 1, at: n }]
  const used = site === 'road' ? WAYS[way] : ways[0]!
  const addresses = FAMILIES.map((family) => `${wire(used.at, family).site}/${wire(used.at, family).length}`)
  const uplinks = ways.map(({ port }): Interface => ({
    ...portOf(n, port),
    mtu: 1500,
    vrf: 0,
    addresses: port === used.port ? addresses : [],
  }))
  const interfaces: Interface[] = [
    ...uplinks,
    {
      ...portOf(n, 2),
      mtu: INNER_MTU,
      vrf: 1,
      addresses: FAMILIES.map((family) => `${gateway(site, family)}/${family === 4 ? 24 : 64}`),
    },
    {
      kind: 'wireguard',
      id: TUNNEL,
      name: 'wg0',
      vrf: 1,
      underlayVrf: 0,
      mtu: INNER_MTU,
      addresses: tunnelOf(site, ['/24', '/64']),
      privateKey: privateKey(site),
      listenPort: PORT,
      local: FAMILIES.map((family) => outerOf(site, family, way)),
      ttl: 64,
      df: true,
      loadLimit: 1000,
      peers: peersOf(site, outer),
    },
  ]
  const routes: Route[] = [
    { vrf: 0, prefix: '0.0.0.0/0', group: 1 },
    { vrf: 0, prefix: '::/0', group: 2 },
    { vrf: 1, prefix: '10.0.0.0/8', group: 3 },
    { vrf: 1, prefix: 'fd00::/8', group: 3 },
    ...FAMILIES.map((family) => ({ vrf: 0, prefix: wire(used.at, family).prefix, connected: used.port })),
    ...lanOf(site).map((prefix) => ({ vrf: 1, prefix, connected: 2 })),
  ]
  const uplink = (family: Family) => ({ interface: used.port, gateway: wire(used.at, family).net })
  return {
    ...common(site),
    vrfs: [
      { id: 0, name: 'outside' },
      { id: 1, name: 'inside' },
    ],
    interfaces: interfaces.toSorted((a, b) => a.id - b.id),
    tables: {
      routes,
      groups: [
        { id: 1, members: [uplink(4)] },
        { id: 2, members: [uplink(6)] },
        { id: 3, members: [{ interface: TUNNEL }] },
      ],
      neighbours: [
        ...FAMILIES.map((family) => ({
          interface: used.port,
          address: wire(used.at, family).net,
          mac: mac(9, used.at),
        })),
        ...FAMILIES.map((family) => ({
          interface: 2,
          address: hostAddress(site, family),
          mac: hostMac(site),
        })),
      ],
      fdb: [],
      flood: [],
    },
  }
}

const ends: readonly { readonly at: number; readonly site: Site; readonly port: number }[] = [
  ...(['pop', 'east', 'west'] as const).map((site) => ({ at: numberOf(site), site, port: 1 })),
  ...Object.values(WAYS).map(({ at, port }) => ({ at, site: 'road' as const, port })),
]

/** The network in between: each wire is a subnet of its own. */
function netProgram(): NodeProgram {
  return {
    ...common('net'),
    vrfs: [{ id: 0, name: 'outside' }],
    interfaces: ends.map(({ at }) => ({
      ...portOf(9, at),
      mtu: 1500,
      vrf: 0,
      addresses: FAMILIES.map((family) => `${wire(at, family).net}/${wire(at, family).length}`),
    })),
    tables: {
      routes: ends.flatMap(({ at }) =>
        FAMILIES.map((family) => ({ vrf: 0, prefix: wire(at, family).prefix, connected: at })),
      ),
      groups: [],
      neighbours: ends.flatMap(({ at, site, port }) =>
        FAMILIES.map((family) => ({
          interface: at,
          address: wire(at, family).site,
          mac: mac(numberOf(site), port),
        })),
      ),
      fdb: [],
      flood: [],
    },
  }
}

function portOf(node: number, id: number) {
  return { kind: 'port' as const, id, name: `eth${id}`, mac: mac(node, id), tap: false }
}

function common(node: string) {
  return {
    format: 'ztos-program' as const,
    version: 1 as const,
    node,
    seeds: { ecmp: 1, sourcePort: 2 },
  }
}

/** All of it. */
export function sitesPlan(outer: Family): Plan {
  const role = 'router' as const
  return {
    format: 'ztos-plan',
    version: 1,
    fabric: 'sites',
    underlay: outer === 4 ? 'ipv4' : 'ipv6',
    nodes: [
      { name: 'net', role, asn: 65000, program: netProgram() },
      ...SITES.map((site, n) => ({ name: site, role, asn: 65001 + n, program: siteProgram(site, outer) })),
    ],
    links: ends.map(({ at, site, port }) => ({
      id: `net--${site}${port === 1 ? '' : '#2'}`,
      a: { node: 'net', interface: at },
      b: { node: site, interface: port },
      mtu: 1500,
    })),
    tenants: [
      {
        name: 'tenant',
        networks: SITES.map((site) => ({
          id: hostOf(site),
          tenant: 'tenant',
          name: site,
          subnets: [...lanOf(site)],
          gateways: [],
          mtu: INNER_MTU,
          nodes: [],
          gatewayNodes: [],
        })),
      },
    ],
    hosts: SITES.map((site) => ({
      id: hostOf(site),
      tenant: 'tenant',
      network: site,
      at: { node: site, interface: 2 },
      mac: hostMac(site),
      addresses: FAMILIES.map((family) => `${hostAddress(site, family)}/${family === 4 ? 24 : 64}`),
      gateways: FAMILIES.map((family) => gateway(site, family)),
      gatewayMac: mac(numberOf(site), 2),
      mtu: INNER_MTU,
    })),
    intents: [],
    keys: [...SITES.flatMap((site) => [privateKey(site), publicKey(site)]), PSK].toSorted(),
  }
}
