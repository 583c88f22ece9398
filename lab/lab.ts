/**
 * A lab as its users hold it: a connection to its `ztos-labd`.
 *
 * @module
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Plan } from '../contract/plan.js'
import type { Fault } from '../record/target.js'
import type { LabInterpreter } from '../record/verdict.js'
import { LabChanges } from './apply/changes.js'
import { mergeReceived } from './captures.js'
import type { Answer, Channel, Request } from './channel.js'
import { daemonDoor } from './daemons/launch.js'
import { DirectChannels } from './direct.js'
import { takeDown } from './down.js'
import { epochsOf, SealState } from './epochs.js'
import { LabError } from './errors.js'
import { brokenBy, FaultRequest, speaks } from './fault.js'
import { readPart } from './files.js'
import { OutputEvent, ProgressEvent } from './labd/protocol.js'
import { invoker } from './launch.js'
import type { LabPaths } from './paths.js'
import { RoutingWatch } from './routing.js'
import { withEpochs } from '../twin/program/index.js'
import type { KnowingTarget } from '../twin/target.js'
import { labTarget, type LabTargetOptions } from './target.js'

export interface ExecOptions {
  readonly onStdout?: (data: Buffer) => void
  readonly onStderr?: (data: Buffer) => void
  readonly input?: AsyncIterable<Buffer | string>
  readonly signal?: AbortSignal
  /** TERM of the command. */
  readonly term?: string
}
export interface ExecResult {
  readonly code: number | null
  readonly signal: string | null
  /** Empty when the caller took the output as it came. */
  readonly stdout: string
  readonly stderr: string
}
export interface CaptureOptions {
  /** How long; default until `signal` aborts. */
  readonly seconds?: number
  readonly signal?: AbortSignal
}

const SealsAnswer = z.object({ seals: z.array(SealState) })
const RotatedAnswer = z.object({
  from: z.int(),
  to: z.int(),
  steps: z.array(z.object({ step: z.string(), at: z.number() })),
})
const KeysAnswer = z.object({ keys: z.record(z.string(), z.string()) })
/** What became of one pair's keys: epochs, and what was done, ms since it began. */
export type Rotated = z.infer<typeof RotatedAnswer>
const Applied = z.object({ ...LabChanges.shape })
const Synced = z.object({ journalBytes: z.int().min(0) })
const FaultsAnswer = z.object({ faults: z.array(FaultRequest), ever: z.boolean() })
const ExecAnswer = z.object({ code: z.int().nullable(), signal: z.string().nullable() })
const Processes = z.object({
  nodes: z.record(z.string(), z.int().nullable()),
  probe: z.int().nullable(),
  daemons: z.array(z.object({ node: z.string(), program: z.string(), pid: z.int().nullable() })),
  agents: z.int().nullable(),
})
export type LabProcesses = z.infer<typeof Processes>

/** Operations of an engine that the invoker may ask for himself. */
const DIRECT: ReadonlySet<string> = new Set([
  'hello',
  'set-vni',
  'set-macsec-mode',
  'flush',
  'advance-time',
  'program',
  'tables',
  'stats',
  'sync',
])
const CONTROL_TIMEOUT = 10_000
/** Daemons that are to start have time for it. */
const FAULT_TIMEOUT = 60_000
/** A handshake that is lost is tried again after 5 s. */
const ROTATION_TIMEOUT = 60_000
/** A measurement of latency takes as long as it says. */
const PROBE_TIMEOUT = 120_000

/** A running lab. */
export class Lab {
  private planNow: Plan
  /** What its nodes and hosts are. */
  readonly driver: LabInterpreter
  private keyValues: ReadonlyMap<string, string>
  private readonly outputs = new Map<number, (event: z.infer<typeof OutputEvent>) => void>()
  private readonly direct = new DirectChannels()
  private nextExec = 1
  private nextCapture = 1
  private onProgress: ((event: z.infer<typeof ProgressEvent>) => void) | undefined

