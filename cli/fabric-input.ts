/**
 * Fabric files and plans as verbs are given them.
 *
 * @module
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { Plan } from '../contract/plan.js'
import { loadFabric, type Fabric, type Problem } from '../twin/model/index.js'
import { MAX_FILE } from '../twin/model/source.js'
import { compile } from '../twin/compile.js'
import { CliError, UnsoundFabric } from './errors.js'

/**
 * Reads a fabric file.
 *
 * @throws UnsoundFabric with every problem and the texts they stand in
 */
export function readFabric(file: string): Fabric {
  const { fabric, problems, texts } = lookAt(file)
  if (fabric === undefined) throw new UnsoundFabric(file, problems, texts)
  return fabric
}

/** What a fabric file comes to. */
export interface Looked {
  readonly file: string
  /** Absent when there are problems. */
  readonly fabric: Fabric | undefined
  /** What makes it no fabric. */
  readonly problems: readonly Problem[]
  /** What is sound and probably not meant. */
  readonly warnings: readonly Problem[]
  /** Text of each file that was read, by its name. */
  readonly texts: ReadonlyMap<string, string>
}

/** A fabric, or why it is none, and what is said about it. */
export function lookAt(file: string): Looked {
  const texts = new Map<string, string>()
  const {
    fabric,
    problems = [],
    warnings,
  } = loadFabric(file, {
    // Problems are shown in the text that was judged: the file may be a pipe, or change meanwhile.
    read: (name) => {
      const octets = readBounded(name)
      texts.set(name, new TextDecoder().decode(octets))
      return octets
    },
    list: (folder) => readdirSync(folder === '' ? '.' : folder),
  })
  return { file, fabric, problems, warnings, texts }
}

/** @throws UnsoundFabric */
export function compileFile(file: string): Plan {
  return compile(readFabric(file))
}

/** The plan of a fabric file, or a plan itself: `plan.json` of a run record. */
export function readPlan(file: string): Plan {
  return file.endsWith('.json') ? parsePlan(file) : compileFile(file)
}

function parsePlan(file: string): Plan {
  const parsed = Plan.safeParse(parseJson(readText(file, 'the plan'), file))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new CliError(
    'ZT_CLI_INPUT',
    `this is no plan: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    {
      where: file,
      remedy: 'name plan.json of a run record, or what `ztos plan FILE --json` printed',
    },
  )
}

/** Text of a file. @param what it is, for the error */
export function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError('ZT_CLI_INPUT', `${what} cannot be read`, {
      where: file,
      remedy: 'check name and rights of the file',
      cause,
    })
  }
}

/** @throws CliError `ZT_CLI_INPUT` naming the place that is not JSON */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new CliError('ZT_CLI_INPUT', 'this is not JSON', { where, remedy: 'correct it', cause })
  }
}

/** At most one octet more than a fabric file may have: what is read may be /dev/zero. */
function readBounded(file: string): Uint8Array {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = new Uint8Array(MAX_FILE + 1)
    let length = 0
    for (;;) {
      const got = readSync(descriptor, buffer, length, buffer.length - length, null)
      length += got
      if (got === 0 || length === buffer.length) return buffer.subarray(0, length)
    }
  } finally {
    closeSync(descriptor)
  }
}
