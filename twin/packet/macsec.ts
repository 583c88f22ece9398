/**
 * MACsec with the default cipher suite GCM-AES-128 (IEEE 802.1AE-2018 clauses 9, 10 and 14), a frame at a time.
 *
 * Neither function keeps state: packet numbers and replay belong to the caller.
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
import { setU32, setU64 } from './bytes.js'
import { PacketError } from './errors.js'
import { readMac } from './mac.js'
import * as sectag from './sectag.js'
import { sciOf, Tci, type Sci } from './sectag.js'

/** Secure association key. A `KeyObject`, so that printing or serialising it shows no key. */
export type Sak = KeyObject & { readonly type: 'secret' }

const SAK_LENGTH = 16
const TAG_OFFSET = 12
const CIPHER = 'aes-128-gcm'

/** TCI of the strict profile: explicit SCI, encrypted. */
export const TCI_STRICT = Tci.SC | Tci.E | Tci.C

/**
 * Takes a key of 16 octets; the caller may wipe them.
 *
 * @throws {PacketError} `ZT_MACSEC_KEY` on another length.
 */
export function importSak(key: Uint8Array): Sak {
  if (key.length !== SAK_LENGTH) {
    throw new PacketError('ZT_MACSEC_KEY', `a GCM-AES-128 key has 16 octets, not ${key.length}`, {
      remedy: 'give 16 octets (32 hexadecimal digits)',
    })
  }
  return createSecretKey(key) as Sak
}

/** What {@link seal} needs. */
export interface SealRequest {
  /** Clear frame from the destination address, without FCS; at least 14 octets. */
  readonly frame: Uint8Array
  readonly sak: Sak
  readonly sci: Sci
  /** Association number, 0 to 3. */
  readonly an: number
  /** Packet number, 1 to 2^32-1. */
  readonly pn: number
  /**
   * The six TCI bits, {@link TCI_STRICT} unless given. E and C both set encrypts, both clear only protects. Without SC no
   * SCI is sent.
   */
  readonly tci?: number
}

/**
 * Protects a frame: DA, SA, SecTAG, Secure Data (the frame from its EtherType on), ICV. IV is SCI and PN, the
 * authenticated data DA, SA and SecTAG (clauses 14.5, 14.6).
 *
 * @throws {PacketError} `ZT_FIELD_RANGE` or `ZT_FRAME_SHAPE`
 */
export function seal(request: SealRequest): Uint8Array {
  const { frame, sak, sci, an, pn } = request
  const tci = request.tci ?? TCI_STRICT
  checkSealRequest(frame, an, pn, tci)
  const secureDataLength = frame.length - TAG_OFFSET
  const tagLength = (tci & Tci.SC) === 0 ? sectag.SHORT_LENGTH : sectag.LONG_LENGTH
  const dataOffset = TAG_OFFSET + tagLength
  const sealed = new Uint8Array(dataOffset + secureDataLength + sectag.ICV_LENGTH)
  sealed.set(frame.subarray(0, TAG_OFFSET))
  const shortLength = sectag.shortLengthOf(secureDataLength)
  sectag.write(sealed, TAG_OFFSET, { tciAn: tci | an, shortLength, pn, sci })

  const cipher = createCipheriv(CIPHER, sak, ivOf(sci, pn))
  if ((tci & Tci.E) === 0) {
    sealed.set(frame.subarray(TAG_OFFSET), dataOffset)
    cipher.setAAD(sealed.subarray(0, dataOffset + secureDataLength))
  } else {
    cipher.setAAD(sealed.subarray(0, dataOffset))
    sealed.set(cipher.update(frame.subarray(TAG_OFFSET)), dataOffset)
  }
  cipher.final()
  sealed.set(cipher.getAuthTag(), dataOffset + secureDataLength)
  return sealed
}

function checkSealRequest(frame: Uint8Array, an: number, pn: number, tci: number): void {
  if (frame.length < 14) {
    throw new PacketError('ZT_FRAME_SHAPE', `a frame of ${frame.length} octets has no Ethernet header`, {
      remedy: 'give at least 14 octets',
    })
  }
  if (!Number.isInteger(an) || an < 0 || an > 3) {
    throw new PacketError('ZT_FIELD_RANGE', `association number ${an}`, { remedy: 'give 0 to 3' })
  }
  if (!Number.isInteger(pn) || pn < 1 || pn > 0xffff_ffff) {
    throw new PacketError('ZT_FIELD_RANGE', `packet number ${pn}`, { remedy: 'give 1 to 2^32-1' })
  }
  const encryption = tci & (Tci.E | Tci.C)
  if ((tci & ~0xfc) !== 0 || (encryption !== 0 && encryption !== (Tci.E | Tci.C))) {
    throw new PacketError('ZT_FIELD_RANGE', `TCI 0x${tci.toString(16)}`, {
      remedy: 'give TCI bits alone, with E and C both set or both clear',
    })
  }
}

