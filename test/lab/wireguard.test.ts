/**
 * Links sealed by WireGuard between kernels that know nothing of it: with the compiler's tables and with BGP over it, tenants reach whom
 * they may, the twin sees the same, and whoever listens on a link hears WireGuard alone.
 */
import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { RecordType } from '../../contract/journal.js'
import type { Plan } from '../../contract/plan.js'
import {
  compareNodes,
  FabricComparer,
  labUp,
  wireguardState,
  type Lab,
  type WireguardState,
} from '../../lab/index.js'
import { JournalTail } from '../../lab/journal-tail.js'
import type { Injection, Observation, Target, WireFrame } from '../../record/target.js'
import { decodeFrame, firstLayer, formatIp } from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { Workplace } from './support/command.js'
import { newSeed, planOf, shippedFile } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

const text = readFileSync(shippedFile('demo-wireguard'), 'utf8')
const underlays: readonly (readonly [string, string])[] = [
  ['the tables of the compiler', text],
  ['BGP', text.replace('  bgp: {', '  control: bgp\n  bgp: {')],
  [
    'BGP over unnumbered links, with pre-shared keys',
    text
      .replace('links: 10.254.0.0/23', 'links: unnumbered\n  control: bgp')
      .replace('mtu: 1700', 'mtu: 1690')
      .replace('key: lab:core }', 'key: lab:core, psk: true, port: 4242 }'),
  ],
]
const Stats = z.object({ fates: z.record(z.string(), z.int()) })
/** What the hosts say, to be looked for on links. */
const CANARY = Buffer.from('61'.repeat(64), 'hex')

