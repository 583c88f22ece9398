/**
 * Failures for people: the findings, the frame decoded, and what the twin says happened to it.
 *
 * @module
 */
import type { Fault } from '../../record/target.js'
import type { Finding } from '../../record/verdict.js'
import { describeFault } from '../faults.js'
import type { Seen, Sent } from '../seen.js'
import { blameWalk } from './blame-walk.js'
import { explainFrame, toHex } from '../../twin/packet/index.js'

/** Findings shown in a message; all are in the run record. */
const SHOWN = 3

/** The frame that findings speak of, found by its label; else the first hostile or undelivered one. */
export function accused(
  seens: readonly Seen[],
  findings: readonly Finding[],
): { readonly seen: Seen; readonly sent: Sent } | undefined {
  const all = seens.toReversed().flatMap((seen) => seen.sent.map((sent) => ({ seen, sent })))
  for (const { message } of findings) {
    // A finding of a `survive` names what was broken and the intent first.
    const found = all.find(
      ({ sent: { frame } }) => message.startsWith(`${frame.label}:`) || message.includes(`: ${frame.label}:`),
    )
    if (found !== undefined) return found
  }
  return all.find(({ sent }) => !sent.control)
}

/** `host shop/web1`, `link leaf1--spine1 towards leaf1`. */
function placeOf({ frame }: Sent): string {
  return 'host' in frame.at ? `host ${frame.at.host}` : `link ${frame.at.link} towards ${frame.at.to}`
}

/** A sent frame as the run record keeps it. */
export function recordedFrame(sent: Sent) {
  return {
    trace: sent.trace,
    at: placeOf(sent),
    frame: toHex(sent.bytes),
    decoded: explainFrame(sent.bytes).split('\n'),
  }
}

/** Findings as text. */
export function describeFindings(findings: readonly Finding[]): readonly string[] {
  const lines = findings
    .slice(0, SHOWN)
    .flatMap(({ invariant, message, node, fate, decoded }) => [
      `${invariant}: ${message}${fate === undefined || node === undefined ? '' : ` (${node}: ${fate})`}`,
      ...(decoded ?? []).map((line) => `    ${line}`),
    ])
  return findings.length > SHOWN ? [...lines, `... and ${findings.length - SHOWN} more`] : lines
}

/** The twin's word on a frame: the whole walk, and the way to what the finding is about. */
export interface Blame {
  readonly full: readonly string[]
  readonly short: readonly string[]
}

/** The twin's walk of a frame; where there is none to be had it says so, for blame must not hide the failure itself. */
export function blameOf(
  frame: { readonly seen: Seen; readonly sent: Sent } | undefined,
  findings: readonly Finding[],
): Blame {
  if (frame === undefined) return { full: [], short: [] }
  try {
    const walked = frame.seen.source.walk(frame.sent)
    const hosts = frame.seen.arrivalsOf(frame.sent).map(({ host }) => host)
    const text = findings.map(({ message }) => message).join(' ')
    const { full, short } = blameWalk(
      walked,
      hosts.find((host) => text.includes(`received by ${host}`)) ?? hosts.find((host) => text.includes(host)),
    )
    const broken = brokenLines(walked.broken)
    return { full: [...broken, ...full], short: [...broken, ...short] }
  } catch (error) {
    const line = `(the twin has no walk for this frame: ${error instanceof Error ? error.message : String(error)})`
    return { full: [line], short: [line] }
  }
}

/** What was broken when the frame was sent: without it a walk would explain the fabric as it was before. */
function brokenLines(broken: readonly Fault[]): readonly string[] {
  return broken.length === 0 ? [] : [`broken meanwhile: ${broken.map(describeFault).join(', ')}`]
}

/** Blame as text. */
export function describeBlame({ short }: Blame): readonly string[] {
  return short.length === 0
    ? []
    : ['what the twin says, by clause and entry:', ...short.map((line) => `  ${line}`)]
}
