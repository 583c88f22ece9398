/**
 * Fabrics that were sound, each broken in one place after it was compiled, and what a suite must say of it.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { Interface, NodeProgram } from '../../contract/program.js'

export interface BrokenFabric {
  readonly name: string
  /** Changes a copy of the plan: what nodes run is then not what is planned. */
  readonly change: (plan: Plan) => void
  /** Start of the name of a row that must be accused. */
  readonly row: string
  /** What must be said of it, in the twin as in a lab. */
  readonly says: RegExp
}

/** A copy of a plan, changed. */
export function brokenPlan(plan: Plan, { change }: Pick<BrokenFabric, 'change'>): Plan {
  const copy = structuredClone(plan)
  change(copy)
  return copy
}

function program(plan: Plan, node: string): NodeProgram {
  const found = plan.nodes.find(({ name }) => name === node)?.program
  if (found === undefined) throw new TypeError(`there is no ${node}`)
  return found
}

/** An interface of a node: the first of its kind that fits. */
function of<Kind extends Interface['kind']>(
  plan: Plan,
  node: string,
  kind: Kind,
  fits: (one: Extract<Interface, { kind: Kind }>) => boolean = () => true,
): Extract<Interface, { kind: Kind }> {
  const found = program(plan, node).interfaces.find(
    (one): one is Extract<Interface, { kind: Kind }> =>
      one.kind === kind && fits(one as Extract<Interface, { kind: Kind }>),
  )
  if (found === undefined) throw new TypeError(`${node} has no ${kind}`)
  return found
}

/** The seal of a link at a node. */
function sealAt<Kind extends 'macsec' | 'wireguard'>(plan: Plan, link: string, node: string, kind: Kind) {
  const ends = plan.links.find(({ id }) => id === link)
  const port = [ends?.a, ends?.b].find((end) => end?.node === node)?.interface
  return of(plan, node, kind, (one) => 'lower' in one && one.lower === port)
}

/** Takes the seal of a port away: what was routed by it is routed by the port. */
function bypass(plan: Plan, link: string, node: string, kind: 'macsec' | 'wireguard'): void {
  const own = program(plan, node)
  const seal = sealAt(plan, link, node, kind)
  own.interfaces = own.interfaces.flatMap((one) => {
    if (one.id === seal.id) return []
    return one.kind === 'port' && one.id === seal.lower
      ? [{ ...one, vrf: 0, addresses: seal.addresses }]
      : [one]
  })
  const moved = <Row extends { interface: number }>(row: Row): Row =>
    row.interface === seal.id ? { ...row, interface: seal.lower ?? 0 } : row
  const { groups, neighbours, routes } = own.tables
  own.tables.groups = groups.map((group) => ({ ...group, members: group.members.map(moved) }))
  own.tables.neighbours = neighbours.map(moved)
  own.tables.routes = routes.map((route) =>
    route.connected === seal.id ? { ...route, connected: seal.lower ?? 0 } : route,
  )
}

const LINK = 'leaf1--spine1'
const macsecAt = (plan: Plan, node: string, link = LINK) => sealAt(plan, link, node, 'macsec')
const wireguardAt = (plan: Plan, node: string, link = LINK) => sealAt(plan, link, node, 'wireguard')
const both = (change: (plan: Plan, node: string) => void) => (plan: Plan) => {
  change(plan, 'leaf1')
  change(plan, 'spine1')
}
const first = <T>(items: readonly T[]): T => {
  const [one] = items
  if (one === undefined) throw new TypeError('there is none')
  return one
}

