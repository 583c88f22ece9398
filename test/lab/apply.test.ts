/**
 * A lab that runs is brought to another plan, and back: what is in no change is not touched, and the lab is then as the twin of its new plan.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { array, nat, sample } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { editedFabric, NUMBERS, smallPlan } from '../../lab/apply/testdata/fabrics.js'
import { attach, labApply, labDown, labUp, listLabs, type Lab } from '../../lab/index.js'
import { readLabState } from '../../lab/state.js'
import { asInTheTwin } from './support/as-in-the-twin.js'
import { troubles, verifiedOf, Workplace } from './support/command.js'
import { newSeed, planOf, shipped, shippedFile } from './support/fabrics.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const Heard = z.object({ fdb: z.array(z.object({ bridge: z.int(), mac: z.string() })) })
const plan = shipped('demo')
const text = readFileSync(shippedFile('demo'), 'utf8')
/** The demo with parts of its file replaced. */
function edited(...edits: readonly (readonly [string, string])[]): Plan {
  const file = edits.reduce((all, [old, wanted]) => {
    if (!all.includes(old)) throw new Error(`${old} is not in the file`)
    return all.replaceAll(old, wanted)
  }, text)
  return planOf(file)
}
const hostsMoved = edited(
  ['web3: { at: leaf1, network: web }', 'web4: { at: leaf2, network: web }'],
  ['web2: { at: leaf2, network: web }', 'web2: { at: leaf1, network: web }'],
)
const leafMore = edited(
  ['leaf[1-3]', 'leaf[1-4]'],
  ['web3: { at: leaf1, network: web }', 'web3: { at: leaf4, network: web }'],
)
const enginesOf = async (lab: Lab, names: readonly string[]) => {
  const { nodes } = await lab.processes()
  return Object.fromEntries(names.map((name) => [name, nodes[name]]))
}
const journalOf = (lab: Lab, node: string) => statSync(lab.paths.nodeJournal(node)).ino
const namespaces = (lab: Lab) => tracesOf(lab.id).namespaces
/** MACs that a node's engine has heard. */
const knownTo = async (lab: Lab, node: string) =>
  Heard.parse(await lab.control(node, { op: 'tables' })).fdb.map(({ bridge, mac }) => `${bridge} ${mac}`)
const alike = (count: number) => ({ sent: count, arrived: count, differences: [] })

beforeEach(needsRoot)

