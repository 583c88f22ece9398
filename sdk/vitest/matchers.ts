/**
 * Matchers: each judges what was seen, as data first (pass, expected, actual, findings), text second.
 *
 * @module
 */
import { expect as vitestExpect } from 'vitest'
import type { Assertion, ExpectStatic } from 'vitest'
import { judge } from '../../record/judge.js'
import type { Evidence } from '../../record/judge.js'
import type { Finding, Verdict } from '../../record/verdict.js'
import { tenantOf } from '../fabric-view.js'
import type { TenantArgument } from '../fabric-view.js'
import { SdkError } from '../errors.js'
import { judgeAgreement } from '../judge/agreement.js'
import { judgeAnswers } from '../judge/answer.js'
import { judgeDelivery } from '../judge/delivery.js'
import { judgeFates } from '../judge/fate.js'
import type { Report } from '../judge/finding.js'
import { judgeIntent } from '../judge/intent.js'
import { deliveredOf, judgeIsolation } from '../judge/isolation.js'
import { judgeFlowPaths, judgeLearned, judgeOuter } from '../judge/outer.js'
import { judgeSeal, type SealKind } from '../judge/seal.js'
import { vacuous } from '../ledger.js'
import type { Asked, Ledger } from '../ledger.js'
import { ScenarioTarget } from '../scenario-target.js'
import { Seen } from '../seen.js'
import { describeFlow } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { accused, blameOf, describeBlame, describeFindings } from './blame.js'

/** What a matcher found, as it is on the error that it throws. */
export interface MatcherData {
  readonly verdict: Verdict
  readonly findings: readonly Finding[]
}

/** Judges what was seen of a send. All are asynchronous: one that is not awaited fails the test (`ZT_VACUOUS`). */
export interface SeenMatchers {
  /** Every frame of the flows (of all that was sent, unless given) arrived once, as the plan says. */
  toReach(flows?: Flow | readonly Flow[]): Promise<void>
  /** Between leaves frames have the VNI of the plan, and go from one of its VTEPs to another. */
  toBeTunnelled(): Promise<void>
  /** Neither tenant heard the other, at its hosts or in its VNIs; both must have heard their own. */
  toIsolate(a: TenantArgument, b: TenantArgument): Promise<void>
  /** Every frame captured on the links opens with the planned key, and nothing of the traffic can be read. */
  toBeSealed(options?: { readonly by?: SealKind }): Promise<void>
  /** The twin, sent the same frames, sees the same arrivals and the same frames on every link. */
  toAgreeWithTwin(): Promise<void>
  /** Hostile frames reached nobody, and a node said why, for the expected reason. */
  toDrop(options?: { readonly fate?: string }): Promise<void>
  /** Questions to gateways, and packets about which they report, were answered by the very frame that is due. */
  toAnswer(): Promise<void>
  /** Between hosts that had spoken, no frame was seen by a third, and each flow kept to one path. */
  toBeLearned(): Promise<void>
}

/** Judges the fabric itself. */
export interface TargetMatchers {
  /** An intent of the fabric file, by name. One that cannot be judged here skips the test, with the reason. */
  toSatisfy(intent: string): Promise<void>
}

/** `expect` with the matchers that fit what it is given. */
export interface ScenarioExpect {
  (actual: Seen, message?: string): SeenMatchers & { readonly not: SeenMatchers }
  (actual: ScenarioTarget, message?: string): TargetMatchers & { readonly not: TargetMatchers }
  <T>(actual: T, message?: string): Assertion<T>
}

/** vitest's `expect`, knowing scenarios. */
export const expect = vitestExpect as ScenarioExpect & ExpectStatic

interface Outcome {
  readonly pass: boolean
  readonly message: () => string
  readonly expected?: unknown
  readonly actual?: unknown
  readonly meta?: MatcherData
}

/** Names by which a promise is waited for. */
const waiting: ReadonlySet<string | symbol> = new Set(['then', 'catch', 'finally'])

