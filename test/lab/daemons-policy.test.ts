/**
 * What FRR and GoBGP, as they are configured for a lab, make of policies, well-known communities and odd routes, held against
 * `docs/control-plane.md` by hand.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { announcePath, originatePath } from '../../agent/convert.js'
import type { ApiPath } from '../../agent/gobgp-api.js'
import type { NodeControl } from '../../contract/control-plane.js'
import { controls } from '../../lab/daemons/testdata/fabric.js'
import { needsRoot } from './support/host.js'
import { start, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

/** Of the path from one peer, what policies can change. */
async function seen(watched: Watched, node: string, key: string, from: string) {
  const path = (await watched.paths(node, key))?.find((one) => one.from === from)
  if (path === undefined) return undefined
  const { asPath, med, localPreference, communities } = path
  return { asPath, med, localPreference, communities }
}

function own(prefix: string, communities: readonly string[] = [], more: ApiPath['pattrs'] = []): ApiPath {
  const path = originatePath(prefix)
  const numbers = communities.map((text) => {
    const [high, low] = text.split(':').map(Number)
    return (high ?? 0) * 65536 + (low ?? 0)
  })
  return {
    ...path,
    pattrs: [
      ...(path.pattrs ?? []),
      ...(numbers.length === 0 ? [] : [{ communities: { communities: numbers } }]),
      ...more,
    ],
  }
}

const policies: NodeControl['policies'] = [
  {
    name: 'in',
    statements: [
      {
        match: {
          prefixes: [{ prefix: '10.1.0.0/16', ge: 20, le: 24 }],
          communities: ['65000:100', '65000:101'],
        },
        action: 'accept',
        set: { localPreference: 200, communities: ['65000:7'] },
      },
      { match: { communities: ['65000:666'] }, action: 'reject', set: {} },
      { match: { prefixes: [{ prefix: '10.3.0.0/16' }] }, action: 'accept', set: { prepend: 2, med: 9 } },
      { match: { prefixes: [{ prefix: '10.0.0.0/8', ge: 8 }] }, action: 'accept', set: {} },
    ],
  },
  {
    name: 'out',
    statements: [
      {
        match: { prefixes: [{ prefix: '10.1.0.0/16', le: 24 }] },
        action: 'accept',
        set: { med: 50, communities: ['65000:8'] },
      },
      { match: { prefixes: [{ prefix: '10.3.0.0/16' }] }, action: 'accept', set: { prepend: 3 } },
      { match: { communities: ['65000:100'] }, action: 'accept', set: { communities: ['65535:65281'] } },
    ],
  },
]

/** `spine1` between three leaves; `node` has both policies towards `peer`. */
function fabric(node: string, peer: string): Map<string, NodeControl> {
  return new Map(
    [...controls({ spines: 1, leaves: 3 })].map(([name, control]) => [
      name,
      name !== node
        ? control
        : {
            ...control,
            policies,
            sessions: control.sessions.map((session) =>
              session.peer === peer ? { ...session, import: 'in', export: 'out' } : session,
            ),
          },
    ]),
  )
}

/** What a leaf says, for whoever has the policies to judge. */
const said = [
  own('10.1.1.0/24', ['65000:100']),
  own('10.1.2.0/25', ['65000:100']),
  own('10.1.3.0/24'),
  own('10.1.4.0/24', ['65000:101', '65535:0']),
  own('10.2.0.0/16', ['65000:666']),
  own('10.3.0.0/16', [], [{ multiExitDisc: { med: 77 } }]),
  own('10.4.0.0/16', ['65535:0']),
  own('192.0.2.0/24'),
]

describe.each([
  // FRR sets 0 for a path that goes away, GoBGP the least that it can.
  { who: 'FRR', judge: 'spine1', peer: 'leaf1', asn: 65000, path: [65001], going: 0 },
  { who: 'GoBGP', judge: 'leaf2', peer: 'spine1', asn: 65002, path: [65000, 65001], going: 1 },
])('what comes in to $who', ({ judge, peer, asn, path, going }) => {
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    watched = await start(fabric(judge, peer))
    await watched.clients.get('leaf1')!.addAll(said)
    await watched.quiet()
  })
  afterAll(() => watched?.down())
  const at = (key: string) => seen(watched, judge, key, peer)

  it('[BGP-5] is accepted by prefix, length and community, with what the statement sets', async () => {
    expect(await at('10.1.1.0/24')).toEqual({
      asPath: path,
      localPreference: 200,
      communities: ['65000:100', '65000:7'],
    })
  })
  it('[BGP-5] is judged by the first statement that matches all that it states', async () => {
    const plain = { asPath: path, communities: [] }
    expect(await at('10.1.2.0/25')).toEqual({ ...plain, communities: ['65000:100'] })
    expect(await at('10.1.3.0/24')).toEqual(plain)
  })
  it('[BGP-5] is rejected by a statement that says so, and when none matches', async () => {
    expect(await at('10.2.0.0/16')).toBeUndefined()
    expect(await at('192.0.2.0/24')).toBeUndefined()
  })
  it('[BGP-5] gets the own AS number before the path as often as a statement says, and its MED', async () => {
    expect(await at('10.3.0.0/16')).toEqual({ asPath: [asn, asn, ...path], med: 9, communities: [] })
  })
  it('[BGP-6] is least preferred when it is about to go away, whatever a policy sets', async () => {
    expect((await at('10.4.0.0/16'))?.localPreference).toBe(going)
    expect(await at('10.1.4.0/24')).toEqual({
      asPath: path,
      localPreference: going,
      communities: ['65000:101', '65000:7', '65535:0'],
    })
  })
})

