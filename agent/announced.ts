/**
 * What a node that starts anew takes over from its daemon: the numbers of MACs that it has announced before (EVPN-6).
 *
 * @module
 */
import type { NodeControl } from '../contract/control-plane.js'
import { readExtended, tryParseEvpnKey } from '../twin/control/evpn-route.js'
import type { Announced } from '../twin/control/node.js'
import type { RibPath } from '../contract/rib.js'

/** @param own routes of the node's own, by key */
export function announcedBefore(
  control: NodeControl,
  own: Iterable<readonly [string, Pick<RibPath, 'extended'>]>,
): Announced {
  const networks = new Map((control.evpn?.networks ?? []).map((network) => [network.rd, network]))
  const macs = new Map<string, number>()
  const addresses = new Set<string>()
  for (const [text, { extended }] of own) {
    const key = tryParseEvpnKey(text)
    if (key?.type !== 2) continue
    const network = networks.get(key.rd)
    const { sequence, sticky } = readExtended(extended)
    if (network === undefined || sticky) continue
    macs.set(`${network.bridge} ${key.mac}`, sequence)
    if (key.ip !== undefined && network.irb !== undefined) addresses.add(`${network.irb} ${key.ip}`)
  }
  return { macs, addresses }
}
