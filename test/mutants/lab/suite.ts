/**
 * Families 1 and 2 in a running lab: wrong programs are loaded into its engines, the judges do not know. The same lab serves all
 * mutants, with the right plan between them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test, type TestContext } from 'vitest'
import type { Plan, PlanIntent } from '../../../contract/plan.js'
import { compareNodes, labUp, type Lab } from '../../../lab/index.js'
import { wiringOf, type KernelNeighbour } from '../../../lab/netns/wiring.js'
import { combine, judge } from '../../../record/judge.js'
import type { Target } from '../../../record/target.js'
import type { Judgement, Verdict } from '../../../record/verdict.js'
import { judgeAgreement, judgeNodes } from '../../../sdk/judge/agreement.js'
import { judgeIntent } from '../../../sdk/judge/intent.js'
import type { ScenarioTarget } from '../../../sdk/scenario-target.js'
import { controlFlow } from '../../../sdk/traffic/flow.js'
import { deriveKeys } from '../../../twin/program/index.js'
import { needsRoot } from '../../lab/support/host.js'
import { applySite, planMutants, unseenMutants, type PlanMutant, type Site } from '../plan/index.js'
import { invariantsOf, judgedBy, judgeUntil, JUDGED, wrongTwin } from '../support/judging.js'
import type { Subject } from '../support/subjects.js'
import { Table, testId, type Row } from '../support/table.js'
import { flowsOfPairs } from './pairs.js'

/** ms in which an engine does nothing, and between two such times. */
const PAUSE = { for: 60, every: 120 }

/** What a gateway asks its own hosts again is on no link between nodes: family 2 shows it by replay. */
const NOT_ON_LINKS: ReadonlySet<string> = new Set(['neighbours-forgotten'])

