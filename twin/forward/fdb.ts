/**
 * Forwarding database of a bridge (section 7): MAC to member and, behind a vxlan interface, remote VTEP.
 *
 * @module
 */
import type { Ip, Mac } from '../packet/address.js'
import type { Member } from './config.js'
import { isTunnelEnd } from './tunnel-end.js'

/** Where a MAC lives. */
export interface FdbEntry {
  member: Member
  /** Remote VTEP when the member is a vxlan interface. */
  remote: Ip | undefined
  /** ns, dynamic entries only. */
  lastSeen: bigint
  /** `static` ones are the program's; `control` ones, and `sticky` ones which do not yield, are set by `apply` (LEARN-6). */
  readonly kind: 'static' | 'sticky' | 'control' | 'dynamic'
}

/** What {@link Fdb.learn} did: `yielded` and `kept` are about a control entry (LEARN-6). */
export type Learned = 'new' | 'moved' | 'refreshed' | 'full' | 'yielded' | 'kept'

/** The entries of one bridge. */
export class Fdb {
  private readonly entries = new Map<Mac, FdbEntry>()
  private dynamicCount = 0

  constructor(
    /** ns, LEARN-4. */
    private readonly ageing: bigint,
    /** LEARN-5: the most dynamic entries. */
    private readonly limit: number,
  ) {}

  /** Adds a static entry; false when the MAC has one already. */
  addStatic(mac: Mac, member: Member, remote: Ip | undefined): boolean {
    if (this.entries.has(mac)) return false
    this.entries.set(mac, { member, remote, lastSeen: 0n, kind: 'static' })
    return true
  }

  /** CTRL-6: a control entry in place of whatever entry the MAC has. */
  setControl(mac: Mac, member: Member, remote: Ip | undefined, sticky: boolean): void {
    if (this.entries.get(mac)?.kind === 'dynamic') this.dynamicCount--
    this.entries.set(mac, { member, remote, lastSeen: 0n, kind: sticky ? 'sticky' : 'control' })
  }

  /** CTRL-6: removes a static or control entry; false when the MAC has none of these. A dynamic one stays. */
  removeSet(mac: Mac): boolean {
    const entry = this.entries.get(mac)
    if (entry === undefined || entry.kind === 'dynamic') return false
    return this.entries.delete(mac)
  }

  /** The entry of a MAC that no frame changes: a static or sticky one (LEARN-2, LEARN-6). */
  fixedEntry(mac: Mac): FdbEntry | undefined {
    const entry = this.entries.get(mac)
    return entry?.kind === 'static' || entry?.kind === 'sticky' ? entry : undefined
  }

  /** The valid entry of a MAC, an invalid one being as none (LEARN-4). */
  lookup(mac: Mac, now: bigint): FdbEntry | undefined {
    const entry = this.entries.get(mac)
    return entry !== undefined && this.isValid(entry, now) ? entry : undefined
  }

  /** An entry is there, valid or not. */
  knows(mac: Mac): boolean {
    return this.entries.has(mac)
  }

  /** LEARN-1, LEARN-3, LEARN-5, LEARN-6. The MAC must have no fixed entry. */
  learn(mac: Mac, member: Member, remote: Ip | undefined, now: bigint): Learned {
    const entry = this.entries.get(mac)
    if (entry?.kind === 'dynamic') {
      const known = this.isValid(entry, now)
      const moved = entry.member !== member || entry.remote !== remote
      entry.member = member
      entry.remote = remote
      entry.lastSeen = now
      // An invalid entry that is used again takes no room that removing it would not have given.
      if (!known) return 'new'
      return moved ? 'moved' : 'refreshed'
    }
    // A control entry yields to what is heard on a port alone, and where there is room for a dynamic one.
    if (entry !== undefined && isTunnelEnd(member)) return 'kept'
    if (this.dynamicCount >= this.limit) this.removeInvalid(now)
    if (this.dynamicCount >= this.limit) return 'full'
    this.entries.set(mac, { member, remote, lastSeen: now, kind: 'dynamic' })
    this.dynamicCount++
    return entry === undefined ? 'new' : 'yielded'
  }

  /** CTRL-3: forgets dynamic entries, those on one member or all. */
  flush(member?: Member): void {
    for (const [mac, entry] of this.entries) {
      if (entry.kind === 'dynamic' && (member === undefined || entry.member === member)) this.remove(mac)
    }
  }

  /** All entries, also those no longer valid. */
  [Symbol.iterator](): IterableIterator<[Mac, FdbEntry]> {
    return this.entries.entries()
  }

  private isValid(entry: FdbEntry, now: bigint): boolean {
    return entry.kind !== 'dynamic' || now - entry.lastSeen < this.ageing
  }

  private removeInvalid(now: bigint): void {
    for (const [mac, entry] of this.entries) if (!this.isValid(entry, now)) this.remove(mac)
  }

  private remove(mac: Mac): void {
    this.entries.delete(mac)
    this.dynamicCount--
  }
}
