/**
 * Which of several paths is the best, and which are used beside it (BGP-7, BGP-8; RFC 4271 section 9.1.2.2).
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { isSamePath, type Candidate, type Peer } from './path.js'

/** Negative when the first is preferred, 0 when the step does not tell them apart. */
type Step = (a: Candidate, b: Candidate) => number

/** RFC 4271 leaves it to who chooses; both daemons have this. */
export const DEFAULT_LOCAL_PREFERENCE = 100
const ORIGINS = { igp: 0, egp: 1, incomplete: 2 } as const

const localPreference: Step = ({ path: a }, { path: b }) =>
  (b.localPreference ?? DEFAULT_LOCAL_PREFERENCE) - (a.localPreference ?? DEFAULT_LOCAL_PREFERENCE)
const ownFirst: Step = (a, b) => Number(a.peer !== undefined) - Number(b.peer !== undefined)
const asPathLength: Step = ({ path: a }, { path: b }) => a.asPath.length - b.asPath.length
const origin: Step = ({ path: a }, { path: b }) => ORIGINS[a.origin] - ORIGINS[b.origin]
/** Only between paths that came by the same AS. */
const med: Step = ({ path: a }, { path: b }) =>
  a.asPath[0] === b.asPath[0] ? (a.med ?? 0) - (b.med ?? 0) : 0
const externalFirst: Step = ({ peer: a }, { peer: b }) =>
  Number(a?.external === false) - Number(b?.external === false)
const metric: Step = ({ peer: a }, { peer: b }) => (a?.metric ?? 0) - (b?.metric ?? 0)
const routerId: Step = ({ peer: a }, { peer: b }) => (a?.routerId ?? 0) - (b?.routerId ?? 0)
/** RFC 4456 section 9. */
const originator: Step = (a, b) => originatorOf(a) - originatorOf(b)
const clusterListLength: Step = ({ path: a }, { path: b }) => a.clusters.length - b.clusters.length
const peerAddress: Step = ({ peer: a }, { peer: b }) => compareIp(a, b)
const peerInterface: Step = ({ peer: a }, { peer: b }) => (a?.interface ?? 0) - (b?.interface ?? 0)
/** No daemon knows this one: of paths of one peer that nothing tells apart, each goes by when it arrived. */
const ordinal: Step = (a, b) => a.ordinal - b.ordinal

/** What paths used together agree in. FRR gives own routes a weight that comes before all else (`BGP_ATTR_DEFAULT_WEIGHT`). */
const AMONG_LEARNED = [asPathLength, origin, med, externalFirst, metric]
const RANKING = {
  frr: [ownFirst, localPreference, ...AMONG_LEARNED],
  gobgp: [localPreference, ownFirst, ...AMONG_LEARNED],
} as const
const ADDRESS = [peerAddress, peerInterface]
/** What is left when they do. GoBGP does not look at what reflectors have noted (`compareByRouterID`). */
const TIE_BREAKS = {
  frr: [originator, clusterListLength, ...ADDRESS],
  gobgp: [routerId, ...ADDRESS],
} as const
const TOLD_APART = {
  frr: [...RANKING.frr, ...TIE_BREAKS.frr],
  gobgp: [...RANKING.gobgp, ...TIE_BREAKS.gobgp],
} as const
const DECISION = { frr: [...TOLD_APART.frr, ordinal], gobgp: [...TOLD_APART.gobgp, ordinal] } as const
/** GoBGP compares MEDs whatever the ASes when it asks what to use together (`Path.Compare`), though not when it ranks. */
const medOfAll: Step = ({ path: a }, { path: b }) => (a.med ?? 0) - (b.med ?? 0)
const EQUAL = { frr: RANKING.frr, gobgp: [...RANKING.gobgp, medOfAll] } as const

type Daemon = NodeControl['daemon']

function originatorOf({ path, peer }: Candidate): number {
  return path.originator ?? peer?.routerId ?? 0
}

/** IPv4 before IPv6. */
function compareIp(a: Peer | undefined, b: Peer | undefined): number {
  if (a === undefined || b === undefined || a.address === b.address) return 0
  if (typeof a.address !== typeof b.address) return typeof a.address === 'bigint' ? 1 : -1
  return a.address < b.address ? -1 : 1
}

function compareBy(steps: readonly Step[], a: Candidate, b: Candidate): number {
  for (const step of steps) {
    const order = step(a, b)
    if (order !== 0) return order
  }
  return 0
}

