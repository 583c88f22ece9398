/**
 * Traffic through VXLAN tunnels, and what became of it: unicast each way, broadcasts, the longest frames, and one octet more.
 *
 * @module
 */
import type { VxlanInterface } from '../../contract/program.js'
import {
  build,
  decodeFrame,
  encodeFrame,
  firstLayer,
  formatIp,
  MAC_BROADCAST,
  macOfIpv6Group,
  parseIp,
} from '../../twin/packet/index.js'
import { addressOf } from '../fabric-view.js'
import type { FabricView, Family, Host } from '../fabric-view.js'
import { deliveredFrames } from '../judge/delivery.js'
import type { Seen, Sent } from '../seen.js'
import { oversize } from '../traffic/forge-host.js'
import { flow, roomBetween } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { frameOf } from '../traffic/frame.js'
import type { Frame } from '../traffic/frame.js'
import { packetLength } from '../traffic/packet.js'
import { pathBetween } from '../traffic/path.js'
import { markedPayload } from '../traffic/payload.js'
import type { WireReading } from '../traffic/wire.js'
import type { VxlanTunnel } from './vxlan-tunnels.js'

/** Flows through each tunnel, with other ports, so that ECMP uses several links. */
const FLOWS = 4

/** Flows that must cross a tunnel. */
export function flowsThrough(
  fabric: FabricView,
  { tenant, vni, network, from, to }: VxlanTunnel,
): readonly Flow[] {
  const pairs = tenant.hosts.flatMap((a) =>
    tenant.hosts.flatMap((b) =>
      a.leaf === from && b.leaf === to && (network === undefined || a.network.id === network.id)
        ? ([4, 6] as const).flatMap((family) =>
            crosses(fabric, vni, a, b, family) ? [{ a, b, family }] : [],
          )
        : [],
    ),
  )
  return Array.from({ length: pairs.length === 0 ? 0 : FLOWS }, (_, n) => pairs[n % pairs.length]).flatMap(
    (pair, n) =>
      pair === undefined
        ? []
        : [flow(fabric, pair.a, pair.b, { family: pair.family, sourcePort: 21000 + n * 131 })],
  )
}

function crosses(fabric: FabricView, vni: number, a: Host, b: Host, family: Family): boolean {
  const path = pathBetween(fabric.tenant(a.tenant), a, b, family)
  // By way of another leaf it would cross other tunnels than the one between these two.
  return path.kind !== 'none' && path.vni === vni && !(path.kind === 'routed' && path.entry !== undefined)
}

/** The same flow with the longest packet that its network takes. */
export function longest(one: Flow): Flow {
  const empty = packetLength({ ...one.packet, size: 0 })
  return { ...one, packet: { ...one.packet, size: roomBetween(one.from, one.to) - empty } }
}

/** One octet more than the edge takes. */
export function tooLong(one: Flow): Frame | undefined {
  return oversize(one.from, one.to, 1)
}

/** Hosts that speak to all of their network, one on each leaf. */
export function speakersOf({ hosts }: FabricView): readonly Host[] {
  const first = new Map<string, Host>()
  for (const host of hosts) {
    const { id, leaves, vni } = host.network
    const key = `${id} ${host.leaf}`
    if (vni !== undefined && leaves.length > 1 && !first.has(key)) first.set(key, host)
  }
  return [...first.values()]
}

/** To every host of its network: the limited broadcast, or all nodes of the link. */
export function broadcast(from: Host): Frame | undefined {
  const family: Family = addressOf(from, 4) === undefined ? 6 : 4
  const source = addressOf(from, family)?.address
  if (source === undefined) return undefined
  const group = parseIp(family === 4 ? '255.255.255.255' : 'ff02::1')
  return frameOf({
    label: `${from.id}: to all of ${from.network.id}`,
    tenant: from.tenant,
    at: { host: from.id },
    expect: { outcome: 'contained' },
    bytes: (id) => {
      const udp = build.udp({ srcPort: 40001, dstPort: 40001 }, build.payload(markedPayload(64, id)))
      if (typeof source === 'bigint' && typeof group === 'bigint')
        return encodeFrame(
          build.ethernet(
            { dst: macOfIpv6Group(group), src: from.mac },
            build.ipv6({ src: source, dst: group, hopLimit: 1 }, udp),
          ),
        )
      if (typeof source === 'bigint' || typeof group === 'bigint') throw new TypeError('two families')
      return encodeFrame(
        build.ethernet(
          { dst: MAC_BROADCAST, src: from.mac },
          build.ipv4({ src: source, dst: group, ttl: 1 }, udp),
        ),
      )
    },
  })
}

