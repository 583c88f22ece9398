/**
 * Reading frames as they were on a fabric link: opening the seal with the key that the plan gives that direction, and
 * the VXLAN below it.
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
import { ChannelOpener } from '../../twin/macsec-opener.js'
import {
  build,
  decodeFrame,
  encodeFrame,
  findTraceId,
  firstLayer,
  parseMac,
  readSecTag,
} from '../../twin/packet/index.js'
import type { Ip, Mac, SecTagInfo, TraceId } from '../../twin/packet/index.js'
import { unknownName } from '../errors.js'

/** Key reference to key, as the key file has it. */
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
  readonly vni: number
  readonly source: Ip
  readonly destination: Ip
  readonly inner: Uint8Array
}

/** A wire frame, read. */
export interface WireReading {
  readonly wire: WireFrame
  /** The link is sealed by the plan. */
  readonly mustBeSealed: boolean
  /** Its SecTAG, when it has a valid one. */
  readonly tag: SecTagInfo | undefined
  /** What WireGuard carries in it, when it is WireGuard and opens. */
  readonly wireguard: OpenedFrame | undefined
  /** Without seal: the frame itself when clear, the opened one when it opened. */
  readonly clear: Uint8Array | undefined
  /** The key epoch of a frame that opened: `AN 0`, or `session 1234`. */
  readonly epoch: string | undefined
  /** Its packet number in that epoch, or its counter. */
  readonly number: bigint | undefined
  /** Why it is not open, in a sentence. */
  readonly problem: string | undefined
  readonly tunnel: Tunnelled | undefined
  readonly trace: TraceId | undefined
}

const NOTHING_READ = {
  mustBeSealed: false,
  tag: undefined,
  wireguard: undefined,
  epoch: undefined,
  number: undefined,
  problem: undefined,
}

/** Reads wire frames of a plan. */
export class WireReader {
  readonly #links: ReadonlyMap<string, PlanLink>
  readonly #programs: ReadonlyMap<string, NodeProgram>
  readonly #vteps: ReadonlyMap<string, string>
  /** Values of the plan's keys. */
  readonly keys: Keys
  readonly #openers = new Map<string, ChannelOpener>()

  constructor(plan: Plan, keys: Keys) {
    this.#links = new Map(plan.links.map((link) => [link.id, link]))
    this.#programs = new Map(plan.nodes.map((node) => [node.name, node.program]))
    this.#vteps = new Map(
      plan.nodes.flatMap((node) => (node.vtep === undefined ? [] : [[node.name, node.vtep]])),
    )
    this.keys = keys
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
    if (macsec !== undefined) return this.#ofMacsec(wire, macsec)
    const parsed = readSecTag(wire.frame)
    if (parsed.ok) return this.#reading(wire, { tag: parsed.tag, problem: 'no seal is planned here' })
    if (parsed.failure === 'not-macsec') return this.#reading(wire, { clear: wire.frame })
    return this.#reading(wire, { problem: `its SecTAG is invalid (${parsed.fault})` })
  }

  #ofMacsec(wire: WireFrame, macsec: MacsecInterface): WireReading {
    const mustBeSealed = macsec.mode === 'strict'
    const opened = this.#openerOf(wire, macsec).open(wire.frame)
    const { tag } = opened
    if (opened.ok) {
      const { clear, pn } = opened
      return this.#reading(wire, { mustBeSealed, tag, clear, epoch: `AN ${opened.tag.an}`, number: pn })
    }
    const { problem } = opened
    return this.#reading(wire, {
      mustBeSealed,
      tag,
      problem,
      clear: problem === undefined ? wire.frame : undefined,
    })
  }

  #ofWireguard(wire: WireFrame, opener: FrameOpener | undefined): WireReading {
    const opened = opener?.open(wire)
    if (opened === undefined) {
      const problem =
        opener === undefined
          ? 'nobody knows the sessions of its nodes'
          : 'is no WireGuard of this link, or does not open'
      return this.#reading(wire, { mustBeSealed: true, clear: wire.frame, problem })
    }
    // What WireGuard says for itself has nothing in it to read.
    if (opened.kind === 'handshake') return this.#reading(wire, { mustBeSealed: true, wireguard: opened })
    const { session, counter, sealedBy, sealedFor } = opened
    const stranger = [
      [wire.from, sealedBy],
      [wire.to, sealedFor],
    ].find(([node = '', key]) => !this.#isKeyOf(wire.link, node, key))?.[0]
    return this.#reading(wire, {
      mustBeSealed: true,
      wireguard: opened,
      ...(opened.kind === 'data' ? { clear: opened.clear } : {}),
      ...(stranger === undefined
        ? { epoch: `session ${session}`, number: BigInt(counter) }
        : { problem: `its session is not with the key which the plan gives ${stranger}` }),
    })
  }

  /** Whether a public key is the one of a node's end of a link; one whose value is not at hand is taken for it. */
  #isKeyOf(link: string, node: string, key: string | undefined): boolean {
    const reference = this.end(link, node).wireguard?.privateKey
    const value = reference === undefined ? undefined : this.keys.get(`${reference}/public`)
    return value === undefined || Buffer.from(value).toString('base64') === key
  }

  #reading(wire: WireFrame, read: Partial<WireReading>): WireReading {
    const { clear } = read
    const tunnel = clear === undefined ? undefined : tunnelOf(clear)
    const trace = clear === undefined ? undefined : findTraceId(clear)
    return { ...NOTHING_READ, ...read, wire, clear, tunnel, trace }
  }

  /** One for each direction and witness: extended packet numbers are recovered from those before. */
  #openerOf({ link, from, seenBy }: WireFrame, macsec: MacsecInterface): ChannelOpener {
    const place = `${link} ${from} ${seenBy}`
    const opener =
      this.#openers.get(place) ?? new ChannelOpener(macsec, (reference) => this.keys.get(reference))
    this.#openers.set(place, opener)
    return opener
  }
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
