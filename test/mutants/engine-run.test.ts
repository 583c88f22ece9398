/**
 * Family 3, the engine on real interfaces: faults that no replay reaches, against the tests in dataplane/test/run. The account
 * of a run of those tests with the fault says which of them see it.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test, type TestContext } from 'vitest'
import { z } from 'zod'
import { ROOT } from './support/compile-twin.js'
import { Table } from './support/table.js'

const DATAPLANE = path.join(ROOT, 'dataplane')
/** Each test that the fault is shown to, by words of its title, and the row of docs/features.tsv that it then proves. */
const SHOWN: readonly { readonly mutant: string; readonly row: string; readonly title: string }[] = [
  { mutant: 'fill_not_replenished', row: 'O06', title: 'full receive ring drops' },
  { mutant: 'completion_not_drained', row: 'O06', title: 'burst beyond the transmit ring' },
  { mutant: 'transmit_full_uncounted', row: 'O06', title: 'device that is down keeps' },
  { mutant: 'transmit_not_retried', row: 'O15', title: 'device that is down keeps' },
  { mutant: 'socket_not_bound', row: 'O32', title: 'frames cross two engines' },
  { mutant: 'wireguard_session_unwiped', row: 'C40', title: 'keys of sessions that are gone' },
  { mutant: 'wireguard_stack_unwiped', row: 'C40', title: 'keys of sessions that are gone' },
  { mutant: 'xdp_taken_off', row: 'T03', title: 'orderly end leaves xdp' },
  { mutant: 'vni_off_by_one', row: 'O11', title: 'frames cross two engines' },
  { mutant: 'weights_ignored', row: 'C14', title: 'flows are shared out by weights' },
  { mutant: 'arp_not_punted', row: 'O34', title: 'arp and icmp for the node' },
  { mutant: 'arp_not_passed', row: 'O34', title: 'passes by xdp and never reaches the engine' },
  { mutant: 'passed_for_others', row: 'O34', title: 'what is for others or doubtful' },
  { mutant: 'cached_ttl_unchecked', row: 'O35', title: 'first packets icmp errors' },
]
const Account = z.array(
  z.object({ id: z.string(), state: z.enum(['passed', 'failed', 'skipped']), ms: z.number() }),
)

const folder = mkdtempSync(path.join(tmpdir(), 'ztos-mutants-run-'))
const table = new Table('engine-run')
afterAll(() => {
  table.write()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach((context: TestContext) => {
  if (process.getuid?.() !== 0) context.skip('root is needed for namespaces and XDP')
})

describe('a wrong engine on real interfaces', () => {
  test('every fault that only a run shows is shown to a test', () => {
    const done = spawnSync(path.join(DATAPLANE, 'build/ztos-fpe-mutants'), ['--list-run-mutants'], {
      encoding: 'utf8',
    })
    const listed = z.array(z.object({ name: z.string() })).parse(JSON.parse(done.stdout))
    expect(listed.length).toBeGreaterThanOrEqual(6)
    expect(SHOWN.map(({ mutant }) => mutant)).toEqual(expect.arrayContaining(listed.map(({ name }) => name)))
  })

  test('the build of mutants without a fault passes the same tests', () => {
    const titles = [...new Set(SHOWN.map(({ title }) => title))]
    const { account, said } = runTests('none', titles)
    expect(account.some(({ state }) => state === 'failed') ? said : '').toBe('')
  })

  for (const { mutant, row, title } of SHOWN) {
    test(`${mutant} is seen by the test of [${row}]`, () => {
      const failed = runTests(mutant, [title]).account.filter(({ state }) => state === 'failed')
      table.add({
        mutant,
        family: 'source of the engine',
        site: row,
        on: 'netns',
        state: failed.length === 0 ? 'survived' : 'killed',
        killedBy: failed.map(({ id }) => id),
      })
      expect(failed.map(({ id }) => id)).toEqual([expect.stringContaining(`[${row}]`)])
    })
  }
})

/**
 * Runs tests of engine and probe, engines with a fault.
 *
 * @returns their account, without which nothing is said about the fault, and what they said
 */
function runTests(mutant: string, titles: readonly string[]) {
  const file = path.join(folder, `${mutant}.json`)
  const { ZT_COUNTS: _, ...inherited } = process.env
  const done = spawnSync('python3', ['test/run/run.py', ...titles], {
    cwd: DATAPLANE,
    encoding: 'utf8',
    timeout: 120_000,
    env: { ...inherited, ZT_BUILD: path.join(DATAPLANE, 'build'), ZT_RUN_MUTANT: mutant, ZT_TESTS: file },
  })
  if (done.error !== undefined) throw done.error
  const account = Account.parse(JSON.parse(readFileSync(file, 'utf8')))
  if (account.length !== titles.length || account.some(({ state }) => state === 'skipped'))
    throw new Error(`not every test ran:\n${done.stdout}${done.stderr}`)
  return { account, said: `${done.stdout}${done.stderr}` }
}
