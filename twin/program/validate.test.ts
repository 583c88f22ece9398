import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { NodeProgram } from '../../contract/program.js'
import { parseFabric } from '../model/index.js'
import { compile, validateProgram } from './index.js'

const text = readFileSync(new URL('../../topologies/demo.yaml', import.meta.url))
const { fabric } = parseFabric(text, 'demo.yaml')
if (fabric === undefined) throw new TypeError('the fabric is not sound')
const [leaf1] = compile(fabric).nodes
if (leaf1 === undefined) throw new TypeError('the plan is empty')
const { program: sound } = leaf1

/** A program as JSON, to be changed in ways that its types forbid and its schema allows. */
type Item = Record<string, unknown>
interface Loose {
  readonly vrfs: Item[]
  readonly interfaces: Item[]
  readonly tables: Readonly<Record<'routes' | 'groups' | 'neighbours' | 'fdb' | 'flood', Item[]>>
}

function changed(change: (program: Loose) => void): NodeProgram {
  const copy = structuredClone(sound) as unknown as Loose
  change(copy)
  return NodeProgram.parse(copy)
}

function named(items: readonly Item[], name: string): Item {
  const found = items.find((item) => item['name'] === name)
  if (found === undefined) throw new TypeError(`there is no ${name} to change`)
  return found
}

function first(items: unknown, i = 0): Item {
  const found = (items as Item[])[i]
  if (found === undefined) throw new TypeError('there is nothing to change')
  return found
}

function set(item: Item, values: Item): void {
  Object.assign(item, values)
}

function repeat(items: unknown): void {
  ;(items as Item[]).push(first(items))
}

