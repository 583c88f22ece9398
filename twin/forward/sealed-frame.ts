/**
 * A frame that is sealed when somebody looks. The packet number is assigned when it is sent (MACSEC-7), so the octets
 * are the same whenever they are computed.
 *
 * @module
 */
import { readMac } from '../packet/address.js'
import { setU16 } from '../packet/bytes.js'
import { seal, type ConfidentialityOffset, type Sak, type SecTagInfo, type Xpn } from '../packet/macsec.js'
import { EtherType } from '../packet/ethernet.js'
import { ICV_LENGTH, LONG_LENGTH, sciOf, SHORT_LENGTH, Tci, type Sci } from '../packet/sectag.js'

import { whole } from './tunnelled-frame.js'

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
    /** The frame before it was sealed, something of it left out maybe. */
    readonly inside: Uint8Array,
    readonly sealer: Sealer,
    readonly pn: bigint,
  ) {}

  /** Octets on the wire. */
  get length(): number {
    return sealedLength(this.inside.length, this.sealer.tci)
  }

  /** The frame before it was sealed. */
  get clear(): Uint8Array {
    return whole(this.inside)
  }

  /** Its Ethernet header. */
  get header(): Uint8Array {
    const header = new Uint8Array(ADDRESSES + 2)
    header.set(this.inside.subarray(0, ADDRESSES))
    setU16(header, ADDRESSES, EtherType.MACSEC)
    return header
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
      sci: (tci & Tci.SC) !== 0 ? sci : (tci & Tci.ES) !== 0 ? sciOf(readMac(this.inside, 6), 1) : undefined,
      encrypted: (tci & Tci.E) !== 0,
      secureDataOffset: ADDRESSES + tagLength(tci),
      secureDataLength: this.inside.length - ADDRESSES,
    }
  }

  /** Whether its ICV is right for a receive SA: key, IV, and what is encrypted are those that it was sealed with. */
  opensWith({ sci, key, xpn, pn, offset }: Opener): boolean {
    const { sealer } = this
    if (!sameKey(key, sealer.key)) return false
    const sameIv = xpn === undefined ? sci === sealer.sci : xpn.ssci === sealer.xpn?.ssci && pn === this.pn
    if (!sameIv || (sealer.tci & Tci.E) === 0) return sameIv
    const length = this.inside.length - ADDRESSES
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
