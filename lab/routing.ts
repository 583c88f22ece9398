/**
 * The control plane of a running lab, watched: when it has come to rest, and what its daemons' tables hold.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { RibRow } from '../contract/rib.js'
import { Channel } from './channel.js'
import type { DaemonDoor } from './daemons/launch.js'
import { observe, type DaemonLook, type DaemonObserver } from './daemons/observer.js'
import { unrestOf, unsettled } from './daemons/quiet.js'
import { LabError } from './errors.js'

export interface RoutingPlaces {
  readonly doors: readonly DaemonDoor[]
  /** The agents' socket. */
  readonly agents: string
  /** A process in a node's network namespace, by the node's name. */
  readonly pids: ReadonlyMap<string, number>
  /** Something has been broken in this lab: daemons have begun anew, or lost what was on its way, and no longer count what others count. */
  readonly wasBroken?: boolean
}

/** ms that daemons and agents have to come to rest. */
const DEADLINE = 30_000

/** ms between two looks. */
const PAUSE = 5
/** ms for which nothing may be done where counts do not tell what is on its way. */
const STILL = 100

/** ms for what is expected to come: BGP takes some tens. */
const EXPECTED_WITHIN = 3_000
/** ms */
const POLL = 2

/** All of them, at about one moment. */
interface Look {
  readonly daemons: readonly DaemonLook[]
  /** Equal texts: agents have done nothing between. */
  readonly agents: string
  /** Agents that have work. */
  readonly busy: readonly string[]
}

export interface RestOptions {
  /** Whether a session of that node over that link is to be up; default all. */
  readonly sessions?: (node: string, link: string) => boolean
  /** Whether a node's agent runs and has its daemon; default all. */
  readonly follows?: (node: string) => boolean
  /** ms; default 30 s. */
  readonly within?: number
  readonly signal?: AbortSignal
}

/** What moves while an agent has work: equal texts, nothing was done. */
const AgentStates = z.object({
  agents: z.array(
    z.looseObject({
      node: z.string(),
      idle: z.boolean(),
      passes: z.int(),
      gobgp: z.looseObject({ version: z.int(), added: z.int(), withdrawn: z.int() }),
      engine: z.looseObject({
        learned: z.int(),
        applied: z.int(),
        refused: z.array(z.string()),
        tables: z.string().optional(),
      }),
    }),
  ),
})

export class RoutingWatch {
  private constructor(
    private readonly observers: readonly DaemonObserver[],
    private readonly agents: Channel,
    private readonly wasBroken: boolean,
  ) {}

  /** @throws LabError, AgentError when one of them cannot be asked; then no connection is left */
  static async open({ doors, agents, pids, wasBroken = false }: RoutingPlaces): Promise<RoutingWatch> {
    const opened = await Promise.allSettled(doors.map((door) => observe(door, pids.get(door.node))))
    const observers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    try {
      const failed = opened.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return new RoutingWatch(observers, await Channel.open(agents, 'the agents'), wasBroken)
    } catch (error) {
      for (const observer of observers) observer.close()
      throw error
    }
  }

  /**
   * Returns when what engines have heard is announced everywhere and stands in every table: agents have nothing to do and daemons nothing to
   * say, in two looks between which nothing was done; sessions that are not to be up are down.
   *
   * @throws LabError `ZT_LAB_UNSETTLED` with what is not at rest
   */
  async settle(options: RestOptions = {}): Promise<void> {
    const { sessions = () => true, follows = () => true, within = DEADLINE, signal } = options
    const still = this.wasBroken ? STILL : PAUSE
    const giveUp = performance.now() + within
    for (let before: Look | undefined; ;) {
      const look = await this.look(Math.max(1, Math.ceil(giveUp - performance.now())), follows)
      const unrest = [
        ...unrestOf(look.daemons, before?.daemons, sessions),
        ...leftover(look.daemons, sessions),
        ...look.busy,
      ]
      if (unrest.length === 0 && look.agents === before?.agents) return
      if (performance.now() >= giveUp) throw unsettled(unrest)
      before = look
      await delay(unrest.length === 0 ? still : PAUSE, undefined, signal === undefined ? {} : { signal })
    }
  }

  /**
   * Waits until the engines of leaves have been given what is expected. It costs a hundredth of {@link settle}, which is for when that does not
   * come, or nobody knows what to expect.
   *
   * @param expected digests of tables, by node
   * @param follows whether a node's agent runs and has its daemon
   * @returns whether it has come
   */
  async reach(
    expected: ReadonlyMap<string, string>,
    follows: (node: string) => boolean = () => true,
  ): Promise<boolean> {
    const giveUp = performance.now() + EXPECTED_WITHIN
    for (;;) {
      const { agents } = AgentStates.parse(await this.agents.request({ op: 'state' }))
      const has = ({ node, idle, engine }: (typeof agents)[number]) =>
        !follows(node) || (idle && engine.refused.length === 0 && engine.tables === expected.get(node))
      if (agents.every(has)) return true
      if (performance.now() >= giveUp) return false
      await delay(POLL)
    }
  }

  private async look(timeout: number, follows: (node: string) => boolean): Promise<Look> {
    const { agents: known } = AgentStates.parse(await this.agents.request({ op: 'state' }))
    // One without its daemon never has everything, and would keep the others' answer.
    const whole = known.every(({ node }) => follows(node))
    const asked = whole
      ? this.agents.request({ op: 'settled', timeout }, { timeout: timeout + 5_000 })
      : this.agents.request({ op: 'state' })
    const [answer, ...daemons] = await Promise.all([
      asked,
      ...this.observers.map((observer) => observer.look()),
    ])
    const { agents } = AgentStates.parse(answer)
    const busy = agents
      .filter(({ node, idle }) => follows(node) && !idle)
      .map(({ node }) => `the agent of ${node} has work`)
    return {
      daemons: this.wasBroken ? daemons.map(interrupted) : daemons,
      agents: markOf({ agents }),
      busy,
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

/** Sessions whose ends are not held against each other by what they count (`unrestOf`): a daemon that begins anew counts from 0. */
function interrupted(look: DaemonLook): DaemonLook {
  const sessions = look.sessions.map((one) => ({ ...one, interruptions: one.interruptions + 1 }))
  return { ...look, sessions }
}

/** Sessions that are not to be up and are (FAULT-2, FAULT-4: until a timer says so). */
function leftover(looks: readonly DaemonLook[], wanted: (node: string, link: string) => boolean): string[] {
  return looks.flatMap(({ node, sessions }) =>
    sessions
      .filter(({ link, established }) => established && !wanted(node, link))
      .map(({ peer, link }) => `${node} to ${peer} over ${link}: the session is still up`),
  )
}

function markOf({ agents }: z.infer<typeof AgentStates>): string {
  return agents
    .map(({ node, passes, gobgp: { version, added, withdrawn }, engine: { learned, applied } }) =>
      [node, passes, version, added, withdrawn, learned, applied].join(' '),
    )
    .join('; ')
}
