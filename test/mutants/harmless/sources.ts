/**
 * The twin's source said in other words: a machine that is as right as the first.
 *
 * @module
 */
import { mutant, type SourceMutant } from '../source/mutant.js'

/** All of them. */
export const harmlessSources: readonly SourceMutant[] = [
  mutant('ttl-below-two', 'ROUTE-8', 'TTLs are whole numbers', 'route', 'if (ttl <= 1)', 'if (ttl < 2)'),
  mutant(
    'mtu-the-other-way-round',
    'ROUTE-9',
    'above is not at most',
    'route',
    'if (end - L3_OFFSET > mtu)',
    'if (!(end <= mtu + L3_OFFSET))',
  ),
  mutant(
    'traffic-class-by-shift',
    'VXLAN-3',
    'times four is two bits to the left, and two bits are free',
    'vxlan',
    'vxlan.dscp * 4 + ecn',
    '(vxlan.dscp << 2) | ecn',
  ),
  mutant(
    'reserved-below-sixteen',
    'BRIDGE-1',
    'octets are whole numbers',
    'bridge',
    'u8(frame, 5) <= 0x0f',
    'u8(frame, 5) < 0x10',
  ),
  mutant(
    'age-by-deadline',
    'LEARN-4',
    'the same inequality',
    'fdb',
    'now - entry.lastSeen < this.ageing',
    'now < entry.lastSeen + this.ageing',
  ),
  mutant(
    'martians-in-another-order',
    'ROUTE-2',
    'or has no order',
    'own-address',
    'first === 0 || first === 127 || first >= 224',
    'first >= 224 || first === 127 || first === 0',
  ),
  mutant(
    'flood-from-a-copy',
    'FLOOD-2',
    'the list does not change meanwhile',
    'flood',
    'of member.flood) {',
    'of [...member.flood]) {',
  ),
  mutant(
    'room-counted-from-the-other-end',
    'LEARN-5',
    'the same inequality',
    'fdb',
    "if (this.dynamicCount >= this.limit)\n            return 'full';",
    "if (!(this.dynamicCount < this.limit))\n            return 'full';",
  ),
]
