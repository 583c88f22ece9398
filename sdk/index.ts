/**
 * `ztos-twin`: the library. Fabric files, plans, the twin, labs, verdicts and run records; scenarios as vitest tests are in
 * `ztos-twin/vitest`.
 *
 * @example
 * ```ts
 * import { verify } from 'ztos-twin'
 *
 * const { exit, verdicts, directory } = await verify({ file: 'shop.fabric.yaml', on: ['twin'] })
 * for (const { name, combined } of verdicts) console.log(name, combined)
 * ```
 * @module
 */
export { Plan } from '../contract/plan.js'
export type { PlanHost, PlanIntent, PlanLink, PlanNetwork, PlanNode, PlanTenant } from '../contract/plan.js'
export { NodeProgram } from '../contract/program.js'

export type { FabricFile, VniMapping } from '../contract/fabric.js'

export {
  defineFabric,
  exportFabric,
  exportMapping,
  FabricError,
  formatProblem,
  importMapping,
  loadFabric,
  parseFabric,
  reviseFabric,
  writeFabric,
} from '../twin/model/index.js'
export type { Fabric, LoadOptions, LoadResult, Problem, ProblemCode } from '../twin/model/index.js'
export { compile, deriveKeys, planBytes, planDigest, SEED_LENGTH } from '../twin/program/index.js'
export {
  FabricNode,
  formatWalk,
  readJournal,
  replayJournal,
  trace,
  TwinFabric,
  walkToJson,
  walkToPcapng,
} from '../twin/forward/index.js'
export type { ReplayResult, Walk } from '../twin/forward/index.js'
export { twinTarget } from '../twin/target.js'
export * as packet from '../twin/packet/index.js'

export {
  attach,
  labApply,
  labDown,
  LabError,
  labUp,
  listLabs,
  wireguardDump,
  wireguardState,
} from '../lab/index.js'
export type { ApplyOptions, Lab, LabChange, LabChanges, LabUpOptions, WireguardState } from '../lab/index.js'
export { doctor, doctorText } from '../lab/doctor/index.js'

export type {
  Arrival,
  Fault,
  Injection,
  LatencyRequest,
  LatencySamples,
  NodeFate,
  Observation,
  SendOptions,
  Target,
  WireFrame,
} from '../record/target.js'
export type {
  CombinedVerdict,
  Finding,
  Interpreter,
  Judgement,
  LatencyFigures,
  Verdict,
} from '../record/verdict.js'
export { ExitStatus, exitMeanings } from '../record/exit-status.js'
export { invariants, type Invariant, type InvariantId } from '../record/invariants.js'
export { combine, judge } from '../record/judge.js'
export { listRecords, loadRecord, type RunRecord } from '../record/load-record.js'
export { RecordError } from '../record/errors.js'
export { renderHtml, renderJunit, renderMarkdown } from '../reports/index.js'

export { SdkError, type SdkErrorCode } from './errors.js'
export {
  viewOf,
  type FabricView,
  type Host,
  type Link,
  type Network,
  type Node,
  type Tenant,
} from './fabric-view.js'
export { judgeIntent } from './judge/intent.js'
export { ScenarioTarget, type ScenarioSendOptions, type Traffic } from './scenario-target.js'
export { Seen } from './seen.js'
export { openTarget } from './vitest/open-target.js'
export { verify, type VerifyOptions } from './verify.js'
export { run, type RunFilesOptions } from './run.js'
export { replay, type ReplayedFailure, type ReplayOptions, type ReplayOutcome } from './replay.js'
export type { RunOptions, RunProgress, RunResult } from './runner/session.js'
export type { TestOutcome } from './runner/drive.js'
