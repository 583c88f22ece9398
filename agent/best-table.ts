/**
 * A daemon's best paths as its events tell them, with what the node uses of them (BGP-7 to BGP-9).
 *
 * @module
 */
import type { RibPath } from '../contract/rib.js'
import {
  formatIp,
  isIpv6,
  parseInterfaceAddress,
  parseIp,
  parsePrefix,
  prefixContains,
  type Prefix,
} from '../twin/packet/index.js'
import { comparePeers, type ReadPath } from './convert.js'
import type { TableName } from './gobgp-api.js'

export interface BestTableOptions {
  /** The daemon tells all paths that it holds for equal; otherwise the best alone. */
  readonly multipath: boolean
  /** How many of them are used (BGP-8). */
  readonly limit: number
}

/** Paths of a key, one from each source; few, and there are as many lists as keys. */
type Paths = ReadPath[]
type Tables = Readonly<Record<TableName, Map<string, Paths>>>

export class BestTable {
  readonly #options: BestTableOptions
  #tables: Tables = { ipv4: new Map(), ipv6: new Map(), evpn: new Map() }
  /** The best path of each key of EVPN, where it is another's. */
  readonly #evpn = new Map<string, RibPath>()
  /** Goes up with each change, and with each of {@link evpn}. */
  version = 0
  evpnVersion = 0

  constructor(options: BestTableOptions) {
    this.#options = options
  }

  /** @returns whether anything can come of it: not where of EVPN the node chooses as it did before */
  update(read: ReadPath): boolean {
    const table = this.#tables[read.table]
    const paths = table.get(read.key)
    const at = paths?.findIndex((path) => isOfSameSource(path, read)) ?? -1
    if (read.withdrawn) {
      if (paths === undefined || at < 0) return false
      paths.splice(at, 1)
      if (paths.length === 0) table.delete(read.key)
    } else if (paths === undefined || !this.#options.multipath) table.set(read.key, [read])
    else if (at < 0) paths.push(read)
    else paths[at] = read
    this.version++
    return read.table !== 'evpn' || this.#choose(read.key)
  }

  /** Takes over what another table has, which must not be used any more. */
  become(other: BestTable): void {
    this.#tables = other.#tables
    for (const key of this.#evpn.keys()) if (!other.#evpn.has(key)) this.#unset(key)
    for (const [key, path] of other.#evpn) this.#set(key, path)
    this.version++
  }

  /** EVPN routes of others, by key; what the table holds now, and not a copy. */
  get evpn(): ReadonlyMap<string, RibPath> {
    return this.#evpn
  }

  /** Paths that the node itself originates, of one table, by key. */
  own(table: TableName): ReadonlyMap<string, ReadPath> {
    const own = new Map<string, ReadPath>()
    for (const [key, paths] of this.#tables[table]) {
      const path = paths.find(isOwn)
      if (path !== undefined) own.set(key, path)
    }
    return own
  }

  /** Used paths of unicast prefixes that others have given, by prefix, in the order of BGP-7's last two steps. */
  used(
    table: 'ipv4' | 'ipv6',
    isUsable: (path: RibPath) => boolean,
  ): ReadonlyMap<string, readonly RibPath[]> {
    const used = new Map<string, readonly RibPath[]>()
    for (const [key, paths] of this.#tables[table]) {
      // An own path makes no route (TABLE-7).
      if (paths.some(isOwn)) continue
      const usable = this.#inOrder(paths).flatMap(({ path }) => (isUsable(path) ? path : []))
      if (usable.length > 0) used.set(key, usable.slice(0, this.#options.limit))
    }
    return used
  }

  sizeOf(table: TableName): number {
    return this.#tables[table].size
  }

  get size(): number {
    return Object.values(this.#tables).reduce((sum, table) => sum + table.size, 0)
  }

  #choose(key: string): boolean {
    const paths = this.#tables.evpn.get(key)
    const [best] = paths === undefined || paths.some(isOwn) ? [] : this.#inOrder(paths)
    return best === undefined ? this.#unset(key) : this.#set(key, best.path)
  }

  /** A path that is as it was stays the same object, for what has been made of it. */
  #set(key: string, path: RibPath): boolean {
    const present = this.#evpn.get(key)
    if (present !== undefined && isSamePath(present, path)) return false
    this.#evpn.set(key, path)
    this.evpnVersion++
    return true
  }

  #unset(key: string): boolean {
    const had = this.#evpn.delete(key)
    if (had) this.evpnVersion++
    return had
  }

  #inOrder(paths: Paths): readonly ReadPath[] {
    return paths.length === 1 ? paths : paths.toSorted(comparePeers)
  }
}

/** A peer may give several paths of one key (BGP-14). */
function isOfSameSource(a: ReadPath, b: ReadPath): boolean {
  return a.neighbour === b.neighbour && a.pathId === b.pathId
}

function isOwn({ neighbour, pathId }: ReadPath): boolean {
  return neighbour === '' && pathId === 0
}

function isSamePath(a: RibPath, b: RibPath): boolean {
  const names = Object.keys(a) as (keyof RibPath)[]
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => a[name] === b[name] || JSON.stringify(a[name]) === JSON.stringify(b[name]))
  )
}

/**
 * BGP-9 on leaves: tells whether the node can reach the next hop of an EVPN route.
 *
 * @param prefixes to which the node has routes. @param own prefixes and addresses of the node itself
 */
export function reachability(
  prefixes: Iterable<string>,
  own: readonly string[],
): (nextHop: string) => boolean {
  const parsed = [...[...prefixes].map(parsePrefix), ...own.map((text) => parseInterfaceAddress(text).prefix)]
  const answers = new Map<string, boolean>()
  return (nextHop) => {
    const known = answers.get(nextHop)
    if (known !== undefined) return known
    const answer = isCovered(nextHop, parsed)
    answers.set(nextHop, answer)
    return answer
  }
}

function isCovered(nextHop: string, prefixes: readonly Prefix[]): boolean {
  const address = parseIp(nextHop)
  const family = isIpv6(address) ? 6 : 4
  return prefixes.some((prefix) => prefix.family === family && prefixContains(prefix, address))
}

/** An address in canonical text. @throws PacketError */
export function canonicalAddress(text: string): string {
  return formatIp(parseIp(text))
}
