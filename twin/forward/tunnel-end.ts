/**
 * Members of bridges that are ends of tunnels: what section 6 to 12 say of ports is of the others, what they say of vxlan
 * interfaces without speaking of remotes is of these.
 *
 * @module
 */
import type { Member } from './config.js'

/** A vxlan interface, or a macsec interface on one (MACSEC-10). */
export function isTunnelEnd(member: Member): boolean {
  return member.kind === 'vxlan' || (member.kind === 'macsec' && member.lower.kind === 'vxlan')
}
