/**
 * Nodes choose, tell their peers and choose again, until nothing changes; or it is shown that this will not end.
 *
 * A node that chooses looks at what each peer has settled on, which is what its Adj-RIB-In holds once all that was sent has
 * arrived. Every order of messages comes to some order of choices.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import { bestOf, usedWith } from './decision.js'
import { bringsAll, Entry, received, receivedBest, type Routed } from './exchange.js'
import {
  isSameCandidate,
  isSameList,
  type BgpNode,
  type BgpPath,
  type Candidate,
  type PeerSession,
} from './path.js'

/** One key, or all keys that fare alike. */
export interface Problem {
  readonly nodes: readonly BgpNode[]
  readonly family: 'ipv4' | 'ipv6' | 'evpn'
  readonly routed: Routed | undefined
  /** Paths that nodes have themselves, by node. */
  readonly own: ReadonlyMap<number, BgpPath>
  /** Of EVPN: whether a node has a route to the VTEP of another, for those that ask (BGP-9). Of unicast keys a next hop is a session's end. */
  readonly hasWay?: (node: number, source: number) => boolean
}

/** By node. */
export type Entries = (Entry | undefined)[]

/** What happened while a key settled. */
export interface Outcome {
  /** Nodes with another entry than before: another path, or others used beside it. */
  readonly changed: ReadonlySet<number>
  /** The nodes that never come to rest, ascending. Their entries are those of one moment. */
  readonly cycle: readonly number[] | undefined
}

/** Rounds without a look at whether they repeat: more than any fabric of this shape needs. */
const CALM_ROUNDS = 64

/** All paths that a node accepts for a key, its own first, then in order of sessions. */
export function candidatesAt(problem: Problem, entries: Entries, index: number): Candidate<PeerSession>[] {
  const own = problem.own.get(index)
  const candidates: Candidate<PeerSession>[] =
    own === undefined ? [] : [{ path: own, peer: undefined, ordinal: 0 }]
  for (const session of problem.nodes[index]?.sessions ?? []) {
    const entry = entries[session.remote]
    if (entry === undefined || !carries(session, problem)) continue
    if (!bringsAll(session, problem.routed)) {
      const path = receivedBest(session, entry, problem.routed)
      if (path !== undefined) candidates.push({ path, peer: session, ordinal: 0 })
      continue
    }
    for (const [ordinal, path] of received(session, entry, problem.routed).entries()) {
      candidates.push({ path, peer: session, ordinal })
    }
  }
  return candidates
}

/** True when a session is up and has a key's family. */
export function carries({ isUp, families }: PeerSession, { family }: Pick<Problem, 'family'>): boolean {
  return isUp && families.has(family)
}

function choose(problem: Problem, entries: Entries, index: number): Entry | undefined {
  const { control, tellsAll = false } = problem.nodes[index] ?? {}
  if (control === undefined) return undefined
  const candidates = candidatesAt(problem, entries, index)
  const best = bestOf(usable(problem, control, index, candidates), control.daemon)
  if (best === undefined) return undefined
  if (problem.routed === undefined) return new Entry(best, [])
  const used = best.peer === undefined ? [] : usedWith(best, candidates, control)
  return new Entry(best, used, tellsAll ? candidates : [])
}

/** BGP-9: FRR follows the next hop of an EVPN route before it prefers it or hands it on; GoBGP does not ask. */
function usable<C extends Candidate>(
  { hasWay }: Problem,
  { daemon }: NodeControl,
  index: number,
  candidates: readonly C[],
): readonly C[] {
  if (hasWay === undefined || daemon !== 'frr') return candidates
  return candidates.filter(({ path, peer }) => peer === undefined || hasWay(index, path.source))
}

/** One node chooses. True when its peers are to be told. A node whose daemon does not run stays with what it had. */
function activate(problem: Problem, entries: Entries, index: number, changed: Set<number>): boolean {
  if (problem.nodes[index]?.isStopped === true) return false
  const [before, after] = [entries[index], choose(problem, entries, index)]
  const isNews = !tellsSame(before, after)
  if (!isNews && isSameUse(before, after)) return false
  entries[index] = after
  changed.add(index)
  return isNews
}

/** True when two entries have the same best path. */
export function isSameBest(a: Entry | undefined, b: Entry | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSameCandidate(a.best, b.best)
}

/** True when peers hear the same of them. */
function tellsSame(a: Entry | undefined, b: Entry | undefined): boolean {
  if (!isSameBest(a, b)) return false
  const [one, other] = [a?.accepted ?? [], b?.accepted ?? []]
  return (
    one.length === other.length &&
    one.every((candidate, i) => {
      const another = other[i]
      return another !== undefined && isSameCandidate(candidate, another)
    })
  )
}

