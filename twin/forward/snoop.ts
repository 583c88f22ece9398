/**
 * Multicast where it is asked for (SNOOP-1 to SNOOP-6, RFC 4541).
 *
 * @module
 */
import { readIpv4, readIpv6, type Ip } from '../packet/address.js'
import { u16, u8 } from '../packet/bytes.js'
import type { Bridge, Member } from './config.js'
import { flood } from './flood.js'
import type { Machine } from './machine.js'
import { DESTINATION, soundEnd } from './parse.js'
import { isTunnelEnd } from './tunnel-end.js'
import { isSnooped, readMembershipMessage, type MembershipMessage } from './snoop-message.js'

const IPV4 = 0x0800
const IPV6 = 0x86dd

/** Looks at a frame that entered from a member, behind learning; true when it has been flooded to those that it is for. */
export function snoop(
  m: Machine,
  bridge: Bridge,
  from: Member,
  remote: Ip | undefined,
  frame: Uint8Array,
): boolean {
  const { memberships } = bridge
  if (memberships === undefined) return false
  const etherType = u16(frame, 12)
  if (etherType !== IPV4 && etherType !== IPV6) return false
  const family = etherType === IPV4 ? 4 : 6
  const message = readMembershipMessage(frame, family)
  if (message === undefined) return floodToGroup(m, bridge, from, frame, family)
  m.trace?.step('SNOOP-1', from.id, `looked at: ${message.kind}`)
  note(m, bridge, from, remote, message)
  if (message.kind !== 'other') return false
  m.trace?.step('SNOOP-4', bridge.id, 'to vxlan members alone')
  flood(m, bridge, from, frame, {
    wants: isTunnelEnd,
    irb: isGroupAddressed(frame),
  })
  return true
}

/** SNOOP-2, SNOOP-3 */
function note(
  m: Machine,
  { memberships }: Bridge,
  from: Member,
  remote: Ip | undefined,
  { changes }: MembershipMessage,
): void {
  for (const { group, joins } of changes) {
    if (joins) {
      const done = memberships?.report(group, from, remote, m.now)
      m.trace?.step(done === 'full' ? 'SNOOP-6' : 'SNOOP-2', from.id, SAID[done ?? 'full'])
      if (done === 'new') m.writes++
    } else if (isTunnelEnd(from)) {
      m.trace?.step('SNOOP-3', from.id, 'others behind that VTEP may want it still')
    } else {
      const had = memberships?.leave(group, from) === true
      m.trace?.step('SNOOP-3', from.id, had ? 'the membership goes' : 'there was no membership')
      if (had) m.writes++
    }
  }
}

const SAID = {
  new: 'a group is asked for',
  refreshed: 'a group is asked for again',
  full: 'the table is full',
} as const

/** SNOOP-5: false when nobody has asked for the group, or it is none that is asked for. */
function floodToGroup(m: Machine, bridge: Bridge, from: Member, frame: Uint8Array, family: 4 | 6): boolean {
  const { memberships } = bridge
  if (memberships === undefined || !isGroupAddressed(frame)) return false
  if (soundEnd(frame, family) === 0) return false
  const at = DESTINATION[family]
  if (!isSnooped(frame, at, family)) return false
  const wanted = memberships.of(family === 4 ? readIpv4(frame, at) : readIpv6(frame, at), m.now)
  m.trace?.step('SNOOP-5', bridge.id, `asked for by ${wanted.length}`)
  if (wanted.length === 0) return false
  flood(m, bridge, from, frame, {
    wants: (member, remote) => wanted.some((one) => one.member === member && one.remote === remote),
    irb: true,
  })
  return true
}

function isGroupAddressed(frame: Uint8Array): boolean {
  return (u8(frame, 0) & 1) !== 0
}
