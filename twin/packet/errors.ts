/**
 * Typed errors of the packet codecs.
 *
 * Bytes received from a network never throw: `decodeFrame` reports them as problems. These errors are for text that a
 * person wrote, for frames that cannot be built as asked, and for capture files.
 *
 * @module
 */

/** Stable codes of {@link PacketError}. */
export type PacketErrorCode =
  | 'ZT_HEX_SYNTAX'
  | 'ZT_MAC_SYNTAX'
  | 'ZT_IPV4_SYNTAX'
  | 'ZT_IPV6_SYNTAX'
  | 'ZT_IP_SYNTAX'
  | 'ZT_PREFIX_SYNTAX'
  | 'ZT_PREFIX_HOST_BITS'
  | 'ZT_FIELD_RANGE'
  | 'ZT_FRAME_SHAPE'
  | 'ZT_MACSEC_KEY'
  | 'ZT_SCI_SYNTAX'

/** An address, a field or a frame that cannot be used as given. */
export class PacketError extends Error {
  override readonly name = 'PacketError'
  /** Stable, for programs. */
  readonly code: PacketErrorCode
  /** What the caller can do about it. */
  readonly remedy: string

  constructor(code: PacketErrorCode, what: string, options: { readonly remedy: string }) {
    super(`${code}: ${what}; ${options.remedy}`)
    this.code = code
    this.remedy = options.remedy
  }
}

/** Stable codes of {@link CaptureError}. */
export type CaptureErrorCode =
  /** The first octets belong to no format known here. */
  | 'ZT_CAPTURE_MAGIC'
  /** The file ends inside a header, a block or a packet. */
  | 'ZT_CAPTURE_TRUNCATED'
  /** A length or a field contradicts the format. */
  | 'ZT_CAPTURE_FORMAT'
  /** Well formed, but of a version or kind not read here. */
  | 'ZT_CAPTURE_UNSUPPORTED'

/** A capture file that cannot be read on; everything before `offset` was sound. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError'
  /** Stable, for programs. */
  readonly code: CaptureErrorCode
  /** Octets from the start of the file to the header, block or field at fault. */
  readonly offset: number

  constructor(code: CaptureErrorCode, what: string, offset: number) {
    super(`${code}: ${what} at octet ${offset}`)
    this.code = code
    this.offset = offset
  }
}
