/**
 * Unicast keys of all nodes.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import {
  formatPrefix,
  isIpv6,
  parsePrefix,
  prefixContains,
  prefixOf,
  type Ip,
  type Prefix,
} from '../packet/index.js'
import { bestOf, isArbitrary, isUndisputed } from './decision.js'
import type { ChosenPath, Diagnosis } from './diagnosis.js'
import type { Entry } from './exchange.js'
import { OWN_MED, ownPath, type BgpPath } from './path.js'
import {
  beginningOf,
  candidatesAt,
  drawFrom,
  isSameBest,
  isSameUse,
  settle,
  settleAtRandom,
  type Entries,
  type Problem,
} from './settle.js'
import type { Topology } from './topology.js'

/** A prefix, and what each node has settled on for it. */
export class UnicastKey {
  readonly text: string
  readonly prefix: Prefix
  readonly table: 'ipv4' | 'ipv6'
  readonly own = new Map<number, BgpPath>()
  readonly problem: Problem
  entries: Entries
  diagnoses: readonly Diagnosis[] = []

  constructor(prefix: Prefix, { nodes }: Topology) {
    this.prefix = prefix
    this.text = formatPrefix(prefix)
    this.table = prefix.family === 6 ? 'ipv6' : 'ipv4'
    this.entries = nodes.map(() => undefined)
    // BGP-9: a next hop is the far end of a session that is up, or there is no path.
    this.problem = { nodes, family: this.table, routed: this, own: this.own }
  }
}

/** Changes of a settling: where another path, or other paths beside it, are used; and where a route came or went. */
export interface UnicastChange {
  readonly key: UnicastKey
  readonly changed: ReadonlySet<number>
  readonly appeared: readonly number[]
}

export class UnicastRib {
  readonly #topology: Topology
  readonly #orders: number
  readonly #keys = new Map<string, UnicastKey>()
  /** By node, with the text of the host's prefix. */
  readonly #vteps = new Map<number, { readonly vtep: Ip; readonly host: string }>()
  /** By key, nodes that begin or cease to have it themselves. */
  readonly #pending = new Map<UnicastKey, Set<number>>()

  /** @param orders of messages that are tried where the outcome may depend on them */
  constructor(topology: Topology, orders: number) {
    this.#topology = topology
    this.#orders = orders
  }

  get keys(): Iterable<UnicastKey> {
    return this.#keys.values()
  }

