/**
 * Loads wireguard interfaces and their peers (WG-1), and what they take over from the program before (WG-32).
 *
 * @module
 */
import type { WireguardInterface, WireguardPeer } from '../../contract/program.js'
import {
  isIpv6,
  parseIp,
  parseMac,
  parsePrefix,
  type Ip,
  type Ipv4,
  type Ipv6,
  type Mac,
} from '../packet/address.js'
import { toHex } from '../packet/bytes.js'
import { privateKeyOf, publicKeyOf, withOctets } from '../packet/wireguard-crypto.js'
import type { Address4, Address6, Config, Port } from './config.js'
import { secretOf } from './keys.js'
import type { LoadContext } from './load-context.js'
import { isOwnAddress } from './own-address.js'
import { RouteTable } from './route-table.js'
import { addAllowed, unique } from './wireguard-allowed.js'
import { publicKeyFrom, sharedOf, type SecretOf } from './wireguard-keys.js'
import { sessionsOf } from './wireguard-session.js'
import { InterfaceState, PeerState, type Endpoint, type Peer, type Wireguard } from './wireguard-state.js'

const NO_MAC = 0 as Mac

interface Addresses {
  readonly addresses4: Address4[]
  readonly addresses6: Address6[]
}

export function loadWireguard(
  context: LoadContext,
  one: WireguardInterface,
  addresses: Addresses,
): Wireguard {
  const where = `interface ${one.id}`
  const keyOf: SecretOf = (reference) =>
    secretOf(context.keys, reference, `${context.program.node}: ${where}`)
  const secret = keyOf(one.privateKey)
  const privateKey = withOctets(secret, privateKeyOf)
  const lower = lowerOf(context, one, where)
  const wg: Wireguard = {
    kind: 'wireguard',
    id: one.id,
    name: one.name,
    mac: one.mac === undefined ? NO_MAC : parseMac(one.mac),
    peerMac: one.peerMac === undefined ? NO_MAC : parseMac(one.peerMac),
    mtu: one.mtu,
    ...addresses,
    neighbours: new Map(),
    vrf: context.vrf(one.vrf, where),
    lower,
    underlay: one.underlayVrf === undefined ? undefined : context.vrf(one.underlayVrf, where),
    secret,
    privateKey,
    publicKey: publicKeyOf(privateKey),
    listenPort: one.listenPort,
    ...localsOf(context, one, where),
    ttl: one.ttl,
    df: one.df,
    loadLimit: one.loadLimit,
    peers: new Map(),
    allowed4: new RouteTable(4),
    allowed6: new RouteTable(16),
    indexes: new Map(),
    state: new InterfaceState(),
  }
  for (const given of one.peers) loadPeer(context, wg, given, where, keyOf)
  if (lower !== undefined) lower.upper = wg
  return wg
}

/** WG-1: a port below, or a VRF for outer packets. */
function lowerOf(context: LoadContext, one: WireguardInterface, where: string): Port | undefined {
  if ((one.lower === undefined) === (one.underlayVrf === undefined)) {
    context.fail(where, 'a wireguard interface has a port below or an underlay VRF, not both and not neither')
  }
  const macs = [one.mac, one.peerMac].filter((mac) => mac !== undefined).length
  if (macs !== (one.lower === undefined ? 0 : 2)) {
    context.fail(where, 'a wireguard interface has MACs with a port below, and only there')
  }
  if (one.lower === undefined) return undefined
  const lower = context.find(one.lower, ['port'], where)
  if (lower.upper !== undefined) context.fail(where, `port ${lower.id} carries another interface`)
  if (lower.addresses4.length + lower.addresses6.length > 0) {
    context.fail(where, `port ${lower.id} has addresses below a wireguard interface`)
  }
  return lower
}

function localsOf(
  context: LoadContext,
  one: WireguardInterface,
  where: string,
): { readonly local4: Ipv4 | undefined; readonly local6: Ipv6 | undefined } {
  const locals = one.local.map(parseIp)
  const local4 = locals.filter((address): address is Ipv4 => !isIpv6(address))
  const local6 = locals.filter(isIpv6)
  if (local4.length > 1 || local6.length > 1) context.fail(where, 'two outer addresses are of one family')
  return { local4: local4[0], local6: local6[0] }
}

