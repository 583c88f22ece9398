/**
 * One node with one of everything, and what is needed to talk to it in a few words.
 *
 * | id | what |
 * |---|---|
 * | 1, 2 | uplinks in VRF 0, `10.254.0.0/31` and `10.254.1.0/31`, far ends `.1`; 2 has no TAP |
 * | 3, 4 | port and macsec interface on it, `10.254.2.0/31` |
 * | 9 | loopback, `10.255.0.1` and `fd00:ff::1` |
 * | 10-14 | bridge, IRB `10.1.0.1/24` and `2001:db8:1::1/64`, vxlan 10010, ports 13 and 14 |
 * | 20-23 | bridge, IRB `10.1.1.1/24`, port 23, no vxlan; learns two MACs and two neighbours at most |
 * | 30-32 | L3 VNI 50001: bridge, IRB without addresses, vxlan that does not learn |
 * | 40-43 | bridge without IRB: vxlan 42 of VNI 40042, port 43 |
 *
 * @module
 */
import type { Interface, MacsecInterface, NodeProgram, Tables } from '../../../contract/program.js'
import { FabricNode, type Effect, type NodeOptions } from '../../../twin/forward/index.js'
import {
  build,
  encodeFrame,
  parseIpv4,
  parseIpv6,
  parseMac,
  toHex,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'

export const SECOND = 1_000_000_000
export const mac = parseMac
export const ip4 = parseIpv4
export const ip6 = parseIpv6

export const GATEWAY = mac('02:00:5e:00:00:01')
export const SYSTEM = mac('02:5a:00:00:00:01')
export const REMOTE_SYSTEM = mac('02:5a:00:00:00:02')
export const BROADCAST = mac('ff:ff:ff:ff:ff:ff')
/** Of ports 1 to 4; 4 has that of 3. */
export const portMac = (id: number): Mac => mac(`02:00:00:00:00:0${id === 4 ? 3 : id}`)
/** Of the far ends of ports 1 to 3. */
export const farMac = (id: number): Mac => mac(`02:00:00:00:01:0${id}`)
/** Hosts on bridge 10: `10.1.0.1n`, `2001:db8:1::1n`. */
export const hostMac = (n: number): Mac => mac(`02:aa:00:00:00:0${n}`)
export const host4 = (n: number) => ip4(`10.1.0.1${n}`)
export const host6 = (n: number) => ip6(`2001:db8:1::1${n}`)
/** Hosts on bridge 20: `10.1.1.1n`. */
export const otherMac = (n: number): Mac => mac(`02:bb:00:00:00:0${n}`)
export const other4 = (n: number) => ip4(`10.1.1.1${n}`)

/** Of a cipher suite, as its program names it. */
export const suiteKey = (cipher: MacsecInterface['cipher'], n: number): string => `lab:${cipher}/${n}`
/** Keys 1 to 6 of every suite, salt included. */
const SUITE_KEYS = Object.entries({
  'gcm-aes-128': 16,
  'gcm-aes-256': 32,
  'gcm-aes-xpn-128': 28,
  'gcm-aes-xpn-256': 44,
} as const).flatMap(([cipher, octets]) =>
  [1, 2, 3, 4, 5, 6].map(
    (n) => [`lab:${cipher}/${n}`, Uint8Array.from({ length: octets }, (_, i) => 16 * n + i)] as const,
  ),
)
const TX_KEY = 'lab:core/link/tx'
export const RX_KEY = 'lab:core/link/rx'
export const KEYS: ReadonlyMap<string, Uint8Array> = new Map<string, Uint8Array>([
  [TX_KEY, new Uint8Array(16).fill(0x11)],
  [RX_KEY, new Uint8Array(16).fill(0x22)],
  ['lab:core/link/next', new Uint8Array(16).fill(0x33)],
  ...SUITE_KEYS,
])
export const TX_SCI = '0200000000030001'
export const RX_SCI = '0200000001030001'

const irb = { mac: '02:00:5e:00:00:01', systemMac: '02:5a:00:00:00:01', vrf: 1, mtu: 1500, suppress: true }
const vxlan = {
  kind: 'vxlan' as const,
  underlayVrf: 0,
  local: '10.255.0.1',
  port: 4789,
  mtu: 1550,
  learning: true,
  ttl: 64,
  dscp: 0,
  df: true,
  udpChecksum: 'zero' as const,
  remotes: ['10.255.0.2', '10.255.0.3'],
}
const hostPort = { kind: 'port' as const, mtu: 1500, addresses: [], tap: false }

const TABLES: Tables = {
  routes: [
    { vrf: 0, prefix: '10.254.0.0/31', connected: 1 },
    { vrf: 0, prefix: '10.254.1.0/31', connected: 2 },
    { vrf: 0, prefix: '10.254.2.0/31', connected: 4 },
    { vrf: 0, prefix: '10.255.0.2/32', group: 1 },
    { vrf: 0, prefix: '10.255.0.3/32', group: 2 },
    { vrf: 0, prefix: '172.16.0.0/12', group: 3 },
    { vrf: 0, prefix: '172.17.0.0/16', group: 4 },
    { vrf: 0, prefix: '172.18.0.0/16', blackhole: true },
    { vrf: 0, prefix: '192.0.2.0/24', group: 5 },
    { vrf: 0, prefix: '2001:db8:f000::/36', group: 6 },
    { vrf: 1, prefix: '10.1.0.0/24', connected: 11 },
    { vrf: 1, prefix: '2001:db8:1::/64', connected: 11 },
    { vrf: 1, prefix: '10.1.1.0/24', connected: 21 },
    { vrf: 1, prefix: '10.9.0.0/16', group: 7 },
    { vrf: 1, prefix: '10.66.0.0/16', blackhole: true },
  ],
  groups: [
    { id: 1, members: [{ interface: 1, gateway: '10.254.0.1' }] },
    { id: 2, members: [{ interface: 2, gateway: '10.254.1.1' }] },
    {
      id: 3,
      members: [
        { interface: 1, gateway: '10.254.0.1' },
        { interface: 2, gateway: '10.254.1.1' },
      ],
    },
    { id: 4, members: [{ interface: 4, gateway: '10.254.2.1' }] },
    { id: 5, members: [{ interface: 1, gateway: '10.254.0.7' }] },
    { id: 6, members: [{ interface: 1, gateway: 'fd00:fe::1' }] },
    { id: 7, members: [{ interface: 31, gateway: '10.255.0.2' }] },
  ],
  neighbours: [
    { interface: 1, address: '10.254.0.1', mac: '02:00:00:00:01:01' },
    { interface: 1, address: 'fd00:fe::1', mac: '02:00:00:00:01:01' },
    { interface: 2, address: '10.254.1.1', mac: '02:00:00:00:01:02' },
    { interface: 4, address: '10.254.2.1', mac: '02:00:00:00:01:03' },
    { interface: 11, address: '10.1.0.99', mac: '02:aa:00:00:00:09' },
    { interface: 31, address: '10.255.0.2', mac: '02:5a:00:00:00:02' },
  ],
  fdb: [
    { bridge: 10, mac: '02:aa:00:00:00:08', interface: 14 },
    { bridge: 10, mac: '02:aa:00:00:00:07', interface: 12, remote: '10.255.0.3' },
    { bridge: 30, mac: '02:5a:00:00:00:02', interface: 32, remote: '10.255.0.2' },
  ],
  flood: [
    { interface: 12, remotes: ['10.255.0.3', '10.255.0.2'] },
    { interface: 42, remotes: ['10.255.0.2'] },
  ],
}

export const PROGRAM: NodeProgram = {
  format: 'ztos-program',
  version: 1,
  node: 'leaf1',
  seeds: { ecmp: 0x12345678, sourcePort: 0x9abcdef0 },
  vrfs: [
    { id: 0, name: 'underlay' },
    { id: 1, name: 'shop' },
  ],
  interfaces: [
    {
      kind: 'port',
      id: 1,
      name: 'eth1',
      vrf: 0,
      mac: '02:00:00:00:00:01',
      mtu: 1700,
      addresses: ['10.254.0.0/31', 'fd00:fe::/127'],
      tap: true,
    },
    {
      kind: 'port',
      id: 2,
      name: 'eth2',
      vrf: 0,
      mac: '02:00:00:00:00:02',
      mtu: 1700,
      addresses: ['10.254.1.0/31'],
      tap: false,
    },
    { kind: 'port', id: 3, name: 'eth3', mac: '02:00:00:00:00:03', mtu: 1732, addresses: [], tap: true },
    {
      kind: 'macsec',
      id: 4,
      name: 'sec3',
      vrf: 0,
      lower: 3,
      mac: '02:00:00:00:00:03',
      mtu: 1700,
      addresses: ['10.254.2.0/31'],
      cipher: 'gcm-aes-128',
      mode: 'strict',
      replayWindow: 0,
      tx: { sci: TX_SCI, an: 1, key: TX_KEY },
      rx: [{ sci: RX_SCI, an: 2, key: RX_KEY }],
    },
    { kind: 'loopback', id: 9, name: 'lo', vrf: 0, addresses: ['10.255.0.1/32', 'fd00:ff::1/128'] },
    { kind: 'bridge', id: 10, name: 'web', ageing: 300 * SECOND, fdbLimit: 64 },
    {
      kind: 'irb',
      id: 11,
      name: 'irb-web',
      bridge: 10,
      ...irb,
      addresses: ['10.1.0.1/24', '2001:db8:1::1/64'],
      neighbourLifetime: 60 * SECOND,
      neighbourLimit: 16,
    },
    { ...vxlan, id: 12, name: 'vx-web', bridge: 10, vni: 10010 },
    { ...hostPort, id: 13, name: 'h13', bridge: 10, mac: '02:00:00:00:00:0d' },
    { ...hostPort, id: 14, name: 'h14', bridge: 10, mac: '02:00:00:00:00:0e' },
    { kind: 'bridge', id: 20, name: 'db', ageing: 300 * SECOND, fdbLimit: 2 },
    {
      kind: 'irb',
      id: 21,
      name: 'irb-db',
      bridge: 20,
      ...irb,
      addresses: ['10.1.1.1/24'],
      neighbourLifetime: 60 * SECOND,
      neighbourLimit: 2,
    },
    { ...hostPort, id: 23, name: 'h23', bridge: 20, mac: '02:00:00:00:00:17' },
    { kind: 'bridge', id: 30, name: 'l3', ageing: 0, fdbLimit: 1 },
    {
      kind: 'irb',
      id: 31,
      name: 'irb-l3',
      bridge: 30,
      ...irb,
      mac: '02:5a:00:00:00:01',
      addresses: [],
      suppress: false,
      neighbourLifetime: 0,
      neighbourLimit: 1,
    },
    { ...vxlan, id: 32, name: 'vx-l3', bridge: 30, vni: 50001, learning: false },
    { kind: 'bridge', id: 40, name: 'wire', ageing: 300 * SECOND, fdbLimit: 64 },
    { ...vxlan, id: 42, name: 'vx-wire', bridge: 40, vni: 40042 },
    { ...hostPort, id: 43, name: 'h43', bridge: 40, mac: '02:00:00:00:00:2b' },
  ],
  tables: TABLES,
}

/** The program with fields of some interfaces changed, by id. */
export function changed(
  fields: Readonly<Record<number, Readonly<Record<string, unknown>>>>,
  tables: Partial<Tables> = {},
): NodeProgram {
  const interfaces = PROGRAM.interfaces.map((one) => ({ ...one, ...fields[one.id] }))
  return { ...PROGRAM, interfaces, tables: { ...TABLES, ...tables } }
}

/** The program with interfaces more, whose ids are greater than all. */
export function extended(
  more: readonly Interface[],
  tables: Partial<Tables> = {},
  fields: Parameters<typeof changed>[0] = {},
): NodeProgram {
  const program = changed(fields, tables)
  return { ...program, interfaces: [...program.interfaces, ...more] }
}

/** A node and its clock. */
export class Bench {
  readonly node: FabricNode
  now = 0n

  constructor(program: NodeProgram = PROGRAM, options: NodeOptions = {}) {
    this.node = new FabricNode(program, KEYS, options)
  }

  /** What comes of a frame on a port, an effect a line. */
  frame(port: number, frame: Uint8Array): string[] {
    return said(this.node.frame(this.now, port, frame))
  }
  punt(port: number, frame: Uint8Array): string[] {
    return said(this.node.punt(this.now, port, frame))
  }
  clock(): string[] {
    return said(this.node.clock(this.now))
  }
  control(request: Record<string, unknown>): string[] {
    const { effects, refusal } = this.node.control(this.now, { id: 1, ...request })
    return refusal === undefined ? said(effects) : [`refused ${refusal.code}`, ...said(effects)]
  }
  load(program: NodeProgram): string[] {
    return said(this.node.load(this.now, program))
  }
  /** Lets time pass, s. */
  wait(seconds: number): this {
    this.now += BigInt(Math.round(seconds * 1e9))
    return this
  }
}

function said(effects: readonly Effect[]): string[] {
  return effects.map((effect) =>
    effect.kind === 'fate' ? effect.fate : `${effect.kind} ${effect.interface} ${toHex(effect.frame)}`,
  )
}
export const tx = (port: number, frame: Uint8Array): string => `tx ${port} ${toHex(frame)}`
export const punted = (port: number, frame: Uint8Array): string => `punt ${port} ${toHex(frame)}`

/** A frame of layers. */
export const eth = (dst: Mac, src: Mac, ...stack: readonly Stack[]): Uint8Array =>
  encodeFrame(build.ethernet({ dst, src }, ...stack))
/** A frame of an EtherType and octets. */
export const raw = (dst: Mac, src: Mac, etherType: number, octets: Uint8Array | number = 46): Uint8Array => {
  const data = build.payload(typeof octets === 'number' ? new Uint8Array(octets) : octets)
  return encodeFrame(
    etherType < 0x600
      ? build.ieee8023({ dst, src, length: etherType }, data)
      : build.ethernet({ dst, src, etherType }, data),
  )
}
const hello = build.payload('hello')
/** UDP from 1000 to 2000 saying hello. */
export const udpHello = build.udp({ srcPort: 1000, dstPort: 2000 }, hello)

/** Teaches the node that hosts 1 and 2 are on ports 13 and 14, and other host 1 on 23, by ARP announcements. */
export function teach(bench: Bench): void {
  const announce = (port: number, src: Mac, address: ReturnType<typeof ip4>): void => {
    bench.frame(
      port,
      eth(
        BROADCAST,
        src,
        build.arp({ operation: 1, sha: src, spa: address, tha: mac('00:00:00:00:00:00'), tpa: address }),
      ),
    )
  }
  announce(13, hostMac(1), host4(1))
  announce(14, hostMac(2), host4(2))
  announce(23, otherMac(1), other4(1))
}

/** A VXLAN packet from VTEP 2 as port 1 receives it. */
export function tunnelled(
  inner: Uint8Array,
  fields: {
    readonly vni?: number
    readonly src?: string
    readonly tos?: number
    readonly flags?: number
    readonly checksum?: number
    readonly length?: number
    readonly ttl?: number
    readonly port?: number
  } = {},
): Uint8Array {
  const { vni = 10010, src = '10.255.0.2', tos = 0, flags = 8, checksum = 0, ttl = 63, port = 4789 } = fields
  return eth(
    portMac(1),
    farMac(1),
    build.ipv4(
      { src: ip4(src), dst: ip4('10.255.0.1'), tos, ttl, flags: 2 },
      build.udp(
        {
          srcPort: 50000,
          dstPort: port,
          checksum,
          ...(fields.length === undefined ? {} : { length: fields.length }),
        },
        build.vxlan({ vni, flags }),
        build.payload(inner),
      ),
    ),
  )
}

/** The frame inside a VXLAN packet over IPv4, and its outer header fields, of a `tx` line. */
export function untunnelled(line: string | undefined): {
  port: number
  vni: number
  to: string
  inner: string
  tos: number
  sport: number
  outer: string
} {
  const [kind, port, hex] = (line ?? '').split(' ')
  if (kind !== 'tx' || hex === undefined) throw new Error(`not a frame sent: ${line}`)
  const octet = (at: number): number => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16)
  return {
    port: Number(port),
    tos: octet(15),
    to: [30, 31, 32, 33].map(octet).join('.'),
    sport: octet(34) * 256 + octet(35),
    vni: octet(46) * 65536 + octet(47) * 256 + octet(48),
    inner: hex.slice(100),
    outer: hex.slice(0, 100),
  }
}
