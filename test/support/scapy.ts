/**
 * Scapy as an oracle: one long-lived Python process, JSON lines both ways.
 *
 * @module
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { toHex } from '../../twin/packet/index.js'

/** Debian's scapy is installed for Debian's Python alone. */
const PYTHON = '/usr/bin/python3'

/** A layer as scapy dissects it: class name, its own octets in hexadecimal, and fields by scapy's names. */
export interface ScapyLayer {
  readonly name: string
  readonly header: string
  readonly [field: string]: unknown
}

interface Waiting {
  readonly resolve: (answer: Record<string, unknown>) => void
  readonly reject: (error: Error) => void
}

/** A running oracle. Requests are answered in order. */
export class ScapyOracle {
  private readonly waiting: Waiting[] = []
  private readonly errors: string[] = []
  private gone: Error | undefined

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    createInterface({ input: child.stdout }).on('line', (line) => this.answer(line))
    child.stderr.on('data', (text: Buffer) => this.errors.push(text.toString()))
    child.on('error', (error) => this.fail(new Error(`scapy oracle did not start: ${error.message}`)))
    child.on('exit', (code) =>
      this.fail(new Error(`scapy oracle ended (${code ?? 'killed'}): ${this.errors.join('')}`)),
    )
  }

  static start(): ScapyOracle {
    const script = fileURLToPath(new URL('./scapy_oracle.py', import.meta.url))
    return new ScapyOracle(spawn(PYTHON, ['-B', script]))
  }

  /** Dissects a frame; with `rebuild` also forgets and recomputes lengths and checksums. */
  async dissect(
    frame: Uint8Array,
    rebuild = false,
  ): Promise<{ layers: readonly ScapyLayer[]; rebuilt?: string }> {
    const answer = await this.request({ op: 'dissect', frame: toHex(frame), rebuild })
    return answer as unknown as { layers: readonly ScapyLayer[]; rebuilt?: string }
  }

  /** Frames that scapy draws from a seed. */
  async generate(seed: number, count: number): Promise<readonly string[]> {
    return (await this.request({ op: 'generate', seed, count }))['frames'] as string[]
  }

  /** Any other operation of `scapy_oracle.py`. */
  async request(request: Record<string, unknown>): Promise<Record<string, unknown>> {
    if (this.gone !== undefined) throw this.gone
    const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.child.stdin.write(`${JSON.stringify(request)}\n`)
    })
    if (typeof answer['error'] === 'string') throw new Error(`scapy: ${answer['error']}`)
    return answer
  }

  /** Ends the process; it leaves its loop at the end of its input. */
  async close(): Promise<void> {
    if (this.gone !== undefined) return
    const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()))
    this.child.stdin.end()
    await ended
  }

  private answer(line: string): void {
    this.waiting.shift()?.resolve(JSON.parse(line) as Record<string, unknown>)
  }

  private fail(error: Error): void {
    this.gone = error
    for (const { reject } of this.waiting.splice(0)) reject(error)
  }
}
