/**
 * Labs: fabrics made of real namespaces, links and engines on this host.
 *
 * ```ts
 * const lab = await labUp(plan, { keysSeed })
 * const target = await lab.target({ ownsLab: true })
 * const seen = await target.send(frames)
 * await target.close()
 * ```
 *
 * @module
 */
export { attach, labDown, labDownAll, labUp, listLabs } from './up.js'
export type { LabDownOptions, LabDownResult, LabProgress, LabUpOptions } from './up.js'
export { labApply, type ApplyOptions } from './apply.js'
export type { Effect, EffectName, LabChange, LabChanges } from './apply/changes.js'
export type { CaptureOptions, ExecOptions, ExecResult, Lab, LabProcesses, Rotated } from './lab.js'
export type { LabTargetOptions } from './target.js'
export type { LabListing, LabState } from './state.js'
export { epochsOf, type SealState } from './epochs.js'
export {
  rotateKeys,
  rotateLab,
  type RotateLabOptions,
  type RotateOptions,
  type RotationOutcome,
} from './rotate.js'
export { RotationTraffic, type Measured, type RotationLoss } from './rotation-traffic.js'
export { checkKeySources } from './keys/resolve.js'
export { LabError, type LabErrorCode } from './errors.js'
export { MAX_LINK_MTU } from './netns/wiring.js'
export { FabricComparer, type FabricComparison, type FabricDifference } from './compare/fabric.js'
export { compareNodes, type NodeComparison } from './compare/node.js'
export { masks, masksOf, type Mask } from './compare/masks.js'
export { wireguardDump, wireguardState, wireguardStateOf, type WireguardState } from './wireguard-state.js'
export { untracedKinds, type UntracedKind } from './compare/untraced.js'
