/**
 * The fabric under test as a scenario sees it: twin or lab, the same to the scenario.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { Plan } from '../contract/plan.js'
import type {
  Fault,
  Injection,
  LatencyRequest,
  LatencySamples,
  Observation,
  Target,
  WireFrame,
} from '../record/target.js'
import type { Interpreter } from '../record/verdict.js'
import type { Walk } from '../twin/forward/index.js'
import { breaking, redo } from './deeds.js'
import type { Deed } from './deeds.js'
import { interrupted, SdkError } from './errors.js'
import { checkFault } from './faults.js'
import { tenantOf } from './fabric-view.js'
import type { FabricView, Link, TenantArgument } from './fabric-view.js'
import { freshFor, greetings } from './greeting.js'
import type { Start } from './greeting.js'
import { deliveredFrames } from './judge/delivery.js'
import type { LabWitness } from './lab-witness.js'
import { Ledger } from './ledger.js'
import { Seen } from './seen.js'
import type { Sent, WalkedPlan } from './seen.js'
import { controlFlow, framesOf } from './traffic/flow.js'
import type { Flow } from './traffic/flow.js'
import type { Frame } from './traffic/frame.js'
import { WireReader } from './traffic/wire.js'
import type { Keys } from './traffic/wire.js'

/** What can be sent: frames, flows, or both mixed, in order. */
export type Traffic = Frame | Flow | readonly (Frame | Flow)[]

/** How to send. */
export interface ScenarioSendOptions {
  /** Tenants of which one honest flow each is sent behind the frames: proof that hearing nothing means something. */
  readonly control?: readonly TenantArgument[]
  /** Links whose frames are kept; all unless given. */
  readonly wire?: readonly Link[]
}

/** What a scenario target is made of. */
export interface ScenarioTargetOptions {
  readonly fabric: FabricView
  readonly target: Target
  /** Values of the plan's keys, to open captured frames. */
  readonly keys: Keys
  /** Marks of this run, 32 bits. */
  readonly run: number
  /** What can be seen of a lab from outside of its engines. */
  readonly witness?: LabWitness
  /** A text that is the same when nodes know the same; absent where that cannot be told, and nothing is kept from one case to the next. */
  readonly knowledge?: () => string
  /** A node's dynamic state: the answer to `tables` (`contract/control.ts`). */
  readonly tables?: (node: string) => Promise<unknown>
  /** Keeps frames seen on links in the run record. */
  readonly keep?: (name: string, frames: readonly WireFrame[]) => void
  /** A twin of a plan, fresh. */
  readonly openTwin: (plan: Plan) => Target
  /** A walk through the twin of a plan, after what was sent before and with what is broken. */
  readonly walk: (
    plan: Plan,
    injection: Injection,
    before: readonly Injection[],
    broken: readonly Fault[],
  ) => Walk
}

/** When every host had just spoken. */
interface Greeted {
  readonly injections: readonly Injection[]
  /** Absent where it cannot be told. */
  readonly knowledge: string | undefined
  /** ms */
  readonly at: number
}

