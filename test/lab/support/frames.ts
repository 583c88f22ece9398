/**
 * Frames between hosts of a plan, marked with trace ids.
 */
import type { Plan, PlanHost } from '../../../contract/plan.js'
import type { Injection } from '../../../record/target.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  parseIpv4,
  parseIpv6,
  parseMac,
} from '../../../twin/packet/index.js'

const RUN = 0x1ab

export function hostOf(plan: Plan, id: string): PlanHost {
  const host = plan.hosts.find((one) => one.id === id)
  if (host === undefined) throw new Error(`no host ${id}`)
  return host
}

/** Where a host sends what is for another: to it, or to its gateway. */
function macTowards(from: PlanHost, to: PlanHost): string {
  const near = from.tenant === to.tenant && from.network === to.network
  return near ? to.mac : (from.gatewayMac ?? to.mac)
}

interface UdpFrame {
  readonly trace: number
  readonly from: string
  readonly to: string
  readonly family?: 4 | 6
  readonly srcPort?: number
  readonly dstMac?: string
  /** Destination in place of the receiver's own. */
  readonly address?: string
  readonly ttl?: number
  readonly size?: number
  /** DSCP x 4 + ECN. */
  readonly tos?: number
}

/** A UDP frame from a host to a host, at the first one's port. */
export function udpFrame(plan: Plan, options: UdpFrame): Injection {
  const [from, to] = [hostOf(plan, options.from), hostOf(plan, options.to)]
  const mark = encodeTraceId({ run: RUN, trace: options.trace })
  const filler = new Uint8Array(Math.max(0, (options.size ?? 0) - mark.length)).fill(0x61)
  const inside = build.udp(
    { srcPort: options.srcPort ?? 40_000, dstPort: 5000 },
    build.payload(Uint8Array.of(...filler, ...mark)),
  )
  const family = options.family ?? 4
  const [src, dst] = [addressOf(from, family), options.address ?? addressOf(to, family)]
  const ttl = options.ttl ?? 64
  const tos = options.tos ?? 0
  const packet =
    family === 6
      ? build.ipv6({ src: parseIpv6(src), dst: parseIpv6(dst), hopLimit: ttl, trafficClass: tos }, inside)
      : build.ipv4({ src: parseIpv4(src), dst: parseIpv4(dst), ttl, tos }, inside)
  const ethernet = { dst: parseMac(options.dstMac ?? macTowards(from, to)), src: parseMac(from.mac) }
  return { trace: options.trace, at: { host: from.id }, frame: encodeFrame(build.ethernet(ethernet, packet)) }
}

/** One frame from each host to each other of its tenant, in each family both have; from some only to their own network. */
export function everyPair(plan: Plan, next: () => number): Injection[] {
  const hasFamily = (family: 4 | 6) => (host: PlanHost) =>
    host.addresses.some((address) => address.includes(':') === (family === 6))
  return plan.hosts.flatMap((from) =>
    plan.hosts
      .filter(({ id, tenant }) => id !== from.id && tenant === from.tenant)
      .filter(({ network }) => network === from.network || from.gatewayMac !== undefined)
      .flatMap((to) =>
        ([4, 6] as const)
          .filter((family) => [from, to].every(hasFamily(family)))
          .map((family) => udpFrame(plan, { trace: next(), from: from.id, to: to.id, family })),
      ),
  )
}

/** A marked frame to everybody: UDP to the limited broadcast address. */
export function broadcastFrame(plan: Plan, trace: number, from: string): Injection {
  return udpFrame(plan, { trace, from, to: from, dstMac: 'ff:ff:ff:ff:ff:ff', address: '255.255.255.255' })
}

/** An ARP request of a host, broadcast; its mark is padding. */
export function arpRequest(plan: Plan, trace: number, from: string, target: string): Injection {
  const host = hostOf(plan, from)
  const frame = encodeFrame(
    build.ethernet(
      { dst: parseMac('ff:ff:ff:ff:ff:ff'), src: parseMac(host.mac) },
      build.arp({
        operation: 1,
        sha: parseMac(host.mac),
        spa: parseIpv4(addressOf(host, 4)),
        tha: parseMac('00:00:00:00:00:00'),
        tpa: parseIpv4(target),
      }),
      build.padding(encodeTraceId({ run: RUN, trace })),
    ),
  )
  return { trace, at: { host: from }, frame }
}

export function addressOf(host: PlanHost, family: 4 | 6): string {
  const found = host.addresses.find((address) => address.includes(':') === (family === 6))
  if (found === undefined) throw new Error(`${host.id} has no IPv${family} address`)
  return found.split('/')[0]!
}
