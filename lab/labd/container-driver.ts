/**
 * Nodes and hosts as containers that containerlab brings up, engines in them as PID 1.
 *
 * @module
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { writeTopology } from '../clab/index.js'
import { Containerlab } from '../containerlab/containerlab.js'
import { labTopology, nodeName, type LabContainer } from '../containerlab/lab-topology.js'
import { ContainerCommand } from '../docker/container-command.js'
import { connectDocker, type DockerEngine } from '../docker/engine.js'
import { FifoInput, readingFrom } from '../docker/fifo-input.js'
import { LabError } from '../errors.js'
import { currentNodeImage } from '../image/current.js'
import { accountOfImage } from '../image/programs.js'
import { nameNamespaces, type Lodger } from '../netns/driver.js'
import { networkScript } from '../netns/script.js'
import type { NodeWiring } from '../netns/wiring.js'
import type { Step } from '../steps.js'
import { ContainerDaemons } from './container-daemons.js'
import { ContainerEngine, untilReady } from './container-engine.js'
import { labLabels, removeContainers } from './containers-left.js'
import type { ControlledProcess } from './controlled.js'
import { engineArguments, type DriverOptions, type LabDriver } from './driver.js'
import { become, type Execution, type ExecHooks, type ExecRequest } from './exec.js'
import { createNodeFolders, replaceOwned, writePrivate } from './folder.js'
import type { Containers } from './protocol.js'
import type { Routing } from './routing.js'

/** What an engine has; Docker before 23 knows neither BPF nor PERFMON, and SYS_ADMIN does in their place. */
const CAPABILITIES = ['NET_ADMIN', 'NET_RAW', 'IPC_LOCK'] as const
const OF_BPF = ['BPF', 'PERFMON'] as const
/** FRR's daemons do not start without it. */
const IN_THEIR_PLACE = 'SYS_ADMIN'

export class ContainerDriver implements LabDriver {
  readonly daemons = new ContainerDaemons()
  readonly lodgers: readonly Lodger[] = []
  private docker: DockerEngine | undefined
  private image = ''
  private commands = 0

  constructor(
    private readonly options: DriverOptions,
    private readonly where: Containers,
  ) {}

