import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ztos, ztosWith } from '../testdata/call.js'

const leak = 'test/sdk/fixtures/leak.ts'
const slow = { timeout: 120_000 }

let runs: string
beforeAll(() => {
  runs = mkdtempSync(path.join(tmpdir(), 'ztos-runs-'))
})
afterAll(() => rmSync(runs, { recursive: true }))

/** Words of a verification in the twin, recorded in the folder of these tests. */
function verify(line: string): string[] {
  return ['verify', ...line.split(' '), '--on', 'twin', '--runs', runs]
}

interface Result {
  readonly run: string
  readonly directory: string
  readonly exit: number
  readonly verdicts: readonly { readonly name: string; readonly combined: string }[]
  readonly failures: readonly { readonly replay: string }[]
}

describe('[T10] verify', () => {
  test('prints a line for each intent, the record and the report', slow, async () => {
    const { status, stdout, stderr } = await ztos(...verify('topologies/two-leaves.yaml --cases 3 --seed 3'))
    expect(status).toBe(0)
    for (const name of ['bridged', 'routed', 'sealed', 'isolation:blue--red']) {
      expect(stdout).toMatch(new RegExp(`^${name} +holds +holds$`, 'm'))
    }
    expect(stdout).toMatch(/^\d+ scenarios besides, all hold$/m)
    const report = /^report: (.*)$/m.exec(stdout)?.[1] ?? ''
    expect(existsSync(report)).toBe(true)
    expect(stdout).toMatch(/\n\n\d+ hold\n$/)
    // On a busy host one may take so long that it is named.
    expect(stderr).toMatch(
      /^\.\.\. {2}scenarios in the twin\n(?: {5}ztos:.*\n)*ok {3}scenarios in the twin \(.* s\)\n$/,
    )
  })

  test('as JSON is the exit status, the record, and every verdict', slow, async () => {
    const called = await ztos(...verify('topologies/two-leaves.yaml --cases 2 --json'))
    const result = called.json() as Result
    expect(result).toMatchObject({ format: 'ztos-verify', version: 1, exit: called.status, failures: [] })
    expect(readdirSync(runs)).toContain(result.run)
    expect(result.verdicts).toContainEqual(expect.objectContaining({ name: 'routed', combined: 'holds' }))
  })

  test('interrupted leaves neither answer nor record', slow, async () => {
    const before = readdirSync(runs)
    const interruption = new AbortController()
    setTimeout(() => interruption.abort(), 500)
    const called = await ztosWith({ signal: interruption.signal }, ...verify('topologies/demo.yaml'))
    expect([called.status, called.stdout]).toEqual([130, ''])
    expect(called.stderr).toMatch(/ztos: interrupted\n$/)
    expect(readdirSync(runs)).toEqual(before)
  })

  test.each(['.', '/dev/zero', 'none.yaml'])('of %s tells the problem as data, not as text', async (file) => {
    const called = await ztos(...verify(`${file} --json`))
    expect(called.status).toBe(2)
    expect(called.json()).toMatchObject({
      code: 'ZT_FABRIC',
      what: `${file} is no sound fabric`,
      where: file,
      problems: [{ file, line: 1, code: expect.stringMatching(/^ZT_FABRIC_/) as string }],
    })
  })

  test('of a fabric of which nothing is asked is bad input', async () => {
    const file = path.join(runs, 'silent.yaml')
    writeFileSync(
      file,
      readFileSync('topologies/two-leaves.yaml', 'utf8')
        .replace(/^ {2}blue:[^]*?(?=^intents)/m, '')
        .replace(/^intents:[^]*/m, ''),
    )
    const { status, stderr } = await ztos('verify', file, '--on', 'twin', '--runs', runs)
    rmSync(file)
    expect(status).toBe(2)
    expect(stderr).toContain('ZT_NOTHING')
  })
})

