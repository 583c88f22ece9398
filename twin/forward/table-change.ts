/**
 * Table changes of `apply` against a loaded program (CTRL-6): what a change names is looked up and judged before anything
 * is done, so that a list takes effect whole or not at all. Whether a change is refused depends on interfaces and VRFs
 * alone, never on what tables hold, nor on the changes before it; but for routes that lead tunnels into themselves, peers
 * that are too many, and channels of a macsec interface that knows one alone.
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import {
  formatIp,
  formatPrefix,
  isGroupMac,
  isIpv6,
  parseIp,
  parseMac,
  parsePrefix,
  type Ip,
  type Mac,
  type Prefix,
} from '../packet/address.js'
import { PacketError } from '../packet/errors.js'
import { bytesEqual, toHex } from '../packet/bytes.js'
import { parseSci, Tci } from '../packet/sectag.js'
import { tunnelInLoop, tunnelsOf, type Tunnel } from './tunnel-loop.js'
import type { AnyInterface, Bridge, Config, Irb, Member, RouteMember, Vrf, Vxlan } from './config.js'
import { ForwardError } from './errors.js'
import type { ReceiveChange, TransmitChange } from './macsec-change.js'
import { associationFault, makeReceive, makeTransmit, transmitFault, type SakOf } from './macsec-load.js'
import type { Macsec } from './macsec-state.js'
import { MOST_PEERS, type PeerChange } from './wireguard-change.js'
import { publicKeyFrom, type SecretOf } from './wireguard-keys.js'
import type { Wireguard } from './wireguard-state.js'

/** A change whose names are resolved; without `to` (or `members`) what is there is removed. */
export type PreparedChange =
  | {
      readonly table: 'route'
      readonly vrf: Vrf
      readonly prefix: Prefix
      readonly members: readonly RouteMember[] | undefined
    }
  | { readonly table: 'fdb'; readonly bridge: Bridge; readonly mac: Mac; readonly to: FdbTarget | undefined }
  | {
      readonly table: 'neighbour'
      readonly irb: Irb
      readonly address: Ip
      readonly to: { readonly mac: Mac; readonly sticky: boolean } | undefined
    }
  | { readonly table: 'flood'; readonly vxlan: Vxlan; readonly remotes: readonly Ip[] }
  | PeerChange
  | ReceiveChange
  | TransmitChange

/** What keys changes name. */
export interface ChangeKeys {
  readonly secretOf: SecretOf
  readonly sakOf: SakOf
}

interface FdbTarget {
  readonly member: Member
  readonly remote: Ip | undefined
  readonly sticky: boolean
}

/** The first change of a list that cannot be made. */
export interface RefusedChange {
  /** Counted from 0. */
  readonly index: number
  /** What it names is not there, or not of that kind; or it says what cannot be. */
  readonly code: 'unknown-interface' | 'invalid'
  readonly what: string
}

/** All changes of a list resolved, or the first that is refused. */
export function prepareChanges(
  config: Config,
  changes: readonly TableChange[],
  keys: ChangeKeys,
): readonly PreparedChange[] | RefusedChange {
  const prepared: PreparedChange[] = []
  const leads = new Map<Vrf, Tunnel[]>()
  const peers = new PeerCount()
  const channels = new ChannelCount()
  for (const [index, change] of changes.entries()) {
    try {
      const made = prepare(config, change, keys)
      if (made.table === 'route') checkTunnels(config, made, leads)
      if (made.table === 'peer') checkPeers(made, peers)
      if (made.table === 'receive-association') checkChannels(made, channels)
      prepared.push(made)
    } catch (error) {
      if (error instanceof Refused) return { index, code: error.code, what: error.message }
      // The schema bounds the shape of addresses, not that a prefix has no host bits.
      if (error instanceof PacketError || error instanceof ForwardError)
        return { index, code: 'invalid', what: error.message }
      throw error
    }
  }
  return prepared
}

/** Leads out of a look-up in vain; never leaves this module. */
class Refused extends Error {
  constructor(
    readonly code: RefusedChange['code'],
    what: string,
  ) {
    super(what)
  }
}

function prepare(config: Config, change: TableChange, keys: ChangeKeys): PreparedChange {
  switch (change.table) {
    case 'route':
      return prepareRoute(config, change)
    case 'fdb':
      return prepareFdb(config, change)
    case 'neighbour':
      return prepareNeighbour(config, change)
    case 'flood': {
      const vxlan = find(config, change.interface, ['vxlan'])
      if (vxlan.bridge === undefined)
        throw new Refused('invalid', `interface ${vxlan.id} has no bridge to flood`)
      return { table: 'flood', vxlan, remotes: change.remotes.map((text) => remoteOf(vxlan, text)) }
    }
    case 'peer':
      return preparePeer(config, change, keys.secretOf)
    case 'receive-association':
      return prepareReceive(config, change, keys.sakOf)
    case 'transmit-association':
      return prepareTransmit(config, change, keys.sakOf)
  }
}

