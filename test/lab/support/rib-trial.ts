/**
 * One generated fabric held against a lab, and what came of it, as files: `tools/rib.mjs` reads them, and people.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { messageOf } from '../../../lab/errors.js'
import type { TableDifference } from '../../../lab/compare/rib.js'
import { ribFabric, type RibFabric } from './rib-fabrics.js'
import { RibLab } from './rib-lab.js'

/** What is done in a lab, in this order; tables are compared behind each. */
const PHASES = [
  { name: 'nobody has spoken', act: async () => undefined },
  { name: 'all have spoken', act: (rib: RibLab) => rib.send(rib.round()) },
  { name: 'all is forgotten', act: (rib: RibLab) => rib.reset() },
] as const

/** The file `SEED.json`. */
export interface Trial {
  readonly seed: number
  /** `running`: nothing has been seen yet, or the run was cut off. */
  readonly verdict: 'running' | 'equal' | 'different' | 'not-run'
  /** SHA-256 of the fabric file: what a seed draws changes with the generator. */
  readonly fabric: string
  /** In words. */
  readonly shape: string
  /** What was drawn before it for this seed and is not tried, with the reason. */
  readonly passedOver: readonly string[]
  /** What chance decided (`rib-chance.ts`), and the comparison did not ask. */
  readonly chance?: readonly string[]
  readonly lab?: string
  readonly seconds?: number
  /** s, of each part. */
  readonly took?: Readonly<Record<string, number>>
  /** By phase. */
  readonly differences?: readonly { readonly phase: string; readonly found: readonly TableDifference[] }[]
  /** Why it was not run, or not to its end. */
  readonly why?: string
  /** Found by an earlier run, of the same fabric file, and not tried again. */
  readonly isEarlier?: true
}

export interface TrialOptions {
  /** Where the outcome is written: `SEED.json`, `SEED.yaml` (the fabric file), and if they differ `SEED.txt` (both sides). */
  readonly folder: string
  /** Also if the folder says that this fabric was found equal before. */
  readonly again: boolean
}

/** Tries the fabric of a seed. It does not throw for what a lab does: that is its verdict. */
export async function tryFabric(seed: number, kept?: TrialOptions): Promise<Trial> {
  const drawn = ribFabric(seed)
  const begin: Trial = {
    seed,
    verdict: 'running',
    fabric: digestOf(drawn),
    shape: shapeOf(drawn),
    passedOver: drawn.passedOver,
  }
  const keep = (trial: Trial) => {
    if (kept !== undefined) write(kept.folder, trial, drawn)
    return trial
  }
  const earlier = kept === undefined || kept.again ? undefined : read(kept.folder, seed)
  if (earlier?.verdict === 'equal' && earlier.fabric === begin.fabric)
    return keep({ ...earlier, isEarlier: true })
  const start = performance.now()
  try {
    const { differences, chance, took } = await differencesIn(drawn, (lab) => keep({ ...begin, lab }))
    const verdict = differences.length === 0 ? 'equal' : 'different'
    return keep({ ...begin, verdict, seconds: secondsSince(start), chance, took, differences })
  } catch (error) {
    return keep({ ...begin, verdict: 'not-run', seconds: secondsSince(start), why: messageOf(error) })
  }
}

/** @param begun is told the lab's id before there is anything of it */
async function differencesIn({ plan }: RibFabric, begun: (lab: string) => void) {
  const took: Record<string, number> = {}
  const rib = await timed(took, 'up', () => RibLab.open(plan, begun))
  const differences: { phase: string; found: readonly TableDifference[] }[] = []
  try {
    for (const { name, act } of PHASES) {
      await timed(took, name, () => act(rib))
      const found = await timed(took, `${name}: at rest and compared`, () => rib.differences())
      if (found.length > 0) differences.push({ phase: name, found })
    }
  } finally {
    await timed(took, 'down', () => rib.close())
  }
  return { differences, chance: [...rib.chance], took }
}

async function timed<T>(took: Record<string, number>, what: string, act: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await act()
  took[what] = secondsSince(start)
  return result
}

/** To a tenth. */
function secondsSince(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10
}

function digestOf({ text }: RibFabric): string {
  return createHash('sha256').update(text).digest('hex')
}

function shapeOf({ plan }: RibFabric): string {
  const roles = ['spine', 'leaf', 'gate', 'edge'].map((base) => {
    const count = plan.nodes.filter(({ name }) => name.startsWith(base)).length
    return `${count} ${base}`
  })
  return [...roles, `${plan.tenants.length} tenants`, `${plan.hosts.length} hosts`].join(', ')
}

function read(folder: string, seed: number): Trial | undefined {
  const file = path.join(folder, `${seed}.json`)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Trial) : undefined
}

/** Each file at once: a reader never sees half of one. */
function write(folder: string, trial: Trial, { text }: RibFabric): void {
  mkdirSync(folder, { recursive: true })
  const put = (extension: string, content: string) => {
    const file = path.join(folder, `${trial.seed}.${extension}`)
    writeFileSync(`${file}.part`, content)
    renameSync(`${file}.part`, file)
  }
  put('yaml', text)
  if (trial.verdict === 'different') put('txt', sideBySide(trial))
  else rmSync(path.join(folder, `${trial.seed}.txt`), { force: true })
  put('json', `${JSON.stringify(trial, undefined, 1)}\n`)
}

/** For people: each row that differs, the twin's word above the lab's. */
export function sideBySide({ seed, differences = [] }: Trial): string {
  const blocks = differences.flatMap(({ phase, found }) => [
    `seed ${seed}, ${phase}: ${found.length} differ`,
    ...found.map(({ node, table, key, attribute, twin, lab }) =>
      [
        `  ${node} ${table} ${key}: ${attribute}`,
        `    twin  ${twin ?? '(none)'}`,
        `    lab   ${lab ?? '(none)'}`,
      ].join('\n'),
    ),
  ])
  return `${blocks.join('\n')}\n`
}
