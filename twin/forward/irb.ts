/**
 * What an IRB receives from its bridge (section 9).
 *
 * @module
 */
import { u16, u8 } from '../packet/bytes.js'
import type { Irb } from './config.js'
import type { Machine } from './machine.js'
import { wellFormedEnd } from './parse.js'
import { route } from './route.js'

/** IRB-2 and IRB-3 */
export function receiveOnIrb(m: Machine, irb: Irb, frame: Uint8Array): void {
  if ((u8(frame, 0) & 1) !== 0) {
    m.trace?.step('IRB-2', irb.id, 'group-addressed')
    m.fate('irb-ignored')
    return
  }
  const etherType = u16(frame, 12)
  m.trace?.step('IRB-3', irb.id, `EtherType 0x${etherType.toString(16).padStart(4, '0')}`)
  switch (etherType) {
    case 0x0800:
    case 0x86dd: {
      const family = etherType === 0x0800 ? 4 : 6
      const end = wellFormedEnd(m, irb.id, frame, family)
      if (end !== 0) route(m, { on: irb, vrf: irb.vrf, frame, family, end })
      return
    }
    case 0x0806:
      m.fate('arp-ignored')
      return
    default:
      if (etherType < 0x0600) m.trace?.step('PARSE-3', irb.id, 'IEEE 802.3 length')
      m.fate('ethertype-unknown')
  }
}
