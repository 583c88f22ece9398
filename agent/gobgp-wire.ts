/**
 * Protocol Buffers as they lie in a buffer, as far as it takes to find a message's parts without reading them
 * (protobuf.dev, "Encoding": a field is a tag, then a value; a message in a message is a length, then so many octets).
 *
 * @module
 */

/** Octets of a buffer, from and up to. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Wire type of strings, octets and messages. */
const LENGTH_DELIMITED = 2

/** The tag of a field that is a message, or `undefined` for a field number whose tag takes more than one octet. */
export function messageTag(field: number): number | undefined {
  return field >= 1 && field <= 15 ? (field << 3) | LENGTH_DELIMITED : undefined
}

/**
 * What a length-delimited field holds; `at` is where its tag of one octet stands.
 *
 * @throws RangeError for another field, and for one that does not end within `end`
 */
export function contentAt(octets: Uint8Array, at: number, end: number): Span {
  // Of the tag: more octets follow, or the value is of another kind.
  if (((octets[at] ?? 0) & 0x87) !== LENGTH_DELIMITED)
    throw new RangeError(`no message begins at octet ${at}`)
  let length = 0
  let shift = 1
  for (let next = at + 1; next < end; next++) {
    const octet = octets[next] ?? 0
    length += (octet & 0x7f) * shift
    if (octet < 0x80) {
      const from = next + 1
      if (length > end - from) break
      return { from, to: from + length }
    }
    shift *= 0x80
  }
  throw new RangeError(`a field at octet ${at} does not end where its message does`)
}
