/**
 * The one place where an error becomes what a person reads, what a program reads, and an exit status.
 *
 * @module
 */
import { ExitStatus } from '../record/exit-status.js'
import { UnsoundFabric } from './errors.js'
import { exitOf } from './exit-codes.js'
import { printable } from './printable.js'
import { problemJson, problemText } from './problem-text.js'
import type { Colours } from './colours.js'

/** An error taken apart, whatever class it is of. */
export interface Failure {
  readonly exit: ExitStatus
  /** Absent for errors that nobody foresaw. */
  readonly code?: string
  readonly what: string
  readonly where?: string
  readonly remedy?: string
  /** First lines of what caused it, outermost first. */
  readonly because: readonly string[]
  /** Problems of a fabric file. */
  readonly fabric?: UnsoundFabric
}

/**
 * Takes an error apart.
 *
 * @param interrupted the person asked to stop: whatever came of that is no fault
 */
export function failureOf(error: unknown, interrupted: boolean): Failure {
  const code = codeOf(error)
  const exit = interrupted ? ExitStatus.Interrupted : exitOf(code)
  const remedy = textField(error, 'remedy')
  const where = textField(error, 'where')
  return {
    exit,
    ...(code === undefined ? {} : { code }),
    what: whatOf(error, code, where, remedy),
    ...(where === undefined ? {} : { where }),
    ...(remedy === undefined ? {} : { remedy }),
    because: causesOf(error),
    ...(error instanceof UnsoundFabric ? { fabric: error } : {}),
  }
}

/** For people, on stderr. */
export function failureText(failure: Failure, colours: Colours, stack: string | undefined): string {
  if (failure.exit === ExitStatus.Interrupted) return 'ztos: interrupted\n'
  if (failure.fabric !== undefined) return problemText(failure.fabric, colours)
  const { code, what, where, remedy, because } = failure
  const named = code === undefined ? '' : `${code}: `
  const lines = [`${colours.error('error')}: ${named}${what}`]
  if (where !== undefined) lines.push(`  where: ${where}`)
  lines.push(...because.map((text) => `  because: ${text}`))
  if (remedy !== undefined) lines.push(`  remedy: ${remedy}`)
  if (failure.exit === ExitStatus.Internal) lines.push(`  ${reportLine(stack !== undefined)}`)
  if (stack !== undefined) lines.push(stack)
  return `${printable(lines.join('\n'))}\n`
}

/** For programs, the one document on stdout. */
export function failureJson(failure: Failure, stack: string | undefined): unknown {
  const { exit, code, what, where, remedy, because, fabric } = failure
  return {
    format: 'ztos-error',
    version: 1,
    exit,
    code: exit === ExitStatus.Interrupted ? 'ZT_INTERRUPTED' : (code ?? 'ZT_INTERNAL'),
    what,
    where: where ?? fabric?.file,
    remedy,
    because,
    problems: fabric?.problems.map(problemJson),
    stack,
  }
}

function reportLine(hasStack: boolean): string {
  const how = hasStack ? 'the stack below' : 'what the same command prints with --debug'
  return `This is a fault of ztos or of the host: report it with the fabric file, \`ztos --version\`, and ${how}.`
}

/** The message without what is said elsewhere: many classes put code, place and remedy into it. */
function whatOf(
  error: unknown,
  code: string | undefined,
  where: string | undefined,
  remedy: string | undefined,
): string {
  let what = error instanceof Error ? error.message : String(error)
  if (code !== undefined && what.startsWith(`${code}: `)) what = what.slice(code.length + 2)
  if (where !== undefined && what.startsWith(`${where}: `)) what = what.slice(where.length + 2)
  for (const tail of remedy === undefined ? [] : [`\n  remedy: ${remedy}`, `; ${remedy}`]) {
    if (what.endsWith(tail)) what = what.slice(0, -tail.length)
  }
  if (what !== '') return what
  return error instanceof Error ? error.name : 'something that is no error was thrown'
}

function codeOf(error: unknown): string | undefined {
  const code = textField(error, 'code')
  return code !== undefined && /^ZT_[A-Z0-9_]+$/.test(code) ? code : undefined
}

function textField(error: unknown, field: 'code' | 'where' | 'remedy'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' && value !== '' ? value : undefined
}

function causesOf(error: unknown): string[] {
  const causes: string[] = []
  let cause = error instanceof Error ? error.cause : undefined
  while (cause instanceof Error && causes.length < 4) {
    causes.push(cause.message.split('\n')[0] ?? '')
    cause = cause.cause
  }
  return causes
}
