/**
 * IEEE 802.1Q tags, customer and service (QinQ). A tag is four octets where an EtherType would stand: TPID and TCI;
 * accessors here take the offset of the TCI, which the next EtherType follows.
 *
 * @module
 */
import { setU16, u16, u8 } from './bytes.js'
import { EtherType } from './ethernet.js'

/** Octets of TCI and following EtherType. */
export const HEADER_LENGTH = 4

/** True for the tag protocol identifiers 0x8100, 0x88a8 and 0x9100. */
export function isTpid(etherType: number): boolean {
  return etherType === EtherType.VLAN || etherType === EtherType.QINQ || etherType === EtherType.QINQ_OLD
}

/** Priority code point, 0 to 7. */
export function pcp(bytes: Uint8Array, offset: number): number {
  return u8(bytes, offset) >>> 5
}

/** Drop eligible indicator. */
export function dei(bytes: Uint8Array, offset: number): boolean {
  return (u8(bytes, offset) & 0x10) !== 0
}

/** VLAN identifier, 0 to 4095; 0 tags priority only, 4095 is reserved. */
export function vid(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset) & 0x0fff
}

/** EtherType of what follows the tag. */
export function etherType(bytes: Uint8Array, offset: number): number {
  return u16(bytes, offset + 2)
}

/** Writes TCI and following EtherType. */
export function write(
  bytes: Uint8Array,
  offset: number,
  tag: { readonly pcp: number; readonly dei: boolean; readonly vid: number; readonly etherType: number },
): void {
  setU16(bytes, offset, (tag.pcp << 13) | (tag.dei ? 0x1000 : 0) | tag.vid)
  setU16(bytes, offset + 2, tag.etherType)
}
