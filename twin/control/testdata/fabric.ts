/**
 * Fabrics by hand, for unit tests and benches of the control plane.
 *
 * @module
 */
import type {
  BgpSession,
  EvpnNetwork,
  EvpnVrf,
  NodeControl,
  Policy,
} from '../../../contract/control-plane.js'
import type { Interface } from '../../../contract/program.js'
import { formatIpv4, type Ipv4 } from '../../packet/index.js'
import type { SimulatedNode } from '../change.js'

export interface NodeSpec {
  readonly asn: number
  /** Its loopback, and the last number of it. */
  readonly id: number
  readonly originate?: readonly string[]
  readonly multipath?: number
  readonly policies?: readonly Policy[]
  /** GoBGP where there is EVPN, FRR elsewhere. */
  readonly daemon?: NodeControl['daemon']
  readonly gracefulShutdown?: true
  readonly gracefulRestart?: number
  readonly evpn?: NodeControl['evpn']
  readonly interfaces?: readonly Interface[]
}
/** Policies of a session, and what else a node is told of it, by the node that has it. */
export type SessionPolicies = Readonly<Record<string, Partial<BgpSession>>>
export type LinkSpec = readonly [a: string, b: string, policies?: SessionPolicies]

export const loopbackOf = (id: number): string => formatIpv4((0x0aff0000 + id) as Ipv4)

/** Nodes with a session on each link. The link between `a` and `b` is `a--b`, a second one `a--b#2`. */
export function fabricOf(
  nodes: Readonly<Record<string, NodeSpec>>,
  links: readonly LinkSpec[],
): SimulatedNode[] {
  const sessions = new Map(Object.keys(nodes).map((name) => [name, [] as BgpSession[]]))
  const counts = new Map<string, number>()
  for (const [i, [a, b, policies]] of links.entries()) {
    const count = (counts.get(`${a}--${b}`) ?? 0) + 1
    counts.set(`${a}--${b}`, count)
    const link = count === 1 ? `${a}--${b}` : `${a}--${b}#${count}`
    const ends = [
      [a, b, 0],
      [b, a, 1],
    ] as const
    for (const [mine, peer, side] of ends) {
      const list = sessions.get(mine) ?? []
      const end = policies?.[mine]
      list.push({
        peer,
        link,
        interface: list.length + 1,
        port: `eth${list.length + 1}`,
        local: formatIpv4((0x0afe0000 + 2 * i + side) as Ipv4),
        remote: formatIpv4((0x0afe0000 + 2 * i + 1 - side) as Ipv4),
        remoteAsn: nodes[peer]?.asn ?? 0,
        families: ['ipv4', 'evpn'],
        ...end,
      })
    }
  }
  return Object.entries(nodes).map(([name, spec]) => ({
    name,
    control: controlOf(spec, sessions.get(name) ?? []),
    interfaces: spec.interfaces ?? [],
  }))
}

function controlOf(spec: NodeSpec, sessions: BgpSession[]): NodeControl {
  return {
    daemon: spec.daemon ?? (spec.evpn === undefined ? 'frr' : 'gobgp'),
    asn: spec.asn,
    routerId: loopbackOf(spec.id),
    multipath: spec.multipath ?? 64,
    holdTime: 9,
    originate: [...(spec.originate ?? [`${loopbackOf(spec.id)}/32`])],
    sessions,
    policies: [...(spec.policies ?? [])],
    ...(spec.gracefulShutdown === undefined ? {} : { gracefulShutdown: spec.gracefulShutdown }),
    ...(spec.gracefulRestart === undefined ? {} : { gracefulRestart: spec.gracefulRestart }),
    ...(spec.evpn === undefined ? {} : { evpn: spec.evpn }),
  }
}

export const macOf = (kind: number, id: number): string =>
  `02:5a:0${kind}:00:${[id >> 8, id & 0xff].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`

