/**
 * Arbitrary fabrics: leaf-spine networks of every size and family that the format knows, as the text of a fabric file, read
 * and compiled as a user's would be.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { stringify } from 'yaml'
import type { FabricFile, HostEntry, NetworkEntry, SealEntry, TenantEntry } from '../../contract/fabric.js'
import type { Plan } from '../../contract/plan.js'
import { formatProblem, parseFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { SdkError } from '../errors.js'
import { printed } from '../traffic/frame.js'

/** Bounds of generated fabrics; each within what is given here unless narrowed. */
export interface FabricOptions {
  readonly spines?: Range
  readonly leaves?: Range
  readonly tenants?: Range
  /** Sealed links and tenants: links always and tenants as it comes, nothing, or either; a seal is that of all links, and of no tenant. */
  readonly sealed?: boolean | SealEntry
  readonly underlay?: 4 | 6
  /** Who fills the tables: the compiler (default), or BGP with EVPN. */
  readonly control?: 'static' | 'bgp'
}

/** Smallest and largest. */
export type Range = readonly [number, number]

/** A generated fabric. */
export interface GeneratedFabric {
  /** The fabric file. */
  readonly text: string
  readonly plan: Plan
}

const SPINES: Range = [1, 4]
const LEAVES: Range = [2, 6]
const TENANTS: Range = [1, 5]

/** Inner families of a network. */
type Families = 'v4' | 'v6' | 'both'

/** What is drawn of a network. */
interface NetworkDraw {
  readonly families: Families
  /** Leaves of its two and more hosts, taken modulo the number of leaves. */
  readonly hosts: readonly number[]
  readonly gateway: boolean
}
interface TenantDraw {
  readonly networks: readonly NetworkDraw[]
  readonly routed: boolean
  /** Uses the same addresses as every other tenant which does. */
  readonly overlapping: boolean
  /** From leaf to leaf. */
  readonly seal: SealEntry | undefined
}
interface Draw {
  readonly spines: number
  readonly leaves: number
  readonly tenants: readonly TenantDraw[]
  /** Of links. */
  readonly seal: SealEntry | undefined
  readonly underlay: 4 | 6
  readonly parallel: boolean
}

/** Of any suite; what it carries is encrypted, and nothing clear is taken. */
const macsec: Arbitrary<SealEntry> = fc.record(
  {
    macsec: fc.constantFrom('gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256'),
    confidentiality: fc.constantFrom('offset-30', 'offset-50'),
    tag: fc.constant('implicit'),
    standby: fc.integer({ min: 1, max: 3 }),
    key: fc.constant('lab:core'),
  },
  { requiredKeys: ['macsec', 'key'] },
)
const wireguard: Arbitrary<SealEntry> = fc.record({
  wireguard: fc.constant(true),
  psk: fc.boolean(),
  key: fc.constant('lab:core'),
})

/** Fabrics of 1 to 4 spines, 2 to 6 leaves and 1 to 5 tenants; every tenant has two hosts with a way between them. */
export function fabric(options: FabricOptions = {}): Arbitrary<GeneratedFabric> {
  const between = ([min, max]: Range) => fc.integer({ min, max })
  const network = fc.record<NetworkDraw>({
    families: fc.constantFrom<Families>('v4', 'both', 'v6'),
    hosts: fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 3 }),
    gateway: fc.boolean(),
  })
  const seal = fc.oneof(macsec, wireguard)
  const { sealed } = options
  const maybe = sealed === false ? fc.constant(undefined) : fc.option(seal, { nil: undefined })
  const [ofLinks, ofTenants] =
    typeof sealed === 'object'
      ? [fc.constant(sealed), fc.constant(undefined)]
      : [sealed === true ? seal : maybe, maybe]
  const tenant = fc.record<TenantDraw>({
    networks: fc.array(network, { minLength: 1, maxLength: 3 }),
    routed: fc.boolean(),
    overlapping: fc.boolean(),
    // Most have none: what a tenant has sealed tells less of the rest.
    seal: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: ofTenants }),
  })
  const [fewest, most] = options.tenants ?? TENANTS
  return fc
    .record<Draw>({
      spines: between(options.spines ?? SPINES),
      leaves: between(options.leaves ?? LEAVES),
      tenants: fc.array(tenant, { minLength: fewest, maxLength: most, size: 'max' }),
      seal: ofLinks,
      underlay: options.underlay === undefined ? fc.constantFrom<4 | 6>(4, 6) : fc.constant(options.underlay),
      parallel: fc.boolean(),
    })
    .map((draw) => generate(draw, options.control ?? 'static'))
}

