/**
 * What is heard on a cable of the reference VM: all frames, of both directions, as tcpdump writes them.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { readCapture, type Capture } from '../../twin/packet/index.js'
import { LabError } from '../errors.js'
import { entering } from '../netns/driver.js'

/** ms for tcpdump to listen. */
const PATIENCE = 10_000
/** ms after which what was sent is written. */
const LATE = 150

export class CableTap {
  private constructor(
    private readonly file: string,
    private readonly child: ChildProcess,
  ) {}

  /** Listens on a device from now on. @throws LabError `ZT_LAB_DEADLINE`, `ZT_LAB_MISSING` */
  static async start(
    at: { readonly namespace: string; readonly device: string },
    file: string,
    env: Readonly<Record<string, string>>,
  ): Promise<CableTap> {
    const [program = '', ...rest] = [
      entering(at.namespace),
      ['tcpdump', '--immediate-mode', '-U', '-Z', 'root', '-B', '4096', '-i', at.device, '-w', file],
    ].flat()
    const child = spawn(program, rest, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    const tap = new CableTap(file, child)
    let said = ''
    child.once('error', (error) => (said = error.message))
    child.stderr.on('data', (text: Buffer) => (said += text.toString()))
    const giveUp = performance.now() + PATIENCE
    while (!said.includes('listening on')) {
      if (performance.now() > giveUp || child.exitCode !== null) {
        tap.stop()
        throw new LabError('ZT_LAB_DEADLINE', `tcpdump does not listen on ${at.device}: ${said.trim()}`)
      }
      await delay(10)
    }
    return tap
  }

  stop(): void {
    this.child.kill('SIGKILL')
  }

  /** All that was heard so far. */
  async heard(): Promise<Capture> {
    // What has been seen is written at once, but seen a little later than sent.
    await delay(LATE)
    for (let tries = 0; ; tries++) {
      try {
        return readCapture(readFileSync(this.file))
      } catch (problem) {
        // The end of the file is just being written.
        if (tries >= 20) throw problem
        await delay(50)
      }
    }
  }
}
