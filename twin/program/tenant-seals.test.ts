import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FabricFile, SealEntry } from '../../contract/fabric.js'
import { Plan } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'
import { defineFabric, parseFabric } from '../model/index.js'
import { compile, deriveKeys, mtuChains, validateProgram } from './index.js'

function planOf(name: string): Plan {
  const text = readFileSync(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8')
  const { fabric, problems } = parseFabric(text, `${name}.yaml`)
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return compile(fabric)
}

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new TypeError(`${node} is not there`)
  return found.program
}

function at<K extends Interface['kind']>(
  plan: Plan,
  node: string,
  id: number,
  kind: K,
): Extract<Interface, { kind: K }> {
  const found = programOf(plan, node).interfaces.find((item) => item.id === id)
  if (found?.kind !== kind) throw new TypeError(`${id} of ${node} is no ${kind}`)
  return found as Extract<Interface, { kind: K }>
}

function ofKind<K extends Interface['kind']>(
  plan: Plan,
  node: string,
  kind: K,
): readonly Extract<Interface, { kind: K }>[] {
  return programOf(plan, node).interfaces.filter(
    (item): item is Extract<Interface, { kind: K }> => item.kind === kind,
  )
}

/** A fabric of three leaves, with one tenant. */
function small(
  seal: SealEntry,
  underlay: Partial<FabricFile['underlay']> = {},
  networks = 'web@leaf1 web@leaf2 db@leaf3',
): Plan {
  const plan = compile(
    defineFabric('small', (f) => {
      f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24', ...underlay })
      f.link(f.leaves('leaf[1-3]'), f.spines('spine[1-2]'))
      const shop = f.tenant('shop', { l3vni: 50001, seal: f.seal('inside', seal) })
      const places = networks.split(' ').map((place) => place.split('@') as [string, string])
      const refs = new Map(
        [...new Set(places.map(([name]) => name))].map((name, n) => [
          name,
          shop.network(name, { vni: 10010 + n, gateways: [`10.1.${n}.1/24`, `fd00:0:0:${n + 1}::1/64`] }),
        ]),
      )
      for (const [i, [name, leaf]] of places.entries()) {
        const network = refs.get(name)
        if (network !== undefined) shop.host(`h${i}`, network, { at: leaf })
      }
    }),
  )
  expect(Plan.parse(plan)).toEqual(plan)
  expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  return plan
}

