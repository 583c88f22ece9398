/**
 * Extended communities (RFC 4360): GoBGP's messages ↔ the text of `contract/rib.ts`. In between are always the eight octets of the
 * wire, so that what has no text of its own is kept, bit by bit as GoBGP tells it.
 *
 * @module
 */
import { formatMac, macFromNumber, parseMac, tryParseIpv4 } from '../twin/packet/index.js'
import { formatExtended, tryParseExtended, type ExtendedCommunity } from '../twin/control/evpn-route.js'
import type { ApiExtendedCommunity } from './gobgp-api.js'

/** RFC 9012 section 4.1 and IANA's "BGP Tunnel Encapsulation Attribute Tunnel Types". */
const TUNNEL_VXLAN = 8
/** Non-transitive (RFC 4360 section 2). */
const LOCAL = 0x40
const LINK_BANDWIDTH = 0x4004

/** The text of what GoBGP tells, or `undefined` when it says nothing that could be one. */
export function extendedText(api: ApiExtendedCommunity): string | undefined {
  const octets = extendedOctets(api)
  if (octets === undefined) return undefined
  return bandwidthText(octets) ?? formatExtended(extendedOf(octets))
}

/** Link bandwidth, not transitive (BGP-13): AS number, octets a second as a float. Its text is for tables alone; no agent announces it. */
function bandwidthText(octets: Buffer): string | undefined {
  if (octets.readUInt16BE() !== LINK_BANDWIDTH) return undefined
  return `bandwidth:${octets.readUInt16BE(2)}:${Math.round(octets.readFloatBE(4))}`
}

/** What eight octets are. */
function extendedOf(octets: Buffer): ExtendedCommunity {
  switch (octets.readUInt16BE()) {
    case 0x0002:
      return {
        kind: 'route-target',
        target: `${octets.readUInt16BE(2)}:${octets.readUInt32BE(4)}`,
      }
    case 0x030c:
      // RFC 9012 section 4.1: the four reserved octets are ignored by a receiver.
      if (octets.readUInt16BE(6) === TUNNEL_VXLAN) return { kind: 'vxlan' }
      break
    case 0x030d:
      return { kind: 'default-gateway' }
    case 0x0600:
      return {
        kind: 'mobility',
        sequence: octets.readUInt32BE(4),
        sticky: (octets.readUInt8(2) & 1) === 1,
      }
    case 0x0603:
      return { kind: 'router-mac', mac: formatMac(macFromNumber(octets.readUIntBE(2, 6))) }
  }
  return { kind: 'unknown', octets: octets.toString('hex') }
}

/** What GoBGP is told, or `undefined` for text that is no extended community. */
export function apiExtended(text: string): ApiExtendedCommunity | undefined {
  const community = tryParseExtended(text)
  switch (community?.kind) {
    case undefined:
      return undefined
    case 'route-target': {
      const [asn, localAdmin] = community.target.split(':').map(Number)
      return {
        twoOctetAsSpecific: {
          isTransitive: true,
          subType: 2,
          asn: asn ?? 0,
          localAdmin: localAdmin ?? 0,
        },
      }
    }
    case 'vxlan':
      return { encap: { tunnelType: TUNNEL_VXLAN } }
    case 'router-mac':
      return { routerMac: { mac: community.mac } }
    case 'mobility':
      return {
        macMobility: {
          isSticky: community.sticky,
          sequenceNum: community.sequence,
        },
      }
    case 'default-gateway':
      return { defaultGateway: {} }
    case 'unknown': {
      const octets = Buffer.from(community.octets, 'hex')
      return { unknown: { type: octets.readUInt8(), value: octets.subarray(1) } }
    }
  }
}

/** The octets of the wire, or `undefined` when none of the fields is there or one is out of its range. */
export function extendedOctets(api: ApiExtendedCommunity): Buffer | undefined {
  const octets = Buffer.alloc(8)
  try {
    return write(api, octets) ? octets : undefined
  } catch {
    // A value that does not fit its field: nobody can have sent it, and it has no octets.
    return undefined
  }
}