/** A tenant's network on a leaf: bridged and routed, number `n`, in the VRF with id 2. */
export function leafEvpn(
  id: number,
  networks: readonly number[],
): { readonly evpn: NonNullable<NodeControl['evpn']>; readonly interfaces: readonly Interface[] } {
  const vtep = loopbackOf(id)
  const network = (n: number): EvpnNetwork => ({
    vni: 10000 + n,
    bridge: 10000 + 4 * n,
    vxlan: 10001 + 4 * n,
    irb: 10002 + 4 * n,
    vrf: 2,
    rd: `${vtep}:${10000 + 4 * n}`,
    target: `65000:${10000 + n}`,
  })
  const irb = (n: number): Interface => ({
    id: 10002 + 4 * n,
    name: `irb${10000 + n}`,
    kind: 'irb',
    bridge: 10000 + 4 * n,
    vrf: 2,
    mac: macOf(3, n),
    systemMac: macOf(2, id),
    addresses: [`10.1.${n}.1/24`],
    mtu: 1500,
    suppress: true,
    neighbourLifetime: 1e12,
    neighbourLimit: 4096,
  })
  const vrf: EvpnVrf = {
    vrf: 2,
    name: 'red',
    vni: 50001,
    bridge: 30000,
    vxlan: 30001,
    irb: 30002,
    rd: `${vtep}:30000`,
    target: '65000:50001',
    prefixes: networks.map((n) => `10.1.${n}.0/24`),
  }
  const evpn = { vtep, routerMac: macOf(2, id), networks: networks.map(network), vrfs: [vrf] }
  return { evpn, interfaces: networks.map(irb) }
}

/** Spines with one AS number, leaves with one each and the networks that are given for each. */
export function leafSpine(spines: number, networks: readonly (readonly number[])[]): SimulatedNode[] {
  const spineNames = Array.from({ length: spines }, (_, i) => `spine${i + 1}`)
  const nodes: Record<string, NodeSpec> = {}
  for (const [i, name] of spineNames.entries()) nodes[name] = { asn: 65000, id: 200 + i }
  for (const [i, held] of networks.entries()) {
    nodes[`leaf${i + 1}`] = { asn: 65101 + i, id: 1 + i, ...leafEvpn(1 + i, held) }
  }
  const links = networks.flatMap((_, i) => spineNames.map((spine): LinkSpec => [`leaf${i + 1}`, spine]))
  return fabricOf(nodes, links)
}

/**
 * A fat tree of k pods (Al-Fares 2008) with the AS numbers of RFC 7938: one for all cores, one for the upper nodes of a pod, one for
 * each leaf. It has 5k²/4 nodes. Each leaf has `networks` networks of `spread` leaves each.
 */
export function fatTree(k: number, { networks = 2, spread = 10 } = {}): SimulatedNode[] {
  const half = k / 2
  const nodes: Record<string, NodeSpec> = {}
  const links: LinkSpec[] = []
  let id = 1
  const leaves = k * half
  for (let leaf = 0; leaf < leaves; leaf++) {
    // Network n is on leaves that are `stride` apart, so that it spans pods.
    const groups = Math.max(1, Math.floor(leaves / spread))
    const held = Array.from({ length: networks }, (_, i) => (leaf % groups) + groups * i)
    nodes[`leaf${leaf}`] = { asn: 4200100000 + leaf, id, ...leafEvpn(id, held) }
    id += 1
  }
  for (let pod = 0; pod < k; pod++) {
    for (let i = 0; i < half; i++) {
      nodes[`upper${pod}-${i}`] = { asn: 4200001000 + pod, id: id++ }
      for (let leaf = 0; leaf < half; leaf++) links.push([`leaf${pod * half + leaf}`, `upper${pod}-${i}`])
    }
  }
  for (let core = 0; core < half * half; core++) {
    nodes[`core${core}`] = { asn: 4200000000, id: id++ }
    for (let pod = 0; pod < k; pod++) links.push([`core${core}`, `upper${pod}-${Math.floor(core / half)}`])
  }
  return fabricOf(nodes, links)
}
