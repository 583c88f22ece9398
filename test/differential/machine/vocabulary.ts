/**
 * What a program makes worth saying: addresses, MACs, VNIs that lead somewhere in it, so that frames go deep.
 *
 * @module
 */
import type {
  IrbInterface,
  MacsecInterface,
  NodeProgram,
  PortInterface,
  VxlanInterface,
} from '../../../contract/program.js'
import {
  importSak,
  importXpnKey,
  linkLocalOf,
  parseInterfaceAddress,
  parseIp,
  parseMac,
  type Ip,
  type Ipv4,
  type Ipv6,
  type Mac,
  type Prefix,
  type Sak,
} from '../../../twin/packet/index.js'
import { isXpn, keyFolder } from './program-macsec.js'
import { hostMac, HOSTS } from './program-overlay.js'
import { peerMac, systemMac, VTEPS } from './program-underlay.js'

/** Addresses of a VRF, of both families. */
export interface VrfWords {
  readonly id: number
  readonly own4: readonly Ipv4[]
  readonly own6: readonly Ipv6[]
  /** In and at the edges of every prefix that has a route. */
  readonly routed4: readonly Ipv4[]
  readonly routed6: readonly Ipv6[]
}

export interface BridgeWords {
  readonly id: number
  readonly irb: IrbInterface | undefined
  readonly vrf: VrfWords | undefined
  readonly gatewayMac: Mac | undefined
  readonly systemMac: Mac | undefined
  readonly linkLocals: readonly Ipv6[]
  readonly own4: readonly Ipv4[]
  readonly own6: readonly Ipv6[]
  /** MACs of hosts, by number; host n has the nth address of {@link hosts4} and {@link hosts6}. */
  readonly macs: readonly Mac[]
  readonly hosts4: readonly Ipv4[]
  readonly hosts6: readonly Ipv6[]
  readonly tunnels: readonly VxlanInterface[]
  readonly snoops: boolean
}

export interface PortWords {
  readonly port: PortInterface
  readonly macsec: MacsecWords | undefined
  readonly bridge: BridgeWords | undefined
  readonly vrf: VrfWords | undefined
  /** Of the interface that takes the frames: the port or the macsec interface. */
  readonly id: number
  readonly mac: Mac
  readonly mtu: number
  /** Of the far end. */
  readonly peer: Mac
}

export interface MacsecWords {
  readonly interface: MacsecInterface
  /** Of its suite, by reference; those of an XPN suite with their salt. */
  readonly keys: ReadonlyMap<string, { readonly sak: Sak; readonly salt: Uint8Array | undefined }>
}

/** A vxlan interface below a macsec interface, and the bridge of that. */
export interface SealedTunnel {
  readonly tunnel: VxlanInterface
  readonly macsec: MacsecWords
  readonly bridge: BridgeWords
}

export interface Vocabulary {
  readonly program: NodeProgram
  readonly ports: readonly PortWords[]
  readonly hostPorts: readonly PortWords[]
  readonly routedPorts: readonly PortWords[]
  readonly bridges: readonly BridgeWords[]
  readonly tunnels: readonly VxlanInterface[]
  readonly sealedTunnels: readonly SealedTunnel[]
  readonly macsecs: readonly MacsecWords[]
  readonly vrfs: readonly VrfWords[]
  /** Times that lie at an edge: lifetimes of the program, ns. */
  readonly lifetimes: readonly number[]
}

/** The words of a program; `keys` has its keys. */
export function vocabularyOf(program: NodeProgram, keys: ReadonlyMap<string, Uint8Array>): Vocabulary {
  const vrfs = program.vrfs.map(({ id }) => vrfWords(program, id))
  const bridges = program.interfaces.flatMap((one) =>
    one.kind === 'bridge' ? [bridgeWords(program, vrfs, one.id)] : [],
  )
  const macsecs = program.interfaces.flatMap((one) =>
    one.kind === 'macsec' ? [{ interface: one, keys: keysOf(one, keys) }] : [],
  )
  const ports = program.interfaces.flatMap((one) =>
    one.kind === 'port' ? [portWords(macsecs, vrfs, bridges, one)] : [],
  )
  const tunnels = program.interfaces.filter((one) => one.kind === 'vxlan')
  const lifetimes = program.interfaces.flatMap((one) =>
    one.kind === 'bridge'
      ? [one.ageing, one.snooping ?? one.ageing]
      : one.kind === 'irb'
        ? [one.neighbourLifetime]
        : [],
  )
  return {
    program,
    ports,
    hostPorts: ports.filter((one) => one.bridge !== undefined),
    routedPorts: ports.filter((one) => one.bridge === undefined),
    bridges,
    tunnels,
    sealedTunnels: tunnels.flatMap((tunnel) => {
      const macsec = macsecs.find((one) => one.interface.lower === tunnel.id)
      const bridge = bridges.find((one) => one.id === macsec?.interface.bridge)
      return macsec === undefined || bridge === undefined ? [] : [{ tunnel, macsec, bridge }]
    }),
    macsecs,
    vrfs,
    lifetimes: [...new Set(lifetimes)],
  }
}

