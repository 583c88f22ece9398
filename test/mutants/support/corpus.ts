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
import type { NodeTables } from '../../../twin/forward/index.js'
import { toHex } from '../../../twin/packet/index.js'
import {
  caseSeeds,
  framesIn,
  makeCase,
  runTwin,
  type Case,
  isStory,
  STORIES,
  type CaseSeed,
} from '../../differential/machine/cases.js'
import { controlEdgeCases } from './control-edges.js'
import { edgeCases } from './edges.js'
import { runEngine } from './engine.js'
import { groupEdgeCases } from './group-edges.js'
import { macsecEdgeCases } from './macsec-edges.js'
import { wireguardEdgeCases } from './wireguard-edges.js'

/** A case, and what twin and engine make of it. */
export interface RecordedCase {
  readonly name: string
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** With all outputs. */
  readonly journal: Uint8Array
  /** In the end. */
  readonly tables: NodeTables
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

/** What a case is about: a dialogue of WireGuard costs handshakes, and says little of anything else. */
type Subject = 'wireguard' | 'others'

/** Cases, made when they are asked for and kept. A mutant that all of them leave alive has survived. */
export class Corpus {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'ztos-mutants-'))
  readonly #kinds: Readonly<Record<Subject, Made>> = {
    wireguard: new Made(this.#folder, 'wireguard', wireguardSources()),
    others: new Made(this.#folder, 'others', otherSources()),
  }

  /** Cases on which twin and engine differ: nothing can be said about mutants by them. */
  get disputed(): readonly string[] {
    return Object.values(this.#kinds).flatMap(({ disputed }) => disputed)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** All cases, those first that a fault at this clause is looked for in: edge cases, then random ones. */
  *for(clause: string): Generator<RecordedCase> {
    const order = clause.startsWith('WG-')
      ? (['wireguard', 'others'] as const)
      : (['others', 'wireguard'] as const)
    for (const kind of order) yield* this.#kinds[kind]
  }
}

/** Cases of a kind. */
class Made {
  readonly disputed: string[] = []
  readonly #made: RecordedCase[] = []

  constructor(
    private readonly folder: string,
    private readonly kind: Subject,
    private readonly source: Iterator<readonly [string, Case]>,
  ) {}

  *[Symbol.iterator](): Generator<RecordedCase> {
    for (let index = 0; ; index++) {
      const known = this.#made[index] ?? this.#make()
      if (known === undefined) return
      yield known
    }
  }

  #make(): RecordedCase | undefined {
    const next = this.source.next()
    if (next.done === true) return undefined
    const [name, made] = next.value
    const file = path.join(this.folder, `${this.kind}-${this.#made.length}`)
    const one: RecordedCase = {
      name,
      keys: made.keys,
      ...runTwin(made),
      frames: framesIn(made),
      journalFile: `${file}.ztj`,
      keyFile: `${file}.json`,
    }
    writeFileSync(one.journalFile, one.journal)
    const keys = Object.fromEntries([...made.keys].map(([reference, key]) => [reference, toHex(key)]))
    writeFileSync(one.keyFile, JSON.stringify(keys), { mode: 0o600 })
    if (runEngine(one).outcome !== 'equal') this.disputed.push(name)
    this.#made.push(one)
    return one
  }
}

function* wireguardSources(): Generator<readonly [string, Case]> {
  yield* wireguardEdgeCases()
  yield* random(SEED, MOST_FRAMES / STORIES, isStory)
}

function* otherSources(): Generator<readonly [string, Case]> {
  yield* edgeCases()
  yield* controlEdgeCases()
  yield* groupEdgeCases()
  yield* macsecEdgeCases()
  yield* random(SEED, MOST_FRAMES, isOther)
  let long = 0
  for (const seed of caseSeeds(SEED, MOST_FRAMES)) {
    if (isStory(seed)) continue
    yield [nameOf(seed), makeCase(seed)]
    if (++long === LONG_CASES) return
  }
}

/** Random cases of a kind, of so many frames. */
function* random(
  seed: number,
  most: number,
  isWanted: (seed: CaseSeed) => boolean,
): Generator<readonly [string, Case]> {
  let frames = 0
  for (const one of caseSeeds(seed)) {
    if (!isWanted(one)) continue
    const made = makeCase(one)
    yield [nameOf(one), made]
    frames += framesIn(made)
    if (frames >= most) return
  }
}

const isOther = (seed: CaseSeed): boolean => !isStory(seed)

function nameOf({ program, inputs, count }: CaseSeed): string {
  return `${program}:${inputs}:${count}`
}
