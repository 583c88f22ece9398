/** Sites and a client over somebody else's network, in the twin: who reaches whom, what is seen on the way, and who goes on while another changes. */
import { describe, expect, test } from 'vitest'
import type { TableChange } from '../../contract/control.js'
import { TwinFabric, type FabricInjection, type FabricObservation } from '../../twin/forward/index.js'
import { decodeFrame, firstLayer, formatIp } from '../../twin/packet/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import {
  CLIENT,
  hostOf,
  OTHER_PSK,
  outerOf,
  publicKey,
  siteProgram,
  SITES,
  sitesPlan,
  TUNNEL,
  type Family,
  type Site,
} from '../support/wireguard-sites.js'
import { udpFrame } from '../lab/support/frames.js'

/** What hosts say, to be looked for on the way. */
const CANARY = Buffer.alloc(32, 0x61)

class Sites {
  readonly plan
  readonly fabric
  private trace = 0

  constructor(readonly outer: Family) {
    this.plan = sitesPlan(outer)
    const keys = new Map([
      ...deriveKeys(this.plan, new Uint8Array(32).fill(7)),
      [OTHER_PSK, new Uint8Array(32).fill(8)],
    ])
    this.fabric = new TwinFabric(this.plan, keys)
  }

  frame(from: Site, to: Site, family: Family = 4): FabricInjection {
    return udpFrame(this.plan, { trace: ++this.trace, from: hostOf(from), to: hostOf(to), family, size: 64 })
  }

  send(from: Site, to: Site, family: Family = 4): FabricObservation {
    return this.fabric.send([this.frame(from, to, family)])
  }

  /** Whether what is sent arrives, there alone; who sent it may be told that it does not. */
  reaches(from: Site, to: Site, family: Family = 4): boolean {
    const hosts = this.send(from, to, family).arrivals.map(({ host }) => host)
    const foreign = hosts.filter((host) => host !== hostOf(to) && host !== hostOf(from))
    if (foreign.length > 0) throw new Error(`${from} to ${to} is heard by ${foreign.join()}`)
    return hosts.includes(hostOf(to))
  }

  peer(at: Site, of: Site) {
    const keys = SITES.map((site) => [site, this.fabric.node(site).tables().wireguard[0]!] as const)
    const wanted = keys.find(([site]) => site === of)![1].publicKey
    return keys.find(([site]) => site === at)![1].peers.find(({ publicKey: key }) => key === wanted)
  }

  apply(at: Site, of: Site, to: Extract<TableChange, { table: 'peer' }>['to']): void {
    const change = { table: 'peer', interface: TUNNEL, publicKey: publicKey(of), to } as const
    const { refusal } = this.fabric.node(at).apply(this.fabric.now, [change])
    if (refusal !== undefined) throw new Error(refusal.message)
  }

  /** The client is on its second way from now on. */
  roam(): void {
    this.fabric.node('road').load(this.fabric.now, siteProgram('road', this.outer, 'second'))
  }
}

/** Of all that was on wires: outer source and destination, none of it in clear. */
function outerFlows({ wire }: Pick<FabricObservation, 'wire'>): Set<string> {
  expect(wire.length).toBeGreaterThan(0)
  return new Set(
    wire.map(({ frame }) => {
      expect(Buffer.from(frame).includes(CANARY)).toBe(false)
      const layers = decodeFrame(frame)
      expect(layers.some(({ kind }) => kind.startsWith('wireguard-'))).toBe(true)
      const ip = firstLayer(layers, 'ipv4') ?? firstLayer(layers, 'ipv6')
      return ip === undefined ? 'no IP' : `${formatIp(ip.src)} > ${formatIp(ip.dst)}`
    }),
  )
}

