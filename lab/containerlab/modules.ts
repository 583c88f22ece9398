/**
 * A kernel without loadable modules has no `/proc/modules`, and containerlab deploys nothing where it cannot open that. `ztos-netns modules` runs it so that
 * it finds an empty one: what it asks for is built in, or it finds out by itself. Nothing is mounted for that, and all else is as on the host.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { findBinary } from '../binaries.js'

/** @returns the command to run instead: the same one where the host has the file. @throws LabError `ZT_LAB_MISSING` when our own program is not built */
export function withModules(
  argv: readonly string[],
  isThere: boolean = existsSync('/proc/modules'),
): readonly string[] {
  return isThere ? argv : [findBinary('ztos-netns'), 'modules', ...argv]
}
