/**
 * Members of an underlay route (TABLE-7).
 *
 * @module
 */
import type { RibPath } from '../contract/rib.js'
import type { KernelHop } from './kernel-routes.js'

/** The near end of a session. */
export interface SessionHop {
  readonly dev: string
  /** Interface id. */
  readonly interface: number
  readonly weight?: number
}

/**
 * By ascending interface id (BGP-8), each far end once, however many paths it gave (BGP-14). Of several, each has floor(100 × weight / sum), at least 1, which is
 * what zebra makes of them; without weights they are equal.
 */
export function membersOf(
  paths: readonly Pick<RibPath, 'nextHop'>[],
  hops: ReadonlyMap<string, SessionHop>,
): readonly KernelHop[] {
  const members = [...new Set(paths.map(({ nextHop }) => nextHop))]
    .flatMap((via) => {
      const hop = hops.get(via)
      return hop === undefined ? [] : [{ via, hop }]
    })
    .toSorted((a, b) => a.hop.interface - b.hop.interface)
  const weights = members.flatMap(({ hop }) => hop.weight ?? [])
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const shared = members.length > 1 && weights.length === members.length
  return members.map(({ via, hop: { dev, weight } }) => ({
    via,
    dev,
    ...(shared && weight !== undefined ? { weight: Math.max(1, Math.floor((100 * weight) / sum)) } : {}),
  }))
}
