import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadFabric, writeFabric, type LoadResult } from './index.js'

const main = `ztos: 1
name: split
include: [tenants/*.yaml, intents.yaml]
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24 }
nodes:
  spine1: { role: spine }
  leaf[1-2]: { role: leaf }
links:
  - { from: "leaf*", to: spine1 }
`
const tenant = (name: string, vni: number): string => `ztos: 1
tenants:
  ${name}:
    networks:
      a: { vni: ${vni}, gateways: [10.0.0.1/24] }
    hosts:
      a1: { at: leaf1, network: a }
      a2: { at: leaf2, network: a }
`
const intents = `intents:
  pair: { reach: { from: red/a1, to: red/a2 } }
`
const files = {
  'fabrics/main.yaml': main,
  'fabrics/tenants/red.yaml': tenant('red', 1),
  'fabrics/tenants/blue.yaml': tenant('blue', 2),
  'fabrics/intents.yaml': intents,
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('it is not there')
  return value
}

/** Reads from a map of names to texts instead of the disk. */
function load(texts: Readonly<Record<string, string>>, file = 'fabrics/main.yaml'): LoadResult {
  return loadFabric(file, {
    read: (name) => {
      const text = texts[name]
      if (text === undefined) throw new Error('no such file')
      return text
    },
    list: (folder) => {
      const inside = Object.keys(texts).filter(
        (name) => path.posix.dirname(name) === path.posix.normalize(folder),
      )
      if (inside.length === 0) throw new Error('no such folder')
      return inside.map((name) => path.posix.basename(name))
    },
  })
}

function codes(result: LoadResult): readonly string[] {
  return (result.problems ?? []).map(
    ({ code, at, related }) =>
      `${code} ${at.file}:${at.start.line}:${at.start.column}` +
      related.map((other) => ` (${other.at.file}:${other.at.start.line}:${other.at.start.column})`).join(''),
  )
}

describe('include', () => {
  test('puts fragments together', () => {
    const { fabric } = load(files)
    expect(fabric?.tenants.map(({ name }) => name)).toEqual(['blue', 'red'])
    expect(fabric?.intents.map(({ name, at }) => `${name} ${at.file}`)).toEqual(['pair fabrics/intents.yaml'])
    expect(fabric?.sources.map(({ name }) => name)).toEqual([
      'main.yaml',
      'tenants/blue.yaml',
      'tenants/red.yaml',
      'intents.yaml',
    ])
    expect(writeFabric(present(fabric)).map(({ text }) => text)).toEqual([
      main,
      tenant('blue', 2),
      tenant('red', 1),
      intents,
    ])
  })

  test('gives the same fabric from another folder and by a longer name', () => {
    const elsewhere = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`/srv/x/${name}`, text]),
    )
    const names = (result: LoadResult) => result.fabric?.sources.map(({ name }) => name)
    expect(names(load(elsewhere, '/srv/x/fabrics/main.yaml'))).toEqual(names(load(files)))
  })

  test('what is given twice is refused with both places', () => {
    const again = { ...files, 'fabrics/tenants/red2.yaml': tenant('red', 3) }
    expect(codes(load(again))).toEqual([
      'ZT_FABRIC_GIVEN_TWICE fabrics/tenants/red2.yaml:3:3 (fabrics/tenants/red.yaml:3:3)',
    ])
    const named = { ...files, 'fabrics/intents.yaml': `name: other\n${intents}` }
    expect(codes(load(named))).toEqual([
      'ZT_FABRIC_GIVEN_TWICE fabrics/intents.yaml:1:1 (fabrics/main.yaml:2:1)',
    ])
  })

  test('a problem names the fragment that it is in', () => {
    const clash = { ...files, 'fabrics/tenants/red.yaml': tenant('red', 2) }
    expect(codes(load(clash))).toEqual([
      'ZT_FABRIC_VNI_CLASH fabrics/tenants/red.yaml:5:17 (fabrics/tenants/blue.yaml:5:17)',
    ])
  })

  test.each([
    ['a glob that matches nothing', 'more/*.yaml', 'ZT_FABRIC_INCLUDE fabrics/main.yaml:3:11'],
    ['a file that is not there', 'more.yaml', 'ZT_FABRIC_FILE fabrics/main.yaml:3:11'],
    ['an absolute name', '/etc/passwd', 'ZT_FABRIC_INCLUDE fabrics/main.yaml:3:11'],
    ['a glob over folders', '**/x.yaml', 'ZT_FABRIC_INCLUDE fabrics/main.yaml:3:11'],
    ['the file itself', 'main.yaml', 'ZT_FABRIC_INCLUDE fabrics/main.yaml:3:11'],
  ])('%s is refused where it is included', (_, name, expected) => {
    const changed = { ...files, 'fabrics/main.yaml': main.replace('tenants/*.yaml', `"${name}"`) }
    expect(codes(load(changed))).toEqual([expected])
  })

  test('a fragment that includes its includer is refused', () => {
    const loop = { ...files, 'fabrics/intents.yaml': `include: [main.yaml]\n${intents}` }
    expect(codes(load(loop))).toEqual(['ZT_FABRIC_INCLUDE fabrics/intents.yaml:1:11'])
  })

  test('more files than anyone needs are refused', () => {
    const many = Object.fromEntries(
      Array.from({ length: 70 }, (_, i) => [`fabrics/tenants/t${i}.yaml`, tenant(`t${i}`, i + 10)]),
    )
    expect(codes(load({ ...files, ...many }))[0]).toBe('ZT_FABRIC_INCLUDE fabrics/main.yaml:3:11')
  })

  test('the wrong shape of a fragment is a problem of the fragment', () => {
    expect(codes(load({ ...files, 'fabrics/intents.yaml': '- a\n' }))).toEqual([
      'ZT_FABRIC_TYPE fabrics/intents.yaml:1:1',
    ])
  })
})

describe('files on disk', () => {
  test('a file that is not there is a problem', () => {
    expect(codes(loadFabric('does/not/exist.yaml'))).toEqual(['ZT_FABRIC_FILE does/not/exist.yaml:1:1'])
  })

  test('a file without end is read no further than the limit', () => {
    expect(codes(loadFabric('/dev/zero'))).toEqual(['ZT_FABRIC_TOO_LARGE /dev/zero:1:1'])
  })

  test.each(['demo', 'demo-clear', 'demo-v6', 'two-leaves'])(
    'topologies/%s.yaml is a sound fabric',
    (name) => {
      const { fabric, problems } = loadFabric(
        path.join(import.meta.dirname, '..', '..', 'topologies', `${name}.yaml`),
      )
      expect(problems).toBeUndefined()
      expect(fabric?.name).toBe(name)
    },
  )
})
