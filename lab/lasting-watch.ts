/**
 * The control plane of a lab, watched for as long as the lab is there: a daemon or the agents that end and are started again (labd does
 * that) close their connections, and are asked over new ones.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { AgentError } from '../agent/errors.js'
import { LabError } from './errors.js'
import type { RestOptions, RoutingWatch } from './routing.js'

/** ms that one which ended has to be there again: labd waits before it starts one, longer each time that it ends. */
const BACK_WITHIN = 20_000
/** ms between two attempts. */
const PAUSE = 100

/** What there is to ask of a watch. */
export type Watch = Pick<RoutingWatch, 'settle' | 'reach' | 'close'>

export interface WatchedLab {
  /**
   * Opens connections to all that run.
   *
   * @param again some have ended: daemons have begun anew, and no longer count what others count
   */
  readonly open: (again: boolean) => Promise<Watch | undefined>
  /** A text of who runs: another one when somebody has ended or begun. What has lost its other end does not always say so. */
  readonly running: () => Promise<string>
}

export class LastingWatch {
  private constructor(
    private readonly lab: WatchedLab,
    private watch: Watch,
    private known: string,
    private readonly within: number,
  ) {}

  /** Somebody has ended, and the others have not come to rest with him since. */
  private lost = false

  /**
   * @param within ms for who has ended to be back
   * @returns `undefined` where there is no control plane
   */
  static async open(lab: WatchedLab, within = BACK_WITHIN): Promise<LastingWatch | undefined> {
    const known = await lab.running()
    const watch = await lab.open(false)
    return watch === undefined ? undefined : new LastingWatch(lab, watch, known, within)
  }

  /** As `RoutingWatch`. @throws what was lost, when it is not back in time */
  settle(options: RestOptions = {}): Promise<void> {
    return this.lasting((watch) => watch.settle(options), options)
  }

  /**
   * As `RoutingWatch`, when nobody has ended.
   *
   * @param options for coming to rest, when somebody has
   * @throws what was lost, when it is not back in time
   */
  reach(expected: ReadonlyMap<string, string>, options: RestOptions = {}): Promise<boolean> {
    return this.lasting((watch) => watch.reach(expected, options.follows), options)
  }

  close(): void {
    this.watch.close()
  }

  private async lasting<T>(ask: (watch: Watch) => Promise<T>, options: RestOptions): Promise<T> {
    for (let giveUp: number | undefined; ;) {
      try {
        await this.renew(options)
        return await ask(this.watch)
      } catch (error) {
        if (!isLost(error)) throw error
        this.lost = true
        // From the first loss on, and not anew with each: one that ends again and again is not there.
        giveUp ??= performance.now() + this.within
        if (performance.now() >= giveUp) throw error
        await delay(PAUSE)
      }
    }
  }

  private async renew(options: RestOptions): Promise<void> {
    const running = await this.lab.running()
    if (running !== this.known) this.lost = true
    if (!this.lost) return
    this.watch.close()
    this.watch = (await this.lab.open(true)) ?? this.watch
    this.known = running
    // Tables of leaves may be right before all sessions are back.
    await this.watch.settle(options)
    this.lost = false
  }
}

/** The other end went away, or is not there yet. */
function isLost(error: unknown): boolean {
  return (
    (error instanceof LabError && error.code === 'ZT_LAB_CONNECTION') ||
    (error instanceof AgentError && error.code === 'ZT_AGENT_CONNECTION')
  )
}
