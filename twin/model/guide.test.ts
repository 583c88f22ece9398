import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { FabricFile } from '../../contract/fabric.js'
import { defineFabric } from './index.js'

/** What examples leave out. */
const REST: FabricFile = {
  ztos: 1,
  name: 'guide',
  underlay: { loopbacks: '10.255.0.0/24', links: '10.254.0.0/23', control: 'bgp' },
  nodes: { 'spine[1-2]': { role: 'spine' }, 'leaf[1-3]': { role: 'leaf' } },
  links: [{ from: 'leaf*', to: 'spine*' }],
}

function examplesOf(page: string): readonly (readonly [number, string])[] {
  const text = readFileSync(new URL(`../../docs/guide/${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map((found, i) => [i + 1, found[1] ?? ''])
}

describe.each(['fabric-file.md', 'control-plane.md'])('the guide, %s', (page) => {
  test('has examples', () => {
    expect(examplesOf(page).length).toBeGreaterThan(0)
  })

  test.each(examplesOf(page))('example %i is sound', (_, example) => {
    const data = parse(example) as Partial<FabricFile>
    const fabric = defineFabric({ ...REST, ...data })
    expect(fabric.nodes.length).toBeGreaterThan(0)
    for (const key of Object.keys(data)) expect(Object.keys(fabric.file)).toContain(key)
  })
})
