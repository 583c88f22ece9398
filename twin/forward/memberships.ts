/**
 * Who on a bridge has asked for which multicast group (SNOOP-1 to SNOOP-6).
 *
 * @module
 */
import type { Ip } from '../packet/address.js'
import type { Member } from './config.js'

/** A member, and behind a vxlan interface a remote VTEP, that has asked for a group. */
export interface Membership {
  readonly member: Member
  readonly remote: Ip | undefined
  /** ns */
  lastReported: bigint
}

/** The memberships of one bridge. */
export class Memberships {
  private readonly groups = new Map<Ip, Membership[]>()
  private count = 0

  constructor(
    /** ns */
    private readonly lifetime: bigint,
    /** SNOOP-6 */
    private readonly limit: number,
  ) {}

  /** SNOOP-2, SNOOP-6: makes or refreshes a membership. */
  report(group: Ip, member: Member, remote: Ip | undefined, now: bigint): 'new' | 'refreshed' | 'full' {
    const known = this.groups.get(group)?.find((one) => one.member === member && one.remote === remote)
    if (known !== undefined) {
      const wasValid = this.isValid(known, now)
      known.lastReported = now
      return wasValid ? 'refreshed' : 'new'
    }
    if (this.count >= this.limit) this.retain((one) => this.isValid(one, now))
    if (this.count >= this.limit) return 'full'
    const made = { member, remote, lastReported: now }
    const others = this.groups.get(group)
    if (others === undefined) this.groups.set(group, [made])
    else others.push(made)
    this.count++
    return 'new'
  }

  /** SNOOP-3: true when there was one, valid or not. */
  leave(group: Ip, member: Member): boolean {
    const before = this.count
    this.retain((one, of) => of !== group || one.member !== member)
    return this.count !== before
  }

  /** SNOOP-5: the valid memberships of a group. */
  of(group: Ip, now: bigint): readonly Membership[] {
    return (this.groups.get(group) ?? []).filter((one) => this.isValid(one, now))
  }

  /** CTRL-3, SNOOP-6: forgets those on one member or all. */
  flush(member?: Member): void {
    this.retain((one) => member !== undefined && one.member !== member)
  }

  /** All that are valid, by group. */
  *valid(now: bigint): Generator<readonly [Ip, Membership]> {
    for (const [group, members] of this.groups) {
      for (const one of members) if (this.isValid(one, now)) yield [group, one]
    }
  }

  private isValid({ lastReported }: Membership, now: bigint): boolean {
    return now - lastReported < this.lifetime
  }

  private retain(keep: (one: Membership, group: Ip) => boolean): void {
    for (const [group, members] of this.groups) {
      const kept = members.filter((one) => keep(one, group))
      this.count -= members.length - kept.length
      if (kept.length === 0) this.groups.delete(group)
      else this.groups.set(group, kept)
    }
  }
}
