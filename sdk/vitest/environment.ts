/**
 * How a run reaches the tests: environment variables, set by `ztos run`, `verify` and `replay`, or by hand.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import { labInterpreters, type Interpreter } from '../../record/verdict.js'
import { SdkError } from '../errors.js'

/** What the environment says. */
export interface RunEnvironment {
  /** `ZTOS_ON`: where tests run. */
  readonly on: Interpreter
  /** `ZTOS_FABRIC`: the fabric file of tests that name none. */
  readonly fabric: string | undefined
  /** `ZTOS_PLAN`: a compiled plan that stands for every fabric file; a replay must not depend on a file that changed. */
  readonly plan: string | undefined
  /** `ZTOS_SEED`: seed of generated traffic. */
  readonly seed: number | undefined
  /** `ZTOS_PATH`: go to this counterexample at once; of the how manieth `forAll` of the test. */
  readonly path: { readonly forAll: number; readonly path: string } | undefined
  /** `ZTOS_RUNS`: cases of every property. */
  readonly runs: number | undefined
  /** `ZTOS_LAB`: a running lab to judge as it is. */
  readonly lab: string | undefined
  /** `ZTOS_KEY_SOURCES`: file that says where keys are that are no lab keys. */
  readonly keySources: string | undefined
  /** `ZTOS_RUN`: id of the run record that is being written, and `ZTOS_RUN_DIR`, where. */
  readonly run: string | undefined
  readonly runDirectory: string | undefined
  /** `ZTOS_COMMAND`: how the command is called here, for replay lines. */
  readonly command: string
}

/**
 * Reads the environment.
 *
 * @throws SdkError `ZT_ENVIRONMENT` naming the variable that is not usable
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): RunEnvironment {
  const text = (name: string) => (env[name] === '' ? undefined : env[name])
  return {
    on: interpreter(text('ZTOS_ON')),
    fabric: text('ZTOS_FABRIC'),
    plan: text('ZTOS_PLAN'),
    seed: integer('ZTOS_SEED', text('ZTOS_SEED'), -0x8000_0000, 0xffff_ffff),
    path: replayPath(text('ZTOS_PATH')),
    runs: integer('ZTOS_RUNS', text('ZTOS_RUNS'), 1, 10_000_000),
    lab: text('ZTOS_LAB'),
    keySources: text('ZTOS_KEY_SOURCES'),
    run: text('ZTOS_RUN'),
    runDirectory: text('ZTOS_RUN_DIR'),
    command: text('ZTOS_COMMAND') ?? 'npx ztos',
  }
}

/** A fresh seed, as fast-check takes it. */
export function newSeed(): number {
  return randomInt(0x7fff_ffff)
}

function interpreter(text: string | undefined): Interpreter {
  if (text === undefined || text === 'twin') return 'twin'
  const lab = labInterpreters.find((one) => one === text)
  if (lab !== undefined) return lab
  throw new SdkError('ZT_ENVIRONMENT', `ZTOS_ON is '${text}'`, {
    remedy: `use one of twin, ${labInterpreters.join(', ')}`,
  })
}

function integer(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^-?\d+$/.test(text) && value >= min && value <= max) return value
  throw new SdkError('ZT_ENVIRONMENT', `${name} is '${text}'`, {
    remedy: `use an integer from ${min} to ${max}`,
  })
}

/** `12:0:3` of the first `forAll` of a test, or `2/12:0:3` of the second. */
function replayPath(text: string | undefined): RunEnvironment['path'] {
  if (text === undefined) return undefined
  const match = /^(?:([1-9]\d{0,3})\/)?(\d+(?::\d+)*)$/.exec(text)
  if (match === null) {
    throw new SdkError('ZT_ENVIRONMENT', `ZTOS_PATH is '${text}'`, {
      remedy: 'copy it from the failure, such as 12:0:3',
    })
  }
  return { forAll: Number(match[1] ?? 1), path: match[2] ?? '' }
}
