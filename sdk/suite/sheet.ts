/**
 * What a suite found: a table with a row for each link or tunnel and a column for each question, and the reasons of all that does not hold.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'

/** What a cell comes to; an absent one was not asked. */
export interface Cell {
  readonly judgement: 'holds' | 'violated' | 'unjudged'
  /** What was seen, in few words. */
  readonly said: string
}

export interface Row {
  readonly name: string
  readonly cells: Readonly<Record<string, Cell>>
}

/** Why a cell does not hold. */
export interface Reason {
  readonly row: string
  readonly column: string
  readonly message: string
  /** A frame to show, decoded, a line a layer. */
  readonly decoded?: readonly string[]
}

/** A question that is asked of every row. */
export interface Column {
  readonly name: string
  /** What is asked, in a sentence. */
  readonly what: string
}

/** A finished sheet. */
export interface Sheet {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly reasons: readonly Reason[]
}

/** Reasons of one cell that are kept; the cell counts them all. */
const KEPT = 3

/** Fills a sheet, cell by cell. A cell that anything speaks against is violated, whatever else is said of it. */
export class SheetWriter {
  readonly #columns: readonly Column[]
  readonly #rows = new Map<string, Map<string, Cell>>()
  readonly #reasons = new Map<
    string,
    { readonly row: string; readonly column: string; readonly all: Reason[] }
  >()

  constructor(columns: readonly Column[], rows: readonly string[]) {
    this.#columns = columns
    for (const row of rows) this.#rows.set(row, new Map())
  }

  /** Says what was seen; it holds unless something speaks against it. */
  say(row: string, column: string, said: string, judgement: Cell['judgement'] = 'holds'): void {
    this.#cells(row).set(column, { judgement, said })
  }

  /** Speaks against a cell. */
  accuse(row: string, column: string, what: string | Pick<Finding, 'message' | 'decoded'>): void {
    this.#cells(row)
    const key = `${row}\0${column}`
    const found = this.#reasons.get(key) ?? { row, column, all: [] }
    const { message, decoded } = typeof what === 'string' ? { message: what, decoded: undefined } : what
    found.all.push({ row, column, message, ...(decoded === undefined ? {} : { decoded }) })
    this.#reasons.set(key, found)
  }

  finish(): Sheet {
    const asked = new Set<string>()
    const rows = [...this.#rows].map(([name, cells]): Row => {
      for (const column of cells.keys()) asked.add(column)
      return {
        name,
        cells: Object.fromEntries(this.#columns.flatMap(({ name: of }) => this.#cellOf(name, of, cells))),
      }
    })
    for (const { column } of this.#reasons.values()) asked.add(column)
    return {
      columns: this.#columns.filter(({ name }) => asked.has(name)),
      rows,
      reasons: [...this.#reasons.values()].flatMap(({ row, column, all }) => keptOf(row, column, all)),
    }
  }

  #cellOf(
    row: string,
    column: string,
    cells: ReadonlyMap<string, Cell>,
  ): readonly (readonly [string, Cell])[] {
    const cell = cells.get(column)
    const against = this.#reasons.get(`${row}\0${column}`)
    if (against !== undefined) return [[column, { said: cell?.said ?? 'no', judgement: 'violated' }]]
    return cell === undefined ? [] : [[column, cell]]
  }

  #cells(row: string): Map<string, Cell> {
    const found = this.#rows.get(row) ?? new Map<string, Cell>()
    this.#rows.set(row, found)
    return found
  }
}

function keptOf(row: string, column: string, all: readonly Reason[]): readonly Reason[] {
  // What is the same for many frames is said once.
  const unlike = [...new Map(all.map((one) => [one.message.replaceAll(/\d+/g, ''), one])).values()]
  const more = all.length - Math.min(unlike.length, KEPT)
  const kept = unlike.slice(0, KEPT)
  return more === 0 ? kept : [...kept, { row, column, message: `and ${more} more` }]
}
