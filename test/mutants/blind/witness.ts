/**
 * For each invariant a mutant that it alone tells: with that invariant blinded, the mutant survives.
 *
 * @module
 */
import type { InvariantId } from '../../../record/invariants.js'
import type { SourceMutant } from '../source/index.js'
import { loneSources } from './sources.js'

/** What is wrong with the fabric that is judged. */
export type Witness =
  /** Its plan, at a site, on both sides. */
  | { readonly kind: 'plan'; readonly mutant: string; readonly where: string }
  /** Its source. */
  | { readonly kind: 'source'; readonly mutant: SourceMutant }
  /** One of two interpreters has another plan: found by replay, or by what is seen on links. */
  | {
      readonly kind: 'one side'
      readonly mutant: string
      readonly where: string
      readonly by: 'replay' | 'links'
    }
  /** What is seen of a lab besides its traffic: a kernel that nothing keeps from sending, an engine that runs another seal. */
  | { readonly kind: 'outside'; readonly mutant: 'guard-removed' | 'engine-in-check-mode' }
  /** Each packet takes so long, ns. */
  | { readonly kind: 'slow'; readonly mutant: string; readonly delay: number }
  /** Nothing that is sent gets in; only isolation is asked for. */
  | { readonly kind: 'mute'; readonly mutant: string }

const source = (mutant: SourceMutant): Witness => ({ kind: 'source', mutant })

/** A pair for every invariant; one that has none does not compile. */
export const witnesses: Readonly<Record<InvariantId, Witness>> = {
  'INV-REACH': source(loneSources.longest),
  'INV-PAYLOAD': source(loneSources.payload),
  'INV-HEADER': source(loneSources.header),
  'INV-TTL': source(loneSources.ttl),
  'INV-MARKS': source(loneSources.marks),
  'INV-CHECKSUM': source(loneSources.checksum),
  'INV-ETHERNET': source(loneSources.ethernet),
  'INV-ISOLATE': source(loneSources.isolate),
  'INV-ISOLATE-WIRE': source(loneSources.isolateWire),
  'INV-NO-FOREIGN': source(loneSources.foreign),
  'INV-LEARNED': { kind: 'plan', mutant: 'learning-off', where: 'leaf1 vxlan10010' },
  'INV-OUTER': { kind: 'plan', mutant: 'flood-list-wrong', where: 'leaf1 vxlan10010' },
  'INV-FLOW-PATH': source(loneSources.flowPath),
  'INV-NO-CLEAR': source(loneSources.clear),
  'INV-NO-CANARY': source(loneSources.canary),
  'INV-SEALED': { kind: 'plan', mutant: 'macsec-key-of-other-link', where: 'leaf1--spine1' },
  'INV-SEAL-PLAN': { kind: 'outside', mutant: 'engine-in-check-mode' },
  'INV-GUARD': { kind: 'outside', mutant: 'guard-removed' },
  'INV-PN': source(loneSources.pn),
  'INV-FATE': source(loneSources.fate),
  'INV-HOSTILE': source(loneSources.hostile),
  'INV-GATEWAY': source(loneSources.gateway),
  'INV-ICMP': source(loneSources.icmp),
  'INV-AGREE-NODE': {
    kind: 'one side',
    mutant: 'outer-ttl-differs',
    where: 'leaf1 vxlan10010',
    by: 'replay',
  },
  'INV-AGREE-FABRIC': { kind: 'one side', mutant: 'ecmp-seed-differs', where: 'leaf2', by: 'links' },
  'INV-LATENCY': { kind: 'slow', mutant: 'slow', delay: 60_000_000 },
  'INV-NOT-VACUOUS': { kind: 'mute', mutant: 'mute' },
}

/** Name of a witness for the table. */
export function witnessName(witness: Witness): string {
  return typeof witness.mutant === 'string' ? witness.mutant : witness.mutant.id
}
