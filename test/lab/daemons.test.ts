/**
 * FRR spines and GoBGP leaves in plain namespaces with plain veths, without any engine: do the daemons do what
 * `docs/control-plane.md` says, as they are configured and started for a lab?
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { announcePath } from '../../agent/convert.js'
import type { RibPath } from '../../contract/rib.js'
import { controls } from '../../lab/daemons/testdata/fabric.js'
import { daemonPrograms } from '../../lab/daemons/programs.js'
import { identify, LAB_MARK, labMark } from '../../lab/process-identity.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'
import { plainFabric } from './support/plain-fabric.js'
import { start, watch, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

/** A labd in small: starts the daemons of a fabric, says their pids, and stays. */
const PARENT = `
  import { Daemons } from ${JSON.stringify(new URL('../../dist/lab/daemons/launch.js', import.meta.url).href)}
  const { nodes, folder, id } = JSON.parse(process.argv[1])
  const daemons = new Daemons(nodes, { folder, invoker: { uid: 0, gid: 0 }, env: { PATH: process.env.PATH, ${LAB_MARK}: ${JSON.stringify(labMark(0, ''))} + id } })
  await daemons.start(AbortSignal.timeout(20000))
  console.log(JSON.stringify(daemons.states().map(({ pid }) => pid)))
  setInterval(() => undefined, 1000)
`

const leaf1 = { asn: 65001, routerId: '10.255.0.1', vtep: '10.255.0.1' }
const evpn = (key: string, labels: number[], extended: string[], nextHop = leaf1.vtep) =>
  announcePath(
    {
      key,
      path: { asPath: [], origin: 'igp', nextHop, communities: [], extended, labels },
    },
    leaf1,
  )
/** Type 3, 2 and 5, and what they are at a node two hops away. */
const routes = [
  { key: '[3][10.255.0.1:7][0][10.255.0.1]', labels: [10010], extended: ['encap:vxlan', 'rt:65000:10010'] },
  {
    key: '[2][10.255.0.1:7][0][02:00:00:00:01:01]',
    labels: [10010],
    extended: ['encap:vxlan', 'mobility:3', 'rt:65000:10010'],
  },
  {
    key: '[2][10.255.0.1:7][0][02:00:00:00:01:01][10.1.0.11]',
    labels: [10010, 50010],
    extended: ['encap:vxlan', 'rmac:02:00:00:00:00:01', 'rt:65000:10010', 'rt:65000:50010'],
  },
  {
    key: '[5][10.255.0.1:9][0][10.1.0.0/24]',
    labels: [50010],
    extended: ['encap:vxlan', 'rmac:02:00:00:00:00:01', 'rt:65000:50010'],
  },
]

describe('two FRR spines and three GoBGP leaves', () => {
  const nodes = controls({ spines: 2, leaves: 3 })
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() === 0) watched = await start(nodes)
  })
  afterAll(() => watched?.down())

  // First: what the other tests ask leaves up to 9 MiB of garbage in a gobgpd, which it gives back in its own time.
  it('needs at most 30 MiB a node', () => {
    const byNode = new Map<string, number>()
    for (const { node, pid } of watched.fabric.daemons.states()) {
      const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
      byNode.set(node, (byNode.get(node) ?? 0) + Number(kib) / 1024)
    }
    expect(byNode.size).toBe(5)
    expect([...byNode].filter(([, mebibytes]) => mebibytes > 30)).toEqual([])
  })

  it('[BGP-1] brings every session up', async () => {
    for (const observer of watched.observers.values()) {
      const { sessions } = await observer.look()
      expect(sessions.map(({ established }) => established)).not.toContain(false)
    }
  })

  it('[BGP-8] uses both spines side by side', async () => {
    const far = (spine: string, nextHop: string): RibPath => ({
      from: spine,
      best: spine === 'spine1',
      used: true,
      nextHop,
      asPath: [65000, 65003],
      origin: 'igp',
      communities: [],
      extended: [],
    })
    expect(await watched.paths('leaf1', '10.255.0.3/32')).toEqual([
      far('spine1', '10.254.0.1'),
      far('spine2', '10.254.0.3'),
    ])
  })

  it('[TABLE-7] has routes in the kernel of a spine, by gateway, once it is at rest', () => {
    const listed = execFileSync('ip', ['-n', watched.fabric.namespace('spine1'), '-json', 'route'], {
      encoding: 'utf8',
    })
    const all = JSON.parse(listed) as { dst: string; gateway?: string; dev: string; protocol: string }[]
    expect(
      all
        .filter(({ protocol }) => protocol === 'bgp')
        .map(({ dst, gateway, dev }) => `${dst} via ${gateway ?? ''} dev ${dev}`)
        .toSorted(),
    ).toEqual([
      '10.255.0.1 via 10.254.0.0 dev eth1',
      '10.255.0.2 via 10.254.0.32 dev eth2',
      '10.255.0.3 via 10.254.0.64 dev eth3',
    ])
  })

  it('does not let the kernel forward', () => {
    for (const { namespace } of watched.fabric.nodes) {
      const read = (name: string) =>
        execFileSync('ip', ['netns', 'exec', namespace, 'cat', `/proc/sys/net/${name}`], {
          encoding: 'utf8',
        }).trim()
      expect([read('ipv4/ip_forward'), read('ipv4/fib_multipath_hash_policy')]).toEqual(['0', '1'])
    }
  })

  it('[BGP-3] hands EVPN routes of types 3, 2 and 5 on with the VTEP as next hop', async () => {
    await watched.clients
      .get('leaf1')!
      .addAll(routes.map(({ key, labels, extended }) => evpn(key, labels, extended)))
    await watched.quiet()
    for (const { key, labels, extended } of routes) {
      const common = { used: false, nextHop: '10.255.0.1', origin: 'igp', communities: [], extended, labels }
      expect(await watched.paths('spine1', key)).toEqual([
        { from: 'leaf1', best: true, asPath: [65001], ...common },
      ])
      expect(await watched.paths('leaf2', key)).toEqual([
        { from: 'spine1', best: true, asPath: [65000, 65001], ...common },
        { from: 'spine2', best: false, asPath: [65000, 65001], ...common },
      ])
    }
  })

  it('[BGP-2] takes the paths of a bgpd that dies, says so, and has them back when it runs again', async () => {
    const before = await watched.rows()
    const dead = watched.fabric.daemons
      .states()
      .find(({ node, program }) => node === 'spine2' && program === 'bgpd')
    process.kill(dead?.pid ?? 0, 'SIGKILL')
    await expect.poll(() => watched.fabric.deaths).toHaveLength(1)
    expect(watched.fabric.deaths[0]).toMatchObject({
      node: 'spine2',
      program: 'bgpd',
      pid: null,
      end: { signal: 'SIGKILL' },
    })
    await expect
      .poll(async () => (await watched.paths('leaf1', '10.255.0.3/32'))?.map(({ from }) => from))
      .toEqual(['spine1'])
    await watched.fabric.daemons.restart('spine2', 'bgpd', AbortSignal.timeout(10_000))
    const again = await watch(watched.fabric)
    await again.quiet()
    expect(await again.rows()).toEqual(before)
    watched = again
  })
})

