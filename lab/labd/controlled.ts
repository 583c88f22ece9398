/**
 * A process of a lab that takes requests: an engine, the probe, agents. Ready when it says so, and known to be dead as soon as it is, whatever
 * it runs in.
 *
 * @module
 */
import { Channel, type Answer, type Request, type RequestOptions } from '../channel.js'
import { LabError } from '../errors.js'
import { raced, within } from '../steps.js'

export abstract class ControlledProcess {
  /** It ended, asked or not. */
  onExit: (() => void) | undefined
  private channel: Channel | undefined

  protected constructor(
    /** For messages: `the engine of leaf1`. */
    readonly title: string,
    /** Of its control; a forwarder has none. */
    readonly socket: string | undefined,
  ) {}

  /** On this host; `null` when it has ended. */
  abstract get pid(): number | null
  protected abstract get hasEnded(): boolean
  /** Settles when it has ended. */
  protected abstract readonly exited: Promise<void>
  /** Settles when it says that it is ready. */
  protected abstract said(): Promise<unknown>
  /** Why it ended: `ZT_LAB_DIED` with what it said. */
  protected abstract death(): Promise<LabError>
  /** Makes it end, in whatever state it is. */
  protected abstract end(): Promise<void>

  /**
   * Waits until the process says that it is ready, and connects to its control.
   *
   * @throws LabError `ZT_LAB_DIED` with what the process said when it ended before
   */
  async ready(signal: AbortSignal): Promise<void> {
    const died = this.exited.then(async () => {
      throw await this.death()
    })
    died.catch(() => undefined)
    await raced(Promise.race([this.said(), died]), signal)
    const { socket, title } = this
    if (socket !== undefined)
      this.channel = await raced(Promise.race([Channel.open(socket, title), died]), signal)
  }

  /** @throws LabError `ZT_LAB_DIED`, and those of {@link Channel.request} */
  async request(request: Request, options?: RequestOptions): Promise<Answer> {
    if (this.hasEnded) throw await this.death()
    if (this.channel === undefined) throw new LabError('ZT_LAB_STATE', `${this.title} is not up yet`)
    try {
      return await this.channel.request(request, options)
    } catch (error) {
      // A closed connection is how a death shows first; the cause is the better message.
      if (!(error instanceof LabError) || error.code !== 'ZT_LAB_CONNECTION') throw error
      await within(this.exited, 1000)
      throw this.hasEnded ? await this.death() : error
    }
  }

  /** Asks it to end, then makes it. Returns when it is gone. */
  async stop(): Promise<void> {
    if (!this.hasEnded && this.channel?.open === true) {
      // The answer may be lost with the process; that it is gone is what counts.
      this.channel.request({ op: 'shutdown' }, { timeout: 2000 }).catch(() => undefined)
      await within(this.exited, 2000)
    }
    try {
      await this.end()
    } finally {
      this.channel?.close()
    }
  }
}
