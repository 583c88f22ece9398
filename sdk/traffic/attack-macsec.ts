/**
 * Attacks on a link sealed by MACsec, towards one of its ends, by somebody who holds the wire. Frames that must break in one place alone are
 * made with the link's own key, which no attacker has: what refuses them is then that place, and nothing else.
 *
 * @module
 */
import type { MacsecInterface } from '../../contract/program.js'
import type { WireFrame } from '../../record/target.js'
import {
  build,
  encodeFrame,
  importSak,
  importXpnKey,
  MAC_BROADCAST,
  MAC_ZERO,
  macFromNumber,
  parseIp,
  parseSci,
  seal,
  sectag,
} from '../../twin/packet/index.js'
import type { Mac, TraceId } from '../../twin/packet/index.js'
import { frameOf } from './frame.js'
import type { Frame } from './frame.js'
import type { Tap } from './forge-link.js'
import { markedPayload } from './payload.js'
import { macOf, refusalOfClear, type WireReader } from './wire.js'

const { Tci } = sectag
const SECTAG = 12
const TCI = SECTAG + 2
const SL = SECTAG + 3
const PN = SECTAG + 4
/** No key of a link has these octets but by chance. */
const NO_KEY = new Uint8Array(16).fill(0x5a)
/** Ahead of all that is sent, so that nothing is refused for being late; a flipped bit leaves it ahead. */
const AHEAD = 0x5000_0000n
/** RFC 5737: nobody's. */
const [NOBODY, NOWHERE] = [parseIp('192.0.2.1'), parseIp('198.51.100.1')]

/** What a frame is in the clear: something that a node would act upon, or a packet that it would route. */
export type ClearKind = 'IPv4' | 'ARP' | 'LLDP' | 'BGP'

/** Every kind. */
export const clearKinds: readonly ClearKind[] = ['IPv4', 'ARP', 'LLDP', 'BGP']

/** The seal by which the far end of a tap sends. */
function sealOf({ from, link }: Tap): MacsecInterface {
  if (from.macsec === undefined) throw new TypeError(`${link} is not sealed by MACsec`)
  return from.macsec
}

function attack(
  tap: Tap,
  label: string,
  fates: readonly string[],
  bytes: (id: TraceId) => Uint8Array,
): Frame {
  return frameOf({
    label: `${tap.link} towards ${tap.to.node}: ${label}`,
    tenant: 'nobody',
    forged: 'macsec',
    at: { link: tap.link, to: tap.to.node },
    expect: { outcome: 'dropped', fates },
    bytes,
  })
}

/** A clear frame as the far end's own. */
function clearFrame(tap: Tap, kind: ClearKind, id: TraceId): Uint8Array {
  const macs = { src: macOf(tap.from), dst: macOf(tap.to) }
  const payload = build.payload(markedPayload(64, id))
  if (typeof NOBODY === 'bigint' || typeof NOWHERE === 'bigint') throw new TypeError('IPv4')
  const ip = (upper: Parameters<typeof build.ipv4>[1]) =>
    build.ipv4({ src: NOBODY, dst: NOWHERE, ttl: 8 }, upper)
  switch (kind) {
    case 'IPv4':
      return encodeFrame(build.ethernet(macs, ip(build.udp({ srcPort: 4789, dstPort: 4789 }, payload))))
    case 'BGP':
      return encodeFrame(build.ethernet(macs, ip(build.tcp({ srcPort: 40000, dstPort: 179 }, payload))))
    case 'LLDP':
      return encodeFrame(
        build.ethernet({ ...macs, dst: macFromNumber(0x0180_c200_000e), etherType: 0x88cc }, payload),
      )
    case 'ARP': {
      const request = { operation: 1, sha: macs.src, spa: NOBODY, tha: MAC_ZERO, tpa: NOWHERE }
      return encodeFrame(
        build.ethernet(
          { ...macs, dst: MAC_BROADCAST },
          build.arp(request),
          build.padding(markedPayload(32, id)),
        ),
      )
    }
  }
}

/** Downgrade: what should be sealed comes in the clear (MACSEC-1, WG-2). */
export function clearOnSealed(tap: Tap, kind: ClearKind): Frame {
  const refusal = refusalOfClear(tap.to) ?? 'macsec-clear'
  return attack(tap, `${kind} in the clear`, [refusal], (id) => clearFrame(tap, kind, id))
}

/** The bits that an interface sets (MACSEC-7). */
function tciOf({ tag, confidentiality }: Pick<MacsecInterface, 'tag' | 'confidentiality'>): number {
  const named = tag === undefined ? Tci.SC : tag === 'end-station' ? Tci.ES : 0
  return named | (confidentiality === 'none' ? 0 : Tci.E | Tci.C)
}

/** Octets of its SecTAG. */
function tagLength({ tag }: MacsecInterface): number {
  return tag === undefined ? sectag.LONG_LENGTH : sectag.SHORT_LENGTH
}

