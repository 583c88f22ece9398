/**
 * The control plane of a lab as labd holds it: routing daemons on every node, agents beside the engines of those that run GoBGP.
 *
 * @module
 */
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import { baseTables } from '../../twin/control/index.js'
import type { Answer, Request } from '../channel.js'
import { Daemons, type ControlledNode, type DaemonDoor, type DaemonState } from '../daemons/launch.js'
import { daemonPrograms } from '../daemons/programs.js'
import { LabError } from '../errors.js'
import { packageRoot, type LabPaths } from '../paths.js'
import { RoutingWatch } from '../routing.js'
import type { Wiring } from '../netns/wiring.js'
import { writePrivate, type Invoker } from './folder.js'
import { Resident } from './resident.js'
import { Supervisor } from './supervisor.js'

export interface RoutingOptions {
  readonly plan: Plan
  readonly wiring: Wiring
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** Carries the lab's mark. */
  readonly env: Readonly<Record<string, string>>
  /** What becomes of daemons and agents that nobody asked to end, for people. */
  readonly log: (line: string) => void
  /** Such ones are started again. */
  readonly isUp: () => boolean
}

/** What `agent/status-server.ts` does to one node's agent. */
export interface AgentRequest {
  readonly op: 'stop' | 'start' | 'withdraw' | 'announce'
  readonly node: string
  readonly prefix?: string
}

/** A plan as its lab starts: what a control plane fills is empty, for the control plane to fill. */
export function beforeControl(plan: Plan): Plan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) =>
      node.control === undefined
        ? node
        : {
            ...node,
            program: {
              ...node.program,
              tables: baseTables(node.program.interfaces, node.program.tables),
            },
          },
    ),
  }
}

export class Routing {
  private readonly nodes: readonly ControlledNode[]
  private readonly daemons: Daemons
  private readonly supervisor: Supervisor
  /** Nodes whose daemons somebody wants dead. */
  private readonly killed = new Set<string>()
  /** Nodes whose agents somebody wants down, and prefixes that they are not to announce: told to agents that begin anew. */
  private readonly told = new Map<string, Request>()
  private agents: Resident | undefined

  /** @throws LabError `ZT_LAB_MISSING` when a daemon is not installed or not built */
  constructor(private readonly options: RoutingOptions) {
    const { plan, wiring, paths, invoker, env, log } = options
    this.supervisor = new Supervisor({ log })
    this.nodes = plan.nodes.flatMap(({ name, control }) => {
      const namespace = wiring.nodes.find(({ node }) => node === name)?.namespace
      return control === undefined || namespace === undefined ? [] : [{ node: name, namespace, control }]
    })
    this.daemons = new Daemons(this.nodes, {
      folder: paths.folder,
      invoker,
      env,
      onDeath: ({ node, program }) => {
        if (!options.isUp()) return
        const start = (signal: AbortSignal) => this.daemons.revive(node, signal)
        this.supervisor.restart(`${program} of ${node}`, () => !this.killed.has(node), start)
      },
    })
  }

  startDaemons(signal: AbortSignal): Promise<void> {
    return this.daemons.start(signal)
  }

  async stopDaemons(): Promise<void> {
    await this.supervisor.stop()
    await this.daemons.stop()
  }

  async startAgents(signal: AbortSignal): Promise<void> {
    const { paths, env, invoker, isUp } = this.options
    const doors = new Map(this.daemons.doors().map((door) => [door.node, door.socket]))
    const nodes = this.nodes
      .filter(({ control }) => control.daemon === 'gobgp')
      .map(({ node, namespace, control }) => ({
        node,
        control,
        namespace,
        engine: paths.nodeSocket(node),
        gobgp: doors.get(node),
      }))
    writePrivate(paths.agentsConfig, JSON.stringify({ nodes, protoFolder: daemonPrograms().protoFolder }))
    const agents = Resident.start({
      kind: 'agents',
      title: 'the agents',
      argv: [
        process.execPath,
        path.join(packageRoot(), 'dist', 'agent', 'main.js'),
        '--config',
        paths.agentsConfig,
        '--status',
        paths.agentsSocket,
        '--owner-uid',
        String(invoker.uid),
      ],
      socket: paths.agentsSocket,
      owned: invoker.uid !== 0,
      log: path.join(paths.folder, '_agents.log'),
      env,
    })
    this.agents = agents
    agents.onExit = () => {
      if (!isUp()) return
      const again = async (until: AbortSignal) => {
        await this.startAgents(until)
        for (const request of this.told.values()) await this.agents?.request(request)
      }
      this.supervisor.restart(agents.title, () => this.agents === agents, again)
    }
    await agents.ready(signal)
  }

  async stopAgents(): Promise<void> {
    await this.supervisor.stop()
    await this.agents?.stop()
  }

  /** Returns when sessions are up and every table is what BGP comes to. */
  async converge(signal: AbortSignal): Promise<void> {
    const watch = await RoutingWatch.open({
      doors: this.daemons.doors(),
      agents: this.options.paths.agentsSocket,
      pids: new Map(this.states().flatMap(({ node, pid }) => (pid === null ? [] : [[node, pid]]))),
    })
    try {
      await watch.settle({ signal })
    } finally {
      watch.close()
    }
  }

  /** As `Daemons` does. */
  kill(node: string, which: 'routing' | 'all'): Promise<void> {
    this.killed.add(node)
    return this.daemons.kill(node, which)
  }

  revive(node: string, signal: AbortSignal): Promise<void> {
    this.killed.delete(node)
    return this.daemons.revive(node, signal)
  }

  hang(node: string): void {
    this.daemons.hang(node)
  }

  wake(node: string): void {
    this.daemons.wake(node)
  }

  /** A request to the agents (`agent/status-server.ts`). */
  async askAgents(request: AgentRequest): Promise<Answer> {
    if (this.agents === undefined) throw new LabError('ZT_LAB_STATE', 'no agents run here')
    const answer = await this.agents.request({ ...request })
    const { op, node, prefix = '' } = request
    if (op === 'start')
      for (const key of this.told.keys()) if (key.startsWith(`${node} `)) this.told.delete(key)
    const key = `${node} ${prefix}`
    if (op === 'stop' || op === 'withdraw') this.told.set(key, { ...request })
    else this.told.delete(key)
    return answer
  }

  /** @throws LabError `ZT_LAB_UNKNOWN` */
  doorOf(node: string): DaemonDoor {
    const found = this.daemons.doors().find((door) => door.node === node)
    if (found !== undefined) return found
    throw new LabError('ZT_LAB_UNKNOWN', `no routing daemon runs on ${node}`)
  }

  states(): readonly DaemonState[] {
    return this.daemons.states()
  }

  get agentsPid(): number | null {
    return this.agents?.pid ?? null
  }
}
