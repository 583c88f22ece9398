/**
 * Tells a person where twin and engine differ: the frame decoded, what each made of it, the clauses that the twin
 * executed, and the line that shows it again.
 *
 * @module
 */
import {
  describeOutput,
  FabricNode,
  readJournal,
  type Input,
  type JournalEntry,
  type NewRecord,
  type Step,
} from '../../../twin/forward/index.js'
import { bytesEqual, explainFrame, toHex } from '../../../twin/packet/index.js'
import { runTwin, type Case, type CaseSeed } from './cases.js'
import type { EngineBench, EngineFailure, EngineMode } from './engine.js'
import { shrink } from './shrink.js'

/** The smallest case that still differs in the same mode. */
export function shrinkCase(
  bench: EngineBench,
  one: Case,
  mode: EngineMode,
): { small: Case; failure: EngineFailure } {
  const [program, ...inputs] = one.inputs
  if (program === undefined) throw new Error('a case starts with a program')
  const failureOf = (some: readonly Input[]): EngineFailure | undefined => {
    const candidate = { ...one, inputs: [program, ...some] }
    return bench.run(runTwin(candidate), one.keys, mode)
  }
  const small = { ...one, inputs: [program, ...shrink(inputs, (some) => failureOf(some) !== undefined)] }
  const failure = failureOf(small.inputs.slice(1))
  if (failure === undefined)
    throw new Error('the mismatch is not reproducible: the engine differs from run to run')
  return { small, failure }
}

/** All that is worth saying about a mismatch. */
export function explainMismatch(
  bench: EngineBench,
  small: Case,
  failure: EngineFailure,
  seed: CaseSeed,
): string {
  const twin = readJournal(runTwin(small).journal)
  const { mode } = failure
  const lines = [
    `twin and engine differ (cache ${mode.cache}, vectors of ${mode.vector}, ${mode.aead ?? 'the best cipher'})`,
    `case: ZT_CASE=${seed.program}:${seed.inputs}:${seed.count}, shrunk to ${small.inputs.length - 1} inputs`,
    `engine ended with ${failure.status}: ${failure.stderr.trim() === '' ? '(said nothing)' : failure.stderr.trim()}`,
    `again: ${bench.commandLine(mode)}`,
  ]
  if (failure.tables.length > 0) {
    const told = small.inputs.slice(1).map((input, i) => `input ${i + 1}: ${describeInput(input)}`)
    return [...lines, 'journals are equal, tables in the end differ:', ...failure.tables, ...told].join('\n')
  }
  // With any other status it gave up, and what it wrote is no journal.
  const hasJournal = failure.status === '0' || failure.status === '1'
  const engine = hasJournal && failure.journal !== undefined ? entriesOf(failure.journal) : undefined
  const at = engine === undefined ? twin.entries.length - 1 : firstDifference(twin.entries, engine)
  if (at < 0)
    return [...lines, 'all outputs are equal; the journals differ elsewhere (END, headers)'].join('\n')
  const entry = twin.entries[at]
  if (entry === undefined) return [...lines, `the engine has ${engine?.length ?? 0} inputs`].join('\n')
  lines.push(
    '',
    `input ${at}: ${describeInput(entry.input)}`,
    '',
    'twin:',
    ...entry.outputs.map(outputLine),
    'engine:',
    ...(engine?.[at]?.outputs ?? []).map(outputLine),
    '',
    'clauses that the twin executed:',
    ...stepsOf(small, at).map(({ clause, interface: id, what }) => `  ${clause.padEnd(10)} ${id}: ${what}`),
  )
  return lines.join('\n')
}

function entriesOf(journal: Uint8Array): readonly JournalEntry[] {
  return readJournal(journal).entries
}

function firstDifference(twin: readonly JournalEntry[], engine: readonly JournalEntry[]): number {
  return twin.findIndex(({ outputs }, i) => {
    const others = engine[i]?.outputs
    return (
      others === undefined ||
      others.length !== outputs.length ||
      outputs.some((one, k) => !same(one, others[k]))
    )
  })
}

function same(a: NewRecord, b: NewRecord | undefined): boolean {
  return (
    b !== undefined &&
    a.type === b.type &&
    a.interface === b.interface &&
    a.now === b.now &&
    bytesEqual(a.payload, b.payload)
  )
}

function describeInput(input: Input): string {
  switch (input.kind) {
    case 'frame':
    case 'punt': {
      const frame = input.frame instanceof Uint8Array ? input.frame : input.frame.frame
      return `${input.kind} on ${input.interface} at ${input.now}\n${explainFrame(frame, { hex: true })}`
    }
    case 'control':
      return `control ${JSON.stringify(input.request)} at ${input.now}`
    case 'neighbour':
      return `neighbour on ${input.interface}: ${input.address} ${input.mac ?? 'removed'} at ${input.now}`
    case 'load':
    case 'clock':
    case 'seed':
      return `${input.kind} at ${input.now}`
  }
}

function outputLine(record: NewRecord): string {
  const octets = record.payload.length > 2 ? `\n    ${toHex(record.payload)}` : ''
  return `  ${describeOutput(record)}${octets}`
}

function stepsOf(small: Case, at: number): Step[] {
  const [first, ...rest] = small.inputs
  if (first?.kind !== 'load') return []
  let steps: Step[] = []
  const tracer = {
    step: (clause: string, id: number, what: string) => void steps.push({ clause, interface: id, what }),
  }
  const node = new FabricNode(first.program, small.keys, { tracer })
  for (const input of rest.slice(0, at)) {
    steps = []
    node.input(input)
  }
  return steps
}
