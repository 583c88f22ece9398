/**
 * Random dialogues of a node with WireGuard peers. The peers are nodes of the twin, so that handshakes come about; in between
 * frames are lost, doubled, put off, bent and made up, time goes on, peers come and go. What the node was given is a case
 * like any other: the engine has to make the same of it.
 *
 * @module
 */
import type { TableChange } from '../../../contract/control.js'
import type { NodeProgram } from '../../../contract/program.js'
import { FabricNode, type Effect, type Input } from '../../../twin/forward/index.js'
import {
  build,
  encodeFrame,
  isIpv6,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
  type Mac,
  type Stack,
} from '../../../twin/packet/index.js'
import { sealAead } from '../../../twin/packet/wireguard-crypto.js'
import { canonical } from './programs.js'
import { Random } from './random.js'
import {
  BRIDGE_HOST,
  FAR,
  NODE_HOST,
  PEER_HOST,
  PEER_OUTER,
  portMac,
  wireguardWorld,
  type Partner,
  type World,
} from './wireguard-world.js'

const { arp, ethernet, icmpv6, ipv4, ipv6, ndOption, ndTarget, payload, udp, vxlan } = build
type Ether = { readonly src: Mac; readonly dst: Mac }

const SECOND = 1_000_000_000n
/** 2026-01-01. */
const WALL = 1_767_225_600n * SECOND

/** What tunnels may originate from instead of what they have. */
const LOCAL_INSTEAD = new Map([
  ['10.255.0.1', '10.254.0.0'],
  ['fd00:ff::1', 'fd00:fe::'],
  ['10.254.3.0', '10.254.3.8'],
  ['fd00:fe:3::', 'fd00:fe:3::8'],
])

/** A frame on its way. */
interface Flight {
  readonly to: 'node' | number
  readonly port: number
  readonly frame: Uint8Array
}

/** The inputs of a node in the story of a seed, the load of its program first. */
export function wireguardStory(
  seed: number,
  count: number,
): { keys: World['keys']; inputs: readonly Input[] } {
  const story = new Story(seed)
  // Longer ones say no more, and each handshake takes its time.
  for (let i = 0; i < Math.min(count, 400); i++) story.step()
  return { keys: story.world.keys, inputs: story.inputs }
}

class Story {
  readonly world: World
  readonly inputs: Input[] = []
  private readonly random: Random
  private readonly node: FabricNode
  private readonly peers: FabricNode[]
  private readonly flights: Flight[] = []
  /** What was delivered, to be sent again. */
  private readonly past: Flight[] = []
  /** Greatest counters made up, by index of the session. */
  private readonly counters = new Map<number, bigint>()
  private program: NodeProgram
  private now: bigint

  constructor(seed: number) {
    this.random = new Random(seed)
    this.world = wireguardWorld(this.random.u32())
    this.program = this.world.program
    this.now = this.random.pick([0n, 86_400n * SECOND, WALL])
    this.node = new FabricNode(this.program, this.world.keys)
    this.peers = this.world.partners.map(({ program }) => new FabricNode(program, this.world.keys))
    this.inputs.push({ kind: 'load', now: this.now, program: this.program })
    // Rarely none, until one comes.
    if (this.random.chance(90)) this.seed()
    for (const peer of this.peers) this.tell(peer, this.seedInput())
  }

  step(): void {
    const { random } = this
    random.weighted<() => void>([
      [300, () => this.deliver()],
      [160, () => this.nodeHostSends()],
      [130, () => this.peerHostSends()],
      [20, () => this.kernelSends()],
      [20, () => this.bridgeHostSends()],
      [90, () => this.clock()],
      [60, () => this.bend()],
      [40, () => this.again()],
      [25, () => this.lose()],
      [20, () => this.flood()],
      [25, () => this.makeUp()],
      [70, () => this.forge()],
      [4, () => this.burst()],
      [2, () => this.silence()],
      [5, () => this.pester()],
      [6, () => this.cookies()],
      [6, () => this.late()],
      [10, () => this.seed()],
      [18, () => this.change()],
      [6, () => this.load()],
      [4, () => this.move()],
      [5, () => this.carrier()],
    ])()
  }

