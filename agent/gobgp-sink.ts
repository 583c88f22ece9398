/**
 * Brings what a BGP daemon originates to what is wanted, by adding and withdrawing the differences.
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import type { OwnRoute } from '../twin/control/index.js'
import {
  announcePath,
  macOf,
  needsSource,
  originatePath,
  withdrawPath,
  type Originator,
  type ReadPath,
} from './convert.js'
import { AgentError, messageOf } from './errors.js'
import type { ApiPath, TableName } from './gobgp-api.js'
import type { Attached, GobgpLink } from './gobgp-link.js'
import type { Round } from './worker.js'

/** A route of the node's own as it was told, or is to be told. */
interface Told {
  readonly table: TableName
  readonly key: string
  /** All attributes, as text. */
  readonly signature: string
  /** The daemon has it under a source of its own, which only single requests can name. */
  readonly sourced: boolean
}

interface Change {
  readonly key: string
  readonly path: ApiPath
  readonly after: Told | undefined
}

/** Requests on their way at once. */
const PARALLEL = 64

export class GobgpSink {
  readonly #link: GobgpLink
  readonly #originator: Originator
  #originated: ReadonlyMap<string, Told> = new Map()
  readonly #log: (line: string) => void
  #wanted: readonly OwnRoute[] | undefined
  /** What the daemon has, by table and key, and of which connection. */
  #told: { readonly of: Attached['table']; readonly routes: Map<string, Told> } | undefined
  readonly #refused = new Map<string, string>()
  #complete = false
  /** Routes announced, and withdrawn. */
  added = 0
  withdrawn = 0

  constructor(link: GobgpLink, control: NodeControl, log: (line: string) => void) {
    this.#link = link
    this.#log = log
    const { asn, routerId, evpn } = control
    this.#originator = { asn, routerId, vtep: evpn?.vtep ?? routerId }
    this.originate(control.originate)
  }

  /** Unicast prefixes of the node's own. */
  originate(prefixes: readonly string[]): void {
    this.#originated = new Map(
      prefixes.map((prefix) => {
        const told = unicastTold(prefix)
        return [placeOf(told), told]
      }),
    )
  }

  want(routes: readonly OwnRoute[]): void {
    this.#wanted = routes
  }

  get refused(): readonly string[] {
    return [...this.#refused.values()]
  }

  /** Whether a daemon has been told all that is wanted; what it refuses does not count. */
  isTold(attached: Attached): boolean {
    return this.#told?.of === attached.table && this.#complete
  }

  get announced(): number {
    return this.#told?.routes.size ?? 0
  }

  async round(): Promise<Round> {
    const attached = this.#link.attached
    if (attached === undefined || this.#wanted === undefined) return 'done'
    if (this.#told?.of !== attached.table) this.#told = { of: attached.table, routes: foundRoutes(attached) }
    const { routes } = this.#told
    this.#refused.clear()
    this.#complete = false
    try {
      const changes = this.#changes(routes, this.#wanted, contestedBy(attached.table.evpn.keys()))
      // Before and after: a session may begin while the daemon is told, and the table's events may be let pass (`resend.ts`).
      if (changes.length > 0) this.#link.announces()
      await this.#many(
        attached,
        changes.filter(({ path }) => path.sourceAsn === undefined),
      )
      await this.#single(
        attached,
        changes.filter(({ path }) => path.sourceAsn !== undefined),
      )
      if (changes.length > 0) this.#link.announces()
      this.#complete = true
    } catch (error) {
      // The link sees it too, and comes again with what the daemon has.
      this.#told = undefined
      this.#log(messageOf(error))
    }
    return this.#refused.size === 0 ? 'done' : 'again'
  }

  #changes(
    routes: ReadonlyMap<string, Told>,
    own: readonly OwnRoute[],
    isContested: (mac: string) => boolean,
  ): Change[] {
    const wanted = new Map<string, { readonly told: Told; readonly path: () => ApiPath }>()
    for (const [place, told] of this.#originated)
      wanted.set(place, { told, path: () => originatePath(told.key) })
    for (const route of own) {
      const told = evpnTold(route, isContested)
      wanted.set(placeOf(told), { told, path: () => announcePath(route, this.#originator, told.sourced) })
    }
    const changes: Change[] = []
    for (const [place, told] of routes) {
      const next = wanted.get(place)?.told
      const replaced = next?.signature === told.signature || next?.sourced === told.sourced
      if (!replaced) changes.push(this.#withdrawal(told))
    }
    for (const [place, { told, path }] of wanted) {
      const present = routes.get(place)
      if (present?.signature === told.signature) continue
      changes.push({ key: place, path: path(), after: told })
    }
    return changes
  }

  #withdrawal(told: Told): Change {
    const path = withdrawPath(told.table, told.key, told.sourced ? this.#originator : undefined)
    return { key: placeOf(told), path, after: undefined }
  }

  /** All in one request; when something in it is refused, one by one. */
  async #many(attached: Attached, changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return
    try {
      await attached.client.addAll(changes.map(({ path }) => path))
    } catch (error) {
      if (!isRefusal(error)) throw error
      await this.#single(attached, changes)
      return
    }
    for (const change of changes) this.#done(change)
  }

  async #single({ client }: Attached, changes: readonly Change[]): Promise<void> {
    // What is withdrawn goes before what is announced in its place.
    for (const group of [changes.filter(({ after }) => !after), changes.filter(({ after }) => after)]) {
      const queue = group.values()
      const worker = async () => {
        for (const change of queue) {
          try {
            await (change.after === undefined ? client.delete(change.path) : client.add(change.path))
            this.#done(change)
          } catch (error) {
            if (!isRefusal(error)) throw error
            this.#refuse(change, error)
          }
        }
      }
      await Promise.all(Array.from({ length: Math.min(PARALLEL, group.length) }, worker))
    }
  }

  #done({ key, after }: Change): void {
    const routes = this.#told?.routes
    if (after === undefined) {
      this.withdrawn++
      routes?.delete(key)
    } else {
      this.added++
      routes?.set(key, after)
    }
  }

  #refuse({ key }: Change, error: AgentError): void {
    this.#log(`${error.message} (${key})`)
    this.#refused.set(key, `${key}: ${error.message}`)
  }
}

