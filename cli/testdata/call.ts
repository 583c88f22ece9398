/**
 * The command called in a test, in this process.
 *
 * @module
 */
import { main } from '../main.js'
import type { Io } from '../io.js'

/** What a call left. */
export interface Called {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** stdout as the one JSON document that it must be. */
  json(): unknown
}

/** Calls `ztos` with some words, not on a terminal. */
export async function ztos(...argv: readonly string[]): Promise<Called> {
  return ztosWith({}, ...argv)
}

/** Calls `ztos` with another environment, streams or signal. */
export async function ztosWith(io: Partial<Io>, ...argv: readonly string[]): Promise<Called> {
  const stdout = new Collected()
  const stderr = new Collected()
  const status = await main(argv, {
    stdout,
    stderr,
    stdin: async function* () {},
    env: {},
    signal: new AbortController().signal,
    ...io,
  })
  return {
    status,
    stdout: stdout.text,
    stderr: stderr.text,
    json: () => JSON.parse(stdout.text) as unknown,
  }
}

class Collected {
  readonly #chunks: Uint8Array[] = []

  write(data: string | Uint8Array): void {
    this.#chunks.push(typeof data === 'string' ? Buffer.from(data) : data)
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