function ivOf(sci: Sci, pn: number): Uint8Array {
  const iv = new Uint8Array(12)
  setU64(iv, 0, sci)
  setU32(iv, 8, pn)
  return iv
}

/** What makes a SecTAG invalid (clause 9.12). */
export type SecTagFault =
  /** Too short for tag, 2 octets of Secure Data and ICV. */
  | 'truncated'
  /** V is set. */
  | 'version'
  /** ES or SCB together with SC. */
  | 'sci-bits'
  /** E without C or C without E, which GCM-AES-128 does not send to users. */
  | 'encryption-bits'
  /** An upper bit of the SL octet is set. */
  | 'short-length-bits'
  /** SL contradicts the length of the frame. */
  | 'short-length'
  /** PN is zero. */
  | 'packet-number'

/** A SecTAG that is valid by clause 9.12, and where its Secure Data lies. */
export interface SecTagInfo {
  readonly tci: number
  readonly an: number
  readonly pn: number
  /** The explicit SCI, or that of ES: source address and port 1. Without both it is not known (`undefined`). */
  readonly sci: Sci | undefined
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
 */
export function readSecTag(frame: Uint8Array): SecTagResult {
  if (frame.length < TAG_OFFSET + 2 || !sectag.isMacsec(frame, TAG_OFFSET)) {
    return { ok: false, failure: 'not-macsec' }
  }
  if (frame.length < TAG_OFFSET + sectag.SHORT_LENGTH) return invalid('truncated')
  const tciAn = sectag.tciAn(frame, TAG_OFFSET)
  const secureDataOffset = TAG_OFFSET + sectag.length(frame, TAG_OFFSET)
  const secureDataLength = frame.length - secureDataOffset - sectag.ICV_LENGTH
  if (secureDataLength < 2) return invalid('truncated')
  if ((tciAn & Tci.V) !== 0) return invalid('version')
  if ((tciAn & Tci.SC) !== 0 && (tciAn & (Tci.ES | Tci.SCB)) !== 0) return invalid('sci-bits')
  const encrypted = (tciAn & Tci.E) !== 0
  if (encrypted !== ((tciAn & Tci.C) !== 0)) return invalid('encryption-bits')
  const shortLength = sectag.shortLength(frame, TAG_OFFSET)
  if (shortLength > 0x3f) return invalid('short-length-bits')
  // Clause 9.7: below 48 octets SL says the length, otherwise it is 0.
  if (shortLength !== sectag.shortLengthOf(secureDataLength)) return invalid('short-length')
  const pn = sectag.pn(frame, TAG_OFFSET)
  if (pn === 0) return invalid('packet-number')
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
}

/** Result of {@link open}. */
export type OpenResult =
  | {
      readonly ok: true
      /** The frame as it was before it was sealed. */
      readonly frame: Uint8Array
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
  const { frame, sak } = request
  const parsed = readSecTag(frame)
  if (!parsed.ok) return parsed
  const { an, pn, encrypted, secureDataOffset, secureDataLength } = parsed.tag
  const sci = parsed.tag.sci ?? request.sci
  if (sci === undefined) return { ok: false, failure: 'sci-unknown' }

  const end = secureDataOffset + secureDataLength
  const opened = new Uint8Array(TAG_OFFSET + secureDataLength)
  opened.set(frame.subarray(0, TAG_OFFSET))
  const decipher = createDecipheriv(CIPHER, sak, ivOf(sci, pn))
  decipher.setAuthTag(frame.subarray(end, end + sectag.ICV_LENGTH))
  decipher.setAAD(frame.subarray(0, encrypted ? secureDataOffset : end))
  opened.set(
    encrypted
      ? decipher.update(frame.subarray(secureDataOffset, end))
      : frame.subarray(secureDataOffset, end),
    TAG_OFFSET,
  )
  if (!authentic(decipher)) return { ok: false, failure: 'icv' }
  return { ok: true, frame: opened, pn, an, sci, encrypted }
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
