/**
 * The agent between real gobgpd processes and an engine's socket: what one node hears the other forwards to, and nothing that is right is
 * touched when any of them is restarted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Agent, type AgentOptions } from '../../agent/agent.js'
import { announcePath, originatePath, readPath } from '../../agent/convert.js'
import type { NodeControl } from '../../contract/control-plane.js'
import type { RibPath } from '../../contract/rib.js'
import { eventually } from './support/eventually.js'
import { FakeEngine } from './support/fake-engine.js'
import { Gobgpd, loopbackNet, protoFolder, type GobgpdOptions } from './support/gobgpd.js'
import {
  asnOf,
  GATEWAY_MAC,
  IDS,
  L3_VNI,
  leafControl,
  leafInterfaces,
  routerIdOf,
  routerMacOf,
  VNI,
} from './support/leaf-control.js'

/** A leaf: daemon, engine, agent. */
class Leaf {
  readonly lines: string[] = []
  agent: Agent | undefined

  constructor(
    readonly name: string,
    readonly control: NodeControl,
    readonly daemon: Gobgpd,
    public engine: FakeEngine,
  ) {}

  startAgent(options: Pick<AgentOptions, 'silence' | 'quiet'> = {}): Agent {
    const agent = new Agent({
      ...options,
      node: this.name,
      control: this.control,
      engine: this.engine.socket,
      gobgp: this.daemon.socket,
      protoFolder,
      log: (line) => this.lines.push(line),
    })
    this.agent = agent
    agent.start()
    return agent
  }

  async settle(): Promise<Agent> {
    const agent = this.agent ?? this.startAgent()
    await agent.settled(15_000)
    return agent
  }

  async close(): Promise<void> {
    await this.agent?.close()
    await this.daemon.close()
    await this.engine.close()
  }
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

function workFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-agent-'))
  open.push({
    close() {
      rmSync(folder, { recursive: true, force: true })
      return Promise.resolve()
    },
  })
  return folder
}

/** Two leaves that peer with each other. */
async function twoLeaves(options: GobgpdOptions = {}): Promise<[Leaf, Leaf]> {
  const folder = workFolder()
  const at = loopbackNet()
  const leaf = async (n: number, other: number): Promise<Leaf> => {
    const name = `leaf${n}`
    const control = leafControl(n, [
      { peer: `leaf${other}`, local: at(n), remote: at(other), remoteAsn: asnOf(other) },
    ])
    const daemon = new Gobgpd(folder, name, control, options)
    const engine = await FakeEngine.listen(path.join(folder, `${name}.fpe`), name, leafInterfaces(n))
    await daemon.start()
    const made = new Leaf(name, control, daemon, engine)
    open.push(made)
    return made
  }
  return [await leaf(1, 2), await leaf(2, 1)]
}

const HOST_MAC = '02:aa:00:00:00:01'
const heardHost = {
  fdb: [{ bridge: IDS.bridge, mac: HOST_MAC, interface: IDS.host }],
  neighbours: [
    { interface: IDS.irb, address: '10.2.0.10', mac: HOST_MAC },
    { interface: IDS.irb, address: '2001:db8:2::10', mac: HOST_MAC },
  ],
}

/** A daemon's EVPN table by key, own routes left out. */
async function othersRoutes({ daemon, control }: Leaf): Promise<ReadonlyMap<string, RibPath>> {
  const peers = new Map(control.sessions.map(({ remote, peer }) => [remote, peer]))
  const destinations = await daemon.client.paths('evpn')
  return new Map(
    destinations
      .flatMap(({ paths = [] }) => paths.map((api) => readPath(api, { asn: control.asn, peers })))
      .flatMap((read) =>
        read === undefined || read.neighbour === '' ? [] : [[read.key, read.path] as const],
      ),
  )
}

