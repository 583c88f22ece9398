/**
 * The fabric file: schema, places, lints, remedies.
 *
 * ```ts
 * const { fabric, problems } = loadFabric('topologies/demo.yaml')
 * if (problems) for (const problem of problems) console.error(formatProblem(problem))
 * ```
 *
 * @module
 */
export * from './fabric.js'
export { loadFabric, type LoadOptions } from './files.js'
export { parseFabric, type LoadResult } from './load.js'
export { compareNames, splitName } from './names.js'
export { FabricError, formatProblem, type Problem, type ProblemCode, type Severity } from './problem.js'
export type { Span } from './source.js'
export {
  innerOverhead,
  macsecOverhead,
  sealOverhead,
  VXLAN_OVERHEAD,
  WIREGUARD_OVERHEAD,
} from './overhead.js'
export { pairsOf, sealedPairs, vrfNodesOf, type SealedPair } from './tunnels.js'
export { carriedFamilies } from './read-policies.js'
export { defineFabric, DefinitionError } from './define.js'
export { exportFabric, exportMapping, importMapping } from './exchange.js'
export { reviseFabric, writeFabric } from './write.js'
