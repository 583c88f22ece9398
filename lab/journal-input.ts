/**
 * An input record of a journal as an input of the twin's node.
 *
 * @module
 */
import { RecordType } from '../contract/journal.js'
import { NodeProgram } from '../contract/program.js'
import type { Input } from '../twin/forward/index.js'
import { readIpv4, readIpv6, readMac } from '../twin/packet/index.js'
import { LabError } from './errors.js'
import type { TailRecord } from './journal-tail.js'

/** Of a seed's wall time, and of the whole seed. */
const WALL_LENGTH = 8
const SEED_LENGTH = WALL_LENGTH + 32

/** @throws LabError `ZT_LAB_FORMAT` for an output, and for a payload that is not what its type says */
export function inputOf(record: TailRecord): Input {
  const { type, now, payload } = record
  switch (type) {
    case RecordType.FrameIn:
      return { kind: 'frame', now, interface: record.interface, frame: payload }
    case RecordType.PuntIn:
      return { kind: 'punt', now, interface: record.interface, frame: payload }
    case RecordType.Clock:
      return { kind: 'clock', now }
    case RecordType.ControlIn:
      return { kind: 'control', now, request: jsonOf(payload) }
    case RecordType.Program:
      return { kind: 'load', now, program: NodeProgram.parse(jsonOf(payload)) }
    case RecordType.NeighbourIn:
      return neighbourOf(record)
    case RecordType.Seed:
      return seedOf(record)
    case RecordType.FrameOut:
    case RecordType.PuntOut:
    case RecordType.Fate:
    case RecordType.End:
      throw new LabError('ZT_LAB_FORMAT', `a journal record of type ${type} is no input`)
  }
}

/** u64 wall time (ns since the Unix epoch), 32 octets of entropy (WG-4). */
function seedOf({ now, payload }: TailRecord): Input {
  if (payload.length !== SEED_LENGTH) {
    throw new LabError('ZT_LAB_FORMAT', `a journal's seed has ${payload.length} octets, not ${SEED_LENGTH}`)
  }
  const wallTime = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true)
  return { kind: 'seed', now, wallTime, entropy: payload.subarray(WALL_LENGTH) }
}

/** u8 family, u8 present, 6 octets MAC, 4 or 16 octets address. */
function neighbourOf({ now, interface: id, payload }: TailRecord): Input {
  const wanted = payload[0] === 4 ? 12 : 24
  if (payload.length !== wanted) {
    throw new LabError(
      'ZT_LAB_FORMAT',
      `a journal's neighbour update has ${payload.length} octets, not ${wanted}`,
    )
  }
  const address = payload[0] === 4 ? readIpv4(payload, 8) : readIpv6(payload, 8)
  const update = { kind: 'neighbour' as const, now, interface: id, address }
  return payload[1] === 1 ? { ...update, mac: readMac(payload, 2) } : update
}

function jsonOf(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
}
