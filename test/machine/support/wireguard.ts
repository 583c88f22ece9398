/**
 * Two nodes and a wire between their ports 1, sealed by WireGuard.
 *
 * | id | what, on node n of 1 and 2 |
 * |---|---|
 * | 1 | port of the wire; outer addresses `192.0.2.n` and `2001:db8:ffff::n` |
 * | 2 | wireguard interface, `10.254.0.(n-1)/31` and `fd00:fe::(n-1)/127`, stacked on port 1 or sending in VRF 0 |
 * | 3 | port of hosts, `10.n.0.1/24` and `fd00:n::1/64`, host 10; in VRF 1 when the wireguard interface sends in VRF 0 |
 *
 * @module
 */
import type { NodeProgram, WireguardInterface } from '../../../contract/program.js'
import { FabricNode, type Effect, type Input, type NodeOptions } from '../../../twin/forward/index.js'
import {
  build,
  encodeFrame,
  ipv4,
  writeIpv4,
  parseIpv4,
  parseIpv6,
  parseMac,
  toHex,
  type Stack,
} from '../../../twin/packet/index.js'
import { hash, keyedMac, privateKeyOf, publicKeyOf } from '../../../twin/packet/wireguard-crypto.js'

export const SECOND = 1_000_000_000n
/** 2026-01-01, ns since the Unix epoch. */
export const WALL = 1_767_225_600n * SECOND

const octets = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
export const KEYS = new Map([
  ['lab:wg/1', octets(0x51)],
  ['lab:wg/2', octets(0x52)],
  ['lab:wg/3', octets(0x53)],
  ['lab:wg/psk', octets(0x71)],
  ['lab:wg/other-psk', octets(0x72)],
  ['lab:wg/2/public', publicKeyOf(privateKeyOf(octets(0x52)))],
])
/** Public key of the node n, in base64. */
export const publicKey = (n: number): string =>
  Buffer.from(publicKeyOf(privateKeyOf(octets(0x50 + n)))).toString('base64')

export type Form = 'lower' | 'vrf'
export type Fields = Partial<WireguardInterface>

export const wireMac = (n: number): string => `02:00:00:00:0${n}:01`
export const peerMac = (n: number): string => `02:0a:00:00:0${n}:01`
const hostPortMac = (n: number): string => `02:00:00:00:0${n}:03`
export const hostMac = (n: number): string => `02:aa:00:00:0${n}:0a`
const outer = (n: number, family: 4 | 6): string => (family === 4 ? `192.0.2.${n}` : `2001:db8:ffff::${n}`)
/** Of the tunnel between the two, in canonical text (RFC 5952). */
const linkAddress6 = (n: number): string => (n === 1 ? 'fd00:fe::' : 'fd00:fe::1')
const other = (n: number): number => 3 - n

/** What a node has of its peer. */
export function peerOf(
  n: number,
  family: 4 | 6 = 4,
  fields: object = {},
): WireguardInterface['peers'][number] {
  const far = other(n)
  return {
    publicKey: publicKey(far),
    endpoint: { address: outer(far, family), port: 51820 },
    allowedIps: [
      `10.254.0.${far - 1}/32`,
      `${linkAddress6(far)}/128`,
      `10.${far}.0.0/16`,
      `fd00:${far}::/32`,
    ],
    ...fields,
  }
}

