/**
 * MACsec with GCM-AES-128, GCM-AES-256 and their XPN suites (IEEE 802.1AE-2018 clauses 9, 10 and 14), a frame at a time.
 *
 * The length of the key tells AES-128 from AES-256, {@link Xpn} an XPN suite from one of 32-bit packet numbers. Neither
 * function keeps state: packet numbers and replay belong to the caller.
 *
 * @example
 * ```ts
 * const sak = importSak(fromHex('ad7a2bd03eac835a6f620fdcb506b345'))
 * const sealed = seal({ frame, sak, sci: sciOf(parseMac('02:00:00:00:00:01'), 1), an: 0, pn: 1 })
 * const opened = open({ frame: sealed, sak })
 * ```
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { setU32, setU64, u8 } from './bytes.js'
import { PacketError } from './errors.js'
import { readMac } from './mac.js'
import * as sectag from './sectag.js'
import { sciOf, Tci, type Sci } from './sectag.js'

/** Secure association key. A `KeyObject`, so that printing or serialising it shows no key. */
export type Sak = KeyObject & { readonly type: 'secret' }

const SALT_LENGTH = 12
const TAG_OFFSET = 12
const CIPHERS: Readonly<Record<number, 'aes-128-gcm' | 'aes-256-gcm'>> = {
  16: 'aes-128-gcm',
  32: 'aes-256-gcm',
}
const LAST_PN = 0xffff_ffffn
const LAST_XPN = 0xffff_ffff_ffff_ffffn

/** TCI of the strict profile: explicit SCI, encrypted. */
export const TCI_STRICT = Tci.SC | Tci.E | Tci.C

/** What an XPN suite's IV is made of besides the packet number (clauses 14.7, 14.8). */
export interface Xpn {
  /** 12 octets. */
  readonly salt: Uint8Array
  /** Short SCI. */
  readonly ssci: number
}

/** Octets at the front of Secure Data that are authenticated and not encrypted (clause 10.7.25). */
export type ConfidentialityOffset = 0 | 30 | 50

/**
 * Takes a key of 16 or 32 octets; the caller may wipe them.
 *
 * @throws {PacketError} `ZT_MACSEC_KEY` on another length.
 */
export function importSak(key: Uint8Array): Sak {
  if (CIPHERS[key.length] === undefined) {
    throw new PacketError('ZT_MACSEC_KEY', `a SAK has 16 or 32 octets, not ${key.length}`, {
      remedy: 'give 16 octets (32 hexadecimal digits) for AES-128, 32 (64 digits) for AES-256',
    })
  }
  return createSecretKey(key) as Sak
}

/**
 * Takes the key of an XPN suite: SAK, then 12 octets of salt. The caller may wipe it.
 *
 * @throws {PacketError} `ZT_MACSEC_KEY` on another length than 28 or 44 octets.
 */
export function importXpnKey(key: Uint8Array): { readonly sak: Sak; readonly salt: Uint8Array } {
  const at = key.length - SALT_LENGTH
  if (CIPHERS[at] === undefined) {
    throw new PacketError('ZT_MACSEC_KEY', `a SAK with salt has 28 or 44 octets, not ${key.length}`, {
      remedy: 'give SAK and 12 octets of salt: 28 octets for AES-128, 44 for AES-256',
    })
  }
  // `slice` of a Buffer would be a view.
  return { sak: importSak(key.subarray(0, at)), salt: Uint8Array.from(key.subarray(at)) }
}

/** What {@link seal} needs. */
export interface SealRequest {
  /** Clear frame from the destination address, without FCS; at least 14 octets. */
  readonly frame: Uint8Array
  readonly sak: Sak
  readonly sci: Sci
  /** Association number, 0 to 3. */
  readonly an: number
  /** Packet number, 1 to 2^32-1, with an XPN suite to 2^64-1. */
  readonly pn: number | bigint
  /**
   * The six TCI bits, {@link TCI_STRICT} unless given. E, with C, encrypts; without E the frame is only protected. Without
   * SC no SCI is sent.
   */
  readonly tci?: number
  /** Of an encrypted frame; 0 unless given. */
  readonly offset?: ConfidentialityOffset
  /** Given for an XPN suite. */
  readonly xpn?: Xpn | undefined
}

