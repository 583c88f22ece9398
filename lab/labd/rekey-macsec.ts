/**
 * MACsec: no frame is lost (MACSEC-9, MACSEC-11). Both ends can receive with the new key before either sends with it, and the old one goes
 * when nothing sealed with it is on its way any more. Wherever this is cut off, each end receives what the other sends, and all of it may
 * be done again: an association that is there with the same key keeps its packet number.
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { MacsecInterface } from '../../contract/program.js'
import { associationNumber, atEpoch } from '../../twin/program/epochs.js'
import { LabError } from '../errors.js'
import { bothEnds, sealingAt, type Rekey } from './rekey.js'

const NUMBERS = [0, 1, 2, 3]

export const rekeyMacsec: Rekey = async (plan, pair, epoch, { ask, note, passed }) => {
  const at = (node: string, id: number) => fresh(sealingAt(plan, { node, interface: id }, 'macsec'), epoch)
  const apply = (node: string, changes: readonly TableChange[]) => ask(node, { op: 'apply', changes })
  const [an, table] = [associationNumber(epoch), 'receive-association' as const]
  await bothEnds(pair, ({ node, interface: id }) => {
    const { sci, ...association } = receiving(at(node, id))
    return apply(node, [{ table, interface: id, sci, an, to: keyOf(association) }])
  })
  note('both ends receive with the new key')
  await bothEnds(pair, ({ node, interface: id }) => {
    const to = { an, ...keyOf(at(node, id).tx) }
    return apply(node, [{ table: 'transmit-association', interface: id, to }])
  })
  note('both ends send with it')
  await bothEnds(pair, ({ node }) => ask(node, { op: 'sync' }))
  await passed()
  // What has come in is opened: an engine answers this when it has looked at all that was there.
  await bothEnds(pair, ({ node }) => ask(node, { op: 'sync' }))
  await bothEnds(pair, ({ node, interface: id }) => {
    const { sci } = receiving(at(node, id))
    const others = NUMBERS.filter((other) => other !== an)
    return apply(
      node,
      others.map((other) => ({ table, interface: id, sci, an: other, to: null })),
    )
  })
  note('the old key is gone')
}

function fresh(item: MacsecInterface, epoch: number): MacsecInterface {
  const changed = atEpoch(item, epoch)
  if (changed.kind === 'macsec') return changed
  throw new TypeError('another interface')
}

function receiving({ name, rx }: MacsecInterface): MacsecInterface['rx'][number] {
  const [first] = rx
  if (first !== undefined) return first
  throw new LabError('ZT_LAB_PLAN', `${name} has no receive channel`)
}

/** All but its number, and a packet number, which begins anew with each key. */
function keyOf({ key, ssci }: { readonly key: string; readonly ssci?: number | undefined }) {
  return { key, ...(ssci === undefined ? {} : { ssci }) }
}
