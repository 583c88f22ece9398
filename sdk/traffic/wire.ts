/**
 * Reading frames as they were on a fabric link: opening the seal with the key that the plan gives that direction, the VXLAN below it, and
 * what tenants have sealed inside of that.
 *
 * @module
 */
import type {
  MacsecInterface,
  NodeProgram,
  PortInterface,
  WireguardInterface,
} from '../../contract/program.js'
import type { Plan, PlanLink } from '../../contract/plan.js'
import type { FrameOpener, OpenedFrame, WireFrame } from '../../record/target.js'
import {
  build,
  decodeFrame,
  encodeFrame,
  findTraceId,
  firstLayer,
  formatSci,
  parseMac,
  readSecTag,
} from '../../twin/packet/index.js'
import type { Ip, Mac, SecTagInfo, TraceId } from '../../twin/packet/index.js'
import { MacsecOpener } from '../../twin/macsec-opener.js'
import { TunnelOpener, type TunnelOpening } from '../../twin/tunnel-opener.js'
import { unknownName } from '../errors.js'

/** Key reference to key: octets as its suite takes them. */
export type Keys = ReadonlyMap<string, Uint8Array>

/** One end of a fabric link, as the plan has it. */
export interface LinkEnd {
  readonly node: string
  readonly port: PortInterface
  readonly macsec: MacsecInterface | undefined
  readonly wireguard: WireguardInterface | undefined
}

/** The VXLAN header of a frame and what it carries. */
export interface Tunnelled {
  /** Of the network or VRF that it is for: a sealed tunnel has one of its own outside. */
  readonly vni: number
  readonly source: Ip
  readonly destination: Ip
  /** Opened, when the tunnel is sealed and it opens. */
  readonly inner: Uint8Array
  /** Present in a tunnel that the plan seals. */
  readonly seal?: TunnelSeal
}

/** How what is in a sealed tunnel is sealed. */
export interface TunnelSeal {
  readonly kind: 'macsec' | 'wireguard'
  /** Leaves at its ends, the one that seals first. */
  readonly from: string
  readonly to: string
  /** Association or session, and its packet number; absent when it did not open, and for a handshake. */
  readonly number?: { readonly of: string; readonly number: bigint }
  /** Why it is not open, in a sentence. */
  readonly problem?: string
}

/** A wire frame, read. */
export interface WireReading {
  readonly wire: WireFrame
  /** The link is sealed by the plan. */
  readonly mustBeSealed: boolean
  /** Its SecTAG, when it has a valid one. */
  readonly tag: SecTagInfo | undefined
  /** Its whole packet number, when it opened. */
  readonly pn: bigint | undefined
  /** What WireGuard carries in it, when it is WireGuard and opens. */
  readonly wireguard: OpenedFrame | undefined
  /** Without seal: the frame itself when clear, the opened one when it opened. */
  readonly clear: Uint8Array | undefined
  /** Why it is not open, in a sentence. */
  readonly problem: string | undefined
  readonly tunnel: Tunnelled | undefined
  readonly trace: TraceId | undefined
}

/** Reads wire frames of a plan. */
export class WireReader {
  readonly #links: ReadonlyMap<string, PlanLink>
  readonly #programs: ReadonlyMap<string, NodeProgram>
  readonly #vteps: ReadonlyMap<string, string>
  /** Values of the plan's keys. */
  readonly keys: Keys
  readonly #openers = new Map<MacsecInterface, MacsecOpener>()
  readonly #tunnels: TunnelOpener
  /** By the VNI of a sealed tunnel, that of the network or VRF which it is for. */
  readonly #purposes: ReadonlyMap<number, number>

