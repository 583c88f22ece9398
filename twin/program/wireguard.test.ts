import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { FabricFile, SealEntry } from '../../contract/fabric.js'
import { Plan } from '../../contract/plan.js'
import type { Interface, NodeProgram, WireguardInterface } from '../../contract/program.js'
import { defineFabric, parseFabric } from '../model/index.js'
import { formatIp, linkLocalOf, parseMac } from '../packet/index.js'
import { compile, deriveKeys, validateProgram } from './index.js'

const demo = planOf(readFileSync(new URL('../../topologies/demo-wireguard.yaml', import.meta.url), 'utf8'))
const SEED = Uint8Array.from({ length: 32 }, (_, i) => 3 * i)

function planOf(text: string): Plan {
  const { fabric, problems } = parseFabric(text, 'x.yaml')
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return compile(fabric)
}

function small(
  underlay: FabricFile['underlay'],
  seal: SealEntry = { wireguard: true, key: 'lab:core' },
): Plan {
  const plan = compile(
    defineFabric('small', (f) => {
      f.underlay({ bgp: { spines: 65000, leaves: '65101-65109' }, ...underlay })
      f.link(f.leaves('leaf1'), f.spines('spine1'), { seal: f.seal('core', seal) })
    }),
  )
  expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  return plan
}

function programOf(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new TypeError(`${node} is not there`)
  return found.program
}

function interfaceOf<K extends Interface['kind']>(
  plan: Plan,
  node: string,
  name: string,
  kind: K,
): Extract<Interface, { kind: K }> {
  const found = programOf(plan, node).interfaces.find((item) => item.name === name)
  if (found?.kind !== kind) throw new TypeError(`${name} is no ${kind}`)
  return found as Extract<Interface, { kind: K }>
}

const v4 = { loopbacks: '10.255.0.0/24', links: '10.254.0.0/24' }
const v6 = { loopbacks: '2001:db8:ff::/64', links: '2001:db8:fe::/64' }

describe('a link sealed by WireGuard', () => {
  const port = interfaceOf(demo, 'leaf1', 'eth1', 'port')
  const here = interfaceOf(demo, 'leaf1', 'wg1', 'wireguard')
  const far = interfaceOf(demo, 'spine1', 'wg1', 'wireguard')

  test('[WG-1] is a port attached to nothing else, and on it an interface with one peer: all the other end says', () => {
    expect(port).toEqual({ ...port, mtu: 1760, addresses: [], tap: true })
    expect(port).not.toHaveProperty('vrf')
    expect(here).toMatchObject({ lower: port.id, vrf: 0, mtu: 1700, mac: port.mac, listenPort: 51820 })
    expect(here.addresses).toHaveLength(1)
    expect(here.addresses[0]).toMatch(/^10\.254\..*\/31$/)
    expect(here.peerMac).toBe(interfaceOf(demo, 'spine1', 'eth1', 'port').mac)
    expect(here).toMatchObject({ ttl: 64, df: true, loadLimit: 1000 })
    expect(here.peers).toEqual([
      {
        publicKey: 'lab:core/leaf1--spine1/spine1/public',
        endpoint: { address: far.local[0], port: 51820 },
        allowedIps: ['0.0.0.0/0', '::/0'],
      },
    ])
    expect(here.local).toEqual([here.addresses[0]?.split('/')[0]])
    expect(demo.links.every(({ mtu, seal }) => mtu === 1760 && seal === 'core')).toBe(true)
  })

  test('[WG-23] knows the MAC address of its peer on the port, for nobody asks there', () => {
    const { neighbours } = programOf(demo, 'leaf1').tables
    expect(neighbours).toContainEqual({ interface: port.id, address: far.local[0], mac: here.peerMac })
    expect(neighbours.some(({ interface: id }) => id === here.id)).toBe(false)
  })

  test('routes on the interface, over static routes as over BGP', () => {
    const plan = small({ ...v4, control: 'bgp' })
    const { tables } = programOf(plan, 'leaf1')
    const { id } = interfaceOf(plan, 'leaf1', 'wg1', 'wireguard')
    expect(tables.groups.flatMap(({ members }) => members.map((one) => one.interface))).toEqual([id])
    expect(tables.neighbours).toHaveLength(1)
    expect(plan.nodes[0]?.control?.sessions).toMatchObject([{ interface: id, port: 'eth1' }])
    expect(programOf(small(v4), 'leaf1').tables).toEqual(tables)
  })

  test('over IPv6 adds 80 octets', () => {
    const plan = small(v6)
    expect(plan.links[0]?.mtu).toBe(1780)
    expect(interfaceOf(plan, 'leaf1', 'wg1', 'wireguard').local[0]).toMatch(/^2001:db8:fe:/)
  })

  test('unnumbered is between link-local addresses, over IPv6 whatever loopbacks are', () => {
    const plan = small({ ...v4, links: 'unnumbered', control: 'bgp' })
    const [one, other] = ['leaf1', 'spine1'].map((node) => interfaceOf(plan, node, 'wg1', 'wireguard'))
    const linkLocal = (item: WireguardInterface | undefined) =>
      formatIp(linkLocalOf(parseMac(item?.mac ?? '')))
    expect(one).toMatchObject({ addresses: [], local: [linkLocal(one)] })
    expect(one?.peers[0]?.endpoint).toEqual({ address: linkLocal(other), port: 51820 })
    expect(plan.links[0]?.mtu).toBe(1780)
  })

  test('has the port, the pre-shared key and the keepalive that the seal gives', () => {
    const plan = small(v4, { wireguard: true, key: 'lab:wan', psk: true, port: 4242, keepalive: 25 })
    expect(interfaceOf(plan, 'leaf1', 'wg1', 'wireguard')).toMatchObject({
      listenPort: 4242,
      privateKey: 'lab:wan/leaf1--spine1/leaf1',
      peers: [
        {
          presharedKey: 'lab:wan/leaf1--spine1/psk',
          endpoint: { port: 4242 },
          persistentKeepalive: 25,
        },
      ],
    })
    expect(plan.keys).toEqual([
      'lab:wan/leaf1--spine1/leaf1',
      'lab:wan/leaf1--spine1/leaf1/public',
      'lab:wan/leaf1--spine1/psk',
      'lab:wan/leaf1--spine1/spine1',
      'lab:wan/leaf1--spine1/spine1/public',
    ])
  })
})