  /** The time of an input: mostly at once. */
  private pass(): bigint {
    const { random } = this
    const edges = [5, 10, 15, 20, 120, 165, 180, 115, 540].map((s) => BigInt(s) * SECOND)
    this.now += random.weighted<() => bigint>([
      [800, () => BigInt(random.below(1_000_000))],
      [60, () => BigInt(random.below(50_000_000))],
      [40, () => BigInt(random.below(2_000_000_000))],
      [6, () => random.pick(edges) + BigInt(random.below(3) - 1)],
    ])()
    return this.now
  }

  private give(input: Input): void {
    this.inputs.push(input)
    this.send('node', this.node.input(input))
  }

  private tell(peer: FabricNode, input: Input): void {
    this.send(this.peers.indexOf(peer), peer.input(input))
  }

  /** Frames of the node's tunnels go to the peer whose they are; of two at one port both get them. */
  private send(from: 'node' | number, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'tx') continue
      if (from !== 'node') {
        if (effect.interface === 1)
          this.flights.push({ to: 'node', port: this.world.partners[from]!.port, frame: effect.frame })
        continue
      }
      for (const [index, partner] of this.world.partners.entries())
        if (partner.port === effect.interface) this.flights.push({ to: index, port: 1, frame: effect.frame })
    }
    // A flood would outgrow everything.
    if (this.flights.length > 200) this.flights.splice(0, this.flights.length - 200)
  }

  private arrive(flight: Flight): void {
    const input = { kind: 'frame' as const, now: this.pass(), interface: flight.port, frame: flight.frame }
    if (flight.to === 'node') this.give(input)
    else this.tell(this.peers[flight.to]!, input)
  }

  private deliver(): void {
    const { random } = this
    const index = random.chance(85) ? 0 : random.below(Math.max(1, this.flights.length))
    const [flight] = this.flights.splice(index, 1)
    if (flight === undefined) return
    this.past.push(flight)
    if (this.past.length > 400) this.past.shift()
    this.arrive(flight)
  }

  private again(): void {
    if (this.past.length > 0) this.arrive(this.random.pick(this.past.slice(-60)))
  }

  private lose(): void {
    this.flights.splice(0, this.random.between(1, 3))
  }

  /** A frame for the node with an octet changed, or cut off, or with more behind it. */
  private bend(): void {
    const { random } = this
    const candidates = [...this.flights, ...this.past.slice(-20)].filter(({ to }) => to === 'node')
    if (candidates.length === 0) return
    const flight = random.pick(candidates)
    const frame = flight.frame.slice()
    const how = random.below(6)
    const at = random.chance(60) ? random.between(42, 80) : random.below(frame.length)
    if (how < 4 && at < frame.length) frame[at] = frame[at]! ^ (1 << random.below(8))
    const bent =
      how === 4
        ? frame.subarray(0, random.below(frame.length))
        : how === 5
          ? Uint8Array.from([...frame, ...random.bytes(random.between(1, 20))])
          : frame
    // Where the UDP checksum would give it away first, it is left out (IPv4).
    if (how < 4 && random.chance(70) && bent.length > 42 && bent[12] === 8 && bent[13] === 0)
      bent.fill(0, 40, 42)
    this.arrive({ ...flight, frame: bent })
  }

  private nodeHostSends(): void {
    const { random } = this
    const partner = random.pick(this.world.partners)
    const other4 = random.pick(['10.3.0.7', '10.77.20.9', '10.77.20.2', '10.2.1.200'])
    const ether = { src: parseMac(NODE_HOST), dst: parseMac(portMac(2)) }
    const frame = random.chance(60)
      ? this.packet4(ether, '10.1.0.10', random.chance(85) ? partner.host4 : other4)
      : this.packet6(ether, '2001:db8:1::10', partner.host6)
    this.give({ kind: 'frame', now: this.pass(), interface: 2, frame })
  }

  private peerHostSends(index = this.random.below(this.peers.length)): void {
    const { random } = this
    const partner = this.world.partners[index]!
    const ether = { src: parseMac(PEER_HOST), dst: parseMac('02:00:00:00:02:03') }
    const source4 = random.chance(85) ? partner.host4 : random.pick(['10.2.9.9', '10.77.20.77', '192.0.2.1'])
    const target4 = random.pick(['10.1.0.10', '10.1.0.10', '10.1.0.10', '10.1.0.1', '10.78.0.1', '10.8.8.8'])
    const target = random.chance(8) ? '224.0.0.5' : target4
    const frame =
      target === '10.78.0.1'
        ? encodeFrame(this.vxlanFor(ether, source4))
        : random.chance(70)
          ? this.packet4(ether, source4, target)
          : this.packet6(ether, partner.host6, random.pick(['2001:db8:1::10', '2001:db8:1::1', 'ff02::1']))
    this.tell(this.peers[index]!, { kind: 'frame', now: this.pass(), interface: 3, frame })
  }

  private bridgeHostSends(): void {
    const ether = {
      src: parseMac(BRIDGE_HOST),
      dst: parseMac(this.random.pick(['ff:ff:ff:ff:ff:ff', '02:aa:00:00:00:99'])),
    }
    this.give({
      kind: 'frame',
      now: this.pass(),
      interface: 43,
      frame: this.packet4(ether, '10.50.0.1', '10.50.0.2'),
    })
  }

  private vxlanFor(ether: Ether, source: string): Stack {
    const inner = ethernet(
      { src: parseMac('02:aa:00:00:00:99'), dst: parseMac(BRIDGE_HOST) },
      ipv4(
        { src: parseIpv4('10.50.0.2'), dst: parseIpv4('10.50.0.1') },
        udp({ srcPort: 1, dstPort: 2 }, payload('through two tunnels')),
      ),
    )
    return ethernet(
      ether,
      ipv4(
        { src: parseIpv4(source), dst: parseIpv4('10.78.0.1') },
        udp({ srcPort: 50000, dstPort: 4789, checksum: 0 }, vxlan({ vni: 4242 }, inner)),
      ),
    )
  }

  private size(): number {
    const { random } = this
    return random.weighted<() => number>([
      [60, () => random.below(200)],
      [10, () => random.between(940, 1000)],
      [10, () => random.between(1200, 1260)],
      [15, () => random.between(1340, 1460)],
    ])()
  }

  private packet4(ether: Ether, source: string, target: string): Uint8Array {
    const { random } = this
    return encodeFrame(
      ethernet(
        ether,
        ipv4(
          {
            src: parseIpv4(source),
            dst: parseIpv4(target),
            ttl: random.pick([64, 64, 64, 2, 1]),
            tos: random.below(256),
            flags: random.chance(60) ? 2 : 0,
          },
          udp(
            { srcPort: random.below(65536), dstPort: random.below(65536) },
            payload(random.bytes(this.size())),
          ),
        ),
      ),
    )
  }

  private packet6(ether: Ether, source: string, target: string): Uint8Array {
    const { random } = this
    return encodeFrame(
      ethernet(
        ether,
        ipv6(
          {
            src: parseIpv6(source),
            dst: parseIpv6(target),
            hopLimit: random.pick([64, 64, 2, 1]),
            trafficClass: random.below(256),
          },
          udp(
            { srcPort: random.below(65536), dstPort: random.below(65536) },
            payload(random.bytes(this.size())),
          ),
        ),
      ),
    )
  }

  /** From the TAP of the port below a wireguard interface (WG-3). */
  private kernelSends(): void {
    const { random } = this
    const src = parseMac(portMac(3))
    const peer = parseMac(FAR[2])
    const broadcast = parseMac('ff:ff:ff:ff:ff:ff')
    const ask = random.pick(['10.77.21.2', '10.77.21.1', '10.99.0.1'])
    const ask6 = random.pick(['2001:db8:77:21::2', 'fe80::1234', '2001:db8:9::1'])
    const frame = random.pick<() => Uint8Array>([
      () =>
        this.packet4({ src, dst: peer }, '10.77.21.1', random.pick(['10.2.2.10', '10.77.21.2', '10.3.0.1'])),
      () => this.packet6({ src, dst: peer }, '2001:db8:77:21::1', '2001:db8:2:2::10'),
      () =>
        encodeFrame(
          ethernet(
            { src, dst: broadcast },
            arp({
              operation: 1,
              sha: src,
              spa: parseIpv4('10.77.21.1'),
              tha: parseMac('00:00:00:00:00:00'),
              tpa: parseIpv4(ask),
            }),
          ),
        ),
      () =>
        encodeFrame(
          ethernet(
            { src, dst: parseMac('33:33:ff:00:00:02') },
            ipv6(
              {
                src: parseIpv6(random.pick(['2001:db8:77:21::1', '::'])),
                dst: parseIpv6('ff02::1:ff00:2'),
                hopLimit: 255,
              },
              icmpv6(
                { type: 135 },
                ndTarget({ target: parseIpv6(ask6) }, ndOption({ type: 1, data: new Uint8Array(6) })),
              ),
            ),
          ),
        ),
      () => random.bytes(random.between(10, 80)),
    ])()
    this.give({ kind: 'punt', now: this.pass(), interface: 3, frame })
  }

  private clock(): void {
    const { random } = this
    if (random.chance(60)) this.give({ kind: 'clock', now: this.pass() })
    else this.tell(random.pick(this.peers), { kind: 'clock', now: this.pass() })
  }

  private seedInput(): Input {
    return { kind: 'seed', now: this.now, wallTime: WALL + this.now, entropy: this.random.bytes(32) }
  }

  private seed(): void {
    this.pass()
    this.give(this.seedInput())
  }

  /** Many initiations at once, from one source or several: the node comes under load. */
  private flood(): void {
    const { random } = this
    const initiation = [...this.flights, ...this.past].findLast(
      ({ to, frame }) =>
        to === 'node' && udpPayloadAt(frame) !== undefined && frame[udpPayloadAt(frame)!] === 1,
    )
    if (initiation === undefined) return
    const times = random.between(2, 9)
    for (let i = 0; i < times; i++) {
      const frame = initiation.frame.slice()
      const isIpv4 = frame[12] === 8
      // Another source now and then; IPv4 has no UDP checksum then, and its header's is put right by a second octet.
      if (isIpv4 && random.chance(30)) frame.fill(0, 40, 42)
      this.arrive({ ...initiation, frame })
      if (random.chance(30)) this.deliver()
    }
  }

  /** A peer that gets a cookie and uses it, more often than it may (WG-10, WG-11). */
  private pester(): void {
    const index = this.random.below(this.peers.length)
    const peer = this.peers[index]!
    for (let turn = 0; turn < 2; turn++) {
      this.flights.length = 0
      this.now += 6_000_000_000n
      this.tell(peer, { kind: 'clock', now: this.now })
      this.peerHostSends(index)
      const initiation = this.flights.find(({ to }) => to === 'node')
      if (initiation === undefined) return
      for (let i = 0; i < 14; i++) this.arrive(initiation)
      if (turn === 0) while (this.flights.length > 0) this.deliver()
    }
  }

  /** Two initiations of a peer arrive together, the second having been sent because nobody answered (WG-12). */
  private late(): void {
    const index = this.random.below(this.peers.length)
    this.flights.length = 0
    for (let i = 0; i < 2; i++) {
      this.now += 6_000_000_000n
      this.peerHostSends(index)
      this.tell(this.peers[index]!, { kind: 'clock', now: this.now })
    }
    for (const flight of this.flights.splice(0)) this.arrive(flight)
  }

  /** The node is asked for cookies, and gets them twice (WG-15). */
  private cookies(): void {
    this.flights.length = 0
    this.now += 6_000_000_000n
    this.nodeHostSends()
    this.give({ kind: 'clock', now: this.now })
    for (const flight of this.flights.splice(0))
      if (flight.to !== 'node') for (let i = 0; i < 4; i++) this.arrive(flight)
    for (const flight of this.flights.splice(0)) for (let i = 0; i < 2; i++) this.arrive(flight)
  }

  /** Messages of no session, with right lengths and types, or nearly. */
  private makeUp(): void {
    const { random } = this
    const partner: Partner = random.pick(this.world.partners)
    const type = random.weighted([
      [3, 1],
      [3, 2],
      [3, 3],
      [4, 4],
      [1, 0],
      [1, 5],
    ])
    const length = { 1: 148, 2: 92, 3: 64, 4: 32 + 16 * random.below(4) }[type as 1 | 2 | 3 | 4] ?? 40
    const message = random.bytes(random.chance(90) ? length : Math.max(0, length + random.between(-20, 20)))
    message.set([type, 0, 0, random.chance(97) ? 0 : 1].slice(0, message.length))
    const local = random.pick(partner.tunnel.local)
    const nodeMac = partner.port === 33 ? '02:00:5e:00:00:30' : portMac(partner.port)
    const ether = { src: parseMac(FAR[2]), dst: parseMac(random.chance(95) ? nodeMac : '02:00:00:00:09:09') }
    const ports = { srcPort: 7777, dstPort: random.chance(95) ? partner.tunnel.listenPort : 9 }
    const address = parseIp(local)
    const stack = isIpv6(address)
      ? ipv6({ src: parseIpv6('fd00:ff::9'), dst: address }, udp(ports, payload(message)))
      : ipv4({ src: parseIpv4('10.255.0.9'), dst: address }, udp(ports, payload(message)))
    this.give({
      kind: 'frame',
      now: this.pass(),
      interface: partner.port,
      frame: encodeFrame(ethernet(ether, stack)),
    })
  }

  /** What no honest peer sends: any text, any counter, under the keys of a session. */
  private forge(): void {
    const { random } = this
    const index = random.below(this.peers.length)
    const partner = this.world.partners[index]!
    const tunnel = this.peers[index]!.config.interfaces.get(2)
    if (tunnel?.kind !== 'wireguard') return
    const [peer] = tunnel.peers.values()
    const session = random.chance(80) ? peer?.state.current : peer?.state.previous
    if (session === undefined) return
    const counter = random.weighted<() => bigint>([
      [60, () => session.sent + BigInt(random.below(40))],
      [10, () => BigInt(random.below(200))],
      [5, () => session.sent + BigInt(random.between(8100, 8300))],
      [25, () => this.greatest(session.peerIndex) - BigInt(random.between(8126, 8129))],
      [1, () => 2n ** 64n - 2n ** 13n - BigInt(random.below(3))],
    ])()
    if (counter < 0n) return
    if (counter < 2n ** 32n && counter > this.greatest(session.peerIndex))
      this.counters.set(session.peerIndex, counter)
    const text = this.innerText(partner)
    const sealed = sealAead(session.sending, counter, text)
    const message = new Uint8Array(16 + sealed.length)
    const view = new DataView(message.buffer)
    view.setUint32(0, 4, true)
    view.setUint32(4, session.peerIndex, true)
    view.setBigUint64(8, counter, true)
    message.set(sealed, 16)
    const node = partner.tunnel.local.map((text) => parseIp(text))
    const to = random.pick(node)
    const ports = { srcPort: 7000 + index, dstPort: partner.tunnel.listenPort }
    const tos = random.below(256)
    const [outer4, outer6] = PEER_OUTER[index]!
    const packet = isIpv6(to)
      ? ipv6({ src: parseIpv6(outer6), dst: to, trafficClass: tos }, udp(ports, payload(message)))
      : ipv4({ src: parseIpv4(outer4), dst: to, tos }, udp(ports, payload(message)))
    const dst = parseMac(partner.port === 33 ? '02:00:5e:00:00:30' : portMac(partner.port))
    const frame = encodeFrame(ethernet({ src: parseMac(FAR[index]!), dst }, packet))
    this.give({ kind: 'frame', now: this.pass(), interface: partner.port, frame })
  }

  /** The greatest counter that a session was given here. */
  private greatest(index: number): bigint {
    return this.counters.get(index) ?? 0n
  }

  /** A text to be sealed: a packet, padded or not, with something wrong now and then. */
  private innerText(partner: Partner): Uint8Array {
    const { random } = this
    const ether = { src: parseMac(PEER_HOST), dst: parseMac(FAR[2]) }
    const frame = random.chance(60)
      ? this.packet4(ether, partner.host4, random.pick(['10.1.0.10', '10.1.0.1', '255.255.255.255']))
      : this.packet6(ether, partner.host6, '2001:db8:1::10')
    const text = Uint8Array.from([...frame.subarray(14), ...new Uint8Array(random.below(32))])
    if (random.chance(50)) return text
    return random.pick<() => Uint8Array>([
      () => text.subarray(0, random.below(text.length)),
      () => random.bytes(random.below(60)),
      () => text.map((octet, at) => (at === random.below(20) ? octet ^ (1 << random.below(8)) : octet)),
      () => new Uint8Array(0),
    ])()
  }

  /** More packets than are held (WG-25). */
  private burst(): void {
    const packet = this.packet4(
      { src: parseMac(NODE_HOST), dst: parseMac(portMac(2)) },
      '10.1.0.10',
      this.random.pick(this.world.partners).host4,
    )
    for (let i = 0; i < 131; i++) this.give({ kind: 'frame', now: this.pass(), interface: 2, frame: packet })
  }

  /** Nobody answers until the node gives up (WG-30). */
  private silence(): void {
    this.nodeHostSends()
    for (let i = 0; i < 21; i++) {
      this.now += 5_400_000_000n
      this.give({ kind: 'clock', now: this.now })
      this.flights.length = 0
    }
  }

  /** A peer added, changed or removed (WG-33), rightly or not. */
  private change(): void {
    const { random } = this
    const partner = random.pick(this.world.partners)
    const index = this.world.partners.indexOf(partner)
    const publicKey = random.weighted([
      [20, partner.publicKey],
      [4, 'lab:wg/other/public'],
      [1, `lab:wg/${partner.tunnel.id}/public`],
      [1, 'lab:wg/nobody/public'],
    ])
    const to = random.chance(25)
      ? null
      : {
          allowedIps: random.some(
            [`10.2.${index}.0/24`, `2001:db8:2:${index}::/64`, '10.3.0.0/16', '10.77.20.9/32', '0.0.0.0/0'],
            70,
          ),
          ...(random.chance(30) ? { presharedKey: `lab:wg/psk/${index}` } : {}),
          ...(random.chance(30)
            ? {
                endpoint: {
                  address: random.pick(['10.255.0.2', '10.254.3.1', 'fd00:ff::2', '10.9.0.2']),
                  port: 7000 + index,
                },
              }
            : {}),
          ...(random.chance(30) ? { persistentKeepalive: random.pick([1, 10]) } : {}),
        }
    const changes: TableChange[] = [
      { table: 'peer', interface: random.chance(97) ? partner.tunnel.id : 1, publicKey, to },
    ]
    this.give({ kind: 'control', now: this.pass(), request: canonical({ id: 1, op: 'apply', changes }) })
  }

  /** The program again, as it is or with a tunnel changed (WG-32). */
  private load(): void {
    const { random } = this
    const interfaces = this.program.interfaces.map((one) => {
      if (one.kind !== 'wireguard' || random.chance(40)) return one
      return random.pick([
        { ...one, peers: random.some(one.peers, 70) },
        { ...one, privateKey: random.chance(30) ? 'lab:wg/other' : one.privateKey },
        { ...one, mtu: 1300 },
        { ...one, local: one.local.map((address) => LOCAL_INSTEAD.get(address) ?? address) },
        { ...one, peers: one.peers.map(({ presharedKey: _, ...rest }) => rest) },
      ])
    })
    // The port's own addresses go, which peers may have spoken to.
    const moved = random.chance(85)
      ? interfaces
      : interfaces.map((one) => (one.kind === 'port' && one.id === 1 ? { ...one, addresses: [] } : one))
    this.program = random.chance(30) ? this.world.program : { ...this.program, interfaces: moved }
    this.give({ kind: 'load', now: this.pass(), program: this.program })
  }

  /** A peer is somewhere else from now on (WG-22). */
  private move(): void {
    const { random } = this
    const index = random.below(this.peers.length)
    const program = this.world.partners[index]!.program
    const interfaces = program.interfaces.map((one) =>
      one.kind === 'wireguard' ? { ...one, listenPort: random.between(7000, 7900) } : one,
    )
    this.tell(this.peers[index]!, { kind: 'load', now: this.pass(), program: { ...program, interfaces } })
  }

  private carrier(): void {
    const { random } = this
    const request = { id: 1, op: 'carrier', interface: random.pick([1, 3]), up: random.chance(75) }
    this.give({ kind: 'control', now: this.pass(), request })
  }
}

/** Offset of what UDP carries, behind headers without options; `undefined` when it is no UDP. */
function udpPayloadAt(frame: Uint8Array): number | undefined {
  if (frame[12] === 8 && frame[23] === 17) return 42
  return frame[12] === 0x86 && frame[20] === 17 ? 62 : undefined
}
