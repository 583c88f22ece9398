/**
 * Frames that speak of what `apply` has just set or removed: the same MAC or address heard on a port, behind the tunnel that
 * was named or another, or asked for; or frames sealed by the SA. Independent frames meet a control entry behind a tunnel
 * once in ten thousand.
 *
 * @module
 */
import { z } from 'zod'
import { TableChange } from '../../../contract/control.js'
import type { VxlanInterface } from '../../../contract/program.js'
import {
  build,
  encodeFrame,
  IPV6_ALL_NODES,
  isIpv6,
  MAC_BROADCAST,
  macOfIpv6Group,
  parseIp,
  parseMac,
  solicitedNodeOf,
  type Ip,
  type Mac,
} from '../../../twin/packet/index.js'
import type { Input } from '../../../twin/forward/index.js'
import { fabricFrame } from './fabric-frames.js'
import { hostFrame } from './bridge-frames.js'
import { sealed, senderOf, type Sender } from './macsec-frames.js'
import { arpMessage, ndMessage } from './packets.js'
import type { Random } from './random.js'
import type { BridgeWords, PortWords, Vocabulary } from './vocabulary.js'

const Applied = z.object({ op: z.literal('apply'), changes: z.array(TableChange) })

/** A frame about one of the changes of a request, or nothing when it is no `apply` or about no host. */
export function followUp(
  random: Random,
  words: Vocabulary,
  request: unknown,
  place: number,
): Input | undefined {
  const applied = Applied.safeParse(request)
  if (!applied.success) return undefined
  const sealing = applied.data.changes.flatMap((change) =>
    change.table === 'receive-association' ? [change] : [],
  )
  if (sealing.length > 0 && random.chance(70)) return sealedBy(random, words, random.pick(sealing), place)
  const spoken = applied.data.changes.flatMap((change) => subjectOf(random, words, change))
  if (spoken.length === 0) return undefined
  const { bridge, mac, address } = random.pick(spoken)
  const frame = hostSays(random, bridge, mac, address)
  const ports = words.hostPorts.filter((one) => one.bridge === bridge)
  const isHeardOnPort = ports.length > 0 && random.chance(45)
  if (!isHeardOnPort) return tunnelled(random, words, bridge, frame, place)
  const { port, macsec } = random.pick(ports)
  const received = macsec === undefined ? frame : sealed(random, macsec, frame, place)
  return { kind: 'frame', now: 0n, interface: port.id, frame: received }
}

interface Subject {
  readonly bridge: BridgeWords
  readonly mac: Mac
  readonly address: Ip
}

/** Whom a change is about: its MAC with any address, its address with its MAC or another. */
function subjectOf(random: Random, words: Vocabulary, change: TableChange): Subject[] {
  if (change.table !== 'fdb' && change.table !== 'neighbour') return []
  const isOf = (one: BridgeWords): boolean =>
    change.table === 'fdb' ? one.id === change.bridge : one.irb?.id === change.interface
  const bridge = words.bridges.find(isOf)
  if (bridge === undefined) return []
  if (change.table === 'fdb') {
    return [{ bridge, mac: parseMac(change.mac), address: random.pick([...bridge.hosts4, ...bridge.hosts6]) }]
  }
  const set = change.to === null || random.chance(40) ? random.pick(bridge.macs) : parseMac(change.to.mac)
  return [{ bridge, mac: set, address: parseIp(change.address) }]
}

/** The host announces itself, or another asks for it. */
function hostSays(random: Random, bridge: BridgeWords, mac: Mac, address: Ip): Uint8Array {
  const isAsked = random.chance(30)
  const src = isAsked ? random.pick(bridge.macs) : mac
  if (isIpv6(address)) {
    const source = isAsked ? random.pick(bridge.hosts6) : address
    const destination = isAsked ? solicitedNodeOf(address) : IPV6_ALL_NODES
    const message = ndMessage(random, isAsked, { source, destination, target: address, mac: src })
    return encodeFrame(build.ethernet({ dst: macOfIpv6Group(destination), src }, message))
  }
  const spa = isAsked ? random.pick(bridge.hosts4) : address
  return encodeFrame(
    build.ethernet({ dst: MAC_BROADCAST, src }, arpMessage(random, src, spa, 0 as Mac, address)),
  )
}

