import { describe, expect, it } from 'vitest'
import type { DaemonLook, DaemonObserver, SessionLook } from './observer.js'
import { unrestOf, untilQuiet } from './quiet.js'

const session = (peer: string, fields: Partial<SessionLook> = {}): SessionLook => ({
  peer,
  link: 'leaf1--spine1',
  established: true,
  updatesSent: 3,
  updatesReceived: 5,
  interruptions: 0,
  queued: 0,
  ...fields,
})
const look = (
  leaf: Partial<SessionLook> = {},
  spine: Partial<SessionLook> = {},
  queued: string[] = [],
): DaemonLook[] => [
  { node: 'leaf1', sessions: [session('spine1', leaf)], queued: [] },
  { node: 'spine1', sessions: [session('leaf1', { updatesSent: 5, updatesReceived: 3, ...spine })], queued },
]
const all = () => true

describe('a control plane at rest', () => {
  it('has all sessions up, as many updates received as sent, nothing queued, and nothing new', () => {
    expect(unrestOf(look(), look(), all)).toEqual([])
  })

  it.each<[string, DaemonLook[], string]>([
    [
      'a session that is not up',
      look({ established: false }),
      'leaf1 to spine1 over leaf1--spine1: the session is not up',
    ],
    ['an update on its way', look({ updatesSent: 4 }), '4 updates sent, 3 received'],
    ['an update on its way back', look({ updatesReceived: 4 }), '5 updates sent, 4 received'],
    ['messages queued', look({ queued: 2 }), '2 messages or octets queued'],
    [
      'work left in a daemon',
      look({}, {}, ["3 items in bgpd's process_queue"]),
      "spine1: 3 items in bgpd's process_queue",
    ],
  ])('is not one with %s', (_what, now, why) => {
    expect(unrestOf(now, undefined, all).join('\n')).toContain(why)
  })

  it('is not one as long as something has changed since the last look', () => {
    const before = look({ updatesSent: 2 }, { updatesReceived: 2 })
    expect(unrestOf(look(), before, all)).toEqual([
      'leaf1 to spine1 over leaf1--spine1: it has changed since the last look',
      'spine1 to leaf1 over leaf1--spine1: it has changed since the last look',
    ])
  })

  it('asks counts of an interrupted session to stand still, not to agree', () => {
    const interrupted = look({ interruptions: 1 }, { updatesReceived: 1 })
    expect(unrestOf(interrupted, interrupted, all)).toEqual([])
    expect(unrestOf(interrupted, look({ interruptions: 1 }), all)).toHaveLength(1)
  })

  it('may have sessions that are down because they must be', () => {
    const down = look({ established: false }, { established: false })
    expect(unrestOf(down, down, (_node, link) => link !== 'leaf1--spine1')).toEqual([])
  })
})

describe('waiting for rest', () => {
  /** Shows one look after the other, and stays at the last. */
  function shows(looks: DaemonLook[][]): {
    readonly observers: DaemonObserver[]
    readonly count: () => number
  } {
    let n = 0
    return {
      observers: [
        {
          node: 'all',
          look: () => Promise.resolve(looks[Math.min(n++, looks.length - 1)]![0]!),
          rib: () => Promise.reject(new Error('not asked')),
          close: () => undefined,
        },
      ],
      count: () => n,
    }
  }
  const alone = (fields: Partial<SessionLook>): DaemonLook[] => [
    { node: 'leaf1', sessions: [session('elsewhere', fields)], queued: [] },
  ]

  it('looks twice at what is at rest', async () => {
    const { observers, count } = shows([alone({})])
    await untilQuiet(observers, { pause: 0 })
    expect(count()).toBe(2)
  })

  it('begins again when something has moved', async () => {
    const { observers, count } = shows([alone({}), alone({ updatesSent: 4 }), alone({ updatesSent: 4 })])
    await untilQuiet(observers, { pause: 0 })
    expect(count()).toBe(3)
  })

  it('gives up in time and says what was not at rest', async () => {
    const { observers } = shows([alone({ established: false })])
    await expect(untilQuiet(observers, { pause: 1, timeout: 20 })).rejects.toThrow(
      /^ZT_LAB_UNSETTLED: .*leaf1 to elsewhere over leaf1--spine1: the session is not up/,
    )
  })

  it('can be cancelled', async () => {
    const { observers } = shows([alone({ established: false })])
    const signal = AbortSignal.timeout(10)
    await expect(untilQuiet(observers, { pause: 1000, signal })).rejects.toThrow(/^ZT_LAB_CANCELLED: /)
  })
})
