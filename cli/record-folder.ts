/**
 * Run records as they are named on a command line.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { listRecords } from '../record/load-record.js'
import { CliError } from './errors.js'
import { named } from './names.js'

/**
 * The folder of a record.
 *
 * @param run an id below `runs`, or a folder; the newest record below `runs` unless given
 * @throws CliError `ZT_CLI_NAME`, `ZT_CLI_INPUT` when there is none
 */
export async function recordFolder(run: string | undefined, runs: string): Promise<string> {
  const ids = await listRecords(runs)
  if (run !== undefined) {
    if (run.includes(path.sep) || run === '.' || (!ids.includes(run) && existsSync(run))) return run
    return path.join(
      runs,
      named('run', run, ids, (id) => id, runs),
    )
  }
  const newest = ids.at(-1)
  if (newest !== undefined) return path.join(runs, newest)
  throw new CliError('ZT_CLI_INPUT', 'there is no run record', {
    where: runs,
    remedy: 'make one with `ztos verify FILE`, or name its folder with --runs',
  })
}
