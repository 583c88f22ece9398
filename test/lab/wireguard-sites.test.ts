/**
 * Sites and a client that reach each other over somebody else's network, in a lab as in the twin: who reaches whom, what is heard on
 * the way, and what recorded traffic is worth when keys have gone.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compareNodes, labUp, wireguardState, type Lab } from '../../lab/index.js'
import type { Arrival, Injection, Observation, Target, WireFrame } from '../../record/target.js'
import { FabricNode, readJournal, TwinFabric } from '../../twin/forward/index.js'
import { decodeFrame, firstLayer, formatIp } from '../../twin/packet/index.js'
import { openAead } from '../../twin/packet/wireguard-crypto.js'
import { deriveKeys } from '../../twin/program/index.js'
import {
  hostOf,
  outerOf,
  siteProgram,
  SITES,
  sitesPlan,
  type Family,
  type Site,
} from '../support/wireguard-sites.js'
import { newSeed } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot } from './support/host.js'

const CANARY = Buffer.alloc(32, 0x61)
const SECOND = 1_000_000_000
/** Where the text of a data message begins, behind Ethernet, IPv4 or IPv6, and UDP. */
const TEXT = { 4: 14 + 20 + 8 + 16, 6: 14 + 40 + 8 + 16 } as const

beforeEach(needsRoot)

