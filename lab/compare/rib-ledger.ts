/**
 * What is known to differ between the simulated control plane and the daemons of a lab, each with its reason. Strict: an entry that
 * explains nothing any more fails the suite that reads this.
 *
 * @module
 */
import type { LedgerEntry } from './rib.js'

export const ribLedger: readonly LedgerEntry[] = []
