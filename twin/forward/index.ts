/**
 * The fabric machine in TypeScript: nodes, fabrics with hosts, journals and walks. Written from
 * `docs/fabric-machine.md` alone.
 *
 * @module
 */
export { ForwardError, JournalError, type ForwardErrorCode, type JournalErrorCode } from './errors.js'
export { FATE_NAMES, fateCode, fateOfCode, type Fate } from './fate.js'
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
export type { Keys } from './keys.js'
export { FabricNode, type NodeOptions } from './node.js'
export { SealedFrame } from './sealed-frame.js'
export type { ClauseId, Step, Tracer } from './tracer.js'
