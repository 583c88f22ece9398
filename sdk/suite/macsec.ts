/**
 * The suite of links sealed by MACsec.
 *
 * @module
 */
import type { ScenarioTarget } from '../scenario-target.js'
import {
  bitFlipped,
  clearKinds,
  clearOnSealed,
  keylessWays,
  reflected,
  sealedFields,
  sealedWithoutKey,
  truncatedSeal,
  wrongPeer,
  wrongSci,
} from '../traffic/attack-macsec.js'
import { replayed, tapOf } from '../traffic/forge-link.js'
import type { Tap } from '../traffic/forge-link.js'
import type { Frame } from '../traffic/frame.js'
import { waysOf, type Direction, type LinkTraffic } from './link-traffic.js'
import type { SealSuite } from './sealed-links.js'
import { sealedTunnelsOf } from './sealed-tunnels.js'

/** Bits that are changed of each field: its first, its last, and one between. */
const BITS = [0, 5, 4095]
/** Octets that are left of a frame: of its addresses, of its SecTAG, of its Secure Data. */
const CUTS = [15, 27, 45, 100]

/** The suite of a fabric. */
export function macsecSuite(target: ScenarioTarget): SealSuite {
  const { fabric, reader } = target
  const links = fabric
    .links()
    .filter(({ id, ends }) => ends.some((node) => reader.end(id, node).macsec !== undefined))
  const taps = waysOf(links).map((one) => tapOf(reader, one.link, one.to))
  return {
    kind: 'macsec',
    links,
    tunnels: sealedTunnelsOf(target, 'macsec'),
    columns: [],
    describe: ({ link, from }) => {
      const { macsec } = reader.end(link.id, from)
      return macsec === undefined ? 'none' : `${macsec.cipher} ${macsec.mode}`
    },
    faults: ({ link, to }) => {
      const { macsec } = reader.end(link.id, to)
      return macsec?.replayProtect === false ? [`${to} takes frames again (replayProtect false)`] : []
    },
    attacks: (direction, traffic) => {
      const tap = tapOf(reader, direction.link, direction.to)
      return tap.from.macsec === undefined || tap.to.macsec === undefined
        ? []
        : attacksOn(tap, direction, { reader, traffic, taps })
    },
  }
}

interface Around {
  readonly reader: ScenarioTarget['reader']
  readonly traffic: LinkTraffic
  readonly taps: readonly Tap[]
}

function attacksOn(tap: Tap, direction: Direction, { reader, traffic, taps }: Around): readonly Frame[] {
  const other = taps.find(
    ({ from }) => from.macsec !== undefined && from.macsec.tx.sci !== tap.from.macsec?.tx.sci,
  )
  return [
    ...clearKinds.map((kind) => clearOnSealed(tap, kind)),
    ...keylessWays.map((how) => sealedWithoutKey(tap, reader, how)),
    wrongSci(tap, reader),
    ...(other === undefined ? [] : [wrongPeer(tap, other, reader)]),
    ...sealedFields.flatMap((field) => bitsOf(field).map((bit) => bitFlipped(tap, reader, field, bit))),
    ...CUTS.map((length) => truncatedSeal(tap, reader, length)),
    ...again(tap, direction, traffic, reader),
  ]
}

function bitsOf(field: (typeof sealedFields)[number]): readonly number[] {
  return field === 'TCI and AN' ? [0, 1, 2, 3, 4, 5, 6, 7] : BITS
}

/** What was captured, sent again: to its receiver, and back to its sender. */
function again(
  tap: Tap,
  { name, link, from, to }: Direction,
  { carried }: LinkTraffic,
  reader: ScenarioTarget['reader'],
): readonly Frame[] {
  const there = carried.get(name)
  const back = carried.get(`${link.id} ${to}>${from}`)?.sample
  const window = BigInt(tap.to.macsec?.replayWindow ?? 0)
  const range = [...(there?.epochs.values() ?? [])][0]
  const isLate = range !== undefined && range.greatest - range.lowest >= window
  return [
    ...(there?.sample === undefined || !isLate ? [] : [replayed(there.sample, 'nobody')]),
    ...(back === undefined ? [] : [reflected(back, reader)]),
  ]
}
