/**
 * `survive` intents in a lab on BGP: failures are made one after the other in a real fabric, and what is to be kept is judged with each. What
 * keeps its intents holds on both sides; what a failure breaks is shown with that failure and a packet, whether the twin sees it coming or not.
 */
import assert from 'node:assert/strict'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { daemonDoor } from '../../lab/daemons/launch.js'
import { labUp, type Lab } from '../../lab/index.js'
import { combine } from '../../record/judge.js'
import type { Target } from '../../record/target.js'
import type { Verdict } from '../../record/verdict.js'
import { viewOf } from '../../sdk/fabric-view.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { deriveKeys } from '../../twin/program/index.js'
import { judgedBy, wrongTwin } from '../mutants/support/judging.js'
import type { Subject } from '../mutants/support/subjects.js'
import { newSeed, planOf } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

/** Two spines, two leaves, one host at each leaf; a network that is bridged and one way to another. */
function planWith(links: string): Plan {
  return planOf(`ztos: 1
name: survivor
underlay:
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/24
  bgp: { spines: 65000, leaves: 65101-65102 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  leaf[1-2]: { role: leaf }
links:
${links}
tenants:
  shop:
    l3vni: 50001
    networks:
      web: { vni: 10010, gateways: [10.1.0.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
intents:
  pair: { reach: { from: shop/web1, to: shop/web2, proto: udp } }
  one-cut: { survive: { links: 1, keep: [pair] } }
  one-dead: { survive: { nodes: 1, keep: [pair] } }
`)
}

class SurviveLab {
  private constructor(
    readonly lab: Lab,
    private readonly subject: Subject,
    private readonly target: Target,
  ) {}

  static async open(plan: Plan): Promise<SurviveLab> {
    const seed = newSeed()
    const lab = await labUp(plan, { keysSeed: seed })
    const subject = { name: plan.fabric, plan, keys: deriveKeys(plan, seed), view: viewOf(plan) }
    return new SurviveLab(lab, subject, await lab.target({ ownsLab: true }))
  }

  close(): Promise<void> {
    return this.target.close()
  }

  /** What twin and lab say of an intent, and both together. */
  async judge(name: string) {
    const intent = this.subject.view.intent(name)
    const twin = await judgeIntent(wrongTwin(this.subject, this.subject.plan), intent)
    await this.target.reset()
    const lab = await judgeIntent(judgedBy(this.subject, this.target), intent)
    return { twin, lab, both: combine([twin, lab])[0]?.combined }
  }

  /** What `vtysh` is told on a spine. */
  async vty(node: string, ...commands: readonly string[]): Promise<void> {
    const control = this.subject.plan.nodes.find((one) => one.name === node)!.control!
    const { folder } = daemonDoor(this.lab.paths.folder, node, control)
    const words = commands.flatMap((command) => ['-c', command])
    const argv = ['vtysh', '--vty_socket', folder, '-d', 'bgpd', ...words]
    const { code, stdout, stderr } = await this.lab.exec(node, argv)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout)
  }

  /** Sessions of a node, by the addresses of their far ends. */
  remotesOf(node: string): readonly string[] {
    const control = this.subject.plan.nodes.find((one) => one.name === node)?.control
    return control?.sessions.map(({ remote }) => remote) ?? []
  }
}

const judgements = ({ twin, lab, both }: Awaited<ReturnType<SurviveLab['judge']>>) => ({
  twin: twin.judgement,
  lab: lab.judgement,
  both,
})
/** Sets that an intent's findings name. */
const setsOf = ({ findings }: Verdict) => [...new Set(findings.map(({ message }) => message.split(', ')[0]))]

describe('a fabric with two ways between its leaves', () => {
  let survivor: SurviveLab
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    survivor = await SurviveLab.open(planWith('  - { from: "leaf[1-2]", to: "spine[1-2]" }'))
  })
  afterAll(() => survivor?.close())

  it.each([
    ['one-cut', 'link'],
    ['one-dead', 'node'],
  ])('[C04] %s: any single %s may fail, in the twin and in the lab, each of them made', async (name) => {
    const seen = await survivor.judge(name)
    expect(judgements(seen)).toEqual({ twin: 'holds', lab: 'holds', both: 'holds' })
    expect(seen.lab.findings).toEqual([])
    expect(seen.lab.reason).toContain('4 sets of one failure, 4 made in the lab')
    // Something was sent while each of them was broken.
    expect(seen.lab.judged).toBeGreaterThanOrEqual(4)
  })

  it('[C04] a spine that keeps its routes to itself: the lab shows the cut that breaks it, with its packet; the twin was not told', async () => {
    const { asn } = survivor.lab.plan.nodes.find(({ name }) => name === 'spine2')!.control!
    const filtered = (no: '' | 'no ') =>
      survivor.vty(
        'spine2',
        'configure terminal',
        ...(no === '' ? ['ip prefix-list NOTHING seq 5 deny any'] : []),
        `router bgp ${asn}`,
        'address-family ipv4 unicast',
        ...survivor.remotesOf('spine2').map((remote) => `${no}neighbor ${remote} prefix-list NOTHING out`),
        'end',
        'clear bgp ipv4 unicast * soft out',
      )
    await filtered('')
    try {
      // Nothing is missed as long as nothing fails.
      expect(judgements(await survivor.judge('pair'))).toEqual({ twin: 'holds', lab: 'holds', both: 'holds' })
      const seen = await survivor.judge('one-cut')
      expect(judgements(seen)).toEqual({ twin: 'holds', lab: 'violated', both: 'disputed' })
      expect(setsOf(seen.lab)).toEqual(['with leaf1--spine1 down'])
      expect(seen.lab.findings.some(({ frame }) => (frame?.length ?? 0) >= 28)).toBe(true)
    } finally {
      await filtered('no ')
    }
  })
})

describe('a fabric with a leaf that has one link', () => {
  it('[C04] twin and lab show the same failing set, each with its packet', async () => {
    const links = '  - { from: leaf1, to: "spine[1-2]" }\n  - { from: leaf2, to: spine2 }'
    const survivor = await SurviveLab.open(planWith(links))
    try {
      const seen = await survivor.judge('one-cut')
      expect(judgements(seen)).toEqual({ twin: 'violated', lab: 'violated', both: 'violated' })
      for (const verdict of [seen.twin, seen.lab]) {
        expect(setsOf(verdict)).toEqual(['with leaf1--spine2 down'])
        expect(verdict.findings.some(({ frame }) => (frame?.length ?? 0) >= 28)).toBe(true)
      }
    } finally {
      await survivor.close()
    }
  })
})