interface Sealing {
  readonly pn?: bigint
  readonly an?: number
  readonly sci?: string
  readonly tci?: number
  readonly key?: Uint8Array
  readonly mac?: Mac
}

/** A frame sealed as the far end would, but for what is given. */
function sealedFrame(tap: Tap, reader: WireReader, id: TraceId, how: Sealing = {}): Uint8Array {
  const { tx: first, standby = [], cipher, confidentiality } = sealOf(tap)
  const tx = { ...first, ...standby.find(({ an }) => an === how.an) }
  const xpn = cipher.startsWith('gcm-aes-xpn-')
  const value = reader.keys.get(tx.key)
  const own = value === undefined || how.key !== undefined ? undefined : value
  const length = (cipher.endsWith('256') ? 32 : 16) + (xpn ? 12 : 0)
  const key = own ?? Uint8Array.from({ length }, (_, n) => (how.key ?? NO_KEY)[n % 16] ?? 0)
  const material = xpn ? importXpnKey(key) : { sak: importSak(key) }
  const offset = confidentiality === 'offset-30' ? 30 : confidentiality === 'offset-50' ? 50 : 0
  return seal({
    frame: clearFrame(tap, 'IPv4', id),
    sak: material.sak,
    sci: parseSci(how.sci ?? tx.sci),
    an: how.an ?? tx.an,
    pn: how.pn ?? AHEAD,
    tci: how.tci ?? (how.sci === undefined ? tciOf(sealOf(tap)) : tciOf({ confidentiality })),
    offset,
    xpn: 'salt' in material ? { salt: material.salt, ssci: tx.ssci ?? 0 } : undefined,
  })
}

/** A frame that the far end might have sent, with an association and a number: taken if the receiver may take it, and routed nowhere. */
export function sealedAs(tap: Tap, reader: WireReader, how: Pick<Sealing, 'an' | 'pn'>): Frame {
  const label = `sealed as ${tap.from.node} would, AN ${how.an ?? sealOf(tap).tx.an}, PN ${how.pn ?? AHEAD}`
  return attack(tap, label, ['no-route'], (id) => sealedFrame(tap, reader, id, how))
}

/** Fields of a sealed frame, in order, with the octets that each has. */
export const sealedFields = [
  'destination',
  'source',
  'EtherType',
  'TCI and AN',
  'SL',
  'PN',
  'SCI',
  'Secure Data',
  'ICV',
] as const
export type SealedField = (typeof sealedFields)[number]

/** Where each field begins and ends in a sealed frame; one without SCI has its Secure Data there. */
function placeOf(field: SealedField, seal: MacsecInterface, length: number): readonly [number, number] {
  const data = SECTAG + tagLength(seal)
  const icv = length - sectag.ICV_LENGTH
  switch (field) {
    case 'destination':
      return [0, 6]
    case 'source':
      return [6, 12]
    case 'EtherType':
      return [SECTAG, TCI]
    case 'TCI and AN':
      return [TCI, SL]
    case 'SL':
      return [SL, PN]
    case 'PN':
      return [PN, PN + 4]
    case 'SCI':
      return seal.tag === undefined ? [PN + 4, data] : [data, icv]
    case 'Secure Data':
      return [data, icv]
    case 'ICV':
      return [icv, length]
  }
}

/**
 * A frame that would be accepted, but for one bit of a field.
 *
 * @param bit counted from the field's most significant one; taken modulo its length
 */
export function bitFlipped(tap: Tap, reader: WireReader, field: SealedField, bit: number): Frame {
  const fates = refusalsOf(tap, field, bit)
  return attack(tap, `bit ${bit} of ${field} changed`, fates, (id) => {
    const bytes = sealedFrame(tap, reader, id)
    const [from, to] = placeOf(field, sealOf(tap), bytes.length)
    const at = bit % ((to - from) * 8)
    const octet = from + (at >> 3)
    bytes[octet] = (bytes[octet] ?? 0) ^ (0x80 >> (at & 7))
    return bytes
  })
}

/** By what a flipped bit is found out first. Frames are longer than SL can say. */
function refusalsOf(tap: Tap, field: SealedField, bit: number): readonly string[] {
  switch (field) {
    case 'EtherType':
      return ['macsec-clear']
    case 'TCI and AN':
      return tciRefusals(tap, bit % 8)
    case 'SL':
      return ['macsec-tag-invalid']
    case 'SCI':
      return [sealOf(tap).tag === undefined ? 'macsec-sci-unknown' : 'macsec-icv']
    case 'source':
      // Where it stands for the SCI, it is that of another channel.
      return [sealOf(tap).tag === 'end-station' ? 'macsec-sci-unknown' : 'macsec-icv']
    case 'destination':
    case 'PN':
    case 'Secure Data':
    case 'ICV':
      return ['macsec-icv']
  }
}

