/**
 * What somebody who holds a fabric link can put on it, towards one of its ends.
 *
 * An unsealed underlay cannot tell a VTEP from one who writes its address: a frame with a VTEP's source address, a VNI
 * known to the receiver and an inner frame of that network *is* that network's. Such frames are not generated; sealing
 * the links is what keeps them out, and on sealed links they are generated, in the clear.
 *
 * @module
 */
import type { WireFrame } from '../../record/target.js'
import {
  formatIp,
  formatMac,
  importSak,
  parseIp,
  parseMac,
  parseSci,
  seal,
  sectag,
} from '../../twin/packet/index.js'
import type { Ip, TraceId } from '../../twin/packet/index.js'
import { addressOf, fabricOf } from '../fabric-view.js'
import type { Host } from '../fabric-view.js'
import { fatesOfReplay } from './forge-wireguard.js'
import { frameOf } from './frame.js'
import type { Forgery, Frame } from './frame.js'
import { packetFrame, plainPacket } from './packet.js'
import { macOf, refusalOfClear, tunnelFrame } from './wire.js'
import type { LinkEnd, WireReader } from './wire.js'

/** A place on a link where frames are put in, and which end receives them. */
export interface Tap {
  readonly link: string
  /** Receives. */
  readonly to: LinkEnd
  /** As whose neighbour the frames come. */
  readonly from: LinkEnd
}

/** The tap of a link towards a node. */
export function tapOf(
  reader: WireReader,
  link: { readonly id: string; readonly ends: readonly [string, string] },
  to: string,
): Tap {
  const from = link.ends[0] === to ? link.ends[1] : link.ends[0]
  return { link: link.id, to: reader.end(link.id, to), from: reader.end(link.id, from) }
}

function linkFrame(
  tap: Tap,
  tenant: string,
  forged: Forgery,
  label: string,
  fates: readonly string[],
  bytes: (id: TraceId) => Uint8Array,
): Frame {
  return frameOf({
    label: `${tap.link} towards ${tap.to.node}: ${label}`,
    tenant,
    forged,
    at: { link: tap.link, to: tap.to.node },
    expect: { outcome: 'dropped', fates },
    bytes,
  })
}

/** What a forger tunnels. */
export interface TunnelOptions {
  /** As whom it poses. */
  readonly as: Host
  /** For whom it is. */
  readonly towards: Host
  readonly vni: number
  /** Outer addresses. */
  readonly source: Ip
  readonly destination: Ip
}

function innerFrame(options: TunnelOptions, id: TraceId): Uint8Array {
  const family = addressOf(options.as, 4) !== undefined && addressOf(options.towards, 4) !== undefined ? 4 : 6
  const source = addressOf(options.as, family)?.address ?? parseIp('::1')
  const destination = addressOf(options.towards, family)?.address ?? source
  return packetFrame(
    { sourceMac: options.as.mac, destinationMac: options.towards.mac, source, destination },
    { ...plainPacket, family: typeof source === 'bigint' ? 6 : 4 },
    id,
  )
}

/** A tunnelled frame as the neighbour on a clear link would send it. */
function tunnelled(
  tap: Tap,
  options: TunnelOptions & { readonly flags?: number; readonly udpLength?: number },
  id: TraceId,
): Uint8Array {
  return tunnelFrame({
    sourceMac: macOf(tap.from),
    destinationMac: macOf(tap.to),
    source: options.source,
    destination: options.destination,
    vni: options.vni,
    inner: innerFrame(options, id),
    ...(options.flags === undefined ? {} : { flags: options.flags }),
    ...(options.udpLength === undefined ? {} : { udpLength: options.udpLength }),
  })
}

const describeTunnel = (options: TunnelOptions): string =>
  `VNI ${options.vni}, ${formatIp(options.source)} > ${formatIp(options.destination)}, for ${options.towards.id}`

/** A tunnelled frame in the clear on a sealed link (MACSEC-1, WG-2). */
export function clearTunnel(tap: Tap, options: TunnelOptions): Frame {
  return linkFrame(
    tap,
    options.as.tenant,
    'vni',
    `clear ${describeTunnel(options)}`,
    [refusalOfClear(tap.to) ?? 'macsec-clear'],
    (id) => tunnelled(tap, options, id),
  )
}

