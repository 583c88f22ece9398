/**
 * Sending to members of a bridge (BRIDGE-5).
 *
 * @module
 */
import type { Ip } from '../packet/address.js'
import type { Member } from './config.js'
import type { Machine } from './machine.js'
import { L3_OFFSET } from './parse.js'
import { send } from './send.js'
import { encapsulate } from './vxlan.js'

/** BRIDGE-5: sends a frame to a member, to `remote` when that is a vxlan interface. */
export function sendToMember(m: Machine, member: Member, remote: Ip | undefined, frame: Uint8Array): void {
  if (member.kind === 'vxlan') {
    m.trace?.step('BRIDGE-5', member.id, 'to a remote VTEP')
    // The program's loader lets no entry of a vxlan interface be without one; learned ones have the outer source.
    if (remote !== undefined) encapsulate(m, member, remote, frame)
    return
  }
  const fits = frame.length - L3_OFFSET <= member.mtu
  m.trace?.step(
    'BRIDGE-5',
    member.id,
    fits ? `to the ${member.kind}` : `longer than the ${member.kind} takes`,
  )
  if (fits) send(m, member, frame)
  else m.fate('mtu-exceeded')
}
