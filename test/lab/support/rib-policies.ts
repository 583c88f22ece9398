/**
 * Arbitrary route policies of a generated fabric.
 */
import * as fc from 'fast-check'
import type { FabricFile } from '../../../contract/fabric.js'

type PolicyEntry = NonNullable<FabricFile['policies']>[string]
type Statement = PolicyEntry['statements'][number]

/** Places are taken modulo what there is. */
export interface PolicyDraw {
  readonly node: number
  /** Absent: towards all peers. */
  readonly peer: number | undefined
  readonly direction: 'import' | 'export'
  readonly statements: readonly Statement[]
  readonly otherwise: 'accept' | 'reject'
}
/** Names of nodes by where they stand. */
export interface Places {
  readonly spines: readonly string[]
  readonly leaves: readonly string[]
  readonly gateways: readonly string[]
  readonly edges: readonly string[]
}
/** What the fabric's sessions carry. */
export type Families = 4 | 'both'

const COMMUNITIES = ['65000:1', '65000:2', '65101:7', '64701:65000', '65535:65281', '65535:65282', '65535:0']
/** Loopbacks and networks of the underlay, one by one, by halves and at large, at and around their lengths. */
const PREFIXES = [
  '10.255.0.0/24 ge 32',
  '10.255.0.0/24 le 31',
  '10.255.0.0/25 le 32',
  '10.255.0.64/31 ge 31 le 32',
  '10.255.0.1/32',
  '0.0.0.0/0 le 32',
  '0.0.0.0/0 ge 25',
  '198.18.0.0/15 ge 24 le 24',
  '198.18.0.0/16 le 23',
  '198.18.1.0/24',
  '198.18.2.0/23 ge 24',
  '2001:db8:18::/48 ge 64',
  '2001:db8:18:1::/64',
  '::/0 le 63',
]

const set: fc.Arbitrary<NonNullable<Statement['set']>> = fc.record(
  {
    localPreference: fc.constantFrom(1, 50, 100, 150, 200),
    med: fc.constantFrom(0, 5, 10, 50),
    prepend: fc.integer({ min: 1, max: 3 }),
    communities: fc.uniqueArray(fc.constantFrom(...COMMUNITIES), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const match: fc.Arbitrary<NonNullable<Statement['match']>> = fc.record(
  {
    prefixes: fc.uniqueArray(fc.constantFrom(...PREFIXES), { minLength: 1, maxLength: 3 }),
    communities: fc.uniqueArray(fc.constantFrom(...COMMUNITIES), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: [] },
)
const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ match, set }) },
  { weight: 1, arbitrary: fc.record({ match, action: fc.constant('reject' as const) }) },
)

export const arbitraryPolicies: fc.Arbitrary<readonly PolicyDraw[]> = fc.array(
  fc.record({
    node: fc.nat({ max: 99 }),
    peer: fc.option(fc.nat({ max: 99 }), { nil: undefined }),
    direction: fc.constantFrom('import', 'export'),
    statements: fc.array(statement, { minLength: 1, maxLength: 3 }),
    otherwise: fc.oneof(
      { weight: 5, arbitrary: fc.constant('accept' as const) },
      { weight: 1, arbitrary: fc.constant('reject' as const) },
    ),
  }),
  { maxLength: 6, size: 'max' },
)

/** As the file has them; of two policies for one node and direction the first. */
export function policiesOf(
  draws: readonly PolicyDraw[],
  places: Places,
  families: Families,
): Record<string, PolicyEntry> {
  const policies = new Map<string, PolicyEntry>()
  const nodes = [...places.spines, ...places.leaves, ...places.gateways, ...places.edges]
  for (const { node, peer, direction, statements, otherwise } of draws) {
    const at = nodes[node % nodes.length] ?? ''
    const peers = peersOf(at, places)
    const towards = peer === undefined ? undefined : peers[peer % peers.length]
    const name = `${at}-${direction}`
    const said = statements.flatMap((one) => whole(one, families) ?? [])
    if (policies.has(name) || said.length === 0) continue
    policies.set(name, {
      at,
      ...(towards === undefined ? {} : { peers: towards }),
      direction,
      statements: said,
      ...(otherwise === 'accept' ? {} : { otherwise }),
    })
  }
  return Object.fromEntries(policies)
}

function peersOf(at: string, { spines, leaves, gateways, edges }: Places): readonly string[] {
  if (!spines.includes(at)) return edges.includes(at) ? spines.slice(0, 2) : spines
  return spines.indexOf(at) < 2 ? [...leaves, ...gateways, ...edges] : [...leaves, ...gateways]
}

/** Without what is empty, which the format has no way to say, and without prefixes that no session carries, nor what asks for these alone. */
function whole(
  { match: wanted = {}, set: changes = {}, ...rest }: Statement,
  families: Families,
): Statement | undefined {
  const { prefixes, ...others } = wanted
  const carried = prefixes?.filter((text) => families === 'both' || !text.includes(':'))
  if (carried?.length === 0) return undefined
  const asked = { ...others, ...(carried === undefined ? {} : { prefixes: carried }) }
  return {
    ...(Object.keys(asked).length === 0 ? {} : { match: asked }),
    ...(Object.keys(changes).length === 0 ? {} : { set: changes }),
    ...rest,
  }
}
