/**
 * What GoBGP may owe a peer whose session has just begun. GoBGP 4.8 reads its tables for the new peer before it counts the session as up: a best
 * path that changes between the two is neither in what was read nor sent as a change, and the peer goes without it until it changes again.
 * Nothing in GoBGP's answers shows it. So a peer is sent all anew when something changed that could have been lost so.
 *
 * The time in question lies between the last that is told of the session before it is up and the first that is heard from the peer, for which the
 * End-of-RIB marker stands: GoBGP reads nothing from a peer before it counts its session as up. Events come in the order in which they happened.
 *
 * A path of a peer is nothing to peers of the same AS: they would find their own AS number in it (BGP-4), or it is internal (BGP-11). So where
 * all spines are of one AS, only what the node itself announces can be owed.
 *
 * @module
 */

import { Worker } from './worker.js'

export interface ResendOptions {
  readonly sessions: readonly ResendSession[]
  /** ms after which a session that has begun is up for GoBGP too, if its peer sends no marker. */
  readonly patience: number
  /** Sends a peer all anew. @param address as the daemon writes it. Does not throw. */
  readonly send: (address: string) => Promise<void>
  /** All that was owed has been sent. */
  readonly onRest: () => void
}

export interface ResendSession {
  /** Canonical. */
  readonly neighbour: string
  readonly remoteAsn: number
}

interface Session extends ResendSession {
  /** As the daemon writes it. */
  address: string
  /** `unknown` before anything is told: a session that was up when the agent came is none that begins. */
  state: 'unknown' | 'down' | 'beginning' | 'up'
  /** Something that concerns it has changed since it was last told to be down. It tells nothing of one that is up. */
  isOwed: boolean
  /** Runs while it begins. */
  timer: NodeJS.Timeout | undefined
}

export class Resend {
  readonly #options: ResendOptions
  readonly #sessions: ReadonlyMap<string, Session>
  readonly #worker: Worker
  readonly #due = new Set<Session>()
  #isDeaf = false

  constructor(options: ResendOptions) {
    this.#options = options
    this.#sessions = new Map(
      options.sessions.map((session) => [
        session.neighbour,
        { ...session, address: session.neighbour, state: 'unknown', isOwed: false, timer: undefined },
      ]),
    )
    this.#worker = new Worker(async () => {
      for (const session of this.#due) {
        this.#due.delete(session)
        await options.send(session.address)
      }
      return 'done'
    }, options.onRest)
  }

  /** Somebody is owed something, or is as soon as its session is known to be up. */
  get isOwing(): boolean {
    if (!this.#worker.resting) return true
    return [...this.#sessions.values()].some(({ state, isOwed }) => state === 'beginning' && isOwed)
  }

  /** Changes are not heard one by one: other peers' may be about anything, the node's own are told all the same. */
  set isDeaf(isDeaf: boolean) {
    this.#isDeaf = isDeaf
    for (const session of this.#sessions.values()) session.isOwed ||= this.#mayMiss(session)
  }

  #mayMiss({ remoteAsn }: Session): boolean {
    return this.#isDeaf && [...this.#sessions.values()].some((other) => other.remoteAsn !== remoteAsn)
  }

  session(neighbour: string, { established, address }: { established: boolean; address: string }): void {
    const session = this.#sessions.get(neighbour)
    if (session === undefined) return
    session.address = address
    if (!established) {
      clearTimeout(session.timer)
      this.#due.delete(session)
      session.state = 'down'
      session.isOwed = this.#mayMiss(session)
    } else if (session.state === 'unknown') {
      session.state = 'up'
      session.isOwed = false
    } else if (session.state === 'down') {
      session.state = 'beginning'
      session.timer = setTimeout(() => this.heard(neighbour), this.#options.patience)
    }
  }

  /** A best path has changed. @param neighbour whose it is, empty for the node's own */
  changed(neighbour: string): void {
    const asn = this.#sessions.get(neighbour)?.remoteAsn
    for (const session of this.#sessions.values()) session.isOwed ||= session.remoteAsn !== asn
  }

  /** Something of a peer has been read. */
  heard(neighbour: string): void {
    const session = this.#sessions.get(neighbour)
    if (session?.state !== 'beginning') return
    clearTimeout(session.timer)
    session.state = 'up'
    if (!session.isOwed) return
    session.isOwed = false
    this.#due.add(session)
    this.#worker.wake()
  }

  async close(): Promise<void> {
    for (const { timer } of this.#sessions.values()) clearTimeout(timer)
    await this.#worker.close()
  }
}
