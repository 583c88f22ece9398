/**
 * Faults of a lab (`Fault` in `record/target.ts`; FAULT-1 to FAULT-7): which there can be in a plan, and what all that have been made
 * come to together. Faults add up, so that nothing is done or undone by itself: what is broken is what any of them breaks.
 *
 * @module
 */
import { z } from 'zod'
import type { Plan, PlanNode } from '../contract/plan.js'
import type { Fault } from '../record/target.js'
import { LabError } from './errors.js'

const link = { link: z.string().max(255) }
const node = { node: z.string().max(63) }
/** A fault as it comes through a socket. */
export const FaultRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('link-down'), ...link }),
  z.strictObject({ kind: z.literal('link-silent'), ...link }),
  z.strictObject({ kind: z.literal('node-down'), ...node }),
  z.strictObject({ kind: z.literal('daemon-down'), ...node }),
  z.strictObject({ kind: z.literal('daemon-hangs'), ...node }),
  z.strictObject({ kind: z.literal('agent-down'), ...node }),
  z.strictObject({ kind: z.literal('withdrawn'), ...node, prefix: z.string().max(64) }),
]) satisfies z.ZodType<Fault>

/** How a node's daemons are. */
export type DaemonCondition =
  | 'runs'
  /** The routing daemon is stopped where it was. */
  | 'hangs'
  /** The routing daemon is gone. */
  | 'killed'
  /** All are gone. */
  | 'off'

/** What is broken. */
export interface Broken {
  /** Wires without carrier: ids of links, and of hosts whose leaf has no power. */
  readonly cut: ReadonlySet<string>
  /** Links that lose every frame and keep their carrier. */
  readonly silent: ReadonlySet<string>
  /** Nodes without power. */
  readonly off: ReadonlySet<string>
  /** By node; one that is not named runs. */
  readonly daemons: ReadonlyMap<string, DaemonCondition>
  /** Nodes whose agent does not run. */
  readonly agentless: ReadonlySet<string>
  /** Prefixes that a node does not announce, by node. */
  readonly withdrawn: ReadonlyMap<string, ReadonlySet<string>>
}

/** One line: the same for the same fault. */
export function describeFault(fault: Fault): string {
  if ('link' in fault) return `${fault.kind} ${fault.link}`
  return `${fault.kind} ${fault.node}${fault.kind === 'withdrawn' ? ` ${fault.prefix}` : ''}`
}

/** @throws LabError `ZT_FAULT_UNKNOWN` for a fault of something that the plan has not */
export function checkFault(plan: Plan, fault: Fault): void {
  const refuse = (what: string, remedy: string): LabError =>
    new LabError('ZT_FAULT_UNKNOWN', `${describeFault(fault)}: ${what}`, { remedy })
  if ('link' in fault) {
    if (plan.links.some(({ id }) => id === fault.link)) return
    throw refuse('the plan has no such link', 'links are named `leaf1--spine1`, ends in name order')
  }
  const found = plan.nodes.find(({ name }) => name === fault.node)
  if (found === undefined) throw refuse('the plan has no such node', 'nodes are named as in the fabric file')
  if (fault.kind === 'node-down') return
  if (found.control === undefined)
    throw refuse('no routing daemon runs there', 'take a fabric with `underlay: { control: bgp }`')
  if (fault.kind === 'agent-down' && found.control.daemon !== 'gobgp')
    throw refuse('no agent runs there', 'agents run beside the engines of leaves')
  if (fault.kind === 'withdrawn' && !prefixesOf(found).includes(fault.prefix)) {
    const own = prefixesOf(found).join(', ')
    throw refuse('the node announces no such prefix', `it announces ${own === '' ? 'none' : own}`)
  }
}

/** Prefixes that a node announces for itself: unicast, and those of its VRFs (EVPN-5). */
function prefixesOf({ control }: PlanNode): readonly string[] {
  return [...(control?.originate ?? []), ...(control?.evpn?.vrfs ?? []).flatMap(({ prefixes }) => prefixes)]
}

/** What all of these come to (FAULT-7). */
export function brokenBy(plan: Plan, faults: readonly Fault[]): Broken {
  const linksOf = (kind: Fault['kind']) =>
    faults.flatMap((fault) => (fault.kind === kind && 'link' in fault ? [fault.link] : []))
  const nodesOf = (kind: Fault['kind']) =>
    new Set(faults.flatMap((fault) => (fault.kind === kind && 'node' in fault ? [fault.node] : [])))
  const off = nodesOf('node-down')
  const [killed, hung] = [nodesOf('daemon-down'), nodesOf('daemon-hangs')]
  const daemons = new Map<string, DaemonCondition>()
  for (const name of hung) daemons.set(name, 'hangs')
  for (const name of killed) daemons.set(name, 'killed')
  for (const name of off) daemons.set(name, 'off')
  const withdrawn = new Map<string, Set<string>>()
  for (const fault of faults) {
    if (fault.kind !== 'withdrawn') continue
    withdrawn.set(fault.node, (withdrawn.get(fault.node) ?? new Set()).add(fault.prefix))
  }
  return {
    cut: new Set([
      ...linksOf('link-down'),
      ...plan.links.filter(({ a, b }) => off.has(a.node) || off.has(b.node)).map(({ id }) => id),
      ...plan.hosts.filter(({ at }) => off.has(at.node)).map(({ id }) => id),
    ]),
    silent: new Set(linksOf('link-silent')),
    off,
    daemons,
    agentless: new Set([...nodesOf('agent-down'), ...off]),
    withdrawn,
  }
}

/** A wire, by the id of its link or host, on which frames are lost. */
export function loses({ cut, silent }: Broken, wire: string): boolean {
  return cut.has(wire) || silent.has(wire)
}

/** Can the node's routing daemon be asked anything? */
export function speaks({ daemons }: Broken, node: string): boolean {
  return (daemons.get(node) ?? 'runs') === 'runs'
}

/** Is a session over a link up at rest (BGP-2)? */
export function hasSession(plan: Plan, broken: Broken, id: string): boolean {
  const found = plan.links.find((one) => one.id === id)
  return (
    found !== undefined && !loses(broken, id) && speaks(broken, found.a.node) && speaks(broken, found.b.node)
  )
}

/** s that a session with nobody at its other end may stay: the longest hold time of the plan. */
export function longestHold(plan: Plan): number {
  return Math.max(0, ...plan.nodes.map(({ control }) => control?.holdTime ?? 0))
}
