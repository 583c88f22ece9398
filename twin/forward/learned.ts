/**
 * What a node has heard on its own ports (`learned` of `contract/control.ts`), for whoever announces it.
 *
 * @module
 */
import { formatIp, formatMac } from '../packet/address.js'
import type { Bridge, Config } from './config.js'
import { lookupDynamic } from './neighbour-table.js'
import { isTunnelEnd } from './tunnel-end.js'

/** A valid dynamic entry on a port. */
export interface LearnedMac {
  readonly bridge: number
  readonly mac: string
  readonly interface: number
}

/** A valid dynamic neighbour of an IRB whose MAC has such an entry in the IRB's bridge. */
export interface LearnedNeighbour {
  /** The IRB. */
  readonly interface: number
  readonly address: string
  readonly mac: string
}

/** The answer of `learned`, without its version. */
export interface LearnedState {
  /** By bridge, interface and MAC text. */
  readonly fdb: readonly LearnedMac[]
  /** By interface and address text. */
  readonly neighbours: readonly LearnedNeighbour[]
}

/** What a node has learned that is valid at a time, ns. */
export function learnedState(config: Config, now: bigint): LearnedState {
  const heard = new Map(config.bridges.map((bridge) => [bridge, heardOn(bridge, now)]))
  const neighbours: LearnedNeighbour[] = []
  for (const irb of config.irbs) {
    for (const address of irb.dynamic.keys()) {
      const neighbour = lookupDynamic(irb, address, now)
      if (neighbour?.state !== 'resolved') continue
      const mac = formatMac(neighbour.mac)
      if (heard.get(irb.bridge)?.has(mac) !== true) continue
      neighbours.push({ interface: irb.id, address: formatIp(address), mac })
    }
  }
  return {
    fdb: [...heard.values()]
      .flatMap((entries) => [...entries.values()])
      .sort((a, b) => a.bridge - b.bridge || a.interface - b.interface || byCodeUnit(a.mac, b.mac)),
    neighbours: neighbours.sort((a, b) => a.interface - b.interface || byCodeUnit(a.address, b.address)),
  }
}

/** A valid membership (section 8). */
export interface KnownMembership {
  readonly bridge: number
  readonly group: string
  readonly interface: number
  readonly remote?: string
}

/** Who wants which group at a time, ns, by bridge, group text, interface and remote. */
export function membershipsOf(config: Config, now: bigint): readonly KnownMembership[] {
  return config.bridges.flatMap(({ id: bridge, memberships }) =>
    [...(memberships?.valid(now) ?? [])]
      .map(([group, { member, remote }]) => {
        const known = { bridge, group: formatIp(group), interface: member.id }
        return remote === undefined ? known : { ...known, remote: formatIp(remote) }
      })
      .sort(
        (a, b) =>
          byCodeUnit(a.group, b.group) ||
          a.interface - b.interface ||
          byCodeUnit('remote' in a ? a.remote : '', 'remote' in b ? b.remote : ''),
      ),
  )
}

function heardOn(bridge: Bridge, now: bigint): ReadonlyMap<string, LearnedMac> {
  const heard = new Map<string, LearnedMac>()
  for (const [mac] of bridge.fdb) {
    const entry = bridge.fdb.lookup(mac, now)
    if (entry?.kind !== 'dynamic' || isTunnelEnd(entry.member)) continue
    const text = formatMac(mac)
    heard.set(text, { bridge: bridge.id, mac: text, interface: entry.member.id })
  }
  return heard
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