function write(api: ApiExtendedCommunity, to: Buffer): boolean {
  return writeGeneric(api, to) || writeEvpn(api, to) || writeOpaque(api, to) || writeFlow(api, to)
}

/** RFC 4360 section 3, RFC 5668, RFC 4360 section 3.2, and whatever GoBGP itself does not know. */
function writeGeneric(api: ApiExtendedCommunity, to: Buffer): boolean {
  if (api.unknown !== undefined) {
    if (api.unknown.value?.length !== 7) return false
    to.writeUInt8(api.unknown.type ?? 0)
    api.unknown.value.copy(to, 1)
    return true
  }
  const two = api.twoOctetAsSpecific
  if (two !== undefined) return writeAs2(to, transitive(0x00, two.isTransitive), two.subType, two)
  const four = api.fourOctetAsSpecific
  if (four !== undefined) return writeAs4(to, transitive(0x02, four.isTransitive), four.subType, four)
  const ip = api.ipv4AddressSpecific
  if (ip !== undefined) return writeIp(to, transitive(0x01, ip.isTransitive), ip.subType, ip)
  const mup = api.mupTwoOctetAsSpecific
  if (mup !== undefined) return writeAs2(to, 0x0c, mup.subType, mup)
  const mupIp = api.mupIpv4AddressSpecific
  if (mupIp !== undefined) return writeIp(to, 0x0c, mupIp.subType, mupIp)
  const mupFour = api.mupFourOctetAsSpecific
  return mupFour !== undefined && writeAs4(to, 0x0c, mupFour.subType, mupFour)
}

/** RFC 7432 section 7.5 to 7.8, RFC 9135 section 8.1, RFC 8317 section 5, RFC 9251 section 9.4. */
function writeEvpn(api: ApiExtendedCommunity, to: Buffer): boolean {
  if (api.macMobility !== undefined) {
    head(to, 0x06, 0x00)
    to.writeUInt8(api.macMobility.isSticky === true ? 1 : 0, 2)
    to.writeUInt32BE(api.macMobility.sequenceNum ?? 0, 4)
  } else if (api.routerMac !== undefined) {
    head(to, 0x06, 0x03)
    to.writeUIntBE(parseMac(api.routerMac.mac ?? ''), 2, 6)
  } else if (api.esiLabel !== undefined) {
    head(to, 0x06, 0x01)
    to.writeUInt8(api.esiLabel.isSingleActive === true ? 1 : 0, 2)
    to.writeUIntBE(api.esiLabel.label ?? 0, 5, 3)
  } else if (api.esImport !== undefined) {
    head(to, 0x06, 0x02)
    to.writeUIntBE(parseMac(api.esImport.esImport ?? ''), 2, 6)
  } else if (api.etree !== undefined) {
    head(to, 0x06, 0x05)
    to.writeUInt8(api.etree.isLeaf === true ? 1 : 0, 2)
    to.writeUIntBE(api.etree.label ?? 0, 5, 3)
  } else if (api.multicastFlags !== undefined) {
    head(to, 0x06, 0x09)
    const { isIgmpProxy, isMldProxy } = api.multicastFlags
    to.writeUInt8((isIgmpProxy === true ? 1 : 0) | (isMldProxy === true ? 2 : 0), 3)
  } else return false
  return true
}

