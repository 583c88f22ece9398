import { describe, expect, test } from 'vitest'
import { defineFabric } from './index.js'
import { places, readMarked } from './testdata/marked.js'

interface Parts {
  readonly overlay?: string
  readonly seals?: string
  readonly tenants?: string
  readonly intents?: string
  readonly mtu?: number
  readonly links?: string
}
const file = ({
  overlay = '',
  seals = '',
  tenants,
  intents = '',
  mtu = 1700,
  links,
}: Parts): string => `ztos: 1
name: small
underlay: { mtu: ${mtu}, loopbacks: 10.255.0.0/24, links: 10.254.0.0/24 }
nodes: { "spine[1-2]": { role: spine }, "leaf[1-3]": { role: leaf } }
links: [${links ?? '{ from: "leaf*", to: "spine*" }'}]
seals:
  mac: { macsec: gcm-aes-128, key: lab:mac }
  wg: { wireguard: true, key: lab:wg }
${seals}
${overlay === '' ? '' : `overlay: ${overlay}`}
tenants:
${tenants ?? STRETCHED}
${intents === '' ? '' : `intents:\n${intents}`}
`
const STRETCHED = `  shop:
    l3vni: 50001
    networks:
      web: { vni: 10010, gateways: [10.1.0.1/24] }
      db: { vni: 10020, gateways: [10.1.1.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
      db1: { at: leaf3, network: db }`
const apart = (seal: string): string => `  shop:
    seal: ${seal}
    l3vni: 50001
    networks:
      web: { vni: 10010, gateways: [10.1.0.1/24] }
      db: { vni: 10020, gateways: [10.1.1.1/24] }
    hosts: { web1: { at: leaf1, network: web }, db1: { at: leaf3, network: db } }`
const sealed = (seal: string): string => STRETCHED.replace('    l3vni', `    seal: ${seal}\n    l3vni`)

const judged = (parts: Parts) => {
  const { result, marks } = readMarked(file(parts))
  return { ...result, marks }
}
const sealOf = (parts: Parts) => judged(parts).fabric?.tenants.map(({ seal }) => seal?.name)

