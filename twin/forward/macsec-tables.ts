/**
 * What the operation `tables` tells of macsec interfaces (`contract/control.ts`).
 *
 * @module
 */
import { formatSci, type Sci } from '../packet/sectag.js'
import type { Config } from './config.js'
import { encodingOf } from './macsec-send.js'
import type {
  ChannelCounters,
  InterfaceCounters,
  Macsec,
  ReceiveChannel,
  TransmitCounters,
} from './macsec-state.js'

/** An SA; `key` is its reference, `pn` the next one to send or the lowest acceptable one. */
interface KnownAssociation {
  readonly an: number
  readonly key: string
  readonly pn: string
}

export interface KnownMacsec {
  readonly interface: number
  readonly mode: Macsec['mode']
  readonly protect: boolean
  readonly counters: Readonly<InterfaceCounters>
  readonly tx: {
    readonly sci: string
    readonly associations: readonly (KnownAssociation & {
      /** It seals what is sent next (MACSEC-7). */
      readonly encoding: boolean
      readonly counters: Readonly<TransmitCounters>
    })[]
  }
  readonly rx: readonly {
    readonly sci: string
    readonly counters: Readonly<ChannelCounters>
    readonly associations: readonly KnownAssociation[]
  }[]
}

/** All of it, interfaces, channels and SAs in order. */
export function macsecOf({ macsecs }: Config): readonly KnownMacsec[] {
  return macsecs.map((macsec) => {
    const { id, mode, protect, counters, tx, transmitSci } = macsec
    const encoding = encodingOf(macsec)
    return {
      interface: id,
      mode,
      protect,
      counters: { ...counters },
      tx: {
        sci: formatSci(transmitSci),
        associations: tx.map((one) => ({
          an: one.an,
          key: one.key.reference,
          pn: String(one.state.next),
          encoding: one === encoding,
          counters: { ...one.state.counters },
        })),
      },
      rx: channelsOf(macsec).map((channel) => ({
        sci: formatSci(channel.sci),
        counters: { ...channel.counters },
        associations: macsec.rx
          .filter(({ sci }) => sci === channel.sci)
          .map(({ an, key, lowest }) => ({ an, key: key.reference, pn: String(lowest) })),
      })),
    }
  })
}

/** In the order of their first SAs. */
function channelsOf({ rx, channels }: Macsec): ReceiveChannel[] {
  const order = new Set<Sci>(rx.map(({ sci }) => sci))
  return [...order].flatMap((sci) => channels.get(sci) ?? [])
}
