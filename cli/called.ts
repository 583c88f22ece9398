/**
 * How the command is called here, for lines that a person copies.
 *
 * @module
 */
import path from 'node:path'
import { packageRoot } from '../lab/paths.js'

/** `./ztos` in a checkout, `npx ztos` where the package is installed. */
export function calledAs(root: string = packageRoot(), cwd: string = process.cwd()): string {
  const normal = path.resolve(root)
  if (normal.split(path.sep).includes('node_modules')) return 'npx ztos'
  const script = path.relative(cwd, path.join(normal, 'ztos'))
  return script.startsWith('.') ? script : `./${script}`
}