/** The best path, with deterministic MED: the best by each neighbouring AS, then the best of these. */
export function bestOf<C extends Candidate>(candidates: readonly C[], daemon: Daemon): C | undefined {
  if (candidates.every(({ path }) => path.med === undefined)) return foremost(candidates, daemon)
  const groups = new Map<number | undefined, C[]>()
  for (const candidate of candidates) {
    const neighbour = candidate.path.asPath[0]
    const group = groups.get(neighbour)
    if (group === undefined) groups.set(neighbour, [candidate])
    else group.push(candidate)
  }
  return foremost(
    [...groups.values()].flatMap((group) => foremost(group, daemon) ?? []),
    daemon,
  )
}

function foremost<C extends Candidate>(candidates: readonly C[], daemon: Daemon): C | undefined {
  let best: C | undefined
  for (const candidate of candidates) {
    if (best === undefined || compareBy(DECISION[daemon], candidate, best) < 0) best = candidate
  }
  return best
}

/** The paths that are used with the best one, itself included, at most so many (BGP-8). An own path is used alone. */
export function usedWith<C extends Candidate>(
  best: C,
  candidates: readonly C[],
  { multipath, daemon }: Pick<NodeControl, 'multipath' | 'daemon'>,
): readonly C[] {
  if (best.peer === undefined) return [best]
  const equal = candidates.filter((one) => one !== best && compareBy(EQUAL[daemon], one, best) === 0)
  if (daemon === 'frr') return walked(best, equal, multipath)
  const order = [...TIE_BREAKS.gobgp, ordinal]
  return [best, ...equal.toSorted((a, b) => compareBy(order, a, b)).slice(0, multipath - 1)]
}

/**
 * FRR takes them in order of next hops, which are their peers' addresses, and passes over one whose next hop is that of the one taken
 * before it (`bgp_path_info_mpath_update`).
 */
function walked<C extends Candidate>(best: C, equal: readonly C[], multipath: number): readonly C[] {
  const used = [best]
  for (const one of equal.toSorted((a, b) => compareBy([...NEXT_HOP, ordinal], a, b))) {
    const before = used.at(-1)
    if (used.length >= multipath) break
    if (before === undefined || compareBy(NEXT_HOP, before, one) !== 0) used.push(one)
  }
  return used
}

/**
 * IPv6 next hops come alone, or with the link-local one (RFC 2545 section 3), and FRR takes these for two (`bgp_path_info_nexthop_cmp`). It
 * sends both of its own paths, and of all paths to external peers.
 */
const nextHopLength: Step = (a, b) => Number(hasBothNextHops(a)) - Number(hasBothNextHops(b))
const NEXT_HOP = [...ADDRESS, nextHopLength]

function hasBothNextHops({ path, peer }: Candidate): boolean {
  return typeof peer?.address === 'bigint' && (peer.external || path.source === peer.remote)
}

/**
 * True when the best path is preferred to each other one taken alone. Where it is not, MEDs of several neighbouring ASes go round in a
 * circle, and a daemon without deterministic MED ends where the order of arrival leads it.
 */
export function isUndisputed(best: Candidate, candidates: readonly Candidate[], daemon: Daemon): boolean {
  return candidates.every((one) => one === best || compareBy(DECISION[daemon], best, one) < 0)
}

/**
 * True when it is a matter of arrival which path a daemon takes for the best, or FRR for one of those used beside it: nothing tells another
 * from it. Alike ones are no matter.
 */
export function isArbitrary<C extends Candidate>(
  best: C,
  candidates: readonly C[],
  control: Pick<NodeControl, 'multipath' | 'daemon'>,
): boolean {
  const { daemon } = control
  const isTwin = (steps: readonly Step[], one: C, other: C): boolean =>
    one !== other && !isSamePath(one.path, other.path) && compareBy(steps, one, other) === 0
  if (candidates.some((one) => isTwin(TOLD_APART[daemon], best, one))) return true
  if (daemon !== 'frr' || best.peer === undefined) return false
  const equal = candidates.filter((one) => one !== best && compareBy(EQUAL.frr, one, best) === 0)
  const [, ...beside] = usedWith(best, candidates, control)
  return beside.some((used) => equal.some((one) => isTwin(NEXT_HOP, used, one)))
}
