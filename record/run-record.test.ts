import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ctrfReport, stableTestId } from './ctrf.js'
import { listRecords, loadRecord } from './load-record.js'
import { digestOf, newRunId, RunWriter } from './run-record.js'
import type { RunContents } from './run-record.js'

let root: string
beforeEach(async () => {
  root = path.join(await mkdtemp(path.join(tmpdir(), 'ztos-record-')), 'runs')
})
afterEach(async () => rm(path.dirname(root), { recursive: true, force: true }))

const plan = Buffer.from(
  JSON.stringify({
    format: 'ztos-plan',
    version: 1,
    fabric: 'shop',
    underlay: 'ipv4',
    nodes: [],
    links: [],
    tenants: [],
    hosts: [],
    intents: [],
    keys: [],
  }),
)
const test1 = {
  id: stableTestId('twin', 'a.test.ts', 'one'),
  name: 'one',
  status: 'passed' as const,
  duration: 3,
  extra: { on: 'twin' as const, controls: 2 },
}
const contents: RunContents = {
  plan,
  results: ctrfReport({ tests: [test1], runId: 'r', version: '0.1.0', start: 1000, stop: 2000 }),
  failures: [],
  verification: {
    command: 'verify',
    on: ['twin'],
    seed: 7,
    tool: { version: '0.1.0', node: 'v20', platform: 'linux-x64' },
    started: '2026-11-21T09:00:00.000Z',
    finished: '2026-11-21T09:00:01.000Z',
    exit: 0,
    verdicts: [
      {
        name: 'web',
        kind: 'reach',
        combined: 'holds',
        verdicts: [
          {
            name: 'web',
            kind: 'reach',
            by: 'twin',
            judgement: 'holds',
            judged: 1,
            controls: 1,
            findings: [],
          },
        ],
      },
    ],
    blinded: [],
    notes: [],
  },
}

async function finished(options: { readonly id?: string } = {}): Promise<string> {
  const run = await RunWriter.begin(root, 'verify', options)
  await run.stage('compile', async () => Promise.resolve())
  await mkdir(path.join(run.directory, 'journals'))
  await writeFile(path.join(run.directory, 'journals', 'leaf1.ztj'), 'journal')
  return run.finish(contents, ({ verification }) => ({ 'report.html': `<p>${verification.id}</p>` }))
}

test('a record is read back as it was written', async () => {
  const directory = await finished({ id: 'one' })
  const record = await loadRecord(directory)
  expect(record.plan?.fabric).toBe('shop')
  expect(record.verification.plan).toBe(digestOf(plan))
  expect(record.verification.verdicts).toEqual(contents.verification.verdicts)
  expect(record.results.results.summary).toMatchObject({ tests: 1, passed: 1, failed: 0 })
  expect(record.journals).toEqual(['journals/leaf1.ztj'])
  expect(record.events.map(({ event }) => event)).toEqual(['run', 'stage', 'stage', 'end'])
  expect(record.timings.stages.map(({ stage }) => stage)).toEqual(['compile'])
  expect(await readFile(path.join(directory, 'report.html'), 'utf8')).toBe('<p>one</p>')
})

test('only the finished record has a name; nothing else is left', async () => {
  const directory = await finished()
  expect(await readdir(root)).toEqual([path.basename(directory)])
  expect(await listRecords(root)).toEqual([path.basename(directory)])
})

test('a discarded run leaves nothing', async () => {
  const run = await RunWriter.begin(root, 'verify')
  expect(await readdir(root)).toHaveLength(1)
  await run.discard()
  expect(await readdir(root)).toEqual([])
})

test('what a killed run left is removed by the next, a living one is left alone', async () => {
  await mkdir(path.join(root, '.partial-dead-2147483646'), { recursive: true })
  await mkdir(path.join(root, `.partial-living-${process.ppid}`))
  await finished({ id: 'next' })
  expect((await readdir(root)).sort()).toEqual([`.partial-living-${process.ppid}`, 'next'])
})

test('a report that cannot be made leaves no half record', async () => {
  const run = await RunWriter.begin(root, 'verify')
  const broken = run.finish(contents, () => {
    throw new Error('no report')
  })
  await expect(broken).rejects.toMatchObject({ code: 'ZT_RECORD_WRITE', cause: { message: 'no report' } })
  expect(await readdir(root)).toEqual([])
})

test('files are for their owner alone', async () => {
  const directory = await finished()
  for (const file of ['plan.json', 'events.jsonl', 'verification.json']) {
    expect((await stat(path.join(directory, file))).mode & 0o077).toBe(0)
  }
})

test('a failing stage is noted with its reason', async () => {
  const run = await RunWriter.begin(root, 'verify')
  await expect(run.stage('lab up', async () => Promise.reject(new Error('no veth')))).rejects.toThrow(
    'no veth',
  )
  const directory = await run.finish(contents)
  const { events } = await loadRecord(directory)
  expect(events).toContainEqual(expect.objectContaining({ event: 'stage', state: 'failed', note: 'no veth' }))
})

test.each<[string, (directory: string) => Promise<void>, { code: string; where: RegExp }]>([
  ['no such folder', async (d) => rm(d, { recursive: true }), { code: 'ZT_RECORD_MISSING', where: /one$/ }],
  [
    'a missing file',
    async (d) => rm(path.join(d, 'timings.json')),
    { code: 'ZT_RECORD_DIGEST', where: /timings\.json$/ },
  ],
  [
    'a changed file',
    async (d) => appendFile(path.join(d, 'journals/leaf1.ztj'), 'x'),
    { code: 'ZT_RECORD_DIGEST', where: /leaf1\.ztj$/ },
  ],
  [
    'no JSON',
    async (d) => writeFile(path.join(d, 'verification.json'), '{'),
    { code: 'ZT_RECORD_FORMAT', where: /verification\.json$/ },
  ],
  [
    'another shape',
    async (d) => writeFile(path.join(d, 'verification.json'), '{"format":"x"}'),
    { code: 'ZT_RECORD_FORMAT', where: /verification\.json$/ },
  ],
])('a damaged record is refused, naming the file: %s', async (_, damage, expected) => {
  const directory = await finished({ id: 'one' })
  await damage(directory)
  await expect(loadRecord(directory)).rejects.toMatchObject({
    code: expected.code,
    where: expect.stringMatching(expected.where),
  })
})

test('a line of events that is no event is named by its line', async () => {
  const directory = await finished()
  await appendFile(path.join(directory, 'events.jsonl'), '{"t":1,"event":"party"}\n')
  await expect(loadRecord(directory, { digests: false })).rejects.toMatchObject({
    where: expect.stringMatching(/events\.jsonl:5$/),
  })
})

test('run ids sort by time and differ within a second', () => {
  const now = Date.UTC(2026, 10, 21, 9, 5, 7)
  expect(newRunId(now)).toMatch(/^20261121-090507-[0-9a-f]{6}$/)
  expect(newRunId(now)).not.toBe(newRunId(now))
})

test('test ids are stable, distinct and UUIDs', () => {
  expect(stableTestId('twin', 'a', 'b')).toBe(stableTestId('twin', 'a', 'b'))
  expect(stableTestId('twin', 'a', 'b')).not.toBe(stableTestId('twin', 'ab', ''))
  expect(stableTestId('x')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