describe('[T02] a lab of demo, changed in place', () => {
  let lab: Lab
  beforeAll(async () => {
    if (process.getuid?.() === 0) lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await labDown(lab.id)
  })

  it('is as it was when the change is only shown', async () => {
    const before = [await lab.processes(), namespaces(lab), readFileSync(lab.paths.plan, 'utf8')]
    const { changes, untouched } = await labApply(lab, leafMore, { dryRun: true })
    expect(changes.filter(({ change, kind }) => change === 'add' && kind === 'node')).toMatchObject([
      { name: 'leaf4' },
    ])
    expect(untouched).toEqual([])
    expect([await lab.processes(), namespaces(lab), readFileSync(lab.paths.plan, 'utf8')]).toEqual(before)
    expect(lab.plan).toBe(plan)
  })

  it('has nothing to change to what it is', async () => {
    expect(await labApply(lab, plan)).toEqual({
      changes: [],
      untouched: plan.nodes.map(({ name }) => name),
    })
  })

  it('hosts move and go: nodes without them know what they knew, all engines go on, and it is as in the twin', async () => {
    // All speak, so that there is something to be known.
    await asInTheTwin(lab)
    const known = await knownTo(lab, 'leaf3')
    expect(known.length).toBeGreaterThan(2)
    const names = plan.nodes.map(({ name }) => name)
    const [pids, journals] = [await enginesOf(lab, names), names.map((name) => journalOf(lab, name))]

    const { untouched, changes } = await labApply(lab, hostsMoved)
    expect(untouched).toEqual(['leaf3', 'spine1', 'spine2'])
    expect(changes.filter(({ kind }) => kind === 'host').map(({ change, name }) => [change, name])).toEqual([
      ['change', 'shop/web2'],
      ['remove', 'shop/web3'],
      ['add', 'shop/web4'],
    ])
    expect(lab.plan).toBe(hostsMoved)
    expect(await enginesOf(lab, names)).toEqual(pids)
    expect(names.map((name) => journalOf(lab, name))).toEqual(journals)
    expect(await knownTo(lab, 'leaf3')).toEqual(known)
    expect(namespaces(lab)).not.toContain(`zt-${lab.id}-h-shop-web3`)
    const { sent, ...seen } = await asInTheTwin(lab)
    expect(seen).toEqual({ arrived: sent, differences: [] })
  })

  it('a leaf comes: spines take its cables while they run, with keys that nobody had', async () => {
    const before = await enginesOf(
      lab,
      plan.nodes.map(({ name }) => name),
    )
    await labApply(lab, leafMore)
    expect(
      await enginesOf(
        lab,
        plan.nodes.map(({ name }) => name),
      ),
    ).toEqual(before)
    expect((await lab.processes()).nodes['leaf4']).toBeGreaterThan(0)
    const { sent, ...seen } = await asInTheTwin(lab)
    expect(seen).toEqual({ arrived: sent, differences: [] })
    // Others see the new plan, too.
    const other = await attach(lab.id)
    expect(other.plan).toEqual(leafMore)
    other.close()
  })

  it('a leaf goes and comes back: its links have the keys of another epoch', async () => {
    await labApply(lab, plan)
    expect(namespaces(lab).some((name) => name.endsWith('leaf4'))).toBe(false)
    const { sent } = await asInTheTwin(lab)
    expect(await asInTheTwin(lab)).toEqual(alike(sent))
    await labApply(lab, leafMore)
    const epochs = (await lab.seals()).map(({ name, epoch }) => [name, epoch])
    expect(epochs.filter(([name]) => String(name).startsWith('leaf4'))).toEqual([
      ['leaf4--spine1', 1],
      ['leaf4--spine2', 1],
    ])
    expect((await asInTheTwin(lab)).differences).toEqual([])
    await labApply(lab, plan)
  })

  it('is refused another fabric, and what has faults in it, and nothing is done', async () => {
    const before = [await lab.processes(), namespaces(lab)]
    await expect(labApply(lab, shipped('two-leaves'))).rejects.toMatchObject({
      code: 'ZT_LAB_STATE',
      message: expect.stringContaining('two-leaves') as string,
    })
    await lab.fail({ kind: 'link-down', link: 'leaf1--spine1' })
    await expect(labApply(lab, leafMore)).rejects.toMatchObject({
      code: 'ZT_LAB_STATE',
      message: expect.stringContaining('link-down leaf1--spine1') as string,
    })
    await lab.repair({ kind: 'link-down', link: 'leaf1--spine1' })
    expect([await lab.processes(), namespaces(lab)]).toEqual(before)
  })

  it('is refused a second change while one is made', async () => {
    const other = await attach(lab.id)
    const outcomes = await Promise.allSettled([labApply(lab, leafMore), labApply(other, hostsMoved)])
    other.close()
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const refused = outcomes.find((one) => one.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'ZT_LAB_STATE' })
  })
})

describe('[T02] a host that goes', () => {
  it('leaves alone what somebody runs there, and the lab tells of it in the end', async () => {
    const text = readFileSync(shippedFile('two-leaves'), 'utf8')
    const line = text.split('\n').find((one) => /^ +a2: /.test(one)) ?? ''
    const lab = await labUp(planOf(text), { keysSeed: newSeed(), attached: false })
    const sleeper = spawn('ip', ['netns', 'exec', `zt-${lab.id}-h-red-a2`, 'sleep', '300'])
    try {
      await once(sleeper, 'spawn')
      await labApply(lab, planOf(text.replace(`${line}\n`, '')))
      lab.close()
      const { lodgers } = await labDown(lab.id)
      expect(lodgers).toEqual([
        expect.stringMatching(/^process \d+ \((?:sleep|ip)\) runs on in what was .*h-red-a2$/),
      ])
      expect(sleeper.exitCode).toBeNull()
    } finally {
      sleeper.kill('SIGKILL')
      await labDown(lab.id)
    }
  })
})

