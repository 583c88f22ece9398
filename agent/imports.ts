/**
 * Routes of others as the functions of `twin/control` take them: each is read once, however often all is worked out.
 *
 * @module
 */
import type { RibPath } from '../contract/rib.js'
import { byTarget, type ImportedRoute, type Imports } from '../twin/control/evpn-choice.js'
import {
  readExtended,
  tryParseEvpnKey,
  type EvpnAttributes,
  type EvpnKey,
} from '../twin/control/evpn-route.js'
import { OctetCache } from './octet-cache.js'

/** By path, which is made anew with each event that tells another; `null` for keys that nothing is made of. */
const routes = new WeakMap<RibPath, ImportedRoute | null>()
/** By text: peers tell the same keys. */
const keys = new OctetCache<{ readonly key: EvpnKey | undefined }>(16_384)
/** By list: paths that were told alike share it (`path-reader.ts`). */
const attributes = new WeakMap<RibPath['extended'], EvpnAttributes>()

/** @param best the best path of each key. @param isReachable of a next hop (BGP-9) */
export function importsOf(
  vtep: string,
  best: ReadonlyMap<string, RibPath>,
  isReachable: (nextHop: string) => boolean,
): Imports {
  return byTarget(vtep, usable(best, isReachable))
}

function* usable(
  best: ReadonlyMap<string, RibPath>,
  isReachable: (nextHop: string) => boolean,
): Generator<ImportedRoute> {
  for (const [text, path] of best) {
    if (!isReachable(path.nextHop)) continue
    const route = routeOf(text, path)
    if (route !== null) yield route
  }
}

function routeOf(text: string, path: RibPath): ImportedRoute | null {
  const known = routes.get(path)
  if (known !== undefined) return known
  const { key } = keys.get(text, () => ({ key: tryParseEvpnKey(text) }))
  const route =
    key === undefined ? null : { key, vtep: path.nextHop, attributes: attributesOf(path.extended) }
  routes.set(path, route)
  return route
}

function attributesOf(extended: RibPath['extended']): EvpnAttributes {
  const known = attributes.get(extended)
  if (known !== undefined) return known
  const read = readExtended(extended)
  attributes.set(extended, read)
  return read
}
