/**
 * The place of one node's agent in a process of many: it can end and begin anew there without the others (FAULT-5).
 *
 * @module
 */
import type { Agent } from './agent.js'

export class AgentSlot {
  readonly node: string
  readonly #make: () => Agent
  #agent: Agent | undefined
  /** Ends and beginnings come one after the other. */
  #last: Promise<void> = Promise.resolve()

  constructor(node: string, make: () => Agent) {
    this.node = node
    this.#make = make
  }

  /** `undefined` while it is down. */
  get agent(): Agent | undefined {
    return this.#agent
  }

  /** Begins, knowing nothing of what was before; without effect on one that runs. */
  start(): Promise<void> {
    return this.#next(() => {
      if (this.#agent !== undefined) return Promise.resolve()
      this.#agent = this.#make()
      this.#agent.start()
      return Promise.resolve()
    })
  }

  /** Ends; daemon, engine and kernel stay as they are. */
  stop(): Promise<void> {
    return this.#next(async () => {
      const agent = this.#agent
      this.#agent = undefined
      await agent?.close()
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