/** Program of node n. */
export function programOf(n: number, form: Form, family: 4 | 6 = 4, fields: Fields = {}): NodeProgram {
  const far = other(n)
  const vrf = form === 'lower' ? 0 : 1
  const below = form === 'lower' ? { lower: 1, mac: wireMac(n), peerMac: peerMac(n) } : { underlayVrf: 0 }
  const outerAddresses = [`192.0.2.${n}/24`, `2001:db8:ffff::${n}/64`]
  const connected = (prefix: string, of: number, id: number) => ({ vrf: id, prefix, connected: of })
  return {
    format: 'ztos-program',
    version: 1,
    node: `node${n}`,
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [
      { id: 0, name: 'default' },
      { id: 1, name: 'tenant' },
    ],
    interfaces: [
      {
        kind: 'port',
        id: 1,
        name: 'eth1',
        mac: wireMac(n),
        mtu: 1500,
        tap: true,
        ...(form === 'lower' ? { addresses: [] } : { vrf: 0, addresses: outerAddresses }),
      },
      {
        kind: 'wireguard',
        id: 2,
        name: 'wg0',
        vrf,
        ...below,
        mtu: 1420,
        addresses: [`10.254.0.${n - 1}/31`, `${linkAddress6(n)}/127`],
        privateKey: `lab:wg/${n}`,
        listenPort: 51820,
        local: [`192.0.2.${n}`, `2001:db8:ffff::${n}`],
        ttl: 64,
        df: true,
        loadLimit: 1000,
        peers: [peerOf(n, family)],
        ...fields,
      },
      {
        kind: 'port',
        id: 3,
        name: 'eth3',
        mac: hostPortMac(n),
        mtu: 1500,
        tap: true,
        vrf,
        addresses: [`10.${n}.0.1/24`, `fd00:${n}::1/64`],
      },
    ],
    tables: {
      routes: [
        ...(form === 'vrf' ? [connected('192.0.2.0/24', 1, 0), connected('2001:db8:ffff::/64', 1, 0)] : []),
        connected('10.254.0.0/31', 2, vrf),
        connected('fd00:fe::/127', 2, vrf),
        connected(`10.${n}.0.0/24`, 3, vrf),
        connected(`fd00:${n}::/64`, 3, vrf),
        { vrf, prefix: `10.${far}.0.0/16`, group: 1 },
        { vrf, prefix: `fd00:${far}::/32`, group: 1 },
      ],
      groups: [{ id: 1, members: [{ interface: 2 }] }],
      neighbours: [
        { interface: 1, address: outer(far, 4), mac: wireMac(far) },
        { interface: 1, address: outer(far, 6), mac: wireMac(far) },
        { interface: 3, address: `10.${n}.0.10`, mac: hostMac(n) },
        { interface: 3, address: `fd00:${n}::10`, mac: hostMac(n) },
      ],
      fdb: [],
      flood: [],
    },
  }
}

/** An effect in a few words: what is on port 1 by the type of message, all else in full. */
export type Line = string

/** The message of a frame on the wire, of either family. */
export function messageOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(frame[12] === 0x08 ? 42 : 62)
}
const TYPES = ['', 'initiation', 'response', 'cookie', 'data']

/** One node, its clock and what it says. */
export class Node {
  readonly node: FabricNode
  now = 0n
  /** All that it was given, the load of its program first. */
  readonly inputs: Input[]
  /** Frames sent on port 1 by the last input, in order. */
  sent: Uint8Array[] = []

  constructor(
    readonly program: NodeProgram,
    options: NodeOptions = {},
    seeded = true,
  ) {
    this.node = new FabricNode(program, KEYS, options)
    this.inputs = [{ kind: 'load', now: 0n, program }]
    if (seeded) this.seed()
  }

  seed(fill = 0x11): Line[] {
    const entropy = octets(fill)
    entropy.set(new TextEncoder().encode(this.program.node))
    return this.give({ kind: 'seed', now: this.now, wallTime: WALL + this.now, entropy })
  }
  frame(port: number, frame: Uint8Array): Line[] {
    return this.give({ kind: 'frame', now: this.now, interface: port, frame })
  }
  punt(port: number, frame: Uint8Array): Line[] {
    return this.give({ kind: 'punt', now: this.now, interface: port, frame })
  }
  clock(): Line[] {
    return this.give({ kind: 'clock', now: this.now })
  }
  load(program: NodeProgram): Line[] {
    return this.give({ kind: 'load', now: this.now, program })
  }
  apply(...changes: readonly object[]): Line[] {
    const request = { id: 1, op: 'apply', changes }
    this.inputs.push({ kind: 'control', now: this.now, request })
    const { effects, refusal } = this.node.control(this.now, request)
    return refusal === undefined ? this.said(effects) : [`refused ${refusal.code}`]
  }
  wait(seconds: number): this {
    this.now += BigInt(Math.round(seconds * 1e9))
    return this
  }
  /** Of the only peer, unless another is named. */
  peer(index = 0) {
    const found = this.node.tables().wireguard[0]?.peers[index]
    if (found === undefined) throw new Error('there is no such peer')
    return found
  }
  roles(): string[] {
    return this.peer().sessions.map(({ role }) => role)
  }

  private give(input: Input): Line[] {
    this.inputs.push(input)
    return this.said(this.node.input(input))
  }

  private said(effects: readonly Effect[]): Line[] {
    this.sent = effects.flatMap((one) => (one.kind === 'tx' && one.interface === 1 ? [one.frame] : []))
    return effects.map((one) => {
      if (one.kind === 'fate') return one.fate
      if (one.kind === 'tx' && one.interface === 1) return TYPES[messageOf(one.frame)[0] ?? 0] ?? ''
      return `${one.kind} ${one.interface} ${toHex(one.frame)}`
    })
  }
}

/** Two nodes and the wire; `a` is node 1. */
export class Pair {
  readonly a: Node
  readonly b: Node

  constructor(
    form: Form = 'lower',
    family: 4 | 6 = 4,
    given: { readonly a?: Fields; readonly b?: Fields; readonly options?: NodeOptions } = {},
  ) {
    this.a = new Node(programOf(1, form, family, given.a), given.options)
    this.b = new Node(programOf(2, form, family, given.b), given.options)
  }

