/**
 * Where the outcome depends on the order in which messages come, the twin says so, and daemons end in either way. These are the fabrics that
 * suite `rib` has nothing to hold against, and what it draws none of; each is shown here on FRR 8.4 and GoBGP 4.8.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { originatePath } from '../../agent/convert.js'
import type { NodeControl, Policy } from '../../contract/control-plane.js'
import { ControlPlaneSim } from '../../twin/control/index.js'
import { ip } from './support/daemons-net.js'
import { fabricOf, type TestNode } from './support/daemons-fabric.js'
import { needsRoot } from './support/host.js'
import { start, type Watched } from './support/watched-fabric.js'

const P = '192.0.2.0/24'

beforeEach(needsRoot)
let watched: Watched
afterEach(() => watched?.down())

const node = (daemon: NodeControl['daemon'], asn: number, also?: Partial<NodeControl>): TestNode => ({
  daemon,
  asn,
  ...(also === undefined ? {} : { also }),
})
const setting = (name: string, set: Policy['statements'][number]['set']): Policy => ({
  name,
  statements: [{ match: {}, action: 'accept', set }],
})

/** From whom the best path for P is at a node. */
async function bestAt(name: string): Promise<string | undefined> {
  return (await watched.paths(name, P))?.find(({ best }) => best)?.from
}

/** What the simulation says of P, when all that is named has it as its own. */
function diagnosisOf(controls: ReadonlyMap<string, NodeControl>, owners: readonly string[]) {
  const nodes = [...controls].map(([name, control]) => ({
    name,
    control: owners.includes(name) ? { ...control, originate: [...control.originate, P] } : control,
    interfaces: [],
  }))
  return new ControlPlaneSim(nodes).diagnosis.filter((one) => 'key' in one && one.key === P)
}

/** GoBGP's nodes announce P one after the other, or withdraw it; each time all is at rest before the next. */
async function announce(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await watched.clients.get(name)!.add(originatePath(P))
    await watched.quiet()
  }
}
async function withdraw(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await watched.clients.get(name)!.delete({ ...originatePath(P), isWithdraw: true })
    await watched.quiet()
  }
}

describe('two routers that prefer what the other says (DISAGREE; Griffin, Shepherd, Wilfong 2002)', () => {
  it('[BGP-7] come to both ends that the twin names, by which link was there first', async () => {
    const prefers = {
      policies: [setting('prefers', { localPreference: 200 })],
    }
    const controls = fabricOf(
      {
        origin: node('frr', 65001, { originate: [P] }),
        one: node('frr', 65002, prefers),
        two: node('frr', 65003, prefers),
      },
      [
        { ends: ['one', 'origin'] },
        { ends: ['origin', 'two'] },
        { ends: ['one', 'two'], also: { one: { import: 'prefers' }, two: { import: 'prefers' } } },
      ],
    )
    const [said] = diagnosisOf(controls, [])
    if (said?.kind !== 'order') throw new Error('the simulation says of no order')
    const foretold = [0, 1].map((end) =>
      said.nodes.map(({ node: name, ends }) => `${name} by ${ends[end]?.from ?? ''}`).join(', '),
    )
    watched = await start(controls)
    const came: string[] = []
    // The port of the origin towards who is to hear of it last.
    for (const port of ['eth1', 'eth2']) {
      ip(watched.fabric, 'origin', 'link', 'set', port, 'down')
      const last = port === 'eth1' ? 'one' : 'two'
      await expect.poll(() => bestAt(last), { timeout: 15_000 }).toBe(last === 'one' ? 'two' : 'one')
      ip(watched.fabric, 'origin', 'link', 'set', port, 'up')
      await expect.poll(async () => (await watched.paths(last, P))?.length, { timeout: 30_000 }).toBe(2)
      await watched.quiet()
      came.push(`one by ${(await bestAt('one')) ?? ''}, two by ${(await bestAt('two')) ?? ''}`)
    }
    expect(came.toSorted()).toEqual(foretold.toSorted())
    expect(came[0]).not.toEqual(came[1])
  }, 90_000)
})

describe('MEDs of several neighbouring ASes at GoBGP', () => {
  it('[BGP-7] let the order of arrival decide, as the twin says', async () => {
    const med = (value: number) => ({ policies: [setting('med', { med: value })] })
    const controls = fabricOf(
      {
        a: node('gobgp', 65001, med(20)),
        b: node('gobgp', 65002),
        c: node('gobgp', 65001, med(10)),
        leaf: node('gobgp', 65009),
      },
      [
        { ends: ['a', 'leaf'], also: { a: { export: 'med' } } },
        { ends: ['b', 'leaf'] },
        { ends: ['c', 'leaf'], also: { c: { export: 'med' } } },
      ],
    )
    expect(diagnosisOf(controls, ['a', 'b', 'c'])).toEqual([
      { kind: 'med', table: 'ipv4', key: P, nodes: ['leaf'] },
    ])
    watched = await start(controls)
    const bests = new Set<string | undefined>()
    for (const order of ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']) {
      await announce(order.split(''))
      expect(await watched.paths('leaf', P)).toHaveLength(3)
      bests.add(await bestAt('leaf'))
      await withdraw(order.split(''))
      expect(await watched.paths('leaf', P)).toBeUndefined()
    }
    expect(bests.size).toBeGreaterThan(1)
  }, 90_000)
})

