/**
 * Sessions that end because their peer has given too much (BGP-12).
 *
 * @module
 */
import type { Diagnosis } from './diagnosis.js'
import type { Down } from './down.js'
import { heard, received } from './exchange.js'
import type { PeerSession } from './path.js'
import { carries, drawFrom } from './settle.js'
import type { Topology } from './topology.js'
import type { UnicastKey } from './unicast.js'

/** What the ending of sessions needs of a simulation. */
export interface Limited {
  readonly topology: Topology
  readonly keys: () => Iterable<UnicastKey>
  readonly down: Down
  /** Lets unicast come to rest after a change at some nodes. */
  readonly settle: (touched: ReadonlySet<number>) => void
  /** How many orders are tried. */
  readonly orders: number
}

/**
 * Ends sessions until in none too much is given, all at once that are so far. Where several are, one that ends may take away what would have
 * ended another: other orders are tried as well, one session after the other.
 *
 * @returns what depends on their order, if anything; of nodes whose daemon does not run nothing is tried
 */
export function endOverLimit(limited: Limited): Diagnosis | undefined {
  const { topology, down, orders } = limited
  const before = topology.ended
  const isForked = endBy(limited, (over) => over)
  if (!isForked || topology.nodes.some(({ isStopped }) => isStopped)) return undefined
  const ended = topology.ended
  let others: ReadonlySet<string> | undefined
  for (let seed = 1; seed <= orders && others === undefined; seed++) {
    const draw = drawFrom(seed)
    limited.settle(topology.setDown(down, before))
    endBy(limited, (over) => over.slice(Math.floor(draw() * over.length)).slice(0, 1))
    const now = topology.ended
    if (now.size !== ended.size || [...now].some((place) => !ended.has(place))) others = now
  }
  limited.settle(topology.setDown(down, ended))
  return others && { kind: 'limit', ends: [[...ended].toSorted(), [...others].toSorted()] }
}

/** @returns whether there ever was a choice of whom to end first */
function endBy(
  { topology, keys, settle }: Limited,
  choose: (over: readonly PeerSession[]) => readonly PeerSession[],
): boolean {
  for (let isForked = false; ;) {
    const over = sessionsOverLimit(topology, keys())
    if (over.length === 0) return isForked
    isForked ||= over.length > 1
    settle(topology.end(choose(over)))
  }
}

/**
 * Those in which a peer has given more than the node takes, at rest. What came and went on the way there is not counted.
 *
 * GoBGP counts what it is told, before it looks for loops and asks its policies. FRR counts what it had accepted when one more is told
 * (`bgp_update`): it takes one too many, and ends with whatever the peer says next, which may be never. Both count paths, where there are
 * several of a prefix.
 */
function sessionsOverLimit({ nodes }: Topology, all: Iterable<UnicastKey>): readonly PeerSession[] {
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
