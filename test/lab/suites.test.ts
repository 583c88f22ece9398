/**
 * `ztos test` on labs: sound ones hold; engines that are given another program while they run, modes that are switched and guards that are
 * taken off are found and named. One lab serves all variants of a suite, with the right programs between them.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { labUp, type Lab } from '../../lab/index.js'
import type { ScenarioTarget } from '../../sdk/scenario-target.js'
import { runSuite, type SuiteName } from '../../sdk/suite/run-suite.js'
import type { Reason } from '../../sdk/suite/sheet.js'
import { openTarget } from '../../sdk/vitest/open-target.js'
import {
  brokenMacsec,
  brokenPlan,
  brokenVxlan,
  brokenWireguard,
  type BrokenFabric,
} from '../support/broken-fabrics.js'
import { newSeed, shipped, shippedFile } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

/** What only a node without sessions shows: they outlive a load (WG-32). */
const AT_ONCE = 'one end has a pre-shared key that the other has not'
const every = (all: readonly BrokenFabric[], nth: number) =>
  all.filter(({ name }, n) => n % nth === 0 && name !== AT_ONCE)

const suites: readonly (readonly [
  string,
  SuiteName,
  Parameters<typeof shipped>[0],
  readonly BrokenFabric[],
])[] = [
  ['[Z37] [T07]', 'wireguard', 'demo-wireguard', every(brokenWireguard, 1)],
  ['[Z38] [T07]', 'macsec', 'demo', every(brokenMacsec, 2)],
  ['[Z39]', 'vxlan', 'demo', every(brokenVxlan, 1)],
]
const Document = z.looseObject({
  format: z.literal('ztos-test'),
  suite: z.string(),
  on: z.literal('netns'),
  exit: z.int(),
  rows: z.array(z.looseObject({ name: z.string() })),
  reasons: z.array(
    z.object({
      row: z.string(),
      column: z.string(),
      message: z.string(),
      decoded: z.array(z.string()).exactOptional(),
    }),
  ),
})

describe.each(suites)('%s ztos test %s on a lab', (_rows, suite, name, broken) => {
  const plan = shipped(name)
  let lab: Lab
  let target: ScenarioTarget & { readonly close: () => Promise<void> }
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: newSeed() })
    target = await openTarget(plan, { on: 'netns', lab: lab.id })
  }, 60_000)
  afterAll(async () => {
    if (process.getuid?.() !== 0) return
    await lab.down()
  }, 60_000)

  const load = async (from: Plan, to: Plan) => {
    for (const [n, { name: node, program }] of to.nodes.entries())
      if (JSON.stringify(program) !== JSON.stringify(from.nodes[n]?.program)) await lab.load(node, program)
  }
  const told = (reasons: readonly Reason[]) =>
    reasons.map(({ row, column, message }) => `${row} | ${column} | ${message}`).join('\n')

  /** As the seed's script, and as a program reads it. */
  async function script(): Promise<z.infer<typeof Document>> {
    const file = fileURLToPath(new URL(`../../scripts/${suite}-test.sh`, import.meta.url))
    const argv = [shippedFile(name), '--lab', lab.id, '--json']
    const { status, stdout, stderr } = await new Promise<{ status: number; stdout: string; stderr: string }>(
      (resolve) => {
        const child = execFile(file, argv, { maxBuffer: 1 << 26 }, (_error, out, err) => {
          resolve({ status: child.exitCode ?? -1, stdout: out, stderr: err })
        })
      },
    )
    const read = Document.safeParse(JSON.parse(stdout === '' ? '{}' : stdout))
    if (!read.success) throw new Error(`${suite}-test.sh ended with ${status}: ${stderr}`)
    expect(read.data.exit).toBe(status)
    return read.data
  }

  it.each(broken)('fails when $name, and says so by what is seen and by what runs', async (one) => {
    const wrong = brokenPlan(plan, one)
    await load(plan, wrong)
    try {
      const { exit, reasons } = await runSuite(target, suite)
      expect(exit).toBe(1)
      expect(told(reasons.filter(({ row }) => row.startsWith(one.row)))).toMatch(one.says)
    } finally {
      await load(wrong, plan)
    }
  })

  // A kernel that sends VXLAN in the clear is no fault.
  it.each(suite === 'vxlan' ? [] : ['eth1.phy'])(
    'fails when the guard of %s is taken off, and says whose',
    async (device) => {
      await lab.exec('leaf1', ['tc', 'qdisc', 'del', 'dev', device, 'clsact'])
      const { exit, reasons } = await runSuite(target, suite)
      expect(exit).toBe(1)
      expect(told(reasons)).toBe(
        `leaf1--spine1 leaf1>spine1 | guard | nothing keeps the kernel of leaf1 from sending in the clear on ${device}`,
      )
      const add = `tc qdisc add dev ${device} clsact && tc filter add dev ${device} egress bpf da bytecode '1,6 0 0 2'`
      expect(await lab.exec('leaf1', ['sh', '-c', add])).toMatchObject({ code: 0 })
    },
  )

  describe('its script, while nobody else looks at the lab', () => {
    beforeAll(async () => {
      if (process.getuid?.() === 0) await target.close()
    })

    it.each(suite === 'macsec' ? ['disabled'] : [])(
      'fails when a mode is switched to %s by control',
      async (mode) => {
        const seal = plan.nodes
          .find((node) => node.name === 'leaf1')
          ?.program.interfaces.find(({ kind }) => kind === 'macsec')
        const set = (to: string) =>
          lab.control('leaf1', { op: 'set-macsec-mode', interface: seal?.id, mode: to })
        await set(mode)
        const { exit, reasons } = await script()
        await set('strict')
        expect(exit).toBe(1)
        expect(told(reasons)).toMatch(
          /leaf1>spine1 \| seal \| the engine of leaf1 does not run the plan: mode is disabled, not strict/,
        )
      },
    )

    it('holds when all is put right', async () => {
      const { exit, reasons, rows } = await script()
      expect({ exit, told: told(reasons) }).toEqual({ exit: 0, told: '' })
      expect(rows.length).toBeGreaterThanOrEqual(12)
    })
  })
})
