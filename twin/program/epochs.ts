/**
 * Epochs of keys. A plan as the compiler makes it has the keys of epoch 0; each rotation of a seal's pair of ends begins another, and the
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
/** Two ends that share keys. */
export interface SealedPair {
  /** The link's id, or of a tunnel `leaf1--leaf2 vx10010`: ends in name order, then the first one's vxlan interface. */
  readonly name: string
  readonly kind: 'macsec' | 'wireguard'
  /** As the fabric file names it, of a link. */
  readonly seal?: string | undefined
  /** In name order. */
  readonly ends: readonly [SealEnd, SealEnd]
}
/** By the name of a pair; absent: 0. */
export type Epochs = ReadonlyMap<string, number>

type Sealing = MacsecInterface | WireguardInterface
interface Found {
  readonly node: string
  readonly item: Sealing
}

/**
 * The pairs of a plan, in name order. What has more than one other end, a gateway of many peers or a channel shared by several, is none: its
 * keys are not one link's.
 */
export function sealedPairs(plan: Pick<Plan, 'nodes' | 'links'>): readonly SealedPair[] {
  const all = plan.nodes.flatMap(({ name: node, program }) =>
    program.interfaces.flatMap((item): Found[] => (isSealing(item) ? [{ node, item }] : [])),
  )
  const owners = new Map(all.map((one) => [ownName(one.item), one]))
  return all
    .flatMap((one) => {
      const other = owners.get(otherName(one.item) ?? '')
      if (other === undefined || otherName(other.item) !== ownName(one.item)) return []
      return one.node < other.node ? [pairOf(plan, one, other)] : []
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function isSealing(item: Interface): item is Sealing {
  return item.kind === 'macsec' || (item.kind === 'wireguard' && item.lower !== undefined)
}

/** By what the other end knows it. */
function ownName(item: Sealing): string {
  return item.kind === 'macsec' ? item.tx.sci : `${item.privateKey}${PUBLIC}`
}

/** What it knows the one other end by. */
function otherName(item: Sealing): string | undefined {
  const names = new Set(
    item.kind === 'macsec' ? item.rx.map(({ sci }) => sci) : item.peers.map((peer) => peer.publicKey),
  )
  return names.size === 1 ? [...names][0] : undefined
}

function pairOf({ nodes, links }: Pick<Plan, 'nodes' | 'links'>, one: Found, other: Found): SealedPair {
  const end = ({ node, item }: Found): SealEnd => ({ node, interface: item.id })
  const [first, second] = [end(one), end(other)]
  const link = links.find(({ a, b }) =>
    [a, b].some(({ node, interface: id }) => node === one.node && id === one.item.lower),
  )
  const below = nodes
    .find(({ name }) => name === one.node)
    ?.program.interfaces.find(({ id }) => id === one.item.lower)
  return {
    name: link?.id ?? `${one.node}--${other.node} ${below?.name ?? ''}`,
    kind: one.item.kind,
    ...(link?.seal === undefined ? {} : { seal: link.seal }),
    ends: [first, second],
  }
}

/** The plan as it is at these epochs, whatever epochs it is at. */
export function withEpochs(plan: Plan, epochs: Epochs): Plan {
  const ends = new Map(
    sealedPairs(plan).flatMap(({ name, ends: both }) =>
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
    // One channel (sealedPairs).
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

/** A plan of one pair at an epoch: what is to be known to have its keys. */
export function keyedPair(
  plan: Pick<Plan, 'nodes'>,
  { ends }: SealedPair,
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