describe('[T02] ztos lab apply', () => {
  let at: Workplace
  let id: string
  const wider = () => {
    const file = at.file('wider.yaml')
    const smallest = readFileSync(shippedFile('two-leaves'), 'utf8')
    writeFileSync(
      file,
      smallest.replace('b1: { at: leaf2', 'b2: { at: leaf1, network: b }\n      b1: { at: leaf2'),
    )
    return file
  }
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    at = new Workplace()
    id = await at.labUp(shippedFile('two-leaves'))
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await at.close()
  })

  it('shows what would be done, does it, and then there is nothing to do', async () => {
    const file = wider()
    const shown = await at.ztos('lab', 'apply', id, file, '--dry-run')
    expect(shown).toMatchObject({ status: 0, stderr: '' })
    expect(shown.stdout.toString()).toMatch(
      /^\+ host red\/b2\n(?:.*\n)*1 to create, \d to change, 0 to remove; /m,
    )
    const done = await at.ztos('lab', 'apply', id, file, '--json')
    expect(done.status).toBe(0)
    expect(JSON.parse(done.stdout.toString())).toMatchObject({
      format: 'ztos-lab-apply',
      id,
      fabric: 'two-leaves',
      dryRun: false,
      untouched: ['spine1'],
    })
    const again = await at.ztos('lab', 'apply', id, file)
    expect(again.stdout.toString()).toBe('nothing to change; untouched: leaf1, leaf2, spine1\n')
  })

  it('leaves a lab that is judged by the new file, and holds', async () => {
    const called = await at.ztos(
      'verify',
      wider(),
      '--lab',
      id,
      '--runs',
      at.file('runs'),
      '--cases',
      '2',
      '--json',
    )
    const verified = verifiedOf(called)
    expect(troubles(verified)).toEqual([])
    expect(verified.verdicts.length).toBeGreaterThan(3)
  })

  it('says why it does nothing, with the status of bad input', async () => {
    const other = await at.ztos('lab', 'apply', id, shippedFile('demo-clear'))
    expect(other.status).toBe(2)
    expect(other.stderr).toContain('it is a lab of two-leaves, and the plan one of demo-clear')
    expect((await at.ztos('lab', 'apply', 'nolabs', shippedFile('demo'))).status).toBe(2)
  })
})

describe('[T02] a change that is cut off', () => {
  it('half-way leaves a lab that says so, and that goes down like any other', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
    // Somebody has the new node's name.
    execFileSync('ip', ['netns', 'add', `zt-${lab.id}-leaf4`])
    const failed = await labApply(lab, leafMore).then(
      () => '',
      (error: unknown) => String(error),
    )
    expect(failed).toMatch(/half-way, in cables: .*File exists.*\(done: probe ends, remove; not done: /s)
    expect(failed).toContain('not done: programs, routing, daemons, engines, agents, probe, converge')
    expect(listLabs().find(({ id }) => id === lab.id)?.phase).toBe('broken')
    await expect(attach(lab.id)).rejects.toMatchObject({ code: 'ZT_LAB_STATE' })
    await expect(labApply(lab, plan)).rejects.toMatchObject({ code: 'ZT_LAB_STATE' })
    lab.close()
    await labDown(lab.id)
    expect(tracesOf(lab.id)).toEqual(nothing)
  })

  it.each(['remove', 'cables', 'programs', 'engines'])(
    'with labd killed in %s leaves nothing behind `down`',
    async (at) => {
      const lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
      const { pid } = readLabState(0, lab.id).labd
      const outcome = await labApply(lab, leafMore, {
        onProgress: ({ step, phase }) => {
          if (step === at && phase === 'set-up') process.kill(pid, 'SIGKILL')
        },
      }).then(
        () => 'done',
        () => 'cut off',
      )
      lab.close()
      expect(outcome).toBe('cut off')
      await labDown(lab.id)
      expect(tracesOf(lab.id)).toEqual(nothing)
    },
  )
})

describe('[T02] generated edits', () => {
  const numbers = array(nat(0xffff), { minLength: NUMBERS, maxLength: NUMBERS })
  const pairs = sample(numbers, { seed: 2, numRuns: 11 })
    .map(editedFabric)
    .filter(([from, to]) => !from.control && JSON.stringify(from) !== JSON.stringify(to))

  it.each(pairs)('there and back, from %j to %j', async (from, to) => {
    const [before, after] = [smallPlan(from), smallPlan(to)]
    const lab = await labUp(before, { keysSeed: newSeed(), attached: false })
    try {
      for (const one of [after, before]) {
        const pids = (await lab.processes()).nodes
        await labApply(lab, one)
        const { nodes } = await lab.processes()
        expect(Object.keys(nodes).toSorted()).toEqual(one.nodes.map(({ name }) => name).toSorted())
        const kept = Object.keys(nodes).filter((name) => name in pids)
        expect(kept.map((name) => nodes[name])).toEqual(kept.map((name) => pids[name]))
        const { sent, ...seen } = await asInTheTwin(lab)
        expect(seen).toEqual({ arrived: sent, differences: [] })
      }
    } finally {
      lab.close()
      await labDown(lab.id)
    }
  })
})
