/**
 * EVPN routes of all nodes.
 *
 * No policy looks at them, so how far a route gets depends on who has it, and on who has a way to its VTEP: routes of the same nodes share what every node settles on.
 *
 * @module
 */
import type { ControlNode, Evpn, OwnRoute } from './node.js'
import type { RoutePart } from './evpn-originator.js'
import { isImportable, type ImportedRoute, type Imports } from './evpn-choice.js'
import { parseEvpnKey, readExtended } from './evpn-route.js'
import { isSameList, ownPath } from './path.js'
import { settle, type Entries, type Problem } from './settle.js'
import type { Topology } from './topology.js'

interface EvpnRoute extends OwnRoute {
  readonly imported: ImportedRoute
}

/** Routes that the same nodes have. */
interface Group {
  readonly problem: Problem
  readonly entries: Entries
  /** How many keys. */
  count: number
}

/** What a node imports of a target, as long as nothing that it depends on has changed. */
interface Imported {
  readonly version: number
  readonly routes: readonly ImportedRoute[]
}
interface ImportsOfNode {
  /** As the node is told; told otherwise, it has imported nothing yet. */
  readonly evpn: Evpn
  readonly byTarget: Map<string, Imported>
}

export class EvpnRib {
  readonly #topology: Topology
  readonly #isReachable: (node: number, source: number) => boolean
  /** By node, then key. */
  readonly #routes: Map<string, EvpnRoute>[]
  /** By node, of what its routes were made. */
  readonly #parts: ReadonlySet<RoutePart>[]
  /** By key, ascending. */
  readonly #owners = new Map<string, readonly number[]>()
  readonly #groups = new Map<string, Group>()
  readonly #keysOfTarget = new Map<string, Set<string>>()
  /** Of the last change to what nodes have or reach, by target, and of the last to all targets. */
  readonly #changes = new Map<string, number>()
  #changeOfAll = 0
  #lastChange = 0
  /** By node. */
  readonly #imports = new Map<number, ImportsOfNode>()

  /** @param isReachable whether a node has a route to the VTEP of another (BGP-9) */
  constructor(topology: Topology, isReachable: (node: number, source: number) => boolean) {
    this.#topology = topology
    this.#isReachable = isReachable
    this.#routes = topology.nodes.map(() => new Map<string, EvpnRoute>())
    this.#parts = topology.nodes.map(() => new Set())
  }

  get keys(): Iterable<string> {
    return this.#owners.keys()
  }

  /**
   * Sets the routes that a node has itself.
   *
   * @param parts all of them, no key in two; a list that was given before has not changed
   * @returns the targets of those that are new, gone or otherwise
   */
  originate(index: number, parts: readonly RoutePart[]): ReadonlySet<string> {
    const targets = new Set<string>()
    const own = this.#routes[index] ?? new Map<string, EvpnRoute>()
    const before = this.#parts[index] ?? new Set()
    const now = new Set(parts)
    this.#parts[index] = now
    const wanted = new Map<string, OwnRoute>()
    for (const part of now) if (!before.has(part)) for (const route of part) wanted.set(route.key, route)
    const stale = new Set<string>()
    for (const part of before) if (!now.has(part)) for (const { key } of part) stale.add(key)
    if (wanted.size === 0 && stale.size === 0) return targets
    for (const key of stale) {
      const old = own.get(key)
      if (old === undefined) continue
      if (wanted.has(key)) continue
      own.delete(key)
      this.#setOwners(
        key,
        (this.#owners.get(key) ?? []).filter((one) => one !== index),
      )
      for (const target of old.imported.attributes.targets) {
        targets.add(target)
        this.#forget(target, key)
      }
    }
    for (const [key, route] of wanted) {
      const old = own.get(key)
      if (old !== undefined && isSameRoute(old, route)) continue
      const made = madeReadable(route)
      own.set(key, made)
      if (old === undefined) {
        this.#setOwners(
          key,
          [...(this.#owners.get(key) ?? []), index].toSorted((a, b) => a - b),
        )
      }
      for (const target of old?.imported.attributes.targets ?? []) targets.add(target)
      for (const target of made.imported.attributes.targets) {
        targets.add(target)
        const keys = this.#keysOfTarget.get(target)
        if (keys === undefined) this.#keysOfTarget.set(target, new Set([key]))
        else keys.add(key)
      }
    }
    this.#lastChange += 1
    for (const target of targets) this.#changes.set(target, this.#lastChange)
    return targets
  }

  /** Another node may still have the key with this target: then it stays, and who imports looks at the route itself. */
  #forget(target: string, key: string): void {
    const others = this.#owners.get(key) ?? []
    if (others.length === 0) this.#keysOfTarget.get(target)?.delete(key)
  }

