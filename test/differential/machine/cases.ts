/**
 * Cases: a program, inputs, and what the twin makes of them.
 *
 * @module
 */
import { FabricNode, JournalWriter, type Input, type NodeTables } from '../../../twin/forward/index.js'
import type { Coverage } from './coverage.js'
import { randomInputs, sequence } from './inputs.js'
import { keysOf, randomProgram } from './programs.js'
import { Random } from './random.js'
import { vocabularyOf } from './vocabulary.js'
import { wireguardStory } from './wireguard-story.js'

/** All that is needed to have a case again. */
export interface CaseSeed {
  readonly program: number
  readonly inputs: number
  readonly count: number
}

export interface Case {
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** The first is the `load` of the program. */
  readonly inputs: readonly Input[]
}

/** One program in so many is that of a node with WireGuard peers, whose inputs are a dialogue. */
export const STORIES = 6

/** Clocks that engines meet: since boot, time of day, and the last there are. */
const STARTS = [
  0n,
  86_400_000_000_000n,
  1_790_000_000_000_000_000n,
  2n ** 63n - 5_000_000_000n,
  2n ** 64n - 2n ** 50n,
]

/** Whether a case is a dialogue of WireGuard. */
export const isStory = ({ program }: CaseSeed): boolean => program % STORIES === 0

/** The case of a seed. */
export function makeCase(seed: CaseSeed): Case {
  if (isStory(seed)) return wireguardStory(seed.inputs, seed.count)
  const program = randomProgram(seed.program)
  const keys = keysOf(program)
  const words = vocabularyOf(program, keys)
  const start = new Random(seed.inputs).pick(STARTS)
  return { keys, inputs: sequence(program, start, randomInputs(words, seed.inputs, seed.count)) }
}

/** What the twin makes of a case. */
export interface TwinRun {
  readonly journal: Uint8Array
  /** At the time of the last input. */
  readonly tables: NodeTables
}

/** Runs inputs on the twin. */
export function runTwin({ inputs, keys }: Case, coverage?: Coverage): TwinRun {
  const [first, ...rest] = inputs
  if (first?.kind !== 'load') throw new Error('a case starts with a program')
  const node = new FabricNode(first.program, keys, { tracer: coverage })
  const writer = new JournalWriter()
  writer.add(first, [])
  for (const input of rest) {
    const effects = node.input(input)
    coverage?.effects(effects)
    writer.add(input, effects)
  }
  return { journal: writer.bytes(), tables: node.tables() }
}

/** Cases without end, of so many inputs each. */
export function* caseSeeds(seed: number, count = 250): Generator<CaseSeed, never> {
  const random = new Random(seed)
  for (;;) yield { program: random.u32(), inputs: random.u32(), count }
}

/** How many of the inputs are frames. */
export function framesIn(one: Case): number {
  return one.inputs.filter((input) => input.kind === 'frame').length
}
