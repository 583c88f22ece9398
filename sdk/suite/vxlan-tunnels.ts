/**
 * The VXLAN tunnels of a fabric: which there must be, by what its tenants are, and what is wrong with them by plan.
 *
 * @module
 */
import type { NodeProgram, VxlanInterface } from '../../contract/program.js'
import { isIpv6, parseIp } from '../../twin/packet/index.js'
import type { FabricView, Network, Tenant } from '../fabric-view.js'

/** From one leaf to another, in one VNI. */
export interface VxlanTunnel {
  /** `10010 shop/web leaf1>leaf2` */
  readonly name: string
  /** Of the network or VRF that it is for. */
  readonly vni: number
  /** Outside: another one where the tenant's traffic is sealed from leaf to leaf. */
  readonly outer: number
  readonly tenant: Tenant
  /** Absent for a VRF's. */
  readonly network: Network | undefined
  readonly from: string
  readonly to: string
}

/** All tunnels, each direction for itself. */
export function tunnelsOf(fabric: FabricView): readonly VxlanTunnel[] {
  return fabric.plan.tenants.flatMap(({ name }) => {
    const tenant = fabric.tenant(name)
    return tenant.underlay ? [] : tenant.seal === undefined ? meshOf(tenant) : sealedOf(fabric, tenant)
  })
}

/** Every two leaves that have a network, and every two that have any network of the tenant. */
function meshOf(tenant: Tenant): readonly VxlanTunnel[] {
  const everywhere = [...new Set(tenant.networks.flatMap(({ leaves }) => leaves))].sort()
  return [
    ...tenant.networks.flatMap((network) =>
      network.vni === undefined
        ? []
        : pairs(network.leaves).map((pair) => tunnel(tenant, network.vni ?? 0, pair, network)),
    ),
    ...(tenant.l3vni === undefined
      ? []
      : pairs(everywhere).map((pair) => tunnel(tenant, tenant.l3vni ?? 0, pair, undefined))),
  ]
}

function sealedOf(fabric: FabricView, tenant: Tenant): readonly VxlanTunnel[] {
  return tenant.tunnels.flatMap(({ network: id, vni: outer, ends: [a, b] }) => {
    const network = id === undefined ? undefined : fabric.network(id)
    const vni = network === undefined ? tenant.l3vni : network.vni
    if (vni === undefined) return []
    return [
      [a, b],
      [b, a],
    ].map(([from = '', to = '']) => ({ ...tunnel(tenant, vni, [from, to], network), outer }))
  })
}

function tunnel(
  tenant: Tenant,
  vni: number,
  [from, to]: readonly [string, string],
  network: Network | undefined,
): VxlanTunnel {
  const of = network?.id ?? tenant.name
  return { name: `${vni} ${of} ${from}>${to}`, vni, outer: vni, tenant, network, from, to }
}

function pairs(leaves: readonly string[]): readonly (readonly [string, string])[] {
  return leaves.flatMap((from) => leaves.filter((to) => to !== from).map((to) => [from, to] as const))
}

/** The VXLAN interface by which a node has a VNI. */
export function vxlanOf(program: NodeProgram | undefined, vni: number): VxlanInterface | undefined {
  return program?.interfaces.find((one): one is VxlanInterface => one.kind === 'vxlan' && one.vni === vni)
}

/** VTEPs to which an interface floods. */
function floodOf(program: NodeProgram | undefined, vxlan: VxlanInterface | undefined): readonly string[] {
  return program?.tables.flood.find((one) => one.interface === vxlan?.id)?.remotes ?? []
}

/** What is wrong with a tunnel by the programs of its ends. */
export function tunnelFaults(
  { from, to, outer, network, tenant }: VxlanTunnel,
  programs: ReadonlyMap<string, NodeProgram>,
): readonly string[] {
  const [near, far] = [from, to].map((node) => vxlanOf(programs.get(node), outer))
  if (near === undefined) return [`${from} has no VXLAN interface of VNI ${outer}`]
  if (far === undefined) return [`${to} has no VXLAN interface of VNI ${outer}`]
  const least = network?.mtu ?? 0
  return [
    far.remotes.includes(near.local)
      ? undefined
      : `${to} takes nothing from ${near.local}, the VTEP of ${from}`,
    near.port === far.port
      ? undefined
      : `${from} sends to UDP port ${near.port}, ${to} listens on ${far.port}`,
    near.mtu >= least ? undefined : `${from} takes ${near.mtu} octets where the network has ${least}`,
    isIpv6(parseIp(far.local)) && near.udpChecksum === 'zero' && far.udpChecksum === 'compute'
      ? `${from} sends without UDP checksum over IPv6, ${to} wants one`
      : undefined,
    network === undefined ||
    tenant.seal !== undefined ||
    floodOf(programs.get(from), near).includes(far.local)
      ? undefined
      : `${from} floods nothing to ${far.local}, the VTEP of ${to}`,
  ].filter((fault) => fault !== undefined)
}

/** Fields of a node's tunnel interface, and its flood list, that an engine has otherwise than the plan. */
export function tunnelDifferences(
  { from, outer }: VxlanTunnel,
  planned: NodeProgram | undefined,
  running: NodeProgram | undefined,
): readonly string[] {
  const wanted = vxlanOf(planned, outer)
  if (wanted === undefined || running === undefined) return []
  const found = running.interfaces.find(({ id }) => id === wanted.id)
  if (found?.kind !== 'vxlan') return [`${from} has no VXLAN interface ${wanted.name}`]
  const fields = Object.keys({ ...wanted, ...found }) as (keyof VxlanInterface)[]
  const [flood, actual] = [floodOf(planned, wanted), floodOf(running, found)].map((list) =>
    list.toSorted().join(', '),
  )
  return [
    ...fields.flatMap((field) => {
      const [is, not] = [found[field], wanted[field]].map((one) => JSON.stringify(one) ?? 'absent')
      return is === not ? [] : [`${field} is ${is}, not ${not}`]
    }),
    ...(flood === actual ? [] : [`it floods to ${actual || 'nobody'}, not to ${flood || 'nobody'}`]),
  ]
}
