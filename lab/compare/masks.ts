/**
 * What is masked before frames of two interpreters are compared, each with its clause and its reason. Nothing else is masked:
 * a test flips every other bit and must see a difference.
 *
 * @module
 */

/** Where a mask applies: between twin and lab, or between the fabric machine and the Linux kernel's own vxlan. */
export type Comparison = 'lab' | 'kernel'

export interface Mask {
  readonly id: string
  readonly in: readonly Comparison[]
  readonly clause: string
  /** What is masked, in words and in octets of the frame at hand. */
  readonly field: string
  readonly reason: string
  /** What still must hold of the masked field. */
  readonly still: string
}

export const masks: readonly Mask[] = [
  {
    id: 'macsec-pn',
    in: ['lab', 'kernel'],
    clause: 'MACSEC-7',
    field:
      'octets 16..19 of a sealed frame, and with them the ICV, which is verified with the whole real PN when the frame is opened; in a tunnel the UDP checksum outside too, which is verified as well',
    reason:
      'two frames that race over a link, or between leaves, may take their packet numbers in either order',
    still: 'within an SA packet numbers rise strictly and are never used again',
  },
  {
    id: 'wireguard-session',
    in: ['lab'],
    clause: 'WG-16',
    field:
      'receiver index and counter of a data message, and with them the tag and the UDP checksum, which are verified when it is opened',
    reason:
      'sessions are made of what is drawn, and two packets that race over a link may take their counters in either order',
    still: 'within a session counters rise strictly and are never used again',
  },
  {
    id: 'outer-source-port',
    in: ['kernel'],
    clause: 'HASH-5',
    field:
      'octets 34..35 of a VXLAN frame over IPv4, 54..55 over IPv6, and over IPv6 the UDP checksum with them',
    reason:
      'the kernel computes it with a hash and a secret of its own (RFC 7348 section 5 leaves the hash open)',
    still: 'constant for a flow',
  },
  {
    id: 'outer-ip-id',
    in: ['kernel'],
    clause: 'VXLAN-3',
    field: 'octets 18..19 of a VXLAN frame over IPv4, and the header checksum with them, which is verified',
    reason:
      'the kernel counts; the fabric machine sends 0 with DF (RFC 6864 section 4.1 allows both for atomic datagrams)',
    still: 'nothing; the datagram is atomic',
  },
  {
    id: 'outer-ecn-ce',
    in: ['kernel'],
    clause: 'VXLAN-3',
    field: 'the ECN bits of the outer header where the inner packet carries CE',
    reason:
      'the kernel sends ECT(0) (INET_ECN_encapsulate, RFC 3168 section 9.1.1), RFC 6040 section 4.1 normal mode copies CE',
    still: 'CE or ECT(0), nothing else',
  },
]

/** The masks of a comparison. */
export function masksOf(comparison: Comparison): readonly Mask[] {
  return masks.filter((mask) => mask.in.includes(comparison))
}