/**
 * Protects a frame: DA, SA, SecTAG, Secure Data (the frame from its EtherType on), ICV (clauses 14.5 to 14.8).
 *
 * @throws {PacketError} `ZT_FIELD_RANGE` or `ZT_FRAME_SHAPE`
 */
export function seal(request: SealRequest): Uint8Array {
  const { frame, sak, sci, an } = request
  const pn = BigInt(request.pn)
  const tci = request.tci ?? TCI_STRICT
  checkSealRequest(frame, an, pn, tci, request.xpn)
  const secureDataLength = frame.length - TAG_OFFSET
  const tagLength = (tci & Tci.SC) === 0 ? sectag.SHORT_LENGTH : sectag.LONG_LENGTH
  const dataOffset = TAG_OFFSET + tagLength
  const end = dataOffset + secureDataLength
  const sealed = new Uint8Array(end + sectag.ICV_LENGTH)
  sealed.set(frame.subarray(0, TAG_OFFSET))
  sealed.set(frame.subarray(TAG_OFFSET), dataOffset)
  const shortLength = sectag.shortLengthOf(secureDataLength)
  sectag.write(sealed, TAG_OFFSET, { tciAn: tci | an, shortLength, pn: Number(pn & LAST_PN), sci })

  const clearEnd = clearEndOf((tci & Tci.E) !== 0, request.offset, dataOffset, end)
  const cipher = createCipheriv(cipherOf(sak), sak, ivOf(sci, pn, request.xpn))
  cipher.setAAD(sealed.subarray(0, clearEnd))
  if (clearEnd < end) sealed.set(cipher.update(sealed.subarray(clearEnd, end)), clearEnd)
  cipher.final()
  sealed.set(cipher.getAuthTag(), end)
  return sealed
}

function cipherOf(sak: Sak): 'aes-128-gcm' | 'aes-256-gcm' {
  return CIPHERS[sak.symmetricKeySize ?? 0] ?? 'aes-128-gcm'
}

/** Where what is authenticated and not encrypted ends. */
function clearEndOf(
  encrypted: boolean,
  offset: ConfidentialityOffset | undefined,
  dataOffset: number,
  end: number,
): number {
  return encrypted ? Math.min(end, dataOffset + (offset ?? 0)) : end
}

function checkSealRequest(
  frame: Uint8Array,
  an: number,
  pn: bigint,
  tci: number,
  xpn: Xpn | undefined,
): void {
  if (frame.length < 14) {
    throw new PacketError('ZT_FRAME_SHAPE', `a frame of ${frame.length} octets has no Ethernet header`, {
      remedy: 'give at least 14 octets',
    })
  }
  if (!Number.isInteger(an) || an < 0 || an > 3) {
    throw new PacketError('ZT_FIELD_RANGE', `association number ${an}`, { remedy: 'give 0 to 3' })
  }
  if (pn < 1n || pn > (xpn === undefined ? LAST_PN : LAST_XPN)) {
    throw new PacketError('ZT_FIELD_RANGE', `packet number ${pn}`, {
      remedy: 'give 1 to 2^32-1, with an XPN suite 1 to 2^64-1',
    })
  }
  if ((tci & ~0xfc) !== 0 || (tci & (Tci.E | Tci.C)) === Tci.E) {
    throw new PacketError('ZT_FIELD_RANGE', `TCI 0x${tci.toString(16)}`, {
      remedy: 'give TCI bits alone, and E with C only',
    })
  }
}

