/**
 * What pcap and pcapng files have in common.
 *
 * @module
 */

/** `LINKTYPE_ETHERNET`. */
export const LINKTYPE_ETHERNET = 1

/** The most octets of a packet that a file written here keeps; tcpdump's own default. */
export const MAX_SNAP_LENGTH = 262_144

/** A packet of a capture file. */
export interface CapturedPacket {
  /** Nanoseconds since 1970-01-01 UTC; 0 where the file records no time. */
  readonly timestamp: bigint
  /** The octets kept, a view into the file. */
  readonly bytes: Uint8Array
  /** Octets of the packet on the wire. */
  readonly originalLength: number
  /** Index into {@link Capture.interfaces}. */
  readonly interface: number
  readonly comments: readonly string[]
  /** As the capturing interface saw it, where recorded. */
  readonly direction?: 'inbound' | 'outbound'
}

/** Where packets of a capture file were seen. */
export interface CaptureInterface {
  /** `LINKTYPE_` value, 1 is Ethernet. */
  readonly linkType: number
  /** Octets kept of a packet at most; 0 means no limit. */
  readonly snapLength: number
  readonly name?: string
  readonly description?: string
  readonly comments: readonly string[]
}

/** A capture file that was read. */
export interface Capture {
  readonly format: 'pcap' | 'pcapng'
  readonly byteOrder: 'little' | 'big'
  readonly interfaces: readonly CaptureInterface[]
  readonly packets: readonly CapturedPacket[]
  /** Comments on the file as a whole. */
  readonly comments: readonly string[]
}

/** A packet to write; what is left out is 0, all of it, the first interface, none. */
export interface PacketToWrite {
  readonly timestamp?: bigint
  readonly bytes: Uint8Array
  readonly originalLength?: number
  readonly interface?: number
  readonly comments?: readonly string[]
  readonly direction?: 'inbound' | 'outbound'
}
