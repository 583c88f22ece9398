/**
 * Random underlays: loopback, uplinks sealed or clear, routes to VTEPs.
 *
 * @module
 */
import type { Interface, NextHop, Tables } from '../../../contract/program.js'
import { formatIpv6, linkLocalOf, parseMac } from '../../../twin/packet/index.js'
import { randomMacsec } from './program-macsec.js'
import type { Random } from './random.js'

/** VTEPs of the fabric; the node's own is number 1. */
export const VTEPS = 6
export const vtep = (n: number, family: 4 | 6): string => (family === 4 ? `10.255.0.${n}` : `fd00:ff::${n}`)
export const systemMac = (n: number): string => `02:5a:00:00:00:0${n}`
export const portMac = (id: number): string => `02:00:00:00:${hex(id >> 8)}:${hex(id & 0xff)}`
export const peerMac = (id: number): string => `02:00:00:01:${hex(id >> 8)}:${hex(id & 0xff)}`

export function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

/** A program in the making. */
export interface Draft {
  readonly random: Random
  readonly interfaces: Interface[]
  readonly vrfs: { id: number; name: string }[]
  readonly tables: { -readonly [K in keyof Tables]: Tables[K] }
  /** An interface id that is not taken. */
  newId(): number
  newGroup(members: NextHop[]): number
}

/** Uplinks and loopback in VRF 0, and routes over them. */
export function addUnderlay(draft: Draft): void {
  const { random, tables } = draft
  const uplinks = Array.from({ length: random.between(1, 4) }, (_, n) => addUplink(draft, n))
  const lo = draft.newId()
  const loopbacks = [`${vtep(1, 4)}/32`, `${vtep(1, 6)}/128`]
  draft.interfaces.push({ kind: 'loopback', id: lo, name: `lo${lo}`, vrf: 0, addresses: loopbacks })
  for (const family of [4, 6] as const) {
    const bits = family === 4 ? 32 : 128
    for (let n = 2; n <= VTEPS; n++) {
      if (random.chance(8)) continue
      const prefix = `${vtep(n, family)}/${bits}`
      if (random.chance(4)) tables.routes.push({ vrf: 0, prefix, blackhole: true })
      else tables.routes.push({ vrf: 0, prefix, group: draft.newGroup(membersOf(random, uplinks, family)) })
    }
    const transit =
      family === 4 ? ['172.16.0.0/12', '192.0.2.0/25'] : ['2001:db8:f000::/36', '2001:db8:f100::/48']
    for (const prefix of random.some(transit, 70)) {
      tables.routes.push({ vrf: 0, prefix, group: draft.newGroup(membersOf(random, uplinks, family)) })
    }
    if (random.chance(30)) {
      const prefix = family === 4 ? '0.0.0.0/0' : '::/0'
      tables.routes.push({ vrf: 0, prefix, group: draft.newGroup(membersOf(random, uplinks, family)) })
    }
    // A next hop of the other family is a neighbour like any other.
    if (random.chance(15)) {
      const prefix = family === 4 ? '198.51.100.0/24' : '2001:db8:ffff::/48'
      tables.routes.push({
        vrf: 0,
        prefix,
        group: draft.newGroup(membersOf(random, uplinks, family === 4 ? 6 : 4)),
      })
    }
    if (random.chance(50)) {
      const prefix = family === 4 ? '192.0.2.64/26' : '2001:db8:f100:8000::/49'
      tables.routes.push({ vrf: 0, prefix, blackhole: true })
    }
  }
}

interface Uplink {
  readonly routed: number
  readonly peer4: string
  readonly peer6: string
  /** Link-local (RFC 8950). */
  readonly peerLocal: string
}

function membersOf(random: Random, uplinks: readonly Uplink[], family: 4 | 6): NextHop[] {
  const chosen = random.some(uplinks, 70)
  const members = chosen.length === 0 ? [random.pick(uplinks)] : chosen
  // The same member twice gives it a double share.
  const all = random.weighted([
    [80, members],
    [18, [...members, random.pick(members)]],
    [2, Array.from({ length: random.between(20, 64) }, () => random.pick(members))],
  ])
  const unnumbered = random.chance(15)
  const weighs = random.chance(40)
  return all.map((uplink) => ({
    interface: uplink.routed,
    gateway: unnumbered ? uplink.peerLocal : family === 4 ? uplink.peer4 : uplink.peer6,
    ...(weighs && random.chance(85) ? { weight: weight(random) } : {}),
  }))
}

/** Small ones mostly, and the greatest. */
export function weight(random: Random): number {
  return random.weighted([
    [8, random.between(1, 8)],
    [4, random.between(1, 100)],
    [1, 256],
    [1, 1],
  ])
}

function addUplink(draft: Draft, n: number): Uplink {
  const { random, tables } = draft
  const id = draft.newId()
  const own = random.below(2)
  const addresses = [`10.254.${n}.${own}/31`, `fd00:fe:${n}::${own}/127`]
  if (random.chance(15)) addresses.splice(random.below(3), 0, `fe80::${n}:1/64`)
  const mtu = random.weighted([
    [6, 1700],
    [2, 1500],
    [1, 9000],
    [1, 1280],
    [1, random.between(150, 600)],
  ])
  const port = {
    kind: 'port' as const,
    id,
    name: `p${id}`,
    mac: portMac(id),
    tap: random.chance(75),
  }
  let routed = id
  if (random.chance(55)) {
    routed = draft.newId()
    draft.interfaces.push(
      {
        ...port,
        mtu: Math.min(
          mtu +
            random.weighted([
              [7, 32],
              [1, 0],
              [2, 64],
            ]),
          9216,
        ),
        addresses: [],
      },
      {
        kind: 'macsec',
        id: routed,
        name: `s${routed}`,
        vrf: 0,
        mtu,
        addresses,
        ...randomMacsec(random, { lower: id, mac: portMac(id), far: peerMac(id), inBridge: false }),
      },
    )
  } else {
    const punt = port.tap && random.chance(40) ? { punt: 'xdp' as const } : {}
    draft.interfaces.push({ ...port, ...punt, mtu, vrf: 0, addresses })
  }
  const peer4 = `10.254.${n}.${1 - own}`
  const peer6 = `fd00:fe:${n}::${1 - own}`
  tables.routes.push(
    { vrf: 0, prefix: `10.254.${n}.0/31`, connected: routed },
    { vrf: 0, prefix: `fd00:fe:${n}::/127`, connected: routed },
  )
  const peerLocal = formatIpv6(linkLocalOf(parseMac(peerMac(id))))
  for (const address of [peer4, peer6, peerLocal]) {
    if (random.chance(92)) tables.neighbours.push({ interface: routed, address, mac: peerMac(id) })
  }
  return { routed, peer4, peer6, peerLocal }
}