/** SCI and packet number; with an XPN suite SSCI and packet number, XOR salt. */
function ivOf(sci: Sci, pn: bigint, xpn: Xpn | undefined): Uint8Array {
  const iv = new Uint8Array(12)
  if (xpn === undefined) {
    setU64(iv, 0, sci)
    setU32(iv, 8, Number(pn))
    return iv
  }
  setU32(iv, 0, xpn.ssci)
  setU64(iv, 4, pn)
  for (let i = 0; i < 12; i++) iv[i] = u8(iv, i) ^ u8(xpn.salt, i)
  return iv
}

/**
 * The 64-bit packet number of which a SecTAG has the low 32 bits, from the lowest acceptable one (clause 10.6.2).
 */
export function recoverPn(lowest: bigint, low: number): bigint {
  const upper = (lowest >> 32n) & LAST_PN
  const turned = (lowest & 0x8000_0000n) !== 0n && low < 0x8000_0000
  return (((upper + (turned ? 1n : 0n)) & LAST_PN) << 32n) | BigInt(low)
}

/** What makes a SecTAG invalid (clause 9.12). */
export type SecTagFault =
  /** Too short for tag, 2 octets of Secure Data and ICV. */
  | 'truncated'
  /** V is set. */
  | 'version'
  /** SCB, which is for EPON alone, or ES together with SC. */
  | 'sci-bits'
  /** E without C. */
  | 'encryption-bits'
  /** An upper bit of the SL octet is set. */
  | 'short-length-bits'
  /** SL contradicts the length of the frame. */
  | 'short-length'
  /** PN is zero, and the suite is no XPN one. */
  | 'packet-number'

/** A SecTAG that is valid by clause 9.12, and where its Secure Data lies. */
export interface SecTagInfo {
  readonly tci: number
  readonly an: number
  readonly pn: number
  /** The explicit SCI, or that of ES: source address and port 1. Without both it is not known (`undefined`). */
  readonly sci: Sci | undefined
  /** E is set. */
  readonly encrypted: boolean
  readonly secureDataOffset: number
  readonly secureDataLength: number
}

/** Result of {@link readSecTag}. */
export type SecTagResult =
  | { readonly ok: true; readonly tag: SecTagInfo }
  | { readonly ok: false; readonly failure: 'not-macsec' }
  | { readonly ok: false; readonly failure: 'tag-invalid'; readonly fault: SecTagFault }

const invalid = (fault: SecTagFault): SecTagResult => ({ ok: false, failure: 'tag-invalid', fault })

/**
 * Reads and validates the SecTAG behind the addresses of a frame, so that the caller can look up the SA. SL is exact, as
 * in Linux: short frames are not padded behind their ICV.
 *
 * @param xpn - of an XPN suite, whose packet numbers may have low 32 bits of zero.
 */
export function readSecTag(frame: Uint8Array, xpn = false): SecTagResult {
  if (frame.length < TAG_OFFSET + 2 || !sectag.isMacsec(frame, TAG_OFFSET)) {
    return { ok: false, failure: 'not-macsec' }
  }
  if (frame.length < TAG_OFFSET + sectag.SHORT_LENGTH) return invalid('truncated')
  const tciAn = sectag.tciAn(frame, TAG_OFFSET)
  const secureDataOffset = TAG_OFFSET + sectag.length(frame, TAG_OFFSET)
  const secureDataLength = frame.length - secureDataOffset - sectag.ICV_LENGTH
  if (secureDataLength < 2) return invalid('truncated')
  if ((tciAn & Tci.V) !== 0) return invalid('version')
  const isTwice = (tciAn & Tci.ES) !== 0 && (tciAn & Tci.SC) !== 0
  if (isTwice || (tciAn & Tci.SCB) !== 0) return invalid('sci-bits')
  const encrypted = (tciAn & Tci.E) !== 0
  if (encrypted && (tciAn & Tci.C) === 0) return invalid('encryption-bits')
  const shortLength = sectag.shortLength(frame, TAG_OFFSET)
  if (shortLength > 0x3f) return invalid('short-length-bits')
  // Clause 9.7: below 48 octets SL says the length, otherwise it is 0.
  if (shortLength !== sectag.shortLengthOf(secureDataLength)) return invalid('short-length')
  const pn = sectag.pn(frame, TAG_OFFSET)
  if (pn === 0 && !xpn) return invalid('packet-number')
  const tag = {
    tci: tciAn & 0xfc,
    an: tciAn & 3,
    pn,
    sci: sciIn(frame, tciAn),
    encrypted,
    secureDataOffset,
    secureDataLength,
  }
  return { ok: true, tag }
}