describe('additional paths of one peer that nothing tells apart', () => {
  it('[BGP-14] are taken by when they came, as the twin says', async () => {
    const controls = fabricOf(
      {
        a: node('gobgp', 65001),
        b: node('gobgp', 65002),
        top: node('frr', 65000),
        leaf: node('gobgp', 65009),
      },
      [
        { ends: ['a', 'top'] },
        { ends: ['b', 'top'] },
        { ends: ['leaf', 'top'], also: { top: { addPaths: true } } },
      ],
    )
    expect(diagnosisOf(controls, ['a', 'b'])).toEqual([
      { kind: 'arrival', table: 'ipv4', key: P, nodes: ['leaf'] },
    ])
    watched = await start(controls)
    const pathsOfPeers = async () =>
      ((await watched.paths('leaf', P)) ?? []).map(({ asPath }) => asPath.join(' ')).toSorted()
    const best = async () => (await watched.paths('leaf', P))?.find((path) => path.best)?.asPath
    const both = ['65000 65001', '65000 65002']
    await announce(['a', 'b'])
    expect(await pathsOfPeers()).toEqual(both)
    const told = await best()
    // The same two paths once more, told at once: FRR sends what it has in an order of its own.
    await watched.fabric.daemons.kill('leaf')
    await watched.fabric.daemons.revive('leaf', AbortSignal.timeout(10_000))
    await expect.poll(pathsOfPeers, { timeout: 30_000 }).toEqual(both)
    expect(await best()).not.toEqual(told)
    expect(both).toContain((await best())?.join(' '))
  }, 60_000)
})

describe('parallel links inside one AS', () => {
  it('[BGP-4] leave a path in GoBGP that its reflector does not send any more', async () => {
    const client = { client: true } as const
    const controls = fabricOf(
      { leaf1: node('gobgp', 65000), leaf2: node('gobgp', 65000), top: node('frr', 65000) },
      [
        { ends: ['leaf1', 'top'], also: { top: { ...client, link: 'one' }, leaf1: { link: 'one' } } },
        { ends: ['leaf1', 'top'], also: { top: { ...client, link: 'two' }, leaf1: { link: 'two' } } },
        { ends: ['leaf2', 'top'], also: { top: client } },
      ],
    )
    watched = await start(controls)
    const heard = async () =>
      (await watched.paths('leaf1', P))?.map(({ from, originator }) => `${from} ${originator ?? ''}`.trim())
    await announce(['leaf2'])
    expect(await heard()).toEqual(['one 10.255.0.2', 'two 10.255.0.2'])
    await announce(['leaf1'])
    // The reflector prefers leaf1's own now, and sends it back over the other link: leaf2's is told by nobody any more, but to leaf2.
    const atTop = (await watched.paths('top', P))?.filter(({ best }) => best)
    expect(atTop?.map(({ from }) => from)).toEqual(['one'])
    const nodes = [...controls].map(([name, control]) => ({
      name,
      control: name === 'top' ? control : { ...control, originate: [...control.originate, P] },
      interfaces: [],
    }))
    const foretold = new ControlPlaneSim(nodes).rows('leaf1').find(({ key }) => key === P)
    expect(foretold?.paths.map(({ from }) => from)).toEqual(['self'])
    expect(await heard()).toEqual(['self', 'two 10.255.0.2'])
  }, 60_000)
})

describe('a path without MED that takes the place of one with MED 0', () => {
  it('[BGP-3] [BGP-11] is told as it is, whichever came first', async () => {
    const controls = fabricOf(
      {
        first: node('frr', 64701),
        second: node('frr', 64701, { originate: [P] }),
        spine: node('frr', 65000),
        leaf: node('gobgp', 65000),
      },
      [
        { ends: ['first', 'second'] },
        { ends: ['first', 'spine'] },
        { ends: ['second', 'spine'] },
        { ends: ['leaf', 'spine'], also: { spine: { client: true } } },
      ],
    )
    watched = await start(controls)
    const atLeaf = async () => (await watched.paths('leaf', P))?.map(({ med }) => med)
    // FRR's own prefixes have 0, and what an AS hands on has none (BGP-3).
    expect(await atLeaf()).toEqual([undefined])
    ip(watched.fabric, 'first', 'link', 'set', 'eth2', 'down')
    await expect.poll(atLeaf, { timeout: 15_000 }).toEqual([0])
    ip(watched.fabric, 'first', 'link', 'set', 'eth2', 'up')
    await expect.poll(async () => (await watched.paths('spine', P))?.length, { timeout: 30_000 }).toBe(2)
    await watched.quiet()
    expect(await bestAt('spine')).toBe('first')
    expect(await atLeaf()).toEqual([undefined])
  }, 90_000)
})
