/**
 * What the control plane of a fabric is telling its nodes, and which frames may be sent meanwhile.
 *
 * A frame can be sent before the fabric has come to rest when no node will look up, because of it, an entry that is about to change. Nodes
 * look up the MAC to which a frame goes, the address to which a packet goes, the addresses of which ARP and neighbour discovery speak, and
 * of a frame that enters the node where it is known (LEARN-6). So a frame is independent when neither it, nor anything that nodes and hosts
 * send because of it, has one of these that is about to change in a part of the fabric that the frame is in (`scopes.ts`): tenants may all have
 * the same addresses.
 *
 * @module
 */
import type { TableChange } from '../contract/control.js'
import type { LearnedState } from '../twin/forward/index.js'
import {
  decodeFrame,
  isIpv6,
  parseIp,
  parseMac,
  problemsOf,
  type Ip,
  type Layer,
  type Mac,
} from '../twin/packet/index.js'
import type { Scope, Scopes } from './scopes.js'

/** A frame, in the clear, where it was received: at a host, or on an interface of a node. */
export type Sighting = { readonly frame: Uint8Array } & (
  { readonly host: string } | { readonly node: string; readonly interface: number }
)

/** Changes that were begun since the fabric was last at rest. */
export class Untold {
  private readonly scopes: Scopes
  private readonly keys = new Map<Scope, Keys>()
  /** Something that concerns every frame. */
  private everything = false

  constructor(scopes: Scopes) {
    this.scopes = scopes
  }

  /** Whether there are any. */
  get any(): boolean {
    return this.everything || this.keys.size > 0
  }

  /** Changes of a node's tables that are on their way to it. */
  tables(node: string, changes: Iterable<TableChange>): void {
    for (const change of changes) {
      switch (change.table) {
        case 'fdb':
          this.in(this.scopes.ofInterface(node, change.bridge), (keys) =>
            keys.entry(node, parseMac(change.mac)),
          )
          break
        case 'neighbour':
          this.in(this.scopes.ofInterface(node, change.interface), (keys) =>
            keys.addresses.add(parseIp(change.address)),
          )
          break
        case 'route':
          this.in(this.scopes.ofVrf(node, change.vrf), (keys) => keys.route(change.prefix))
          break
        case 'flood':
        // Who a peer is concerns whatever its interface carries.
        case 'peer':
        // Who may seal, likewise.
        case 'receive-association':
        case 'transmit-association':
          this.in(this.scopes.ofInterface(node, change.interface), (keys) => (keys.everything = true))
      }
    }
  }

  /** What one node had heard, and what it has heard now: what is in one alone is being told, or called back. */
  heard(node: string, before: LearnedState | undefined, now: LearnedState): void {
    const [past, present] = [textsOf(before), textsOf(now)]
    for (const [text, { at, mac, address }] of [...past, ...present]) {
      if (past.has(text) === present.has(text)) continue
      this.in(this.scopes.ofInterface(node, at), (keys) => {
        keys.macs.add(parseMac(mac))
        if (address !== undefined) keys.addresses.add(parseIp(address))
      })
    }
  }

  /** Something across which no frame may be sent: what is broken has changed, say. */
  all(): void {
    this.everything = true
  }

  /** Changes that were begun before. */
  add({ keys, everything }: Untold): void {
    for (const [scope, some] of keys) this.in(scope, (present) => present.add(some))
    this.everything ||= everything
  }

  /** Whether a frame depends on them, by all that has come of it. */
  concerns(trail: readonly Sighting[]): boolean {
    return this.everything || (this.keys.size > 0 && trail.some((one) => this.isLookedUp(one)))
  }

  private in(scope: Scope | undefined, note: (keys: Keys) => void): void {
    if (scope === undefined) {
      this.everything = true
      return
    }
    const keys = this.keys.get(scope) ?? new Keys()
    this.keys.set(scope, keys)
    note(keys)
    // Where the underlay takes a frame is of importance to all that it carries.
    if (keys.everything && this.scopes.isUnderlay(scope)) this.everything = true
  }

  private isLookedUp(sighting: Sighting): boolean {
    const { frame } = sighting
    const layers = decodeFrame(frame)
    // What a node reads in a frame that is wrong somewhere, it may read elsewhere than we do.
    if (problemsOf(layers).length > 0)
      return [...this.keys.values()].some((keys) => keys.areAnywhereIn(frame))
    const node = 'node' in sighting ? sighting.node : undefined
    return this.keysFor(sighting, layers).some((keys) => keys.areLookedUp(node, layers))
  }

