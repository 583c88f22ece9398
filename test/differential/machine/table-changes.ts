/**
 * Random `apply` requests: lists of table changes that meet what the program has and what frames have taught, and lists
 * that must be refused whole, one of each kind of fault at any place in them.
 *
 * @module
 */
import type { TableChange } from '../../../contract/control.js'
import type { Interface, NextHop, VxlanInterface } from '../../../contract/program.js'
import { formatIp, formatMac, parseIp, type Ip } from '../../../twin/packet/index.js'
import { vtep, VTEPS, weight } from './program-underlay.js'
import { macsecChange, macsecFaults } from './macsec-changes.js'
import type { Random } from './random.js'
import type { BridgeWords, Vocabulary } from './vocabulary.js'

/** A request `apply`: most are right, one in five is not. */
export function applyRequest(random: Random, words: Vocabulary): unknown {
  const id = random.below(1000)
  const changes: unknown[] = Array.from({ length: lengthOf(random) }, () => randomChange(random, words))
  if (random.chance(20)) {
    changes.splice(random.below(changes.length + 1), 0, refusedChange(random, words))
    // A second fault behind the first, or before it.
    if (random.chance(20)) changes.splice(random.below(changes.length + 1), 0, refusedChange(random, words))
  }
  return { id, op: 'apply', changes }
}

function lengthOf(random: Random): number {
  return random.weighted([
    [1, 0],
    [8, 1],
    [8, random.between(2, 4)],
    [2, random.between(5, 20)],
  ])
}

/** A change that can be made. What it is about is drawn from few words, so that changes meet each other. */
function randomChange(random: Random, words: Vocabulary): TableChange {
  const irbs = words.bridges.filter(({ irb }) => irb !== undefined)
  return random.weighted<() => TableChange>([
    [5, () => routeChange(random, words)],
    [
      words.bridges.some((one) => membersOf(words, one.id).length > 0) ? 6 : 0,
      () => fdbChange(random, words),
    ],
    [irbs.length > 0 ? 6 : 0, () => neighbourChange(random, random.pick(irbs))],
    [flooding(words).length > 0 ? 2 : 0, () => floodChange(random, random.pick(flooding(words)))],
    [words.macsecs.length > 0 ? 4 : 0, () => macsecChange(random, random.pick(words.macsecs))],
  ])()
}

/** Tunnels that are in a bridge. */
function flooding(words: Vocabulary): VxlanInterface[] {
  return words.tunnels.filter(({ bridge }) => bridge !== undefined)
}

type Routed = Extract<Interface, { readonly kind: 'port' | 'macsec' | 'irb' }>

/** What routes in a VRF. In the underlay's VRF an IRB over a tunnel would lead the tunnel into itself, which is refused. */
function routedIn(random: Random, words: Vocabulary, vrf: number): readonly Routed[] {
  const tunnelled = new Set([
    ...words.tunnels.map(({ bridge }) => bridge),
    ...words.sealedTunnels.map(({ bridge }) => bridge.id),
  ])
  return words.program.interfaces.filter((one): one is Routed => {
    if (!('addresses' in one) || one.vrf !== vrf) return false
    if (one.kind === 'loopback') return false
    return one.kind !== 'irb' || vrf !== 0 || !tunnelled.has(one.bridge) || random.chance(50)
  })
}

/** Host routes of hosts and VTEPs, as EVPN makes them, beside all that the program has. */
const PREFIXES = [
  '10.1.0.14/32',
  '10.1.0.15/32',
  '10.1.1.11/32',
  '2001:db8:1::e/128',
  '10.9.0.0/16',
  '10.9.3.0/24',
  '2001:db8:9::/48',
  '0.0.0.0/0',
  '::/0',
  '10.255.0.3/32',
  'fd00:ff::3/128',
  '192.0.2.0/25',
  '192.0.2.64/27',
]

function routeChange(random: Random, words: Vocabulary): TableChange {
  const { id: vrf } = random.pick(words.vrfs)
  const present = words.program.tables.routes.filter((one) => one.vrf === vrf).map(({ prefix }) => prefix)
  const prefix = random.pick(present.length > 0 && random.chance(60) ? present : PREFIXES)
  const on = routedIn(random, words, vrf)
  if (on.length === 0 || random.chance(20)) return { table: 'route', vrf, prefix, members: null }
  const count = random.weighted([
    [10, 1],
    [8, random.between(2, 4)],
    [1, 64],
  ])
  const members = Array.from({ length: count }, () => nextHop(random, words, random.pick(on)))
  return { table: 'route', vrf, prefix, members }
}

