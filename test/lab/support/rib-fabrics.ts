/**
 * Arbitrary fabrics for what a control plane has to do: one AS or many, numbered links or not, policies, drained nodes, weights, networks in
 * the underlay, anycast, hosts that belong to a port. As the text of a fabric file, read and compiled as a user's would be.
 */
import * as fc from 'fast-check'
import { stringify } from 'yaml'
import type {
  FabricFile,
  HostEntry,
  LinkEntry,
  NetworkEntry,
  NodeEntry,
  TenantEntry,
} from '../../../contract/fabric.js'
import type { Plan } from '../../../contract/plan.js'
import { compile } from '../../../twin/compile.js'
import { ControlPlaneError } from '../../../twin/control/index.js'
import { formatProblem, parseFabric } from '../../../twin/model/index.js'
import { arbitraryDraw, type Draw, type NetworkDraw, type TenantDraw } from './rib-draw.js'
import { policiesOf, type Families, type Places } from './rib-policies.js'

export interface RibFabric {
  /** The fabric file. */
  readonly text: string
  readonly plan: Plan
  /** What was drawn before it and is not for a lab to be held against, with the reason. */
  readonly passedOver: readonly string[]
}

/**
 * The fabric of a seed. Passed over of what is drawn is that whose outcome depends on the order of messages, as the twin says and the compiler
 * refuses: there is nothing to hold a lab against. That daemons end in either way then is shown in `daemons-order.test.ts`.
 *
 * @throws when a fabric is not sound: a mistake of this file
 */
export function ribFabric(seed: number): RibFabric {
  const passedOver: string[] = []
  for (const draw of fc.sample(arbitraryDraw, { seed: seed | 0, numRuns: 100 })) {
    const made = fabricOf(draw)
    if (typeof made !== 'string') return { ...made, passedOver }
    passedOver.push(made)
  }
  throw new Error(`seed ${seed}: no fabric comes to one rest: ${passedOver.join('; ')}`)
}

/** @returns why it is passed over, if it is */
function fabricOf(draw: Draw): Omit<RibFabric, 'passedOver'> | string {
  const text = stringify(fileOf(draw))
  const { fabric, problems } = parseFabric(text, 'generated.yaml')
  if (fabric === undefined)
    throw new Error(`a generated fabric is not sound\n${problems.map(formatProblem).join('\n')}\n${text}`)
  try {
    return { text, plan: compile(fabric) }
  } catch (error) {
    if (error instanceof ControlPlaneError && error.code === 'ZT_CONTROL_UNSETTLED') return error.message
    throw error
  }
}

/** Links with addresses have those of one family; without, they carry what there is. */
function familiesOf({ unnumbered, underlay }: Draw): Families {
  return unnumbered && underlay.some(({ family }) => family !== 'v4') ? 'both' : 4
}

const names = (base: string, count: number) => Array.from({ length: count }, (_, i) => `${base}${i + 1}`)

function fileOf(draw: Draw): FabricFile {
  const { sealed, oneAs, unnumbered, resilient, sessions } = draw
  const { holdTime, bfd, gracefulRestart, addPaths } = sessions
  const places: Places = {
    spines: names('spine', draw.spines),
    leaves: names('leaf', draw.leaves),
    gateways: names('gate', draw.gateways),
    edges: names('edge', draw.edges.count),
  }
  return {
    ztos: 1,
    name: 'generated',
    underlay: {
      mtu: 1700,
      loopbacks: '10.255.0.0/24',
      links: unnumbered ? 'unnumbered' : '10.254.0.0/23',
      bgp: {
        ...(oneAs ? { as: 65000 } : { spines: 65000, leaves: '65101-65199' }),
        ...(holdTime === undefined ? {} : { holdTime }),
        ...(bfd === undefined ? {} : { bfd }),
        ...(gracefulRestart === undefined ? {} : { gracefulRestart }),
        ...(sessions.limited ? { maximumPrefixes: mostPaths(draw) } : {}),
        ...(oneAs && addPaths ? { addPaths: true } : {}),
      },
      ...(resilient ? { resilient: true } : {}),
      control: 'bgp',
    },
    nodes: nodesOf(draw, places),
    ...(sealed ? { seals: { core: { macsec: 'gcm-aes-128', key: 'lab:core' } } } : {}),
    links: linksOf(draw, places),
    policies: policiesOf(draw.policies, places, familiesOf(draw)),
    tenants: {
      ...Object.fromEntries(draw.tenants.map((one, i) => [`t${i + 1}`, tenantOf(one, i, places)])),
      ...underlayTenant(draw, places),
    },
  }
}

