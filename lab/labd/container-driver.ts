/**
 * Nodes and hosts as containers that containerlab brings up, engines in them as PID 1.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../../contract/plan.js'
import { writeTopology } from '../clab/index.js'
import { Containerlab } from '../containerlab/containerlab.js'
import { labTopology, nodeName, type LabContainer } from '../containerlab/lab-topology.js'
import { ContainerCommand } from '../docker/container-command.js'
import { connectDocker, type DockerEngine } from '../docker/engine.js'
import { LabError } from '../errors.js'
import { daemonDoor } from '../daemons/launch.js'
import { currentNodeImage } from '../image/current.js'
import { accountOfImage } from '../image/programs.js'
import {
  configureNamespaces,
  nameNamespaces,
  removeInside,
  removeThese,
  type Lodger,
} from '../netns/driver.js'
import { networkScript } from '../netns/script.js'
import type { NodeWiring, Wiring } from '../netns/wiring.js'
import type { Step } from '../steps.js'
import { ContainerDaemons } from './container-daemons.js'
import { ContainerEngine, firstDeath, untilUp } from './container-engine.js'
import { labLabels, removeContainers } from './containers-left.js'
import type { ControlledProcess } from './controlled.js'
import {
  engineArguments,
  type DriverOptions,
  type LabChange,
  type LabDriver,
  type NetworkChanger,
} from './driver.js'
import { become, type Execution, type ExecHooks, type ExecOutcome, type ExecRequest } from './exec.js'
import { createNodeFolders, removeNodeFolders, replaceOwned, writePrivate } from './folder.js'
import type { Containers } from './protocol.js'
import type { Routing } from './routing.js'

/** What an engine has; Docker before 23 knows neither BPF nor PERFMON, and SYS_ADMIN does in their place. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW', 'IPC_LOCK'] as const
const OF_BPF = ['BPF', 'PERFMON'] as const
const IN_THEIR_PLACE = 'SYS_ADMIN'
/** FRR's daemons do not start without it. */
const OF_FRR = 'SYS_ADMIN'

export class ContainerDriver implements LabDriver {
  readonly daemons = new ContainerDaemons()
  readonly lodgers: readonly Lodger[] = []
  private docker: DockerEngine | undefined
  private image = ''
  private capabilities: readonly string[] = []
  /** Of what runs inside; where programs are is the image's to say. */
  private readonly env: Readonly<Record<string, string>>

  constructor(
    private readonly options: DriverOptions,
    private readonly where: Containers,
  ) {
    const { PATH: _path, ...env } = options.env
    this.env = env
  }

  networkSteps(_routing: Routing | undefined, between: readonly Step[]): readonly Step[] {
    return [
      ...between,
      { name: 'image', setUp: () => this.prepare() },
      {
        name: 'containers',
        setUp: (signal) => this.deploy(signal),
        tearDown: () => removeContainers(this.options.invoker, this.options.lab),
      },
      { name: 'inside', setUp: () => this.inside(this.options.wiring.namespaces) },
    ]
  }

  /** FRR calls at once, and not again for a second: by then somebody is to be there. */
  daemonStep(routing: Routing): Step {
    return {
      name: 'daemons',
      setUp: async (signal) => {
        routing.beginDaemons('gobgp', signal)
        await routing.served('gobgp')
        routing.beginDaemons('frr', signal)
      },
      tearDown: () => routing.stopDaemons(),
    }
  }

  startEngine({ node, namespace }: NodeWiring): ControlledProcess {
    const { paths } = this.options
    return new ContainerEngine({
      title: `the engine of ${node}`,
      docker: this.engine,
      container: namespace,
      socket: paths.nodeSocket(node),
      folder: paths.nodeFolder(node),
    })
  }

  execute({ namespace, argv, term }: ExecRequest, { onOutput }: ExecHooks): Execution {
    // Accounts of this host are none in a container.
    const as = become(this.options.invoker, '--clear-groups')
    const command = new ContainerCommand(
      this.engine,
      namespace,
      [...(as.length === 0 ? [] : ['setpriv', ...as, '--']), ...argv],
      { env: term === undefined ? this.env : { ...this.env, TERM: term }, folder: '/', input: true },
      { onOutput },
    )
    return {
      done: endOf(command, argv[0] ?? ''),
      input: (data) => command.input(data),
      resume: () => command.resume(),
      kill: (signal) => command.kill(signal),
    }
  }

  private get engine(): DockerEngine {
    if (this.docker === undefined) throw new LabError('ZT_LAB_STATE', 'there are no containers yet')
    return this.docker
  }

  /** Docker answers and has the node image: made and loaded, if need be, which takes half a minute once. */
  private async prepare(): Promise<void> {
    const docker = await connectDocker(this.where.docker)
    const image = await currentNodeImage()
    if ((await docker.image(image.reference))?.id !== image.id) await docker.loadImage(image.archive)
    const account = accountOfImage(image.labels)
    if (account === undefined)
      throw new LabError('ZT_LAB_FORMAT', `${image.reference} does not say whom FRR runs as`)
    this.docker = docker
    // containerlab finds images by their names alone.
    this.image = image.reference
    this.daemons.use(docker, account)
  }

  private async deploy(signal: AbortSignal): Promise<void> {
    const { paths, wiring } = this.options
    const knowsBpf = await this.engine.knowsCapability(this.image, OF_BPF[0])
    this.capabilities = [...CAPABILITIES, ...(knowsBpf ? OF_BPF : [IN_THEIR_PLACE])]
    // Whoever sweeps asks them for what is left, from here on.
    writePrivate(paths.containers, JSON.stringify(this.where))
    this.writeTopology(this.options)
    await this.deployed(wiring.namespaces, signal)
  }