/** All that leaf 2's engine is told of leaf 1, which has heard one host. */
const toldOfLeaf1 = [
  `fdb ${IDS.bridge} ${HOST_MAC} ${IDS.vxlan} 10.255.0.1`,
  `fdb ${IDS.l3Bridge} ${routerMacOf(1)} ${IDS.l3Vxlan} 10.255.0.1 sticky`,
  `flood ${IDS.vxlan} 10.255.0.1`,
  `neighbour ${IDS.irb} 10.2.0.10 ${HOST_MAC}`,
  `neighbour ${IDS.irb} 2001:db8:2::10 ${HOST_MAC}`,
  `neighbour ${IDS.l3Irb} 10.255.0.1 ${routerMacOf(1)} sticky`,
  `route 1 10.2.0.10/32 10.255.0.1`,
  `route 1 2001:db8:2::10/128 10.255.0.1`,
]

describe('an agent', () => {
  it('[EVPN-1] [EVPN-2] [EVPN-3] [EVPN-4] [EVPN-5] announces routes that arrive with every attribute', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    const rd = '[10.255.0.1:10][0]'
    const l3 = '[10.255.0.1:5001][0]'
    const target = `rt:65000:${VNI}`
    const common = {
      from: 'leaf1',
      best: true,
      used: false,
      nextHop: '10.255.0.1',
      asPath: [65_101],
      origin: 'igp',
      communities: [],
    }
    const bridged = { ...common, extended: ['encap:vxlan', target], labels: [VNI] }
    const routed = {
      ...common,
      extended: ['encap:vxlan', `rmac:${routerMacOf(1)}`, target, `rt:65000:${L3_VNI}`],
      labels: [VNI, L3_VNI],
    }
    const gateway = {
      ...common,
      extended: ['default-gateway', 'encap:vxlan', 'mobility:0:sticky', target],
      labels: [VNI],
    }
    const prefix = {
      ...common,
      extended: ['encap:vxlan', `rmac:${routerMacOf(1)}`, `rt:65000:${L3_VNI}`],
      labels: [L3_VNI],
    }
    await eventually(async () => {
      expect(Object.fromEntries(await othersRoutes(two))).toEqual({
        [`[3]${rd}[10.255.0.1]`]: bridged,
        [`[2]${rd}[${HOST_MAC}]`]: bridged,
        [`[2]${rd}[${HOST_MAC}][10.2.0.10]`]: routed,
        [`[2]${rd}[${HOST_MAC}][2001:db8:2::10]`]: routed,
        [`[2]${rd}[${GATEWAY_MAC}][10.1.0.1]`]: gateway,
        [`[2]${rd}[${GATEWAY_MAC}][2001:db8:1::1]`]: gateway,
        [`[5]${l3}[10.1.0.0/16]`]: prefix,
        [`[5]${l3}[2001:db8:1::/64]`]: prefix,
      })
    })
  })

  it('[EVPN-1] tells the end of the tunnel in the PMSI attribute', async () => {
    const [one, two] = await twoLeaves()
    await Promise.all([one.settle(), two.settle()])
    const tunnels = async () =>
      (await two.daemon.client.paths('evpn')).flatMap(({ paths = [] }) =>
        paths.flatMap(({ nlri, pattrs = [], neighborIp }) =>
          nlri?.evpnMulticast === undefined || neighborIp === undefined
            ? []
            : pattrs.flatMap(({ pmsiTunnel }) => pmsiTunnel ?? []),
        ),
      )
    await eventually(async () => {
      expect(await tunnels()).toEqual([{ type: 6, label: VNI, id: Buffer.from([10, 255, 0, 1]) }])
    })
  })

  it('[EVPN-4] announces an anycast gateway that others announce already', async () => {
    const [one, two] = await twoLeaves()
    await one.settle()
    await eventually(async () => expect((await othersRoutes(two)).size).toBe(5))
    const agent = await two.settle()
    expect(agent.state().gobgp.refused).toEqual([])
    await eventually(async () => {
      expect([...(await othersRoutes(one)).keys()].filter((key) => key.includes(GATEWAY_MAC))).toHaveLength(2)
    })
  })

  it('[TABLE-1] [TABLE-2] [TABLE-3] [TABLE-4] [TABLE-5] tells the engine what others have', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
  })

  it('withdraws what is heard no longer', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    one.engine.hear({})
    await eventually(() =>
      expect(two.engine.told).toEqual(
        toldOfLeaf1.filter((line) => !line.includes(HOST_MAC) && !line.startsWith('route')),
      ),
    )
  })

  it('that is started anew announces nothing anew and applies nothing anew', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    const before = { one: await one.daemon.updatesSent(), two: await two.daemon.updatesSent() }
    const lists = two.engine.lists
    await one.agent?.close()
    await two.agent?.close()
    one.startAgent()
    two.startAgent()
    const [first, second] = await Promise.all([one.settle(), two.settle()])
    expect({ one: await one.daemon.updatesSent(), two: await two.daemon.updatesSent() }).toEqual(before)
    expect(two.engine.lists).toBe(lists)
    expect(first.state().gobgp).toMatchObject({ added: 0, withdrawn: 0, whole: true })
    expect(second.state()).toMatchObject({ gobgp: { added: 0 }, engine: { applied: 0 } })
  })

  it.each([{ markers: true }, { markers: false }])(
    'leaves the engine alone while its daemon is killed and comes back (%j)',
    async (options) => {
      const [one, two] = await twoLeaves(options)
      one.engine.hear(heardHost)
      await Promise.all([one.settle(), two.settle()])
      await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
      const lists = two.engine.lists
      await two.daemon.kill()
      await eventually(() => expect(two.agent?.state().gobgp.attached).toBe(false))
      await two.daemon.start()
      await two.settle()
      expect(two.agent?.state().gobgp.whole).toBe(true)
      expect(two.engine.told).toEqual(toldOfLeaf1)
      expect(two.engine.lists).toBe(lists)
      await eventually(async () => expect((await othersRoutes(one)).size).toBe(5))
    },
  )

  it('has a peer sent all anew when something changed while its session began', async () => {
    const [one, two] = await twoLeaves({ markers: false })
    // Time enough, on any host, for what is to happen before the peer counts as heard.
    const agent = one.startAgent({ quiet: 2_500 })
    await Promise.all([one.settle(), two.settle()])
    const { resent } = agent.state().gobgp
    await two.daemon.kill()
    await eventually(() => expect(agent.state().gobgp.established).toEqual([]))
    await two.daemon.start()
    // The first session of a node: it is about to be told much, and hears nothing for a while.
    const begun = { established: ['leaf2'], behind: true }
    const soon = { timeout: 10_000, interval: 5 }
    await vi.waitFor(() => expect(agent.state().gobgp).toMatchObject(begun), soon)
    one.engine.hear(heardHost)
    await vi.waitFor(async () => expect((await othersRoutes(two)).size).toBe(5), 2_000)
    expect([agent.state().gobgp.resent, agent.state().idle]).toEqual([resent, false])
    const sent = await one.daemon.updatesSent()
    await one.settle()
    expect(agent.state().gobgp.resent).toBe(resent + 1)
    expect(await one.daemon.updatesSent(), 'what it has already').toBeGreaterThan(sent)
  })

  it('keeps what it has while its daemon hangs, says so, and goes on when that goes on', async () => {
    const [one, two] = await twoLeaves()
    two.startAgent({ silence: 3_000 })
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    two.daemon.signal('SIGSTOP')
    await vi.waitFor(() => expect(two.agent?.state().gobgp.error).toMatch(/ZT_AGENT_(DEADLINE|CONNECTION)/), {
      timeout: 25_000,
      interval: 100,
    })
    expect(two.agent?.state().gobgp.attached).toBe(false)
    expect(two.engine.told).toEqual(toldOfLeaf1)
    two.daemon.signal('SIGCONT')
    await vi.waitFor(
      async () => {
        await two.settle()
        expect(two.agent?.state().gobgp.established).toEqual(['leaf1'])
        expect(two.engine.told).toEqual(toldOfLeaf1)
      },
      { timeout: 25_000, interval: 100 },
    )
  })

  it('takes away what a peer that is gone had told, also when that happened behind its back', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    await two.agent?.close()
    await one.daemon.kill()
    two.startAgent()
    await eventually(() => expect(two.engine.told).toEqual([]), 5_000)
  })

  it('tells an engine that has forgotten all of it anew, without its daemon', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    await two.daemon.kill()
    await two.engine.close()
    two.engine = await FakeEngine.listen(two.engine.socket, two.name, leafInterfaces(2))
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1), 5_000)
  })

  it('tells an engine with another program what it lacks', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    two.engine.fdb.clear()
    two.engine.program = '1'.repeat(64)
    two.engine.hear({})
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1), 8_000)
  })

  it('applies what an engine does not refuse, and says what it refused', async () => {
    const [one, two] = await twoLeaves()
    two.engine.refuses = (change) => change.table === 'neighbour' && change.address === '10.2.0.10'
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    const rest = toldOfLeaf1.filter((line) => !line.startsWith(`neighbour ${IDS.irb} 10.2.0.10`))
    await eventually(() => expect(two.engine.told).toEqual(rest))
    expect(two.agent?.state().engine.refused).toEqual([
      expect.stringMatching(/"address":"10.2.0.10".*ZT_AGENT_REFUSED: .*change-refused/),
    ])
  })

  it('[EVPN-6] counts moves of a MAC, and yields to who has it now', async () => {
    const [one, two] = await twoLeaves()
    const heard = { fdb: heardHost.fdb }
    one.engine.hear(heard)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toContain(toldOfLeaf1[0]))
    two.engine.hear(heard)
    const moved = `fdb ${IDS.bridge} ${HOST_MAC} ${IDS.vxlan} 10.255.0.2`
    await eventually(() => expect(one.engine.told).toContain(moved))
    await eventually(async () => {
      const key = `[2][10.255.0.2:10][0][${HOST_MAC}]`
      expect((await othersRoutes(one)).get(key)?.extended).toContain('mobility:1')
    })
    // The engine forgets what it heard, and the agent withdraws: one route for the MAC is left.
    await eventually(async () => {
      expect([...(await othersRoutes(two)).keys()].filter((key) => key.includes(HOST_MAC))).toEqual([])
    })
    // Back again, and after a restart of the agent in between: numbers go on.
    await two.agent?.close()
    expect((await two.startAgent().settled(15_000)).gobgp.added).toBe(0)
    one.engine.hear(heard)
    await eventually(async () => {
      const key = `[2][10.255.0.1:10][0][${HOST_MAC}]`
      expect((await othersRoutes(two)).get(key)?.extended).toContain('mobility:2')
    })
    expect(one.agent?.state().gobgp.refused).toEqual([])
  })

  it('[EVPN-6] gives a MAC the number that it has, though another has a route for it', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear({ fdb: heardHost.fdb })
    await one.settle()
    const other = { asn: asnOf(2), routerId: routerIdOf(2), vtep: routerIdOf(2) }
    await two.daemon.client.add(originatePath(`${routerIdOf(2)}/32`))
    await two.daemon.client.add(
      announcePath(
        {
          key: `[2][${routerIdOf(2)}:10][0][${HOST_MAC}]`,
          path: {
            nextHop: routerIdOf(2),
            asPath: [],
            origin: 'igp',
            communities: [],
            extended: ['encap:vxlan', `rt:65000:${VNI}`],
            labels: [VNI],
          },
        },
        other,
        true,
      ),
    )
    await eventually(async () => expect((await othersRoutes(one)).size).toBe(1))
    await one.settle()
    // The same number and the lower address: it stays here, and what is heard of it from now on has that number too.
    one.engine.hear(heardHost)
    await eventually(async () => {
      const routes = await othersRoutes(two)
      expect(routes.get(`[2][10.255.0.1:10][0][${HOST_MAC}][10.2.0.10]`)?.extended).toEqual([
        'encap:vxlan',
        `rmac:${routerMacOf(1)}`,
        `rt:65000:${VNI}`,
        `rt:65000:${L3_VNI}`,
      ])
    })
    expect(one.agent?.state().gobgp.refused).toEqual([])
  })

  it('is not thrown by what a peer should not send', async () => {
    const [one, two] = await twoLeaves()
    await Promise.all([one.settle(), two.settle()])
    const odd = {
      family: { afi: 'AFI_L2VPN', safi: 'SAFI_EVPN' },
      nlri: {
        evpnMacadv: {
          rd: { twoOctetAsn: { admin: 64_512, assigned: 7 } },
          esi: { type: 0, value: Buffer.alloc(9, 7) },
          ethernetTag: 5,
          macAddress: '01:00:5e:00:00:01',
          labels: [0],
        },
      },
      pattrs: [
        { origin: { origin: 2 } },
        { nextHop: { nextHop: '10.255.0.1' } },
        {
          extendedCommunities: {
            communities: [
              { unknown: { type: 0x88, value: Buffer.from('0102030405aaff', 'hex') } },
              { color: { color: 7 } },
              { twoOctetAsSpecific: { isTransitive: true, subType: 2, asn: 65_000, localAdmin: VNI } },
            ],
          },
        },
      ],
    }
    await one.daemon.client.add(odd)
    await eventually(async () => {
      expect((await othersRoutes(two)).get('[2][64512:7][5][01:00:5e:00:00:01]')).toMatchObject({
        origin: 'incomplete',
        extended: [`rt:65000:${VNI}`, 'unknown:030b000000000007', 'unknown:880102030405aaff'],
        labels: [],
      })
    })
    await two.settle()
    expect(two.agent?.state()).toMatchObject({ gobgp: { unreadable: 0 }, engine: { refused: [] } })
    expect(two.agent?.state().fault).toBeUndefined()
    expect(two.engine.told).toEqual(
      toldOfLeaf1.filter((line) => !line.includes(HOST_MAC) && !line.startsWith('route')),
    )
  })

  it('takes 10,000 routes from the watch into the engine, each change once and in few lists', async () => {
    const [one, two] = await twoLeaves()
    await Promise.all([one.settle(), two.settle()])
    const before = { changes: two.engine.changes.length, lists: two.engine.lists }
    const stations = Array.from({ length: 5_000 }, (_, n) => {
      const octet = (value: number) => (value & 0xff).toString(16).padStart(2, '0')
      return { mac: `02:01:00:00:${octet(n >> 8)}:${octet(n)}`, address: `10.2.${n >> 8}.${n & 0xff}` }
    })
    one.engine.hear({
      fdb: stations.map(({ mac }) => ({ bridge: IDS.bridge, mac, interface: IDS.host })),
      neighbours: stations.map(({ mac, address }) => ({ interface: IDS.irb, address, mac })),
    })
    // Far above what it takes (2 to 5 s, most of it the two daemons', on a host with nothing else to do), far below what working out all anew for each route would.
    await vi.waitFor(() => expect(two.engine.routes.size).toBe(5_000), { timeout: 50_000, interval: 20 })
    await two.settle()
    expect(two.engine.changes.length - before.changes).toBe(15_000)
    expect(two.engine.lists - before.lists).toBeLessThan(200)
  })

  it('works with no daemon but the one of its node', async () => {
    const [one, two] = await twoLeaves()
    const agent = new Agent({
      node: 'leaf1',
      control: one.control,
      engine: one.engine.socket,
      gobgp: two.daemon.socket,
      protoFolder,
    })
    open.push(agent)
    agent.start()
    await eventually(() =>
      expect(agent.state().gobgp.error).toMatch(/ZT_AGENT_IDENTITY: .* is AS 65102, router id 10.255.0.2/),
    )
    expect((await two.daemon.client.paths('evpn')).length).toBe(0)
  })

  it('[BGP-9] uses no route to a VTEP that it cannot reach', async () => {
    const [one, two] = await twoLeaves()
    one.engine.hear(heardHost)
    await Promise.all([one.settle(), two.settle()])
    await eventually(() => expect(two.engine.told).toEqual(toldOfLeaf1))
    const loopback = {
      family: { afi: 'AFI_IP', safi: 'SAFI_UNICAST' },
      nlri: { prefix: { prefix: routerIdOf(1), prefixLen: 32 } },
    }
    await one.daemon.client.delete({ ...loopback, isWithdraw: true })
    await eventually(() => expect(two.engine.told).toEqual([]))
  })
})
