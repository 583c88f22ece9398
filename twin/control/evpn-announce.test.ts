import { describe, expect, test } from 'vitest'
import { announce, announcements, routesOf as allOf, type SaidBefore } from './evpn-announce.js'
import { importRoutes } from './evpn-choice.js'
import { GATEWAY_MAC, leaf, path, RED, ROUTER_MAC, SYNC, VTEP, WEB } from './testdata/evpn-leaf.js'
import { NOTHING_ANNOUNCED, NOTHING_LEARNED, type EvpnPath, type Learned } from './node.js'

const MAC = '02:00:00:00:00:0a'
const RD = `[${WEB.rd}][0]`
const heardOn = (bridge: number): Learned => ({ fdb: [{ bridge, mac: MAC, interface: 5 }], neighbours: [] })
const heard = heardOn(WEB.bridge)
const nobody: ReadonlyMap<string, EvpnPath> = new Map()

function routesOf(...args: Parameters<typeof announcements>) {
  const { routes } = announcements(...args)
  return new Map(routes.map(({ key, path: { extended, labels } }) => [key, { extended, labels }]))
}

describe('routes that are always there', () => {
  const { routes } = announcements(leaf, NOTHING_LEARNED, nobody)
  const byKey = new Map(routes.map((route) => [route.key, route.path]))

  test('[EVPN-1] flooding is announced for each network with a tunnel, and for no other', () => {
    expect([...byKey.keys()].filter((key) => key.startsWith('[3]'))).toEqual([
      `[3][${WEB.rd}][0][${VTEP}]`,
      `[3][${SYNC.rd}][0][${VTEP}]`,
    ])
    expect(byKey.get(`[3][${WEB.rd}][0][${VTEP}]`)).toEqual({
      nextHop: VTEP,
      asPath: [],
      origin: 'igp',
      communities: [],
      extended: ['encap:vxlan', 'rt:65000:10010'],
      labels: [10010],
    })
  })

  test('[EVPN-4] the gateway is announced with each address, sticky, with the label of its network alone', () => {
    const gateways = [...byKey].filter(([key]) => key.startsWith('[2]'))
    expect(gateways.map(([key]) => key)).toEqual([
      `[2]${RD}[${GATEWAY_MAC}][10.1.0.1]`,
      `[2]${RD}[${GATEWAY_MAC}][2001:db8:1::1]`,
    ])
    for (const [, { extended, labels }] of gateways) {
      expect(extended).toEqual(['default-gateway', 'encap:vxlan', 'mobility:0:sticky', 'rt:65000:10010'])
      expect(labels).toEqual([10010])
    }
  })

  test("[EVPN-5] each prefix of a VRF is announced with the VRF's label, target and router's MAC", () => {
    const prefixes = [...byKey].filter(([key]) => key.startsWith('[5]'))
    expect(prefixes.map(([key]) => key)).toEqual([
      `[5][${RED.rd}][0][10.1.0.0/24]`,
      `[5][${RED.rd}][0][10.4.0.0/24]`,
    ])
    for (const [, { extended, labels, nextHop }] of prefixes) {
      expect(extended).toEqual(['encap:vxlan', `rmac:${ROUTER_MAC}`, 'rt:65000:50001'])
      expect(labels).toEqual([50001])
      expect(nextHop).toBe(VTEP)
    }
  })

  test('routes are in order of keys, and a spine has none', () => {
    expect(routes.map(({ key }) => key)).toEqual(routes.map(({ key }) => key).toSorted())
    const { evpn: _evpn, ...control } = leaf.control
    expect(announcements({ ...leaf, control }, heard, nobody).routes).toEqual([])
  })
})