function portWords(
  macsecs: readonly MacsecWords[],
  vrfs: readonly VrfWords[],
  bridges: readonly BridgeWords[],
  port: PortInterface,
): PortWords {
  const macsec = macsecs.find((one) => one.interface.lower === port.id)
  const above = macsec?.interface
  const at = above ?? port
  return {
    port,
    macsec,
    bridge: bridges.find((one) => one.id === at.bridge),
    vrf: vrfs.find((one) => one.id === at.vrf),
    id: above?.id ?? port.id,
    mac: parseMac(port.mac),
    mtu: above?.mtu ?? port.mtu,
    peer: parseMac(peerMac(port.id)),
  }
}

function keysOf(
  { lower, cipher }: MacsecInterface,
  keys: ReadonlyMap<string, Uint8Array>,
): MacsecWords['keys'] {
  const own = [...keys].filter(([reference]) => reference.startsWith(keyFolder(lower, cipher)))
  return new Map(
    own.map(([reference, octets]) => [
      reference,
      isXpn(cipher) ? importXpnKey(octets) : { sak: importSak(octets), salt: undefined },
    ]),
  )
}

function isV4(address: Ip): address is Ipv4 {
  return typeof address === 'number'
}
function isV6(address: Ip): address is Ipv6 {
  return typeof address === 'bigint'
}

function vrfWords(program: NodeProgram, id: number): VrfWords {
  const own = program.interfaces.flatMap((one) =>
    'addresses' in one && one.vrf === id
      ? one.addresses.map((text) => parseInterfaceAddress(text).address)
      : [],
  )
  const routed = program.tables.routes.flatMap((route) =>
    route.vrf === id ? addressesIn(parseInterfaceAddress(route.prefix).prefix) : [],
  )
  return {
    id,
    own4: own.filter(isV4),
    own6: own.filter(isV6),
    routed4: routed.filter(isV4),
    routed6: routed.filter(isV6),
  }
}

/** First, last, and some hosts of a prefix: those of {@link hosts4} and {@link hosts6} among them. */
function addressesIn(prefix: Prefix): Ip[] {
  if (prefix.family === 6) {
    const size = 1n << BigInt(128 - prefix.length)
    const offsets = [0n, 1n, 2n, ...HOST_OFFSETS.map(BigInt), size - 1n].filter((offset) => offset < size)
    return [...new Set(offsets)].map((offset) => (prefix.address + offset) as Ipv6)
  }
  const size = 2 ** (32 - prefix.length)
  const offsets = [0, 1, 2, ...HOST_OFFSETS, size - 2, size - 1].filter(
    (offset) => offset >= 0 && offset < size,
  )
  return [...new Set(offsets)].map((offset) => (prefix.address + offset) as Ipv4)
}

/** Host n of a subnet has its 11th address and on, where the subnet is large enough. */
const HOST_OFFSETS = [11, 12, 13, 14, 15, 16, 17]

function bridgeWords(program: NodeProgram, vrfs: readonly VrfWords[], id: number): BridgeWords {
  const found = program.interfaces.find((one) => one.kind === 'irb' && one.bridge === id)
  const irb = found?.kind === 'irb' ? found : undefined
  const own = (irb?.addresses ?? []).map((text) => parseInterfaceAddress(text))
  const hosts = own.flatMap(({ prefix }) => addressesIn(prefix))
  const tunnels = program.interfaces.filter((one) => one.kind === 'vxlan').filter((one) => one.bridge === id)
  const own6 = own.map((one) => one.address).filter(isV6)
  const numbers = Array.from({ length: HOSTS + 2 }, (_, n) => n + 1)
  const vteps = Array.from({ length: VTEPS - 1 }, (_, n) => parseMac(systemMac(n + 2)))
  return {
    id,
    irb,
    vrf: vrfs.find((one) => one.id === irb?.vrf),
    gatewayMac: irb === undefined ? undefined : parseMac(irb.mac),
    systemMac: irb === undefined ? undefined : parseMac(irb.systemMac),
    linkLocals:
      irb === undefined || own6.length === 0
        ? []
        : [linkLocalOf(parseMac(irb.mac)), linkLocalOf(parseMac(irb.systemMac))],
    own4: own.map((one) => one.address).filter(isV4),
    own6,
    macs: [...numbers.map((n) => parseMac(hostMac(id, n))), ...vteps],
    hosts4: orSome(hosts.filter(isV4), [parseIp('10.1.0.11')].filter(isV4)),
    hosts6: orSome(hosts.filter(isV6), [parseIp('2001:db8:1::b')].filter(isV6)),
    tunnels,
    snoops: program.interfaces.some(
      (one) => one.kind === 'bridge' && one.id === id && one.snooping !== undefined,
    ),
  }
}

function orSome<T>(some: readonly T[], others: readonly T[]): readonly T[] {
  return some.length === 0 ? others : some
}
