/**
 * Suites of `ztos test`: they hold on sound fabrics, and say why of each that is broken, by what is seen of it, and by what its nodes run.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { runSuite, type SuiteName } from '../../sdk/suite/index.js'
import { compile } from '../../twin/compile.js'
import { parseFabric } from '../../twin/model/index.js'
import {
  brokenMacsec,
  brokenPlan,
  brokenVxlan,
  brokenWireguard,
  openVxlan,
  type BrokenFabric,
} from '../support/broken-fabrics.js'
import { planOf, twinOf, witnessed } from './testing/demo.js'

const suites: readonly (readonly [string, SuiteName, string, readonly BrokenFabric[]])[] = [
  ['[Z37] [T07]', 'wireguard', 'demo-wireguard', brokenWireguard],
  ['[Z38] [T07]', 'macsec', 'demo', brokenMacsec],
  ['[Z39]', 'vxlan', 'demo-clear', [...brokenVxlan, openVxlan]],
]
const tellAll = (reasons: readonly { row: string; column: string; message: string }[]) =>
  reasons.map(({ row, column, message }) => `${row} | ${column} | ${message}`).join('\n')

async function run(suite: SuiteName, plan: Plan, broken?: Plan) {
  const target = twinOf(plan, broken === undefined ? {} : { runs: broken })
  return runSuite(target, suite)
}

describe.each(suites)('%s ztos test %s, of %s', (_rows, suite, name, broken) => {
  const plan = planOf(name)

  test('holds on the fabric as it is, and every row was judged', async () => {
    const { exit, reasons, rows } = await run(suite, plan)
    expect(tellAll(reasons)).toBe('')
    expect(exit).toBe(0)
    expect(rows.length).toBeGreaterThan(8)
    for (const row of rows) expect(Object.keys(row.cells).length, `${row.name} was judged`).toBeGreaterThan(0)
  })

  test('says that engines do not run the plan, and that guards are gone, where there is a lab', async () => {
    const [first] = broken
    if (first === undefined) throw new TypeError('nothing is broken')
    const witness = witnessed(brokenPlan(plan, first), (node) => ({
      installed: node !== 'leaf2',
      dropped: 1,
    }))
    const { exit, reasons } = await runSuite(twinOf(plan, { witness }), suite)
    expect(exit).toBe(1)
    expect(tellAll(reasons)).toMatch(/the engine of leaf1 does not run the plan: /)
    expect(reasons.some(({ message }) => message.startsWith('nothing keeps the kernel of leaf2'))).toBe(
      suite !== 'vxlan',
    )
  })

  test.each(broken)('fails when $name, and says so', async (one) => {
    const { exit, reasons } = await run(suite, plan, brokenPlan(plan, one))
    expect(exit).toBe(1)
    expect(tellAll(reasons.filter(({ row }) => row.startsWith(one.row)))).toMatch(one.says)
  })
})

describe('[Z37] [Z38] [Z39] what a suite cannot say', () => {
  test.each<[SuiteName, string]>([
    ['wireguard', 'demo'],
    ['macsec', 'demo-clear'],
  ])('%s of %s is nothing to test', async (suite, name) => {
    await expect(run(suite, planOf(name))).rejects.toMatchObject({ code: 'ZT_NOTHING' })
  })

  test('links that nothing crosses are unjudged', async () => {
    const text = readFileSync('topologies/two-leaves.yaml', 'utf8').replace('leaf[1-2]', 'leaf[1-3]')
    const { fabric, problems } = parseFabric(text, 'three-leaves.yaml')
    if (fabric === undefined) throw new Error(problems.map(String).join('; '))
    const { exit, rows } = await run('macsec', compile(fabric))
    expect(exit).toBe(3)
    expect(rows.find(({ name }) => name.startsWith('leaf3--spine1'))?.cells['frames']).toEqual({
      judgement: 'unjudged',
      said: 'no host on leaf3',
    })
  })
})
