/**
 * Ten thousand EVPN routes on their way into an engine: behind the daemon that has them, and all at once by an agent that starts anew.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { announcePath } from '../agent/convert.js'
import { GobgpClient } from '../agent/gobgp-client.js'
import type { NodeControl } from '../contract/control-plane.js'
import { Channel } from '../lab/channel.js'
import { daemonDoor } from '../lab/daemons/launch.js'
import { daemonPrograms } from '../lab/daemons/programs.js'
import { labUp, type Lab } from '../lab/index.js'
import { SEED_LENGTH } from '../twin/program/index.js'
import { planOfFile } from './demo.js'
import { whyNoLab, type Bench, type BenchContext, type Figure, type Skip } from './figure.js'

const FABRIC = 'topologies/demo-bgp.yaml'
const ROUTES = 10_000
/** Who announces them, and who takes them. */
const [SENDER, RECEIVER] = ['leaf2', 'leaf1']
/** ms */
const [POLL, DEADLINE] = [2, 120_000]

const States = z.object({
  agents: z.array(
    z.looseObject({ node: z.string(), idle: z.boolean(), engine: z.looseObject({ applied: z.int() }) }),
  ),
})
const Program = z.looseObject({
  program: z.looseObject({ tables: z.looseObject({ fdb: z.array(z.unknown()) }) }),
})

export const evpnEngineBench: Bench = {
  name: 'evpn-engine',
  what: '10,000 EVPN routes into an engine',
  run,
}

interface Times {
  /** s from when the daemon has all until the engine has. */
  readonly behind: number
  /** s from when the agent is started. */
  readonly anew: number
}

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name: 'EVPN routes into an engine', reason }]
  const times: Times[] = []
  for (let n = 1; n <= runs; n++) {
    say(`run ${n}`)
    times.push(await timeRun(signal))
  }
  const detail = { routes: ROUTES, kind: 'type 2, a MAC each, one network', fabric: FABRIC }
  return [
    {
      name: '10 k EVPN routes into the engine, an agent that starts',
      unit: 's',
      tier: 'lab',
      runs: times.map(({ anew }) => anew),
      target: { atMost: 1 },
      detail,
    },
    {
      name: 'the same, behind the daemon as they arrive',
      unit: 's',
      tier: 'lab',
      runs: times.map(({ behind }) => behind),
      target: { atMost: 1 },
      detail,
    },
  ]
}

async function timeRun(signal: AbortSignal): Promise<Times> {
  const lab = await labUp(planOfFile(FABRIC), { keysSeed: randomBytes(SEED_LENGTH), signal })
  const agents = await Channel.open(lab.paths.agentsSocket, 'the agents')
  const [sender, receiver] = [clientOf(lab, SENDER), clientOf(lab, RECEIVER)]
  try {
    const before = await receiver.tableSize('evpn')
    await sender.addAll(routesOf(controlOf(lab, SENDER), controlOf(lab, RECEIVER)))
    await until(async () => (await receiver.tableSize('evpn')) >= before + ROUTES)
    const arrived = performance.now()
    await until(async () => hasAll(lab, agents))
    const behind = (performance.now() - arrived) / 1000
    // What the engine was given stays: an agent that starts must not touch it, so it is taken away before.
    await agents.request({ op: 'stop', node: RECEIVER })
    await forget(lab)
    const started = performance.now()
    await agents.request({ op: 'start', node: RECEIVER })
    await until(async () => hasAll(lab, agents))
    return { behind, anew: (performance.now() - started) / 1000 }
  } finally {
    agents.close()
    sender.close()
    receiver.close()
    await lab.down()
  }
}

/** The agent has nothing to do any more, and the engine has them. */
async function hasAll(lab: Lab, agents: Channel): Promise<boolean> {
  const { agents: states } = States.parse(await agents.request({ op: 'state' }))
  const state = states.find(({ node }) => node === RECEIVER)
  if (state?.idle !== true || state.engine.applied < ROUTES) return false
  const { program } = Program.parse(await lab.control(RECEIVER, { op: 'program' }))
  return program.tables.fdb.length >= ROUTES
}

/** The engine begins its program anew, as it was when the lab came up (CTRL-1). */
async function forget(lab: Lab): Promise<void> {
  const node = lab.plan.nodes.find(({ name }) => name === RECEIVER)
  if (node === undefined) throw new Error(`there is no ${RECEIVER}`)
  await lab.load(RECEIVER, node.program)
}

function controlOf(lab: Lab, name: string): NodeControl {
  const control = lab.plan.nodes.find((node) => node.name === name)?.control
  if (control === undefined) throw new Error(`${name} has no control plane`)
  return control
}

function clientOf(lab: Lab, name: string): GobgpClient {
  const { socket } = daemonDoor(lab.paths.folder, name, controlOf(lab, name))
  return new GobgpClient({ socket, protoFolder: daemonPrograms().protoFolder })
}

/** Of a network that both have. */
function routesOf({ asn, routerId, evpn }: NodeControl, receiver: NodeControl) {
  const taken = new Set(receiver.evpn?.networks.map(({ target }) => target))
  const network = evpn?.networks.find(({ vxlan, target }) => vxlan !== undefined && taken.has(target))
  if (evpn === undefined || network === undefined)
    throw new Error(`${SENDER} and ${RECEIVER} share no network`)
  const { rd, vni, target } = network
  const { vtep } = evpn
  return Array.from({ length: ROUTES }, (_, n) => {
    const mac = `02:be:${[n >> 24, n >> 16, n >> 8, n].map((part) => (part & 0xff).toString(16).padStart(2, '0')).join(':')}`
    const path = {
      nextHop: vtep,
      asPath: [],
      origin: 'igp' as const,
      communities: [],
      extended: ['encap:vxlan', `rt:${target}`],
      labels: [vni],
    }
    return announcePath({ key: `[2][${rd}][0][${mac}]`, path }, { asn, routerId, vtep })
  })
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + DEADLINE
  while (!(await isSo())) {
    if (performance.now() > giveUp) throw new Error(`the routes have not arrived in ${DEADLINE} ms`)
    await delay(POLL)
  }
}
