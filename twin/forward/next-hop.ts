/**
 * Which member of a next-hop group a packet takes (HASH-4, HASH-6).
 *
 * @module
 */
import { isIpv6, writeIpv6, type Ip } from '../packet/address.js'
import { u32 } from '../packet/bytes.js'
import type { RouteEntry, RouteMember } from './config.js'
import { chooseByScore, chooseByWeight, hashOfPacket } from './hash.js'
import type { Machine } from './machine.js'

/** The member of a group, or the connected interface. The route is no blackhole. */
export function chooseNextHop(
  m: Machine,
  route: RouteEntry,
  frame: Uint8Array,
  family: 4 | 6,
  end: number,
): RouteMember {
  const live = liveMembers(m, route.members)
  if (live.length === 1) return live[0]!
  const { seeds, resilient } = m.config
  const hash = hashOfPacket(seeds.ecmp, frame, family, end)
  const chosen = resilient
    ? chooseByScore(
        hash,
        seeds.ecmp,
        live.map((member) => ({ words: memberWords(member), weight: member.weight })),
      )
    : chooseByWeight(
        hash,
        live.map(({ weight }) => weight),
      )
  const member = live[chosen]!
  if (m.trace !== undefined) {
    m.trace.step('PARSE-7', 0, 'flow words read')
    m.trace.step('HASH-2', 0, 'hashed over source, destination, protocol and ports')
    m.trace.step('HASH-1', 0, `hash 0x${hash.toString(16)}`)
    const clause = resilient ? 'HASH-6' : 'HASH-4'
    m.trace.step(clause, member.interface.id, `member ${chosen} of ${live.length}`)
  }
  return member
}

/** HASH-4: those whose port has carrier; all when none has. */
function liveMembers(m: Machine, members: readonly RouteMember[]): readonly RouteMember[] {
  if (m.withoutCarrier.size === 0 || members.length === 1) return members
  const live = members.filter((member) => isLive(m, member))
  if (live.length === members.length) return members
  m.trace?.step('PORT-6', 0, `${live.length} of ${members.length} members have carrier`)
  return live.length === 0 ? members : live
}

function isLive(m: Machine, { interface: on }: RouteMember): boolean {
  if (on.kind === 'port') return !m.withoutCarrier.has(on.id)
  const lower = on.kind === 'macsec' || on.kind === 'wireguard' ? on.lower : undefined
  return lower?.kind !== 'port' || !m.withoutCarrier.has(lower.id)
}

/** HASH-6: what names a member, but for the number of its share. */
function memberWords({ interface: { id }, gateway }: RouteMember): readonly number[] {
  return gateway === undefined ? [id] : [id, ...addressWords(gateway)]
}

function addressWords(address: Ip): readonly number[] {
  if (!isIpv6(address)) return [address]
  const bytes = new Uint8Array(16)
  writeIpv6(bytes, 0, address)
  return [0, 4, 8, 12].map((at) => u32(bytes, at))
}
