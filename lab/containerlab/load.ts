/**
 * A topology from its file. Templates are rendered by containerlab itself: their language is Go's, with functions of containerlab's own.
 *
 * @module
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { tryCommand } from '../command.js'
import { LabError, withoutCode } from '../errors.js'
import { findContainerlab } from './program.js'
import type { TopologyProblem } from '../clab/problem.js'
import { readTopology, type ReadResult } from '../clab/read.js'

export interface LoadOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Files of variables for a template; absent: those beside it, as containerlab finds them. */
  readonly variables?: readonly string[] | undefined
  readonly signal?: AbortSignal
}
export type LoadResult = ReadResult & {
  /** What was read; of a template what became of it, in which places are given. */
  readonly text: string
  readonly isTemplate: boolean
}

/** Something between these is a template's. */
const ACTION = '{{'
/** No node has this name, so that containerlab ends before it deploys anything. */
const NO_NODE = 'ztos--renders--only'

/** @throws LabError `ZT_LAB_MISSING` for a template, without containerlab or without a Docker engine; and Node's errors of the file */
export async function loadTopology(file: string, options: LoadOptions): Promise<LoadResult> {
  const written = readFileSync(file, 'utf8')
  if (!written.includes(ACTION))
    return {
      ...readTopology(written, { file, environment: options.environment }),
      text: written,
      isTemplate: false,
    }
  const text = await rendered(file, options)
  if (typeof text !== 'string') return { problems: [text], text: written, isTemplate: true }
  // containerlab has replaced variables as well.
  return { ...readTopology(text, { file: `${file} (rendered)` }), text, isTemplate: true }
}

async function rendered(file: string, options: LoadOptions): Promise<string | TopologyProblem> {
  const { variables = [], environment, signal } = options
  const program = programFor(file, environment)
  const folder = mkdtempSync(path.join(tmpdir(), 'ztos-'))
  const out = path.join(folder, 'rendered.yml')
  const words = ['deploy', '--topo', path.resolve(file), '--node-filter', NO_NODE, '--export-rendered', out]
  const vars = variables.flatMap((one) => ['--vars', path.resolve(one)])
  const given = Object.entries(environment).filter((one): one is [string, string] => one[1] !== undefined)
  try {
    const { stdout, stderr } = await tryCommand([program, ...words, ...vars], {
      env: { ...Object.fromEntries(given), CLAB_VERSION_CHECK: 'disable', NO_COLOR: '1', TMPDIR: folder },
      ...(signal === undefined ? {} : { signal }),
    })
    if (existsSync(out)) return readFileSync(out, 'utf8')
    const said = `${stderr} ${stdout}`.replaceAll(/\s+/g, ' ').trim()
    if (!said.includes('container runtime')) return refusal(file, said)
    throw new LabError(
      'ZT_LAB_MISSING',
      `${file} is a template, which containerlab renders only where a Docker engine answers`,
      { remedy: 'start one, or name its socket in DOCKER_HOST' },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function programFor(file: string, environment: LoadOptions['environment']): string {
  try {
    return findContainerlab(environment)
  } catch (error) {
    if (!(error instanceof LabError)) throw error
    const { code, remedy } = error
    const what = `${file} is a template, which containerlab renders: ${withoutCode(error.message).split('\n', 1)[0] ?? ''}`
    throw new LabError(code, what, { ...(remedy === undefined ? {} : { remedy }), cause: error })
  }
}

/** Go's templates say where: `template: NAME:LINE:COLUMN: WHY`, the column from 0 and not always. */
function refusal(file: string, said: string): TopologyProblem {
  const place = /template: [^ :]+:(\d+)(?::(\d+))?: (.*)$/.exec(said)
  const [, line = '1', column = '0', why = said.replace(/^.*ERROR /, '')] = place ?? []
  return {
    code: 'ZT_TOPOLOGY_TEMPLATE',
    at: { file, line: Number(line), column: Number(column) + 1 },
    path: '',
    reason: `containerlab does not render this template: ${why}`,
    remedy: 'look at its actions, and at its variables',
  }
}
