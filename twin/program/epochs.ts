/**
 * Epochs of keys. A plan as the compiler makes it has the keys of epoch 0; each rotation of ends that share keys begins another, and the
 * references of its keys say which: `lab:core/leaf1--spine1/leaf1/3` is the MACsec key that leaf1 sends with in epoch 3, and of
 * WireGuard its private key then (of epoch 0 without a number). Where a MACsec end has several associations, one waiting behind the other,
 * an epoch has as many keys, and their numbers go on: of two associations 6 and 7 in epoch 3.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type {
  Interface,
  MacsecInterface,
  NodeProgram,
  WireguardInterface,
  WireguardPeer,
} from '../../contract/program.js'
import { keysOf } from './key-references.js'

/** Association numbers (IEEE 802.1AE-2018 clause 9.5): epochs take turns with them. */
const ASSOCIATIONS = 4
const PUBLIC = '/public'

/** An end of a seal: a macsec or wireguard interface of a node. */
export interface SealEnd {
  readonly node: string
  readonly interface: number
}
/** Ends that share keys, and get new ones together: those of a link, of a tunnel, or all leaves of a tenant whose WireGuard has a peer for each. */
export interface SealGroup {
  /** The link's id; of a tenant its name, of one of its networks `shop/web`, and of a tunnel the leaves behind it: `shop/web leaf1--leaf2`. */
  readonly name: string
  readonly kind: 'macsec' | 'wireguard'
  /** As the fabric file names it. */
  readonly seal?: string | undefined
  /** Of what is sealed between leaves. */
  readonly tenant?: string
  readonly network?: string | undefined
  /** In name order, two or more. */
  readonly ends: readonly SealEnd[]
}
/** By the name of a group; absent: 0. */
export type Epochs = ReadonlyMap<string, number>

type Sealing = MacsecInterface | WireguardInterface
interface Found {
  readonly node: string
  readonly item: Sealing
}
type Sealed = Pick<Plan, 'nodes' | 'links' | 'tenants'>

/**
 * The groups of a plan, in name order. Whose other ends are not all in the plan, with this one as their own other end, is in none: its keys
 * are not the plan's to change.
 */
