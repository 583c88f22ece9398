/**
 * The routing daemons of a lab: zebra and bgpd on nodes that run FRR, gobgpd on those that run GoBGP, each in its node.
 * labd starts them, hears of their death, and takes them along when it ends.
 *
 * @module
 */
import { setMaxListeners } from 'node:events'
import { chmodSync, chownSync, lchownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { NodeControl } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import { configureNamespaces } from '../netns/driver.js'
import type { Invoker } from '../labd/folder.js'
import type { Account } from './account.js'
import {
  API_SOCKET,
  daemonArgv,
  daemonEnvironment,
  KERNEL_LINES,
  programsOf,
  SOCKETS,
  type Program,
} from './commands.js'
import { daemonFiles, GOBGP_FILES, type Controlled } from './files.js'
import { checkFrrCan } from './frr-config.js'
import type { DaemonHost } from './host.js'
import { namespacedDaemons } from './namespaced.js'
import { DaemonProcess, HERE, type DaemonEnd, type DaemonOptions } from './process.js'
import { Vty } from './vty.js'

export interface ControlledNode extends Controlled {
  readonly namespace: string
}
export interface DaemonsOptions {
  /** Default: namespaces of this host. */
  readonly host?: DaemonHost
  /** The lab's; daemons keep their files in `daemons/<node>/`, their logs in `<node>.<program>.log`. */
  readonly folder: string
  readonly invoker: Invoker
  /** Carries the lab's mark. */
  readonly env: Readonly<Record<string, string>>
  /** A daemon ended although nobody asked it to. */
  readonly onDeath?: (state: DaemonState) => void
}
export interface DaemonState {
  readonly node: string
  readonly program: Program
  /** `null`: it ended. */
  readonly pid: number | null
  readonly end?: DaemonEnd
}
/** Where one node's daemons are asked. */
export interface DaemonDoor {
  readonly node: string
  readonly control: NodeControl
  readonly folder: string
  /** Of FRR: the folder of vty sockets; of GoBGP: the socket of its API. */
  readonly socket: string
}

/** The one that speaks BGP: what dies or hangs when a routing daemon does (FAULT-4). */
export function routingProgram({ daemon }: NodeControl): Program {
  return daemon === 'frr' ? 'bgpd' : 'gobgpd'
}

/** Where a node's daemons are asked, whoever asks. Names only, nothing is touched. */
export function daemonDoor(labFolder: string, node: string, control: NodeControl): DaemonDoor {
  const folder = path.join(labFolder, 'daemons', node)
  return {
    node,
    control,
    folder,
    socket: control.daemon === 'frr' ? folder : path.join(folder, API_SOCKET),
  }
}

export class Daemons {
  private readonly running = new Map<string, Map<Program, DaemonProcess>>()
  /** First starts, by node. */
  private readonly starts = new Map<string, Promise<void>>()
  private readonly host: DaemonHost

  /** @throws LabError `ZT_LAB_MISSING` when a program is not installed or not built */
  constructor(
    private nodes: readonly ControlledNode[],
    private readonly options: DaemonsOptions,
  ) {
    this.host = options.host ?? namespacedDaemons()
  }

  private get account(): Account {
    return this.host.account
  }

  /**
   * Starts all of them and returns when they serve; sessions come up after that.
   *
   * @throws LabError `ZT_LAB_DIED` with what a daemon said, `ZT_LAB_PLAN` for a control that no daemon can do
   */
  async start(signal: AbortSignal): Promise<void> {
    for (const daemon of ['frr', 'gobgp'] as const) this.begin(daemon, signal)
    await this.served()
  }

  /**
   * Begins to start those of one kind. FRR first: it holds its first call back for up to a second, in which the others may start.
   * {@link served} says when they serve.
   *
   * @param only which of them
   * @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do
   */
  begin(
    daemon: NodeControl['daemon'],
    signal: AbortSignal,
    only: (node: string) => boolean = () => true,
  ): void {
    checkFrrCan(this.nodes)
    const nodes = this.nodes.filter(({ node, control }) => control.daemon === daemon && only(node))
    mkdirSync(path.join(this.options.folder, 'daemons'), { recursive: true, mode: 0o700 })
    this.open(path.join(this.options.folder, 'daemons'), 0)
    for (const node of nodes) this.writeConfiguration(node)
    // Each daemon listens to it while it starts.
    setMaxListeners(0, signal)
    // Nothing that daemons do first depends on it.
    const prepared = this.prepareKernels(nodes, signal)
    for (const node of nodes) {
      const start = Promise.all([this.startNode(node, signal), prepared]).then(() => undefined)
      // Whoever waits for it hears of it.
      start.catch(() => undefined)
      this.starts.set(node.node, start)
    }
  }

  /** Returns when they serve that {@link begin} has begun to start: one node's, or all. @throws LabError `ZT_LAB_DIED` with what a daemon said */
  async served(node?: string): Promise<void> {
    if (node !== undefined) await this.starts.get(node)
    else await Promise.all(this.starts.values())
  }

  /**
   * Other nodes have daemons from now on, or theirs are configured otherwise. Configurations are written; whoever runs is told, restarted,
   * begun or ended by whoever asks for it.
   *
   * @throws LabError `ZT_LAB_PLAN` for a control that no daemon can do
   */
  renew(nodes: readonly ControlledNode[]): void {
    checkFrrCan(nodes)
    this.nodes = nodes
    for (const node of nodes) if (this.running.has(node.node)) this.writeConfiguration(node)
  }

  /** Tells a node's bgpd commands of its configuration mode. @throws LabError what it says when it refuses one */
  async tell(name: string, commands: readonly string[]): Promise<void> {
    const { folder } = daemonDoor(this.options.folder, name, this.nodeOf(name).control)
    const vty = await Vty.open(folder, 'bgpd')
    try {
      for (const command of ['enable', 'configure terminal', ...commands, 'end']) await vty.ask(command)
    } finally {
      vty.close()
    }
  }

  /** Ends a node's daemons, whatever runs there; their files go too. {@link begin} starts them anew. */
  async end(name: string): Promise<void> {
    for (const one of [...(this.running.get(name)?.values() ?? [])].toReversed()) await one.stop()
    this.running.delete(name)
    this.starts.delete(name)
    // The folder itself may be a container's too.
    const folder = path.join(this.options.folder, 'daemons', name)
    for (const file of readdirSync(folder)) rmSync(path.join(folder, file), { recursive: true, force: true })
  }

  /** All that run, dead ones included, by node. */
  states(): DaemonState[] {
    return this.nodes.flatMap(({ node, control }) =>
      programsOf(control).flatMap((program) => {
        const daemon = this.running.get(node)?.get(program)
        return daemon === undefined ? [] : [stateOf(daemon)]
      }),
    )
  }

  doors(): DaemonDoor[] {
    return this.nodes.map(({ node, control }) => daemonDoor(this.options.folder, node, control))
  }

  /**
   * Ends a node's daemons, or one of them, if they still run, and starts them anew.
   *
   * @throws LabError `ZT_LAB_UNKNOWN` for a node or program that is not there
   */
  async restart(name: string, program: Program | undefined, signal: AbortSignal): Promise<void> {
    const node = this.nodeOf(name)
    const wanted = programsOf(node.control).filter((one) => program === undefined || one === program)
    if (program !== undefined && wanted.length === 0) throw unknown(program, name)
    const daemons = this.running.get(name)
    for (const one of wanted.toReversed()) await daemons?.get(one)?.stop()
    for (const one of wanted) await this.startProgram(node, one, signal)
  }

  /**
   * Kills a node's routing daemon (FAULT-4 *daemon-down*; zebra lives on), or with `all` every daemon of it (FAULT-3). Returns when it is gone.
   * `onDeath` does not hear of it. {@link revive} is the inverse.
   *
   * @throws LabError `ZT_LAB_UNKNOWN`
   */
  async kill(name: string, which: 'routing' | 'all' = 'routing'): Promise<void> {
    const { control } = this.nodeOf(name)
    const wanted = which === 'all' ? programsOf(control).toReversed() : [routingProgram(control)]
    await Promise.all(wanted.map(async (program) => this.running.get(name)?.get(program)?.kill()))
  }

  /**
   * Starts a node's daemons after {@link kill}; returns when they serve, sessions come up after that. What the kernel has stays until it is known
   * what is right: FRR begins anew as a whole, for a zebra that lived on throws out what its bgpd has not yet said again (8.4 takes the
   * first peer's word for all); with BGP-16 a gobgpd speaks to peers only when its agent has told it all, so that they need not forget it meanwhile.
   *
   * @throws LabError `ZT_LAB_UNKNOWN`, `ZT_LAB_DIED`
   */
  async revive(name: string, signal: AbortSignal): Promise<void> {
    const node = this.nodeOf(name)
    const programs = programsOf(node.control)
    const alive = programs.map((program) => this.running.get(name)?.get(program))
    if (alive.every((daemon) => (daemon?.pid ?? null) !== null)) return
    await Promise.all(alive.map(async (daemon) => daemon?.kill()))
    for (const program of programs) await this.startProgram(node, program, signal, 'anew')
  }

  /** Stops a node's routing daemon where it is (FAULT-4 *daemon-hangs*). {@link wake} is the inverse. @throws LabError `ZT_LAB_UNKNOWN` */
  hang(name: string): void {
    this.routing(name).hang()
  }

  /** Lets it go on. @throws LabError `ZT_LAB_UNKNOWN` */
  wake(name: string): void {
    this.routing(name).wake()
  }

  /** Ends all, whatever state they are in. @throws AggregateError of all that failed */
  async stop(): Promise<void> {
    const daemons = [...this.running.values()].flatMap((byProgram) => [...byProgram.values()])
    const outcomes = await Promise.allSettled(daemons.map((daemon) => daemon.stop()))
    const problems = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
    )
    if (problems.length > 0) throw new AggregateError(problems, problems.map(String).join('; '))
  }

  private nodeOf(name: string): ControlledNode {
    const node = this.nodes.find((candidate) => candidate.node === name)
    if (node === undefined) throw unknown('daemon', name)
    return node
  }

  private routing(name: string): DaemonProcess {
    const program = routingProgram(this.nodeOf(name).control)
    const daemon = this.running.get(name)?.get(program)
    if (daemon === undefined || daemon.pid === null) throw unknown(program, name)
    return daemon
  }

  private async startNode(node: ControlledNode, signal: AbortSignal): Promise<void> {
    for (const program of programsOf(node.control)) await this.startProgram(node, program, signal)
  }

  private async startProgram(
    node: ControlledNode,
    program: Program,
    signal: AbortSignal,
    how: 'first' | 'anew' = 'first',
  ): Promise<void> {
    const { folder } = daemonDoor(this.options.folder, node.node, node.control)
    // One that was killed leaves it, and it would look ready.
    rmSync(path.join(folder, SOCKETS[program]), { force: true })
    const options: DaemonOptions = {
      program,
      node: node.node,
      namespace: node.namespace,
      argv: this.argv(program, how),
      folder,
      account: this.account,
      socket: SOCKETS[program],
      log: path.join(this.options.folder, `${node.node}.${program}.log`),
      env: { ...this.options.env, ...daemonEnvironment(program) },
    }
    const daemon = new DaemonProcess(options, this.host.start(options), (dead) =>
      this.options.onDeath?.(stateOf(dead)),
    )
    const daemons = this.running.get(node.node) ?? new Map<Program, DaemonProcess>()
    this.running.set(node.node, daemons.set(program, daemon))
    await daemon.ready(signal)
    this.handOver(folder, program)
  }

  private argv(program: Program, how: 'first' | 'anew'): string[] {
    const anew = how === 'anew'
    const gobgp = anew ? GOBGP_FILES.anew : GOBGP_FILES.first
    return daemonArgv(program, {
      file: this.host.programs[program],
      config: `${HERE}/${program === 'gobgpd' ? gobgp : `${program}.conf`}`,
      folder: HERE,
      anew,
    })
  }

  private writeConfiguration(node: ControlledNode): void {
    const { folder } = daemonDoor(this.options.folder, node.node, node.control)
    mkdirSync(folder, { recursive: true })
    this.open(folder, this.account.uid)
    for (const [name, text] of daemonFiles(node, this.nodes)) {
      const file = path.join(folder, name)
      writeFileSync(file, text, { mode: 0o640 })
      chownSync(file, 0, this.account.gid)
    }
  }

  /** A folder that its owner writes and the invoker's group may look into. */
  private open(folder: string, owner: number): void {
    const { uid, gid } = this.options.invoker
    chownSync(folder, owner, uid === 0 ? 0 : gid)
    chmodSync(folder, uid === 0 ? 0o700 : 0o750)
  }

  /** The invoker asks daemons himself. Not through links: the folder is the daemon's to write. */
  private handOver(folder: string, program: Program): void {
    const { uid, gid } = this.options.invoker
    if (uid === 0) return
    if (program === 'gobgpd') lchownSync(path.join(folder, API_SOCKET), uid, gid)
    else lchownSync(path.join(folder, `${program}.vty`), this.account.uid, gid)
  }

  private async prepareKernels(nodes: readonly ControlledNode[], signal: AbortSignal): Promise<void> {
    await configureNamespaces(
      nodes.map(({ namespace }) => ({ namespace, lines: KERNEL_LINES })),
      signal,
    )
  }
}

function unknown(what: string, node: string): LabError {
  return new LabError('ZT_LAB_UNKNOWN', `there is no ${what} of ${JSON.stringify(node)} running here`)
}

function stateOf(daemon: DaemonProcess): DaemonState {
  const { node, program } = daemon.options
  const { pid, end } = daemon
  return { node, program, pid, ...(end === undefined ? {} : { end }) }
}
