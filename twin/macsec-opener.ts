/**
 * Opens what one end of a link seals by MACsec, with the keys that its program names: all suites, tags and offsets, every association that
 * stands by, and extended packet numbers as the receiver recovers them.
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
  recoverPn,
  type ConfidentialityOffset,
  type Sak,
  type SecTagInfo,
  type Xpn,
} from './packet/index.js'

/** Value of a key reference; `undefined` when it is not at hand. */
export type KeyOf = (reference: string) => Uint8Array | undefined

/** What came of a frame. */
export type OpenedChannelFrame =
  | {
      readonly ok: true
      readonly clear: Uint8Array
      readonly tag: SecTagInfo
      /** The whole packet number, also of an XPN suite. */
      readonly pn: bigint
    }
  | {
      readonly ok: false
      /** When it has a valid one. */
      readonly tag?: SecTagInfo
      /** Why, in a sentence without subject; absent for what is no MACsec at all. */
      readonly problem?: string
    }

interface Association {
  readonly an: number
  readonly key: string
  readonly ssci: number | undefined
  /** From which the next frame's packet number is recovered (MACSEC-4). */
  lowest: bigint
}

interface KeyMaterial {
  readonly sak: Sak
  readonly xpn: Xpn | undefined
}

/** The transmit channel of a macsec interface, seen from its link. */
export class ChannelOpener {
  readonly #seal: MacsecInterface
  readonly #keyOf: KeyOf
  readonly #associations: readonly Association[]
  readonly #materials = new Map<Association, KeyMaterial>()

  constructor(seal: MacsecInterface, keyOf: KeyOf) {
    this.#seal = seal
    this.#keyOf = keyOf
    this.#associations = [seal.tx, ...(seal.standby ?? [])].map(({ an, key, ssci, pn = '1' }) => ({
      an,
      key,
      ssci,
      lowest: BigInt(pn),
    }))
  }

  /** Never throws on what was received. */
  open(frame: Uint8Array): OpenedChannelFrame {
    const { cipher, tx, tag: form, confidentiality } = this.#seal
    const parsed = readSecTag(frame, isXpn(cipher))
    if (!parsed.ok) {
      return parsed.failure === 'not-macsec'
        ? { ok: false }
        : { ok: false, problem: `its SecTAG is invalid (${parsed.fault})` }
    }
    const { tag } = parsed
    const failed = (problem: string) => ({ ok: false as const, tag, problem })
    const sci = tag.sci === undefined && form === 'implicit' ? parseSci(tx.sci) : tag.sci
    const found = sci === undefined ? 'none' : formatSci(sci)
    if (sci === undefined || found !== tx.sci) return failed(`its SCI is ${found}, the plan's is ${tx.sci}`)
    const association = this.#associations.find(({ an }) => an === tag.an)
    if (association === undefined) {
      return failed(
        `its AN is ${tag.an}, the plan's is ${this.#associations.map(({ an }) => an).join(' or ')}`,
      )
    }
    if (tag.encrypted !== (confidentiality !== 'none')) {
      return failed(
        tag.encrypted
          ? 'it is encrypted, and the plan has it in the clear'
          : 'it is authenticated but not encrypted',
      )
    }
    const material = this.#materialOf(association)
    if (material === undefined) return failed(`the key ${association.key} is not at hand`)
    const pn = isXpn(cipher) ? recoverPn(association.lowest, tag.pn) : BigInt(tag.pn)
    const opened = open({
      frame,
      sci,
      sak: material.sak,
      offset: offsetOf(confidentiality),
      xpn: material.xpn && { ...material.xpn, pn },
    })
    if (!opened.ok) return failed(`it does not open with the key ${association.key} (${opened.failure})`)
    if (pn >= association.lowest) association.lowest = pn + 1n
    return { ok: true, clear: opened.frame, tag, pn }
  }

  #materialOf(association: Association): KeyMaterial | undefined {
    const known = this.#materials.get(association)
    if (known !== undefined) return known
    const value = this.#keyOf(association.key)
    if (value === undefined) return undefined
    const { cipher } = this.#seal
    const material = isXpn(cipher)
      ? xpnMaterial(value, association.ssci)
      : { sak: importSak(value), xpn: undefined }
    this.#materials.set(association, material)
    return material
  }
}

function isXpn(cipher: MacsecInterface['cipher']): boolean {
  return cipher.startsWith('gcm-aes-xpn-')
}

function xpnMaterial(value: Uint8Array, ssci = 0): KeyMaterial {
  const { sak, salt } = importXpnKey(value)
  return { sak, xpn: { salt, ssci } }
}

function offsetOf(confidentiality: MacsecInterface['confidentiality']): ConfidentialityOffset {
  switch (confidentiality) {
    case 'offset-30':
      return 30
    case 'offset-50':
      return 50
    case 'none':
    case undefined:
      return 0
  }
}