  constructor(plan: Plan, keys: Keys) {
    this.#links = new Map(plan.links.map((link) => [link.id, link]))
    this.#programs = new Map(plan.nodes.map((node) => [node.name, node.program]))
    this.#vteps = new Map(
      plan.nodes.flatMap((node) => (node.vtep === undefined ? [] : [[node.name, node.vtep]])),
    )
    this.keys = keys
    this.#tunnels = new TunnelOpener(plan, (key) => keys.get(key))
    this.#purposes = purposesOf(plan)
  }

  /** The end of a link at a node. @throws SdkError `ZT_UNKNOWN_NAME` */
  end(link: string, node: string): LinkEnd {
    const found = this.#links.get(link)
    if (found === undefined) throw unknownName('link', link, [...this.#links.keys()])
    const end = [found.a, found.b].find((one) => one.node === node)
    const interfaces = this.#programs.get(node)?.interfaces ?? []
    const port = interfaces.find((one) => one.id === end?.interface)
    if (port?.kind !== 'port') throw unknownName(`end of ${link}`, node, [found.a.node, found.b.node])
    const macsec = interfaces.find(
      (one): one is MacsecInterface => one.kind === 'macsec' && one.lower === port.id,
    )
    const wireguard = interfaces.find(
      (one): one is WireguardInterface => one.kind === 'wireguard' && one.lower === port.id,
    )
    return { node, port, macsec, wireguard }
  }

  /** The VTEP address of a node, as text. */
  vtep(node: string): string | undefined {
    return this.#vteps.get(node)
  }

  /**
   * Reads a frame. Never throws on what was received.
   *
   * @param opener of the observation that it is of: knows the sessions of links sealed by WireGuard
   */
  read(wire: WireFrame, opener?: FrameOpener): WireReading {
    const { macsec, wireguard } = this.end(wire.link, wire.from)
    if (wireguard !== undefined) return this.#ofWireguard(wire, opener)
    const mustBeSealed = macsec?.mode === 'strict'
    if (macsec === undefined) {
      const parsed = readSecTag(wire.frame)
      const tag = parsed.ok ? parsed.tag : undefined
      const problem = tag === undefined ? undefined : 'no seal is planned here'
      return this.#reading(
        wire,
        mustBeSealed,
        tag,
        tag === undefined ? wire.frame : undefined,
        problem,
        opener,
      )
    }
    const opened = this.#opener(macsec).open(wire.frame)
    if (opened.ok)
      return this.#reading(wire, mustBeSealed, opened.tag, opened.clear, undefined, opener, opened.pn)
    const { tag, problem } = opened
    return this.#reading(
      wire,
      mustBeSealed,
      tag,
      problem === undefined ? wire.frame : undefined,
      problem,
      opener,
    )
  }

  #ofWireguard(wire: WireFrame, opener: FrameOpener | undefined): WireReading {
    const opened = opener?.open(wire)
    const problem =
      opener === undefined
        ? 'nobody knows the sessions of its nodes'
        : 'is no WireGuard of this link, or does not open'
    // What WireGuard says for itself has nothing in it to read.
    const clear = opened?.kind === 'data' ? opened.clear : opened === undefined ? wire.frame : undefined
    const reading = this.#reading(
      wire,
      true,
      undefined,
      clear,
      opened === undefined ? problem : undefined,
      opener,
    )
    return { ...reading, wireguard: opened }
  }

  #reading(
    wire: WireFrame,
    mustBeSealed: boolean,
    tag: SecTagInfo | undefined,
    clear: Uint8Array | undefined,
    problem: string | undefined,
    sessions: FrameOpener | undefined,
    pn?: bigint,
  ): WireReading {
    const tunnel = clear === undefined ? undefined : this.#tunnelOf(clear, sessions)
    const trace = clear === undefined ? undefined : findTraceId(tunnel?.inner ?? clear)
    return { wire, mustBeSealed, tag, pn, wireguard: undefined, clear, problem, tunnel, trace }
  }

  #tunnelOf(clear: Uint8Array, sessions: FrameOpener | undefined): Tunnelled | undefined {
    const tunnel = tunnelOf(clear)
    if (tunnel === undefined) return undefined
    const found = this.#tunnels.open(clear, sessions)
    if (found === undefined) return tunnel
    const { inner, ...seal } = insideOf(found)
    return {
      ...tunnel,
      vni: this.#purposes.get(found.vni) ?? found.vni,
      inner: inner ?? tunnel.inner,
      seal: { kind: found.kind, from: found.from, to: found.to, ...seal },
    }
  }

  #opener(sender: MacsecInterface): MacsecOpener {
    const known = this.#openers.get(sender)
    if (known !== undefined) return known
    const opener = new MacsecOpener(sender, (key) => this.keys.get(key))
    this.#openers.set(sender, opener)
    return opener
  }
}