export function sealGroups(plan: Sealed): readonly SealGroup[] {
  const all = plan.nodes.flatMap(({ name: node, program }) =>
    program.interfaces.flatMap((item): Found[] => (isSealing(item) ? [{ node, item }] : [])),
  )
  const owners = new Map(all.map((one) => [ownName(one.item), one]))
  const seen = new Set<Found>()
  return all
    .flatMap((one) => {
      const group = seen.has(one) ? [] : reachedFrom(one, owners)
      for (const found of group) seen.add(found)
      return group.length > 1 && group.every((each) => knowsAll(each, group)) ? [groupOf(plan, group)] : []
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isSealing(item: Interface): item is Sealing {
  return item.kind === 'macsec' || item.kind === 'wireguard'
}

/** By what other ends know it. */
function ownName(item: Sealing): string {
  return item.kind === 'macsec' ? item.tx.sci : `${item.privateKey}${PUBLIC}`
}

/** What it knows other ends by. */
function otherNames(item: Sealing): ReadonlySet<string> {
  return new Set(
    item.kind === 'macsec' ? item.rx.map(({ sci }) => sci) : item.peers.map((peer) => peer.publicKey),
  )
}

/** All that it knows, and all that they know, in name order of nodes. */
function reachedFrom(first: Found, owners: ReadonlyMap<string, Found>): readonly Found[] {
  const reached = new Set([first])
  for (const one of reached) {
    for (const name of otherNames(one.item)) {
      const other = owners.get(name)
      if (other !== undefined) reached.add(other)
    }
  }
  return [...reached].toSorted((a, b) => (a.node < b.node ? -1 : 1))
}

/** Each knows every other and nobody else; a MACsec channel is that of two. */
function knowsAll({ item }: Found, group: readonly Found[]): boolean {
  const names = otherNames(item)
  const others = group.filter((one) => one.item !== item)
  if (item.kind === 'macsec' && others.length !== 1) return false
  return names.size === others.length && others.every((one) => names.has(ownName(one.item)))
}

function groupOf(plan: Sealed, group: readonly Found[]): SealGroup {
  const ends = group.map(({ node, item }): SealEnd => ({ node, interface: item.id }))
  const kind = group.every(({ item }) => item.kind === 'macsec') ? 'macsec' : 'wireguard'
  const isAt = (end: SealEnd) => ends.some((one) => placeOf(one) === placeOf(end))
  const lowers = group.map(({ node, item }): SealEnd => ({ node, interface: item.lower ?? 0 }))
  const link = plan.links.find(({ a, b }) =>
    lowers.some((end) => [a, b].some((one) => placeOf(one) === placeOf(end))),
  )
  if (link !== undefined) return { name: link.id, kind, seal: link.seal, ends }
  const between = ends.map(({ node }) => node).join('--')
  for (const { name: tenant, seal, tunnels = [] } of plan.tenants) {
    const tunnel = tunnels.find(({ a }) => isAt(a))
    if (tunnel === undefined) continue
    const { network } = tunnel
    const name = kind === 'wireguard' ? tenant : `${network ?? tenant} ${between}`
    return { name, kind, seal: seal?.name, tenant, network, ends }
  }
  return { name: between, kind, ends }
}

/** The plan as it is at these epochs, whatever epochs it is at. */
export function withEpochs(plan: Plan, epochs: Epochs): Plan {
  const ends = new Map(
    sealGroups(plan).flatMap(({ name, ends: both }) =>
      both.map((end): [string, number] => [placeOf(end), epochs.get(name) ?? 0]),
    ),
  )
  const nodes = plan.nodes.map((node) => ({
    ...node,
    program: {
      ...node.program,
      interfaces: node.program.interfaces.map((item) => {
        const epoch = ends.get(placeOf({ node: node.name, interface: item.id }))
        return epoch === undefined ? item : atEpoch(item, epoch)
      }),
    },
  }))
  return { ...plan, nodes, keys: keysOf(nodes.map(({ program }) => program)) }
}

function placeOf({ node, interface: id }: SealEnd): string {
  return `${node} ${id}`
}

/** One interface at an epoch; all else of it stays. */
export function atEpoch(item: Interface, epoch: number): Interface {
  if (item.kind === 'macsec') return macsecAt(item, epoch)
  return item.kind === 'wireguard' ? wireguardAt(item, epoch) : item
}

/** A key for each association that an end has, those in wait too; number after number, and the association's is the rest of four. */
function macsecAt(item: MacsecInterface, epoch: number): MacsecInterface {
  const associations = [item.tx, ...(item.standby ?? [])]
  const numbers = associations.map((_, n) => epoch * associations.length + n)
  const [first = 0, ...others] = numbers
  if (item.tx.key === numbered(item.tx.key, first)) return item
  const { sci, key, ssci } = item.tx
  const association = (number: number, reference: string, short: number | undefined) => ({
    an: number % ASSOCIATIONS,
    key: numbered(reference, number),
    ...(short === undefined ? {} : { ssci: short }),
  })
  const [rx] = item.rx
  return {
    ...item,
    tx: { sci, ...association(first, key, ssci) },
    ...(others.length === 0 ? {} : { standby: others.map((number) => association(number, key, ssci)) }),
    // One channel (sealGroups).
    rx:
      rx === undefined
        ? []
        : numbers.map((number) => ({ sci: rx.sci, ...association(number, rx.key, rx.ssci) })),
  }
}

function wireguardAt(item: WireguardInterface, epoch: number): WireguardInterface {
  const peerAt = (peer: WireguardPeer): WireguardPeer => ({
    ...peer,
    publicKey: `${wireguardKey(peer.publicKey.slice(0, -PUBLIC.length), epoch)}${PUBLIC}`,
    ...(peer.presharedKey === undefined ? {} : { presharedKey: wireguardKey(peer.presharedKey, epoch) }),
  })
  return { ...item, privateKey: wireguardKey(item.privateKey, epoch), peers: item.peers.map(peerAt) }
}

/** Of MACsec a number is always there, and nothing else of a reference is changed. */
function numbered(reference: string, number: number): string {
  return `${reference.replace(/\/\d+$/, '')}/${number}`
}

/** Nodes and links have names that are no numbers. */
function wireguardKey(reference: string, epoch: number): string {
  const base = reference.replace(/\/\d+$/, '')
  return epoch === 0 ? base : `${base}/${epoch}`
}

/** A program whose one interface is at an epoch. */
export function programAt(program: NodeProgram, id: number, epoch: number): NodeProgram {
  return {
    ...program,
    interfaces: program.interfaces.map((item) => (item.id === id ? atEpoch(item, epoch) : item)),
  }
}

/** A plan of one group at an epoch: what is to be known to have its keys. */
export function keyedGroup(
  plan: Pick<Plan, 'nodes'>,
  { ends }: SealGroup,
  epoch: number,
): Pick<Plan, 'keys' | 'nodes'> {
  const nodes = ends.flatMap((end) => {
    const node = plan.nodes.find(({ name }) => name === end.node)
    const item = node?.program.interfaces.find(({ id }) => id === end.interface)
    if (node === undefined || item === undefined) return []
    return [{ ...node, program: { ...node.program, interfaces: [atEpoch(item, epoch)] } }]
  })
  return { nodes, keys: keysOf(nodes.map(({ program }) => program)) }
}
