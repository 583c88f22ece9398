import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { figuresOf } from '../../sdk/judge/latency.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import type { TestOutcome } from '../../sdk/runner/drive.js'
import { keyFile, readKeyFile, writeKeyFile } from '../../sdk/runner/key-file.js'
import { reportOf, type Findings } from '../../lab/doctor/report.js'
import { whyNoLab } from '../../sdk/runner/lab.js'
import { ctrfTest, verdictsOf } from '../../sdk/runner/outcomes.js'
import { readEnvironment } from '../../sdk/vitest/environment.js'
import { viewOf } from '../../sdk/fabric-view.js'
import { ScenarioTarget } from '../../sdk/scenario-target.js'
import type { LatencySamples } from '../../record/target.js'
import type { PlanIntent } from '../../contract/plan.js'
import { twinTarget } from '../../twin/target.js'
import { deriveKeys } from '../../twin/program/index.js'
import { planOf } from './testing/demo.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-runner-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe('environment of a run', () => {
  test('what is not set has its default', () => {
    expect(readEnvironment({})).toMatchObject({
      on: 'twin',
      seed: undefined,
      path: undefined,
      command: 'npx ztos',
    })
    expect(readEnvironment({ ZTOS_SEED: '' }).seed).toBeUndefined()
  })

  test('a path names the property of the test', () => {
    expect(readEnvironment({ ZTOS_PATH: '12:0:3' }).path).toEqual({ forAll: 1, path: '12:0:3' })
    expect(readEnvironment({ ZTOS_PATH: '2/12:0:3' }).path).toEqual({ forAll: 2, path: '12:0:3' })
  })

  test.each([
    ['ZTOS_ON', 'moon'],
    ['ZTOS_SEED', '1.5'],
    ['ZTOS_SEED', '99999999999'],
    ['ZTOS_RUNS', '0'],
    ['ZTOS_PATH', 'a:b'],
  ])('%s=%s is refused by name', (name, value) => {
    expect(() => readEnvironment({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'ZT_ENVIRONMENT', message: expect.stringContaining(name) as string }),
    )
  })
})

describe('key files', () => {
  test('lie outside of records, for their owner alone, and are read back', () => {
    const file = keyFile('20261121-090507-abcdef', { XDG_STATE_HOME: folder })
    expect(file).toBe(path.join(folder, 'ztos/keys/20261121-090507-abcdef.json'))
    writeKeyFile(file, new Map([['lab:core/x', new Uint8Array(16).fill(9)]]))
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(readKeyFile(file)?.get('lab:core/x')).toEqual(new Uint8Array(16).fill(9))
    expect(readKeyFile(path.join(folder, 'none'))).toBeUndefined()
  })

  test('a relative XDG_STATE_HOME is not followed (XDG Base Directory)', () => {
    expect(keyFile('x', { XDG_STATE_HOME: 'relative' })).toContain(
      path.join('.local', 'state', 'ztos', 'keys'),
    )
  })

  test('a file that is none is refused without showing what it holds', () => {
    const file = path.join(folder, 'bad.json')
    const secret = '0123456789abcdef0123456789abcdeX'
    writeFileSync(file, JSON.stringify({ 'lab:core/x': secret }))
    expect(() => readKeyFile(file)).toThrow(
      expect.objectContaining({
        code: 'ZT_ENVIRONMENT',
        message: expect.not.stringContaining(secret) as string,
      }),
    )
    expect(readFileSync(file, 'utf8')).toContain(secret)
  })
})

