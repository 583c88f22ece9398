/**
 * The control plane of a running lab, watched: when it has come to rest, and what its daemons' tables hold.
 *
 * @module
 */
import { z } from 'zod'
import type { RibRow } from '../contract/rib.js'
import { Channel } from './channel.js'
import type { DaemonDoor } from './daemons/launch.js'
import { observe, type DaemonObserver } from './daemons/observer.js'
import { untilQuiet } from './daemons/quiet.js'
import { LabError } from './errors.js'

export interface RoutingPlaces {
  readonly doors: readonly DaemonDoor[]
  /** The agents' socket. */
  readonly agents: string
  /** A process in a node's network namespace, by the node's name. */
  readonly pids: ReadonlyMap<string, number>
}

/** ms that daemons and agents have to come to rest. */
const DEADLINE = 30_000

/** What moves while an agent has work: equal texts, nothing was done. */
const AgentStates = z.object({
  agents: z.array(
    z.looseObject({
      node: z.string(),
      passes: z.int(),
      gobgp: z.looseObject({ version: z.int(), added: z.int(), withdrawn: z.int() }),
      engine: z.looseObject({ learned: z.int(), applied: z.int() }),
    }),
  ),
})

export class RoutingWatch {
  private constructor(
    private readonly observers: readonly DaemonObserver[],
    private readonly agents: Channel,
  ) {}

  /** @throws LabError, AgentError when one of them cannot be asked; then no connection is left */
  static async open({ doors, agents, pids }: RoutingPlaces): Promise<RoutingWatch> {
    const opened = await Promise.allSettled(doors.map((door) => observe(door, pids.get(door.node))))
    const observers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    try {
      const failed = opened.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return new RoutingWatch(observers, await Channel.open(agents, 'the agents'))
    } catch (error) {
      for (const observer of observers) observer.close()
      throw error
    }
  }

  /**
   * Returns when what engines have heard is announced everywhere and stands in every table: agents have nothing to do and daemons nothing to
   * say, in two rounds between which nothing was done.
   *
   * @param expected whether a session of that node over that link is to be up
   * @throws LabError `ZT_LAB_UNSETTLED` with what is not at rest
   */
  async settle(
    expected: (node: string, link: string) => boolean = () => true,
    signal?: AbortSignal,
  ): Promise<void> {
    const giveUp = performance.now() + DEADLINE
    for (let before: string | undefined; ;) {
      const timeout = Math.max(1, Math.ceil(giveUp - performance.now()))
      await untilQuiet(this.observers, { timeout, ...(signal === undefined ? {} : { signal }) }, expected)
      const mark = markOf(
        AgentStates.parse(
          await this.agents.request({ op: 'settled', timeout }, { timeout: timeout + 5_000 }),
        ),
      )
      if (mark === before) return
      if (performance.now() >= giveUp) {
        throw new LabError('ZT_LAB_UNSETTLED', `agents were still at work after ${DEADLINE} ms`, {
          remedy: 'a MAC that is heard in two places keeps moving; the journals show which',
        })
      }
      before = mark
    }
  }

  /** All tables of all daemons. */
  async ribs(): Promise<readonly RibRow[]> {
    const readings = await Promise.all(this.observers.map((observer) => observer.rib()))
    const unread = readings.flatMap((reading) => reading.unread)
    if (unread.length > 0) {
      throw new LabError(
        'ZT_LAB_FORMAT',
        `daemons hold routes of kinds this fabric has none of: ${unread.join('; ')}`,
      )
    }
    return readings.flatMap(({ rows }) => rows)
  }

  close(): void {
    for (const observer of this.observers) observer.close()
    this.agents.close()
  }
}

function markOf({ agents }: z.infer<typeof AgentStates>): string {
  return agents
    .map(({ node, passes, gobgp: { version, added, withdrawn }, engine: { learned, applied } }) =>
      [node, passes, version, added, withdrawn, learned, applied].join(' '),
    )
    .join('; ')
}
