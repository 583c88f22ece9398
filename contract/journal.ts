/**
 * Journal: everything that went into a node and everything that came out, in processing order.
 *
 * A file is a 16-octet header and records. All integers are little-endian.
 *
 * Header: `ZTJOURNL` (8 octets ASCII), u32 version, u32 zero.
 * Record: u32 payload length, u16 type, u16 interface id (0 when none), u64 now (ns), payload.
 * Inputs have types below 16, outputs 16 and above; the outputs of an input follow it before the next input.
 * The `now` of an output is that of its input, the `now` of END that of the record before it. END counts records of types
 * below 16, PROGRAM among them, and the others without itself.
 * The first record is PROGRAM. A complete journal ends with END; one without was cut off, and says so on reading.
 *
 * | type | name | interface | payload |
 * |---|---|---|---|
 * | 1 | PROGRAM | 0 | NodeProgram as UTF-8 JSON: the start, or a `load` (CTRL-1) |
 * | 2 | FRAME_IN | port | the frame |
 * | 3 | PUNT_IN | port | the frame from the port's TAP |
 * | 4 | CONTROL_IN | 0 | a control request as UTF-8 JSON (`set-vni`, `set-macsec-mode`, `flush`, `apply`, `carrier`) |
 * | 5 | NEIGHBOUR_IN | interface | u8 family (4, 6), u8 present (0, 1), 6 octets MAC, 4 or 16 octets address |
 * | 6 | CLOCK | 0 | empty |
 * | 7 | SEED | 0 | u64 wall time (ns since the Unix epoch), 32 octets of entropy (WG-4) |
 * | 16 | FRAME_OUT | port | the frame (effect `tx`) |
 * | 17 | PUNT_OUT | port | the frame (effect `punt`) |
 * | 18 | FATE | 0 | u16 fate code |
 * | 255 | END | 0 | u64 inputs, u64 outputs |
 *
 * @module
 */
export const JOURNAL_MAGIC = 'ZTJOURNL'
export const JOURNAL_VERSION = 1
export const JOURNAL_HEADER_LENGTH = 16
export const RECORD_HEADER_LENGTH = 16
/** Larger payloads are refused: a program of 16 MiB is the largest thing written. */
export const MAX_PAYLOAD = 16 * 1024 * 1024

export const RecordType = {
  Program: 1,
  FrameIn: 2,
  PuntIn: 3,
  ControlIn: 4,
  NeighbourIn: 5,
  Clock: 6,
  Seed: 7,
  FrameOut: 16,
  PuntOut: 17,
  Fate: 18,
  End: 255,
} as const
export type RecordType = (typeof RecordType)[keyof typeof RecordType]