/** By a neighbour that is there, a host, a VTEP, or none: then the destination itself is the next hop. */
function nextHop(random: Random, words: Vocabulary, on: Routed): NextHop {
  const present = words.program.tables.neighbours.filter((one) => one.interface === on.id)
  const bridge = words.bridges.find(({ irb }) => irb?.id === on.id)
  const hosts = [...(bridge?.hosts4 ?? []), ...(bridge?.hosts6 ?? [])].map(formatIp)
  const gateways = [...present.map(({ address }) => address), ...hosts, vtep(2, 4), vtep(3, 6)]
  const share = random.chance(30) ? { weight: weight(random) } : {}
  if (random.chance(12)) return { interface: on.id, ...share }
  return { interface: on.id, gateway: random.pick(gateways), ...share }
}

type Member = Extract<Interface, { readonly kind: (typeof MEMBERS)[number] }>

const MEMBERS = ['port', 'macsec', 'vxlan'] as const

function isMember(one: Interface): one is Member {
  return MEMBERS.some((kind) => kind === one.kind)
}

function membersOf(words: Vocabulary, bridge: number): readonly Member[] {
  return words.program.interfaces.filter(isMember).filter((one) => one.bridge === bridge)
}

function fdbChange(random: Random, words: Vocabulary): TableChange {
  const bridges = words.bridges.filter((one) => membersOf(words, one.id).length > 0)
  const bridge = random.pick(bridges)
  const { gatewayMac, systemMac } = bridge
  const own = [gatewayMac, systemMac].filter((mac) => mac !== undefined)
  const anybody = own.length > 0 && random.chance(5) ? random.pick(own) : random.pick(bridge.macs)
  const far = bridge.macs[farHost(random, bridge)]
  const mac = formatMac(random.chance(50) ? (far ?? anybody) : anybody)
  if (random.chance(25)) return { table: 'fdb', bridge: bridge.id, mac, to: null }
  const members = membersOf(words, bridge.id)
  const tunnels = members.filter((one) => one.kind === 'vxlan')
  const member = random.pick(tunnels.length > 0 && random.chance(60) ? tunnels : members)
  const remote = member.kind === 'vxlan' ? { remote: remoteFor(random, member) } : {}
  return {
    table: 'fdb',
    bridge: bridge.id,
    mac,
    to: { interface: member.id, ...remote, sticky: random.chance(35) },
  }
}

/** A VTEP that may send, mostly; one that may not, or the node itself. */
function remoteFor(random: Random, { remotes, local }: VxlanInterface): string {
  return remotes.length > 0 && random.chance(90)
    ? random.pick(remotes)
    : vtep(random.between(1, VTEPS), familyOf(local))
}

const familyOf = (text: string): 4 | 6 => (text.includes(':') ? 6 : 4)

function neighbourChange(random: Random, bridge: BridgeWords): TableChange {
  const { irb } = bridge
  if (irb === undefined) throw new Error(`bridge ${bridge.id} has no IRB`)
  const own = new Set<Ip>([...bridge.own4, ...bridge.own6, ...bridge.linkLocals])
  const hosts = [...bridge.hosts4, ...bridge.hosts6].filter((address) => !own.has(address))
  const vteps = [vtep(2, 4), vtep(3, 4), vtep(2, 6), vtep(3, 6)].map(parseIp)
  const isLayer3 = irb.addresses.length === 0
  const n = farHost(random, bridge)
  const of = random.chance(50) ? bridge.hosts4 : bridge.hosts6
  const far = of[(n + 3) % of.length]
  const anybody = random.pick(isLayer3 || hosts.length === 0 || random.chance(10) ? vteps : hosts)
  const isFar = far !== undefined && !own.has(far) && random.chance(60)
  const address = formatIp(isFar ? far : anybody)
  if (random.chance(25)) return { table: 'neighbour', interface: irb.id, address, to: null }
  const mac = (random.chance(50) ? bridge.macs[n] : undefined) ?? random.pick(bridge.macs)
  return {
    table: 'neighbour',
    interface: irb.id,
    address,
    to: { mac: formatMac(mac), sticky: random.chance(35) },
  }
}

/** Number of a host that is heard behind a tunnel more often than on a port (`bridge-frames.ts`). */
function farHost(random: Random, bridge: BridgeWords): number {
  return random.between(3, bridge.macs.length - 1)
}

