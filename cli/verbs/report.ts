/**
 * `ztos report`.
 *
 * @module
 */
import path from 'node:path'
import { ExitStatus } from '../../record/exit-status.js'
import { loadRecord } from '../../record/load-record.js'
import { renderReports } from '../../reports/index.js'
import type { Run } from '../invocation.js'
import { makeFolder, writeOutput } from '../output-file.js'
import { recordFolder } from '../record-folder.js'

export const run: Run<'report'> = async ({ arguments: { run: named }, options }) => {
  const record = await loadRecord(await recordFolder(named, options.runs))
  const folder = options.out ?? record.directory
  if (options.out !== undefined) makeFolder(folder)
  const files = Object.entries(renderReports(record)).map(([name, content]) => {
    const file = path.join(folder, name)
    writeOutput(file, content)
    return file
  })
  const { id, exit: status } = record.verification
  return {
    exit: ExitStatus.Holds,
    json: () => ({ format: 'ztos-report', version: 1, run: id, status, files }),
    text: () => files.map((file) => `${file}\n`).join(''),
  }
}