  /** Of the scope where it was received, and of those of the tunnels that it may be in. */
  private keysFor(sighting: Sighting, layers: readonly Layer[]): readonly Keys[] {
    const scope =
      'host' in sighting
        ? this.scopes.ofHost(sighting.host)
        : this.scopes.ofInterface(sighting.node, sighting.interface)
    const vnis = layers.flatMap((layer) => (layer.kind === 'vxlan' ? layer.vni : []))
    if (scope === undefined || (vnis.length === 0 && this.scopes.isUnderlay(scope)))
      return [...this.keys.values()]
    const scopes = new Set([scope, ...vnis.flatMap((vni) => this.scopes.ofVni(vni) ?? [])])
    return [...scopes].flatMap((one) => this.keys.get(one) ?? [])
  }
}

/** What is about to change in a scope. */
class Keys {
  readonly macs = new Set<Mac>()
  readonly addresses = new Set<Ip>()
  /** MACs whose entries on a node are about to change, by node. */
  private readonly entries = new Map<string, Set<Mac>>()
  /** Something else changes than what is known of single hosts. */
  everything = false

  add({ macs, addresses, entries, everything }: Keys): void {
    for (const mac of macs) this.macs.add(mac)
    for (const address of addresses) this.addresses.add(address)
    for (const [node, some] of entries) for (const mac of some) this.entry(node, mac)
    this.everything ||= everything
  }

  entry(node: string, mac: Mac): void {
    this.macs.add(mac)
    const known = this.entries.get(node)
    if (known === undefined) this.entries.set(node, new Set([mac]))
    else known.add(mac)
  }

  /** A host's own route is looked up by its address, any other by whatever it covers. */
  route(prefix: string): void {
    const [text = '', length = ''] = prefix.split('/')
    const address = parseIp(text)
    if (Number(length) === (isIpv6(address) ? 128 : 32)) this.addresses.add(address)
    else this.everything = true
  }

  /** @param node where the frame was received, unless that was a host */
  areLookedUp(node: string | undefined, layers: readonly Layer[]): boolean {
    if (this.everything) return true
    const [first] = layers
    if (node !== undefined && first?.kind === 'ethernet' && this.entries.get(node)?.has(first.src) === true)
      return true
    const asks = layers.some(({ kind }) => kind === 'nd-target')
    return layers.some((layer) => this.isKey(layer, asks))
  }

  private isKey(layer: Layer, asks: boolean): boolean {
    switch (layer.kind) {
      case 'ethernet':
      case 'ieee802.3':
        return this.macs.has(layer.dst)
      case 'arp':
        return this.addresses.has(layer.spa) || this.addresses.has(layer.tpa)
      case 'ipv4':
        return this.addresses.has(layer.dst)
      case 'ipv6':
        return this.addresses.has(layer.dst) || (asks && this.addresses.has(layer.src))
      case 'nd-target':
        return this.addresses.has(layer.target)
      default:
        return false
    }
  }

  areAnywhereIn(frame: Uint8Array): boolean {
    const octets = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
    const keys = [...[...this.macs].map(macOctets), ...[...this.addresses].map(addressOctets)]
    return this.everything || keys.some((key) => octets.includes(key))
  }
}

/** Rows of what was heard, by a text of each. */
function textsOf(
  state: LearnedState | undefined,
): ReadonlyMap<string, { readonly at: number; readonly mac: string; readonly address?: string }> {
  const macs = (state?.fdb ?? []).map((row) => ({ at: row.bridge, ...row }))
  const neighbours = (state?.neighbours ?? []).map((row) => ({ at: row.interface, ...row }))
  return new Map([...macs, ...neighbours].map((row) => [JSON.stringify(row), row]))
}

function macOctets(mac: Mac): Buffer {
  const octets = Buffer.alloc(6)
  octets.writeUIntBE(mac, 0, 6)
  return octets
}

function addressOctets(address: Ip): Buffer {
  if (!isIpv6(address)) {
    const octets = Buffer.alloc(4)
    octets.writeUInt32BE(address)
    return octets
  }
  const octets = Buffer.alloc(16)
  octets.writeBigUInt64BE(address >> 64n)
  octets.writeBigUInt64BE(address & 0xffff_ffff_ffff_ffffn, 8)
  return octets
}
