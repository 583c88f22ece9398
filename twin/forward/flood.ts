/**
 * Flooding (section 8): to all members, or to those that want a frame.
 *
 * @module
 */
import type { Ip } from '../packet/address.js'
import type { Bridge, Member } from './config.js'
import { receiveOnIrb } from './irb.js'
import type { Machine } from './machine.js'
import { sendToMember } from './member.js'
import { isTunnelEnd } from './tunnel-end.js'

/** Whom a flooded frame is for. */
export interface Audience {
  /** A member, and behind a vxlan interface a remote VTEP of its flood list. */
  wants(member: Member, remote: Ip | undefined): boolean
  /** FLOOD-3: the IRB has its copy. */
  readonly irb: boolean
}

/** FLOOD-1 to FLOOD-4. `from` is `undefined` for the IRB. */
export function flood(
  m: Machine,
  bridge: Bridge,
  from: Member | undefined,
  frame: Uint8Array,
  audience: Audience,
): void {
  let copies = 0
  for (const member of bridge.members) {
    if (member === from || (from !== undefined && isTunnelEnd(member) && isTunnelEnd(from))) continue
    if (member.kind !== 'vxlan') {
      if (!audience.wants(member, undefined)) continue
      m.trace?.step('FLOOD-1', member.id, 'a copy')
      copies++
      sendToMember(m, member, undefined, frame)
      continue
    }
    for (const remote of member.flood) {
      if (!audience.wants(member, remote)) continue
      m.trace?.step('FLOOD-2', member.id, 'a copy to a remote VTEP')
      copies++
      sendToMember(m, member, remote, frame)
    }
  }
  if (audience.irb && from !== undefined && bridge.irb !== undefined) {
    m.trace?.step('FLOOD-3', bridge.irb.id, 'a copy to the IRB')
    copies++
    receiveOnIrb(m, bridge.irb, frame)
  }
  if (copies === 0) {
    m.trace?.step('FLOOD-4', bridge.id, 'nobody to flood to')
    m.fate('flood-empty')
  }
}

/** All members, and the IRB when the frame is for a group. */
export const EVERYBODY: Readonly<Record<'group' | 'unicast', Audience>> = {
  group: { wants: () => true, irb: true },
  unicast: { wants: () => true, irb: false },
}
