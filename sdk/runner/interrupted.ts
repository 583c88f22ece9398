/**
 * Being stopped.
 *
 * @module
 */
import { SdkError } from '../errors.js'

/** The error of a run that a signal stopped. */
export function interrupted(): SdkError {
  return new SdkError('ZT_INTERRUPTED', 'stopped by a signal', {
    remedy: 'nothing is left behind: what was up has been taken down, and no record was written',
  })
}

/** @throws SdkError `ZT_INTERRUPTED` when the signal came */
export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted()
}
