/**
 * A lab that is broken again and again while flows go by: for the bench and the test of failover.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Plan, PlanHost, PlanLink } from '../contract/plan.js'
import type { Fault, Injection } from '../record/target.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../twin/packet/index.js'
import { controlPlaneOf } from '../twin/fabric-control.js'
import { TwinFabric } from '../twin/forward/index.js'
import { LabError } from './errors.js'
import { measureLoss, type Flow, type Loss } from './failover.js'
import { brokenBy, hasSession, longestHold, speaks } from './fault.js'
import type { Lab } from './lab.js'

/** Of traces in these flows. */
const RUN = 0x7a740002
/** UDP ports that are tried for a flow that is to take a certain way. */
const FIRST_PORT = 40_000
const PORTS = 512
/** No packet of a flow has this number. */
const WARM_UP = 0xffff_ffff
/** ms for a neighbour to answer. */
const WARMS = 50

/** What a flow looks like, and the way it takes while nothing is broken. */
export interface Way {
  readonly from: string
  /** Address of the receiver or receivers. */
  readonly to: readonly string[]
  readonly port: number
  /** Links in order. */
  readonly links: readonly string[]
  /** The host at which it arrives. */
  readonly at: string
}

export interface FailoverOptions {
  readonly rate: number
  /** ms before it breaks, and altogether. */
  readonly before: number
  readonly lasts: number
}

/** What a flow lost, and how much of it went the way that was broken. */
export interface Failing extends Loss {
  /** Frames that the way has carried, on the link that had the fewest. */
  readonly carried: number
}

const Ports = z.object({ ports: z.array(z.object({ interface: z.int(), rx: z.int() })) })

export class FailoverLab {
  private readonly twin: TwinFabric

  /** @param keys as the lab has them */
  constructor(
    readonly lab: Lab,
    keys: ReadonlyMap<string, Uint8Array>,
    readonly plan: Plan = lab.plan,
  ) {
    this.twin = new TwinFabric(plan, keys, { controlPlane: controlPlaneOf(plan) })
  }

  /** Has every one of these hosts, of all unless given, heard by every other of its tenant, so that nothing is flooded and no neighbour is asked for. */
  async acquaint(hosts: readonly PlanHost[] = this.plan.hosts): Promise<void> {
    for (const from of hosts) {
      for (const to of hosts) {
        if (from.id === to.id || from.tenant !== to.tenant || !isReachable(from, to)) continue
        const frame = frameBetween(from, to, FIRST_PORT, 0)
        this.twin.send([{ trace: 0, at: { host: from.id }, frame }], { wire: [] })
        await this.lab.probe({ op: 'send', frames: [{ host: from.id, data: base64(frame) }] })
      }
    }
    await this.rest([])
  }

  /**
   * A flow that takes a way of which something is true.
   *
   * @param to hosts with the same address, at one of which it arrives
   * @throws LabError `ZT_LAB_UNKNOWN` when no port leads there
   */
  way(from: string, to: readonly string[], wanted: (way: Way) => boolean = () => true): Way {
    const [near, far] = [this.host(from), this.host(to[0] ?? '')]
    for (let port = FIRST_PORT; port < FIRST_PORT + PORTS; port++) {
      const injection: Injection = { trace: 1, at: { host: from }, frame: frameBetween(near, far, port, 1) }
      const seen = this.twin.send([injection])
      const at = seen.arrivals.find(({ host, foreign }) => !foreign && to.includes(host))?.host
      if (at === undefined) continue
      const way = { from, to, port, links: seen.wire.map(({ link }) => link), at }
      if (wanted(way)) return way
    }
    throw new LabError('ZT_LAB_UNKNOWN', `no flow from ${from} to ${to.join(', ')} takes such a way`)
  }

  flow({ from, to, port }: Way, options: FailoverOptions): Flow {
    const [near, far] = [this.host(from), this.host(to[0] ?? '')]
    return { from, to, ...options, frame: (sequence) => frameBetween(near, far, port, sequence) }
  }

