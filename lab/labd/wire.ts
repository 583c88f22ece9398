/**
 * The wire node of a lab: one process that delays what crosses links, in a namespace of its own.
 *
 * @module
 */
import path from 'node:path'
import { findBinary } from '../binaries.js'
import type { WireNode } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import { writePrivate, type Invoker } from './folder.js'
import { Resident } from './resident.js'

export interface WireOptions {
  readonly paths: LabPaths
  readonly invoker: Invoker
  readonly env: Readonly<Record<string, string>>
  readonly onExit: (resident: Resident) => void
}

export class Wire {
  private resident: Resident | undefined

  constructor(private readonly options: WireOptions) {}

  /** Links carry frames from then on. @throws LabError `ZT_LAB_MISSING` when it is not built */
  async start(wire: WireNode, signal: AbortSignal): Promise<void> {
    const { paths, invoker, env, onExit } = this.options
    const binary = findBinary('ztos-wire')
    this.write(wire)
    const started = Resident.start({
      kind: 'wire',
      title: 'the wire node',
      namespace: wire.namespace,
      argv: [
        binary,
        '--config',
        paths.wireConfig,
        '--control',
        paths.wireSocket,
        '--owner-uid',
        String(invoker.uid),
      ],
      socket: paths.wireSocket,
      owned: invoker.uid !== 0,
      log: path.join(paths.folder, '_wire.log'),
      env,
    })
    this.resident = started
    started.onExit = () => onExit(started)
    await started.ready(signal)
  }

  /** Other delays of the same links; frames on their way keep their time. */
  async set(wire: WireNode): Promise<void> {
    this.write(wire)
    for (const { id, delay } of wire.links) await this.resident?.request({ op: 'set', link: id, delay })
  }

  async stop(): Promise<void> {
    const { resident } = this
    this.resident = undefined
    if (resident === undefined) return
    resident.onExit = undefined
    await resident.stop()
  }

  private write({ links }: WireNode): void {
    writePrivate(this.options.paths.wireConfig, JSON.stringify({ format: 'ztos-wire', version: 1, links }))
  }
}
