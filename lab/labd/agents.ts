/**
 * The agents of a lab, one process for all of its leaves.
 *
 * @module
 */
import path from 'node:path'
import type { Answer, Request } from '../channel.js'
import type { ControlledNode, DaemonDoor } from '../daemons/launch.js'
import { daemonPrograms } from '../daemons/programs.js'
import { LabError } from '../errors.js'
import type { LabPaths } from '../paths.js'
import { programCommand } from '../programs.js'
import { writePrivate, type Invoker } from './folder.js'
import { Resident } from './resident.js'
import type { Supervisor } from './supervisor.js'

/** Who has an agent, and whom it asks. */
export interface AgentPlaces {
  readonly nodes: readonly ControlledNode[]
  readonly doors: readonly DaemonDoor[]
}
export interface AgentsOptions {
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** Carries the lab's mark. */
  readonly env: Readonly<Record<string, string>>
  /** An end that nobody asked for is followed by a new beginning. */
  readonly isUp: () => boolean
  readonly supervisor: Supervisor
}

/** What `agent/status-server.ts` does to one node's agent. */
export interface AgentRequest {
  readonly op: 'stop' | 'start' | 'withdraw' | 'announce'
  readonly node: string
  readonly prefix?: string
}

export class Agents {
  private process: Resident | undefined
  /** The process takes requests. */
  private up: Promise<void> | undefined
  /** Nodes whose agents somebody wants down, and prefixes that they are not to announce: told to agents that begin anew. */
  private readonly told = new Map<string, Request>()

  constructor(
    private places: AgentPlaces,
    private readonly options: AgentsOptions,
  ) {}

  /** Other nodes have agents from now on, or theirs are told otherwise: those end or are not there yet, all others go on. */
  async renew(places: AgentPlaces): Promise<void> {
    this.places = places
    const names = new Set(places.nodes.map(({ node }) => node))
    for (const [key, { node }] of this.told) if (!names.has(String(node))) this.told.delete(key)
    this.writeConfig()
    await this.request({ op: 'renew' })
  }

  /** Starts the process before there is anything to do for it: half a second goes into loading what it is made of. */
  begin(): void {
    this.launch(['--held'])
  }

  /** Returns when the process takes requests, whether or not a node has an agent in it. */
  ready(signal: AbortSignal): Promise<void> {
    this.up ??= this.running().ready(signal)
    return this.up
  }

  /** Has a node's agent begin. Its daemon serves, and its engine is up. */
  async start(node: string, signal: AbortSignal): Promise<void> {
    await this.ready(signal)
    await this.request({ op: 'start', node })
  }

  async stop(): Promise<void> {
    await this.process?.stop()
  }

  /** @throws LabError `ZT_LAB_STATE` when none run, and those of `Resident.request` */
  request(request: Request, timeout?: number): Promise<Answer> {
    return this.running().request(request, timeout === undefined ? {} : { timeout })
  }

  /** A request to one of them, which holds for one that begins anew too. */
  async tell(request: AgentRequest): Promise<Answer> {
    const answer = await this.request({ ...request })
    const { op, node, prefix = '' } = request
    if (op === 'start')
      for (const key of this.told.keys()) if (key.startsWith(`${node} `)) this.told.delete(key)
    const key = `${node} ${prefix}`
    if (op === 'stop' || op === 'withdraw') this.told.set(key, { ...request })
    else this.told.delete(key)
    return answer
  }

  get pid(): number | null {
    return this.process?.pid ?? null
  }

  private running(): Resident {
    if (this.process === undefined) throw new LabError('ZT_LAB_STATE', 'no agents run here')
    return this.process
  }

  private writeConfig(): void {
    const { paths } = this.options
    const sockets = new Map(this.places.doors.map((door) => [door.node, door.socket]))
    const config = this.places.nodes.map(({ node, control, namespace }) => ({
      node,
      control,
      namespace,
      engine: paths.nodeSocket(node),
      gobgp: sockets.get(node),
    }))
    writePrivate(
      paths.agentsConfig,
      JSON.stringify({ nodes: config, protoFolder: daemonPrograms().protoFolder }),
    )
  }

  private launch(how: readonly string[]): Resident {
    const { paths, invoker, env, isUp, supervisor } = this.options
    this.writeConfig()
    const agents = Resident.start({
      kind: 'agents',
      title: 'the agents',
      argv: [
        ...programCommand('agents'),
        '--config',
        paths.agentsConfig,
        '--status',
        paths.agentsSocket,
        '--owner-uid',
        String(invoker.uid),
        ...how,
      ],
      socket: paths.agentsSocket,
      owned: invoker.uid !== 0,
      log: path.join(paths.folder, '_agents.log'),
      env,
    })
    this.process = agents
    agents.onExit = () => {
      if (!isUp()) return
      const again = async (until: AbortSignal) => {
        await this.launch([]).ready(until)
        for (const request of this.told.values()) await this.request(request)
      }
      supervisor.restart(agents.title, () => this.process === agents, again)
    }
    return agents
  }
}
