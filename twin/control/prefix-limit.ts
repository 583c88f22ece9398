/**
 * Sessions that end because their peer has given too much (BGP-12).
 *
 * @module
 */
import { heard, received } from './exchange.js'
import type { PeerSession } from './path.js'
import { carries } from './settle.js'
import type { Topology } from './topology.js'
import type { UnicastKey } from './unicast.js'

/**
 * Those in which a peer has given more than the node takes, at rest. What came and went on the way there is not counted.
 *
 * GoBGP counts what it is told, before it looks for loops and asks its policies. FRR counts what it had accepted when one more is told
 * (`bgp_update`): it takes one too many, and ends with whatever the peer says next, which may be never. Both count paths, where there are
 * several of a prefix.
 */
export function sessionsOverLimit({ nodes }: Topology, all: Iterable<UnicastKey>): readonly PeerSession[] {
  const keys = { ipv4: [] as UnicastKey[], ipv6: [] as UnicastKey[] }
  for (const key of all) keys[key.table].push(key)
  return nodes.flatMap(({ sessions }) =>
    sessions.filter((session) => {
      const limit = session.config.maximumPrefixes
      if (limit === undefined || !session.isUp) return false
      return [keys.ipv4, keys.ipv6].some((some) => isOver(session, some, limit))
    }),
  )
}

function isOver(session: PeerSession, keys: readonly UnicastKey[], limit: number): boolean {
  // Nearly always there are not so many in the fabric.
  const isPossible = keys.length > limit || session.reverse.config.addPaths === true
  return (
    isPossible && COUNTS[session.self.daemon].count(session, keys) > limit + COUNTS[session.self.daemon].late
  )
}

const COUNTS = {
  frr: {
    late: 1,
    count: (session: PeerSession, keys: readonly UnicastKey[]) => sumOf(received, session, keys),
  },
  gobgp: {
    late: 0,
    count: (session: PeerSession, keys: readonly UnicastKey[]) => sumOf(heard, session, keys),
  },
} as const

function sumOf(take: typeof heard, session: PeerSession, keys: readonly UnicastKey[]): number {
  return keys.reduce((count, key) => {
    const entry = key.entries[session.remote]
    return entry === undefined || !carries(session, key.problem)
      ? count
      : count + take(session, entry, key).length
  }, 0)
}
