/**
 * Verdicts for people.
 *
 * @module
 */
import path from 'node:path'
import type { Failure } from '../record/schema.js'
import type { CombinedVerdict, Finding, Interpreter, Judgement } from '../record/verdict.js'
import type { RunResult } from '../sdk/runner/session.js'
import type { Colours } from './colours.js'
import { printable, printableLine } from './printable.js'
import { counted, indented } from './table.js'

/** How many shrunk failures are shown; all are in the report. */
const SHRUNK = 3

const order: readonly Judgement[] = ['disputed', 'violated', 'unjudged', 'holds']

/**
 * What a run found: a line for each verdict, what speaks against those that do not hold, where the record lies.
 *
 * @param options.told failed tests have been shown with all that they say; only what is unjudged is explained
 */
export function resultText(
  result: Omit<RunResult, 'outcomes'>,
  on: readonly Interpreter[],
  colours: Colours,
  { told = false }: { readonly told?: boolean } = {},
): string {
  const { verdicts, notes, directory } = result
  const failures = told ? [] : result.failures
  const faulty = verdicts.filter(({ combined }) => (told ? combined === 'unjudged' : combined !== 'holds'))
  const intents = faulty.filter(({ kind }) => kind !== 'scenario')
  const scenarios = faulty.filter(({ kind }) => kind === 'scenario')
  const sections: readonly (readonly string[])[] = [
    verdictLines(verdicts, on, colours),
    ...verdicts.map((verdict) => groundsOf(verdict, colours)),
    ...faults(intents, true, colours),
    // What an intent has shown in full need not be shown again by each scenario that stumbles over it.
    ...faults(scenarios, intents.length === 0, colours),
    ...failures.slice(0, SHRUNK).map((failure) => failureLines(failure, colours)),
    failures.length > SHRUNK
      ? [`${counted(failures.length - SHRUNK, 'shrunk failure')} more in the report`]
      : [],
    notes.map((note) => `note: ${printable(note)}`),
    [
      ...new Set(result.failures.map(({ replay }) => `again:  ${printableLine(replay)}`)),
      `record: ${shortest(directory)}`,
      `report: ${shortest(path.join(directory, 'report.html'))}`,
    ],
    [headline(verdicts, colours)],
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

/** As a person would type it. */
function shortest(file: string): string {
  const relative = path.relative('', file)
  return printableLine(relative.startsWith('..') ? file : relative)
}

/** `2 violated, 11 hold`. */
function headline(verdicts: readonly CombinedVerdict[], colours: Colours): string {
  const parts = order.flatMap((judgement) => {
    const count = verdicts.filter(({ combined }) => combined === judgement).length
    const word = judgement === 'holds' && count !== 1 ? 'hold' : judgement
    return count === 0 ? [] : [colours.judgement(judgement, `${count} ${word}`)]
  })
  return parts.length === 0 ? 'nothing was judged' : parts.join(', ')
}

/** Intents first, each on its line; scenarios that hold are only counted. */
function verdictLines(
  verdicts: readonly CombinedVerdict[],
  on: readonly Interpreter[],
  colours: Colours,
): string[] {
  const quiet = verdicts.filter(({ kind, combined }) => kind === 'scenario' && combined === 'holds')
  const shown = verdicts.filter((verdict) => !quiet.includes(verdict))
  const width = Math.max(6, ...shown.map(({ name }) => printableLine(name).length))
  const cell = (judgement: Judgement | undefined) =>
    judgement === undefined ? '-'.padEnd(10) : colours.judgement(judgement, judgement.padEnd(10))
  const head = ['verdict'.padEnd(width), ...on.map((by) => labelOf(by).padEnd(10)), 'combined'].join('  ')
  const rows = shown.map(({ name, combined, verdicts: by }) =>
    [
      printableLine(name).padEnd(width),
      ...on.map((where) => cell(worstOf(by.filter((one) => one.by === where).map((one) => one.judgement)))),
      colours.judgement(combined),
    ].join('  '),
  )
  const held = quiet.length === 0 ? [] : [`${counted(quiet.length, 'scenario')} besides, all hold`]
  return [...(rows.length === 0 ? [] : [colours.dim(head.trimEnd()), ...rows]), ...held]
}

/** Each ground of a verdict that names several, by where it was judged. */
function groundsOf({ name, verdicts }: CombinedVerdict, colours: Colours): string[] {
  const width = Math.max(...verdicts.map(({ by }) => labelOf(by).length), 4)
  const rows = verdicts.flatMap(({ by, grounds = [] }) =>
    grounds.map(({ ground, judgement, said }) =>
      [
        labelOf(by).padEnd(width),
        ground.padEnd(12),
        colours.judgement(judgement, (judgement === 'unjudged' ? '-' : judgement).padEnd(8)),
        printable(said),
      ].join('  '),
    ),
  )
  return rows.length === 0 ? [] : [`grounds of ${printableLine(name)}`, ...indented(rows)]
}

function worstOf(judgements: readonly Judgement[]): Judgement | undefined {
  return order.find((one) => judgements.includes(one))
}

/** As short as `holds` and its like. */
const labels: Readonly<Record<Interpreter, string>> = {
  twin: 'twin',
  netns: 'lab',
  containerlab: 'containers',
}

function labelOf(by: Interpreter): string {
  return labels[by]
}

/** Why some do not hold; what is the same for several, such as a host without labs, is said once. */
function faults(verdicts: readonly CombinedVerdict[], decoded: boolean, colours: Colours): string[][] {
  const groups = new Map<string, { readonly verdict: CombinedVerdict; readonly names: string[] }>()
  for (const verdict of verdicts) {
    const key = JSON.stringify([verdict.combined, groundLines(verdict, decoded)])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { verdict, names: [verdict.name] })
    else group.names.push(verdict.name)
  }
  return [...groups.values()].map(({ verdict, names }) => [
    `${colours.judgement(verdict.combined)}: ${names.map(printableLine).join(', ')}`,
    ...indented(groundLines(verdict, decoded)),
  ])
}

/** What each interpreter says, with its first finding decoded. One that finds nothing wrong is silent, unless in a dispute. */
function groundLines({ combined, verdicts }: CombinedVerdict, decoded: boolean): string[] {
  return verdicts
    .filter(({ judgement }) => judgement !== 'holds' || combined === 'disputed')
    .flatMap(({ by, judgement, reason, findings: [first, ...others] }) => [
      `${labelOf(by)}: ${judgement}${reason === undefined ? '' : `: ${printable(reason)}`}`,
      ...(first === undefined ? [] : indented(findingLines(first, decoded))),
      ...(others.length === 0 ? [] : [`  (${counted(others.length, 'finding')} more in the report)`]),
    ])
}

function findingLines(finding: Finding, decoded: boolean): string[] {
  const { invariant, message, node, link, clause, fate } = finding
  const places = [node, link, clause, fate].filter((part) => part !== undefined)
  const where = places.length === 0 ? '' : ` (${places.join(', ')})`
  return [
    `${invariant}: ${printable(message)}${where}`,
    ...(decoded ? indented((finding.decoded ?? []).map(printableLine)) : []),
  ]
}

/** A shrunk failure: what was sent, and what each node did to it. */
function failureLines(failure: Failure, colours: Colours): string[] {
  const { file, name, on, seed, scenario, blame } = failure
  return [
    `${colours.error('shrunk')}: ${printableLine(`${file} ${name}`)}, ${labelOf(on)}, seed ${seed}`,
    ...indented(scenario.map(printableLine)),
    ...indented(blame.map(printableLine), 4),
  ]
}