  constructor(
    readonly id: string,
    readonly paths: LabPaths,
    private readonly channel: Channel,
    known: {
      readonly plan: Plan
      readonly keys: ReadonlyMap<string, string>
      readonly driver: LabInterpreter
    },
  ) {
    this.planNow = known.plan
    this.driver = known.driver
    this.keyValues = known.keys
    channel.onEvent = (event) => {
      const output = OutputEvent.safeParse(event)
      if (output.success) this.outputs.get(output.data.exec)?.(output.data)
      const progress = ProgressEvent.safeParse(event)
      if (progress.success) this.onProgress?.(progress.data)
    }
  }

  /**
   * The plan as it was when the lab came up, or was changed by `labApply` of this connection; what has been loaded since is asked from a node
   * (`{ op: 'program' }`).
   */
  get plan(): Plan {
    return this.planNow
  }

  /** Key values, 16 or 32 octets as hex digits, by reference. Never to be written into a record. */
  get keys(): ReadonlyMap<string, string> {
    return this.keyValues
  }

  /** A control request to a node's engine (`contract/control.ts`), without its id. */
  control(node: string, request: Request): Promise<Answer> {
    const byLabd = () => this.channel.request({ op: 'node', node, request })
    // Programs, keys and captures are files of root's, which labd sees to.
    if (!DIRECT.has(request.op) || !this.plan.nodes.some(({ name }) => name === node)) return byLabd()
    return this.direct.ask(
      this.paths.nodeSocket(node),
      `the engine of ${node}`,
      request,
      CONTROL_TIMEOUT,
      byLabd,
    )
  }

  /** Loads another program into a running node, with the key values that it names and the lab does not have yet. */
  async load(node: string, program: unknown, keys: ReadonlyMap<string, string> = new Map()): Promise<Answer> {
    if (keys.size > 0) {
      await this.channel.request({ op: 'keys', keys: Object.fromEntries(keys) })
      this.keyValues = new Map([...this.keyValues, ...keys])
    }
    return this.control(node, { op: 'load', program })
  }

  /** The plan with the keys that it has by now: those of other epochs once they were rotated. */
  async present(): Promise<Plan> {
    return withEpochs(this.plan, epochsOf(await this.seals()))
  }

  /** What is sealed, and which keys it has. */
  async seals(): Promise<readonly SealState[]> {
    return SealsAnswer.parse(await this.channel.request({ op: 'seals' })).seals
  }

  /** Asks for the values of all keys again: others may have come. */
  async refreshKeys(): Promise<void> {
    const { keys } = KeysAnswer.parse(await this.channel.request({ op: 'keys', keys: {} }))
    this.keyValues = new Map(Object.entries(keys))
  }

  /** Gives a pair of ends the keys of its next epoch; `rotateKeys` in `rotate.ts` says which. */
  async rotateTo(name: string, epoch: number, keys: ReadonlyMap<string, string>): Promise<Rotated> {
    const request = { op: 'rotate', name, epoch, keys: Object.fromEntries(keys) }
    const answer = await this.channel.request(request, { timeout: ROTATION_TIMEOUT })
    await this.refreshKeys()
    return RotatedAnswer.parse(answer)
  }

  /** Has labd change the lab, or say what that would do; `labApply` in `apply.ts` says with which keys. */
  async apply(
    request: { readonly plan: Plan; readonly dryRun: boolean; readonly [field: string]: unknown },
    onProgress: (event: z.infer<typeof ProgressEvent>) => void,
  ): Promise<LabChanges> {
    this.onProgress = onProgress
    try {
      const answer = await this.channel.request({ op: 'apply', ...request }, { timeout: Infinity })
      const { changes, untouched } = Applied.parse(answer)
      if (!request.dryRun) {
        this.planNow = request.plan
        // Sockets of nodes that are gone, and of a probe that began anew.
        this.direct.close()
        await this.refreshKeys()
      }
      return { changes, untouched }
    } finally {
      this.onProgress = undefined
    }
  }

  /** A request to the probe (`dataplane/src/probe/README.md`). */
  probe(request: Request): Promise<Answer> {
    const byLabd = () => this.channel.request({ op: 'probe', request }, { timeout: PROBE_TIMEOUT })
    return this.direct.ask(this.paths.probeSocket, 'the probe', request, PROBE_TIMEOUT, byLabd)
  }

