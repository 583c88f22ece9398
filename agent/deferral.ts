/**
 * When is a daemon's table whole? After a daemon has started, its table fills; who takes what is not yet there for gone tears down what
 * is right. So removals wait until all peers have told all they have, as in RFC 4724 section 4.1 (deferral of route selection): until
 * each session is up and each of its families has had its End-of-RIB marker, or the deferral is over.
 *
 * A peer sends the marker only to who has said that it knows graceful restart. From one that does not, the table counts as whole when
 * nothing has come for a while.
 *
 * @module
 */
import type { TableName } from './gobgp-api.js'

export interface SessionState {
  readonly established: boolean
  /** Families for which a marker comes; empty when none comes. */
  readonly markers: ReadonlySet<TableName>
}

export interface DeferralOptions {
  /** ms from the start, whatever is missing. */
  readonly limit: number
  /** ms without a route from a peer that sends no marker. */
  readonly quiet: number
}

interface Session {
  established: boolean
  /** Families that are still to come. */
  awaited: Set<TableName>
  /** Runs as long as a session without markers is not quiet. */
  settling: NodeJS.Timeout | undefined
  /** Down when the agent came, and not expected. */
  excused: boolean
}

export class Deferral {
  readonly #options: DeferralOptions
  readonly #onWhole: () => void
  readonly #sessions: Map<string, Session>
  readonly #limit: NodeJS.Timeout
  #started = false
  #whole = false

  /** @param neighbours addresses of the peers of all sessions. @param onWhole called once */
  constructor(neighbours: Iterable<string>, options: DeferralOptions, onWhole: () => void) {
    this.#options = options
    this.#onWhole = onWhole
    this.#sessions = new Map(
      [...neighbours].map((neighbour) => [
        neighbour,
        { established: false, awaited: new Set<TableName>(), settling: undefined, excused: false },
      ]),
    )
    this.#limit = setTimeout(() => this.#finish(), options.limit)
  }

  get whole(): boolean {
    return this.#whole
  }

  /** Sessions whose peers have not told all. */
  get awaited(): readonly string[] {
    if (this.#whole) return []
    return [...this.#sessions].flatMap(([neighbour, session]) => (isWhole(session) ? [] : neighbour))
  }

  /**
   * All that was there has been told.
   *
   * @param fresh the daemon has only just started, so a session that is down is one that is to come up
   */
  start(fresh: boolean): void {
    this.#started = true
    if (!fresh) for (const session of this.#sessions.values()) session.excused = !session.established
    this.#check()
  }

  session(neighbour: string, { established, markers }: SessionState): void {
    const session = this.#sessions.get(neighbour)
    if (session === undefined || this.#whole) return
    clearTimeout(session.settling)
    session.settling = undefined
    session.established = established
    session.awaited = new Set(established ? markers : [])
    if (established && markers.size === 0) this.#settle(session)
    this.#check()
  }

  /** A route, of a peer from which no marker comes. */
  route(neighbour: string): void {
    this.#sessions.get(neighbour)?.settling?.refresh()
  }

  endOfRib(neighbour: string, table: TableName): void {
    this.#sessions.get(neighbour)?.awaited.delete(table)
    this.#check()
  }

  close(): void {
    this.#whole = true
    clearTimeout(this.#limit)
    for (const { settling } of this.#sessions.values()) clearTimeout(settling)
  }

  #settle(session: Session): void {
    session.settling = setTimeout(() => {
      session.settling = undefined
      this.#check()
    }, this.#options.quiet)
  }

  #check(): void {
    if (this.#started && this.awaited.length === 0) this.#finish()
  }

  #finish(): void {
    if (this.#whole) return
    this.close()
    this.#onWhole()
  }
}

function isWhole({ established, awaited, settling, excused }: Session): boolean {
  return established ? awaited.size === 0 && settling === undefined : excused
}
