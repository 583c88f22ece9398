/**
 * `ztos schema`.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../lab/paths.js'
import { ExitStatus } from '../../record/exit-status.js'
import type { Run } from '../invocation.js'

/** Files are named after these and their version: `fabric-1.json`. */
const stems = {
  fabric: 'fabric',
  plan: 'plan',
  program: 'node-program',
  control: 'engine-request',
  mapping: 'vni-mapping',
  topology: 'lab-topology',
} as const

export const run: Run<'schema'> = ({ arguments: { name } }) => {
  const octets = readFileSync(schemaFile(stems[name ?? 'fabric']))
  return { exit: ExitStatus.Holds, json: () => new Uint8Array(octets), text: () => octets.toString('utf8') }
}

/** The newest version of a schema: in `contract/schema/` of a checkout, in `schema/` of a package. */
function schemaFile(stem: string): string {
  for (const folder of ['contract/schema', 'schema'].map((name) => path.join(packageRoot(), name))) {
    const versions = listed(folder)
      .map((name) => new RegExp(`^${stem}-(\\d+)\\.json$`).exec(name)?.[1])
      .filter((version) => version !== undefined)
      .map(Number)
    if (versions.length > 0) return path.join(folder, `${stem}-${Math.max(...versions)}.json`)
  }
  throw new TypeError(`the package lacks the schema ${stem}`)
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
