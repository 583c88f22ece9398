/**
 * What every echo around the reference VM is filled with.
 *
 * @module
 */

/** 16 octets, as many as `ping -p` takes. */
export const CANARY = 'ztos-canary-7d1f'

/** Whether octets hold it. */
export function holdsCanary(octets: Uint8Array): boolean {
  return Buffer.from(octets).includes(CANARY)
}
