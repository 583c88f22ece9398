/**
 * The programs of a lab that are JavaScript, and how they are started (`tools/lib/programs.mjs` makes them).
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { LabError } from './errors.js'
import { packageRoot } from './paths.js'

/**
 * V8's. Most of what an agent makes lives shortly: room for it at once, MiB, saves the collector's work while tables fill. And what runs a few
 * hundred times while a lab comes up is not worth optimized code: V8 makes it some nine times later than by itself, octets of bytecode.
 * Programs are compiled for these when they are built.
 */
export const PROGRAM_FLAGS = ['--min-semi-space-size=16', '--interrupt-budget=600000'] as const

/** The beginning of its command line. @throws LabError `ZT_LAB_MISSING` */
export function programCommand(name: 'labd' | 'agents'): readonly string[] {
  const folder = path.join(packageRoot(), 'dist', 'programs')
  const file = path.join(folder, `${name}.cjs`)
  if (!existsSync(file)) {
    throw new LabError('ZT_LAB_MISSING', `the program ${name} is not built: ${file} does not exist`, {
      remedy: 'run `make build`',
    })
  }
  return [process.execPath, ...PROGRAM_FLAGS, path.join(folder, 'start.cjs'), name]
}
