/**
 * The MACsec stage beside the bare call of its cipher in the same run (`dataplane/build/ztos-bench macsec`): 64 frames in memory,
 * protected and validated, on one core.
 *
 * @module
 */
import path from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'
import { root } from './demo.js'
import type { Bench, BenchContext, Figure, Target } from './figure.js'

const DATAPLANE = path.join(root, 'dataplane')
const PROGRAM = path.join(DATAPLANE, 'build/ztos-bench')
/** Vectors of 64 frames a round; ztos-bench takes the median of 31 rounds. */
const VECTORS = 200
const STAGE: Target = { atMost: 1.15 }

export const macsecBench: Bench = {
  name: 'macsec',
  what: "the MACsec stage beside libipsec-mb's bare call, 64 to 1420 octets, one core",
  run,
}

const Line = z.object({
  suite: z.string(),
  what: z.enum(['protect', 'validate']),
  octets: z.int(),
  ns: z.number(),
  peer: z.number(),
  ratio: z.number(),
})
type Line = z.infer<typeof Line>

async function run({ runs, signal, say }: BenchContext): Promise<readonly Figure[]> {
  await execa('make', ['--no-print-directory', '-s', '-C', DATAPLANE, 'bench'], { cancelSignal: signal })
  const taken: Line[][] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    const { stdout } = await execa(PROGRAM, ['macsec', String(VECTORS)], {
      cwd: DATAPLANE,
      cancelSignal: signal,
    })
    taken.push(stdout.split('\n').map((line) => Line.parse(JSON.parse(line))))
  }
  return (taken[0] ?? []).map((line, at) =>
    figureOf(
      line,
      taken.map((one) => one[at] ?? line),
    ),
  )
}

function figureOf({ suite, what, octets }: Line, lines: readonly Line[]): Figure {
  return {
    name: `macsec, ${suite}, ${what}, ${octets} octets, to the bare call`,
    unit: 'ratio',
    tier: 'engine',
    runs: lines.map(({ ratio }) => ratio),
    target: STAGE,
    detail: {
      octets,
      'ns, the stage': Math.min(...lines.map(({ ns }) => ns)),
      'ns, the call': Math.min(...lines.map(({ peer }) => peer)),
    },
  }
}