/** The fabric under test. */
export class ScenarioTarget {
  /** Of the test that runs now. */
  ledger = new Ledger()
  /** Sends of the case that runs now, for failure messages. */
  readonly sends: Seen[] = []
  readonly #options: ScenarioTargetOptions
  readonly #reader: WireReader
  #target: Target
  #deeds: readonly Deed[] = []
  /** Faults that stand, in the order in which they were made. */
  #standing: readonly Fault[] = []
  #greeted: Greeted | undefined
  /** What was done before all was to be forgotten, where it has not been forgotten yet. */
  #unforgotten: readonly Deed[] | undefined
  #traces = 0
  #fabric: FabricView
  #watcher: ((seen: Seen) => void) | undefined
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: ScenarioTargetOptions) {
    this.#options = options
    this.#target = options.target
    this.#fabric = options.fabric
    this.#reader = new WireReader(options.fabric.plan, options.keys)
  }

  /** The fabric, or what is left of it. */
  get fabric(): FabricView {
    return this.#fabric
  }

  /** Where it runs. */
  get on(): Interpreter {
    return this.#target.interpreter
  }

  /** Reads frames captured on links, with the plan's keys. */
  get reader(): WireReader {
    return this.#reader
  }

  /**
   * Sends traffic and waits until the fabric is at rest. In a lab frames that no Ethernet device sends, such as one shorter than
   * its header, are left out: the twin judges those.
   *
   * @returns what was seen, to be judged by matchers
   */
  async send(traffic: Traffic, options: ScenarioSendOptions = {}): Promise<Seen> {
    // A twin never waits for anything, and a thread that does not come to its events hears of no interruption.
    await setImmediate()
    if (this.ledger.signal?.aborted === true) throw interrupted()
    await this.#forget()
    const frames = expand(traffic)
    const controls = (options.control ?? []).flatMap((argument) => this.#control(argument))
    const sent = [
      ...frames.map((frame) => this.#mark(frame, false)),
      ...controls.map((frame) => this.#mark(frame, true)),
    ].filter(({ bytes }) => canSend(this.on, bytes))
    const injections = sent.map(injectionOf)
    const before = this.#deeds
    this.#deeds = [...before, { send: injections }]
    const deeds = this.#deeds
    const broken = this.#standing
    const wire = options.wire?.map(({ id }) => id)
    const observation = await this.#alone(async () =>
      this.#target.send(injections, wire === undefined ? {} : { wire }),
    )
    const seen = new Seen(
      {
        fabric: this.fabric,
        ledger: this.ledger,
        reader: this.#reader,
        run: this.#options.run,
        twin: async () => this.#twinOf(deeds),
        walk: (one) => this.#walk(one, before, broken),
      },
      sent,
      observation,
    )
    this.ledger.sends++
    this.ledger.controls += deliveredFrames(seen).length
    this.sends.push(seen)
    this.#watcher?.(seen)
    return seen
  }

  /**
   * Forgets everything learned, so that what follows does not depend on what was before. It is done when something else is: to forget what is
   * to be known again at once takes a lab a second.
   *
   * @param start `known`: then every host speaks. Where what nodes know can be told, it is compared with what they knew when every host had
   *   just spoken after a reset, and no more is done than it takes to come to that very state
   */
  async reset(start: Start = 'unknown'): Promise<void> {
    const done = [...(this.#unforgotten ?? []), ...this.#deeds]
    this.#deeds = this.#standing.map((one) => ({ fail: one }))
    this.sends.length = 0
    this.#unforgotten = done
    if (start === 'unknown') return
    const greeted = this.#greeted
    if (greeted === undefined || !(await this.#isBack(greeted, done))) {
      await this.#forget()
      this.#greeted = await this.#greet()
    }
    this.#unforgotten = undefined
    this.#deeds = [...this.#deeds, { send: this.#greeted?.injections ?? [] }]
  }

  async #forget(): Promise<void> {
    if (this.#unforgotten === undefined) return
    this.#unforgotten = undefined
    await this.#alone(async () => this.#target.reset())
  }

  /**
   * Breaks something, runs, and puts it right again, also when what was run throws. Several faults are made in their order and repaired in
   * the opposite one; the fabric is at rest before `run` and before this returns.
   *
   * @throws SdkError `ZT_FAULT_CANNOT` where this cannot be broken, `ZT_UNKNOWN_NAME` for what the fabric does not have; what `run` throws
   */
  async during<T>(faults: Fault | readonly Fault[], run: () => Promise<T> | T): Promise<T> {
    const [fault, ...others] = [faults].flat()
    if (fault === undefined) return run()
    checkFault(this.fabric, fault)
    await this.#fail(fault)
    let value: T
    try {
      value = others.length === 0 ? await run() : await this.during(others, run)
    } catch (error) {
      await this.#repair(fault).catch((second: unknown) => {
        throw new AggregateError(
          [error, second],
          `${String(error)} (and what was broken could not be repaired)`,
          { cause: error },
        )
      })
      throw error
    }
    await this.#repair(fault)
    return value
  }

  /** Runs with a part of the fabric as all there is: what a failure has left. */
  async within<T>(left: FabricView, run: () => Promise<T>): Promise<T> {
    const whole = this.#fabric
    this.#fabric = left
    try {
      return await run()
    } finally {
      this.#fabric = whole
    }
  }

  /** Runs, and shows what is seen of every send meanwhile. */
  async watched<T>(watcher: (seen: Seen) => void, run: () => Promise<T>): Promise<T> {
    const before = this.#watcher
    this.#watcher = watcher
    try {
      return await run()
    } finally {
      this.#watcher = before
    }
  }

  /** Faults that stand now. */
  get standing(): readonly Fault[] {
    return this.#standing
  }

  async #fail(fault: Fault): Promise<void> {
    await this.#forget()
    const { fail } = breaking(this.#target, fault)
    await this.#alone(async () => fail(fault))
    this.#deeds = [...this.#deeds, { fail: fault }]
    this.#standing = [...this.#standing, fault]
  }

  async #repair(fault: Fault): Promise<void> {
    await this.#forget()
    const { repair } = breaking(this.#target, fault)
    await this.#alone(async () => repair(fault))
    this.#deeds = [...this.#deeds, { repair: fault }]
    this.#standing = this.#standing.filter((one) => one !== fault)
  }

  async #greet(): Promise<Greeted> {
    const injections = greetings(this.fabric).map((frame) => injectionOf(this.#mark(frame, false)))
    await this.#speak(injections)
    return { injections, knowledge: this.#knowledge(), at: performance.now() }
  }

  async #speak(injections: readonly Injection[]): Promise<void> {
    await this.#alone(async () => this.#target.send(injections, { wire: [] }))
  }

  /**
   * Whether nodes know what they knew then, and nothing else, if need be after all have spoken once more. Clocks that were moved and faults
   * leave traces that do not show.
   */
  async #isBack({ injections, knowledge, at }: Greeted, since: readonly Deed[]): Promise<boolean> {
    if (knowledge === undefined || performance.now() - at > freshFor(this.fabric)) return false
    if (!since.every((deed) => 'send' in deed)) return false
    if (this.#knowledge() === knowledge) return true
    await this.#speak(injections)
    return this.#knowledge() === knowledge
  }

  #knowledge(): string | undefined {
    return this.#target === this.#options.target ? this.#options.knowledge?.() : undefined
  }

  /** Moves every node's clock forward, ns: ageing, neighbour lifetimes, retries. */
  async advanceTime(ns: number): Promise<void> {
    await this.#forget()
    this.#deeds = [...this.#deeds, { advance: ns }]
    await this.#alone(async () => this.#target.advanceTime(ns))
  }

  /** Measures latency where that can be done; `undefined` where it cannot. */
  async latency(request: LatencyRequest): Promise<LatencySamples | undefined> {
    if (this.#target.latency === undefined) return undefined
    await this.#forget()
    return this.#alone(async () => this.#target.latency?.(request))
  }

  /**
   * Runs something on a twin of the plan in place of the target: how a lab's failure is shrunk without the lab.
   */
  async onTwin<T>(run: () => Promise<T>): Promise<T> {
    const [target, deeds, greeted, unforgotten] = [
      this.#target,
      this.#deeds,
      this.#greeted,
      this.#unforgotten,
    ]
    const twin = this.#options.openTwin(target.plan)
    this.#target = twin
    this.#unforgotten = undefined
    try {
      for (const one of this.#standing) await breaking(twin, one).fail(one)
      return await run()
    } finally {
      this.#target = target
      this.#deeds = deeds
      this.#greeted = greeted
      this.#unforgotten = unforgotten
      await twin.close()
    }
  }

  /** What looks at the lab from outside; `undefined` on the twin. */
  get witness(): LabWitness | undefined {
    return this.#target === this.#options.target ? this.#options.witness : undefined
  }

  /** A node's dynamic state, as an engine tells it (`tables` of `contract/control.ts`); `undefined` where it cannot be asked. */
  async tables(node: string): Promise<unknown> {
    return this.#target === this.#options.target ? this.#options.tables?.(node) : undefined
  }

  /** Keeps frames that were seen on links as evidence of a verdict, where a run record is being written. */
  keep(name: string, frames: readonly WireFrame[]): void {
    this.#options.keep?.(`${name}.${this.on}`, frames)
  }

  /** One thing at a time: what is sent between two states at rest must be one scenario's. */
  async #alone<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#busy.then(action, action)
    this.#busy = turn.catch(() => undefined)
    return turn
  }

  #mark(frame: Frame, control: boolean): Sent {
    this.#traces = (this.#traces + 1) >>> 0
    const trace = this.#traces
    return { frame, trace, control, bytes: frame.bytes({ run: this.#options.run, trace }) }
  }

  #control(argument: TenantArgument): readonly Frame[] {
    const tenant = tenantOf(argument)
    const flow = controlFlow(this.fabric, tenant)
    if (flow !== undefined) return framesOf(flow)
    throw new SdkError(
      'ZT_VACUOUS',
      `tenant ${tenant.name} has no two hosts with a way between them to be a positive control`,
      {
        remedy: 'give it a second host',
      },
    )
  }

  async #twinOf(deeds: readonly Deed[]): Promise<Observation> {
    const twin = this.#options.openTwin(this.#options.fabric.plan)
    try {
      const last = await redo(twin, deeds)
      if (last === undefined) throw new TypeError('nothing was sent')
      return last
    } finally {
      await twin.close()
    }
  }

  /** What was sent before, time aside, taught the nodes what they knew. */
  #walk({ frame, trace, bytes }: Sent, before: readonly Deed[], broken: readonly Fault[]): WalkedPlan {
    const taught = before.flatMap((deed) => ('send' in deed ? deed.send : []))
    const { plan } = this.#target
    const walk = this.#options.walk(plan, { trace, at: frame.at, frame: bytes }, taught, broken)
    return { plan, walk, broken }
  }
}

function injectionOf({ frame, trace, bytes }: Sent): Injection {
  return { trace, at: frame.at, frame: bytes }
}

/** Octets of a frame that a kernel's Ethernet device takes, and that an AF_XDP socket with frames of 2 KiB holds. */
const LAB_FRAME = { min: 14, max: 1792 }

function canSend(on: Interpreter, { length }: Uint8Array): boolean {
  return on === 'twin' || (length >= LAB_FRAME.min && length <= LAB_FRAME.max)
}

function expand(traffic: Traffic): readonly Frame[] {
  const items: readonly (Frame | Flow)[] = Array.isArray(traffic)
    ? (traffic as readonly (Frame | Flow)[])
    : [traffic as Frame | Flow]
  return items.flatMap((item) => (item.kind === 'flow' ? framesOf(item) : [item]))
}
