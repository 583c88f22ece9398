/**
 * The table of mutants: the rows that each test file of the last run left in a part of its own.
 *
 * @module
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

/**
 * @typedef {{ mutant: string, family: string, site: string, on: string, state: import('./conformance.mjs').MutantState, killedBy: string[], note?: string }} Row
 */

/**
 * @param {string} results folder of the accounts
 * @returns {Row[]}
 */
export function readMutants(results) {
  const parts = path.join(results, 'mutants')
  if (!existsSync(parts)) return []
  return readdirSync(parts)
    .toSorted()
    .flatMap((part) => /** @type {Row[]} */ (JSON.parse(readFileSync(path.join(parts, part), 'utf8'))))
}
