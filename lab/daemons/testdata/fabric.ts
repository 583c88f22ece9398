/**
 * Controls of small leaf-spine fabrics for tests, made by hand so that each field can be bent.
 *
 * @module
 */
import type { BgpSession, NodeControl } from '../../../contract/control-plane.js'

export interface SmallFabric {
  readonly spines: number
  readonly leaves: number
  /** Default IPv4. */
  readonly family?: 'ipv4' | 'ipv6'
}

/** A link of leaf `l` and spine `s`, both from 1: both ends' addresses and ports. */
function link(l: number, s: number, family: 'ipv4' | 'ipv6') {
  const number = 2 * (16 * (l - 1) + (s - 1))
  const address = (end: number) =>
    family === 'ipv4'
      ? `10.254.${number >> 8}.${(number & 0xff) + end}`
      : `2001:db8:fe::${(0x100 + number + end).toString(16)}`
  return { id: `leaf${l}--spine${s}`, leaf: address(0), spine: address(1) }
}

function loopback(node: string, family: 'ipv4' | 'ipv6' = 'ipv4'): string {
  const number = Number(node.replace(/\D/g, '')) + (node.startsWith('spine') ? 100 : 0)
  return family === 'ipv4' ? `10.255.0.${number}/32` : `2001:db8:ff::${number.toString(16)}/128`
}

/** By node name: spines `spine1..` in AS 65000 run FRR, leaves `leaf1..` in AS 65001.. run GoBGP. */
export function controls({ spines, leaves, family = 'ipv4' }: SmallFabric): Map<string, NodeControl> {
  const count = (n: number) => Array.from({ length: n }, (_, index) => index + 1)
  const node = (
    daemon: NodeControl['daemon'],
    name: string,
    asn: number,
    sessions: BgpSession[],
  ): [string, NodeControl] => [
    name,
    {
      daemon,
      asn,
      routerId: loopback(name).replace('/32', ''),
      multipath: 64,
      holdTime: 9,
      originate: [loopback(name, family)],
      sessions,
      policies: [],
    },
  ]
  return new Map([
    ...count(spines).map((s) =>
      node(
        'frr',
        `spine${s}`,
        65000,
        count(leaves).map((l) => {
          const { id, leaf, spine } = link(l, s, family)
          const remoteAsn = 65000 + l
          return {
            peer: `leaf${l}`,
            link: id,
            interface: l,
            port: `eth${l}`,
            local: spine,
            remote: leaf,
            remoteAsn,
            families: [family, 'evpn'],
          } satisfies BgpSession
        }),
      ),
    ),
    ...count(leaves).map((l) =>
      node(
        'gobgp',
        `leaf${l}`,
        65000 + l,
        count(spines).map((s) => {
          const { id, leaf, spine } = link(l, s, family)
          return {
            peer: `spine${s}`,
            link: id,
            interface: s,
            port: `eth${s}`,
            local: leaf,
            remote: spine,
            remoteAsn: 65000,
            families: [family, 'evpn'],
          } satisfies BgpSession
        }),
      ),
    ),
  ])
}

/** Policies that use every part of BGP-5. */
export const policies: NodeControl['policies'] = [
  {
    name: 'from-below',
    statements: [
      {
        match: {
          prefixes: [
            { prefix: '10.255.0.0/24', ge: 32 },
            { prefix: '10.1.0.0/16', ge: 20, le: 24 },
            { prefix: '2001:db8:ff::/48', le: 128 },
          ],
          communities: ['65000:100', '65000:101'],
        },
        action: 'accept',
        set: { localPreference: 200, communities: ['65000:7', '65535:65281'] },
      },
      { match: { prefixes: [{ prefix: '10.9.0.0/16', le: 12 }] }, action: 'reject', set: {} },
      { match: { communities: ['65000:666'] }, action: 'reject', set: {} },
      { match: {}, action: 'accept', set: { prepend: 2 } },
    ],
  },
  {
    name: 'to.all_5',
    statements: [
      {
        match: { prefixes: [{ prefix: '0.0.0.0/0' }, { prefix: '::/0', ge: 16 }] },
        action: 'accept',
        set: { med: 0, prepend: 3 },
      },
      { match: { prefixes: [] }, action: 'accept', set: {} },
    ],
  },
]

export function withPolicies(control: NodeControl): NodeControl {
  return {
    ...control,
    policies,
    sessions: control.sessions.map((session) => ({ ...session, import: 'from-below', export: 'to.all_5' })),
  }
}
