/**
 * Environment variables in a topology file, as containerlab has them (`hellt/envsubst`, no digits, nothing unset replaced):
 *
 * | written | is |
 * |---|---|
 * | `$NAME`, `${NAME}` | its value; `$NAME` as long as that is empty or not set |
 * | `${NAME:=text}`, `${NAME:-text}` | its value; the text where that is empty or not set |
 * | `${NAME=text}`, `${NAME-text}` | its value; the text where it is not set |
 * | `${NAME:+text}`, `${NAME+text}` | the text where it is set; nothing else |
 * | `$$` | a dollar |
 *
 * The text is one variable (`$OTHER`), or anything but a brace or the end of the line, in which nothing is replaced.
 *
 * @module
 */

/** What the text became, and where what stands in it stood before. */
export interface Expanded {
  readonly text: string
  /** Offset in the file's text of an offset in this one; within a value that of the variable. */
  readonly origin: (offset: number) => number
}

/** A `${` whose brace does not close on its line. */
export class UnclosedVariable extends Error {
  override readonly name = 'UnclosedVariable'
  /** @param offset of the `$` */
  constructor(readonly offset: number) {
    super('closing brace expected')
  }
}

type Environment = Readonly<Record<string, string | undefined>>

const VARIABLE = /[_\p{L}\p{Nd}]+/uy
const OPERATOR = /:[-=+]|[-=+]/y

/** @throws UnclosedVariable */
export function expandVariables(text: string, environment: Environment): Expanded {
  const pieces: { readonly at: number; readonly from: number; readonly isValue: boolean }[] = []
  let out = ''
  const add = (piece: string, from: number, isValue: boolean) => {
    pieces.push({ at: out.length, from, isValue })
    out += piece
  }
  let at = 0
  while (at < text.length) {
    const dollar = text.indexOf('$', at)
    if (dollar < 0) break
    add(text.slice(at, dollar), at, false)
    const { value, end } = expansionAt(text, dollar, environment)
    add(value, dollar, true)
    at = end
  }
  add(text.slice(at), at, false)
  return {
    text: out,
    origin: (offset) => {
      const piece = pieces.findLast((one) => one.at <= offset)
      if (piece === undefined) return 0
      return piece.isValue ? piece.from : piece.from + offset - piece.at
    },
  }
}

/** What a dollar and what belongs to it become, and where the text goes on. */
function expansionAt(text: string, dollar: number, environment: Environment): { value: string; end: number } {
  const next = text[dollar + 1]
  if (next === '$') return { value: '$', end: dollar + 2 }
  if (next === '{') return bracedAt(text, dollar, environment)
  const name = matchAt(VARIABLE, text, dollar + 1)
  // `$1` is a shell's, `$_` nobody's.
  if (name === undefined || name === '_' || isDigit(name)) return { value: '$', end: dollar + 1 }
  return { value: valueOf(name, environment), end: dollar + 1 + name.length }
}

function bracedAt(text: string, dollar: number, environment: Environment): { value: string; end: number } {
  const start = dollar + 2
  const name = matchAt(VARIABLE, text, start)
  if (name !== undefined && isDigit(name)) return { value: '${', end: start }
  const brace = text.indexOf('}', start)
  const lineEnd = text.slice(start).search(/[\r\n]/)
  if (brace < 0 || (lineEnd >= 0 && start + lineEnd < brace)) throw new UnclosedVariable(dollar)
  if (name === undefined) return { value: '${', end: start }
  const operator = matchAt(OPERATOR, text, start + name.length) ?? ''
  const rest = text.slice(start + name.length + operator.length, brace)
  return { value: substituted(name, operator, rest, environment), end: brace + 1 }
}

function substituted(name: string, operator: string, rest: string, environment: Environment): string {
  const value = environment[name]
  // Without a text an operator means nothing.
  if (operator === '' || rest === '') return valueOf(name, environment)
  const other = /^\$[_\p{L}\p{Nd}]+$/u.test(rest) ? valueOf(rest.slice(1), environment) : rest
  if (operator.endsWith('+')) return value === undefined ? '' : other
  if (operator.startsWith(':')) return value === undefined || value === '' ? other : value
  return value === undefined ? other : valueOf(name, environment)
}

function valueOf(name: string, environment: Environment): string {
  const value = environment[name]
  return value === undefined || value === '' ? `$${name}` : value
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

function isDigit(text: string): boolean {
  return /^\p{Nd}/u.test(text)
}
