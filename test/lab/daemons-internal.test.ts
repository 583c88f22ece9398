/**
 * iBGP with reflectors, and links without addresses of their own, on FRR and GoBGP as they are configured for a lab.
 */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { announcePath, originatePath } from '../../agent/convert.js'
import type { RibPath } from '../../contract/rib.js'
import { fabricOf, type TestLink, type TestNode } from './support/daemons-fabric.js'
import { needsRoot } from './support/host.js'
import { start, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

/** One line a path: who gave it, `>` best, `*` used, next hop, AS path, and what else it has. */
async function seen(watched: Watched, node: string, key: string): Promise<string[]> {
  return ((await watched.paths(node, key)) ?? []).map(text)
}

function text(path: RibPath): string {
  const { from, best, used, nextHop, asPath, med, localPreference, originator, clusters } = path
  return [
    `${from}${best ? ' >' : ''}${used ? ' *' : ''} ${nextHop} (${asPath.join(' ')})`,
    ...(med === undefined ? [] : [`med ${med}`]),
    ...(localPreference === undefined ? [] : [`preference ${localPreference}`]),
    ...(originator === undefined ? [] : [`from ${originator} by ${clusters?.join(' ') ?? ''}`]),
  ].join(' ')
}

function kernelRoutes(watched: Watched, node: string): string[] {
  return execFileSync('ip', ['-n', watched.fabric.namespace(node), 'route'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('proto bgp'))
    .map((line) => line.replace(/ nhid \d+/, '').trim())
    .toSorted()
}

const network = (vtep: string) =>
  announcePath(
    {
      key: `[3][${vtep}:7][0][${vtep}]`,
      path: {
        asPath: [],
        origin: 'igp',
        nextHop: vtep,
        communities: [],
        extended: ['encap:vxlan', 'rt:65000:10010'],
        labels: [10010],
      },
    },
    { asn: 65000, routerId: vtep, vtep },
  )

describe('one AS: two reflectors, two leaves that are their clients, a router that is none, and a gateway outside', () => {
  const frr: TestNode = { daemon: 'frr', asn: 65000 }
  const gobgp: TestNode = { daemon: 'gobgp', asn: 65000 }
  const outside: TestNode = {
    daemon: 'frr',
    asn: 64999,
    also: {
      originate: ['10.255.0.6/32', '198.51.100.0/24'],
      policies: [{ name: 'med', statements: [{ match: {}, action: 'accept', set: { med: 30 } }] }],
    },
  }
  const nodes = { rr1: frr, rr2: frr, leaf1: gobgp, leaf2: gobgp, edge: frr, gw: outside }
  const client = { client: true } as const
  const links: TestLink[] = [
    { ends: ['leaf1', 'rr1'], also: { rr1: client } },
    { ends: ['leaf1', 'rr2'], also: { rr2: client } },
    { ends: ['leaf2', 'rr1'], also: { rr1: client } },
    { ends: ['leaf2', 'rr2'], also: { rr2: client } },
    { ends: ['edge', 'rr1'] },
    { ends: ['gw', 'leaf1'], also: { gw: { export: 'med' }, leaf1: { import: 'preferred' } } },
    { ends: ['gw', 'edge'] },
  ]
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    const fabric = fabricOf(
      {
        ...nodes,
        leaf1: {
          ...gobgp,
          also: {
            policies: [
              {
                name: 'preferred',
                statements: [
                  {
                    match: { prefixes: [{ prefix: '198.51.100.0/24' }] },
                    action: 'accept',
                    set: { localPreference: 150 },
                  },
                  { match: {}, action: 'accept', set: {} },
                ],
              },
            ],
          },
        },
      },
      links,
    )
    watched = await start(fabric)
    await watched.clients.get('leaf1')!.add(network('10.255.0.3'))
    await watched.quiet()
  }, 60_000)
  afterAll(() => watched?.down())

  it('[BGP-11] reflects what a client gave, with ORIGINATOR_ID, CLUSTER_LIST and the reflector as next hop', async () => {
    // FRR tells internal peers a MED of 0 where there is none.
    expect(await seen(watched, 'leaf2', '10.255.0.3/32')).toEqual([
      'rr1 > * 10.254.0.5 () med 0 from 10.255.0.3 by 10.255.0.1',
      'rr2 * 10.254.0.7 () med 0 from 10.255.0.3 by 10.255.0.2',
    ])
    expect(await seen(watched, 'edge', '10.255.0.3/32')).toContain(
      'rr1 > * 10.254.0.9 () med 0 from 10.255.0.3 by 10.255.0.1',
    )
    expect(await seen(watched, 'leaf1', '10.255.0.5/32')).toContain(
      'rr1 > * 10.254.0.1 () med 0 from 10.255.0.5 by 10.255.0.1',
    )
  })

  it('[BGP-11] leaves the next hop of EVPN routes alone', async () => {
    expect(await seen(watched, 'leaf2', '[3][10.255.0.3:7][0][10.255.0.3]')).toEqual([
      'rr1 > 10.255.0.3 () med 0 from 10.255.0.3 by 10.255.0.1',
      'rr2 10.255.0.3 () med 0 from 10.255.0.3 by 10.255.0.2',
    ])
  })

  it('[BGP-11] tells internal peers local preference, MED and the path as it came, with itself as next hop', async () => {
    // GoBGP to FRR, and reflected by it.
    expect(await seen(watched, 'rr2', '198.51.100.0/24')).toEqual([
      'leaf1 > * 10.254.0.2 (64999) med 30 preference 150',
    ])
    expect(await seen(watched, 'leaf2', '198.51.100.0/24')).toEqual([
      'rr1 > * 10.254.0.5 (64999) med 30 preference 150 from 10.255.0.3 by 10.255.0.1',
      'rr2 * 10.254.0.7 (64999) med 30 preference 150 from 10.255.0.3 by 10.255.0.2',
    ])
    expect(await seen(watched, 'edge', '10.255.0.6/32')).toContain('gw > * 10.254.0.12 (64999) med 0')
  })

  it('[BGP-11] takes all of it away where a path leaves the AS', async () => {
    expect(await seen(watched, 'gw', '10.255.0.4/32')).toEqual([
      'edge * 10.254.0.13 (65000)',
      'leaf1 > * 10.254.0.11 (65000)',
    ])
  })

  it('[BGP-7] [BGP-8] asks for the MED before it asks who is outside, and uses the two not together', async () => {
    expect(await seen(watched, 'leaf1', '10.255.0.6/32')).toEqual([
      'gw 10.254.0.10 (64999) med 30',
      'rr1 > * 10.254.0.1 (64999) med 0 from 10.255.0.5 by 10.255.0.1',
    ])
  })

  it('[BGP-11] [TABLE-7] has routes by links alone in the kernels of routers', () => {
    expect(kernelRoutes(watched, 'edge')).toContain('10.255.0.4 via 10.254.0.9 dev eth1 proto bgp metric 20')
    expect(kernelRoutes(watched, 'edge')).toContain(
      '198.51.100.0/24 via 10.254.0.9 dev eth1 proto bgp metric 20',
    )
  })
})

