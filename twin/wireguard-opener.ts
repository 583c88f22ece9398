/**
 * Opens what WireGuard sealed on the links of a plan, or inside tunnels between its leaves, with the sessions of the nodes at their ends as the twin knows them: its own, or
 * those that it comes to when it follows the journals of a lab. Keys never leave here.
 *
 * @module
 */
import type { Plan, PlanNode } from '../contract/plan.js'
import type { WireguardInterface } from '../contract/program.js'
import type { FrameOpener, OpenedFrame, TunnelledFrame, WireFrame } from '../record/target.js'
import type { FabricNode, SessionKeys } from './forward/index.js'
import { DATA, MessageType, readU32, typeOf } from './forward/wireguard-message.js'
import { ethernet, formatIp, ipv4, ipv6, udp } from './packet/index.js'
import { openAead } from './packet/wireguard-crypto.js'
import { transits } from './tunnel-opener.js'

type Secret = SessionKeys['sending']

/** What a wireguard interface has keys for, by the index that the receiver gave. */
interface End {
  readonly sent: Map<number, Secret[]>
  readonly received: Map<number, Secret[]>
}

/** A direction of a link, or of a tunnel: what its receiver says of itself, and whose keys there are. */
interface Direction {
  readonly receiver: WireguardInterface
  readonly from: End
  readonly to: End
}

export class SessionOpener implements FrameOpener {
  /** By link and sender. */
  readonly #links = new Map<string, Direction>()
  /** By VNI, sender and receiver. */
  readonly #tunnels = new Map<string, Direction>()
  /** By node and interface. */
  readonly #ends = new Map<string, End>()
  readonly #seen = new Map<FabricNode, number>()

  /** @returns `undefined` for a plan without WireGuard: there is nothing to open */
  static of(plan: Pick<Plan, 'links' | 'nodes'>): SessionOpener | undefined {
    const opener = new SessionOpener(plan)
    return opener.#ends.size === 0 ? undefined : opener
  }

