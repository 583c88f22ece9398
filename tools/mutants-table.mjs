#!/usr/bin/env node
/**
 * Makes `docs/mutants.md` from the table of the last run of the stages that have mutants. Generated fabrics differ from run to run
 * and are left out; what is in the page does not.
 *
 *     node tools/test.mjs mutants mutant-labs lab && node tools/mutants-table.mjs
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './lib/files.mjs'
import { readMutants } from './lib/mutant-table.mjs'

/** @typedef {import('./lib/mutant-table.mjs').Row} Row */

const table = readMutants(path.join(root, 'test-results')).filter(({ site }) => !site.startsWith('generated'))

/**
 * @template {object} T
 * @param {readonly T[]} items
 * @param {(item: T) => string} key
 * @returns {[string, T[]][]} in order of keys
 */
function grouped(items, key) {
  /** @type {Map<string, T[]>} */
  const groups = new Map()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}

const cell = (/** @type {string} */ text) => text.replaceAll('|', '\\|')
const count = (/** @type {readonly Row[]} */ rows, /** @type {string} */ state) =>
  rows.filter((row) => row.state === state).length

const lines = [
  '# Mutants',
  '',
  'What was made wrong, where, and whether it was found: made by `node tools/mutants-table.mjs` after `node tools/test.mjs mutants mutant-labs lab`.',
  'A survivor fails the stage. Generated fabrics are tried besides; they differ from run to run.',
]
for (const [family, rows] of grouped(table, (row) => row.family)) {
  lines.push(
    '',
    `## ${family}`,
    '',
    '| mutant | on | sites | found | equivalent | stays green |',
    '|---|---|---|---|---|---|',
  )
  for (const [name, sites] of grouped(rows, (row) => `${row.mutant} | ${row.on}`)) {
    const states = ['killed', 'equivalent', 'green'].map((state) => String(count(sites, state) || ''))
    lines.push(`| ${name} | ${sites.length} | ${states.join(' | ')} |`)
  }
}
lines.push(
  '',
  '## Equivalent mutants, with proof',
  '',
  '| mutant | site | why nobody can tell |',
  '|---|---|---|',
)
const equivalent = table.filter(({ state }) => state === 'equivalent')
for (const [, rows] of grouped(equivalent, (row) => `${row.mutant} ${row.site}`)) {
  const [row] = rows
  if (row !== undefined) lines.push(`| ${row.mutant} | ${cell(row.site)} | ${cell(row.note ?? '')} |`)
}
writeFileSync(path.join(root, 'docs/mutants.md'), `${lines.join('\n')}\n`)
