/**
 * Tenants sealed from leaf to leaf, in a lab: both orders of stacking, with the compiler's tables and with BGP below, carry what they should,
 * the twin sees the same on every link, and neither who listens on a link nor a spine reads anything.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compareNodes, FabricComparer, labUp, type Lab } from '../../lab/index.js'
import type { Injection, Observation, Target } from '../../record/target.js'
import { decodeFrame, firstLayer } from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { WireReader } from '../../sdk/traffic/wire.js'
import { newSeed, planOf, shippedFile } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

/** What the hosts say, to be looked for on links. */
const CANARY = Buffer.from('61'.repeat(64), 'hex')
/** RFC 4443 section 3.2. */
const PACKET_TOO_BIG = 2
/** IP and UDP headers, by family. */
const HEADERS = { 4: 28, 6: 48 } as const

const bgp = (text: string): string => text.replace('  bgp: {', '  control: bgp\n  bgp: {')
/** A network that takes less than others, behind the seal. */
const narrow = (text: string): string => text.replace(/ {6}db: \{/, '      db: { mtu: 1400,')

interface Pairs {
  readonly flows: readonly (readonly [string, string])[]
  /** To a network that takes 1400 octets. */
  readonly narrow: readonly [string, string]
  readonly other: string
}
const stacked: Pairs = {
  flows: [
    ['shop/web1', 'shop/web2'],
    ['shop/web2', 'shop/web1'],
    ['bank/sync1', 'bank/sync3'],
    ['shop/db1', 'shop/web1'],
  ],
  narrow: ['shop/web1', 'shop/db1'],
  other: 'bank/web1',
}
const inside: Pairs = {
  flows: [
    ['shop/web1', 'shop/app1'],
    ['shop/app1', 'shop/web2'],
    ['bank/web1', 'bank/web2'],
  ],
  narrow: ['shop/web1', 'shop/db1'],
  other: 'bank/web1',
}
const fabrics: readonly (readonly [
  string,
  Parameters<typeof shippedFile>[0],
  (text: string) => string,
  Pairs,
])[] = [
  ['MACsec inside VXLAN, under WireGuard', 'demo-stacked', narrow, stacked],
  ['the same over BGP', 'demo-stacked', (text) => bgp(narrow(text)), stacked],
  [
    'MACsec without SCI, of other suites, under MACsec',
    'demo-stacked',
    (text) =>
      narrow(text)
        .replace(
          '{ wireguard: true, key: lab:core }',
          '{ macsec: gcm-aes-xpn-128, tag: implicit, key: lab:core }',
        )
        .replace('gcm-aes-xpn-256,', 'gcm-aes-256, tag: implicit, confidentiality: offset-30, standby: 1,')
        // Headers are clear behind the link's seal, which that intent does not take.
        .replace(/ *tenants-sealed: .*\n/, '')
        .replace('by: wireguard', 'by: macsec'),
    stacked,
  ],
  ['WireGuard inside VXLAN, under MACsec', 'demo-wireguard-inside', narrow, inside],
  ['the same over BGP', 'demo-wireguard-inside', (text) => bgp(narrow(text)), inside],
]

describe.each(fabrics)(
  '[Z11] [Z09] [B02] tenants sealed between leaves: %s',
  (_what, name, change, pairs) => {
    const plan = planOf(change(readFileSync(shippedFile(name), 'utf8')))
    const seed = newSeed()
    const keys = deriveKeys(plan, seed)
    const twin = twinTarget(plan, keys)
    const comparer = new FabricComparer(plan, keys)
    let lab: Lab
    let target: Target
    let trace = 0
    const frame = (from: string, to: string, octets = 300, family: 4 | 6 = 4): Injection =>
      udpFrame(plan, { trace: ++trace, from, to, family, size: octets - HEADERS[family] })
    const mtuOf = (host: string): number => plan.hosts.find(({ id }) => id === host)?.mtu ?? 0

    beforeAll(async () => {
      if (process.getuid?.() !== 0) return
      lab = await labUp(plan, { keysSeed: seed })
      target = await lab.target({ ownsLab: true })
      await twin.reset()
      await target.reset()
    }, 120_000)
    afterAll(async () => {
      if (process.getuid?.() === 0) await (target?.close() ?? lab?.down())
    })

    async function both(frames: readonly Injection[]): Promise<Observation> {
      const expected = await twin.send(frames)
      const seen = await target.send(frames)
      expect(comparer.compare(expected, seen).differences.map(({ message }) => message)).toEqual([])
      return seen
    }
    const hostsOf = ({ arrivals }: Observation, { trace: of }: Injection): readonly string[] =>
      arrivals.filter((arrival) => arrival.trace === of).map(({ host }) => host)

    it('carry what tenants send each other, the longest packets too, as the twin says', async () => {
      for (const [from, to] of pairs.flows) {
        const [short, long] = [frame(from, to), frame(from, to, mtuOf(from))]
        expect(hostsOf(await both([short]), short)).toContain(to)
        expect(hostsOf(await both([long]), long)).toContain(to)
      }
    })

    it('[ROUTE-9] answer what is too long for the network behind the seal, and carry what just fits', async () => {
      const [from, to] = pairs.narrow
      const fits = frame(from, to, 1400, 6)
      expect(hostsOf(await both([fits]), fits)).toEqual([to])
      const long = frame(from, to, 1401, 6)
      const seen = await both([long])
      const answers = seen.arrivals.filter(
        (one) => firstLayer(decodeFrame(one.frame), 'icmpv6')?.type === PACKET_TOO_BIG,
      )
      expect(answers.map(({ host }) => host)).toEqual([from])
      expect(hostsOf(seen, long)).toEqual([])
      expect(seen.fates).toContainEqual(expect.objectContaining({ fate: 'mtu-exceeded', trace: long.trace }))
    })

    it('let nobody hear another tenant', async () => {
      const strange = frame(pairs.flows[0]?.[0] ?? '', pairs.other)
      const { arrivals } = await both([strange])
      expect(arrivals.filter(({ host }) => host.startsWith('bank/'))).toEqual([])
    })

    it('[Z18] say nothing readable on a link, nor inside the seal of a link', async () => {
      const sealed = pairs.flows.filter(([from]) =>
        plan.tenants.some(({ name: tenant, seal }) => seal !== undefined && from.startsWith(`${tenant}/`)),
      )
      const flows = sealed.flatMap(([from, to]) => Array.from({ length: 8 }, () => frame(from, to)))
      const seen = await both(flows)
      const captured = seen.wire.filter(({ seenBy }) => seenBy === 'capture')
      expect(captured.length).toBeGreaterThanOrEqual(2 * flows.length)
      const reader = new WireReader(plan, keys)
      const readings = captured.map((wire) => reader.read(wire, seen.opener))
      expect(readings.flatMap(({ problem }) => problem ?? [])).toEqual([])
      expect(readings.flatMap(({ tunnel }) => tunnel?.seal?.problem ?? [])).toEqual([])
      const readable = (octets: Uint8Array | undefined) =>
        octets !== undefined && Buffer.from(octets).includes(CANARY)
      expect(readings.filter(({ wire, clear }) => readable(wire.frame) || readable(clear))).toEqual([])
      // With both seals open it is there.
      expect(readings.filter(({ tunnel }) => readable(tunnel?.inner)).length).toBeGreaterThanOrEqual(
        2 * flows.length,
      )
    })

    it('are replayed by the twin from journals, octet for octet', () => {
      const journals = new Map(
        plan.nodes.map(
          ({ name: node }) => [node, new Uint8Array(readFileSync(lab.paths.nodeJournal(node)))] as const,
        ),
      )
      const { nodes, outputs } = compareNodes(journals, keys)
      expect(
        nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
      ).toEqual([])
      expect(outputs).toBeGreaterThan(50)
    })
  },
)
