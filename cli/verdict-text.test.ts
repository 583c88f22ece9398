import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Failure } from '../record/schema.js'
import type { CombinedVerdict, Judgement, Verdict } from '../record/verdict.js'
import { colours } from './colours.js'
import { resultText } from './verdict-text.js'

const finding = (message: string) => ({
  invariant: 'INV-REACH',
  message,
  node: 'leaf2',
  decoded: ['58 octets', '   0 Ethernet: src 02:00:00:00:00:01'],
})
const verdict = (by: Verdict['by'], judgement: Judgement, extra: Partial<Verdict> = {}): Verdict => ({
  name: 'x',
  kind: 'reach',
  by,
  judgement,
  judged: 1,
  controls: 1,
  findings: [],
  ...extra,
})
const combined = (
  name: string,
  judgement: Judgement,
  verdicts: readonly Verdict[],
  kind: Verdict['kind'] = 'reach',
): CombinedVerdict => ({ name, kind, combined: judgement, verdicts })

const failure = (name: string): Failure => ({
  test: '00000000-0000-8000-8000-000000000000',
  file: 'ztos:reach',
  name,
  on: 'netns',
  shrunkOn: 'netns',
  seed: 7,
  path: '0:1',
  runs: 1,
  shrinks: 2,
  scenario: ['flows: 1'],
  frames: [],
  findings: [],
  blame: [],
  replay: './ztos replay r1',
})

function text(verdicts: readonly CombinedVerdict[], failures: readonly Failure[] = []): string {
  const directory = path.resolve('runs/r1')
  return resultText(
    { id: 'r1', directory, exit: 0, verdicts, failures, notes: ['a note'] },
    ['twin', 'netns'],
    colours(false),
  )
}

describe('what a run found', () => {
  test('is a line for each intent by each interpreter, and a count of scenarios that hold', () => {
    const shown = text([
      combined('web-db', 'holds', [verdict('twin', 'holds'), verdict('netns', 'holds')]),
      combined('web-fast', 'holds', [
        verdict('twin', 'unjudged', { reason: 'no clock' }),
        verdict('netns', 'holds'),
      ]),
      combined('agreement:nodes', 'holds', [verdict('netns', 'holds')], 'agreement'),
      combined('some scenario', 'holds', [verdict('twin', 'holds')], 'scenario'),
    ])
    expect(shown).toBe(
      [
        'verdict          twin        lab         combined',
        'web-db           holds       holds       holds',
        'web-fast         unjudged    holds       holds',
        'agreement:nodes  -           holds       holds',
        '1 scenario besides, all hold',
        '',
        'note: a note',
        '',
        'record: runs/r1',
        'report: runs/r1/report.html',
        '',
        '4 hold',
        '',
      ].join('\n'),
    )
  })

  test('a dispute shows both sides, with the first finding decoded', () => {
    const shown = text([
      combined('web-db', 'disputed', [
        verdict('twin', 'holds', { reason: 'all arrived' }),
        verdict('netns', 'violated', { findings: [finding('did not arrive'), finding('nor did this')] }),
      ]),
    ])
    expect(shown).toContain(
      [
        'disputed: web-db',
        '  twin: holds: all arrived',
        '  lab: violated',
        '    INV-REACH: did not arrive (leaf2)',
        '      58 octets',
        '         0 Ethernet: src 02:00:00:00:00:01',
        '    (1 finding more in the report)',
      ].join('\n'),
    )
    expect(shown).toMatch(/\n1 disputed\n$/)
  })

  test('[T07] grounds of a verdict that names several are a line each, whether it holds or not', () => {
    const grounds = [
      { ground: 'plan', judgement: 'holds', said: '6 links', counts: { links: 6 } },
      { ground: 'egress guard', judgement: 'unjudged', said: 'the twin has no kernel', counts: {} },
      { ground: 'capture', judgement: 'violated', said: '9 frames', counts: { frames: 9 } },
    ] as const
    const shown = text([combined('core', 'violated', [verdict('twin', 'violated', { grounds })], 'encrypt')])
    expect(shown).toContain(
      [
        'grounds of core',
        '  twin  plan          holds     6 links',
        '  twin  egress guard  -         the twin has no kernel',
        '  twin  capture       violated  9 frames',
      ].join('\n'),
    )
  })

  test('one ground of many is said once, and a scenario does not repeat what an intent has shown', () => {
    const cannot = [verdict('twin', 'holds'), verdict('netns', 'unjudged', { reason: 'no lab here' })]
    const stumbles = [verdict('netns', 'violated', { findings: [finding('did not arrive')] })]
    const shown = text([
      combined('a', 'unjudged', cannot),
      combined('b', 'unjudged', cannot),
      combined('scenario', 'violated', stumbles, 'scenario'),
    ])
    expect(shown).toContain('unjudged: a, b\n  lab: unjudged: no lab here\n')
    expect(shown).toContain('violated: scenario\n  lab: violated\n    INV-REACH: did not arrive (leaf2)\n\n')
    expect(shown).not.toContain('Ethernet')
    expect(text([combined('scenario', 'violated', stumbles, 'scenario')])).toContain('Ethernet')
  })

  test('shows three shrunk failures, how many more there are, and one line that replays', () => {
    const shown = text([], ['a', 'b', 'c', 'd', 'e'].map(failure))
    expect(shown.match(/^shrunk: /gm)).toHaveLength(3)
    expect(shown).toContain('shrunk: ztos:reach a, lab, seed 7\n  flows: 1\n')
    expect(shown).toContain('2 shrunk failures more in the report')
    expect(shown.match(/^again: {2}\.\/ztos replay r1$/gm)).toHaveLength(1)
    expect(shown).toMatch(/\nnothing was judged\n$/)
  })

  test('what frames and labs put into it stays text', () => {
    const shown = text([
      combined('a', 'violated', [
        verdict('netns', 'violated', { reason: 'bad \u001b[2J', findings: [finding('\u0007')] }),
      ]),
    ])
    expect(shown).not.toMatch(/[^\P{Cc}\n]/u)
  })

  test('colours follow the judgement', () => {
    const shown = resultText(
      {
        id: 'r1',
        directory: '/r1',
        exit: 1,
        verdicts: [combined('a', 'violated', [])],
        failures: [],
        notes: [],
      },
      ['twin'],
      colours(true),
    )
    expect(shown).toContain('\u001b[31mviolated\u001b[39m')
  })
})