describe.each([4, 6] as const)('over IPv%d', (outer) => {
  const at = (site: Site, way?: 'second') => outerOf(site, outer, way)

  test.each([4, 6] as const)(
    '[C38] sites reach each other, IPv%d inside, and nobody on the way sees more than that',
    (inner) => {
      const sites = new Sites(outer)
      for (const [from, to] of [
        ['east', 'west'],
        ['west', 'east'],
        ['east', 'pop'],
        ['pop', 'west'],
      ] as const) {
        const seen = sites.send(from, to, inner)
        expect(seen.arrivals.map(({ host }) => host)).toEqual([hostOf(to)])
        expect(
          [...outerFlows(seen)].filter(
            (flow) => ![`${at(from)} > ${at(to)}`, `${at(to)} > ${at(from)}`].includes(flow),
          ),
        ).toEqual([])
      }
      // A site that is off its tunnel's addresses is nobody's.
      // What the gateway cannot take to a client it says to the host behind the other tunnel.
      const lost = sites.send('east', 'road', inner)
      expect(lost.arrivals.map(({ host }) => host)).toEqual([hostOf('east')])
      expect(lost.fates).toContainEqual({
        node: 'pop',
        fate: 'wireguard-no-endpoint',
        trace: expect.any(Number),
      })
    },
  )

  test('[C39] [WG-22] a client that nobody knows the address of reaches the gateway and, through it, sites', () => {
    const sites = new Sites(outer)
    // Until it says where it is, nobody gets to it.
    expect(sites.reaches('pop', 'road')).toBe(false)
    expect(sites.peer('pop', 'road')?.endpoint).toBeNull()
    expect(sites.reaches('road', 'pop')).toBe(true)
    expect(sites.peer('pop', 'road')?.endpoint).toEqual({ address: at('road'), port: 51820 })
    expect(sites.reaches('pop', 'road')).toBe(true)
    // [M30] The gateway opens what is for a site and seals it anew: on both wires nothing is in clear.
    const through = sites.send('road', 'east')
    expect(through.arrivals.map(({ host }) => host)).toEqual([hostOf('east')])
    expect(outerFlows(through)).toContain(`${at('pop')} > ${at('east')}`)
    expect(sites.reaches('east', 'road')).toBe(true)
  })

  test('[C39] [WG-17] a client is its own address and no other', () => {
    const sites = new Sites(outer)
    expect(sites.reaches('road', 'pop')).toBe(true)
    const hosts = sites.plan.hosts.map((host) =>
      host.id === hostOf('road') ? { ...host, addresses: ['10.4.0.11/24'] } : host,
    )
    const forged = udpFrame({ ...sites.plan, hosts }, { trace: 99, from: hostOf('road'), to: hostOf('pop') })
    const { arrivals, fates } = sites.fabric.send([forged])
    expect(arrivals).toEqual([])
    expect(fates.map(({ node, fate }) => `${node} ${fate}`)).toEqual(['pop wireguard-source-not-allowed'])
  })

  test('[C39] [WG-22] [WG-32] a client that roams is followed, with the session that it has', () => {
    const sites = new Sites(outer)
    expect(sites.reaches('road', 'pop')).toBe(true)
    const [before] = sites.peer('pop', 'road')!.sessions
    sites.roam()
    // It has not said anything yet: what is for it goes where it was, and nobody is there.
    expect(sites.reaches('pop', 'road')).toBe(false)
    const seen = sites.send('road', 'pop')
    expect(seen.arrivals).toHaveLength(1)
    expect([...outerFlows(seen)]).toContain(`${at('road', 'second')} > ${at('pop')}`)
    expect(sites.peer('pop', 'road')).toMatchObject({
      endpoint: { address: at('road', 'second') },
      sessions: [{ index: before!.index }],
    })
    expect(sites.reaches('pop', 'road')).toBe(true)
    expect(sites.reaches('west', 'road')).toBe(true)
  })

  test('[Z07] [WG-33] a peer comes, changes and goes, and the others go on with the sessions that they have', () => {
    const sites = new Sites(outer)
    const client = { allowedIps: [...CLIENT] }
    const others = () => {
      for (const [from, to] of [
        ['east', 'west'],
        ['west', 'pop'],
        ['pop', 'east'],
      ] as const) {
        const { arrivals, fates } = sites.send(from, to)
        expect(arrivals.map(({ host }) => host)).toEqual([hostOf(to)])
        // Keepalives are of nobody's.
        expect(fates.filter(({ trace }) => trace !== undefined)).toEqual([])
      }
      return (['east', 'west'] as const).flatMap((of) =>
        sites.peer('pop', of)!.sessions.map(({ index }) => index),
      )
    }
    expect(sites.reaches('road', 'pop')).toBe(true)
    for (const site of ['west', 'pop', 'east'] as const) sites.send(site, site === 'west' ? 'pop' : 'west')
    sites.send('pop', 'east')
    const sessions = others()
    const afterwards = (): boolean[] => {
      expect(others()).toEqual(sessions)
      return [sites.reaches('road', 'pop'), sites.reaches('pop', 'road')]
    }

    sites.apply('pop', 'road', { allowedIps: ['10.4.0.77/32'] })
    expect(afterwards()).toEqual([false, false])
    sites.apply('pop', 'road', client)
    expect(afterwards()).toEqual([true, true])
    sites.apply('pop', 'road', { ...client, persistentKeepalive: 25 })
    expect(sites.peer('pop', 'road')?.persistentKeepalive).toBe(25)
    expect(afterwards()).toEqual([true, true])
    // Where it is not; it says itself where it is.
    sites.apply('pop', 'road', { ...client, endpoint: { address: at('road', 'second'), port: 1 } })
    expect(sites.reaches('pop', 'road')).toBe(false)
    expect(afterwards()).toEqual([true, true])
    sites.roam()
    expect(afterwards()).toEqual([true, true])
    // A pre-shared key counts from the next handshake on: the session is there still.
    sites.apply('pop', 'road', { ...client, presharedKey: OTHER_PSK })
    expect(afterwards()).toEqual([true, true])
    sites.apply('pop', 'road', null)
    expect(sites.peer('pop', 'road')).toBeUndefined()
    expect(afterwards()).toEqual([false, false])
    // Known again, but by a key that the client has not; then it has.
    sites.apply('pop', 'road', { ...client, presharedKey: OTHER_PSK })
    const anew = (presharedKey: object) => {
      const endpoint = { address: at('pop'), port: 51820 }
      sites.apply('road', 'pop', null)
      sites.apply('road', 'pop', { allowedIps: ['10.0.0.0/8'], endpoint, ...presharedKey })
    }
    anew({})
    expect(afterwards()).toEqual([false, false])
    anew({ presharedKey: OTHER_PSK })
    expect(afterwards()).toEqual([true, true])
  })
})
