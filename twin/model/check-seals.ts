/**
 * Seals of tenants, from leaf to leaf: what they cannot carry, and what they need.
 *
 * @module
 */
import { DEFAULT_TUNNEL_VNIS } from '../../contract/fabric.js'
import type { Parts } from './check.js'
import { count, type Context } from './context.js'
import { idOf, type Network, type NumberRange, type Seal, type Tenant } from './fabric.js'
import { isKeyWord } from './read-seals.js'
import type { Path } from './tree.js'
import { sealedPairs, vrfNodesOf } from './tunnels.js'

/** 24 bits. */
const MAX_VNI = 0xffffff
/** On a node, by its interface ids; and in all, more than the twin was made for. */
const MAX_TUNNELS_OF_NODE = 12_000
const MAX_TUNNELS = 65_536

/** VNIs of which each sealed tunnel takes one. */
export function readTunnelVnis(context: Context): NumberRange {
  const text = context.file.overlay?.vnis ?? DEFAULT_TUNNEL_VNIS
  const [first = 0, last = 0] = text.split('-').map(Number)
  if (first > last || last > MAX_VNI) {
    context.bad(
      'ZT_FABRIC_VALUE',
      ['overlay', 'vnis'],
      `${text} is no range of VNIs`,
      `write the smaller one first, at most ${MAX_VNI}`,
    )
    return { first: 1, last: MAX_VNI }
  }
  return { first, last }
}

export function checkTenantSeals(context: Context, parts: Parts): void {
  checkTunnels(context, parts)
  const sealed = parts.tenants.filter(({ seal }) => seal !== undefined)
  for (const tenant of sealed) {
    const path = placeOf(context, tenant)
    if (tenant.seal?.kind === 'wireguard') checkPackets(context, path, tenant)
    lintIdle(context, path, tenant)
  }
  const used = new Map(sealed.map((tenant) => [tenant.seal, placeOf(context, tenant)]))
  for (const [seal, path] of used) if (seal?.kind === 'macsec') checkBridged(context, path, seal)
  lintWindows(context, parts)
}

/** Where a tenant's seal is named. */
function placeOf(context: Context, { name }: Tenant): Path {
  return context.file.tenants?.[name]?.seal === undefined ? ['overlay', 'seal'] : ['tenants', name, 'seal']
}

/** MACSEC-9: what is in a bridge bears addresses of hosts, and none of the leaf that seals it. */
function checkBridged(context: Context, path: Path, seal: Seal & { readonly kind: 'macsec' }): void {
  if (seal.tag !== 'end-station') return
  context.bad(
    'ZT_FABRIC_SEAL',
    path,
    `tags of ${seal.name} say end-station, and what tenants send bears addresses of hosts`,
    'write tag: implicit in the seal, or leave tag out',
    [{ at: context.valueAt(['seals', seal.name, 'tag']), message: 'the tag' }],
  )
}

/** WireGuard carries packets: what is bridged between leaves it does not. A prefix belongs to one peer (WG-1). */
function checkPackets(context: Context, path: Path, tenant: Tenant): void {
  for (const network of tenant.networks) {
    const [a, b] = network.nodes
    if (a === undefined || b === undefined) continue
    const { name } = tenant.seal ?? { name: '' }
    context.badKey(
      'ZT_FABRIC_SEAL',
      ['tenants', tenant.name, 'networks', network.name],
      `${idOf(network)} is on ${a} and ${b}, and ${reasonOf(network)}`,
      `give each leaf a network of its own, or the tenant a MACsec seal`,
      [{ at: context.valueAt(path), message: `${name} is WireGuard` }],
    )
  }
  const named = vrfNodesOf(tenant).find(isKeyWord)
  if (named === undefined) return
  context.bad(
    'ZT_FABRIC_NAME_CLASH',
    path,
    `a leaf of a tenant sealed by WireGuard cannot be called ${named}, which names another of its keys`,
    'give the node another name, or the tenant another seal',
  )
}