  networkSteps(routing: Routing | undefined, between: readonly Step[]): readonly Step[] {
    return [
      ...between,
      { name: 'image', setUp: () => this.prepare() },
      {
        name: 'containers',
        setUp: (signal) => this.deploy(routing, signal),
        tearDown: () => removeContainers(this.options.invoker, this.options.lab),
      },
      { name: 'inside', setUp: () => this.inside() },
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
    const { invoker, env } = this.options
    const { PATH: _path, ...own } = env
    // Accounts of this host are none in a container.
    const as = become(invoker, '--clear-groups')
    const folder = this.options.paths.nodeFolder(nodeName(this.options.lab, namespace))
    const fifo = path.join(folder, `stdin.${++this.commands}`)
    const input = FifoInput.make(fifo)
    const began = input.then(
      () =>
        new ContainerCommand(
          this.engine,
          namespace,
          [...readingFrom(fifo), ...(as.length === 0 ? [] : ['setpriv', ...as, '--']), ...argv],
          { env: term === undefined ? own : { ...own, TERM: term }, folder: '/' },
          { onOutput },
        ),
    )
    const use = <T>(what: Promise<T>, how: (one: T) => void) => {
      what.then(how).catch(() => undefined)
    }
    const done = began
      .then((command) => command.exited)
      .finally(() => use(input, (pipe) => pipe.close()))
      .then(({ code, signal, error }) => {
        if (error === undefined) return { code, signal }
        throw new LabError('ZT_LAB_COMMAND', `cannot run ${argv[0] ?? ''}: ${error.message}`, {
          cause: error,
        })
      })
    return {
      done,
      input: (data) => use(input, (pipe) => pipe.write(data)),
      resume: () => use(began, (command) => command.resume()),
      kill: (signal) => use(began, (command) => command.kill(signal)),
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

  private async deploy(routing: Routing | undefined, signal: AbortSignal): Promise<void> {
    const { lab, paths, invoker, plan, wiring, programs } = this.options
    const knowsBpf = await this.engine.knowsCapability(this.image, OF_BPF[0])
    const forBpf = knowsBpf
      ? [...OF_BPF, ...(routing === undefined ? [] : [IN_THEIR_PLACE])]
      : [IN_THEIR_PLACE]
    const topology = labTopology({
      lab,
      fabric: plan.fabric,
      image: this.image,
      capabilities: [...CAPABILITIES, ...forBpf],
      containers: this.containers(),
      wiring,
      labels: labLabels(invoker, lab),
      engine: programs.engine,
    })
    // Whoever sweeps asks them for what is left, from here on.
    writePrivate(paths.containers, JSON.stringify(this.where))
    replaceOwned(paths.topology, writeTopology(topology), invoker)
    await this.containerlab(signal).deploy(paths.topology)
    const pids = wiring.namespaces.map(async (name): Promise<[string, number]> => [
      name,
      (await this.engine.inspect(name)).pid,
    ])
    await nameNamespaces(new Map(await Promise.all(pids)))
  }

  private containerlab(signal: AbortSignal): Containerlab {
    const { containerlab, docker } = this.where
    const { paths, env } = this.options
    return new Containerlab({ program: containerlab, host: docker, env, passing: paths.folder, signal })
  }

  /** Containers, and what is in their folders. */
  private containers(): LabContainer[] {
    const { lab, paths, invoker, env, wiring, plan, programs } = this.options
    const { PATH: _path, ...own } = env
    const scripts = new Map(
      networkScript(wiring).rest.inside.map(({ namespace, lines }) => [namespace, lines]),
    )
    const container = (
      kind: LabContainer['kind'],
      namespace: string,
      more: Partial<Pick<LabContainer, 'made' | 'env'>> = {},
    ): LabContainer => {
      const name = nodeName(lab, namespace)
      createNodeFolders(paths, name, invoker)
      const [config, made] = [paths.nodeConfig(name), paths.nodeFolder(name)]
      const lines = scripts.get(namespace) ?? []
      writePrivate(path.join(config, 'set-up'), lines.map((line) => `${line}\n`).join(''))
      return {
        namespace,
        kind,
        given: [config],
        made: [made, ...(more.made ?? [])],
        env: { ...own, ZTOS_FOLDER: config, ZTOS_STATE: made, ...more.env },
      }
    }
    const controlled = new Set(
      plan.nodes.flatMap(({ name, control }) => (control === undefined ? [] : [name])),
    )
    const nodes = wiring.nodes.map(({ node, namespace }) => {
      const daemons = path.join(paths.folder, 'daemons', node)
      if (controlled.has(node)) mkdirSync(daemons, { recursive: true, mode: 0o700 })
      const one = container('node', namespace, {
        made: controlled.has(node) ? [daemons] : [],
        env: programs.engineEnvironment ?? {},
      })
      const words = engineArguments(this.options, node)
      writePrivate(
        path.join(paths.nodeConfig(node), 'engine-arguments'),
        words.map((word) => `${word}\n`).join(''),
      )
      return one
    })
    const others = [
      ...wiring.hosts.map(({ namespace }) => namespace),
      ...(wiring.wire === undefined ? [] : [wiring.wire.namespace]),
    ]
    return [...nodes, ...others.map((namespace) => container('host', namespace))]
  }

  /** Returns when all containers that have no engine have set themselves up; of those that have one, the engine says it. */
  private async inside(): Promise<void> {
    const { lab, paths, wiring } = this.options
    await Promise.all(
      wiring.namespaces.map((namespace) => untilReady(paths.nodeFolder(nodeName(lab, namespace)))),
    )
  }
}
