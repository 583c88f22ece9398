/**
 * The agent's link to the engine beside it: connects, follows what the engine has heard, and does so again when it has gone.
 *
 * @module
 */
import { again } from './backoff.js'
import { EngineClient, type EngineLearned, type EngineProgram } from './engine-client.js'
import { agentErrorOf, AgentError } from './errors.js'

export interface EngineLinkOptions {
  readonly node: string
  readonly socket: string
  readonly log: (line: string) => void
  /** Anything that `EngineLink` shows is another than before. */
  readonly onChange: () => void
}

/** An engine that answers. */
export interface EngineAttached {
  readonly client: EngineClient
  /** As it was when the agent came, or when it was loaded since. */
  readonly program: EngineProgram
  readonly learned: EngineLearned
}

/** ms for which `learned` waits; then the engine is asked whether it still has the same program. */
const POLL = 5_000

export class EngineLink {
  readonly #options: EngineLinkOptions
  readonly #ended = new AbortController()
  #attached: EngineAttached | undefined
  #running: Promise<void> | undefined
  #error: AgentError | undefined

  constructor(options: EngineLinkOptions) {
    this.#options = options
  }

  start(): void {
    this.#running ??= again(
      this.#ended.signal,
      (worked) => this.#follow(this.#ended.signal, worked),
      (thrown) => this.#fail(thrown),
    )
  }

  get attached(): EngineAttached | undefined {
    return this.#attached
  }

  get error(): AgentError | undefined {
    return this.#error
  }

  /** Asks what is heard now, after all that was asked of the engine before. */
  async refreshLearned(): Promise<void> {
    const client = this.#attached?.client
    if (client === undefined) return
    this.#learn(client, await client.learned())
  }

  /** Reads the program again: its tables may be others than the agent has made. */
  async refreshProgram(): Promise<void> {
    const client = this.#attached?.client
    if (client === undefined) return
    const program = await client.program()
    const learned = await client.learned()
    if (this.#attached?.client !== client) return
    this.#attached = { client, program, learned }
    this.#options.onChange()
  }

  /** Leaves the engine with all that it was told. */
  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  /** What is wrong is said once, and not with each attempt. */
  #fail(thrown: unknown): void {
    const error = agentErrorOf(thrown)
    if (error.message !== this.#error?.message) this.#options.log(error.message)
    this.#error = error
    this.#options.onChange()
  }

  /** One connection, until it ends. */
  async #follow(signal: AbortSignal, onAttached: () => void): Promise<void> {
    const { socket, node } = this.#options
    let over: AgentError | undefined
    const client = await EngineClient.open(socket, node, (error) => {
      over = error
    })
    const stop = () => client.close()
    signal.addEventListener('abort', stop)
    try {
      const hello = await client.hello()
      let loaded = hello.program
      if (hello.node !== node) {
        throw new AgentError(
          'ZT_AGENT_IDENTITY',
          `the engine at ${socket} is that of ${hello.node}, not of ${node}`,
          { remedy: 'give the agent the socket of its own node' },
        )
      }
      const program = await client.program()
      this.#attached = { client, program, learned: await client.learned() }
      this.#error = undefined
      onAttached()
      this.#options.onChange()
      while (!signal.aborted) {
        const since = this.#attached.learned.version
        this.#learn(client, await client.learnedSince(since, POLL))
        const { program: present } = await client.hello()
        if (present === loaded) continue
        loaded = present
        await this.refreshProgram()
      }
    } catch (error) {
      if (!signal.aborted) throw over ?? error
    } finally {
      signal.removeEventListener('abort', stop)
      client.close()
      this.#attached = undefined
    }
  }

  #learn(client: EngineClient, learned: EngineLearned): void {
    const attached = this.#attached
    // Two connections ask: what was answered earlier may be read later.
    if (attached?.client !== client || learned.version <= attached.learned.version) return
    this.#attached = { ...attached, learned }
    this.#options.onChange()
  }
}
