/**
 * What BGP and EVPN make of a fabric (`docs/control-plane.md`).
 *
 * @module
 */
export { baseTables } from './base-tables.js'
export { bgpControlPlane, simulatedNodes } from './bgp-control-plane.js'
export { describeDiagnosis, type ChosenPath, type Diagnosis } from './diagnosis.js'
export { announce, announcements, type Announcement } from './evpn-announce.js'
export { byTarget, type ImportedRoute, type Imports } from './evpn-choice.js'
export {
  formatEvpnKey,
  formatExtended,
  parseEvpnKey,
  readExtended,
  tryParseEvpnKey,
  tryParseExtended,
  type EvpnAttributes,
  type EvpnKey,
  type ExtendedCommunity,
} from './evpn-route.js'
export { desiredTables, tablesOfImports } from './evpn-tables.js'
export { announcedControl, type Down, type Withdrawal } from './down.js'
export { ControlPlaneError, type ControlPlaneErrorCode } from './errors.js'
export { forEachFailure, type FailedFabric, type Failure, type FailureSpace } from './failures.js'
export {
  NOTHING_ANNOUNCED,
  NOTHING_LEARNED,
  type Announced,
  type ControlNode,
  type EvpnBest,
  type EvpnPath,
  type Learned,
  type OwnRoute,
} from './node.js'
export type { Change, HostKnowledge, SimOptions, SimulatedNode } from './change.js'
export { ControlPlaneSim } from './sim.js'
export { sourceOf } from './rows.js'
export { simulate, type Converged } from './simulate.js'
export {
  changesBetween,
  digestTables,
  fdbPlace,
  hasSameTables,
  NO_TABLES,
  tablesFrom,
  type DynamicTables,
  type FdbEntry,
  type NeighbourEntry,
  type RouteEntry,
} from './tables.js'
