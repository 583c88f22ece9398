import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadRecord } from '../../record/load-record.js'
import { readPcapng } from '../../twin/packet/index.js'
import { planBytes } from '../../twin/program/index.js'
import { replay } from '../../sdk/replay.js'
import { run } from '../../sdk/run.js'
import type { RunResult } from '../../sdk/runner/session.js'
import { ctrfFaults } from './testing/ctrf.js'
import { planOf } from './testing/demo.js'

const fixtures = {
  leak: new URL('./fixtures/leak.ts', import.meta.url).pathname,
  long: new URL('./fixtures/long.ts', import.meta.url).pathname,
  nothing: new URL('./fixtures/nothing.ts', import.meta.url).pathname,
  skipped: new URL('./fixtures/skipped.ts', import.meta.url).pathname,
  vacuous: new URL('./fixtures/vacuous.ts', import.meta.url).pathname,
  config: new URL('./fixtures/vitest.config.ts', import.meta.url).pathname,
}

let runs: string
beforeEach(async () => {
  runs = await mkdtemp(path.join(tmpdir(), 'ztos-run-'))
})
afterEach(async () => rm(runs, { recursive: true, force: true }))

const slow = { timeout: 120_000 }
const messagesOf = (result: RunResult) =>
  Object.fromEntries(
    result.outcomes.map(({ title, status, message }) => [
      title,
      `${status}: ${message?.split('\n')[0] ?? ''}`,
    ]),
  )

