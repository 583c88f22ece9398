/**
 * Which clauses were executed and which fates decided, against the list that the machine's page gives.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import fates from '../../../contract/fates.json' with { type: 'json' }
import type { Effect, Tracer } from '../../../twin/forward/index.js'
import exceptions from './clauses.json' with { type: 'json' }

const PAGE = new URL('../../../docs/fabric-machine.md', import.meta.url)

/** Counts clauses and fates. */
export class Coverage implements Tracer {
  /** How often each clause was executed. */
  readonly clauses = new Map<string, number>()
  readonly fates = new Map<string, number>()
  /** How often each clause came to each outcome, as the trace words it; numbers left out. */
  readonly outcomes = new Map<string, number>()

  step(clause: string, _interface: number, what: string): void {
    count(this.clauses, clause)
    count(
      this.outcomes,
      `${clause} ${what.replace(/0x[0-9a-f]+|\d+/g, 'N').replace(/(bridge|VRF) \S+/, '$1')}`,
    )
  }

  effects(effects: readonly Effect[]): void {
    for (const effect of effects) if (effect.kind === 'fate') count(this.fates, effect.fate)
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Clause ids of the page, in its order. */
export function clausesOfPage(): string[] {
  const page = readFileSync(PAGE, 'utf8')
  return [...page.matchAll(/^- \*\*([A-Z0-9]+-\d+)\*\*/gm)].map(([, id = '']) => id)
}

/** A clause or fate that generated inputs cannot reach, why, and the test that proves it. */
export interface Exception {
  readonly reason: string
  /** File and title of a test. */
  readonly proof: readonly { readonly file: string; readonly test: string }[]
}

export const CLAUSE_EXCEPTIONS: Readonly<Record<string, Exception>> = exceptions.clauses
export const FATE_EXCEPTIONS: Readonly<Record<string, Exception>> = exceptions.fates

/** One sentence for each clause and fate that was not reached and is not excepted, and for each exception in vain. */
export function gaps(coverage: Coverage): string[] {
  const found: string[] = []
  const clauses = clausesOfPage()
  for (const id of clauses) {
    const isExcepted = id in CLAUSE_EXCEPTIONS
    if (!coverage.clauses.has(id) && !isExcepted) found.push(`clause ${id} was not executed`)
    if (coverage.clauses.has(id) && isExcepted) found.push(`clause ${id} was executed and needs no exception`)
  }
  for (const id of Object.keys(CLAUSE_EXCEPTIONS)) {
    if (!clauses.includes(id)) found.push(`exception ${id} is no clause of the page`)
  }
  for (const id of coverage.clauses.keys()) {
    if (!clauses.includes(id)) found.push(`the twin cites ${id}, which is no clause of the page`)
  }
  for (const { name } of fates.fates) {
    const isExcepted = name in FATE_EXCEPTIONS
    if (!coverage.fates.has(name) && !isExcepted) found.push(`fate ${name} was not reached`)
    if (coverage.fates.has(name) && isExcepted) found.push(`fate ${name} was reached and needs no exception`)
  }
  return found
}

/** One sentence for each proof that is not there: its file, or a test of that title in it. */
export function missingProofs(exceptions: Readonly<Record<string, Exception>>): string[] {
  const root = new URL('../../../', import.meta.url)
  return Object.entries(exceptions).flatMap(([id, { proof }]) => {
    if (proof.length === 0) return [`${id} has no proof`]
    return proof.flatMap(({ file, test }) =>
      readFileSync(new URL(file, root), 'utf8').includes(test)
        ? []
        : [`${id}: ${file} has no test '${test}'`],
    )
  })
}
