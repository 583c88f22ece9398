/**
 * One lab as labd holds it: brought up step by step, held, taken down.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import { findBinary } from '../binaries.js'
import type { Answer, Request } from '../channel.js'
import { LabError } from '../errors.js'
import {
  configureNamespaces,
  createNetwork,
  planNetwork,
  removeNamespaces,
  type Lodger,
} from '../netns/driver.js'
import { wiringOf, type NodeWiring, type Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import { LAB_MARK, labMark } from '../process-identity.js'
import type { LabState } from '../state.js'
import { Steps, type Step, type StepEvent, type StepPart } from '../steps.js'
import { LabMeans } from './fault-means.js'
import { Faults } from './faults.js'
import { measureFloor, type FloorRequest } from './floor.js'
import { giveFile, writeOwned, writePrivate, writeState, type Invoker } from './folder.js'
import { probeConfig } from './probe-config.js'
import type { Programs } from './protocol.js'
import { Resident } from './resident.js'
import { beforeControl, Routing } from './routing.js'
import { sweepLab } from './sweep.js'
import { wireStep } from './wire.js'

export interface UpRequest {
  readonly plan: Plan
  /** Digests of tables (`digestTables`), by node. */
  readonly expected?: Readonly<Record<string, string>> | undefined
  readonly keys: Readonly<Record<string, string>>
  readonly attached: boolean
  readonly journal: boolean
  readonly programs: Programs
}
export interface RunHooks {
  readonly onEvent: (event: StepEvent) => void
  readonly gate: (part: StepPart, step: string) => Promise<void>
  /** What happens by itself, for people. */
  readonly log: (line: string) => void
  /** A resident process ended although the lab was not being taken down. */
  readonly onDeath: (title: string) => void
}

/** Process ids; `null` for one that died, or that is not there. */
export interface LabPids {
  readonly nodes: Readonly<Record<string, number | null>>
  readonly probe: number | null
  readonly daemons: readonly {
    readonly node: string
    readonly program: string
    readonly pid: number | null
  }[]
  readonly agents: number | null
}

/** Environment of everything that labd starts. */
export function childEnvironment(
  invoker: Invoker,
  lab: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    ...more,
    [LAB_MARK]: labMark(invoker.uid, lab),
  }
}

export class RunningLab {
  private readonly engines = new Map<string, Resident>()
  private probe: Resident | undefined
  private keys: Record<string, string> = {}
  private steps: Steps | undefined
  private stopping = false
  private probeBinary = ''
  private floor: Promise<Answer> = Promise.resolve({})
  private readonly floorSignal = new AbortController()
  private readonly lodgers: Lodger[] = []
  private wiring: Wiring | undefined
  private routing: Routing | undefined
  private faults: Faults | undefined
  /** What each engine was given last. */
  private readonly programs = new Map<string, unknown>()

  constructor(
    private readonly invoker: Invoker,
    readonly paths: LabPaths,
    private state: LabState,
  ) {}

  get phase(): LabState['phase'] {
    return this.state.phase
  }

  /** @throws LabError `ZT_LAB_STATE` when asked twice, and whatever a step throws; then nothing of the lab is left but its folder */
  async up(request: UpRequest, hooks: RunHooks, signal: AbortSignal): Promise<void> {
    if (this.steps !== undefined)
      throw new LabError('ZT_LAB_STATE', `lab ${this.state.id} has been brought up already`)
    const engine = request.programs.engine ?? findBinary('ztos-fpe')
    const probe = request.programs.probe ?? findBinary('ztos-probe')
    // What the kernel and the engines start with; the plan itself stays as it is, for whoever compares.
    const start = beforeControl(request.plan)
    const wiring = wiringOf(this.state.id, start)
    const script = planNetwork(wiring)
    this.wiring = wiring
    this.probeBinary = probe
    this.keys = { ...request.keys }
    this.routing = this.routingOf(request.plan, wiring, hooks)
    this.steps = new Steps(
      [
        { name: 'state', setUp: async () => this.writeFiles(request, start, wiring) },
        ...this.agentSteps(),
        {
          name: 'namespaces',
          setUp: (signal) => createNetwork(script, signal),
          tearDown: async () => {
            this.lodgers.push(...(await removeNamespaces(this.state.id)))
          },
        },
        { name: 'inside', setUp: (signal) => configureNamespaces(script, signal) },
        ...this.wireSteps(wiring, hooks),
        ...this.daemonSteps(),
        {
          name: 'engines',
          setUp: (signal) => this.startEngines(engine, request, wiring, hooks, signal),
          tearDown: () => stopAll([...this.engines.values()]),
        },
        {
          name: 'probe',
          setUp: (signal) => this.startProbe(probe, hooks, signal),
          tearDown: () => stopAll(this.probe === undefined ? [] : [this.probe]),
        },
        ...this.convergeSteps(request),
        this.faultStep(request.plan, wiring),
        { name: 'announce', setUp: async () => this.enter('up') },
      ],
      { onEvent: hooks.onEvent, gate: hooks.gate },
    )
    await this.steps.up(signal)
  }

