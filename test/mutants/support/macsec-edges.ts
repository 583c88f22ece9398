/**
 * Cases at edges of MACsec: frames that come late where nobody drops them, and what is left of them when somebody does again.
 *
 * @module
 */
import type { MacsecInterface } from '../../../contract/program.js'
import { Tci } from '../../../twin/packet/sectag.js'
import type { Case } from '../../differential/machine/cases.js'
import { KEYS } from '../../machine/support/bench.js'
import { programOf, sealed, SUITES, type Suite } from '../../machine/support/macsec.js'

/** The sealed port, and how far behind the greatest a packet number may be. */
const PORT = 3
const WINDOW = 4

/** Every edge case by name. */
export function* macsecEdgeCases(): Generator<readonly [string, Case]> {
  for (const suite of SUITES) {
    yield [`${suite}: late frames that are let through`, caseOf(suite, [20, 5, 15, 16, 21, 12])]
    yield [
      `${suite}: a late frame, and then the window counts again`,
      caseOf(suite, [20, 6], [9, 16, 17, 30, 25, 26]),
    ]
    yield [
      `${suite}: mode disabled, which learns nothing from a right frame that is not changed`,
      unchanged(suite, [20, 5]),
    ]
  }
}

/** Packet numbers of frames that are only protected, where nobody looks. */
function unchanged(suite: Suite, numbers: readonly number[]): Case {
  const program = programOf(suite, { mode: 'disabled', replayWindow: WINDOW, replayProtect: true })
  const frames = numbers.map((pn) => ({
    kind: 'frame' as const,
    now: 0n,
    interface: PORT,
    frame: sealed(suite, pn, { tci: Tci.SC }),
  }))
  return { keys: KEYS, inputs: [{ kind: 'load', now: 0n, program }, ...frames] }
}

/** Packet numbers without replay protection, then with it. */
function caseOf(suite: Suite, unprotected: readonly number[], protecting: readonly number[] = []): Case {
  const program = (more: Partial<MacsecInterface>) => ({
    kind: 'load' as const,
    now: 0n,
    program: programOf(suite, { replayWindow: WINDOW, ...more }),
  })
  const frame = (pn: number) => ({
    kind: 'frame' as const,
    now: 0n,
    interface: PORT,
    frame: sealed(suite, pn),
  })
  return {
    keys: KEYS,
    inputs: [
      program({ replayProtect: false }),
      ...unprotected.map(frame),
      ...(protecting.length === 0 ? [] : [program({}), ...protecting.map(frame)]),
    ],
  }
}
