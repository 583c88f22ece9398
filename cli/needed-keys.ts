/**
 * What a fabric's lab will ask key sources for.
 *
 * @module
 */
import type { Fabric } from '../twin/model/index.js'
import { compile, keyKinds, LAB_SCHEME, schemeOf, sourcedKeys, type KeyKind } from '../twin/program/index.js'
import { counted } from './table.js'

/** Keys of one scheme and kind. */
export interface NeededKeys extends KeyKind {
  readonly scheme: string
  readonly keys: readonly string[]
}

/** In order of schemes and kinds; none of a fabric whose keys are all of the lab. */
export function neededKeys(fabric: Fabric): readonly NeededKeys[] {
  const isSourced = fabric.links.some(({ seal }) => seal !== undefined && schemeOf(seal.key) !== LAB_SCHEME)
  if (!isSourced) return []
  const plan = compile(fabric)
  const kinds = keyKinds(plan)
  const needed = new Map<string, NeededKeys>()
  for (const reference of sourcedKeys(plan)) {
    const kind = kinds.get(reference)
    if (kind === undefined) continue
    const scheme = schemeOf(reference)
    const place = `${scheme} ${kind.kind} ${kind.octets}`
    needed.set(place, { scheme, ...kind, keys: [...(needed.get(place)?.keys ?? []), reference] })
  }
  return [...needed].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

/** `needs a source of prod: for 12 keys (macsec, 16 octets each), such as prod:core/leaf1--spine1/leaf1/0` */
export function neededText({ scheme, kind, octets, keys }: NeededKeys): string {
  return `needs a source of ${scheme}: for ${counted(keys.length, 'key')} (${kind}, ${octets} octets each), such as ${keys[0] ?? ''}`
}