describe('keys of WireGuard', () => {
  const raw = (key: Uint8Array) =>
    createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), key]),
      format: 'der',
      type: 'pkcs8',
    })
  const rawPublic = (key: Uint8Array) =>
    createPublicKey({
      key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), key]),
      format: 'der',
      type: 'spki',
    })
  const plan = small(v4, { wireguard: true, key: 'lab:core', psk: true })
  const keys = deriveKeys(plan, SEED)
  const keyOf = (end: string): Uint8Array => keys.get(`lab:core/leaf1--spine1/${end}`) ?? new Uint8Array()

  test('have 32 octets each, and private ones are clamped (RFC 7748 section 5)', () => {
    expect([...keys.values()].map(({ length }) => length)).toEqual([32, 32, 32, 32, 32])
    for (const end of ['leaf1', 'spine1']) {
      const octets = keyOf(end)
      expect([(octets[0] ?? 0) & 7, (octets[31] ?? 0) & 0xc0]).toEqual([0, 0x40])
    }
    expect(new Set([...keys.values()].map((key) => Buffer.from(key).toString('hex'))).size).toBe(5)
  })

  test('a public key is that of the private key beside it: both ends come to one secret', () => {
    const secret = (own: string, other: string) =>
      diffieHellman({ privateKey: raw(keyOf(own)), publicKey: rawPublic(keyOf(`${other}/public`)) })
    expect(secret('leaf1', 'spine1')).toEqual(secret('spine1', 'leaf1'))
  })

  test('a public key is the same when nothing but its reference is known', () => {
    const reference = 'lab:core/leaf1--spine1/leaf1/public'
    expect(deriveKeys({ keys: [reference] }, SEED).get(reference)).toEqual(keyOf('leaf1/public'))
  })
})