function generate(draw: Draw, control: 'static' | 'bgp'): GeneratedFabric {
  const text = stringify(fileOf(draw, control))
  const { fabric: read, problems } = parseFabric(text, 'generated.yaml')
  if (read === undefined) {
    throw new SdkError(
      'ZT_FABRIC',
      `a generated fabric is not sound\n${problems.map(formatProblem).join('\n')}\n${text}`,
      {
        remedy: 'this is a mistake in arb.fabric: report the seed',
      },
    )
  }
  const plan = compile(read)
  return { text, plan, [printed]: () => text } as GeneratedFabric
}

/** IP MTU above the links' seal: a lab's links take 1778 octets. */
const UNDERLAY_MTU = 1690

function fileOf(draw: Draw, control: 'static' | 'bgp'): FabricFile {
  const { spines, leaves, underlay, seal } = draw
  const link = { from: 'leaf*', to: 'spine*', ...(draw.parallel && spines * leaves <= 8 ? { count: 2 } : {}) }
  const tenants = draw.tenants.map((tenant, index) => ({ name: `t${index + 1}`, tenant: soundOf(tenant) }))
  const sealed = tenants.filter((one) => one.tenant.seal !== undefined)
  return {
    ztos: 1,
    name: 'generated',
    underlay: {
      mtu: UNDERLAY_MTU,
      ...(underlay === 4
        ? { loopbacks: '10.255.0.0/24', links: '10.254.0.0/23' }
        : { loopbacks: '2001:db8:ffff::/64', links: '2001:db8:fffe::/64' }),
      bgp: { spines: 65000, leaves: '65101-65199' },
      ...(control === 'static' ? {} : { control }),
    },
    nodes: {
      [spines === 1 ? 'spine1' : `spine[1-${spines}]`]: { role: 'spine' },
      [`leaf[1-${leaves}]`]: { role: 'leaf' },
    },
    seals: {
      ...(seal === undefined ? {} : { core: seal }),
      ...Object.fromEntries(
        sealed.flatMap(({ name, tenant }) =>
          tenant.seal === undefined ? [] : [[name, { ...tenant.seal, key: `lab:${name}` }]],
        ),
      ),
    },
    links: [{ ...link, ...(seal === undefined ? {} : { seal: 'core' }) }],
    tenants: Object.fromEntries(
      tenants.map(({ name, tenant }, index) => [name, tenantOf(tenant, index, leaves)]),
    ),
    intents: {
      ...Object.fromEntries(tenants.flatMap(({ tenant }, index) => intentsOf(tenant, index))),
      // A leaf without hosts has no traffic that could be looked at; what a tenant has sealed takes few ways (HASH-5).
      ...Object.fromEntries(
        (seal === undefined ? [] : leavesWithHosts(draw)).map((leaf) => [
          `sealed-${leaf}`,
          { encrypt: { links: `${leaf}--*` } },
        ]),
      ),
      ...Object.fromEntries(
        sealed
          .filter(({ tenant }) => !hasClearHeaders(tenant.seal))
          .map(({ name }) => [`${name}-sealed`, { encrypt: { tenants: name } }]),
      ),
    },
  }
}