function isRefusal(error: unknown): error is AgentError {
  return error instanceof AgentError && error.code === 'ZT_AGENT_REFUSED'
}

function placeOf({ table, key }: Pick<Told, 'table' | 'key'>): string {
  return `${table} ${key}`
}

function unicastTold(prefix: string): Told {
  const table = prefix.includes(':') ? 'ipv6' : 'ipv4'
  const attributes = {
    nextHop: table === 'ipv6' ? '::' : '0.0.0.0',
    asPath: [],
    origin: 'igp' as const,
    communities: [],
    extended: [],
  }
  return { table, key: prefix, signature: signatureOf(attributes), sourced: false }
}

function evpnTold(route: OwnRoute, isContested: (mac: string) => boolean): Told {
  const { key, path } = route
  return { table: 'evpn', key, signature: signatureOf(path), sourced: needsSource(route, isContested) }
}

/** Tells MACs for which others have routes; looks through them when it is asked first. */
function contestedBy(keys: Iterable<string>): (mac: string) => boolean {
  let macs: ReadonlySet<string> | undefined
  return (mac) => {
    macs ??= new Set([...keys].flatMap((key) => macOf(key) ?? []))
    return macs.has(mac)
  }
}

function foundRoutes({ found }: Attached): Map<string, Told> {
  const routes = new Map<string, Told>()
  for (const read of [found.ipv4, found.ipv6, found.evpn].flatMap((table) => [...table.values()])) {
    const told = foundTold(read)
    routes.set(placeOf(told), told)
  }
  return routes
}

function foundTold({ table, key, path, routerId }: ReadPath): Told {
  return {
    table,
    key,
    signature: signatureOf(path),
    sourced: routerId !== '',
  }
}

type Attributes = Pick<OwnRoute['path'], 'nextHop' | 'asPath' | 'origin' | 'communities' | 'extended'> & {
  readonly labels?: readonly number[] | undefined
  readonly med?: number | undefined
  readonly localPreference?: number | undefined
}

function signatureOf(path: Attributes): string {
  const { nextHop, asPath, origin, communities, extended, labels = [], med, localPreference } = path
  return JSON.stringify([
    nextHop,
    asPath,
    origin,
    communities,
    extended,
    labels,
    med ?? null,
    localPreference ?? null,
  ])
}