describe('a fabric that leaks', () => {
  test(
    '[B04] [T05] turns red with a shrunk frame, the entry to blame, and a replay that works',
    slow,
    async () => {
      const result = await run({ files: [fixtures.leak], runs, seed: 42, command: './ztos' })
      expect(result.exit).toBe(1)
      // Whoever called it says what its own process ends with.
      expect(process.exitCode).toBeUndefined()
      expect(result.outcomes.map(({ title, status }) => [title, status])).toEqual([
        ['bank never hears shop', 'failed'],
        ['a network that has no part in it holds', 'passed'],
        ['the second property of a test has a path of its own', 'failed'],
      ])

      const [failure, second] = result.failures
      expect(failure).toMatchObject({
        seed: 42,
        on: 'twin',
        shrunkOn: 'twin',
        replay: `./ztos replay ${result.id} --runs ${path.relative('.', runs)}`,
      })
      // One frame is enough; which one is the shrinker's.
      expect(failure?.scenario[0]).toBe('frames: 1')
      expect(failure?.findings.map(({ invariant }) => invariant)).toContain('INV-ISOLATE')
      expect(failure?.frames).toHaveLength(1)
      const message = result.outcomes[0]?.message ?? ''
      expect(message).toMatch(/^property failed on twin after \d+ cases and \d+ shrinks\nseed 42, path /)
      expect(message).toContain('INV-ISOLATE: ')
      expect(message).toMatch(
        /leaf1 .*entry: interface \d+ \(port\), member of bridge br10010 of VNI 10010|eth\d+ to bank\/web1 .*member of bridge br10010 of VNI 10010/,
      )
      expect(message).toContain(`replay: ./ztos replay ${result.id}`)
      expect(second?.path).toMatch(/^2\//)

      const record = await loadRecord(result.directory)
      expect(record.failures).toEqual(result.failures)
      expect(record.plan?.fabric).toBe('demo')
      expect(record.verification).toMatchObject({
        command: 'run',
        exit: 1,
        seed: 42,
        on: ['twin'],
        blinded: [],
      })
      expect(record.captures).toEqual(['pcap/failure-1.pcapng', 'pcap/failure-2.pcapng'])
      const capture = readPcapng(await readFile(path.join(result.directory, 'pcap/failure-1.pcapng')))
      expect(Buffer.from(capture.packets[0]?.bytes ?? []).toString('hex')).toBe(failure?.frames[0]?.frame)
      expect(await readdir(result.directory)).toEqual(
        expect.arrayContaining(['report.html', 'junit.xml', 'results.json', 'timings.json']),
      )

      const results = JSON.parse(
        await readFile(path.join(result.directory, 'results.json'), 'utf8'),
      ) as unknown
      expect(ctrfFaults(results)).toEqual([])
      expect(results).toMatchObject({ results: { summary: { tests: 3, passed: 1, failed: 2 } } })

      const replayed = await replay({ run: result.id, runs })
      expect(replayed.exit).toBe(1)
      expect(replayed.failures.map((one) => [one.failure.name, one.again])).toEqual([
        ['bank never hears shop', true],
        ['the second property of a test has a path of its own', true],
      ])
      expect(replayed.failures[0]?.outcome?.report?.failure?.scenario).toEqual(failure?.scenario)
    },
  )

  test('[B04] is shown again by the one line that a plain vitest run prints', slow, async () => {
    const shell = async (line: string) => {
      const { NO_COLOR: _, ...inherited } = process.env
      // The fixtures lie where the configuration of this repository does not look.
      const command = line.replace('vitest run', `vitest run --config ${fixtures.config}`)
      return promisify(execFile)('sh', ['-c', command], { env: { ...inherited, NO_COLOR: '1' } }).catch(
        (error: unknown) => error as { stdout: string; stderr: string },
      )
    }
    const plan = path.join(runs, 'a plan.json')
    await writeFile(plan, planBytes(planOf('demo')))
    const first = await shell(
      `ZTOS_PLAN='${plan}' ZTOS_RUNS=300 ZTOS_SEED=7 npx vitest run leak.ts -t 'bank never hears shop'`,
    )
    const line = /replay: (.*)/.exec(`${first.stdout}${first.stderr}`)?.[1] ?? ''
    expect(line).toMatch(
      /^ZTOS_PLAN='.*a plan\.json' ZTOS_RUNS=300 ZTOS_SEED=7 ZTOS_PATH=[\d:]+ npx vitest run test\/sdk\/fixtures\/leak\.ts -t 'bank never hears shop'$/,
    )
    const again = await shell(line)
    const scenario = (text: string) => /scenario:\n([\s\S]*?)\n\s*INV-/.exec(text)?.[1]
    expect(scenario(`${again.stdout}${again.stderr}`)).toBe(scenario(`${first.stdout}${first.stderr}`))
    expect(`${again.stdout}${again.stderr}`).toContain('after 1 cases and 0 shrinks')
  })
})

describe('vacuity is failure', () => {
  test('whatever way a test judges nothing', slow, async () => {
    const result = await run({ files: [fixtures.vacuous], runs })
    expect(messagesOf(result)).toEqual({
      'a matcher that is not awaited':
        'failed: ZT_VACUOUS: toReach was not awaited, so that its answer was lost',
      'frames that nobody looks at':
        'failed: ZT_VACUOUS: frames were sent, but no matcher looked at what became of them',
      'a matcher with nothing to look at': 'failed: ZT_VACUOUS: toDrop looked at no frame in any case',
      'isolation without anybody who could hear': expect.stringContaining(
        'failed: ZT_VACUOUS: toIsolate judged nothing',
      ) as string,
      'a judgement that is sound': 'passed: ',
    })
    // Nothing was seen of the fabric that speaks against it: unjudged, not violated.
    expect(result.exit).toBe(3)
  })

  test('a file that judged nothing at all', slow, async () => {
    const result = await run({ files: [fixtures.nothing], runs })
    expect(messagesOf(result)).toMatchObject({
      'the file as a whole': 'failed: ZT_VACUOUS: the tests of this file judged nothing',
    })
    expect(result.exit).not.toBe(0)
  })
})

test('an intent that cannot be judged here skips its test, and the run is unjudged', slow, async () => {
  const result = await run({ files: [fixtures.skipped], runs })
  expect(result.outcomes.map(({ status, note }) => [status, note?.slice(0, 36)])).toEqual([
    ['skipped', 'unjudged: latency cannot be measured'],
    ['passed', undefined],
  ])
  expect(result.verdicts.map(({ name, combined }) => [name, combined])).toEqual([
    ['web-fast', 'unjudged'],
    ['web-db', 'holds'],
  ])
  expect(result.exit).toBe(3)
})

describe('bad input', () => {
  test('files that do not exist, and names that fit nothing, leave no record', slow, async () => {
    await expect(run({ files: ['test/sdk/fixtures/none.ts'], runs })).rejects.toMatchObject({
      code: 'ZT_USAGE',
    })
    await expect(run({ files: [fixtures.skipped], runs, name: 'no such test' })).rejects.toMatchObject({
      code: 'ZT_NOTHING',
    })
    await expect(run({ files: [fixtures.skipped], runs, name: '(' })).rejects.toMatchObject({
      code: 'ZT_USAGE',
    })
    expect(await readdir(runs)).toEqual([])
  })

  test('a signal leaves no record', slow, async () => {
    const controller = new AbortController()
    const running = run({
      files: [fixtures.leak],
      runs,
      signal: controller.signal,
      onProgress: ({ kind }) => {
        if (kind === 'stage') controller.abort()
      },
    })
    await expect(running).rejects.toMatchObject({ code: 'ZT_INTERRUPTED' })
    expect(await readdir(runs)).toEqual([])
  })

  test('a signal is heard in the middle of a long property', { timeout: 60_000 }, async () => {
    const signal = AbortSignal.timeout(4000)
    const running = run({ files: [fixtures.long], runs, signal })
    await expect(running).rejects.toMatchObject({ code: 'ZT_INTERRUPTED' })
    expect(await readdir(runs)).toEqual([])
  })

  test('a run without failures and journals has nothing to replay', slow, async () => {
    const result = await run({ files: [fixtures.skipped], runs, name: 'what it can' })
    expect(result.exit).toBe(0)
    await expect(replay({ run: result.id, runs })).rejects.toMatchObject({ code: 'ZT_NOTHING' })
    await expect(replay({ run: 'none', runs })).rejects.toMatchObject({ code: 'ZT_RECORD_MISSING' })
  })
})
