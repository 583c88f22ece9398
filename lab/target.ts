/**
 * A lab as a `Target`: sends by the probe, settles by counting, and tells what it saw from the engines' journals and the
 * probe's arrivals.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Plan } from '../contract/plan.js'
import type {
  Arrival,
  Fault,
  Injection,
  LatencyRequest,
  LatencySamples,
  Observation,
  SendOptions,
  WireFrame,
} from '../record/target.js'
import { findTraceId } from '../twin/packet/index.js'
import type { KnowingTarget } from '../twin/target.js'
import { LabError } from './errors.js'
import { brokenBy, describeFault, hasSession, longestHold, loses, speaks, type Broken } from './fault.js'
import { JournalTail } from './journal-tail.js'
import { LastingWatch } from './lasting-watch.js'
import type { Lab } from './lab.js'
import { linkEndId } from './labd/probe-config.js'
import { LinkCaptures } from './link-captures.js'
import { Oracle } from './oracle.js'
import { measureLatency } from './latency.js'
import { JournalObserver, type JournalEntries } from './observe.js'
import { PageReader } from './stats-page.js'
import { settle, Settler, type Pages } from './settle.js'

/** ms for a fabric to come to rest. */
const SETTLE_DEADLINE = 5000
/** Frames of one request: what the smallest rings hold even if each is flooded to every remote. */
const BATCH = 32
/** What an AF_XDP socket with 2 KiB frames takes. */
const MAX_FRAME = 1792
/** ms for a control plane to come to rest behind a fault, besides the hold time of its sessions. */
const REST_WITHIN = 30_000
/** Arrivals of one answer: each at most 2.4 KB of base64, and an answer at most 16 MiB. */
const COLLECT = 4096
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

const SentAnswer = z.object({ at: z.array(z.number()), sent: z.int() })
const Arrivals = z.object({
  arrivals: z.array(
    z.object({ seq: z.int(), host: z.string(), at: z.number(), data: z.base64(), foreign: z.boolean() }),
  ),
  next: z.int(),
  lost: z.int(),
})
const Synced = z.object({ journalBytes: z.int().min(0) })

/** What its nodes know is said by the twin beside it. @throws LabError `ZT_LAB_STATE` for a lab without journals */
export async function labTarget(lab: Lab, options: LabTargetOptions = {}): Promise<KnowingTarget> {
  const [first] = lab.plan.nodes
  if (first !== undefined && !existsSync(lab.paths.nodeJournal(first.name))) {
    throw new LabError('ZT_LAB_STATE', `lab ${lab.id} writes no journals, and a target is told by them`, {
      remedy: 'bring it up with journals, as is usual',
    })
  }
  const target = new LabTarget(lab, options)
  await target.begin()
  return target
}

class LabTarget implements KnowingTarget {
  readonly interpreter = 'netns'
  readonly plan: Plan
  private readonly settler: Settler
  private readonly observer: JournalObserver
  private readonly oracle: Oracle
  private readonly tails: ReadonlyMap<string, JournalTail>
  private readonly pages: { readonly nodes: ReadonlyMap<string, PageReader>; readonly probe: PageReader }
  /** Shared with those that follow the nodes: programs loaded later may name keys that came later. */
  private readonly keys = new Map<string, Uint8Array>()
  private captures: LinkCaptures | undefined
  private captured: WireFrame[] = []
  private routing: LastingWatch | undefined
  /** The twin beside the lab knows what the lab knows: from the first reset on. */
  private known = false
  private faults: readonly Fault[] = []
  private broken: Broken
  /** Wires that were broken when they were looked at last. */
  private readonly mended = new Set<string>()
  private nextArrival = 0
  private answered = 0
  private drops = 0
  private lostArrivals = 0

  constructor(
    private readonly lab: Lab,
    private readonly options: LabTargetOptions,
  ) {
    const { plan, paths } = lab
    this.learnKeys()
    this.plan = plan
    this.broken = brokenBy(plan, [])
    this.settler = new Settler(plan)
    this.observer = new JournalObserver(plan, this.keys)
    this.settler.loses = (wire) => loses(this.broken, wire) || this.mended.has(wire)
    this.observer.loses = (wire) => loses(this.broken, wire)
    this.oracle = new Oracle(plan, this.keys)
    this.tails = new Map(plan.nodes.map(({ name }) => [name, new JournalTail(paths.nodeJournal(name))]))
    this.pages = {
      nodes: new Map(plan.nodes.map(({ name }) => [name, new PageReader(paths.nodeStatistics(name))])),
      probe: new PageReader(paths.probeStatistics),
    }
  }

  /** Takes what has happened so far as the past: a lab may be used long before it becomes a target. */
  async begin(): Promise<void> {
    const pages = await this.rebase()
    this.drops = this.droppedIn(pages).total
    if (this.options.captures !== false) this.captures = await LinkCaptures.start(this.lab)
    this.routing = await this.openRouting()
    const before = await this.lab.faults()
    for (const fault of before) this.oracle.fail(fault)
    this.know(before)
    await this.rest()
    await this.forget()
  }

