/** An engine in a namespace, for tests that need no whole lab. */
import path from 'node:path'
import { findBinary } from '../../../lab/binaries.js'
import { Resident } from '../../../lab/labd/resident.js'
import { writeSecret } from './wireguard-keys.js'

export interface EngineOptions {
  readonly namespace: string
  /** Takes the engine's files, by names that begin with `engine`. */
  readonly folder: string
  readonly program: unknown
  /** By reference, hex digits. */
  readonly keys: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

export async function startEngine({
  namespace,
  folder,
  program,
  keys,
  env,
}: EngineOptions): Promise<Resident> {
  const file = (name: string) => path.join(folder, `engine.${name}`)
  writeSecret(file('json'), JSON.stringify(program))
  writeSecret(file('keys'), JSON.stringify(keys))
  const engine = Resident.start({
    kind: 'engine',
    title: 'the engine',
    namespace,
    argv: [
      [findBinary('ztos-fpe'), 'run', '--program', file('json'), '--keys', file('keys')],
      ['--control', file('sock'), '--stats', file('stats'), '--journal', file('journal')],
    ].flat(),
    socket: file('sock'),
    log: file('log'),
    env,
  })
  await engine.ready(AbortSignal.timeout(15_000))
  return engine
}
