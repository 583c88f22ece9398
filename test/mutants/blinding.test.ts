/**
 * Each invariant is needed: with it blinded, a mutant survives that is otherwise found. One that nothing needs would be
 * decoration.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { compareNodes } from '../../lab/compare/node.js'
import { judge } from '../../record/judge.js'
import { invariantIds, type InvariantId } from '../../record/invariants.js'
import type { Target } from '../../record/target.js'
import type { Verdict } from '../../record/verdict.js'
import { judgeAgreement, judgeNodes } from '../../sdk/judge/agreement.js'
import type { LabWitness } from '../../sdk/lab-witness.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { viewOf } from '../../sdk/fabric-view.js'
import { controlFlow } from '../../sdk/traffic/flow.js'
import { twinTarget } from '../../twin/target.js'
import { witnesses, witnessName, type Witness } from './blind/witness.js'
import { applySite, planMutants, unseenMutants, type Site } from './plan/index.js'
import { judgeEverything } from './support/everything.js'
import { judgedBy, wrongTwin } from './support/judging.js'
import { loadMutated } from './support/mutated-twin.js'
import { recordJudges, withProgram } from './support/recorded-traffic.js'
import { shipped, type Subject } from './support/subjects.js'
import { Table, testId } from './support/table.js'

const demo = shipped('demo')
const table = new Table('blinding')
afterAll(() => table.write())
afterEach(() => {
  delete process.env['ZTOS_BLIND']
})

/** What is found with an invariant blinded, or none. */
async function blinded(
  id: InvariantId | undefined,
  run: () => Promise<readonly Verdict[]>,
): Promise<readonly string[]> {
  if (id !== undefined) process.env['ZTOS_BLIND'] = id
  const verdicts = await run()
  delete process.env['ZTOS_BLIND']
  return verdicts
    .filter(({ judgement, kind }) => judgement !== 'holds' && kind !== 'survive')
    .map(
      ({ name, judgement, findings, reason }) =>
        `${name} ${judgement}: ${findings[0]?.invariant ?? reason ?? ''} ${findings[0]?.message ?? ''}`,
    )
}

describe('the right fabric', () => {
  test('has nothing to find, whatever judges it', async () => {
    expect(await blinded(undefined, async () => judgeEverything(measured(demo, 1000)))).toEqual([])
  })
})

describe('blinding an invariant lets a mutant live', () => {
  for (const id of invariantIds) {
    const witness = witnesses[id]
    test(`[B05] ${id}: ${witnessName(witness)}`, async (context) => {
      const run = await judgesOf(witness)
      const found = await blinded(undefined, run)
      const left = await blinded(id, run)
      table.add({
        mutant: witnessName(witness),
        family: 'blinded judge',
        site: id,
        on: witness.kind === 'one side' ? 'replay' : 'twin',
        state: found.length > 0 ? 'killed' : 'survived',
        killedBy: [testId(context)],
        invariants: [id],
        ...(left.length === 0 ? { note: 'survives when the invariant is blinded' } : {}),
      })
      expect(found.length, 'the mutant is found').toBeGreaterThan(0)
      expect(left, `the mutant survives without ${id}`).toEqual([])
    })
  }
})

async function judgesOf(witness: Witness): Promise<() => Promise<readonly Verdict[]>> {
  switch (witness.kind) {
    case 'plan': {
      const plan = applySite(demo.plan, siteOf(witness))
      return async () => judgeEverything(timed(demo, twinTarget(plan, demo.keys), 1000))
    }
    case 'source': {
      const { target } = await loadMutated(witness.mutant)
      return async () => judgeEverything(timed(demo, target.twinTarget(demo.plan, demo.keys), 1000))
    }
    case 'outside':
      return async () => judgeEverything(seenFromOutside(demo, witness.mutant))
    case 'slow':
      return async () => judgeEverything(measured(demo, witness.delay))
    case 'mute':
      return async () => judgeIsolation(mute(demo))
    case 'one side':
      return witness.by === 'replay' ? replayOf(siteOf(witness)) : linksOf(siteOf(witness))
  }
}