describe('a program', () => {
  test('that was compiled has no problem', () => {
    expect(validateProgram(sound)).toEqual([])
  })

  test('[CTRL-7] whose routes follow a kernel has none either', () => {
    const following = NodeProgram.parse({ ...sound, kernelRoutes: true })
    expect(following.kernelRoutes).toBe(true)
    expect(validateProgram(following)).toEqual([])
    expect(NodeProgram.safeParse({ ...sound, kernelRoutes: false }).success).toBe(false)
  })

  test.each<[string, string, (program: Loose) => void]>([
    [
      'an id used twice',
      'ZT_PROGRAM_DUPLICATE interfaces[1].id',
      (p) => set(named(p.interfaces, 'eth2'), { id: 1 }),
    ],
    [
      'ids out of order',
      'ZT_PROGRAM_DUPLICATE interfaces[22].id',
      (p) => void p.interfaces.push(...p.interfaces.splice(0, 1)),
    ],
    [
      'a name used twice',
      'ZT_PROGRAM_DUPLICATE interfaces[1].name',
      (p) => set(named(p.interfaces, 'eth2'), { name: 'eth1' }),
    ],
    ['no underlay', 'ZT_PROGRAM_REFERENCE vrfs', (p) => void p.vrfs.shift()],
    ['a VRF id used twice', 'ZT_PROGRAM_DUPLICATE vrfs[2].id', (p) => set(named(p.vrfs, 'shop'), { id: 1 })],
    [
      'a VRF name used twice',
      'ZT_PROGRAM_DUPLICATE vrfs[2].name',
      (p) => set(named(p.vrfs, 'shop'), { name: 'bank' }),
    ],
    [
      'a VRF that is not there',
      'ZT_PROGRAM_REFERENCE interfaces[16].vrf',
      (p) => set(named(p.interfaces, 'irb10010'), { vrf: 9 }),
    ],
    [
      'a loopback in no VRF',
      'ZT_PROGRAM_REFERENCE interfaces[8].vrf',
      (p) => set(named(p.interfaces, 'lo'), { vrf: 9 }),
    ],
    [
      'a bridge that is not there',
      'ZT_PROGRAM_REFERENCE interfaces[2].bridge',
      (p) => set(named(p.interfaces, 'eth3'), { bridge: 77 }),
    ],
    [
      'a bridge that is none',
      'ZT_PROGRAM_STACK interfaces[2].bridge',
      (p) => set(named(p.interfaces, 'eth3'), { bridge: 1 }),
    ],
    [
      'a port that leads to two places',
      'ZT_PROGRAM_STACK interfaces[2]',
      (p) => set(named(p.interfaces, 'eth3'), { vrf: 0 }),
    ],
    [
      'a port that leads nowhere',
      'ZT_PROGRAM_STACK interfaces[2]',
      (p) => void delete named(p.interfaces, 'eth3')['bridge'],
    ],
    [
      'a bridge on a sealed port',
      'ZT_PROGRAM_STACK interfaces[0]',
      (p) => set(named(p.interfaces, 'eth1'), { bridge: 10008 }),
    ],
    [
      'two seals on a port',
      'ZT_PROGRAM_STACK interfaces[0]',
      (p) => set(named(p.interfaces, 'macsec2'), { lower: 1 }),
    ],
    [
      'a seal on nothing',
      'ZT_PROGRAM_REFERENCE interfaces[6].lower',
      (p) => set(named(p.interfaces, 'macsec1'), { lower: 77 }),
    ],
    [
      'a seal on a seal',
      'ZT_PROGRAM_STACK interfaces[6].lower',
      (p) => set(named(p.interfaces, 'macsec1'), { lower: 5002 }),
    ],
    [
      'a seal that does not fit',
      'ZT_PROGRAM_MTU interfaces[6].mtu',
      (p) => set(named(p.interfaces, 'macsec1'), { mtu: 1701 }),
    ],
    [
      'a seal that receives what it sends',
      'ZT_PROGRAM_DUPLICATE interfaces[6].rx[0].sci',
      (p) =>
        set(first(named(p.interfaces, 'macsec1')['rx']), {
          sci: first([named(p.interfaces, 'macsec1')['tx']])['sci'],
        }),
    ],
    [
      'an association twice',
      'ZT_PROGRAM_DUPLICATE interfaces[6].rx[1]',
      (p) => repeat(named(p.interfaces, 'macsec1')['rx']),
    ],
    [
      'a group address on a port',
      'ZT_PROGRAM_ADDRESS interfaces[2].mac',
      (p) => set(named(p.interfaces, 'eth3'), { mac: '01:00:5e:00:00:01' }),
    ],
    [
      'no address on an IRB',
      'ZT_PROGRAM_ADDRESS interfaces[16].systemMac',
      (p) => set(named(p.interfaces, 'irb10010'), { systemMac: '00:00:00:00:00:00' }),
    ],
    [
      'an address in a bridge',
      'ZT_PROGRAM_ADDRESS interfaces[2].addresses',
      (p) => set(named(p.interfaces, 'eth3'), { addresses: ['10.0.0.1/24'] }),
    ],
    [
      'an address twice in a VRF',
      'ZT_PROGRAM_DUPLICATE interfaces[8].addresses[0]',
      (p) => set(named(p.interfaces, 'macsec1'), { addresses: named(p.interfaces, 'lo')['addresses'] }),
    ],
    [
      'a VTEP that is not there',
      'ZT_PROGRAM_REFERENCE interfaces[15].local',
      (p) => set(named(p.interfaces, 'vxlan10010'), { local: '10.9.9.9' }),
    ],
    [
      'a VTEP in a VRF that is not there',
      'ZT_PROGRAM_REFERENCE interfaces[15].underlayVrf',
      (p) => set(named(p.interfaces, 'vxlan10010'), { underlayVrf: 9 }),
    ],
    [
      'a VNI twice',
      'ZT_PROGRAM_DUPLICATE interfaces[15].vni',
      (p) => set(named(p.interfaces, 'vxlan10010'), { vni: 20010 }),
    ],
    [
      'a remote of the other family',
      'ZT_PROGRAM_ADDRESS interfaces[15].remotes[0]',
      (p) => set(named(p.interfaces, 'vxlan10010'), { remotes: ['fd00::1'] }),
    ],
    [
      'a remote that is itself',
      'ZT_PROGRAM_ADDRESS interfaces[15].remotes[0]',
      (p) => set(named(p.interfaces, 'vxlan10010'), { remotes: ['10.255.0.65'] }),
    ],
    [
      'a remote twice',
      'ZT_PROGRAM_DUPLICATE interfaces[15].remotes[1]',
      (p) => set(named(p.interfaces, 'vxlan10010'), { remotes: ['10.9.9.9', '10.9.9.9'] }),
    ],
    [
      'two IRBs on a bridge',
      'ZT_PROGRAM_DUPLICATE interfaces[16].bridge',
      (p) => set(named(p.interfaces, 'irb10010'), { bridge: 10008 }),
    ],
    [
      'an IRB on no bridge',
      'ZT_PROGRAM_STACK interfaces[16].bridge',
      (p) => set(named(p.interfaces, 'irb10010'), { bridge: 10017 }),
    ],
    ['a route twice', 'ZT_PROGRAM_DUPLICATE tables.routes[13]', (p) => repeat(p.tables.routes)],
    [
      'a route with host bits',
      'ZT_PROGRAM_ADDRESS tables.routes[0].prefix',
      (p) => set(first(p.tables.routes), { prefix: '10.254.0.253/31' }),
    ],
    [
      'a route in no VRF',
      'ZT_PROGRAM_REFERENCE tables.routes[0].vrf',
      (p) => set(first(p.tables.routes), { vrf: 9 }),
    ],
    [
      'a route that says two things',
      'ZT_PROGRAM_ROUTE tables.routes[0]',
      (p) => set(first(p.tables.routes), { blackhole: true }),
    ],
    [
      'a route that says nothing',
      'ZT_PROGRAM_ROUTE tables.routes[0]',
      (p) => void delete first(p.tables.routes)['connected'],
    ],
    [
      'a route to no interface',
      'ZT_PROGRAM_REFERENCE tables.routes[0].connected',
      (p) => set(first(p.tables.routes), { connected: 77 }),
    ],
    [
      'a route to no group',
      'ZT_PROGRAM_REFERENCE tables.routes[2].group',
      (p) => set(first(p.tables.routes, 2), { group: 77 }),
    ],
    [
      'a route out of a bridge',
      'ZT_PROGRAM_STACK tables.routes[0].connected',
      (p) => set(first(p.tables.routes), { connected: 10008 }),
    ],
    [
      'a route that leaks into another VRF',
      'ZT_PROGRAM_STACK tables.routes[7].connected',
      (p) => set(first(p.tables.routes, 7), { connected: 10018 }),
    ],
    [
      'a group that leaks into another VRF',
      'ZT_PROGRAM_STACK tables.routes[6].group',
      (p) => set(first(p.tables.routes, 6), { group: 5 }),
    ],
    [
      'a group twice',
      'ZT_PROGRAM_DUPLICATE tables.groups[1].id',
      (p) => set(first(p.tables.groups, 1), { id: 1 }),
    ],
    [
      'a group of nothing',
      'ZT_PROGRAM_REFERENCE tables.groups[0].members[0].interface',
      (p) => set(first(first(p.tables.groups)['members']), { interface: 77 }),
    ],
    [
      'a neighbour of nothing',
      'ZT_PROGRAM_REFERENCE tables.neighbours[0].interface',
      (p) => set(first(p.tables.neighbours), { interface: 77 }),
    ],
    [
      'a neighbour behind a sealed port',
      'ZT_PROGRAM_STACK tables.neighbours[0].interface',
      (p) => set(first(p.tables.neighbours), { interface: 1 }),
    ],
    ['a neighbour twice', 'ZT_PROGRAM_DUPLICATE tables.neighbours[6]', (p) => repeat(p.tables.neighbours)],
    [
      'a neighbour that is a group',
      'ZT_PROGRAM_ADDRESS tables.neighbours[0].mac',
      (p) => set(first(p.tables.neighbours), { mac: 'ff:ff:ff:ff:ff:ff' }),
    ],
    ['an FDB entry twice', 'ZT_PROGRAM_DUPLICATE tables.fdb[4]', (p) => repeat(p.tables.fdb)],
    [
      'an FDB entry that is a group',
      'ZT_PROGRAM_ADDRESS tables.fdb[0].mac',
      (p) => set(first(p.tables.fdb), { mac: 'ff:ff:ff:ff:ff:ff' }),
    ],
    [
      'an FDB entry of nothing',
      'ZT_PROGRAM_REFERENCE tables.fdb[0].interface',
      (p) => set(first(p.tables.fdb), { interface: 77 }),
    ],
    [
      'an FDB entry in another bridge',
      'ZT_PROGRAM_STACK tables.fdb[0].interface',
      (p) => set(first(p.tables.fdb), { bridge: 10008 }),
    ],
    [
      'an FDB entry on the IRB',
      'ZT_PROGRAM_STACK tables.fdb[0].interface',
      (p) => set(first(p.tables.fdb), { interface: 30002 }),
    ],
    [
      'an FDB entry without its remote',
      'ZT_PROGRAM_ADDRESS tables.fdb[0]',
      (p) => void delete first(p.tables.fdb)['remote'],
    ],
    [
      'an FDB entry with a remote that is itself',
      'ZT_PROGRAM_ADDRESS tables.fdb[0].remote',
      (p) => set(first(p.tables.fdb), { remote: '10.255.0.65' }),
    ],
    [
      'an FDB entry of a port with a remote',
      'ZT_PROGRAM_ADDRESS tables.fdb[0]',
      (p) => set(first(p.tables.fdb), { bridge: 10008, interface: 4 }),
    ],
    ['a flood list twice', 'ZT_PROGRAM_DUPLICATE tables.flood[3]', (p) => repeat(p.tables.flood)],
    [
      'a flood list of nothing',
      'ZT_PROGRAM_REFERENCE tables.flood[0]',
      (p) => set(first(p.tables.flood), { interface: 77 }),
    ],
    [
      'a flood list of a port',
      'ZT_PROGRAM_STACK tables.flood[0]',
      (p) => set(first(p.tables.flood), { interface: 3 }),
    ],
    [
      'a flood list with a remote twice',
      'ZT_PROGRAM_DUPLICATE tables.flood[0].remotes[1]',
      (p) => set(first(p.tables.flood), { remotes: ['10.9.9.9', '10.9.9.9'] }),
    ],
    [
      'a flood list with itself',
      'ZT_PROGRAM_ADDRESS tables.flood[0].remotes[0]',
      (p) => set(first(p.tables.flood), { remotes: ['10.255.0.65'] }),
    ],
  ])('with %s is refused', (_, expected, change) => {
    const found = validateProgram(changed(change)).map(({ code, path }) => `${code} ${path}`)
    expect(found).toContain(expected)
  })

  test('is told where it is wrong', () => {
    expect(validateProgram(changed((p) => set(named(p.interfaces, 'eth3'), { bridge: 77 })))).toEqual([
      { code: 'ZT_PROGRAM_REFERENCE', path: 'interfaces[2].bridge', message: 'there is no interface 77' },
    ])
  })
})
