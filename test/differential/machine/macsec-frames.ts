/**
 * Random frames below a macsec interface: sealed rightly by a far end, or as an attacker would have them.
 *
 * @module
 */
import {
  formatSci,
  parseSci,
  seal,
  setU16,
  setU32,
  type ConfidentialityOffset,
  type Sci,
  type Xpn,
} from '../../../twin/packet/index.js'
import { KEYS, keyReference, lastPn, ssciOf } from './program-macsec.js'
import type { Random } from './random.js'
import type { MacsecWords } from './vocabulary.js'

const SC = 0x20
const ES = 0x40
const E = 0x08
const C = 0x04

/** An SA as a far end has it. */
export interface Sender {
  readonly sci: Sci
  readonly an: number
  /** Reference of its key. */
  readonly key: string
  readonly ssci: number
  readonly start: bigint
}

/** SAs of far ends, as the program has them. */
function sendersOf({ interface: { rx } }: MacsecWords): Sender[] {
  return rx.map(({ sci, an, key, ssci, pn }) => ({
    sci: parseSci(sci),
    an,
    key,
    ssci: ssci ?? 0,
    start: BigInt(pn ?? 1),
  }))
}

const OFFSETS: readonly ConfidentialityOffset[] = [0, 30, 50]

function offsetOf({ interface: { confidentiality } }: MacsecWords): ConfidentialityOffset {
  return confidentiality === 'offset-30' ? 30 : confidentiality === 'offset-50' ? 50 : 0
}

/**
 * Seals a frame for a macsec interface, or does to it what an attacker would.
 *
 * @param place - of the input: packet numbers rise with it.
 */
export function sealed(
  random: Random,
  words: MacsecWords,
  frame: Uint8Array,
  place: number,
  senders: readonly Sender[] = sendersOf(words),
): Uint8Array {
  if (frame.length < 14) return frame
  const clear = { strict: 3, check: 20, disabled: 45 }[words.interface.mode]
  if (random.chance(clear)) return frame
  const sender = random.pick(senders)
  const tci = tciOf(random, words)
  const offset = random.chance(97) ? offsetOf(words) : random.pick(OFFSETS)
  const pn = pnOf(random, words, sender, place)
  const make = (other: Partial<Sender>): Uint8Array =>
    sealAs(words, { ...sender, ...other }, frame, { tci, offset, pn })
  return random.weighted<() => Uint8Array>([
    [900, () => make({})],
    [12, () => make({ an: (sender.an + random.between(1, 3)) % 4 })],
    [12, () => make({ sci: (sender.sci ^ 1n) as Sci })],
    [10, () => make({ key: otherKey(random, words) })],
    [5, () => make({ ssci: sender.ssci ^ 1 })],
    [20, () => altered(random, make({}))],
    [20, () => withTag(random, make({}))],
    [8, () => cutOff(random, make({}))],
  ])()
}

function sealAs(
  { interface: { cipher }, keys }: MacsecWords,
  { sci, an, key, ssci }: Sender,
  frame: Uint8Array,
  { pn, ...how }: { readonly tci: number; readonly offset: ConfidentialityOffset; readonly pn: bigint },
): Uint8Array {
  const found = keys.get(key)
  if (found === undefined) throw new Error(`no key ${key} of ${cipher}`)
  const { sak, salt } = found
  const xpn: Xpn | undefined = salt === undefined ? undefined : { salt, ssci }
  return seal({ frame, sak, sci, an, xpn, pn, ...how })
}

function tciOf(random: Random, { interface: { mode, tag } }: MacsecWords): number {
  const form = random.weighted([
    [tag === undefined ? 85 : 30, SC],
    [tag === 'implicit' ? 60 : 6, 0],
    [tag === 'end-station' ? 60 : 9, ES],
  ])
  const protection = random.weighted([
    [80, E | C],
    [mode === 'strict' ? 12 : 40, 0],
    [5, C],
  ])
  return form | protection
}

/** Rising mostly; now and then late, far behind, or as far as numbers go. */
function pnOf(
  random: Random,
  { interface: { cipher } }: MacsecWords,
  { start }: Sender,
  place: number,
): bigint {
  const last = lastPn(cipher)
  const now = start + BigInt(3 * place)
  const pn = random.weighted<() => bigint>([
    [900, () => now],
    [30, () => now - BigInt(random.between(1, 40))],
    [10, () => now - BigInt(random.between(1, 3 * place + 1))],
    [10, () => now + BigInt(random.between(1, 80))],
    [3, () => now + (random.chance(50) ? 2n ** 32n : -(2n ** 32n))],
    [1, () => now + 2n ** 31n],
    [1, () => last],
  ])()
  return pn < 1n ? 1n : pn > last ? last : pn
}

/** Of the same suite, for either direction. */
function otherKey(random: Random, { interface: { lower, cipher } }: MacsecWords): string {
  return keyReference(lower, cipher, random.chance(80) ? 'rx' : 'tx', random.below(KEYS))
}

function altered(random: Random, octets: Uint8Array): Uint8Array {
  const copy = octets.slice()
  const at = random.below(copy.length)
  copy[at] = copy[at]! ^ (1 << random.below(8))
  return copy
}

/** Another TCI, SL or PN. */
function withTag(random: Random, octets: Uint8Array): Uint8Array {
  const copy = octets.slice()
  switch (random.below(5)) {
    case 0:
      copy[14] = random.below(256)
      break
    case 1:
      copy[15] = random.pick([0, 1, 2, 47, 48, 63, 64, 128, random.below(256)])
      break
    case 2:
      setU32(copy, 16, random.pick([0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]))
      break
    case 3:
      // One bit of TCI/AN.
      copy[14] = copy[14]! ^ (1 << random.below(8))
      break
    default:
      setU16(copy, 14, random.below(65536))
  }
  return copy
}

/** Anywhere, often so that as good as nothing is left of Secure Data. */
function cutOff(random: Random, octets: Uint8Array): Uint8Array {
  const edge = 12 + ((octets[14]! & SC) === 0 ? 8 : 16) + 16
  const length = random.chance(50) ? random.between(14, octets.length - 1) : edge + random.below(4)
  return octets.subarray(0, Math.min(length, octets.length))
}

/** A sender by what `apply` has set. */
export function senderOf(
  sci: string,
  an: number,
  to: { readonly key: string; readonly ssci?: number | undefined; readonly pn?: string | undefined },
): Sender {
  return {
    sci: parseSci(sci),
    an,
    key: to.key,
    ssci: to.ssci ?? ssciOf(formatSci(parseSci(sci))),
    start: BigInt(to.pn ?? 1),
  }
}
