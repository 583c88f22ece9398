/**
 * A frame that is sealed when somebody looks. The packet number is assigned when it is sent (MACSEC-7), so the octets
 * are the same whenever they are computed.
 *
 * @module
 */
import { readMac } from '../packet/address.js'
import { seal, type ConfidentialityOffset, type Sak, type SecTagInfo, type Xpn } from '../packet/macsec.js'
import { ICV_LENGTH, LONG_LENGTH, sciOf, SHORT_LENGTH, Tci, type Sci } from '../packet/sectag.js'

/** Octets of the addresses, in front of the SecTAG. */
const ADDRESSES = 12

/** Who sealed: what tag and IV are made of, and with which key. */
export interface Sealer {
  readonly sci: Sci
  readonly an: number
  /** As the key file has it, salt included: equal keys open what equal keys sealed. */
  readonly key: Sak
  readonly sak: Sak
  readonly xpn: Xpn | undefined
  readonly tci: number
  readonly offset: ConfidentialityOffset
}

/** With what a receive SA opens a frame. */
export interface Opener {
  readonly sci: Sci
  readonly key: Sak
  readonly xpn: Xpn | undefined
  /** Whole, of an XPN suite too. */
  readonly pn: bigint
  readonly offset: ConfidentialityOffset
}

/** A sealed frame, computed on first use. */
export class SealedFrame {
  private bytes: Uint8Array | undefined

  constructor(
    /** The frame before it was sealed. */
    readonly clear: Uint8Array,
    readonly sealer: Sealer,
    readonly pn: bigint,
  ) {}

  /** Octets on the wire. */
  get length(): number {
    return sealedLength(this.clear.length, this.sealer.tci)
  }

  /** The octets on the wire (MACSEC-7). */
  get frame(): Uint8Array {
    const { sak, sci, an, tci, offset, xpn } = this.sealer
    this.bytes ??= seal({ frame: this.clear, sak, sci, an, pn: this.pn, tci, offset, xpn })
    return this.bytes
  }

  /** What reading the SecTAG on the wire would give. */
  get tag(): SecTagInfo {
    const { an, tci, sci } = this.sealer
    return {
      tci,
      an,
      pn: Number(this.pn & 0xffff_ffffn),
      sci: (tci & Tci.SC) !== 0 ? sci : (tci & Tci.ES) !== 0 ? sciOf(readMac(this.clear, 6), 1) : undefined,
      encrypted: (tci & Tci.E) !== 0,
      secureDataOffset: ADDRESSES + tagLength(tci),
      secureDataLength: this.clear.length - ADDRESSES,
    }
  }

  /** Whether its ICV is right for a receive SA: key, IV, and what is encrypted are those that it was sealed with. */
  opensWith({ sci, key, xpn, pn, offset }: Opener): boolean {
    const { sealer } = this
    if (!sameKey(key, sealer.key)) return false
    const sameIv = xpn === undefined ? sci === sealer.sci : xpn.ssci === sealer.xpn?.ssci && pn === this.pn
    if (!sameIv || (sealer.tci & Tci.E) === 0) return sameIv
    const length = this.clear.length - ADDRESSES
    return Math.min(offset, length) === Math.min(sealer.offset, length)
  }
}

/** Octets of a frame when it is sealed. */
export function sealedLength(length: number, tci: number): number {
  return length + tagLength(tci) + ICV_LENGTH
}

function tagLength(tci: number): number {
  return (tci & Tci.SC) === 0 ? SHORT_LENGTH : LONG_LENGTH
}

function sameKey(a: Sak, b: Sak): boolean {
  return a === b || a.equals(b)
}
