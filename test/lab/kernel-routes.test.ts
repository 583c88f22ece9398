/**
 * Routes of the underlay in a real kernel, in a namespace of the test's own.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Agent } from '../../agent/agent.js'
import { KernelRoutes, type KernelRouteTable } from '../../agent/kernel-routes.js'
import { KernelSink } from '../../agent/kernel-sink.js'
import { LinkMonitor } from '../../agent/link-monitor.js'
import { daemonPrograms } from '../../lab/daemons/programs.js'
import { eventually } from './support/eventually.js'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

const namespace = `zt-agent-${randomBytes(3).toString('hex')}`
const ip = (...argv: readonly string[]): string =>
  execFileSync('ip', ['-n', namespace, ...argv], { encoding: 'utf8' })
const isRoot = process.getuid?.() === 0

beforeAll(() => {
  if (!isRoot) return
  execFileSync('ip', ['netns', 'add', namespace])
  ip('link', 'set', 'lo', 'up')
  for (const [n, name] of ['eth1', 'eth2'].entries()) {
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `peer${n}`)
    ip('address', 'add', `10.0.${n}.1/24`, 'dev', name)
    ip('address', 'add', `2001:db8:${n}::1/64`, 'dev', name, 'nodad')
    ip('link', 'set', `peer${n}`, 'up')
    ip('link', 'set', name, 'up')
  }
})
afterAll(() => {
  if (isRoot) execFileSync('ip', ['netns', 'del', namespace])
})

const one = { via: '10.0.0.2', dev: 'eth1' }
const two = { via: '10.0.1.2', dev: 'eth2' }
const six = { via: '2001:db8::2', dev: 'eth1' }
const sixToo = { via: '2001:db8:1::2', dev: 'eth2' }
const NONE: KernelRouteTable = new Map()

/** The pid of the `ip -batch` of a namespace. */
function residentOf(name: string): number {
  const wanted = ['ip', '-n', name, '-json', '-force', '-batch', '-', ''].join('\0')
  const pid = readdirSync('/proc').find((entry) => /^\d+$/.test(entry) && commandLine(entry) === wanted)
  if (pid === undefined) throw new Error(`no \`ip -batch\` of ${name}`)
  return Number(pid)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    // It ended while it was looked at.
    return ''
  }
}

