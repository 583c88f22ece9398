/**
 * A node with WireGuard in all its forms, and the peers that it talks to: programs, keys, where hosts are.
 *
 * | at the node | what |
 * |---|---|
 * | 1 | port in VRF 0, far end of peers 0 and 1; 9 loopback in VRF 0, `10.255.0.1`, `fd00:ff::1` |
 * | 2 | port in VRF 1 with a host, `10.1.0.0/24`, `2001:db8:1::/64` |
 * | 3, 21 | port and the wireguard interface on it, peer 2 |
 * | 20 | wireguard interface in VRF 1 over VRF 0, peers 0 and 1 |
 * | 22 | wireguard interface in VRF 1 over VRF 2, whose address is the IRB 31 of bridge 30, peer 3 at its port 33 |
 * | 40, 42, 43 | bridge, vxlan whose underlay is VRF 1 (so that it is led through WireGuard), port with a host |
 *
 * @module
 */
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Interface, NodeProgram, WireguardInterface } from '../../../contract/program.js'
import { canonical } from './programs.js'
import { Random } from './random.js'

/** A peer of the node, with a node of its own behind it. */
export interface Partner {
  readonly program: NodeProgram
  /** Port of the node where its frames arrive, and the wireguard interface that they are for. */
  readonly port: number
  readonly tunnel: WireguardInterface
  /** Its own wireguard interface's public key, as a reference. */
  readonly publicKey: string
  /** Addresses of a host behind it. */
  readonly host4: string
  readonly host6: string
}

export interface World {
  readonly program: NodeProgram
  readonly partners: readonly Partner[]
  readonly keys: ReadonlyMap<string, Uint8Array>
}

/** The far end of port 1, of port 3, the peer at port 33, the node's host, the host of bridge 40, and behind each peer. */
export const FAR = [
  '02:00:00:00:01:01',
  '02:00:00:00:01:01',
  '02:00:00:00:01:03',
  '02:00:00:00:01:33',
] as const
export const NODE_HOST = '02:aa:00:00:00:01'
export const BRIDGE_HOST = '02:aa:00:00:00:43'
export const PEER_HOST = '02:bb:00:00:00:01'
export const portMac = (port: number): string => `02:00:00:00:00:${String(port).padStart(2, '0')}`
/** What the node has on the outside, by where the peer is, IPv4 and IPv6. */
const NODE_OUTER = [
  ['10.255.0.1', 'fd00:ff::1'],
  ['10.255.0.1', 'fd00:ff::1'],
  ['10.254.3.0', 'fd00:fe:3::'],
  ['10.9.0.1', 'fd00:9::1'],
] as const
export const PEER_OUTER = [
  ['10.255.0.2', 'fd00:ff::2'],
  ['10.255.0.3', 'fd00:ff::3'],
  ['10.254.3.1', 'fd00:fe:3::1'],
  ['10.9.0.2', 'fd00:9::2'],
] as const
const TUNNEL_OF = [20, 20, 21, 22] as const
const PORT_OF = [1, 1, 3, 33] as const

const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** The X25519 public key of a private one. */
function publicOf(privateKey: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, privateKey]), format: 'der', type: 'pkcs8' })
  return new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
}

/** The world of a seed. */
export function wireguardWorld(seed: number): World {
  const random = new Random(seed)
  const keys = new Map<string, Uint8Array>()
  const pair = (name: string) => {
    const privateKey = random.bytes(32)
    keys.set(`lab:wg/${name}`, privateKey)
    keys.set(`lab:wg/${name}/public`, publicOf(privateKey))
  }
  const psk = [0, 1, 2, 3].map(() => random.chance(40))
  for (const name of ['20', '21', '22', '0', '1', '2', '3', 'other']) pair(name)
  for (const index of [0, 1, 2, 3]) keys.set(`lab:wg/psk/${index}`, random.bytes(32))
  const tunnels = new Map([20, 21, 22].map((id) => [id, nodeTunnel(random, id, psk, keys)]))
  const partners = [0, 1, 2, 3].map((index): Partner => {
    const tunnel = tunnels.get(TUNNEL_OF[index]!)!
    return {
      program: partnerProgram(random, index, tunnel, psk[index]!),
      port: PORT_OF[index]!,
      tunnel,
      publicKey: `lab:wg/${index}/public`,
      host4: `10.2.${index}.10`,
      host6: `2001:db8:2:${index}::10`,
    }
  })
  return { ...canonical({ program: nodeProgram(random, [...tunnels.values()]), partners }), keys }
}

