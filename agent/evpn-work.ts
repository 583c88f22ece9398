/**
 * What EVPN wants of a node, from what its engine has heard and its daemon has learned. What nothing has changed for is not worked out again:
 * most of what is told of a daemon or an engine changes neither its routes nor what was heard.
 *
 * @module
 */
import { announce, routesOf } from '../twin/control/evpn-announce.js'
import type { Imports } from '../twin/control/evpn-choice.js'
import { tablesOfImports } from '../twin/control/evpn-tables.js'
import type { Announced, ControlNode, Learned, OwnRoute } from '../twin/control/node.js'
import { NO_TABLES, type DynamicTables } from '../twin/control/tables.js'
import { announcedBefore } from './announced.js'
import { reachability, type BestTable } from './best-table.js'
import type { WantedTables } from './engine-sink.js'
import type { Attached } from './gobgp-link.js'
import { importsOf } from './imports.js'

export interface EvpnWanted {
  readonly routes: readonly OwnRoute[]
  readonly tables: WantedTables
}

interface Worked {
  readonly control: ControlNode['control']
  readonly interfaces: ControlNode['interfaces']
  readonly imports: Imports
  readonly learned: Learned
  readonly whole: boolean
  readonly routes: readonly OwnRoute[]
  readonly tables: DynamicTables
}

export class EvpnWork {
  #announced: Announced | undefined
  /** An engine that is away has forgotten nothing yet. */
  #learned: Learned = { fdb: [], neighbours: [] }
  #imported:
    | { readonly of: BestTable; readonly version: number; readonly used: string; readonly imports: Imports }
    | undefined
  #worked: Worked | undefined

  /**
   * @param used prefixes to which the node has routes
   * @param heard by the engine; `undefined` while it is away
   */
  wanted(
    node: ControlNode,
    { table, found, whole }: Attached,
    used: Iterable<string>,
    heard: Learned | undefined,
  ): EvpnWanted {
    const { evpn } = node.control
    if (evpn === undefined) return { routes: [], tables: { tables: NO_TABLES, whole, forget: [] } }
    this.#announced ??= announcedBefore(
      node.control,
      [...found.evpn].map(([key, { path }]) => [key, path] as const),
    )
    this.#learned = heard ?? this.#learned
    const learned = this.#learned
    const imports = this.#imports(node, evpn.vtep, table, [...used])
    const last = this.#worked
    const { control, interfaces } = node
    if (
      last?.imports === imports &&
      last.learned === learned &&
      last.whole === whole &&
      last.control === control &&
      last.interfaces === interfaces
    ) {
      return { routes: last.routes, tables: { tables: last.tables, whole, forget: [] } }
    }
    const known = whole ? learned : announcedAlready(learned, this.#announced)
    const said = announce(node, evpn, known, imports, this.#announced)
    const { announced, forget } = said
    const routes = routesOf(said)
    this.#announced = announced
    const tables = tablesOfImports(node, evpn, imports, announced)
    this.#worked = { control, interfaces, imports, learned, whole, routes, tables }
    return { routes, tables: { tables, whole, forget } }
  }

  #imports(node: ControlNode, vtep: string, table: BestTable, prefixes: readonly string[]): Imports {
    const { originate } = node.control
    const used = [...prefixes, ...originate].join()
    const last = this.#imported
    if (last?.of === table && last.version === table.evpnVersion && last.used === used) return last.imports
    const imports = importsOf(vtep, table.evpn, reachability(prefixes, originate))
    this.#imported = { of: table, version: table.evpnVersion, used, imports }
    return imports
  }
}

/** As long as others' routes are missing it is not known whose MAC is new here: what was announced stays, what was not waits. */
function announcedAlready(learned: Learned, { macs }: Announced): Learned {
  return { ...learned, fdb: learned.fdb.filter(({ bridge, mac }) => macs.has(`${bridge} ${mac}`)) }
}
