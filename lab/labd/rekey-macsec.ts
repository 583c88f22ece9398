/**
 * MACsec: no frame is lost (MACSEC-9, MACSEC-11). Both ends can receive with the new keys before either sends with one, and the old ones go
 * when nothing sealed with them is on its way any more. Wherever this is cut off, each end receives what the other sends, and all of it may
 * be done again: an association that is there with the same key keeps its packet number.
 *
 * Of ends with several associations there are not always numbers for old and new ones at once. Then each end first gives up those that
 * wait behind the one that it sends with, and a new key that needs that one's number comes last.
 *
 * @module
 */
import { z } from 'zod'
import type { TableChange } from '../../contract/control.js'
import type { Plan } from '../../contract/plan.js'
import type { MacsecInterface } from '../../contract/program.js'
import { atEpoch, type SealGroup, type SealEnd } from '../../twin/program/epochs.js'
import { LabError } from '../errors.js'
import { eachEnd, otherEnd, sealingAt, type Rekey, type RekeyMeans } from './rekey.js'

const NUMBERS = [0, 1, 2, 3]

interface Association {
  readonly an: number
  readonly key: string
  readonly ssci?: number | undefined
}
/** What an end has in the new epoch, and the number of the old association with which it sends until then, if that is in the way. */
interface End {
  readonly sending: readonly Association[]
  readonly receiving: MacsecInterface['rx']
  readonly taken: number | undefined
}

export const rekeyMacsec: Rekey = async (plan, group, epoch, means) => {
  const { ask, note, passed } = means
  const ends = await endsOf(plan, group, epoch, means)
  const of = ({ node }: SealEnd): End => ends.get(node) ?? { sending: [], receiving: [], taken: undefined }
  const apply = ({ node }: SealEnd, changes: readonly TableChange[]) =>
    changes.length === 0 ? Promise.resolve({}) : ask(node, { op: 'apply', changes })
  await eachEnd(group, (end) =>
    apply(
      end,
      of(end)
        .receiving.filter(({ an }) => an !== of(otherEnd(group, end)).taken)
        .map((association) => receive(end, association)),
    ),
  )
  note('both ends receive with the new key')
  await eachEnd(group, (end) =>
    apply(
      end,
      transmit(
        end,
        of(end).sending.filter(({ an }) => an !== of(end).taken),
      ),
    ),
  )
  note('both ends send with it')
  await eachEnd(group, ({ node }) => ask(node, { op: 'sync' }))
  await passed()
  // What has come in is opened: an engine answers this when it has looked at all that was there.
  await eachEnd(group, ({ node }) => ask(node, { op: 'sync' }))
  await eachEnd(group, (end) => apply(end, replaceOld(end, of(end), of(otherEnd(group, end)))))
  note('the old key is gone')
  await eachEnd(group, (end) => apply(end, of(end).taken === undefined ? [] : transmit(end, of(end).sending)))
}

async function endsOf(
  plan: Plan,
  group: SealGroup,
  epoch: number,
  means: RekeyMeans,
): Promise<ReadonlyMap<string, End>> {
  const found = await eachEnd(group, async (end): Promise<[string, End]> => {
    const item = atEpoch(sealingAt(plan, end, 'macsec'), epoch)
    if (item.kind !== 'macsec' || item.rx.length === 0)
      throw new LabError('ZT_LAB_PLAN', `${end.node} has no receive channel on ${group.name}`)
    const sending = [item.tx, ...(item.standby ?? [])].map(bare)
    const receiving = item.rx.map((association) => ({ sci: association.sci, ...bare(association) }))
    return [
      end.node,
      { sending, receiving, taken: sending.length === 1 ? undefined : await alone(end, sending, means) },
    ]
  })
  return new Map(found)
}

const Tables = z.object({
  macsec: z.array(
    z.object({
      interface: z.int(),
      tx: z.object({
        associations: z.array(
          z.object({ an: z.int(), key: z.string(), ssci: z.int().optional(), encoding: z.boolean() }),
        ),
      }),
    }),
  ),
})

/** Leaves an end the one association with which it sends. @returns its number, if its key is an old one and a new one needs the number */
async function alone(
  end: SealEnd,
  fresh: readonly Association[],
  { ask }: RekeyMeans,
): Promise<number | undefined> {
  const { macsec } = Tables.parse(await ask(end.node, { op: 'tables' }))
  const all = macsec.find((one) => one.interface === end.interface)?.tx.associations ?? []
  // Of an end whose numbers have all ended none is encoding: then it does not matter which.
  const encoding = all.find((one) => one.encoding) ?? all[0]
  if (encoding === undefined || fresh.some(({ key }) => key === encoding.key)) return undefined
  const [ssci] = fresh.map((one) => one.ssci)
  await ask(end.node, { op: 'apply', changes: transmit(end, [bare({ ...encoding, ssci })]) })
  return fresh.some(({ an }) => an === encoding.an) ? encoding.an : undefined
}

function receive({ interface: id }: SealEnd, { sci, an, ...to }: MacsecInterface['rx'][number]): TableChange {
  return { table: 'receive-association', interface: id, sci, an, to }
}

function transmit({ interface: id }: SealEnd, [to, ...standby]: readonly Association[]): TableChange[] {
  if (to === undefined) return []
  const waiting = standby.length === 0 ? {} : { standby: [...standby] }
  return [{ table: 'transmit-association', interface: id, to, ...waiting }]
}

/** Removes what is of no epoch any more, and puts the key that had to wait into its place. */
function replaceOld(end: SealEnd, { receiving }: End, { taken }: End): TableChange[] {
  const [{ sci } = { sci: '' }] = receiving
  const gone = NUMBERS.filter((an) => receiving.every((association) => association.an !== an))
  return [
    ...receiving.filter(({ an }) => an === taken).map((association) => receive(end, association)),
    ...gone.map((an): TableChange => ({
      table: 'receive-association',
      interface: end.interface,
      sci,
      an,
      to: null,
    })),
  ]
}

/** Without a packet number, which begins anew with each key. */
function bare({ an, key, ssci }: Association): Association {
  return { an, key, ...(ssci === undefined ? {} : { ssci }) }
}
