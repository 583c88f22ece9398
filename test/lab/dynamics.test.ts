/**
 * Whatever breaks, the lab settles on what the twin says that the broken fabric settles on, and mended it is as before: tables of daemons
 * and engines, frames on wires and at hosts (FAULT-1 to FAULT-7). What breaks is drawn by a seed.
 */
import { readFileSync } from 'node:fs'
import { sample, constantFrom } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { NodeProgram } from '../../contract/program.js'
import { LabError, labUp } from '../../lab/index.js'
import type { Fault } from '../../record/target.js'
import { runSeed } from '../support/run-seed.js'
import { DynamicsLab } from './support/dynamics-lab.js'
import { newSeed, planOf, shipped, shippedFile } from './support/fabrics.js'
import { addressOf, arpRequest } from './support/frames.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const Engine = z.looseObject({ program: NodeProgram })
const seed = runSeed('what breaks in the lab')

beforeEach(needsRoot)

/** One of several, drawn by the seed. */
function drawn<T>(all: readonly T[], turn: number): T {
  const [one] = sample(constantFrom(...all), { seed: (seed + turn) | 0, numRuns: 1 })
  if (one === undefined) throw new Error('nothing to draw from')
  return one
}

describe('[C13] the demo-bgp fabric', () => {
  // Sessions that give up soon: three faults here are noticed by nothing else.
  const plan = planOf(
    readFileSync(shippedFile('demo-bgp'), 'utf8').replace('65101-65199 }', '65101-65199, holdTime: 3s }'),
  )
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
    ['[FAULT-1] a link is cut', { kind: 'link-down', link: drawn(links, 3) }],
    ['[FAULT-2] a link is silent', { kind: 'link-silent', link: drawn(links, 4) }],
    ['[FAULT-3] a spine has no power', { kind: 'node-down', node: spine }],
    ['[FAULT-3] a leaf has no power', { kind: 'node-down', node: leaf }],
    ["[FAULT-4] a spine's daemon is killed", { kind: 'daemon-down', node: spine }],
    ["[FAULT-4] a leaf's daemon is killed", { kind: 'daemon-down', node: leaf }],
    ['[FAULT-4] a daemon hangs', { kind: 'daemon-hangs', node: drawn([...spines, ...leaves], 5) }],
    ['[FAULT-5] an agent is killed', { kind: 'agent-down', node: leaf }],
    ['[FAULT-6] a loopback is withdrawn', { kind: 'withdrawn', node: spine, prefix: loopbackOf(spine) }],
    [
      "[FAULT-6] a tenant's prefix is withdrawn",
      { kind: 'withdrawn', node: leaf, prefix: tenantPrefixOf(leaf) },
    ],
  ]

  it('is what the twin says before anything breaks', async () => {
    expect(await dynamics.differences()).toEqual([])
  })

  it.each(faults)('%s: the lab settles on what the twin says, and back', async (_what, fault) => {
    const where = `ZT_SEED=${seed}, ${JSON.stringify(fault)}`
    await dynamics.fail(fault)
    try {
      expect(await dynamics.differences(), `broken, ${where}`).toEqual([])
    } finally {
      await dynamics.repair(fault)
    }
    expect(await dynamics.differences(), `mended, ${where}`).toEqual([])
  })
})

describe('the leaf-spine-16 fabric', () => {
  const plan = shipped('leaf-spine-16')
  const links = plan.links.map(({ id }) => id)
  let dynamics: DynamicsLab

  beforeAll(async () => {
    if (process.getuid?.() === 0) dynamics = await DynamicsLab.open(plan)
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await dynamics.close()
  })

  it('[FAULT-7] two faults add up, and mended one by one it is as before', async () => {
    const where = `ZT_SEED=${seed}`
    const cut: Fault = { kind: 'link-down', link: drawn(links, 6) }
    const leaves = plan.nodes.filter(({ name, role }) => role === 'leaf' && !cut.link.includes(name))
    const off: Fault = { kind: 'node-down', node: drawn(leaves, 7).name }
    await dynamics.fail(cut)
    await dynamics.fail(off)
    expect(await dynamics.differences(), `both, ${where}`).toEqual([])
    await dynamics.repair(cut)
    await dynamics.repair(off)
    expect(await dynamics.differences(), `mended, ${where}`).toEqual([])
  })
})

