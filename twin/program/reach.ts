/**
 * The shortest ways through a fabric, as BGP finds them when everything is up.
 *
 * @module
 */
import type { NextHop } from '../../contract/program.js'
import { formatIp } from '../packet/index.js'
import type { Adjacency, FabricIndex, NodeIndex } from './fabric-index.js'

/** By node, its links that lead to the nearest of some targets on a shortest way. Targets themselves have none. */
export type Ways = ReadonlyMap<string, readonly Adjacency[]>

/**
 * Ways to the nearest of some nodes. Spines share an AS number, so no way passes two of them.
 */
export function waysTo(index: FabricIndex, targets: ReadonlySet<string>): Ways {
  const ways = new Map<string, readonly Adjacency[]>()
  /** Nodes at one distance, and whether a way of theirs, themselves included, has a spine on it. */
  let nearest = new Map([...targets].map((name) => [name, index.node(name).role === 'spine']))
  const reached = new Set(targets)
  while (nearest.size > 0) {
    const next = new Map<string, boolean>()
    for (const node of candidates(index, nearest, reached)) {
      const isSpine = node.role === 'spine'
      const hops = node.adjacencies.filter(({ peer }) => {
        const passesSpine = nearest.get(peer)
        return passesSpine !== undefined && !(isSpine && passesSpine)
      })
      if (hops.length === 0) continue
      ways.set(node.name, hops)
      next.set(node.name, isSpine || hops.some(({ peer }) => nearest.get(peer) === true))
    }
    for (const name of next.keys()) reached.add(name)
    nearest = next
  }
  return ways
}

/** Nodes next to some, not reached before, in name order. */
function candidates(
  index: FabricIndex,
  nearest: ReadonlyMap<string, boolean>,
  reached: ReadonlySet<string>,
): readonly NodeIndex[] {
  const names = new Set(
    [...nearest.keys()].flatMap((name) => index.node(name).adjacencies.map(({ peer }) => peer)),
  )
  return [...names].filter((name) => !reached.has(name)).map((name) => index.node(name))
}

/** Next hops of links used side by side, with weights where the node has any (TABLE-7). */
export function membersOf(node: NodeIndex, hops: readonly Adjacency[]): NextHop[] {
  const members = hops.map((hop) => ({ interface: hop.interface, gateway: formatIp(hop.peerAddress) }))
  const weights = hops.map(({ link }) => weightOf(node, link))
  if (hops.length < 2 || weights.includes(undefined)) return members
  const sum = weights.reduce<number>((total, weight) => total + (weight ?? 0), 0)
  return members.map((member, i) => ({
    ...member,
    weight: Math.max(1, Math.floor((100 * (weights[i] ?? 0)) / sum)),
  }))
}

/** The share of a link on a node: none where none of the node's links has one, else 1 if it is not said. */
export function weightOf(node: NodeIndex, { weight }: Adjacency['link']): number | undefined {
  const any = node.adjacencies.some(({ link }) => link.weight !== undefined)
  return any ? (weight ?? 1) : undefined
}
