/**
 * Text of a fabric file and places in it.
 *
 * @module
 */

/** Lines and columns count from 1; columns count code points, not UTF-16 units and not octets. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A stretch of a file; `end` is the position behind its last character. */
export interface Span {
  /** Name as the reader was given it, so that an editor or a terminal finds it. */
  readonly file: string
  /** Number of the file in order of reading, from 0. */
  readonly source: number
  readonly start: Position
  readonly end: Position
}

/** By file in order of reading, then by position. */
export function compareSpans(a: Span, b: Span): number {
  return a.source - b.source || a.start.line - b.start.line || a.start.column - b.start.column
}

/** One file of a fabric. */
export interface Source {
  /** Name as the reader was given it. */
  readonly file: string
  /** Name that is the same on any machine: relative to the folder of the first file. */
  readonly name: string
  /** Number in order of reading, from 0. */
  readonly index: number
  /** Without byte order mark. */
  readonly text: string
}

/** Octets of one file. */
export const MAX_FILE = 512 * 1024

/** Why octets are no text, with the position where they stop being it. */
export interface TextFault {
  readonly code: 'ZT_FABRIC_ENCODING' | 'ZT_FABRIC_TOO_LARGE'
  readonly at: Position
  readonly reason: string
  readonly remedy: string
}

/**
 * Decodes a file: UTF-8, a byte order mark allowed and dropped, no control characters but tab, line feed and carriage
 * return in front of one.
 */
export function decodeText(
  content: Uint8Array | string,
): { readonly text: string } | { readonly fault: TextFault } {
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.length
  if (size > MAX_FILE) {
    return {
      fault: {
        code: 'ZT_FABRIC_TOO_LARGE',
        at: { line: 1, column: 1 },
        reason: `the file has ${size} octets, the limit is ${MAX_FILE}`,
        remedy: 'split it with include, or use ranges',
      },
    }
  }
  const decoded =
    typeof content === 'string' ? content : new TextDecoder('utf-8', { ignoreBOM: true }).decode(content)
  const text = decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded
  const invalid = typeof content === 'string' ? loneSurrogate(text) : invalidUtf8(content, text)
  if (invalid >= 0) {
    return fault(
      text,
      invalid,
      'the file is not UTF-8 from here on',
      'save it as UTF-8 (an editor or iconv does it)',
    )
  }
  // YAML 1.2 section 5.1 allows more; of these, and of marks that turn the direction of what is shown, none belongs here.
  const control = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\uFEFF]|\r(?!\n)/.exec(text)
  if (control !== null) {
    const shown = `U+${control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
    return fault(text, control.index, `the control character ${shown} is in the text`, 'take it out')
  }
  return { text }
}

function fault(text: string, offset: number, reason: string, remedy: string): { readonly fault: TextFault } {
  return { fault: { code: 'ZT_FABRIC_ENCODING', at: new Lines(text).at(offset), reason, remedy } }
}

function loneSurrogate(text: string): number {
  return text.search(/\p{Surrogate}/u)
}

/** Offset in `text` where the octets stop being UTF-8, -1 when they are. */
function invalidUtf8(octets: Uint8Array, text: string): number {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(octets)
    return -1
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
  }
  // U+FFFD may stand in the file in its own right; what follows the first wrong octet differs in length.
  const encoder = new TextEncoder()
  let offset = octets[0] === 0xef && octets[1] === 0xbb && octets[2] === 0xbf ? 3 : 0
  let at = 0
  for (const character of text) {
    const expected = encoder.encode(character)
    if (expected.some((octet, i) => octets[offset + i] !== octet)) return at
    offset += expected.length
    at += character.length
  }
  return text.length
}

/** Line starts of a text, to turn offsets into positions. */
export class Lines {
  readonly #text: string
  readonly #starts: number[] = [0]

  constructor(text: string) {
    this.#text = text
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** Position of an offset in UTF-16 units; offsets past the end are the end. */
  at(offset: number): Position {
    const bounded = Math.max(0, Math.min(offset, this.#text.length))
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#starts[middle] ?? 0) <= bounded) low = middle
      else high = middle - 1
    }
    let column = 1
    for (const _ of this.#text.slice(this.#starts[low], bounded)) column++
    return { line: low + 1, column }
  }
}
