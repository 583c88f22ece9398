/**
 * Where a plan can be wrong: sites, and how they are found and changed.
 *
 * @module
 */
import type { Interface, IrbInterface, NodeProgram, PortInterface } from '../../../contract/program.js'
import type { Plan, PlanIntent } from '../../../contract/plan.js'

/** One place where a mutant fits. */
export interface Site {
  /** Where, for people and for the table: `leaf1 vxlan10010`. */
  readonly where: string
  /** The changed programs, one for each node that changes. */
  readonly programs: readonly NodeProgram[]
  /** Why no intent can notice, from the plan; a site that has this and is found is as wrong as one that lacks it and is not. */
  readonly equivalent?: string | undefined
}

/** A way for a plan to be wrong. */
export interface PlanMutant {
  readonly id: string
  readonly meaning: string
  /** A clause whose inputs it spoils. */
  readonly clause: string
  /** Kinds of intents that may find it, the most telling first; none where only the other interpreter can. */
  readonly foundBy: readonly PlanIntent['kind'][]
  /** Rows of `docs/features.tsv` that it speaks about. */
  readonly rows: readonly string[]
  readonly sites: (plan: Plan) => readonly Site[]
}

/** The plan with the site's programs in place of the right ones. */
export function applySite(plan: Plan, site: Site): Plan {
  const changed = new Map(site.programs.map((program) => [program.node, program]))
  return {
    ...plan,
    nodes: plan.nodes.map((node) => ({ ...node, program: changed.get(node.name) ?? node.program })),
  }
}

export type Kind = Interface['kind']
export type OfKind<K extends Kind> = Extract<Interface, { kind: K }>

/** An interface and the program it is in. */
export interface Found<K extends Kind> {
  readonly program: NodeProgram
  readonly iface: OfKind<K>
}

/** Interfaces of a kind, of all nodes. */
export function each<K extends Kind>(plan: Plan, kind: K): readonly Found<K>[] {
  return plan.nodes.flatMap(({ program }) => ofKind(program, kind).map((iface) => ({ program, iface })))
}

/** Interfaces of a kind, of one node. */
export function ofKind<K extends Kind>(program: NodeProgram, kind: K): readonly OfKind<K>[] {
  return program.interfaces.filter((iface): iface is OfKind<K> => iface.kind === kind)
}

/** The program with interfaces replaced by those of the same ids. */
export function withInterfaces(program: NodeProgram, ...changed: readonly Interface[]): NodeProgram {
  return {
    ...program,
    interfaces: program.interfaces.map((one) => changed.find(({ id }) => id === one.id) ?? one),
  }
}

/** A site at an interface: the same program with that interface changed. */
export function atInterface<T extends Interface>(
  program: NodeProgram,
  iface: T,
  change: Partial<T>,
  notes: { readonly note?: string; readonly equivalent?: string | undefined } = {},
): Site {
  return {
    where: `${program.node} ${iface.name}${notes.note ?? ''}`,
    programs: [withInterfaces(program, { ...iface, ...change })],
    equivalent: notes.equivalent,
  }
}

/** A site at a table. */
export function atTables(
  program: NodeProgram,
  where: string,
  change: Partial<NodeProgram['tables']>,
  equivalent?: string,
): Site {
  return {
    where: `${program.node} ${where}`,
    programs: [{ ...program, tables: { ...program.tables, ...change } }],
    equivalent,
  }
}

/** `items` with the one at `index` replaced, or removed. */
export function replaced<T>(items: readonly T[], index: number, ...by: readonly T[]): T[] {
  return [...items.slice(0, index), ...by, ...items.slice(index + 1)]
}

/** The VRF's name is its tenant's. */
export function vrfName(program: NodeProgram, id: number): string {
  return program.vrfs.find((vrf) => vrf.id === id)?.name ?? `vrf ${id}`
}

/** A bridge belongs to the tenant of the hosts on it, or of its gateway. */
export function tenantOfBridge(
  plan: Plan,
  program: NodeProgram,
  bridge: number | undefined,
): string | undefined {
  if (bridge === undefined) return undefined
  const port = ofKind(program, 'port').find((iface) => iface.bridge === bridge)
  const host = plan.hosts.find(({ at }) => at.node === program.node && at.interface === port?.id)
  if (host !== undefined) return host.tenant
  const irb = ofKind(program, 'irb').find((iface) => iface.bridge === bridge)
  return irb === undefined ? undefined : vrfName(program, irb.vrf)
}

/** A port with a host on it. */
export interface HostPort {
  readonly program: NodeProgram
  readonly iface: PortInterface
  readonly tenant: string
}

/** Ports with hosts. */
export function hostPorts(plan: Plan): readonly HostPort[] {
  return each(plan, 'port').flatMap(({ program, iface }) => {
    const host = plan.hosts.find(({ at }) => at.node === program.node && at.interface === iface.id)
    return host === undefined ? [] : [{ program, iface, tenant: host.tenant }]
  })
}

/** Ports on a bridge. */
export function portsOf(program: NodeProgram, bridge: number): readonly PortInterface[] {
  return ofKind(program, 'port').filter((iface) => iface.bridge === bridge)
}

/** IRBs that are a gateway: those of an L3 VNI have no address. */
export function gateways(plan: Plan): readonly Found<'irb'>[] {
  return each(plan, 'irb').filter(({ iface }) => isGateway(iface))
}

function isGateway(iface: IrbInterface): boolean {
  return iface.addresses.length > 0
}

/** VXLAN interfaces of networks; those of L3 VNIs do not learn. */
export function overlays(plan: Plan): readonly Found<'vxlan'>[] {
  return each(plan, 'vxlan').filter(({ iface }) => iface.learning)
}

/** Another MAC that nobody has. */
export function shiftMac(mac: string): string {
  return `${mac.slice(0, -2)}${mac.endsWith('ff') ? 'fe' : 'ff'}`
}