describe('[Z09] [Z11] a tenant sealed by MACsec', () => {
  const plan = planOf('demo-stacked')

  test('[MACSEC-10] has for each two leaves of a network a vxlan interface with one remote, and on it a macsec interface in the bridge', () => {
    const tunnel = plan.tenants[1]?.tunnels?.find(({ network }) => network === 'shop/web')
    if (tunnel === undefined) throw new TypeError('there is no tunnel')
    const ends = [tunnel.a, tunnel.b].map(({ node, interface: id }) => {
      const macsec = at(plan, node, id, 'macsec')
      return { node, macsec, vxlan: at(plan, node, macsec.lower, 'vxlan') }
    })
    expect(ends.map(({ node }) => node)).toEqual(['leaf1', 'leaf2'])
    const [one, other] = ends
    expect(one?.vxlan).toMatchObject({
      vni: tunnel.vni,
      remotes: [other?.vxlan.local],
      mtu: 1532,
      learning: false,
    })
    expect(one?.vxlan).not.toHaveProperty('bridge')
    expect(one?.macsec).toMatchObject({ mtu: 1500, addresses: [], cipher: 'gcm-aes-xpn-256', mode: 'strict' })
    expect(at(plan, 'leaf1', one?.macsec.bridge ?? 0, 'bridge').name).toBe('br10010')
    expect(one?.macsec.rx).toEqual([other?.macsec.tx])
    expect(other?.macsec.rx).toEqual([one?.macsec.tx])
    expect(one?.macsec.tx.key).toBe('lab:leaves/shop/web/leaf1/leaf2/0')
  })

  test('is in no VXLAN but that of its tunnels', () => {
    const vnis = new Set(plan.tenants.flatMap(({ tunnels = [] }) => tunnels.map(({ vni }) => vni)))
    for (const { name } of plan.nodes) {
      for (const vxlan of ofKind(plan, name, 'vxlan')) {
        expect(vnis.has(vxlan.vni), `${vxlan.name} of ${name}`).toBe(true)
        expect(vxlan.bridge).toBeUndefined()
      }
    }
    // bank: web 1, sync 3, VRF 1; shop: web 1, VRF 3.
    expect(vnis.size).toBe(9)
  })

  test('[BRIDGE-4] reaches what is known behind a tunnel by the macsec interface, which has no remote', () => {
    const { fdb, flood } = programOf(plan, 'leaf3').tables
    expect(fdb.length).toBeGreaterThan(0)
    for (const entry of fdb) {
      expect(entry).not.toHaveProperty('remote')
      expect(at(plan, 'leaf3', entry.interface, 'macsec').bridge).toBe(entry.bridge)
    }
    expect(flood).toEqual([])
  })

  test('[MACSEC-4] takes frames that others overtook on another way, unless its seal says otherwise', () => {
    const windows = (seal: SealEntry) =>
      new Set(ofKind(small(seal), 'leaf1', 'macsec').map(({ replayWindow }) => replayWindow))
    expect(windows({ macsec: 'gcm-aes-128', key: 'lab:k' })).toEqual(new Set([1024]))
    expect(windows({ macsec: 'gcm-aes-128', replayWindow: 64, key: 'lab:k' })).toEqual(new Set([64]))
  })

  test('has keys of its own for each tunnel, direction and association', () => {
    const standby = small({ macsec: 'gcm-aes-256', standby: 1, key: 'lab:k' })
    // Tunnels: web between two leaves, the VRF between three.
    expect(standby.keys).toHaveLength(4 * 2 * 2)
    expect(standby.keys).toContain('lab:k/shop/leaf3/leaf1/1')
    const values = [...deriveKeys(standby, new Uint8Array(32).fill(9)).values()]
    expect(values.every((key) => key.length === 32)).toBe(true)
    expect(new Set(values.map((key) => Buffer.from(key).toString('hex'))).size).toBe(16)
  })

  test('keeps VNIs and interfaces of its tunnels when a leaf is added', () => {
    const seal = { macsec: 'gcm-aes-128', key: 'lab:k' } as const
    const before = small(seal).tenants[0]?.tunnels ?? []
    const grown = small(seal, {}, 'web@leaf1 web@leaf2 db@leaf3 web@leaf3').tenants[0]?.tunnels ?? []
    expect(grown).toEqual(expect.arrayContaining([...before]))
    expect(grown.length).toBe(before.length + 2)
  })

  test('[TABLE-9] under BGP is nothing that EVPN is told of', () => {
    const seal = { macsec: 'gcm-aes-128', key: 'lab:k' } as const
    const [still, bgp] = [small(seal), small(seal, { control: 'bgp' })]
    for (const { control } of bgp.nodes) {
      expect(control?.evpn?.networks ?? []).toEqual([])
      expect(control?.evpn?.vrfs ?? []).toEqual([])
    }
    expect(ofKind(bgp, 'leaf1', 'macsec')).toEqual(ofKind(still, 'leaf1', 'macsec'))
  })
})

