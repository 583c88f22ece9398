/**
 * What is received below a macsec interface, on its way up (MACSEC-1 to MACSEC-6).
 *
 * @module
 */
import { u16 } from '../packet/bytes.js'
import {
  open,
  readSecTag,
  recoverPn,
  unprotected as withoutTag,
  type SecTagInfo,
  type SecTagResult,
} from '../packet/macsec.js'
import { formatSci, Tci, type Sci } from '../packet/sectag.js'
import type { Fate } from './fate.js'
import type { Machine } from './machine.js'
import { SUITES, type Macsec, type ReceiveAssociation, type ReceiveChannel } from './macsec-state.js'
import { SealedFrame } from './sealed-frame.js'

const ETHERTYPE = 0x88e5
const ETHERTYPE_AT = 12
const HEADER = 14

/** A frame with its SecTAG. */
interface Tagged {
  readonly frame: Uint8Array | SealedFrame
  readonly tag: SecTagInfo
  /** The mode, or the C bit, lets nothing up that is not validated. */
  readonly mustBeValid: boolean
}

/** An SA that a frame names. */
interface Found {
  readonly channel: ReceiveChannel
  readonly association: ReceiveAssociation
}

/** What a frame received below is on the macsec interface, `undefined` after its fate was decided. */
export function receiveSealed(
  m: Machine,
  macsec: Macsec,
  frame: Uint8Array | SealedFrame,
): Uint8Array | undefined {
  if (frame instanceof Uint8Array && u16(frame, ETHERTYPE_AT) !== ETHERTYPE) {
    return receiveClear(m, macsec, frame)
  }
  m.trace?.step('MACSEC-1', macsec.id, 'sealed')
  const read = tagOf(macsec, frame)
  if (!read.ok) {
    const fault = 'fault' in read ? read.fault : read.failure
    m.trace?.step('MACSEC-2', macsec.id, `invalid: ${fault}`)
    macsec.counters.InPktsBadTag++
    return drop(m, 'macsec-tag-invalid')
  }
  m.trace?.step('MACSEC-2', macsec.id, 'SecTAG is valid')
  const { tag } = read
  const mustBeValid = macsec.mode === 'strict' || (tag.tci & Tci.C) !== 0
  return receiveTagged(m, macsec, { frame, tag, mustBeValid })
}

/** MACSEC-1 */
function receiveClear(m: Machine, macsec: Macsec, frame: Uint8Array): Uint8Array | undefined {
  if (macsec.mode === 'strict') {
    m.trace?.step('MACSEC-1', macsec.id, 'a clear frame, and mode strict')
    macsec.counters.InPktsNoTag++
    return drop(m, 'macsec-clear')
  }
  m.trace?.step('MACSEC-1', macsec.id, `a clear frame goes up, mode ${macsec.mode}`)
  macsec.counters.InPktsUntagged++
  return goUp(m, macsec, frame)
}

function tagOf({ cipher }: Macsec, frame: Uint8Array | SealedFrame): SecTagResult {
  const { xpn } = SUITES[cipher]
  if (frame instanceof Uint8Array) return readSecTag(frame, xpn)
  const { tag } = frame
  if (tag.pn === 0 && !xpn) return { ok: false, failure: 'tag-invalid', fault: 'packet-number' }
  return { ok: true, tag }
}

