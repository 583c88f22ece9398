/**
 * What is asked of Linux in the place of a node: over which links and tunnels, and from whom to whom.
 *
 * @module
 */
import type { Plan, PlanHost, PlanLink } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import type { Echo } from '../../lab/vm/stand-in.js'
import { viewOf } from '../fabric-view.js'
import type { SealKind } from '../judge/seal.js'
import type { SuiteName } from './run-suite.js'
import { tunnelsOf } from './vxlan-tunnels.js'

/** Two nodes, and what is between them; both of its ways are rows. */
export interface Stretch {
  readonly a: string
  readonly b: string
  /** Name of the row of a way. */
  row(from: string): string
  /** Whether payload of what a node sends can be read by nobody else, by plan. */
  encrypts(from: string): boolean
  /** Absent for what goes from leaf to leaf. */
  readonly link?: PlanLink
  /** Of a network, or of a VRF. */
  readonly tenant?: string
  readonly network?: string | undefined
}

/** Echoes of a host, and which ways of the stretch they and their answers go. */
export interface HostEchoes {
  readonly from: string
  readonly echoes: readonly Echo[]
  readonly ways: readonly ('there' | 'back')[]
}

/** All that a suite is about. */
export function stretchesOf(plan: Plan, suite: SuiteName): readonly Stretch[] {
  if (suite === 'vxlan') return vxlanStretches(plan)
  return [...sealedLinks(plan, suite), ...sealedTunnels(plan, suite)]
}

function sealedLinks(plan: Plan, kind: SealKind): readonly Stretch[] {
  return plan.links
    .filter(({ a, b }) =>
      [a, b].some((end) => sealOn(programOf(plan, end.node), end.interface)?.kind === kind),
    )
    .map((link) => ({
      a: link.a.node,
      b: link.b.node,
      link,
      encrypts: (from) =>
        isEncrypting(sealOn(programOf(plan, from), (from === link.a.node ? link.a : link.b).interface)),
      row: (from) => `${link.id} ${from}>${from === link.a.node ? link.b.node : link.a.node}`,
    }))
}

function sealedTunnels(plan: Plan, kind: SealKind): readonly Stretch[] {
  return plan.tenants.flatMap(({ name, seal, tunnels = [] }) =>
    seal?.kind !== kind
      ? []
      : tunnels.map(({ network, a, b }) => ({
          ...stretch(a.node, b.node, network ?? name, name, network),
          encrypts: (from) => {
            const end = from === a.node ? a : b
            return isEncrypting(programOf(plan, from).interfaces.find(({ id }) => id === end.interface))
          },
        })),
  )
}

function vxlanStretches(plan: Plan): readonly Stretch[] {
  const found = new Map<string, Stretch>()
  for (const { vni, tenant, network, from, to } of tunnelsOf(viewOf(plan))) {
    const [a = '', b = ''] = [from, to].sort()
    const of = network?.id ?? tenant.name
    found.set(`${vni} ${of} ${a} ${b}`, stretch(a, b, `${vni} ${of}`, tenant.name, network?.id))
  }
  return [...found.values()]
}

function stretch(a: string, b: string, of: string, tenant: string, network: string | undefined): Stretch {
  return {
    a,
    b,
    tenant,
    network,
    encrypts: () => false,
    row: (from) => `${of} ${from}>${from === a ? b : a}`,
  }
}

/** What the node at one end of a link asks the node at the other: inside its seal, with the least and the longest packets. */
export function linkEchoes(plan: Plan, { a, b }: PlanLink, node: string): readonly Echo[] {
  const [near, far] = a.node === node ? [a, b] : [b, a]
  const [own, other] = [near, far].map((end) => {
    const program = programOf(plan, end.node)
    const one = sealOn(program, end.interface) ?? program.interfaces.find(({ id }) => id === end.interface)
    return one !== undefined && 'addresses' in one && 'mtu' in one ? one : undefined
  })
  if (own === undefined || other === undefined) return []
  const mtu = Math.min(own.mtu, other.mtu)
  return other.addresses.flatMap((text) => {
    const [address = ''] = text.split('/')
    // A link-local address is one of a device.
    return sizes(address, mtu).map((size) =>
      address.startsWith('fe80:') ? { to: address, over: own.id, size } : { to: address, size },
    )
  })
}

/** Echoes between hosts at a node and hosts at the other end, that go by this stretch and no other way. */
export function hostEchoes(plan: Plan, one: Stretch, node: string): readonly HostEchoes[] {
  const other = one.a === node ? one.b : one.a
  const at = (leaf: string) =>
    plan.hosts.filter(({ tenant, at: { node: is } }) => tenant === one.tenant && is === leaf)
  const network = (host: PlanHost) => `${host.tenant}/${host.network}`
  if (one.network !== undefined) {
    const near = at(node).find((host) => network(host) === one.network)
    const far = at(other).find((host) => network(host) === one.network)
    return near === undefined || far === undefined
      ? []
      : [
          { from: near.id, echoes: echoesTo(near, far), ways: ['there', 'back'] },
          { from: far.id, echoes: echoesTo(far, near), ways: ['back', 'there'] },
        ]
  }
  // By the VRF goes what the sender's leaf cannot bridge, to a network that is on no third leaf.
  const isOnly = (host: PlanHost, leaf: string) =>
    plan.tenants
      .flatMap(({ networks }) => networks)
      .find(({ id }) => id === network(host))
      ?.nodes.every((is) => is === leaf) === true
  const pair = (from: readonly PlanHost[], to: readonly PlanHost[], leaf: string) =>
    from.flatMap((near) =>
      to.filter((far) => isOnly(far, leaf) && near.gateways.length > 0).map((far) => [near, far] as const),
    )[0]
  const found = [
    { hosts: pair(at(node), at(other), other), way: 'there', back: 'back', leaf: node },
    { hosts: pair(at(other), at(node), node), way: 'back', back: 'there', leaf: other },
  ] as const
  return found.flatMap(({ hosts, way, back, leaf }) => {
    if (hosts === undefined) return []
    const [near, far] = hosts
    const ways: HostEchoes['ways'] = isOnly(near, leaf) ? [way, back] : [way]
    return [{ from: near.id, echoes: echoesTo(near, far), ways }]
  })
}

/** Families that both have. */
function echoesTo(from: PlanHost, to: PlanHost): readonly Echo[] {
  const isV6 = (text: string) => text.includes(':')
  return to.addresses
    .filter((text) => from.addresses.some((own) => isV6(own) === isV6(text)))
    .flatMap((text) => {
      const [address = ''] = text.split('/')
      return sizes(address, Math.min(from.mtu, to.mtu)).map((size) => ({ to: address, size }))
    })
}

/** Octets of data: few, and as many as fit behind IP (20 or 40) and ICMP (8). */
function sizes(address: string, mtu: number): readonly number[] {
  return [56, 0, mtu - (address.includes(':') ? 48 : 28)]
}

/** IEEE 802.1AE has integrity alone besides; WireGuard encrypts always. */
function isEncrypting(seal: Interface | undefined): boolean {
  return seal?.kind === 'wireguard' || (seal?.kind === 'macsec' && seal.confidentiality !== 'none')
}

/** What seals a port. */
function sealOn({ interfaces }: NodeProgram, port: number) {
  return interfaces.find((one) => (one.kind === 'macsec' || one.kind === 'wireguard') && one.lower === port)
}

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new TypeError(`${node} is no node of ${plan.fabric}`)
  return found.program
}
