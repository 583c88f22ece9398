/**
 * One lab as labd holds it: brought up step by step, held, taken down.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import { NodeProgram } from '../../contract/program.js'
import { beforeControl } from '../../twin/before-control.js'
import { programAt, withEpochs, type Epochs, type SealGroup } from '../../twin/program/epochs.js'
import { changesOf, comparison, type Comparison } from '../apply/changes.js'
import { findBinary } from '../binaries.js'
import type { Answer, Request } from '../channel.js'
import { epochsOf, type SealState } from '../epochs.js'
import { LabError } from '../errors.js'
import type { Lodger } from '../netns/driver.js'
import { CONTAINER_HOST_DEVICE, HOST_DEVICE, wiringOf, type Wiring } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import type { LabState } from '../state.js'
import { Steps, type Step } from '../steps.js'
import { applyChanges, type ApplyHooks } from './apply.js'
import { checkPlans, checkState } from './apply-checks.js'
import { LabApplyMeans } from './apply-means.js'
import { childEnvironment } from './child-environment.js'
import { ContainerDriver } from './container-driver.js'
import type { ControlledProcess } from './controlled.js'
import { DataPlane, type EngineStart } from './data-plane.js'
import type { LabDriver } from './driver.js'
import type { Execution, ExecHooks, ExecRequest } from './exec.js'
import { LabMeans } from './fault-means.js'
import { Faults } from './faults.js'
import { Floors, type FloorRequest } from './floor.js'
import {
  createNodeFolders,
  giveFile,
  replaceOwned,
  writeOwned,
  writePrivate,
  writeState,
  type Invoker,
} from './folder.js'
import { LabKeys } from './keys.js'
import { NamespaceDriver } from './namespace-driver.js'
import { probeConfig } from './probe-config.js'
import type { Applied, ApplyRequest, LabPids, RunHooks, UpRequest } from './requests.js'
import { Rotations } from './rotation.js'
import { Routing } from './routing.js'
import { sweepLab } from './sweep.js'
import { Wire } from './wire.js'

export class RunningLab {
  private readonly dataPlane: DataPlane
  private hooks: RunHooks | undefined
  private keys: LabKeys | undefined
  private rotation: Rotations | undefined
  private steps: Steps | undefined
  private stopping = false
  private probeBinary = ''
  private readonly floors = new Floors()
  private driver: LabDriver | undefined
  /** Found when nodes were removed from a lab that goes on. */
  private readonly lodgers: Lodger[] = []
  private plan: Plan | undefined
  private wiring: Wiring | undefined
  private engineStart: EngineStart | undefined
  private readonly wire: Wire
  private routing: Routing | undefined
  private faults: Faults | undefined
  private faultMeans: LabMeans | undefined
  /** What each engine was given last. */
  private readonly programs = new Map<string, unknown>()

  constructor(
    private readonly invoker: Invoker,
    readonly paths: LabPaths,
    private state: LabState,
  ) {
    this.dataPlane = new DataPlane({
      lab: state.id,
      paths,
      invoker,
      onExit: ({ title }) => this.died(title),
    })
    this.wire = new Wire({
      paths,
      invoker,
      env: childEnvironment(invoker, state.id),
      onExit: ({ title }) => this.died(title),
    })
  }

  get phase(): LabState['phase'] {
    return this.state.phase
  }

  /** @throws LabError `ZT_LAB_STATE` when asked twice, and whatever a step throws; then nothing of the lab is left but its folder */
  async up(request: UpRequest, hooks: RunHooks, signal: AbortSignal): Promise<void> {
    if (this.steps !== undefined)
      throw new LabError('ZT_LAB_STATE', `lab ${this.state.id} has been brought up already`)
    const probe = request.programs.probe ?? findBinary('ztos-probe')
    // What the kernel and the engines start with; the plan itself stays as it is, for whoever compares.
    const start = beforeControl(request.plan)
    const inContainers = request.containers !== undefined
    const wiring = wiringOf(this.state.id, start, inContainers ? CONTAINER_HOST_DEVICE : HOST_DEVICE)
    this.plan = request.plan
    this.wiring = wiring
    this.probeBinary = probe
    this.hooks = hooks
    this.keys = new LabKeys(this.paths, request.keys, request.journal)
    this.rotation = this.rotationsOf(request.plan)
    const driver = this.driverOf(request, start, wiring)
    this.driver = driver
    this.routing = this.routingOf(request.plan, wiring, driver, hooks)
    const engines: EngineStart = {
      driver,
      plan: request.plan,
      wiring,
      served: () => this.routing?.served('gobgp'),
      onUp: (node) => this.routing?.beginAgent(node, signal),
    }
    this.engineStart = engines
    this.steps = new Steps(
      [
        { name: 'state', setUp: async () => this.writeFiles(request, start, wiring) },
        ...driver.networkSteps(this.routing, this.agentSteps()),
        ...this.wireSteps(wiring),
        ...(this.routing === undefined ? [] : [driver.daemonStep(this.routing)]),
        {
          name: 'engines',
          setUp: (signal) => this.dataPlane.startEngines(engines, signal),
          tearDown: () => this.dataPlane.stopEngines(),
        },
        ...this.agentStartSteps(),
        // BGP speaks while the probe takes its places.
        {
          name: 'probe',
          setUp: (signal) => this.dataPlane.startProbe(probe, signal),
          tearDown: () => this.dataPlane.stopProbe(),
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
    this.floors.end()
    await this.steps?.down().catch((error: unknown) => {
      // The sweep does it again, and by force; what it cannot do it says itself.
      log(`tear-down: ${String(error)}`)
    })
    const found = [...this.lodgers, ...(this.driver?.lodgers ?? [])]
    return [...found, ...(await sweepLab(this.invoker, this.state.id))]
  }

  node(name: string): ControlledProcess {
    return this.dataPlane.node(name)
  }

  /** Has a node's engine load a program, with the keys that the lab has by now. */
  async load(node: string, program: unknown): Promise<Answer> {
    const answer = await this.ask(node, { op: 'load', program })
    this.programs.set(node, program)
    return answer
  }

  /** A request to a node's engine; one that may name keys finds those that the lab has by now. */
  ask(node: string, request: Request): Promise<Answer> {
    const needsKeys = request.op === 'load' || request.op === 'apply'
    if (needsKeys) this.keys?.tell(node, request)
    return this.node(node).request({ ...request, ...(needsKeys ? { keys: this.paths.nodeKeys(node) } : {}) })
  }

  /** @throws LabError `ZT_LAB_STATE` while the lab is not up */
  rotations(): Rotations {
    if (this.rotation === undefined || this.state.phase !== 'up')
      throw new LabError('ZT_LAB_STATE', 'the lab is not up')
    return this.rotation
  }

  /** What is broken, and whoever breaks it. @throws LabError `ZT_LAB_STATE` while the lab is not up */
  faulted(): Faults {
    if (this.faults === undefined || this.state.phase !== 'up') {
      throw new LabError('ZT_LAB_STATE', 'the lab is not up')
    }
    return this.faults
  }

  askProbe(request: Request): Promise<Answer> {
    return this.dataPlane.askProbe(request)
  }

  /** A latency through bare forwarders, one for each node on the way. */
  measureFloor(request: FloorRequest): Promise<Answer> {
    if (this.dataPlane.probe === undefined || this.stopping) {
      return Promise.reject(new LabError('ZT_LAB_STATE', 'the lab is not up'))
    }
    const env = childEnvironment(this.invoker, this.state.id)
    return this.floors.measure(
      { lab: this.state.id, paths: this.paths, probe: this.probeBinary, env },
      request,
    )
  }

  /** Begins a command in a node, by its name, or in a host, by its id. */
  execute(at: string, request: Omit<ExecRequest, 'namespace'>, hooks: ExecHooks): Execution {
    const namespace =
      this.wiring?.nodes.find(({ node }) => node === at)?.namespace ??
      this.wiring?.hosts.find(({ host }) => host === at)?.namespace
    if (namespace === undefined || this.driver === undefined) {
      throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.state.id} has no node or host ${JSON.stringify(at)}`, {
        remedy: 'nodes are named as in the fabric file, hosts `tenant/host`',
      })
    }
    return this.driver.execute({ ...request, namespace }, hooks)
  }

  /** Adds keys to those that engines read. @returns all that are known */
  addKeys(keys: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    this.keys?.add(keys)
    return this.keys?.all ?? {}
  }

  private driverOf({ journal, programs, containers }: UpRequest, plan: Plan, wiring: Wiring): LabDriver {
    const { invoker, paths, state } = this
    const env = childEnvironment(invoker, state.id)
    const options = { lab: state.id, paths, invoker, env, plan, wiring, journal, programs }
    return containers === undefined ? new NamespaceDriver(options) : new ContainerDriver(options, containers)
  }

  private rotationsOf(plan: Plan, epochs: Epochs = new Map()): Rotations {
    const known = new Map(this.rotation?.seals.map((seal) => [seal.name, seal]))
    const now = new Date().toISOString()
    const states = [...epochs].map(([name, epoch]) => {
      const seal = known.get(name)
      return [name, { epoch, since: seal?.epoch === epoch ? seal.since : now }] as const
    })
    const means = {
      ask: (node: string, request: Request) => this.ask(node, request),
      publicKeyOf: (reference: string) => this.keys?.base64(reference),
      addKeys: (keys: Readonly<Record<string, string>>) => this.keys?.add(keys),
      retireKeys: (references: readonly string[]) => this.keys?.retire(references),
      write: (seals: readonly SealState[]) =>
        replaceOwned(this.paths.seals, JSON.stringify(seals), this.invoker),
      onRotated: ({ ends }: SealGroup, epoch: number) => {
        for (const { node, interface: id } of ends) {
          const parsed = NodeProgram.safeParse(this.programs.get(node))
          if (parsed.success) this.programs.set(node, programAt(parsed.data, id, epoch))
        }
      },
    }
    return new Rotations(plan, means, new Map(states))
  }

  pids(): LabPids {
    return {
      daemons: (this.routing?.states() ?? []).map(({ node, program, pid }) => ({ node, program, pid })),
      agents: this.routing?.agentsPid ?? null,
      nodes: this.dataPlane.nodes,
      probe: this.dataPlane.probe?.pid ?? null,
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

  private writeFiles({ plan, attached }: UpRequest, start: Plan, wiring: Wiring): void {
    this.state = { ...this.state, fabric: plan.fabric, attached }
    this.enter('starting')
    writeOwned(this.paths.plan, JSON.stringify(plan), this.invoker)
    this.keys?.write()
    replaceOwned(this.paths.seals, JSON.stringify(this.rotation?.seals ?? []), this.invoker)
    for (const { name, program } of start.nodes) this.giveProgram(name, program)
    writePrivate(this.paths.probeConfig, JSON.stringify(probeConfig(plan, wiring)))
  }

  /** What an engine that is still to come starts with. */
  private giveProgram(node: string, program: unknown): void {
    createNodeFolders(this.paths, node, this.invoker)
    writePrivate(this.paths.nodeProgram(node), JSON.stringify(program))
    this.keys?.tell(node, program)
    this.programs.set(node, program)
  }

  /** Of a plan with links that take time. */
  private wireSteps({ wire }: Wiring): Step[] {
    if (wire === undefined) return []
    return [
      { name: 'wire', setUp: (signal) => this.wire.start(wire, signal), tearDown: () => this.wire.stop() },
    ]
  }

  /** Of a plan with a control plane: what makes its tables. */
  private routingOf(plan: Plan, wiring: Wiring, driver: LabDriver, hooks: RunHooks): Routing | undefined {
    if (plan.nodes.every(({ control }) => control === undefined)) return undefined
    return new Routing({
      plan,
      host: driver.daemons,
      wiring,
      paths: this.paths,
      invoker: this.invoker,
      env: childEnvironment(this.invoker, this.state.id),
      log: hooks.log,
      isUp: () => this.runs,
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

  private agentStartSteps(): Step[] {
    const { routing } = this
    if (routing === undefined) return []
    return [
      {
        name: 'routing',
        setUp: (signal) => routing.begun(signal),
        // Before the namespaces in which they look around.
        tearDown: () => routing.stopAgents(),
      },
    ]
  }

  private convergeSteps({ expected }: UpRequest): Step[] {
    const { routing } = this
    if (routing === undefined) return []
    const askEngine = (node: string, request: Request) => this.node(node).request(request)
    return [
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
    return {
      name: 'faults',
      setUp: async () => {
        this.faults = new Faults(plan, this.breaking(plan, wiring))
      },
      tearDown: async () => this.faultMeans?.stop(),
    }
  }

  private breaking(plan: Plan, wiring: Wiring): LabMeans {
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
    this.faultMeans = means
    return means
  }

  private get runs(): boolean {
    return !this.stopping && ['up', 'changing'].includes(this.state.phase)
  }

  private died(title: string): void {
    if (this.runs) this.hooks?.onDeath(title)
  }

  /**
   * Brings the lab to another plan of its fabric, or says what that would do. What is in no change is not touched.
   *
   * @throws LabError `ZT_LAB_STATE` for a lab that cannot be changed now, or not to this; then nothing was done. What a step throws: the lab is
   *   `broken` then
   */
  async apply(request: ApplyRequest, hooks: ApplyHooks, signal: AbortSignal): Promise<Applied> {
    const { plan, wiring, routing, state, dataPlane } = this
    if (state.phase !== 'up') {
      throw new LabError('ZT_LAB_STATE', `lab ${state.id} is ${state.phase}, and cannot be changed`, {
        remedy: state.phase === 'broken' ? 'take it down, and bring up another' : 'wait until it is up',
      })
    }
    const [rotation, faults] = [this.rotations(), this.faulted()]
    if (plan === undefined || wiring === undefined) throw new LabError('ZT_LAB_STATE', 'the lab is not up')
    checkPlans(state.id, plan, request.plan)
    const epochs = new Map(Object.entries(request.epochs))
    const before = this.given(withEpochs(plan, epochsOf(rotation.seals)))
    const compared = comparison(before, withEpochs(request.plan, epochs), state.id, wiring)
    const changes = changesOf(compared)
    if (request.dryRun) return { ...changes, steps: [] }
    checkState(state.id, { seals: rotation.seals, faults, engines: dataPlane.nodes }, request.plan, epochs)
    this.enter('changing')
    try {
      this.keys?.add(request.keys)
      const steps = await applyChanges(changes, this.meansOf(compared, routing), hooks, signal)
      this.become(request.plan, compared, epochs)
      return { ...changes, steps }
    } catch (error) {
      this.enter('broken')
      throw error
    }
  }

  /** The plan with what engines were given last, whoever gave it: that is what a change begins with. */
  private given(plan: Plan): Plan {
    const nodes = plan.nodes.map((node) => {
      const parsed = NodeProgram.safeParse(this.programs.get(node.name))
      return parsed.success ? { ...node, program: parsed.data } : node
    })
    return { ...plan, nodes }
  }

  private meansOf(compared: Comparison, routing: Routing | undefined): LabApplyMeans {
    if (this.engineStart === undefined) throw new LabError('ZT_LAB_STATE', 'the lab is not up')
    return new LabApplyMeans({
      compared,
      paths: this.paths,
      dataPlane: this.dataPlane,
      start: this.engineStart,
      probe: this.probeBinary,
      wire: this.wire,
      routing,
      load: (node, program) => this.load(node, program),
      give: (node, program) => this.giveProgram(node, program),
      onLodgers: (lodgers) => this.lodgers.push(...lodgers),
    })
  }

  /** From now on the lab is as the plan says. */
  private become(plan: Plan, { after, wirings: [, wiring] }: Comparison, epochs: Epochs): void {
    const names = new Set(plan.nodes.map(({ name }) => name))
    for (const name of this.programs.keys()) {
      if (names.has(name)) continue
      this.programs.delete(name)
      this.keys?.forget(name)
    }
    this.plan = plan
    this.wiring = wiring
    this.rotation = this.rotationsOf(plan, epochs)
    // Daemons that were begun anew count anew.
    this.faults = new Faults(plan, this.breaking(plan, wiring), true)
    const named = new Set(after.keys)
    this.keys?.retire(this.keys.references.filter((reference) => !named.has(reference)))
    replaceOwned(this.paths.seals, JSON.stringify(this.rotation.seals), this.invoker)
    replaceOwned(this.paths.plan, JSON.stringify(plan), this.invoker)
    this.enter('up')
  }
}
