/**
 * What still holds of the one masked field: within an SA packet numbers rise strictly and are never used again (MACSEC-7).
 *
 * @module
 */

export class PacketNumbers {
  private readonly highest = new Map<string, bigint>()

  /** Takes note of a frame that the SA's owner sent, in the order of the wire. @returns what is wrong, if anything */
  see(association: string, number: bigint): string | undefined {
    const before = this.highest.get(association) ?? 0n
    if (number > before) {
      this.highest.set(association, number)
      return undefined
    }
    return number === before
      ? `packet number ${number} was used twice`
      : `packet number ${number} came after ${before}`
  }
}
