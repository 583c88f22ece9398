/**
 * The ledger `docs/conformance.yaml` against what the tests did: which feature works, and which test proves it.
 *
 * A test declares what it proves in its name: `[Z08]` a row of `docs/features.tsv`, `[BRIDGE-4]` a clause of
 * `docs/fabric-machine.md`.
 *
 * @module
 */
import { parse } from 'yaml'
import { z } from 'zod'

const rowSchema = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('works'),
    /** Ids of tests, as in the accounts: `file > name`. */
    proofs: z.array(z.string()).min(1),
    /** A mutant of the mutant table that a proof of this row kills. */
    mutant: z.string(),
    note: z.string().optional(),
  }),
  z.strictObject({
    state: z.literal('partial'),
    proofs: z.array(z.string()).min(1),
    mutant: z.string().optional(),
    /** What is missing. */
    note: z.string(),
  }),
])
const claimSchema = z.strictObject({
  /** What the project says of itself, a sentence without its full stop. */
  claim: z.string(),
  /** Ids of tests, as in the accounts. */
  proofs: z.array(z.string()).default([]),
  /** Names of benches (`node dist/bench/main.js --only NAME`): a figure is no proof, but it is there for who wants it. */
  benches: z.array(z.string()).default([]),
})
const ledgerSchema = z.strictObject({
  /** Rows that are not named are open. */
  rows: z.record(z.string(), rowSchema),
  /** What is promised besides the rows, by its part of the project; each by a test or a bench at least. */
  claims: z
    .record(
      z.string(),
      z.array(claimSchema.refine((one) => one.proofs.length + one.benches.length > 0, 'nothing shows it')),
    )
    .default({}),
  /** Clauses that no test can cite because they define words only, with the reason. */
  definitions: z.record(z.string(), z.string()),
})

/**
 * @typedef {z.infer<typeof ledgerSchema>} Ledger
 * @typedef {{ id: string, system: string, feature: string, works: string }} Feature
 * @typedef {{ id: string, state: string }} Test
 * @typedef {{ mutant: string, site?: string, state: MutantState, killedBy: string[] }} Mutant
 * @typedef {'killed' | 'survived' | 'equivalent' | 'green' | 'complained of'} MutantState
 */

/**
 * @param {string} text of `docs/conformance.yaml`
 * @returns {Ledger}
 */
export function parseLedger(text) {
  return ledgerSchema.parse(parse(text))
}

/**
 * @param {string} text of `docs/features.tsv`
 * @returns {Feature[]}
 */
export function parseFeatures(text) {
  return text
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [id = '', system = '', feature = '', works = ''] = line.split('\t')
      return { id, system, feature, works: works.trim() }
    })
}

/**
 * @param {string} text of `docs/fabric-machine.md`
 * @returns {string[]} clause ids in the order of the page
 */
export function parseClauses(text) {
  return [...text.matchAll(/^- \*\*([A-Z0-9]+-\d+)\*\*/gm)].map((match) => match[1] ?? '')
}

/**
 * Everything that is wrong between ledger, tests and mutants; empty when the ledger is true.
 *
 * @param {{ ledger: Ledger, features: Feature[], clauses: string[], tests: Test[], mutants: Mutant[], benches?: string[] }} given
 * @returns {string[]}
 */
export function findFaults({ ledger, features, clauses, tests, mutants, benches = [] }) {
  const known = new Set(features.map(({ id }) => id))
  const states = new Map(tests.map(({ id, state }) => [id, state]))
  /** @type {string[]} */
  const faults = []
  for (const [id, row] of Object.entries(ledger.rows)) {
    if (!known.has(id)) {
      faults.push(`${id}: no such row in docs/features.tsv`)
      continue
    }
    for (const proof of row.proofs) {
      if (!proof.includes(`[${id}]`)) faults.push(`${id}: its proof does not declare [${id}]: ${proof}`)
      faults.push(...faultsOfProof(id, proof, states))
    }
    if (row.mutant !== undefined) faults.push(...faultsOfMutant(id, row, mutants))
  }
  for (const [number, { proofs, benches: named }] of Object.values(ledger.claims).flat().entries()) {
    const id = `claim ${number + 1}`
    faults.push(...proofs.flatMap((proof) => faultsOfProof(id, proof, states)))
    for (const name of named) if (!benches.includes(name)) faults.push(`${id}: there is no bench ${name}`)
  }
  for (const { mutant, site, state } of mutants) {
    if (state === 'survived' || state === 'complained of')
      faults.push(`mutant ${mutant}: ${state}${site === undefined ? '' : ` at ${site}`}`)
  }
  faults.push(...faultsOfClauses(ledger, clauses, tests))
  return faults
}