describe('outcomes of tests', () => {
  const outcome: TestOutcome = {
    file: 'a.test.ts',
    name: 's one',
    suites: ['s'],
    title: 'one',
    on: 'twin',
    status: 'passed',
    duration: 3,
    start: 1,
  }
  const report = { on: 'twin' as const, controls: 2, judged: 4, verdicts: [], findings: [] }

  test('a test is one scenario verdict', () => {
    expect(verdictsOf([{ ...outcome, report }])).toEqual([
      {
        name: 'a.test.ts s one',
        kind: 'scenario',
        by: 'twin',
        judgement: 'holds',
        judged: 4,
        controls: 2,
        findings: [],
      },
    ])
  })

  test('a test that judged intents is their verdicts', () => {
    const intent = {
      name: 'web-db',
      kind: 'reach' as const,
      by: 'twin' as const,
      judgement: 'violated' as const,
      judged: 1,
      controls: 0,
      findings: [],
    }
    expect(
      verdictsOf([{ ...outcome, status: 'failed', message: 'x', report: { ...report, verdicts: [intent] } }]),
    ).toEqual([intent])
    const held = { ...intent, judgement: 'holds' as const }
    expect(
      verdictsOf([
        { ...outcome, status: 'failed', message: 'boom', report: { ...report, verdicts: [held] } },
      ]).map(({ judgement }) => judgement),
    ).toEqual(['holds', 'violated'])
  })

  test.each([
    ['ZT_VACUOUS: nothing', 'unjudged'],
    ['ZT_LAB_DIED: leaf1', 'unjudged'],
    ['expected 1 to be 2', 'violated'],
  ])('a test that failed with %s is %s', (message, judgement) => {
    expect(verdictsOf([{ ...outcome, status: 'failed', message }])[0]).toMatchObject({
      judgement,
      reason: message,
    })
  })

  test('a skipped test is unjudged when it says why, else it has no verdict', () => {
    expect(verdictsOf([{ ...outcome, status: 'skipped' }])).toEqual([])
    expect(verdictsOf([{ ...outcome, status: 'skipped', note: 'unjudged: no lab' }])[0]).toMatchObject({
      judgement: 'unjudged',
    })
  })

  test('comparisons of all tests in a lab are one verdict, and differing is disputed', () => {
    const agreement = { compared: 10, findings: [] }
    const lab = { ...outcome, on: 'netns' as const, report: { ...report, on: 'netns' as const, agreement } }
    expect(verdictsOf([lab, lab]).at(-1)).toMatchObject({
      name: 'agreement:fabric',
      judgement: 'holds',
      judged: 20,
    })
    const differing = {
      ...lab,
      report: {
        ...lab.report,
        agreement: { compared: 1, findings: [{ invariant: 'INV-AGREE-FABRIC', message: 'x' }] },
      },
    }
    expect(verdictsOf([lab, differing]).at(-1)).toMatchObject({ judgement: 'disputed' })
    expect(verdictsOf([{ ...outcome, report: { ...report, agreement } }])).toHaveLength(1)
  })

  test('CTRF keeps target, file and counts', () => {
    expect(ctrfTest({ ...outcome, report })).toMatchObject({
      name: 'one',
      suite: ['twin', 'a.test.ts', 's'],
      extra: { on: 'twin', controls: 2, judged: 4 },
    })
    expect(ctrfTest(outcome).id).toBe(ctrfTest({ ...outcome, duration: 9 }).id)
    expect(ctrfTest(outcome).id).not.toBe(ctrfTest({ ...outcome, on: 'netns' }).id)
  })
})

