/**
 * Twin = lab for the control plane: tables of BGP and tables of nodes, row by row over the union of both sides and attribute by
 * attribute. What is known to differ stands in a ledger (`rib-ledger.ts`), and an entry of it that explains nothing is a difference too.
 *
 * @module
 */
import type { Tables } from '../../contract/program.js'
import type { RibPath, RibRow } from '../../contract/rib.js'

/** One thing that the two sides say otherwise; `undefined` on the side that does not have it. */
export interface TableDifference {
  readonly node: string
  /** `ipv4`, `ipv6`, `evpn`; `route`, `neighbour`, `fdb`, `flood`. */
  readonly table: string
  /** The row, and of a BGP table behind it the peer that the path is from. */
  readonly key: string
  /** An attribute of a path, or `path` when one side has none from that peer; of a node's table `entry`. */
  readonly attribute: string
  readonly twin: string | undefined
  readonly lab: string | undefined
}

/** A known difference. Every field that is given must match; the texts as a whole. */
export interface LedgerEntry {
  /** Unique, for reports. */
  readonly id: string
  readonly table?: RegExp
  readonly node?: RegExp
  readonly key?: RegExp
  readonly attribute: string
  readonly twin: RegExp | undefined
  readonly lab: RegExp | undefined
  /** Why it is so and not to be mended here. */
  readonly reason: string
}

export interface Judged {
  readonly unexplained: readonly TableDifference[]
  /** By entry's id, how many it explains. */
  readonly explained: ReadonlyMap<string, number>
  /** Entries that explain nothing: the difference is gone, and the entry must go too. */
  readonly idle: readonly LedgerEntry[]
}

/** BGP tables of all nodes of both sides. */
export function compareRibs(twin: readonly RibRow[], lab: readonly RibRow[]): readonly TableDifference[] {
  return compareRows(flat(twin), flat(lab))
}

/** The tables of one node. Groups are compared by what they hold, not by their ids; members and flood lists in their order. */
export function compareTables(node: string, twin: Tables, lab: Tables): readonly TableDifference[] {
  return compareRows(rowsOf(node, twin), rowsOf(node, lab))
}

/** Which differences the ledger explains, and which of its entries are idle. */
export function judgeByLedger(
  differences: readonly TableDifference[],
  ledger: readonly LedgerEntry[],
): Judged {
  const explained = new Map<string, number>(ledger.map(({ id }) => [id, 0]))
  const unexplained = differences.filter((difference) => {
    const entry = ledger.find((one) => explains(one, difference))
    if (entry !== undefined) explained.set(entry.id, (explained.get(entry.id) ?? 0) + 1)
    return entry === undefined
  })
  return { unexplained, explained, idle: ledger.filter(({ id }) => explained.get(id) === 0) }
}

/** Side by side, for people. */
export function describeDifference({ node, table, key, attribute, twin, lab }: TableDifference): string {
  return `${node} ${table} ${key}: ${attribute}: twin ${twin ?? 'has none'}, lab ${lab ?? 'has none'}`
}

type Row = Omit<TableDifference, 'attribute' | 'twin' | 'lab'> & {
  readonly values: ReadonlyMap<string, string>
}

function compareRows(twin: readonly Row[], lab: readonly Row[]): readonly TableDifference[] {
  const [ours, theirs] = [indexed(twin), indexed(lab)]
  return [...new Set([...ours.keys(), ...theirs.keys()])].toSorted().flatMap((id) => {
    const [a, b] = [ours.get(id), theirs.get(id)]
    const { node, table, key } = (a ?? b) as Row
    const whole = (row: Row) => [...row.values].map(([name, value]) => `${name} ${value}`).join(', ')
    if (a === undefined || b === undefined) {
      const attribute = table === 'ipv4' || table === 'ipv6' || table === 'evpn' ? 'path' : 'entry'
      return [{ node, table, key, attribute, twin: a && whole(a), lab: b && whole(b) }]
    }
    return [...new Set([...a.values.keys(), ...b.values.keys()])]
      .filter((attribute) => a.values.get(attribute) !== b.values.get(attribute))
      .map((attribute) => ({
        node,
        table,
        key,
        attribute,
        twin: a.values.get(attribute),
        lab: b.values.get(attribute),
      }))
  })
}

/** @throws RangeError when a side says the same thing twice: then it cannot be compared */
function indexed(rows: readonly Row[]): ReadonlyMap<string, Row> {
  const index = new Map<string, Row>()
  for (const row of rows) {
    const id = `${row.node} ${row.table} ${row.key}`
    if (index.has(id)) throw new RangeError(`${id} stands in a table twice`)
    index.set(id, row)
  }
  return index
}

function flat(rows: readonly RibRow[]): Row[] {
  return rows.flatMap(({ node, table, key, paths }) =>
    paths.map((path, index) => {
      // Of several paths of one peer (BGP-14) each is told by its place: they are in order of their text.
      const before = paths.slice(0, index).filter(({ from }) => from === path.from).length
      const place = before === 0 ? '' : `, path ${before + 1}`
      return { node, table, key: `${key} from ${path.from}${place}`, values: valuesOf(path) }
    }),
  )
}

/** Every attribute as text; what is absent is absent. */
function valuesOf({ from: _from, ...attributes }: RibPath): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(attributes).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? `[${value.join(' ')}]` : String(value)]],
    ),
  )
}

function rowsOf(node: string, tables: Tables): Row[] {
  const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))
  const one = (table: string, key: string, value: string): Row => ({
    node,
    table,
    key,
    values: new Map([['entry', value]]),
  })
  return [
    ...tables.routes.map(({ vrf, prefix, group, connected }) => {
      const members = groups.get(group ?? 0) ?? []
      const hops = members
        // An absent weight is 1 (`contract/program.ts`).
        .map(
          ({ gateway = '', interface: id, weight = 1 }) =>
            `${gateway}%${id}${weight === 1 ? '' : ` x${weight}`}`,
        )
        .join(' ')
      return one(
        'route',
        `${vrf} ${prefix}`,
        group !== undefined ? hops : `connected ${connected ?? 'blackhole'}`,
      )
    }),
    ...tables.neighbours.map(({ interface: at, address, mac }) => one('neighbour', `${at} ${address}`, mac)),
    ...tables.fdb.map(({ bridge, mac, interface: to, remote }) =>
      one('fdb', `${bridge} ${mac}`, remote === undefined ? `${to}` : `${to} ${remote}`),
    ),
    ...tables.flood.map(({ interface: at, remotes }) => one('flood', `${at}`, remotes.join(' '))),
  ]
}

function explains(entry: LedgerEntry, difference: TableDifference): boolean {
  const whole = (pattern: RegExp, text: string) =>
    new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(text)
  const matches = (pattern: RegExp | undefined, text: string | undefined) =>
    pattern === undefined ? text === undefined : text !== undefined && whole(pattern, text)
  return (
    entry.attribute === difference.attribute &&
    (['table', 'node', 'key'] as const).every((name) => {
      const pattern = entry[name]
      return pattern === undefined || whole(pattern, difference[name])
    }) &&
    matches(entry.twin, difference.twin) &&
    matches(entry.lab, difference.lab)
  )
}