  diagnoses(): readonly Diagnosis[] {
    return [...this.#keys.values()].flatMap(({ diagnoses }) => diagnoses)
  }

  /** Sets the prefixes that a node has itself. */
  originate(index: number, prefixes: Iterable<string>): void {
    const wanted = new Set<UnicastKey>()
    for (const text of prefixes) wanted.add(this.#keyOf(parsePrefix(text)))
    for (const key of this.#keys.values()) {
      if (wanted.has(key) === key.own.has(index)) continue
      if (wanted.has(key)) key.own.set(index, ownPath(index, this.#ownMed(index)))
      else key.own.delete(index)
      const pending = this.#pending.get(key)
      if (pending === undefined) this.#pending.set(key, new Set([index]))
      else pending.add(index)
    }
  }

  #ownMed(index: number): number | undefined {
    const daemon = this.#topology.nodes[index]?.control.daemon
    return daemon && OWN_MED[daemon]
  }

  #keyOf(prefix: Prefix): UnicastKey {
    const text = formatPrefix(prefix)
    const present = this.#keys.get(text)
    if (present !== undefined) return present
    const key = new UnicastKey(prefix, this.#topology)
    this.#keys.set(text, key)
    return key
  }

  /** Lets all keys come to rest again after a change at some nodes, and of what {@link originate} was told. */
  settle(touched: ReadonlySet<number>): readonly UnicastChange[] {
    const changes: UnicastChange[] = []
    for (const key of this.#keys.values()) {
      const pending = new Set([...touched, ...(this.#pending.get(key) ?? [])])
      if (pending.size === 0) continue
      const before = key.entries
      const changed = this.#settleKey(key, pending)
      if (changed.size === 0) continue
      changes.push({ key, changed, appeared: flips(before, key.entries, changed) })
      if (key.own.size === 0 && key.entries.every((entry) => entry === undefined)) this.#keys.delete(key.text)
    }
    this.#pending.clear()
    return changes
  }

  #settleKey(key: UnicastKey, pending: ReadonlySet<number>): ReadonlySet<number> {
    const before = key.entries
    if (key.own.size === 0 && this.#topology.nodes.every(({ isStopped }) => !isStopped)) {
      key.entries = before.map(() => undefined)
      key.diagnoses = []
      return differences(before, key.entries)
    }
    if (!this.#isRanked(key)) {
      // Longer paths are worse on every node, so there is one end, whatever comes before it.
      key.entries = before.slice()
      const { changed, cycle } = settle(key.problem, key.entries, pending)
      key.diagnoses = [
        ...(cycle === undefined ? [] : [this.#oscillation(key, cycle)]),
        ...this.#arrivals(key),
      ]
      return changed
    }
    const beginning = beginningOf(key.problem, before)
    key.entries = beginning.entries
    const { cycle } = settle(key.problem, key.entries, beginning.pending)
    const order = this.#diagnose(key, cycle)
    key.diagnoses = [...(order === undefined ? [] : [order]), ...this.#disputes(key), ...this.#arrivals(key)]
    return differences(before, key.entries)
  }

  /**
   * True where nodes may prefer longer paths: by a policy, or inside an AS one of whose nodes is being taken out of service. Between
   * external peers alone, what that node hands on is worse everywhere.
   */
  #isRanked({ text, prefix }: UnicastKey): boolean {
    return (
      this.#topology.isDrainedInside || this.#topology.policies.some((policy) => policy.ranks(text, prefix))
    )
  }

  #diagnose(key: UnicastKey, cycle: readonly number[] | undefined): Diagnosis | undefined {
    for (let seed = 1; seed <= this.#orders; seed++) {
      const entries = settleAtRandom(key.problem, key.entries, drawFrom(seed))
      if (entries === undefined) continue
      if (cycle !== undefined) {
        // What some order ends in says more than a moment of one that does not end.
        key.entries = entries
        return { ...this.#oscillation(key, cycle), restsInOtherOrders: true }
      }
      const places = [...differences(key.entries, entries)].filter(
        (index) => !isSameBest(key.entries[index], entries[index]),
      )
      if (places.length > 0) return this.#dependence(key, entries, places)
    }
    return cycle && this.#oscillation(key, cycle)
  }

  #disputes(key: UnicastKey): readonly Diagnosis[] {
    const nodes = this.#nodesWhere(key, ({ daemon }) => daemon === 'gobgp', isDisputed)
    return nodes.length === 0 ? [] : [{ kind: 'med', table: key.table, key: key.text, nodes }]
  }

  /** Only where a peer gives several paths is there nothing left to tell them apart. */
  #arrivals(key: UnicastKey): readonly Diagnosis[] {
    if (this.#topology.nodes.every(({ tellsAll }) => !tellsAll)) return []
    const nodes = this.#nodesWhere(key, () => true, isArbitrary)
    return nodes.length === 0 ? [] : [{ kind: 'arrival', table: key.table, key: key.text, nodes }]
  }

  #nodesWhere(
    { problem, entries }: UnicastKey,
    isAsked: (control: NodeControl) => boolean,
    is: typeof isArbitrary,
  ): readonly string[] {
    return this.#topology.nodes
      .filter(({ index, control }) => {
        if (!isAsked(control)) return false
        const candidates = candidatesAt(problem, entries, index)
        const best = bestOf(candidates, control.daemon)
        return best !== undefined && is(best, candidates, control)
      })
      .map(({ name }) => name)
  }

  #oscillation({ table, text }: UnicastKey, cycle: readonly number[]) {
    const nodes = cycle.map((index) => this.#nameOf(index))
    return { kind: 'oscillation', table, key: text, nodes, restsInOtherOrders: false } as const
  }

  #dependence({ table, text, entries }: UnicastKey, others: Entries, places: readonly number[]): Diagnosis {
    const nodes = places
      .toSorted((a, b) => a - b)
      .map((index) => {
        const ends = [this.#chosen(entries[index]), this.#chosen(others[index])] as const
        return { node: this.#nameOf(index), ends }
      })
    return { kind: 'order', table, key: text, nodes }
  }

  #chosen(entry: Entry | undefined): ChosenPath {
    if (entry === undefined) return undefined
    const { peer, path } = entry.best
    return { from: peer === undefined ? 'self' : this.#nameOf(peer.remote), asPath: path.asPath }
  }

  #nameOf(index: number): string {
    return this.#topology.nodes[index]?.name ?? `${index}`
  }

  /** Says which address others need a route to, to send to a node through a tunnel. */
  setVtep(source: number, vtep: Ip | undefined): void {
    if (vtep === undefined) this.#vteps.delete(source)
    else {
      const host = formatPrefix(prefixOf(vtep, isIpv6(vtep) ? 128 : 32))
      this.#vteps.set(source, { vtep, host })
    }
  }

  /** True when a node has a route to the VTEP of another. */
  reaches(node: number, source: number): boolean {
    const known = this.#vteps.get(source)
    if (known === undefined) return false
    const { vtep, host } = known
    // Almost always it is announced as it is.
    if (this.#keys.get(host)?.entries[node] !== undefined) return true
    return [...this.#keys.values()].some(
      ({ prefix, entries }) => entries[node] !== undefined && prefixContains(prefix, vtep),
    )
  }

  /** Nodes whose VTEP lies in a prefix. */
  vtepsIn({ prefix }: UnicastKey): readonly number[] {
    return [...this.#vteps].flatMap(([source, { vtep }]) => (prefixContains(prefix, vtep) ? [source] : []))
  }
}

const isDisputed: typeof isArbitrary = (best, candidates, { daemon }) =>
  !isUndisputed(best, candidates, daemon)

function differences(before: Entries, after: Entries): ReadonlySet<number> {
  const changed = new Set<number>()
  for (const [index, entry] of after.entries()) {
    const old = before[index]
    if (!isSameBest(old, entry) || !isSameUse(old, entry)) changed.add(index)
  }
  return changed
}

function flips(before: Entries, after: Entries, changed: ReadonlySet<number>): readonly number[] {
  return [...changed].filter((index) => (before[index] === undefined) !== (after[index] === undefined))
}