describe('intents about seals', () => {
  const text = (by: string) => `
ztos: 1
name: mixed
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { spines: 65000, leaves: 65101-65109 } }
nodes: { leaf1: { role: leaf }, "spine[1-3]": { role: spine } }
seals:
  near: { macsec: gcm-aes-128, key: lab:near }
  far: { wireguard: true, key: lab:far }
links:
  - { from: leaf1, to: spine1, seal: near }
  - { from: leaf1, to: spine2, seal: far }
  - { from: leaf1, to: spine3 }
intents: { sealed: { encrypt: { links: ${by} } } }
`
  const byOf = (links: string) => planOf(text(links)).intents.find(({ name }) => name === 'sealed')

  test.each([
    ['leaf1--spine1', 'macsec'],
    ['leaf1--spine2', 'wireguard'],
    ['leaf1--spine[2-3]', 'wireguard'],
    ['leaf1--spine3', 'macsec'],
  ])('without by, %s is judged by %s', (links, by) => {
    expect(byOf(`"${links}"`)).toMatchObject({ by })
  })

  test('of several kinds are each judged by their own', () => {
    const intent = byOf('"leaf1--*"')
    expect(intent).not.toHaveProperty('by')
    expect(Plan.shape.intents.element.parse(intent)).toEqual(intent)
  })

  test('in one fabric keep their keys apart', () => {
    const plan = planOf(text('"leaf1--spine2", by: wireguard'))
    expect([...deriveKeys(plan, SEED).values()].map(({ length }) => length)).toEqual([32, 32, 32, 32, 16, 16])
    expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
  })
})

describe('a program with wireguard interfaces', () => {
  const broken = (change: (item: WireguardInterface, program: NodeProgram) => object): string[] => {
    const program = structuredClone(programOf(demo, 'leaf1'))
    const item = program.interfaces.find(({ name }) => name === 'wg1')
    if (item?.kind !== 'wireguard') throw new TypeError('no wg1')
    Object.assign(item, change(item, program))
    return validateProgram(program).map(
      ({ code, path }) => `${code} ${path.replace(/^interfaces\[\d+\]\.?/, '')}`,
    )
  }
  const peer = interfaceOf(demo, 'leaf1', 'wg1', 'wireguard').peers[0]

  test.each<[string, (item: WireguardInterface, program: NodeProgram) => object, string[]]>([
    ['on nothing', () => ({ lower: 77 }), ['ZT_PROGRAM_REFERENCE lower']],
    ['that does not fit its port', () => ({ mtu: 1701 }), ['ZT_PROGRAM_MTU mtu']],
    ['on a port and in a VRF', ({ local }) => ({ underlayVrf: 0, local }), ['ZT_PROGRAM_STACK ']],
    ['without MAC', () => ({ mac: undefined }), ['ZT_PROGRAM_ADDRESS mac']],
    ['with a peer of a group', () => ({ peerMac: '01:00:00:00:00:01' }), ['ZT_PROGRAM_ADDRESS peerMac']],
    [
      'with two outer addresses of a family',
      () => ({ local: ['10.0.0.1', '10.0.0.2'] }),
      ['ZT_PROGRAM_ADDRESS local'],
    ],
    ['in a VRF that is not there', () => ({ vrf: 9 }), ['ZT_PROGRAM_REFERENCE vrf']],
    [
      'with one peer twice',
      () => ({ peers: [peer, { ...peer, allowedIps: [] }] }),
      ['ZT_PROGRAM_DUPLICATE peers[1].publicKey'],
    ],
    [
      'that is its own peer',
      ({ privateKey }) => ({ peers: [{ ...peer, publicKey: `${privateKey}/public` }] }),
      ['ZT_PROGRAM_DUPLICATE peers[0].publicKey'],
    ],
    [
      'with a prefix of two peers, in two spellings',
      () => ({
        peers: [
          { ...peer, allowedIps: ['2001:db8::/32'] },
          { ...peer, publicKey: 'lab:x/public', allowedIps: ['2001:0db8::/32'] },
        ],
      }),
      ['ZT_PROGRAM_DUPLICATE peers[1].allowedIps[0]'],
    ],
    [
      'with host bits in a prefix',
      () => ({ peers: [{ ...peer, allowedIps: ['10.0.0.1/24'] }] }),
      ['ZT_PROGRAM_ADDRESS peers[0].allowedIps[0]'],
    ],
  ])('[WG-1] is refused %s', (_what, change, problems) => {
    const found = broken(change).filter((one) => problems.includes(one))
    expect(found).toEqual(problems)
  })

  test('[WG-1] may send its packets in a VRF, from an address of that VRF', () => {
    const free = (local: string[]) =>
      broken((item, program) => {
        const port = program.interfaces.find(({ id }) => id === item.lower)
        Object.assign(port ?? {}, { vrf: 0 })
        return { lower: undefined, mac: undefined, peerMac: undefined, underlayVrf: 0, local }
      })
    const own = interfaceOf(demo, 'leaf1', 'wg2', 'wireguard').local
    expect(free(own)).toEqual([])
    expect(free(['10.9.9.9'])).toEqual(['ZT_PROGRAM_REFERENCE local'])
  })
})
