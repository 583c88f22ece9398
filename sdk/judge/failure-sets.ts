/**
 * Sets of failures: which there are, and which of them can come to nothing new.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import type { Fault } from '../../record/target.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../twin/fabric-control.js'
import type { Seen } from '../seen.js'

/** Links and nodes that fail together, in the plan's order. */
export interface FailureSet {
  readonly links: readonly string[]
  readonly nodes: readonly string[]
}

/** Every set of one or more: up to so many links and up to so many nodes at once; smaller ones first. */
export function failureSets(
  plan: Plan,
  most: { readonly links: number; readonly nodes: number },
): FailureSet[] {
  const links = subsets(
    plan.links.map(({ id }) => id),
    most.links,
  )
  const nodes = subsets(
    plan.nodes.map(({ name }) => name),
    most.nodes,
  )
  return links
    .flatMap((some) => nodes.map((others) => ({ links: some, nodes: others })))
    .filter((set) => sizeOf(set) > 0)
    .sort((a, b) => sizeOf(a) - sizeOf(b))
}

/** How many fail. */
export function sizeOf({ links, nodes }: FailureSet): number {
  return links.length + nodes.length
}

function subsets(items: readonly string[], most: number): string[][] {
  if (most === 0) return [[]]
  return [
    [],
    ...items.flatMap((item, index) =>
      subsets(items.slice(index + 1), most - 1).map((rest) => [item, ...rest]),
    ),
  ]
}

/** The faults of a set. */
export function faultsOf({ links, nodes }: FailureSet): Fault[] {
  return [
    ...links.map((link) => ({ kind: 'link-down', link }) as const),
    ...nodes.map((node) => ({ kind: 'node-down', node }) as const),
  ]
}

/** Nodes and links that had to do with what was sent. */
export class Visited {
  readonly nodes = new Set<string>()
  readonly links = new Set<string>()

  note({ observation, sent, source: { fabric } }: Seen): void {
    for (const { node } of observation.fates) this.nodes.add(node)
    for (const { link, from, to } of observation.wire) {
      this.links.add(link)
      this.nodes.add(from)
      this.nodes.add(to)
    }
    for (const { frame } of sent) {
      this.nodes.add('host' in frame.at ? fabric.host(frame.at.host).leaf : frame.at.to)
    }
  }
}

interface Judged {
  readonly set: FailureSet
  readonly visited: Visited
  readonly tables: ReadonlyMap<string, string>
}

/**
 * Remembers for sets that were judged which nodes took part. A set that adds to one of them only links and nodes that took no part, and leaves
 * the tables of all nodes that did as they were, comes to the same: each of these nodes does the same with each frame, one after the other.
 */
export class JudgedSets {
  readonly #control: PredictedControlPlane | undefined
  readonly #judged: Judged[] = []

  constructor(readonly plan: Plan) {
    this.#control = controlPlaneOf(plan)
  }

  note(set: FailureSet, visited: Visited): void {
    this.#judged.push({ set, visited, tables: this.#tables(set) })
  }

  /** Whether a set comes to what a judged one came to. */
  isKnown(set: FailureSet): boolean {
    const smaller = this.#judged.filter((one) => isWithin(one.set, set))
    if (smaller.length === 0) return false
    const tables = this.#tables(set)
    return smaller.some(
      ({ set: past, visited, tables: before }) =>
        this.#spared(past, set, visited) &&
        [...visited.nodes].every((node) => before.get(node) === tables.get(node)),
    )
  }

  /** Nothing that fails besides has an end at a node that took part. */
  #spared(past: FailureSet, set: FailureSet, visited: Visited): boolean {
    const nodes = new Set(set.nodes.filter((node) => !past.nodes.includes(node)))
    return this.plan.links
      .filter(({ id, a, b }) => {
        const cut = set.links.includes(id) && !past.links.includes(id)
        return cut || nodes.has(a.node) || nodes.has(b.node)
      })
      .every(({ a, b }) => !visited.nodes.has(a.node) && !visited.nodes.has(b.node))
  }

  /** Digests of all nodes' tables with the set, when nobody has spoken. */
  #tables({ links, nodes }: FailureSet): ReadonlyMap<string, string> {
    const control = this.#control
    if (control === undefined) return new Map()
    control.broken?.({ links, nodes, daemons: [], agents: [], withdrawn: [] })
    return new Map(
      this.plan.nodes.map(({ name }) => [
        name,
        createHash('sha256')
          .update(JSON.stringify(control.tables(name)))
          .digest('hex'),
      ]),
    )
  }
}

function isWithin(small: FailureSet, large: FailureSet): boolean {
  return (
    small.links.every((link) => large.links.includes(link)) &&
    small.nodes.every((node) => large.nodes.includes(node))
  )
}
