/**
 * Frames before they are sent: where they go in, how they are built once their trace id is known, and what must become
 * of them.
 *
 * @module
 */
import type { Injection } from '../../record/target.js'
import type { TraceId } from '../../twin/packet/index.js'
import type { Path } from './path.js'

/** What must become of a frame. */
export type Expectation =
  | {
      /** It arrives, exactly once, as {@link arrival}. */
      readonly outcome: 'delivered'
      readonly host: string
      readonly path: Path
      /** @param routers that count the TTL down; those of {@link path} unless given */
      readonly arrival: (id: TraceId, routers?: number) => Uint8Array
    }
  | {
      /** No host receives it, and a node says so by one of these fates (`contract/fates.json`). */
      readonly outcome: 'dropped'
      readonly fates: readonly string[]
    }
  | {
      /** Its sender receives this very frame as an answer. */
      readonly outcome: 'answered'
      /** A gateway's own word, an error about a packet, or another host's answer. */
      readonly by: 'gateway' | 'icmp' | 'host'
      readonly answer: (id: TraceId) => Uint8Array
    }
  /** Its own tenant may receive it or not; nobody else may. */
  | { readonly outcome: 'contained' }

/** A frame that can be sent. */
export interface Frame {
  readonly kind: 'frame'
  /** One line for people. */
  readonly label: string
  /** Tenant that sends it, or as which its forger poses; isolation is judged by it. */
  readonly tenant: string
  /** Names its flow, whatever its size and marks; absent for what belongs to none. */
  readonly flow?: string
  /** How it was forged; absent for honest traffic. */
  readonly forged?: Forgery
  readonly at: Injection['at']
  readonly expect: Expectation
  readonly bytes: (id: TraceId) => Uint8Array
}

/** Ways of forging a frame. */
export type Forgery =
  /** A tunnel header with a VNI that is not the sender's. */
  | 'vni'
  /** Foreign, group or gateway MAC addresses; tags; reserved group addresses. */
  | 'mac'
  /** Outer addresses that belong to no VTEP of the VNI. */
  | 'outer'
  /** Clear, altered or mis-keyed frames on sealed links, WireGuard messages of nobody's; SecTAGs on clear ones. */
  | 'macsec'
  /** Cut off in the Ethernet, IP or SecTAG header. */
  | 'truncate'
  /** Longer than the receiving interface takes. */
  | 'oversize'
  /** IP addresses that are not the sender's or nobody's. */
  | 'address'
  /** Wrong versions, lengths and checksums. */
  | 'malformed'

/** All ways of forging. */
export const forgeries: readonly Forgery[] = [
  'vni',
  'mac',
  'outer',
  'macsec',
  'truncate',
  'oversize',
  'address',
  'malformed',
]

/** Makes a frame that a property runner prints by its label. */
export function frameOf(frame: Omit<Frame, 'kind'>): Frame {
  return { kind: 'frame', ...frame, [printed]: () => frame.label } as Frame
}

/** How fast-check asks a value for its text; this module must not need fast-check. */
export const printed = Symbol.for('fast-check/toStringMethod')
