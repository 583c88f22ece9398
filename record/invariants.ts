/**
 * Every invariant that a judge may find broken, in one place, and the one switch that blinds a judge to one of them.
 *
 * A finding (`record/verdict.ts`) names one of these ids. Exactly one invariant speaks for a given defect of a given
 * frame, so that blinding it shows whether anything else would have noticed.
 *
 * Blinding exists for the tests that prove the judges: with `ZTOS_BLIND=INV-TTL` (several: comma separated) a broken
 * `INV-TTL` is not reported. It is honoured only where this file runs as TypeScript, from a checkout under test. The
 * built and the packed product never look at the variable, and a run record states what was blinded.
 *
 * @module
 */
import { RecordError } from './errors.js'

/** What an invariant is. */
export interface Invariant {
  readonly name: string
  /** What must be true. */
  readonly meaning: string
  /** From what it is judged. */
  readonly judged: string
}

/** All invariants by id. Ids are stable: records and ledgers name them. */
export const invariants = {
  'INV-REACH': {
    name: 'delivered exactly once',
    meaning: 'a frame that the plan says arrives is received exactly once, by the host it is for',
    judged: "arrivals at the addressed host with the frame's trace id",
  },
  'INV-PAYLOAD': {
    name: 'payload unchanged',
    meaning: 'what a transport header carries arrives as it was sent',
    judged: 'payload octets of the arrival against those sent',
  },
  'INV-HEADER': {
    name: 'addresses, ports and protocol unchanged',
    meaning: 'inner addresses, ports, protocol and ICMP type arrive as they were sent',
    judged: 'inner network and transport header of the arrival against those sent',
  },
  'INV-TTL': {
    name: 'TTL counts the routers',
    meaning: 'TTL or hop limit is one less for each gateway passed, and untouched inside a subnet',
    judged: "TTL of the arrival against the sent one and the plan's gateways on the way",
  },
  'INV-MARKS': {
    name: 'DSCP and ECN unchanged',
    meaning: 'a fabric without congestion leaves the inner DSCP and ECN as they were',
    judged: 'traffic class octet of the arrival against the sent one',
  },
  'INV-CHECKSUM': {
    name: 'checksums right on arrival',
    meaning: 'IPv4 header, TCP, UDP and ICMP checksums of what arrives are right',
    judged: 'checksums computed over the arrival',
  },
  'INV-ETHERNET': {
    name: 'Ethernet header right on arrival',
    meaning: "a routed frame comes from the gateway's MAC to the host's; a bridged one keeps both addresses",
    judged: 'first 14 octets of the arrival',
  },
  'INV-ISOLATE': {
    name: 'tenants do not hear each other',
    meaning: "no frame that one tenant sent is received by another tenant's host",
    judged: "arrivals at the other tenant's hosts by trace id, and by source MAC where there is no trace id",
  },
  'INV-ISOLATE-WIRE': {
    name: "tenants stay out of each other's VNIs",
    meaning: "no frame that one tenant sent travels in a VNI of another's on any fabric link",
    judged: 'VNI of wire frames, opened if sealed, by trace id',
  },
  'INV-NO-FOREIGN': {
    name: 'no host of another network hears a frame',
    meaning: "inside a tenant, a frame is seen by hosts of the sender's and the receiver's network alone",
    judged: 'arrivals at hosts of other networks of the same tenant, by trace id',
  },
  'INV-LEARNED': {
    name: 'known hosts are not flooded to',
    meaning: 'once both ends have spoken, a unicast frame is seen by the host it is for alone',
    judged:
      'arrivals at other hosts, and copies to other leaves, after both ends have spoken; arrivals at the old place after a move',
  },
  'INV-OUTER': {
    name: 'outer header as planned',
    meaning: "between leaves a frame has the plan's VNI, from the sending leaf's VTEP to one of that VNI",
    judged: 'VNI and outer addresses of wire frames, opened if sealed',
  },
  'INV-FLOW-PATH': {
    name: 'one flow, one path',
    meaning: 'frames of one flow between hosts that are known take the same links',
    judged: 'links on which the frames of a flow were seen',
  },
  'INV-NO-CLEAR': {
    name: 'nothing in the clear on a sealed link',
    meaning: 'every frame on a sealed link has a SecTAG, ARP and ND included',
    judged: 'EtherType of captured frames that hold no payload canary',
  },
  'INV-NO-CANARY': {
    name: 'no payload readable on a sealed link',
    meaning: 'the known payload of the traffic is found nowhere in the octets of a sealed link',
    judged: 'search for the payload canary in captured frames',
  },
  'INV-SEALED': {
    name: 'sealed with the right key',
    meaning:
      'every SecTAG frame opens with the key, SCI and AN which the plan gives that direction of the link',
    judged: 'opening each captured frame with AES-GCM',
  },
  'INV-SEAL-PLAN': {
    name: 'links sealed by plan',
    meaning:
      'both ends of a link seal what they send and refuse what is clear, each with the association that the other has, and run what the plan says',
    judged: 'interfaces of the plan, and of the programs that engines of a lab run',
  },
  'INV-GUARD': {
    name: 'kernels kept from sending in the clear',
    meaning: "whatever a node's kernel sends by itself on a sealed port is dropped",
    judged: 'the clsact egress filter of each sealed port in a lab',
  },
  'INV-PN': {
    name: 'packet numbers rise',
    meaning: 'within an SA the packet number rises strictly and is never used again',
    judged: 'SecTAG packet numbers in captured order',
  },
  'INV-FATE': {
    name: 'what is not delivered has a reason, the expected one',
    meaning:
      'a frame that must not be delivered is dropped by a node, which says why, for the expected reason',
    judged: 'fates recorded by the nodes, by trace id',
  },
  'INV-HOSTILE': {
    name: 'hostile frames are not delivered',
    meaning: 'a forged, cut, oversize, replayed or altered frame reaches no host',
    judged: 'arrivals by trace id',
  },
  'INV-GATEWAY': {
    name: 'gateways answer for themselves',
    meaning: 'ARP, ND and echo requests to a gateway are answered by it, with its own addresses',
    judged: 'answers received by the asking host',
  },
  'INV-ICMP': {
    name: 'ICMP errors come back',
    meaning:
      'a packet whose TTL ends, that does not fit or has no route is reported to its sender as the RFCs say',
    judged: 'ICMP errors received by the sender, and the packet they quote',
  },
  'INV-AGREE-NODE': {
    name: 'each node does what the twin says',
    meaning:
      "the twin, given a node's journalled inputs, yields the same outputs, octet for octet, and the same fates",
    judged: "replay of every node's journal",
  },
  'INV-AGREE-FABRIC': {
    name: 'the fabric does what the twin says',
    meaning:
      'arrivals and the canonical frames of every link and direction are the same multisets in lab and twin',
    judged: 'comparison of two observations of the same frames',
  },
  'INV-LATENCY': {
    name: 'latency within its target',
    meaning: 'the percentile of an open-loop measurement is at most the target',
    judged: 'samples of the lab, with the floor of the same run beside them',
  },
  'INV-NOT-VACUOUS': {
    name: 'something was judged',
    meaning: 'a verdict looked at frames, and its positive controls arrived',
    judged: 'counts of the verdict itself',
  },
} as const satisfies Record<string, Invariant>

