/**
 * Linux as third judge: leaf2 of a running lab is taken over by its kernel's own bridge and vxlan devices, and frames go both
 * ways between it and the engine of leaf1. What the kernel sends must be what the twin says that leaf2 sends, but for the source port
 * and the IP id, which are the kernel's to choose; what it delivers must be what the twin says that leaf2 delivers.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { FabricComparer, labUp, type Lab } from '../../lab/index.js'
import { JournalTail } from '../../lab/journal-tail.js'
import { RecordType } from '../../contract/journal.js'
import type { Plan, PlanNode } from '../../contract/plan.js'
import type { VxlanInterface } from '../../contract/program.js'
import type { Arrival, Injection, Observation, Target, WireFrame } from '../../record/target.js'
import { ethernet, findTraceId, ipv4, udp } from '../../twin/packet/index.js'
import { twinTarget } from '../../twin/target.js'
import { newSeed, planOf } from './support/fabrics.js'
import { broadcastFrame, udpFrame } from './support/frames.js'
import { needsRoot } from './support/host.js'

const fabric = (underlay: string) => `
ztos: 1
name: third-judge
underlay: { mtu: 1600, ${underlay} }
nodes: { spine1: { role: spine }, "leaf[1-2]": { role: leaf } }
links: [{ from: "leaf*", to: spine1 }]
tenants:
  red:
    networks:
      # Layer 2 alone: what a bridge and a vxlan device do, and no gateway that answers ARP.
      wire: { vni: 10001, subnet: [10.0.0.0/24, "fd00:0:0:a::/64"] }
    hosts:
      e1: { at: leaf1, network: wire }
      e2: { at: leaf1, network: wire }
      k1: { at: leaf2, network: wire }
      k2: { at: leaf2, network: wire }
`
const Collected = z.object({
  arrivals: z.array(z.object({ host: z.string(), data: z.base64(), foreign: z.boolean() })),
  next: z.int(),
})

beforeEach(needsRoot)

describe.each([
  ['IPv4', 'loopbacks: 10.255.0.0/24, links: 10.254.0.0/24'],
  ['IPv6', 'loopbacks: "2001:db8:ffff::/64", links: "2001:db8:fffe::/64"'],
])('[Z08] the kernel as VTEP, underlay %s', (_family, underlay) => {
  const plan = planOf(fabric(underlay))
  const comparer = new FabricComparer(plan, new Map(), 'kernel')
  let lab: Lab
  let twin: Target
  let mixed: MixedFabric
  let trace = 0
  const next = () => ++trace

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: newSeed() })
    await becomeKernel(lab, plan, 'leaf2')
    mixed = new MixedFabric(lab, plan)
    twin = twinTarget(plan)
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await lab.down()
  })

  const frame = (from: string, to: string, more: Partial<Parameters<typeof udpFrame>[1]> = {}) =>
    udpFrame(plan, { trace: next(), from: `red/${from}`, to: `red/${to}`, ...more })
  /** Frames for which waiting ends when they arrive: each way, to a host that is known by then. */
  const barriers = () => [frame('e1', 'k1'), frame('k1', 'e1')]

  /** One frame after the other, each followed by barriers, in twin and mixed fabric. */
  async function both(frames: readonly Injection[]): Promise<Observation> {
    const all = frames.flatMap((one) => [[one], barriers()]).flat()
    const expected = await twin.send(all)
    const seen = await mixed.send(
      all,
      new Set(all.filter((one) => !frames.includes(one)).map((one) => one.trace)),
    )
    const { differences } = comparer.compare(expected, seen)
    expect(differences.map(({ message, twin: wanted, lab: got }) => ({ message, wanted, got }))).toEqual([])
    return seen
  }
  const heardBy = (seen: Observation, of: Injection) =>
    seen.arrivals
      .filter((arrival) => arrival.trace === of.trace)
      .map(({ host }) => host)
      .sort()

  it('floods broadcast and unknown unicast to each host and over the tunnel, both ways', async () => {
    const frames = [
      broadcastFrame(plan, next(), 'red/e1'),
      broadcastFrame(plan, next(), 'red/k1'),
      frame('e2', 'k2', { dstMac: '02:00:00:00:99:01' }),
      frame('k2', 'e2', { dstMac: '02:00:00:00:99:02' }),
    ]
    const seen = await both(frames)
    expect(frames.map((one) => heardBy(seen, one))).toEqual([
      ['red/e2', 'red/k1', 'red/k2'],
      ['red/e1', 'red/e2', 'red/k2'],
      ['red/e1', 'red/k1', 'red/k2'],
      ['red/e1', 'red/e2', 'red/k1'],
    ])
  })

  it.each([4, 6] as const)(
    'sends known unicast to its host alone, IPv%d inside, both ways',
    async (family) => {
      await both([frame('e2', 'k2'), frame('k2', 'e2')])
      const frames = [
        frame('e1', 'k2', { family }),
        frame('k2', 'e1', { family }),
        frame('e2', 'k1', { family, size: 900 }),
        frame('k1', 'e2', { family, size: 900 }),
      ]
      const seen = await both(frames)
      expect(frames.map((one) => heardBy(seen, one))).toEqual([
        ['red/k2'],
        ['red/e1'],
        ['red/k1'],
        ['red/e2'],
      ])
    },
  )

  it('marks the outer header as RFC 6040 says, for every ECN and a DSCP', async () => {
    const frames = [0, 1, 2, 3, 0xb8].flatMap((tos) => [
      frame('e1', 'k1', { tos }),
      frame('k1', 'e1', { tos }),
    ])
    const seen = await both(frames)
    expect(seen.arrivals.length).toBeGreaterThanOrEqual(frames.length)
  })

  it('carries the smallest and the largest frame, and refuses what is longer', async () => {
    // 1500 octets of IPv4: 1472 of UDP payload. A kernel's bridge lets four octets more pass, for a tag (is_skb_forwardable).
    const [smallest, largest, tooLong] = [16, 1472, 1477].map((size) => frame('k1', 'e1', { size }))
    const seen = await both([
      smallest!,
      largest!,
      tooLong!,
      ...[16, 1472, 1477].map((size) => frame('e1', 'k1', { size })),
    ])
    expect([smallest!, largest!, tooLong!].map((one) => heardBy(seen, one))).toEqual([
      ['red/e1'],
      ['red/e1'],
      [],
    ])
  })

  it('follows a MAC that moves from one side to the other', async () => {
    const stolen = frame('k2', 'e2')
    // e1 speaks with k2's MAC; then k2 does again.
    const moved = { ...stolen, at: { host: 'red/e1' } }
    const [toMoved, toBack] = [frame('e2', 'k2'), frame('e2', 'k2')]
    const back = frame('k2', 'e2')
    const seen = await both([stolen, { ...moved, trace: stolen.trace }, toMoved, back, toBack])
    expect([heardBy(seen, toMoved), heardBy(seen, toBack)]).toEqual([['red/e1'], ['red/k2']])
  })

  it('keeps the source port of a flow, and varies it between flows', async () => {
    const flows = [40_000, 40_000, 41_000, 42_000, 43_000, 44_000].map((srcPort) =>
      frame('k1', 'e1', { srcPort }),
    )
    const seen = await both(flows)
    const ports = flows
      .map((flow) =>
        seen.wire.filter((one) => one.from === 'leaf2').find((one) => traceOf(one.frame) === flow.trace),
      )
      .map((one) => outerSourcePort(one!.frame))
    expect(ports[0]).toBe(ports[1])
    expect(new Set(ports).size).toBeGreaterThan(1)
  })
})