  /** Frames that were sent before their receiver was open are missing for good; those on their way now are not. */
  private async rebase(): Promise<Pages> {
    const longest = Math.max(0, ...this.plan.links.map((link) => link.delay ?? 0))
    for (let before = this.settler.look(this.readPages()).mark; ;) {
      await delay(20 + (2 * longest) / 1e6)
      const pages = this.readPages()
      const { mark } = this.settler.look(pages)
      if (mark === before) {
        this.settler.rebase(pages)
        this.mended.clear()
        return pages
      }
      before = mark
    }
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
    await this.rebase()
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
    this.settler.keep()
    const sentAt = new Map<number, number>()
    let batch: Injection[] = []
    const flush = async () => {
      await this.dispatch(batch, sentAt)
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
          await this.settle()
        }
        await this.dispatch([injection], sentAt)
        await this.settle()
        await this.tick(waits)
      } else {
        batch.push(injection)
        if (batch.length === BATCH) {
          await flush()
          await this.settle()
        }
      }
    }
    await flush()
    if (this.oracle.telling) {
      await this.rest()
      this.oracle.rested()
    }
    const view = this.observer.observe(await this.newEntries(), frames)
    const captured = this.takeCaptured()
    checkCaptures(view.wire, captured, this.captures !== undefined)
    const wire = [...view.wire, ...captured]
    const arrivals = await this.collect()
    const wanted = options.wire === undefined ? undefined : new Set(options.wire)
    return {
      by: this.interpreter,
      sent: frames,
      ...view,
      wire: wanted === undefined ? wire : wire.filter(({ link }) => wanted.has(link)),
      arrivals: arrivals.map((arrival) => arrived(arrival, sentAt)),
      answeredByHosts: this.answeredSince(),
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
    await this.settle()
    this.oracle.advanceTime(ns)
    await this.everywhere({ op: 'advance-time', ns })
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
    if (this.options.ownsLab !== true) await this.captures?.stop()
    for (const page of [...this.pages.nodes.values(), this.pages.probe]) page.close()
    this.routing?.close()
    if (this.options.ownsLab === true) await this.lab.down()
  }

  /** What happens now is nobody's observation. */
  private async forget(): Promise<void> {
    this.observer.skip(await this.newEntries())
    this.takeCaptured()
    await this.collect()
    this.answeredSince()
  }

  /** Packets that wait for a neighbour which does not answer are given up after 3 s (NEIGH-7); nobody waits here for that. */
  private async tick(seconds: number): Promise<void> {
    // What moves with the clock must not meet what is still being told.
    if (seconds > 0) await this.rest()
    for (let n = 0; n < seconds; n++) {
      await this.everywhere({ op: 'advance-time', ns: SECOND })
      await this.settle()
    }
  }

  private async everywhere(request: {
    readonly op: string
    readonly [field: string]: unknown
  }): Promise<void> {
    await Promise.all(this.plan.nodes.map(({ name }) => this.lab.control(name, request)))
  }

  /** In order, hosts' frames and links' frames each by their own operation. */
  private async dispatch(batch: readonly Injection[], sentAt: Map<number, number>): Promise<void> {
    for (let from = 0; from < batch.length;) {
      const onLink = isOnLink(batch[from])
      let to = from + 1
      while (to < batch.length && isOnLink(batch[to]) === onLink) to++
      const part = batch.slice(from, to)
      const request = { op: onLink ? 'inject' : 'send', frames: part.map(probeFrame) }
      const { at, sent } = SentAnswer.parse(await this.lab.probe(request))
      // A device without its other end takes nothing.
      const nowhere = part.filter(({ at: place }) =>
        loses(this.broken, 'host' in place ? place.host : place.link),
      )
      if (sent < part.length - nowhere.length) {
        throw new LabError('ZT_LAB_LOST', `the probe could send ${sent} of ${part.length} frames`, {
          remedy: 'a device is down: look at `ip -n <namespace> link`',
        })
      }
      for (const [n, { trace }] of part.entries()) sentAt.set(trace, at[n] ?? -1)
      from = to
    }
  }

  /**
   * Frames at rest, and what they have taught is known wherever it is to be.
   *
   * @param expected digests of the tables that leaves are to have, by node
   */
  private async rest(expected = this.oracle.digests()): Promise<void> {
    await this.settle()
    if (this.routing === undefined || expected === undefined) return
    // What the twin expects is the quick way to know; that it does not come is for the comparison to find.
    const options = {
      sessions: (_node: string, link: string) => hasSession(this.plan, this.broken, link),
      follows: (node: string) => this.follows(node),
    }
    if (!this.known || !(await this.routing.reach(expected, options))) await this.routing.settle(options)
    await this.settle()
  }

  private settle(): Promise<Pages> {
    return settle(this.settler, {
      read: () => this.readPages(),
      // The first looks come right after each other, as one hop takes some tens of microseconds; later ones leave the cores alone.
      pause: async (looks) => {
        if (looks < 4) await setImmediate()
        else await delay(1)
      },
      now: () => performance.now(),
      deadline: SETTLE_DEADLINE,
    })
  }

  private learnKeys(): void {
    for (const [name, value] of this.lab.keys) this.keys.set(name, new Uint8Array(Buffer.from(value, 'hex')))
  }

  /** New journal entries of all nodes, cut where nothing was on its way. */
  private async newEntries(): Promise<JournalEntries> {
    this.learnKeys()
    for (;;) {
      const quiet = this.settler.look(await this.settle()).mark
      const ends = await Promise.all(
        this.plan.nodes.map(async ({ name }): Promise<[string, number]> => {
          const { journalBytes } = Synced.parse(await this.lab.control(name, { op: 'sync' }))
          return [name, journalBytes]
        }),
      )
      this.captured.push(...(this.captures?.read() ?? []))
      const pages = this.readPages()
      // A kernel may have something to say of its own (MLD, ND, BGP) while journals and captures are being written out.
      if (this.settler.look(pages).mark !== quiet) continue
      this.checkDrops(pages)
      return new Map(ends.map(([name, end]) => [name, this.tails.get(name)?.read(end) ?? []]))
    }
  }

  /** What was captured up to the end of the entries that were read last. */
  private takeCaptured(): readonly WireFrame[] {
    const taken = this.captured
    this.captured = []
    return taken
  }

  private droppedIn(pages: Pages): { readonly total: number; readonly where: string } {
    const dropped = [...this.settler.dropped(pages)]
    return {
      total: dropped.reduce((sum, [, count]) => sum + count, 0),
      where: dropped.map(([wire, count]) => `${wire}: ${count}`).join('; '),
    }
  }

  private checkDrops(pages: Pages): void {
    const { total, where } = this.droppedIn(pages)
    if (total <= this.drops) return
    this.drops = total
    throw new LabError('ZT_LAB_LOST', `the kernel dropped frames before their sockets (${where})`, {
      remedy: 'the host does not keep up; send fewer frames at once, or on a quieter host',
    })
  }

  private async collect(): Promise<z.infer<typeof Arrivals>['arrivals']> {
    const all: z.infer<typeof Arrivals>['arrivals'] = []
    for (;;) {
      const { arrivals, next, lost } = Arrivals.parse(
        await this.lab.probe({ op: 'collect', from: this.nextArrival, limit: COLLECT }),
      )
      const fresh = lost - this.lostArrivals
      this.lostArrivals = lost
      if (fresh > 0) throw new LabError('ZT_LAB_LOST', `the probe had no room for ${fresh} arrivals`)
      all.push(...arrivals)
      this.nextArrival = next
      if (arrivals.length < COLLECT) return all
    }
  }

  private answeredSince(): number {
    const now = this.pages.probe
      .read()
      .entries.reduce((sum, { arpAnswered, ndAnswered }) => sum + arpAnswered + ndAnswered, 0)
    const since = now - this.answered
    this.answered = now
    return since
  }

  private readPages(): Pages {
    return {
      nodes: new Map([...this.pages.nodes].map(([name, reader]) => [name, reader.read()])),
      probe: this.pages.probe.read(),
    }
  }
}

