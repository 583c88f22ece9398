/**
 * A lab as a `Target`: sends by the probe, settles by counting, and tells what it saw from the engines' journals and the
 * probe's arrivals.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import type { Plan } from '../contract/plan.js'
import type {
  Fault,
  Injection,
  LatencyRequest,
  LatencySamples,
  Observation,
  SendOptions,
} from '../record/target.js'
import type { LabInterpreter } from '../record/verdict.js'
import type { KnowingTarget } from '../twin/target.js'
import { LabError } from './errors.js'
import { brokenBy, describeFault, hasSession, longestHold, loses, speaks, type Broken } from './fault.js'
import { LastingWatch } from './lasting-watch.js'
import type { Lab } from './lab.js'
import { Oracle } from './oracle.js'
import { measureLatency } from './latency.js'
import { JournalObserver, type JournalEntries } from './observe.js'
import { checkLength, ProbeTraffic } from './probe-traffic.js'
import { Witness } from './witness.js'

/** Frames of one request: what the smallest rings hold even if each is flooded to every remote. */
const BATCH = 32
/** ms for a control plane to come to rest behind a fault, besides the hold time of its sessions. */
const REST_WITHIN = 30_000
const SECOND = 1_000_000_000

export interface LabTargetOptions {
  /** Closing the target takes the lab down. */
  readonly ownsLab?: boolean
  /**
   * Observations also hold every frame on a fabric link as the XDP program of the receiving port saw it (default): what engines say
   * of themselves is then not the only witness.
   */
  readonly captures?: boolean
}

/** What its nodes know is said by the twin beside it. @throws LabError `ZT_LAB_STATE` for a lab without journals */
export async function labTarget(lab: Lab, options: LabTargetOptions = {}): Promise<KnowingTarget> {
  const [first] = lab.plan.nodes
  if (first !== undefined && !existsSync(lab.paths.nodeJournal(first.name))) {
    throw new LabError('ZT_LAB_STATE', `lab ${lab.id} writes no journals, and a target is told by them`, {
      remedy: 'bring it up with journals, as is usual',
    })
  }
  await lab.refreshKeys()
  const target = new LabTarget(lab, await lab.present(), options)
  await target.begin()
  return target
}

/** s: more than a timer takes that makes a node speak because of what it sent or received (WG-29). */
const IDLE = 16
/** s: sessions of two nodes whose clocks are so far apart are usable at both (WG-16, WG-28). */
const APART = 30

/**
 * What clocks are moved by, one node after the other. A node that begins a handshake hours ahead of its peer has a new session, and the peer,
 * when its clock follows, an old one: before a long way timers run out, and where peers say something of themselves no way is long.
 */
function clockParts(ns: number, { nodes }: Plan): readonly number[] {
  const speaks = nodes.some(({ program }) =>
    program.interfaces.some(
      (item) =>
        item.kind === 'wireguard' && item.peers.some((peer) => peer.persistentKeepalive !== undefined),
    ),
  )
  const parts: number[] = []
  for (let left = ns; left > 0; left -= parts.at(-1) ?? left) {
    // Twice: a keepalive may want another one.
    const longest = parts.length < 2 ? IDLE : speaks ? APART : Infinity
    parts.push(Math.min(left, longest * SECOND))
  }
  return parts
}

class LabTarget implements KnowingTarget {
  readonly interpreter: LabInterpreter
  readonly plan: Plan
  private readonly witness: Witness
  private readonly traffic: ProbeTraffic
  private readonly observer: JournalObserver
  private readonly oracle: Oracle
  /** Shared with those that follow the nodes: programs loaded later may name keys that came later. */
  private readonly keys = new Map<string, Uint8Array>()
  private routing: LastingWatch | undefined
  /** The twin beside the lab knows what the lab knows: from the first reset on. */
  private known = false
  private faults: readonly Fault[] = []
  private broken: Broken
  /** Wires that were broken when they were looked at last. */
  private readonly mended = new Set<string>()