describe('[Z11] a tenant sealed by WireGuard', () => {
  const plan = planOf('demo-wireguard-inside')
  const leaf1 = programOf(plan, 'leaf1')
  const [wg] = ofKind(plan, 'leaf1', 'wireguard')
  if (wg === undefined) throw new TypeError('there is no wireguard interface')
  const irb = ofKind(plan, 'leaf1', 'irb').find(({ vrf }) => vrf === wg.underlayVrf)

  test('[WG-1] has an interface in its VRF whose packets are routed in another, which its L3 VNI connects', () => {
    const names = new Map(leaf1.vrfs.map(({ id, name }) => [id, name]))
    expect([names.get(wg.vrf), names.get(wg.underlayVrf ?? 0)]).toEqual(['shop', 'shop/transit'])
    expect(wg).not.toHaveProperty('lower')
    const vxlan = ofKind(plan, 'leaf1', 'vxlan').find(({ bridge }) => bridge === irb?.bridge)
    expect(vxlan).toMatchObject({ vni: 50001, mtu: 1560 })
    expect(irb?.addresses).toEqual([`${wg.local[0]}/32`])
    expect(irb?.mtu).toBe(1560)
    expect(wg.mtu).toBe(1500)
  })

  test('[WG-24] has one peer for each other leaf, to which the subnets there belong', () => {
    const other = ofKind(plan, 'leaf3', 'wireguard')[0]
    expect(wg.peers).toEqual([
      expect.objectContaining({
        publicKey: 'lab:inside/shop/leaf2/public',
        presharedKey: 'lab:inside/shop/leaf1--leaf2/psk',
        allowedIps: ['10.1.1.0/24'],
      }),
      {
        publicKey: 'lab:inside/shop/leaf3/public',
        presharedKey: 'lab:inside/shop/leaf1--leaf3/psk',
        endpoint: { address: other?.local[0], port: other?.listenPort },
        allowedIps: ['10.1.2.0/24', '2001:db8:3::/64'],
      },
    ])
  })

  test('is routed from leaf to leaf by that interface alone', () => {
    const { routes, groups } = leaf1.tables
    const exits = routes
      .filter(({ vrf }) => vrf === wg.vrf)
      .flatMap(({ group }) => groups.find(({ id }) => id === group)?.members ?? [])
    expect(exits.length).toBeGreaterThan(0)
    expect(new Set(exits.map((member) => member.interface))).toEqual(new Set([wg.id]))
    expect(exits.some(({ gateway }) => gateway !== undefined)).toBe(false)
    const transit = routes.filter(({ vrf }) => vrf === wg.underlayVrf).map(({ prefix }) => prefix)
    expect(transit).toEqual(wg.peers.map(({ endpoint }) => `${endpoint?.address}/32`))
  })

  test('leaves tenants without seal as they were', () => {
    const bank = leaf1.vrfs.find(({ name }) => name === 'bank')?.id
    const vxlans = ofKind(plan, 'leaf1', 'vxlan').filter(({ vni }) => vni === 50002 || vni === 20010)
    expect(vxlans).toHaveLength(2)
    expect(ofKind(plan, 'leaf1', 'irb').find(({ name }) => name === 'irb50002')?.vrf).toBe(bank)
  })

  test('over IPv6 takes 150 octets around what is inside', () => {
    const v6 = { loopbacks: '2001:db8:ff::/64', links: '2001:db8:fe::/64' }
    const places = 'web@leaf1 app@leaf2 db@leaf3'
    const [chain] = mtuChains(small({ wireguard: true, key: 'lab:k' }, v6, places))
    expect(chain?.steps.map(({ layer, adds }) => [layer, adds])).toEqual([
      ['WireGuard', 80],
      ['bridge', 0],
      ['VXLAN', 70],
      ['link', 0],
    ])
    expect(chain?.steps.at(-1)).toMatchObject({ needs: 1650, has: 1700 })
  })
})

