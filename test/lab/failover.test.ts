/**
 * How long flows are cut off when something breaks: 10,000 packets a second, told by the numbers in packets. A few cuts of each kind;
 * `bench/failover.ts` makes twenty.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { LabError } from '../../lab/errors.js'
import { FailoverLab, type Failing, type Way } from '../../lab/failover-lab.js'
import type { Loss } from '../../lab/failover.js'
import { labUp } from '../../lab/index.js'
import type { Fault } from '../../record/target.js'
import { deriveKeys } from '../../twin/program/index.js'
import { bestCut } from './support/best-cut.js'
import { newSeed, planOf, shippedFile } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

/** ms */
const options = { rate: 10_000, before: 200, lasts: 1800 }
const [WITH_CARRIER_OR_BFD, WITHOUT] = [300, 1000]
const NOISE = 100
/** Packets of 200 ms, less what a late start costs. */
const ON_ITS_WAY = 250

/** The demo-bgp fabric with BFD on all sessions, and a service that two of its leaves have for themselves. */
function demo(): Plan {
  const text = readFileSync(shippedFile('demo-bgp'), 'utf8')
    .replace('leaves: 65101-65199 }', 'leaves: 65101-65199, bfd: { interval: 50ms, multiplier: 3 } }')
    .replace(
      '    hosts:\n      web1',
      '      service: { anycast: true, gateways: [10.1.9.1/24] }\n    hosts:\n      web1',
    )
    .replace(
      '      db2: { at: leaf3, network: db }\n  bank',
      `      db2: { at: leaf3, network: db }
      service2: { at: leaf2, network: service, address: 10.1.9.53 }
      service3: { at: leaf3, network: service, address: 10.1.9.53 }
  bank`,
    )
  return planOf(text)
}

async function open(plan: Plan): Promise<FailoverLab> {
  const seed = newSeed()
  const failover = new FailoverLab(
    await labUp(plan, { keysSeed: seed, journal: false }),
    deriveKeys(plan, seed),
  )
  await failover.acquaint()
  return failover
}

/** A session that a busy host broke a moment before has the flow go another way: then nothing was cut under it. */
function cutOnItsWay(failover: FailoverLab, way: Way, fault: Fault): Promise<Failing> {
  return bestCut(WITH_CARRIER_OR_BFD, async () => {
    const loss = await failover.failing(way, fault, options)
    if (loss.carried > ON_ITS_WAY) return loss
    const went = `the flow did not go by ${way.links.join(', ')}, which carried ${loss.carried} frames`
    throw new LabError('ZT_LAB_LOST', went)
  })
}

describe('[C18] the demo-bgp fabric with BFD and an anycast service', () => {
  const service = ['shop/service2', 'shop/service3']
  let failover: FailoverLab

  beforeAll(async () => {
    if (process.getuid?.() === 0) failover = await open(demo())
  })
  afterAll(() => failover?.lab.down())

  it.each([0, 1])('link %d of its way is cut: a flow is away for less than 300 ms', async (which) => {
    const way = failover.way('shop/web1', ['shop/web2'])
    expect(way.links).toHaveLength(2)
    const fault = { kind: 'link-down', link: way.links[which]! } as const
    const loss = await cutOnItsWay(failover, way, fault)
    expect(loss.window).toBeLessThan(WITH_CARRIER_OR_BFD)
  })

  it('a link of its way goes silent: a flow is away until BFD says so, for less than 300 ms', async () => {
    const way = failover.way('shop/web1', ['shop/web2'])
    const fault = { kind: 'link-silent', link: way.links[0]! } as const
    const loss = await bestCut(WITH_CARRIER_OR_BFD, () => failover.failing(way, fault, options))
    expect(loss.window).toBeGreaterThan(50)
    expect(loss.window).toBeLessThan(WITH_CARRIER_OR_BFD)
  })

  it.each(['spine1', 'spine2'])(
    '%s loses its power: a flow through it is away for less than 300 ms',
    async (node) => {
      const way = failover.way('shop/web1', ['shop/db1'], ({ links }) =>
        links.every((link) => link.endsWith(node)),
      )
      const loss = await cutOnItsWay(failover, way, { kind: 'node-down', node })
      expect(loss.window).toBeLessThan(WITH_CARRIER_OR_BFD)
    },
  )

  it('a leaf loses its power: flows between others stay, and those to a service that others have too go there', async () => {
    const gone = failover.way('shop/web1', service, ({ at }) => at === 'shop/service2')
    const fault = { kind: 'node-down', node: 'leaf2' } as const
    const moved = await bestCut(WITH_CARRIER_OR_BFD, () => failover.failing(gone, fault, options))
    expect([...moved.arrived.keys()].toSorted()).toEqual(service)
    expect(moved.window).toBeLessThan(WITH_CARRIER_OR_BFD)
    const other = failover.way('shop/web1', ['shop/db1'])
    const unharmed = await bestCut(NOISE, () => failover.failing(other, fault, options))
    // What a busy host loses, and no more.
    expect(unharmed.window).toBeLessThan(NOISE)
  })

  it('a service is withdrawn by one that has it: its flows go to the other without a second lost', async () => {
    const way = failover.way('shop/web1', service, ({ at }) => at === 'shop/service3')
    const fault = { kind: 'withdrawn', node: 'leaf3', prefix: '10.1.9.0/24' } as const
    const loss = await bestCut(WITH_CARRIER_OR_BFD, () => failover.failing(way, fault, options))
    expect([...loss.arrived.keys()].toSorted()).toEqual(service)
    expect(loss.window).toBeLessThan(WITH_CARRIER_OR_BFD)
  })
})

/** A spine's engine is killed under a flow, in a lab of its own: nobody starts it again. */
async function killingAnEngine(): Promise<Loss> {
  const failover = await open(demo())
  try {
    const way = failover.way('shop/web1', ['shop/web2'])
    const spine = way.links[0]?.split('--')[1] ?? ''
    const { nodes } = await failover.lab.processes()
    const kill = async () => {
      process.kill(nodes[spine] ?? 0, 'SIGKILL')
    }
    return await failover.losing(way, kill, { ...options, lasts: 2800 })
  } finally {
    await failover.lab.down()
  }
}

describe('[C18] an engine that is killed', () => {
  it('BFD finds out: a flow through a spine is away for less than a second', async () => {
    const loss = await bestCut(WITHOUT, killingAnEngine)
    expect(loss.window).toBeGreaterThan(50)
    expect(loss.window).toBeLessThan(WITHOUT)
  })
})
