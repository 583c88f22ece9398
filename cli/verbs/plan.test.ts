import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Plan } from '../../contract/plan.js'
import { NodeProgram } from '../../contract/program.js'
import { loadFabric } from '../../twin/model/index.js'
import { compile, planBytes, planDigest } from '../../twin/program/index.js'
import { diffPlans, planDiffText } from '../plan-diff.js'
import { ztos } from '../testdata/call.js'

const file = 'topologies/demo.yaml'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-plan-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function compiled(name: string): Plan {
  const { fabric } = loadFabric(name)
  if (fabric === undefined) throw new TypeError(`${name} is not sound`)
  return compile(fabric)
}

describe('a plan', () => {
  test('as text names every node, link, network, host and intent', async () => {
    const { status, stdout, stderr } = await ztos('plan', file)
    expect([status, stderr]).toEqual([0, ''])
    const plan = compiled(file)
    expect(stdout).toContain(planDigest(plan))
    const names = [
      ...plan.nodes.map(({ name }) => name),
      ...plan.links.map(({ id }) => id),
      ...plan.tenants.flatMap(({ networks }) => networks.map(({ id }) => id)),
      ...plan.hosts.map(({ id }) => id),
      ...plan.intents.map(({ name }) => name),
    ]
    for (const name of names) expect(stdout).toMatch(new RegExp(`^ {2}${name.replace('/', '\\/')} `, 'm'))
    expect(stdout).toMatch(/^ {2}web-db +reach +shop\/web1 .* to shop\/db1 shop\/db2: tcp\/5432$/m)
    expect(stdout).toMatch(/^ {2}shop\/web1 +leaf1:eth\d+ +02:.* 10\.1\.0\.\d+\/24 /m)
  })

  test('as JSON is the plan, octet for octet', async () => {
    const { stdout } = await ztos('plan', file, '--json')
    expect(stdout).toBe(Buffer.from(planBytes(compiled(file))).toString('utf8'))
    expect(Plan.safeParse(JSON.parse(stdout)).success).toBe(true)
  })

  test('is known by its digest', async () => {
    const sha256 = planDigest(compiled(file))
    expect((await ztos('plan', file, '--digest')).stdout).toBe(`${sha256}\n`)
    expect((await ztos('plan', file, '--digest', '--json')).json()).toEqual({
      format: 'ztos-plan-digest',
      version: 1,
      fabric: 'demo',
      sha256,
    })
  })

  test('never shows a key, only its name', async () => {
    const { stdout } = await ztos('plan', file, '--node', 'leaf1')
    expect(stdout).toContain('key lab:core/leaf1--spine1/leaf1/0')
    expect(stdout).not.toMatch(/\b[0-9a-f]{32}\b/)
  })
})

describe('one node', () => {
  test('as text has a row for each interface and route', async () => {
    const { stdout } = await ztos('plan', file, '--node', 'leaf1')
    const program = compiled(file).nodes.find(({ name }) => name === 'leaf1')?.program
    for (const { id, name, kind } of program?.interfaces ?? []) {
      expect(stdout).toMatch(new RegExp(`^ {2}${id} +${name} +${kind} `, 'm'))
    }
    for (const { prefix } of program?.tables.routes ?? []) expect(stdout).toContain(` ${prefix} `)
    expect(stdout).toMatch(/VNI 10010, bridge br10010, from 10\.255\.0\.\d+ to 10\.255\.0\.\d+/)
  })

  test('as JSON is its program', async () => {
    const program = (await ztos('plan', file, '--node', 'spine1', '--json')).json()
    expect(NodeProgram.parse(program).node).toBe('spine1')
  })

  test('that is not there is told with those that are', async () => {
    const { status, stderr } = await ztos('plan', file, '--node', 'leaff1')
    expect(status).toBe(2)
    expect(stderr).toContain('did you mean leaf1?')
  })
})

describe('a difference', () => {
  test('of a file and itself is none', async () => {
    expect((await ztos('plan', file, '--diff', file)).stdout).toBe('no difference\n')
  })

  test('is told by names, from the other file to this one', async () => {
    const other = path.join(folder, 'other.yaml')
    writeFileSync(other, readFileSync(file, 'utf8').replace('vni: 20030', 'vni: 20031'))
    const called = await ztos('plan', other, '--diff', file, '--json')
    expect(called.json()).toMatchObject({ format: 'ztos-plan-diff', from: file, to: other })
    const { changes } = called.json() as { changes: readonly { change: string; path: string }[] }
    expect(changes).toContainEqual({
      change: 'changed',
      path: 'tenants[bank].networks[sync].vni',
      before: 20030,
      after: 20031,
    })
    // The bridge is called after its VNI: one goes, one comes, and nothing of spines or other networks changes.
    expect(
      changes.some(({ change, path: at }) => change === 'added' && at.endsWith('interfaces[br20031]')),
    ).toBe(true)
    expect(
      changes.some(({ change, path: at }) => change === 'removed' && at.endsWith('interfaces[br20030]')),
    ).toBe(true)
    expect(changes.filter(({ path: at }) => at.includes('spine') || at.includes('br10010'))).toEqual([])
    const { stdout } = await ztos('plan', other, '--diff', file)
    expect(stdout).toContain('~ tenants[bank].networks[sync].vni: 20030 -> 20031\n')
    expect(stdout).toMatch(new RegExp(`^${changes.length} differences$`, 'm'))
  })

  test('is taken from a plan of a record too', async () => {
    const plan = path.join(folder, 'plan.json')
    writeFileSync(plan, planBytes(compiled(file)))
    expect((await ztos('plan', file, '--diff', plan)).stdout).toBe('no difference\n')
  })

  test.each([
    ['{', 'this is not JSON'],
    ['{"format":"ztos-plan","version":2}', 'this is no plan: version: '],
  ])('with %s names what is wrong with it', async (text, what) => {
    const plan = path.join(folder, 'plan.json')
    writeFileSync(plan, text)
    const { status, stderr } = await ztos('plan', file, '--diff', plan)
    expect(status).toBe(2)
    expect(stderr).toContain(what)
    expect(stderr).toContain(`where: ${plan}`)
  })

  test('in the order of a list is none: things are known by name', () => {
    const plan = compiled(file)
    const turned = {
      ...plan,
      nodes: plan.nodes.toReversed(),
      hosts: plan.hosts.toReversed(),
      keys: plan.keys.toReversed(),
    }
    expect(diffPlans(plan, turned)).toEqual([])
  })

  test('shows long values cut, and no control characters', () => {
    const plan = compiled(file)
    const text = planDiffText(diffPlans({ ...plan, fabric: `\u001b[2J${'x'.repeat(500)}` }, plan))
    expect(text).not.toContain('\u001b')
    expect(text.length).toBeLessThan(300)
  })
})

test('two views at once are refused', async () => {
  const { status, stderr } = await ztos('plan', file, '--digest', '--node', 'leaf1')
  expect(status).toBe(2)
  expect(stderr).toContain('--node and --digest are different views of a plan')
})
