/**
 * What all nodes of a fabric hold at one moment, and how two such differ.
 */
import type { Tables } from '../../../contract/program.js'
import type { RibRow } from '../../../contract/rib.js'
import { compareRibs, compareTables, judgeByLedger, type TableDifference } from '../../../lab/compare/rib.js'
import { ribLedger } from '../../../lab/compare/rib-ledger.js'

export interface Holding {
  /** Tables of BGP, of all nodes. */
  readonly rows: readonly RibRow[]
  /** Tables of nodes, by name. */
  readonly tables: ReadonlyMap<string, Tables>
}

/** Entries of the ledger that have explained something in this process. */
const usedEntries = new Set<string>()

/** Those that have not: the difference is gone, and they must go too. */
export function idleEntries(): string[] {
  return ribLedger.map(({ id }) => id).filter((id) => !usedEntries.has(id))
}

const EMPTY: Tables = { routes: [], groups: [], neighbours: [], fdb: [], flood: [] }

/** Over the union of both sides, less what the ledger explains. */
export function differencesOf(twin: Holding, lab: Holding): readonly TableDifference[] {
  const nodes = [...new Set([...twin.tables.keys(), ...lab.tables.keys()])].toSorted()
  const { unexplained, explained } = judgeByLedger(
    [
      ...compareRibs(twin.rows, lab.rows),
      ...nodes.flatMap((node) =>
        compareTables(node, twin.tables.get(node) ?? EMPTY, lab.tables.get(node) ?? EMPTY),
      ),
    ],
    ribLedger,
  )
  for (const [id, count] of explained) if (count > 0) usedEntries.add(id)
  return unexplained
}