  /** The probe's `latency` through as many bare AF_XDP forwarders as the path has nodes, built for this one measurement. */
  floor(request: {
    readonly hops: number
    readonly data: string
    readonly rate: number
    readonly count: number
    readonly run: number
  }): Promise<Answer> {
    return this.channel.request({ op: 'floor', ...request }, { timeout: 180_000 })
  }

  /**
   * Breaks something (FAULT-1 to FAULT-7). Returns when that is done, not when the fabric has come to rest: that is a target's to wait for.
   *
   * @throws LabError `ZT_FAULT_UNKNOWN` for what the plan has not, `ZT_FAULT_STANDS` for what is broken so already
   */
  async fail(fault: Fault): Promise<void> {
    await this.channel.request({ op: 'fail', fault }, { timeout: FAULT_TIMEOUT })
  }

  /** Puts it right. @throws LabError as {@link fail}, `ZT_FAULT_NONE` for what is not broken */
  async repair(fault: Fault): Promise<void> {
    await this.channel.request({ op: 'repair', fault }, { timeout: FAULT_TIMEOUT })
  }

  /** What is broken now. */
  async faults(): Promise<readonly Fault[]> {
    return (await this.broken()).faults
  }

  private async broken(): Promise<z.infer<typeof FaultsAnswer>> {
    return FaultsAnswer.parse(await this.channel.request({ op: 'faults' }))
  }

  /**
   * Its control plane, to be watched and closed; `undefined` when its tables are the compiler's. Daemons that cannot be asked, because they
   * are down or hang, are left out, so that it is to be opened anew behind a fault.
   *
   * @param options.begunAnew daemons have ended by themselves and been started again, and count anew
   */
  async routing(options: { readonly begunAnew?: boolean } = {}): Promise<RoutingWatch | undefined> {
    if (this.plan.nodes.every(({ control }) => control === undefined)) return undefined
    const { faults, ever } = await this.broken()
    const broken = brokenBy(this.plan, faults)
    const doors = this.plan.nodes.flatMap(({ name, control }) =>
      control === undefined || !speaks(broken, name) ? [] : [daemonDoor(this.paths.folder, name, control)],
    )
    const { daemons } = await this.processes()
    const pids = new Map(daemons.flatMap(({ node, pid }) => (pid === null ? [] : [[node, pid] as const])))
    const wasBroken = ever || options.begunAnew === true
    return RoutingWatch.open({ doors, agents: this.paths.agentsSocket, pids, wasBroken })
  }

  /** Process ids; `null` for one that died. */
  async processes(): Promise<LabProcesses> {
    return Processes.parse(await this.channel.request({ op: 'processes' }))
  }

  /** Runs a command in the namespace of a node (`leaf1`) or host (`shop/web1`) to its end. */
  async exec(at: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const collected = { stdout: '', stderr: '' }
    const tag = this.nextExec++
    this.outputs.set(tag, ({ stream, data }) => {
      const bytes = Buffer.from(data, 'base64')
      const taken = stream === 'stdout' ? options.onStdout : options.onStderr
      if (taken === undefined) collected[stream] += bytes.toString('utf8')
      else taken(bytes)
    })
    const kill = () => {
      void this.channel.request({ op: 'exec-signal', exec: tag, signal: 'SIGKILL' }).catch(() => undefined)
    }
    options.signal?.addEventListener('abort', kill, { once: true })
    try {
      const running = this.channel.request(
        {
          op: 'exec',
          exec: tag,
          at,
          argv: [...argv],
          ...(options.term === undefined ? {} : { term: options.term }),
        },
        { timeout: Infinity },
      )
      const end = running.then(
        () => undefined,
        () => undefined,
      )
      const [ended] = await Promise.all([running, this.feed(tag, options.input, end)])
      const answer = ExecAnswer.parse(ended)
      return { ...answer, ...collected }
    } finally {
      options.signal?.removeEventListener('abort', kill)
      this.outputs.delete(tag)
    }
  }

