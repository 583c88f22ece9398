/**
 * The fabric file, version 1: what a person writes and `ztos schema` prints. This is the shape alone; ranges, references,
 * clashes and capacities are judged by `twin/model`, with positions.
 *
 * Every leaf type carries a description and an example: they become hints in editors and remedies in problems.
 *
 * @module
 */
import { z } from 'zod'

export const FABRIC_VERSION = 1
/** Of nodes, tenants, networks, hosts, seals, intents. With a link's two ends and a seal it still fits a key reference. */
export const MAX_NAME = 32
export const DEFAULT_UNDERLAY_MTU = 1700
export const DEFAULT_MTU = 1500

const Name = z
  .string()
  .regex(/^(?!.*--)[a-z][a-z0-9-]{0,31}$/)
  .meta({
    id: 'Name',
    description:
      'a name of at most 32 characters: a lower-case letter, then letters, digits and single hyphens',
    examples: ['shop'],
  })
const RangedName = z
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
const NodePattern = pattern(
  'NodePattern',
  /^[a-z*][a-z0-9*,[\]-]*$/,
  'nodes by name, range or glob, or a list of those',
  'leaf[1-3]',
)
const LinkPattern = pattern(
  'LinkPattern',
  /^[a-z*][a-z0-9*,[\]#-]*$/,
  'links as two ends in name order, with ranges or globs, or a list of those',
  'leaf*--spine*',
)
const HostPattern = pattern(
  'HostPattern',
  /^[a-z*][a-z0-9*,[\]-]*\/[a-z*][a-z0-9*,[\]-]*$/,
  'tenant/network or tenant/host, with ranges or globs, or a list of those',
  'shop/web',
)
const IntentPattern = pattern(
  'IntentPattern',
  /^[a-z*][a-z0-9*:,[\]-]*$/,
  'intents by name or glob, or a list of those',
  'web-db',
)
const HostName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/)
  .meta({ id: 'HostName', description: 'one host, as tenant/host', examples: ['shop/web1'] })

const Prefix = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/)
  .meta({ id: 'Prefix', description: 'an IPv4 or IPv6 prefix', examples: ['10.255.0.0/24'] })
const Gateway = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/)
  .meta({
    id: 'Gateway',
    description: "a gateway's address with the length of its subnet",
    examples: ['10.1.0.1/24'],
  })
const Address = z
  .string()
  .regex(/^[0-9a-fA-F:.]+$/)
  .meta({ id: 'Address', description: 'an IPv4 or IPv6 address', examples: ['10.1.0.10'] })
const Mac = z
  .string()
  .regex(/^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$/)
  .meta({
    id: 'Mac',
    description: 'a MAC address: six pairs of hexadecimal digits with colons',
    examples: ['02:00:00:00:00:01'],
  })
const Vni = z
  .int()
  .min(1)
  .max(0xffffff)
  .meta({ id: 'Vni', description: 'a VXLAN network identifier, 1 to 16777215', examples: [10010] })
const Vlan = z
  .int()
  .min(1)
  .max(4094)
  .meta({ id: 'Vlan', description: 'a VLAN id, 1 to 4094, scoped to its port', examples: [10] })
const Mtu = z
  .int()
  .min(68)
  .max(9216)
  .meta({ id: 'Mtu', description: 'an IP MTU in octets, 68 to 9216', examples: [1500] })
const Asn = z
  .int()
  .min(1)
  .max(4294967294)
  .meta({ id: 'Asn', description: 'an AS number, 1 to 4294967294', examples: [65000] })
const AsnRange = z
  .string()
  .regex(/^[1-9][0-9]{0,9}-[1-9][0-9]{0,9}$/)
  .meta({ id: 'AsnRange', description: 'a range of AS numbers', examples: ['65101-65199'] })

const Duration = z
  .string()
  .regex(/^(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,3})?(?:ns|us|ms|s)$/)
  .meta({ id: 'Duration', description: 'a time with its unit: ns, us, ms or s', examples: ['150us'] })
const Community = z
  .string()
  .regex(/^[0-9]{1,5}:[0-9]{1,5}$/)
  .meta({
    id: 'Community',
    description: 'a BGP community as two numbers up to 65535 with a colon between',
    examples: ['65000:100'],
  })