function floodChange(random: Random, { id, local }: VxlanInterface): TableChange {
  const all = Array.from({ length: VTEPS - 1 }, (_, n) => vtep(n + 2, familyOf(local)))
  const remotes = random.shuffle(random.some(all, 60))
  // The node's own address, and one that is there already.
  if (random.chance(5)) remotes.push(vtep(1, familyOf(local)))
  if (remotes.length > 0 && random.chance(5)) remotes.push(random.pick(remotes))
  return { table: 'flood', interface: id, remotes }
}

/** Changes that the contract does not know so. */
const NOT_VALID: readonly unknown[] = [
  {},
  null,
  'fdb',
  { table: 'macsec', interface: 1 },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8' },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: [] },
  { table: 'route', vrf: 0, prefix: '10.0.0.0', members: null },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/33', members: null },
  { table: 'route', vrf: 0, prefix: '10.0.0.1/8', members: null },
  { table: 'route', vrf: 0, prefix: '2001:db8::1/64', members: null },
  { table: 'route', vrf: 0, prefix: '2001:DB8::/32', members: null },
  { table: 'route', vrf: 0, prefix: '2001:db8:0::/48', members: null },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/08', members: null },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: [{ interface: 1, weight: 0 }] },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: [{ interface: 1, weight: 257 }] },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: [{ interface: 1, weight: 1.5 }] },
  { table: 'route', vrf: -1, prefix: '10.0.0.0/8', members: null },
  { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: null, group: 1 },
  { table: 'fdb', bridge: 1, mac: '02:00:00:00:00', to: null },
  { table: 'fdb', bridge: 1, mac: '02:00:00:00:00:0G', to: null },
  { table: 'fdb', bridge: 0, mac: '02:00:00:00:00:01', to: null },
  { table: 'fdb', bridge: 1, mac: '02:00:00:00:00:01' },
  { table: 'fdb', bridge: 1, mac: '02:00:00:00:00:01', to: { interface: 1 } },
  { table: 'neighbour', interface: 1, address: '10.1.0.256', to: null },
  { table: 'neighbour', interface: 1, address: '10.1.0.11', to: { mac: '02:00:00:00:00:01', sticky: 1 } },
  { table: 'receive-association', interface: 1, sci: '0200000200000001', an: 4, to: null },
  { table: 'receive-association', interface: 1, sci: '020000020000000G', an: 0, to: null },
  { table: 'receive-association', interface: 1, sci: '0200000200000001', an: 0 },
  { table: 'receive-association', interface: 1, sci: '0200000200000001', an: 0, to: { key: 'k' } },
  { table: 'transmit-association', interface: 1, to: null },
  { table: 'transmit-association', interface: 1, to: { an: 0, key: 'lab:a/b', pn: '0' } },
  { table: 'transmit-association', interface: 1, to: { an: 0, key: 'lab:a/b', pn: 1 } },
  { table: 'transmit-association', interface: 1, to: { an: 0, key: 'lab:a/b', ssci: 4294967296 } },
  { table: 'flood', interface: 1, remotes: null },
  { table: 'flood', interface: 1, remotes: ['10.255.0'] },
]

/** A change that is refused (CTRL-6), wherever the program has what it takes to be wrong about. */
function refusedChange(random: Random, words: Vocabulary): unknown {
  const faults = [...FAULTS, () => random.pick(NOT_VALID)]
  for (;;) {
    const change = random.pick(faults)(random, words)
    if (change !== undefined) return change
  }
}

const NOWHERE = 64_999
const GROUP = '03:00:00:00:00:01'
const MAC = '02:aa:00:00:00:01'

/** An interface of none of these kinds. */
function otherKind(random: Random, words: Vocabulary, ...kinds: readonly Interface['kind'][]): number {
  const others = words.program.interfaces.filter(({ kind }) => !kinds.includes(kind))
  return others.length > 0 && random.chance(70) ? random.pick(others).id : NOWHERE
}