  wait(seconds: number): this {
    this.a.wait(seconds)
    this.b.wait(seconds)
    return this
  }

  /** Carries what `from` has just sent to the other, and back, until nothing is sent; what each said, in turns. */
  carry(from: Node): Line[][] {
    const turns: Line[][] = []
    for (let at = from, left = from.sent; left.length > 0 && turns.length < 20;) {
      const to: Node = at === this.a ? this.b : this.a
      const said = left.map((frame) => {
        const lines = to.frame(1, frame)
        return { lines, sent: to.sent }
      })
      turns.push(said.flatMap(({ lines }) => lines))
      left = said.flatMap(({ sent }) => sent)
      at = to
    }
    return turns
  }

  /** A handshake begun by a packet of a's host; all of it arrives. */
  connect(): this {
    this.a.frame(3, fromHost(1))
    this.carry(this.a)
    return this
  }
}

/** A frame of the wire with other octets in its message, from `at` on; over IPv4 its UDP checksum is none then. */
export function altered(frame: Uint8Array, at: number, ...values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(frame)
  messageOf(copy).set(values, at)
  return unsummed(copy)
}
/** The same with one bit of an octet turned. */
export const turned = (frame: Uint8Array, at: number): Uint8Array =>
  altered(frame, at, messageOf(frame)[at]! ^ 1)
function unsummed(copy: Uint8Array): Uint8Array {
  if (copy[12] === 0x08) copy.set([0, 0], 40)
  return copy
}
/** The same with the mac1 that node n expects. */
export function remade(frame: Uint8Array, n: number): Uint8Array {
  const copy = Uint8Array.from(frame)
  const message = messageOf(copy)
  const at = message.length - 32
  const key = hash(new TextEncoder().encode('mac1----'), Buffer.from(publicKey(n), 'base64'))
  message.set(keyedMac(key, message.subarray(0, at)), at)
  return unsummed(copy)
}
/** The same from another address over IPv4. */
export function from(frame: Uint8Array, address: string, port = 51820): Uint8Array {
  const copy = Uint8Array.from(frame)
  writeIpv4(copy, 26, parseIpv4(address))
  copy.set([port >> 8, port & 0xff], 34)
  ipv4.updateHeaderChecksum(copy, 14)
  return unsummed(copy)
}

const frameOf = (dst: string, src: string, ...stack: readonly Stack[]): Uint8Array =>
  encodeFrame(build.ethernet({ dst: parseMac(dst), src: parseMac(src) }, ...stack))
const hello = build.udp({ srcPort: 1000, dstPort: 2000 }, build.payload('hello'))

export interface PacketFields {
  readonly src?: string
  readonly dst?: string
  readonly ttl?: number
  readonly tos?: number
  readonly stack?: Stack
}

/** A packet between the hosts of n and of the other node; as IPv4 or, when its addresses are, IPv6. */
export function packet(n: number, fields: PacketFields = {}, family: 4 | 6 = 4): Stack {
  const { stack = hello, tos = 0, ttl = 64 } = fields
  const far = other(n)
  if (family === 4) {
    const [src, dst] = [fields.src ?? `10.${n}.0.10`, fields.dst ?? `10.${far}.0.10`].map(parseIpv4)
    return build.ipv4({ src: src!, dst: dst!, ttl, tos, flags: 2 }, stack)
  }
  const [src, dst] = [fields.src ?? `fd00:${n}::10`, fields.dst ?? `fd00:${far}::10`].map(parseIpv6)
  return build.ipv6({ src: src!, dst: dst!, hopLimit: ttl, trafficClass: tos }, stack)
}
/** As the host of n sends it to port 3. */
export const fromHost = (n: number, fields: PacketFields = {}, family: 4 | 6 = 4): Uint8Array =>
  frameOf(hostPortMac(n), hostMac(n), packet(n, fields, family))
/** As the host of n receives it from the other's, two hops behind. */
export const toHost = (n: number, fields: PacketFields = {}, family: 4 | 6 = 4): string =>
  `tx 3 ${toHex(frameOf(hostMac(n), hostPortMac(n), packet(other(n), { ttl: 62, ...fields }, family)))}`
/** As the kernel of n sends it on the TAP of port 1. */
export const fromKernel = (n: number, fields: PacketFields = {}, family: 4 | 6 = 4): Uint8Array =>
  frameOf(peerMac(n), wireMac(n), packet(n, fields, family))
/** As the kernel of n gets it from the other. */
export const toKernel = (n: number, fields: PacketFields = {}, family: 4 | 6 = 4): string =>
  `punt 1 ${toHex(frameOf(wireMac(n), peerMac(n), packet(other(n), fields, family)))}`
