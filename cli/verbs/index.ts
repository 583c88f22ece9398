/**
 * Where each verb is. A verb's file, and all that it needs, is loaded when the verb is called.
 *
 * @module
 */
import type { VerbName } from '../commands.js'
import type { Answer, Invocation, Run } from '../invocation.js'

type Loaders = { readonly [Verb in VerbName]: () => Promise<{ readonly run: Run<Verb> }> }

const loaders: Loaders = {
  doctor: () => import('./doctor.js'),
  schema: () => import('./schema.js'),
  validate: () => import('./validate.js'),
  plan: () => import('./plan.js'),
  mapping: () => import('./mapping.js'),
  trace: () => import('./trace.js'),
  run: () => import('./run.js'),
  verify: () => import('./verify.js'),
  'test wireguard': () => import('./test-wireguard.js'),
  'test macsec': () => import('./test-macsec.js'),
  'test vxlan': () => import('./test-vxlan.js'),
  replay: () => import('./replay.js'),
  'lab up': () => import('./lab-up.js'),
  'lab apply': () => import('./lab-apply.js'),
  'lab down': () => import('./lab-down.js'),
  'lab list': () => import('./lab-list.js'),
  'lab exec': () => import('./lab-exec.js'),
  'lab capture': () => import('./lab-capture.js'),
  'lab control': () => import('./lab-control.js'),
  'lab wg': () => import('./lab-wg.js'),
  'lab export': () => import('./lab-export.js'),
  'lab image': () => import('./lab-image.js'),
  'lab import': () => import('./lab-import.js'),
  'lab rotate': () => import('./lab-rotate.js'),
  report: () => import('./report.js'),
}

/** A call whose arguments and options were parsed by the verb's own data, which is what gives them their types. */
type ParsedInvocation = Omit<Invocation<VerbName>, 'arguments' | 'options'> & {
  readonly arguments: Readonly<Record<string, unknown>>
  readonly options: Readonly<Record<string, unknown>>
}

/** Loads a verb and runs it. */
export async function runVerb(verb: VerbName, invocation: ParsedInvocation): Promise<Answer> {
  const { run } = await loaders[verb]()
  return (run as (invocation: ParsedInvocation) => Promise<Answer> | Answer)(invocation)
}
