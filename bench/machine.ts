/**
 * The engine's machine in memory: `dataplane/build/ztos-bench`, nanoseconds a frame on its main paths with the flow cache and
 * without. Instructions a frame, where valgrind is installed: a busy host changes times, and not these. Callgrind knows no
 * AVX-512, so it counts the AVX2 build of the crypto library.
 *
 * @module
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { root } from './demo.js'
import type { Bench, BenchContext, Figure, Skip } from './figure.js'

const DATAPLANE = path.join(root, 'dataplane')
const PROGRAM = path.join(DATAPLANE, 'build/ztos-bench')
/** Counts instructions. */
const COUNTER = 'valgrind'
/** Vectors of 64 frames a round; ztos-bench takes the median of nine rounds. */
const VECTORS = 300
/** Of two runs under callgrind, whose difference is frames alone. */
const COUNTED = { few: 10, many: 60 }
/** Rounds and frames in a vector of ztos-bench. */
const [ROUNDS, VECTOR] = [9, 64]

export const machineBench: Bench = {
  name: 'machine',
  what: "the engine's machine in memory, by path: ns and instructions a frame, cache on and off",
  run,
}

const Line = z.object({
  path: z.string(),
  octets: z.int(),
  flows: z.int(),
  cache: z.boolean(),
  cpu: z.string(),
  ns: z.number(),
})
type Line = z.infer<typeof Line>

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  await execa('make', ['--no-print-directory', '-s', '-C', DATAPLANE, 'bench'], { cancelSignal: signal })
  const taken: Line[][] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const { stdout } = await execa(PROGRAM, [String(VECTORS)], { cwd: DATAPLANE, cancelSignal: signal })
    taken.push(stdout.split('\n').map((line) => Line.parse(JSON.parse(line))))
  }
  const first = taken[0] ?? []
  const times = first.map((line, n): Figure => ({
    name: titleOf(line),
    unit: 'ns/frame',
    tier: 'engine',
    runs: taken.map((lines) => lines[n]?.ns ?? NaN),
    detail: { octets: line.octets, flows: line.flows, 'CPU features': line.cpu },
  }))
  const short = first.filter(({ octets, path: way }) => octets === shortest(first, way))
  return [...times, ...(await counted(short, signal, say))]
}

function titleOf({ path: way, octets, cache }: Line): string {
  return `machine, ${way}, ${octets} octets, cache ${cache ? 'on' : 'off'}`
}

function shortest(lines: readonly Line[], way: string): number {
  return Math.min(...lines.filter((line) => line.path === way).map(({ octets }) => octets))
}

async function counted(
  lines: readonly Line[],
  signal: AbortSignal,
  say: BenchContext['say'],
): Promise<readonly (Figure | Skip)[]> {
  const has = await execa(COUNTER, ['--version'], { reject: false })
  if (has.exitCode !== 0) return [{ name: 'machine, instructions', reason: 'valgrind is not installed' }]
  const folder = await mkdtemp(path.join(tmpdir(), 'ztos-bench-'))
  try {
    const figures: Figure[] = []
    for (const line of lines) {
      say(`instructions: ${titleOf(line)}`)
      const few = await instructions(line, COUNTED.few, folder, signal)
      const many = await instructions(line, COUNTED.many, folder, signal)
      const frames = (COUNTED.many - COUNTED.few) * ROUNDS * VECTOR
      figures.push({
        name: `${titleOf(line)}, instructions`,
        unit: 'instructions/frame',
        tier: 'engine',
        // The same program over the same frames counts the same: one run says it.
        runs: [(many - few) / frames],
        detail: { octets: line.octets, flows: line.flows, by: 'callgrind' },
      })
    }
    return figures
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function instructions(
  line: Line,
  vectors: number,
  folder: string,
  signal: AbortSignal,
): Promise<number> {
  const out = path.join(folder, 'callgrind.out')
  const argv = ['--tool=callgrind', `--callgrind-out-file=${out}`, PROGRAM, String(vectors), line.path]
  await execa(COUNTER, [...argv, line.cache ? 'on' : 'off'], { cwd: DATAPLANE, cancelSignal: signal })
  const total = /^(?:totals|summary): (\d+)/m.exec(await readFile(out, 'utf8'))?.[1]
  if (total === undefined) throw new Error('callgrind gave no total')
  return Number(total)
}
