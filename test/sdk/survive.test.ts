import { describe, expect, test } from 'vitest'
import type { Plan, PlanIntent } from '../../contract/plan.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { failureSets, JudgedSets, Visited } from '../../sdk/judge/failure-sets.js'
import { formatProblem, parseFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { twinOf } from './testing/demo.js'

/** Three leaves, each with a link to each spine, and one web network on all. */
function fabricOf(
  spines: number,
  survive: string,
  {
    leaf3 = '1-3',
    control = 'bgp',
  }: { readonly leaf3?: '1' | '1-3'; readonly control?: 'bgp' | 'static' } = {},
): Plan {
  const { fabric, problems } = parseFabric(
    `
ztos: 1
name: redundant
underlay:
  mtu: 1700
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/23
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: ${control}
nodes:
  spine[1-${spines}]: { role: spine }
  leaf[1-3]: { role: leaf }
links:
  - { from: "leaf[1-2]", to: "spine[1-${spines}]" }
  - { from: leaf3, to: "${leaf3 === '1' ? 'spine1' : `spine[1-${spines}]`}" }
tenants:
  shop:
    l3vni: 50001
    networks:
      web: { vlan: 10, vni: 10010, gateways: [10.1.0.1/24] }
      db: { vlan: 20, vni: 10020, gateways: [10.1.1.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
      db1: { at: leaf3, network: db }
intents:
  web-db: { reach: { from: shop/web, to: shop/db, proto: udp/53 } }
  web-web: { reach: { from: shop/web1, to: shop/web2, proto: udp/53 } }
  any: { survive: ${survive} }
`,
    'redundant.yaml',
  )
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}

const any = (plan: Plan): PlanIntent => twinOf(plan).fabric.intent('any')

describe('survive, on the twin', () => {
  test('[C04] any single link may fail where there are two ways, and each set is counted', async () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-db, web-web] }')
    const verdict = await judgeIntent(twinOf(plan), any(plan))
    expect(verdict).toMatchObject({ kind: 'survive', judgement: 'holds', findings: [] })
    expect(verdict.reason).toMatch(/^6 sets of one failure, \d made, \d come to what smaller ones came to$/)
    expect(verdict.controls).toBeGreaterThan(0)
  })

  test('[C04] any single node may fail; its own hosts are not counted', async () => {
    const plan = fabricOf(2, '{ nodes: 1, keep: [web-db] }')
    expect(await judgeIntent(twinOf(plan), any(plan))).toMatchObject({ judgement: 'holds' })
  })

  test('[C04] where a leaf has one link no way is left for some cut: the set is named, with its packet', async () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-db] }', { leaf3: '1' })
    const verdict = await judgeIntent(twinOf(plan), any(plan))
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings[0]?.message).toMatch(/^with leaf1--spine1 down, web-db: /)
    expect(verdict.findings.some(({ decoded }) => (decoded ?? []).length > 0)).toBe(true)
  })

  test('[C04] so it is where tables are the compiler’s, and no set changes any', async () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-db] }', { leaf3: '1', control: 'static' })
    const verdict = await judgeIntent(twinOf(plan), any(plan))
    expect(verdict.findings[0]?.message).toMatch(/^with leaf\d--spine\d down, web-db: /)
  })

  test('[C04] two failures at once are another question: the first set that fails is of two', async () => {
    const plan = fabricOf(2, '{ links: 2, keep: [web-web] }')
    const verdict = await judgeIntent(twinOf(plan), any(plan))
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings[0]?.message).toMatch(/^with leaf1--spine1 down and leaf1--spine2 down, web-web: /)
    const three = fabricOf(3, '{ links: 2, keep: [web-web] }')
    expect(await judgeIntent(twinOf(three), any(three))).toMatchObject({ judgement: 'holds' })
  })

  test('after it the fabric is whole', async () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-web] }')
    const target = twinOf(plan)
    await judgeIntent(target, any(plan))
    expect(target.standing).toEqual([])
    expect(await judgeIntent(target, target.fabric.intent('web-db'))).toMatchObject({ judgement: 'holds' })
  })
})

describe('sets of failures', () => {
  test('are all of up to so many links and nodes, smaller ones first', () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-db] }')
    expect(failureSets(plan, { links: 2, nodes: 0 })).toHaveLength(6 + 15)
    const sets = failureSets(plan, { links: 1, nodes: 1 })
    expect(sets).toHaveLength(6 + 5 + 30)
    expect(sets.map(({ links, nodes }) => links.length + nodes.length)).toEqual(
      sets.map(({ links, nodes }) => links.length + nodes.length).toSorted((a, b) => a - b),
    )
  })

  test('one that touches nobody who took part is known, one that does is not', () => {
    const plan = fabricOf(2, '{ links: 1, keep: [web-db] }')
    const judged = new JudgedSets(plan)
    const visited = new Visited()
    for (const node of ['leaf1']) visited.nodes.add(node)
    judged.note({ links: [], nodes: [] }, visited)
    expect(judged.isKnown({ links: ['leaf1--spine1'], nodes: [] })).toBe(false)
    // Leaf 1 has two ways to leaf 2 and loses one.
    expect(judged.isKnown({ links: ['leaf2--spine1'], nodes: [] })).toBe(false)
    const none = new JudgedSets(plan)
    none.note({ links: [], nodes: [] }, new Visited())
    expect(none.isKnown({ links: ['leaf1--spine1'], nodes: [] })).toBe(true)
  })
})
