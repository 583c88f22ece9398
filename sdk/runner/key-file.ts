/**
 * Key files of runs: values of lab keys, outside the record, for their owner alone. Without it sealed frames of a journal cannot
 * be replayed.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { SdkError } from '../errors.js'
import type { Keys } from '../traffic/wire.js'

const KeyFile = z.record(
  z.string(),
  z.string().regex(/^(?:[0-9a-f]{32}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{88})$/),
)

/** `$XDG_STATE_HOME/ztos/keys/<run>.json`. */
export function keyFile(run: string, env: Readonly<Record<string, string | undefined>>): string {
  const state = env['XDG_STATE_HOME']
  const base =
    state === undefined || !path.isAbsolute(state) ? path.join(homedir(), '.local', 'state') : state
  return path.join(base, 'ztos', 'keys', `${run}.json`)
}

/** Writes the keys of a run, mode 0600. */
export function writeKeyFile(file: string, keys: Keys): void {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  const values = Object.fromEntries(
    [...keys].map(([name, value]) => [name, Buffer.from(value).toString('hex')]),
  )
  writeFileSync(file, `${JSON.stringify(values, null, 2)}\n`, { mode: 0o600, flag: 'w' })
}

/** Removes what a run that left no record had written: `<run>.json`, and `<run>-<lab>.json` of its tests' own labs. */
export function removeKeyFiles(run: string, env: Readonly<Record<string, string | undefined>>): void {
  const folder = path.dirname(keyFile(run, env))
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names) {
    if (name === `${run}.json` || name.startsWith(`${run}-`)) rmSync(path.join(folder, name), { force: true })
  }
}

/**
 * Reads the keys of a run.
 *
 * @returns `undefined` when there is no such file
 * @throws SdkError `ZT_ENVIRONMENT` for a file that is none; its message holds no value
 */
export function readKeyFile(file: string): Keys | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const parsed = KeyFile.safeParse(tryJson(text))
  if (!parsed.success) {
    throw new SdkError('ZT_ENVIRONMENT', `${file} is no key file`, {
      remedy: 'make the run again, which writes it',
    })
  }
  return new Map(
    Object.entries(parsed.data).map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
  )
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Said by the schema, without the text, which may hold keys.
    return undefined
  }
}
