/**
 * Topology files of containerlab: read, explained, written.
 *
 * @module
 */
export { KERNEL_KINDS } from './check.js'
export { effectiveNode } from './effective.js'
export { longLink } from './links.js'
export { formatTopologyProblem } from './problem.js'
export { readTopology } from './read.js'
export { writeTopology } from './write.js'
