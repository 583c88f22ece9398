/**
 * Random changes of SAs by `apply` (MACSEC-11), right ones and refused ones.
 *
 * @module
 */
import type { TableChange } from '../../../contract/control.js'
import type { MacsecInterface } from '../../../contract/program.js'
import {
  isXpn,
  keyOf,
  KEYS,
  lastPn,
  ssciOf,
  startPn,
  STRANGE_SCIS,
  SUITES,
  transmitAssociations,
} from './program-macsec.js'
import type { Random } from './random.js'
import type { MacsecWords, Vocabulary } from './vocabulary.js'

/** A change that can be made, of SAs that are there mostly. */
export function macsecChange(random: Random, { interface: one }: MacsecWords): TableChange {
  if (random.chance(40)) return transmitChange(random, one)
  const known = random.pick(one.rx)
  const strange = STRANGE_SCIS.filter((sci) => sci !== one.tx.sci)
  const sci = hasManyChannels(one) && random.chance(20) ? random.pick(strange) : known.sci
  // What comes back to its sender is a channel by the program alone.
  if (sci === one.tx.sci) return transmitChange(random, one)
  const an = random.chance(50) ? known.an : random.below(4)
  return { table: 'receive-association', interface: one.id, sci, an, to: toOf(random, one, known, sci) }
}

/** The key that is there, so that packet numbers go on; another; none. */
function toOf(
  random: Random,
  one: MacsecInterface,
  { key }: { readonly key: string },
  sci: string,
): Extract<TableChange, { readonly table: 'receive-association' }>['to'] {
  if (random.chance(25)) return null
  const other = keyOf(one, 'rx', random.below(KEYS), sci)
  const pn = startPn(random, one.cipher, 'rx')
  if (random.chance(55)) return { ...other, ...pn }
  return { key, ...(isXpn(one.cipher) ? { ssci: ssciOf(sci) } : {}), ...pn }
}

function transmitChange(random: Random, one: MacsecInterface): TableChange {
  const { tx, standby } = transmitAssociations(random, one, one.tx.sci)
  const { sci: _sci, ...to } = tx
  const more = standby === undefined ? {} : { standby }
  return { table: 'transmit-association', interface: one.id, to, ...more }
}

/** Where tags have no SCI there is one. */
const hasManyChannels = ({ tag }: MacsecInterface): boolean => tag !== 'implicit'

type Fault = (random: Random, words: Vocabulary) => unknown

/** A fault of a macsec interface, where the program has one. */
function fault(make: (random: Random, one: MacsecInterface) => unknown): Fault {
  return (random, { macsecs }) =>
    macsecs.length === 0 ? undefined : make(random, random.pick(macsecs).interface)
}

/** A receive SA, and what is wrong with it. */
function receiveFault(wrong: (random: Random, one: MacsecInterface) => object): Fault {
  return fault((random, one) => {
    const sci = one.rx.map((sa) => sa.sci).find((each) => each !== one.tx.sci) ?? STRANGE_SCIS[0]!
    const to = keyOf(one, 'rx', random.below(KEYS), sci)
    const change = { table: 'receive-association', interface: one.id, sci, an: random.below(4), to }
    return { ...change, ...wrong(random, one) }
  })
}

/** Transmit SAs, of which one is spoiled. */
function transmitFault(wrong: (random: Random, one: MacsecInterface) => object): Fault {
  return fault((random, one) => {
    const right = { an: 0, ...keyOf(one, 'tx', 0, one.tx.sci) }
    const spoiled = { an: 1, ...keyOf(one, 'tx', 1, one.tx.sci), ...wrong(random, one) }
    const [to, other] = random.chance(50) ? [right, spoiled] : [spoiled, right]
    return { table: 'transmit-association', interface: one.id, to, standby: [other] }
  })
}

/** Of another suite: another length. */
function keyOfOther(random: Random, one: MacsecInterface): string {
  const cipher = random.pick(SUITES.filter((suite) => suite !== one.cipher))
  return keyOf({ ...one, cipher }, 'rx', 0, one.tx.sci).key
}

/** An SSCI too many, or too few. */
function wrongSsci(one: MacsecInterface, direction: 'tx' | 'rx'): { key: string; ssci?: number } {
  const { key } = keyOf(one, direction, 5, one.tx.sci)
  return isXpn(one.cipher) ? { key } : { key, ssci: 1 }
}

export const macsecFaults: readonly Fault[] = [
  // The SCI by which the interface sends itself.
  receiveFault((random, one) => ({ sci: one.tx.sci, ...(random.chance(30) ? { to: null } : {}) })),
  receiveFault((random, one) => ({
    to: { ...keyOf(one, 'rx', 0, one.tx.sci), key: keyOfOther(random, one) },
  })),
  receiveFault((_random, one) => ({ to: { ...keyOf(one, 'rx', 0, one.tx.sci), key: 'lab:core/nobody' } })),
  receiveFault((_random, one) => ({ to: wrongSsci(one, 'rx') })),
  receiveFault((_random, one) => ({
    to: { ...keyOf(one, 'rx', 0, one.tx.sci), pn: String(lastPn(one.cipher) + 1n) },
  })),
  // A second channel where tags have no SCI; right when the first was removed before.
  (random, { macsecs }) => {
    const implicit = macsecs.filter((one) => one.interface.tag === 'implicit')
    if (implicit.length === 0) return undefined
    const one = random.pick(implicit).interface
    const sci = STRANGE_SCIS.find((each) => each !== one.tx.sci)!
    return { table: 'receive-association', interface: one.id, sci, an: 0, to: keyOf(one, 'rx', 0, sci) }
  },
  transmitFault(() => ({ an: 0 })),
  transmitFault((_random, one) => keyOf(one, 'tx', 0, one.tx.sci)),
  transmitFault((random, one) => ({ key: keyOfOther(random, one) })),
  transmitFault(() => ({ key: 'lab:core/nobody' })),
  fault((_random, one) => ({
    table: 'transmit-association',
    interface: one.id,
    to: { an: 0, ...wrongSsci(one, 'tx') },
  })),
  transmitFault((_random, one) => ({ pn: String(lastPn(one.cipher) + 1n) })),
]
