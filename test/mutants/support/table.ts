/**
 * The table of mutants: what was tried, where, and what found it. Each test file leaves its rows in a part
 * of its own, `test-results/mutants/`; the conformance ledger is held against all parts (tools/lib/mutant-table.mjs).
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, type TestContext } from 'vitest'
import { z } from 'zod'
import { ROOT } from './compile-twin.js'

const FAMILIES = [
  'same plan on both sides',
  'plan of one side',
  'source of the twin',
  'source of the engine',
  'blinded judge',
  'engine in a lab',
  'harmless change',
  'source of the codecs',
  'leaking fabric',
  'altered journal',
  'simulated control plane',
  'control plane of a lab',
  'judge of what survives',
  'judge of seals',
  'reader of fabric files',
  'topology definition file',
  'change in place',
] as const

const Row = z.strictObject({
  mutant: z.string(),
  family: z.enum(FAMILIES),
  /** Fabric and place: `demo leaf1 vxlan10010`; for sources the clause. */
  site: z.string(),
  on: z.enum(['twin', 'replay', 'netns', 'scapy']),
  state: z.enum(['killed', 'survived', 'equivalent', 'green', 'complained of']),
  /** Ids of tests, as in the accounts, and names of verdicts. */
  killedBy: z.array(z.string()),
  /** Invariants that spoke. */
  invariants: z.array(z.string()).optional(),
  /** Why it is equivalent, or how it was found. */
  note: z.string().optional(),
})
/** A mutant at a site, and what became of it. */
export type Row = z.infer<typeof Row>

const PARTS = path.join(ROOT, 'test-results/mutants')

/** Rows of one test file. */
export class Table {
  readonly #rows: Row[] = []
  readonly #name: string

  /** @param name of the file's part */
  constructor(name: string) {
    this.#name = name
  }

  add(row: Row): void {
    this.#rows.push(row)
  }

  /** To be called when the file is done. */
  write(): void {
    mkdirSync(PARTS, { recursive: true })
    writeFileSync(
      path.join(PARTS, `${this.#name}.json`),
      JSON.stringify(z.array(Row).parse(this.#rows), undefined, 1),
    )
  }
}

/** The id of the test that runs, as accounts have it: `file > name`. */
export function testId(context: TestContext): string {
  const name = expect.getState().currentTestName
  if (name === undefined) throw new Error('no test runs')
  return `${context.task.file.name} > ${name}`
}
