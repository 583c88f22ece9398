/**
 * The agent's link to its BGP daemon: connects, follows the daemon's table, and does so again when either has gone.
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import { sourceOf } from '../twin/control/rows.js'
import { again } from './backoff.js'
import { canonicalAddress, type BestTable } from './best-table.js'
import type { ReadContext, ReadPath } from './convert.js'
import { Deferral, type DeferralOptions } from './deferral.js'
import { agentErrorOf, AgentError, messageOf } from './errors.js'
import { GobgpClient } from './gobgp-client.js'
import { tableOf, withoutZone, type ApiCapability, type ApiPeer, type TableName } from './gobgp-api.js'
import { PathReader } from './path-reader.js'
import { Resend } from './resend.js'
import { TableWatch } from './table-watch.js'

export interface GobgpLinkOptions {
  readonly control: NodeControl
  readonly socket: string
  readonly protoFolder: string
  readonly deferral: DeferralOptions
  /** ms without an answer after which a daemon counts as gone: a stopped one does not close its socket. It is asked twice in that time. */
  readonly silence: number
  readonly log: (line: string) => void
  /** Anything that `GobgpLink` shows is another than before. */
  readonly onChange: () => void
}

/** The daemon's table, from the time on that all that was there has been told. */
export interface Attached {
  readonly client: GobgpClient
  readonly table: BestTable
  /** What the node originated when the agent came, by table and key. */
  readonly found: Readonly<Record<TableName, ReadonlyMap<string, ReadPath>>>
  /** Nothing is missing that peers have to tell: what is not in the table is gone. */
  readonly whole: boolean
  /** Peers that have not told all, by address. */
  readonly awaited: readonly string[]
}

/** ms to connect. */
const CONNECT = 2_000
/**
 * ms for which the table is let be at least when the first session comes up. Others come up with it, and peers tell all they have: to hear some
 * hundred keys path by path costs agent and daemon a multiple of hearing of them at once.
 */
const FIRST_SESSION = 100

export class GobgpLink {
  readonly #options: GobgpLinkOptions
  readonly #context: ReadContext
  readonly #ended = new AbortController()
  readonly #sessions = new Map<string, boolean>()
  #attached: (Attached & { whole: boolean }) | undefined
  #deferral: Deferral | undefined
  #table: TableWatch | undefined
  #resend: Resend | undefined
  #running: Promise<void> | undefined
  #error: AgentError | undefined
  /** Paths that could not be read. */
  unreadable = 0
  /** Paths told, over all connections. */
  events = 0
  /** Times that a peer was sent all anew. */
  resent = 0