/** Tests of every mutant at one site of a fabric. */
export function labSuite(right: Subject): void {
  const table = new Table(`lab-${right.name}`)
  // Nobody shall know the keys of a lab.
  const seed = new Uint8Array(randomBytes(32))
  const subject: Subject = { ...right, keys: deriveKeys(right.plan, seed) }
  let lab: Lab
  let target: Target

  beforeEach(needsRoot)
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(subject.plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
  }, 60_000)
  afterAll(async () => {
    table.write()
    if (process.getuid?.() === 0) await target.close()
  }, 60_000)

  const judged = () => judgedBy(subject, target)

  /** Runs with the programs of a site in the lab, and gives it back the right ones. */
  async function withSite<T>(site: Site, run: () => Promise<T>): Promise<T> {
    const wrong = applySite(subject.plan, site)
    await load(subject.plan, wrong)
    try {
      return await run()
    } finally {
      await load(wrong, subject.plan)
    }
  }

  /** What differs between two plans, as a lab of the second would have it from the start: engines, and their kernels' neighbours. */
  async function load(before: Plan, after: Plan): Promise<void> {
    const [old, wanted] = [before, after].map((plan) => wiringOf(lab.id, plan).nodes)
    for (const [index, { name, program }] of after.nodes.entries()) {
      if (program === before.nodes[index]?.program) continue
      const known = new Set(old?.[index]?.neighbours.map((one) => JSON.stringify(one)))
      for (const neighbour of wanted?.[index]?.neighbours ?? []) {
        if (!known.has(JSON.stringify(neighbour))) await tellKernel(name, neighbour)
      }
      await lab.load(name, program)
    }
    await target.reset()
  }

  async function tellKernel(node: string, { device, address, mac }: KernelNeighbour): Promise<void> {
    const words = ['neigh', 'replace', address, 'lladdr', mac, 'dev', device, 'nud', 'permanent']
    const { code, stderr } = await lab.exec(node, ['ip', ...words])
    if (code !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`)
  }

  async function judgeJournals(): Promise<Verdict> {
    return judgeNodes(compareNodes(await lab.journals(), subject.keys), 'netns')
  }

  function addRow(row: Omit<Row, 'on' | 'state'>, found: boolean): void {
    table.add({ ...row, on: 'netns', state: found ? 'killed' : 'survived' })
  }

  describe(`a lab of ${subject.name}`, () => {
    test('with the right plan holds', async () => {
      const { verdicts } = await judgeUntil(judged(), JUDGED, () => false)
      expect(verdicts.filter(({ judgement }) => judgement !== 'holds')).toEqual([])
      expect(verdicts.length).toBeGreaterThan(3)
    })

    for (const mutant of planMutants) {
      const chosen = siteFor(subject.plan, mutant)
      if (chosen === undefined) continue
      test(`${tagsOf(mutant)} ${mutant.id}: violated in the lab, and disputed where the twin has the right plan`, async (context) => {
        const { site, intent } = await siteAndIntent(subject, mutant)
        const wrong = await judgeIntent(wrongTwin(subject, applySite(subject.plan, site)), intent)
        const honest = await judgeIntent(wrongTwin(subject, subject.plan), intent)
        const found = await withSite(site, async () => judgeIntent(judged(), intent))
        const same = combined(wrong, found)
        const apart = combined(honest, found)
        for (const [family, result, wanted] of [
          ['same plan on both sides', same, 'violated'],
          ['plan of one side', apart, 'disputed'],
        ] as const) {
          addRow({ ...rowOf(context, mutant, site), family, ...verdictOf(found) }, result === wanted)
        }
        expect({ lab: found.judgement, same, apart }).toEqual({
          lab: 'violated',
          same: 'violated',
          apart: 'disputed',
        })
      })
    }

    for (const mutant of unseenMutants.filter(({ id }) => !NOT_ON_LINKS.has(id))) {
      const site = siteFor(subject.plan, mutant)
      if (site === undefined) continue
      test(`[B02][B05] ${mutant.id} in the lab alone: disputed`, async (context) => {
        const verdict = await withSite(site, async () => compareLinks(judged()))
        addRow(
          { ...rowOf(context, mutant, site), family: 'plan of one side', ...verdictOf(verdict) },
          verdict.judgement === 'disputed',
        )
        expect(verdict.judgement).toBe('disputed')
      })
    }

    test('[T08] an engine that pauses: the latency intent is violated', async (context) => {
      const intent = subject.plan.intents.find((one) => one.kind === 'latency')
      if (intent?.kind !== 'latency') throw new Error(`${subject.name} asks for no latency`)
      const { nodes } = await lab.processes()
      const pid = nodes[subject.view.host(intent.from).leaf]
      if (typeof pid !== 'number') throw new Error('the engine does not run')
      const verdict = await paused(pid, async () => judgeIntent(judged(), intent))
      addRow(
        {
          mutant: 'engine-pauses',
          family: 'engine in a lab',
          site: subject.name,
          killedBy: [testId(context), verdict.name],
          invariants: [...invariantsOf(verdict)],
        },
        verdict.judgement === 'violated',
      )
      expect(verdict.judgement).toBe('violated')
    })

    test('[B02] after all of them the right plan holds, and every journal with all its programs is what the twin makes of it', async () => {
      const { verdicts } = await judgeUntil(judged(), JUDGED, () => false)
      expect(verdicts.filter(({ judgement }) => judgement !== 'holds')).toEqual([])
      expect(await compareLinks(judged())).toMatchObject({ judgement: 'holds', findings: [] })
      expect(await judgeJournals()).toMatchObject({ judgement: 'holds', findings: [] })
    })
  })

  function rowOf(context: TestContext, mutant: PlanMutant, site: Site) {
    return { mutant: mutant.id, site: `${subject.name} ${site.where}`, killedBy: [testId(context)] }
  }
}

const tagsOf = ({ rows }: PlanMutant) =>
  [...new Set(['B02', 'B05', ...rows])].map((row) => `[${row}]`).join('')

function verdictOf(verdict: Verdict): Pick<Row, 'invariants' | 'note'> {
  return { invariants: [...invariantsOf(verdict)], note: `${verdict.name} by ${verdict.by}` }
}

function combined(twin: Verdict, lab: Verdict): Judgement | undefined {
  return combine([twin, lab])[0]?.combined
}

function siteFor(plan: Plan, mutant: PlanMutant): Site | undefined {
  return mutant.sites(plan).find(({ equivalent }) => equivalent === undefined)
}

/** The first site, and the intent by which the twin finds it. */
async function siteAndIntent(
  subject: Subject,
  mutant: PlanMutant,
): Promise<{ readonly site: Site; readonly intent: PlanIntent }> {
  const site = siteFor(subject.plan, mutant)
  if (site === undefined) throw new Error(`${mutant.id} has no site`)
  const { found } = await judgeUntil(
    wrongTwin(subject, applySite(subject.plan, site)),
    mutant.foundBy,
    ({ judgement }) => judgement === 'violated',
  )
  const intent = subject.plan.intents.find(({ name }) => name === found?.name)
  if (intent === undefined) throw new Error(`the twin does not find ${mutant.id}`)
  return { site, intent }
}

/** Flows of every tenant, in the lab and in a twin of the right plan. */
async function compareLinks(target: ScenarioTarget): Promise<Verdict> {
  const { fabric } = target
  await target.reset()
  const flows = fabric.plan.tenants.flatMap(({ name }) => {
    const flow = controlFlow(fabric, fabric.tenant(name))
    const ports = Array.from({ length: 8 }, (_, index) => 1000 + index)
    return flow === undefined
      ? []
      : ports.map((sourcePort) => ({ ...flow, packet: { ...flow.packet, sourcePort } }))
  })
  const seen = await target.send([...flows, ...flowsOfPairs(fabric), ...flowsOfPairs(fabric)])
  const { judged, delivered, findings } = await judgeAgreement(seen)
  const evidence = { name: 'agreement:fabric', kind: 'agreement', by: 'netns' } as const
  return judge({ ...evidence, judged, controls: delivered, findings })
}

/** Stops a process again and again while something runs; it is running when this returns. */
async function paused<T>(pid: number, run: () => Promise<T>): Promise<T> {
  const stop = setInterval(() => {
    process.kill(pid, 'SIGSTOP')
    setTimeout(() => process.kill(pid, 'SIGCONT'), PAUSE.for)
  }, PAUSE.every)
  try {
    return await run()
  } finally {
    clearInterval(stop)
    process.kill(pid, 'SIGCONT')
  }
}