type PreparedOf<T extends PreparedChange['table']> = Extract<PreparedChange, { readonly table: T }>
type ChangeOf<T extends TableChange['table']> = Extract<TableChange, { readonly table: T }>

function prepareRoute(config: Config, change: ChangeOf<'route'>): PreparedOf<'route'> {
  const vrf = config.vrfs.get(change.vrf)
  if (vrf === undefined) throw new Refused('unknown-interface', `VRF ${change.vrf} does not exist`)
  const prefix = canonical(change.prefix, parsePrefix(change.prefix), formatPrefix)
  const members = change.members?.map((member): RouteMember => {
    const on = find(config, member.interface, ['port', 'macsec', 'wireguard', 'irb'])
    if (on.vrf !== vrf) {
      throw new Refused('unknown-interface', `interface ${on.id} does not route in VRF ${vrf.id}`)
    }
    const gateway = member.gateway === undefined ? undefined : ipOf(member.gateway)
    return { interface: on, gateway, weight: member.weight ?? 1 }
  })
  return { table: 'route', vrf, prefix, members }
}

/** A route out of an IRB or wireguard interface may lead a tunnel into itself, by itself or with those before it. */
function checkTunnels(config: Config, route: PreparedOf<'route'>, leads: Map<Vrf, Tunnel[]>): void {
  const tunnels = tunnelsOf(route.members ?? [])
  const isUnderlay = [...config.vxlans, ...config.wireguards].some(({ underlay }) => underlay === route.vrf)
  if (tunnels.length === 0 || !isUnderlay) return
  leads.set(route.vrf, [...(leads.get(route.vrf) ?? []), ...tunnels])
  const looping = tunnelInLoop([...config.bridges, ...config.wireguards], leads)
  if (looping !== undefined) {
    const how = looping.kind === 'bridge' ? 'bridge %d sends by VXLAN' : 'interface %d seals'
    throw new Refused('invalid', `what ${how.replace('%d', String(looping.id))} could come back to it`)
  }
}

/** WG-33 */
function preparePeer(config: Config, change: ChangeOf<'peer'>, secretOf: SecretOf): PeerChange {
  const wg = find(config, change.interface, ['wireguard'])
  const publicKey = publicKeyFrom(change.publicKey, secretOf)
  if (bytesEqual(publicKey, wg.publicKey)) {
    throw new Refused('invalid', `the key is that of interface ${wg.id} itself`)
  }
  const { to } = change
  if (to === null) return { table: 'peer', wg, publicKey, to: undefined }
  const { endpoint, presharedKey, persistentKeepalive } = to
  const prefixes = to.allowedIps.map((text) => canonical(text, parsePrefix(text), formatPrefix))
  return {
    table: 'peer',
    wg,
    publicKey,
    to: {
      prefixes,
      persistentKeepalive,
      endpoint: endpoint && { address: ipOf(endpoint.address), port: endpoint.port, own: undefined },
      presharedKey: presharedKey === undefined ? undefined : secretOf(presharedKey),
    },
  }
}

/** Peers by interface, as the changes of a list leave them. */
class PeerCount {
  private readonly names = new Map<Wireguard, Set<string>>()

  after({ wg, publicKey, to }: PeerChange): number {
    const names = this.names.get(wg) ?? new Set(wg.peers.keys())
    this.names.set(wg, names)
    if (to === undefined) names.delete(toHex(publicKey))
    else names.add(toHex(publicKey))
    return names.size
  }
}

/** MACSEC-11 */
function prepareReceive(
  config: Config,
  change: ChangeOf<'receive-association'>,
  sakOf: SakOf,
): ReceiveChange {
  const macsec = find(config, change.interface, ['macsec'])
  const { table, an, to } = change
  const sci = parseSci(change.sci)
  if (sci === macsec.transmitSci) {
    throw new Refused('invalid', `${change.sci} is the SCI by which interface ${macsec.id} sends`)
  }
  if (to === null) return { table, macsec, sci, an, to: undefined }
  const given = { an, ...to }
  const fault = associationFault(macsec.cipher, given)
  if (fault !== undefined) throw new Refused('invalid', fault)
  return { table, macsec, sci, an, to: makeReceive(macsec, sci, given, sakOf) }
}

/** MACSEC-11 */
function prepareTransmit(
  config: Config,
  change: ChangeOf<'transmit-association'>,
  sakOf: SakOf,
): TransmitChange {
  const macsec = find(config, change.interface, ['macsec'])
  const given = [change.to, ...(change.standby ?? [])]
  const fault = transmitFault(macsec.cipher, given)
  if (fault !== undefined) throw new Refused('invalid', fault)
  return { table: change.table, macsec, to: given.map((one) => makeTransmit(macsec, one, sakOf)) }
}

