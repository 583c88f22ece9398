/**
 * Whether a running lab can become what it is asked to: what cannot be done is said before anything is.
 *
 * @module
 */
import type { Plan, PlanNode } from '../../contract/plan.js'
import { sealGroups } from '../../twin/program/index.js'
import { checkFrrCan } from '../daemons/frr-config.js'
import { controlledOfAll } from '../apply/node-changes.js'
import type { SealState } from '../epochs.js'
import { LabError } from '../errors.js'
import { describeFault } from '../fault.js'
import type { Faults } from './faults.js'

export interface ApplyState {
  readonly seals: readonly SealState[]
  readonly faults: Pick<Faults, 'all' | 'busy'>
  /** Process ids of engines, `null` for one that has ended. */
  readonly engines: Readonly<Record<string, number | null>>
}

/**
 * No lab of the one becomes one of the other.
 *
 * @throws LabError `ZT_LAB_STATE`, `ZT_LAB_PLAN`
 */
export function checkPlans(lab: string, plan: Plan, after: Plan): void {
  const refuse = refusal(lab)
  if (plan.fabric !== after.fabric) {
    throw refuse(
      `it is a lab of ${plan.fabric}, and the plan one of ${after.fabric}`,
      'give the file the same `name`, or bring up a lab of its own',
    )
  }
  const hasControl = ({ nodes }: Plan) => nodes.some(({ control }) => control !== undefined)
  if (hasControl(plan) !== hasControl(after)) {
    throw refuse(
      `it is ${hasControl(plan) ? 'with' : 'without'} a control plane, and the plan is not`,
      'bring up a lab of its own',
    )
  }
  checkFrrCan(controlledOfAll(after))
  for (const node of after.nodes) {
    const was = plan.nodes.find(({ name }) => name === node.name)
    if (was !== undefined && punts(node) && !punts(was))
      throw refuse(`ports of ${node.name} are to punt by XDP from now on`, 'bring up a lab of its own')
  }
}

/**
 * Not as it is now.
 *
 * @param epochs of what is sealed in the new plan, by name
 * @throws LabError `ZT_LAB_STATE`
 */
export function checkState(
  lab: string,
  { seals, faults, engines }: ApplyState,
  after: Plan,
  epochs: ReadonlyMap<string, number>,
): void {
  const refuse = refusal(lab)
  const broken = faults.all.map(describeFault)
  if (broken.length > 0 || faults.busy)
    throw refuse(`it has faults: ${broken.join(', ') || 'one is being made'}`, 'repair what is broken first')
  const rotating = seals.filter(({ next }) => next !== undefined).map(({ name }) => name)
  if (rotating.length > 0) {
    throw refuse(
      `keys of ${rotating.join(', ')} are being rotated`,
      `wait, or complete it by \`ztos lab rotate ${lab}\``,
    )
  }
  const dead = Object.entries(engines).flatMap(([node, pid]) => (pid === null ? [node] : []))
  if (dead.length > 0)
    throw refuse(`the engine of ${dead.join(', ')} has ended`, 'take the lab down, and bring up another')
  checkEpochs(lab, seals, after, epochs)
}

function refusal(lab: string): (what: string, remedy: string) => LabError {
  return (what, remedy) => new LabError('ZT_LAB_STATE', `lab ${lab} cannot be changed: ${what}`, { remedy })
}

/** Whoever asks has chosen keys by what he saw. */
function checkEpochs(
  lab: string,
  seals: readonly SealState[],
  after: Plan,
  epochs: ReadonlyMap<string, number>,
): void {
  const known = new Map(seals.map((seal) => [seal.name, seal]))
  const otherwise = sealGroups(after).find(({ name, kind }) => {
    const seal = known.get(name)
    const epoch = epochs.get(name)
    return epoch === undefined || (seal !== undefined && seal.kind === kind && epoch < seal.epoch)
  })
  if (otherwise === undefined) return
  throw new LabError('ZT_LAB_STATE', `lab ${lab} has other keys of ${otherwise.name} by now`, {
    remedy: 'somebody has rotated them meanwhile; do it again',
  })
}

function punts({ program }: PlanNode): boolean {
  return program.interfaces.some((item) => item.kind === 'port' && item.punt !== undefined)
}
