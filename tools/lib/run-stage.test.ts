import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { judge } from './counts.mjs'
import { runStage } from './run-stage.mjs'

let results: string

beforeEach(() => {
  results = mkdtempSync(`${tmpdir()}/stage-`)
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(results, { recursive: true })
})

function shell(script: string, options: { minutes?: number; signal?: AbortSignal; isBeside?: true } = {}) {
  const { minutes = 1, signal = new AbortController().signal, isBeside = false } = options
  const stage = { name: 'sample', what: 'a sample', minutes, command: ['sh', '-c', script] }
  return runStage(stage, { root: results, results, signal, isBeside })
}

test('a closing line is the account, and is not relayed', async () => {
  const { counts, broken } = await shell(
    'echo working; echo "SKIP huge: no pages"; echo "4 passed, 0 failed, 1 skipped"',
  )
  expect(counts).toMatchObject({ passed: 4, failed: 0, skipped: [{ name: 'huge', reason: 'no pages' }] })
  expect(broken).toBeUndefined()
  expect(vi.mocked(console.log).mock.calls.flat()).toEqual(['working', 'SKIP huge: no pages'])
})

test('the file that ZT_COUNTS names is believed before any line', async () => {
  const { counts } = await shell(
    'echo "9 passed, 0 failed, 0 skipped"; echo \'{"passed":1,"failed":1,"skipped":[],"failures":["a"]}\' > "$ZT_COUNTS"',
  )
  expect(counts).toEqual({ passed: 1, failed: 1, skipped: [], failures: ['a'] })
})

test('a command that dies after counting green is a failure', async () => {
  const { counts, broken } = await shell('echo "4 passed, 0 failed, 0 skipped"; exit 3')
  expect(broken).toBe('exited 3')
  expect(judge(counts, broken).failed).toBe(1)
})

test('beside others it runs when nothing else wants to, and says all in one piece with its name', async () => {
  const { counts, broken } = await shell(
    `chrt -p $$ | head -1 | sed "s/.*: //"
     if [ -e /proc/self/autogroup ]; then sed "s/.* //" /proc/self/autogroup; else echo 19; fi
     echo oops >&2; echo "4 passed, 0 failed, 0 skipped"`,
    { isBeside: true },
  )
  expect(broken).toBeUndefined()
  expect(counts).toMatchObject({ passed: 4 })
  const [[said] = [], ...more] = vi.mocked(console.log).mock.calls
  expect(more).toEqual([])
  const lines = String(said).split('\n')
  expect(lines.slice(0, 2)).toEqual(['', '== sample, beside: a sample'])
  expect(lines.slice(2).toSorted()).toEqual(['19', 'SCHED_IDLE', 'oops'])
})

test('a command that does not exist is a failure', async () => {
  const stage = { name: 'none', what: 'nothing', minutes: 1, command: ['ztos-no-such-program'] }
  const signal = new AbortController().signal
  const { counts, broken } = await runStage(stage, { root: results, results, signal })
  expect(counts).toBeUndefined()
  expect(broken).toMatch(/ztos-no-such-program/)
})

test('a stage past its time is ended with its children', async () => {
  const { broken } = await shell('sleep 30 & wait', { minutes: 0.3 / 60 })
  expect(broken).toMatch(/ran longer than/)
})

test('an interrupt ends the stage', async () => {
  const interrupt = new AbortController()
  const running = shell('sleep 30 & wait', { signal: interrupt.signal })
  interrupt.abort()
  expect((await running).broken).toBe('was killed by SIGTERM')
})
