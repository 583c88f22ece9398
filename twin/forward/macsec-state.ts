/**
 * MACsec interfaces as a node keeps them (section 5). Keys are key objects, which do not print.
 *
 * @module
 */
import type { MacsecInterface } from '../../contract/program.js'
import type { ConfidentialityOffset, Sak, Xpn } from '../packet/macsec.js'
import type { Sci } from '../packet/sectag.js'
import type { Bridge, Layer3, Port, Vrf, Vxlan } from './config.js'
import type { Sealer } from './sealed-frame.js'

/** What a cipher suite asks of keys and packet numbers. */
export interface Suite {
  /** Octets of a key, salt included. */
  readonly keyLength: 16 | 28 | 32 | 44
  readonly xpn: boolean
  readonly lastPn: bigint
  /** From this packet number on the next SA is wanted (MACSEC-7). */
  readonly newKeyAt: bigint
}

const PN = { xpn: false, lastPn: 0xffff_ffffn, newKeyAt: 0xc000_0000n } as const
const EXTENDED = { xpn: true, lastPn: 0xffff_ffff_ffff_ffffn, newKeyAt: 0xc000_0000_0000_0000n } as const

export const SUITES: Readonly<Record<MacsecInterface['cipher'], Suite>> = {
  'gcm-aes-128': { keyLength: 16, ...PN },
  'gcm-aes-256': { keyLength: 32, ...PN },
  'gcm-aes-xpn-128': { keyLength: 28, ...EXTENDED },
  'gcm-aes-xpn-256': { keyLength: 44, ...EXTENDED },
}

/** MACSEC-8, of an interface. */
const INTERFACE_COUNTERS = [
  'InPktsUntagged',
  'InPktsNoTag',
  'InPktsBadTag',
  'InPktsNoSA',
  'InPktsNoSAError',
  'OutPktsUntagged',
  'OutPktsTooLong',
  'OutOctetsProtected',
  'OutOctetsEncrypted',
] as const
/** MACSEC-8, of a receive channel. */
const CHANNEL_COUNTERS = [
  'InPktsUnchecked',
  'InPktsDelayed',
  'InPktsLate',
  'InPktsOK',
  'InPktsInvalid',
  'InPktsNotValid',
  'InOctetsValidated',
  'InOctetsDecrypted',
] as const
/** MACSEC-8, of a transmit SA. */
const TRANSMIT_COUNTERS = ['OutPktsProtected', 'OutPktsEncrypted'] as const

export type InterfaceCounters = Record<(typeof INTERFACE_COUNTERS)[number], number>
export type ChannelCounters = Record<(typeof CHANNEL_COUNTERS)[number], number>
export type TransmitCounters = Record<(typeof TRANSMIT_COUNTERS)[number], number>

export const interfaceCounters = (): InterfaceCounters => zeros(INTERFACE_COUNTERS)
export const channelCounters = (): ChannelCounters => zeros(CHANNEL_COUNTERS)

function zeros<N extends string>(names: readonly N[]): Record<N, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<N, number>
}

/** The key of an SA. */
export interface AssociationKey {
  /** By what the program names it. */
  readonly reference: string
  /** As the key file has it: SAK, and salt of an XPN suite. */
  readonly key: Sak
  readonly sak: Sak
  /** With an XPN suite. */
  readonly xpn: Xpn | undefined
}

export interface ReceiveAssociation {
  readonly sci: Sci
  readonly an: number
  readonly key: AssociationKey
  /** The lowest acceptable PN (MACSEC-4), one more than the last there is when none is acceptable. */
  lowest: bigint
}

/** What a node remembers of a transmit SA as long as it runs, by SCI and key (MACSEC-9). */
export interface TransmitState {
  /** The next PN, one more than the last there is when none is left. */
  next: bigint
  readonly counters: TransmitCounters
}

/** State of a pair of SCI and key that the node is given for the first time. */
export function transmitState(next: bigint): TransmitState {
  return { next, counters: zeros(TRANSMIT_COUNTERS) }
}

export interface TransmitAssociation {
  readonly an: number
  readonly key: AssociationKey
  /** What the program, or `apply`, asks to begin with. */
  readonly start: bigint
  readonly sealer: Sealer
  state: TransmitState
}

/** Receive SAs of one SCI (MACSEC-3). It is there while it has one. */
export interface ReceiveChannel {
  readonly sci: Sci
  /** By AN. */
  readonly associations: (ReceiveAssociation | undefined)[]
  counters: ChannelCounters
}

export interface Macsec extends Layer3 {
  readonly kind: 'macsec'
  /** Exactly one of these; on a vxlan interface the bridge (MACSEC-10). */
  readonly vrf: Vrf | undefined
  readonly bridge: Bridge | undefined
  readonly lower: Port | Vxlan
  readonly cipher: MacsecInterface['cipher']
  /** CTRL-2 */
  mode: MacsecInterface['mode']
  /** CTRL-2 */
  protect: boolean
  readonly offset: ConfidentialityOffset
  /** TCI of what it seals. */
  readonly tci: number
  readonly replayProtect: boolean
  readonly replayWindow: bigint
  readonly transmitSci: Sci
  /** `tx`, then `standby` (MACSEC-7). */
  tx: readonly TransmitAssociation[]
  /** In order (MACSEC-11). */
  readonly rx: ReceiveAssociation[]
  readonly channels: Map<Sci, ReceiveChannel>
  counters: InterfaceCounters
}
