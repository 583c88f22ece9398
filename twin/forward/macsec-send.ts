/**
 * Sending on a macsec interface (MACSEC-7).
 *
 * @module
 */
import { Tci } from '../packet/sectag.js'
import type { Machine } from './machine.js'
import { SUITES, type Macsec, type TransmitAssociation } from './macsec-state.js'
import { SealedFrame, sealedLength } from './sealed-frame.js'

const ADDRESSES = 12
const HEADER = 14

/** MACSEC-7: sends a frame by what is below, sealed unless the interface does not protect. */
export function sendSealed(m: Machine, macsec: Macsec, frame: Uint8Array): void {
  if (!macsec.protect) {
    m.trace?.step('MACSEC-7', macsec.id, 'sent clear: the interface does not protect')
    macsec.counters.OutPktsUntagged++
    goDown(m, macsec, frame)
    return
  }
  const association = encodingOf(macsec)
  if (association === undefined) {
    m.trace?.step('MACSEC-7', macsec.id, 'no SA has packet numbers left')
    m.fate('macsec-pn-exhausted')
    return
  }
  if (sealedLength(frame.length, macsec.tci) - HEADER > macsec.lower.mtu) {
    m.trace?.step('MACSEC-7', macsec.id, `${frame.length} octets are too long when sealed`)
    macsec.counters.OutPktsTooLong++
    m.fate('mtu-exceeded')
    return
  }
  const { state, an } = association
  const pn = state.next
  m.trace?.step('MACSEC-7', macsec.id, `sealed by SA ${an} with PN ${pn}`)
  state.next++
  count(macsec, association, frame.length - ADDRESSES)
  goDown(m, macsec, new SealedFrame(frame, association.sealer, pn))
}

/** The first SA that is not worn out, or else the last that has packet numbers. */
export function encodingOf({ cipher, tx }: Macsec): TransmitAssociation | undefined {
  const { newKeyAt, lastPn } = SUITES[cipher]
  return tx.find(({ state }) => state.next < newKeyAt) ?? tx.findLast(({ state }) => state.next <= lastPn)
}

function count({ counters, tci }: Macsec, { state }: TransmitAssociation, octets: number): void {
  if ((tci & Tci.E) !== 0) {
    state.counters.OutPktsEncrypted++
    counters.OutOctetsEncrypted += octets
  } else {
    state.counters.OutPktsProtected++
    counters.OutOctetsProtected += octets
  }
}

/** By `tx` on the port, or by the vxlan interface to its one remote (MACSEC-10). */
function goDown(m: Machine, { id, lower }: Macsec, frame: Uint8Array | SealedFrame): void {
  if (lower.kind === 'port') {
    if (frame instanceof SealedFrame && m.lazySeal) m.txLazily(lower, frame)
    else m.tx(lower, frame instanceof SealedFrame ? frame.frame : frame)
    return
  }
  m.trace?.step('MACSEC-10', id, 'sent to the one remote')
  for (const remote of lower.remotes) {
    m.upper.encapsulate(m, lower, remote, frame)
  }
}
