/**
 * A frame that is sealed when somebody looks. The packet number is assigned when it is sent (MACSEC-7), so the octets
 * are the same whenever they are computed.
 *
 * @module
 */
import { seal, type Sak } from '../packet/macsec.js'
import type { Sci } from '../packet/sectag.js'

/** Octets that sealing adds: SecTAG with SCI, and ICV. */
const SEAL_OVERHEAD = 32

/** Who sealed: what tag and IV are made of, and with which key. */
export interface Sealer {
  readonly sci: Sci
  readonly an: number
  readonly sak: Sak
}

/** A sealed frame, computed on first use. */
export class SealedFrame {
  private bytes: Uint8Array | undefined

  constructor(
    /** The frame before it was sealed. */
    readonly clear: Uint8Array,
    readonly sealer: Sealer,
    /** Packet number, 1 to 2^32-1. */
    readonly pn: number,
  ) {}

  /** Octets on the wire. */
  get length(): number {
    return this.clear.length + SEAL_OVERHEAD
  }

  /** The octets on the wire (MACSEC-7). */
  get frame(): Uint8Array {
    this.bytes ??= seal({
      frame: this.clear,
      sak: this.sealer.sak,
      sci: this.sealer.sci,
      an: this.sealer.an,
      pn: this.pn,
    })
    return this.bytes
  }
}
