import { describe, expect, test } from 'vitest'
import {
  findFaults,
  parseBenches,
  parseClauses,
  parseFeatures,
  parseLedger,
  renderPage,
} from './conformance.mjs'

const features = parseFeatures(
  'id\tsystem\tfeature\tworks when\nT01\tcard\ta twin\tit does\nT02\tcard\ta lab\t\n',
)
const clauses = parseClauses('- **ROUTE-1** a\n- **MODEL-1** b\n')
const proof = 'a.test.ts > [T01] [ROUTE-1] walks'
const ledger = parseLedger(`
rows:
  T01: { state: works, proofs: ['${proof}'], mutant: ttl }
claims:
  Speed: [{ claim: it is quick, proofs: ['${proof}'], benches: [speed] }]
definitions: { MODEL-1: words }
`)
const tests = [{ id: proof, state: 'passed' }]
const benches = parseBenches("export const one: Bench = {\n  name: 'speed',\n  what: 'x',\n}")
const mutants = [{ mutant: 'ttl', state: 'killed' as const, killedBy: [proof] }]

describe('ledger', () => {
  test('is true when the proof ran, passed and kills its mutant', () => {
    expect(findFaults({ ledger, features, clauses, tests, mutants, benches })).toEqual([])
  })

  test.each([
    [
      'a proof that did not run',
      { tests: [{ id: 'b.test.ts > [ROUTE-1]', state: 'passed' }] },
      /T01: proof does not exist/,
    ],
    ['a claim whose proof failed', { tests: [{ id: proof, state: 'failed' }] }, /claim 1: proof failed/],
    ['a claim by a bench that there is not', { benches: [] }, /claim 1: there is no bench speed/],
    ['a proof that failed', { tests: [{ id: proof, state: 'failed' }] }, /T01: proof failed/],
    ['a mutant nobody tried', { mutants: [] }, /T01: mutant ttl does not exist/],
    [
      'a mutant another test kills',
      { mutants: [{ ...mutants[0]!, killedBy: ['c.test.ts > x'] }] },
      /T01: no test that declares/,
    ],
    [
      'a mutant that lives',
      { mutants: [{ ...mutants[0]!, state: 'survived' as const }] },
      /T01: no test that declares/,
    ],
    ['a clause without test', { clauses: [...clauses, 'ROUTE-2'] }, /ROUTE-2: no passing test cites/],
    ['a cited clause that does not exist', { clauses: ['MODEL-1'] }, /ROUTE-1: cited by a test/],
  ])('finds %s', (_, change, fault) => {
    const faults = findFaults({ ledger, features, clauses, tests, mutants, benches, ...change })
    expect(faults.join('\n')).toMatch(fault)
  })

  test('takes no claim that nothing shows', () => {
    expect(() =>
      parseLedger('rows: {}\ndefinitions: {}\nclaims: { Speed: [{ claim: it is quick }] }'),
    ).toThrow(/nothing shows it/)
  })

  test('shows claims behind the rows', () => {
    expect(renderPage(ledger, features)).toContain(
      `## Speed\n\n| claim | shown by |\n|---|---|\n| it is quick | \`${proof}\`<br>bench \`speed\` |`,
    )
  })

  test('counts rows that it does not name as open', () => {
    expect(renderPage(ledger, features)).toContain('1 work, 0 partly, 1 are open.')
  })
})