function siteOf({ mutant, where }: { readonly mutant: string; readonly where: string }): Site {
  const found = [...planMutants, ...unseenMutants].find(({ id }) => id === mutant)
  const site = found?.sites(demo.plan).find((one) => one.where === where)
  if (site === undefined) throw new Error(`${mutant} has no site ${where}`)
  return site
}

/** The twin in the place of a lab, of which a witness says something else than it should. */
function seenFromOutside(subject: Subject, mutant: 'guard-removed' | 'engine-in-check-mode') {
  const nodes = structuredClone(subject.plan.nodes)
  const seal = nodes[0]?.program.interfaces.find((one) => one.kind === 'macsec')
  if (mutant === 'engine-in-check-mode' && seal?.kind === 'macsec') seal.mode = 'check'
  return timed(subject, twinTarget(subject.plan, subject.keys), 1000, {
    guards: async (node, ports) =>
      Promise.resolve(
        ports.map(() => ({ installed: mutant !== 'guard-removed' || node !== 'leaf1', dropped: 0 })),
      ),
    program: async (node) => {
      const found = nodes.find(({ name }) => name === node)
      return found === undefined ? Promise.reject(new Error(node)) : Promise.resolve(found.program)
    },
  })
}

/** A target whose every packet takes so long, ns, as a lab would measure it. */
function timed(subject: Subject, target: Target, delay: number, outside?: LabWitness) {
  const measuring: Target = {
    ...target,
    latency: async ({ count }) => ({
      tier: 'none',
      samples: Array.from({ length: count }, () => delay),
      sent: count,
    }),
  }
  return judgedBy(subject, measuring, outside)
}

function measured(subject: Subject, delay: number) {
  return timed(subject, twinTarget(subject.plan, subject.keys), delay)
}

/** Hosts are cut off: their ports take nothing. */
function mute(subject: Subject): Subject {
  const nodes = subject.plan.nodes.map((node) => {
    const ports = new Set(
      subject.plan.hosts.flatMap(({ at }) => (at.node === node.name ? [at.interface] : [])),
    )
    const interfaces = node.program.interfaces.map((one) =>
      ports.has(one.id) && one.kind === 'port' ? { ...one, mtu: 68 } : one,
    )
    return { ...node, program: { ...node.program, interfaces } }
  })
  const plan = { ...subject.plan, nodes }
  return { ...subject, plan, view: viewOf(plan) }
}

async function judgeIsolation(subject: Subject): Promise<readonly Verdict[]> {
  const target = wrongTwin(subject, subject.plan)
  const intents = subject.plan.intents.filter(({ kind }) => kind === 'isolate')
  return Promise.all(intents.map(async (intent) => judgeIntent(target, intent)))
}

/** The twin of a wrong plan replays what the right one recorded. */
async function replayOf({ programs }: Site): Promise<() => Promise<readonly Verdict[]>> {
  const journals = await recordJudges(demo)
  const changed = programs.map((program): [string, Uint8Array] => [
    program.node,
    withProgram(journals.get(program.node) ?? new Uint8Array(), program),
  ])
  return async () => [judgeNodes(compareNodes(new Map(changed), demo.keys), 'twin')]
}

/** What a fabric with a wrong plan shows on its links, against the twin of the right plan. */
function linksOf(site: Site): () => Promise<readonly Verdict[]> {
  return async () => {
    const target = wrongTwin(demo, applySite(demo.plan, site))
    const flows = demo.plan.tenants.flatMap(({ name }) => {
      const flow = controlFlow(demo.view, demo.view.tenant(name))
      return flow === undefined
        ? []
        : Array.from({ length: 8 }, (_, port) => ({
            ...flow,
            packet: { ...flow.packet, sourcePort: 1000 + port },
          }))
    })
    const seen = await target.send(flows)
    const { judged, delivered, findings } = await judgeAgreement(seen)
    return [
      judge({
        name: 'agreement:fabric',
        kind: 'agreement',
        by: 'twin',
        judged,
        controls: delivered,
        findings,
      }),
    ]
  }
}
