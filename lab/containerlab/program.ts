/**
 * Where containerlab is: said by the user, on the PATH, or built by set-up for tests.
 *
 * @module
 */
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'
import { LabError } from '../errors.js'
import { packageRoot } from '../paths.js'

/** Names the program, if it is to be another than the one on the PATH. */
const CONTAINERLAB_VARIABLE = 'ZTOS_CONTAINERLAB'

/** @returns absolute name. @throws LabError `ZT_LAB_MISSING` */
export function findContainerlab(env: NodeJS.ProcessEnv = process.env, root: string = packageRoot()): string {
  const said = env[CONTAINERLAB_VARIABLE]
  if (said !== undefined && said !== '') {
    if (isProgram(said)) return path.resolve(said)
    throw new LabError('ZT_LAB_MISSING', `${CONTAINERLAB_VARIABLE} names ${said}, which is no program`, {
      remedy: `name containerlab there, or take ${CONTAINERLAB_VARIABLE} away`,
    })
  }
  const onPath = (env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, 'containerlab'))
  const found = [...onPath, path.join(root, 'build', 'containerlab', 'containerlab')].find(isProgram)
  if (found !== undefined) return path.resolve(found)
  throw new LabError('ZT_LAB_MISSING', 'containerlab is not there: neither on the PATH nor built', {
    remedy: `install containerlab 0.79 or later, name it in ${CONTAINERLAB_VARIABLE}, or run \`make setup\` in a checkout`,
  })
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    // Not there, or not to be run.
    return false
  }
}
