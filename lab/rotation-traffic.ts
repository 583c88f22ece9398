/**
 * Traffic while keys change: flows over the group whose keys they are, each way, sent at a rate whatever becomes of them; what does not arrive
 * is told by the numbers in their packets.
 *
 * @module
 */
import type { Plan, PlanHost } from '../contract/plan.js'
import type { SealGroup } from '../twin/program/index.js'
import { LabError } from './errors.js'
import { FailoverLab, type Way } from './failover-lab.js'
import { measureLosses, type Gap, type Loss } from './failover.js'
import type { Lab } from './lab.js'

/** ms before keys change, and altogether. */
const FLOW = { before: 200, lasts: 1200 }
/** Hosts' groups that are tried for a flow that goes over a link. */
const MAX_TRIED = 32
/** ms behind a change within which what is missing is missing because of it. */
const AFTERMATH = 50

/** What one flow lost. */
export interface RotationLoss {
  readonly from: string
  readonly to: string
  /** `leaf1 to spine1` */
  readonly direction: string
  /** Packets a second. */
  readonly rate: number
  readonly sent: number
  /** Packets that did not arrive: sent while keys changed, and at any other time, by which the host's own losses are known. */
  readonly lost: number
  readonly lostOtherwise: number
  /** ms, the longest for which nothing arrived while keys changed; 0 when nothing was lost. */
  readonly longest: number
}

/** How much a change cost; `why` it is not known otherwise. */
export type Measured = { readonly losses: readonly RotationLoss[] } | { readonly why: string }

interface DirectedWay extends Way {
  readonly direction: string
}

export class RotationTraffic {
  private readonly acquainted = new Set<string>()

  private constructor(
    private readonly failover: FailoverLab,
    private readonly plan: Plan,
  ) {}

  /** Hosts of the lab send; its plan has to be of the epochs that it has now. */
  static async of(lab: Lab): Promise<RotationTraffic> {
    await lab.refreshKeys()
    const keys = new Map(
      [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))] as const),
    )
    const plan = await lab.present()
    return new RotationTraffic(new FailoverLab(lab, keys, plan), plan)
  }

  /**
   * Changes keys while flows go by.
   *
   * @param rate packets a second of each flow
   * @throws what `change` throws, as soon as traffic is over
   */
  async during(group: SealGroup, rate: number, change: () => Promise<void>): Promise<Measured> {
    const ways = await this.waysOver(group)
    if (ways.length === 0) {
      await change()
      return { why: `no traffic of hosts goes over ${group.name}` }
    }
    let changed: Promise<void> | undefined
    try {
      for (const way of ways) await this.failover.warm(way)
      const options = { ...FLOW, rate }
      const flows = ways.map((way) => this.failover.flow(way, options))
      const losses = await measureLosses(this.failover.lab, flows, options, () => (changed = change()))
      return { losses: ways.flatMap((way, n) => told(way, losses[n], rate)) }
    } catch (error) {
      // Measuring failed: keys are to change all the same, and whether they did counts.
      await (changed ?? change())
      if (error instanceof LabError && error.code === 'ZT_LAB_LOST') return { why: error.message }
      throw error
    }
  }

  /** A flow each way, as far as there is one. */
  private async waysOver(group: SealGroup): Promise<readonly DirectedWay[]> {
    // Of many the first two stand for all.
    const [a, b] = group.ends.map(({ node }) => node)
    const found: DirectedWay[] = []
    for (const [near, far] of [
      [a, b],
      [b, a],
    ]) {
      const way = await this.wayOver(group, near ?? '', far ?? '')
      if (way !== undefined) found.push({ ...way, direction: `${near ?? ''} to ${far ?? ''}` })
    }
    return found
  }

  private async wayOver(group: SealGroup, near: string, far: string): Promise<Way | undefined> {
    for (const [from, to] of this.hostPairs(group, near, far)) {
      await this.acquaint(from, to)
      try {
        if (group.tenant !== undefined && to.at.node !== far) continue
        return this.failover.way(from.id, [to.id], (way) => this.passes(way, from, group, near))
      } catch (error) {
        if (!(error instanceof LabError) || error.code !== 'ZT_LAB_UNKNOWN') throw error
      }
    }
    return undefined
  }

  /** Whoever is beside the ends first. */
  private hostPairs(
    { tenant, network }: SealGroup,
    near: string,
    far: string,
  ): readonly (readonly [PlanHost, PlanHost])[] {
    const hosts = this.plan.hosts
      .filter(({ addresses }) => addresses.some((one) => !one.includes(':')))
      .filter((host) => tenant === undefined || host.tenant === tenant)
      .filter((host) => network === undefined || `${host.tenant}/${host.network}` === network)
    const score = (from: PlanHost, to: PlanHost) =>
      Number(from.at.node === near) + Number(to.at.node === far) - Number(from.network !== to.network) / 2
    return hosts
      .flatMap((from) => hosts.map((to): readonly [PlanHost, PlanHost] => [from, to]))
      .filter(([from, to]) => from.tenant === to.tenant && from.at.node !== to.at.node)
      .filter(([from, to]) => from.network === to.network || (hasGateway(from) && hasGateway(to)))
      .toSorted(([a, b], [c, d]) => score(c, d) - score(a, b))
      .slice(0, MAX_TRIED)
  }

  private async acquaint(from: PlanHost, to: PlanHost): Promise<void> {
    const place = [from.id, to.id].toSorted().join(' ')
    if (this.acquainted.has(place)) return
    this.acquainted.add(place)
    await this.failover.acquaint([from, to])
  }

  /** Whether a flow goes over the group from its near end. */
  private passes({ links }: Way, from: PlanHost, group: SealGroup, near: string): boolean {
    let at = from.at.node
    for (const id of links) {
      if (id === group.name) return at === near
      const link = this.plan.links.find((one) => one.id === id)
      if (link === undefined) return false
      at = link.a.node === at ? link.b.node : link.a.node
    }
    // What is sealed between leaves is so on every way.
    return group.tenant !== undefined && from.at.node === near
  }
}

function hasGateway({ gatewayMac }: PlanHost): boolean {
  return gatewayMac !== undefined
}

function told({ from, to, direction }: DirectedWay, loss: Loss | undefined, rate: number): RotationLoss[] {
  if (loss === undefined) return []
  const [began, done] = loss.broke
  const at = (sequence: number) => (sequence * 1000) / rate
  const isMeanwhile = ({ first, count }: Gap) => at(first + count) >= began && at(first) <= done + AFTERMATH
  const during = loss.gaps.filter(isMeanwhile)
  const lost = during.reduce((sum, { count }) => sum + count, 0)
  return [
    {
      from,
      to: to.join(', '),
      direction,
      rate,
      sent: loss.sent,
      lost,
      lostOtherwise: loss.sent - loss.received - lost,
      longest: Math.max(0, ...during.map(({ ms }) => ms)),
    },
  ]
}
