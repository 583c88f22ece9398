/**
 * Links that are cut or silent, daemons that die, hang and come back: what FRR, GoBGP and the agent beside it make of it, in plain namespaces.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeControl } from '../../contract/control-plane.js'
import { agentsOf, type FabricAgents } from './support/daemons-agents.js'
import { fabricOf, type TestNode } from './support/daemons-fabric.js'
import { ip, kernelRoutes, routeEvents, silence, timeUntil, unsilence } from './support/daemons-net.js'
import { needsRoot } from './support/host.js'
import { start, watch, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

/** ms. What it takes on a host that does nothing else is a tenth of this. */
const SOON = 1_500

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close()
})

interface Running {
  watched: Watched
  readonly agents: FabricAgents
}

/** Two spines, two leaves with agents, all linked. */
async function running(
  also: Partial<NodeControl> = {},
  session: Partial<NodeControl['sessions'][number]> = {},
  unnumbered = false,
): Promise<Running> {
  const node = (daemon: 'frr' | 'gobgp', asn: number): TestNode => ({ daemon, asn, also })
  const nodes = {
    spine1: node('frr', 65000),
    spine2: node('frr', 65000),
    leaf1: node('gobgp', 65001),
    leaf2: node('gobgp', 65002),
  }
  const links = (['leaf1', 'leaf2'] as const).flatMap((leaf) =>
    (['spine1', 'spine2'] as const).map((spine) => ({
      ends: [leaf, spine] as const,
      unnumbered,
      also: { [leaf]: session, [spine]: session },
    })),
  )
  const watched = await start(fabricOf(nodes, links))
  const made: Running = { watched, agents: await agentsOf(watched.fabric) }
  open.push({ close: () => made.watched.down() }, made.agents)
  for (const agent of made.agents.agents.values()) await agent.settled(15_000)
  return made
}

const ways = async ({ watched }: Running, node: string, key: string) =>
  (await watched.paths(node, key))?.map(({ from }) => from)

describe('a cut link', () => {
  it.each([false, true])(
    '[FAULT-1] [BGP-2] ends sessions at both ends at once, and is used again when it is whole (unnumbered: %s)',
    async (unnumbered) => {
      const lab = await running({}, {}, unnumbered)
      const { fabric } = lab.watched
      const usesCut = () => kernelRoutes(fabric, 'leaf1').some((line) => line.includes('eth1'))
      expect(usesCut()).toBe(true)
      // What is set down at one end has no carrier at the other.
      ip(fabric, 'spine1', 'link', 'set', 'eth1', 'down')
      await expect.poll(usesCut, { timeout: SOON, interval: 5 }).toBe(false)
      await expect.poll(() => ways(lab, 'leaf1', '10.255.0.4/32'), { timeout: SOON }).toEqual(['spine2'])
      await expect.poll(() => ways(lab, 'spine1', '10.255.0.3/32'), { timeout: SOON }).toBeUndefined()
      await expect.poll(() => ways(lab, 'leaf2', '10.255.0.3/32'), { timeout: SOON }).toEqual(['spine2'])
      expect(lab.agents.lines.join()).toContain('is disabled: eth1 has no carrier')
      expect(lab.agents.agents.get('leaf1')!.state().gobgp.established).toEqual(['spine2'])
      ip(fabric, 'spine1', 'link', 'set', 'eth1', 'up')
      await expect
        .poll(() => ways(lab, 'leaf1', '10.255.0.4/32'), { timeout: 15_000 })
        .toEqual(['spine1', 'spine2'])
      await expect.poll(usesCut, { timeout: 5_000 }).toBe(true)
    },
    60_000,
  )

  it('[FAULT-1] is noticed by FRR when the leaf is set down', async () => {
    const lab = await running()
    ip(lab.watched.fabric, 'leaf1', 'link', 'set', 'eth1', 'down')
    const ms = await timeUntil(
      () => !kernelRoutes(lab.watched.fabric, 'spine1').some((line) => line.startsWith('10.255.0.3')),
      'the route is gone',
    )
    expect(ms, `${ms} ms`).toBeLessThan(SOON)
  }, 60_000)
})

describe('a silent link', () => {
  const bfd = { interval: 50, multiplier: 3 }
  it.each([false, true])(
    '[FAULT-2] [BGP-15] is noticed by BFD at both ends, long before the hold time (unnumbered: %s)',
    async (unnumbered) => {
      const lab = await running({ holdTime: 30 }, { bfd }, unnumbered)
      const { fabric, observers } = lab.watched
      const up = async (node: string) =>
        (await observers.get(node)!.look()).sessions.every((session) => session.bfd === 'up')
      for (const node of ['leaf1', 'leaf2', 'spine1', 'spine2'])
        await expect.poll(() => up(node), { timeout: 15_000 }).toBe(true)
      silence(fabric, 'spine1', 'eth1')
      silence(fabric, 'leaf1', 'eth1')
      const [atLeaf, atSpine] = await Promise.all([
        timeUntil(async () => (await ways(lab, 'leaf1', '10.255.0.4/32'))?.length === 1, 'the leaf notices'),
        timeUntil(
          async () => (await ways(lab, 'spine1', '10.255.0.3/32')) === undefined,
          'the spine notices',
        ),
      ])
      expect(Math.max(atLeaf, atSpine), `leaf ${atLeaf} ms, spine ${atSpine} ms`).toBeLessThan(SOON)
      unsilence(fabric, 'spine1', 'eth1')
      unsilence(fabric, 'leaf1', 'eth1')
      await expect
        .poll(() => ways(lab, 'leaf1', '10.255.0.4/32'), { timeout: 30_000 })
        .toEqual(['spine1', 'spine2'])
    },
    90_000,
  )

  it('[BGP-15] needs at most 30 MiB a router with bfdd', async () => {
    const { watched } = await running({}, { bfd })
    const byNode = new Map<string, number>()
    // GoBGP speaks BFD itself.
    for (const { node, pid } of watched.fabric.daemons.states().filter((one) => one.program !== 'gobgpd')) {
      const [, kib] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
      byNode.set(node, (byNode.get(node) ?? 0) + Number(kib) / 1024)
    }
    expect([...byNode.keys()]).toEqual(['spine1', 'spine2'])
    expect([...byNode].filter(([, mebibytes]) => mebibytes > 30)).toEqual([])
    expect(watched.fabric.daemons.states().map(({ program }) => program)).toContain('bfdd')
  }, 60_000)
})

