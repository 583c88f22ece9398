/**
 * Whatever breaks, the lab settles on what the twin says that the broken fabric settles on, and mended it is as before: tables of daemons
 * and engines, frames on wires and at hosts (FAULT-1 to FAULT-7). What breaks is drawn by a seed.
 */
import { sample, constantFrom } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../record/target.js'
import { runSeed } from '../support/run-seed.js'
import { DynamicsLab } from './support/dynamics-lab.js'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

const seed = runSeed('what breaks in the lab')

beforeEach(needsRoot)

/** One of several, drawn by the seed. */
function drawn<T>(all: readonly T[], turn: number): T {
  const [one] = sample(constantFrom(...all), { seed: (seed + turn) | 0, numRuns: 1 })
  if (one === undefined) throw new Error('nothing to draw from')
  return one
}

describe('the demo-bgp fabric', () => {
  const plan = shipped('demo-bgp')
  const names = (role: string) => plan.nodes.filter((node) => node.role === role).map(({ name }) => name)
  const [spines, leaves] = [names('spine'), names('leaf')]
  const links = plan.links.map(({ id }) => id)
  const controlOf = (name: string) => plan.nodes.find((node) => node.name === name)?.control
  const loopbackOf = (name: string) => controlOf(name)?.originate[0] ?? ''
  /** A prefix of a tenant's, which travels as type 5. */
  const tenantPrefixOf = (name: string) => controlOf(name)?.evpn?.vrfs[0]?.prefixes[0] ?? ''
  let dynamics: DynamicsLab

  beforeAll(async () => {
    if (process.getuid?.() === 0) dynamics = await DynamicsLab.open(plan)
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await dynamics.close()
  })

  const spine = drawn(spines, 1)
  const leaf = drawn(leaves, 2)
  const faults: readonly [string, Fault][] = [
    ['[FAULT-1]', { kind: 'link-down', link: drawn(links, 3) }],
    ['[FAULT-2]', { kind: 'link-silent', link: drawn(links, 4) }],
    ['[FAULT-3]', { kind: 'node-down', node: spine }],
    ['[FAULT-3]', { kind: 'node-down', node: leaf }],
    ['[FAULT-4]', { kind: 'daemon-down', node: spine }],
    ['[FAULT-4]', { kind: 'daemon-down', node: leaf }],
    ['[FAULT-4]', { kind: 'daemon-hangs', node: drawn([...spines, ...leaves], 5) }],
    ['[FAULT-5]', { kind: 'agent-down', node: leaf }],
    ['[FAULT-6]', { kind: 'withdrawn', node: spine, prefix: loopbackOf(spine) }],
    ['[FAULT-6]', { kind: 'withdrawn', node: leaf, prefix: tenantPrefixOf(leaf) }],
  ]

  it('is what the twin says before anything breaks', async () => {
    expect(await dynamics.differences()).toEqual([])
  })

  it.each(faults)('%s settles on what the twin says, and back: %j', async (_clause, fault) => {
    const where = `ZT_SEED=${seed}`
    await dynamics.fail(fault)
    try {
      expect(await dynamics.differences(), `broken, ${where}`).toEqual([])
    } finally {
      await dynamics.repair(fault)
    }
    expect(await dynamics.differences(), `mended, ${where}`).toEqual([])
  })
})
