/**
 * Labs of runs: brought up, or attached to; and when not having one is the host's doing.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Plan } from '../../contract/plan.js'
import type { DoctorReport } from '../../lab/doctor/index.js'
import type { Lab } from '../../lab/index.js'
import type { LabInterpreter } from '../../record/verdict.js'
import { planDigest, SEED_LENGTH, sourcedKeys, withEpochs } from '../../twin/program/index.js'
import { SdkError } from '../errors.js'
import { keySourcesOf } from './session.js'
import type { RunOptions } from './session.js'

/** A lab for a run. An own one goes when this process does; one that is named is judged as it is. */
export async function openLab(
  plan: Plan,
  on: LabInterpreter,
  options: RunOptions & { readonly lab?: string },
): Promise<Lab> {
  const { attach, labUp } = await import('../../lab/index.js')
  if (options.lab !== undefined) return checked(await attach(options.lab), plan)
  return labUp(plan, {
    keysSeed: randomBytes(SEED_LENGTH),
    keySources: keySourcesOf(options),
    driver: on,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onProgress: ({ step, phase }) => options.onProgress?.({ kind: 'lab', step, phase }),
  })
}

/** @throws {KeyError} before anything is done that takes time, when no source is known for a key of the lab */
export async function checkKeys(plan: Plan, options: RunOptions & { readonly lab?: string }): Promise<void> {
  if (options.lab !== undefined || sourcedKeys(plan).length === 0) return
  const { checkKeySources } = await import('../../lab/index.js')
  checkKeySources(plan, keySourcesOf(options))
}

/** A running lab of another plan cannot be judged by this one. */
function checked(lab: Lab, plan: Plan): Lab {
  // Keys may have been rotated since.
  if (planDigest(lab.plan) === planDigest(withEpochs(plan, new Map()))) return lab
  lab.close()
  throw new SdkError(
    'ZT_USAGE',
    `lab ${lab.id} was brought up from another fabric (${lab.plan.fabric}), or from another state of the file`,
    {
      remedy: 'verify the file from which it was brought up, or bring up another lab',
    },
  )
}

/** Codes of what this host, not the fabric and not the program, stands in the way of. */
const host: ReadonlySet<string> = new Set(['ZT_LAB_PRIVILEGE', 'ZT_LAB_MISSING', 'ZT_LAB_PLAN'])

/**
 * Why this host has no lab, in a sentence; `undefined` when something else went wrong. A command that failed while a lab came up
 * says by itself nothing about the host: it counts as the host's doing only where `doctor` finds that labs cannot be had here,
 * and else as a fault of the program.
 */
export async function whyNoLab(
  error: unknown,
  ask: () => Promise<DoctorReport> = async () => (await import('../../lab/doctor/index.js')).doctor(),
): Promise<string | undefined> {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const [what = ''] = error.message.replace(/^ZT_[A-Z_]+: /, '').split('\n')
  if (host.has(error.code)) return `no lab on this host: ${what} (see ztos doctor)`
  if (error.code !== 'ZT_LAB_COMMAND') return undefined
  const { checks, tiers } = await ask()
  const engine = tiers.find(({ tier }) => tier === 'engine')
  // What could not be tried is no proof that the host cannot.
  const lacking = checks.filter(
    ({ id, outcome }) => outcome === 'no' && engine?.missing.includes(id) === true,
  )
  if (lacking.length === 0) return undefined
  const names = lacking.map(({ title, detail }) => `${title}${detail === undefined ? '' : ` (${detail})`}`)
  return `no lab on this host: it lacks ${names.join(', ')}; ${what} (see ztos doctor)`
}
