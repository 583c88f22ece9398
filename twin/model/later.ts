/**
 * What the format will say one day and does not yet: such words are no typing mistakes, and are refused as what they are.
 *
 * @module
 */
import type { Path } from './tree.js'

interface Later {
  /** Where: keys from the top, `*` for any, the last being the word itself. */
  readonly path: readonly string[]
  /** Values that are refused; absent when the key itself is. */
  readonly values?: RegExp
  /** A value of this kind is refused. */
  readonly kind?: 'list' | 'map'
  /** With its verb: `trunks are`. */
  readonly what: string
}

const features: readonly Later[] = [
  { path: ['seals', '*', 'ipsec'], what: 'IPsec seals are' },
  { path: ['seals', '*', 'mka'], what: 'MACsec key agreement is' },
  {
    path: ['nodes', '*', 'role'],
    values: /^(?:super-?spine|border|exit|tor|core|edge)$/,
    what: 'a third tier is',
  },
  { path: ['nodes', '*', 'vtep'], what: 'a VTEP address apart from the loopback is' },
  { path: ['underlay', 'vteps'], what: 'a VTEP address apart from the loopback is' },
  { path: ['underlay', 'ospf'], what: 'OSPF is' },
  { path: ['underlay', 'isis'], what: 'IS-IS is' },
  { path: ['services'], what: 'shared services are' },
  { path: ['peers'], what: 'peering between tenants is' },
  { path: ['tenants', '*', 'peer'], what: 'peering between tenants is' },
  { path: ['tenants', '*', 'groups'], what: 'groups inside a tenant are' },
  { path: ['tenants', '*', 'routes'], what: 'static prefixes behind a leaf are' },
  { path: ['tenants', '*', 'hosts', '*', 'at'], kind: 'list', what: 'hosts on two leaves are' },
  { path: ['tenants', '*', 'hosts', '*', 'port'], what: 'several hosts on a port are' },
  { path: ['tenants', '*', 'hosts', '*', 'trunk'], what: 'trunks are' },
  { path: ['tenants', '*', 'hosts', '*', 'network'], kind: 'list', what: 'trunks are' },
  { path: ['intents', '*', 'isolate'], what: 'isolation inside a tenant is' },
  {
    path: ['intents', '*', 'encrypt', 'by'],
    values: /^ipsec$/,
    what: 'this kind of encryption is',
  },
]

/** What a key, or a value at a key, asks for that is to come; `undefined` when it is just wrong. */
export function comesLater(path: Path, value?: string, kind?: string): string | undefined {
  return features.find(
    (feature) =>
      feature.path.length === path.length &&
      feature.path.every((step, i) => step === '*' || step === path[i]) &&
      (feature.values === undefined
        ? feature.kind === kind
        : value !== undefined && feature.values.test(value)),
  )?.what
}
