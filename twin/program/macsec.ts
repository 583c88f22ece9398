/**
 * What is sealed by MACsec: interfaces, associations, the names of their keys.
 *
 * @module
 */
import type { CipherSuite, MacsecInterface } from '../../contract/program.js'
import { isExtended, type MacsecSeal } from '../model/index.js'
import { formatMac, type Mac } from '../packet/index.js'
import { UNDERLAY_VRF, type Adjacency, type NodeIndex } from './fabric-index.js'
import type { TunnelEnd } from './tunnels.js'
import { sealKey } from './wireguard.js'

/** Octets of a SAK. */
const SAK_LENGTH = { 128: 16, 256: 32 } as const
/** Octets of the salt behind it (IEEE 802.1AE-2018 clauses 14.7 and 14.8). */
const SALT_LENGTH = 12
/** Packets that took another way from leaf to leaf are late by fewer. */
const TUNNEL_WINDOW = 1024

export function linkMacsec(
  node: NodeIndex,
  adjacency: Adjacency,
  seal: MacsecSeal,
  mtu: number,
  addresses: string[],
): MacsecInterface {
  const { link, number, mac, peer, peerMac } = adjacency
  return {
    id: adjacency.interface,
    name: `macsec${number}`,
    kind: 'macsec',
    vrf: UNDERLAY_VRF,
    lower: adjacency.port,
    mac: formatMac(mac),
    mtu,
    addresses,
    replayWindow: seal.replayWindow ?? 0,
    ...sealedBetween(
      seal,
      { mac, key: sealKey(seal, link, node.name) },
      { mac: peerMac, key: sealKey(seal, link, peer) },
    ),
  }
}

/** In a bridge, on a vxlan interface with one remote (MACSEC-10). */
export function tunnelMacsec(end: TunnelEnd, bridge: number, mtu: number): MacsecInterface {
  const { seal, node, peer, mac, peerMac } = end
  const keyOf = (from: string, to: string): string => `${seal.key}/${end.purpose}/${from}/${to}`
  return {
    id: end.macsec,
    name: `macsec-${end.vni}`,
    kind: 'macsec',
    bridge,
    lower: end.vxlan,
    mac: formatMac(mac),
    mtu,
    addresses: [],
    replayWindow: seal.replayWindow ?? TUNNEL_WINDOW,
    ...sealedBetween(seal, { mac, key: keyOf(node, peer) }, { mac: peerMac, key: keyOf(peer, node) }),
  }
}

/** An end of what is sealed: the address that its SCI is made of, and the reference of its keys but for their association numbers. */
interface SealedEnd {
  readonly mac: Mac
  readonly key: string
}

type Sealed = Pick<MacsecInterface, 'cipher' | 'mode' | 'confidentiality' | 'tag' | 'tx' | 'standby' | 'rx'>

/** What a seal says of the interface at one of two ends. Each end has keys of its own to send with, for each association one. */
function sealedBetween(seal: MacsecSeal, own: SealedEnd, peer: SealedEnd): Sealed {
  const { cipher, mode, confidentiality, tag, standby } = seal
  // IEEE 802.1X-2020 clause 10.7.13 counts from the greatest SCI on; SCIs are in the order of addresses.
  const ssci = (end: SealedEnd, other: SealedEnd) =>
    isExtended(cipher) ? { ssci: end.mac > other.mac ? 1 : 2 } : {}
  const numbers = Array.from({ length: standby + 1 }, (_, an) => an)
  const [first = { an: 0, key: '' }, ...others] = numbers.map((an) => ({
    an,
    key: `${own.key}/${an}`,
    ...ssci(own, peer),
  }))
  return {
    cipher,
    mode,
    ...(confidentiality === undefined ? {} : { confidentiality }),
    ...(tag === undefined ? {} : { tag }),
    tx: { sci: sciOf(own.mac), ...first },
    ...(others.length === 0 ? {} : { standby: others }),
    rx: numbers.map((an) => ({ sci: sciOf(peer.mac), an, key: `${peer.key}/${an}`, ...ssci(peer, own) })),
  }
}

/** Port identifier 1 of the MAC address (IEEE 802.1AE-2018 clause 9.9). */
function sciOf(mac: Mac): string {
  return `${mac.toString(16).padStart(12, '0')}0001`
}

/** Octets of a key of a suite. */
export function macsecKeyLength(cipher: CipherSuite): number {
  const sak = SAK_LENGTH[cipher.endsWith('256') ? 256 : 128]
  return isExtended(cipher) ? sak + SALT_LENGTH : sak
}
