/**
 * An engine beside the reference VM, in a namespace of its lab, without labd.
 *
 * @module
 */
import path from 'node:path'
import { findBinary } from '../binaries.js'
import { writePrivate } from '../labd/folder.js'
import { Resident } from '../labd/resident.js'

export interface EngineOptions {
  /** For messages: `leaf1`; absent: there is one. */
  readonly node?: string
  readonly namespace: string
  /** Takes the engine's files, by names that begin with the node's, or `engine`. */
  readonly folder: string
  readonly program: unknown
  /** By reference, hex digits. */
  readonly keys: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** ms for an engine to come up. */
const PATIENCE = 15_000

/** @throws LabError `ZT_LAB_DIED` with what it said, `ZT_LAB_DEADLINE` */
export async function startEngine({
  node,
  namespace,
  folder,
  program,
  keys,
  env,
}: EngineOptions): Promise<Resident> {
  const file = (name: string) => path.join(folder, `${node ?? 'engine'}.${name}`)
  writePrivate(file('json'), JSON.stringify(program))
  writePrivate(file('keys'), JSON.stringify(keys))
  const engine = Resident.start({
    kind: 'engine',
    title: node === undefined ? 'the engine' : `the engine of ${node}`,
    namespace,
    argv: [
      [findBinary('ztos-fpe'), 'run', '--program', file('json'), '--keys', file('keys')],
      ['--control', file('sock'), '--stats', file('stats'), '--journal', file('journal')],
    ].flat(),
    socket: file('sock'),
    log: file('log'),
    env,
  })
  try {
    await engine.ready(AbortSignal.timeout(PATIENCE))
  } catch (error) {
    await engine.stop()
    throw error
  }
  return engine
}