function loadPeer(
  context: LoadContext,
  wg: Wireguard,
  given: WireguardPeer,
  where: string,
  keyOf: SecretOf,
): void {
  const publicKey = publicKeyFrom(given.publicKey, keyOf)
  const name = toHex(publicKey)
  if (wg.peers.has(name)) context.fail(where, `peer ${given.publicKey} is there twice`)
  if (name === toHex(wg.publicKey)) context.fail(where, `peer ${given.publicKey} is the interface itself`)
  const peer = makePeer(wg, publicKey, {
    endpoint: given.endpoint && endpointOf(given.endpoint),
    persistentKeepalive: given.persistentKeepalive,
    presharedKey: given.presharedKey === undefined ? undefined : keyOf(given.presharedKey),
  })
  for (const prefix of given.allowedIps.map(parsePrefix)) {
    if (!addAllowed(wg, prefix, peer)) context.fail(where, `two peers have one prefix of allowedIps`)
    peer.prefixes = unique([...peer.prefixes, prefix])
  }
}

/** A peer without prefixes, which the interface knows from now on. */
export function makePeer(
  wg: Wireguard,
  publicKey: Uint8Array,
  given: Pick<Peer, 'presharedKey' | 'persistentKeepalive'> & { readonly endpoint: Endpoint | undefined },
): Peer {
  const { endpoint, presharedKey, persistentKeepalive } = given
  const peer: Peer = {
    publicKey,
    shared: sharedOf(wg.privateKey, publicKey),
    presharedKey,
    programEndpoint: endpoint,
    prefixes: [],
    persistentKeepalive,
    state: new PeerState(endpoint),
  }
  // WG-30: the first one is due at once.
  if (persistentKeepalive !== undefined) peer.state.timers.persistent = 0n
  wg.peers.set(toHex(publicKey), peer)
  return peer
}

function endpointOf(given: { readonly address: string; readonly port: number }): Endpoint {
  return { address: parseIp(given.address), port: given.port, own: undefined }
}

/** WG-32: what peers and interfaces of the program before have, those of the new one go on with; how many peers do. */
export function takeOver(before: Config, after: Config): number {
  let kept = 0
  for (const wg of after.wireguards) {
    const known = before.interfaces.get(wg.id)
    if (known?.kind !== 'wireguard' || !known.secret.equals(wg.secret)) continue
    wg.state = known.state
    for (const [name, peer] of wg.peers) {
      const was = known.peers.get(name)
      if (was === undefined) continue
      takeOverPeer(wg, was, peer)
      kept++
    }
  }
  return kept
}

function takeOverPeer(wg: Wireguard, was: Peer, peer: Peer): void {
  const { programEndpoint } = peer
  peer.state = was.state
  if (programEndpoint !== undefined && !isSame(programEndpoint, was.programEndpoint)) {
    peer.state.endpoint = programEndpoint
  }
  const { endpoint } = peer.state
  if (endpoint?.own !== undefined && !hasAddress(wg, endpoint.own)) {
    peer.state.endpoint = { ...endpoint, own: undefined }
  }
  setPersistent(peer, was.persistentKeepalive, peer.persistentKeepalive)
  for (const { session } of sessionsOf(peer)) wg.indexes.set(session.index, peer)
  if (peer.state.handshake !== undefined) wg.indexes.set(peer.state.handshake.index, peer)
}

/** Whether outer packets are for this node there. */
function hasAddress({ underlay, local4, local6 }: Wireguard, address: Ip): boolean {
  return underlay === undefined ? address === local4 || address === local6 : isOwnAddress(underlay, address)
}

function isSame(a: Endpoint, b: Endpoint | undefined): boolean {
  return b !== undefined && a.address === b.address && a.port === b.port
}

/** WG-30: a peer that begins to be kept alive is due at once; one that ceases is never. */
export function setPersistent(peer: Peer, before: number | undefined, after: number | undefined): void {
  peer.persistentKeepalive = after
  if (after === undefined) peer.state.timers.persistent = undefined
  else if (before === undefined) peer.state.timers.persistent = 0n
}
