import { describe, expect, test } from 'vitest'
import { renderHtml } from './html.js'
import { renderJunit } from './junit.js'
import { renderMarkdown } from './markdown.js'
import { escapeMarkup } from './markup.js'
import { duration, headline, reportModel } from './model.js'
import { hostile, sample } from './testdata/sample.js'

const without = (kept: number) => ({
  ...sample,
  verification: { ...sample.verification, verdicts: sample.verification.verdicts.slice(0, kept) },
})

describe('model', () => {
  test('the headline names the worst judgement', () => {
    expect(headline(reportModel(sample))).toBe('Disputed: twin and lab differ on 1 of 5')
    expect(headline(reportModel(without(1)))).toBe('All 1 hold')
    expect(headline(reportModel(without(0)))).toBe('Nothing was judged')
  })

  test('a finding accuses the link it names, not its neighbours', () => {
    const judgements = reportModel(sample).links.map(({ id, judgement }) => [id, judgement])
    expect(judgements).toEqual([
      ['leaf1--spine1', 'disputed'],
      ['leaf1--spine2', 'not asked'],
      ['leaf2--spine1', 'not asked'],
      ['leaf2--spine2', 'holds'],
    ])
  })

  test('isolation is looked up for both directions of a pair', () => {
    const cells = reportModel(sample).isolation.flat()
    const said = cells.map(({ from, to, verdict }) => `${from} ${to} ${verdict?.combined ?? 'not asked'}`)
    expect(said).toContain('bank shop holds')
    expect(said).toContain('shop bank holds')
    expect(said).toContain('zoo shop violated')
    expect(said).toContain('zoo bank not asked')
  })

  test.each([
    [412, '412 ns'],
    [18_340, '18.3 µs'],
    [2_410_000, '2.41 ms'],
    [1_200_000_000, '1.2 s'],
  ])('%i ns reads %s', (ns, text) => expect(duration(ns)).toBe(text))
})

describe('escaping', () => {
  test('leaves nothing that is markup, in HTML or XML', () => {
    expect(escapeMarkup(hostile)).not.toMatch(/[<>"']/)
    expect(escapeMarkup('a\u0000b\ud800c')).toBe('a\ufffdb\ufffdc')
    expect(renderHtml(sample)).not.toContain('<img')
    expect(renderJunit(sample)).not.toContain('<img')
  })

  test('Markdown from outside cannot mention people or leave its cell', () => {
    const text = renderMarkdown(sample)
    const outsideCode = text.replace(/```text[\s\S]*?```/g, '')
    expect(outsideCode).not.toMatch(/@someone/)
    expect(outsideCode).not.toMatch(/[^\\]<img/)
  })
})

describe('[T10] JUnit', () => {
  test('counts failures, errors and skips by suite', () => {
    const xml = renderJunit(sample)
    expect(xml).toMatch(/<testsuite name="intents of shop" tests="8" failures="2" errors="1" skipped="1">/)
    expect(xml).toMatch(/<testsuite name="scenarios" tests="3" failures="1" errors="0" skipped="1">/)
    expect(xml.match(/<testcase /g)).toHaveLength(11)
    expect(xml.match(/<failure /g)).toHaveLength(3)
  })
})

describe('Markdown', () => {
  test('shows every verdict and explains those that do not hold', () => {
    const text = renderMarkdown(sample)
    for (const { name } of sample.verification.verdicts) expect(text).toContain(name)
    expect(text).toContain('**core-sealed** is disputed')
    expect(text).not.toContain('**web-fast** is')
    expect(text).toContain('`npx ztos replay runs/20260101-000000-abcdef`')
  })

  test('[T07] shows each ground of an encrypt verdict, as the page does', () => {
    expect(renderMarkdown(sample)).toContain('| netns | capture | ❌ violated | 120 frames |')
    const page = renderHtml(sample)
    for (const [ground, judgement] of [
      ['plan', 'holds'],
      ['egress guard', 'unjudged'],
      ['capture', 'violated'],
    ])
      expect(page).toContain(`data-ground="${ground}" data-by="netns" data-judgement="${judgement}"`)
    expect(page).toContain('frames 120, opened 119')
  })
})