/** Of `demo`. */
export const brokenMacsec: readonly BrokenFabric[] = [
  {
    name: 'MACsec is off at one end',
    change: (plan) => (macsecAt(plan, 'leaf1').mode = 'disabled'),
    row: `${LINK} leaf1>spine1`,
    says: /in the clear|payload can be read/,
  },
  {
    name: 'MACsec is off at both ends',
    change: both((plan, node) => (macsecAt(plan, node).mode = 'disabled')),
    row: `${LINK} spine1>leaf1`,
    says: /in the clear|payload can be read/,
  },
  {
    name: 'one end sends in the clear, and refuses it itself',
    change: (plan) => (macsecAt(plan, 'leaf1').protect = false),
    row: `${LINK} leaf1>spine1`,
    says: /spine1 (?:ends|drops) .*macsec-clear/,
  },
  {
    name: 'one end takes clear frames',
    change: (plan) => (macsecAt(plan, 'leaf1').mode = 'check'),
    row: `${LINK} spine1>leaf1`,
    says: /in the clear: expected macsec-clear/,
  },
  {
    name: 'one end seals with the key of another link',
    change: (plan) => (macsecAt(plan, 'leaf1').tx.key = macsecAt(plan, 'leaf1', 'leaf1--spine2').tx.key),
    row: `${LINK} leaf1>spine1`,
    says: /does not open with the key/,
  },
  {
    name: 'one end opens with the key of another link',
    change: (plan) =>
      (first(macsecAt(plan, 'leaf1').rx).key = first(macsecAt(plan, 'leaf1', 'leaf1--spine2').rx).key),
    row: `${LINK} spine1>leaf1`,
    says: /leaf1 drops \d+ of \d+ frames: macsec-icv/,
  },
  {
    name: 'a link goes round its seal',
    change: both((plan, node) => bypass(plan, LINK, node, 'macsec')),
    row: `${LINK} leaf1>spine1`,
    says: /in the clear|payload can be read/,
  },
  {
    name: 'one end seals with another AN',
    change: (plan) => (macsecAt(plan, 'leaf1').tx.an = 2),
    row: `${LINK} leaf1>spine1`,
    says: /its AN is 2, the plan's is 0/,
  },
  {
    name: 'one end seals in another channel',
    change: (plan) => (macsecAt(plan, 'leaf1').tx.sci = '020000dead000001'),
    row: `${LINK} leaf1>spine1`,
    says: /its SCI is 020000dead000001, the plan's is/,
  },
  {
    name: 'one end knows another channel',
    change: (plan) => (first(macsecAt(plan, 'leaf1').rx).sci = '020000dead000001'),
    row: `${LINK} spine1>leaf1`,
    says: /leaf1 drops \d+ of \d+ frames: macsec-sci-unknown/,
  },
  {
    name: 'one end takes frames again',
    change: (plan) => (macsecAt(plan, 'leaf1').replayProtect = false),
    row: `${LINK} spine1>leaf1`,
    says: /a captured frame, sent again: expected macsec-replay/,
  },
  {
    name: 'the replay window of one end is open',
    change: (plan) => (macsecAt(plan, 'leaf1').replayWindow = 0xffff_ffff),
    row: `${LINK} spine1>leaf1`,
    says: /a captured frame, sent again: expected macsec-replay/,
  },
  {
    name: 'frames are authenticated and not encrypted',
    change: both((plan, node) => (macsecAt(plan, node).confidentiality = 'none')),
    row: `${LINK} leaf1>spine1`,
    says: /payload can be read/,
  },
  {
    name: 'the first octets are left in the clear',
    change: both((plan, node) => (macsecAt(plan, node).confidentiality = 'offset-50')),
    row: `${LINK} leaf1>spine1`,
    says: /does not open with the key/,
  },
]

/** Of `demo-wireguard`. */
export const brokenWireguard: readonly BrokenFabric[] = [
  {
    name: 'one end has another private key',
    change: (plan) =>
      (wireguardAt(plan, 'leaf1').privateKey = wireguardAt(plan, 'leaf1', 'leaf1--spine2').privateKey),
    row: LINK,
    says: /wireguard-handshake-invalid/,
  },
  {
    name: 'one end has the key of another peer',
    change: (plan) =>
      (first(wireguardAt(plan, 'leaf1').peers).publicKey = first(
        wireguardAt(plan, 'leaf1', 'leaf1--spine2').peers,
      ).publicKey),
    row: LINK,
    says: /leaf1 has no peer with the key of spine1/,
  },
  {
    name: 'the peer of one end was removed',
    change: (plan) => (wireguardAt(plan, 'leaf1').peers = []),
    row: `${LINK} leaf1>spine1`,
    says: /leaf1 ends \d+ of \d+ honest frames: wireguard-no-peer/,
  },
  {
    name: 'one end sends and takes no prefix that is used',
    change: (plan) => (first(wireguardAt(plan, 'leaf1').peers).allowedIps = ['192.0.2.0/24']),
    row: LINK,
    says: /wireguard-source-not-allowed|wireguard-no-peer/,
  },
  {
    name: 'one end takes no loopback of others',
    change: (plan) => (first(wireguardAt(plan, 'spine1').peers).allowedIps = ['10.254.0.0/16']),
    row: LINK,
    says: /spine1 (?:drops|ends) .*wireguard-(?:source-not-allowed|no-peer)/,
  },
  {
    name: 'one end sends to another port',
    change: both((plan, node) => {
      const { endpoint } = first(wireguardAt(plan, node).peers)
      if (endpoint !== undefined) endpoint.port = 51999
    }),
    row: LINK,
    says: /wireguard-clear|made no session/,
  },
  {
    name: 'one end listens on another port',
    change: (plan) => (wireguardAt(plan, 'leaf1').listenPort = 51999),
    row: LINK,
    says: /is no WireGuard of this link|goes to UDP port 51999/,
  },
  {
    name: 'one end has a pre-shared key that the other has not',
    change: (plan) =>
      (first(wireguardAt(plan, 'leaf1').peers).presharedKey = wireguardAt(plan, 'leaf1').privateKey),
    row: LINK,
    says: /made no session|wireguard-handshake-invalid/,
  },
  {
    name: 'a link goes round its seal',
    change: both((plan, node) => bypass(plan, LINK, node, 'wireguard')),
    row: `${LINK} leaf1>spine1`,
    says: /in the clear|payload can be read/,
  },
  {
    name: 'one end goes round its seal',
    change: (plan) => bypass(plan, LINK, 'leaf1', 'wireguard'),
    row: `${LINK} leaf1>spine1`,
    says: /in the clear|payload can be read/,
  },
  {
    name: 'one end takes short packets alone',
    change: (plan) => (wireguardAt(plan, 'leaf1').mtu = 100),
    row: LINK,
    says: /frame-oversize|mtu-exceeded/,
  },
]

