/**
 * Cases at edges that random ones meet seldom or never: one octet, one address, one field away from where something
 * changes. Each is a leaf of the demo fabric and a few frames from its hosts.
 *
 * @module
 */
import type { Interface, NodeProgram } from '../../../contract/program.js'
import type { PlanHost } from '../../../contract/plan.js'
import {
  build,
  encodeFrame,
  IPV6_ALL_NODES,
  IPV6_ANY,
  linkLocalOf,
  MAC_BROADCAST,
  MAC_ZERO,
  macFromNumber,
  macOfIpv6Group,
  parseIpv4,
  parseIpv6,
  parseMac,
  solicitedNodeOf,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import { macOctets } from '../../../sdk/traffic/neighbour.js'
import type { Case } from '../../differential/machine/cases.js'
import { withInterfaces } from '../plan/site.js'
import { shipped, type Subject } from './subjects.js'

const DONT_FRAGMENT = 2
const SECOND = 1_000_000_000n

/** A host of the demo fabric with its addresses. */
interface Station {
  readonly port: number
  readonly mac: Mac
  readonly v4: Ipv4
  readonly v6: Ipv6
  readonly gatewayMac: Mac
}

/** A frame that arrives at a port, after some time. */
interface Step {
  readonly at: Station
  readonly frame: Uint8Array
  readonly after?: bigint
}

/** Every edge case by name. */
export function* edgeCases(): Generator<readonly [string, Case]> {
  const demo = shipped('demo')
  const program = programOf(demo, 'leaf1')
  const [web1, web3] = [stationOf(demo, 'shop/web1'), stationOf(demo, 'shop/web3')]
  const db1 = stationOf(demo, 'shop/db1')
  const made = (steps: readonly Step[], on: NodeProgram = program): Case => caseOf(demo, on, steps)

  yield ['every reserved group address', made(reservedGroups(web1))]
  yield ['an IPv4 header of 16 octets', made([{ at: web1, frame: shortHeader(web1, db1.v4) }])]
  yield ['an IPv6 packet cut off by an octet', made([{ at: web1, frame: cutShort(web1, db1.v6) }])]
  yield ['a flow that goes on after its receiver moved', made(movedReceiver(web1, web3))]
  yield ['a flow whose TTL runs out', made(runsOut(web1, db1))]
  yield ['a flow that grows too long', made(growsLong(web1, db1), smallerL3(program))]
  yield ['ARP for its own address in the name of another', made(borrowedAddress(web1, web3))]
  yield ['an advertisement of another address than its source', made(advertised(web1, web3))]
  yield [
    'a packet one octet longer than the next interface takes',
    made(routed(web1, db1, 1401), smallerL3(program)),
  ]
  yield [
    'a frame one octet longer than the overlay takes',
    made(flooded(web1, 1400), smallerOverlay(program)),
  ]
  yield [
    'an outer packet one octet longer than the underlay takes',
    made(routed(web1, db1, 1500), smallerCore(program)),
  ]
}

function programOf({ plan }: Subject, name: string): NodeProgram {
  const node = plan.nodes.find((one) => one.name === name)
  if (node === undefined) throw new Error(`the demo fabric has no ${name}`)
  return node.program
}

function stationOf({ plan }: Subject, id: string): Station {
  const host = plan.hosts.find((one) => one.id === id)
  if (host?.gatewayMac === undefined) throw new Error(`the demo fabric has no ${id} with a gateway`)
  return {
    port: host.at.interface,
    mac: parseMac(host.mac),
    v4: parseIpv4(addressOf(host, '.')),
    v6: parseIpv6(addressOf(host, ':')),
    gatewayMac: parseMac(host.gatewayMac),
  }
}

function addressOf({ addresses, id }: PlanHost, mark: string): string {
  const found = addresses.find((address) => address.includes(mark))?.split('/')[0]
  if (found === undefined) throw new Error(`${id} lacks an address`)
  return found
}

function caseOf({ keys }: Subject, program: NodeProgram, steps: readonly Step[]): Case {
  let now = SECOND
  const inputs = steps.map(({ at, frame, after }) => {
    now += after ?? 0n
    return { kind: 'frame' as const, now, interface: at.port, frame }
  })
  return { keys, inputs: [{ kind: 'load', now: SECOND, program }, ...inputs] }
}

function reservedGroups(at: Station): readonly Step[] {
  return Array.from({ length: 17 }, (_, last) => ({
    at,
    frame: encodeFrame(
      build.ethernet(
        { dst: macFromNumber(0x0180_c200_0000 + last), src: at.mac, etherType: 0x88b5 },
        build.payload(new Uint8Array(46)),
      ),
    ),
  }))
}

function shortHeader(from: Station, to: Ipv4): Uint8Array {
  const frame = packet(from, to, 100)
  frame[14] = 0x44
  return frame
}

function packet(from: Station, to: Ipv4, length: number, ttl = 64): Uint8Array {
  const payload = build.payload(new Uint8Array(length - 28))
  const ip = build.ipv4(
    { src: from.v4, dst: to, flags: DONT_FRAGMENT, ttl },
    build.udp({ srcPort: 4000, dstPort: 7 }, payload),
  )
  return encodeFrame(build.ethernet({ dst: from.gatewayMac, src: from.mac }, ip))
}

function cutShort(from: Station, to: Ipv6): Uint8Array {
  const payload = build.payload(new Uint8Array(40))
  const ip = build.ipv6({ src: from.v6, dst: to }, build.udp({ srcPort: 4000, dstPort: 7 }, payload))
  return encodeFrame(build.ethernet({ dst: from.gatewayMac, src: from.mac }, ip)).slice(0, -1)
}

/** Enough frames for a flow cache to know the way; then the receiver's MAC speaks from the sender's own port. */
function movedReceiver(from: Station, to: Station): readonly Step[] {
  const there = bridged(from.mac, to.mac, from.v4, to.v4)
  const back = bridged(to.mac, from.mac, to.v4, from.v4)
  return [
    { at: to, frame: back },
    ...Array.from({ length: 4 }, () => ({ at: from, frame: there })),
    { at: from, frame: bridged(to.mac, from.mac, from.v4, to.v4) },
    ...Array.from({ length: 4 }, () => ({ at: from, frame: there })),
  ]
}

function bridged(src: Mac, dst: Mac, from: Ipv4, to: Ipv4): Uint8Array {
  const udp = build.udp({ srcPort: 4000, dstPort: 7 }, build.payload(new Uint8Array(40)))
  return encodeFrame(
    build.ethernet({ dst, src }, build.ipv4({ src: from, dst: to, flags: DONT_FRAGMENT }, udp)),
  )
}

function arpRequest(src: Mac, sha: Mac, spa: Ipv4, tpa: Ipv4): Uint8Array {
  const arp = build.arp({ operation: 1, sha, spa, tha: MAC_ZERO, tpa })
  return encodeFrame(build.ethernet({ dst: MAC_BROADCAST, src }, arp))
}

/** The first is bound; the second asks for that address as if it were its own, with a MAC that is not the frame's. */
function borrowedAddress(owner: Station, thief: Station): readonly Step[] {
  return [
    { at: owner, frame: arpRequest(owner.mac, owner.mac, owner.v4, thief.v4) },
    { at: thief, frame: arpRequest(thief.mac, parseMac('02:00:00:00:00:77'), owner.v4, owner.v4) },
  ]
}

/** The link-local address says where the global one is; then another asks for the global one. */
function advertised(owner: Station, asker: Station): readonly Step[] {
  return [
    {
      at: owner,
      frame: neighbourMessage(owner, {
        type: 136,
        flags: 0x2000_0000,
        target: owner.v6,
        src: linkLocalOf(owner.mac),
        dst: IPV6_ALL_NODES,
        option: 2,
      }),
    },
    {
      at: asker,
      frame: neighbourMessage(asker, {
        type: 135,
        flags: 0,
        target: owner.v6,
        src: asker.v6,
        dst: solicitedNodeOf(owner.v6),
        option: 1,
      }),
    },
    {
      at: asker,
      frame: neighbourMessage(asker, {
        type: 135,
        flags: 0,
        target: owner.v6,
        src: IPV6_ANY,
        dst: solicitedNodeOf(owner.v6),
        option: undefined,
      }),
    },
  ]
}

interface NeighbourMessage {
  readonly type: 135 | 136
  readonly flags: number
  readonly target: Ipv6
  readonly src: Ipv6
  readonly dst: Ipv6
  readonly option: 1 | 2 | undefined
}

function neighbourMessage(
  from: Station,
  { type, flags, target, src, dst, option }: NeighbourMessage,
): Uint8Array {
  const options: Stack[] =
    option === undefined ? [] : [build.ndOption({ type: option, data: macOctets(from.mac) })]
  const message = build.icmpv6({ type, rest: flags }, build.ndTarget({ target }, ...options))
  return encodeFrame(
    build.ethernet(
      { dst: macOfIpv6Group(dst), src: from.mac },
      build.ipv6({ src, dst, hopLimit: 255 }, message),
    ),
  )
}

/** Enough frames for a flow cache to know the way, then one that it must not send. */
function runsOut(from: Station, to: Station): readonly Step[] {
  return [64, 64, 64, 64, 2, 1].map((ttl) => ({ at: from, frame: packet(from, to.v4, 100, ttl) }))
}

function growsLong(from: Station, to: Station): readonly Step[] {
  return [1000, 1000, 1000, 1000, 1401].map((length) => ({ at: from, frame: packet(from, to.v4, length) }))
}

/** Packets around a length. */
function routed(from: Station, to: Station, length: number): readonly Step[] {
  return [length - 1, length, length + 1]
    .filter((one) => one <= 1500)
    .map((one) => ({ at: from, frame: packet(from, to.v4, one) }))
}

/** Packets around a length, to everybody in the network. */
function flooded(from: Station, length: number): readonly Step[] {
  return [length, length + 1, length + 2].map((one) => {
    const frame = packet(from, from.v4, one)
    // To all.
    frame.fill(0xff, 0, 6)
    return { at: from, frame }
  })
}

function smallerOverlay(program: NodeProgram): NodeProgram {
  return changed(program, (one) => (one.kind === 'vxlan' ? { ...one, mtu: 1400 } : one))
}

/** The L3 VNI takes less than the network. */
function smallerL3(program: NodeProgram): NodeProgram {
  return changed(program, (one) =>
    one.kind === 'irb' && one.addresses.length === 0 ? { ...one, mtu: 1400 } : one,
  )
}

/** The links take one octet less than 1500 need (VXLAN-1: 14 + 8 + 8 + 20). */
function smallerCore(program: NodeProgram): NodeProgram {
  return changed(program, (one) => (one.kind === 'macsec' ? { ...one, mtu: 1549 } : one))
}

function changed(program: NodeProgram, change: (one: Interface) => Interface): NodeProgram {
  return withInterfaces(program, ...program.interfaces.map(change))
}
