/**
 * Loads the interfaces of a program.
 *
 * @module
 */
import type {
  BridgeInterface,
  Interface,
  IrbInterface,
  LoopbackInterface,
  PortInterface,
  VxlanInterface,
} from '../../contract/program.js'
import {
  isIpv6,
  isIpv6LinkLocal,
  linkLocalOf,
  parseInterfaceAddress,
  parseIp,
  parseMac,
  writeIpv6,
  type Ip,
} from '../packet/address.js'
import type {
  Address4,
  Address6,
  Addressed,
  AnyInterface,
  Bridge,
  Irb,
  Loopback,
  Port,
  Vrf,
  Vxlan,
} from './config.js'
import { Fdb } from './fdb.js'
import type { LoadContext } from './load-context.js'
import { loadMacsec } from './macsec-load.js'
import { Memberships } from './memberships.js'
import { loadWireguard } from './wireguard-load.js'

/** Kinds in the order in which they need each other. */
const LOAD_ORDER = ['bridge', 'loopback', 'port', 'vxlan', 'macsec', 'wireguard', 'irb'] as const

/** Loads all interfaces, and what VRFs and bridges know of them. */
export function loadInterfaces(context: LoadContext): void {
  checkOrder(context)
  const loaded = new Map<number, AnyInterface>()
  for (const kind of LOAD_ORDER) {
    for (const one of context.program.interfaces) {
      if (one.kind !== kind) continue
      const made = loadInterface(context, one)
      loaded.set(one.id, made)
      context.interfaces.set(one.id, made)
    }
  }
  // From here on iteration is in interface order (MODEL-5).
  context.interfaces.clear()
  for (const { id } of context.program.interfaces) context.interfaces.set(id, loaded.get(id)!)
  for (const one of context.interfaces.values()) register(one)
  for (const port of context.ofKind('port')) {
    const attached = [port.vrf, port.bridge, port.upper].filter((to) => to !== undefined).length
    if (attached !== 1) {
      context.fail(
        `interface ${port.id}`,
        `has ${attached} of VRF, bridge and macsec or wireguard interface, not exactly one`,
      )
    }
  }
  for (const { id, bridge, upper } of context.ofKind('vxlan')) {
    if ((bridge === undefined) === (upper === undefined)) {
      context.fail(
        `interface ${id}`,
        'a vxlan interface has a bridge or a macsec interface on it, and one alone',
      )
    }
  }
}

function checkOrder(context: LoadContext): void {
  let last = 0
  for (const { id } of context.program.interfaces) {
    if (id <= last) context.fail(`interface ${id}`, `comes behind interface ${last}`)
    last = id
  }
}

/** Tells VRF or bridge of an interface. */
function register(one: AnyInterface): void {
  if (one.kind === 'bridge') return
  if (one.kind === 'port' || one.kind === 'macsec' || one.kind === 'vxlan') one.bridge?.members.push(one)
  if (one.kind === 'vxlan') return
  if (one.vrf !== undefined) registerAddresses(one.vrf, one)
}

function registerAddresses(vrf: Vrf, one: Addressed): void {
  vrf.interfaces.push(one)
  for (const { address } of one.addresses4) {
    vrf.own4.add(address)
    if (one.kind === 'irb') vrf.gateways.add(address)
  }
  const key = new Uint8Array(16)
  for (const { address, linkLocal } of one.addresses6) {
    // Link-local addresses are own on their interface alone; those given in a program are no IRB's (IRB-1).
    if (linkLocal && one.kind === 'irb') continue
    if (one.kind === 'irb') vrf.gateways.add(address)
    writeIpv6(key, 0, address)
    vrf.own6.add(key, 128, true)
  }
}

function loadInterface(context: LoadContext, one: Interface): AnyInterface {
  switch (one.kind) {
    case 'port':
      return loadPort(context, one)
    case 'macsec':
      return loadMacsec(context, one, addressesOf(one.addresses))
    case 'wireguard':
      return loadWireguard(context, one, addressesOf(one.addresses))
    case 'bridge':
      return loadBridge(one)
    case 'irb':
      return loadIrb(context, one)
    case 'vxlan':
      return loadVxlan(context, one)
    case 'loopback':
      return loadLoopback(context, one)
  }
}

