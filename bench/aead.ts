/**
 * ChaCha20-Poly1305 across packets beside libipsec-mb's job API in the same run (`dataplane/build/ztos-bench aead`): batches of 64
 * texts, each with a key of its own, sealed and opened in memory on one core.
 *
 * @module
 */
import path from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { root } from './demo.js'
import type { Bench, BenchContext, Figure, Skip, Target } from './figure.js'

const DATAPLANE = path.join(root, 'dataplane')
const PROGRAM = path.join(DATAPLANE, 'build/ztos-bench')
/** Batches a round; ztos-bench takes the median of 31 rounds. */
const BATCHES = 200
/** What the targets are about; the others are there for processors that have no AVX-512. */
const BEST = 'avx512-ifma'
/** Of the best way, at so many octets: how much of the peer's time it may take. */
const RATIOS: ReadonlyMap<number, number> = new Map([
  [64, 0.45],
  [256, 0.6],
  [1420, 1],
])
/** Mixed lengths beside even ones of (nearly) the same mean. */
const EVEN = 736
const MIXED: Target = { atMost: 1.3 }

export const aeadBench: Bench = {
  name: 'aead',
  what: 'ChaCha20-Poly1305 across packets beside libipsec-mb, 64 to 1420 octets, one core',
  run,
}

const Line = z.object({
  way: z.string(),
  what: z.enum(['seal', 'open']),
  mixed: z.boolean(),
  octets: z.number(),
  ns: z.number(),
  peer: z.number(),
  ratio: z.number(),
})
type Line = z.infer<typeof Line>

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  await execa('make', ['--no-print-directory', '-s', '-C', DATAPLANE, 'bench'], { cancelSignal: signal })
  const taken: Line[][] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const { stdout } = await execa(PROGRAM, ['aead', String(BATCHES)], {
      cwd: DATAPLANE,
      cancelSignal: signal,
    })
    taken.push(stdout.split('\n').map((line) => Line.parse(JSON.parse(line))))
  }
  const first = taken[0] ?? []
  if (first.length === 0) return [{ name: 'aead', reason: 'the processor has neither AVX2 nor AVX-512 IFMA' }]
  const best = first.some(({ way }) => way === BEST)
    ? []
    : [{ name: `aead, ${BEST}`, reason: 'the processor has no AVX-512 IFMA' }]
  return [...first.flatMap((line, at) => figuresOf(line, at, taken)), ...best]
}

function figuresOf(line: Line, at: number, taken: readonly (readonly Line[])[]): readonly Figure[] {
  const { way, what, mixed, octets } = line
  const name = `aead, ${way}, ${what}, ${mixed ? 'mixed lengths' : `${octets} octets`}`
  const lines = taken.map((one) => one[at] ?? line)
  const limit = way === BEST && !mixed ? RATIOS.get(octets) : undefined
  const beside: Figure = {
    name: `${name}, to libipsec-mb's`,
    unit: 'ratio',
    tier: 'engine',
    runs: lines.map(({ ratio }) => ratio),
    ...(limit === undefined ? {} : { target: { atMost: limit } }),
    detail: {
      octets,
      'ns, ours': median(lines.map(({ ns }) => ns)),
      'ns, theirs': median(lines.map(({ peer }) => peer)),
    },
  }
  if (!mixed) return [beside]
  const isEven = (one: Line): boolean => one.way === way && one.what === what && one.octets === EVEN
  const toEven: Figure = {
    name: `${name}, to even ones`,
    unit: 'ratio',
    tier: 'engine',
    runs: taken.map((one, n) => (lines[n]?.ns ?? NaN) / octets / perOctet(one.find(isEven))),
    ...(way === BEST ? { target: MIXED } : {}),
    detail: { 'mean octets': octets, 'even octets': EVEN },
  }
  return [beside, toEven]
}

function perOctet(line: Line | undefined): number {
  return line === undefined ? NaN : line.ns / line.octets
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