describe('what was heard', () => {
  test('[EVPN-2] a MAC on a port is announced alone, where its network has a tunnel', () => {
    expect(routesOf(leaf, heard, nobody).get(`[2]${RD}[${MAC}]`)).toEqual({
      extended: ['encap:vxlan', 'rt:65000:10010'],
      labels: [10010],
    })
    expect([...routesOf(leaf, heardOn(10012), nobody).keys()].filter((key) => key.includes(MAC))).toEqual([])
  })

  test("[EVPN-3] an address heard with it is announced with the VRF's label, target and router's MAC", () => {
    const neighbours = [{ interface: 10002, address: '10.1.0.10', mac: MAC }]
    expect(routesOf(leaf, { ...heard, neighbours }, nobody).get(`[2]${RD}[${MAC}][10.1.0.10]`)).toEqual({
      extended: ['encap:vxlan', `rmac:${ROUTER_MAC}`, 'rt:65000:10010', 'rt:65000:50001'],
      labels: [10010, 50001],
    })
  })

  test('[EVPN-3] without an L3 VNI it has the one label; of a MAC that was not heard there is none', () => {
    const evpn = { ...leaf.control.evpn!, vrfs: [] }
    const bridged = { ...leaf, control: { ...leaf.control, evpn } }
    const neighbours = [
      { interface: 10002, address: '10.1.0.10', mac: MAC },
      { interface: 10002, address: '10.1.0.11', mac: '02:00:00:00:00:0b' },
    ]
    const routes = routesOf(bridged, { ...heard, neighbours }, nobody)
    expect(routes.get(`[2]${RD}[${MAC}][10.1.0.10]`)).toEqual({
      extended: ['encap:vxlan', 'rt:65000:10010'],
      labels: [10010],
    })
    expect([...routes.keys()].some((key) => key.includes('10.1.0.11'))).toBe(false)
  })

  test('[EVPN-3] in a network that is nowhere else the address is announced for its VRF', () => {
    const neighbours = [{ interface: 10014, address: '10.4.0.10', mac: MAC }]
    const { routes, announced } = announcements(leaf, { ...heardOn(10012), neighbours }, nobody)
    expect(routes.filter(({ key }) => key.includes(MAC)).map(({ key }) => key)).toEqual([
      `[2][${VTEP}:10012][0][${MAC}][10.4.0.10]`,
    ])
    expect([...announced.addresses]).toEqual(['10014 10.4.0.10'])
  })
})

describe('mobility', () => {
  const neighbours = [{ interface: 10002, address: '10.1.0.10', mac: MAC }]
  const at = (vtep: string, ...extended: string[]) =>
    new Map([[`[2][${vtep}:10000][0][${MAC}]`, path(vtep, 'rt:65000:10010', ...extended)]])
  const [below, above] = ['10.255.0.1', '10.255.0.3']
  const first = announcements(leaf, heard, nobody)
  const sequences = ({ announced }: ReturnType<typeof announcements>) => [...announced.macs.values()]

  test('[EVPN-6] a MAC that another has with n is announced with n + 1, in all its routes', () => {
    const moved = announcements(leaf, { ...heard, neighbours }, at(above, 'mobility:4'))
    const texts = moved.routes.filter(({ key }) => key.includes(MAC))
    expect(
      texts.map(({ path: { extended } }) => extended.filter((one) => one.startsWith('mobility'))),
    ).toEqual([['mobility:5'], ['mobility:5']])
    expect(sequences(announcements(leaf, heard, at(above)))).toEqual([1])
  })

  test('[EVPN-6] a number is kept while the MAC is announced, and forgotten with it', () => {
    const moved = announcements(leaf, heard, at(above, 'mobility:4'))
    expect(sequences(announcements(leaf, heard, nobody, moved.announced))).toEqual([5])
    const gone = announcements(leaf, NOTHING_LEARNED, nobody, moved.announced)
    expect(sequences(announcements(leaf, heard, nobody, gone.announced))).toEqual([0])
  })

  test('[EVPN-6] a higher number takes the MAC away, and what was heard is forgotten', () => {
    const lost = announcements(leaf, { ...heard, neighbours }, at(above, 'mobility:1'), first.announced)
    expect(lost.routes.some(({ key }) => key.includes(MAC))).toBe(false)
    expect(lost.announced.addresses.size).toBe(0)
    expect(lost.forget).toEqual([
      {
        table: 'fdb',
        bridge: WEB.bridge,
        mac: MAC,
        to: { interface: WEB.vxlan, remote: above, sticky: false },
      },
    ])
  })

  test('[EVPN-6] of the same number the lower VTEP keeps the MAC', () => {
    expect(sequences(announcements(leaf, heard, at(above), first.announced))).toEqual([0])
    const lost = announcements(leaf, heard, at(below), first.announced)
    expect(sequences(lost)).toEqual([])
    expect(lost.forget).toHaveLength(1)
  })

  test('[EVPN-6] a lower number takes nothing away', () => {
    const moved = announcements(leaf, heard, at(above, 'mobility:4'))
    expect(sequences(announcements(leaf, heard, at(below, 'mobility:4'), moved.announced))).toEqual([5])
  })

  test('[EVPN-6] against a sticky route nothing is announced', () => {
    const lost = announcements(leaf, heard, at(above, 'mobility:0:sticky'), first.announced)
    expect(sequences(lost)).toEqual([])
    expect(lost.forget).toMatchObject([{ to: { remote: above, sticky: true } }])
  })

  test('[EVPN-6] routes of another network and own ones do not count', () => {
    const other = new Map([[`[2][${above}:1][0][${MAC}]`, path(above, 'rt:65000:10030', 'mobility:4')]])
    expect(sequences(announcements(leaf, heard, other))).toEqual([0])
    expect(sequences(announcements(leaf, heard, at(VTEP, 'mobility:4')))).toEqual([0])
  })

  test('[EVPN-6] behind the last number there is no other', () => {
    expect(sequences(announcements(leaf, heard, at(above, 'mobility:4294967295')))).toEqual([])
  })
})

