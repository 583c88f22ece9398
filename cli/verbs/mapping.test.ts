import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { VniMapping } from '../../contract/fabric.js'
import { Plan } from '../../contract/plan.js'
import { ztos } from '../testdata/call.js'

const FILE = 'topologies/demo.yaml'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-mapping-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}
/** Without intents, which say where they stand. */
async function programsOf(file: string): Promise<unknown> {
  return Plan.parse((await ztos('plan', file, '--json')).json()).nodes
}
async function mappingOf(file: string): Promise<VniMapping> {
  return VniMapping.parse((await ztos('mapping', file, '--json')).json())
}

describe('[Z04] the mapping of a fabric file', () => {
  test('names every VRF and network with its numbers', async () => {
    const { status, stdout } = await ztos('mapping', FILE)
    expect(status).toBe(0)
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/).join(' '))).toEqual([
      'vrf network vlan vni',
      ...(await mappingOf(FILE)).vrfs.flatMap(({ vrf, l3vni, networks }) => [
        `${vrf} ${l3vni ?? '-'}`,
        ...networks.map(({ name, vlan, vni }) => `${vrf} ${name} ${vlan ?? '-'} ${vni}`),
      ]),
      '',
    ])
    // As the file has them.
    expect(readFileSync(FILE, 'utf8')).toMatch(/web: \{ vlan: 10, vni: 10010/)
    expect((await mappingOf(FILE)).vrfs.find(({ vrf }) => vrf === 'shop')).toMatchObject({
      l3vni: 50001,
      networks: expect.arrayContaining([{ name: 'web', vlan: 10, vni: 10010 }]) as unknown,
    })
  })

  test('goes out and in again by the command without loss: the file is the same, octet for octet', async () => {
    const map = written('map.json', (await ztos('mapping', FILE, '--json')).stdout)
    const { status, stdout, stderr } = await ztos('mapping', FILE, '--import', map)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toBe(readFileSync(FILE, 'utf8'))
  })

  test('restores what was changed or taken away, and as JSON too', async () => {
    const right = await mappingOf(FILE)
    const map = written('map.json', JSON.stringify(right))
    const others = {
      ...right,
      vrfs: right.vrfs.map(({ vrf, l3vni, networks }) => ({
        vrf,
        ...(l3vni === undefined ? {} : { l3vni: l3vni + 4000 }),
        networks: networks.map(({ name, vni }) => ({ name, vni: vni + 4000 })),
      })),
    }
    const stripped = await ztos('mapping', FILE, '--import', written('others.json', JSON.stringify(others)))
    const changed = written('changed.yaml', stripped.stdout)
    // Without VLANs: of a network that it names, nothing is left that it leaves out.
    expect(await mappingOf(changed)).toEqual(others)
    expect(await programsOf(changed)).not.toEqual(await programsOf(FILE))
    const back = await ztos('mapping', changed, '--import', map)
    expect(await mappingOf(written('back.yaml', back.stdout))).toEqual(right)
    expect(await programsOf(written('back.yaml', back.stdout))).toEqual(await programsOf(FILE))
    const json = await ztos('mapping', changed, '--import', map, '--json')
    expect(await mappingOf(written('back.json', json.stdout))).toEqual(right)
  })

  test('numbers of it that somebody changed are in the plan', async () => {
    const text = (await ztos('mapping', FILE, '--json')).stdout.replace('10010', '4711')
    const { stdout } = await ztos('mapping', FILE, '--import', written('map.json', text))
    const plan = await ztos('plan', written('changed.yaml', stdout), '--json')
    expect(plan.stdout).toContain('"vni": 4711')
    expect(plan.stdout).not.toContain('"vni": 10010')
  })

  test.each<[string, string, string, RegExp]>([
    ['a VRF that the fabric has not', '"shop"', '"shoop"', /ZT_FABRIC_UNKNOWN_NAME.*shoop is no tenant/s],
    ['a VNI twice', '10020', '10010', /ZT_FABRIC_\w+/],
    ['what is no mapping', '"ztos-vni-mapping"', '"another"', /ZT_FABRIC_\w+/],
    ['what is no JSON', '{', '', /ZT_FABRIC_\w+/],
  ])('%s is refused with its place, and nothing is printed', async (_what, find, replace, said) => {
    const text = (await ztos('mapping', FILE, '--json')).stdout.replace(find, replace)
    const { status, stdout, stderr } = await ztos('mapping', FILE, '--import', written('map.json', text))
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(said)
    expect(stderr).toMatch(/map\.json|demo\.yaml/)
  })

  test('a file that is not there is said to be so', async () => {
    const { status, stderr } = await ztos('mapping', FILE, '--import', path.join(folder, 'none.json'))
    expect(status).toBe(2)
    expect(stderr).toContain('none.json')
  })
})
