/**
 * A peer of a gateway comes, changes, roams, gets new keys and goes while sites talk through the same interface without a pause: they lose
 * nothing, and the peer is reached when it ought to be and not else.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { TableChange } from '../../contract/control.js'
import { compareNodes, labUp, wireguardState, type Lab } from '../../lab/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import {
  CLIENT,
  OTHER_PSK,
  outerOf,
  publicKey,
  siteProgram,
  sitesPlan,
  TUNNEL,
  type Site,
} from '../support/wireguard-sites.js'
import { newSeed } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { Stream, type Flow } from './support/stream.js'

const SECOND = 1_000_000_000
/** ms that a state of the peer is looked at. */
const WINDOW = 600
/** ms after which nothing is under way, and a handshake done. */
const SETTLED = 150
/** All between sites, by the gateway's interface and beside it. */
const OTHERS: readonly Flow<Site>[] = [
  { from: 'east', to: 'pop', rate: 200 },
  { from: 'pop', to: 'east', rate: 200 },
  { from: 'west', to: 'pop', rate: 200 },
  { from: 'pop', to: 'west', rate: 200 },
  { from: 'east', to: 'west', rate: 200 },
]
const OWN: readonly Flow<Site>[] = [
  { from: 'road', to: 'pop', rate: 100 },
  { from: 'pop', to: 'road', rate: 100 },
]
const Stats = z.object({ fates: z.record(z.string(), z.int()) })

beforeEach(needsRoot)

describe('[Z07] peers at run time', () => {
  const plan = sitesPlan(4)
  const seed = newSeed()
  const keys = new Map([...deriveKeys(plan, seed), [OTHER_PSK, new Uint8Array(randomBytes(32))]])
  let lab: Lab

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed, keys: new Map([[OTHER_PSK, keys.get(OTHER_PSK)!]]) })
  }, 120_000)
  afterAll(async () => {
    await lab?.down()
  })

  const peer = async (at: Site, of: Site) => {
    const key = Buffer.from(keys.get(publicKey(of))!).toString('base64')
    return (await wireguardState(lab, at))[0]!.peers.find((one) => one.publicKey === key)
  }
  const indexes = async (of: Site) => (await peer('pop', of))?.sessions.map(({ index }) => index)
  async function apply(at: Site, of: Site, to: Extract<TableChange, { table: 'peer' }>['to']): Promise<void> {
    const changes = [{ table: 'peer', interface: TUNNEL, publicKey: publicKey(of), to }]
    await lab.control(at, { op: 'apply', changes, keys: lab.paths.keys })
  }
  /** For the client alone it is later: its session is old. */
  const later = async (seconds: number) => lab.control('road', { op: 'advance-time', ns: seconds * SECOND })
  const fatesOf = async (site: Site) => Stats.parse(await lab.control(site, { op: 'stats' })).fates

  it('[WG-22] [WG-28] [WG-32] [WG-33] one comes, changes and goes, and others lose nothing', async () => {
    const stream = new Stream(lab, [...OTHERS, ...OWN])
    stream.start()
    const client = { allowedIps: [...CLIENT] }
    const pop = { allowedIps: ['10.0.0.0/8', 'fd00::/8'] }
    /** What was sent since something was done: all of it arrives, or nothing. */
    const windows: { what: string; from: bigint; to: bigint; reach: boolean }[] = []
    const after = async (what: string, reach: boolean, act: () => Promise<unknown>) => {
      await act()
      await delay(SETTLED)
      const from = process.hrtime.bigint()
      await delay(WINDOW)
      windows.push({ what, from, to: process.hrtime.bigint(), reach })
      // What was sent last arrives before anything else is done.
      await delay(SETTLED)
    }

    await after('it is there', true, () => delay(300))
    const others = async () => {
      const handshakes = async (site: Site) => (await fatesOf(site))['wireguard-handshake']
      return {
        east: [await indexes('east'), await handshakes('east')],
        west: [await indexes('west'), await handshakes('west')],
      }
    }
    const first = { road: await indexes('road'), others: await others() }
    await after('its key is old', true, () => later(121))
    expect((await indexes('road'))?.at(-1)).not.toBe(first.road?.at(-1))
    await after('it is kept alive', true, () => apply('pop', 'road', { ...client, persistentKeepalive: 1 }))
    expect((await peer('pop', 'road'))?.persistentKeepalive).toBe(1)
    await after('its address is another', false, () => apply('pop', 'road', { allowedIps: ['10.4.0.77/32'] }))
    await after('its address is its own', true, () => apply('pop', 'road', client))
    const endpoint = { address: outerOf('road', 4, 'second'), port: 9 }
    await after('it is said to be elsewhere', true, () => apply('pop', 'road', { ...client, endpoint }))
    expect((await peer('pop', 'road'))?.endpoint).toEqual({ address: outerOf('road', 4), port: 51820 })
    await after('it has roamed', true, () => lab.load('road', siteProgram('road', 4, 'second')))
    expect((await peer('pop', 'road'))?.endpoint?.address).toBe(outerOf('road', 4, 'second'))
    // The gateway has a pre-shared key that the client has not: no new session comes, and the old one goes on.
    const before = await indexes('road')
    await after('it lacks the pre-shared key', true, async () => {
      await apply('pop', 'road', { ...client, presharedKey: OTHER_PSK })
      await later(121)
    })
    expect((await fatesOf('road'))['wireguard-handshake-invalid']).toBeGreaterThan(0)
    expect((await peer('pop', 'road'))?.sessions.find(({ role }) => role === 'current')?.index).toBe(
      before?.at(-1),
    )
    await after('it has the pre-shared key', true, async () => {
      await apply('road', 'pop', { ...pop, presharedKey: OTHER_PSK })
      // It asks again after 5 s and up to 333 ms.
      await later(6)
    })
    expect(await peer('pop', 'road')).toMatchObject({ presharedKey: true })
    expect((await indexes('road'))?.at(-1)).not.toBe(before?.at(-1))
    await after('it was removed', false, () => apply('pop', 'road', null))
    expect(await peer('pop', 'road')).toBeUndefined()
    await after('it was added', true, async () => {
      await apply('pop', 'road', { ...client, presharedKey: OTHER_PSK })
      await later(121)
    })

    const seen = await stream.end()
    for (const flow of OTHERS) {
      const { sent, lost, twice } = seen.of(flow)
      expect(sent.length, `${flow.from} to ${flow.to}`).toBeGreaterThan(500)
      expect({ lost, twice }, `${flow.from} to ${flow.to}`).toEqual({ lost: [], twice: [] })
    }
    for (const { what, from, to, reach } of windows) {
      for (const flow of OWN) {
        const { sent, arrived } = seen.of(flow, { from, to })
        expect(sent.length, `${what}: ${flow.from} to ${flow.to}`).toBeGreaterThan(10)
        expect(arrived.length, `${what}: ${flow.from} to ${flow.to}`).toBe(reach ? sent.length : 0)
      }
    }
    // Nobody but the client shook hands again.
    expect(await others()).toEqual(first.others)
    for (const site of ['east', 'west'] as const) {
      const { 'wireguard-handshake': _, 'wireguard-keepalive': __, ...drops } = await fatesOf(site)
      expect(drops).toEqual({})
    }
    const { nodes } = compareNodes(await lab.journals(), keys)
    expect(
      nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
    ).toEqual([])
  })
})
