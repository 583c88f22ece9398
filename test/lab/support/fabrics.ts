/**
 * Fabrics for lab tests.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Plan } from '../../../contract/plan.js'
import { loadFabric, parseFabric } from '../../../twin/model/index.js'
import { compile } from '../../../twin/compile.js'

type Shipped =
  | 'demo'
  | 'demo-bgp'
  | 'demo-clear'
  | 'demo-stacked'
  | 'demo-v6'
  | 'demo-wireguard'
  | 'demo-wireguard-inside'
  | 'drained'
  | 'leaf-spine-16'
  | 'multi-tenant'
  | 'pop-anycast'
  | 'two-leaves'

/** The file of a shipped fabric. */
export function shippedFile(name: Shipped): string {
  return fileURLToPath(new URL(`../../../topologies/${name}.yaml`, import.meta.url))
}

/** A shipped fabric, compiled. */
export function shipped(name: Shipped): Plan {
  const file = shippedFile(name)
  const { fabric, problems } = loadFabric(file)
  if (fabric === undefined)
    throw new Error(`${file}: ${problems.map((problem) => JSON.stringify(problem)).join('; ')}`)
  return compile(fabric)
}

/** A fabric given as text, compiled. */
export function planOf(text: string): Plan {
  const { fabric, problems } = parseFabric(text, 'test.yaml')
  if (fabric === undefined) throw new Error(problems.map((problem) => JSON.stringify(problem)).join('; '))
  return compile(fabric)
}

/** Keys for one lab. */
export function newSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}