/** Id of an invariant. */
export type InvariantId = keyof typeof invariants

/** All ids, in the table's order. */
export const invariantIds = Object.keys(invariants) as InvariantId[]

/** Whether a text is the id of an invariant. */
export function isInvariantId(text: string): text is InvariantId {
  return Object.hasOwn(invariants, text)
}

/**
 * Whether judges are to overlook an invariant. Asked in one place, where findings become a verdict
 * (`judge` in `record/judge.ts`).
 */
export function isBlinded(id: InvariantId): boolean {
  return blindedInvariants().includes(id)
}

/**
 * The invariants that are blinded now; always empty in a built product.
 *
 * @throws RecordError `ZT_BLIND_UNKNOWN` when `ZTOS_BLIND` names no invariant
 */
export function blindedInvariants(): readonly InvariantId[] {
  return runsFromSources ? blindedBy(process.env['ZTOS_BLIND']) : []
}

/** The invariants that a value of `ZTOS_BLIND` names. */
export function blindedBy(value: string | undefined): readonly InvariantId[] {
  if (value === undefined || value === '') return []
  return value.split(',').map((part) => {
    const id = part.trim()
    if (isInvariantId(id)) return id
    throw new RecordError('ZT_BLIND_UNKNOWN', `no invariant is called '${id}'`, {
      where: 'ZTOS_BLIND',
      remedy: `use ids of record/invariants.ts, such as ${invariantIds[0] ?? ''}`,
    })
  })
}

/** Compiled code is JavaScript; only a test runner executes this file itself. */
const runsFromSources = import.meta.url.endsWith('.ts')
