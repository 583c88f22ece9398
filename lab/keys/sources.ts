/**
 * Key sources: where the values of keys are that a run cannot derive, by the scheme of their references. The file names places, never
 * values:
 *
 * ```yaml
 * ztos-key-sources: 1
 * sources:
 *   prod: { directory: /etc/ztos/keys }
 *   vault: { command: [/usr/local/bin/fabric-key], timeout: 5s, environment: [VAULT_ADDR, VAULT_TOKEN] }
 * ```
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { KeyError, LAB_SCHEME } from '../../twin/program/index.js'

/** ms for one key. */
const TIMEOUT = 10_000

const Duration = z.string().regex(/^[1-9](?:\d{0,4}ms|\d?s)$/, 'write a time such as 500ms or 10s')
const Directory = z.strictObject({ directory: z.string().min(1) })
const Command = z.strictObject({
  command: z.array(z.string()).min(1).max(64),
  timeout: Duration.optional(),
  environment: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/)).optional(),
})
const KeySourcesFile = z.strictObject({
  'ztos-key-sources': z.literal(1),
  sources: z.record(
    z
      .string()
      .regex(/^[a-z][a-z0-9+.-]*$/, 'a scheme is lower-case letters, digits, +, . and -')
      .refine((scheme) => scheme !== LAB_SCHEME, 'values of lab keys are derived for each run'),
    z.union([Directory, Command], { error: 'write directory, or command with timeout and environment' }),
  ),
})

/** Keys lie in files below a folder. */
export interface DirectorySource {
  readonly directory: string
}
/** A program is asked for each key. */
export interface CommandSource {
  readonly command: readonly [string, ...string[]]
  /** Where it runs: the folder of the file that names it. */
  readonly cwd: string
  /** ms */
  readonly timeout: number
  /** Names of variables that it is given besides PATH and LANG. */
  readonly environment: readonly string[]
}
export type KeySource = DirectorySource | CommandSource
/** By scheme. */
export type KeySources = ReadonlyMap<string, KeySource>

/** @throws {KeyError} `ZT_KEY_SOURCES` with the place that is wrong; nothing of the file's text, which may hold a key by mistake */
export function readKeySources(file: string): KeySources {
  const bad = (what: string) =>
    new KeyError('ZT_KEY_SOURCES', what, { where: file, remedy: 'see docs/guide/keys.md for its format' })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw bad(`the file of key sources cannot be read (${code})`)
  }
  const document = parseDocument(text, { prettyErrors: true })
  const [problem] = document.errors
  if (problem !== undefined) throw bad(`line ${problem.linePos?.[0].line ?? 1} is no YAML`)
  const parsed = KeySourcesFile.safeParse(plainOf(document, bad))
  if (!parsed.success) throw bad(whatIsWrong(parsed.error))
  const folder = path.dirname(path.resolve(file))
  return new Map(
    Object.entries(parsed.data.sources).map(([scheme, source]) => [scheme, sourceOf(source, folder)]),
  )
}

function plainOf(document: ReturnType<typeof parseDocument>, bad: (what: string) => KeyError): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown
  } catch {
    throw bad('aliases are not understood here')
  }
}

/** Names of fields are shown, values are not. */
function whatIsWrong({ issues }: z.ZodError): string {
  const [issue] = issues
  const place = issue?.path.map(String).join('.') ?? ''
  const why = issue?.code === 'custom' || issue?.code === 'invalid_format' ? `: ${issue.message}` : ''
  return place === '' ? 'this is no file of key sources' : `${place} is not what belongs there${why}`
}

function sourceOf(source: z.infer<typeof Directory> | z.infer<typeof Command>, folder: string): KeySource {
  if ('directory' in source) return { directory: path.resolve(folder, source.directory) }
  const { command, timeout, environment = [] } = source
  const [program = '', ...rest] = command
  return {
    // By a path it is beside the file; by a name alone it is looked for in PATH.
    command: [program.includes('/') ? path.resolve(folder, program) : program, ...rest],
    cwd: folder,
    timeout: timeout === undefined ? TIMEOUT : milliseconds(timeout),
    environment,
  }
}

function milliseconds(text: string): number {
  return Number.parseInt(text, 10) * (text.endsWith('ms') ? 1 : 1000)
}
