/**
 * What the operation `tables` tells (CTRL-9).
 *
 * @module
 */
import { formatIp, formatMac, type Ip } from '../packet/address.js'
import type { AnyInterface, Config, Irb } from './config.js'
import { macsecOf, type KnownMacsec } from './macsec-tables.js'
import { compareIp, lookupDynamic } from './neighbour-table.js'
import { wireguardOf, type KnownWireguard } from './wireguard-tables.js'

/** A valid dynamic entry of a bridge. */
export interface KnownMac {
  readonly bridge: number
  readonly mac: string
  readonly interface: number
  readonly remote?: string
  /** ns since it was last seen. */
  readonly age: number
}

/** A dynamic neighbour of an IRB: a valid one, or one that is asked for. */
export interface KnownNeighbour {
  readonly interface: number
  readonly address: string
  readonly state: 'incomplete' | 'resolved'
  readonly mac?: string
  /** ns since it was first asked for, or confirmed. */
  readonly age: number
}

/** A valid membership (section 8). */
export interface KnownMembership {
  readonly bridge: number
  readonly group: string
  readonly interface: number
  readonly remote?: string
}

/** Rows in the order of CTRL-9. */
export interface NodeTables {
  readonly fdb: readonly KnownMac[]
  readonly neighbours: readonly KnownNeighbour[]
  readonly macsec: readonly KnownMacsec[]
  readonly memberships: readonly KnownMembership[]
  readonly carrier: readonly { readonly interface: number; readonly up: boolean }[]
  readonly wireguard: readonly KnownWireguard[]
}

/** All tables at a time, ns. */
export function tablesOf(config: Config, now: bigint, withoutCarrier: ReadonlySet<number>): NodeTables {
  return {
    fdb: macsOf(config, now),
    neighbours: config.irbs.flatMap((irb) => neighboursOf(irb, now)),
    macsec: macsecOf(config),
    memberships: membershipsOf(config, now),
    carrier: ofKind(config, 'port').map(({ id }) => ({ interface: id, up: !withoutCarrier.has(id) })),
    wireguard: wireguardOf(config, now),
  }
}

function ofKind<K extends AnyInterface['kind']>(
  { interfaces }: Config,
  kind: K,
): Extract<AnyInterface, { kind: K }>[] {
  const isOne = (one: AnyInterface): one is Extract<AnyInterface, { kind: K }> => one.kind === kind
  return [...interfaces.values()].filter(isOne)
}

function macsOf({ bridges }: Config, now: bigint): KnownMac[] {
  return bridges.flatMap(({ id: bridge, fdb }) =>
    [...fdb]
      .filter(([mac, { kind }]) => kind === 'dynamic' && fdb.lookup(mac, now) !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([mac, { member, remote, lastSeen }]) => ({
        bridge,
        mac: formatMac(mac),
        interface: member.id,
        ...remoteOf(remote),
        age: Number(now - lastSeen),
      })),
  )
}

function neighboursOf(irb: Irb, now: bigint): KnownNeighbour[] {
  return [...irb.dynamic.keys()].sort(compareIp).flatMap((ip): KnownNeighbour[] => {
    const known = lookupDynamic(irb, ip, now)
    if (known === undefined) return []
    const { state } = known
    const row = { interface: irb.id, address: formatIp(ip), state }
    return known.state === 'incomplete'
      ? [{ ...row, age: Number(now - known.first) }]
      : [{ ...row, mac: formatMac(known.mac), age: Number(now - known.confirmed) }]
  })
}

function membershipsOf({ bridges }: Config, now: bigint): KnownMembership[] {
  return bridges.flatMap(({ id: bridge, memberships }) =>
    [...(memberships?.valid(now) ?? [])]
      .sort(
        ([a, one], [b, other]) =>
          compareIp(a, b) ||
          one.member.id - other.member.id ||
          (one.remote === undefined || other.remote === undefined ? 0 : compareIp(one.remote, other.remote)),
      )
      .map(([group, { member, remote }]) => ({
        bridge,
        group: formatIp(group),
        interface: member.id,
        ...remoteOf(remote),
      })),
  )
}

function remoteOf(remote: Ip | undefined): { readonly remote?: string } {
  return remote === undefined ? {} : { remote: formatIp(remote) }
}