  constructor(options: GobgpLinkOptions) {
    this.#options = options
    const { asn, sessions } = options.control
    this.#context = {
      asn,
      peers: new Map(
        sessions.map((session) => [canonicalAddress(session.remote), sourceOf({ sessions }, session)]),
      ),
    }
  }

  start(): void {
    this.#running ??= again(
      this.#ended.signal,
      (worked) => this.#follow(this.#ended.signal, worked),
      (thrown) => this.#fail(thrown),
    )
  }

  /** `undefined` as long as the daemon is not there or has not told what it has. */
  get attached(): Attached | undefined {
    return this.#attached
  }

  /** The daemon tells more at once than is heard one by one; the table is what it was, and is soon what the daemon has. */
  get isBehind(): boolean {
    return this.#table?.isBehind ?? false
  }

  /** A peer is to be sent something that it may not have been sent. */
  get isOwing(): boolean {
    return this.#resend?.isOwing ?? false
  }

  /** The node announces or withdraws something itself. */
  announces(): void {
    this.#resend?.changed('')
  }

  /** Why it is not attached. */
  get error(): AgentError | undefined {
    return this.#error
  }

  /** Names of peers whose sessions are up. */
  get established(): readonly string[] {
    return [...this.#sessions].flatMap(([address, up]) =>
      up ? (this.#context.peers.get(address) ?? []) : [],
    )
  }

  /** Leaves the daemon with all that it was told. */
  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  /** What is wrong is said once, and not with each attempt. */
  #fail(thrown: unknown): void {
    const error = agentErrorOf(thrown)
    if (error.message !== this.#error?.message) this.#options.log(error.message)
    this.#error = error
    this.#options.onChange()
  }

  /** One connection, until it ends. */
  async #follow(signal: AbortSignal, onAttached: () => void): Promise<void> {
    const { socket, protoFolder, silence } = this.#options
    const client = new GobgpClient({ socket, protoFolder, timeout: silence })
    const over = new AbortController()
    const stop = () => over.abort()
    signal.addEventListener('abort', stop)
    try {
      await client.ready(CONNECT)
      const multipath = await this.#identify(client)
      if (signal.aborted) return
      await this.#watch(client, multipath, over.signal, onAttached)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#deferral?.close()
      this.#deferral = undefined
      void this.#resend?.close()
      this.#resend = undefined
      this.#table = undefined
      this.#attached = undefined
      this.#sessions.clear()
      client.close()
    }
  }

  /** @returns whether the daemon tells all equal paths. @throws AgentError */
  async #identify(client: GobgpClient): Promise<boolean> {
    const { control, socket } = this.#options
    const { asn, routerId, useMultiplePaths } = await client.global()
    if (asn === undefined || asn === 0) {
      throw new AgentError('ZT_AGENT_CONNECTION', `the BGP daemon at ${socket} has no configuration yet`)
    }
    if (asn !== control.asn || routerId !== control.routerId) {
      throw new AgentError(
        'ZT_AGENT_IDENTITY',
        `the BGP daemon at ${socket} is AS ${asn}, router id ${routerId ?? 'none'}; the node is AS ${control.asn}, ${control.routerId}`,
        { remedy: 'give the agent and the daemon the configuration of the same node' },
      )
    }
    return useMultiplePaths === true
  }

  #watch(
    client: GobgpClient,
    multipath: boolean,
    signal: AbortSignal,
    onAttached: () => void,
  ): Promise<void> {
    const { control, deferral: deferralOptions, silence, onChange } = this.#options
    const deferral = new Deferral(this.#context.peers.keys(), deferralOptions, () => this.#becomeWhole())
    this.#deferral = deferral
    const resend = new Resend({
      sessions: control.sessions.map(({ remote, remoteAsn }) => ({
        neighbour: canonicalAddress(remote),
        remoteAsn,
      })),
      patience: deferralOptions.quiet,
      send: (address) => this.#sendAnew(client, address),
      onRest: onChange,
    })
    this.#resend = resend
    return new Promise((resolve, reject) => {
      const probe = setInterval(() => {
        client.global().catch((error: Error) => end(error))
      }, silence / 2)
      const watch = new TableWatch({
        client,
        reader: new PathReader(client.pathCaches, this.#context),
        table: { multipath, limit: control.multipath },
        families: new Set(control.sessions.flatMap(({ families }) => families)),
        onPeer: (peer) => this.#peer(peer, deferral, resend),
        onRoute: (neighbour) => {
          this.events++
          resend.changed(neighbour)
          deferral.route(neighbour)
        },
        onEndOfRib: ({ neighbour, table }) => {
          resend.heard(neighbour)
          if (table !== undefined) deferral.endOfRib(neighbour, table)
        },
        onUnreadable: () => {
          this.events++
          this.unreadable++
        },
        onBehind: () => {
          resend.isDeaf = true
        },
        onTold: () => {
          resend.isDeaf = false
          if (this.#attached === undefined) {
            this.#attach(client, watch.table, deferral)
            onAttached()
          } else if (deferral.whole) this.#attached.whole = true
        },
        onChange,
        onEnd: (error) => end(error),
      })
      this.#table = watch
      const end = (error?: Error) => {
        clearInterval(probe)
        watch.close()
        signal.removeEventListener('abort', stop)
        if (error === undefined) resolve()
        else reject(error)
      }
      const stop = () => end()
      signal.addEventListener('abort', stop)
    })
  }

  #attach(client: GobgpClient, table: BestTable, deferral: Deferral): void {
    const found = { ipv4: table.own('ipv4'), ipv6: table.own('ipv6'), evpn: table.own('evpn') }
    this.#error = undefined
    this.#attached = {
      client,
      table,
      found,
      whole: deferral.whole,
      get awaited() {
        return deferral.awaited
      },
    }
    // A daemon that knows nothing of the node's own prefixes has not been told since it started.
    const { originate } = this.#options.control
    const fresh = originate.some((prefix) => !found.ipv4.has(prefix) && !found.ipv6.has(prefix))
    deferral.start(fresh)
    if (fresh && this.established.length > 0) this.#table?.hold(FIRST_SESSION)
  }

  #becomeWhole(): void {
    // What is not in a table that is behind may be in the daemon's.
    if (this.#attached === undefined || this.isBehind) return
    this.#attached.whole = true
    this.#options.onChange()
  }

  async #sendAnew(client: GobgpClient, address: string): Promise<void> {
    try {
      await client.resend(address)
      this.resent++
    } catch (error) {
      // Its daemon is gone, and so is the session; or it refuses, and would again.
      this.#options.log(messageOf(error))
    }
  }

  #peer({ state }: ApiPeer, deferral: Deferral, resend: Resend): void {
    const neighbour = addressOf(state?.neighborAddress)
    const session = this.#options.control.sessions.find(
      ({ remote }) => canonicalAddress(remote) === neighbour,
    )
    if (session === undefined) return
    const established = state?.sessionState === 'SESSION_STATE_ESTABLISHED'
    if (established && this.established.length === 0) this.#table?.hold(FIRST_SESSION)
    this.#sessions.set(neighbour, established)
    resend.session(neighbour, { established, address: state?.neighborAddress ?? neighbour })
    const told = [state?.localCap ?? [], state?.remoteCap ?? []]
    const families = session.families.filter((family) => told.every((caps) => hasFamily(caps, family)))
    // RFC 4724 section 3: the marker is for who has the capability; a peer may send it without having it itself.
    const markers = told.every((caps) => caps.some((one) => one.gracefulRestart !== undefined))
    deferral.session(neighbour, { established, markers: new Set(markers ? families : []) })
  }
}

function hasFamily(capabilities: readonly ApiCapability[], family: TableName): boolean {
  return capabilities.some(({ multiProtocol }) => tableOf(multiProtocol?.family) === family)
}

/** What the daemon writes as an address, in canonical text; empty for what is none. */
function addressOf(text: string | undefined): string {
  try {
    return canonicalAddress(withoutZone(text ?? ''))
  } catch {
    return ''
  }
}
