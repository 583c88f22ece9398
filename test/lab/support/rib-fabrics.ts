/**
 * Arbitrary fabrics for what a control plane has to do: one AS or many, numbered links or not, policies, drained nodes, weights, networks in
 * the underlay, anycast, hosts that belong to a port. As the text of a fabric file, read and compiled as a user's would be.
 */
import * as fc from 'fast-check'
import { stringify } from 'yaml'
import type { FabricFile, HostEntry, NetworkEntry, TenantEntry } from '../../../contract/fabric.js'
import type { Plan } from '../../../contract/plan.js'
import { compile } from '../../../twin/compile.js'
import { ControlPlaneError } from '../../../twin/control/index.js'
import { formatProblem, parseFabric } from '../../../twin/model/index.js'
import { isSettledByContract } from './rib-settled.js'
import { arbitraryPolicies, policiesOf, type Families, type PolicyDraw } from './rib-policies.js'

export interface RibFabric {
  /** The fabric file. */
  readonly text: string
  readonly plan: Plan
}

interface NetworkDraw {
  readonly family: 'v4' | 'v6' | 'both'
  /** Places of its hosts, taken modulo the number of leaves; the first two differ. */
  readonly hosts: readonly number[]
  readonly anycast: boolean
  readonly static: boolean
}
interface TenantDraw {
  readonly networks: readonly NetworkDraw[]
  readonly routed: boolean
  readonly overlapping: boolean
}
interface Draw {
  readonly spines: number
  readonly leaves: number
  /** Routers of an AS of their own. */
  readonly edges: number
  readonly tenants: readonly TenantDraw[]
  /** Networks in the underlay. */
  readonly underlay: readonly NetworkDraw[]
  readonly sealed: boolean
  readonly oneAs: boolean
  readonly unnumbered: boolean
  readonly addPaths: boolean
  readonly parallel: boolean
  /** By spine; absent: even shares. */
  readonly weights: readonly number[] | undefined
  /** A spine, modulo. */
  readonly drained: number | undefined
  readonly policies: readonly PolicyDraw[]
}

const network: fc.Arbitrary<NetworkDraw> = fc.record({
  family: fc.constantFrom('v4', 'both', 'v6'),
  hosts: fc.array(fc.nat({ max: 7 }), { minLength: 2, maxLength: 3 }),
  anycast: fc.boolean(),
  static: fc.boolean(),
})
const tenant: fc.Arbitrary<TenantDraw> = fc.record({
  networks: fc.array(network, { minLength: 1, maxLength: 3 }),
  routed: fc.boolean(),
  overlapping: fc.boolean(),
})
const drawn: fc.Arbitrary<Draw> = fc.record({
  spines: fc.integer({ min: 2, max: 4 }),
  leaves: fc.integer({ min: 2, max: 8 }),
  edges: fc.integer({ min: 0, max: 2 }),
  tenants: fc.array(tenant, { minLength: 1, maxLength: 5 }),
  underlay: fc.array(network, { minLength: 0, maxLength: 3 }),
  sealed: fc.boolean(),
  oneAs: fc.boolean(),
  unnumbered: fc.boolean(),
  addPaths: fc.boolean(),
  parallel: fc.boolean(),
  weights: fc.option(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 4, maxLength: 4 }), {
    nil: undefined,
  }),
  drained: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 2 }),
  policies: arbitraryPolicies,
})

/**
 * The fabric of a seed. Passed over of what is drawn is what `rib-settled.ts` tells, and whose outcome depends on the order of messages: there
 * is nothing to hold a lab against.
 *
 * @throws when a fabric is not sound: a mistake of this file
 */
export function ribFabric(seed: number): RibFabric {
  for (const draw of fc.sample(drawn, { seed: seed | 0, numRuns: 100 })) {
    const made = fabricOf(draw)
    if (made !== undefined) return made
  }
  throw new Error(`seed ${seed}: no fabric comes to one rest`)
}

function fabricOf(draw: Draw): RibFabric | undefined {
  const text = stringify(fileOf(draw))
  const { fabric, problems } = parseFabric(text, 'generated.yaml')
  if (fabric === undefined)
    throw new Error(`a generated fabric is not sound\n${problems.map(formatProblem).join('\n')}\n${text}`)
  try {
    const plan = compile(fabric)
    return isSettledByContract(plan) ? { text, plan } : undefined
  } catch (error) {
    if (error instanceof ControlPlaneError && error.code === 'ZT_CONTROL_UNSETTLED') return undefined
    throw error
  }
}

/** Links with addresses have those of one family; without, they carry what there is. */
function familiesOf({ unnumbered, underlay }: Draw): Families {
  return unnumbered && underlay.some(({ family }) => family !== 'v4') ? 'both' : 4
}

const names = (base: string, count: number) => Array.from({ length: count }, (_, i) => `${base}${i + 1}`)