function reasonOf({ anycast }: Network): string {
  return anycast
    ? 'WireGuard knows one leaf for each address'
    : 'WireGuard carries packets and bridges no frames'
}

function lintIdle(context: Context, path: Path, tenant: Tenant): void {
  const { name, networks } = tenant
  const nodes = new Set(networks.flatMap((network) => network.nodes))
  if (path[0] !== 'tenants' || nodes.size > 1 || !context.isWhole('tenants')) return
  context.warn(
    'ZT_FABRIC_LINT_IDLE',
    path,
    `${name} is on ${[...nodes].join('')} alone, and nothing of it goes from leaf to leaf`,
    'leave it out',
  )
}

/** Frames of one tunnel take several ways, and MACSEC-4 drops those that another overtook. */
function lintWindows(context: Context, { links, tenants }: Parts): void {
  for (const seal of new Set(tenants.map((tenant) => tenant.seal))) {
    if (seal?.kind !== 'macsec' || seal.replayWindow !== 0) continue
    const pairs = tenants.filter((tenant) => tenant.seal === seal).flatMap(sealedPairs)
    const several = pairs.find(({ ends: [a, b] }) => {
      const beyond = peersOf(links, b)
      return peersOf(links, a).filter((peer) => beyond.includes(peer)).length > 1
    })
    if (several === undefined) continue
    context.warn(
      'ZT_FABRIC_LINT_SEAL',
      ['seals', seal.name, 'replayWindow'],
      `frames from ${several.ends.join(' to ')} take several ways, and one that another overtakes would be dropped`,
      'leave it out, or write a window as wide as frames may be late',
    )
  }
}

/** Of each link of a node the other end. */
function peersOf(links: Parts['links'], node: string): readonly string[] {
  return links.flatMap(({ ends }) => (ends.includes(node) ? ends.filter((end) => end !== node) : []))
}

function checkTunnels(context: Context, { tenants, tunnelVnis: { first, last } }: Parts): void {
  const tooMany = (path: Path, what: string, limit: number): void =>
    context.badKey('ZT_FABRIC_TOO_MANY', path, `${what}, the limit is ${limit}`, 'describe fewer')
  const pairs = countPairs(tenants)
  if (pairs > MAX_TUNNELS) {
    tooMany(['tenants'], `seals need ${pairs} tunnels between leaves`, MAX_TUNNELS)
    return
  }
  const ofNodes = new Map<string, number>()
  for (const node of tenants.flatMap(sealedPairs).flatMap(({ ends }) => ends))
    ofNodes.set(node, (ofNodes.get(node) ?? 0) + 1)
  const crowded = [...ofNodes].find(([, number]) => number > MAX_TUNNELS_OF_NODE)
  if (crowded !== undefined)
    tooMany(['tenants'], `${crowded[0]} has ${crowded[1]} sealed tunnels`, MAX_TUNNELS_OF_NODE)
  const given = tenants.flatMap(({ l3vni, networks }) => [l3vni, ...networks.map(({ vni }) => vni)])
  const taken = new Set(given.filter((vni) => vni !== undefined && vni >= first && vni <= last)).size
  const free = last - first + 1 - taken
  if (pairs <= free) return
  context.bad(
    'ZT_FABRIC_POOL_EXHAUSTED',
    ['overlay', 'vnis'],
    `${first}-${last} has ${count(free, 'VNI')} to give, the fabric has ${count(pairs, 'sealed tunnel')}`,
    'give a larger one',
  )
}

/** Without making them: there may be very many. */
function countPairs(tenants: readonly Tenant[]): number {
  return tenants
    .filter(({ seal }) => seal?.kind === 'macsec')
    .flatMap((tenant) => [
      ...tenant.networks.map(({ vni, nodes }) => (vni === undefined ? 0 : nodes.length)),
      tenant.l3vni === undefined ? 0 : vrfNodesOf(tenant).length,
    ])
    .reduce((sum, nodes) => sum + (nodes * (nodes - 1)) / 2, 0)
}
