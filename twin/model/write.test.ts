import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FabricFile } from '../../contract/fabric.js'
import {
  defineFabric,
  exportFabric,
  exportMapping,
  importMapping,
  loadFabric,
  parseFabric,
  reviseFabric,
  writeFabric,
  type Fabric,
  type LoadResult,
} from './index.js'

const text = readFileSync(new URL('../../topologies/demo.yaml', import.meta.url), 'utf8')
const demo = sound(parseFabric(text, 'demo.yaml'))

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('it is not there')
  return value
}

function sound({ fabric, problems }: LoadResult): Fabric {
  expect(problems).toBeUndefined()
  return present(fabric)
}

/** A fabric without what only says where it stands. */
function meaning({ sources: _, intents, ...fabric }: Fabric): unknown {
  return { ...fabric, intents: intents.map(({ at: _at, ...intent }) => intent) }
}

function revised(change: (file: FabricFile) => void): { readonly fabric: Fabric; readonly text: string } {
  const file = structuredClone(demo.file)
  change(file)
  const fabric = sound(reviseFabric(demo, file))
  return { fabric, text: writeFabric(fabric)[0]?.text ?? '' }
}

function tenantOf(file: FabricFile, name: string) {
  return present(file.tenants?.[name])
}

describe('writing', () => {
  test('gives back what was read, octet for octet', () => {
    expect(writeFabric(demo)).toEqual([{ name: 'demo.yaml', text }])
    expect(writeFabric(sound(reviseFabric(demo, demo.file)))).toEqual([{ name: 'demo.yaml', text }])
  })

  test('a changed value changes its line alone', () => {
    const changed = revised((file) => {
      file.underlay.mtu = 1650
    })
    expect(changed.text).toBe(text.replace('mtu: 1700', 'mtu: 1650'))
    expect(changed.fabric.underlay.mtu).toBe(1650)
  })

  test('an added host goes behind the others, and comments and order stay', () => {
    const changed = revised((file) => {
      tenantOf(file, 'shop').hosts = {
        ...tenantOf(file, 'shop').hosts,
        web4: { at: 'leaf2', network: 'web' },
      }
    })
    const line = '      db2: { at: leaf3, network: db }\n'
    const first = text.indexOf(line) + line.length
    expect(changed.text).toBe(
      `${text.slice(0, first)}      web4: { at: leaf2, network: web }\n${text.slice(first)}`,
    )
  })

  test('what is taken out goes, and nothing else', () => {
    const changed = revised((file) => {
      delete file.intents?.['one-cut']
      delete tenantOf(file, 'shop').hosts?.['web3']
    })
    expect(changed.text).toBe(
      text
        .split('\n')
        .filter((line) => !/^\s+(?:one-cut|web3):/.test(line))
        .join('\n'),
    )
  })

  test('a list grows, shrinks and changes in place', () => {
    const grown = revised((file) => {
      file.links = [...(file.links ?? []), { from: 'leaf9', to: 'spine1' }]
      file.nodes['leaf9'] = { role: 'leaf' }
    })
    expect(grown.text).toContain(
      '  - { from: "leaf[1-3]", to: "spine[1-2]", seal: core }\n  - { from: leaf9, to: spine1 }\n',
    )
    expect(grown.text).toContain('  leaf[1-3]: { role: leaf }\n  leaf9: { role: leaf }\n')
    const file = structuredClone(grown.fabric.file)
    file.links = file.links?.slice(0, 1) ?? []
    const shrunk = writeFabric(sound(reviseFabric(grown.fabric, file)))[0]?.text
    expect(shrunk).toBe(grown.text.replace('  - { from: leaf9, to: spine1 }\n', ''))
  })

  test('a change that makes no sound fabric is refused, with places in the new text', () => {
    const file = structuredClone(demo.file)
    tenantOf(file, 'bank').l3vni = 50001
    const { problems } = reviseFabric(demo, file)
    expect(problems?.map(({ code, at }) => `${code} ${at.file}:${at.start.line}`)).toEqual([
      'ZT_FABRIC_VNI_CLASH demo.yaml:38',
    ])
  })

  test('each part goes to the file where it is', () => {
    const files: Record<string, string> = {
      'a/main.yaml': `${text.replace(/^tenants:[^]*?(?=^intents)/m, '')}include: [tenants/*.yaml]\n`,
      'a/tenants/all.yaml': /^tenants:[^]*?(?=^intents)/m.exec(text)?.[0] ?? '',
    }
    const options = {
      read: (file: string): string => present(files[file]),
      list: (): string[] => ['all.yaml'],
    }
    const fabric = sound(loadFabric('a/main.yaml', options))
    expect(meaning(fabric)).toEqual({ ...(meaning(demo) as object), file: fabric.file })
    const file = structuredClone(fabric.file)
    tenantOf(file, 'shop').l3vni = 60001
    file.tenants = {
      ...file.tenants,
      third: { networks: { a: { vni: 9, subnet: '10.0.0.0/24', at: 'leaf1' } } },
    }
    file.underlay.mtu = 1650
    const written = writeFabric(sound(reviseFabric(fabric, file)))
    expect(written.map(({ name }) => name)).toEqual(['main.yaml', 'tenants/all.yaml'])
    expect(written[0]?.text).toBe(files['a/main.yaml']?.replace('mtu: 1700', 'mtu: 1650'))
    const third = '  third:\n    networks:\n      a: { vni: 9, subnet: 10.0.0.0/24, at: leaf1 }\n'
    expect(written[1]?.text.trimEnd()).toBe(
      `${files['a/tenants/all.yaml']?.replace('50001', '60001').trimEnd()}\n${third}`.trimEnd(),
    )
  })
})