describe.each([
  {
    who: 'FRR',
    judge: 'spine1',
    peer: 'leaf2',
    to: 'leaf2',
    from: 'spine1',
    path: [65000, 65001],
    asn: 65000,
  },
  { who: 'GoBGP', judge: 'leaf1', peer: 'spine1', to: 'spine1', from: 'leaf1', path: [65001], asn: 65001 },
])('what goes out of $who', ({ judge, peer, to, from, path, asn }) => {
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    watched = await start(fabric(judge, peer))
    await watched.clients.get('leaf1')!.addAll(said)
    await watched.quiet()
  })
  afterAll(() => watched?.down())
  const at = (key: string) => seen(watched, to, key, from)

  it('[BGP-5] [BGP-3] is what a statement accepts, with its MED and communities, without local preference', async () => {
    expect(await at('10.1.1.0/24')).toEqual({
      asPath: path,
      med: 50,
      communities: ['65000:100', '65000:8'],
    })
    expect(await at('192.0.2.0/24')).toBeUndefined()
  })
  it('[BGP-5] has the own AS number before it once more than a statement says', async () => {
    const { asPath } = (await at('10.3.0.0/16')) ?? {}
    expect(asPath).toEqual([asn, asn, asn, ...path])
  })
  it('[BGP-6] may get NO_EXPORT on its way, and then goes no further', async () => {
    expect((await at('10.1.2.0/25'))?.communities).toEqual(['65000:100', '65535:65281'])
    // FRR's policy here is towards one peer, and another has the route without it.
    const elsewhere = (await watched.paths('leaf3', '10.1.2.0/25')) ?? []
    expect(elsewhere).toHaveLength(judge === 'spine1' ? 1 : 0)
  })
  it('[BGP-3] has no MED that was received', async () => {
    expect((await seen(watched, 'leaf3', '10.3.0.0/16', 'spine1'))?.med).toBeUndefined()
  })
})

describe('a MED that import has set', () => {
  it('is not handed on by FRR', async () => {
    const watched = await start(fabric('spine1', 'leaf1'))
    try {
      await watched.clients.get('leaf1')!.addAll(said)
      await watched.quiet()
      expect((await seen(watched, 'spine1', '10.3.0.0/16', 'leaf1'))?.med).toBe(9)
      expect(await seen(watched, 'leaf3', '10.3.0.0/16', 'spine1')).toEqual({
        asPath: [65000, 65000, 65000, 65001],
        communities: [],
      })
    } finally {
      await watched.down()
    }
  })
})

describe('spines with AS numbers of their own, and MEDs of theirs', () => {
  /** Two spines with AS numbers of their own, which give one route a MED each. */
  function twoAsns(): Map<string, NodeControl> {
    const asn = (node: string) => (node === 'spine2' ? 65010 : 65000)
    const med = (value: number): NodeControl['policies'] => [
      { name: 'med', statements: [{ match: {}, action: 'accept', set: { med: value } }] },
    ]
    return new Map(
      [...controls({ spines: 2, leaves: 2 })].map(([node, control]) => [
        node,
        control.daemon === 'frr'
          ? {
              ...control,
              asn: asn(node),
              policies: med(node === 'spine1' ? 20 : 10),
              sessions: control.sessions.map((session) => ({ ...session, export: 'med' })),
            }
          : {
              ...control,
              sessions: control.sessions.map((session) => ({ ...session, remoteAsn: asn(session.peer) })),
            },
      ]),
    )
  }
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() === 0) watched = await start(twoAsns())
  })
  afterAll(() => watched?.down())

  it('decide nothing at GoBGP, and still keep it from using both paths', async () => {
    const paths = await watched.paths('leaf1', '10.255.0.2/32')
    // BGP-7 does not compare these, and BGP-8 would use both; GoBGP compares any MED when it looks for equal paths.
    expect(paths?.map(({ from, med, best, used }) => ({ from, med, best, used }))).toEqual([
      { from: 'spine1', med: 20, best: true, used: true },
      { from: 'spine2', med: 10, best: false, used: false },
    ])
  })

  it('[BGP-3] keep nobody from handing EVPN routes on with the VTEP as next hop, leaves included', async () => {
    const key = '[3][10.255.0.2:7][0][10.255.0.2]'
    const path = {
      asPath: [],
      origin: 'igp' as const,
      nextHop: '10.255.0.2',
      communities: [],
      extended: ['encap:vxlan', 'rt:65000:10010'],
      labels: [10010],
    }
    const leaf2 = { asn: 65002, routerId: '10.255.0.2', vtep: '10.255.0.2' }
    await watched.clients.get('leaf2')!.add(announcePath({ key, path }, leaf2))
    await watched.quiet()
    const paths = await watched.paths('spine2', key)
    expect(paths?.map(({ from, asPath, nextHop }) => ({ from, asPath, nextHop }))).toEqual([
      { from: 'leaf1', asPath: [65001, 65000, 65002], nextHop: '10.255.0.2' },
      { from: 'leaf2', asPath: [65002], nextHop: '10.255.0.2' },
    ])
  })
})

