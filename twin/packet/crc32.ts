/**
 * CRC-32 of IEEE 802.3 clause 3.2.9, as in Ethernet's FCS and zlib.
 *
 * @module
 */
const POLYNOMIAL_REFLECTED = 0xedb8_8320

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, octet) => {
  let crc = octet
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL_REFLECTED
  return crc
})

/** CRC of `bytes[start..end)`, unsigned. */
export function crc32(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0xffff_ffff
  for (let i = start; i < end; i++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number)
  }
  return ~crc >>> 0
}
