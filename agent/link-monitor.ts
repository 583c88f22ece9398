/**
 * Tells when a network device of a namespace changes. The kernel takes routes away with their device, IPv4 routes without a word, so
 * whoever wants them back must look.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { Backoff } from './backoff.js'

export class LinkMonitor {
  readonly #argv: readonly string[]
  readonly #onChange: () => void
  readonly #ended = new AbortController()
  readonly #running: Promise<void>

  /** @param onChange also when the monitor has started anew, for what it may have missed */
  constructor(namespace: string | undefined, onChange: () => void) {
    this.#argv = [...(namespace === undefined ? [] : ['-n', namespace]), '-o', 'monitor', 'link']
    this.#onChange = onChange
    this.#running = this.#loop(this.#ended.signal)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#running
  }

  async #loop(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff()
    while (!signal.aborted) {
      await this.#run(signal, () => {
        backoff.reset()
        this.#onChange()
      })
      if (signal.aborted) return
      await backoff.wait(signal)
      if (!signal.aborted) this.#onChange()
    }
  }

  #run(signal: AbortSignal, onLine: () => void): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn('ip', this.#argv, { stdio: ['ignore', 'pipe', 'ignore'] })
      const end = () => {
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = () => child.kill('SIGTERM')
      signal.addEventListener('abort', stop)
      child.stdout.on('data', onLine)
      child.once('error', end)
      child.once('close', end)
    })
  }
}