function nodeTunnel(
  random: Random,
  id: number,
  psk: readonly boolean[],
  keys: ReadonlyMap<string, Uint8Array>,
): WireguardInterface {
  const indexes = TUNNEL_OF.flatMap((tunnel, index) => (tunnel === id ? [index] : []))
  const outer = NODE_OUTER[indexes[0]!]!
  const families = random.pick([[0], [1], [0, 1], [0, 1]])
  return {
    id,
    name: `wg${id}`,
    kind: 'wireguard',
    vrf: 1,
    ...(id === 21 ? { lower: 3, mac: portMac(3), peerMac: FAR[2] } : { underlayVrf: id === 20 ? 0 : 2 }),
    mtu: random.pick([1420, 1400, 1280, 1001]),
    addresses: [`10.77.${id}.1/24`, `2001:db8:77:${id}::1/64`],
    privateKey: `lab:wg/${id}`,
    listenPort: 51820 + (id % 20),
    local: families.map((family) => outer[family]!),
    ttl: random.pick([64, 255, 1]),
    df: random.chance(70),
    loadLimit: random.pick([1, 2, 4, 1000, 1000, 1000]),
    peers: random.shuffle(indexes).map((index) => ({
      publicKey: random.chance(50)
        ? `lab:wg/${index}/public`
        : Buffer.from(keys.get(`lab:wg/${index}/public`)!).toString('base64'),
      ...(psk[index] === true ? { presharedKey: `lab:wg/psk/${index}` } : {}),
      ...(random.chance(80)
        ? { endpoint: { address: PEER_OUTER[index]![random.pick(families)]!, port: 7000 + index } }
        : {}),
      allowedIps: [
        `10.2.${index}.0/24`,
        `2001:db8:2:${index}::/64`,
        ...(random.chance(50) ? [`10.77.${id}.${index + 2}/32`] : []),
        // Everything else: one peer of an interface may have it.
        ...(index !== 1 && random.chance(40) ? ['0.0.0.0/0', '::/0'] : []),
      ],
      ...(random.chance(30) ? { persistentKeepalive: random.pick([1, 7, 25]) } : {}),
    })),
  }
}

function nodeProgram(random: Random, tunnels: readonly WireguardInterface[]): NodeProgram {
  const port = { kind: 'port' as const, addresses: [], tap: false }
  const bridge = { kind: 'bridge' as const, ageing: 300_000_000_000, fdbLimit: 100 }
  const interfaces: Interface[] = [
    {
      ...port,
      id: 1,
      name: 'eth1',
      vrf: 0,
      mac: portMac(1),
      mtu: random.pick([1500, 1500, 1440]),
      addresses: ['10.254.0.0/31', 'fd00:fe::/127'],
      tap: random.chance(50),
    },
    {
      ...port,
      id: 2,
      name: 'eth2',
      vrf: 1,
      mac: portMac(2),
      mtu: 1500,
      addresses: ['10.1.0.1/24', '2001:db8:1::1/64'],
    },
    {
      ...port,
      id: 3,
      name: 'eth3',
      mac: portMac(3),
      mtu: random.pick([1500, 1500, 1440]),
      tap: random.chance(80),
    },
    { id: 9, name: 'lo', kind: 'loopback', vrf: 0, addresses: ['10.255.0.1/32', 'fd00:ff::1/128'] },
    { id: 10, name: 'lo1', kind: 'loopback', vrf: 1, addresses: ['10.78.0.1/32'] },
    ...tunnels,
    { ...bridge, id: 30, name: 'br30' },
    {
      id: 31,
      name: 'irb30',
      kind: 'irb',
      bridge: 30,
      vrf: 2,
      mac: '02:00:5e:00:00:30',
      systemMac: '02:5a:00:00:00:30',
      addresses: ['10.9.0.1/24', 'fd00:9::1/64'],
      mtu: 1500,
      suppress: false,
      neighbourLifetime: 1_200_000_000_000,
      neighbourLimit: 16,
    },
    { ...port, id: 33, name: 'eth33', bridge: 30, mac: portMac(33), mtu: 1500 },
    { ...bridge, id: 40, name: 'br40' },
    {
      id: 42,
      name: 'vxlan42',
      kind: 'vxlan',
      bridge: 40,
      vni: 4242,
      underlayVrf: 1,
      local: '10.78.0.1',
      port: 4789,
      mtu: 1300,
      learning: true,
      ttl: 64,
      dscp: 0,
      df: true,
      udpChecksum: 'zero',
      remotes: ['10.2.0.10', '10.2.2.10'],
    },
    { ...port, id: 43, name: 'eth43', bridge: 40, mac: portMac(43), mtu: 1300 },
  ]
  return {
    format: 'ztos-program',
    version: 1,
    node: 'node1',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [
      { id: 0, name: 'underlay' },
      { id: 1, name: 'inside' },
      { id: 2, name: 'transport' },
    ],
    interfaces: interfaces.toSorted((a, b) => a.id - b.id),
    tables: {
      routes: [
        { vrf: 0, prefix: '10.255.0.0/24', group: 1 },
        { vrf: 0, prefix: 'fd00:ff::/64', group: 2 },
        { vrf: 1, prefix: '10.1.0.0/24', connected: 2 },
        { vrf: 1, prefix: '2001:db8:1::/64', connected: 2 },
        { vrf: 1, prefix: '10.2.0.0/23', group: 3 },
        { vrf: 1, prefix: '2001:db8:2::/63', group: 3 },
        { vrf: 1, prefix: '10.2.2.0/24', group: 4 },
        { vrf: 1, prefix: '2001:db8:2:2::/64', group: 4 },
        { vrf: 1, prefix: '10.2.3.0/24', connected: 22 },
        { vrf: 1, prefix: '2001:db8:2:3::/64', connected: 22 },
        { vrf: 1, prefix: '10.77.20.0/24', connected: 20 },
        // Nobody's, by every tunnel's allowed addresses but the default ones.
        { vrf: 1, prefix: '10.3.0.0/16', group: 5 },
        { vrf: 2, prefix: '10.9.0.0/24', connected: 31 },
        { vrf: 2, prefix: 'fd00:9::/64', connected: 31 },
      ],
      groups: [
        { id: 1, members: [{ interface: 1, gateway: '10.254.0.1' }] },
        { id: 2, members: [{ interface: 1, gateway: 'fd00:fe::1' }] },
        { id: 3, members: [{ interface: 20 }] },
        { id: 4, members: [{ interface: 21, gateway: '10.77.21.2' }] },
        { id: 5, members: [{ interface: 21 }, { interface: 22 }] },
      ],
      neighbours: [
        { interface: 1, address: '10.254.0.1', mac: FAR[0] },
        { interface: 1, address: 'fd00:fe::1', mac: FAR[0] },
        { interface: 2, address: '10.1.0.10', mac: NODE_HOST },
        { interface: 2, address: '2001:db8:1::10', mac: NODE_HOST },
        { interface: 3, address: '10.254.3.1', mac: FAR[2] },
        { interface: 3, address: 'fd00:fe:3::1', mac: FAR[2] },
        { interface: 31, address: '10.9.0.2', mac: FAR[3] },
        { interface: 31, address: 'fd00:9::2', mac: FAR[3] },
      ],
      fdb: [],
      flood: [{ interface: 42, remotes: ['10.2.0.10', '10.2.2.10'] }],
    },
  }
}

