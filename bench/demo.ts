/**
 * The demo fabric, on which everything is measured.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Plan } from '../contract/plan.js'
import { formatProblem, loadFabric } from '../twin/model/index.js'
import { compile } from '../twin/compile.js'

/** The checkout: one folder up from sources and two from what is built. */
export const root = ['..', '../..']
  .map((up) => path.resolve(import.meta.dirname, up))
  .find((folder) => existsSync(path.join(folder, 'package.json')))!

export const demoFile = 'topologies/demo.yaml'

/** The plan of the demo fabric. */
export function demoPlan(): Plan {
  return planOfFile(demoFile)
}

/** @throws Error with every problem of the file, which is named from the checkout */
export function planOfFile(file: string): Plan {
  const { fabric, problems } = loadFabric(path.join(root, file))
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}
