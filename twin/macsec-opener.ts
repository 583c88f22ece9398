/**
 * Opens what a macsec interface of a plan has sealed, with the keys that the plan gives it: any of its associations, and no frame that it
 * would not have sent (MACSEC-7).
 *
 * @module
 */
import type { MacsecInterface } from '../contract/program.js'
import {
  formatSci,
  importSak,
  importXpnKey,
  open,
  parseSci,
  readSecTag,
  sectag,
  type ConfidentialityOffset,
  type Sak,
  type Sci,
  type SecTagInfo,
} from './packet/index.js'

/** Value of a key reference; `undefined` when it is not at hand. */
export type KeySource = (reference: string) => Uint8Array | undefined

export type MacsecOpening =
  | {
      readonly ok: true
      readonly tag: SecTagInfo
      /** The whole packet number. */
      readonly pn: bigint
      readonly clear: Uint8Array
    }
  /** Why not, in a sentence; the tag if it has a valid one. */
  | { readonly ok: false; readonly tag: SecTagInfo | undefined; readonly problem: string | undefined }

interface Association {
  readonly an: number
  readonly key: string
  /** `undefined` when the key is not at hand. */
  readonly sak: Sak | undefined
  readonly xpn: { readonly salt: Uint8Array; readonly ssci: number } | undefined
  /** Upper halves of packet numbers that were seen, the greatest last. */
  uppers: readonly bigint[]
}

const OFFSETS: Readonly<Record<string, ConfidentialityOffset>> = { 'offset-30': 30, 'offset-50': 50 }
const { Tci } = sectag

export class MacsecOpener {
  readonly #sci: Sci
  readonly #tci: number
  readonly #offset: ConfidentialityOffset
  readonly #extended: boolean
  readonly #associations: readonly Association[]

  /** @param sender the interface that seals */
  constructor(sender: MacsecInterface, keyOf: KeySource) {
    const { tx, standby = [], confidentiality, tag } = sender
    this.#sci = parseSci(tx.sci)
    const named = tag === undefined ? Tci.SC : tag === 'end-station' ? Tci.ES : 0
    this.#tci = named | (confidentiality === 'none' ? 0 : Tci.E | Tci.C)
    this.#offset = OFFSETS[confidentiality ?? ''] ?? 0
    this.#extended = tx.ssci !== undefined
    this.#associations = [tx, ...standby].map(({ an, key, ssci, pn = '1' }) => ({
      an,
      key,
      ...imported(keyOf(key), ssci),
      uppers: [BigInt(pn) >> 32n],
    }))
  }

  /** Never throws on what was received. */
  open(frame: Uint8Array): MacsecOpening {
    const read = readSecTag(frame, this.#extended)
    if (!read.ok) {
      const problem = read.failure === 'not-macsec' ? undefined : `its SecTAG is invalid (${read.fault})`
      return { ok: false, tag: undefined, problem }
    }
    const { tag } = read
    const failed = (problem: string): MacsecOpening => ({ ok: false, tag, problem })
    const strange = this.#strangeness(tag)
    if (strange !== undefined) return failed(strange)
    const association = this.#associations.find(({ an }) => an === tag.an)
    if (association === undefined)
      return failed(
        `its AN is ${tag.an}, the plan's is ${this.#associations.map(({ an }) => an).join(' or ')}`,
      )
    const { key, sak, xpn } = association
    if (sak === undefined) return failed(`the key ${key} is not at hand`)
    for (const upper of xpn === undefined ? [0n] : candidates(association)) {
      const pn = (upper << 32n) | BigInt(tag.pn)
      const opened = open({
        frame,
        sak,
        sci: this.#sci,
        offset: this.#offset,
        ...(xpn === undefined ? {} : { xpn: { ...xpn, pn } }),
      })
      if (!opened.ok) continue
      note(association, upper)
      return { ok: true, tag, pn, clear: opened.frame }
    }
    return failed(`it does not open with the key ${key} (icv)`)
  }

  /** What in its tag the interface would not have written. */
  #strangeness({ tci, sci }: SecTagInfo): string | undefined {
    const explicit = Tci.SC | Tci.ES
    if (sci !== undefined && sci !== this.#sci)
      return `its SCI is ${formatSci(sci)}, the plan's is ${formatSci(this.#sci)}`
    if ((tci & explicit) !== (this.#tci & explicit))
      return sci === undefined
        ? `its SCI is none, the plan's is ${formatSci(this.#sci)}`
        : `its tag names its SCI as the plan does not (TCI ${tci.toString(16)})`
    if ((this.#tci & Tci.E) !== 0 && (tci & Tci.E) === 0) return 'it is authenticated but not encrypted'
    return tci === this.#tci
      ? undefined
      : `its TCI is ${tci.toString(16)}, the plan's is ${this.#tci.toString(16)}`
  }
}

function imported(key: Uint8Array | undefined, ssci: number | undefined): Pick<Association, 'sak' | 'xpn'> {
  if (key === undefined) return { sak: undefined, xpn: undefined }
  if (ssci === undefined) return { sak: importSak(key), xpn: undefined }
  const { sak, salt } = importXpnKey(key)
  return { sak, xpn: { salt, ssci } }
}

/** Upper halves that a frame may have: one that was seen, or the next. The ICV says which. */
function candidates({ uppers }: Association): readonly bigint[] {
  const last = uppers.at(-1) ?? 0n
  return [...uppers.toReversed(), last + 1n]
}

function note(association: Association, upper: bigint): void {
  if (association.uppers.includes(upper)) return
  association.uppers = [...association.uppers, upper].sort((a, b) => (a < b ? -1 : 1))
}
