/**
 * BGP for one unicast prefix as RFC 4271 tells it: an Adj-RIB-In for each peer, messages that are on their way, each session in its
 * order and the sessions in any. For tests: the simulation has no messages.
 *
 * @module
 */
import { bestOf } from '../decision.js'
import { Entry, received } from '../exchange.js'
import { isSamePath, ownPath, type BgpPath, type PeerSession } from '../path.js'
import type { Topology } from '../topology.js'
import type { UnicastKey } from '../unicast.js'

interface Message {
  /** The receiver's end. */
  readonly session: PeerSession
  readonly path: BgpPath | undefined
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
  const adjRibIn = nodes.map(() => new Map<PeerSession, BgpPath>())
  const entries: (Entry | undefined)[] = nodes.map(() => undefined)
  const queues = new Map<PeerSession, Message[]>()
  const choose = (index: number): void => {
    const own = key.own.has(index) ? [{ path: ownPath(index), peer: undefined }] : []
    const heard = [...(adjRibIn[index] ?? [])].map(([peer, path]) => ({ peer, path }))
    const best = bestOf([...own, ...heard])
    const before = entries[index]?.best
    if (best?.peer === before?.peer && best && before && isSamePath(best.path, before.path)) return
    if (best === undefined && before === undefined) return
    const entry = best && new Entry(best, [])
    entries[index] = entry
    for (const { reverse: session, isUp } of nodes[index]?.sessions ?? []) {
      if (!isUp || !session.families.has(key.table)) continue
      const queue = queues.get(session) ?? []
      queue.push({ session, path: entry && received(session, entry, key) })
      queues.set(session, queue)
    }
  }
  for (const index of key.own.keys()) choose(index)
  while (queues.size > 0) {
    const [session, queue] = [...queues][Math.floor(draw() * queues.size)] ?? []
    if (session === undefined || queue === undefined) break
    const message = queue.shift()
    if (queue.length === 0) queues.delete(session)
    if (message?.path === undefined) adjRibIn[session.node]?.delete(session)
    else adjRibIn[session.node]?.set(session, message.path)
    choose(session.node)
  }
  return entries.map((entry) => entry && (entry.best.peer ?? 'self'))
}
