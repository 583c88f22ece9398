/**
 * MACsec of a node (section 5): GCM-AES-128, static keys, no replay window.
 *
 * @module
 */
import { open, type Sak } from '../packet/macsec.js'
import { u16, u32, u64, u8 } from '../packet/bytes.js'
import type { Sci } from '../packet/sectag.js'
import type { Macsec, SecureAssociation } from './config.js'
import type { Machine } from './machine.js'
import { SealedFrame } from './sealed-frame.js'

const ETHERTYPE = 0x88e5
const TAG = 12
/** Octets of SecTAG and ICV and the EtherType that is part of Secure Data. */
const SHORTEST = 12 + 16 + 2 + 16
const OVERHEAD = 12 + 16 + 16
const SC_E_C = 0x2c
const AN = 0x03
const LAST_PN = 0xffff_ffff

/**
 * MACSEC-1 to MACSEC-6: what a frame received on the port beneath is on the macsec interface, `undefined` after its fate
 * was decided.
 */
export function receive(m: Machine, macsec: Macsec, frame: Uint8Array | SealedFrame): Uint8Array | undefined {
  if (macsec.mode === 'disabled') return passClear(m, macsec, frame)
  if (frame instanceof SealedFrame) return openSealed(m, macsec, frame)
  if (u16(frame, TAG) !== ETHERTYPE) {
    m.trace?.step('MACSEC-1', macsec.id, 'clear frame on a sealed port')
    m.fate('macsec-clear')
    return undefined
  }
  m.trace?.step('MACSEC-1', macsec.id, 'sealed')
  const invalid = tagFault(frame)
  m.trace?.step('MACSEC-2', macsec.id, invalid ?? 'SecTAG is valid')
  if (invalid !== undefined) {
    m.fate('macsec-tag-invalid')
    return undefined
  }
  const pn = u32(frame, TAG + 4)
  const association = acceptable(m, macsec, u64(frame, TAG + 8) as Sci, u8(frame, TAG + 2) & AN, pn)
  if (association === undefined) return undefined
  const opened = open({ frame, sak: association.sak })
  m.trace?.step('MACSEC-5', macsec.id, opened.ok ? 'ICV is right' : 'ICV is wrong')
  if (!opened.ok) {
    m.fate('macsec-icv')
    return undefined
  }
  return accept(m, macsec, association, pn, opened.frame)
}

/** MACSEC-1, mode `disabled`. */
function passClear(m: Machine, macsec: Macsec, frame: Uint8Array | SealedFrame): Uint8Array | undefined {
  if (frame instanceof SealedFrame || u16(frame, TAG) === ETHERTYPE) {
    m.trace?.step('MACSEC-1', macsec.id, 'sealed frame, MACsec is disabled')
    m.fate('macsec-unexpected')
    return undefined
  }
  m.trace?.step('MACSEC-1', macsec.id, 'MACsec is disabled')
  return frame
}

/** A frame that this program sealed, has a valid tag, and opens if the key is the same. */
function openSealed(m: Machine, macsec: Macsec, sealed: SealedFrame): Uint8Array | undefined {
  m.trace?.step('MACSEC-1', macsec.id, 'sealed')
  m.trace?.step('MACSEC-2', macsec.id, 'SecTAG is valid')
  const { sealer, pn } = sealed
  const association = acceptable(m, macsec, sealer.sci, sealer.an, pn)
  if (association === undefined) return undefined
  if (!sameKey(association.sak, sealer.sak)) {
    m.trace?.step('MACSEC-5', macsec.id, 'ICV is wrong')
    m.fate('macsec-icv')
    return undefined
  }
  m.trace?.step('MACSEC-5', macsec.id, 'ICV is right')
  return accept(m, macsec, association, pn, sealed.clear)
}

function sameKey(a: Sak, b: Sak): boolean {
  return a === b || a.equals(b)
}

/** MACSEC-2: what is wrong with a SecTAG, `undefined` when nothing. */
function tagFault(frame: Uint8Array): string | undefined {
  if (frame.length < SHORTEST) return 'frame too short for SecTAG and ICV'
  // Of V, ES, SC, SCB, E and C exactly SC, E and C are set.
  if ((u8(frame, TAG + 2) & ~AN) !== SC_E_C) return 'TCI bits'
  const shortLength = u8(frame, TAG + 3)
  const secureData = frame.length - OVERHEAD
  if (shortLength !== (secureData < 48 ? secureData : 0)) return 'SL does not fit the frame'
  return u32(frame, TAG + 4) === 0 ? 'PN is zero' : undefined
}

/** MACSEC-3 and MACSEC-4. */
function acceptable(
  m: Machine,
  macsec: Macsec,
  sci: Sci,
  an: number,
  pn: number,
): SecureAssociation | undefined {
  const channel = macsec.rx.get(sci)
  const association = channel?.[an]
  if (association === undefined) {
    m.trace?.step('MACSEC-3', macsec.id, channel === undefined ? 'unknown SCI' : 'unknown AN')
    m.fate(channel === undefined ? 'macsec-sci-unknown' : 'macsec-an-unknown')
    return undefined
  }
  m.trace?.step('MACSEC-3', macsec.id, `receive SA ${an}`)
  m.trace?.step('MACSEC-4', macsec.id, `PN ${pn}, lowest acceptable ${association.pn.next}`)
  if (pn < association.pn.next) {
    m.fate('macsec-replay')
    return undefined
  }
  return association
}

/** MACSEC-6 */
function accept(
  m: Machine,
  macsec: Macsec,
  association: SecureAssociation,
  pn: number,
  opened: Uint8Array,
): Uint8Array | undefined {
  association.pn.next = Math.max(association.pn.next, pn + 1 - macsec.replayWindow)
  m.accepted++
  m.trace?.step('MACSEC-6', macsec.id, `lowest acceptable PN is now ${association.pn.next}`)
  if (opened.length > macsec.mtu + 14) {
    m.fate('frame-oversize')
    return undefined
  }
  return opened
}

/** MACSEC-7: sends a frame on the port beneath, sealed unless disabled. */
export function send(m: Machine, macsec: Macsec, frame: Uint8Array): void {
  if (macsec.mode === 'disabled') {
    m.trace?.step('MACSEC-7', macsec.id, 'sent clear, MACsec is disabled')
    m.tx(macsec.lower, frame)
    return
  }
  const { pn } = macsec.tx
  m.trace?.step('MACSEC-7', macsec.id, `sealed with PN ${pn.next}`)
  if (pn.next > LAST_PN) {
    m.fate('macsec-pn-exhausted')
    return
  }
  const sealed = new SealedFrame(frame, macsec.tx, pn.next)
  pn.next++
  if (m.lazySeal) m.txSealed(macsec.lower, sealed)
  else m.tx(macsec.lower, sealed.frame)
}