describe.each(underlays)('[Z06] links sealed by WireGuard, over %s', (_what, file) => {
  const plan = planOf(file)
  const seed = newSeed()
  const keys = deriveKeys(plan, seed)
  const twin = twinTarget(plan, keys)
  const comparer = new FabricComparer(plan, keys)
  const at = new Workplace()
  let lab: Lab
  let target: Target
  let trace = 0
  const frame = (from: string, to: string, more: Partial<Parameters<typeof udpFrame>[1]> = {}) =>
    udpFrame(plan, { trace: ++trace, from, to, size: 200, ...more })

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
    await twin.reset()
    await target.reset()
  }, 120_000)
  afterAll(async () => {
    await at.close()
    if (process.getuid?.() === 0) await (target?.close() ?? lab?.down())
  })

  async function both(frames: readonly Injection[]): Promise<Observation> {
    const expected = await twin.send(frames)
    const seen = await target.send(frames)
    expect(comparer.compare(expected, seen).differences.map(({ message }) => message)).toEqual([])
    return seen
  }

  it('carry what tenants send each other, longest packets too, as the twin says', async () => {
    const pairs = [
      ['shop/web1', 'shop/web2'],
      ['shop/web2', 'shop/web1'],
      ['bank/sync1', 'bank/sync2'],
      ['shop/web2', 'shop/web1'],
    ] as const
    for (const [n, [from, to]] of pairs.entries()) {
      const one = frame(from, to, n === 3 ? { size: 1472 } : {})
      const { arrivals } = await both([one])
      expect(arrivals.filter((arrival) => arrival.trace === trace).map(({ host }) => host)).toContain(to)
    }
    // Behind gateways: the host is asked for first, and answers.
    const routed = await both([frame('shop/web1', 'shop/db1')])
    expect(routed.arrivals.map(({ host }) => host)).toContain('shop/db1')
  })

  it('let nobody hear another tenant', async () => {
    const { arrivals } = await both([frame('shop/web1', 'bank/web1'), frame('bank/web1', 'shop/web2')])
    expect(arrivals.filter(({ host, trace: of }) => of === trace - 1 && host.startsWith('bank/'))).toEqual([])
    expect(arrivals.filter(({ host, trace: of }) => of === trace && host.startsWith('shop/'))).toEqual([])
  })

  it('carry WireGuard between their two ends, and nothing else that XDP sees', async () => {
    const flows = Array.from({ length: 24 }, (_, n) =>
      frame('shop/web1', 'shop/web2', { srcPort: 30_000 + n }),
    )
    const { wire } = await target.send(flows)
    const captured = wire.filter(({ seenBy }) => seenBy === 'capture')
    expect(captured.length).toBeGreaterThanOrEqual(2 * flows.length)
    expect(captured.map((one) => flowOnWire(one)).filter((one) => one !== expectedFlow(plan, one))).toEqual(
      [],
    )
    expect(captured.filter((one) => Buffer.from(one.frame).includes(CANARY))).toEqual([])
    const { arrivals } = await both(flows)
    expect(arrivals.every((one) => Buffer.from(one.frame).includes(CANARY))).toBe(true)
  })

  it('[WG-28] go on when sessions are old, idle for minutes or long gone', async () => {
    for (const seconds of [10, 130, 301, 541]) {
      await twin.advanceTime(seconds * 1e9)
      await target.advanceTime(seconds * 1e9)
      const { arrivals } = await both([frame('bank/sync1', 'bank/sync2')])
      expect(
        arrivals.map(({ host }) => host),
        `after ${seconds} s`,
      ).toContain('bank/sync2')
    }
  })

  it('[WG-2] carried nothing else since they are there: no ARP, no ND, no BGP', async () => {
    const ends = new Map(
      plan.links.flatMap(({ id, a, b }) => [
        [`${a.node} ${a.interface}`, id],
        [`${b.node} ${b.interface}`, id],
      ]),
    )
    const flows = plan.nodes.flatMap(({ name }) =>
      new JournalTail(lab.paths.nodeJournal(name))
        .read(statSync(lab.paths.nodeJournal(name)).size)
        .flatMap(({ input, outputs }) => [input, ...outputs])
        .filter(({ type }) => type === RecordType.FrameIn || type === RecordType.FrameOut)
        .flatMap(({ interface: port, payload }) => {
          const link = ends.get(`${name} ${port}`)
          return link === undefined ? [] : [flowOnWire({ link, frame: payload })]
        }),
    )
    expect(flows.length).toBeGreaterThan(100)
    expect(flows.filter((one) => one !== expectedFlow(plan, one))).toEqual([])
    for (const { name } of plan.nodes) {
      const { fates } = Stats.parse(await lab.control(name, { op: 'stats' }))
      expect(fates, `${name} counts`).not.toHaveProperty('wireguard-clear')
    }
  })

  it('[Z07] are told of in the form of `wg show dump`, each end as the other has it', async () => {
    const told = new Map<string, readonly WireguardState[]>()
    for (const { name } of plan.nodes) told.set(name, await wireguardState(lab, name))
    const all = [...told.values()].flat()
    // Of links there are two ends each, which know each other.
    expect(all).toHaveLength(2 * plan.links.length)
    for (const { publicKey, peers } of all) {
      const [peer] = peers
      const far = all.find((one) => one.publicKey === peer?.publicKey)
      expect(far?.peers).toMatchObject([{ publicKey }])
      expect(peer).toMatchObject({ persistentKeepalive: 0, presharedKey: file.includes('psk: true') })
    }
    expect(all.filter(({ peers }) => peers[0]!.latestHandshake > 0).length).toBeGreaterThan(1)
    const command = await at.ztos('lab', 'wg', lab.id, 'leaf1')
    const first = told.get('leaf1')![0]!
    expect(command).toMatchObject({ status: 0, stderr: '' })
    const lines = command.stdout.toString().trimEnd().split('\n')
    expect(lines).toHaveLength(2 * told.get('leaf1')!.length)
    const own = [first.name, '(hidden)', first.publicKey, String(first.listenPort), 'off'].join('\t')
    expect(lines[0]).toBe(own)
    expect(lines[1]!.split('\t').slice(0, 4)).toEqual([
      first.name,
      first.peers[0]!.publicKey,
      file.includes('psk: true') ? '(hidden)' : '(none)',
      expect.stringMatching(new RegExp(`${first.peers[0]!.endpoint!.address}]?:${first.listenPort}$`)),
    ])
    const one = await at.ztos('lab', 'wg', lab.id, 'leaf1', first.name, '--json')
    expect(JSON.parse(one.stdout.toString())).toMatchObject({
      format: 'ztos-wireguard',
      interfaces: [
        { name: first.name, publicKey: first.publicKey, peers: [{ sessions: expect.any(Array) }] },
      ],
    })
    const unknown = await at.ztos('lab', 'wg', lab.id, 'leaf1', `${first.name}x`)
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      expect.stringContaining(`did you mean ${first.name}?`),
    ])
    const values = [...keys.values()].flatMap((value) => [
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('hex'),
    ])
    const publics = new Set(
      all.flatMap(({ publicKey }) => [publicKey, Buffer.from(publicKey, 'base64').toString('hex')]),
    )
    const said = command.stdout.toString() + one.stdout.toString()
    expect(values.filter((value) => !publics.has(value) && said.includes(value))).toEqual([])
  })

  it('[WG-4] are replayed by the twin from journals, octet for octet', async () => {
    const journals = new Map(
      plan.nodes.map(
        ({ name }) => [name, new Uint8Array(readFileSync(lab.paths.nodeJournal(name)))] as const,
      ),
    )
    const { nodes, outputs } = compareNodes(journals, keys)
    expect(
      nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
    ).toEqual([])
    expect(outputs).toBeGreaterThan(100)
  })
})

/** `leaf1--spine1 10.254.0.2 > 10.254.0.3 port 51820`, or what else it is. */
function flowOnWire({ link, frame }: Pick<WireFrame, 'link' | 'frame'>): string {
  const layers = decodeFrame(frame)
  const ip = firstLayer(layers, 'ipv4') ?? firstLayer(layers, 'ipv6')
  const udp = firstLayer(layers, 'udp')
  if (ip === undefined || udp === undefined) return `${link} ${layers.map(({ kind }) => kind).join()}`
  return `${link} ${formatIp(ip.src)} > ${formatIp(ip.dst)} port ${udp.srcPort} ${udp.dstPort}`
}

/** The same, if it is one that the plan has on this link, either way. */
function expectedFlow({ links, nodes }: Plan, found: string): string | undefined {
  return links
    .flatMap(({ id, a, b }) => {
      const [one, other] = [a, b].map(({ node, interface: port }) =>
        nodes
          .find(({ name }) => name === node)
          ?.program.interfaces.find((item) => item.kind === 'wireguard' && item.lower === port),
      )
      if (one?.kind !== 'wireguard' || other?.kind !== 'wireguard') return []
      return [
        `${id} ${one.local[0]} > ${other.local[0]} port ${one.listenPort} ${other.listenPort}`,
        `${id} ${other.local[0]} > ${one.local[0]} port ${other.listenPort} ${one.listenPort}`,
      ]
    })
    .find((flow) => flow === found)
}
