/**
 * Fabrics and targets for the tests of this folder.
 *
 * @module
 */
import type { Plan } from '../../../contract/plan.js'
import type { Observation, Target, WireFrame } from '../../../record/target.js'
import type { EgressGuard, LabWitness } from '../../../sdk/lab-witness.js'
import { trace } from '../../../twin/forward/index.js'
import { formatProblem, loadFabric } from '../../../twin/model/index.js'
import { compile } from '../../../twin/compile.js'
import { deriveKeys, SEED_LENGTH } from '../../../twin/program/index.js'
import { controlPlaneOf } from '../../../twin/fabric-control.js'
import { twinTarget } from '../../../twin/target.js'
import { viewOf } from '../../../sdk/fabric-view.js'
import { ScenarioTarget } from '../../../sdk/scenario-target.js'

/** The plan of a shipped topology. */
export function planOf(name: string): Plan {
  const { fabric, problems } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}

/** Changes what a target says that it saw. */
export type Tamper = (observation: Observation, plan: Plan) => Observation

/** A witness of nodes that run a plan. */
export function witnessed(
  plan: Plan,
  guard: (node: string, port: string) => EgressGuard = () => ({ installed: true, dropped: 0 }),
): LabWitness {
  return {
    guards: async (node, ports) => Promise.resolve(ports.map((port) => guard(node, port))),
    program: async (node) => {
      const program = plan.nodes.find(({ name }) => name === node)?.program
      return program === undefined ? Promise.reject(new Error(node)) : Promise.resolve(program)
    },
  }
}

/** A twin of a plan, which may lie about what it saw, or run another plan than the one it is judged by. */
export function twinOf(
  plan: Plan,
  options: {
    readonly tamper?: Tamper
    readonly runs?: Plan
    readonly witness?: LabWitness
    /** What it says that packets took, as a lab would measure it. */
    readonly latency?: NonNullable<Target['latency']>
    readonly keep?: (name: string, frames: readonly WireFrame[]) => void
  } = {},
): ScenarioTarget {
  const keys = deriveKeys(plan, new Uint8Array(SEED_LENGTH).fill(7))
  const twin = twinTarget(options.runs ?? plan, keys)
  const { tamper, latency } = options
  const target: Target = {
    ...twin,
    ...(latency === undefined ? {} : { latency }),
    ...(tamper === undefined
      ? {}
      : { send: async (frames, wire) => tamper(await twin.send(frames, wire), plan) }),
  }
  return new ScenarioTarget({
    fabric: viewOf(plan),
    target,
    keys,
    run: 0x7e57,
    tables: async (node) => Promise.resolve(twin.tables(node)),
    ...(options.witness === undefined ? {} : { witness: options.witness }),
    ...(options.keep === undefined ? {} : { keep: options.keep }),
    openTwin: (of) => twinTarget(of, keys),
    walk: (of, injection, before, broken) =>
      trace(of, injection, { keys, before, broken, controlPlane: controlPlaneOf(of) }),
  })
}
