/**
 * What the control plane of a fabric is telling its nodes, and which frames may be sent meanwhile.
 *
 * A frame can be sent before the fabric has come to rest when no node will look up, because of it, an entry that is about to change. Nodes
 * look up the MAC to which a frame goes, the address to which a packet goes, the addresses of which ARP and neighbour discovery speak, and
 * of a frame that enters the node where it is known (LEARN-6). So a frame is independent when neither it, nor anything that nodes and hosts
 * send because of it, has one of these that is about to change. A key may be another tenant's: then somebody waits in vain, and nothing else.
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

/** A frame, in the clear, at the node or host that receives it. */
export interface Sighting {
  /** Absent at a host. */
  readonly node?: string
  readonly frame: Uint8Array
}

/** Changes that were begun since the fabric was last at rest. */
export class Untold {
  private readonly macs = new Set<Mac>()
  private readonly addresses = new Set<Ip>()
  /** MACs whose entries on a node are about to change, by node. */
  private readonly entries = new Map<string, Set<Mac>>()
  /** Something else changes than what is known of single hosts. */
  private everything = false

  /** Whether there are any. */
  get any(): boolean {
    return this.everything || this.macs.size > 0 || this.addresses.size > 0
  }

  /** Changes of a node's tables that are on their way to it. */
  tables(node: string, changes: Iterable<TableChange>): void {
    for (const change of changes) {
      switch (change.table) {
        case 'fdb':
          this.entry(node, parseMac(change.mac))
          break
        case 'neighbour':
          this.addresses.add(parseIp(change.address))
          break
        case 'route':
          this.route(change.prefix)
          break
        case 'flood':
          this.everything = true
      }
    }
  }

  /** What one node had heard, and what it has heard now: what is in one alone is being told, or called back. */
  heard(before: LearnedState | undefined, now: LearnedState): void {
    const [past, present] = [textsOf(before), textsOf(now)]
    for (const [text, { mac, address }] of [...past, ...present]) {
      if (past.has(text) === present.has(text)) continue
      this.macs.add(parseMac(mac))
      if (address !== undefined) this.addresses.add(parseIp(address))
    }
  }

  /** Something across which no frame may be sent: what is broken has changed, say. */
  all(): void {
    this.everything = true
  }

  /** Changes that were begun before. */
  add({ macs, addresses, entries, everything }: Untold): void {
    for (const mac of macs) this.macs.add(mac)
    for (const address of addresses) this.addresses.add(address)
    for (const [node, some] of entries) for (const mac of some) this.entry(node, mac)
    this.everything ||= everything
  }

  /** Whether a frame depends on them, by all that has come of it. */
  concerns(trail: readonly Sighting[]): boolean {
    return this.everything || (this.any && trail.some((one) => this.isLookedUp(one)))
  }

  private isLookedUp({ node, frame }: Sighting): boolean {
    const layers = decodeFrame(frame)
    // What a node reads in a frame that is wrong somewhere, it may read elsewhere than we do.
    if (problemsOf(layers).length > 0) return this.isAnywhereIn(frame)
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

  private isAnywhereIn(frame: Uint8Array): boolean {
    const octets = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
    const keys = [...[...this.macs].map(macOctets), ...[...this.addresses].map(addressOctets)]
    return keys.some((key) => octets.includes(key))
  }

  private entry(node: string, mac: Mac): void {
    this.macs.add(mac)
    const known = this.entries.get(node)
    if (known === undefined) this.entries.set(node, new Set([mac]))
    else known.add(mac)
  }

  /** A host's own route is looked up by its address, any other by whatever it covers. */
  private route(prefix: string): void {
    const [text = '', length = ''] = prefix.split('/')
    const address = parseIp(text)
    if (Number(length) === (isIpv6(address) ? 128 : 32)) this.addresses.add(address)
    else this.everything = true
  }
}

/** Rows of what was heard, by a text of each. */
function textsOf(
  state: LearnedState | undefined,
): ReadonlyMap<string, { readonly mac: string; readonly address?: string }> {
  const rows = [...(state?.fdb ?? []), ...(state?.neighbours ?? [])]
  return new Map(rows.map((row) => [JSON.stringify(row), row]))
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
