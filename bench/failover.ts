/**
 * How long a flow is cut off when something breaks: 10,000 packets a second through a lab with BFD, a loss window told by the numbers in
 * packets, for each of many cuts.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import { FailoverLab, type Way } from '../lab/failover-lab.js'
import { isTold, type Loss } from '../lab/failover.js'
import { LabError, labUp } from '../lab/index.js'
import type { Fault } from '../record/target.js'
import { compile } from '../twin/compile.js'
import { formatProblem, parseFabric } from '../twin/model/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import { root } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'
import { load } from './host.js'

const CUTS = 20
/** ms for all cuts of a kind. On a host that needs longer the figure has fewer cuts, and says so. */
const WITHIN = 120_000
/** A window of more than a second is to be seen as one. */
const FLOW = { rate: 10_000, before: 150, lasts: 1250 }
const BFD = '{ interval: 50ms, multiplier: 3 }'
const SERVICE = ['shop/service2', 'shop/service3'] as const
/** A host that others keep busy: a flow that was lost before anything broke, or a fabric that does not come to rest in time. */
const NOT_MEASURED: ReadonlySet<string> = new Set(['ZT_LAB_LOST', 'ZT_LAB_UNSETTLED'])
/** ms: with carrier or BFD, and without. */
const [QUICK, SLOW] = [300, 1000]

export const failoverBench: Bench = {
  name: 'failover',
  what: `how long a flow is away when something breaks, ${CUTS} times each`,
  run: async (context) => {
    const reason = whyNoLab()
    return reason === undefined ? figures(context) : [{ name: 'failover', reason }]
  },
}

interface Case {
  readonly name: string
  readonly atMost: number
  /** The flow of the n-th cut, and what breaks. */
  readonly cut: (failover: FailoverLab, n: number) => { readonly way: Way; readonly fault: Fault }
}

const pair = (failover: FailoverLab): Way => failover.way('shop/web1', ['shop/web2'])
const cases: readonly Case[] = [
  {
    name: 'link cut',
    atMost: QUICK,
    cut: (failover, n) => {
      const way = pair(failover)
      return { way, fault: { kind: 'link-down', link: way.links[n % way.links.length] ?? '' } }
    },
  },
  {
    name: 'link silent',
    atMost: QUICK,
    cut: (failover, n) => {
      const way = pair(failover)
      return { way, fault: { kind: 'link-silent', link: way.links[n % way.links.length] ?? '' } }
    },
  },
  {
    name: 'spine without power',
    atMost: QUICK,
    cut: (failover, n) => {
      const node = `spine${(n % 2) + 1}`
      const through = ({ links }: Way) => links.every((link) => link.endsWith(node))
      return { way: failover.way('shop/web1', ['shop/db1'], through), fault: { kind: 'node-down', node } }
    },
  },
  {
    name: 'leaf of an anycast service without power',
    atMost: QUICK,
    cut: (failover, n) => {
      const node = `leaf${(n % 2) + 2}`
      const there = ({ at }: Way) => at === `shop/service${(n % 2) + 2}`
      return { way: failover.way('shop/web1', SERVICE, there), fault: { kind: 'node-down', node } }
    },
  },
  {
    name: 'anycast service withdrawn',
    atMost: SLOW,
    cut: (failover, n) => {
      const node = `leaf${(n % 2) + 2}`
      const there = ({ at }: Way) => at === `shop/service${(n % 2) + 2}`
      const fault = { kind: 'withdrawn', node, prefix: '10.1.9.0/24' } as const
      return { way: failover.way('shop/web1', SERVICE, there), fault }
    },
  },
]

async function figures(context: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const plan = planWithService()
  const seed = randomBytes(SEED_LENGTH)
  const lab = await labUp(plan, { keysSeed: seed, journal: false, signal: context.signal })
  const failover = new FailoverLab(lab, deriveKeys(plan, seed))
  const taken: (Figure | Skip)[] = []
  try {
    await failover.acquaint()
    for (const one of cases) taken.push(figureOf(one, await cutAgainAndAgain(failover, one, context)))
  } finally {
    await lab.down()
  }
  return taken
}