/** V, ES, SC, SCB, E, C, AN (clause 9.5). */
function tciRefusals(tap: Tap, bit: number): readonly string[] {
  const { confidentiality, tag, tx, standby = [] } = sealOf(tap)
  switch (bit) {
    case 1:
    case 2:
      return channelRefusals(tag, bit, new Set(tap.to.macsec?.rx.map(({ sci }) => sci)).size)
    case 4:
      // E and C go together, but what is only changed, not encrypted, has C alone.
      return [confidentiality === 'none' ? 'macsec-tag-invalid' : 'macsec-icv']
    case 5:
      return [confidentiality === 'none' ? 'macsec-icv' : 'macsec-tag-invalid']
    case 6:
    case 7: {
      const an = tx.an ^ (bit === 6 ? 2 : 1)
      const isKnown = standby.some((one) => one.an === an) || tap.to.macsec?.rx.some((one) => one.an === an)
      return [isKnown === true ? 'macsec-icv' : 'macsec-an-unknown']
    }
    default:
      return ['macsec-tag-invalid']
  }
}

/** ES (1) and SC (2) say whose channel it is: both at once are invalid, without either it is the one that the receiver has, if it is one alone. */
function channelRefusals(tag: MacsecInterface['tag'], bit: 1 | 2, channels: number): readonly string[] {
  const own = channels === 1 ? 'macsec-icv' : 'macsec-sci-unknown'
  switch (tag) {
    case undefined:
      return [bit === 1 ? 'macsec-tag-invalid' : own]
    case 'end-station':
      return [bit === 2 ? 'macsec-tag-invalid' : own]
    case 'implicit':
      // The source address stands for the SCI, or eight octets of Secure Data do.
      return bit === 1 ? ['macsec-icv', 'macsec-sci-unknown'] : ['macsec-sci-unknown']
  }
}

/** A frame that would be accepted, cut off. @param length octets that are left, 14 and more; of a shorter frame all but the last */
export function truncatedSeal(tap: Tap, reader: WireReader, length: number): Frame {
  return attack(tap, `cut off after ${length} octets`, ['macsec-tag-invalid', 'macsec-icv'], (id) => {
    const bytes = sealedFrame(tap, reader, id)
    return bytes.subarray(0, Math.min(length, bytes.length - 1))
  })
}

/** What an attacker without the key can seal. */
export const keylessWays = ['wrong key', 'last packet number', 'not encrypted', 'zero packet number'] as const
export type Keyless = (typeof keylessWays)[number]

/** A frame sealed without the key (MACSEC-5); packet number 0 is no valid one, but with an XPN suite (MACSEC-2). */
export function sealedWithoutKey(tap: Tap, reader: WireReader, how: Keyless): Frame {
  const zero = isXpn(tap) ? ['macsec-replay', 'macsec-icv'] : ['macsec-tag-invalid']
  const fates = how === 'zero packet number' ? zero : ['macsec-icv']
  return attack(tap, `sealed without the key, ${how}`, fates, (id) => {
    const pn = how === 'last packet number' ? 0xffff_ffffn : AHEAD
    const bytes = sealedFrame(tap, reader, id, {
      key: NO_KEY,
      pn,
      ...(how === 'not encrypted' ? { tci: tciOf({ ...sealOf(tap), confidentiality: 'none' }) } : {}),
    })
    if (how === 'zero packet number') bytes.fill(0, PN, PN + 4)
    return bytes
  })
}

function isXpn(tap: Tap): boolean {
  return sealOf(tap).cipher.startsWith('gcm-aes-xpn-')
}

/** A frame with the right key and a channel that the receiver does not know (MACSEC-3). */
export function wrongSci(tap: Tap, reader: WireReader, sci = '020000dead000001'): Frame {
  return attack(tap, `SCI ${sci}`, ['macsec-sci-unknown'], (id) => sealedFrame(tap, reader, id, { sci }))
}

/** A frame that another peer of the node, or of the fabric, sealed for somebody else: its channel, its key. */
export function wrongPeer(tap: Tap, other: Tap, reader: WireReader): Frame {
  const { tag, tx } = sealOf(other)
  return attack(
    tap,
    `sealed by ${other.from.node} for ${other.to.node} (SCI ${tx.sci})`,
    foreignRefusals(tag),
    (id) => sealedFrame(other, reader, id),
  )
}

/** What a node itself sent, sent back to it: its own channel is none of those that it receives. */
export function reflected(captured: WireFrame, reader: WireReader): Frame {
  const tap = {
    link: captured.link,
    to: reader.end(captured.link, captured.from),
    from: reader.end(captured.link, captured.to),
  }
  return attack(tap, 'its own frame, sent back', foreignRefusals(sealOf(tap).tag), () => captured.frame)
}

/** A frame of another channel that does not say so is taken for one of the receiver's own. */
function foreignRefusals(tag: MacsecInterface['tag']): readonly string[] {
  return tag === 'implicit' ? ['macsec-icv', 'macsec-replay'] : ['macsec-sci-unknown']
}