  constructor(
    private readonly lab: Lab,
    plan: Plan,
    private readonly options: LabTargetOptions,
  ) {
    this.interpreter = lab.driver
    this.learnKeys()
    this.plan = plan
    this.broken = brokenBy(plan, [])
    this.witness = new Witness(lab)
    this.traffic = new ProbeTraffic(lab, (place) => loses(this.broken, place))
    this.observer = new JournalObserver(plan, this.keys)
    this.witness.settler.loses = (wire) => loses(this.broken, wire) || this.mended.has(wire)
    this.observer.loses = (wire) => loses(this.broken, wire)
    this.oracle = new Oracle(plan, this.keys)
  }

  /** Takes what has happened so far as the past: a lab may be used long before it becomes a target. */
  async begin(): Promise<void> {
    await this.witness.begin(this.options.captures !== false)
    this.routing = await this.openRouting()
    const before = await this.lab.faults()
    for (const fault of before) this.oracle.fail(fault)
    this.know(before)
    await this.rest()
    await this.forget()
  }

  /**
   * Breaks something and returns when the fabric has come to rest as it then is.
   *
   * @throws LabError `ZT_FAULT_UNKNOWN`, `ZT_FAULT_STANDS`, `ZT_LAB_UNSETTLED`, and what making the fault meets
   */
  async fail(fault: Fault): Promise<void> {
    await this.rest()
    // What is lost while it breaks is lost as it is meant to be.
    this.know([...this.faults, fault])
    try {
      await this.lab.fail(fault)
    } catch (error) {
      this.know(this.faults.slice(0, -1))
      throw error
    }
    this.oracle.fail(fault)
    await this.restAnew()
  }

  /** Puts it right, and returns when the fabric has come to rest. @throws LabError as {@link fail}, `ZT_FAULT_NONE` */
  async repair(fault: Fault): Promise<void> {
    await this.rest()
    await this.lab.repair(fault)
    this.oracle.repair(fault)
    // Until all is at rest nobody can say what was sent on a wire before it carried frames again.
    for (const wire of [...this.broken.cut, ...this.broken.silent]) this.mended.add(wire)
    const key = describeFault(fault)
    this.know(this.faults.filter((one) => describeFault(one) !== key))
    await this.restAnew()
    await this.witness.rebase()
    this.mended.clear()
    await this.forget()
  }

  private know(faults: readonly Fault[]): void {
    this.faults = faults
    this.broken = brokenBy(this.plan, faults)
  }

  /** Other daemons may be there to be asked than before, and sessions that end need their time. */
  private async restAnew(): Promise<void> {
    this.routing?.close()
    this.routing = await this.openRouting()
    await this.routing?.settle({
      sessions: (_node, link) => hasSession(this.plan, this.broken, link),
      follows: (node) => this.follows(node),
      within: REST_WITHIN + longestHold(this.plan) * 1000,
    })
    await this.rest()
    this.oracle.rested()
    await this.forget()
  }

  private openRouting(): Promise<LastingWatch | undefined> {
    return LastingWatch.open({
      open: (again) => this.lab.routing({ begunAnew: again }),
      running: async () => {
        const { agents, daemons } = await this.lab.processes()
        return JSON.stringify([agents, daemons])
      },
    })
  }

  /** Does the node's agent run, and have its daemon? */
  private follows(node: string): boolean {
    return speaks(this.broken, node) && !this.broken.agentless.has(node)
  }

  async send(frames: readonly Injection[], options: SendOptions = {}): Promise<Observation> {
    for (const { frame } of frames) checkLength(frame)
    this.witness.settler.keep()
    this.traffic.begin()
    let batch: Injection[] = []
    const flush = async () => {
      await this.traffic.send(batch)
      batch = []
    }
    for (const injection of frames) {
      const { writes, dependsOn, waits } = this.oracle.follow(injection)
      if (dependsOn !== undefined) {
        await flush()
        await this.rest(dependsOn)
      }
      if (injection.alone ?? writes) {
        if (batch.length > 0) {
          await flush()
          await this.witness.settle()
        }
        await this.traffic.send([injection])
        await this.witness.settle()
        await this.tick(waits)
      } else {
        batch.push(injection)
        if (batch.length === BATCH) {
          await flush()
          await this.witness.settle()
        }
      }
    }
    await flush()
    if (this.oracle.telling) {
      await this.rest()
      this.oracle.rested()
    }
    const view = this.observer.observe(await this.newEntries(), frames)
    const captured = this.witness.takeCaptured()
    this.witness.checkCaptured(view.wire, captured)
    const wire = [...view.wire, ...captured]
    const arrivals = await this.traffic.collect()
    const wanted = options.wire === undefined ? undefined : new Set(options.wire)
    const { opener } = this.observer
    return {
      by: this.interpreter,
      sent: frames,
      ...view,
      ...(opener === undefined ? {} : { opener }),
      wire: wanted === undefined ? wire : wire.filter(({ link }) => wanted.has(link)),
      arrivals,
      answeredByHosts: this.witness.answeredSince(),
    }
  }

