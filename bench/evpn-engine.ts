/**
 * Ten thousand EVPN routes on their way into an engine: behind the daemon that has them, and all at once by an agent that starts anew.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { loadavg } from 'node:os'
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
/**
 * ms. Between looks at daemons, which count their routes to answer and would do little else when asked all the time, and at agents.
 */
const [DAEMON_POLL, AGENT_POLL, DEADLINE] = [20, 10, 120_000]

const State = z.looseObject({
  node: z.string(),
  idle: z.boolean(),
  passes: z.int(),
  /** ms */
  worked: z.number(),
  gobgp: z.looseObject({ keys: z.int(), behind: z.boolean() }),
  /** `applying` in ms. */
  engine: z.looseObject({ applied: z.int(), applying: z.number() }),
})
type State = z.infer<typeof State>
const States = z.object({ agents: z.array(State) })
const Program = z.looseObject({
  program: z.looseObject({ tables: z.looseObject({ fdb: z.array(z.unknown()) }) }),
})

export const evpnEngineBench: Bench = {
  name: 'evpn-engine',
  what: '10,000 EVPN routes into an engine',
  run,
}

/** What one way into the engine took, in s. */
interface Way {
  /** Until the engine has all. */
  readonly all: number
  /** Of that, until the agent has been told all by the daemon. */
  readonly told: number
  /** What the agent worked to find out what is wanted, and how often it did; of routes that arrive some before the daemon had all. */
  readonly worked: number
  readonly passes: number
  /** What the engine took to apply it. */
  readonly applied: number
}
interface Times {
  /** From when the daemon has all. */
  readonly behind: Way
  /** From when the agent is started. */
  readonly anew: Way
}

const WAYS = {
  anew: '10 k EVPN routes into the engine, an agent that starts',
  behind: 'the same, behind the daemon as they arrive',
} as const

async function run({ runs, signal, say }: BenchContext): Promise<readonly (Figure | Skip)[]> {
  const reason = whyNoLab()
  if (reason !== undefined) return [{ name: 'EVPN routes into an engine', reason }]
  const times: Times[] = []
  for (let n = 1; n <= runs; n++) {
    const [load] = loadavg()
    say(`run ${n}, load ${load?.toFixed(1)}`)
    times.push(await timeRun(signal))
  }
  return [...figuresOf('anew', times), ...figuresOf('behind', times)]
}

function figuresOf(way: keyof Times, times: readonly Times[]): Figure[] {
  const name = WAYS[way]
  const passes = times.map((time) => time[way].passes)
  const figure = (part: string, of: Exclude<keyof Way, 'passes'>): Figure => ({
    name: `${name}${part}`,
    unit: 's',
    tier: 'lab',
    runs: times.map((time) => time[way][of]),
    detail: {
      routes: ROUTES,
      kind: 'type 2, a MAC each, one network',
      fabric: FABRIC,
      passes: passes.join(),
    },
  })
  return [
    { ...figure('', 'all'), target: { atMost: 1 } },
    figure(': until the daemon has told the agent', 'told'),
    figure(': the agent works out what is wanted', 'worked'),
    figure(': the engine applies it', 'applied'),
  ]
}

async function timeRun(signal: AbortSignal): Promise<Times> {
  const lab = await labUp(planOfFile(FABRIC), { keysSeed: randomBytes(SEED_LENGTH), signal })
  const agents = await Channel.open(lab.paths.agentsSocket, 'the agents')
  const [sender, receiver] = [clientOf(lab, SENDER), clientOf(lab, RECEIVER)]
  const node = lab.plan.nodes.find(({ name }) => name === RECEIVER)
  if (node === undefined) throw new Error(`there is no ${RECEIVER}`)
  try {
    const keys = await receiver.tableSize('evpn')
    const before = await stateOf(agents)
    await sender.addAll(routesOf(controlOf(lab, SENDER), controlOf(lab, RECEIVER)))
    await until(DAEMON_POLL, async () => (await receiver.tableSize('evpn')) >= keys + ROUTES)
    const behind = await wayInto(lab, agents, performance.now(), before)
    // What the engine was given stays: an agent that starts must not touch it, so it is taken away before (CTRL-1).
    await agents.request({ op: 'stop', node: RECEIVER })
    await lab.load(RECEIVER, node.program)
    const started = performance.now()
    await agents.request({ op: 'start', node: RECEIVER })
    return { behind, anew: await wayInto(lab, agents, started, undefined) }
  } finally {
    agents.close()
    sender.close()
    receiver.close()
    await lab.down()
  }
}

/**
 * From `began` (as `performance.now()`) until the agent has nothing to do any more, and the engine has all.
 *
 * @param before the agent's state when it knew nothing of the routes; absent: it did not run
 */
async function wayInto(lab: Lab, agents: Channel, began: number, before: State | undefined): Promise<Way> {
  const since = () => (performance.now() - began) / 1000
  let told: number | undefined
  let state: State | undefined
  await until(AGENT_POLL, async () => {
    state = await stateOf(agents)
    if (state === undefined) return false
    if (!state.gobgp.behind && state.gobgp.keys >= ROUTES + (before?.gobgp.keys ?? 0)) told ??= since()
    return state.idle && state.engine.applied >= ROUTES + (before?.engine.applied ?? 0)
  })
  const all = since()
  const { program } = Program.parse(await lab.control(RECEIVER, { op: 'program' }))
  if (program.tables.fdb.length < ROUTES) throw new Error(`the engine has ${program.tables.fdb.length} MACs`)
  if (state === undefined || told === undefined) throw new Error('the agent has not been told all')
  return {
    all,
    told,
    worked: (state.worked - (before?.worked ?? 0)) / 1000,
    passes: state.passes - (before?.passes ?? 0),
    applied: (state.engine.applying - (before?.engine.applying ?? 0)) / 1000,
  }
}

/** Of the receiver's agent; `undefined` while there is none. */
async function stateOf(agents: Channel): Promise<State | undefined> {
  const { agents: states } = States.parse(await agents.request({ op: 'state' }))
  return states.find(({ node }) => node === RECEIVER)
}

function controlOf(lab: Lab, name: string): NodeControl {
  const control = lab.plan.nodes.find((node) => node.name === name)?.control
  if (control === undefined) throw new Error(`${name} has no control plane`)
  return control
}

function clientOf(lab: Lab, name: string): GobgpClient {
  const { socket } = daemonDoor(lab.paths.folder, name, controlOf(lab, name))
  return new GobgpClient({ socket, protoFolder: daemonPrograms().protoFolder, timeout: DEADLINE })
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

/** @param poll ms */
async function until(poll: number, isSo: () => Promise<boolean>): Promise<void> {
  const giveUp = performance.now() + DEADLINE
  while (!(await isSo())) {
    if (performance.now() > giveUp) throw new Error(`the routes have not arrived in ${DEADLINE} ms`)
    await delay(poll)
  }
}
