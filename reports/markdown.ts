/**
 * Markdown fit for a comment on a pull request: what holds, what does not and why, and no more.
 *
 * @module
 */
import type { CombinedVerdict, Judgement } from '../record/verdict.js'
import { duration, headline, reportModel, verdictBy } from './model.js'
import type { ReportInput, ReportModel } from './model.js'

const marks: Readonly<Record<Judgement, string>> = {
  holds: '✅',
  violated: '❌',
  unjudged: '⚪',
  disputed: '⚠️',
}
/** GitHub refuses comments above 65,536 characters. */
const LONGEST = 60_000

/** Renders a record as GitHub-flavoured Markdown. */
export function renderMarkdown(input: ReportInput): string {
  const model = reportModel(input)
  const sections = [
    `## ${worstMark(model)} ${cell(model.title)}: ${cell(headline(model))}`,
    verdictTable(model),
    ...model.verdicts.map(groundTable),
    latencyTable(model),
    ...model.verdicts.filter(({ combined }) => combined !== 'holds').map(explain),
    ...input.failures.map(
      (failure) =>
        `<details><summary>${inline(failure.name)} (${failure.on})</summary>\n\n${fence([...failure.scenario, ...failure.blame].join('\n'))}\n\nAgain: ${code(failure.replay)}\n\n</details>`,
    ),
    `Run ${code(input.verification.id)}, seed ${input.verification.seed}, on ${input.verification.on.join(' and ')}.`,
  ].filter((section) => section !== '')
  const text = `${sections.join('\n\n')}\n`
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}\n\n(cut; the whole is in report.html)\n`
}

function worstMark({ counts }: ReportModel): string {
  const order: readonly Judgement[] = ['disputed', 'violated', 'unjudged']
  return marks[order.find((judgement) => counts[judgement] > 0) ?? 'holds']
}

function verdictTable({ verdicts, input }: ReportModel): string {
  if (verdicts.length === 0) return ''
  const on = input.verification.on
  const rows = verdicts.map((verdict) => {
    const words = on.map((by) => word(verdictBy(verdict, by)?.judgement))
    return `| ${cell(verdict.name)} | ${words.join(' | ')} | ${word(verdict.combined)} |`
  })
  return [`| intent | ${on.join(' | ')} | together |`, `|---|${'---|'.repeat(on.length + 1)}`, ...rows].join(
    '\n',
  )
}

/** The grounds of a verdict that names several. */
function groundTable({ name, verdicts }: CombinedVerdict): string {
  const rows = verdicts.flatMap(({ by, grounds = [] }) =>
    grounds.map(
      ({ ground, judgement, said }) => `| ${by} | ${cell(ground)} | ${word(judgement)} | ${cell(said)} |`,
    ),
  )
  if (rows.length === 0) return ''
  return [`| ${cell(name)} | ground | | |`, '|---|---|---|---|', ...rows].join('\n')
}

function latencyTable({ latency }: ReportModel): string {
  if (latency.length === 0) return ''
  const rows = latency.map(({ name, by, figures, target }) => {
    const floor = figures.floor === undefined ? '' : duration(figures.floor.p99)
    return `| ${cell(name)} | ${by}, ${cell(figures.tier)} | ${duration(figures.p50)} | ${duration(figures.p99)} | ${duration(figures.max)} | ${floor} | ${cell(target)} |`
  })
  return [
    '| latency | where | p50 | p99 | max | floor p99 | target |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function explain(verdict: CombinedVerdict): string {
  const lines = verdict.verdicts.flatMap(({ by, judgement, reason, findings }) => {
    if (judgement === 'holds') return []
    const first = findings[0]
    if (first === undefined)
      return [`- ${by}: ${judgement}${reason === undefined ? '' : `, ${inline(reason)}`}`]
    const where = [first.invariant, first.node, first.link, first.clause].filter((part) => part !== undefined)
    return [
      `- ${by}: ${inline(first.message)} (${where.map(inline).join(', ')})${findings.length > 1 ? `, and ${findings.length - 1} more` : ''}`,
      ...(first.decoded === undefined ? [] : ['', fence(first.decoded.join('\n')), '']),
    ]
  })
  return `**${inline(verdict.name)}** is ${verdict.combined}\n\n${lines.join('\n')}`
}

function word(judgement: Judgement | undefined): string {
  return judgement === undefined ? '' : `${marks[judgement]} ${judgement}`
}

/** Text from outside cannot mention people, link, or leave its table cell. */
function inline(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|~]/g, (mark) => `\\${mark}`)
    .replaceAll('@', '@\u200b')
}

function cell(text: string): string {
  return inline(text)
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replace(/\s+/g, ' ')}\``
}

function fence(text: string): string {
  return `\`\`\`text\n${text.replaceAll('```', "'''")}\n\`\`\``
}
