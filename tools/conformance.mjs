#!/usr/bin/env node
/**
 * Holds `docs/conformance.yaml` against the accounts of the run in `test-results/`, and makes `docs/conformance.md`.
 *
 *     node tools/conformance.mjs            judge; last line `N passed, N failed, N skipped`
 *     node tools/conformance.mjs --write    make docs/conformance.md
 *     node tools/conformance.mjs --check    fail when docs/conformance.md is not what the ledger says
 *
 * @module
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  findFaults,
  parseBenches,
  parseClauses,
  parseFeatures,
  parseLedger,
  renderPage,
} from './lib/conformance.mjs'
import { root } from './lib/files.mjs'
import { readMutants } from './lib/mutant-table.mjs'

/** The pages whose clauses tests cite. */
const NORMATIVE = ['docs/fabric-machine.md', 'docs/control-plane.md']

const read = (/** @type {string} */ file) => readFileSync(path.join(root, file), 'utf8')
const ledger = parseLedger(read('docs/conformance.yaml'))
const features = parseFeatures(read('docs/features.tsv'))
const page = path.join(root, 'docs/conformance.md')
const rendered = renderPage(ledger, features)

if (process.argv.includes('--write')) {
  writeFileSync(page, rendered)
} else if (process.argv.includes('--check')) {
  if (!existsSync(page) || readFileSync(page, 'utf8') !== rendered) {
    console.error('docs/conformance.md is stale: node tools/conformance.mjs --write')
    process.exitCode = 1
  }
} else {
  const results = path.join(root, 'test-results')
  const accounts = readdirSync(results).filter((name) => name.endsWith('.tests.json'))
  const tests = accounts.flatMap((name) => {
    return /** @type {import('./lib/conformance.mjs').Test[]} */ (
      JSON.parse(read(path.join('test-results', name)))
    )
  })
  const mutants = readMutants(results)
  const clauses = NORMATIVE.flatMap((name) => parseClauses(read(name)))
  const files = readdirSync(path.join(root, 'bench')).filter((name) => name.endsWith('.ts'))
  const benches = files.flatMap((name) => parseBenches(read(path.join('bench', name))))
  const faults = findFaults({ ledger, features, clauses, tests, mutants, benches })
  for (const fault of faults) console.log(fault)
  const claims = Object.values(ledger.claims).flat()
  const subjects = Object.keys(ledger.rows).length + claims.length + clauses.length
  const faulty = new Set(faults.map((fault) => fault.split(':', 1)[0])).size
  console.log(`${Math.max(0, subjects - faulty)} passed, ${faulty} failed, 0 skipped`)
  if (faulty > 0) process.exitCode = 1
}