const vxlanAt = (plan: Plan, node: string, vni: number) => of(plan, node, 'vxlan', (one) => one.vni === vni)
const floodAt = (plan: Plan, node: string, vni: number) => {
  const { id } = vxlanAt(plan, node, vni)
  const found = program(plan, node).tables.flood.find((one) => one.interface === id)
  if (found === undefined) throw new TypeError(`${node} floods nothing in VNI ${vni}`)
  return found
}
const hostPort = (plan: Plan, host: string) => {
  const at = plan.hosts.find(({ id }) => id === host)?.at
  if (at === undefined) throw new TypeError(`there is no ${host}`)
  return of(plan, at.node, 'port', ({ id }) => id === at.interface)
}

/** Of `demo-clear` and `demo`. */
export const brokenVxlan: readonly BrokenFabric[] = [
  {
    name: 'a leaf has another VNI',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).vni = 20031),
    row: '20030 bank/sync leaf1>leaf2',
    says: /vxlan-vni-unknown/,
  },
  {
    name: "a leaf has another tenant's VNI",
    change: (plan) => {
      vxlanAt(plan, 'leaf1', 20030).vni = 666
      vxlanAt(plan, 'leaf1', 10010).vni = 20030
    },
    row: '20030 bank/sync leaf2>leaf1',
    says: /shop\/web\d hears what bank\/sync2 says/,
  },
  {
    name: 'a leaf lacks a remote',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).remotes = []),
    row: '20030 bank/sync leaf2>leaf1',
    says: /vxlan-source-unknown/,
  },
  {
    name: 'a flood list is short',
    change: (plan) => (floodAt(plan, 'leaf1', 20030).remotes = []),
    row: '20030 bank/sync leaf1>leaf2',
    says: /bank\/sync2 hears nothing of what bank\/sync1 says to all/,
  },
  {
    name: 'a flood list is stale',
    change: (plan) => floodAt(plan, 'leaf1', 20030).remotes.push(vxlanAt(plan, 'leaf3', 20010).local),
    row: '20030 bank/sync leaf1>leaf2',
    says: /is sent to 10\.255\.0\.\d+, where nobody has the network/,
  },
  {
    name: 'a tunnel takes short frames alone',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).mtu = 1400),
    row: '20030 bank/sync leaf1>leaf2',
    says: /does not arrive \(leaf1: mtu-exceeded|\(.*mtu-exceeded/,
  },
  {
    name: 'an edge port takes short frames alone',
    change: (plan) => (hostPort(plan, 'bank/sync2').mtu = 1400),
    row: '20030 bank/sync leaf1>leaf2',
    says: /does not arrive \(.*mtu-exceeded/,
  },
  {
    name: 'an edge port takes longer frames than its network',
    change: (plan) => (hostPort(plan, 'bank/sync1').mtu = 1600),
    row: '20030 bank/sync leaf1>leaf2',
    says: /expected frame-oversize/,
  },
  {
    name: 'a leaf sends to another UDP port',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).port = 8472),
    row: '20030 bank/sync leaf1>leaf2',
    says: /hears nothing|does not arrive/,
  },
  {
    name: 'a leaf computes UDP checksums',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).udpChecksum = 'compute'),
    row: '20030 bank/sync leaf1>leaf2',
    says: /outer UDP checksum is not zero/,
  },
  {
    name: 'a leaf has another VTEP',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).local = '10.255.0.99'),
    row: '20030 bank/sync leaf1>leaf2',
    says: /vxlan-source-unknown/,
  },
  {
    name: 'outer packets live for one hop',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).ttl = 1),
    row: '20030 bank/sync leaf1>leaf2',
    says: /ttl-exceeded/,
  },
  {
    name: 'outer packets may be fragmented',
    change: (plan) => (vxlanAt(plan, 'leaf1', 20030).df = false),
    row: '20030 bank/sync leaf1>leaf2',
    says: /DF is clear outside, and the plan has it set/,
  },
  {
    name: "a host's port is in the bridge of another network",
    change: (plan) => (hostPort(plan, 'shop/web1').bridge = hostPort(plan, 'bank/sync1').bridge),
    row: '20030 bank/sync leaf2>leaf1',
    says: /shop\/web1 hears what bank\/sync2 says/,
  },
  {
    name: 'a VRF has another VNI',
    change: (plan) => (vxlanAt(plan, 'leaf1', 50001).vni = 50099),
    row: '50001 shop leaf1>leaf3',
    says: /vxlan-vni-unknown/,
  },
]
/** Of `demo-clear` alone: behind a seal nobody can try it. */
export const openVxlan: BrokenFabric = {
  name: 'a leaf takes tunnels from strangers',
  change: (plan) => vxlanAt(plan, 'leaf1', 20030).remotes.push('198.51.100.77'),
  row: '20030 bank/sync leaf2>leaf1',
  says: /198\.51\.100\.77 .* was received by bank\/sync1/,
}