/** leaf1 and spine1 run their engines; leaf2 is the kernel's. What they saw is put together from journals and arrivals. */
class MixedFabric {
  private readonly tails: ReadonlyMap<string, JournalTail>
  private nextArrival = 0

  constructor(
    private readonly lab: Lab,
    private readonly plan: Plan,
  ) {
    this.tails = new Map(
      ['leaf1', 'spine1'].map((node) => [node, new JournalTail(lab.paths.nodeJournal(node))]),
    )
  }

  async send(frames: readonly Injection[], barriers: ReadonlySet<number>): Promise<Observation> {
    const arrivals: Arrival[] = []
    await this.wire()
    for (const { at, frame, trace } of frames) {
      if (!('host' in at)) throw new Error('frames come from hosts here')
      await this.lab.probe({
        op: 'send',
        frames: [{ host: at.host, data: Buffer.from(frame).toString('base64') }],
      })
      // What goes nowhere is followed by a barrier: when that has arrived, it has gone nowhere.
      if (barriers.has(trace)) await this.until(arrivals, trace)
    }
    arrivals.push(...(await this.collect()))
    return {
      by: 'netns',
      sent: frames,
      arrivals,
      wire: await this.wire(),
      fates: [],
      punts: [],
      answeredByHosts: 0,
    }
  }

  private async until(arrivals: Arrival[], trace: number): Promise<void> {
    const giveUp = performance.now() + 5000
    while (!arrivals.some((arrival) => arrival.trace === trace)) {
      if (performance.now() > giveUp) throw new Error(`frame ${trace} did not arrive`)
      arrivals.push(...(await this.collect()))
    }
  }

  private async collect(): Promise<Arrival[]> {
    const { arrivals, next } = Collected.parse(
      await this.lab.probe({ op: 'collect', from: this.nextArrival }),
    )
    this.nextArrival = next
    return arrivals.map(({ host, data, foreign }) => {
      const frame = new Uint8Array(Buffer.from(data, 'base64'))
      const trace = findTraceId(frame)?.trace
      return trace === undefined ? { host, frame, foreign } : { host, frame, foreign, trace }
    })
  }