function purposesOf({ tenants }: Plan): ReadonlyMap<number, number> {
  return new Map(
    tenants.flatMap(({ l3vni, networks, tunnels = [] }) =>
      tunnels.flatMap(({ network, vni }) => {
        const purpose = network === undefined ? l3vni : networks.find(({ id }) => id === network)?.vni
        return purpose === undefined ? [] : [[vni, purpose] as const]
      }),
    ),
  )
}

type Inside = Pick<TunnelSeal, 'number' | 'problem'> & { readonly inner?: Uint8Array }

function insideOf(found: TunnelOpening): Inside {
  if (found.kind === 'macsec') {
    const { opened } = found
    if (!opened.ok) return { problem: opened.problem ?? 'it is not sealed' }
    const { tag, pn, clear } = opened
    const sci = tag.sci === undefined ? '' : formatSci(tag.sci)
    return { inner: clear, number: { of: `${sci} ${tag.an}`, number: pn } }
  }
  const { opened } = found
  if (opened === undefined) return { problem: 'it is no WireGuard of this tunnel, or does not open' }
  if (opened.kind === 'handshake') return {}
  const number = { of: `session ${opened.session}`, number: BigInt(opened.counter) }
  return opened.kind === 'data' ? { inner: opened.clear, number } : { number }
}

/** The outermost VXLAN of a clear frame. */
function tunnelOf(frame: Uint8Array): Tunnelled | undefined {
  const layers = decodeFrame(frame)
  const at = layers.findIndex((layer) => layer.kind === 'vxlan')
  const vxlan = layers[at]
  const outer = layers.slice(0, Math.max(at, 0))
  const ip = firstLayer(outer, 'ipv4') ?? firstLayer(outer, 'ipv6')
  if (vxlan?.kind !== 'vxlan' || ip === undefined) return undefined
  return {
    vni: vxlan.vni,
    source: ip.src,
    destination: ip.dst,
    inner: frame.subarray(vxlan.offset + vxlan.size),
  }
}

/** A frame as a node puts a tunnelled one on a clear link; the outer TTL is that of a packet one hop away. */
export function tunnelFrame(options: {
  readonly sourceMac: Mac
  readonly destinationMac: Mac
  readonly source: Ip
  readonly destination: Ip
  readonly vni: number
  readonly inner: Uint8Array
  readonly flags?: number
  readonly udpLength?: number
  readonly ecn?: number
}): Uint8Array {
  const { source, destination } = options
  const udp = build.udp(
    {
      srcPort: 50000,
      dstPort: 4789,
      ...(options.udpLength === undefined ? {} : { length: options.udpLength }),
    },
    build.vxlan(
      { vni: options.vni, ...(options.flags === undefined ? {} : { flags: options.flags }) },
      build.payload(options.inner),
    ),
  )
  const tos = options.ecn ?? 0
  const ethernet = { dst: options.destinationMac, src: options.sourceMac }
  if (typeof source === 'bigint' && typeof destination === 'bigint') {
    return encodeFrame(
      build.ethernet(
        ethernet,
        build.ipv6({ src: source, dst: destination, hopLimit: 63, trafficClass: tos }, udp),
      ),
    )
  }
  if (typeof source === 'bigint' || typeof destination === 'bigint')
    throw new TypeError('addresses of two families')
  return encodeFrame(
    build.ethernet(ethernet, build.ipv4({ src: source, dst: destination, ttl: 63, flags: 2, tos }, udp)),
  )
}

/** What becomes of a clear frame at the end of a sealed link (MACSEC-1, WG-2); `undefined` where it may be received. */
export function refusalOfClear({
  macsec,
  wireguard,
}: LinkEnd): 'macsec-clear' | 'wireguard-clear' | undefined {
  if (wireguard !== undefined) return 'wireguard-clear'
  return macsec?.mode === 'strict' ? 'macsec-clear' : undefined
}

/** The MAC of a port, as a number. */
export function macOf(end: LinkEnd): Mac {
  return parseMac(end.macsec?.mac ?? end.port.mac)
}
