/**
 * Findings: one sentence, the invariant, and a frame to show.
 *
 * @module
 */
import type { InvariantId } from '../../record/invariants.js'
import type { Finding } from '../../record/verdict.js'
import { explainFrame, toHex } from '../../twin/packet/index.js'

/** What a finding may say besides its sentence. */
export interface FindingDetail {
  readonly node?: string
  readonly link?: string
  readonly fate?: string
  readonly clause?: string
  /** The frame to show. */
  readonly frame?: Uint8Array
}

/** Makes a finding. */
export function finding(invariant: InvariantId, message: string, detail: FindingDetail = {}): Finding {
  const { frame, ...rest } = detail
  return {
    invariant,
    message,
    ...rest,
    ...(frame === undefined ? {} : { frame: toHex(frame), decoded: explainFrame(frame).split('\n') }),
  }
}

/** What a judge of frames says. */
export interface Report {
  readonly findings: readonly Finding[]
  /** Frames looked at. */
  readonly judged: number
  /** Honest frames that arrived as they should. */
  readonly delivered: number
}

/** Several reports in one. */
export function mergeReports(reports: readonly Report[]): Report {
  return {
    findings: reports.flatMap(({ findings }) => findings),
    judged: reports.reduce((sum, { judged }) => sum + judged, 0),
    delivered: reports.reduce((sum, { delivered }) => sum + delivered, 0),
  }
}
