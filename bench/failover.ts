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
import type { Loss } from '../lab/failover.js'
import { LabError, labUp } from '../lab/index.js'
import type { Fault } from '../record/target.js'
import { compile } from '../twin/compile.js'
import { formatProblem, parseFabric } from '../twin/model/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import { root } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure } from './figure.js'

const CUTS = 20
/** A measurement that the host was too busy for is made again, so many times for each figure. */
const AGAIN = 10
const FLOW = { rate: 10_000, before: 200, lasts: 1800 }
const BFD = '{ interval: 50ms, multiplier: 3 }'
const SERVICE = ['shop/service2', 'shop/service3'] as const
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

async function figures({ signal, say }: BenchContext): Promise<readonly Figure[]> {
  const plan = planWithService()
  const seed = randomBytes(SEED_LENGTH)
  const lab = await labUp(plan, { keysSeed: seed, journal: false, signal })
  const failover = new FailoverLab(lab, deriveKeys(plan, seed))
  const taken: Figure[] = []
  try {
    await failover.acquaint()
    for (const one of cases) {
      const losses: Loss[] = []
      for (let again = 0; losses.length < CUTS;) {
        signal.throwIfAborted()
        const { way, fault } = one.cut(failover, losses.length)
        try {
          losses.push(await failover.failing(way, fault, FLOW))
          say(`${one.name}, ${losses.length} of ${CUTS}: ${losses.at(-1)?.window.toFixed(1) ?? ''} ms`)
        } catch (error) {
          if (!(error instanceof LabError) || error.code !== 'ZT_LAB_LOST' || ++again > AGAIN) throw error
          say(`${one.name}: again: ${error.message}`)
        }
      }
      taken.push(figureOf(one, losses))
    }
  } finally {
    await lab.down()
  }
  return taken
}

function figureOf({ name, atMost }: Case, losses: readonly Loss[]): Figure {
  const windows = losses.map(({ window }) => window)
  const rounded = (value: number) => Number(value.toPrecision(4))
  return {
    name: `failover, ${name}`,
    unit: 'ms',
    tier: 'lab',
    runs: windows,
    target: { atMost },
    detail: {
      'packets/s': FLOW.rate,
      cuts: losses.length,
      BFD: BFD.replaceAll(/[{}]/g, '').trim(),
      'P50, ms': rounded(percentile(windows, 50)),
      'P90, ms': rounded(percentile(windows, 90)),
      'P95, ms': rounded(percentile(windows, 95)),
      'worst, ms': rounded(Math.max(...windows)),
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