/** Copies are lost when nobody takes them out of the ring in time; a witness with gaps is none. */
function checkCaptures(
  journals: readonly WireFrame[],
  captures: readonly WireFrame[],
  capturing: boolean,
): void {
  if (!capturing || journals.length === captures.length) return
  throw new LabError(
    'ZT_LAB_LOST',
    `journals tell of ${journals.length} frames on fabric links, captures of ${captures.length}`,
    { remedy: 'the host does not keep up; send fewer frames at once, or on a quieter host' },
  )
}

function isOnLink(injection: Injection | undefined): boolean {
  return injection !== undefined && 'link' in injection.at
}

function probeFrame({ at, frame }: Injection): object {
  const data = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64')
  return 'host' in at ? { host: at.host, data } : { link: linkEndId(at.link, at.to), data }
}

function arrived(
  {
    host,
    at,
    data,
    foreign,
  }: { readonly host: string; readonly at: number; readonly data: string; readonly foreign: boolean },
  sentAt: ReadonlyMap<number, number>,
): Arrival {
  const frame = new Uint8Array(Buffer.from(data, 'base64'))
  const trace = findTraceId(frame)?.trace
  const sent = trace === undefined ? undefined : sentAt.get(trace)
  return {
    host,
    frame,
    foreign,
    ...(trace === undefined ? {} : { trace }),
    ...(sent === undefined || sent < 0 ? {} : { latency: at - sent }),
  }
}

function checkLength(frame: Uint8Array): void {
  if (frame.length >= 14 && frame.length <= MAX_FRAME) return
  throw new LabError(
    'ZT_LAB_PLAN',
    `a lab sends frames of 14 to ${MAX_FRAME} octets, this has ${frame.length}`,
    {
      remedy: 'send it in the twin',
    },
  )
}