describe('[EVPN-8] hosts that belong to a port', () => {
  const FIXED_MAC = '02:00:00:00:00:f1'
  const withHosts = (network: typeof WEB, ...addresses: string[]) => ({
    ...leaf,
    control: {
      ...leaf.control,
      evpn: {
        vtep: VTEP,
        routerMac: ROUTER_MAC,
        networks: [{ ...network, hosts: [{ mac: FIXED_MAC, addresses }] }],
        vrfs: [RED],
      },
    },
  })
  const hostRoutes = (...args: Parameters<typeof announcements>) =>
    new Map([...routesOf(...args)].filter(([key]) => key.includes(FIXED_MAC)))

  test('are announced with each of their addresses, sticky, without having spoken', () => {
    const node = withHosts(WEB, '10.1.0.9', '2001:DB8:1::9')
    expect([...hostRoutes(node, NOTHING_LEARNED, nobody)]).toEqual([
      [
        `[2]${RD}[${FIXED_MAC}]`,
        { extended: ['encap:vxlan', 'mobility:0:sticky', 'rt:65000:10010'], labels: [10010] },
      ],
      ...['10.1.0.9', '2001:db8:1::9'].map((address) => [
        `[2]${RD}[${FIXED_MAC}][${address}]`,
        {
          extended: [
            'encap:vxlan',
            'mobility:0:sticky',
            `rmac:${ROUTER_MAC}`,
            'rt:65000:10010',
            'rt:65000:50001',
          ],
          labels: [10010, 50001],
        },
      ]),
    ])
    const { announced } = announcements(node, NOTHING_LEARNED, nobody)
    expect([...announced.macs]).toEqual([[`${WEB.bridge} ${FIXED_MAC}`, 0]])
    expect([...announced.addresses]).toEqual([`${WEB.irb} 10.1.0.9`, `${WEB.irb} 2001:db8:1::9`])
  })

  test('stay so when they speak, and when another VTEP claims them', () => {
    const node = withHosts(WEB, '10.1.0.9')
    const speaking: Learned = {
      fdb: [{ bridge: WEB.bridge, mac: FIXED_MAC, interface: 5 }],
      neighbours: [{ interface: WEB.irb ?? 0, address: '10.1.0.10', mac: FIXED_MAC }],
    }
    const others = new Map([
      [`[2][10.255.0.1:1][0][${FIXED_MAC}]`, path('10.255.0.1', 'rt:65000:10010', 'mobility:7')],
    ])
    const routes = hostRoutes(node, speaking, others)
    expect([...routes.keys()]).toEqual([
      `[2]${RD}[${FIXED_MAC}]`,
      `[2]${RD}[${FIXED_MAC}][10.1.0.10]`,
      `[2]${RD}[${FIXED_MAC}][10.1.0.9]`,
    ])
    for (const { extended } of routes.values()) expect(extended).toContain('mobility:0:sticky')
    expect(announcements(node, speaking, others).forget).toEqual([])
  })

  test('of a network without tunnel have routes with addresses alone', () => {
    const { vxlan: _vxlan, ...lone } = WEB
    expect([...hostRoutes(withHosts(lone, '10.1.0.9'), NOTHING_LEARNED, nobody).keys()]).toEqual([
      `[2]${RD}[${FIXED_MAC}][10.1.0.9]`,
    ])
  })
})

