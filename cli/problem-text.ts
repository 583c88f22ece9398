/**
 * Problems of fabric files for people: place, line, caret, reason, remedy; and as plain data.
 *
 * @module
 */
import type { Problem, Span } from '../twin/model/index.js'
import type { Colours } from './colours.js'
import { printable, printableLine } from './printable.js'
import { counted } from './table.js'

/** Characters of a line that are shown around a place. */
const WINDOW = 120

/** What is said about a file, and the texts in which it stands. */
export interface SaidOfFile {
  readonly file: string
  readonly problems: readonly Problem[]
  readonly warnings?: readonly Problem[]
  readonly texts: ReadonlyMap<string, string>
}

/** Every problem and warning of a file, a paragraph each, and how many there are. */
export function problemText({ file, problems, warnings = [], texts }: SaidOfFile, colours: Colours): string {
  const paragraphs = [...problems, ...warnings].map((problem) => paragraph(problem, texts, colours))
  const counts = [counted(problems.length, 'problem'), ...(warnings.length === 0 ? [] : [warned(warnings)])]
  const last = `${printableLine(file)}: ${counts.join(', ')}`
  return [...paragraphs, last].map((text) => `${text}\n`).join('\n')
}

/** Every warning of a sound file, a paragraph each. */
export function warningText({ warnings = [], texts }: SaidOfFile, colours: Colours): string {
  return warnings.map((warning) => `${paragraph(warning, texts, colours)}\n\n`).join('')
}

/** `2 warnings` */
export function warned(warnings: readonly Problem[]): string {
  return counted(warnings.length, 'warning')
}

function paragraph(problem: Problem, texts: ReadonlyMap<string, string>, colours: Colours): string {
  const { at, code, severity, reason, remedy, related } = problem
  const kind = severity === 'warning' ? colours.warning(`warning: ${code}`) : colours.error(code)
  return [
    `${colours.bold(placeOf(at))}: ${kind}: ${printable(reason)}`,
    ...snippet(at, texts, colours),
    `  remedy: ${printable(remedy)}`,
    ...related.flatMap((other) => [
      `  ${placeOf(other.at)}: ${printable(other.message)}`,
      ...snippet(other.at, texts, colours),
    ]),
  ].join('\n')
}

function placeOf(at: Span): string {
  return `${printableLine(at.file)}:${at.start.line}:${at.start.column}`
}

/** The line with a caret below; nothing for a file that could not be read. */
function snippet(at: Span, texts: ReadonlyMap<string, string>, colours: Colours): string[] {
  const line = texts.get(at.file)?.split(/\r?\n/)[at.start.line - 1]
  if (line === undefined) return []
  const characters = Array.from(withoutKeys(line))
  const first = at.start.column - 1
  // A place on one line is marked to its end, one over several lines to the end of the first.
  const end = at.end.line === at.start.line ? at.end.column - 1 : characters.length
  const from = Math.max(0, Math.min(first - WINDOW / 2, characters.length - WINDOW))
  const shown = characters.slice(from, from + WINDOW)
  const number = String(at.start.line)
  const marks = '^'.repeat(Math.max(1, Math.min(end, from + WINDOW) - first))
  const cut = from > 0 ? '…' : ''
  return [
    `  ${colours.dim(`${number} |`)} ${cut}${shown.map(printableLine).join('')}`,
    `  ${colours.dim(`${' '.repeat(number.length)} |`)} ${cut === '' ? '' : ' '}${shown
      .slice(0, first - from)
      .map(blank)
      .join('')}${colours.error(marks)}`,
  ]
}

/** What somebody may have written in the place of a key's name: 16 octets or more, in hex or, as all lengths of keys end, padded base64. */
const KEY_VALUE = /[0-9A-Fa-f]{32,}|[A-Za-z0-9+/]{22,}={1,2}/g

/** A line may be shown in a log, a key may not. */
function withoutKeys(line: string): string {
  return line.replaceAll(KEY_VALUE, (value) => '*'.repeat(value.length))
}

/** White space as wide as a character is on a terminal. */
function blank(character: string): string {
  if (character === '\t') return '\t'
  if (/\p{Mark}/u.test(character)) return ''
  if (
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u.test(
      character,
    )
  )
    return '\u3000'
  return ' '.repeat(printableLine(character).length)
}

/** A problem as plain data. */
export function problemJson({ code, severity, at, path, reason, remedy, related }: Problem): unknown {
  return {
    code,
    severity,
    ...placeJson(at),
    path,
    reason,
    remedy,
    related: related.map((other) => ({ ...placeJson(other.at), message: other.message })),
  }
}

function placeJson({ file, start, end }: Span): object {
  return {
    file,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
  }
}
