/**
 * What is drawn of a fabric for the suite `rib`, before it becomes a file (`rib-fabrics.ts`). Numbers that stand for places are taken modulo what
 * there is.
 */
import * as fc from 'fast-check'
import { arbitraryPolicies, type PolicyDraw } from './rib-policies.js'

export interface NetworkDraw {
  readonly family: 'v4' | 'v6' | 'both'
  /** Places of its hosts; the first two differ. */
  readonly hosts: readonly number[]
  readonly anycast: boolean
  readonly static: boolean
  /** Routed on gateways alone, where there are any. */
  readonly central: boolean
}
export interface TenantDraw {
  readonly networks: readonly NetworkDraw[]
  readonly routed: boolean
  readonly overlapping: boolean
}
/** Routers of ASes of their own. */
export interface EdgesDraw {
  readonly count: number
  readonly oneAs: boolean
  /** To each other as well: inside one AS an internal session. */
  readonly linked: boolean
  readonly reflector: boolean
}
/** What holds for all sessions. */
export interface SessionsDraw {
  readonly holdTime: string | undefined
  readonly bfd: { readonly interval: string; readonly multiplier: number } | undefined
  readonly gracefulRestart: string | undefined
  /** As many prefixes as the fabric has, and not one more. */
  readonly limited: boolean
  /** By reflectors. */
  readonly addPaths: boolean
}
export interface Draw {
  readonly spines: number
  readonly leaves: number
  readonly gateways: number
  readonly edges: EdgesDraw
  readonly tenants: readonly TenantDraw[]
  /** Networks in the underlay. */
  readonly underlay: readonly NetworkDraw[]
  readonly sealed: boolean
  readonly oneAs: boolean
  readonly unnumbered: boolean
  readonly parallel: boolean
  readonly resilient: boolean
  readonly sessions: SessionsDraw
  /** By spine; absent: even shares. */
  readonly weights: readonly number[] | undefined
  /** Of all nodes. */
  readonly drained: number | undefined
  /** Of the links of one spine, one way. */
  readonly delay: { readonly spine: number; readonly time: string } | undefined
  readonly policies: readonly PolicyDraw[]
}

/** In one fabric of ten. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })

const network: fc.Arbitrary<NetworkDraw> = fc.record({
  family: fc.constantFrom('v4', 'both', 'v6'),
  hosts: fc.array(fc.nat({ max: 7 }), { minLength: 2, maxLength: 3 }),
  anycast: fc.boolean(),
  static: fc.boolean(),
  central: fc.boolean(),
})
const tenant: fc.Arbitrary<TenantDraw> = fc.record({
  networks: fc.array(network, { minLength: 1, maxLength: 3 }),
  routed: fc.boolean(),
  overlapping: fc.boolean(),
})
const edges: fc.Arbitrary<EdgesDraw> = fc.record({
  count: fc.integer({ min: 0, max: 2 }),
  oneAs: fc.boolean(),
  linked: fc.boolean(),
  reflector: fc.boolean(),
})
const sessions: fc.Arbitrary<SessionsDraw> = fc.record({
  holdTime: seldom(fc.constantFrom('9s', '30s', '180s')),
  // Slow enough for a host that has other things to do.
  bfd: seldom(
    fc.record({
      interval: fc.constantFrom('500ms', '1s', '2s'),
      multiplier: fc.integer({ min: 6, max: 20 }),
    }),
  ),
  gracefulRestart: seldom(fc.constantFrom('30s', '120s')),
  limited: fc.boolean(),
  addPaths: fc.boolean(),
})

export const arbitraryDraw: fc.Arbitrary<Draw> = fc.record({
  spines: fc.integer({ min: 2, max: 4 }),
  leaves: fc.integer({ min: 2, max: 8 }),
  gateways: fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, 2) },
  ),
  edges,
  tenants: fc.array(tenant, { minLength: 1, maxLength: 5 }),
  underlay: fc.array(network, { minLength: 0, maxLength: 3 }),
  sealed: fc.boolean(),
  oneAs: fc.boolean(),
  unnumbered: fc.boolean(),
  parallel: fc.boolean(),
  resilient: fc.boolean(),
  sessions,
  weights: seldom(fc.array(fc.integer({ min: 1, max: 256 }), { minLength: 4, maxLength: 4 })),
  drained: fc.option(fc.nat({ max: 99 }), { nil: undefined, freq: 2 }),
  delay: seldom(fc.record({ spine: fc.nat({ max: 3 }), time: fc.constantFrom('200us', '3ms') })),
  policies: arbitraryPolicies,
})
