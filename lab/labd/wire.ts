/**
 * The wire node of a lab: one process that delays what crosses links, in a namespace of its own.
 *
 * @module
 */
import path from 'node:path'
import { findBinary } from '../binaries.js'
import type { WireNode } from '../netns/wiring.js'
import type { LabPaths } from '../paths.js'
import type { Step } from '../steps.js'
import { writePrivate, type Invoker } from './folder.js'
import { Resident } from './resident.js'

export interface WireOptions {
  readonly wire: WireNode
  readonly paths: LabPaths
  readonly invoker: Invoker
  readonly env: Readonly<Record<string, string>>
  readonly onExit: (resident: Resident) => void
}

/** Its step: links carry frames from then on. @throws LabError `ZT_LAB_MISSING` when it is not built */
export function wireStep({ wire, paths, invoker, env, onExit }: WireOptions): Step {
  const binary = findBinary('ztos-wire')
  let resident: Resident | undefined
  return {
    name: 'wire',
    setUp: async (signal) => {
      writePrivate(paths.wireConfig, JSON.stringify({ format: 'ztos-wire', version: 1, links: wire.links }))
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
      resident = started
      started.onExit = () => onExit(started)
      await started.ready(signal)
    },
    tearDown: async () => {
      await resident?.stop()
    },
  }
}
