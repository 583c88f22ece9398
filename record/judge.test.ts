import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import type { z } from 'zod'
import { blindedBy, blindedInvariants, invariantIds } from './invariants.js'
import { combine, combination, judge } from './judge.js'
import type { Evidence } from './judge.js'
import type { CombinedVerdictSchema, VerdictSchema } from './schema.js'
import type { CombinedVerdict, Interpreter, Judgement, Verdict } from './verdict.js'

const evidence: Evidence = { name: 'web-db', kind: 'reach', by: 'twin', judged: 3, controls: 3, findings: [] }
const finding = { invariant: 'INV-TTL', message: 'TTL is 64, not 62, at shop/db1' }

afterEach(() => vi.unstubAllEnvs())

describe('judge', () => {
  test('evidence without findings holds, with its grounds', () => {
    expect(judge({ ...evidence, reason: 'three frames' })).toEqual({
      name: 'web-db',
      kind: 'reach',
      by: 'twin',
      judged: 3,
      controls: 3,
      findings: [],
      judgement: 'holds',
      reason: 'three frames',
    })
  })

  test('one finding violates', () => {
    expect(judge({ ...evidence, findings: [finding] })).toMatchObject({
      judgement: 'violated',
      findings: [finding],
    })
  })

  test('a finding about agreement disputes', () => {
    expect(judge({ ...evidence, kind: 'agreement', findings: [finding] }).judgement).toBe('disputed')
  })

  test.each([
    ['nothing was looked at', 0, 0],
    ['no positive control', 5, 0],
  ])('vacuous evidence is unjudged: %s', (text, judged, controls) => {
    const verdict = judge({ ...evidence, judged, controls })
    expect(verdict.judgement).toBe('unjudged')
    expect(verdict.reason).toContain('ZT_VACUOUS')
    expect(verdict.reason).toContain(text)
  })

  test('a violation does not need controls', () => {
    expect(judge({ ...evidence, judged: 1, controls: 0, findings: [finding] }).judgement).toBe('violated')
  })

  test('what cannot be judged is unjudged with that reason, findings or not', () => {
    expect(judge({ ...evidence, findings: [finding], cannot: 'faults come later' })).toMatchObject({
      judgement: 'unjudged',
      reason: 'faults come later',
      findings: [],
    })
  })

  test('many findings are cut, and the verdict says so', () => {
    const verdict = judge({ ...evidence, findings: Array.from({ length: 40 }, () => finding) })
    expect(verdict.findings).toHaveLength(25)
    expect(verdict.reason).toBe('40 findings, the first 25 are kept')
  })

  test.each(invariantIds.filter((id) => id !== 'INV-NOT-VACUOUS'))(
    'blinding %s overlooks it and nothing else',
    (id) => {
      vi.stubEnv('ZTOS_BLIND', id)
      const other = invariantIds.find((one) => one !== id) ?? ''
      expect(judge({ ...evidence, findings: [{ invariant: id, message: 'x' }] }).judgement).toBe('holds')
      expect(judge({ ...evidence, findings: [{ invariant: other, message: 'x' }] }).judgement).toBe(
        'violated',
      )
      expect(blindedInvariants()).toEqual([id])
    },
  )

  test('blinding INV-NOT-VACUOUS lets vacuous evidence hold', () => {
    vi.stubEnv('ZTOS_BLIND', 'INV-NOT-VACUOUS')
    expect(judge({ ...evidence, judged: 0, controls: 0 }).judgement).toBe('holds')
  })

  test('an unknown invariant in ZTOS_BLIND is an error that names it', () => {
    expect(() => blindedBy('INV-TTL,INV-NONE')).toThrow(
      expect.objectContaining({
        code: 'ZT_BLIND_UNKNOWN',
        where: 'ZTOS_BLIND',
        message: expect.stringContaining('INV-NONE'),
      }),
    )
    expect(blindedBy('')).toEqual([])
    expect(blindedBy('INV-TTL, INV-PN')).toEqual(['INV-TTL', 'INV-PN'])
  })
})

const judgements: readonly Judgement[] = ['holds', 'violated', 'unjudged', 'disputed']
function verdict(by: Interpreter, judgement: Judgement, kind: Verdict['kind'] = 'reach'): Verdict {
  return { name: 'n', kind, by, judgement, judged: 1, controls: 1, findings: [] }
}
const combined = (...verdicts: Verdict[]) => combine(verdicts)[0]?.combined

describe('combine', () => {
  // Twin × lab, by hand, beside the table it tests.
  test.each<[Judgement, Judgement, Judgement]>([
    ['holds', 'holds', 'holds'],
    ['holds', 'violated', 'disputed'],
    ['holds', 'unjudged', 'unjudged'],
    ['violated', 'holds', 'disputed'],
    ['violated', 'violated', 'violated'],
    ['violated', 'unjudged', 'violated'],
    ['unjudged', 'holds', 'unjudged'],
    ['unjudged', 'violated', 'violated'],
    ['unjudged', 'unjudged', 'unjudged'],
  ])('twin %s and lab %s give %s', (twin, lab, expected) => {
    expect(combined(verdict('twin', twin), verdict('netns', lab))).toBe(expected)
  })

  test.each(judgements)('disputed stays disputed beside %s', (other) => {
    expect(combination.disputed[other]).toBe('disputed')
    expect(combination[other].disputed).toBe('disputed')
  })

  test('a latency that only the lab can measure holds by the lab alone', () => {
    expect(combined(verdict('twin', 'unjudged', 'latency'), verdict('netns', 'holds', 'latency'))).toBe(
      'holds',
    )
    expect(combined(verdict('twin', 'unjudged', 'latency'), verdict('netns', 'unjudged', 'latency'))).toBe(
      'unjudged',
    )
    expect(combined(verdict('twin', 'unjudged', 'latency'), verdict('netns', 'violated', 'latency'))).toBe(
      'violated',
    )
  })

  test.each(judgements)('one interpreter alone decides: %s', (one) => {
    expect(combined(verdict('twin', one))).toBe(one)
    expect(combined(verdict('netns', one))).toBe(one)
  })

  test('of several verdicts of one interpreter the worst counts', () => {
    expect(
      combined(verdict('twin', 'holds'), verdict('twin', 'violated'), verdict('netns', 'violated')),
    ).toBe('violated')
  })

  test('names keep their order', () => {
    const named = (name: string): Verdict => ({ ...verdict('twin', 'holds'), name })
    expect(combine([named('b'), named('a'), named('b')]).map(({ name }) => name)).toEqual(['b', 'a'])
  })
})

test('the schemas of a record read exactly the types that judges write', () => {
  expectTypeOf<z.infer<typeof VerdictSchema>>().toExtend<Verdict>()
  expectTypeOf<z.infer<typeof CombinedVerdictSchema>>().toExtend<CombinedVerdict>()
  expectTypeOf<keyof z.infer<typeof VerdictSchema>>().toEqualTypeOf<keyof Verdict>()
})
