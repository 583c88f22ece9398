/**
 * A lab with a control plane is brought to another plan: BGP sessions between nodes that stay the same stay up, and tables become what the twin
 * foretells of the new plan.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { NodeProgram } from '../../contract/program.js'
import { Vty } from '../../lab/daemons/vty.js'
import { daemonDoor } from '../../lab/daemons/launch.js'
import { describeDifference } from '../../lab/compare/rib.js'
import { labApply, labDown, labUp, type Lab } from '../../lab/index.js'
import { controlPlaneOf } from '../../twin/fabric-control.js'
import { asInTheTwin } from './support/as-in-the-twin.js'
import { newSeed, planOf, shipped, shippedFile } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { differencesOf } from './support/rib-holding.js'

const plan = shipped('demo-bgp')
const text = readFileSync(shippedFile('demo-bgp'), 'utf8')
/** A leaf more; a host moves from leaf1 to leaf3; what leaf3 tells spine2 is worth less. */
const wanted = planOf(
  text
    .replaceAll('leaf[1-3]', 'leaf[1-4]')
    .replace('web3: { at: leaf1, network: web }', 'db3: { at: leaf3, network: db }')
    .replace(
      '\nintents:',
      `
policies:
  less:
    at: leaf3
    direction: export
    peers: spine2
    statements: [{ set: { med: 50 }, action: accept }]
    otherwise: accept
intents:`,
    ),
)

const Summary = z.object({
  ipv4Unicast: z.object({
    peers: z.record(
      z.string(),
      z.looseObject({ desc: z.string(), connectionsEstablished: z.int(), state: z.string() }),
    ),
  }),
})
const Loaded = z.looseObject({ program: NodeProgram })

/** How often a spine's sessions have come up, by who is at the other end. */
async function comings(lab: Lab, spine: string): Promise<Record<string, number>> {
  const node = lab.plan.nodes.find(({ name }) => name === spine)
  const vty = await Vty.open(daemonDoor(lab.paths.folder, spine, node!.control!).folder, 'bgpd')
  const { peers } = Summary.parse(await vty.askJson('show bgp summary json')).ipv4Unicast
  vty.close()
  return Object.fromEntries(
    Object.values(peers).map((peer) => [peer.desc.split(' ')[0]!, peer.connectionsEstablished]),
  )
}

/** What daemons and engines hold otherwise than the twin says, when nobody has spoken. */
async function otherwise(lab: Lab, of: Plan): Promise<string[]> {
  const target = await lab.target()
  await target.reset()
  await target.close()
  const routing = await lab.routing()
  const expected = controlPlaneOf(of)
  if (routing === undefined || expected === undefined) throw new Error('there is no control plane')
  try {
    await routing.settle()
    const tables = of.nodes.map(async ({ name }) => {
      const { program } = Loaded.parse(await lab.control(name, { op: 'program' }))
      return [name, program.tables] as const
    })
    return differencesOf(
      {
        rows: expected.rows(),
        tables: new Map(of.nodes.map(({ name }) => [name, expected.tables(name)])),
      },
      { rows: await routing.ribs(), tables: new Map(await Promise.all(tables)) },
    ).map(describeDifference)
  } finally {
    routing.close()
  }
}

describe('[T02] a lab of demo-bgp, changed in place', () => {
  let lab: Lab
  beforeEach(needsRoot)
  beforeAll(async () => {
    if (process.getuid?.() === 0) lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await labDown(lab.id)
  })

  it('keeps sessions and processes of whoever stays the same, and comes to what the twin foretells', async () => {
    const [before, sessions] = [await lab.processes(), await comings(lab, 'spine1')]
    const { changes, untouched } = await labApply(lab, wanted)
    expect(untouched).toEqual(['leaf2'])
    expect(
      Object.fromEntries(
        changes.flatMap(({ kind, name, effects }) =>
          kind === 'node' ? [[name, effects.map(({ effect }) => effect)]] : [],
        ),
      ),
    ).toEqual({
      leaf1: ['load', 'restart-agent'],
      leaf3: ['set', 'load', 'restart-daemons', 'restart-agent'],
      leaf4: ['create'],
      spine1: ['set', 'load', 'tell-daemons'],
      spine2: ['set', 'load', 'tell-daemons'],
    })
    const after = await lab.processes()
    const pidsOf = ({ daemons }: typeof before, gone: readonly string[]) =>
      daemons.filter(({ node }) => !gone.includes(node)).toSorted((a, b) => (a.pid ?? 0) - (b.pid ?? 0))
    const { leaf4, ...engines } = after.nodes
    expect(engines).toEqual(before.nodes)
    expect(leaf4).toBeGreaterThan(0)
    expect(after.agents).toBe(before.agents)
    expect(pidsOf(after, ['leaf3', 'leaf4'])).toEqual(pidsOf(before, ['leaf3']))
    const now = await comings(lab, 'spine1')
    expect([now['leaf1'], now['leaf2']]).toEqual([sessions['leaf1'], sessions['leaf2']])
    expect(now['leaf3']).toBeGreaterThan(sessions['leaf3']!)
    expect(await otherwise(lab, wanted)).toEqual([])
  })

  it('forwards as the twin of its new plan does', async () => {
    const { sent, ...seen } = await asInTheTwin(lab)
    expect(sent).toBeGreaterThan(50)
    expect(seen).toEqual({ arrived: sent, differences: [] })
  })

  it('goes back to what it was', async () => {
    const sessions = await comings(lab, 'spine2')
    await labApply(lab, plan)
    const { nodes, daemons } = await lab.processes()
    expect(Object.keys(nodes).toSorted()).toEqual(plan.nodes.map(({ name }) => name).toSorted())
    expect(daemons.map(({ node }) => node)).not.toContain('leaf4')
    const now = await comings(lab, 'spine2')
    expect(Object.keys(now).toSorted()).toEqual(['leaf1', 'leaf2', 'leaf3'])
    expect([now['leaf1'], now['leaf2']]).toEqual([sessions['leaf1'], sessions['leaf2']])
    expect(await otherwise(lab, plan)).toEqual([])
  })
})
