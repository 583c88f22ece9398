/**
 * The fabric under test as a scenario sees it: twin or lab, the same to the scenario.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import type {
  Injection,
  LatencyRequest,
  LatencySamples,
  Observation,
  Target,
  WireFrame,
} from '../record/target.js'
import type { Interpreter } from '../record/verdict.js'
import type { Walk } from '../twin/forward/index.js'
import { interrupted, SdkError } from './errors.js'
import { tenantOf } from './fabric-view.js'
import type { FabricView, Link, TenantArgument } from './fabric-view.js'
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
  /** Keeps frames seen on links in the run record. */
  readonly keep?: (name: string, frames: readonly WireFrame[]) => void
  /** A twin of a plan, fresh. */
  readonly openTwin: (plan: Plan) => Target
  /** A walk through the twin of a plan. */
  readonly walk: (plan: Plan, injection: Injection, before: readonly Injection[]) => Walk
}

/** Something done to the fabric since it was last reset, so that a twin can do the same. */
type Deed = { readonly send: readonly Injection[] } | { readonly advance: number }

/** The fabric under test. */
export class ScenarioTarget {
  readonly fabric: FabricView
  /** Of the test that runs now. */
  ledger = new Ledger()
  /** Sends of the case that runs now, for failure messages. */
  readonly sends: Seen[] = []
  readonly #options: ScenarioTargetOptions
  readonly #reader: WireReader
  #target: Target
  #deeds: Deed[] = []
  #traces = 0
  #busy: Promise<unknown> = Promise.resolve()

  constructor(options: ScenarioTargetOptions) {
    this.#options = options
    this.#target = options.target
    this.fabric = options.fabric
    this.#reader = new WireReader(options.fabric.plan, options.keys)
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
    if (this.ledger.signal?.aborted === true) throw interrupted()
    const frames = expand(traffic)
    const controls = (options.control ?? []).flatMap((argument) => this.#control(argument))
    const sent = [
      ...frames.map((frame) => this.#mark(frame, false)),
      ...controls.map((frame) => this.#mark(frame, true)),
    ].filter(({ bytes }) => canSend(this.on, bytes))
    const injections = sent.map(({ frame, trace, bytes }): Injection => ({
      trace,
      at: frame.at,
      frame: bytes,
    }))
    const before = this.#deeds
    this.#deeds = [...before, { send: injections }]
    const deeds = this.#deeds
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
        walk: (one) => this.#walk(one, before),
      },
      sent,
      observation,
    )
    this.ledger.sends++
    this.ledger.controls += deliveredFrames(seen).length
    this.sends.push(seen)
    return seen
  }

  /** Forgets everything learned, so that what follows does not depend on what was before. */
  async reset(): Promise<void> {
    this.#deeds = []
    this.sends.length = 0
    await this.#alone(async () => this.#target.reset())
  }

  /** Moves every node's clock forward, ns: ageing, neighbour lifetimes, retries. */
  async advanceTime(ns: number): Promise<void> {
    this.#deeds = [...this.#deeds, { advance: ns }]
    await this.#alone(async () => this.#target.advanceTime(ns))
  }

  /** Measures latency where that can be done; `undefined` where it cannot. */
  async latency(request: LatencyRequest): Promise<LatencySamples | undefined> {
    if (this.#target.latency === undefined) return undefined
    return this.#alone(async () => this.#target.latency?.(request))
  }

  /**
   * Runs something on a twin of the plan in place of the target: how a lab's failure is shrunk without the lab.
   */
  async onTwin<T>(run: () => Promise<T>): Promise<T> {
    const target = this.#target
    const deeds = this.#deeds
    const twin = this.#options.openTwin(target.plan)
    this.#target = twin
    try {
      return await run()
    } finally {
      this.#target = target
      this.#deeds = deeds
      await twin.close()
    }
  }

  /** What looks at the lab from outside; `undefined` on the twin. */
  get witness(): LabWitness | undefined {
    return this.#target === this.#options.target ? this.#options.witness : undefined
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
    const twin = this.#options.openTwin(this.fabric.plan)
    try {
      let last: Observation | undefined
      for (const deed of deeds) {
        if ('advance' in deed) await twin.advanceTime(deed.advance)
        else last = await twin.send(deed.send)
      }
      if (last === undefined) throw new TypeError('nothing was sent')
      return last
    } finally {
      await twin.close()
    }
  }

  /** What was sent before, time aside, taught the nodes what they knew. */
  #walk({ frame, trace, bytes }: Sent, before: readonly Deed[]): WalkedPlan {
    const taught = before.flatMap((deed) => ('send' in deed ? deed.send : []))
    const { plan } = this.#target
    return { plan, walk: this.#options.walk(plan, { trace, at: frame.at, frame: bytes }, taught) }
  }
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
