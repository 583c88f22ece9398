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

export interface RoutingOptions {
  readonly plan: Plan
  readonly wiring: Wiring
  readonly paths: LabPaths
  readonly invoker: Invoker
  /** Carries the lab's mark. */
  readonly env: Readonly<Record<string, string>>
  readonly onDeath: (title: string) => void
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
  private agents: Resident | undefined

  /** @throws LabError `ZT_LAB_MISSING` when a daemon is not installed or not built */
  constructor(private readonly options: RoutingOptions) {
    const { plan, wiring, paths, invoker, env, onDeath } = options
    this.nodes = plan.nodes.flatMap(({ name, control }) => {
      const namespace = wiring.nodes.find(({ node }) => node === name)?.namespace
      return control === undefined || namespace === undefined ? [] : [{ node: name, namespace, control }]
    })
    this.daemons = new Daemons(this.nodes, {
      folder: paths.folder,
      invoker,
      env,
      onDeath: ({ node, program }) => onDeath(`${program} of ${node}`),
    })
  }

  startDaemons(signal: AbortSignal): Promise<void> {
    return this.daemons.start(signal)
  }

  stopDaemons(): Promise<void> {
    return this.daemons.stop()
  }

  async startAgents(signal: AbortSignal): Promise<void> {
    const { paths, env, invoker, onDeath } = this.options
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
    agents.onExit = () => onDeath(agents.title)
    await agents.ready(signal)
  }

  async stopAgents(): Promise<void> {
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
    return this.daemons.kill(node, which)
  }

  revive(node: string, signal: AbortSignal): Promise<void> {
    return this.daemons.revive(node, signal)
  }

  hang(node: string): void {
    this.daemons.hang(node)
  }

  wake(node: string): void {
    this.daemons.wake(node)
  }

  /** A request to the agents (`agent/status-server.ts`). */
  askAgents(request: Request): Promise<Answer> {
    if (this.agents === undefined) return Promise.reject(new LabError('ZT_LAB_STATE', 'no agents run here'))
    return this.agents.request(request)
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
