/**
 * Suites for people and programs: a table, and a reason for each cell that does not hold.
 *
 * @module
 */
import { SdkError } from '../sdk/errors.js'
import { testFabric, type SuiteResult } from '../sdk/suite/index.js'
import type { SuiteName } from '../sdk/suite/run-suite.js'
import type { Reason, Row } from '../sdk/suite/sheet.js'
import type { Colours } from './colours.js'
import { CliError, UnsoundFabric } from './errors.js'
import { readFabric } from './fabric-input.js'
import type { Answer, Invocation } from './invocation.js'
import { keySourcesOf } from './key-sources.js'
import { printable, printableLine } from './printable.js'
import { RunStages } from './run-progress.js'
import { counted, indented } from './table.js'

type SuiteVerb = 'test wireguard' | 'test macsec' | 'test vxlan'

/** Layers of a frame that are shown under a reason. */
const LAYERS = 8

/** Runs a suite as a verb. */
export async function suiteAnswer(suite: SuiteName, invocation: Invocation<SuiteVerb>): Promise<Answer> {
  const { options, colours } = invocation
  if (options.lab !== undefined && (options.on === 'twin' || options.on === 'vm')) {
    throw new CliError('ZT_CLI_USAGE', `--lab is a lab to test, and --on ${options.on} leaves labs out`, {
      remedy: 'leave out one of them',
    })
  }
  const result = await tested(suite, invocation)
  return {
    exit: result.exit,
    json: () => ({ format: 'ztos-test', version: 1, ...result }),
    text: () => suiteText(result, colours),
  }
}

async function tested(
  suite: SuiteName,
  { arguments: { file }, options, io, progress }: Invocation<SuiteVerb>,
): Promise<SuiteResult> {
  const stages = new RunStages(progress)
  try {
    return await testFabric({
      suite,
      file,
      on: options.on,
      ...keySourcesOf(options, io),
      ...(options.lab === undefined ? {} : { lab: options.lab }),
      signal: io.signal,
      onProgress: stages.onProgress,
    })
  } catch (error) {
    if (!(error instanceof SdkError) || error.code !== 'ZT_FABRIC') throw error
    // Said with lines and carets.
    readFabric(file)
    throw new UnsoundFabric(file, error.problems, new Map())
  } finally {
    await stages.done()
  }
}

/** The table, then why. */
export function suiteText(result: SuiteResult, colours: Colours): string {
  const { suite, fabric, on, lab, cannot, notes } = result
  const inLab = `lab ${lab ?? ''}`.trimEnd()
  const where = { twin: 'the twin', vm: 'the reference VM', netns: inLab, containerlab: inLab }[on]
  const sections: readonly (readonly string[])[] = [
    [`${suite} of ${printableLine(fabric)}, in ${where}`],
    cannot === undefined ? tableLines(result, colours) : [printable(cannot)],
    ...reasonSections(result, colours),
    notes.map((note) => `note: ${printable(note)}`),
    [headline(result, colours)],
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function tableLines({ columns, rows }: SuiteResult, colours: Colours): readonly string[] {
  const said = (row: Row, column: string) => printableLine(row.cells[column]?.said ?? '-')
  const widths = columns.map(({ name }) =>
    Math.max(name.length, ...rows.map((row) => said(row, name).length)),
  )
  const first = Math.max(4, ...rows.map(({ name }) => printableLine(name).length))
  const line = (head: string, cells: readonly string[]) => [head, ...cells].join('  ').trimEnd()
  return [
    colours.dim(
      line(
        ''.padEnd(first),
        columns.map(({ name }, n) => name.padEnd(widths[n] ?? 0)),
      ),
    ),
    ...rows.map((row) =>
      line(
        printableLine(row.name).padEnd(first),
        columns.map(({ name }, n) => {
          const text = said(row, name).padEnd(widths[n] ?? 0)
          const judgement = row.cells[name]?.judgement
          return judgement === undefined || judgement === 'holds' ? text : colours.judgement(judgement, text)
        }),
      ),
    ),
  ]
}

/** What is the same in several rows is said once, with all of their names. */
function reasonSections({ reasons, columns }: SuiteResult, colours: Colours): string[][] {
  const what = new Map(columns.map((column) => [column.name, column.what]))
  const groups = new Map<string, { readonly reason: Reason; readonly rows: string[] }>()
  for (const reason of reasons) {
    const key = `${reason.column} ${reason.message}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { reason, rows: [reason.row] })
    else group.rows.push(reason.row)
  }
  const byColumn = new Map<string, string[]>()
  for (const { reason, rows } of groups.values()) {
    const lines = byColumn.get(reason.column) ?? []
    const names =
      rows.length > 3 ? `${rows.slice(0, 3).join(', ')} and ${rows.length - 3} more` : rows.join(', ')
    lines.push(`${printableLine(names)}: ${printable(reason.message)}`)
    lines.push(...indented((reason.decoded ?? []).slice(0, LAYERS).map(printableLine)))
    byColumn.set(reason.column, lines)
  }
  return [...byColumn].map(([column, lines]) => [
    `${colours.judgement('violated', column)}: ${what.get(column) ?? ''}?`,
    ...indented(lines),
  ])
}

function headline({ rows, reasons, cannot }: SuiteResult, colours: Colours): string {
  if (cannot !== undefined) return colours.judgement('unjudged', 'unjudged')
  const violated = new Set(reasons.map(({ row }) => row)).size
  const unjudged = rows.filter(({ cells }) =>
    Object.values(cells).some((cell) => cell.judgement === 'unjudged'),
  ).length
  if (violated > 0)
    return colours.judgement('violated', `violated: ${violated} of ${counted(rows.length, 'way')}`)
  if (unjudged > 0)
    return colours.judgement('unjudged', `unjudged: ${unjudged} of ${counted(rows.length, 'way')}`)
  return colours.judgement('holds', `all ${counted(rows.length, 'way')} hold`)
}
