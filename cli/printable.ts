/**
 * Text of others on a terminal: a fabric file, a host name or an engine's answer may hold octets that would move the
 * cursor, rewrite the screen or turn the reading direction.
 *
 * @module
 */

/** C0 but tab and line feed, DEL, C1, line and paragraph separators, and the bidirectional controls of UAX #9. */
const unprintable = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Makes what would not be seen visible: `\x1b`, `\u202e`. */
export function printable(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(unprintable, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100
      ? String.raw`\x${code.toString(16).padStart(2, '0')}`
      : String.raw`\u${code.toString(16).padStart(4, '0')}`
  })
}

/** As {@link printable}, on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', String.raw`\n`)
}
