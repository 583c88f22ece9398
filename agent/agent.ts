/**
 * What runs beside a node's engine: tells the node's BGP daemon what the engine has heard, the engine what the daemon has learned from
 * others, and the kernel the routes of the underlay. Level-triggered: it brings each of them from what it has to what is wanted, whatever
 * has happened meanwhile, so a restart of any of them, or of the agent, touches nothing that is right.
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import type { RibPath } from '../contract/rib.js'
import { announcedControl } from '../twin/control/down.js'
import type { ControlNode } from '../twin/control/node.js'
import { formatPrefix, parsePrefix } from '../twin/packet/index.js'
import { canonicalAddress, type BestTable } from './best-table.js'
import { EngineLink } from './engine-link.js'
import { EngineSink } from './engine-sink.js'
import { AgentError, messageOf } from './errors.js'
import { GobgpLink, type Attached } from './gobgp-link.js'
import type { ApiPeer } from './gobgp-api.js'
import { GobgpSink } from './gobgp-sink.js'
import { EvpnWork } from './evpn-work.js'
import type { KernelHop, KernelRoutes, KernelRouteTable } from './kernel-routes.js'
import { KernelSink } from './kernel-sink.js'
import { LinkMonitor } from './link-monitor.js'
import { membersOf, type SessionHop } from './members.js'
import { PeerSwitch } from './peer-switch.js'
import { Rest } from './rest.js'
import type { AgentState } from './state.js'
import { Worker } from './worker.js'

export interface AgentOptions {
  readonly node: string
  readonly control: NodeControl
  /** Path of the engine's control socket. */
  readonly engine: string
  /** Path of the BGP daemon's API socket. */
  readonly gobgp: string
  /** The folder of GoBGP's .proto files. */
  readonly protoFolder: string
  /** Absent: routes of the underlay are not the agent's. */
  readonly kernel?: { readonly routes: KernelRoutes; readonly namespace?: string }
  /** ms that missing peers may keep what they announced before from being removed, after the daemon has started; default 30 s. */
  readonly deferral?: number
  /** ms without a route after which a peer that sends no End-of-RIB marker has told all; default 1 s. */
  readonly quiet?: number
  /** ms without an answer after which the BGP daemon counts as gone; default 10 s. */
  readonly silence?: number
  readonly log?: (line: string) => void
}

const DEFERRAL = 30_000
const QUIET = 1_000
const SILENCE = 10_000

export class Agent {
  readonly #options: AgentOptions
  /** What the node is told, less what it does not announce. */
  #control: NodeControl
  readonly #withdrawn = new Set<string>()
  readonly #log: (line: string) => void
  readonly #gobgp: GobgpLink
  readonly #engine: EngineLink
  readonly #engineSink: EngineSink
  readonly #gobgpSink: GobgpSink
  readonly #kernelSink: KernelSink | undefined
  readonly #engineWorker: Worker
  readonly #gobgpWorker: Worker
  readonly #kernelWorker: Worker | undefined
  readonly #peers: PeerSwitch
  readonly #peerWorker: Worker
  /** Next hops of the underlay, by the address of the session's far end. */
  readonly #hops: ReadonlyMap<string, SessionHop>
  /** Prefixes that the node has itself. */
  readonly #own: ReadonlySet<string>
  #links: LinkMonitor | undefined
  /** Of {@link LinkMonitor.follow}, whichever comes first. */
  readonly #following: NodeJS.Timeout[] = []
  #hasRested = false
  #node: ControlNode | undefined
  readonly #evpn = new EvpnWork()
  /** Something has changed since the last pass. */
  #stale = false
  #scheduled: NodeJS.Timeout | undefined
  /** When the next pass may be, ms: working out takes no more than a third of the time, however much arrives. */
  #notBefore = 0
  #passes = 0
  /** ms */
  #worked = 0
  #fault: string | undefined
  #closed = false
  readonly #atRest = new Rest()