describe('[T08] latency', () => {
  const plan = planOf('demo')
  const intent: Extract<PlanIntent, { kind: 'latency' }> = {
    kind: 'latency',
    name: 'fast',
    from: 'shop/web1',
    to: 'shop/web2',
    percentile: 99,
    bound: 1000,
    rate: 100,
  }
  const measuring = (...measured: LatencySamples[]) => {
    let next = 0
    const keys = deriveKeys(plan, new Uint8Array(32))
    return new ScenarioTarget({
      fabric: viewOf(plan),
      target: {
        ...twinTarget(plan, keys),
        latency: async () => Promise.resolve(measured[Math.min(next++, measured.length - 1)] ?? nothing),
      },
      keys,
      run: 1,
      openTwin: (of) => twinTarget(of, keys),
      walk: () => {
        throw new Error('nobody walks')
      },
    })
  }
  const nothing: LatencySamples = { tier: 'engine', samples: [], sent: 0 }
  const samples = (count: number, late: number) =>
    Array.from({ length: count }, (_, n) => (n < late ? 5000 : 500))

  test.each<[string, LatencySamples, string]>([
    ['within', { tier: 'engine', samples: samples(1000, 10), sent: 1000 }, 'holds'],
    ['one late packet too many', { tier: 'engine', samples: samples(1000, 11), sent: 1000 }, 'violated'],
    ['lost packets are late ones', { tier: 'engine', samples: samples(989, 0), sent: 1000 }, 'violated'],
    [
      'a floor above the target says nothing about the fabric',
      { tier: 'engine', samples: samples(1000, 500), sent: 1000, floor: samples(1000, 500) },
      'unjudged',
    ],
    [
      'a floor below it does not excuse',
      { tier: 'engine', samples: samples(1000, 500), sent: 1000, floor: samples(1000, 0) },
      'violated',
    ],
  ])('%s', async (_, measured, judgement) => {
    const verdict = await judgeIntent(measuring(measured), intent)
    expect(verdict).toMatchObject({ judgement, latency: { tier: 'engine', count: measured.samples.length } })
  })

  test.each<[string, readonly LatencySamples[], string]>([
    [
      'a floor that a busy host spoilt is measured again',
      [
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 500) },
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 0) },
      ],
      'holds',
    ],
    [
      'two bad percentiles of three are no burst of other work',
      [
        { tier: 'engine', samples: samples(1000, 500), sent: 1000, floor: samples(1000, 0) },
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 0) },
        { tier: 'engine', samples: samples(1000, 500), sent: 1000, floor: samples(1000, 0) },
      ],
      'violated',
    ],
    [
      'three floors above the target are enough',
      [
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 500) },
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 500) },
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 500) },
        { tier: 'engine', samples: samples(1000, 0), sent: 1000, floor: samples(1000, 0) },
      ],
      'unjudged',
    ],
  ])('%s', async (_, measured, judgement) => {
    expect(await judgeIntent(measuring(...measured), intent)).toMatchObject({ judgement })
  })

  test('figures are nearest-rank percentiles', () => {
    const figures = figuresOf({
      tier: 't',
      samples: Array.from({ length: 100 }, (_, n) => 100 - n),
      sent: 100,
      floor: [3, 1, 2],
    })
    expect(figures).toEqual({
      tier: 't',
      count: 100,
      p50: 50,
      p90: 90,
      p99: 99,
      p999: 100,
      max: 100,
      floor: { p50: 2, p99: 3, max: 3, count: 3 },
    })
  })
})

describe('only what the host stands in the way of counts as no lab', () => {
  const error = (code: string) => Object.assign(new Error(`${code}: no veth\n  remedy: x`), { code })
  const doctored = (findings: Findings) => async () =>
    reportOf({ kernel: '6.1', architecture: 'x64', cpu: 'a', cores: 2 }, findings)

  test('by the code of the error', async () => {
    expect(await whyNoLab(error('ZT_LAB_PRIVILEGE'))).toBe('no lab on this host: no veth (see ztos doctor)')
    expect(await whyNoLab(error('ZT_LAB_DIED'))).toBeUndefined()
    expect(await whyNoLab(new TypeError('x'))).toBeUndefined()
  })

  test('by what doctor finds where a command failed: a labd that is broken is a fault of the program', async () => {
    const failed = error('ZT_LAB_COMMAND')
    const lacking = doctored({ veth: { outcome: 'no', detail: 'not supported' } })
    expect(await whyNoLab(failed, lacking)).toBe(
      'no lab on this host: it lacks veth (not supported); no veth (see ztos doctor)',
    )
    expect(await whyNoLab(failed, doctored({}))).toBeUndefined()
    expect(
      await whyNoLab(failed, doctored({ veth: { outcome: 'unknown', detail: 'labd died' } })),
    ).toBeUndefined()
    // Nothing that a lab needs.
    expect(await whyNoLab(failed, doctored({ macsec: { outcome: 'no' } }))).toBeUndefined()
  })
})