describe.each([4, 6] as const)('over IPv%d', (outer) => {
  const plan = sitesPlan(outer)
  const seed = newSeed()
  const keys = deriveKeys(plan, seed)
  const twin = new TwinFabric(plan, keys)
  let lab: Lab
  let target: Target
  let trace = 0
  const frame = (from: Site, to: Site, family: Family = 4): Injection =>
    udpFrame(plan, { trace: ++trace, from: hostOf(from), to: hostOf(to), family, size: 64 })

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
  }, 120_000)
  afterAll(async () => {
    await target?.close()
  })

  /** Sends in twin and lab; the same arrives, to the octet. */
  async function both(...frames: readonly Injection[]): Promise<Observation> {
    const expected = twin.send(frames)
    const seen = await target.send(frames)
    expect(seen.arrivals.map(textOf).sort()).toEqual(expected.arrivals.map(textOf).sort())
    return seen
  }
  const reaches = async (from: Site, to: Site, family: Family = 4): Promise<boolean> =>
    (await both(frame(from, to, family))).arrivals.some(({ host }) => host === hostOf(to))
  const at = (site: Site, way?: 'second') => outerOf(site, outer, way)
  const clientAtPop = async () => (await wireguardState(lab, 'pop'))[0]!.peers[2]!

  it('[C38] sites reach each other, and whoever listens on the way hears WireGuard between sites alone', async () => {
    const ways = (['pop', 'east', 'west'] as const).flatMap((from) =>
      (['pop', 'east', 'west'] as const).filter((to) => to !== from).map((to) => [from, to] as const),
    )
    for (const family of [4, 6] as const) {
      for (const [from, to] of ways) {
        const seen = await both(frame(from, to, family))
        expect(seen.arrivals.map(({ host }) => host)).toEqual([hostOf(to)])
        const between = new Set([`${at(from)} > ${at(to)}`, `${at(to)} > ${at(from)}`])
        expect([...outerFlows(seen)].filter((flow) => !between.has(flow))).toEqual([])
      }
    }
  })

  it('[C39] [M30] a client whose address nobody knew reaches the gateway, and sites behind it', async () => {
    expect(await reaches('pop', 'road')).toBe(false)
    expect((await clientAtPop()).endpoint).toBeNull()
    expect(await reaches('road', 'pop')).toBe(true)
    expect((await clientAtPop()).endpoint).toEqual({ address: at('road'), port: 51820 })
    for (const family of [4, 6] as const) {
      expect(await reaches('pop', 'road', family)).toBe(true)
      expect(await reaches('road', 'east', family)).toBe(true)
      expect(await reaches('west', 'road', family)).toBe(true)
    }
    // Opened by the gateway and sealed anew: in clear it is on none of both wires.
    const through = await both(frame('road', 'east'))
    const flows = outerFlows(through)
    expect([...flows].sort()).toEqual([`${at('road')} > ${at('pop')}`, `${at('pop')} > ${at('east')}`].sort())
  })

  it('[C39] [WG-22] [WG-32] a client that roams is followed, with the session that it has', async () => {
    const before = await clientAtPop()
    const roamed = siteProgram('road', outer, 'second')
    twin.node('road').load(twin.now, roamed)
    await lab.load('road', roamed)
    // Nobody is where it was, until it says that it is somewhere else.
    expect(await reaches('pop', 'road')).toBe(false)
    expect(await reaches('road', 'pop')).toBe(true)
    const after = await clientAtPop()
    expect(after.endpoint).toEqual({ address: at('road', 'second'), port: 51820 })
    expect(after.sessions.map(({ index }) => index)).toEqual(before.sessions.map(({ index }) => index))
    expect(after.latestHandshake).toBe(before.latestHandshake)
    expect(await reaches('pop', 'road')).toBe(true)
    expect(await reaches('east', 'road')).toBe(true)
  })

  it('[C40] [WG-18] [WG-28] what was recorded opens with no key that is left, and new traffic with no old one', async () => {
    const recorded = async () =>
      (await both(frame('east', 'west'), frame('west', 'pop'), frame('road', 'pop'))).wire.filter(isData)
    const old = { frames: await recorded(), keys: await keysOfSessions() }
    expect(old.frames.length).toBeGreaterThanOrEqual(6)
    // A recorder who has the keys of that time reads it: else what follows proves nothing.
    expect(old.frames.filter((one) => !opens(one, old.keys))).toEqual([])
    // Two rekeys: the session before the present one is kept for what is on its way.
    for (let n = 0; n < 2; n++) {
      twin.advanceTime(121 * SECOND)
      await target.advanceTime(121 * SECOND)
      await recorded()
      await recorded()
    }
    const now = { frames: await recorded(), keys: await keysOfSessions() }
    // All that anybody has now, long-term keys and those of both sessions of each peer, opens nothing of then.
    const all = [...now.keys, ...keys.values()]
    expect(now.keys.length).toBeGreaterThan(old.keys.length)
    expect(old.frames.filter((one) => opens(one, all))).toEqual([])
    expect(now.frames.filter((one) => !opens(one, now.keys))).toEqual([])
    expect(now.frames.filter((one) => opens(one, [...old.keys, ...keys.values()]))).toEqual([])
    // And no engine has a session of then.
    const indexes = new Set(old.frames.map(indexOf))
    for (const site of SITES) {
      const left = (await wireguardState(lab, site)).flatMap(({ peers }) =>
        peers.flatMap((one) => one.sessions),
      )
      expect(left.filter(({ index, peerIndex }) => indexes.has(index) || indexes.has(peerIndex))).toEqual([])
    }
  })

  it('[WG-4] [WG-5] [WG-23] the twin replays what engines recorded, octet for octet', async () => {
    const { nodes, outputs } = compareNodes(await lab.journals(), keys)
    expect(
      nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
    ).toEqual([])
    expect(outputs).toBeGreaterThan(100)
  })

  /** Of all nodes by now: the twin follows what engines recorded. */
  async function keysOfSessions(): Promise<readonly Uint8Array[]> {
    return [...(await lab.journals()).values()].flatMap((journal) => {
      const [first, ...rest] = readJournal(journal).entries
      if (first?.input.kind !== 'load') throw new Error('a journal begins with a program')
      const node = new FabricNode(first.input.program, keys)
      for (const { input } of rest) node.input(input)
      return node.sessions().flatMap(({ sending, receiving }) => [sending.export(), receiving.export()])
    })
  }

  /** Whether a recorded data message opens with one of some keys, whatever they are of. */
  function opens({ frame: octets }: WireFrame, some: readonly Uint8Array[]): boolean {
    const message = octets.subarray(TEXT[outer])
    const counter = Buffer.from(octets).readBigUInt64LE(TEXT[outer] - 8)
    return some.some((key) => openAead(key, counter, message) !== undefined)
  }
  const indexOf = ({ frame: octets }: WireFrame): number => Buffer.from(octets).readUInt32LE(TEXT[outer] - 12)
})

function textOf({
  host,
  frame,
  foreign,
  trace,
}: Pick<Arrival, 'host' | 'frame' | 'foreign' | 'trace'>): string {
  return `${host} ${trace} ${foreign} ${Buffer.from(frame).toString('hex')}`
}

function isData({ frame, seenBy }: WireFrame): boolean {
  return seenBy === 'capture' && decodeFrame(frame).some(({ kind }) => kind === 'wireguard-data')
}

/** Of all that was on wires: outer source and destination; none of it is in clear. */
function outerFlows({ wire }: Observation): ReadonlySet<string> {
  const captured = wire.filter(({ seenBy }) => seenBy === 'capture')
  expect(captured.length).toBeGreaterThan(0)
  expect(captured.filter(({ frame }) => Buffer.from(frame).includes(CANARY))).toEqual([])
  return new Set(
    captured.map(({ frame }) => {
      const layers = decodeFrame(frame)
      const ip = firstLayer(layers, 'ipv4') ?? firstLayer(layers, 'ipv6')
      const isSealed = layers.some(({ kind }) => kind.startsWith('wireguard-'))
      return ip === undefined || !isSealed
        ? layers.map(({ kind }) => kind).join()
        : `${formatIp(ip.src)} > ${formatIp(ip.dst)}`
    }),
  )
}
