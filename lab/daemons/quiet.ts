/**
 * When has a control plane come to rest? When nothing is on its way and nothing is left to be done, twice in a row: all sessions are
 * up, each end has received as many updates as the other has sent, no daemon and no socket has anything queued, and no count has
 * changed since the last look. Nobody waits for a fixed time.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../errors.js'
import type { DaemonLook, DaemonObserver, SessionLook } from './observer.js'

export interface QuietOptions {
  /** ms; default 30 s. */
  readonly timeout?: number
  /** ms between two looks; default 10. What is asked costs a daemon well under one. */
  readonly pause?: number
  readonly signal?: AbortSignal
}

/**
 * Returns when the daemons have come to rest. A session that the plan has and that cannot come up, because a link or node is down, must
 * not be among `expected`.
 *
 * @param expected whether a session of that node over that link is to be up
 * @throws LabError `ZT_LAB_UNSETTLED` naming what was not at rest when time was over, `ZT_LAB_CANCELLED`
 */
export async function untilQuiet(
  observers: readonly DaemonObserver[],
  options: QuietOptions = {},
  expected: (node: string, link: string) => boolean = () => true,
): Promise<void> {
  const giveUp = performance.now() + (options.timeout ?? 30_000)
  let before: readonly DaemonLook[] | undefined
  for (;;) {
    const looks = await Promise.all(observers.map((observer) => observer.look()))
    const unrest = unrestOf(looks, before, expected)
    if (unrest.length === 0 && before !== undefined) return
    if (performance.now() >= giveUp) throw unsettled(unrest)
    before = looks
    await pause(options)
  }
}

async function pause({ pause: ms = 10, signal }: QuietOptions): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    throw signal?.reason instanceof LabError
      ? signal.reason
      : new LabError('ZT_LAB_CANCELLED', 'waiting for the control plane was cancelled', { cause: error })
  }
}

/** What is not at rest, one sentence each. */
export function unrestOf(
  looks: readonly DaemonLook[],
  before: readonly DaemonLook[] | undefined,
  expected: (node: string, link: string) => boolean,
): string[] {
  const sessions = new Map(
    looks.flatMap(({ node, sessions }) => sessions.map((one) => [`${node} ${one.link}`, one] as const)),
  )
  const earlier = new Map(
    before?.flatMap(({ node, sessions }) => sessions.map((one) => [`${node} ${one.link}`, one] as const)),
  )
  return looks.flatMap(({ node, queued, sessions: own }) => [
    ...queued.map((what) => `${node}: ${what}`),
    ...own
      .filter(({ link }) => expected(node, link))
      .flatMap((session) => {
        const name = `${node} to ${session.peer} over ${session.link}`
        const far = sessions.get(`${session.peer} ${session.link}`)
        const past = earlier.get(`${node} ${session.link}`)
        return sessionUnrest(session, far, past).map((what) => `${name}: ${what}`)
      }),
  ])
}

function sessionUnrest(
  session: SessionLook,
  far: SessionLook | undefined,
  past: SessionLook | undefined,
): string[] {
  if (!session.established) return ['the session is not up']
  const found: string[] = []
  // After a session went down counts of its ends need not agree: what was on its way was lost. Then they must stand still.
  const whole = far !== undefined && session.interruptions === 0 && far.interruptions === 0
  if (whole && session.updatesSent !== far.updatesReceived)
    found.push(`${session.updatesSent} updates sent, ${far.updatesReceived} received`)
  if (session.queued > 0) found.push(`${session.queued} messages or octets queued`)
  if (past === undefined) return found
  const moved =
    past.updatesSent !== session.updatesSent ||
    past.updatesReceived !== session.updatesReceived ||
    past.interruptions !== session.interruptions
  if (moved || !past.established) found.push('it has changed since the last look')
  return found
}

/** What is said when time is over. */
export function unsettled(unrest: readonly string[]): LabError {
  const shown = unrest.slice(0, 8)
  const more = unrest.length > shown.length ? `; and ${unrest.length - shown.length} more` : ''
  return new LabError(
    'ZT_LAB_UNSETTLED',
    `the control plane did not come to rest: ${shown.join('; ') || 'it has only just'}${more}`,
    { remedy: "look at the daemons' logs in the lab's folder; is a link or a node down?" },
  )
}
