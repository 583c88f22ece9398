/**
 * Labs as targets. The lab is loaded when one is asked for: the twin must run where no lab can.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import type { Lab } from '../lab/index.js'
import type { Target } from '../record/target.js'
import type { LabInterpreter } from '../record/verdict.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import { witnessOf } from './lab-witness.js'
import type { LabWitness } from './lab-witness.js'
import { journalsName } from './runner/journal-names.js'
import { keyFile, writeKeyFile } from './runner/key-file.js'
import type { Keys } from './traffic/wire.js'

/** A lab's target and the values of its keys. */
export interface OpenedLab {
  readonly target: Target
  readonly keys: Keys
  readonly witness: LabWitness
  /** A text that is the same when nodes know the same. */
  readonly knowledge: () => string
  /** A node's dynamic state: the answer to `tables` (`contract/control.ts`). */
  readonly tables: (node: string) => Promise<unknown>
}

/** The lab that is wanted. */
export interface LabWanted {
  readonly on: LabInterpreter
  /** One that runs already. */
  readonly id: string | undefined
  readonly keySources: string | undefined
}

/** Where a lab that was brought up for tests leaves its journals, and their keys. */
export interface KeepJournals {
  /** Folder of the run record that is being written. */
  readonly directory: string
  readonly run: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Brings a lab of the plan up, or attaches to one that is running, which is then judged as it is and left running.
 *
 * @param lab a running lab, or where one that is brought up finds its keys
 * @param keep what becomes of the journals of a lab that was brought up, before it is taken down
 * @throws LabError when this host cannot, or there is no such lab
 */
export async function openLabTarget(
  plan: Plan,
  { on, id, keySources }: LabWanted,
  keep?: KeepJournals,
): Promise<OpenedLab> {
  const { attach, labUp } = await import('../lab/index.js')
  const lab =
    id === undefined
      ? await labUp(plan, { keysSeed: randomBytes(SEED_LENGTH), keySources, driver: on })
      : await attach(id)
  const keys = new Map(
    [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
  )
  try {
    const target = await lab.target({ ownsLab: id === undefined })
    const witness = witnessOf(lab)
    const knowledge = () => target.knowledge()
    const tables = async (node: string) => lab.control(node, { op: 'tables' })
    if (keep === undefined || id !== undefined) return { target, keys, witness, knowledge, tables }
    const close = async () => {
      try {
        await keepJournals(lab, keys, keep)
      } finally {
        await target.close()
      }
    }
    return { target: delegating(target, close), keys, witness, knowledge, tables }
  } catch (error) {
    if (id === undefined) await lab.down()
    throw error
  }
}

/** A target that closes in its own way. */
function delegating(target: Target, close: () => Promise<void>): Target {
  const { interpreter, plan } = target
  const latency = target.latency?.bind(target)
  const fail = target.fail?.bind(target)
  const repair = target.repair?.bind(target)
  return {
    interpreter,
    plan,
    send: async (frames, options) => target.send(frames, options),
    reset: async () => target.reset(),
    advanceTime: async (ns) => target.advanceTime(ns),
    ...(latency === undefined ? {} : { latency }),
    ...(fail === undefined ? {} : { fail }),
    ...(repair === undefined ? {} : { repair }),
    close,
  }
}

async function keepJournals(lab: Lab, keys: Keys, { directory, run, env }: KeepJournals): Promise<void> {
  const name = journalsName(lab)
  const folder = path.join(directory, 'journals', name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const [node, bytes] of await lab.journals()) {
    writeFileSync(path.join(folder, `${node}.ztj`), bytes, { mode: 0o600 })
  }
  writeKeyFile(keyFile(`${run}-${name}`, env), keys)
}