function sciIn(frame: Uint8Array, tciAn: number): Sci | undefined {
  if ((tciAn & Tci.SC) !== 0) return sectag.sci(frame, TAG_OFFSET)
  return (tciAn & Tci.ES) !== 0 ? sciOf(readMac(frame, 6), 1) : undefined
}

/** What {@link open} needs. */
export interface OpenRequest {
  /** Sealed frame from the destination address, without FCS. */
  readonly frame: Uint8Array
  readonly sak: Sak
  /** The SCI when the tag does not tell it (SC and ES clear); not compared with one in the tag. */
  readonly sci?: Sci
  /** Of an encrypted frame; 0 unless given. */
  readonly offset?: ConfidentialityOffset
  /** Given for an XPN suite, with the whole packet number (see {@link recoverPn}). */
  readonly xpn?: (Xpn & { readonly pn: bigint }) | undefined
}

/** Result of {@link open}. */
export type OpenResult =
  | {
      readonly ok: true
      /** The frame as it was before it was sealed. */
      readonly frame: Uint8Array
      /** As the SecTAG has it. */
      readonly pn: number
      readonly an: number
      readonly sci: Sci
      readonly encrypted: boolean
    }
  | { readonly ok: false; readonly failure: 'not-macsec' }
  | { readonly ok: false; readonly failure: 'tag-invalid'; readonly fault: SecTagFault }
  /** SC and ES are clear and no SCI was given. */
  | { readonly ok: false; readonly failure: 'sci-unknown' }
  /** Key, IV or any protected octet is not the sender's. */
  | { readonly ok: false; readonly failure: 'icv' }

/** Validates and opens a sealed frame. Never throws on received octets. */
export function open(request: OpenRequest): OpenResult {
  const { frame, sak, xpn } = request
  const parsed = readSecTag(frame, xpn !== undefined)
  if (!parsed.ok) return parsed
  const { an, pn, encrypted, secureDataOffset, secureDataLength } = parsed.tag
  const sci = parsed.tag.sci ?? request.sci
  if (sci === undefined) return { ok: false, failure: 'sci-unknown' }

  const end = secureDataOffset + secureDataLength
  const clearEnd = clearEndOf(encrypted, request.offset, secureDataOffset, end)
  const opened = unprotected(frame, parsed.tag)
  const decipher = createDecipheriv(cipherOf(sak), sak, ivOf(sci, xpn?.pn ?? BigInt(pn), xpn))
  decipher.setAuthTag(frame.subarray(end, end + sectag.ICV_LENGTH))
  decipher.setAAD(frame.subarray(0, clearEnd))
  if (clearEnd < end) {
    const at = TAG_OFFSET + clearEnd - secureDataOffset
    opened.set(decipher.update(frame.subarray(clearEnd, end)), at)
  }
  if (!authentic(decipher)) return { ok: false, failure: 'icv' }
  return { ok: true, frame: opened, pn, an, sci, encrypted }
}

/** The frame without SecTAG and ICV, its Secure Data as it is. */
export function unprotected(frame: Uint8Array, tag: SecTagInfo): Uint8Array {
  const { secureDataOffset, secureDataLength } = tag
  const bare = new Uint8Array(TAG_OFFSET + secureDataLength)
  bare.set(frame.subarray(0, TAG_OFFSET))
  bare.set(frame.subarray(secureDataOffset, secureDataOffset + secureDataLength), TAG_OFFSET)
  return bare
}

/** `final` throws when the tag does not match, and only then. */
function authentic(decipher: { final(): Buffer }): boolean {
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}
