/** A fabric and its numbers, out of the library and in again, with what the package exports alone. */
import { expect, test } from 'vitest'
import {
  compile,
  exportFabric,
  exportMapping,
  importMapping,
  loadFabric,
  parseFabric,
  planDigest,
  reviseFabric,
} from 'ztos-twin'
import type { Fabric } from 'ztos-twin'

const { fabric: demo } = loadFabric('topologies/demo.yaml')
const digestOf = (fabric: Fabric | undefined) =>
  fabric === undefined ? undefined : planDigest(compile(fabric))

test('a fabric as JSON compiles to the same programs', () => {
  const { fabric } = parseFabric(JSON.stringify(exportFabric(demo!)), 'demo.json')
  // Intents differ: they say at which line of which file they stand.
  expect(compile(fabric!).nodes).toEqual(compile(demo!).nodes)
})

test('[Z04] a mapping comes back without loss; numbers of it that somebody changed are in the plan, and nowhere else', () => {
  const mapping = exportMapping(demo!)
  expect(digestOf(importMapping(demo!, JSON.stringify(mapping), 'map.json').fabric)).toBe(digestOf(demo))
  const [first] = mapping.vrfs
  const changed = JSON.stringify(mapping).replace(`"vni":${first!.networks[0]!.vni}`, '"vni":4711')
  const { fabric } = importMapping(demo!, changed, 'map.json')
  expect(exportMapping(fabric!).vrfs[0]!.networks[0]!.vni).toBe(4711)
  expect(digestOf(fabric)).not.toBe(digestOf(demo))
})

test('a revised fabric with a mistake is refused by its place', () => {
  const file = exportFabric(demo!)
  const { fabric, problems } = reviseFabric(demo!, { ...file, underlay: { ...file.underlay, mtu: 1 } })
  expect(fabric).toBeUndefined()
  expect(problems?.[0]).toMatchObject({ code: expect.stringMatching(/^ZT_FABRIC_/) as string })
})
