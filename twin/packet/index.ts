/**
 * Packet codecs of the twin: addresses, checksums, field accessors for the forwarder, whole-frame decoding and building,
 * MACsec, capture files and text for people.
 *
 * Three levels:
 * - accessors on octets at an offset, without allocation or bounds checks: `ipv4.ttl(bytes, offset)`;
 * - layers: `decodeFrame(bytes)` and `encodeFrame(build.ethernet(...))`;
 * - text: `describeFrame(bytes)`.
 *
 * @module
 */
export * from './address.js'
export * from './bytes.js'
export * from './checksum.js'
export * from './errors.js'
export * from './layer.js'
export { decodeFrame, decodePacket } from './decode.js'
export { describeFrame, explainFrame } from './describe.js'
export { encodeFrame } from './encode.js'
export type { Stack } from './build.js'
export type { Capture, PacketToWrite } from './capture.js'
export { writePcap } from './pcap.js'
export { readPcapng, writePcapng } from './pcapng.js'
export { readCapture } from './read-capture.js'
export { importSak, importXpnKey, open, readSecTag, recoverPn, seal } from './macsec.js'
export type { ConfidentialityOffset, Sak, SecTagInfo, Xpn } from './macsec.js'
export { formatSci, parseSci, sciOf, type Sci } from './sectag.js'
export { encodeTraceId, findTraceId, TRACE_ID_LENGTH, writeTraceId, type TraceId } from './trace-id.js'

export * as build from './build.js'

export * as arp from './arp.js'
export * as ethernet from './ethernet.js'
export * as icmp from './icmp.js'
export * as icmpv6 from './icmpv6.js'
export * as ipv4 from './ipv4.js'
export * as ipv6 from './ipv6.js'
export * as ipv6Extension from './ipv6-extension.js'
export * as sctp from './sctp.js'
export * as sectag from './sectag.js'
export * as tcp from './tcp.js'
export * as udp from './udp.js'
export * as vlan from './vlan.js'
export * as vxlan from './vxlan.js'
export * as wireguard from './wireguard.js'
