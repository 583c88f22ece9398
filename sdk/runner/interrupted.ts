/**
 * Being stopped.
 *
 * @module
 */
import { interrupted } from '../errors.js'

/** @throws SdkError `ZT_INTERRUPTED` when the signal came */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted()
}
