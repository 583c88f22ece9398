/**
 * Builders: one function a layer, nested as the frame is.
 *
 * @example
 * ```ts
 * const frame = encodeFrame(
 *   ethernet({ dst, src }, ipv4({ src: a, dst: b }, udp({ srcPort: 1000, dstPort: 53 }, payload('question')))),
 * )
 * ```
 *
 * Lengths, checksums and next-protocol fields are computed unless given (see {@link LayerSpec}).
 *
 * @module
 */
import type {
  ArpSpec,
  EthernetSpec,
  EtherTypeSpec,
  ExtensionSpec,
  FragmentSpec,
  IcmpSpec,
  Icmpv6Spec,
  Ieee8023Spec,
  Ipv4Spec,
  Ipv6Spec,
  LayerSpec,
  MacsecSpec,
  NdOptionSpec,
  NdRouterSpec,
  NdTargetSpec,
  SctpSpec,
  TcpSpec,
  UdpSpec,
  VlanSpec,
  VxlanSpec,
  WireguardCookieReplySpec,
  WireguardDataSpec,
  WireguardInitiationSpec,
  WireguardResponseSpec,
} from './layer.js'

/** Layers from the outside in, as the builders nest them. */
export type Stack = readonly LayerSpec[]

type Fields<S> = Omit<S, 'kind'>

/** A layer before what it carries. A trailer that names -1 belongs to the layer it is put into. */
function put(layer: LayerSpec, carried: readonly Stack[]): Stack {
  const layers: LayerSpec[] = [layer]
  for (const stack of carried) {
    const start = layers.length
    for (const spec of stack) {
      if (spec.kind !== 'trailer') layers.push(spec)
      else layers.push({ ...spec, of: spec.of === -1 ? 0 : spec.of + start })
    }
  }
  return layers
}

export const ethernet = (fields: Fields<EthernetSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'ethernet', ...fields }, carried)

export const ieee8023 = (fields: Fields<Ieee8023Spec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'ieee802.3', ...fields }, carried)

export const vlan = (fields: Fields<VlanSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'vlan', ...fields }, carried)

export const arp = (fields: Fields<ArpSpec>): Stack => [{ kind: 'arp', ...fields }]

export const ipv4 = (fields: Fields<Ipv4Spec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'ipv4', ...fields }, carried)

export const ipv6 = (fields: Fields<Ipv6Spec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'ipv6', ...fields }, carried)

export const extension = (fields: Fields<ExtensionSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'extension', ...fields }, carried)

export const fragment = (fields: Fields<FragmentSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'fragment', ...fields }, carried)

export const icmp = (fields: Fields<IcmpSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'icmp', ...fields }, carried)

export const icmpv6 = (fields: Fields<Icmpv6Spec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'icmpv6', ...fields }, carried)

export const ndTarget = (fields: Fields<NdTargetSpec>, ...options: readonly Stack[]): Stack =>
  put({ kind: 'nd-target', ...fields }, options)

export const ndRouter = (fields: Fields<NdRouterSpec>, ...options: readonly Stack[]): Stack =>
  put({ kind: 'nd-router', ...fields }, options)

export const ndOption = (fields: Fields<NdOptionSpec>): Stack => [{ kind: 'nd-option', ...fields }]

export const udp = (fields: Fields<UdpSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'udp', ...fields }, carried)

export const tcp = (fields: Fields<TcpSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'tcp', ...fields }, carried)

export const sctp = (fields: Fields<SctpSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'sctp', ...fields }, carried)

export const vxlan = (fields: Fields<VxlanSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'vxlan', ...fields }, carried)

export const wireguardInitiation = (fields: Fields<WireguardInitiationSpec>): Stack => [
  { kind: 'wireguard-initiation', ...fields },
]

export const wireguardResponse = (fields: Fields<WireguardResponseSpec>): Stack => [
  { kind: 'wireguard-response', ...fields },
]

export const wireguardCookieReply = (fields: Fields<WireguardCookieReplySpec>): Stack => [
  { kind: 'wireguard-cookie-reply', ...fields },
]

export const wireguardData = (fields: Fields<WireguardDataSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'wireguard-data', ...fields }, carried)

export const macsec = (fields: Fields<MacsecSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'macsec', ...fields }, carried)

export const etherType = (fields: Fields<EtherTypeSpec>, ...carried: readonly Stack[]): Stack =>
  put({ kind: 'ethertype', ...fields }, carried)

/** Octets, or the UTF-8 of text. */
export const payload = (data: Uint8Array | string): Stack => [
  { kind: 'payload', data: typeof data === 'string' ? new TextEncoder().encode(data) : data },
]

/** Octets behind what the carried layer's length field covers; put it last, `ethernet({...}, ipv4(...), padding(46))`. */
export const padding = (data: Uint8Array | number): Stack => [
  { kind: 'trailer', role: 'padding', of: -1, data: typeof data === 'number' ? new Uint8Array(data) : data },
]

/** Integrity check value at the end of what a SecTAG protects. */
export const icv = (data: Uint8Array): Stack => [{ kind: 'trailer', role: 'icv', of: -1, data }]
