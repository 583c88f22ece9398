/**
 * Which of several paths is the best, and which are used beside it (BGP-7, BGP-8; RFC 4271 section 9.1.2.2).
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import type { Candidate, Peer } from './path.js'

/** Negative when the first is preferred, 0 when the step does not tell them apart. */
type Step = (a: Candidate, b: Candidate) => number

const DEFAULT_LOCAL_PREFERENCE = 100
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
const peerAddress: Step = ({ peer: a }, { peer: b }) => compareIp(a, b)

/** What paths used together agree in. */
const RANKING = [localPreference, ownFirst, asPathLength, origin, med, externalFirst, metric]
/** What is left when they do. */
const TIE_BREAKS = [routerId, peerAddress]
const DECISION = [...RANKING, ...TIE_BREAKS]
/** GoBGP compares MEDs whatever the ASes when it asks what to use together (`Path.Compare`), though not when it ranks. */
const medOfAll: Step = ({ path: a }, { path: b }) => (a.med ?? 0) - (b.med ?? 0)
const EQUAL = { frr: RANKING, gobgp: [...RANKING, medOfAll] } as const

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
export function bestOf<C extends Candidate>(candidates: readonly C[]): C | undefined {
  if (candidates.every(({ path }) => path.med === undefined)) return foremost(candidates)
  const groups = new Map<number | undefined, C[]>()
  for (const candidate of candidates) {
    const neighbour = candidate.path.asPath[0]
    const group = groups.get(neighbour)
    if (group === undefined) groups.set(neighbour, [candidate])
    else group.push(candidate)
  }
  return foremost([...groups.values()].flatMap((group) => foremost(group) ?? []))
}

function foremost<C extends Candidate>(candidates: readonly C[]): C | undefined {
  let best: C | undefined
  for (const candidate of candidates) {
    if (best === undefined || compareBy(DECISION, candidate, best) < 0) best = candidate
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
  return [best, ...equal.toSorted((a, b) => compareBy(TIE_BREAKS, a, b)).slice(0, multipath - 1)]
}

/**
 * True when the best path is preferred to each other one taken alone. Where it is not, MEDs of several neighbouring ASes go round in a
 * circle, and a daemon without deterministic MED ends where the order of arrival leads it.
 */
export function isUndisputed(best: Candidate, candidates: readonly Candidate[]): boolean {
  return candidates.every((one) => one === best || compareBy(DECISION, best, one) < 0)
}
