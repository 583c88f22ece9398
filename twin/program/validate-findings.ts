/**
 * What can be wrong with a NodeProgram whose shape is right.
 *
 * @module
 */

import type { VxlanInterface } from '../../contract/program.js'
import { isIpv6, parseIp } from '../packet/index.js'

/** Stable codes. */
export type ProgramProblemCode =
  /** An id or name is used twice, or ids do not ascend. */
  | 'ZT_PROGRAM_DUPLICATE'
  /** An id names nothing. */
  | 'ZT_PROGRAM_REFERENCE'
  /** An interface of the wrong kind, or one stacked where it cannot be. */
  | 'ZT_PROGRAM_STACK'
  /** An address, prefix or MAC that cannot be there. */
  | 'ZT_PROGRAM_ADDRESS'
  /** What is above does not fit what is below. */
  | 'ZT_PROGRAM_MTU'
  /** What a cipher suite does not have. */
  | 'ZT_PROGRAM_SUITE'
  /** A route that says nothing, or several things. */
  | 'ZT_PROGRAM_ROUTE'

export interface ProgramProblem {
  readonly code: ProgramProblemCode
  /** `interfaces[3].bridge`. */
  readonly path: string
  readonly message: string
}

/** Collects problems and knows what was seen before. */
export class Findings {
  readonly problems: ProgramProblem[] = []

  add(code: ProgramProblemCode, path: string, message: string): void {
    this.problems.push({ code, path, message })
  }

  /** A check of uniqueness: a function that complains of the second use of a key. */
  unique(what: string): (key: string | number, path: string) => void {
    const seen = new Map<string | number, string>()
    return (key, path) => {
      const first = seen.get(key)
      if (first === undefined) seen.set(key, path)
      else this.add('ZT_PROGRAM_DUPLICATE', path, `${what} ${key} is already at ${first}`)
    }
  }
}

/** Another VTEP of the same family. */
export function checkRemote(item: VxlanInterface, address: string, path: string, findings: Findings): void {
  const same = isIpv6(parseIp(address)) === isIpv6(parseIp(item.local))
  if (same && address !== item.local) return
  findings.add('ZT_PROGRAM_ADDRESS', path, `${address} is no remote for a VTEP at ${item.local}`)
}