  async reset(): Promise<void> {
    // A frame still on its way would teach again what the flush has just made forgotten.
    await this.rest()
    this.oracle.reset()
    this.known = true
    // A node answers in the order of requests, so that nothing is gained by waiting between them.
    await Promise.all(
      (['fdb', 'neighbours'] as const).map((table) => this.everywhere({ op: 'flush', table })),
    )
    await this.rest()
    this.oracle.rested()
    await this.forget()
  }

  async advanceTime(ns: number): Promise<void> {
    // Nodes are told one after the other: a frame between two of them would be young at one and old at the other.
    await this.witness.settle()
    this.oracle.advanceTime(ns)
    await this.moveClocks(ns)
    await this.rest()
    this.oracle.rested()
    await this.forget()
  }

  knowledge(): string {
    return this.oracle.knowledge()
  }

  async latency(request: LatencyRequest): Promise<LatencySamples> {
    const samples = await measureLatency(this.lab, request, (frames) => this.send(frames))
    await this.forget()
    return samples
  }

  async close(): Promise<void> {
    await this.witness.close(this.options.ownsLab !== true)
    this.routing?.close()
    if (this.options.ownsLab === true) await this.lab.down()
  }

  /** What happens now is nobody's observation. */
  private async forget(): Promise<void> {
    this.observer.skip(await this.newEntries())
    this.witness.takeCaptured()
    await this.traffic.collect()
    this.witness.answeredSince()
  }

  /** Packets that wait for a neighbour which does not answer are given up after 3 s (NEIGH-7); nobody waits here for that. */
  private async tick(seconds: number): Promise<void> {
    // What moves with the clock must not meet what is still being told.
    if (seconds > 0) await this.rest()
    for (let n = 0; n < seconds; n++) {
      await this.moveClocks(SECOND)
      await this.witness.settle()
    }
  }

  private async moveClocks(ns: number): Promise<void> {
    if (this.observer.opener === undefined) {
      await this.everywhere({ op: 'advance-time', ns })
      return
    }
    // Two peers whose timers are due at once would each begin a handshake, where one is enough; and the twin moves its clocks so, too.
    for (const part of clockParts(ns, this.plan)) {
      for (const { name } of this.plan.nodes) {
        await this.lab.control(name, { op: 'advance-time', ns: part })
        await this.witness.settle()
      }
    }
  }

  private async everywhere(request: {
    readonly op: string
    readonly [field: string]: unknown
  }): Promise<void> {
    await Promise.all(this.plan.nodes.map(({ name }) => this.lab.control(name, request)))
  }

  /**
   * Frames at rest, and what they have taught is known wherever it is to be.
   *
   * @param expected digests of the tables that leaves are to have, by node
   */
  private async rest(expected = this.oracle.digests()): Promise<void> {
    await this.witness.settle()
    if (this.routing === undefined || expected === undefined) return
    // What the twin expects is the quick way to know; that it does not come is for the comparison to find.
    const options = {
      sessions: (_node: string, link: string) => hasSession(this.plan, this.broken, link),
      follows: (node: string) => this.follows(node),
    }
    if (!this.known || !(await this.routing.reach(expected, options))) await this.routing.settle(options)
    await this.witness.settle()
  }

  private learnKeys(): void {
    for (const [name, value] of this.lab.keys) this.keys.set(name, new Uint8Array(Buffer.from(value, 'hex')))
  }

  private newEntries(): Promise<JournalEntries> {
    this.learnKeys()
    return this.witness.newEntries()
  }
}
