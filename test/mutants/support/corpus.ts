/**
 * What wrong machines are run on: the cases of the differential tests (random programs, random inputs, deep ones), and
 * cases made for edges that random ones meet too seldom. The engine has run every case and agrees with the twin, so that a
 * recorded output is the word of both.
 *
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { toHex } from '../../../twin/packet/index.js'
import {
  caseSeeds,
  framesIn,
  makeCase,
  runTwin,
  type Case,
  type CaseSeed,
} from '../../differential/machine/cases.js'
import { edgeCases } from './edges.js'
import { runEngine } from './engine.js'
import { groupEdgeCases } from './group-edges.js'

/** A case, and what twin and engine make of it. */
export interface RecordedCase {
  readonly name: string
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** With all outputs. */
  readonly journal: Uint8Array
  readonly frames: number
  /** Files for the engine. */
  readonly journalFile: string
  readonly keyFile: string
}

/** Seed of the random cases: the same on every run, so that a mutant that is found today is found tomorrow. */
const SEED = 20_260_101
/** Frames of random cases, of as many programs as they come to, and then so many inputs of one program, as often. */
const MOST_FRAMES = 100_000
const LONG_CASES = 2

/** Cases, made when they are asked for and kept. A mutant that all of them leave alive has survived. */
export class Corpus {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'ztos-mutants-'))
  readonly #made: RecordedCase[] = []
  readonly #source: Iterator<readonly [string, Case]> = sources()
  /** Cases on which twin and engine differ: nothing can be said about mutants by them. */
  readonly disputed: string[] = []

  #make(): RecordedCase | undefined {
    const next = this.#source.next()
    if (next.done === true) return undefined
    const [name, made] = next.value
    const number = this.#made.length
    const one: RecordedCase = {
      name,
      keys: made.keys,
      journal: runTwin(made),
      frames: framesIn(made),
      journalFile: path.join(this.#folder, `${number}.ztj`),
      keyFile: path.join(this.#folder, `${number}.json`),
    }
    writeFileSync(one.journalFile, one.journal)
    const keys = Object.fromEntries([...made.keys].map(([reference, key]) => [reference, toHex(key)]))
    writeFileSync(one.keyFile, JSON.stringify(keys), { mode: 0o600 })
    if (runEngine(one).outcome !== 'equal') this.disputed.push(name)
    this.#made.push(one)
    return one
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Edge cases first, then random ones, until there are no more. */
  *[Symbol.iterator](): Generator<RecordedCase> {
    for (let index = 0; ; index++) {
      const known = this.#made[index] ?? this.#make()
      if (known === undefined) return
      yield known
    }
  }
}

function* sources(): Generator<readonly [string, Case]> {
  yield* edgeCases()
  yield* groupEdgeCases()
  let frames = 0
  for (const seed of caseSeeds(SEED)) {
    const made = makeCase(seed)
    yield [nameOf(seed), made]
    frames += framesIn(made)
    if (frames >= MOST_FRAMES) break
  }
  let long = 0
  for (const seed of caseSeeds(SEED, MOST_FRAMES)) {
    yield [nameOf(seed), makeCase(seed)]
    if (++long === LONG_CASES) return
  }
}

function nameOf({ program, inputs, count }: CaseSeed): string {
  return `${program}:${inputs}:${count}`
}
