import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadRecord } from '../../record/load-record.js'
import type { TestPlace } from '../../sdk/runner/drive.js'
import { verify } from '../../sdk/verify.js'
import { ctrfFaults } from './testing/ctrf.js'

let runs: string
beforeEach(async () => {
  runs = await mkdtemp(path.join(tmpdir(), 'ztos-verify-'))
})
afterEach(async () => rm(runs, { recursive: true, force: true }))

test(
  '[T10] a sound fabric holds in the twin, and leaves a record with reports',
  { timeout: 120_000 },
  async () => {
    const stages: string[] = []
    const begun: TestPlace[] = []
    const result = await verify({
      file: 'topologies/two-leaves.yaml',
      on: ['twin'],
      runs,
      cases: 5,
      seed: 3,
      onProgress: (progress) => {
        if (progress.kind === 'stage' && progress.state === 'end') stages.push(progress.stage)
        if (progress.kind === 'begin') begun.push(progress.place)
      },
    })
    // Who waits is told of each test when it begins.
    const all = result.outcomes.map(({ file, name }) => `${file} ${name}`)
    expect(begun.map(({ file, name }) => `${file} ${name}`).toSorted()).toEqual(all.toSorted())
    for (const { file, nth, of } of begun) {
      expect(begun.filter((one) => one.file === file)).toHaveLength(of)
      expect(begun.filter((one) => one.file === file && one.nth === nth)).toHaveLength(1)
    }
    expect(result.outcomes.filter(({ status }) => status === 'failed')).toEqual([])
    expect(result.exit).toBe(0)
    expect(stages).toEqual(['scenarios in the twin'])
    const record = await loadRecord(result.directory)
    expect(record.plan?.fabric).toBe('two-leaves')
    expect(record.verification).toMatchObject({
      command: 'verify',
      exit: 0,
      seed: 3,
      on: ['twin'],
      fabric: { name: 'two-leaves', file: 'topologies/two-leaves.yaml' },
    })
    // Every intent of the plan has its verdict, and each says on what it rests.
    const intents = record.plan?.intents.map(({ name }) => name) ?? []
    const verdicts = record.verification.verdicts.filter(({ kind }) => kind !== 'scenario')
    expect(verdicts.map(({ name }) => name)).toEqual(intents)
    for (const {
      verdicts: [verdict],
    } of verdicts) {
      expect(verdict).toMatchObject({
        by: 'twin',
        judgement: 'holds',
        reason: expect.stringMatching(/\w/) as string,
      })
      expect(verdict?.judged).toBeGreaterThan(0)
      expect(verdict?.controls).toBeGreaterThan(0)
    }
    expect(record.results.results.summary).toMatchObject({ failed: 0 })
    expect(await readdir(result.directory)).toEqual(expect.arrayContaining(['junit.xml', 'results.json']))
    expect(
      ctrfFaults(JSON.parse(await readFile(path.join(result.directory, 'results.json'), 'utf8'))),
    ).toEqual([])
    expect(record.timings.stages.map(({ stage }) => stage)).toEqual(stages)
  },
)

test.each([
  ['no file', 'none.yaml', 'ZT_FABRIC'],
  ['a file with problems', 'wrong.yaml', 'ZT_FABRIC'],
  ['a fabric of which nothing is asked', 'silent.yaml', 'ZT_NOTHING'],
])('%s is refused, and nothing is left', async (_, name, code) => {
  const folder = path.join(runs, 'fabrics')
  await writeFabrics(folder)
  await expect(
    verify({ file: path.join(folder, name), on: ['twin'], runs: path.join(runs, 'records') }),
  ).rejects.toMatchObject({ code })
  expect(await readdir(runs)).toEqual(['fabrics'])
})

test('a lab that does not exist is bad input, and leaves no record', { timeout: 60_000 }, async () => {
  const records = path.join(runs, 'records')
  const running = verify({ file: 'topologies/two-leaves.yaml', on: ['netns'], lab: 'zzzzzz', runs: records })
  await expect(running).rejects.toMatchObject({ code: 'ZT_LAB_UNKNOWN' })
  expect(await readdir(records)).toEqual([])
})

test('a signal ends it, and leaves no record', { timeout: 60_000 }, async () => {
  const controller = new AbortController()
  const running = verify({
    file: 'topologies/demo.yaml',
    on: ['twin'],
    runs,
    signal: controller.signal,
    onProgress: ({ kind }) => {
      if (kind === 'test') controller.abort()
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ZT_INTERRUPTED' })
  expect(await readdir(runs)).toEqual([])
})

async function writeFabrics(folder: string): Promise<void> {
  const { mkdir } = await import('node:fs/promises')
  await mkdir(folder)
  await writeFile(path.join(folder, 'wrong.yaml'), 'ztos: 1\nname: wrong\n')
  await writeFile(
    path.join(folder, 'silent.yaml'),
    [
      'ztos: 1',
      'name: silent',
      'underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24 }',
      'nodes: { spine1: { role: spine }, leaf1: { role: leaf } }',
      'links: [{ from: leaf1, to: spine1 }]',
      '',
    ].join('\n'),
  )
}
