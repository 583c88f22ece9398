/**
 * Values of the fabric file: names and patterns, addresses, numbers. Each carries a description and an example.
 *
 * @module
 */
import { z } from 'zod'

/** Of nodes, tenants, networks, hosts, seals, intents. With a link's two ends and a seal it still fits a key reference. */
export const MAX_NAME = 32
export const DEFAULT_UNDERLAY_MTU = 1700
export const DEFAULT_MTU = 1500
/** High up, where nobody counts by hand. */
export const DEFAULT_TUNNEL_VNIS = '16000000-16777215'
/** What `wg` documents everywhere; IANA has given it to nobody. */
export const DEFAULT_WIREGUARD_PORT = 51820

export const Name = z
  .string()
  .regex(/^(?!.*--)[a-z][a-z0-9-]{0,31}$/)
  .meta({
    id: 'Name',
    description:
      'a name of at most 32 characters: a lower-case letter, then letters, digits and single hyphens',
    examples: ['shop'],
  })
export const RangedName = z
  .string()
  .regex(/^[a-z](?:[a-z0-9-]|\[[0-9][0-9,-]*\])*$/)
  .max(200)
  .meta({
    id: 'RangedName',
    description: 'a name, or several by ranges of numbers',
    examples: ['leaf[1-3]'],
  })
const pattern = (id: string, regex: RegExp, description: string, example: string) => {
  const one = z
    .string()
    .regex(regex)
    .max(200)
    .meta({ id, description, examples: [example] })
  return z.union([one, z.array(one).min(1)]).meta({ description, examples: [example] })
}
export const NodePattern = pattern(
  'NodePattern',
  /^[a-z*][a-z0-9*,[\]-]*$/,
  'nodes by name, range or glob, or a list of those',
  'leaf[1-3]',
)
export const LinkPattern = pattern(
  'LinkPattern',
  /^[a-z*][a-z0-9*,[\]#-]*$/,
  'links as two ends in name order, with ranges or globs, or a list of those',
  'leaf*--spine*',
)
export const HostPattern = pattern(
  'HostPattern',
  /^[a-z*][a-z0-9*,[\]-]*\/[a-z*][a-z0-9*,[\]-]*$/,
  'tenant/network or tenant/host, with ranges or globs, or a list of those',
  'shop/web',
)
export const TenantPattern = pattern(
  'TenantPattern',
  /^[a-z*][a-z0-9*,[\]-]*$/,
  'tenants by name, range or glob, or a list of those',
  'shop',
)
export const IntentPattern = pattern(
  'IntentPattern',
  /^[a-z*][a-z0-9*:,[\]-]*$/,
  'intents by name or glob, or a list of those',
  'web-db',
)
export const HostName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/)
  .meta({ id: 'HostName', description: 'one host, as tenant/host', examples: ['shop/web1'] })

export const Prefix = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/)
  .meta({ id: 'Prefix', description: 'an IPv4 or IPv6 prefix', examples: ['10.255.0.0/24'] })
export const Gateway = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/)
  .meta({
    id: 'Gateway',
    description: "a gateway's address with the length of its subnet",
    examples: ['10.1.0.1/24'],
  })
export const Address = z
  .string()
  .regex(/^[0-9a-fA-F:.]+$/)
  .meta({ id: 'Address', description: 'an IPv4 or IPv6 address', examples: ['10.1.0.10'] })
export const Mac = z
  .string()
  .regex(/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/)
  .meta({
    id: 'Mac',
    description: 'a MAC address: six pairs of hexadecimal digits with colons',
    examples: ['02:00:00:00:00:01'],
  })
export const Vni = z
  .int()
  .min(1)
  .max(0xffffff)
  .meta({ id: 'Vni', description: 'a VXLAN network identifier, 1 to 16777215', examples: [10010] })
export const VniRange = z
  .string()
  .regex(/^[1-9][0-9]{0,7}-[1-9][0-9]{0,7}$/)
  .meta({
    id: 'VniRange',
    description: 'a range of VXLAN network identifiers for sealed tunnels, which need one each',
    examples: [DEFAULT_TUNNEL_VNIS],
  })
export const Vlan = z
  .int()
  .min(1)
  .max(4094)
  .meta({ id: 'Vlan', description: 'a VLAN id, 1 to 4094, scoped to its port', examples: [10] })
export const Mtu = z
  .int()
  .min(68)
  .max(9216)
  .meta({ id: 'Mtu', description: 'an IP MTU in octets, 68 to 9216', examples: [1500] })
export const Asn = z
  .int()
  .min(1)
  .max(4294967294)
  .meta({ id: 'Asn', description: 'an AS number, 1 to 4294967294', examples: [65000] })
export const AsnRange = z
  .string()
  .regex(/^[1-9][0-9]{0,9}-[1-9][0-9]{0,9}$/)
  .meta({ id: 'AsnRange', description: 'a range of AS numbers', examples: ['65101-65199'] })

export const Duration = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?(?:ns|us|ms|s)$/)
  .meta({ id: 'Duration', description: 'a time with its unit: ns, us, ms or s', examples: ['150us'] })
export const Community = z
  .string()
  .regex(/^[0-9]{1,5}:[0-9]{1,5}$/)
  .meta({
    id: 'Community',
    description: 'a BGP community as two numbers up to 65535 with a colon between',
    examples: ['65000:100'],
  })