/** A tunnelled frame with a VNI that the receiving leaf does not have, on a clear link (VXLAN-5). */
export function unknownVni(tap: Tap, options: TunnelOptions): Frame {
  return linkFrame(tap, options.as.tenant, 'vni', describeTunnel(options), ['vxlan-vni-unknown'], (id) =>
    tunnelled(tap, options, id),
  )
}

/** A tunnelled frame from an address that is no VTEP of the VNI, on a clear link (VXLAN-5). */
export function wrongOuterSource(tap: Tap, options: TunnelOptions): Frame {
  // A network of one leaf needs no tunnel, and sealed ones have VNIs of their own: there that of the network is not known at all.
  const { towards } = options
  const { seal: sealed } = fabricOf(towards).tenant(towards.tenant)
  const isKnown = towards.network.leaves.length > 1 && sealed === undefined
  const fate = isKnown ? 'vxlan-source-unknown' : 'vxlan-vni-unknown'
  return linkFrame(tap, options.as.tenant, 'outer', describeTunnel(options), [fate], (id) =>
    tunnelled(tap, options, id),
  )
}

/** A tunnelled frame with a wrong VXLAN or UDP header, on a clear link. */
export function malformedTunnel(tap: Tap, options: TunnelOptions, how: 'flags' | 'udp length'): Frame {
  const wrong = how === 'flags' ? { flags: 0 } : { udpLength: 12 }
  const fate = how === 'flags' ? 'vxlan-flags' : 'udp-length'
  return linkFrame(
    tap,
    options.as.tenant,
    'malformed',
    `wrong ${how}, ${describeTunnel(options)}`,
    [fate],
    (id) =>
      // A length that covers less than the datagram makes the checksum wrong too, but the length is looked at first.
      tunnelled(tap, { ...options, ...wrong }, id),
  )
}

/** A frame for somebody else's MAC on a routed port (PORT-2); behind a seal it is refused for being clear. */
export function wrongPortMac(tap: Tap, options: TunnelOptions): Frame {
  const destinationMac = parseMac('02:de:ad:be:ef:01')
  return linkFrame(
    tap,
    options.as.tenant,
    'mac',
    `for ${formatMac(destinationMac)}`,
    [refusalOfClear(tap.to) ?? 'mac-not-for-us'],
    (id) =>
      tunnelFrame({
        sourceMac: macOf(tap.from),
        destinationMac,
        source: options.source,
        destination: options.destination,
        vni: options.vni,
        inner: innerFrame(options, id),
      }),
  )
}

/** What a forger without the key can try on a sealed link. */
export type SealForgery =
  'wrong key' | 'unknown SCI' | 'unknown AN' | 'packet number 0' | 'version' | 'short length' | 'cut'

/** All of them. */
export const sealForgeries: readonly SealForgery[] = [
  'wrong key',
  'unknown SCI',
  'unknown AN',
  'packet number 0',
  'version',
  'short length',
  'cut',
]

/** High enough never to be a replay; it is accepted by nobody without the key, so it uses nothing up. */
const FUTURE_PN = 0xffff_fff0
const SECTAG = 12

/**
 * A sealed frame that must not open.
 *
 * @returns undefined where the link has no seal, or no association number is left that it has not
 */