describe('[Z11] the seal of a tenant', () => {
  test('is its own, that of all tenants, or none', () => {
    expect(sealOf({})).toEqual([undefined])
    expect(sealOf({ tenants: sealed('mac') })).toEqual(['mac'])
    expect(sealOf({ overlay: '{ seal: mac }' })).toEqual(['mac'])
    expect(sealOf({ overlay: '{ seal: wg }', tenants: sealed('mac') })).toEqual(['mac'])
    expect(sealOf({ overlay: '{ seal: mac }', tenants: sealed('none') })).toEqual([undefined])
  })

  test('is not that of a tenant in the underlay, which all others may have', () => {
    const outside = '  out: { vrf: underlay, networks: { a: { gateways: [198.18.1.1/24], at: leaf1 } } }'
    const parts = { overlay: '{ seal: mac }', tenants: `${STRETCHED}\n${outside}` }
    expect(sealOf(parts)).toEqual([undefined, 'mac'])
  })

  test('comes from a builder as from a file', () => {
    const fabric = defineFabric('built', (f) => {
      f.underlay({ loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' })
      f.link(f.leaves('leaf[1-2]'), f.spines('spine1'))
      f.overlay({ seal: f.seal('all', { macsec: 'gcm-aes-256', key: 'lab:all' }), vnis: '100-200' })
      const own = f.seal('own', { wireguard: true, key: 'lab:own' })
      const shop = f.tenant('shop', { seal: own })
      shop.host('web1', shop.network('web', { vni: 10, gateways: ['10.1.0.1/24'] }), { at: 'leaf1' })
      const bank = f.tenant('bank')
      const web = bank.network('web', { vni: 20, gateways: ['10.1.0.1/24'] })
      for (const n of [1, 2]) bank.host(`web${n}`, web, { at: `leaf${n}` })
      f.encryptTenants('sealed', 'bank')
    })
    expect(fabric.tenants.map(({ name, seal }) => [name, seal?.name])).toEqual([
      ['bank', 'all'],
      ['shop', 'own'],
    ])
    expect(fabric.tunnelVnis).toEqual({ first: 100, last: 200 })
    expect(fabric.intents[0]).toMatchObject({ kind: 'encrypt', tenants: ['bank'], by: 'macsec' })
  })

  test.each<readonly [string, Parts, string]>([
    ['of an unknown name', { tenants: sealed('¦lost') }, 'ZT_FABRIC_UNKNOWN_NAME'],
    ['of an unknown name, of all', { overlay: '{ seal: ¦lost }' }, 'ZT_FABRIC_UNKNOWN_NAME'],
    [
      'of a tenant in the underlay',
      {
        tenants:
          '  out: { vrf: underlay, seal: ¦mac, networks: { a: { gateways: [198.18.1.1/24], at: leaf1 } } }',
      },
      'ZT_FABRIC_SEAL',
    ],
    [
      'whose tags say end-station, for hosts do not end there',
      { seals: '  es: { macsec: gcm-aes-128, tag: end-station, key: lab:es }', tenants: sealed('¦es') },
      'ZT_FABRIC_SEAL',
    ],
    [
      'that is WireGuard, of a network on two leaves',
      { tenants: sealed('wg').replace('      web: {', '      ¦web: {') },
      'ZT_FABRIC_SEAL',
    ],
    [
      'that is WireGuard, of an anycast network',
      {
        tenants: apart('wg').replace(
          '      db: { vni: 10020, gateways: [10.1.1.1/24] }',
          '      ¦db: { anycast: true, at: [leaf2, leaf3], gateways: [10.1.1.1/24] }',
        ),
      },
      'ZT_FABRIC_SEAL',
    ],
    ['that is called none', { seals: '  ¦none: { wireguard: true, key: lab:none }' }, 'ZT_FABRIC_NAME_CLASH'],
    ['with VNIs backwards', { overlay: '{ seal: mac, vnis: ¦20-10 }' }, 'ZT_FABRIC_VALUE'],
    ['with VNIs beyond 24 bits', { overlay: '{ seal: mac, vnis: ¦10-16777216 }' }, 'ZT_FABRIC_VALUE'],
    [
      'with fewer VNIs than tunnels, one being taken',
      { overlay: '{ seal: mac, vnis: ¦10017-10020 }' },
      'ZT_FABRIC_POOL_EXHAUSTED',
    ],
  ])('%s is refused', (_, parts, code) => {
    const { problems, marks } = judged(parts)
    expect(places(problems)).toEqual([`${code} ${marks[0]}`])
    expect(problems?.[0]?.remedy).not.toBe('')
  })

  test('has a VNI for each two leaves of each network and of the VRF', () => {
    // One of web, and three of the VRF.
    expect(judged({ overlay: '{ seal: mac, vnis: 10017-10021 }' }).fabric).toBeDefined()
  })

  test('that is WireGuard says why a network cannot be stretched, and what to do', () => {
    const [problem] = judged({ tenants: sealed('wg') }).problems ?? []
    expect(problem?.reason).toBe(
      'shop/web is on leaf1 and leaf2, and WireGuard carries packets and bridges no frames',
    )
    expect(problem?.remedy).toBe('give each leaf a network of its own, or the tenant a MACsec seal')
  })

  test('that is WireGuard needs leaves whose names are no words of its keys', () => {
    const text = file({ tenants: apart('¦wg') })
      .replaceAll('leaf3', 'psk')
      .replace('"leaf[1-3]"', '"leaf[1-2]": { role: leaf }, psk')
    const { result, marks } = readMarked(text.replace('"leaf*"', '["leaf*", psk]'))
    expect(places(result.problems)).toEqual([`ZT_FABRIC_NAME_CLASH ${marks[0]}`])
  })

  test.each<readonly [string, Parts, string]>([
    [
      'of a tenant on one leaf',
      { tenants: apart('¦mac').replace('at: leaf3', 'at: leaf1') },
      'ZT_FABRIC_LINT_IDLE',
    ],
    [
      'with a window of 0, where frames take several ways',
      { seals: '  narrow: { macsec: gcm-aes-128, replayWindow: ¦0, key: lab:n }', tenants: sealed('narrow') },
      'ZT_FABRIC_LINT_SEAL',
    ],
  ])('%s is warned of', (_, parts, code) => {
    const { fabric, warnings, marks } = judged(parts)
    expect(fabric).toBeDefined()
    expect(places(warnings)).toEqual([`${code} ${marks[0]}`])
  })

  test('with a window of 0 is sound where there is one way', () => {
    const seals = '  narrow: { macsec: gcm-aes-128, replayWindow: 0, key: lab:n }'
    const { fabric, warnings } = judged({
      seals,
      tenants: sealed('narrow'),
      links: '{ from: "leaf*", to: spine1 }',
    })
    expect(fabric).toBeDefined()
    expect(warnings).toEqual([])
  })
})

describe('the MTU of a sealed tenant', () => {
  const web = (mtu: number, seal: string): string =>
    apart(seal).replace('{ vni: 10010,', `{ vni: 10010, mtu: ${mtu},`)

  test.each([
    ['mac', 1618, 'seal mac', 32],
    ['wg', 1590, 'seal wg', 60],
    ['none', 1650, undefined, 0],
  ] as const)('with %s is at most %i over 1700: what layers add is named', (seal, most, layer, adds) => {
    expect(judged({ tenants: web(most, seal) }).problems).toBeUndefined()
    const { problems, marks } = judged({ tenants: web(most + 3, seal).replace('mtu: ', 'mtu: ¦') })
    expect(places(problems).map((place) => place.split(' ')[0])).toEqual(['ZT_FABRIC_MTU'])
    expect(marks).toHaveLength(1)
    const sum = layer === undefined ? '' : ` + ${adds} of ${layer}`
    expect(problems?.[0]?.reason).toBe(
      `shop/web has an MTU of ${most + 3},${sum} + 50 of VXLAN over IPv4 is 1703; the underlay has 1700, 3 octets too few`,
    )
    expect(problems?.[0]?.remedy).toBe(`raise underlay.mtu to 1703, or write an mtu of at most ${most} here`)
  })
})

describe('[Z11] an intent that tenants are encrypted', () => {
  const intent = (text: string): string => `  sealed: { encrypt: ${text} }`

  test('is about them on all links, by the seal that they have', () => {
    const { fabric } = judged({ overlay: '{ seal: mac }', intents: intent('{ tenants: "*" }') })
    expect(fabric?.intents[0]).toMatchObject({ tenants: ['shop'], by: 'macsec' })
    expect(fabric?.intents[0]).toHaveProperty('links.length', 6)
  })

  test.each<readonly [string, Parts, string]>([
    ['of a tenant without seal', { intents: intent('{ tenants: ¦shop }') }, 'ZT_FABRIC_INTENT_CONTRADICTION'],
    [
      'by another kind of seal',
      { overlay: '{ seal: mac }', intents: intent('{ tenants: shop, by: ¦wireguard }') },
      'ZT_FABRIC_INTENT_CONTRADICTION',
    ],
    [
      'of nobody',
      { overlay: '{ seal: mac }', intents: intent('{ tenants: ¦lost }') },
      'ZT_FABRIC_UNKNOWN_NAME',
    ],
    [
      'and links at once',
      { overlay: '{ seal: mac }', intents: intent('¦{ tenants: shop, links: "*--*" }') },
      'ZT_FABRIC_INTENT',
    ],
    ['and nothing at all', { intents: intent('¦{ by: macsec }') }, 'ZT_FABRIC_INTENT'],
    [
      'whose seal lets clear frames by',
      {
        seals: '  soft: { macsec: gcm-aes-128, mode: check, key: lab:s }',
        overlay: '{ seal: soft }',
        intents: intent('{ tenants: ¦shop }'),
      },
      'ZT_FABRIC_INTENT_CONTRADICTION',
    ],
    [
      'of links whose seal encrypts nothing',
      {
        seals: '  bare: { macsec: gcm-aes-128, confidentiality: none, key: lab:b }',
        links: '{ from: "leaf*", to: "spine*", seal: bare }',
        intents: intent('{ links: ¦"*--*" }'),
      },
      'ZT_FABRIC_INTENT_CONTRADICTION',
    ],
  ])('%s is refused', (_, parts, code) => {
    const { problems, marks } = judged(parts)
    expect(places(problems)).toEqual([`${code} ${marks[0]}`])
  })
})