/** Out of a tunnel of the bridge, from one of its VTEPs; now and then a sealed one. */
function tunnelled(
  random: Random,
  words: Vocabulary,
  bridge: BridgeWords,
  inner: Uint8Array,
  place: number,
): Input | undefined {
  const under = words.sealedTunnels.filter((one) => one.bridge === bridge)
  if (under.length > 0 && random.chance(30)) {
    const { tunnel, macsec } = random.pick(under)
    return throughUnderlay(random, words, [tunnel], sealed(random, macsec, inner, place), place)
  }
  return throughUnderlay(random, words, bridge.tunnels, inner, place)
}

/** By any way into the underlay. */
function throughUnderlay(
  random: Random,
  words: Vocabulary,
  through: readonly VxlanInterface[],
  inner: Uint8Array,
  place: number,
): Input | undefined {
  const ways = words.routedPorts.filter(({ vrf }) => vrf?.id === 0)
  const tunnels = through.filter(({ remotes }) => remotes.length > 0)
  if (ways.length === 0 || tunnels.length === 0) return undefined
  const port = random.pick(ways)
  const clear = outer(random, port, random.pick(tunnels), inner)
  const frame = port.macsec === undefined ? clear : sealed(random, port.macsec, clear, place)
  return { kind: 'frame', now: 0n, interface: port.port.id, frame }
}

function outer(random: Random, port: PortWords, tunnel: VxlanInterface, inner: Uint8Array): Uint8Array {
  const [src, dst] = [parseIp(random.pick(tunnel.remotes)), parseIp(tunnel.local)]
  const carried = build.udp(
    { srcPort: 50_000, dstPort: tunnel.port },
    build.vxlan({ vni: tunnel.vni }),
    build.payload(inner),
  )
  const ip =
    isIpv6(src) && isIpv6(dst)
      ? build.ipv6({ src, dst, hopLimit: 62 }, carried)
      : !isIpv6(src) && !isIpv6(dst)
        ? build.ipv4({ src, dst, ttl: 62 }, carried)
        : undefined
  if (ip === undefined) throw new Error('VTEPs of two families')
  return encodeFrame(build.ethernet({ dst: port.mac, src: port.peer }, ip))
}

type ReceiveChange = Extract<TableChange, { readonly table: 'receive-association' }>

/** What the far end sends by an SA that was just set, or removed. */
function sealedBy(
  random: Random,
  words: Vocabulary,
  change: ReceiveChange,
  place: number,
): Input | undefined {
  const macsec = words.macsecs.find((one) => one.interface.id === change.interface)
  if (macsec === undefined) return undefined
  const removed = macsec.interface.rx.find(({ sci, an }) => sci === change.sci && an === change.an)
  const to = change.to ?? removed
  if (to === undefined || !macsec.keys.has(to.key)) return undefined
  const senders: Sender[] = [senderOf(change.sci, change.an, to)]
  const port = words.ports.find((one) => one.macsec === macsec)
  if (port !== undefined) {
    const clear =
      port.bridge === undefined
        ? fabricFrame(random, words, port, [], place)
        : hostFrame(random, port.bridge, 'port', [])
    const frame = sealed(random, macsec, clear, place, senders)
    return { kind: 'frame', now: 0n, interface: port.port.id, frame }
  }
  const under = words.sealedTunnels.find((one) => one.macsec === macsec)
  if (under === undefined) return undefined
  const inner = sealed(random, macsec, hostFrame(random, under.bridge, 'tunnel', []), place, senders)
  return throughUnderlay(random, words, [under.tunnel], inner, place)
}
