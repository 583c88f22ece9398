/**
 * Suite `rib`: what FRR, GoBGP, the agents and the engines hold is what the twin says that they come to, over the union of both
 * sides; when nobody has spoken, when all have, and when all is forgotten again.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { NodeProgram } from '../../contract/program.js'
import { labUp, type Lab } from '../../lab/index.js'
import {
  compareRibs,
  compareTables,
  describeDifference,
  judgeByLedger,
  type TableDifference,
} from '../../lab/compare/rib.js'
import { ribLedger } from '../../lab/compare/rib-ledger.js'
import type { RoutingWatch } from '../../lab/routing.js'
import type { Injection, Target } from '../../record/target.js'
import { controlPlaneOf, type PredictedControlPlane } from '../../twin/fabric-control.js'
import { TwinFabric } from '../../twin/forward/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { newSeed, shipped } from './support/fabrics.js'
import { everyPair } from './support/frames.js'
import { needsRoot } from './support/host.js'

const Answer = z.looseObject({ program: NodeProgram })

beforeEach(needsRoot)

describe.each(['demo-bgp'] as const)('[Z01][Z02] the %s fabric', (name) => {
  const plan = shipped(name)
  const seed = newSeed()
  let lab: Lab
  let target: Target
  let routing: RoutingWatch
  let expected: PredictedControlPlane
  let twin: TwinFabric
  let traces = 0
  const next = () => ++traces

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
    const watch = await lab.routing()
    const predicted = controlPlaneOf(plan)
    if (watch === undefined || predicted === undefined) throw new Error(`${name} has no control plane`)
    routing = watch
    expected = predicted
    twin = new TwinFabric(plan, deriveKeys(plan, seed), { controlPlane: expected })
  })
  afterAll(async () => {
    if (process.getuid?.() !== 0) return
    routing.close()
    await target.close()
  })

  /** What twin and lab say otherwise, with what the ledger explains taken out. */
  async function unexplained(): Promise<string[]> {
    const differences = [
      ...compareRibs(expected.rows(), await routing.ribs()),
      ...(await tableDifferences(lab, plan, expected)),
    ]
    return judgeByLedger(differences, ribLedger).unexplained.map(describeDifference)
  }
  async function send(frames: readonly Injection[]): Promise<void> {
    twin.send(frames, { wire: [] })
    await target.send(frames)
  }

  it('holds what the twin says before anybody has spoken', async () => {
    expect(await unexplained()).toEqual([])
    expect(expected.rows().length).toBeGreaterThan(50)
  })

  it('holds what the twin says when all hosts have spoken to all', async () => {
    const before = expected.rows().length
    await send(everyPair(plan, next))
    expect(expected.rows().length).toBeGreaterThan(before + 20)
    expect(await unexplained()).toEqual([])
  })

  it('holds what the twin says when all was forgotten', async () => {
    twin.reset()
    await target.reset()
    expect(await unexplained()).toEqual([])
  })
})

async function tableDifferences(
  lab: Lab,
  plan: Plan,
  expected: PredictedControlPlane,
): Promise<TableDifference[]> {
  const each = plan.nodes.map(async ({ name }) => {
    const { program } = Answer.parse(await lab.control(name, { op: 'program' }))
    return compareTables(name, expected.tables(name), program.tables)
  })
  return (await Promise.all(each)).flat()
}
