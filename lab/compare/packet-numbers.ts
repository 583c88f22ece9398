/**
 * What still holds of the one masked field: within an SA packet numbers rise strictly and are never used again (MACSEC-7).
 *
 * @module
 */

/** The packet number of a frame, or its session's counter. */
export interface Numbered {
  /** The association or session, and where it was seen: frames of one place are in the order of sending. */
  readonly sa: string
  readonly pn: bigint
  /** The association, where it is seen for the first time on its way: whichever way it takes, no number is used again. */
  readonly once?: string
}

export class PacketNumbers {
  private readonly highest = new Map<string, bigint>()
  private readonly used = new Map<string, Set<bigint>>()

  /** Takes note of a frame that the SA's owner sent, in the order of the wire. @returns what is wrong, if anything */
  see({ sa, pn, once }: Numbered): string | undefined {
    if (once !== undefined && this.isUsed(once, pn)) return `packet number ${pn} was used twice`
    const before = this.highest.get(sa) ?? 0n
    if (pn > before) {
      this.highest.set(sa, pn)
      return undefined
    }
    return pn === before ? `packet number ${pn} was used twice` : `packet number ${pn} came after ${before}`
  }

  private isUsed(association: string, pn: bigint): boolean {
    const used = this.used.get(association) ?? new Set()
    if (used.has(pn)) return true
    this.used.set(association, used.add(pn))
    return false
  }
}