/** Of one family, over one session: loopbacks and networks in the underlay, each once, or with additional paths once for each way. */
function mostPaths({ spines, leaves, gateways, edges, underlay, oneAs, parallel, sessions }: Draw): number {
  const nodes = spines + leaves + gateways + edges.count
  const ways = oneAs && sessions.addPaths ? nodes * (parallel ? 2 : 1) : 1
  return (nodes + underlay.length) * ways
}

function nodesOf({ drained, edges }: Draw, places: Places): Record<string, NodeEntry> {
  const all: (readonly [string, NodeEntry])[] = [
    ...places.spines.map((name) => [name, { role: 'spine' as const }] as const),
    ...places.leaves.map((name) => [name, { role: 'leaf' as const }] as const),
    ...places.gateways.map((name) => [name, { role: 'gateway' as const }] as const),
    ...places.edges.map((name, i) => {
      const asn = edges.oneAs ? 64701 : 64701 + i
      const isReflector = edges.reflector && edges.oneAs && i === 0
      return [name, { role: 'router' as const, asn, ...(isReflector ? { reflector: true } : {}) }] as const
    }),
  ]
  return Object.fromEntries(
    all.map(([name, entry], i) => {
      const isDrained = drained !== undefined && drained % all.length === i
      return [name, isDrained ? { ...entry, drain: true } : entry]
    }),
  )
}

function linksOf(draw: Draw, { spines, leaves, gateways, edges }: Places): LinkEntry[] {
  const { sealed, parallel, weights, delay } = draw
  const isDoubled = parallel && spines.length * leaves.length <= 8
  const below = [...(leaves.length === 0 ? [] : ['leaf*']), ...(gateways.length === 0 ? [] : ['gate*'])]
  return [
    ...spines.flatMap((to, i) =>
      below.map((from) => ({
        from,
        to,
        ...(sealed ? { seal: 'core' } : {}),
        ...(isDoubled && from === 'leaf*' ? { count: 2 } : {}),
        ...(weights === undefined ? {} : { weight: weights[i] ?? 1 }),
        ...(delay !== undefined && delay.spine % spines.length === i ? { delay: delay.time } : {}),
      })),
    ),
    ...(edges.length === 0 ? [] : [{ from: 'edge*', to: 'spine[1-2]' }]),
    ...(edges.length === 2 && draw.edges.linked ? [{ from: 'edge1', to: 'edge2' }] : []),
  ]
}

function tenantOf(
  { networks, routed, overlapping }: TenantDraw,
  tenantIndex: number,
  { leaves, gateways }: Places,
): TenantEntry {
  const own = overlapping ? 0 : tenantIndex + 1
  const entries: Record<string, NetworkEntry> = {}
  const hosts: Record<string, HostEntry> = {}
  for (const [index, one] of networks.entries()) {
    const name = `n${index + 1}`
    const subnets = subnetsOf(one, `10.${own}.${index}`, `2001:db8:${own}:${index}::`)
    const isAnycast = routed && one.anycast
    const isCentral = routed && !isAnycast && one.central && gateways.length > 0
    entries[name] = {
      ...(isAnycast ? { anycast: true } : { vni: 10_000 * (tenantIndex + 1) + index + 1 }),
      ...(routed
        ? {
            gateways: subnets.map((net) => net.gateway),
            ...(isCentral ? { gatewayAt: gateways[tenantIndex % gateways.length] ?? '' } : {}),
          }
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
  { leaves, edges }: Places,
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