/** True when they send packets the same way. */
export function isSameUse(a: Entry | undefined, b: Entry | undefined): boolean {
  return isSameList(a?.used ?? [], b?.used ?? []) && isSameList(a?.ordinals ?? [], b?.ordinals ?? [])
}

/** Rounds in which all nodes with news choose one after the other. */
export function settle(problem: Problem, entries: Entries, pending: Iterable<number>): Outcome {
  const changed = new Set<number>()
  let round: ReadonlySet<number> = new Set(pending)
  const watch = new RepetitionWatch()
  for (let count = 0; round.size > 0; count++) {
    if (count >= CALM_ROUNDS && watch.repeats(() => stateOf(entries, round))) {
      return { changed, cycle: nodesOfCycle(problem, entries, round, changed) }
    }
    round = playRound(problem, entries, round, changed)
  }
  return { changed, cycle: undefined }
}

function playRound(
  problem: Problem,
  entries: Entries,
  round: ReadonlySet<number>,
  changed: Set<number>,
): ReadonlySet<number> {
  const next = new Set<number>()
  for (const index of round) {
    // What it would be told again, it sees now.
    next.delete(index)
    if (!activate(problem, entries, index, changed)) continue
    for (const { remote, isUp } of problem.nodes[index]?.sessions ?? []) if (isUp) next.add(remote)
  }
  return next
}

/** All that the next rounds depend on, as text. */
function stateOf(entries: Entries, round: ReadonlySet<number>): string {
  const paths = entries.map((entry) => {
    if (entry === undefined) return '-'
    return [entry.best, ...entry.accepted].map(textOf).join(' + ')
  })
  return [[...round].join(), ...paths].join('\n')
}

function textOf({ peer, path, ordinal }: Candidate<PeerSession>): string {
  const { source, asPath, communities, localPreference, med, originator, clusters, bandwidth } = path
  const numbers = [ordinal, source, localPreference, med, originator].join()
  return `${peer?.config.link ?? ''} ${numbers} ${asPath.join()} ${communities.join()} ${clusters.join()} ${bandwidth ?? ''}`
}

/** Brent's algorithm: keeps one state, of a round that is a power of two. */
class RepetitionWatch {
  #kept: string | undefined
  #age = 0
  #power = 1

  repeats(state: () => string): boolean {
    const now = state()
    if (now === this.#kept) return true
    this.#age += 1
    if (this.#age === this.#power) {
      this.#kept = now
      this.#power *= 2
      this.#age = 0
    }
    return false
  }
}

/** From a state that is known to return: who changes till then. */
function nodesOfCycle(
  problem: Problem,
  entries: Entries,
  start: ReadonlySet<number>,
  changed: Set<number>,
): readonly number[] {
  const wanted = stateOf(entries, start)
  const cycle = new Set<number>()
  let round = start
  do {
    round = playRound(problem, entries, round, cycle)
  } while (stateOf(entries, round) !== wanted)
  for (const index of cycle) changed.add(index)
  return [...cycle].toSorted((a, b) => a - b)
}

/** How a key begins from nothing: nodes whose daemon does not run still have what they had, and their peers know. */
export function beginningOf(
  { nodes, own }: Problem,
  before: Entries,
): { readonly entries: Entries; readonly pending: readonly number[] } {
  const entries = before.map((entry, index) => (nodes[index]?.isStopped === true ? entry : undefined))
  const pending = new Set(own.keys())
  for (const [index, entry] of entries.entries()) {
    if (entry === undefined) continue
    for (const { remote } of nodes[index]?.sessions ?? []) pending.add(remote)
  }
  return { entries, pending: [...pending] }
}

/**
 * From a beginning, with one node at a time that is drawn from those with news.
 *
 * @param draw a number from 0 to 1, 1 excluded
 * @returns what the nodes settle on, or `undefined` if they did not in many times the choices that are needed otherwise
 */
export function settleAtRandom(problem: Problem, before: Entries, draw: () => number): Entries | undefined {
  const { entries, pending: first } = beginningOf(problem, before)
  const pending = [...first]
  const isPending = new Set(pending)
  const limit = 1000 + 200 * problem.nodes.length
  for (let count = 0; pending.length > 0; count++) {
    if (count === limit) return undefined
    const place = Math.floor(draw() * pending.length)
    const index = pending[place] ?? 0
    pending[place] = pending[pending.length - 1] ?? 0
    pending.pop()
    isPending.delete(index)
    if (!activate(problem, entries, index, new Set())) continue
    for (const { remote, isUp } of problem.nodes[index]?.sessions ?? []) {
      if (!isUp || isPending.has(remote)) continue
      isPending.add(remote)
      pending.push(remote)
    }
  }
  return entries
}

/** A generator of numbers from 0 to 1 (mulberry32), the same for the same seed. */
export function drawFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}
