/**
 * From a fabric file to a target: the plan, its keys, and the twin or lab that runs it.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Plan } from '../../contract/plan.js'
import { labEpochs } from '../../lab/state.js'
import type { Target, WireFrame } from '../../record/target.js'
import type { Interpreter } from '../../record/verdict.js'
import { trace } from '../../twin/forward/index.js'
import { formatProblem, loadFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { planBytes, planDigest, SEED_LENGTH, standInKeys, withEpochs } from '../../twin/program/index.js'
import { writePcapng } from '../../twin/packet/index.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { twinTarget } from '../../twin/target.js'
import { SdkError } from '../errors.js'
import { viewOf } from '../fabric-view.js'
import { openLabTarget } from '../lab-target.js'
import type { LabWitness } from '../lab-witness.js'
import { ScenarioTarget } from '../scenario-target.js'
import type { Keys } from '../traffic/wire.js'
import type { RunEnvironment } from './environment.js'

/** Replaces the twin or lab that tests run on, such as a lab of one's own, or a twin made wrong on purpose. */
export type OpenTarget = (plan: Plan, keys: Keys) => Promise<Target> | Target

/**
 * The plan of a test file: from the environment (a replay), or compiled from the fabric file.
 *
 * @throws SdkError `ZT_FABRIC` with every problem of the file
 */
export function planOf(file: string | undefined, environment: RunEnvironment): Plan {
  const plan = planAsWritten(file, environment)
  // A lab that runs may have had its keys rotated.
  return environment.lab === undefined ? plan : withEpochs(plan, labEpochs(environment.lab))
}

function planAsWritten(file: string | undefined, environment: RunEnvironment): Plan {
  if (environment.plan !== undefined) return readPlan(environment.plan)
  const name = file ?? environment.fabric
  if (name === undefined) {
    throw new SdkError('ZT_FABRIC', 'no fabric file is named', {
      remedy: "write fabricTest('./my.fabric.yaml'), or set ZTOS_FABRIC",
    })
  }
  const { fabric, problems } = loadFabric(name)
  if (fabric !== undefined) return compile(fabric)
  throw new SdkError('ZT_FABRIC', `${name} is no sound fabric\n${problems.map(formatProblem).join('\n')}`, {
    remedy: 'correct the file; `ztos validate` shows the same problems',
  })
}

function readPlan(file: string): Plan {
  try {
    return Plan.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new SdkError('ZT_ENVIRONMENT', `ZTOS_PLAN names ${file}, which cannot be read as a plan`, {
      remedy: 'name plan.json of a run record',
      cause,
    })
  }
}

/** Leaves the plan beside the results when a run record is being written. @returns the plan's digest */
export function keepPlan(plan: Plan, environment: RunEnvironment): string {
  const digest = planDigest(plan)
  if (environment.runDirectory !== undefined && environment.plan === undefined) {
    const folder = path.join(environment.runDirectory, 'plans')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(path.join(folder, planFileName(digest)), planBytes(plan), { mode: 0o600 })
  }
  return digest
}

/** File name of a plan in `plans/` of a run record. */
export function planFileName(digest: string): string {
  return `${digest.replace(/^sha256:/, '').slice(0, 16)}.json`
}

/** Where a target is opened; the rest of a run's environment is its own. */
export interface TargetEnvironment {
  readonly on: Interpreter
  /** A running lab. */
  readonly lab?: string | undefined
  /** File that says where keys are that are no lab keys. */
  readonly keySources?: string | undefined
  /** The record that is being written, in which a lab leaves its journals. */
  readonly run?: string | undefined
  readonly runDirectory?: string | undefined
}

/** Opens the target on which a plan's scenarios run. */
export async function openTarget(
  plan: Plan,
  environment: TargetEnvironment,
  open?: OpenTarget,
): Promise<ScenarioTarget & { readonly close: () => Promise<void> }> {
  const fabric = viewOf(plan)
  const run = randomBytes(4).readUInt32BE()
  const opened = await openWith(plan, environment, open)
  const { keys } = opened
  const target = new ScenarioTarget({
    fabric,
    target: opened.target,
    keys,
    ...(opened.witness === undefined ? {} : { witness: opened.witness }),
    ...(opened.knowledge === undefined ? {} : { knowledge: opened.knowledge }),
    ...(opened.tables === undefined ? {} : { tables: opened.tables }),
    run,
    ...(environment.runDirectory === undefined ? {} : { keep: keepIn(environment.runDirectory) }),
    openTwin: (of) => twinTarget(of, keys),
    walk: (of, injection, before, broken) =>
      trace(of, injection, { keys, before, broken, controlPlane: controlPlaneOf(of) }),
  })
  return Object.assign(target, { close: async () => opened.target.close() })
}

async function openWith(
  plan: Plan,
  { on, lab, keySources, run, runDirectory }: TargetEnvironment,
  open: OpenTarget | undefined,
): Promise<{
  readonly target: Target
  readonly keys: Keys
  readonly witness?: LabWitness
  readonly knowledge?: () => string
  readonly tables?: (node: string) => Promise<unknown>
}> {
  if (on !== 'twin' && open === undefined) {
    const keep =
      run === undefined || runDirectory === undefined
        ? undefined
        : { directory: runDirectory, run, env: process.env }
    return openLabTarget(plan, { on, id: lab, keySources }, keep)
  }
  // Keys of a twin protect nothing beyond this process: those of production have no business here.
  const keys = standInKeys(plan, randomBytes(SEED_LENGTH))
  if (open !== undefined) return { target: await open(plan, keys), keys }
  const target = twinTarget(plan, keys)
  return {
    target,
    keys,
    knowledge: () => target.knowledge(),
    tables: async (node) => Promise.resolve(target.tables(node)),
  }
}

/** Writes frames seen on links to `pcap/<name>.pcapng` of a run record, an interface a direction. */
function keepIn(directory: string): (name: string, frames: readonly WireFrame[]) => void {
  return (name, frames) => {
    const folder = path.join(directory, 'pcap')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const place = ({ link, from, to }: WireFrame) => `${link} ${from} to ${to}`
    const places = [...new Set(frames.map(place))].sort()
    const bytes = writePcapng({
      interfaces: places.map((one) => ({ name: one })),
      packets: frames.map((frame) => ({ interface: places.indexOf(place(frame)), bytes: frame.frame })),
      application: 'ztos',
    })
    writeFileSync(path.join(folder, `${name.replaceAll(/[^A-Za-z0-9.-]/g, '_')}.pcapng`), bytes, {
      mode: 0o600,
    })
  }
}