  constructor(options: AgentOptions) {
    this.#options = options
    const { node, control, kernel } = options
    this.#control = control
    this.#log = (line) => options.log?.(`${node}: ${line}`)
    const onChange = () => this.#change()
    this.#gobgp = new GobgpLink({
      control,
      socket: options.gobgp,
      protoFolder: options.protoFolder,
      deferral: { limit: options.deferral ?? DEFERRAL, quiet: options.quiet ?? QUIET },
      silence: options.silence ?? SILENCE,
      log: this.#log,
      onChange,
    })
    this.#engine = new EngineLink({ node, socket: options.engine, log: this.#log, onChange })
    this.#engineSink = new EngineSink(this.#engine, control, this.#log)
    this.#gobgpSink = new GobgpSink(this.#gobgp, control, this.#log)
    const onRest = () => this.#rest()
    this.#engineWorker = new Worker(() => this.#engineSink.round(), onRest)
    this.#gobgpWorker = new Worker(() => this.#gobgpSink.round(), onRest)
    this.#peers = new PeerSwitch(control, (device) => this.#hasCarrier(device), this.#log)
    this.#peerWorker = new Worker(() => this.#peers.round(this.#gobgp.attached?.client, this.#isTold), onRest)
    if (kernel !== undefined) {
      const sink = new KernelSink(kernel.routes, this.#log)
      this.#kernelSink = sink
      this.#kernelWorker = new Worker(() => sink.round(), onRest)
    }
    this.#own = new Set(control.originate.map((prefix) => formatPrefix(parsePrefix(prefix))))
    this.#hops = new Map(
      control.sessions.map(({ remote, port, interface: id, weight }) => [
        canonicalAddress(remote),
        { dev: port, interface: id, ...(weight === undefined ? {} : { weight }) },
      ]),
    )
  }

  start(): void {
    const { kernel } = this.#options
    this.#gobgp.start()
    this.#engine.start()
    if (kernel !== undefined) {
      this.#links ??= new LinkMonitor(kernel.namespace, kernel.routes.batch, () => {
        this.#kernelSink?.doubt()
        this.#kernelWorker?.wake()
        this.#change()
      })
      this.#follow(FOLLOW_LATEST)
    }
  }

  #follow(after: number): void {
    this.#following.push(setTimeout(() => this.#links?.follow(), after))
  }

  /** Leaves daemon, engine and kernel as they are: what was forwarded is forwarded. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#scheduled)
    for (const timer of this.#following) clearTimeout(timer)
    await Promise.all([this.#gobgp.close(), this.#engine.close(), this.#links?.close()])
    const workers = [this.#engineWorker, this.#gobgpWorker, this.#peerWorker, this.#kernelWorker]
    await Promise.all(workers.map(async (worker) => worker?.close()))
    this.#options.kernel?.routes.close()
  }

  state(): AgentState {
    const gobgp = this.#gobgp.attached
    const engine = this.#engine.attached
    const tables = this.#idle ? this.#engineSink.digest : undefined
    return {
      node: this.#options.node,
      idle: this.#idle,
      passes: this.#passes,
      worked: this.#worked,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
      gobgp: {
        attached: gobgp !== undefined,
        behind: this.#gobgp.isBehind,
        whole: gobgp?.whole ?? false,
        established: this.#gobgp.established,
        awaited: gobgp?.awaited ?? [],
        keys: gobgp?.table.size ?? 0,
        version: gobgp?.table.version ?? 0,
        events: this.#gobgp.events,
        unreadable: this.#gobgp.unreadable,
        announced: this.#gobgpSink.announced,
        added: this.#gobgpSink.added,
        withdrawn: this.#gobgpSink.withdrawn,
        refused: this.#gobgpSink.refused,
        resent: this.#gobgp.resent,
        ...errorOf(this.#gobgp.error),
      },
      engine: {
        attached: engine !== undefined,
        learned: engine?.learned.version ?? 0,
        applied: this.#engineSink.applied,
        applying: this.#engineSink.applying,
        refused: this.#engineSink.refused,
        ...(tables === undefined ? {} : { tables }),
        ...errorOf(this.#engine.error),
      },
      ...(this.#kernelSink === undefined
        ? {}
        : {
            kernel: {
              routes: this.#kernelSink.routes,
              changed: this.#kernelSink.changed,
              refused: this.#kernelSink.refused,
              ...(this.#kernelSink.error === undefined ? {} : { error: this.#kernelSink.error }),
            },
          }),
    }
  }

  /** Whether a prefix of the node's own is announced (FAULT-6). */
  announces(prefix: string, does: boolean): void {
    const { node, control } = this.#options
    if (does) this.#withdrawn.delete(prefix)
    else this.#withdrawn.add(prefix)
    const withdrawn = [...this.#withdrawn].map((one) => ({ node, prefix: one }))
    this.#control = announcedControl({ name: node, control, interfaces: [] }, { withdrawn })
    this.#gobgpSink.originate(this.#control.originate)
    this.#change()
  }

  /** Reads anew what engine and kernel have, for whoever has changed them behind the agent's back. */
  async resync(): Promise<void> {
    this.#kernelSink?.doubt()
    this.#kernelWorker?.wake()
    await this.#engine.refreshProgram()
  }

  /**
   * Waits until all that the engine has heard and the daemon has learned up to now is where it belongs.
   *
   * @param timeout ms
   * @throws AgentError `ZT_AGENT_DEADLINE` with what is still missing
   */
  async settled(timeout: number): Promise<AgentState> {
    const deadline = Date.now() + timeout
    for (;;) {
      const missing = await this.#missing()
      const state = this.state()
      if (missing === undefined) return state
      if (Date.now() >= deadline) {
        const what = `the agent of ${state.node} did not settle within ${timeout} ms: ${missing}`
        throw new AgentError('ZT_AGENT_DEADLINE', what)
      }
      await new Promise((resolve) => {
        setTimeout(resolve, SETTLE_POLL)
      })
    }
  }

  /**
   * Waits until all peers have told all they have, nothing is left to be done, and the engine has tables of this digest (`digestTables`).
   *
   * @param timeout ms
   * @throws AgentError `ZT_AGENT_DEADLINE` with what is otherwise
   */
  reached(digest: string, timeout: number): Promise<void> {
    const what = `the agent of ${this.#options.node} has come to the tables expected`
    return this.#atRest.until(what, () => this.#lacks(digest), timeout)
  }

  /** What is otherwise than expected, if anything; the dearest question last. */
  #lacks(digest: string): string | undefined {
    const { attached } = this.#gobgp
    if (attached === undefined || this.#engine.attached === undefined) return 'daemon or engine are not there'
    if (!attached.whole) return `peers that have not told all: ${attached.awaited.join(', ')}`
    if (!this.#idle) return 'work that is not done'
    const refused = [...this.#engineSink.refused, ...this.#gobgpSink.refused]
    if (refused.length > 0) return refused.join('; ')
    return this.#engineSink.digest === digest ? undefined : 'other tables'
  }

  /** The daemon's peers as it tells them. @throws AgentError when it cannot be asked */
  async peers(): Promise<readonly ApiPeer[]> {
    const { attached, error } = this.#gobgp
    if (attached !== undefined) return attached.client.peers()
    throw error ?? new AgentError('ZT_AGENT_CONNECTION', 'the BGP daemon has not answered yet')
  }

  /** What is still to be done or to come, if anything. */
  async #missing(): Promise<string | undefined> {
    const { attached } = this.#gobgp
    if (attached === undefined) return `no BGP daemon (${this.#gobgp.error?.message ?? 'not yet'})`
    if (this.#engine.attached === undefined) return `no engine (${this.#engine.error?.message ?? 'not yet'})`
    if (!attached.whole) return `peers that have not told all: ${attached.awaited.join(', ')}`
    await this.#engine.refreshLearned()
    const told = await this.#told(attached)
    if (!this.#idle) return 'work that is not done'
    return told
  }

  /** The daemon's tables and what it has told of them, held against each other by their sizes. */
  async #told({ client, table }: Attached): Promise<string | undefined> {
    for (const name of ['ipv4', 'ipv6', 'evpn'] as const) {
      const there = await client.tableSize(name)
      if (there !== table.sizeOf(name)) return `${name} has ${there} keys, told are ${table.sizeOf(name)}`
    }
    return undefined
  }

  get #idle(): boolean {
    return (
      !this.#stale &&
      !this.#gobgp.isBehind &&
      !this.#gobgp.isOwing &&
      this.#engineWorker.resting &&
      this.#gobgpWorker.resting &&
      this.#peerWorker.resting &&
      this.#kernelWorker?.resting !== false
    )
  }

  #change(): void {
    this.#stale = true
    this.#schedule()
  }

  /** All that arrives while the engine takes what is there, and for twice as long as it took to work that out, is one pass. */
  #schedule(): void {
    if (!this.#stale || this.#closed || this.#scheduled !== undefined || !this.#engineWorker.resting) return
    const start = performance.now()
    this.#scheduled = setTimeout(
      () => {
        this.#scheduled = undefined
        this.#stale = false
        const before = performance.now()
        this.#guarded(() => this.#pass())
        const after = performance.now()
        this.#worked += after - before
        this.#notBefore = after + 2 * (after - before)
        this.#comeToRest()
      },
      Math.max(0, this.#notBefore - start),
    )
  }

  #rest(): void {
    this.#schedule()
    this.#comeToRest()
  }

  #comeToRest(): void {
    if (!this.#idle) return
    if (!this.#hasRested && this.#gobgp.attached?.whole === true) {
      this.#hasRested = true
      this.#follow(FOLLOW)
    }
    this.#atRest.come()
  }

  /** A mistake of the agent's own must not end what runs beside a node: it keeps what it had, and says so. */
  #guarded(work: () => void): void {
    try {
      work()
      this.#fault = undefined
    } catch (error) {
      const message = messageOf(error)
      if (message !== this.#fault) this.#log(`cannot work out what is wanted: ${message}`)
      this.#fault = message
    }
  }

  #pass(): void {
    this.#passes++
    const { node: name } = this.#options
    const control = this.#control
    const { attached } = this.#gobgp
    const engine = this.#engine.attached
    if (engine !== undefined) this.#node = { name, control, interfaces: engine.program.interfaces }
    if (attached !== undefined) {
      const used = this.#used(attached.table)
      this.#kernelSink?.want({ routes: used, whole: attached.whole })
      // A MAC that is being yielded must not look like one that has come back (EVPN-6).
      const yielding = this.#engineSink.forgetting
      if (this.#node !== undefined && !yielding) {
        const { routes, tables } = this.#evpn.wanted(this.#node, attached, used.keys(), engine?.learned)
        this.#gobgpSink.want(routes)
        this.#engineSink.want(tables)
      }
    }
    // Also with nothing new: one of them may be another than the one that has it.
    this.#engineWorker.wake()
    this.#gobgpWorker.wake()
    this.#kernelWorker?.wake()
    this.#switchPeers()
  }

  /** Only when there is something to say: asking a daemon for its peers is dear to it while routes come in. */
  #switchPeers(): void {
    const devices = this.#options.control.sessions
      .map(({ port }) => `${port} ${this.#hasCarrier(port)}`)
      .join()
    const of = this.#gobgp.attached?.client
    if (of === undefined || (of === this.#switched?.of && devices === this.#switched.devices)) return
    this.#switched = { of, devices }
    this.#peerWorker.wake()
  }
  /** As which daemon was last told what of which devices. */
  #switched: { readonly of: unknown; readonly devices: string } | undefined

  get #isTold(): boolean {
    const { attached } = this.#gobgp
    return attached !== undefined && this.#gobgpSink.isTold(attached)
  }

  #hasCarrier(device: string): boolean {
    return this.#links?.hasCarrier(device) ?? true
  }

  /** TABLE-7, for all families. A link without carrier leads nowhere, whatever the daemon still says of its session. */
  #used(table: BestTable): KernelRouteTable {
    const isUsable = ({ nextHop }: RibPath) => {
      const hop = this.#hops.get(nextHop)
      return hop !== undefined && this.#hasCarrier(hop.dev)
    }
    const routes = new Map<string, readonly KernelHop[]>()
    for (const family of ['ipv4', 'ipv6'] as const) {
      for (const [prefix, paths] of table.used(family, isUsable)) {
        // What the node has itself is connected, even while its daemon has not been told so yet, or ceases to say so (FAULT-6).
        if (!this.#own.has(prefix)) routes.set(prefix, membersOf(paths, this.#hops))
      }
    }
    return routes
  }
}

/**
 * ms behind its first rest with a whole table, and behind its start at the latest, after which an agent has devices followed: it looks at
 * them when it starts, and then daemons and engines that start beside it want the processor more.
 */
const [FOLLOW, FOLLOW_LATEST] = [150, 2_000]
/** ms between looks at the sizes of a daemon's tables. */
const SETTLE_POLL = 10

function errorOf(error: AgentError | undefined): { readonly error?: string } {
  return error === undefined ? {} : { error: error.message }
}
