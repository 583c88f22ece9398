/**
 * What does not work in a fabric (`docs/control-plane.md` section 5).
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { formatPrefix, parsePrefix } from '../packet/index.js'
import { missing } from './errors.js'
import type { ControlNode } from './node.js'

/** What does not work. */
export interface Down {
  /** Ids of links without carrier, or on which nothing comes through for longer than sessions wait (FAULT-1, FAULT-2). */
  readonly links?: readonly string[]
  /** Nodes without power (FAULT-3). */
  readonly nodes?: readonly string[]
  /** Nodes whose routing daemon does not run, and whose tables stay as they were when it ended (FAULT-4). */
  readonly daemons?: readonly string[]
  /** Prefixes that a node has and does not announce (FAULT-6). */
  readonly withdrawn?: readonly Withdrawal[]
}
export interface Withdrawal {
  readonly node: string
  readonly prefix: string
}

/** By what is told to a node, without what it does not announce. */
export function announcedControl({ name, control }: ControlNode, { withdrawn = [] }: Down): NodeControl {
  const gone = new Set(withdrawn.flatMap(({ node, prefix }) => (node === name ? canonical(prefix) : [])))
  if (gone.size === 0) return control
  const rest = (prefixes: readonly string[]) => prefixes.filter((prefix) => !gone.has(canonical(prefix)))
  const { originate, evpn, ...others } = control
  return {
    ...others,
    originate: rest(originate),
    ...(evpn === undefined
      ? {}
      : { evpn: { ...evpn, vrfs: evpn.vrfs.map((vrf) => ({ ...vrf, prefixes: rest(vrf.prefixes) })) } }),
  }
}

/**
 * @param controls by name, takes the place of what nodes are told
 * @throws {ControlPlaneError} `ZT_CONTROL_REFERENCE` for a prefix that its node does not have
 */
export function checkWithdrawn(
  nodes: readonly ControlNode[],
  { withdrawn = [] }: Down,
  controls: ReadonlyMap<string, NodeControl> = new Map(),
): void {
  for (const { node, prefix } of withdrawn) {
    const control = controls.get(node) ?? nodes.find(({ name }) => name === node)?.control
    if (control === undefined) throw missing(`node ${node}`)
    const own = [...control.originate, ...(control.evpn?.vrfs.flatMap(({ prefixes }) => prefixes) ?? [])]
    if (!own.some((one) => canonical(one) === canonical(prefix))) throw missing(`prefix ${prefix} of ${node}`)
  }
}

/** Names of the nodes that one of two withdraws something from, and the other not or otherwise. */
export function withdrawalsBetween(before: Down, after: Down): ReadonlySet<string> {
  const textOf = ({ node, prefix }: Withdrawal) => `${node} ${canonical(prefix)}`
  const [old, now] = [before, after].map(
    ({ withdrawn = [] }) => new Map(withdrawn.map((one) => [textOf(one), one])),
  )
  const one = [...(old ?? [])].filter(([text]) => now?.has(text) !== true)
  const other = [...(now ?? [])].filter(([text]) => old?.has(text) !== true)
  return new Set([...one, ...other].map(([, { node }]) => node))
}

function canonical(prefix: string): string {
  return formatPrefix(parsePrefix(prefix))
}