describe('an IPv6 underlay', () => {
  it('[BGP-3] has the global address of the session as next hop', async () => {
    const watched = await start(controls({ spines: 2, leaves: 2, family: 'ipv6' }))
    try {
      expect(
        (await watched.paths('leaf1', '2001:db8:ff::2/128'))?.map(({ from, used, nextHop }) => ({
          from,
          used,
          nextHop,
        })),
      ).toEqual([
        { from: 'spine1', used: true, nextHop: '2001:db8:fe::101' },
        { from: 'spine2', used: true, nextHop: '2001:db8:fe::103' },
      ])
      expect((await watched.paths('spine1', '2001:db8:ff::2/128'))?.[0]?.nextHop).toBe('2001:db8:fe::120')
      const routes = execFileSync('ip', ['-n', watched.fabric.namespace('spine1'), '-6', 'route'], {
        encoding: 'utf8',
      })
      expect(routes).toContain('2001:db8:ff::2 via 2001:db8:fe::120 dev eth2 proto bgp')
    } finally {
      await watched.down()
    }
  })
})

describe("a user's lab", () => {
  const user = { uid: 65534, gid: 65534 }
  it('lets him ask its daemons, and nobody else', async () => {
    const fabric = await plainFabric(controls({ spines: 1, leaves: 1 }), user)
    try {
      await fabric.daemons.start(AbortSignal.timeout(20_000))
      const as = (uid: number, ...argv: string[]) =>
        execFileSync(
          'setpriv',
          ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--', ...argv],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        )
      const [leaf, spine] = ['leaf1', 'spine1'].map((node) => `${fabric.folder}/daemons/${node}`)
      const ask = (uid: number) => as(uid, 'vtysh', '--vty_socket', spine!, '-c', 'show bgp summary json')
      expect(JSON.parse(ask(user.uid))).toHaveProperty('ipv4Unicast')
      expect(() => ask(65533)).toThrow(/Command failed/)
      const { uid, mode } = statSync(`${leaf}/gobgp.sock`)
      expect([uid, mode & 0o777]).toEqual([user.uid, 0o600])
      expect(
        as(
          user.uid,
          daemonPrograms().gobgpd.replace(/d$/, ''),
          '--target',
          `unix://${leaf}/gobgp.sock`,
          'global',
        ),
      ).toContain('AS:        65001')
    } finally {
      await fabric.down()
    }
  })
})

describe('labs', () => {
  it('lose their daemons with the process that started them', async () => {
    const fabric = await plainFabric(controls({ spines: 1, leaves: 1 }))
    try {
      const child = spawn(
        process.execPath,
        [
          '--input-type=module',
          '--eval',
          PARENT,
          JSON.stringify({ nodes: fabric.nodes, folder: fabric.folder, id: fabric.id }),
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      )
      const [line] = (await once(child.stdout, 'data')) as [Buffer]
      const pids = JSON.parse(line.toString()) as number[]
      expect(pids.filter((pid) => identify(pid) !== undefined)).toHaveLength(3)
      const litter = () => (existsSync('/var/tmp/frr') ? readdirSync('/var/tmp/frr') : [])
      const before = litter()
      child.kill('SIGKILL')
      await expect.poll(() => pids.filter((pid) => identify(pid) !== undefined)).toEqual([])
      expect(pids.filter((pid) => [...before, ...litter()].some((name) => name.endsWith(`.${pid}`)))).toEqual(
        [],
      )
    } finally {
      await fabric.down()
    }
  })

  it('run side by side with nodes of the same names, and leave nothing', async () => {
    const all = await Promise.all([1, 2].map(() => start(controls({ spines: 1, leaves: 2 }))))
    for (const watched of all) expect(await watched.paths('leaf1', '10.255.0.2/32')).toHaveLength(1)
    const ids = all.map(({ fabric }) => fabric.id)
    await Promise.all(all.map((watched) => watched.down()))
    expect(ids.map(tracesOf)).toEqual(ids.map(() => nothing))
  })
})