/** Each gives a refused change, or nothing where the program has not what it takes. */
const FAULTS: readonly ((random: Random, words: Vocabulary) => unknown)[] = [
  (random) => ({ table: 'route', vrf: 77, prefix: random.pick(PREFIXES), members: null }),
  (random, words) => ({
    table: 'route',
    vrf: 0,
    prefix: random.pick(PREFIXES),
    members: [{ interface: otherKind(random, words, 'port', 'macsec', 'irb') }],
  }),
  // A next hop's interface of another VRF, or of none; behind one that is right.
  (random, words) => {
    const { id: vrf } = random.pick(words.vrfs)
    const right = routedIn(random, words, vrf).map(({ id }) => ({ interface: id }))
    const wrong = words.program.interfaces.filter((one) => 'addresses' in one && one.vrf !== vrf)
    if (wrong.length === 0) return undefined
    return {
      table: 'route',
      vrf,
      prefix: random.pick(PREFIXES),
      members: [...right.slice(0, 1), { interface: random.pick(wrong).id }],
    }
  },
  (random, words) => ({
    table: 'fdb',
    bridge: otherKind(random, words, 'bridge'),
    mac: MAC,
    to: null,
  }),
  (random, words) => fdbFault(random, words, () => ({ to: null, mac: GROUP })),
  (random, words) => fdbFault(random, words, (member) => ({ to: target(member), mac: GROUP })),
  (random, words) =>
    fdbFault(random, words, () => ({
      to: { interface: otherKind(random, words, ...MEMBERS), sticky: false },
    })),
  // A member of another bridge, or of none.
  (random, words) => {
    const bridge = anyOf(random, words.bridges)
    const others = words.program.interfaces.filter(isMember).filter((one) => one.bridge !== bridge?.id)
    if (bridge === undefined || others.length === 0) return undefined
    return { table: 'fdb', bridge: bridge.id, mac: MAC, to: target(random.pick(others)) }
  },
  // A remote on a port, none on a vxlan, or one of the other family.
  (random, words) =>
    fdbFault(random, words, (member) => ({
      to:
        member.kind !== 'vxlan'
          ? { interface: member.id, remote: vtep(2, 4), sticky: true }
          : random.chance(50)
            ? { interface: member.id, sticky: true }
            : { interface: member.id, remote: vtep(2, familyOf(member.local) === 4 ? 6 : 4), sticky: true },
    })),
  (random, words) => ({
    table: 'neighbour',
    interface: otherKind(random, words, 'irb'),
    address: '10.1.0.14',
    to: random.chance(50) ? null : { mac: MAC, sticky: false },
  }),
  (random, words) => {
    const bridge = anyOf(random, words.bridges)
    const own = [...(bridge?.own4 ?? []), ...(bridge?.own6 ?? []), ...(bridge?.linkLocals ?? [])]
    if (bridge?.irb === undefined || own.length === 0) return undefined
    const to = random.chance(50) ? null : { mac: MAC, sticky: true }
    return { table: 'neighbour', interface: bridge.irb.id, address: formatIp(random.pick(own)), to }
  },
  (random, words) => {
    const irb = anyOf(random, words.bridges)?.irb
    if (irb === undefined) return undefined
    return { table: 'neighbour', interface: irb.id, address: '10.77.0.1', to: { mac: GROUP, sticky: false } }
  },
  (random, words) => ({ table: 'flood', interface: otherKind(random, words, 'vxlan'), remotes: [] }),
  // A tunnel below a macsec interface has no flood list (MACSEC-10).
  (random, words) => {
    const under = anyOf(random, words.sealedTunnels)
    if (under === undefined) return undefined
    const { id, remotes } = under.tunnel
    return { table: 'flood', interface: id, remotes: random.chance(50) ? remotes : [] }
  },
  ...macsecFaults,
  (random, words) => ({
    table: 'receive-association',
    interface: otherKind(random, words, 'macsec'),
    sci: '0200000200000001',
    an: 0,
    to: null,
  }),
  (random, words) => {
    const tunnel = anyOf(random, flooding(words))
    if (tunnel === undefined) return undefined
    const family = familyOf(tunnel.local)
    return { table: 'flood', interface: tunnel.id, remotes: [vtep(2, family), vtep(3, family === 4 ? 6 : 4)] }
  },
]

function anyOf<T>(random: Random, from: readonly T[]): T | undefined {
  return from.length === 0 ? undefined : random.pick(from)
}

function target(member: Member): unknown {
  const remote = member.kind === 'vxlan' ? { remote: vtep(2, familyOf(member.local)) } : {}
  return { interface: member.id, ...remote, sticky: false }
}

/** A change of a bridge that has a member, with something wrong in it. */
function fdbFault(random: Random, words: Vocabulary, fault: (member: Member) => object): unknown {
  const bridges = words.bridges.filter((one) => membersOf(words, one.id).length > 0)
  if (bridges.length === 0) return undefined
  const { id } = random.pick(bridges)
  return { table: 'fdb', bridge: id, mac: MAC, ...fault(random.pick(membersOf(words, id))) }
}
