/**
 * The fabric machine in TypeScript: nodes, fabrics with hosts, journals and walks. Written from
 * `docs/fabric-machine.md` alone.
 *
 * @module
 */
export type { FabricControlPlane } from './control-plane.js'
export { ForwardError, JournalError, type ForwardErrorCode, type JournalErrorCode } from './errors.js'
export { TwinFabric } from './fabric.js'
export type {
  FabricArrival,
  FabricInjection,
  FabricObservation,
  FabricObserver,
  FabricOperation,
  FabricOptions,
  FabricSendOptions,
  FabricWireFrame,
} from './fabric-types.js'
export type { FabricDown, FabricFault } from './faults.js'
export { FATE_NAMES, fateCode, fateOfCode, type Fate } from './fate.js'
export { Host, type Reception } from './host.js'
export type {
  ClockInput,
  ControlInput,
  Effect,
  FateEffect,
  FrameInput,
  Input,
  Lineage,
  LoadInput,
  Nanoseconds,
  NeighbourInput,
  PuntEffect,
  PuntInput,
  TxEffect,
} from './input.js'
export {
  describeOutput,
  JournalWriter,
  readJournal,
  writeJournal,
  type Journal,
  type JournalEntry,
} from './journal.js'
export {
  readRecords,
  writeRecords,
  type JournalFile,
  type JournalRecord,
  type NewRecord,
} from './journal-record.js'
export type { Keys } from './keys.js'
export type { KnownMembership, LearnedMac, LearnedNeighbour, LearnedState } from './learned.js'
export { FabricNode, type NodeOptions, type NodeTables } from './node.js'
export {
  replayJournal,
  rerunJournal,
  type ReplayMismatch,
  type ReplayOptions,
  type ReplayResult,
} from './replay.js'
export type { SessionKeys } from './wireguard-tables.js'
export type { LazyFrame } from './tunnelled-frame.js'
export type { ClauseId, Step, Tracer } from './tracer.js'
export { formatWalk, walkToJson, walkToPcapng } from './walk-format.js'
export {
  trace,
  type Hop,
  type HostHop,
  type NodeHop,
  type Walk,
  type WalkEvent,
  type WalkFate,
  type WalkOptions,
  type WalkSent,
  type WalkStep,
} from './walk.js'
