/**
 * What the control plane of a fabric is telling its nodes, and which frames may be sent meanwhile.
 *
 * A frame can be sent before the fabric has come to rest when no node will look up, because of it, an entry that is about to change. Keys
 * of such entries are MACs and addresses, and nodes know none but those in the octets before them; so a frame is independent when
 * neither it nor anything that nodes and hosts send because of it holds one of these. What is looked for may be somewhere by chance, or
 * another tenant's: then somebody waits in vain, and nothing else.
 *
 * @module
 */
import type { TableChange } from '../contract/control.js'
import type { LearnedState } from '../twin/forward/index.js'
import { isIpv6, parseIp, parseMac, type Ip, type Mac } from '../twin/packet/index.js'

/** Changes that were begun since the fabric was last at rest. */
export class Untold {
  /** Octets of MACs and addresses, by their text. */
  private readonly keys = new Map<string, Buffer>()
  /** Something else changes than what is known of single hosts. */
  private everything = false

  /** Whether there are any. */
  get any(): boolean {
    return this.everything || this.keys.size > 0
  }

  /** Changes of tables that have been answered to somebody. */
  tables(changes: Iterable<TableChange>): void {
    for (const change of changes) {
      switch (change.table) {
        case 'fdb':
          this.mac(change.mac)
          break
        case 'neighbour':
          this.address(change.address)
          if (change.to !== null) this.mac(change.to.mac)
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
    const changed = [...past, ...present].filter(([text]) => past.has(text) !== present.has(text))
    for (const [, { mac, address }] of changed) {
      this.mac(mac)
      if (address !== undefined) this.address(address)
    }
  }

  /** Something that no frame may be sent across has changed: what is broken, say. */
  all(): void {
    this.everything = true
  }

  /** @param frames a frame and all that came of it, in the clear */
  concerns(frames: readonly Uint8Array[]): boolean {
    if (this.everything) return true
    const keys = [...this.keys.values()]
    return frames.some((frame) => {
      const octets = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
      return keys.some((key) => octets.includes(key))
    })
  }

  /** Changes that were begun before. */
  add({ keys, everything }: Untold): void {
    for (const [text, octets] of keys) this.keys.set(text, octets)
    this.everything ||= everything
  }

  private mac(text: string): void {
    if (!this.keys.has(text)) this.keys.set(text, macOctets(parseMac(text)))
  }

  private address(text: string): void {
    if (!this.keys.has(text)) this.keys.set(text, addressOctets(parseIp(text)))
  }

  /** A host's own route is looked up by its address, any other by whatever it covers. */
  private route(prefix: string): void {
    const [address = '', length = ''] = prefix.split('/')
    if (Number(length) === (isIpv6(parseIp(address)) ? 128 : 32)) this.address(address)
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
