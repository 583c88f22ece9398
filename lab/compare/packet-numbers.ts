/**
 * What still holds of the one masked field: within an SA packet numbers rise strictly and are never used again (MACSEC-7).
 *
 * @module
 */

/** The packet number of a frame, or its session's counter. */
export interface Numbered {
  /** The association or session, and where it was seen. */
  readonly sa: string
  readonly pn: bigint
  /** Seen where it was sent: frames are in the order of sending, and whichever way they take, by this name no number is used again. */
  readonly sent?: string
}

export class PacketNumbers {
  private readonly highest = new Map<string, bigint>()
  private readonly used = new Map<string, Set<bigint>>()

  /** Takes note of a frame that the SA's owner sent, in the order of the wire. @returns what is wrong, if anything */
  see({ sa, pn, sent }: Numbered): string | undefined {
    // Farther on frames of several ways meet, which may have overtaken each other. In order of sending nothing need be remembered.
    if (sent !== sa && this.isUsed(sent ?? sa, pn)) return `packet number ${pn} was used twice`
    if (sent === undefined) return undefined
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