  /** Frames received by engines; and sent by an engine to the kernel. */
  private async wire(): Promise<readonly WireFrame[]> {
    const frames: WireFrame[] = []
    for (const [node, tail] of this.tails) {
      const { journalBytes } = z
        .object({ journalBytes: z.int() })
        .parse(await this.lab.control(node, { op: 'sync' }))
      for (const { input, outputs } of tail.read(journalBytes)) {
        for (const record of [input, ...outputs]) {
          const link = this.plan.links.find(({ a, b }) =>
            [a, b].some((end) => end.node === node && end.interface === record.interface),
          )
          const peer = link?.a.node === node ? link.b.node : link?.a.node
          if (link === undefined || peer === undefined) continue
          const common = { link: link.id, frame: record.payload, seenBy: 'journal' as const }
          if (record.type === RecordType.FrameIn) frames.push({ ...common, from: peer, to: node })
          if (record.type === RecordType.FrameOut && peer === 'leaf2')
            frames.push({ ...common, from: node, to: peer })
        }
      }
    }
    return frames
  }
}

/** Ends a node's engine and lets its kernel do what the program says: one bridge, one vxlan device, the same underlay. */
async function becomeKernel(lab: Lab, plan: Plan, name: string): Promise<void> {
  const node = plan.nodes.find((one) => one.name === name)!
  await lab.control(name, { op: 'shutdown' }).catch(() => undefined)
  const result = await lab.exec(name, ['sh', '-ec', kernelScript(node)])
  expect(result).toMatchObject({ code: 0, stderr: '' })
}

function kernelScript({ program }: PlanNode): string {
  const ports = program.interfaces.filter((one) => one.kind === 'port')
  const underlay = ports.find((port) => port.vrf === 0)!
  const tunnel = program.interfaces.find((one): one is VxlanInterface => one.kind === 'vxlan')!
  const members = ports.filter((port) => port.bridge === tunnel.bridge)
  const isV6 = tunnel.local.includes(':')
  const [{ gateway } = { gateway: undefined }] = program.tables.groups[0]!.members
  const neighbour = program.tables.neighbours.find(({ address }) => address === gateway)!
  const up = `${underlay.name}.phy`
  return [
    ...ports.map(({ name }) => `ip link set ${name}.phy xdp off`),
    `ip link del ${underlay.name}`,
    // Checksums must be there when the frame is taken from the device by AF_XDP.
    ...ports.map(({ name }) => `ethtool -K ${name}.phy tx off > /dev/null`),
    ...(isV6 ? [`echo 0 > /proc/sys/net/ipv6/conf/${up}/disable_ipv6`] : []),
    ...underlay.addresses.map((address) => `ip addr add ${address} dev ${up}${isV6 ? ' nodad' : ''}`),
    `ip neigh replace ${neighbour.address} lladdr ${neighbour.mac} dev ${up} nud permanent`,
    ...tunnel.remotes.map(
      (remote) => `ip route replace ${remote} via ${gateway} dev ${up} src ${tunnel.local}`,
    ),
    // Frames are bridged, not filtered: the host's br_netfilter would reassemble and fragment what is inside.
    'for f in /proc/sys/net/bridge/bridge-nf-call-*; do test ! -e $f || echo 0 > $f; done',
    'ip link add br0 type bridge mcast_snooping 0 stp_state 0',
    `ip link add vx0 type vxlan id ${tunnel.vni} local ${tunnel.local} dstport ${tunnel.port} ttl ${tunnel.ttl} ${
      isV6
        ? tunnel.udpChecksum === 'zero'
          ? 'udp6zerocsumtx udp6zerocsumrx'
          : 'noudp6zerocsumtx noudp6zerocsumrx'
        : `df ${tunnel.df ? 'set' : 'unset'} noudpcsum`
    } learning`,
    `ip link set vx0 mtu ${tunnel.mtu}`,
    ...tunnel.remotes.map((remote) => `bridge fdb append 00:00:00:00:00:00 dev vx0 dst ${remote}`),
    ...['vx0', ...members.map(({ name }) => `${name}.phy`)].map(
      (device) => `ip link set ${device} master br0`,
    ),
    'ip link set vx0 up',
    'ip link set br0 up',
  ].join('\n')
}

function traceOf(frame: Uint8Array): number | undefined {
  return findTraceId(frame)?.trace
}

function outerSourcePort(frame: Uint8Array): number {
  const at = ethernet.HEADER_LENGTH
  return udp.srcPort(
    frame,
    at + (ethernet.etherType(frame, 0) === ethernet.EtherType.IPV4 ? ipv4.headerLength(frame, at) : 40),
  )
}
