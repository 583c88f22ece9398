/**
 * Suites on a target that is there.
 *
 * @module
 */
import { ExitStatus } from '../../record/exit-status.js'
import { SdkError } from '../errors.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { macsecSuite } from './macsec.js'
import { runSealSuite } from './sealed-links.js'
import type { Sheet } from './sheet.js'
import { runVxlanSuite, tunnelsOf } from './vxlan.js'
import { wireguardSuite } from './wireguard.js'

/** What is tested. */
export type SuiteName = 'wireguard' | 'macsec' | 'vxlan'

/** What a suite found. */
export interface SuiteFindings extends Sheet {
  readonly exit: ExitStatus
  /** What a reader must know besides. */
  readonly notes: readonly string[]
}

/** Runs a suite on a target. @throws SdkError `ZT_NOTHING` when its fabric has nothing of the kind */
export async function runSuite(
  target: ScenarioTarget,
  suite: SuiteName,
  say: (text: string) => void = () => undefined,
): Promise<SuiteFindings> {
  const found = await sheetOf(target, suite, say)
  return { ...found, exit: exitOf(found) }
}

async function sheetOf(target: ScenarioTarget, suite: SuiteName, say: (text: string) => void) {
  if (suite === 'vxlan') {
    const tunnels = tunnelsOf(target.fabric)
    if (tunnels.length === 0) throw nothingToTest(target.fabric.name, suite)
    return runVxlanSuite(target, tunnels, say)
  }
  const of = suite === 'macsec' ? macsecSuite(target) : wireguardSuite(target)
  if (of.links.length + of.tunnels.length === 0) throw nothingToTest(target.fabric.name, suite)
  return runSealSuite(target, of, say)
}

/** A fabric that has nothing of what a suite is about. */
export function nothingToTest(fabric: string, suite: SuiteName): SdkError {
  const what =
    suite === 'vxlan'
      ? 'no network that is on several leaves, and no VRF'
      : `no link and no tunnel sealed by ${suite}`
  return new SdkError('ZT_NOTHING', `${fabric} has ${what}: there is nothing to test`, {
    remedy: 'name another fabric file, or another suite',
  })
}

/** What a sheet comes to. */
export function exitOf({ rows, reasons }: Sheet): ExitStatus {
  if (reasons.length > 0) return ExitStatus.Violated
  const cells = rows.flatMap((row) => Object.values(row.cells))
  return cells.some(({ judgement }) => judgement === 'unjudged') ? ExitStatus.Unjudged : ExitStatus.Holds
}