/** A peer: its wireguard interface lies on its port 1, its host is behind port 3. */
function partnerProgram(random: Random, index: number, to: WireguardInterface, psk: boolean): NodeProgram {
  const [outer4, outer6] = PEER_OUTER[index]!
  // The own address of the port as well as that of the loopback, from which the node would begin.
  const [loopback4, node6] = NODE_OUTER[index]!
  const node4 = index < 2 && random.chance(40) ? '10.254.0.0' : loopback4
  const nodeMac = index < 2 ? portMac(1) : index === 2 ? portMac(3) : '02:00:5e:00:00:30'
  const hasIpv6 = to.local.some((address) => address.includes(':'))
  const hasIpv4 = to.local.some((address) => !address.includes(':'))
  const family = hasIpv4 && hasIpv6 ? random.below(2) : hasIpv6 ? 1 : 0
  const port = { kind: 'port' as const, tap: false }
  return {
    format: 'ztos-program',
    version: 1,
    node: `peer${index}`,
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [{ id: 0, name: 'inside' }],
    interfaces: [
      { ...port, id: 1, name: 'eth1', mac: FAR[index]!, mtu: 1500, addresses: [] },
      {
        id: 2,
        name: 'wg2',
        kind: 'wireguard',
        vrf: 0,
        lower: 1,
        mac: FAR[index]!,
        peerMac: nodeMac,
        mtu: 1420,
        addresses: [`10.77.${to.id}.${index + 2}/24`],
        privateKey: `lab:wg/${index}`,
        listenPort: 7000 + index,
        local: [outer4, outer6],
        ttl: 64,
        df: true,
        loadLimit: random.pick([1, 1000, 1000]),
        peers: [
          {
            publicKey: `lab:wg/${to.id}/public`,
            ...(psk ? { presharedKey: `lab:wg/psk/${index}` } : {}),
            endpoint: { address: family === 0 ? node4 : node6, port: to.listenPort },
            allowedIps: ['0.0.0.0/0', '::/0'],
          },
        ],
      },
      {
        ...port,
        id: 3,
        name: 'eth3',
        vrf: 0,
        mac: '02:00:00:00:02:03',
        mtu: 1500,
        addresses: [`10.2.${index}.1/24`, `2001:db8:2:${index}::1/64`],
      },
    ],
    tables: {
      routes: [
        { vrf: 0, prefix: '0.0.0.0/0', connected: 2 },
        { vrf: 0, prefix: '::/0', connected: 2 },
        { vrf: 0, prefix: `10.2.${index}.0/24`, connected: 3 },
        { vrf: 0, prefix: `2001:db8:2:${index}::/64`, connected: 3 },
      ],
      groups: [],
      neighbours: [
        { interface: 1, address: node4, mac: nodeMac },
        { interface: 1, address: node6, mac: nodeMac },
        { interface: 3, address: `10.2.${index}.10`, mac: PEER_HOST },
        { interface: 3, address: `2001:db8:2:${index}::10`, mac: PEER_HOST },
      ],
      fdb: [],
      flood: [],
    },
  }
}