interface Cuts {
  readonly losses: readonly Loss[]
  /** Why cuts could not be measured: a flow was cut off before, say. One that does not come back is measured. */
  readonly unmeasured: readonly string[]
  /** Of the host in the last minute, before and after. */
  readonly load: readonly (number | undefined)[]
}

async function cutAgainAndAgain(
  failover: FailoverLab,
  { name, atMost, cut }: Case,
  { signal, say }: BenchContext,
): Promise<Cuts> {
  const losses: Loss[] = []
  const unmeasured: string[] = []
  const before = load()[0]
  for (const giveUp = performance.now() + WITHIN; losses.length < CUTS && performance.now() < giveUp;) {
    signal.throwIfAborted()
    const { way, fault } = cut(failover, losses.length)
    try {
      const loss = await failover.failing(way, fault, FLOW)
      if (!isTold(loss, atMost)) {
        unmeasured.push('the flow was not back, and it was broken too late to see when it would have been')
        say(`${name}: not measured: ${unmeasured.at(-1) ?? ''}`)
        continue
      }
      losses.push(loss)
      const { window, noise, back, late } = loss
      const more = `${noise.toFixed(1)} ms before it broke, sent ${late.toFixed(1)} ms late${back ? '' : '; not back'}`
      say(`${name}, ${losses.length} of ${CUTS}: ${window.toFixed(1)} ms (${more})`)
    } catch (error) {
      if (!(error instanceof LabError) || !NOT_MEASURED.has(error.code)) throw error
      unmeasured.push(error.message)
      say(`${name}: not measured: ${error.message}`)
    }
  }
  return { losses, unmeasured, load: [before, load()[0]] }
}

function figureOf({ name, atMost }: Case, { losses, unmeasured, load: loads }: Cuts): Figure | Skip {
  const windows = losses.map(({ window }) => window)
  const rounded = (value: number) => Number(value.toPrecision(4))
  const [first] = windows
  if (first === undefined) return { name: `failover, ${name}`, reason: unmeasured[0] ?? 'there was no time' }
  return {
    name: `failover, ${name}`,
    unit: 'ms',
    tier: 'lab',
    runs: windows,
    target: { atMost, eachRun: true },
    detail: {
      'packets/s': FLOW.rate,
      cuts: losses.length,
      'not measured': unmeasured.length,
      'load before and after': loads.map((one) => one?.toFixed(1) ?? '?').join(', '),
      BFD: BFD.replaceAll(/[{}]/g, '').trim(),
      'P50, ms': rounded(percentile(windows, 50)),
      'P90, ms': rounded(percentile(windows, 90)),
      'P99, ms': rounded(percentile(windows, 99)),
      'worst, ms': rounded(Math.max(...windows)),
      'over its bound': windows.filter((window) => window > atMost).length,
      'not back at the end': losses.filter(({ back }) => !back).length,
      'longest gap before it broke, ms': rounded(Math.max(...losses.map(({ noise }) => noise))),
      'sent late at most, ms': rounded(Math.max(...losses.map(({ late }) => late))),
      'packets lost in all gaps': losses.reduce((sum, { sent, received }) => sum + sent - received, 0),
    },
  }
}

/** Nearest rank. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? NaN
}

/** The demo-bgp fabric with BFD on all sessions, and a service that two of its leaves have for themselves. */
function planWithService(): Plan {
  const text = readFileSync(path.join(root, 'topologies/demo-bgp.yaml'), 'utf8')
    .replace('leaves: 65101-65199 }', `leaves: 65101-65199, bfd: ${BFD} }`)
    .replace('    hosts:\n', '      service: { anycast: true, gateways: [10.1.9.1/24] }\n    hosts:\n')
    .replace(
      '  bank:',
      `      service2: { at: leaf2, network: service, address: 10.1.9.53 }
      service3: { at: leaf3, network: service, address: 10.1.9.53 }
  bank:`,
    )
  const { fabric, problems } = parseFabric(text, 'failover.yaml')
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}