/** A promise that notes in the ledger that somebody waits for it. */
function awaitable<T>(promise: Promise<T>, asked: Asked): Promise<T> {
  return new Proxy(promise, {
    get(target, name) {
      if (waiting.has(name)) asked.awaited = true
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/**
 * What a matcher hands to vitest, which calls `then` once to make an error of the outcome; what that gives is handed to the
 * test, and is what must be awaited.
 */
function answer(outcome: Promise<Outcome>, asked: Asked): Promise<Outcome> {
  return new Proxy(outcome, {
    get(target, name) {
      if (name === 'then') {
        return (...handlers: Parameters<typeof target.then>) => awaitable(target.then(...handlers), asked)
      }
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Evidence of a matcher, before it has a name. */
type Found = Report & { readonly expected: string }

/** Judges what was seen, and keeps count. */
async function outcomeOf(matcher: string, seen: Seen, find: () => Promise<Found> | Found): Promise<Outcome> {
  const { expected, ...report } = await find()
  const { ledger } = seen.source
  ledger.looked(matcher, report.judged)
  if (report.judged === 0 && report.findings.length === 0) {
    // A case of a property may have no frame of the kind; that none has is found out when the test ends.
    return { pass: true, message: () => `${matcher} had no frame to look at`, expected, actual: expected }
  }
  const evidence: Evidence = {
    name: matcher,
    kind: 'scenario',
    by: seen.observation.by,
    judged: report.judged,
    controls: report.delivered,
    findings: report.findings,
  }
  return settle(ledger, judge(evidence), expected, [seen])
}

function settle(ledger: Ledger, verdict: Verdict, expected: string, seens: readonly Seen[]): Outcome {
  if (verdict.judgement === 'unjudged') {
    throw vacuous(
      `${verdict.name} judged nothing: ${verdict.reason ?? 'no reason given'}`,
      'send honest traffic beside what is judged: flows, or { control: [tenants] }',
    )
  }
  const pass = verdict.judgement === 'holds'
  if (!pass) ledger.findings = verdict.findings
  return {
    pass,
    message: () => describe(verdict, expected, seens),
    expected,
    actual: pass
      ? expected
      : verdict.findings.map(({ invariant, message }) => `${invariant}: ${message}`).join('\n'),
    meta: { verdict, findings: verdict.findings },
  }
}

function describe(verdict: Verdict, expected: string, seens: readonly Seen[]): string {
  if (verdict.judgement === 'holds')
    return `${verdict.name} on ${verdict.by}: holds, and was expected not to: ${expected}`
  return [
    `${verdict.name} on ${verdict.by}: expected ${expected}`,
    ...describeFindings(verdict.findings),
    ...describeBlame(blameOf(accused(seens, verdict.findings), verdict.findings)),
  ].join('\n')
}

/** The received value, or an error that names what was given instead. */
function seenOf(matcher: string, received: unknown): Seen {
  if (received instanceof Seen) return received
  throw new SdkError('ZT_USAGE', `${matcher} judges what target.send returns`, {
    remedy: `write: const seen = await target.send(...); await expect(seen).${matcher}(...)`,
  })
}

/** A matcher about what was seen of a send. */
function onSeen<Arguments extends readonly unknown[]>(
  matcher: string,
  find: (seen: Seen, ...options: Arguments) => Promise<Found> | Found,
) {
  return (received: unknown, ...options: Arguments): Promise<Outcome> => {
    const seen = seenOf(matcher, received)
    const asked = seen.source.ledger.ask(matcher)
    return answer(
      outcomeOf(matcher, seen, async () => find(seen, ...options)),
      asked,
    )
  }
}

const toReach = onSeen('toReach', (seen, flows?: Flow | readonly Flow[]): Found => {
  const wanted =
    flows === undefined ? undefined : [flows].flat().map((one) => describeFlow({ ...one, count: 1 }))
  const which =
    wanted === undefined ? seen.sent : seen.sent.filter(({ frame }) => wanted.includes(frame.label))
  const missing = wanted?.find((label) => !which.some(({ frame }) => frame.label === label))
  if (missing !== undefined) {
    throw new SdkError('ZT_USAGE', `${missing} was not sent`, {
      remedy: 'judge the flows that were given to target.send',
    })
  }
  const report = judgeDelivery(seen, which)
  return { ...report, expected: 'every frame to arrive once, as the plan says' }
})

const toBeTunnelled = onSeen('toBeTunnelled', (seen): Found => {
  const judged = seen.readings().filter(({ tunnel }) => tunnel !== undefined).length
  return {
    findings: judgeOuter(seen),
    judged,
    delivered: judged,
    expected: 'every frame between leaves in a VNI of the plan, from a VTEP of it to another',
  }
})

const toIsolate = onSeen('toIsolate', (seen, first: TenantArgument, second: TenantArgument): Found => {
  const [a, b] = [tenantOf(first), tenantOf(second)]
  const report = judgeIsolation(seen, a, b)
  const silent = [a, b].find((tenant) => deliveredOf(seen, tenant) === 0)
  return {
    ...report,
    // One tenant that hears nothing at all makes silence worthless, however lively the other.
    delivered: silent === undefined ? report.delivered : 0,
    expected: `${a.name} and ${b.name} not to hear each other`,
  }
})

const toBeSealed = onSeen('toBeSealed', (seen, { by }: { readonly by?: SealKind } = {}): Found => {
  const report = judgeSeal(seen, by)
  // Whoever sends nothing over these links has had no frame to look at, whatever nodes say to each other there meanwhile (BGP, BFD, ND).
  const isOwn = report.delivered > 0 || report.findings.length > 0
  return {
    ...report,
    judged: isOwn ? report.judged : 0,
    expected: `every frame on these links sealed${by === undefined ? '' : ` by ${by}`}`,
  }
})

const toAgreeWithTwin = onSeen('toAgreeWithTwin', async (seen): Promise<Found> => {
  const report = await judgeAgreement(seen)
  const { ledger } = seen.source
  ledger.agreement ??= { compared: 0, findings: [] }
  ledger.agreement.compared += report.judged
  ledger.agreement.findings.push(...report.findings)
  // Agreeing that a frame arrives nowhere is agreeing; that the fabric was alive is asked of the whole test.
  return {
    ...report,
    delivered: report.judged,
    expected: 'the same arrivals and the same frames on every link as in the twin',
  }
})

const toDrop = onSeen('toDrop', (seen, options: { readonly fate?: string } = {}): Found => {
  const report = judgeFates(seen, options.fate)
  // That the fabric was alive is asked of the whole test.
  return {
    ...report,
    delivered: report.judged,
    expected: `hostile frames dropped${options.fate === undefined ? '' : ` as ${options.fate}`}`,
  }
})

const toAnswer = onSeen('toAnswer', (seen): Found => {
  const report = judgeAnswers(seen)
  // An answer that came is a sign of life as good as a frame that arrived.
  seen.source.ledger.controls += report.delivered
  return { ...report, expected: 'every question answered by the very frame that is due' }
})

const toBeLearned = onSeen('toBeLearned', (seen): Found => {
  const known = new Set(seen.source.fabric.hosts.map(({ id }) => id))
  const { judged, delivered } = judgeDelivery(seen)
  return {
    judged,
    delivered,
    findings: [...judgeLearned(seen, known), ...judgeFlowPaths(seen)],
    expected: 'frames between known hosts to be seen by nobody else',
  }
})

/** `toSatisfy` is vitest's own for anything but a fabric. */
function toSatisfy(received: unknown, wanted: unknown, message?: string): Outcome | Promise<Outcome> {
  if (!(received instanceof ScenarioTarget)) {
    if (typeof wanted !== 'function') throw new TypeError('toSatisfy takes a predicate')
    const pass = (wanted as (value: unknown) => unknown)(received) === true
    return {
      pass,
      message: () => message ?? `expected the value ${pass ? 'not ' : ''}to satisfy the predicate`,
    }
  }
  const asked = received.ledger.ask('toSatisfy')
  return answer(satisfaction(received, String(wanted)), asked)
}

async function satisfaction(target: ScenarioTarget, name: string): Promise<Outcome> {
  const intent = target.fabric.intent(name)
  const { ledger } = target
  const verdict = await judgeIntent(target, intent)
  ledger.verdicts.push(verdict)
  ledger.looked('toSatisfy', verdict.judged)
  ledger.controls += verdict.controls
  if (verdict.judgement === 'unjudged' && verdict.reason?.startsWith('ZT_VACUOUS') !== true) {
    ledger.cannotJudge(verdict.reason ?? 'no reason given')
  }
  return settle(ledger, verdict, `intent ${name} to hold`, target.sends)
}

/** Makes vitest's `expect` know the matchers; more than once does no harm. */
export function installMatchers(): void {
  vitestExpect.extend({
    toReach,
    toBeTunnelled,
    toIsolate,
    toBeSealed,
    toAgreeWithTwin,
    toDrop,
    toAnswer,
    toBeLearned,
    toSatisfy,
  })
}