describe('routes that may not be passed on', () => {
  let watched: Watched
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    watched = await start(controls({ spines: 1, leaves: 2 }))
    await watched.clients
      .get('leaf1')!
      .addAll([
        own('10.5.0.0/16', ['65535:65281']),
        own('10.6.0.0/16', ['65535:65282']),
        own('10.7.0.0/16', [], [{ asPath: { segments: [{ type: 'TYPE_AS_SEQUENCE', numbers: [65000] }] } }]),
      ])
    await watched.quiet()
  })
  afterAll(() => watched?.down())

  it('[BGP-6] NO_EXPORT and NO_ADVERTISE stay where they are', async () => {
    expect(await watched.paths('leaf1', '10.5.0.0/16')).toHaveLength(1)
    expect(await watched.paths('spine1', '10.5.0.0/16')).toBeUndefined()
    expect(await watched.paths('spine1', '10.6.0.0/16')).toBeUndefined()
  })
  it('EVPN routes stop at an FRR that has no route to their VTEP', async () => {
    const spare = { asn: 65001, routerId: '10.255.0.1', vtep: '10.255.0.1' }
    const route = (key: string, nextHop: string) =>
      announcePath(
        {
          key,
          path: {
            asPath: [],
            origin: 'igp',
            nextHop,
            communities: [],
            extended: ['encap:vxlan', 'rt:65000:10010'],
            labels: [10010],
          },
        },
        spare,
      )
    const known = '[3][10.255.0.1:7][0][10.255.0.1]'
    const unknown = '[3][10.255.0.1:8][0][192.0.2.99]'
    await watched.clients.get('leaf1')!.addAll([route(known, '10.255.0.1'), route(unknown, '192.0.2.99')])
    await watched.quiet()
    expect((await watched.paths('spine1', known))?.map(({ best }) => best)).toEqual([true])
    expect((await watched.paths('spine1', unknown))?.map(({ best }) => best)).toEqual([false])
    expect(await watched.paths('leaf2', known)).toHaveLength(1)
    expect(await watched.paths('leaf2', unknown)).toBeUndefined()
  })
  it('an EVPN route of type 3 with an IPv6 originator ends the session with FRR, which is why such a plan is refused', async () => {
    const key = '[3][10.255.0.1:9][0][2001:db8::1]'
    const path = announcePath(
      {
        key,
        path: {
          asPath: [],
          origin: 'igp',
          nextHop: '10.255.0.1',
          communities: [],
          extended: ['encap:vxlan', 'rt:65000:10010'],
          labels: [10010],
        },
      },
      { asn: 65001, routerId: '10.255.0.1', vtep: '10.255.0.1' },
    )
    const client = watched.clients.get('leaf1')!
    await client.add(path)
    const interruptions = async () =>
      (await watched.observers.get('spine1')!.look()).sessions[0]?.interruptions
    await expect.poll(interruptions).toBeGreaterThan(0)
    await client.delete({ ...path, isWithdraw: true })
    await watched.quiet()
  })
  it("FRR's own prefixes have a MED of 0, at home and at its peers", async () => {
    expect((await watched.paths('spine1', '10.255.0.101/32'))?.[0]).toMatchObject({ from: 'self', med: 0 })
    expect((await watched.paths('leaf1', '10.255.0.101/32'))?.[0]).toMatchObject({ from: 'spine1', med: 0 })
  })
  it('[BGP-4] a path with the own AS number is not accepted', async () => {
    expect(await watched.paths('spine1', '10.7.0.0/16')).toBeUndefined()
  })
})