/** Who heard a broadcast, how often: hosts of its network that should, and strangers. */
export function hearersOf(
  seen: Seen,
  sent: Sent,
  speaker: Host,
): { readonly times: ReadonlyMap<string, number>; readonly strangers: readonly string[] } {
  const { hosts } = seen.source.fabric
  const meant = hosts.filter(({ id, network }) => id !== speaker.id && network.id === speaker.network.id)
  const arrivals = seen.arrivalsOf(sent)
  const times = new Map(meant.map(({ id }) => [id, arrivals.filter(({ host }) => host === id).length]))
  const strangers = [...new Set(arrivals.map(({ host }) => host))].filter((host) => !times.has(host))
  return { times, strangers }
}

/** What became of the frames of flows through one tunnel. */
export interface Through {
  readonly sent: number
  readonly arrived: number
  /** Why the others did not. */
  readonly lost: readonly string[]
}

/** @param which flows of the tunnel, by the labels of their frames */
export function throughOf(seen: Seen, which: ReadonlySet<string>): Through {
  const sent = seen.sent.filter(({ frame }) => which.has(frame.label))
  const delivered = new Set(deliveredFrames(seen))
  const lost = sent
    .filter((one) => !delivered.has(one))
    .map((one) => {
      const said = seen.fatesOf(one).map(({ node, fate }) => `${node}: ${fate}`)
      return `${one.frame.label} does not arrive (${said.length === 0 ? 'no node says why' : said.join(', ')})`
    })
  return { sent: sent.length, arrived: sent.length - lost.length, lost }
}

/** What is wrong with the header outside of a frame that its first leaf has just sent. */
export function headerFaults(
  reading: WireReading,
  planned: VxlanInterface,
  remotes: readonly string[],
): readonly string[] {
  const { clear, tunnel } = reading
  if (clear === undefined || tunnel === undefined) return []
  const all = decodeFrame(clear)
  const layers = all.slice(
    0,
    all.findIndex(({ kind }) => kind === 'vxlan'),
  )
  const udp = firstLayer(layers, 'udp')
  const four = firstLayer(layers, 'ipv4')
  const ttl = four?.ttl ?? firstLayer(layers, 'ipv6')?.hopLimit
  const [source, destination] = [tunnel.source, tunnel.destination].map(formatIp)
  const wrongSum = layers.some(
    ({ kind, problems }) => kind === 'udp' && problems.some(({ code }) => code === 'checksum'),
  )
  return [
    source === planned.local ? undefined : `its outer source is ${source}, not the VTEP ${planned.local}`,
    remotes.includes(destination ?? '')
      ? undefined
      : `it goes to ${destination}, which has no part in the VNI`,
    ttl === planned.ttl ? undefined : `its outer TTL is ${ttl}, not ${planned.ttl}`,
    udp?.dstPort === planned.port ? undefined : `it goes to UDP port ${udp?.dstPort}, not ${planned.port}`,
    (udp?.srcPort ?? 0) >= 49152 ? undefined : `its UDP source port is ${udp?.srcPort}, below 49152`,
    four === undefined || ((four.flags & 2) !== 0) === planned.df
      ? undefined
      : `DF is ${planned.df ? 'clear' : 'set'} outside, and the plan has it ${planned.df ? 'set' : 'clear'}`,
    planned.udpChecksum === 'zero'
      ? udp?.checksum === 0
        ? undefined
        : 'its outer UDP checksum is not zero'
      : udp?.checksum === 0
        ? 'its outer UDP checksum is zero'
        : undefined,
    wrongSum ? 'its outer UDP checksum is wrong' : undefined,
  ].filter((fault) => fault !== undefined)
}