describe('what was said before', () => {
  const { evpn } = leaf.control
  if (evpn === undefined) throw new Error('the leaf has no EVPN')
  const at = (mac: string, address?: string): Learned => ({
    fdb: [{ bridge: WEB.bridge, mac, interface: 5 }],
    neighbours: address === undefined ? [] : [{ interface: WEB.irb ?? 0, address, mac }],
  })
  const theirs = (...extended: string[]) =>
    importRoutes(
      VTEP,
      new Map([[`[2][10.255.0.3:1][0][${MAC}]`, path('10.255.0.3', 'rt:65000:10010', ...extended)]]),
    )
  const nothing = importRoutes(VTEP, nobody)
  const higher = theirs('mobility:3')
  /** What happens to one MAC, one after the other. */
  const story: readonly (readonly [Learned, ReturnType<typeof theirs>])[] = [
    [NOTHING_LEARNED, nothing],
    [at(MAC), nothing],
    [at(MAC), nothing],
    [at(MAC, '10.1.0.10'), nothing],
    [at(MAC, '10.1.0.11'), nothing],
    [at(MAC, '10.1.0.11'), theirs()],
    [at(MAC, '10.1.0.11'), higher],
    [NOTHING_LEARNED, higher],
    [at(MAC, '10.1.0.11'), higher],
    [at(MAC), higher],
    [at('02:00:00:00:00:0b'), higher],
    [NOTHING_LEARNED, nothing],
  ]

  test('makes no difference to what is said now', () => {
    const known: SaidBefore = new WeakMap()
    let [remembering, forgetful] = [NOTHING_ANNOUNCED, NOTHING_ANNOUNCED]
    const sizes = story.map(([learned, imports], step) => {
      const once = announce(leaf, evpn, learned, imports, remembering, known)
      const anew = announce(leaf, evpn, learned, imports, forgetful)
      expect({ ...once, parts: allOf(once) }, `step ${step}`).toEqual({ ...anew, parts: allOf(anew) })
      remembering = once.announced
      forgetful = anew.announced
      return allOf(once).length
    })
    expect(new Set(sizes).size, 'the story changes what is said').toBeGreaterThan(2)
  })

  test('a part is the very list that it was where nothing in it has changed, and no key is in two', () => {
    const known: SaidBefore = new WeakMap()
    const said = (learned: Learned) => announce(leaf, evpn, learned, nothing, NOTHING_ANNOUNCED, known).parts
    const [before, again, after] = [said(at(MAC)), said(at(MAC)), said(at(MAC, '10.1.0.10'))]
    expect(before.length).toBe(1 + evpn.networks.length)
    expect(before.map((part, index) => part === again[index])).not.toContain(false)
    expect(before.filter((part, index) => part !== after[index])).toHaveLength(1)
    const keys = after.flat().map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('two networks with one route distinguisher are one part', () => {
    const networks = evpn.networks.map((network) => ({ ...network, rd: WEB.rd }))
    const told = { ...evpn, networks }
    const { parts } = announce(
      { ...leaf, control: { ...leaf.control, evpn: told } },
      told,
      heard,
      nothing,
      NOTHING_ANNOUNCED,
    )
    expect(parts).toHaveLength(2)
  })
})