/** What stood at the beginning and was taken away, be it for a moment. */
const removed = (lines: readonly string[]) => lines.filter((line) => line.startsWith('Deleted'))

describe('a bgpd that dies', () => {
  it.each([undefined, 20])(
    '[FAULT-4] [BGP-16] leaves the kernel as it is, and takes nothing away when it is back (graceful restart: %s)',
    async (gracefulRestart) => {
      const lab = await running(gracefulRestart === undefined ? {} : { gracefulRestart })
      const { fabric } = lab.watched
      const spine = kernelRoutes(fabric, 'spine1')
      const leaf = kernelRoutes(fabric, 'leaf1')
      const events = await Promise.all(['spine1', 'leaf1'].map((node) => routeEvents(fabric, node)))
      open.push(...events)
      await fabric.daemons.kill('spine1')
      expect(fabric.deaths).toEqual([])
      await delay(SOON)
      const kept = gracefulRestart === undefined ? [] : ['spine1']
      expect(await ways(lab, 'leaf1', '10.255.0.4/32')).toEqual([...kept, 'spine2'])
      expect(kernelRoutes(fabric, 'spine1')).toEqual(spine)
      await fabric.daemons.revive('spine1', AbortSignal.timeout(10_000))
      lab.watched = await watch(fabric)
      await lab.watched.quiet()
      await expect.poll(() => kernelRoutes(fabric, 'leaf1'), { timeout: 5_000 }).toEqual(leaf)
      // What the zebra before has left, and nobody has said again, is gone after that.
      await delay(11_000)
      expect(kernelRoutes(fabric, 'spine1')).toEqual(spine)
      const [ofSpine, ofLeaf] = events.map(({ lines }) => lines)
      expect(removed(ofSpine ?? [])).toEqual([])
      expect(gracefulRestart === undefined ? [] : ofLeaf).toEqual([])
    },
    90_000,
  )
})

describe('a gobgpd that dies', () => {
  it.each([undefined, 20])(
    '[FAULT-4] [BGP-16] leaves the kernel as it is, and changes nothing that is right when it is back (graceful restart: %s)',
    async (gracefulRestart) => {
      const lab = await running(gracefulRestart === undefined ? {} : { gracefulRestart })
      const { fabric } = lab.watched
      const before = { leaf: kernelRoutes(fabric, 'leaf2'), spine: kernelRoutes(fabric, 'spine1') }
      const events = await Promise.all(['leaf2', 'spine1', 'leaf1'].map((node) => routeEvents(fabric, node)))
      open.push(...events)
      await fabric.daemons.kill('leaf2')
      await delay(SOON)
      const kept = gracefulRestart === undefined ? undefined : ['spine1', 'spine2']
      expect(await ways(lab, 'leaf1', '10.255.0.4/32')).toEqual(kept)
      expect(kernelRoutes(fabric, 'leaf2')).toEqual(before.leaf)
      await fabric.daemons.revive('leaf2', AbortSignal.timeout(10_000))
      lab.watched = await watch(fabric)
      await lab.watched.quiet()
      await lab.agents.agents.get('leaf2')!.settled(15_000)
      await expect.poll(() => ways(lab, 'leaf1', '10.255.0.4/32')).toEqual(['spine1', 'spine2'])
      expect(kernelRoutes(fabric, 'leaf2')).toEqual(before.leaf)
      await expect.poll(() => kernelRoutes(fabric, 'spine1')).toEqual(before.spine)
      const [own, ofSpine, ofLeaf] = events.map(({ lines }) => lines)
      expect(own).toEqual([])
      expect(gracefulRestart === undefined ? [] : [ofSpine, ofLeaf].flat()).toEqual([])
    },
    90_000,
  )
})

describe('a daemon that hangs', () => {
  it.each(['spine1', 'leaf2'])(
    '[FAULT-4] is given up by its peers after the hold time, keeps its own tables, and is back when it goes on (%s)',
    async (node) => {
      const lab = await running({ holdTime: 3 })
      const { fabric } = lab.watched
      const key = node === 'spine1' ? '10.255.0.1/32' : '10.255.0.4/32'
      const own = kernelRoutes(fabric, node)
      expect(await ways(lab, 'leaf1', key)).not.toBeUndefined()
      fabric.daemons.hang(node)
      await expect.poll(() => ways(lab, 'leaf1', key), { timeout: 8_000 }).toBeUndefined()
      expect(kernelRoutes(fabric, node)).toEqual(own)
      fabric.daemons.wake(node)
      await expect.poll(() => ways(lab, 'leaf1', key), { timeout: 25_000 }).not.toBeUndefined()
      await expect.poll(() => kernelRoutes(fabric, node), { timeout: 15_000 }).toEqual(own)
    },
    90_000,
  )
})