  /**
   * From one wiring to another: containerlab compares the file with what is there, and makes containers and cables that are missing. Those that
   * go are taken away before; what changes inside containers that stay is set from here.
   */
  change({ plan, wiring, network, script }: LabChange): NetworkChanger {
    const { lab, paths } = this.options
    const fresh = new Set(network.namespacesNew)
    return {
      remove: async () => {
        await removeInside(script.remove)
        for (const name of script.namespacesGone) {
          await this.engine.remove(name)
          removeNodeFolders(paths, nodeName(lab, name))
        }
        return removeThese(lab, script.namespacesGone)
      },
      make: async (signal) => {
        this.writeTopology({ plan, wiring }, fresh)
        if (script.make.create.length > 0) await this.deployed([...fresh], signal)
        const inside = script.make.inside.filter(({ namespace }) => !fresh.has(namespace))
        if (inside.length > 0) await configureNamespaces(inside, signal)
        await this.inside([...fresh])
      },
    }
  }

  /** @param fresh namespaces that get their names */
  private async deployed(fresh: readonly string[], signal: AbortSignal): Promise<void> {
    const { containerlab: program, docker: host } = this.where
    const { paths, env } = this.options
    const containerlab = new Containerlab({ program, host, env, passing: paths.folder, signal })
    try {
      await containerlab.deploy(paths.topology)
      await this.name(fresh)
    } catch (error) {
      throw signal.aborted ? error : await this.why(error)
    }
  }

  /** Of a container that ends, cables go with it; containerlab and other containers fail for want of those. */
  private async why(error: unknown): Promise<unknown> {
    const { invoker, lab } = this.options
    return (await firstDeath(this.engine, labLabels(invoker, lab))) ?? error
  }

  /** @param only those whose folders are still to be furnished */
  private writeTopology(
    { plan, wiring }: Pick<DriverOptions, 'plan' | 'wiring'>,
    only: ReadonlySet<string> = new Set(wiring.namespaces),
  ): void {
    const { lab, paths, invoker, programs } = this.options
    const containers = this.containersOf(plan, wiring)
    this.furnish(
      containers.filter(({ namespace }) => only.has(namespace)),
      wiring,
    )
    const topology = labTopology({
      lab,
      fabric: plan.fabric,
      image: this.image,
      capabilities: this.capabilities,
      containers,
      wiring,
      labels: labLabels(invoker, lab),
      engine: programs.engine,
    })
    replaceOwned(paths.topology, writeTopology(topology), invoker)
  }

  private containersOf(plan: Plan, { nodes, hosts, wire }: Wiring): LabContainer[] {
    const { lab, paths, programs } = this.options
    const controls = new Map(plan.nodes.map(({ name, control }) => [name, control]))
    const container = (kind: LabContainer['kind'], namespace: string): LabContainer => {
      const name = nodeName(lab, namespace)
      const [config, made] = [paths.nodeConfig(name), paths.nodeFolder(name)]
      const control = kind === 'node' ? controls.get(name) : undefined
      return {
        namespace,
        kind,
        given: config,
        made,
        env: {
          ...this.env,
          ZTOS_FOLDER: config,
          ZTOS_STATE: made,
          ...(kind === 'node' ? programs.engineEnvironment : {}),
        },
        ...(control === undefined ? {} : { daemons: daemonDoor(paths.folder, name, control).folder }),
        // Where it is not there already, in the place of BPF.
        capabilities: control?.daemon === 'frr' ? [OF_FRR] : [],
      }
    }
    return [
      ...nodes.map(({ namespace }) => container('node', namespace)),
      ...[...hosts, ...(wire === undefined ? [] : [wire])].map(({ namespace }) =>
        container('host', namespace),
      ),
    ]
  }

  /** Makes the folders that containers are given, and what is in them but for programs and keys. */
  private furnish(containers: readonly LabContainer[], wiring: Wiring): void {
    const { lab, paths, invoker } = this.options
    const scripts = new Map(
      networkScript(wiring).rest.inside.map(({ namespace, lines }) => [namespace, lines]),
    )
    const textOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')
    for (const { namespace, kind, daemons } of containers) {
      const name = nodeName(lab, namespace)
      createNodeFolders(paths, name, invoker)
      // Whose it is to be, daemons' starts say.
      if (daemons !== undefined) mkdirSync(daemons, { recursive: true, mode: 0o700 })
      const write = (file: string, lines: readonly string[]) =>
        writePrivate(path.join(paths.nodeConfig(name), file), textOf(lines))
      write('set-up', scripts.get(namespace) ?? [])
      if (kind === 'node') write('engine-arguments', engineArguments(this.options, name))
    }
  }

  private async name(namespaces: readonly string[]): Promise<void> {
    const pids = namespaces.map(async (name): Promise<[string, number]> => [
      name,
      (await this.engine.inspect(name)).pid,
    ])
    if (pids.length > 0) await nameNamespaces(new Map(await Promise.all(pids)))
  }

  /** Returns when these have set themselves up, and their engines are up, if they have one. */
  private async inside(namespaces: readonly string[]): Promise<void> {
    const { lab, paths } = this.options
    const over = new AbortController()
    try {
      await Promise.all(
        namespaces.map((container) => {
          const folder = paths.nodeFolder(nodeName(lab, container))
          return untilUp(this.engine, container, folder, over.signal)
        }),
      )
    } catch (error) {
      throw await this.why(error)
    } finally {
      over.abort()
    }
  }
}

/** @throws LabError `ZT_LAB_COMMAND` where it never began */
async function endOf({ exited }: ContainerCommand, program: string): Promise<ExecOutcome> {
  const { code, signal, error } = await exited
  if (error === undefined) return { code, signal }
  throw new LabError('ZT_LAB_COMMAND', `cannot run ${program}: ${error.message}`, { cause: error })
}
