/**
 * JUnit XML: a test case for each test and for each interpreter's word on each intent.
 *
 * @module
 */
import type { CtrfTest } from '../record/ctrf.js'
import type { CombinedVerdict, Finding, Verdict } from '../record/verdict.js'
import { Markup, markup } from './markup.js'
import { reportModel } from './model.js'
import type { ReportInput } from './model.js'

/**
 * Renders a record as JUnit XML (the form that Jenkins, GitLab and GitHub actions read). Unjudged verdicts are
 * `skipped` with their reason, disputed ones `error`.
 */
export function renderJunit(input: ReportInput): string {
  const { verdicts, title } = reportModel(input)
  const tests = input.results.results.tests
  const ofVerdicts = verdicts.flatMap((verdict) => verdictCases(verdict))
  const ofTests = tests.map(testCase)
  const suites = [suite(`intents of ${title}`, ofVerdicts), suite('scenarios', ofTests)]
  return `${
    markup`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="ztos ${input.verification.id}">
${suites}</testsuites>`.text
  }\n`
}

interface Case {
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped'
  readonly xml: Markup
}

function suite(name: string, cases: readonly Case[]): Markup {
  const count = (outcome: Case['outcome']) => cases.filter((one) => one.outcome === outcome).length
  return markup`<testsuite name="${name}" tests="${cases.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}">
${cases.map(({ xml }) => xml)}</testsuite>
`
}

function verdictCases(verdict: CombinedVerdict): readonly Case[] {
  const cases = verdict.verdicts.map((one) => verdictCase(verdict.name, one))
  if (verdict.combined !== 'disputed') return cases
  const words = verdict.verdicts.map(({ by, judgement }) => `${by}: ${judgement}`).join(', ')
  return [...cases, makeCase(`${verdict.kind}.combined`, verdict.name, 0, 'error', `disputed: ${words}`, '')]
}

function verdictCase(name: string, verdict: Verdict): Case {
  const className = `${verdict.kind}.${verdict.by}`
  const text = verdict.findings.map(findingText).join('\n\n')
  switch (verdict.judgement) {
    case 'holds':
      return makeCase(className, name, 0, 'passed', '', '')
    case 'unjudged':
      return makeCase(className, name, 0, 'skipped', verdict.reason ?? 'unjudged', '')
    case 'disputed':
      return makeCase(className, name, 0, 'error', verdict.reason ?? 'disputed', text)
    case 'violated':
      return makeCase(className, name, 0, 'failure', verdict.findings[0]?.message ?? 'violated', text)
  }
}

function testCase(test: CtrfTest): Case {
  const className = [test.filePath ?? 'scenarios', test.extra?.on]
    .filter((part) => part !== undefined)
    .join('.')
  const name = [...(test.suite ?? []), test.name].join(' > ')
  const seconds = test.duration / 1000
  if (test.status === 'passed') return makeCase(className, name, seconds, 'passed', '', '')
  if (test.status === 'failed')
    return makeCase(className, name, seconds, 'failure', test.message ?? 'failed', test.trace ?? '')
  return makeCase(className, name, seconds, 'skipped', test.message ?? test.status, '')
}

function makeCase(
  className: string,
  name: string,
  seconds: number,
  outcome: Case['outcome'],
  message: string,
  text: string,
): Case {
  const open = markup`<testcase classname="${className}" name="${name}" time="${seconds.toFixed(3)}"`
  if (outcome === 'passed') return { outcome, xml: markup`${open}/>\n` }
  const tag = new Markup(outcome)
  return {
    outcome,
    xml: markup`${open}><${tag} message="${firstLine(message)}">${text}</${tag}></testcase>\n`,
  }
}

/** A finding as plain text, a fact a line. */
function findingText(finding: Finding): string {
  const facts = [
    ['invariant', finding.invariant],
    ['node', finding.node],
    ['link', finding.link],
    ['clause', finding.clause],
    ['fate', finding.fate],
  ].flatMap(([label, value]) => (value === undefined ? [] : [`${label}: ${value}`]))
  return [finding.message, ...facts, ...(finding.decoded ?? [])].join('\n')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