  /** Breaks it while the flow goes by, mends it, and waits until all is at rest. @throws LabError as {@link measureLoss} */
  async failing(way: Way, fault: Fault, options: FailoverOptions): Promise<Failing> {
    const before = await this.received(way.links)
    try {
      const loss = await this.losing(way, () => this.lab.fail(fault), options)
      return { ...loss, carried: (await this.received(way.links)) - before }
    } finally {
      await this.mend(fault)
    }
  }

  private async mend(fault: Fault): Promise<void> {
    try {
      // A session that is still there when its fault is mended would be none that has come back.
      await this.rest([fault])
    } finally {
      await this.lab.repair(fault)
      await this.rest([])
    }
  }

  /** Breaks something that cannot be mended while the flow goes by. @throws LabError as {@link measureLoss} */
  async losing(way: Way, breakIt: () => Promise<void>, options: FailoverOptions): Promise<Loss> {
    await this.warm(way)
    return measureLoss(this.lab, this.flow(way, options), breakIt)
  }

  /** A neighbour that nobody has asked for of late is asked for again, and so is a host of an address that has not been sent to yet. */
  async warm({ from, to, port }: Way): Promise<void> {
    const near = this.host(from)
    const frames = to.flatMap((id) => {
      const far = this.host(id)
      return [
        { host: id, data: base64(frameBetween(far, near, port, WARM_UP)) },
        { host: from, data: base64(frameBetween(near, far, port, WARM_UP)) },
      ]
    })
    await this.lab.probe({ op: 'send', frames })
    await delay(WARMS)
  }

  /** Frames that have come in at the ends of these links, of the link that has had the fewest: each of a flow's adds one to each. */
  private async received(links: readonly string[]): Promise<number> {
    const nodes = new Set(
      this.plan.links.flatMap(({ id, a, b }) => (links.includes(id) ? [a.node, b.node] : [])),
    )
    const stats = new Map(
      await Promise.all(
        [...nodes].map(async (node) => {
          const { ports } = Ports.parse(await this.lab.control(node, { op: 'stats' }))
          return [node, new Map(ports.map(({ interface: id, rx }) => [id, rx]))] as const
        }),
      ),
    )
    const at = ({ node, interface: id }: PlanLink['a']) => stats.get(node)?.get(id) ?? 0
    const counts = this.plan.links.filter(({ id }) => links.includes(id)).map(({ a, b }) => at(a) + at(b))
    return Math.min(...counts)
  }

  /** Returns when the control plane has come to rest with these faults. */
  async rest(faults: readonly Fault[]): Promise<void> {
    const broken = brokenBy(this.plan, faults)
    const watch = await this.lab.routing()
    if (watch === undefined) return
    try {
      await watch.settle({
        sessions: (_node, link) => hasSession(this.plan, broken, link),
        follows: (node) => speaks(broken, node) && !broken.agentless.has(node),
        within: (30 + longestHold(this.plan)) * 1000,
      })
    } finally {
      watch.close()
    }
    await delay(20)
  }

  private host(id: string): PlanHost {
    const found = this.plan.hosts.find((host) => host.id === id)
    if (found !== undefined) return found
    throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.lab.id} has no host ${JSON.stringify(id)}`)
  }
}

function isReachable(from: PlanHost, to: PlanHost): boolean {
  return from.network === to.network || (from.gatewayMac !== undefined && to.gatewayMac !== undefined)
}

/** UDP over IPv4; its payload is the trace id. */
function frameBetween(from: PlanHost, to: PlanHost, port: number, sequence: number): Uint8Array {
  const payload = build.payload(encodeTraceId({ run: RUN, trace: sequence }))
  const inside = build.udp({ srcPort: port, dstPort: 7 }, payload)
  const packet = build.ipv4({ src: parseIpv4(addressOf(from)), dst: parseIpv4(addressOf(to)) }, inside)
  const next = from.tenant === to.tenant && from.network === to.network ? to.mac : (from.gatewayMac ?? to.mac)
  return encodeFrame(build.ethernet({ dst: parseMac(next), src: parseMac(from.mac) }, packet))
}

function addressOf({ id, addresses }: PlanHost): string {
  const found = addresses.find((address) => !address.includes(':'))?.split('/')[0]
  if (found !== undefined) return found
  throw new LabError('ZT_LAB_PLAN', `${id} has no IPv4 address`)
}

function base64(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64')
}