  private constructor({ links, nodes }: Pick<Plan, 'links' | 'nodes'>) {
    for (const { id, a, b } of links) {
      const [at, bt] = [a, b].map(({ node, interface: port }) =>
        wireguardsOf(nodes, node).find(({ lower }) => lower === port),
      )
      if (at === undefined || bt === undefined) continue
      const [near, far] = [this.#endOf(a.node, at), this.#endOf(b.node, bt)]
      this.#links.set(`${id} ${a.node}`, { receiver: bt, from: near, to: far })
      this.#links.set(`${id} ${b.node}`, { receiver: at, from: far, to: near })
    }
    for (const node of nodes) {
      for (const { vni, bridge, remotes } of transits(node)) {
        const sender = wireguardIn(node, bridge)
        for (const other of nodes) {
          const there = transits(other).find((one) => one.vni === vni && remotes.includes(one.local))
          const receiver = there && wireguardIn(other, there.bridge)
          if (sender === undefined || receiver === undefined) continue
          const [from, to] = [this.#endOf(node.name, sender), this.#endOf(other.name, receiver)]
          this.#tunnels.set(`${vni} ${node.name} ${other.name}`, { receiver, from, to })
        }
      }
    }
  }

  #endOf(node: string, { id }: WireguardInterface): End {
    const key = `${node} ${id}`
    const present = this.#ends.get(key)
    if (present !== undefined) return present
    const end = { sent: new Map<number, Secret[]>(), received: new Map<number, Secret[]>() }
    this.#ends.set(key, end)
    return end
  }

  /** Takes the sessions that a node has by now; to be called after each of its inputs, for sessions end. */
  learn(node: FabricNode): void {
    // A new session is a change of what it has learned.
    if (this.#seen.get(node) === node.stateVersion) return
    this.#seen.set(node, node.stateVersion)
    for (const session of node.sessions()) {
      const end = this.#ends.get(`${node.name} ${session.interface}`)
      if (end === undefined) continue
      add(end.sent, session.peerIndex, session.sending)
      add(end.received, session.index, session.receiving)
    }
  }

  /** What a frame of a link is, or `undefined`: it is no WireGuard for its receiver, or does not open. */
  open({ link, from, frame }: Pick<WireFrame, 'link' | 'from' | 'frame'>): OpenedFrame | undefined {
    return openWith(this.#links.get(`${link} ${from}`), frame)
  }

  /** The same of a frame in a tunnel. */
  openInside({ vni, from, to, frame }: TunnelledFrame): OpenedFrame | undefined {
    return openWith(this.#tunnels.get(`${vni} ${from} ${to}`), frame)
  }
}

function wireguardsOf(nodes: Plan['nodes'], name: string): readonly WireguardInterface[] {
  return (nodes.find((node) => node.name === name)?.program.interfaces ?? []).filter(
    (item): item is WireguardInterface => item.kind === 'wireguard',
  )
}

/** The interface whose packets leave by the IRB of a bridge. */
function wireguardIn(
  { program: { interfaces } }: PlanNode,
  bridge: number | undefined,
): WireguardInterface | undefined {
  const irb = interfaces.find((item) => item.kind === 'irb' && item.bridge === bridge)
  const vrf = irb?.kind === 'irb' ? irb.vrf : undefined
  return interfaces.find(
    (item): item is WireguardInterface =>
      item.kind === 'wireguard' && item.underlayVrf === vrf && vrf !== undefined,
  )
}

function openWith(direction: Direction | undefined, frame: Uint8Array): OpenedFrame | undefined {
  const found = direction && messageOf(frame, direction.receiver)
  if (direction === undefined || found === undefined) return undefined
  const { message, at } = found
  const type = typeOf(message)
  if (type === undefined) return undefined
  if (type !== MessageType.DATA) return { kind: 'handshake' }
  const index = readU32(message, DATA.receiver)
  const counter = new DataView(message.buffer, message.byteOffset).getBigUint64(DATA.counter, true)
  const sealed = message.subarray(DATA.text)
  for (const key of keysOf(direction, index)) {
    const text = openAead(key, counter, sealed)
    if (text === undefined) continue
    const session = { session: index, counter: Number(counter) }
    if (text.length === 0) return { kind: 'keepalive', ...session }
    const clear = clearOf(frame, text)
    if (clear === undefined) return undefined
    return { kind: 'data', ...session, clear, canonical: canonicalOf(frame, at, text), text: at + DATA.text }
  }
  return undefined
}

function keysOf({ from, to }: Direction, index: number): readonly Secret[] {
  const [sent, received] = [from.sent.get(index) ?? [], to.received.get(index) ?? []]
  return [...sent, ...received.filter((key) => !sent.some((other) => other.equals(key)))]
}

function add(keys: Map<number, Secret[]>, index: number, key: Secret): void {
  const known = keys.get(index) ?? []
  if (known.some((other) => other.equals(key))) return
  keys.set(index, [...known, key])
}

/** The message of a frame that WG-2 lets in, with right checksum and length, and where it begins. */
function messageOf(
  frame: Uint8Array,
  receiver: WireguardInterface,
): { readonly message: Uint8Array; readonly at: number } | undefined {
  const start = ethernet.HEADER_LENGTH
  if (frame.length < start + ipv4.HEADER_LENGTH + udp.HEADER_LENGTH) return undefined
  const local = receiver.local[0] ?? ''
  const datagram = local.includes(':')
    ? datagramOver6(frame, start, local)
    : datagramOver4(frame, start, local)
  if (datagram === undefined || udp.dstPort(frame, datagram) !== receiver.listenPort) return undefined
  const length = udp.length(frame, datagram)
  if (length < udp.HEADER_LENGTH || datagram + length > frame.length) return undefined
  const at = datagram + udp.HEADER_LENGTH
  return { message: frame.subarray(at, datagram + length), at }
}

function datagramOver4(frame: Uint8Array, at: number, local: string): number | undefined {
  const isMeant =
    ethernet.etherType(frame, 0) === ethernet.EtherType.IPV4 &&
    ipv4.headerLength(frame, at) === ipv4.HEADER_LENGTH &&
    !ipv4.isFragment(frame, at) &&
    ipv4.protocol(frame, at) === ipv4.Protocol.UDP &&
    ipv4.checksumOk(frame, at) &&
    formatIp(ipv4.dst(frame, at)) === local
  const datagram = at + ipv4.HEADER_LENGTH
  return isMeant && udp.checksumOkOverIpv4(frame, datagram, at + 12) ? datagram : undefined
}

function datagramOver6(frame: Uint8Array, at: number, local: string): number | undefined {
  const datagram = at + ipv6.HEADER_LENGTH
  if (frame.length < datagram + udp.HEADER_LENGTH) return undefined
  const isMeant =
    ethernet.etherType(frame, 0) === ethernet.EtherType.IPV6 &&
    ipv6.nextHeader(frame, at) === ipv4.Protocol.UDP &&
    formatIp(ipv6.dst(frame, at)) === local &&
    udp.length(frame, datagram) <= frame.length - datagram
  return isMeant && udp.checksumOkOverIpv6(frame, datagram, at + 8, at + 24) ? datagram : undefined
}

/** The packet inside, cut to its length, behind the Ethernet header of the frame that it came in. */
function clearOf(frame: Uint8Array, text: Uint8Array): Uint8Array | undefined {
  const version = (text[0] ?? 0) >> 4
  const shortest = version === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH
  if ((version !== 4 && version !== 6) || text.length < shortest) return undefined
  const length = version === 4 ? ipv4.totalLength(text, 0) : shortest + ipv6.payloadLength(text, 0)
  if (length < shortest || length > text.length) return undefined
  const clear = new Uint8Array(ethernet.HEADER_LENGTH + length)
  clear.set(frame.subarray(0, ethernet.HEADER_LENGTH))
  ethernet.setEtherType(clear, 0, version === 4 ? ethernet.EtherType.IPV4 : ethernet.EtherType.IPV6)
  clear.set(text.subarray(0, length), ethernet.HEADER_LENGTH)
  return clear
}

/** Mask `wireguard-session`: receiver index, counter and the UDP checksum are zero, the tag is gone, the text is clear with its padding. */
function canonicalOf(frame: Uint8Array, at: number, text: Uint8Array): Uint8Array {
  const head = at + DATA.text
  const bytes = new Uint8Array(head + text.length)
  bytes.set(frame.subarray(0, head))
  bytes.fill(0, at + DATA.receiver, head)
  bytes.fill(0, at - 2, at)
  bytes.set(text, head)
  return bytes
}
