/**
 * The HTML report: one file that loads nothing, runs nothing and shows the whole record.
 *
 * @module
 */
import type { CtrfStatus } from '../record/ctrf.js'
import type { Failure } from '../record/schema.js'
import type { CombinedVerdict, Finding, Ground, Judgement, Verdict } from '../record/verdict.js'
import { Markup, markup } from './markup.js'
import { duration, headline, reportModel, verdictBy } from './model.js'
import type { ReportInput, ReportModel } from './model.js'
import { style } from './style.js'
import { topologySvg } from './topology.js'

const marks: Readonly<Record<Judgement | 'not asked', string>> = {
  holds: '✓',
  violated: '✗',
  unjudged: '–',
  disputed: '≠',
  'not asked': '·',
}

/** Renders a record as a page. Elements carry `data-verdict`, `data-by` and `data-judgement`, so that a test can hold it against the record. */
export function renderHtml(input: ReportInput): string {
  const model = reportModel(input)
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${model.title}: ${headline(model)}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<h1>${model.title}</h1>
<p class="soft">Run ${input.verification.id}, ${input.verification.started}, on ${input.verification.on.join(' and ')}</p>
<p class="headline ${worst(model)}">${headline(model)}</p>
</header>
<main>
${section('Topology', input.plan && markup`<div class="scroll">${topologySvg(input.plan, model.links)}</div>${legend()}`)}
${section('Verdicts', verdictTable(model))}
${section('Isolation', isolationMatrix(model))}
${section('Encryption by link', linkTable(model))}
${section('Latency', latencyTable(model))}
${section('Findings', findings(model))}
${section('Shrunk failures', input.failures.length === 0 ? undefined : input.failures.map(failure))}
${section('Scenarios', scenarioTable(model))}
${section('The run', aboutRun(model))}
</main>
</body>
</html>`
  return `${page.text}\n`
}

function section(title: string, content: Markup | readonly Markup[] | undefined): Markup | undefined {
  return content === undefined ? undefined : markup`<section><h2>${title}</h2>${content}</section>`
}

function worst({ counts, verdicts }: ReportModel): Judgement {
  const order: readonly Judgement[] = ['disputed', 'violated', 'unjudged']
  return order.find((judgement) => counts[judgement] > 0) ?? (verdicts.length === 0 ? 'unjudged' : 'holds')
}

function badge(judgement: Judgement | 'not asked'): Markup {
  return markup`<span class="badge ${judgement.replace(' ', '-')}" data-mark="${marks[judgement]}">${judgement}</span>`
}

function legend(): Markup {
  return markup`<p class="soft">Thick links are sealed, dashed ones are in the clear; their colour is the judgement on their encryption. Hosts have their tenant's colour.</p>`
}

function verdictTable(model: ReportModel): Markup | undefined {
  if (model.verdicts.length === 0) return undefined
  const on = model.input.verification.on
  return markup`<table class="verdicts"><thead><tr><th>intent</th>${on.map((by) => markup`<th>${by}</th>`)}<th>together</th><th>grounds</th></tr></thead><tbody>
${model.verdicts.map((verdict) => verdictRow(verdict, on))}</tbody></table>`
}

function verdictRow(verdict: CombinedVerdict, on: readonly Verdict['by'][]): Markup {
  const cells = on.map((by) => {
    const one = verdictBy(verdict, by)
    if (one === undefined) return markup`<td data-label="${by}"></td>`
    return markup`<td data-label="${by}" data-verdict="${verdict.name}" data-by="${by}" data-judgement="${one.judgement}">${badge(one.judgement)}<br><span class="soft">${one.judged} judged, ${one.controls} controls</span></td>`
  })
  const grounds = verdict.verdicts.flatMap(({ by, reason, findings, grounds: several }) => {
    if (several !== undefined) return [groundList(by, several)]
    const said = reason ?? findings[0]?.message
    return said === undefined ? [] : [markup`<div>${by}: ${said}</div>`]
  })
  return markup`<tr><td><strong>${verdict.name}</strong> <span class="soft">${verdict.kind}</span></td>${cells}<td data-label="together" data-verdict="${verdict.name}" data-by="combined" data-judgement="${verdict.combined}">${badge(verdict.combined)}</td><td class="soft">${grounds}</td></tr>
`
}

/** The grounds of a verdict that names several, each with its result and its counts. */
function groundList(by: Verdict['by'], grounds: readonly Ground[]): Markup {
  const items = grounds.map(({ ground, judgement, said, counts }) => {
    const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
    return markup`<li data-ground="${ground}" data-by="${by}" data-judgement="${judgement}">${badge(judgement)} <strong>${ground}</strong>: ${said}${numbers.length === 0 ? undefined : markup` <span class="soft">(${numbers.join(', ')})</span>`}</li>`
  })
  return markup`<div>${by}:</div><ul>${items}</ul>`
}