export function forgedSeal(tap: Tap, options: TunnelOptions, how: SealForgery): Frame | undefined {
  const { macsec } = tap.from
  if (macsec === undefined) return undefined
  const sci = parseSci(macsec.tx.sci)
  const used = new Set([macsec.tx, ...(macsec.standby ?? [])].map(({ an }) => an))
  const unused = [0, 1, 2, 3].find((an) => !used.has(an))
  if (how === 'unknown AN' && unused === undefined) return undefined
  // With XPN the low half of a packet number may be 0 (MACSEC-2).
  const extended = macsec.tx.ssci !== undefined
  const fate: Record<SealForgery, string> = {
    'wrong key': 'macsec-icv',
    'unknown SCI': 'macsec-sci-unknown',
    'unknown AN': 'macsec-an-unknown',
    'packet number 0': extended ? 'macsec-replay' : 'macsec-tag-invalid',
    version: 'macsec-tag-invalid',
    'short length': 'macsec-tag-invalid',
    cut: 'macsec-tag-invalid',
  }
  return linkFrame(
    tap,
    options.as.tenant,
    how === 'cut' ? 'truncate' : 'macsec',
    `sealed with ${how}`,
    [fate[how]],
    (id) => {
      const sealed = seal({
        frame: tunnelled(tap, options, id),
        // Nobody's key; what a forger without the key has.
        sak: importSak(new Uint8Array(16).fill(0x5a)),
        sci: how === 'unknown SCI' ? parseSci('020000dead000001') : sci,
        an: how === 'unknown AN' && unused !== undefined ? unused : macsec.tx.an,
        pn: FUTURE_PN,
      })
      if (how === 'packet number 0') sealed.fill(0, SECTAG + 4, SECTAG + 8)
      if (how === 'version') sealed[SECTAG + 2] = (sealed[SECTAG + 2] ?? 0) | 0x80
      if (how === 'short length') sealed[SECTAG + 3] = 47
      return how === 'cut' ? sealed.subarray(0, SECTAG + sectag.LONG_LENGTH + 8) : sealed
    },
  )
}

/** A frame that was captured on a sealed link, sent again as it was (MACSEC-4, WG-12, WG-14 to WG-16). */
export function replayed(captured: WireFrame, tenant: string): Frame {
  return frameOf({
    label: `${captured.link} towards ${captured.to}: a captured frame, sent again`,
    tenant,
    forged: 'macsec',
    at: { link: captured.link, to: captured.to },
    expect: { outcome: 'dropped', fates: fatesOfReplay(captured.frame) ?? ['macsec-replay'] },
    bytes: () => captured.frame,
  })
}

/**
 * A captured frame with one bit changed, and the packet number of a frame yet to come so that it is no replay: the
 * integrity check must refuse it (MACSEC-5).
 *
 * @param bit any bit of Secure Data or ICV, counted from the start of Secure Data; taken modulo their length
 */
export function altered(captured: WireFrame, tenant: string, bit: number): Frame {
  return frameOf({
    label: `${captured.link} towards ${captured.to}: a captured frame with bit ${bit} changed`,
    tenant,
    forged: 'macsec',
    at: { link: captured.link, to: captured.to },
    expect: { outcome: 'dropped', fates: ['macsec-icv'] },
    bytes: () => {
      const bytes = captured.frame.slice()
      const start = SECTAG + sectag.LONG_LENGTH
      const at = bit % ((bytes.length - start) * 8)
      const octet = start + (at >> 3)
      bytes[octet] = (bytes[octet] ?? 0) ^ (0x80 >> (at & 7))
      bytes.set([0xff, 0xff, 0xff, 0xf0], SECTAG + 4)
      return bytes
    },
  })
}

/** A SecTAG frame where no such seal is planned (PORT-3, WG-2). */
export function unexpectedSeal(tap: Tap, options: TunnelOptions): Frame | undefined {
  if (tap.to.macsec !== undefined) return undefined
  return linkFrame(
    tap,
    options.as.tenant,
    'macsec',
    'sealed, where nothing is',
    [refusalOfClear(tap.to) ?? 'macsec-unexpected'],
    (id) =>
      seal({
        frame: tunnelled(tap, options, id),
        sak: importSak(new Uint8Array(16).fill(0x5a)),
        sci: parseSci('020000dead000001'),
        an: 0,
        pn: 1,
      }),
  )
}

/** A frame cut off in its Ethernet header, on a link (PARSE-1). */
export function linkRunt(tap: Tap, tenant: string, length: number): Frame {
  return linkFrame(tap, tenant, 'truncate', `a frame of ${length} octets`, ['frame-truncated'], () =>
    new Uint8Array(length).fill(0x02),
  )
}

/** A frame longer than the link takes (PARSE-2). */
export function linkOversize(tap: Tap, options: TunnelOptions, excess: number): Frame {
  return linkFrame(
    tap,
    options.as.tenant,
    'oversize',
    `${tap.to.port.mtu + excess} octets where ${tap.to.port.mtu} fit`,
    ['frame-oversize'],
    (id) => {
      const frame = tunnelled(tap, options, id)
      const long = new Uint8Array(tap.to.port.mtu + excess + 14)
      long.set(frame)
      return long
    },
  )
}