/** RFC 4360 section 3.3, RFC 9012 section 4, RFC 8097. */
function writeOpaque(api: ApiExtendedCommunity, to: Buffer): boolean {
  if (api.encap !== undefined) {
    head(to, 0x03, 0x0c)
    to.writeUInt16BE(api.encap.tunnelType ?? 0, 6)
  } else if (api.defaultGateway !== undefined) {
    head(to, 0x03, 0x0d)
  } else if (api.color !== undefined) {
    head(to, 0x03, 0x0b)
    to.writeUInt32BE(api.color.color ?? 0, 4)
  } else if (api.validation !== undefined) {
    head(to, 0x43, 0x00)
    to.writeUInt8(api.validation.state ?? 0, 7)
  } else if (api.opaque !== undefined) {
    if (api.opaque.value?.length !== 7) return false
    to.writeUInt8(transitive(0x03, api.opaque.isTransitive))
    api.opaque.value.copy(to, 1)
  } else return false
  return true
}

/** RFC 8955 section 7, RFC 7674, RFC 4761 section 3.2.4, and link bandwidth. */
function writeFlow(api: ApiExtendedCommunity, to: Buffer): boolean {
  const redirect2 = api.redirectTwoOctetAsSpecific
  if (redirect2 !== undefined) return writeAs2(to, 0x80, 0x08, redirect2)
  const redirectIp = api.redirectIpv4AddressSpecific
  if (redirectIp !== undefined) return writeIp(to, 0x81, 0x08, redirectIp)
  const redirect4 = api.redirectFourOctetAsSpecific
  if (redirect4 !== undefined) return writeAs4(to, 0x82, 0x08, redirect4)
  if (api.linkBandwidth !== undefined) {
    head(to, LOCAL, 0x04)
    to.writeUInt16BE(api.linkBandwidth.asn ?? 0, 2)
    to.writeFloatBE(api.linkBandwidth.bandwidth ?? 0, 4)
  } else if (api.trafficRate !== undefined) {
    head(to, 0x80, 0x06)
    to.writeUInt16BE(api.trafficRate.asn ?? 0, 2)
    to.writeFloatBE(api.trafficRate.rate ?? 0, 4)
  } else if (api.trafficAction !== undefined) {
    head(to, 0x80, 0x07)
    const { terminal, sample } = api.trafficAction
    to.writeUInt8((terminal === true ? 1 : 0) | (sample === true ? 2 : 0), 7)
  } else if (api.trafficRemark !== undefined) {
    head(to, 0x80, 0x09)
    to.writeUInt8(api.trafficRemark.dscp ?? 0, 7)
  } else if (api.vpls !== undefined) {
    head(to, 0x80, 0x0a)
    // Encapsulation type 19: VPLS.
    to.writeUInt8(19, 2)
    to.writeUInt8(api.vpls.controlFlags ?? 0, 3)
    to.writeUInt16BE(api.vpls.mtu ?? 0, 4)
  } else return false
  return true
}

function transitive(type: number, is: boolean | undefined): number {
  return is === true ? type : type | LOCAL
}

function head(to: Buffer, type: number, subType: number | undefined): void {
  to.writeUInt8(type)
  to.writeUInt8(subType ?? 0, 1)
}

interface AsFields {
  readonly asn?: number
  readonly localAdmin?: number
}

function writeAs2(
  to: Buffer,
  type: number,
  subType: number | undefined,
  { asn, localAdmin }: AsFields,
): boolean {
  head(to, type, subType)
  to.writeUInt16BE(asn ?? 0, 2)
  to.writeUInt32BE(localAdmin ?? 0, 4)
  return true
}

function writeAs4(
  to: Buffer,
  type: number,
  subType: number | undefined,
  { asn, localAdmin }: AsFields,
): boolean {
  head(to, type, subType)
  to.writeUInt32BE(asn ?? 0, 2)
  to.writeUInt16BE(localAdmin ?? 0, 6)
  return true
}

function writeIp(
  to: Buffer,
  type: number,
  subType: number | undefined,
  { address, localAdmin }: { readonly address?: string; readonly localAdmin?: number },
): boolean {
  const ip = tryParseIpv4(address ?? '')
  if (ip === undefined) return false
  head(to, type, subType)
  to.writeUInt32BE(ip, 2)
  to.writeUInt16BE(localAdmin ?? 0, 6)
  return true
}
