/**
 * SAs by `apply` (MACSEC-11).
 *
 * @module
 */
import type { Machine } from './machine.js'
import { remember, setReceive } from './macsec-load.js'
import type { Macsec, ReceiveAssociation, TransmitAssociation } from './macsec-state.js'
import { formatSci, type Sci } from '../packet/sectag.js'

/** A change whose names are resolved; without `to` the SA is removed. */
export interface ReceiveChange {
  readonly table: 'receive-association'
  readonly macsec: Macsec
  readonly sci: Sci
  readonly an: number
  readonly to: ReceiveAssociation | undefined
}

export interface TransmitChange {
  readonly table: 'transmit-association'
  readonly macsec: Macsec
  /** `tx` and `standby`. */
  readonly to: readonly TransmitAssociation[]
}

/** MACSEC-11 */
export function changeReceive(m: Machine, { macsec, sci, an, to }: ReceiveChange): void {
  const known = macsec.channels.get(sci)?.associations[an]
  const what = `receive SA ${an} of 0x${formatSci(sci)}`
  m.trace?.step('MACSEC-11', macsec.id, to === undefined ? `${what} is removed` : `${what} is set`)
  const isSame = known !== undefined && known.key.reference === to?.key.reference
  if (known !== undefined && !isSame) giveUp(m, macsec)
  if (to === undefined) {
    if (known !== undefined) removeReceive(macsec, known)
    return
  }
  if (isSame) {
    m.trace?.step('MACSEC-9', macsec.id, 'its lowest acceptable PN goes on')
    to.lowest = known.lowest
  }
  setReceive(macsec, to)
}

/** A channel without SAs is gone (MACSEC-8). */
function removeReceive({ rx, channels }: Macsec, association: ReceiveAssociation): void {
  const { sci, an } = association
  rx.splice(rx.indexOf(association), 1)
  const channel = channels.get(sci)
  if (channel === undefined) return
  channel.associations[an] = undefined
  if (channel.associations.every((one) => one === undefined)) channels.delete(sci)
}

/** MACSEC-11 */
export function changeTransmit(m: Machine, { macsec, to }: TransmitChange): void {
  m.trace?.step('MACSEC-11', macsec.id, `${to.length} transmit SAs are set`)
  const references = new Set(to.map(({ key }) => key.reference))
  if (macsec.tx.some(({ key }) => !references.has(key.reference))) giveUp(m, macsec)
  for (const association of to) {
    remember(m.packetNumbers, macsec, association)
    m.trace?.step('MACSEC-9', macsec.id, `SA ${association.an} goes on with PN ${association.state.next}`)
  }
  macsec.tx = to
}

/** Key objects wipe themselves when nothing holds them. */
export function giveUp(m: Machine, { id }: Pick<Macsec, 'id'>): void {
  m.trace?.step('MACSEC-12', id, 'keys of SAs that are gone are given up')
}
