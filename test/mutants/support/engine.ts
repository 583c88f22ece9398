/**
 * The engine, right or with one of the faults that are compiled into its build for mutants.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { NodeTables } from '../../../twin/forward/index.js'
import { differentRows } from '../../differential/machine/tables.js'
import { ROOT } from './compile-twin.js'

const RIGHT = path.join(ROOT, 'dataplane/build/ztos-fpe')
const MUTANTS = path.join(ROOT, 'dataplane/build/ztos-fpe-mutants')

/** A fault of the engine's source. */
export interface EngineMutant {
  readonly name: string
  readonly clause: string
  readonly meaning: string
}

/** Builds what the stages run; nothing is done when nothing changed. */
export function buildEngine(): void {
  const make = [
    'make',
    '--no-print-directory',
    '-s',
    '-j2',
    '-C',
    path.join(ROOT, 'dataplane'),
    'all',
    'mutants',
  ]
  const done = spawnSync('flock', [path.join(ROOT, 'dataplane'), ...make], { encoding: 'utf8' })
  if (done.error !== undefined) throw done.error
  if (done.status !== 0) throw new Error(`the engine does not build:\n${done.stdout}${done.stderr}`)
}

/** All faults, as the program lists them. */
export function engineMutants(): readonly EngineMutant[] {
  const done = spawnSync(MUTANTS, ['--list-mutants'], { encoding: 'utf8' })
  if (done.error !== undefined) throw done.error
  return z
    .array(z.strictObject({ name: z.string(), clause: z.string(), meaning: z.string() }))
    .parse(JSON.parse(done.stdout))
}

/** A journal and its keys. */
export interface EngineInput {
  readonly journalFile: string
  readonly keyFile: string
  /** What is in its tables in the end; absent: nobody looks. */
  readonly tables?: NodeTables
}

export interface EngineMode {
  readonly cache: 'on' | 'off'
  readonly vector: number
}

/** What the engine made of a journal. */
export interface EngineOutcome {
  /** `ended`: a signal, or its own sanity checks, stopped it. */
  readonly outcome: 'equal' | 'different' | 'ended'
  readonly detail: string
}

/**
 * Replays a journal.
 *
 * @param mutant runs the build of mutants with this fault
 * @throws when the engine cannot make sense of what it was given, which says nothing about the fault
 */
export function runEngine(
  { journalFile, keyFile, tables }: EngineInput,
  mode: EngineMode = { cache: 'on', vector: 64 },
  mutant?: string,
): EngineOutcome {
  const args = ['replay', '--journal', journalFile, '--keys', keyFile]
  args.push('--cache', mode.cache, '--vector', String(mode.vector))
  if (mutant !== undefined) args.push('--mutant', mutant)
  const tablesFile = `${journalFile}.tables`
  if (tables !== undefined) args.push('--tables', tablesFile)
  const done = spawnSync(mutant === undefined ? RIGHT : MUTANTS, args, { encoding: 'utf8', timeout: 60_000 })
  if (done.error !== undefined) throw done.error
  const detail = firstLine(done.stderr)
  if (done.signal !== null) return { outcome: 'ended', detail: `${done.signal} ${detail}` }
  if (done.status === 0) {
    const [row] =
      tables === undefined ? [] : differentRows(tables, JSON.parse(readFileSync(tablesFile, 'utf8')))
    return row === undefined ? { outcome: 'equal', detail } : { outcome: 'different', detail: row }
  }
  if (done.status === 1) return { outcome: 'different', detail }
  throw new Error(`ztos-fpe exited ${done.status ?? ''}: ${done.stderr}`)
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