describe('JSON', () => {
  test('loses nothing', () => {
    const json = JSON.stringify(exportFabric(demo))
    const again = sound(parseFabric(json, 'demo.json'))
    expect(meaning(again)).toEqual(meaning(demo))
    expect(JSON.stringify(exportFabric(again))).toBe(json)
    expect(meaning(sound(parseFabric(JSON.stringify(exportFabric(demo), null, 2), 'demo.json')))).toEqual(
      meaning(demo),
    )
  })

  test('is a copy', () => {
    exportFabric(demo).underlay.mtu = 1
    expect(demo.file.underlay.mtu).toBe(1700)
  })
})

describe('the mapping of VLAN, VNI and VRF', () => {
  test('says all numbers and nothing else', () => {
    expect(exportMapping(demo)).toEqual({
      format: 'ztos-vni-mapping',
      version: 1,
      fabric: 'demo',
      vrfs: [
        {
          vrf: 'bank',
          l3vni: 50002,
          networks: [
            { name: 'db', vlan: 20, vni: 20020 },
            { name: 'sync', vlan: 30, vni: 20030 },
            { name: 'web', vlan: 10, vni: 20010 },
          ],
        },
        {
          vrf: 'shop',
          l3vni: 50001,
          networks: [
            { name: 'db', vlan: 20, vni: 10020 },
            { name: 'web', vlan: 10, vni: 10010 },
          ],
        },
      ],
    })
  })

  test('given back changes nothing', () => {
    const mapping = JSON.stringify(exportMapping(demo))
    expect(writeFabric(sound(importMapping(demo, mapping, 'map.json')))).toEqual(writeFabric(demo))
  })

  test('given to a fabric with other numbers gives it these, whatever they are', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 0xffffff }), { minLength: 7, maxLength: 7 })
    const vlans = fc.uniqueArray(fc.option(fc.integer({ min: 1, max: 4094 }), { nil: undefined }), {
      minLength: 5,
      maxLength: 5,
    })
    fc.assert(
      fc.property(numbers, vlans, fc.boolean(), ([a = 0, b = 0, ...rest], ids, withoutVlans) => {
        const mapping = exportMapping(demo)
        const networks = mapping.vrfs.flatMap((vrf) => vrf.networks)
        for (const [i, network] of networks.entries()) {
          network.vni = rest[i] ?? 0
          const vlan = ids[i]
          if (withoutVlans || vlan === undefined) delete network.vlan
          else network.vlan = vlan
        }
        for (const [i, vrf] of mapping.vrfs.entries()) vrf.l3vni = i === 0 ? a : b
        const fabric = sound(importMapping(demo, JSON.stringify(mapping), 'map.json'))
        expect(exportMapping(fabric)).toEqual(mapping)
      }),
      { numRuns: 25 },
    )
  })

  test.each([
    ['a tenant that is not there', { vrf: 'shopp', networks: [] }, 'ZT_FABRIC_UNKNOWN_NAME', '"shopp"'],
    [
      'a network that is not there',
      { vrf: 'shop', networks: [{ name: 'wep', vni: 1 }] },
      'ZT_FABRIC_UNKNOWN_NAME',
      '"wep"',
    ],
    ['no number', { vrf: 'shop', networks: [{ name: 'web' }] }, 'ZT_FABRIC_MISSING_KEY', '{"name":"web"}'],
    ['an unknown key', { vrf: 'shop', networks: [], nets: [] }, 'ZT_FABRIC_UNKNOWN_KEY', '"nets"'],
  ])('with %s is refused with its place', (_, vrf, code, place) => {
    const json = JSON.stringify({ format: 'ztos-vni-mapping', version: 1, fabric: 'demo', vrfs: [vrf] })
    const { problems } = importMapping(demo, json, 'map.json')
    expect(
      problems?.map((problem) => `${problem.code} ${problem.at.file} ${problem.at.start.column}`),
    ).toEqual([`${code} map.json ${json.indexOf(place) + 1}`])
  })

  test('that clashes is refused with the place in the fabric', () => {
    const mapping = exportMapping(demo)
    for (const network of mapping.vrfs.flatMap((vrf) => vrf.networks)) network.vni = 7
    const { problems } = importMapping(demo, JSON.stringify(mapping), 'map.json')
    expect(new Set(problems?.map(({ code, at }) => `${code} ${at.file}`))).toEqual(
      new Set(['ZT_FABRIC_VNI_CLASH demo.yaml']),
    )
  })

  test('that is no JSON is refused', () => {
    expect(importMapping(demo, '{', 'map.json').problems?.[0]?.code).toBe('ZT_FABRIC_YAML_SYNTAX')
    expect(importMapping(demo, new Uint8Array([0xff]), 'map.json').problems?.[0]?.code).toBe(
      'ZT_FABRIC_ENCODING',
    )
  })
})