/** WireGuard carries what is routed, between networks on one leaf each: where there are no two, a tenant is sealed by nothing. */
function soundOf(tenant: TenantDraw): TenantDraw {
  if (tenant.seal === undefined || 'macsec' in tenant.seal) return tenant
  if (tenant.networks.length < 2) return { ...tenant, seal: undefined }
  return {
    ...tenant,
    routed: true,
    networks: tenant.networks.map((network) => ({ ...network, families: 'both' })),
  }
}

function hasClearHeaders(seal: SealEntry | undefined): boolean {
  return seal !== undefined && 'macsec' in seal && seal.confidentiality !== undefined
}

function isRoutedAlone({ seal }: TenantDraw): boolean {
  return seal !== undefined && 'wireguard' in seal
}

function tenantOf(draw: TenantDraw, tenant: number, leaves: number): TenantEntry {
  const networks: Record<string, NetworkEntry> = {}
  const hosts: Record<string, HostEntry> = {}
  for (const [index, network] of draw.networks.entries()) {
    const name = `n${index + 1}`
    networks[name] = networkOf(network, draw, tenant, index)
    for (const [number, at] of placesOf(draw, index, leaves).entries())
      hosts[`${name}-h${number + 1}`] = { at, network: name }
  }
  return {
    ...(draw.seal === undefined ? {} : { seal: `t${tenant + 1}` }),
    ...(draw.routed ? { l3vni: 90_001 + tenant } : {}),
    networks,
    hosts,
  }
}

/** The leaf of each host of a network; the first two are on two leaves, so that the fabric is crossed, or all are on one. */
function placesOf(tenant: TenantDraw, index: number, leaves: number): readonly string[] {
  const { hosts } = tenant.networks[index] ?? { hosts: [] }
  const [first = 0] = tenant.networks[0]?.hosts ?? hosts
  const [own = 0] = hosts
  return hosts.map((leaf, number) => {
    if (isRoutedAlone(tenant)) return `leaf${((first + index) % leaves) + 1}`
    const at = number === 1 ? (own + 1 + (leaf % (leaves - 1))) % leaves : leaf % leaves
    return `leaf${at + 1}`
  })
}

/** Of tenants whose flows take all ways. */
function leavesWithHosts({ tenants, leaves }: Draw): readonly string[] {
  const places = tenants
    .filter((tenant) => soundOf(tenant).seal === undefined)
    .flatMap((tenant) => tenant.networks.flatMap((_, index) => placesOf(tenant, index, leaves)))
  return [...new Set(places)].sort()
}

function networkOf(
  { families, gateway }: NetworkDraw,
  { routed, overlapping, networks }: TenantDraw,
  tenant: number,
  index: number,
): NetworkEntry {
  const own = overlapping ? 0 : tenant + 1
  const subnets = [
    ...(families === 'v6' ? [] : [{ gateway: `10.${own}.${index}.1/24`, subnet: `10.${own}.${index}.0/24` }]),
    ...(families === 'v4'
      ? []
      : [{ gateway: `2001:db8:${own}:${index}::1/64`, subnet: `2001:db8:${own}:${index}::/64` }]),
  ]
  const vni = 10_000 * (tenant + 1) + index + 1
  // Without L3 VNI networks with gateways must not need each other's leaves: a single one may have a gateway all the same.
  return routed || (gateway && networks.length === 1)
    ? { vni, gateways: subnets.map((one) => one.gateway) }
    : { vni, subnet: subnets.map((one) => one.subnet) }
}

/** Inside each network everybody reaches everybody; or each network the next one. */
function intentsOf(
  tenant: TenantDraw,
  number: number,
): readonly (readonly [string, { readonly reach: { readonly from: string; readonly to: string } }])[] {
  const { networks } = tenant
  return networks.map((_, index) => {
    const name = (of: number): string => `t${number + 1}/n${of + 1}`
    const to = isRoutedAlone(tenant) ? name((index + 1) % networks.length) : name(index)
    return [`t${number + 1}-n${index + 1}`, { reach: { from: name(index), to } }] as const
  })
}
