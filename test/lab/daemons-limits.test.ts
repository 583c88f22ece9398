/**
 * Weights, limits, additional paths and nodes that go out of service, on FRR and GoBGP as they are configured for a lab.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { originatePath } from '../../agent/convert.js'
import type { NodeControl } from '../../contract/control-plane.js'
import { fabricOf, type TestNode } from './support/daemons-fabric.js'
import { kernelRoutes } from './support/daemons-net.js'
import { needsRoot } from './support/host.js'
import { start, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

const open: Watched[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.down()
})

async function up(fabric: ReadonlyMap<string, NodeControl>): Promise<Watched> {
  const watched = await start(fabric)
  open.push(watched)
  return watched
}

const frr = (asn: number, also: Partial<NodeControl> = {}): TestNode => ({ daemon: 'frr', asn, also })
const gobgp = (asn: number, also: Partial<NodeControl> = {}): TestNode => ({ daemon: 'gobgp', asn, also })

describe('weights', () => {
  it('[BGP-13] [TABLE-7] are hundredths in the kernel of a router, noted as bandwidth that stays in the AS', async () => {
    const watched = await up(
      fabricOf(
        {
          top: frr(65000),
          a: gobgp(65001),
          b: gobgp(65001),
          c: gobgp(65001),
          inner: frr(65000),
          out: gobgp(65009),
        },
        [
          { ends: ['a', 'top'], also: { top: { weight: 1 } } },
          { ends: ['b', 'top'], also: { top: { weight: 2 } } },
          { ends: ['c', 'top'], also: { top: { weight: 4 } } },
          { ends: ['inner', 'top'], also: { top: { weight: 1 } } },
          { ends: ['out', 'top'], also: { top: { weight: 1 } } },
        ],
      ),
    )
    for (const node of ['a', 'b', 'c']) await watched.clients.get(node)!.add(originatePath('192.0.2.0/24'))
    await watched.quiet()
    expect(kernelRoutes(watched.fabric, 'top')).toContain(
      '192.0.2.0/24 metric 20 nexthop via 10.254.0.0 dev eth1 weight 14 nexthop via 10.254.0.2 dev eth2 weight 28 nexthop via 10.254.0.4 dev eth3 weight 57',
    )
    const extended = async (node: string) =>
      (await watched.paths(node, '192.0.2.0/24'))?.map(({ from, extended: all }) => [from, ...all].join(' '))
    expect(await extended('top')).toEqual([
      'a bandwidth:65000:125000',
      'b bandwidth:65000:250000',
      'c bandwidth:65000:500000',
    ])
    // That of the best path, as it is.
    expect(await extended('inner')).toEqual(['top bandwidth:65000:125000'])
    expect(await extended('out')).toEqual(['top'])
  }, 60_000)
})

describe.each([
  { who: 'FRR', limited: 'spine', sender: 'leaf' },
  { who: 'GoBGP', limited: 'leaf', sender: 'other' },
])('maximum prefixes at $who', ({ limited, sender }) => {
  it('[BGP-12] end the session with one too many, which stays down until its daemon is restarted', async () => {
    const watched = await up(
      fabricOf({ spine: frr(65000), leaf: gobgp(65001), other: gobgp(65002) }, [
        { ends: ['leaf', 'spine'], also: { spine: { maximumPrefixes: 3 } } },
        { ends: ['leaf', 'other'], also: { leaf: { maximumPrefixes: 3 } } },
      ]),
    )
    const session = async () =>
      (await watched.observers.get(limited)!.look()).sessions.find(({ peer }) => peer === sender)?.established
    const client = watched.clients.get(sender)!
    await client.addAll(['192.0.2.0/26', '192.0.2.64/26'].map(originatePath))
    await watched.quiet()
    expect(await session()).toBe(true)
    await client.addAll(['192.0.2.128/26', '192.0.2.192/26'].map(originatePath))
    await expect.poll(session).toBe(false)
    await expect.poll(() => watched.paths(limited, '192.0.2.0/26')).toBeUndefined()
    await delay(4_000)
    expect(await session()).toBe(false)
  }, 60_000)
})

describe('additional paths', () => {
  it('[BGP-14] are sent by FRR and read by GoBGP and FRR as paths of their own', async () => {
    const watched = await up(
      fabricOf(
        {
          top: frr(65000),
          a: gobgp(65001),
          b: gobgp(65002),
          leaf: gobgp(65003),
          next: frr(65004),
          plain: gobgp(65005),
        },
        [
          { ends: ['a', 'top'] },
          { ends: ['b', 'top'] },
          { ends: ['leaf', 'top'], also: { top: { addPaths: true } } },
          { ends: ['next', 'top'], also: { top: { addPaths: true } } },
          { ends: ['plain', 'top'] },
        ],
      ),
    )
    for (const node of ['a', 'b']) await watched.clients.get(node)!.add(originatePath('192.0.2.0/24'))
    await watched.quiet()
    const seen = async (node: string) =>
      (await watched.paths(node, '192.0.2.0/24'))
        ?.map(({ from, asPath }) => `${from} ${asPath.join(' ')}`)
        .toSorted()
    const both = ['top 65000 65001', 'top 65000 65002']
    expect(await seen('leaf')).toEqual(both)
    expect(await seen('next')).toEqual(both)
    expect(await seen('plain')).toEqual([both[0]])
    await watched.clients.get('a')!.delete({ ...originatePath('192.0.2.0/24'), isWithdraw: true })
    await watched.quiet()
    expect(await seen('leaf')).toEqual([both[1]])
  }, 60_000)
})

describe.each([
  { who: 'FRR', node: 'spine', preference: 0 },
  { who: 'GoBGP', node: 'leaf', preference: 1 },
])('a node that goes out of service, of $who', ({ node, preference }) => {
  it('[BGP-6] says so in all that it tells external peers, after its policy, and prefers what it hears least', async () => {
    const also: Partial<NodeControl> = {
      gracefulShutdown: true,
      policies: [
        {
          name: 'p',
          statements: [
            { match: { communities: ['65535:0'] }, action: 'reject', set: {} },
            { match: {}, action: 'accept', set: { localPreference: 300, communities: ['65000:9'] } },
          ],
        },
      ],
    }
    const bent = (name: string, one: TestNode): TestNode => (name === node ? { ...one, also } : one)
    const watched = await up(
      fabricOf(
        {
          spine: bent('spine', frr(65000)),
          leaf: bent('leaf', gobgp(65001)),
          far: frr(65002),
          near: gobgp(65003),
        },
        [
          { ends: ['leaf', 'spine'] },
          { ends: ['far', node], also: { [node]: { import: 'p', export: 'p' } } },
          { ends: ['near', node] },
        ],
      ),
    )
    const seen = async (at: string, key: string) =>
      (await watched.paths(at, key))?.map(({ from, localPreference, communities }) => ({
        from,
        localPreference,
        communities,
      }))
    // From a peer with a policy to one without, and the other way round: 10.255.0.3 is `far`, 10.255.0.4 `near`.
    expect(await seen(node, '10.255.0.3/32')).toEqual([
      { from: 'far', localPreference: preference, communities: ['65000:9'] },
    ])
    expect(await seen(node, '10.255.0.4/32')).toEqual([
      { from: 'near', localPreference: preference, communities: [] },
    ])
    // Who hears it prefers it least, in the way of its daemon.
    expect(await seen('near', '10.255.0.3/32')).toEqual([
      { from: node, localPreference: 1, communities: ['65000:9', '65535:0'] },
    ])
    expect(await seen('far', '10.255.0.4/32')).toEqual([
      { from: node, localPreference: 0, communities: ['65000:9', '65535:0'] },
    ])
  }, 60_000)
})