function isolationMatrix({ tenants, isolation }: ReportModel): Markup | undefined {
  if (tenants.length < 2) return undefined
  const rows = isolation.map((cells, index) => {
    const from = tenants[index] ?? ''
    const columns = tenants.map((to) => {
      const cell = cells.find((one) => one.to === to)
      if (cell === undefined) return markup`<td class="soft">itself</td>`
      const judgement = cell.verdict?.combined ?? 'not asked'
      return markup`<td data-isolation="${from} ${to}" data-judgement="${judgement}">${badge(judgement)}</td>`
    })
    return markup`<tr><th scope="row">${from}</th>${columns}</tr>`
  })
  return markup`<div class="scroll"><table class="matrix"><thead><tr><th>from \\ to</th>${tenants.map((name) => markup`<th>${name}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`
}

function linkTable({ links }: ReportModel): Markup | undefined {
  if (links.length === 0) return undefined
  const rows = links.map(
    ({ id, seal, intents, judgement }) =>
      markup`<tr><td>${id}</td><td>${seal ?? 'none'}</td><td>${intents.join(', ')}</td><td data-link="${id}" data-judgement="${judgement}">${badge(judgement)}</td></tr>`,
  )
  return markup`<div class="scroll"><table><thead><tr><th>link</th><th>seal</th><th>intents</th><th>judgement</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function latencyTable({ latency }: ReportModel): Markup | undefined {
  if (latency.length === 0) return undefined
  const rows = latency.map(({ name, by, judgement, target, figures }) => {
    const { floor } = figures
    const numbers = [figures.p50, figures.p90, figures.p99, figures.p999, figures.max]
    return markup`<tr><td>${name}<br><span class="soft">${target}</span></td><td>${by}, tier ${figures.tier}</td>${numbers.map((ns) => markup`<td class="number">${duration(ns)}</td>`)}<td class="number">${figures.count}</td><td>${badge(judgement)}</td></tr>
<tr class="soft"><td>floor: bare forwarders</td><td>same run</td>${floor === undefined ? markup`<td colspan="7">not measured</td>` : markup`<td class="number">${duration(floor.p50)}</td><td></td><td class="number">${duration(floor.p99)}</td><td></td><td class="number">${duration(floor.max)}</td><td class="number">${floor.count}</td><td></td>`}</tr>`
  })
  return markup`<div class="scroll"><table><thead><tr><th>intent</th><th>where</th>${['p50', 'p90', 'p99', 'p99.9', 'max', 'packets'].map((name) => markup`<th class="number">${name}</th>`)}<th></th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function findings({ verdicts }: ReportModel): readonly Markup[] | undefined {
  const shown = verdicts.flatMap(({ name, verdicts: words }) =>
    words.flatMap(({ by, findings: found }) =>
      found.map((one) => finding(`${name}, ${by}: ${one.message}`, one)),
    ),
  )
  return shown.length === 0 ? undefined : shown
}

function finding(title: string, one: Finding): Markup {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['invariant', one.invariant],
    ['node', one.node],
    ['link', one.link],
    ['clause', one.clause],
    ['fate', one.fate],
  ]
  return markup`<details><summary>${title}</summary><dl>${facts.map(([term, value]) => (value === undefined ? undefined : markup`<dt>${term}</dt><dd>${value}</dd>`))}</dl>${one.decoded === undefined ? undefined : markup`<pre>${one.decoded.join('\n')}</pre>`}${one.frame === undefined ? undefined : markup`<pre>${hexLines(one.frame)}</pre>`}</details>
`
}

function failure(one: Failure): Markup {
  const frames = one.frames.map(
    ({ at, decoded, frame }) =>
      markup`<p>from ${at}</p><pre>${decoded.join('\n')}</pre><pre>${hexLines(frame)}</pre>`,
  )
  return markup`<details open><summary>${one.name} (${one.on})</summary>
<p class="soft">Seed ${one.seed}, path ${one.path}: found in ${one.runs} ${one.runs === 1 ? 'run' : 'runs'}, shrunk ${one.shrinks} ${one.shrinks === 1 ? 'time' : 'times'} on the ${one.shrunkOn}.</p>
<pre>${one.scenario.join('\n')}</pre>${frames}
${one.blame.length === 0 ? undefined : markup`<p>What the nodes did:</p><pre>${one.blame.join('\n')}</pre>`}
<p>Again: <code>${one.replay}</code></p></details>`
}

function scenarioTable({ input }: ReportModel): Markup | undefined {
  const { tests } = input.results.results
  if (tests.length === 0) return undefined
  const rows = tests.map(
    (test) =>
      markup`<tr><td>${[...(test.suite ?? []), test.name].join(' › ')}</td><td>${test.extra?.on}</td><td data-test="${test.id}" data-status="${test.status}"><span class="${statusClass(test.status)}">${test.status}</span></td><td class="number">${test.duration} ms</td></tr>`,
  )
  return markup`<div class="scroll"><table><thead><tr><th>scenario</th><th>on</th><th>status</th><th class="number">time</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

/** A test's status in the colour of the judgement that it comes to. */
function statusClass(status: CtrfStatus): Judgement {
  if (status === 'passed') return 'holds'
  return status === 'failed' ? 'violated' : 'unjudged'
}

function aboutRun({ input }: ReportModel): Markup {
  const { verification, timings } = input
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['fabric file', verification.fabric && `${verification.fabric.file} (${verification.fabric.digest})`],
    ['plan', verification.plan],
    ['seed of the traffic', String(verification.seed)],
    [
      'lab',
      verification.lab && `${verification.lab.id}${verification.lab.attached ? ', judged as it was' : ''}`,
    ],
    ['ztos', `${verification.tool.version}, Node ${verification.tool.node}, ${verification.tool.platform}`],
    ['exit status', String(verification.exit)],
    ['overlooked by order', verification.blinded.length === 0 ? undefined : verification.blinded.join(', ')],
    ...timings.stages.map(({ stage, duration: ms }) => [`time: ${stage}`, `${Math.round(ms)} ms`] as const),
  ]
  return markup`<dl>${facts.map(([term, value]) => (value === undefined ? undefined : markup`<dt>${term}</dt><dd>${value}</dd>`))}</dl>${verification.notes.map((note) => markup`<p class="soft">${note}</p>`)}`
}

/** Hex in lines of 32 octets, in groups of 4. */
function hexLines(hex: string): string {
  const lines = hex.match(/.{1,64}/g) ?? []
  return lines.map((line) => (line.match(/.{1,8}/g) ?? []).join(' ')).join('\n')
}