/**
 * @param {string} id of the row or claim
 * @param {string} proof
 * @param {ReadonlyMap<string, string>} states by test
 * @returns {string[]}
 */
function faultsOfProof(id, proof, states) {
  const state = states.get(proof)
  if (state === undefined) return [`${id}: proof does not exist or did not run: ${proof}`]
  return state === 'passed' ? [] : [`${id}: proof ${state}: ${proof}`]
}

/**
 * @param {string} text of a file of `bench/`
 * @returns {string[]} names of the benches in it
 */
export function parseBenches(text) {
  return [...text.matchAll(/: Bench = \{\s*name: '([^']+)'/g)].map((match) => match[1] ?? '')
}

/**
 * @param {string} id
 * @param {Ledger['rows'][string]} row
 * @param {Mutant[]} mutants
 */
function faultsOfMutant(id, row, mutants) {
  const found = mutants.filter(({ mutant }) => mutant === row.mutant)
  if (found.length === 0) return [`${id}: mutant ${row.mutant} does not exist or was not tried`]
  const killers = new Set(found.flatMap(({ state, killedBy }) => (state === 'killed' ? killedBy : [])))
  if (![...killers].some((killer) => killer.includes(`[${id}]`) || row.proofs.includes(killer)))
    return [`${id}: no test that declares [${id}] kills mutant ${row.mutant}`]
  return []
}

/**
 * @param {Ledger} ledger
 * @param {string[]} clauses
 * @param {Test[]} tests
 */
function faultsOfClauses(ledger, clauses, tests) {
  const passed = tests.filter(({ state }) => state === 'passed')
  const cited = new Set(
    passed.flatMap(({ id }) => [...id.matchAll(/\[([A-Z][A-Z0-9]*-\d+)\]/g)].map((m) => m[1])),
  )
  const faults = clauses
    .filter((clause) => !cited.has(clause) && ledger.definitions[clause] === undefined)
    .map((clause) => `${clause}: no passing test cites this clause`)
  for (const clause of Object.keys(ledger.definitions)) {
    if (!clauses.includes(clause)) faults.push(`${clause}: no such clause`)
    if (cited.has(clause)) faults.push(`${clause}: is cited by a test; take it out of definitions`)
  }
  for (const clause of cited) {
    if (clause !== undefined && !clauses.includes(clause))
      faults.push(`${clause}: cited by a test, but no such clause`)
  }
  return faults
}

/**
 * The page made from the ledger.
 *
 * @param {Ledger} ledger
 * @param {Feature[]} features
 * @returns {string} Markdown
 */
export function renderPage(ledger, features) {
  const count = (/** @type {string} */ state) =>
    features.filter(({ id }) => (ledger.rows[id]?.state ?? 'open') === state).length
  const lines = [
    '# Conformance',
    '',
    'Made from `docs/conformance.yaml` by `node tools/conformance.mjs --write`; `make test` checks every line of it',
    'against the tests that ran.',
    '',
    `${count('works')} work, ${count('partial')} partly, ${count('open')} are open.`,
    '',
    '| row | feature | state | proof | mutant killed |',
    '|---|---|---|---|---|',
  ]
  for (const { id, feature } of features) {
    const row = ledger.rows[id]
    if (row === undefined) {
      lines.push(`| ${id} | ${cell(feature)} | open | | |`)
      continue
    }
    const state = row.note === undefined ? row.state : `${row.state}: ${row.note}`
    const proofs = row.proofs.map((proof) => `\`${cell(proof)}\``).join('<br>')
    lines.push(`| ${id} | ${cell(feature)} | ${cell(state)} | ${proofs} | ${cell(row.mutant ?? '')} |`)
  }
  for (const [part, claims] of Object.entries(ledger.claims)) {
    lines.push('', `## ${part}`, '', '| claim | shown by |', '|---|---|')
    for (const { claim, proofs, benches } of claims) {
      const shown = [
        ...proofs.map((proof) => `\`${cell(proof)}\``),
        ...benches.map((name) => `bench \`${name}\``),
      ]
      lines.push(`| ${cell(claim)} | ${shown.join('<br>')} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** @param {string} text */
function cell(text) {
  return text.replaceAll('|', '\\|')
}
