/**
 * Arbitrary traffic: honest flows and hostile frames, drawn from the plan and built with the packet builders.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { SdkError } from '../errors.js'
import { fabricOf, tenantOf } from '../fabric-view.js'
import type { FabricView, Family, Host, Network, Tenant, TenantArgument } from '../fabric-view.js'
import { flow, framesOf, roomBetween } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { forgeries } from '../traffic/frame.js'
import type { Forgery, Frame } from '../traffic/frame.js'
import { pathBetween } from '../traffic/path.js'
import { packetLength, plainPacket } from '../traffic/packet.js'
import type { PacketSpec, Protocol } from '../traffic/packet.js'
import { CANARY_PAYLOAD } from '../traffic/payload.js'
import { forge } from './forge.js'

/** Where flows may run. */
export interface FlowOptions {
  /** Between any two hosts of a tenant ... */
  readonly within?: TenantArgument
  /** ... or from one set of hosts to another: hosts, networks, tenants. */
  readonly between?: readonly [Ends, Ends]
  /** Most flows of a case; 10 unless given. */
  readonly max?: number
  /** Least; 1 unless given. */
  readonly min?: number
  readonly protocol?: Protocol
  readonly port?: number
  readonly family?: Family
  /** Between hosts on different leaves alone. */
  readonly crossing?: boolean
}

/** Hosts, however they are named. */
export type Ends = Tenant | Network | Host | readonly Host[]

/** Which hostile frames. */
export interface FrameOptions {
  /** Who sends them, or as whom their forger poses. */
  readonly from: TenantArgument
  /** Whom they are aimed at; every other tenant unless given. */
  readonly to?: TenantArgument
  /** How they are forged; honest frames of the tenant when it is absent or empty. */
  readonly forge?: readonly Forgery[]
  readonly protocol?: Protocol
  /** Most frames of a case; 10 unless given. */
  readonly max?: number
}

/** A pair of hosts with a way between them. */
interface Pair {
  readonly from: Host
  readonly to: Host
  readonly family: Family
}

/** Any host of a fabric or a tenant. */
export function host(of: FabricView | Tenant): Arbitrary<Host> {
  return oneOf(of.hosts)
}

/** Any of some values. Shrinks towards the first. */
export function oneOf<T>(values: readonly T[]): Arbitrary<T> {
  if (values.length === 0) {
    throw new SdkError('ZT_USAGE', 'arb.oneOf has nothing to choose from', {
      remedy: 'give at least one value',
    })
  }
  return fc.constantFrom(...values)
}

/**
 * Lists of flows that must all arrive: every kind of packet that two hosts may exchange, sizes up to the MTU, any TTL that is
 * enough, any DSCP and ECN.
 *
 * @throws SdkError `ZT_NO_PATH` when no two of the hosts can reach each other
 */
export function flows(options: FlowOptions): Arbitrary<Flow[]> {
  const { fabric, pairs } = pairsOf(options)
  const byPair = remembering((pair: Pair) => flowOf(fabric, pair, options))
  const one = oneOf(pairs).chain(byPair)
  return fc.array(one, { minLength: options.min ?? 1, maxLength: options.max ?? 10 })
}

/** Arbitraries hold no state: one that is made anew for every value that is drawn costs more than the drawing. */
function remembering<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>()
  return (key) => {
    const found = known.get(key)
    if (found !== undefined) return found
    const made = make(key)
    known.set(key, made)
    return made
  }
}

function flowOf(fabric: FabricView, { from, to, family }: Pair, options: FlowOptions): Arbitrary<Flow> {
  const tenant = fabric.tenant(from.tenant)
  const path = pathBetween(tenant, from, to, family)
  // In the underlay the way is BGP's choice; it passes no node twice.
  const most = tenant.underlay && path.kind === 'routed' ? fabric.nodes.length : undefined
  const gateways = most ?? (path.kind === 'none' ? 0 : path.gateways)
  return packets(options, { family, room: roomBetween(from, to), gateways }).map((packet) =>
    flow(fabric, from, to, packet),
  )
}

