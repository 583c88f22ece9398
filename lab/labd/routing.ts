/**
 * The control plane of a lab as labd holds it: routing daemons on every node, agents beside the engines of those that run GoBGP.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Answer, Request } from '../channel.js'
import type { DaemonHost } from '../daemons/host.js'
import { Daemons, type ControlledNode, type DaemonDoor, type DaemonState } from '../daemons/launch.js'
import { LabError } from '../errors.js'
import type { LabPaths } from '../paths.js'
import type { Wiring } from '../netns/wiring.js'
import { Agents, type AgentPlaces, type AgentRequest } from './agents.js'
import { converge } from './converge.js'
import type { Invoker } from './folder.js'
import { Supervisor } from './supervisor.js'

/** ms that a lab may take to come to what is expected. */
const EXPECTED_WITHIN = 20_000

export interface RoutingOptions {
  readonly plan: Plan
  /** Where daemons run. */
  readonly host: DaemonHost
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

export class Routing {
  private nodes: readonly ControlledNode[]
  private plan: Plan
  private readonly daemons: Daemons
  private readonly supervisor: Supervisor
  /** Nodes whose daemons somebody wants dead. */
  private readonly killed = new Set<string>()
  private readonly agents: Agents
  private readonly agentStarts: Promise<void>[] = []
  private readonly ended = new AbortController()

  /** @throws LabError `ZT_LAB_MISSING` when a daemon is not installed or not built */
  constructor(private readonly options: RoutingOptions) {
    const { plan, host, wiring, paths, invoker, env, log } = options
    this.supervisor = new Supervisor({ log })
    this.plan = plan
    this.nodes = controlledNodes(plan, wiring)
    this.daemons = new Daemons(this.nodes, {
      host,
      folder: paths.folder,
      invoker,
      env,
      onDeath: ({ node, program }) => {
        if (!options.isUp()) return
        const start = (signal: AbortSignal) => this.daemons.revive(node, signal)
        this.supervisor.restart(`${program} of ${node}`, () => !this.killed.has(node), start)
      },
    })
    this.agents = new Agents(this.agentPlaces(), {
      paths,
      invoker,
      env,
      isUp: options.isUp,
      supervisor: this.supervisor,
    })
  }

  beginAgents(): void {
    this.agents.begin()
  }

  /** Another plan from now on: what runs goes on, and is told by whoever asks for it. */
  async renew(plan: Plan, wiring: Wiring): Promise<void> {
    this.plan = plan
    this.nodes = controlledNodes(plan, wiring)
    this.daemons.renew(this.nodes)
    await this.agents.renew(this.agentPlaces())
  }

  /** Ends a node's agent, if it has one, and returns when it has let go of its engine. */
  async endAgent(node: string): Promise<void> {
    if (this.hasAgent(node)) await this.agents.request({ op: 'stop', node })
  }

  endDaemons(node: string): Promise<void> {
    return this.daemons.end(node)
  }

  /** Starts those that nodes are to have which have none; returns when they serve. */
  async startDaemons(nodes: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    for (const daemon of ['frr', 'gobgp'] as const)
      this.beginDaemons(daemon, signal, (node) => nodes.has(node))
    await Promise.all([...nodes].map((node) => this.daemons.served(node)))
  }

  tellDaemons(node: string, commands: readonly string[]): Promise<void> {
    return this.daemons.tell(node, commands)
  }

  private agentPlaces(): AgentPlaces {
    return { nodes: this.nodes.filter(({ node }) => this.hasAgent(node)), doors: this.daemons.doors() }
  }

  private hasAgent(node: string): boolean {
    return this.nodes.find((one) => one.node === node)?.control.daemon === 'gobgp'
  }

  /** Begins to start daemons of one kind; {@link served} says when they serve. */
  beginDaemons(
    daemon: ControlledNode['control']['daemon'],
    signal: AbortSignal,
    only?: (node: string) => boolean,
  ): void {
    this.daemons.begin(daemon, AbortSignal.any([signal, this.ended.signal]), only)
  }

  /** The namespaces of nodes that run FRR. */
  get callers(): readonly string[] {
    return this.nodes.flatMap(({ namespace, control }) => (control.daemon === 'frr' ? [namespace] : []))
  }

  /** Returns when the daemons of those nodes serve that run this one. */
  async served(daemon: ControlledNode['control']['daemon']): Promise<void> {
    const nodes = this.nodes.filter(({ control }) => control.daemon === daemon)
    await Promise.all(nodes.map(({ node }) => this.daemons.served(node)))
  }

  async stopDaemons(): Promise<void> {
    this.ended.abort()
    await this.supervisor.stop()
    await this.daemons.stop()
  }

  /** Has a node's agent, if there is to be one, begin as soon as its daemon serves: its engine is up. */
  beginAgent(node: string, signal: AbortSignal): void {
    if (!this.hasAgent(node)) return
    const start = this.daemons.served(node).then(() => this.agents.start(node, signal))
    // Whoever waits for all of them hears of it.
    start.catch(() => undefined)
    this.agentStarts.push(start)
  }

  /** Returns when all agents have begun, and all daemons serve. */
  async begun(signal: AbortSignal): Promise<void> {
    await Promise.all([this.agents.ready(signal), ...this.agentStarts, this.daemons.served()])
  }

  async stopAgents(): Promise<void> {
    await this.supervisor.stop()
    await this.agents.stop()
  }

  /**
   * Returns when sessions are up and every table is what BGP comes to.
   *
   * @param expected digests of leaves' tables as the twin foretells them, by node; absent: nobody knows what to expect
   */
  async converge(
    expected: ReadonlyMap<string, string> | undefined,
    askEngine: (node: string, request: Request) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<void> {
    if (expected !== undefined) {
      const otherwise = await converge({
        plan: this.plan,
        expected,
        doors: this.daemons.doors(),
        askAgents: (request, timeout) => this.agents.request(request, timeout),
        askEngine,
        within: EXPECTED_WITHIN,
        signal,
      }).catch((error: unknown) => {
        if (error instanceof LabError && error.code === 'ZT_LAB_REFUSED') return error.message
        throw error
      })
      if (otherwise === undefined) return
      // That it does not come is for the comparison to find; the lab is up when its daemons have come to rest.
      this.options.log(`what was expected has not come: ${otherwise}`)
    }
    await this.rest(signal)
  }

  /**
   * Returns when daemons and agents have come to rest, whatever they have come to.
   *
   * @param begunAnew some of them count anew
   */
  async rest(signal: AbortSignal, begunAnew = false): Promise<void> {
    const { RoutingWatch } = await import('../routing.js')
    const watch = await RoutingWatch.open({
      doors: this.daemons.doors(),
      agents: this.options.paths.agentsSocket,
      pids: new Map(this.states().flatMap(({ node, pid }) => (pid === null ? [] : [[node, pid]]))),
      wasBroken: begunAnew,
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

  /** A request to one node's agent. */
  askAgents(request: AgentRequest): Promise<Answer> {
    return this.agents.tell(request)
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
    return this.agents.pid
  }
}

function controlledNodes(plan: Plan, wiring: Wiring): readonly ControlledNode[] {
  return plan.nodes.flatMap(({ name, control }) => {
    const namespace = wiring.nodes.find(({ node }) => node === name)?.namespace
    return control === undefined || namespace === undefined ? [] : [{ node: name, namespace, control }]
  })
}