/** Receive SAs by interface, as the changes of a list leave them. */
class ChannelCount {
  private readonly names = new Map<Macsec, Set<string>>()

  after({ macsec, sci, an, to }: ReceiveChange): number {
    const names = this.names.get(macsec) ?? new Set(macsec.rx.map((one) => `${one.sci} ${one.an}`))
    this.names.set(macsec, names)
    if (to === undefined) names.delete(`${sci} ${an}`)
    else names.add(`${sci} ${an}`)
    return new Set([...names].map((name) => name.split(' ')[0])).size
  }
}

/** MACSEC-9, `implicit` */
function checkChannels(change: ReceiveChange, channels: ChannelCount): void {
  const { macsec } = change
  if (channels.after(change) > 1 && (macsec.tci & (Tci.SC | Tci.ES)) === 0) {
    throw new Refused('invalid', `interface ${macsec.id} has another channel, and tags without SCI`)
  }
}

function checkPeers(change: PeerChange, peers: PeerCount): void {
  if (peers.after(change) > MOST_PEERS) {
    throw new Refused('invalid', `interface ${change.wg.id} has ${MOST_PEERS} peers`)
  }
}

function prepareFdb(config: Config, change: ChangeOf<'fdb'>): PreparedChange {
  const bridge = find(config, change.bridge, ['bridge'])
  const mac = unicast(change.mac)
  if (change.to === null) return { table: 'fdb', bridge, mac, to: undefined }
  const { interface: id, remote, sticky } = change.to
  const member = find(config, id, ['port', 'macsec', 'vxlan'])
  if (member.bridge !== bridge) {
    throw new Refused('unknown-interface', `interface ${id} is no member of bridge ${bridge.id}`)
  }
  if (member.kind !== 'vxlan') {
    if (remote !== undefined) throw new Refused('invalid', `${member.kind} ${id} takes no remote VTEP`)
    return { table: 'fdb', bridge, mac, to: { member, remote: undefined, sticky } }
  }
  if (remote === undefined) throw new Refused('invalid', `vxlan interface ${id} needs a remote VTEP`)
  return { table: 'fdb', bridge, mac, to: { member, remote: remoteOf(member, remote), sticky } }
}

function prepareNeighbour(config: Config, change: ChangeOf<'neighbour'>): PreparedChange {
  const irb = find(config, change.interface, ['irb'])
  const address = ipOf(change.address)
  if (isOwnOf(irb, address)) {
    throw new Refused('invalid', `${change.address} is an address of interface ${irb.id} itself`)
  }
  const { to } = change
  if (to === null) return { table: 'neighbour', irb, address, to: undefined }
  return { table: 'neighbour', irb, address, to: { mac: unicast(to.mac), sticky: to.sticky } }
}

/** Its addresses, and the link-local ones that it has besides (IRB-1). */
function isOwnOf(irb: Irb, address: Ip): boolean {
  const { addresses4, addresses6, linkLocals } = irb
  return (
    [...addresses4, ...addresses6].some((own) => own.address === address) ||
    address === linkLocals?.mac ||
    address === linkLocals?.systemMac
  )
}

type OfKind<K extends AnyInterface['kind']> = Extract<AnyInterface, { readonly kind: K }>

/** An interface of one of these kinds. */
function find<K extends AnyInterface['kind']>(config: Config, id: number, kinds: readonly K[]): OfKind<K> {
  const found = config.interfaces.get(id)
  const isOne = (one: AnyInterface): one is OfKind<K> => kinds.some((kind) => kind === one.kind)
  if (found !== undefined && isOne(found)) return found
  const what = found === undefined ? 'does not exist' : `is a ${found.kind}, not a ${kinds.join(' or a ')}`
  throw new Refused('unknown-interface', `interface ${id} ${what}`)
}

function unicast(text: string): Mac {
  const mac = parseMac(text)
  if (isGroupMac(mac)) throw new Refused('invalid', `${text} is a group address`)
  return mac
}

function remoteOf(vxlan: Vxlan, text: string): Ip {
  const remote = ipOf(text)
  if (isIpv6(remote) !== isIpv6(vxlan.local)) {
    throw new Refused('invalid', `VTEP ${text} is not of the family of interface ${vxlan.id}'s own`)
  }
  return remote
}

function ipOf(text: string): Ip {
  return canonical(text, parseIp(text), formatIp)
}

/** Addresses are in canonical text (`IpText`, RFC 5952): of two spellings of one address a reader may know one. */
function canonical<T>(text: string, value: T, format: (value: T) => string): T {
  if (format(value) !== text)
    throw new Refused('invalid', `${text} is not in canonical text: ${format(value)}`)
  return value
}