describe('links without addresses, between FRR and GoBGP and between FRRs, external and internal', () => {
  const spine: TestNode = { daemon: 'frr', asn: 65000 }
  const nodes: Record<string, TestNode> = {
    spine1: spine,
    spine2: spine,
    leaf1: { daemon: 'gobgp', asn: 65001 },
    leaf2: {
      daemon: 'gobgp',
      asn: 65002,
      also: { originate: ['10.255.0.4/32', '2001:db8:4::/64'] },
    },
    border: { daemon: 'frr', asn: 65003 },
  }
  const links: TestLink[] = [
    { ends: ['leaf1', 'spine1'], unnumbered: true },
    { ends: ['leaf1', 'spine2'], unnumbered: true },
    { ends: ['leaf2', 'spine1'], unnumbered: true },
    { ends: ['leaf2', 'spine2'], unnumbered: true },
    { ends: ['spine1', 'spine2'], unnumbered: true },
    { ends: ['border', 'spine1'], unnumbered: true },
  ]
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    watched = await start(fabricOf(nodes, links))
    await watched.clients.get('leaf1')!.add(network('10.255.0.3'))
    await watched.clients.get('leaf1')!.add(originatePath('192.0.2.0/24'))
    await watched.quiet()
  }, 60_000)
  afterAll(() => watched?.down())

  it('[BGP-10] carry IPv4 and IPv6 routes whose next hops are link-local', async () => {
    expect(await seen(watched, 'leaf1', '10.255.0.4/32')).toEqual([
      'spine1 > * fe80::ff:fe00:2 (65000 65002)',
      'spine2 * fe80::ff:fe00:102 (65000 65002)',
    ])
    expect(await seen(watched, 'leaf1', '2001:db8:4::/64')).toEqual([
      'spine1 > * fe80::ff:fe00:2 (65000 65002)',
      'spine2 * fe80::ff:fe00:102 (65000 65002)',
    ])
    expect(await seen(watched, 'spine1', '192.0.2.0/24')).toContain('leaf1 > * fe80::ff:fe00:1 (65001)')
    expect(await seen(watched, 'border', '10.255.0.3/32')).toEqual([
      'spine1 > * fe80::ff:fe00:502 (65000 65001)',
    ])
  })

  it('[BGP-10] carry EVPN routes, whose next hop is the VTEP', async () => {
    expect(await seen(watched, 'leaf2', '[3][10.255.0.3:7][0][10.255.0.3]')).toEqual([
      'spine1 > 10.255.0.3 (65000 65001)',
      'spine2 10.255.0.3 (65000 65001)',
    ])
  })

  it('[BGP-10] [TABLE-7] make routes by IPv6 gateways in the kernels of routers', () => {
    expect(kernelRoutes(watched, 'spine1')).toContain(
      '10.255.0.3 via inet6 fe80::ff:fe00:1 dev eth1 proto bgp metric 20',
    )
    expect(kernelRoutes(watched, 'border')).toContain(
      '10.255.0.3 via inet6 fe80::ff:fe00:502 dev eth1 proto bgp metric 20',
    )
  })

  it("leave kernels without a default route by a neighbour's advertisements", () => {
    for (const { namespace } of watched.fabric.nodes)
      expect(execFileSync('ip', ['-n', namespace, '-6', 'route'], { encoding: 'utf8' })).not.toContain(
        'default',
      )
  })
})