const Bgp = z
  .strictObject({
    spines: Asn.optional(),
    leaves: AsnRange.optional(),
    as: Asn.optional(),
    holdTime: Duration.optional(),
    bfd: z
      .strictObject({
        interval: Duration,
        multiplier: z
          .int()
          .min(2)
          .max(255)
          .meta({ description: 'packets that may be missed, 2 to 255', examples: [3] })
          .optional(),
      })
      .meta({
        description: 'BFD on all sessions: the time between packets, and how many may be missed',
        examples: [{ interval: '50ms', multiplier: 3 }],
      })
      .optional(),
    gracefulRestart: Duration.optional(),
    maximumPrefixes: z
      .int()
      .min(1)
      .max(1_000_000)
      .meta({ description: 'unicast prefixes that a peer may announce, 1 to 1000000', examples: [1000] })
      .optional(),
    addPaths: z
      .boolean()
      .meta({ description: 'whether reflectors announce all paths (RFC 7911)', examples: [true] })
      .optional(),
  })
  .meta({
    id: 'Bgp',
    description:
      'AS numbers: one for all spines and a range with one for each leaf, or one for all nodes; and what holds for all sessions',
    examples: [{ spines: 65000, leaves: '65101-65199' }],
  })

const Underlay = z
  .strictObject({
    mtu: Mtu.optional().meta({ default: DEFAULT_UNDERLAY_MTU }),
    loopbacks: Prefix,
    links: z.union([z.literal('unnumbered'), Prefix]).meta({
      description: "the pool for links' addresses, or unnumbered",
      examples: ['10.254.0.0/23'],
    }),
    bgp: Bgp.optional(),
    resilient: z
      .boolean()
      .meta({
        description: 'whether paths used side by side keep their flows when another comes or goes',
        examples: [true],
      })
      .optional(),
    control: z
      .enum(['static', 'bgp'])
      .meta({
        description: 'who fills the tables: the compiler, or BGP with EVPN',
        examples: ['bgp'],
      })
      .optional(),
  })
  .meta({
    id: 'Underlay',
    description: 'the IP fabric below: its MTU above any seal, and the pools for loopbacks and links',
    examples: [{ mtu: 1700, loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' }],
  })
const Node = z
  .strictObject({
    role: z
      .enum(['spine', 'leaf', 'gateway', 'router'])
      .meta({ description: 'the role of a node', examples: ['leaf'] }),
    asn: Asn.optional(),
    reflector: z
      .boolean()
      .meta({ description: 'whether a router reflects the routes of its own AS', examples: [true] })
      .optional(),
    drain: z
      .boolean()
      .meta({
        description: 'whether the node is being taken out of service: others avoid it (RFC 8326)',
        examples: [true],
      })
      .optional(),
  })
  .meta({
    id: 'Node',
    description: 'a node and its role',
    examples: [{ role: 'leaf' }],
  })
const Seal = z
  .strictObject({
    macsec: z
      .enum(['gcm-aes-128'])
      .meta({ description: 'the MACsec cipher suite', examples: ['gcm-aes-128'] }),
    mode: z
      .enum(['strict', 'disabled'])
      .meta({ description: 'whether clear frames are refused', examples: ['strict'] })
      .optional(),
    key: z
      .string()
      .regex(/^[a-z][a-z0-9+.-]*:[A-Za-z0-9._/-]+$/)
      .max(64)
      .meta({
        id: 'KeyName',
        description: 'the name of a key, never its value: a source, a colon, a name',
        examples: ['lab:core'],
      }),
  })
  .meta({
    id: 'Seal',
    description: 'link encryption',
    examples: [{ macsec: 'gcm-aes-128', mode: 'strict', key: 'lab:core' }],
  })
const Link = z
  .strictObject({
    from: NodePattern,
    to: NodePattern,
    seal: Name.optional(),
    count: z
      .int()
      .min(1)
      .max(16)
      .meta({ description: 'parallel links between each pair, 1 to 16', examples: [2] })
      .optional(),
    weight: z
      .int()
      .min(1)
      .max(256)
      .meta({ description: 'share of traffic where links are used side by side, 1 to 256', examples: [4] })
      .optional(),
    delay: Duration.optional(),
    punt: z
      .enum(['tap', 'xdp'])
      .meta({
        description:
          'how ARP and ICMP for a node reach its kernel: through the engine and its journal, or past it by XDP',
        examples: ['xdp'],
      })
      .optional(),
  })
  .meta({
    id: 'Link',
    description: 'links from each node of one set to each of the other',
    examples: [{ from: 'leaf[1-3]', to: 'spine[1-2]' }],
  })

const PrefixMatch = z
  .string()
  .regex(/^[0-9a-fA-F:.]+\/[0-9]{1,3}(?: ge [0-9]{1,3})?(?: le [0-9]{1,3})?$/)
  .meta({
    id: 'PrefixMatch',
    description: 'a prefix, and with ge and le the lengths of what lies in it',
    examples: ['10.0.0.0/8 ge 24 le 32'],
  })
const PolicyStatement = z
  .strictObject({
    match: z
      .strictObject({
        prefixes: z
          .array(PrefixMatch)
          .min(1)
          .meta({ description: 'a list of prefixes, any of which matches', examples: [['10.0.0.0/8 le 32']] })
          .optional(),
        communities: z
          .array(Community)
          .min(1)
          .meta({ description: 'a list of communities, any of which matches', examples: [['65000:100']] })
          .optional(),
      })
      .meta({
        description: 'what a route must have; all routes match when left out',
        examples: [{ prefixes: ['10.0.0.0/8 le 32'] }],
      })
      .optional(),
    action: z
      .enum(['accept', 'reject'])
      .meta({ description: 'what becomes of a route', examples: ['reject'] })
      .optional(),
    set: z
      .strictObject({
        localPreference: z
          .int()
          .min(1)
          .max(0xffffffff)
          .meta({ description: 'a local preference, 1 to 4294967295', examples: [200] })
          .optional(),
        med: z
          .int()
          .min(0)
          .max(0xffffffff)
          .meta({ description: 'a multi-exit discriminator, 0 to 4294967295', examples: [50] })
          .optional(),
        prepend: z
          .int()
          .min(1)
          .max(16)
          .meta({ description: 'how often the own AS number is put before the path, 1 to 16', examples: [2] })
          .optional(),
        communities: z
          .array(Community)
          .min(1)
          .meta({ description: 'a list of communities to add', examples: [['65000:100']] })
          .optional(),
      })
      .meta({ description: 'what is changed of an accepted route', examples: [{ localPreference: 200 }] })
      .optional(),
  })
  .meta({
    id: 'PolicyStatement',
    description: 'one statement of a policy; the first that matches decides',
    examples: [{ match: { prefixes: ['10.0.0.0/8 le 32'] }, action: 'reject' }],
  })
const Policy = z
  .strictObject({
    at: NodePattern,
    peers: NodePattern.optional(),
    direction: z
      .enum(['import', 'export'])
      .meta({ description: 'whether it is about what is heard or what is told', examples: ['import'] }),
    statements: z
      .array(PolicyStatement)
      .min(1)
      .meta({ description: 'a list of statements', examples: [[{ action: 'accept' }]] }),
    otherwise: z
      .enum(['accept', 'reject'])
      .meta({ description: 'what becomes of a route that no statement matches', examples: ['accept'] })
      .optional(),
  })
  .meta({
    id: 'Policy',
    description: 'a routing policy of some nodes, towards all or some of their peers',
    examples: [
      {
        at: 'leaf1',
        direction: 'import',
        statements: [{ match: { prefixes: ['10.0.0.0/8 le 32'] }, action: 'reject' }],
      },
    ],
  })

const Network = z
  .strictObject({
    vlan: Vlan.optional(),
    vni: Vni.optional(),
    anycast: z
      .boolean()
      .meta({
        description: 'whether each of its nodes has it for itself, with the same addresses',
        examples: [true],
      })
      .optional(),
    subnet: z
      .union([Prefix, z.array(Prefix).min(1)])
      .meta({ description: 'a prefix, or a list with one of each family', examples: ['10.1.0.0/24'] })
      .optional(),
    gateways: z
      .array(Gateway)
      .min(1)
      .meta({
        description: 'a list of gateway addresses, one of each family',
        examples: [['10.1.0.1/24', '2001:db8:1::1/64']],
      })
      .optional(),
    mtu: Mtu.optional().meta({ default: DEFAULT_MTU }),
    macLimit: z
      .int()
      .min(1)
      .max(1 << 20)
      .meta({ description: 'MAC addresses that a node learns in it, 1 to 1048576', examples: [4096] })
      .optional(),
    snooping: z
      .boolean()
      .meta({ description: 'whether multicast goes only where it is asked for (RFC 4541)', examples: [true] })
      .optional(),
    at: NodePattern.optional(),
    gatewayAt: NodePattern.optional(),
  })
  .meta({
    id: 'Network',
    description: 'a network: routed with gateways, pure layer 2 with a subnet alone',
    examples: [{ vlan: 10, vni: 10010, gateways: ['10.1.0.1/24'] }],
  })
const Host = z
  .strictObject({
    at: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .meta({
        id: 'LeafName',
        description: 'one leaf by name; one router in a tenant with vrf: underlay',
        examples: ['leaf1'],
      }),
    network: Name,
    address: z
      .union([Address, z.array(Address).min(1)])
      .meta({ description: 'an address, or a list with one of each family', examples: ['10.1.0.10'] })
      .optional(),
    mac: Mac.optional(),
    mtu: Mtu.optional(),
    static: z
      .boolean()
      .meta({
        description: 'whether its MAC address belongs to its port alone and is never learned elsewhere',
        examples: [true],
      })
      .optional(),
  })
  .meta({ id: 'Host', description: 'a host', examples: [{ at: 'leaf1', network: 'web' }] })
const Tenant = z
  .strictObject({
    l3vni: Vni.optional(),
    vrf: z
      .literal('underlay')
      .meta({
        description: 'underlay: its networks are routed with the fabric itself, not in a VRF of their own',
        examples: ['underlay'],
      })
      .optional(),
    networks: z.record(Name, Network).meta({
      description: 'networks by name',
      examples: [{ web: { vni: 10010, gateways: ['10.1.0.1/24'] } }],
    }),
    hosts: z
      .record(RangedName, Host)
      .meta({ description: 'hosts by name', examples: [{ web1: { at: 'leaf1', network: 'web' } }] })
      .optional(),
  })
  .meta({
    id: 'Tenant',
    description: 'a tenant with its networks and hosts',
    examples: [{ l3vni: 50001, networks: {}, hosts: {} }],
  })

const Rate = z
  .string()
  .regex(/^[1-9][0-9]{0,8}(?:\.[0-9]{1,3})?[kM]?pps$/)
  .meta({ id: 'Rate', description: 'packets a second: pps, kpps or Mpps', examples: ['10kpps'] })
const Proto = z
  .string()
  .regex(/^(?:any|icmp|tcp|udp|(?:tcp|udp)\/[0-9]{1,5})$/)
  .meta({ id: 'Proto', description: 'any, icmp, tcp, udp, or a port as tcp/5432', examples: ['tcp/5432'] })
const Count = z
  .int()
  .min(0)
  .max(64)
  .meta({ id: 'Count', description: 'a number, 0 to 64', examples: [1] })

const Reach = z.strictObject({ from: HostPattern, to: HostPattern, proto: Proto.optional() }).meta({
  id: 'Reach',
  description: 'each host of one set reaches each of the other',
  examples: [{ from: 'shop/web', to: 'shop/db', proto: 'tcp/5432' }],
})
const Encrypt = z
  .strictObject({
    links: LinkPattern,
    by: z
      .enum(['macsec'])
      .meta({ description: 'what encrypts', examples: ['macsec'] })
      .optional(),
  })
  .meta({
    id: 'Encrypt',
    description: 'nothing crosses these links in the clear',
    examples: [{ links: 'leaf*--spine*' }],
  })
const Latency = z
  .strictObject({
    from: HostName,
    to: HostName,
    p50: Duration.optional(),
    p90: Duration.optional(),
    p99: Duration.optional(),
    'p99.9': Duration.optional(),
    rate: Rate,
  })
  .meta({
    id: 'Latency',
    description: 'a percentile of the one-way time from host to host stays within a bound at a rate',
    examples: [{ from: 'shop/web1', to: 'shop/web2', p99: '5ms', rate: '2kpps' }],
  })
const Survive = z
  .strictObject({ links: Count.optional(), nodes: Count.optional(), keep: IntentPattern })
  .meta({
    id: 'Survive',
    description: 'intents that still hold when so many links or nodes fail',
    examples: [{ links: 1, keep: ['web-db'] }],
  })
const Intent = z
  .strictObject({
    reach: Reach.optional(),
    encrypt: Encrypt.optional(),
    latency: Latency.optional(),
    survive: Survive.optional(),
  })
  .meta({
    id: 'Intent',
    description: 'one thing that must hold: reach, encrypt, latency or survive',
    examples: [{ reach: { from: 'shop/web', to: 'shop/db' } }],
    minProperties: 1,
    maxProperties: 1,
  })

/** A whole fabric: the file, or the sum of its fragments. */
export const FabricFile = z
  .strictObject({
    ztos: z
      .literal(FABRIC_VERSION)
      .meta({ description: 'the version of the format, 1', examples: [FABRIC_VERSION] }),
    name: Name,
    include: z
      .array(z.string().min(1).max(200))
      .meta({
        description: 'fragments, by file name or glob, relative to this file',
        examples: [['tenants/*.yaml']],
      })
      .optional(),
    underlay: Underlay,
    nodes: z
      .record(RangedName, Node)
      .meta({ description: 'nodes by name or range', examples: [{ 'leaf[1-3]': { role: 'leaf' } }] }),
    seals: z
      .record(Name, Seal)
      .meta({
        description: 'seals by name',
        examples: [{ core: { macsec: 'gcm-aes-128', key: 'lab:core' } }],
      })
      .optional(),
    links: z
      .array(Link)
      .meta({ description: 'a list of links', examples: [[{ from: 'leaf[1-3]', to: 'spine[1-2]' }]] })
      .optional(),
    policies: z
      .record(Name, Policy)
      .meta({
        description: 'routing policies by name',
        examples: [
          { 'no-private': { at: 'leaf1', direction: 'import', statements: [{ action: 'accept' }] } },
        ],
      })
      .optional(),
    tenants: z
      .record(Name, Tenant)
      .meta({ description: 'tenants by name', examples: [{ shop: { networks: {} } }] })
      .optional(),
    intents: z
      .record(Name, Intent)
      .meta({
        description: 'what must hold, by name; isolation between tenants is implied',
        examples: [{ 'web-db': { reach: { from: 'shop/web', to: 'shop/db' } } }],
      })
      .optional(),
  })
  .meta({
    description: 'a fabric file',
    examples: [
      {
        ztos: 1,
        name: 'shop',
        underlay: { loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' },
        nodes: { leaf1: { role: 'leaf' } },
      },
    ],
  })

export const VNI_MAPPING_VERSION = 1
/** Which VLAN, VNI and VRF each network has: exported from a fabric, and given back to it. */
export const VniMapping = z
  .strictObject({
    format: z
      .literal('ztos-vni-mapping')
      .meta({ description: 'the name of the format', examples: ['ztos-vni-mapping'] }),
    version: z
      .literal(VNI_MAPPING_VERSION)
      .meta({ description: 'the version of the format, 1', examples: [VNI_MAPPING_VERSION] }),
    fabric: Name,
    vrfs: z
      .array(
        z
          .strictObject({
            vrf: Name,
            l3vni: Vni.optional(),
            networks: z
              .array(
                z.strictObject({ name: Name, vlan: Vlan.optional(), vni: Vni }).meta({
                  description: 'a network with its numbers',
                  examples: [{ name: 'web', vlan: 10, vni: 10010 }],
                }),
              )
              .meta({ description: 'a list of networks', examples: [[{ name: 'web', vni: 10010 }]] }),
          })
          .meta({
            description: 'the VRF of a tenant with its networks',
            examples: [{ vrf: 'shop', l3vni: 50001, networks: [] }],
          }),
      )
      .meta({ description: 'a list of VRFs', examples: [[{ vrf: 'shop', networks: [] }]] }),
  })
  .meta({
    description: 'a mapping of networks to VLANs, VNIs and VRFs',
    examples: [{ format: 'ztos-vni-mapping', version: 1, fabric: 'shop', vrfs: [] }],
  })
export type VniMapping = z.infer<typeof VniMapping>

export type FabricFile = z.infer<typeof FabricFile>
export type PolicyEntry = z.infer<typeof Policy>
export type NodeEntry = z.infer<typeof Node>
export type SealEntry = z.infer<typeof Seal>
export type LinkEntry = z.infer<typeof Link>
export type NetworkEntry = z.infer<typeof Network>
export type HostEntry = z.infer<typeof Host>
export type TenantEntry = z.infer<typeof Tenant>
export type IntentEntry = z.infer<typeof Intent>