describe('the MTU chain', () => {
  test.each([
    ['demo-stacked', 'shop/web', 'MACsec 1500/1500 VXLAN 1532/1532 WireGuard 1582/1700 link 1642/1760'],
    [
      'demo-wireguard-inside',
      'shop/web',
      'WireGuard 1500/1500 bridge 1560/1560 VXLAN 1560/1560 MACsec 1610/1700 link 1642/1732',
    ],
  ])('of %s goes down to the link, and each layer takes what the one above gives', (name, network, steps) => {
    const chains = mtuChains(planOf(name))
    const of = chains.find((chain) => chain.network === network)
    expect(of?.steps.map(({ layer, needs, has }) => `${layer} ${needs}/${has}`).join(' ')).toBe(steps)
    expect(chains.every(({ spare }) => spare >= 0)).toBe(true)
  })

  test.each([
    ['vxlan', 'VXLAN'],
    ['macsec', 'MACsec'],
    ['wireguard', 'WireGuard'],
    ['port', 'link'],
  ] as const)('finds a %s interface that takes an octet less than it is given', (kind, layer) => {
    const plan = structuredClone(planOf('demo-stacked'))
    const given = mtuChains(plan)
      .flatMap(({ steps }) => steps)
      .find((step) => step.layer === layer)
    for (const item of programOf(plan, 'leaf1').interfaces) {
      if (item.kind === kind && !('bridge' in item && item.kind === 'port'))
        item.mtu = (given?.needs ?? 0) - 1
    }
    const short = mtuChains(plan).filter(({ spare }) => spare < 0)
    expect(short.length).toBeGreaterThan(0)
    const faults = short.flatMap(({ steps }) => steps.filter(({ needs, has }) => has < needs))
    expect(new Set(faults.map((step) => step.layer))).toEqual(new Set([layer]))
    expect(faults.every(({ at: place }) => place.startsWith('leaf1 '))).toBe(true)
  })
})

describe('a program', () => {
  const sound = programOf(planOf('demo-stacked'), 'leaf1')
  const wrong = (change: (item: Interface) => Partial<Interface>): readonly string[] =>
    validateProgram({
      ...sound,
      interfaces: sound.interfaces.map((item) => ({ ...item, ...change(item) }) as Interface),
    }).map(({ code, path }) => `${code} ${path.replace(/^interfaces\[\d+\]\.?/, '')}`)
  const macsec = sound.interfaces.find((item) => item.kind === 'macsec')
  const only = (item: Interface): boolean => item.id === macsec?.lower

  test.each<readonly [string, (item: Interface) => Partial<Interface>, readonly string[]]>([
    [
      'a vxlan interface that has a bridge besides what is on it',
      (item) => (only(item) ? { bridge: macsec?.bridge } : {}),
      ['ZT_PROGRAM_STACK '],
    ],
    [
      'a vxlan interface with nothing above',
      (item) => (item === macsec ? { lower: 1 } : {}),
      ['ZT_PROGRAM_STACK ', 'ZT_PROGRAM_STACK '],
    ],
    [
      'a sealed tunnel that learns',
      (item) => (only(item) ? { learning: true } : {}),
      ['ZT_PROGRAM_STACK learning'],
    ],
    [
      'a sealed tunnel to two leaves',
      (item) => (only(item) ? { remotes: ['10.255.0.66', '10.255.0.67'] } : {}),
      ['ZT_PROGRAM_STACK remotes'],
    ],
    [
      'a tunnel that takes less than its seal gives',
      (item) => (only(item) ? { mtu: 1531 } : {}),
      ['ZT_PROGRAM_MTU mtu'],
    ],
    [
      'an end station among hosts',
      (item) => (item === macsec ? { tag: 'end-station' } : {}),
      ['ZT_PROGRAM_STACK tag'],
    ],
  ])('[MACSEC-10] with %s is refused', (_, change, problems) => {
    expect(wrong(change)).toEqual(problems)
  })

  test('[MACSEC-10] whose sealed tunnel is flooded is refused', () => {
    const tables = { ...sound.tables, flood: [{ interface: macsec?.lower ?? 0, remotes: ['10.255.0.66'] }] }
    expect(validateProgram({ ...sound, tables }).map(({ path }) => path)).toEqual(['tables.flood[0]'])
  })
})
