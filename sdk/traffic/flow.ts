/**
 * Flows: honest traffic between two hosts of a tenant, which must arrive.
 *
 * @module
 */
import { addressOf } from '../fabric-view.js'
import type { FabricView, Host, Tenant } from '../fabric-view.js'
import { SdkError } from '../errors.js'
import { printed } from './frame.js'
import type { Expectation, Frame } from './frame.js'
import { describeSpec, packetFrame, packetLength, plainPacket } from './packet.js'
import type { Endpoints, PacketSpec } from './packet.js'
import { pathBetween } from './path.js'
import type { Path } from './path.js'

/** Frames with the same addresses, protocol and ports from one host to another. */
export interface Flow {
  readonly kind: 'flow'
  readonly from: Host
  readonly to: Host
  readonly packet: PacketSpec
  /** How many frames. */
  readonly count: number
  readonly path: Path
  /** To a host that shares its address: it is the one that is to be reached. */
  readonly nearest?: boolean
}

/**
 * A flow from host to host.
 *
 * @param packet what differs from a UDP packet with 64 octets of payload
 * @throws SdkError `ZT_NO_PATH` when the plan promises no way; `ZT_FRAME` when the packet does not fit
 */
export function flow(
  fabric: FabricView,
  from: Host,
  to: Host,
  packet: Partial<PacketSpec> = {},
  options: { readonly count?: number; readonly nearest?: boolean } = {},
): Flow {
  const spec = { ...plainPacket, ...packet }
  const nearest = options.nearest === true ? { nearest: true } : undefined
  const path = pathBetween(tenantOfHost(fabric, from), from, to, spec.family, nearest)
  if (path.kind === 'none') {
    throw new SdkError('ZT_NO_PATH', `there is no way from ${from.id} to ${to.id}: ${path.reason}`, {
      remedy: 'choose hosts of one tenant and family that are bridged or routed to each other',
    })
  }
  const room = roomBetween(from, to)
  if (packetLength(spec) > room) {
    throw new SdkError(
      'ZT_FRAME',
      `${packetLength(spec)} octets do not fit ${from.id} > ${to.id}, which takes ${room}`,
      {
        remedy: 'give a smaller size',
      },
    )
  }
  const made: Flow = { kind: 'flow', from, to, packet: spec, count: options.count ?? 1, path, ...nearest }
  return { ...made, [printed]: () => describeFlow(made) } as Flow
}

/** Largest IP packet between two hosts. */
export function roomBetween(from: Host, to: Host): number {
  return Math.min(from.mtu, to.mtu, from.network.mtu, to.network.mtu)
}

/** The same flow in the other direction: what a server answers. */
export function reverse(fabric: FabricView, one: Flow): Flow {
  const { protocol, sourcePort, destinationPort, reply } = one.packet
  const ports =
    protocol === 'icmp'
      ? { reply: !(reply ?? false) }
      : { sourcePort: destinationPort, destinationPort: sourcePort }
  return flow(fabric, one.to, one.from, { ...one.packet, ...ports }, one)
}

/** `shop/web1 > shop/db1 IPv4 tcp 40000>5432`. */
export function describeFlow(one: Pick<Flow, 'from' | 'to' | 'packet' | 'count'>): string {
  const times = one.count === 1 ? '' : ` x${one.count}`
  return `${one.from.id} > ${one.to.id} ${describeSpec(one.packet)}${times}`
}

/** What all frames of a flow have in common: those with the same name must take the same links. */
function flowName({ from, to, packet }: Flow): string {
  const { family, protocol, sourcePort, destinationPort, reply } = packet
  const kind =
    protocol === 'icmp'
      ? `icmp${reply === true ? ' reply' : ''}`
      : `${protocol} ${sourcePort}>${destinationPort}`
  return `${from.id} > ${to.id} IPv${family} ${kind}`
}

/** The frames of a flow, in order. */
export function framesOf(one: Flow): readonly Frame[] {
  const sent = endpointsOf(one)
  const { gateways } = one.path.kind === 'none' ? { gateways: 0 } : one.path
  // A routed packet is put on the receiver's wire by its gateway, each gateway having counted the TTL down (IRB-4, ROUTE-10).
  const arrived: Endpoints =
    gateways === 0
      ? sent
      : { ...sent, sourceMac: one.to.gatewayMac ?? sent.sourceMac, destinationMac: one.to.mac }
  const expect: Expectation = {
    outcome: 'delivered',
    host: one.to.id,
    path: one.path,
    arrival: (id, routers = gateways) =>
      packetFrame(arrived, { ...one.packet, ttl: one.packet.ttl - routers }, id),
  }
  return Array.from(
    { length: one.count },
    () => new FlowFrame(one, expect, (id) => packetFrame(sent, one.packet, id)),
  )
}

/** A frame of a flow. Its names are made when somebody asks: of most frames nobody does. */
class FlowFrame implements Frame {
  readonly kind = 'frame'
  readonly at: Frame['at']
  readonly #flow: Flow

  constructor(
    flow: Flow,
    readonly expect: Expectation,
    readonly bytes: Frame['bytes'],
  ) {
    this.#flow = flow
    this.at = { host: flow.from.id }
  }

  get tenant(): string {
    return this.#flow.from.tenant
  }

  get label(): string {
    return describeFlow({ ...this.#flow, count: 1 })
  }

  get flow(): string {
    return flowName(this.#flow)
  }

  [printed](): string {
    return this.label
  }
}

/** Addresses with which the sender sends: to the host itself inside the subnet, to the gateway's MAC beyond it. */
function endpointsOf(one: Pick<Flow, 'from' | 'to' | 'packet' | 'path'>): Endpoints {
  const source = addressOf(one.from, one.packet.family)
  const destination = addressOf(one.to, one.packet.family)
  const destinationMac = one.path.kind === 'bridged' ? one.to.mac : one.from.gatewayMac
  if (source === undefined || destination === undefined || destinationMac === undefined) {
    throw new SdkError('ZT_NO_PATH', `${one.from.id} cannot send IPv${one.packet.family} to ${one.to.id}`, {
      remedy: 'choose a family that both have',
    })
  }
  return { sourceMac: one.from.mac, destinationMac, source: source.address, destination: destination.address }
}

/** The tenant of a host. */
export function tenantOfHost(fabric: FabricView, host: Host): Tenant {
  return fabric.tenant(host.tenant)
}

/**
 * A flow of a tenant which shows that it is alive: between leaves if possible, so that the fabric is crossed.
 *
 * @returns `undefined` when the tenant has no two hosts with a way between them
 */
export function controlFlow(fabric: FabricView, tenant: Tenant): Flow | undefined {
  let local: Flow | undefined
  for (const from of tenant.hosts) {
    for (const to of tenant.hosts) {
      for (const family of [4, 6] as const) {
        if (pathBetween(tenant, from, to, family).kind === 'none') continue
        const found = flow(fabric, from, to, { family, sourcePort: 40404, destinationPort: 9 })
        if (from.leaf !== to.leaf) return found
        local ??= found
      }
    }
  }
  return local
}

/**
 * Tenants that can show that they are alive: with two hosts and a way between them.
 *
 * @param options.crossing only those with such hosts on two leaves
 */
export function liveTenants(
  fabric: FabricView,
  options: { readonly crossing?: boolean } = {},
): readonly Tenant[] {
  return Object.values(fabric.tenants).filter((tenant) => {
    const control = controlFlow(fabric, tenant)
    return control !== undefined && (options.crossing !== true || control.from.leaf !== control.to.leaf)
  })
}
