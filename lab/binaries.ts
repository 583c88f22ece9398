/**
 * Where the engine, the probe, the wire node and `ztos-netns` are: built in a checkout, shipped in a package.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { LabError } from './errors.js'
import { packageRoot } from './paths.js'

export type Binary = 'ztos-fpe' | 'ztos-probe' | 'ztos-wire' | 'ztos-netns'

/** @returns absolute name. @throws LabError `ZT_LAB_MISSING` */
export function findBinary(name: Binary, root: string = packageRoot()): string {
  const candidates = [
    path.join('dataplane', 'build', name),
    path.join('dist', 'bin', `${process.platform}-${process.arch}`, name),
  ]
  const found = candidates.map((candidate) => path.resolve(root, candidate)).find(existsSync)
  if (found !== undefined) return found
  throw new LabError(
    'ZT_LAB_MISSING',
    `${name} is not there: neither ${candidates.join(' nor ')} exists in ${root}`,
    {
      remedy: 'run `make build` in a checkout; a package for this platform brings it along',
    },
  )
}