describe('the pop-anycast fabric', () => {
  const plan = shipped('pop-anycast')
  const prefix = '203.0.113.0/24'
  const node = 'fra1'
  let dynamics: DynamicsLab

  beforeAll(async () => {
    if (process.getuid?.() === 0) dynamics = await DynamicsLab.open(plan)
  }, 90_000)
  afterAll(async () => {
    if (process.getuid?.() === 0) await dynamics.close()
  })

  /** What the kernel of a router routes, and by which protocol. */
  const kernelRoute = async () => {
    const { code, stdout } = await dynamics.lab.exec(node, ['ip', '-json', 'route', 'show', prefix])
    return { code, routes: z.array(z.looseObject({ protocol: z.string() })).parse(JSON.parse(stdout)) }
  }
  /** What its engine does with the prefix. */
  const engineRoutes = async () => {
    const { program } = Engine.parse(await dynamics.lab.control(node, { op: 'program' }))
    return program.tables.routes.filter((route) => route.prefix === prefix)
  }

  it('[FAULT-6] [CTRL-7] a router that ceases to announce its own prefix hears of it from others: it stays connected, and back', async () => {
    const before = await engineRoutes()
    expect(before).toMatchObject([{ connected: expect.any(Number) as number }])
    const fault: Fault = { kind: 'withdrawn', node, prefix }
    await dynamics.fail(fault)
    try {
      // FRR knows nothing of what is connected in the engine alone, and hears of it from others.
      expect(await kernelRoute()).toEqual({ code: 0, routes: [] })
      expect(await engineRoutes()).toEqual(before)
      expect(await dynamics.differences()).toEqual([])
    } finally {
      await dynamics.repair(fault)
    }
    expect(await engineRoutes()).toEqual(before)
    expect(await dynamics.differences()).toEqual([])
  })
})

describe('[TABLE-10] hosts that are announced always', () => {
  const plan = shipped('drained')
  // Not those that share an anycast address.
  const pairs = plan.hosts.flatMap((from) =>
    plan.hosts
      .filter(({ tenant, network }) => tenant === from.tenant && network === from.network)
      .filter((to) => addressOf(to, 4) !== addressOf(from, 4))
      .map((to) => [from, to] as const),
  )
  let traces = 0
  const asking = () => pairs.map(([from, to]) => arpRequest(plan, ++traces, from.id, addressOf(to, 4)))

  it('are answered for as the twin says, and so they are when a leaf has been without power', async () => {
    expect(pairs.map(([from, to]) => `${from.id} ${to.id}`)).toEqual([
      'shop/web1 shop/web2',
      'shop/web2 shop/web1',
    ])
    const dynamics = await DynamicsLab.open(plan)
    try {
      expect(await dynamics.speak(asking())).toEqual([])
      const fault: Fault = { kind: 'node-down', node: 'leaf2' }
      await dynamics.fail(fault)
      await dynamics.repair(fault)
      expect(await dynamics.speak(asking())).toEqual([])
    } finally {
      await dynamics.close()
    }
  })
})

describe('what cannot be broken', () => {
  it('is refused by name, and a lab that goes down broken leaves nothing', async () => {
    const plan = shipped('demo-bgp')
    const lab = await labUp(plan, { keysSeed: newSeed() })
    const refused = (fault: Fault, repair = false) =>
      (repair ? lab.repair(fault) : lab.fail(fault)).then(
        () => 'done',
        (error: unknown) => (error instanceof LabError ? error.code : String(error)),
      )
    const cut: Fault = { kind: 'link-down', link: 'leaf1--spine1' }
    try {
      expect(await refused({ kind: 'link-down', link: 'leaf1--leaf2' })).toBe('ZT_FAULT_UNKNOWN')
      expect(await refused({ kind: 'node-down', node: 'leaf9' })).toBe('ZT_FAULT_UNKNOWN')
      expect(await refused({ kind: 'agent-down', node: 'spine1' })).toBe('ZT_FAULT_UNKNOWN')
      expect(await refused({ kind: 'withdrawn', node: 'leaf1', prefix: '192.0.2.0/24' })).toBe(
        'ZT_FAULT_UNKNOWN',
      )
      expect(await refused(cut, true)).toBe('ZT_FAULT_NONE')
      expect(await refused(cut)).toBe('done')
      expect(await refused(cut)).toBe('ZT_FAULT_STANDS')
      for (const fault of [
        { kind: 'link-silent', link: 'leaf2--spine1' },
        { kind: 'node-down', node: 'spine2' },
        { kind: 'daemon-hangs', node: 'leaf2' },
        { kind: 'agent-down', node: 'leaf3' },
      ] as const) {
        expect(await refused(fault)).toBe('done')
      }
      expect(await lab.faults()).toHaveLength(5)
    } finally {
      await lab.down()
    }
    expect(tracesOf(lab.id)).toEqual(nothing)
  })
})