  /**
   * Captures what travels on a link, both directions, into a pcapng file: on a fabric link each direction as the XDP program of the
   * receiving port sees it (`tcpdump` on a `.phy` is blind), on a host's wire as its leaf receives and sends.
   *
   * @param link the plan's id, `leaf1--spine1`, or a host's, `shop/web1`, for the wire at its port
   */
  async capture(link: string, file: string, options: CaptureOptions = {}): Promise<void> {
    const ends = this.endsOf(link)
    const run = `${process.pid}-${this.nextCapture++}`
    const began = await Promise.all(
      ends.map(async ({ node, interface: id }) => {
        const name = `${link.replaceAll(/[^A-Za-z0-9-]/g, '_')}.${node}.${run}.pcapng`
        const answer = await this.control(node, { op: 'capture', interface: id, file: name })
        return { node, id, file: z.string().parse(answer['file']) }
      }),
    )
    try {
      await pause(options)
    } finally {
      await Promise.all(
        began.map(async ({ node, id }) => {
          await this.control(node, { op: 'capture', interface: id, file: null })
        }),
      )
    }
    const files = began.map(({ node, file: name }) => ({ node, bytes: readFileSync(name) }))
    writeFileSync(file, ends.length === 1 ? (files[0]?.bytes ?? '') : mergeReceived(files))
  }

  /**
   * The journals by node: complete up to this moment, or, of an engine that died, as far as they had been written out; none of one
   * that died before.
   */
  async journals(): Promise<ReadonlyMap<string, Uint8Array>> {
    const entries = await Promise.all(
      this.plan.nodes.map(async ({ name }): Promise<[string, Uint8Array]> => {
        const file = this.paths.nodeJournal(name)
        return [name, readPart(file, 0, (await this.syncedLength(name)) ?? statSync(file).size)]
      }),
    )
    return new Map(entries.filter(([, bytes]) => bytes.length > 0))
  }

  private async syncedLength(node: string): Promise<number | undefined> {
    try {
      return Synced.parse(await this.control(node, { op: 'sync' })).journalBytes
    } catch (error) {
      if (error instanceof LabError && error.code === 'ZT_LAB_DIED') return undefined
      throw error
    }
  }

  /** This lab as a target for scenarios; closing it closes the lab too when `ownsLab`. */
  target(options: LabTargetOptions = {}): Promise<KnowingTarget> {
    return labTarget(this, options)
  }

  /** Leaves the lab alone: an attached one is then removed, a detached one runs on. */
  close(): void {
    this.direct.close()
    this.channel.close()
  }

  /** Takes the lab down; returns when nothing of it is left. @returns processes of others found in its namespaces */
  down(): Promise<readonly string[]> {
    this.direct.close()
    return takeDown(this.channel, { id: this.id, uid: invoker().uid }, false)
  }

  /** Hands input on until it ends, or the command does: a terminal's never ends. */
  private async feed(
    exec: number,
    input: AsyncIterable<Buffer | string> | undefined,
    end: Promise<undefined>,
  ): Promise<void> {
    const chunks = input?.[Symbol.asyncIterator]()
    try {
      for (let done = chunks === undefined; !done;) {
        const next = await Promise.race([chunks?.next(), end])
        if (next === undefined) {
          // Not waited for: a generator returns when what it waits for has come.
          chunks?.return?.().catch(() => undefined)
          return
        }
        if (next.done === true) done = true
        else {
          const data = Buffer.from(next.value).toString('base64')
          await this.channel.request({ op: 'exec-input', exec, data })
        }
      }
      await this.channel.request({ op: 'exec-input', exec })
    } catch (error) {
      // The command ended before its input did.
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_UNKNOWN') throw error
    }
  }

  private endsOf(link: string): readonly { readonly node: string; readonly interface: number }[] {
    const found = this.plan.links.find(({ id }) => id === link)
    if (found !== undefined) return [found.a, found.b]
    const host = this.plan.hosts.find(({ id }) => id === link)
    if (host !== undefined) return [host.at]
    throw new LabError('ZT_LAB_UNKNOWN', `lab ${this.id} has no link or host ${JSON.stringify(link)}`, {
      remedy: 'links are named `leaf1--spine1`, ends in name order; hosts `tenant/host`',
    })
  }
}

async function pause({ seconds, signal }: CaptureOptions): Promise<void> {
  try {
    await delay(
      seconds === undefined ? 2 ** 31 - 1 : seconds * 1000,
      undefined,
      signal === undefined ? {} : { signal },
    )
  } catch (error) {
    // To be told to stop is how an open-ended capture ends.
    if (signal?.aborted !== true) throw error
  }
}
