/**
 * Judges the anycast part of a `reach` intent: of hosts that share an address, one receives each packet, once. Which one is routing's
 * choice.
 *
 * @module
 */
import type { ProtocolSpec } from '../../contract/plan.js'
import type { Finding } from '../../record/verdict.js'
import { bytesEqual } from '../../twin/packet/index.js'
import { addressOf } from '../fabric-view.js'
import type { Family, Host } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Seen, Sent } from '../seen.js'
import { roomBetween, tenantOfHost } from '../traffic/flow.js'
import { frameOf } from '../traffic/frame.js'
import type { Frame } from '../traffic/frame.js'
import { describeSpec, packetFrame, packetLength, plainPacket } from '../traffic/packet.js'
import type { PacketSpec } from '../traffic/packet.js'
import { pathBetween } from '../traffic/path.js'
import { routersPassed } from './delivery.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'

/** Packets of one kind of traffic. */
export type PacketsOf = (traffic: ProtocolSpec, sourcePort: number) => readonly Partial<PacketSpec>[]

/** A packet to an address that several hosts have. */
interface Asked {
  readonly from: Host
  readonly set: readonly Host[]
  readonly packet: PacketSpec
}

/** Client ports, as of other generated flows. */
const CLIENT_PORT = 49152

/** Sends from each host to each set, when nobody has spoken and again when all have, a short packet and the largest. */
export async function judgeAnycast(
  target: ScenarioTarget,
  from: readonly Host[],
  sets: readonly (readonly Host[])[],
  { traffic, packetsOf }: { readonly traffic: ProtocolSpec; readonly packetsOf: PacketsOf },
): Promise<readonly Report[]> {
  const asked: Asked[] = []
  const impossible: string[] = []
  for (const host of from) {
    for (const set of sets) {
      if (set.some(({ id }) => id === host.id)) continue
      const families = ([4, 6] as const).filter((family) =>
        set.some((one) => waysTo(target, host, one, family)),
      )
      const name = set.map(({ id }) => id).join(', ')
      if (families.length === 0) impossible.push(`${host.id} has no way to any of ${name}`)
      for (const family of families) {
        for (const packet of packetsOf(traffic, CLIENT_PORT + asked.length)) {
          asked.push({ from: host, set, packet: { ...plainPacket, ...packet, family } })
        }
      }
    }
  }
  if (asked.length === 0 && impossible.length === 0) return []
  await target.reset()
  const all = [...asked, ...asked, ...asked.map(largest)]
  const seen = await target.send(all.map((one) => frameTo(one)))
  return [
    judgeSent(target, seen, all),
    {
      judged: impossible.length,
      delivered: 0,
      findings: impossible.map((text) => finding('INV-REACH', text)),
    },
  ]
}

function waysTo({ fabric }: ScenarioTarget, from: Host, to: Host, family: Family): boolean {
  return pathBetween(tenantOfHost(fabric, from), from, to, family, { nearest: true }).kind === 'routed'
}

function largest(one: Asked): Asked {
  const room = Math.min(...one.set.map((to) => roomBetween(one.from, to)))
  return { ...one, packet: { ...one.packet, size: room - packetLength({ ...one.packet, size: 0 }) } }
}

function frameTo({ from, set: [to], packet }: Asked): Frame {
  const [source, destination] = [addressOf(from, packet.family), to && addressOf(to, packet.family)]
  const { gatewayMac } = from
  if (source === undefined || destination === undefined || gatewayMac === undefined) {
    throw new TypeError(`${from.id} has no way to an address that it is to reach`)
  }
  const endpoints = {
    sourceMac: from.mac,
    destinationMac: gatewayMac,
    source: source.address,
    destination: destination.address,
  }
  return frameOf({
    label: `${from.id} > anycast of ${to?.network.id ?? ''} ${describeSpec(packet)}`,
    tenant: from.tenant,
    at: { host: from.id },
    expect: { outcome: 'contained' },
    bytes: (id) => packetFrame(endpoints, packet, id),
  })
}

function judgeSent(target: ScenarioTarget, seen: Seen, all: readonly Asked[]): Report {
  const findings = seen.sent.flatMap((sent, index) => {
    const asked = all[index]
    return asked === undefined ? [] : judgeOne(target, seen, sent, asked)
  })
  return {
    judged: all.length,
    delivered: all.length - new Set(findings.map(({ message }) => message)).size,
    findings,
  }
}

function judgeOne(
  target: ScenarioTarget,
  seen: Seen,
  sent: Sent,
  { from, set, packet }: Asked,
): readonly Finding[] {
  const { label } = sent.frame
  const arrivals = seen.arrivalsOf(sent).filter(({ foreign }) => !foreign)
  const here = arrivals.filter(({ host }) => set.some(({ id }) => id === host))
  const names = set.map(({ id }) => id).join(', ')
  const [first] = here
  if (first === undefined) {
    const fates = seen.fatesOf(sent).map(({ node, fate }) => `${node}: ${fate}`)
    const text = `${label}: arrived at none of ${names}; ${fates.join(', ') || 'no node says what became of it'}`
    return [finding('INV-REACH', text, { frame: sent.bytes })]
  }
  if (here.length > 1) {
    const where = here.map(({ host }) => host).join(' and ')
    return [
      finding('INV-REACH', `${label}: arrived ${here.length} times, at ${where}`, { frame: first.frame }),
    ]
  }
  const to = set.find(({ id }) => id === first.host)
  const expected = to && arrivalAt(target, sent, seen, { from, to, packet })
  return expected !== undefined && bytesEqual(expected, first.frame)
    ? []
    : [finding('INV-HEADER', `${label}: at ${first.host} it is not as it should be`, { frame: first.frame })]
}

/** The packet as the gateway of the host that was chosen puts it on its wire. */
function arrivalAt(
  { fabric }: ScenarioTarget,
  sent: Sent,
  seen: Seen,
  { from, to, packet }: { readonly from: Host; readonly to: Host; readonly packet: PacketSpec },
): Uint8Array | undefined {
  const path = pathBetween(tenantOfHost(fabric, from), from, to, packet.family, { nearest: true })
  const [source, destination] = [addressOf(from, packet.family), addressOf(to, packet.family)]
  if (
    path.kind === 'none' ||
    source === undefined ||
    destination === undefined ||
    to.gatewayMac === undefined
  )
    return undefined
  return packetFrame(
    {
      sourceMac: to.gatewayMac,
      destinationMac: to.mac,
      source: source.address,
      destination: destination.address,
    },
    { ...packet, ttl: packet.ttl - (routersPassed(seen, sent) ?? path.gateways) },
    { run: seen.source.run, trace: sent.trace },
  )
}
