/**
 * What each layer adds to a packet.
 *
 * @module
 */
import type { MacsecSeal, Seal, Tenant, Underlay } from './fabric.js'

/** Ethernet 14, VXLAN 8, UDP 8 and the outer IP header: what a network's packet grows by on the underlay. */
export const VXLAN_OVERHEAD = { 4: 50, 6: 70 } as const
/** The outer IP header, UDP 8, the header of data 16, the tag 16 (WG-23, WG-26). */
export const WIREGUARD_OVERHEAD = { 4: 60, 6: 80 } as const
/** SecTAG 16, or 8 without SCI, and the ICV 16 (IEEE 802.1AE-2018 clause 9). */
const MACSEC_OVERHEAD = 32
const SHORT_MACSEC_OVERHEAD = 24

/** Of a macsec interface, or the seal that it comes of. */
export function macsecOverhead({ tag }: { readonly tag?: MacsecSeal['tag'] }): number {
  return tag === undefined ? MACSEC_OVERHEAD : SHORT_MACSEC_OVERHEAD
}

/** By how much a seal makes the packets of links longer. */
export function sealOverhead(underlay: Underlay, seal: Seal): number {
  return seal.kind === 'macsec' ? macsecOverhead(seal) : WIREGUARD_OVERHEAD[outerFamily(underlay)]
}

/** Of the links' own addresses: those of unnumbered ones are link-local. */
function outerFamily({ links }: Underlay): 4 | 6 {
  return links?.family ?? 6
}

/** What is put around a tenant's packet. */
interface Layer {
  readonly name: string
  readonly adds: number
}

/** Between a network of a tenant and the underlay, the innermost first. */
export function tenantLayers({ family }: Underlay, { seal, underlay }: Tenant): readonly Layer[] {
  if (underlay) return []
  return [
    ...(seal === undefined ? [] : [{ name: `seal ${seal.name}`, adds: innerOverhead(family, seal) }]),
    { name: `VXLAN over IPv${family}`, adds: VXLAN_OVERHEAD[family] },
  ]
}

/** By how much the seal of a tenant makes its packets longer: between VTEPs, which have addresses of this family. */
export function innerOverhead(family: 4 | 6, seal: Seal): number {
  return seal.kind === 'macsec' ? macsecOverhead(seal) : WIREGUARD_OVERHEAD[family]
}
