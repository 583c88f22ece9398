/**
 * A result: what was measured, where, and how it reads as a table and as a file.
 *
 * @module
 */
import { meets, spreadOf, type Figure, type Skip, type Target } from './figure.js'
import type { Circumstances } from './host.js'

/** One run of the benches. */
export interface Result {
  readonly format: 'ztos-bench'
  readonly version: 1
  readonly taken: string
  readonly circumstances: Circumstances
  /** Load averages before the first bench and behind each. */
  readonly load: Readonly<Record<string, readonly number[]>>
  readonly figures: readonly (Figure & {
    readonly median: number
    readonly min: number
    readonly max: number
  })[]
  readonly skipped: readonly Skip[]
  /** Benches that could not do their work, and what stood in the way. */
  readonly failed: readonly Skip[]
}

/** Adds median and ends to a figure, all values to four digits: no clock here is better. */
export function summed(figure: Figure): Result['figures'][number] {
  const runs = figure.runs.map((value) => Number(value.toPrecision(4)))
  return { ...figure, runs, ...spreadOf(runs) }
}

export function tableOf({ circumstances, load, figures, skipped, failed }: Result): string {
  const { cpu, cores, memory, kernel, node, commit, modified } = circumstances
  const rows = figures.map((figure) => {
    const { name, tier, unit, median, min, max, runs, target } = figure
    const kept = meets(figure)
    return [
      name,
      tier,
      `${shown(median)} ${unit}`,
      `${shown(min)} to ${shown(max)}`,
      String(runs.length),
      target === undefined ? '-' : bound(target),
      kept === undefined ? '-' : kept ? 'met' : 'missed',
    ]
  })
  const header = ['figure', 'tier', 'median', 'spread', 'runs', 'target', '']
  const widths = header.map((title, n) => Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd()
  const details = figures.map(
    ({ name, detail }) =>
      `  ${name}: ${Object.entries(detail)
        .map(([key, value]) => `${key} ${value}`)
        .join(', ')}`,
  )
  const loads = Object.entries(load).map(([when, values]) => `${when} ${values[0] ?? '?'}`)
  return [
    `${cpu}, ${cores} cores, ${memory} GiB, Linux ${kernel}, Node ${node}, commit ${commit}${modified ? ', modified' : ''}`,
    `load: ${loads.join(', ')}${isBusy(load, cores) ? '; others were at work on this host too' : ''}`,
    '',
    ...[header, ...rows].map(line),
    '',
    ...details,
    ...skipped.map(({ name, reason }) => `skipped ${name}: ${reason}`),
    ...failed.map(({ name, reason }) => `failed ${name}: ${reason}`),
  ].join('\n')
}

/** Before the first bench nothing of ours runs, so that load is others'. */
function isBusy(load: Result['load'], cores: number): boolean {
  return (load['before']?.[0] ?? 0) > cores / 2
}

function bound(target: Target): string {
  if ('atLeast' in target) return `>= ${shown(target.atLeast)}`
  return `${target.eachRun === true ? 'each ' : ''}<= ${shown(target.atMost)}`
}

function shown(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