describe.each(['drained', 'pop-anycast'])('topologies/%s.yaml', (name) => {
  const own = readFileSync(new URL(`../../topologies/${name}.yaml`, import.meta.url), 'utf8')
  const fabric = sound(parseFabric(own, 'own.yaml'))

  test('is given back octet for octet, and means the same when printed anew and as JSON', () => {
    expect(writeFabric(sound(reviseFabric(fabric, fabric.file)))).toEqual([{ name: 'own.yaml', text: own }])
    expect(meaning(defineFabric(fabric.file))).toEqual(meaning(fabric))
    const json = JSON.stringify(exportFabric(fabric))
    expect(meaning(sound(parseFabric(json, 'own.json')))).toEqual(meaning(fabric))
  })

  test('a statement that is added to a policy goes to its place, and comments stay', () => {
    const file = structuredClone(fabric.file)
    const [first] = Object.keys(file.policies ?? {})
    const policy = present(file.policies?.[present(first)])
    policy.statements.push({ match: { communities: ['65000:7'] }, action: 'reject' })
    const changed = sound(reviseFabric(fabric, file))
    const text = writeFabric(changed)[0]?.text ?? ''
    expect(text.match(/#.*/g)).toEqual(own.match(/#.*/g))
    expect(text.split('\n').length - own.split('\n').length).toBeLessThan(2)
    const statements = changed.policies.find((one) => one.name === first)?.statements
    expect(statements?.at(-1)).toMatchObject({ communities: ['65000:7'], action: 'reject' })
  })

  test('its mapping has the networks with a VNI and no others, and changes nothing when it is given back', () => {
    const mapping = exportMapping(fabric)
    const named = mapping.vrfs.flatMap(({ networks }) => networks)
    expect(named).toHaveLength(
      fabric.tenants.flatMap(({ networks }) => networks).filter(({ vni }) => vni !== undefined).length,
    )
    expect(meaning(sound(importMapping(fabric, JSON.stringify(mapping), 'mapping.json')))).toEqual(
      meaning(fabric),
    )
  })
})
