/**
 * What the decoders of single protocols share: the frame, the layers found so far, and trailers still to come.
 *
 * @module
 */
import type { Layer, LayerKind, LayerOf, Located, Problem, ProblemCode } from './layer.js'

const NO_PROBLEMS: readonly Problem[] = Object.freeze([])

/** Octets behind an inner layer's end that belong to layer `of`; emitted when all inside is decoded. */
interface PendingTrailer {
  readonly role: 'padding' | 'icv'
  readonly of: number
  readonly start: number
  readonly end: number
}

/** A layer without its place: what a decoder reads. */
export type FieldsOf<K extends LayerKind> = Omit<LayerOf<K>, 'offset' | 'size' | 'problems'>

/** State of one decoding. */
export class DecodeContext {
  readonly layers: Layer[] = []
  private readonly trailers: PendingTrailer[] = []

  constructor(readonly bytes: Uint8Array) {}

  /** Adds a layer and returns its index. Takes `fields` over: a copy for each layer would be half of the decoding time. */
  add<K extends LayerKind>(
    offset: number,
    size: number,
    fields: FieldsOf<K>,
    problems: readonly Problem[] = NO_PROBLEMS,
  ): number {
    const place: Located = { offset, size, problems }
    // FieldsOf<K> and Located make LayerOf<K>; the compiler does not follow a generic Omit back.
    return this.layers.push(Object.assign(fields, place) as unknown as Layer) - 1
  }

  /** Octets that are not taken apart; an empty range without problems adds nothing. */
  payload(start: number, end: number, problems: readonly Problem[] = NO_PROBLEMS): void {
    if (start >= end && problems.length === 0) return
    this.add<'payload'>(
      start,
      Math.max(end - start, 0),
      { kind: 'payload', data: this.bytes.subarray(start, end) },
      problems,
    )
  }

  /** Notes octets behind what layer `of` carries. */
  trailer(role: 'padding' | 'icv', of: number, start: number, end: number): void {
    if (start < end) this.trailers.push({ role, of, start, end })
  }

  /** Emits the trailers noted, innermost first. */
  finish(): readonly Layer[] {
    for (const { role, of, start, end } of this.trailers.toReversed()) {
      this.add<'trailer'>(start, end - start, {
        kind: 'trailer',
        role,
        of,
        data: this.bytes.subarray(start, end),
      })
    }
    return this.layers
  }
}

/** A problem. */
export function problem(
  code: ProblemCode,
  what: string,
  offset: number,
  found: number,
  wanted: number,
): Problem {
  return { code, what, offset, found, wanted }
}

/** The problem of a header that is cut off. */
export function truncated(what: string, offset: number, end: number, wanted: number): readonly Problem[] {
  return [problem('truncated', what, offset, Math.max(end - offset, 0), wanted)]
}