function fileOf(draw: Draw): FabricFile {
  const { spines, leaves, edges, sealed, oneAs, unnumbered, drained } = draw
  const seal = sealed ? { seal: 'core' } : {}
  // In one AS a reflector hands a leaf's own routes back to it over the other link, where GoBGP keeps what it had instead (BGP-4).
  const doubled = draw.parallel && !oneAs && spines * leaves <= 8 ? { count: 2 } : {}
  const spineNames = names('spine', spines)
  const isDrained = (i: number) => drained !== undefined && drained % spines === i
  const places = { leaves: names('leaf', leaves), edges: names('edge', edges) }
  return {
    ztos: 1,
    name: 'generated',
    underlay: {
      mtu: 1700,
      loopbacks: '10.255.0.0/24',
      links: unnumbered ? 'unnumbered' : '10.254.0.0/23',
      bgp: {
        ...(oneAs ? { as: 65000 } : { spines: 65000, leaves: '65101-65199' }),
        ...(oneAs && draw.addPaths ? { addPaths: true } : {}),
      },
      control: 'bgp',
    },
    nodes: Object.fromEntries([
      ...spineNames.map((name, i) => [
        name,
        { role: 'spine' as const, ...(isDrained(i) ? { drain: true } : {}) },
      ]),
      ...places.leaves.map((name) => [name, { role: 'leaf' as const }]),
      ...places.edges.map((name) => [name, { role: 'router' as const, asn: 64701 }]),
    ]),
    ...(sealed ? { seals: { core: { macsec: 'gcm-aes-128', key: 'lab:core' } } } : {}),
    links: [
      ...spineNames.map((name, i) => ({
        from: 'leaf*',
        to: name,
        ...seal,
        ...doubled,
        ...(draw.weights === undefined ? {} : { weight: draw.weights[i] ?? 1 }),
      })),
      ...(edges === 0 ? [] : [{ from: 'edge*', to: 'spine[1-2]' }]),
    ],
    policies: policiesOf(draw.policies, { spines: spineNames, ...places }, familiesOf(draw)),
    tenants: {
      ...Object.fromEntries(draw.tenants.map((one, i) => [`t${i + 1}`, tenantOf(one, i, places.leaves)])),
      ...underlayTenant(draw, places),
    },
  }
}

function tenantOf(
  { networks, routed, overlapping }: TenantDraw,
  tenantIndex: number,
  leaves: readonly string[],
): TenantEntry {
  const own = overlapping ? 0 : tenantIndex + 1
  const entries: Record<string, NetworkEntry> = {}
  const hosts: Record<string, HostEntry> = {}
  for (const [index, one] of networks.entries()) {
    const name = `n${index + 1}`
    const subnets = subnetsOf(one, `10.${own}.${index}`, `2001:db8:${own}:${index}::`)
    const isAnycast = routed && one.anycast
    entries[name] = {
      ...(isAnycast ? { anycast: true } : { vni: 10_000 * (tenantIndex + 1) + index + 1 }),
      ...(routed
        ? { gateways: subnets.map((net) => net.gateway) }
        : { subnet: subnets.map((net) => net.subnet) }),
    }
    for (const [number, at] of placesOf(one, leaves).entries()) {
      hosts[`${name}-h${number + 1}`] = {
        at,
        network: name,
        ...(isAnycast ? { address: subnets.map((net) => net.service) } : {}),
        ...(one.static && !isAnycast && number === 0 ? { static: true } : {}),
      }
    }
  }
  return { ...(routed ? { l3vni: 90_001 + tenantIndex } : {}), networks: entries, hosts }
}

/** Networks in VRF 0, on leaves and edges; IPv6 where links carry it. */
function underlayTenant(
  { underlay, unnumbered }: Draw,
  { leaves, edges }: { readonly leaves: readonly string[]; readonly edges: readonly string[] },
): Record<string, TenantEntry> {
  if (underlay.length === 0) return {}
  const nodes = [...edges, ...leaves]
  const networks: Record<string, NetworkEntry> = {}
  const hosts: Record<string, HostEntry> = {}
  for (const [index, one] of underlay.entries()) {
    const name = `u${index + 1}`
    const family = unnumbered ? one.family : 'v4'
    const subnets = subnetsOf({ ...one, family }, `198.18.${index + 1}`, `2001:db8:18:${index + 1}::`)
    networks[name] = {
      ...(one.anycast ? { anycast: true } : {}),
      gateways: subnets.map((net) => net.gateway),
    }
    const places = placesOf(one, nodes)
    for (const [number, at] of (one.anycast ? places : places.slice(0, 1)).entries()) {
      hosts[`${name}-h${number + 1}`] = {
        at,
        network: name,
        ...(one.anycast ? { address: subnets.map((net) => net.service) } : {}),
      }
    }
  }
  return { u: { vrf: 'underlay', networks, hosts } }
}

function subnetsOf({ family }: Pick<NetworkDraw, 'family'>, v4: string, v6: string) {
  return [
    ...(family === 'v6' ? [] : [{ gateway: `${v4}.1/24`, subnet: `${v4}.0/24`, service: `${v4}.53` }]),
    ...(family === 'v4' ? [] : [{ gateway: `${v6}1/64`, subnet: `${v6}/64`, service: `${v6}53` }]),
  ]
}

/** Where its hosts are, each place once; the first two are on two nodes. */
function placesOf({ hosts }: NetworkDraw, nodes: readonly string[]): readonly string[] {
  const [first = 0] = hosts
  const chosen = hosts.map((place, number) => {
    const at = number === 1 ? (first + 1 + (place % (nodes.length - 1))) % nodes.length : place % nodes.length
    return nodes[at] ?? ''
  })
  return [...new Set(chosen)]
}