describe('[TABLE-7] routes of the underlay in the kernel', () => {
  beforeEach(needsRoot)
  const made = async (wanted: KernelRouteTable): Promise<KernelRoutes> => {
    const routes = new KernelRoutes({ namespace })
    await routes.change(await routes.read(), wanted)
    return routes
  }

  it('are set, changed and removed, of both families, with one next hop and with several', async () => {
    const before = new Map([
      ['10.255.0.1/32', [one]],
      ['10.255.0.2/32', [one, two]],
      ['0.0.0.0/0', [two]],
      ['2001:db8:255::1/128', [six, sixToo]],
      ['2001:db8:ff00::/40', [six]],
    ])
    const routes = await made(before)
    expect(await routes.read()).toEqual(before)
    const after = new Map([
      ['10.255.0.1/32', [one, two]],
      ['10.255.0.2/32', [two]],
      ['2001:db8:255::1/128', [sixToo]],
      ['2001:db8:ff00::/40', [six, sixToo]],
    ])
    expect(await routes.change(before, after)).toEqual({ changed: 5, refused: [] })
    expect(await routes.read()).toEqual(after)
    await routes.change(after, NONE)
    expect(await routes.read()).toEqual(NONE)
    routes.close()
  })

  it('are read anew by who was not there when they were set, and then nothing is changed', async () => {
    const wanted = new Map([
      ['10.255.0.2/32', [one, two]],
      ['2001:db8:255::1/128', [six, sixToo]],
    ])
    const first = await made(wanted)
    first.close()
    const second = new KernelRoutes({ namespace })
    expect(await second.change(await second.read(), wanted)).toEqual({ changed: 0, refused: [] })
    await second.change(wanted, NONE)
    second.close()
  })

  it("leave others' routes alone, for the same prefix too", async () => {
    ip('route', 'add', '10.255.0.9/32', 'via', '10.0.1.2', 'proto', 'static')
    ip('route', 'add', '10.255.0.8/32', 'via', '10.0.1.2', 'proto', 'bgp', 'metric', '5')
    const routes = await made(new Map([['10.255.0.9/32', [one]]]))
    expect(ip('route', 'show', '10.255.0.9/32').trim().split('\n')).toHaveLength(2)
    await routes.change(await routes.read(), NONE)
    expect(ip('route', 'show', '10.255.0.9/32')).toMatch(/^10\.255\.0\.9 via 10\.0\.1\.2 .*proto static/)
    expect(ip('route', 'show', '10.255.0.8/32')).toContain('metric 5')
    ip('route', 'flush', '10.255.0.8/31')
    routes.close()
  })

  it('that the kernel refuses are told, and the others set', async () => {
    const routes = new KernelRoutes({ namespace })
    const nowhere = { via: '192.0.2.1', dev: 'eth1' }
    const wanted = new Map([
      ['10.255.0.1/32', [one]],
      ['10.255.0.2/32', [nowhere]],
      ['10.255.0.3/32', [{ via: '10.0.0.2', dev: 'eth7' }]],
      ['10.255.0.4/32', [two]],
    ])
    const { changed, refused } = await routes.change(NONE, wanted)
    expect(changed).toBe(2)
    expect(refused).toEqual([
      { prefix: '10.255.0.2/32', why: expect.stringMatching(/invalid gateway|unreachable/) },
      { prefix: '10.255.0.3/32', why: expect.stringMatching(/Cannot find device "eth7"/) },
    ])
    expect([...(await routes.read()).keys()]).toEqual(['10.255.0.1/32', '10.255.0.4/32'])
    // What is gone already can be removed all the same.
    expect(await routes.change(wanted, NONE)).toMatchObject({ refused: [] })
    expect(await routes.read()).toEqual(NONE)
    routes.close()
  })

  it('go on when the process that sets them has died', async () => {
    const routes = await made(new Map([['10.255.0.1/32', [one]]]))
    const resident = residentOf(namespace)
    process.kill(resident, 'SIGKILL')
    await eventually(async () => {
      const present = await routes.read()
      await routes.change(present, new Map([['10.255.0.2/32', [one]]]))
      expect([...(await routes.read()).keys()]).toEqual(['10.255.0.2/32'])
    })
    await routes.change(await routes.read(), NONE)
    routes.close()
  })

  it('of a namespace that is not there are an error that says so', async () => {
    const routes = new KernelRoutes({ namespace: 'zt-agent-none' })
    await expect(routes.read()).rejects.toThrow(/ZT_AGENT_KERNEL: .*zt-agent-none/s)
    await expect(routes.change(NONE, new Map([['10.255.0.1/32', [one]]]))).rejects.toThrow(/ZT_AGENT_KERNEL/)
    routes.close()
  })

  it('come back when the kernel has taken them away with their device', async () => {
    const routes = new KernelRoutes({ namespace })
    const sink = new KernelSink(routes, () => undefined)
    let changes = 0
    const monitor = new LinkMonitor(namespace, routes.batch, () => {
      changes++
      sink.doubt()
      void sink.round()
    })
    monitor.follow()
    const wanted = new Map([
      ['10.255.0.1/32', [one]],
      ['10.255.0.2/32', [two]],
    ])
    sink.want({ routes: wanted, whole: true })
    expect(await sink.round()).toBe('done')
    await eventually(() => {
      ip('link', 'set', 'lo', 'alias', `${performance.now()}`)
      expect(changes).toBeGreaterThan(0)
    })
    ip('link', 'set', 'eth1', 'down')
    await eventually(() => expect(ip('route', 'show', '10.255.0.1/32')).toBe(''))
    ip('link', 'set', 'eth1', 'up')
    await eventually(async () => expect(await routes.read()).toEqual(wanted), 5_000)
    await monitor.close()
    await routes.change(wanted, NONE)
    routes.close()
  })

  it('have devices that are looked at once, and followed when that is asked for', async () => {
    const routes = new KernelRoutes({ namespace })
    ip('link', 'set', 'eth1', 'down')
    let changes = 0
    const monitor = new LinkMonitor(namespace, routes.batch, () => void changes++)
    await eventually(() => expect(monitor.hasCarrier('eth1')).toBe(false))
    expect([monitor.hasCarrier('eth2'), changes]).toEqual([true, 1])
    ip('link', 'set', 'eth1', 'up')
    await delay(100)
    expect([monitor.hasCarrier('eth1'), changes], 'nobody follows it').toEqual([false, 1])
    monitor.follow()
    await eventually(() => expect(monitor.hasCarrier('eth1')).toBe(true))
    // What came and went before may have taken routes along, whatever devices are now.
    await eventually(() => expect(changes).toBeGreaterThanOrEqual(3), 2_000)
    await monitor.close()
    routes.close()
  })

  it('have devices that an agent follows, also one that finds neither daemon nor engine', async () => {
    const routes = new KernelRoutes({ namespace })
    const control = shipped('demo-bgp').nodes.find((node) => node.control?.daemon === 'gobgp')?.control
    if (control === undefined) throw new Error('demo-bgp has no leaf')
    const nowhere = { engine: '/nonexistent/engine', gobgp: '/nonexistent/gobgp' }
    const { protoFolder } = daemonPrograms()
    const agent = new Agent({
      node: 'leaf1',
      control,
      ...nowhere,
      protoFolder,
      kernel: { routes, namespace },
    })
    const wanted = ['ip', '-n', namespace, '-o', 'monitor', 'link', ''].join('\0')
    const monitors = () =>
      readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && commandLine(entry) === wanted)
    agent.start()
    expect(monitors()).toEqual([])
    await eventually(() => expect(monitors()).toHaveLength(1), 5_000)
    await agent.close()
    expect(monitors()).toEqual([])
  })

  it('are only added to as long as not all is known', async () => {
    const routes = await made(new Map([['10.255.0.1/32', [one, two]]]))
    const sink = new KernelSink(routes, () => undefined)
    sink.want({
      routes: new Map([
        ['10.255.0.1/32', [one]],
        ['10.255.0.3/32', [two]],
      ]),
      whole: false,
    })
    await sink.round()
    expect(await routes.read()).toEqual(
      new Map([
        ['10.255.0.1/32', [one, two]],
        ['10.255.0.3/32', [two]],
      ]),
    )
    sink.want({ routes: new Map([['10.255.0.3/32', [two]]]), whole: true })
    await sink.round()
    expect([...(await routes.read()).keys()]).toEqual(['10.255.0.3/32'])
    await routes.change(await routes.read(), NONE)
    routes.close()
  })

  it('are 1000 in well under a second', async () => {
    const routes = new KernelRoutes({ namespace })
    const wanted = new Map(
      Array.from({ length: 1000 }, (_, n) => [`10.200.${n >> 8}.${n & 255}/32`, [one, two]]),
    )
    const start = performance.now()
    expect(await routes.change(NONE, wanted)).toEqual({ changed: 1000, refused: [] })
    expect(performance.now() - start).toBeLessThan(1_000)
    await routes.change(wanted, NONE)
    expect(await routes.read()).toEqual(NONE)
    routes.close()
  })
})
