/**
 * BGP for one unicast prefix as RFC 4271 tells it: an Adj-RIB-In for each peer, messages that are on their way, each session in its
 * order and the sessions in any. For tests: the simulation has no messages.
 *
 * @module
 */
import { bestOf } from '../decision.js'
import { Entry, received } from '../exchange.js'
import { isSameCandidate, type BgpPath, type Candidate, type PeerSession } from '../path.js'
import { isSameBest } from '../settle.js'
import type { Topology } from '../topology.js'
import type { UnicastKey } from '../unicast.js'

interface Message {
  /** The receiver's end. */
  readonly session: PeerSession
  readonly paths: readonly BgpPath[]
}

/**
 * What every node chooses in the end: the peer's end of the session, `self`, or `undefined`.
 *
 * @param draw a number from 0 to 1, 1 excluded
 */
export function exchangeMessages(
  { nodes }: Topology,
  key: UnicastKey,
  draw: () => number,
): readonly (PeerSession | 'self' | undefined)[] {
  const adjRibIn = nodes.map(() => new Map<PeerSession, readonly BgpPath[]>())
  const entries: (Entry | undefined)[] = nodes.map(() => undefined)
  const queues = new Map<PeerSession, Message[]>()
  const placeOf = (index: number, { peer }: Candidate<PeerSession>): number =>
    peer === undefined ? -1 : (nodes[index]?.sessions.indexOf(peer) ?? -1)
  const choose = (index: number): void => {
    const { control, tellsAll = false } = nodes[index] ?? {}
    if (control === undefined) return
    const origin = key.own.get(index)
    const own = origin === undefined ? [] : [{ path: origin, peer: undefined, ordinal: 0 }]
    const heard = [...(adjRibIn[index] ?? [])].flatMap(([peer, paths]) =>
      paths.map((path, ordinal) => ({ peer, path, ordinal })),
    )
    // Entries of one peer are in its order; those of peers in order of sessions, as the simulation has them.
    const all: Candidate<PeerSession>[] = [...own, ...heard].toSorted(
      (a, b) => placeOf(index, a) - placeOf(index, b),
    )
    const best = bestOf(all, control.daemon)
    const entry = best && new Entry(best, [], tellsAll ? all : [])
    const before = entries[index]
    if (isSameBest(before, entry) && isSameCandidates(before?.accepted ?? [], entry?.accepted ?? [])) return
    entries[index] = entry
    for (const { reverse: session, isUp } of nodes[index]?.sessions ?? []) {
      if (!isUp || !session.families.has(key.table)) continue
      const queue = queues.get(session) ?? []
      queue.push({ session, paths: entry === undefined ? [] : received(session, entry, key) })
      queues.set(session, queue)
    }
  }
  for (const index of key.own.keys()) choose(index)
  while (queues.size > 0) {
    const [session, queue] = [...queues][Math.floor(draw() * queues.size)] ?? []
    if (session === undefined || queue === undefined) break
    const message = queue.shift()
    if (queue.length === 0) queues.delete(session)
    adjRibIn[session.node]?.set(session, message?.paths ?? [])
    choose(session.node)
  }
  return entries.map((entry) => entry && (entry.best.peer ?? 'self'))
}

function isSameCandidates(a: readonly Candidate[], b: readonly Candidate[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i]
      return other !== undefined && isSameCandidate(one, other)
    })
  )
}
