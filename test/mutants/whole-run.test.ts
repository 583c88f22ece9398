/**
 * Faults as a user meets them: a fabric that leaks turns a scenario file and its command red, and a journal of which one octet is
 * not what the engine did is not taken for one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { RecordType } from '../../contract/journal.js'
import { ztos } from '../../cli/testdata/call.js'
import { compareNodes } from '../../lab/compare/node.js'
import { judgeNodes } from '../../sdk/judge/agreement.js'
import { readRecords, writeRecords } from '../../twin/forward/index.js'
import { toHex } from '../../twin/packet/index.js'
import { runEngine } from './support/engine.js'
import { recordJudges } from './support/recorded-traffic.js'
import { shipped } from './support/subjects.js'
import { Table, testId } from './support/table.js'

const table = new Table('whole-run')
const folder = mkdtempSync(path.join(tmpdir(), 'ztos-whole-run-'))
afterAll(() => {
  table.write()
  rmSync(folder, { recursive: true, force: true })
})

interface Ran {
  readonly exit: number
  readonly run: string
  readonly failures: readonly { readonly replay: string }[]
}

describe('a fabric that leaks', () => {
  test('[T05][T10][B04][B17] ends `ztos run` with status 1, and so does the line that replays it', async (context) => {
    const called = await ztos('run', 'test/sdk/fixtures/leak.ts', '--seed', '42', '--runs', folder, '--json')
    const { exit, run, failures } = called.json() as Ran
    const again = await ztos('replay', run, '--runs', folder)
    const statuses = { status: called.status, exit, again: again.status }
    const found = Object.values(statuses).every((status) => status === 1) && failures.length > 0
    table.add({
      mutant: 'port-in-other-bridge',
      family: 'leaking fabric',
      site: 'bank/web1',
      on: 'twin',
      state: found ? 'killed' : 'survived',
      killedBy: found ? [testId(context)] : [],
      invariants: ['INV-ISOLATE'],
    })
    expect(statuses).toEqual({ status: 1, exit: 1, again: 1 })
    expect(failures.length).toBeGreaterThan(0)
    expect(again.stdout).toMatch(/^fails again: /m)
  })
})

describe('a journal', () => {
  test('[B15] with one octet of one output changed is found by twin and engine, as no other is', async (context) => {
    const demo = shipped('demo')
    const journals = await recordJudges(demo)
    const right = journals.get('leaf1') ?? new Uint8Array()
    const wrong = withOtherOutput(right)
    const twin = [right, wrong].map(
      (journal) => judgeNodes(compareNodes(new Map([['leaf1', journal]]), demo.keys), 'twin').judgement,
    )
    const keyFile = path.join(folder, 'keys.json')
    const keys = Object.fromEntries([...demo.keys].map(([reference, key]) => [reference, toHex(key)]))
    writeFileSync(keyFile, JSON.stringify(keys), { mode: 0o600 })
    const engine = [right, wrong].map((journal, index) => {
      const journalFile = path.join(folder, `${index}.ztj`)
      writeFileSync(journalFile, journal)
      return runEngine({ journalFile, keyFile }).outcome
    })
    const found = twin[1] === 'disputed' && engine[1] === 'different'
    table.add({
      mutant: 'output-altered',
      family: 'altered journal',
      site: 'demo leaf1',
      on: 'replay',
      state: found ? 'killed' : 'survived',
      killedBy: found ? [testId(context)] : [],
      invariants: ['INV-AGREE-NODE'],
    })
    expect({ twin, engine }).toEqual({ twin: ['holds', 'disputed'], engine: ['equal', 'different'] })
  })
})

/** The last octet of the last frame that was sent is another. */
function withOtherOutput(journal: Uint8Array): Uint8Array {
  const { records, complete } = readRecords(journal)
  const last = records.findLastIndex(({ type }) => type === RecordType.FrameOut)
  const changed = records.map((record, index) => {
    if (index !== last) return record
    const payload = record.payload.slice()
    payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1
    return { ...record, payload }
  })
  return writeRecords(changed, complete)
}