describe('[T10] a run that fails', () => {
  let result: Result

  test('says which test, with the frame decoded, and how to see it again', slow, async () => {
    const called = await ztos('run', leak, '--seed', '42', '--runs', runs)
    expect(called.status).toBe(1)
    expect(called.stdout).toMatch(/^failed on twin: test\/sdk\/fixtures\/leak\.ts bank never hears shop$/m)
    expect(called.stdout).toContain('INV-ISOLATE: ')
    expect(called.stdout).toMatch(/^ {2}seed 42, path [\d:]+$/m)
    // Once: neither as a verdict's ground nor as a shrunk failure besides.
    expect(called.stdout.match(/ {2}INV-ISOLATE: /g)).toHaveLength(2)
    expect(called.stdout).toMatch(/^again: {2}\.\/ztos replay \S+ --runs \S+$/m)
    expect(called.stdout).toMatch(/\d violated, /)

    const again = await ztos('run', leak, '--seed', '42', '--runs', runs, '--json')
    expect(again.status).toBe(1)
    result = again.json() as Result
    expect(result).toMatchObject({ format: 'ztos-run', exit: 1 })
    expect(result.failures.length).toBeGreaterThan(0)
  })

  test('is replayed by the line that it printed', slow, async () => {
    const [command, ...line] = result.failures[0]?.replay.split(' ') ?? []
    expect([command, ...line]).toEqual(['./ztos', 'replay', result.run, '--runs', path.relative('.', runs)])
    const called = await ztos(...line)
    expect(called.status).toBe(1)
    expect(called.stdout).toMatch(/^fails again: test\/sdk\/fixtures\/leak\.ts bank never hears shop$/m)
    const asJson = await ztos('replay', result.directory, '--json')
    expect(asJson.json()).toMatchObject({
      format: 'ztos-replay',
      exit: 1,
      failures: [{ again: true }, { again: true }],
    })
  })

  test('has its reports made again, here or elsewhere', async () => {
    const report = path.join(result.directory, 'report.html')
    const html = readFileSync(report, 'utf8')
    rmSync(report)
    const called = await ztos('report', result.run, '--runs', runs)
    expect(called.status).toBe(0)
    expect(called.stdout.split('\n')).toContain(report)
    expect(readFileSync(report, 'utf8')).toBe(html)

    const out = path.join(runs, 'elsewhere')
    const elsewhere = await ztos('report', '--runs', runs, '--out', out, '--json')
    expect(elsewhere.json()).toMatchObject({ format: 'ztos-report', run: result.run, status: 1 })
    expect(readdirSync(out).toSorted()).toEqual(['junit.xml', 'report.html', 'report.md'])
    rmSync(out, { recursive: true })
  })

  test('and was changed afterwards is refused', async () => {
    const file = path.join(result.directory, 'failures.json')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('"seed": 42', '"seed": 43'))
    const { status, stderr } = await ztos('report', result.run, '--runs', runs)
    writeFileSync(file, text)
    expect(status).toBe(2)
    expect(stderr).toContain('ZT_RECORD_DIGEST')
    expect(stderr).toContain(`where: ${file}`)
  })
})

describe('runs that are not there', () => {
  test.each([
    [['report', 'nothing'], 'ZT_CLI_NAME'],
    [['replay', 'nothing'], 'ZT_CLI_NAME'],
    [['replay', './nothing'], 'ZT_RECORD_MISSING'],
    [['run', 'none.test.ts'], 'ZT_USAGE'],
    [['run', leak, '--name', '('], 'ZT_USAGE'],
    [['run', leak, '--name', 'no test is called so'], 'ZT_NOTHING'],
  ])('%j is %s', slow, async (argv, code) => {
    const { status, stdout, stderr } = await ztos(...argv, '--runs', runs)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error: ${code}: `)
  })

  test('a folder without records is told', async () => {
    const { status, stderr } = await ztos('report', '--runs', path.join(runs, 'none'))
    expect(status).toBe(2)
    expect(stderr).toContain('there is no run record')
  })
})
