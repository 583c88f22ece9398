/**
 * The exit status that follows from an error, by its code. Every code of the product is here: one without a status does
 * not compile.
 *
 * @module
 */
import type { AgentErrorCode } from '../agent/errors.js'
import type { LabErrorCode } from '../lab/index.js'
import type { RecordErrorCode } from '../record/errors.js'
import { ExitStatus } from '../record/exit-status.js'
import type { SdkErrorCode } from '../sdk/errors.js'
import type { ControlPlaneErrorCode } from '../twin/control/index.js'
import type { ForwardErrorCode, JournalErrorCode } from '../twin/forward/index.js'
import type { FabricError } from '../twin/model/index.js'
import type { CaptureErrorCode, PacketErrorCode } from '../twin/packet/index.js'
import type { KeyErrorCode } from '../twin/program/index.js'
import type { CliErrorCode } from './errors.js'

type Code =
  | CliErrorCode
  | FabricError['code']
  | LabErrorCode
  | RecordErrorCode
  | SdkErrorCode
  | PacketErrorCode
  | CaptureErrorCode
  | ForwardErrorCode
  | JournalErrorCode
  | KeyErrorCode
  | ControlPlaneErrorCode
  | AgentErrorCode

const { BadInput, Unjudged, Internal, Interrupted } = ExitStatus

/** Status by code. */
export const exitOfCode = {
  ZT_CLI_USAGE: BadInput,
  ZT_CLI_NAME: BadInput,
  ZT_CLI_INPUT: BadInput,
  ZT_CLI_OUTPUT: BadInput,

  ZT_FABRIC: BadInput,

  ZT_LAB_PRIVILEGE: Unjudged,
  ZT_LAB_MISSING: Unjudged,
  ZT_LAB_PLAN: Unjudged,
  ZT_LAB_UNKNOWN: BadInput,
  ZT_LAB_STATE: BadInput,
  ZT_LAB_REFUSED: BadInput,
  ZT_LAB_CANCELLED: Interrupted,
  ZT_LAB_COMMAND: Internal,
  ZT_LAB_DEADLINE: Internal,
  ZT_LAB_PROTOCOL: Internal,
  ZT_LAB_CONNECTION: Internal,
  ZT_LAB_DIED: Internal,
  ZT_LAB_UNSETTLED: Internal,
  ZT_LAB_LOST: Internal,
  ZT_LAB_FORMAT: Internal,

  ZT_BLIND_UNKNOWN: BadInput,
  ZT_RECORD_MISSING: BadInput,
  ZT_RECORD_FORMAT: BadInput,
  ZT_RECORD_VERSION: BadInput,
  ZT_RECORD_DIGEST: BadInput,
  ZT_RECORD_WRITE: BadInput,

  ZT_VACUOUS: BadInput,
  ZT_UNKNOWN_NAME: BadInput,
  ZT_NO_PATH: BadInput,
  ZT_FRAME: BadInput,
  ZT_ENVIRONMENT: BadInput,
  ZT_USAGE: BadInput,
  ZT_HOST_CANNOT: Unjudged,
  ZT_INTERRUPTED: Interrupted,
  ZT_NOTHING: BadInput,

  ZT_HEX_SYNTAX: BadInput,
  ZT_MAC_SYNTAX: BadInput,
  ZT_IPV4_SYNTAX: BadInput,
  ZT_IPV6_SYNTAX: BadInput,
  ZT_IP_SYNTAX: BadInput,
  ZT_PREFIX_SYNTAX: BadInput,
  ZT_PREFIX_HOST_BITS: BadInput,
  ZT_FIELD_RANGE: BadInput,
  ZT_FRAME_SHAPE: BadInput,
  ZT_MACSEC_KEY: Internal,
  ZT_SCI_SYNTAX: BadInput,

  ZT_CAPTURE_MAGIC: BadInput,
  ZT_CAPTURE_TRUNCATED: BadInput,
  ZT_CAPTURE_FORMAT: BadInput,
  ZT_CAPTURE_UNSUPPORTED: BadInput,

  // Plans come from the compiler: one that the forwarder refuses is our own mistake.
  ZT_PROGRAM_INVALID: Internal,
  ZT_KEY_MISSING: Internal,
  ZT_INPUT_INVALID: Internal,
  ZT_PLAN_INVALID: Internal,
  ZT_FABRIC_LOOP: Internal,
  ZT_CONTROL_REFUSED: Internal,
  ZT_CONTROL_UNSETTLED: Internal,
  ZT_CONTROL_REFERENCE: Internal,

  // What a scenario breaks.
  ZT_FAULT_UNKNOWN: BadInput,
  ZT_FAULT_STANDS: BadInput,
  ZT_FAULT_NONE: BadInput,
  ZT_FAULT_CANNOT: BadInput,

  ZT_EVPN_KEY_SYNTAX: BadInput,

  // Agents of a lab: what happens to them happens to the lab.
  ZT_AGENT_CONFIG: Internal,
  ZT_AGENT_CONNECTION: Internal,
  ZT_AGENT_DEADLINE: Internal,
  ZT_AGENT_PROTOCOL: Internal,
  ZT_AGENT_REFUSED: Internal,
  ZT_AGENT_IDENTITY: Internal,
  ZT_AGENT_KERNEL: Internal,

  ZT_JOURNAL_MAGIC: BadInput,
  ZT_JOURNAL_VERSION: BadInput,
  ZT_JOURNAL_FORMAT: BadInput,
  ZT_JOURNAL_LIMIT: BadInput,

  ZT_KEY_SEED: Internal,
  ZT_KEY_SOURCE: BadInput,
  ZT_KEY_SOURCES: BadInput,
  ZT_KEY_UNREADABLE: BadInput,
  ZT_KEY_EXPOSED: BadInput,
  ZT_KEY_VALUE: BadInput,
  // Whoever keeps the keys does not answer: nothing that the fabric's owner has written is wrong.
  ZT_KEY_COMMAND: Unjudged,
} as const satisfies Record<Code, ExitStatus>

/** The status of an error's code; of none that is known, that of a fault of our own. */
export function exitOf(code: string | undefined): ExitStatus {
  return code !== undefined && Object.hasOwn(exitOfCode, code)
    ? exitOfCode[code as keyof typeof exitOfCode]
    : Internal
}
