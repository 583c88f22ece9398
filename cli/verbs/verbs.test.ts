import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checks } from '../../lab/doctor/report.js'
import { commands } from '../commands.js'
import { ztos } from '../testdata/call.js'

describe('schema', () => {
  test.each([
    [[], 'fabric-1.json'],
    [['fabric'], 'fabric-1.json'],
    [['plan'], 'plan-1.json'],
    [['program'], 'node-program-1.json'],
    [['control'], 'engine-request-1.json'],
    [['mapping'], 'vni-mapping-1.json'],
    [['topology'], 'lab-topology-1.json'],
  ])('%j is the published file, octet for octet', async (names, file) => {
    const published = readFileSync(`contract/schema/${file}`, 'utf8')
    expect(await ztos('schema', ...names)).toMatchObject({ status: 0, stdout: published, stderr: '' })
    expect((await ztos('schema', ...names, '--json')).stdout).toBe(published)
  })

  test('there is a name for every schema that is published', async () => {
    const [{ choices }] = commands.schema.arguments
    const printed = await Promise.all(choices.map(async (name) => (await ztos('schema', name)).stdout))
    const published = readdirSync('contract/schema').map((name) =>
      readFileSync(`contract/schema/${name}`, 'utf8'),
    )
    expect(printed.toSorted()).toEqual(published.toSorted())
  })
})

describe('doctor', () => {
  test(
    'says of every check what it found, and 0 when the targets asked for can run',
    { timeout: 60_000 },
    async () => {
      const called = await ztos('doctor', '--on', 'twin', '--json')
      expect(called.status).toBe(0)
      const report = called.json() as { checks: readonly { id: string; outcome: string }[]; able: boolean }
      expect(report).toMatchObject({ format: 'ztos-doctor', version: 1, on: ['twin'], able: true })
      expect(report.checks.map(({ id }) => id)).toEqual(Object.keys(checks))
      expect(report.checks.find(({ id }) => id === 'node')?.outcome).toBe('yes')
      expect(called.stderr).toMatch(
        /^\.\.\. {2}looking at this host\nok {3}looking at this host \(\d+\.\d s\)\n$/,
      )
    },
  )

  test('judges each target by a tier of its own', { timeout: 60_000 }, async () => {
    const called = await ztos('doctor', '--on', 'vm', '--json')
    const report = called.json() as {
      tiers: readonly { tier: string; available: boolean }[]
      able: boolean
    }
    const tier = report.tiers.find((one) => one.tier === 'reference-vm')
    expect([report.able, called.status]).toEqual(tier?.available === true ? [true, 0] : [false, 3])
  })
})

describe('labs that are not there', () => {
  test.each([
    [['lab', 'exec', 'aaaaaa', 'leaf1', '--', 'true']],
    [['lab', 'capture', 'aaaaaa', 'leaf1--spine1', '/tmp/never.pcapng']],
    [['lab', 'control', 'aaaaaa', 'leaf1', '{"op":"tables"}']],
    [['lab', 'wg', 'aaaaaa', 'leaf1']],
  ])('%j is bad input', async (argv) => {
    const { status, stdout, stderr } = await ztos(...argv)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain("ZT_CLI_NAME: there is no lab 'aaaaaa'")
  })

  test('lab list is a document with a list', async () => {
    const called = await ztos('lab', 'list', '--json')
    expect(called.status).toBe(0)
    expect(called.json()).toMatchObject({ format: 'ztos-labs', version: 1, labs: expect.any(Array) })
  })
})

describe('requests to engines are read before a lab is touched', () => {
  test.each([
    ['{"op":"tables"', 'this is not JSON'],
    ['{"op":"table"}', 'this is no request to an engine: op: '],
    ['{"op":"set-vni","interface":1}', 'this is no request to an engine: vni: '],
    ['{"op":"tables","more":1}', 'this is no request to an engine: '],
    ['7', 'this is no request to an engine: '],
    ['null', 'this is no request to an engine: '],
    ['@/none.json', 'the request cannot be read'],
  ])('%s', async (request, what) => {
    const { status, stderr } = await ztos('lab', 'control', 'aaaaaa', 'leaf1', request)
    expect(status).toBe(2)
    expect(stderr).toContain(`ZT_CLI_INPUT: ${what}`)
  })
})