function addressesOf(texts: readonly string[]): { addresses4: Address4[]; addresses6: Address6[] } {
  const addresses4: Address4[] = []
  const addresses6: Address6[] = []
  for (const text of texts) {
    const { address, prefix } = parseInterfaceAddress(text)
    if (isIpv6(address)) {
      if (prefix.family === 6) addresses6.push({ address, prefix, linkLocal: isIpv6LinkLocal(address) })
    } else if (prefix.family === 4) {
      addresses4.push({ address, prefix })
    }
  }
  return { addresses4, addresses6 }
}

function loadBridge(one: BridgeInterface): Bridge {
  return {
    kind: 'bridge',
    id: one.id,
    name: one.name,
    members: [],
    irb: undefined,
    fdb: new Fdb(BigInt(one.ageing), one.fdbLimit),
    memberships: one.snooping === undefined ? undefined : new Memberships(BigInt(one.snooping), one.fdbLimit),
  }
}

function loadLoopback(context: LoadContext, one: LoopbackInterface): Loopback {
  const vrf = context.vrf(one.vrf, `interface ${one.id}`)
  return { kind: 'loopback', id: one.id, name: one.name, vrf, ...addressesOf(one.addresses) }
}

function loadPort(context: LoadContext, one: PortInterface): Port {
  const where = `interface ${one.id}`
  if (one.punt !== undefined && (!one.tap || one.vrf !== 0)) {
    context.fail(where, 'a port that punts by XDP has a TAP and is in VRF 0')
  }
  return {
    kind: 'port',
    id: one.id,
    name: one.name,
    mac: parseMac(one.mac),
    mtu: one.mtu,
    tap: one.tap,
    passes: one.punt === 'xdp',
    ...addressesOf(one.addresses),
    neighbours: new Map(),
    vrf: one.vrf === undefined ? undefined : context.vrf(one.vrf, where),
    bridge: one.bridge === undefined ? undefined : context.find(one.bridge, ['bridge'], where),
    upper: undefined,
  }
}

function loadIrb(context: LoadContext, one: IrbInterface): Irb {
  const where = `interface ${one.id}`
  const bridge = context.find(one.bridge, ['bridge'], where)
  if (bridge.irb !== undefined) context.fail(where, `bridge ${bridge.id} has another IRB`)
  const mac = parseMac(one.mac)
  const systemMac = parseMac(one.systemMac)
  const addresses = addressesOf(one.addresses)
  const irb: Irb = {
    kind: 'irb',
    id: one.id,
    name: one.name,
    mac,
    mtu: one.mtu,
    ...addresses,
    neighbours: new Map(),
    bridge,
    vrf: context.vrf(one.vrf, where),
    systemMac,
    linkLocals:
      addresses.addresses6.length === 0
        ? undefined
        : { mac: linkLocalOf(mac), systemMac: linkLocalOf(systemMac) },
    suppress: one.suppress,
    neighbourLifetime: BigInt(one.neighbourLifetime),
    neighbourLimit: one.neighbourLimit,
    control: new Map(),
    dynamic: new Map(),
  }
  bridge.irb = irb
  return irb
}

function loadVxlan(context: LoadContext, one: VxlanInterface): Vxlan {
  const where = `interface ${one.id}`
  const local = parseIp(one.local)
  return {
    kind: 'vxlan',
    id: one.id,
    name: one.name,
    bridge: one.bridge === undefined ? undefined : context.find(one.bridge, ['bridge'], where),
    upper: undefined,
    vni: one.vni,
    underlay: context.vrf(one.underlayVrf, where),
    local,
    port: one.port,
    mtu: one.mtu,
    learning: one.learning,
    ttl: one.ttl,
    dscp: one.dscp,
    df: one.df,
    udpChecksum: one.udpChecksum,
    remotes: new Set(one.remotes.map((text) => remoteOf(context, where, local, text))),
    flood: [],
  }
}

/** A VTEP of the same family as the vxlan interface's own. */
export function remoteOf(context: LoadContext, where: string, local: Ip, text: string): Ip {
  const remote = parseIp(text)
  if (isIpv6(remote) !== isIpv6(local))
    context.fail(where, `VTEP ${text} is not of the family of the local one`)
  return remote
}
