/**
 * Fates: how a copy of a frame ends on a node (MODEL-4). The names and codes of `contract/fates.json`, as a type; a test
 * holds the two equal.
 *
 * @module
 */

/** Names in the order of their codes, which start at 1. */
export const FATE_NAMES = [
  'frame-truncated',
  'frame-oversize',
  'ethertype-unknown',
  'ipv4-header-invalid',
  'ipv4-checksum',
  'ipv6-header-invalid',
  'mac-not-for-us',
  'l2-group-ip-unicast',
  'punt-unavailable',
  'mtu-exceeded',
  'fragmentation-unsupported',
  'macsec-clear',
  'macsec-unexpected',
  'macsec-tag-invalid',
  'macsec-sci-unknown',
  'macsec-an-unknown',
  'macsec-replay',
  'macsec-icv',
  'macsec-pn-exhausted',
  'source-mac-invalid',
  'source-mac-local',
  'vlan-tagged',
  'reserved-multicast',
  'same-port',
  'split-horizon',
  'static-mac-move',
  'flood-empty',
  'irb-ignored',
  'arp-ignored',
  'arp-answered',
  'arp-suppressed',
  'nd-answered',
  'nd-suppressed',
  'neighbour-missing',
  'neighbour-queue',
  'neighbour-full',
  'neighbour-unresolved',
  'martian-source',
  'martian-destination',
  'link-local-not-routed',
  'no-route',
  'blackhole',
  'directed-broadcast',
  'ttl-exceeded',
  'local-fragment',
  'echo-answered',
  'icmp-invalid',
  'no-listener',
  'udp-length',
  'udp-checksum',
  'vxlan-flags',
  'vxlan-vni-unknown',
  'vxlan-source-unknown',
  'ecn-invalid',
  'program-changed',
  'wireguard-clear',
  'wireguard-malformed',
  'wireguard-mac1',
  'wireguard-under-load',
  'wireguard-rate-limited',
  'wireguard-handshake-invalid',
  'wireguard-handshake-replay',
  'wireguard-index-unknown',
  'wireguard-cookie-invalid',
  'wireguard-key-expired',
  'wireguard-auth',
  'wireguard-replay',
  'wireguard-inner-invalid',
  'wireguard-source-not-allowed',
  'wireguard-no-peer',
  'wireguard-no-endpoint',
  'wireguard-queue',
  'wireguard-unanswered',
  'wireguard-unready',
  'wireguard-handshake',
  'wireguard-cookie',
  'wireguard-keepalive',
] as const

/** Name of a fate. */
export type Fate = (typeof FATE_NAMES)[number]

const CODES: ReadonlyMap<string, number> = new Map(FATE_NAMES.map((name, index) => [name, index + 1]))

/** Code of a fate, as journals carry it. */
export function fateCode(fate: Fate): number {
  return CODES.get(fate) as number
}

/** Name of a code, `undefined` when no fate has it. */
export function fateOfCode(code: number): Fate | undefined {
  return FATE_NAMES[code - 1]
}
