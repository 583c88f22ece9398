/**
 * When has a lab that comes up converged? When every engine has the tables that the twin expects, and BGP is at rest: sessions up, each end
 * has received what the other has sent, nothing is queued, in two looks. Agents say by themselves when their engines have been given what is
 * expected; only then is anybody looked at.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Plan } from '../../contract/plan.js'
import { Tables } from '../../contract/program.js'
import { compareTables } from '../compare/rib.js'
import type { DaemonDoor } from '../daemons/launch.js'
import { gobgpSessions, observeFrr, type DaemonLook, type DaemonObserver } from '../daemons/observer.js'
import { unrestOf } from '../daemons/quiet.js'
import type { Answer, Request } from '../channel.js'

export interface ConvergeOptions {
  readonly plan: Plan
  /** Digests of what EVPN makes of leaves' tables, by node, as the twin foretells them. */
  readonly expected: ReadonlyMap<string, string>
  readonly doors: readonly DaemonDoor[]
  readonly askAgents: (request: Request, timeout: number) => Promise<Answer>
  readonly askEngine: (node: string, request: Request) => Promise<Answer>
  /** ms */
  readonly within: number
  readonly signal: AbortSignal
}

/** ms between two looks. */
const PAUSE = 5

const EngineTables = z.object({ program: z.object({ tables: Tables }) })
const Peers = z.object({ nodes: z.array(z.object({ node: z.string(), peers: z.array(z.looseObject({})) })) })

/**
 * @returns `undefined` when the lab has come to what is expected, else what is otherwise when time is over
 * @throws LabError when somebody cannot be asked
 */
export async function converge(options: ConvergeOptions): Promise<string | undefined> {
  const { within, expected, askAgents } = options
  const giveUp = performance.now() + within
  const observers: DaemonObserver[] = []
  try {
    for (const door of options.doors)
      if (door.control.daemon === 'frr') observers.push(await observeFrr(door))
    await askAgents(
      { op: 'reached', expected: Object.fromEntries(expected), timeout: within },
      within + 5_000,
    )
    let before: readonly DaemonLook[] | undefined
    let wasQuiet = false
    for (;;) {
      options.signal.throwIfAborted()
      // Engines are asked beside the second look: where that is as the first was, nothing has changed between them.
      const [looks, different = []] = await Promise.all([
        look(options, observers),
        wasQuiet ? differences(options) : undefined,
      ])
      const unrest = unrestOf(looks, before, () => true)
      const otherwise = [...unrest, ...different]
      if (wasQuiet && otherwise.length === 0) return undefined
      if (performance.now() > giveUp) return otherwise.slice(0, 8).join('; ')
      wasQuiet = unrest.length === 0
      before = looks
      await delay(PAUSE, undefined, { signal: options.signal })
    }
  } finally {
    for (const observer of observers) observer.close()
  }
}

/** All daemons at about one moment: FRR's by their own sockets, GoBGP's by the agents that are connected to them. */
async function look(
  { doors, askAgents }: ConvergeOptions,
  observers: readonly DaemonObserver[],
): Promise<readonly DaemonLook[]> {
  const controls = new Map(doors.map(({ node, control }) => [node, control]))
  const [answer, ...routers] = await Promise.all([
    askAgents({ op: 'peers' }, 10_000),
    ...observers.map((observer) => observer.look()),
  ])
  const leaves = Peers.parse(answer).nodes.map(({ node, peers }): DaemonLook => {
    const sessions = gobgpSessions(controls.get(node)?.sessions ?? [], peers, node)
    return { node, sessions, queued: [] }
  })
  return [...routers, ...leaves]
}

/** What engines have that the plan does not say, or the other way round. */
async function differences({ plan, askEngine }: ConvergeOptions): Promise<string[]> {
  const all = plan.nodes.map(async ({ name, control, program }) => {
    if (control === undefined) return []
    const { tables } = EngineTables.parse(await askEngine(name, { op: 'program' })).program
    return compareTables(name, program.tables, tables).map(
      ({ table, key, twin = 'nothing', lab = 'nothing' }) =>
        `${name}: ${table} ${key} is ${lab}, expected is ${twin}`,
    )
  })
  return (await Promise.all(all)).flat()
}