/** MACSEC-3 to MACSEC-6 */
function receiveTagged(m: Machine, macsec: Macsec, tagged: Tagged): Uint8Array | undefined {
  const { tag } = tagged
  const found = associationOf(macsec, tag)
  if (typeof found === 'string') {
    m.trace?.step('MACSEC-3', macsec.id, found === 'macsec-sci-unknown' ? 'unknown SCI' : 'unknown AN')
    if (!tagged.mustBeValid) {
      macsec.counters.InPktsNoSA++
      return goUpUnprotected(m, macsec, tagged)
    }
    macsec.counters.InPktsNoSAError++
    return drop(m, found)
  }
  const { channel, association } = found
  m.trace?.step('MACSEC-3', macsec.id, `receive SA ${tag.an} of 0x${formatSci(channel.sci)}`)
  const pn = SUITES[macsec.cipher].xpn ? recoverPn(association.lowest, tag.pn) : BigInt(tag.pn)
  const isLate = pn < association.lowest
  m.trace?.step('MACSEC-4', macsec.id, `PN ${pn}, lowest acceptable ${association.lowest}`)
  if (isLate && macsec.replayProtect) {
    channel.counters.InPktsLate++
    return drop(m, 'macsec-replay')
  }
  if (macsec.mode === 'disabled' && !tagged.mustBeValid) {
    m.trace?.step('MACSEC-4', macsec.id, 'mode disabled: not looked at')
    channel.counters.InPktsUnchecked++
    return goUpUnprotected(m, macsec, tagged)
  }
  const opened = openWith(macsec, association, tagged, pn)
  if (opened === undefined) return receiveForged(m, macsec, channel, tagged)
  m.trace?.step('MACSEC-5', macsec.id, 'ICV is right')
  if (isLate) channel.counters.InPktsDelayed++
  else channel.counters.InPktsOK++
  const octets = tag.encrypted ? 'InOctetsDecrypted' : 'InOctetsValidated'
  channel.counters[octets] += tag.secureDataLength
  accept(m, macsec, association, pn)
  return goUp(m, macsec, opened)
}

/** MACSEC-3: the SA that a frame names, or the fate that says what is not known. */
function associationOf(
  { channels }: Macsec,
  { sci: given, an }: SecTagInfo,
): Found | 'macsec-sci-unknown' | 'macsec-an-unknown' {
  const sci = given ?? onlyOf(channels)
  const channel = sci === undefined ? undefined : channels.get(sci)
  if (channel === undefined) return 'macsec-sci-unknown'
  const association = channel.associations[an]
  return association === undefined ? 'macsec-an-unknown' : { channel, association }
}

function onlyOf(channels: ReadonlyMap<Sci, ReceiveChannel>): Sci | undefined {
  if (channels.size !== 1) return undefined
  const [sci] = channels.keys()
  return sci
}

/** MACSEC-5: `undefined` when the ICV is wrong. */
function openWith(
  { offset }: Macsec,
  { sci, key }: ReceiveAssociation,
  { frame }: Tagged,
  pn: bigint,
): Uint8Array | undefined {
  if (frame instanceof SealedFrame) {
    return frame.opensWith({ sci, key: key.key, xpn: key.xpn, pn, offset }) ? frame.inside : undefined
  }
  const opened = open({ frame, sak: key.sak, sci, offset, xpn: key.xpn && { ...key.xpn, pn } })
  return opened.ok ? opened.frame : undefined
}

/** MACSEC-5: the ICV is wrong. */
function receiveForged(
  m: Machine,
  macsec: Macsec,
  { counters }: ReceiveChannel,
  tagged: Tagged,
): Uint8Array | undefined {
  m.trace?.step('MACSEC-5', macsec.id, 'ICV is wrong')
  if (tagged.mustBeValid) {
    counters.InPktsNotValid++
    return drop(m, 'macsec-icv')
  }
  counters.InPktsInvalid++
  return goUpUnprotected(m, macsec, tagged)
}

/** MACSEC-6: moves the lowest acceptable PN. */
function accept(m: Machine, macsec: Macsec, association: ReceiveAssociation, pn: bigint): void {
  const lowest = pn + 1n - macsec.replayWindow
  if (lowest > association.lowest) association.lowest = lowest
  m.accepted++
  m.trace?.step('MACSEC-6', macsec.id, `lowest acceptable PN is now ${association.lowest}`)
}

function goUpUnprotected(m: Machine, macsec: Macsec, { frame, tag }: Tagged): Uint8Array | undefined {
  m.trace?.step('MACSEC-6', macsec.id, 'goes up unprotected')
  // Without E the frame before it was sealed is what its Secure Data is; with it, it never comes here (MACSEC-2).
  return goUp(m, macsec, frame instanceof SealedFrame ? frame.inside : withoutTag(frame, tag))
}

/** MACSEC-6: nothing goes up that is longer than the interface takes. */
function goUp(m: Machine, macsec: Macsec, frame: Uint8Array): Uint8Array | undefined {
  if (frame.length - HEADER <= macsec.mtu) return frame
  m.trace?.step('MACSEC-6', macsec.id, `${frame.length} octets, MTU ${macsec.mtu}`)
  return drop(m, 'frame-oversize')
}

function drop(m: Machine, fate: Fate): undefined {
  m.fate(fate)
  return undefined
}