  /** Orderly first, so that journals end as they should; then whatever is left. */
  async down(log: (line: string) => void): Promise<readonly Lodger[]> {
    this.stopping = true
    this.enter('stopping')
    this.floorSignal.abort()
    await this.steps?.down().catch((error: unknown) => {
      // The sweep does it again, and by force; what it cannot do it says itself.
      log(`tear-down: ${String(error)}`)
    })
    return [...this.lodgers, ...(await sweepLab(this.invoker, this.state.id))]
  }

  node(name: string): Resident {
    const found = this.engines.get(name)
    if (found === undefined)
      throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.state.id} has no node ${JSON.stringify(name)}`)
    return found
  }

  /** Has a node's engine load a program, with the keys that the lab has by now. */
  async load(node: string, program: unknown): Promise<Answer> {
    const answer = await this.node(node).request({ op: 'load', program, keys: this.paths.keys })
    this.programs.set(node, program)
    return answer
  }

  /** What is broken, and whoever breaks it. @throws LabError `ZT_LAB_STATE` while the lab is not up */
  faulted(): Faults {
    if (this.faults === undefined || this.state.phase !== 'up') {
      throw new LabError('ZT_LAB_STATE', 'the lab is not up')
    }
    return this.faults
  }

  askProbe(request: Request): Promise<Answer> {
    if (this.probe === undefined)
      return Promise.reject(new LabError('ZT_LAB_STATE', 'the probe is not up yet'))
    return this.probe.request(request, { timeout: 120_000 })
  }

  /** A latency through bare forwarders, one for each node on the way. */
  measureFloor(request: FloorRequest): Promise<Answer> {
    if (this.probe === undefined || this.stopping) {
      return Promise.reject(new LabError('ZT_LAB_STATE', 'the lab is not up'))
    }
    const env = childEnvironment(this.invoker, this.state.id)
    const context = { lab: this.state.id, paths: this.paths, probe: this.probeBinary, env }
    this.floor = this.floor.then(() => measureFloor(context, request, this.floorSignal.signal))
    const measured = this.floor
    // The next one waits for this one, however it ends.
    this.floor = measured.catch(() => ({}))
    return measured
  }

  /** The namespace of a node, by its name, or of a host, by its id. */
  namespaceOf(at: string): string {
    const found =
      this.wiring?.nodes.find(({ node }) => node === at)?.namespace ??
      this.wiring?.hosts.find(({ host }) => host === at)?.namespace
    if (found === undefined) {
      throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.state.id} has no node or host ${JSON.stringify(at)}`, {
        remedy: 'nodes are named as in the fabric file, hosts `tenant/host`',
      })
    }
    return found
  }

  /** Adds keys to `keys.json`. @returns all of them */
  addKeys(keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    this.keys = { ...this.keys, ...keys }
    writePrivate(this.paths.keys, JSON.stringify(this.keys))
    return this.keys
  }

  pids(): LabPids {
    return {
      daemons: (this.routing?.states() ?? []).map(({ node, program, pid }) => ({ node, program, pid })),
      agents: this.routing?.agentsPid ?? null,
      nodes: Object.fromEntries([...this.engines].map(([name, { pid }]) => [name, pid])),
      probe: this.probe?.pid ?? null,
    }
  }

  /** Hands a file that an engine made to the invoker. */
  give(file: string): void {
    giveFile(file, this.invoker)
  }

  private enter(phase: LabState['phase']): void {
    this.state = { ...this.state, phase }
    writeState(this.paths, this.state, this.invoker)
  }

  private writeFiles({ plan, keys, attached }: UpRequest, start: Plan, wiring: Wiring): void {
    this.state = { ...this.state, fabric: plan.fabric, attached }
    this.enter('starting')
    writeOwned(this.paths.plan, JSON.stringify(plan), this.invoker)
    this.addKeys(keys)
    for (const { name, program } of start.nodes) {
      writePrivate(this.paths.nodeProgram(name), JSON.stringify(program))
      this.programs.set(name, program)
    }
    writePrivate(this.paths.probeConfig, JSON.stringify(probeConfig(plan, wiring)))
  }

  /** Of a plan with links that take time. */
  private wireSteps({ wire }: Wiring, hooks: RunHooks): Step[] {
    if (wire === undefined) return []
    const { paths, invoker } = this
    const onExit = ({ title }: Resident) => {
      if (!this.stopping && this.state.phase === 'up') hooks.onDeath(title)
    }
    return [wireStep({ wire, paths, invoker, env: childEnvironment(invoker, this.state.id), onExit })]
  }

  /** Of a plan with a control plane: what makes its tables. */
  private routingOf(plan: Plan, wiring: Wiring, hooks: RunHooks): Routing | undefined {
    if (plan.nodes.every(({ control }) => control === undefined)) return undefined
    return new Routing({
      plan,
      wiring,
      paths: this.paths,
      invoker: this.invoker,
      env: childEnvironment(this.invoker, this.state.id),
      log: hooks.log,
      isUp: () => !this.stopping && this.state.phase === 'up',
    })
  }

  /** Their process takes as long to start as all namespaces. */
  private agentSteps(): Step[] {
    const { routing } = this
    if (routing === undefined) return []
    return [
      { name: 'agents', setUp: async () => routing.beginAgents(), tearDown: () => routing.stopAgents() },
    ]
  }

  /** They start beside the engines: TAPs are there, and have carrier when an engine has them. */
  private daemonSteps(): Step[] {
    const { routing } = this
    if (routing === undefined) return []
    return [
      {
        name: 'daemons',
        setUp: async (signal) => routing.beginDaemons(signal),
        tearDown: () => routing.stopDaemons(),
      },
    ]
  }

  private convergeSteps({ expected }: UpRequest): Step[] {
    const { routing } = this
    if (routing === undefined) return []
    const askEngine = (node: string, request: Request) => this.node(node).request(request)
    return [
      {
        name: 'routing',
        setUp: (signal) => routing.startAgents(signal),
        // Before the namespaces in which they look around.
        tearDown: () => routing.stopAgents(),
      },
      {
        name: 'converge',
        setUp: (signal) =>
          routing.converge(
            expected === undefined ? undefined : new Map(Object.entries(expected)),
            askEngine,
            signal,
          ),
      },
    ]
  }

  private faultStep(plan: Plan, wiring: Wiring): Step {
    const means = new LabMeans({
      plan,
      wiring,
      paths: this.paths,
      routing: this.routing,
      probe: this.probeBinary,
      env: childEnvironment(this.invoker, this.state.id),
      reload: async (node) => {
        await this.load(node, this.programs.get(node))
      },
    })
    return {
      name: 'faults',
      setUp: async () => {
        this.faults = new Faults(plan, means)
      },
      tearDown: () => means.stop(),
    }
  }

  private async startEngines(
    binary: string,
    request: UpRequest,
    wiring: Wiring,
    hooks: RunHooks,
    signal: AbortSignal,
  ): Promise<void> {
    const { paths } = this
    const start = ({ node, namespace }: NodeWiring): Resident => {
      const resident = Resident.start({
        kind: 'engine',
        title: `the engine of ${node}`,
        namespace,
        argv: [
          binary,
          'run',
          '--program',
          paths.nodeProgram(node),
          '--control',
          paths.nodeSocket(node),
          '--keys',
          paths.keys,
          '--stats',
          paths.nodeStatistics(node),
          ...this.owner(),
          ...(request.journal ? ['--journal', paths.nodeJournal(node)] : []),
          ...(request.programs.engineArguments ?? []),
        ],
        socket: paths.nodeSocket(node),
        owned: this.invoker.uid !== 0,
        log: path.join(paths.folder, `${node}.log`),
        env: childEnvironment(this.invoker, this.state.id, request.programs.engineEnvironment),
      })
      this.engines.set(node, resident)
      return resident
    }
    const calls = new Set(
      request.plan.nodes.flatMap(({ name, control }) => (control?.daemon === 'frr' ? [name] : [])),
    )
    const [callers, others] = [true, false].map((does) =>
      wiring.nodes.filter(({ node }) => calls.has(node) === does),
    ) as [NodeWiring[], NodeWiring[]]
    const first = this.startAll(others.map(start), hooks, signal)
    // FRR calls as soon as a link of its own has carrier, and not again for a second: by then somebody is to be there.
    await (callers.length === 0 ? first : Promise.all([first, this.routing?.served('gobgp')]))
    await this.startAll(callers.map(start), hooks, signal)
  }

  private async startProbe(binary: string, hooks: RunHooks, signal: AbortSignal): Promise<void> {
    const { paths } = this
    this.probe = Resident.start({
      kind: 'probe',
      title: 'the probe',
      argv: [
        binary,
        '--control',
        paths.probeSocket,
        '--config',
        paths.probeConfig,
        '--stats',
        paths.probeStatistics,
        ...this.owner(),
      ],
      socket: paths.probeSocket,
      owned: this.invoker.uid !== 0,
      log: path.join(paths.folder, '_probe.log'),
      env: childEnvironment(this.invoker, this.state.id),
    })
    await this.startAll([this.probe], hooks, signal)
  }

  /** The invoker may ask engines and probe himself, without labd in between. */
  private owner(): string[] {
    return ['--owner-uid', String(this.invoker.uid)]
  }

  private async startAll(
    residents: readonly Resident[],
    hooks: RunHooks,
    signal: AbortSignal,
  ): Promise<void> {
    for (const resident of residents) {
      resident.onExit = () => {
        if (!this.stopping && this.state.phase === 'up') hooks.onDeath(resident.title)
      }
    }
    await Promise.all(residents.map((resident) => resident.ready(signal)))
    for (const resident of residents) if (resident.socket !== undefined) this.give(resident.socket)
    // What is there for the invoker to read, journals and statistics, becomes his.
    for (const folder of [this.paths.journals, this.paths.statistics]) {
      for (const name of readdirSync(folder)) this.give(path.join(folder, name))
    }
  }
}

async function stopAll(residents: readonly Resident[]): Promise<void> {
  const outcomes = await Promise.allSettled(residents.map((resident) => resident.stop()))
  const problems = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  )
  if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '))
}