  #setOwners(key: string, owners: readonly number[]): void {
    const before = this.#owners.get(key)
    // Who else has it may give it other targets.
    if (owners.length > 1 || (before !== undefined && before.length > 1)) this.#changeAll()
    if (before !== undefined) this.#release(before.join())
    if (owners.length === 0) {
      this.#owners.delete(key)
      return
    }
    this.#owners.set(key, owners)
    this.#retain(owners)
  }

  #changeAll(): void {
    this.#lastChange += 1
    this.#changeOfAll = this.#lastChange
  }

  #release(id: string): void {
    const group = this.#groups.get(id)
    if (group === undefined) return
    group.count -= 1
    if (group.count === 0) this.#groups.delete(id)
  }

  #retain(owners: readonly number[]): void {
    const id = owners.join()
    const present = this.#groups.get(id)
    if (present !== undefined) {
      present.count += 1
      return
    }
    const { nodes } = this.#topology
    const problem: Problem = {
      nodes,
      family: 'evpn',
      routed: undefined,
      own: new Map(owners.map((owner) => [owner, ownPath(owner)])),
      hasWay: this.#isReachable,
    }
    const entries: Entries = nodes.map(() => undefined)
    settle(problem, entries, owners)
    this.#groups.set(id, { problem, entries, count: 1 })
  }

  /**
   * Lets all routes come to rest again.
   *
   * @param touched nodes whose sessions changed
   * @param ways by a node that has a VTEP, nodes where a way to it came or went
   * @returns nodes for which a route came or went
   */
  settle(touched: ReadonlySet<number>, ways: ReadonlyMap<number, ReadonlySet<number>>): ReadonlySet<number> {
    const affected = new Set<number>()
    if (touched.size === 0 && ways.size === 0) return affected
    this.#changeAll()
    for (const { problem, entries } of this.#groups.values()) {
      const pending = new Set(touched)
      for (const owner of problem.own.keys()) for (const index of ways.get(owner) ?? []) pending.add(index)
      if (pending.size === 0) continue
      const before = entries.slice()
      for (const index of settle(problem, entries, pending).changed) {
        if (before[index]?.best.path.source !== entries[index]?.best.path.source) affected.add(index)
      }
    }
    return affected
  }

  /**
   * What a node can import: best routes whose VTEP it has a route to (BGP-9). The list of a target is the same one as before as long as
   * nothing in it has changed.
   *
   * @returns to be asked for targets of the node's instances, before anything changes
   */
  imports(index: number, { control: { evpn } }: ControlNode): Imports {
    if (evpn === undefined) return new Map()
    let known = this.#imports.get(index)
    if (known?.evpn !== evpn) {
      known = { evpn, byTarget: new Map() }
      this.#imports.set(index, known)
    }
    const { byTarget } = known
    const reached = new Map<number, boolean>()
    return {
      get: (target) => {
        const version = Math.max(this.#changeOfAll, this.#changes.get(target) ?? 0)
        const present = byTarget.get(target)
        if (present?.version === version) return present.routes
        const routes = this.#importsOf(index, evpn.vtep, target, reached)
        byTarget.set(target, { version, routes })
        return routes
      },
    }
  }

  /** @param reached what is known of who is reached */
  #importsOf(
    index: number,
    vtep: string,
    target: string,
    reached: Map<number, boolean>,
  ): readonly ImportedRoute[] {
    const routes: ImportedRoute[] = []
    for (const key of this.#keysOfTarget.get(target) ?? []) {
      const source = this.group(key)?.entries[index]?.best.path.source
      if (source === undefined || source === index) continue
      const isReachable = reached.get(source) ?? this.#isReachable(index, source)
      reached.set(source, isReachable)
      const route = isReachable ? this.#routes[source]?.get(key)?.imported : undefined
      if (route?.attributes.targets.includes(target) === true && isImportable(vtep, route)) routes.push(route)
    }
    return routes
  }

  /** What the nodes settled on for a key. */
  group(key: string): Pick<Group, 'problem' | 'entries'> | undefined {
    return this.#groups.get((this.#owners.get(key) ?? []).join())
  }

  /** The route of a node, as it originates it. */
  route(key: string, source: number): OwnRoute | undefined {
    return this.#routes[source]?.get(key)
  }
}

function madeReadable(route: OwnRoute): EvpnRoute {
  const { nextHop, extended } = route.path
  return {
    ...route,
    imported: { key: parseEvpnKey(route.key), vtep: nextHop, attributes: readExtended(extended) },
  }
}

function isSameRoute(a: OwnRoute, b: OwnRoute): boolean {
  return (
    a.path.nextHop === b.path.nextHop &&
    isSameList(a.path.extended, b.path.extended) &&
    isSameList(a.path.labels, b.path.labels)
  )
}