function packets(
  options: { readonly protocol?: Protocol; readonly port?: number },
  { family, room, gateways }: { readonly family: Family; readonly room: number; readonly gateways: number },
): Arbitrary<PacketSpec> {
  const port = fc.integer({ min: 1, max: 65535 }).filter((one) => one !== 4789)
  const sizeUpTo = remembering((most: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: CANARY_PAYLOAD, max: Math.min(most, 256) }) },
      { weight: 1, arbitrary: fc.integer({ min: CANARY_PAYLOAD, max: most }) },
      { weight: 1, arbitrary: fc.constant(most) },
    ),
  )
  return fc
    .record({
      protocol:
        options.protocol === undefined
          ? fc.constantFrom<Protocol>('udp', 'tcp', 'icmp')
          : fc.constant(options.protocol),
      sourcePort: port,
      destinationPort: options.port === undefined ? port : fc.constant(options.port),
      // A router drops what it would count down to 0 (ROUTE-8).
      ttl: fc.oneof(
        { weight: 3, arbitrary: fc.constant(plainPacket.ttl) },
        fc.integer({ min: gateways + 1, max: 255 }),
      ),
      dscp: fc.integer({ min: 0, max: 63 }),
      ecn: fc.integer({ min: 0, max: 3 }),
    })
    .chain((some) => {
      const empty = packetLength({ ...some, family, size: 0 })
      return sizeUpTo(room - empty).map((octets) => ({ ...some, family, size: octets }))
    })
}

/**
 * Lists of frames of a tenant: honest ones, or forged in the ways given.
 *
 * @throws SdkError `ZT_USAGE` when the tenant has no host
 */
export function frames(options: FrameOptions): Arbitrary<Frame[]> {
  const from = tenantOf(options.from)
  const fabric = fabricOf(from)
  const kinds = options.forge ?? []
  const unknown = kinds.find((kind) => !forgeries.includes(kind))
  if (unknown !== undefined) {
    throw new SdkError('ZT_USAGE', `there is no forgery '${unknown}'`, {
      remedy: `use ${forgeries.join(', ')}`,
    })
  }
  const bounds = { minLength: 1, maxLength: options.max ?? 10 }
  if (kinds.length === 0) {
    const limits = options.protocol === undefined ? {} : { protocol: options.protocol }
    return flows({ within: from, ...limits, max: bounds.maxLength }).map((list) =>
      list.flatMap((one) => [...framesOf(one)]),
    )
  }
  const victims = options.to === undefined ? others(fabric, from) : tenantOf(options.to).hosts
  const forged = fc
    .record({
      kind: fc.constantFrom(...kinds),
      from: oneOf(from.hosts),
      victim: oneOf(victims),
      trick: fc.nat({ max: 0xffff }),
      number: fc.nat({ max: 0xffff }),
    })
    .map(({ kind, from: sender, victim, trick, number }) =>
      forge(fabric, kind, { from: sender, victim, trick, number }),
    )
  return fc.array(forged, bounds)
}

function others(fabric: FabricView, tenant: Tenant): readonly Host[] {
  const found = fabric.hosts.filter((one) => one.tenant !== tenant.name)
  return found.length > 0 ? found : tenant.hosts
}

function pairsOf({ within, between, family, crossing }: FlowOptions): {
  readonly fabric: FabricView
  readonly pairs: readonly Pair[]
} {
  const own = between === undefined ? tenantOf(within).hosts : []
  const [froms, tos] = between === undefined ? [own, own] : [hostsOf(between[0]), hostsOf(between[1])]
  const [first] = froms
  const fabric = first === undefined ? undefined : fabricOf(first)
  const pairs = froms.flatMap((from) =>
    tos.flatMap((to) =>
      ([4, 6] as const)
        .filter(() => crossing !== true || from.leaf !== to.leaf)
        .filter((one) => family === undefined || one === family)
        // Both ways, so that every flow can be answered: a host that shares its address can send, and may not hear.
        .filter((one) =>
          [
            pathBetween(fabric?.tenant(from.tenant), from, to, one),
            pathBetween(fabric?.tenant(to.tenant), to, from, one),
          ].every(({ kind }) => kind !== 'none'),
        )
        .map((one): Pair => ({ from, to, family: one })),
    ),
  )
  if (fabric !== undefined && pairs.length > 0) return { fabric, pairs }
  throw new SdkError('ZT_NO_PATH', 'no two of these hosts can reach each other', {
    remedy: 'choose hosts of one tenant with a way between them',
  })
}

function hostsOf(ends: Ends): readonly Host[] {
  if (isList(ends)) return ends
  if ('hosts' in ends) return ends.hosts
  if ('mac' in ends) return [ends]
  return fabricOf(ends).hosts.filter(({ network }) => network.id === ends.id)
}

function isList(ends: Ends): ends is readonly Host[] {
  return Array.isArray(ends)
}
