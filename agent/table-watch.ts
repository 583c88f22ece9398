/**
 * Keeps a table what a daemon's is: by the events of a watch, and when they come in a flood by all anew, as soon as it is over.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { BestTable, type BestTableOptions } from './best-table.js'
import { agentErrorOf, type AgentError } from './errors.js'
import { Flood } from './flood.js'
import type { ApiPeer, TableName } from './gobgp-api.js'
import type { GobgpClient, Watch } from './gobgp-client.js'
import type { WatchEvent } from './gobgp-paths.js'
import type { EndOfRib, PathReader } from './path-reader.js'

export interface TableWatchOptions {
  readonly client: GobgpClient
  readonly reader: PathReader
  readonly table: BestTableOptions
  /** Tables that may fill. */
  readonly families: ReadonlySet<TableName>
  /** A peer's state, in the order of what else is told; as markers, also while the table is behind, and again when all is told anew. */
  readonly onPeer: (peer: ApiPeer) => void
  /** A route of a peer, empty for the node itself. */
  readonly onRoute: (neighbour: string) => void
  readonly onEndOfRib: (marker: EndOfRib) => void
  readonly onUnreadable: () => void
  /** From now on the table is behind. */
  readonly onBehind: () => void
  /** The table is the daemon's, for the first time or again. */
  readonly onTold: () => void
  /** Something of what has been told may be another than before; not called before the first `onTold`. */
  readonly onChange: () => void
  /** Called once, with why; not after `close`. */
  readonly onEnd: (error: AgentError) => void
}

/** Paths in an event, so that a large table does not come in one. */
const BATCH = 1024
/** ms between looks at how large the daemon's tables are. */
const LOOK = 40
/** A flood is over when no more keys and paths come or go for a while: */
const FEW = 64
/**
 * for a third of the time that it takes to be told all, at so many keys and paths a ms, and not for longer than so many ms. Peers tell in bursts,
 * and to be told all while they do takes the daemon's time from them.
 */
const [SIZE_PER_MS, CALM] = [200, 150]
/** ms for which a flood is let run at most before all is asked for; and so many times as long as it took to be told all, if that is longer. */
const [PATIENCE, SHARE] = [2000, 3]

export class TableWatch {
  readonly #options: TableWatchOptions
  readonly #connection: Watch
  readonly #flood = new Flood()
  #events: Watch | undefined
  #isWaiting = false
  /** ms that it took to be told all. */
  #cost = 0
  #over = false
  /** What the daemon has, as far as told. */
  readonly table: BestTable
  #hasTold = false

  constructor(options: TableWatchOptions) {
    this.#options = options
    this.table = new BestTable(options.table)
    // Whatever is asked of a daemon that took this one's place is another daemon's answer: the table is of one connection.
    this.#connection = options.client.watchConnection(
      (event) => {
        if (this.#isWaiting) this.#aside(event)
      },
      (error) => this.#end(error),
    )
    this.#open()
  }

  /** The table is behind: a flood is let pass, or all is being told anew. */
  get isBehind(): boolean {
    return this.#isWaiting
  }

  close(): void {
    this.#over = true
    this.#connection.close()
    this.#events?.close()
  }

  /** What is heard also while the table is behind. */
  #aside({ peer, paths = [] }: WatchEvent): void {
    if (peer?.peer !== undefined) this.#options.onPeer(peer.peer)
    for (const octets of paths) {
      const told = this.#options.reader.read(octets)
      if (told.kind === 'end-of-rib') this.#options.onEndOfRib(told.marker)
    }
  }

  #end(error: AgentError): void {
    if (this.#over) return
    this.close()
    this.#options.onEnd(error)
  }

  #open(): void {
    const began = performance.now()
    const filling = new BestTable(this.#options.table)
    let peersTold = false
    let isFilling = true
    const onEvent = ({ peer, paths = [] }: WatchEvent) => {
      if (peer !== undefined) {
        if (peer.type === 'TYPE_END_OF_INIT') peersTold = true
        else this.#options.onPeer(peer.peer ?? {})
        this.#change()
        return
      }
      const matters = this.#read(isFilling ? filling : this.table, paths)
      if (!isFilling) {
        if (matters) this.#change()
        if (this.#flood.event(performance.now(), this.table.size)) void this.#letPass(() => this.#calm())
      } else if (peersTold && paths.length <= BATCH) {
        isFilling = false
        this.#cost = performance.now() - began
        this.#told(filling)
      }
    }
    this.#flood.reset()
    this.#events = this.#options.client.watch(BATCH, onEvent, (error) => this.#end(error))
  }

  #told(filled: BestTable): void {
    this.table.become(filled)
    this.#isWaiting = false
    this.#hasTold = true
    this.#options.onTold()
    this.#change()
  }

  #change(): void {
    if (this.#hasTold) this.#options.onChange()
  }

  /** @returns whether anything can come of them */
  #read(table: BestTable, paths: readonly Buffer[]): boolean {
    const { reader, onRoute, onEndOfRib, onUnreadable } = this.#options
    let matters = false
    for (const octets of paths) {
      const told = reader.read(octets)
      if (told.kind === 'path') {
        if (table.update(told.path)) matters = true
        onRoute(told.path.neighbour)
      } else if (told.kind === 'end-of-rib') onEndOfRib(told.marker)
      else onUnreadable()
    }
    return matters
  }

  /**
   * Hears no events for a while, nor as long as the daemon's tables grow, and then asks for all: much is about to be told. Nothing happens
   * before all has been told once, nor while the table is behind: it is asked for soon.
   *
   * @param time ms
   */
  hold(time: number): void {
    if (this.#hasTold && !this.#isWaiting) void this.#letPass(() => delay(time).then(() => this.#calm()))
  }

  /** Hears no more events until it is time, and asks for all then. Does not throw. */
  async #letPass(isTime: () => Promise<unknown>): Promise<void> {
    this.#events?.close()
    this.#isWaiting = true
    this.#options.onBehind()
    try {
      await isTime()
      if (!this.#over) this.#open()
    } catch (error) {
      this.#end(agentErrorOf(error))
    }
  }

  /** Returns when the daemon's tables grow no more, or have for long. */
  async #calm(): Promise<void> {
    const until = performance.now() + Math.max(PATIENCE, SHARE * this.#cost)
    let size = await this.#size()
    let since = performance.now()
    while (!this.#over && performance.now() < until) {
      await new Promise((resolve) => {
        setTimeout(resolve, LOOK)
      })
      if (this.#over) return
      const present = await this.#size()
      const now = performance.now()
      if (Math.abs(present - size) > FEW) {
        size = present
        since = now
      } else if (now - since >= Math.min(CALM, present / SIZE_PER_MS)) return
    }
  }

  async #size(): Promise<number> {
    const { client, families } = this.#options
    const sizes = await Promise.all([...families].map((family) => client.tableSizes(family)))
    return sizes.reduce((sum, { keys, paths }) => sum + keys + paths, 0)
  }
}
