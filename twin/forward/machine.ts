/**
 * What all stages of a node share: the clock of the input, the program and its state, and the effects so far.
 *
 * @module
 */
import type { Ip } from '../packet/address.js'
import type { Bridge, Config, Irb, Member, Port, Vxlan } from './config.js'
import type { Fate } from './fate.js'
import type { Effect, Lineage } from './input.js'
import type { SakOf } from './macsec-load.js'
import type { TransmitState } from './macsec-state.js'
import type { SealedFrame } from './sealed-frame.js'
import { tailOf, TunnelledFrame, whole, type LazyFrame } from './tunnelled-frame.js'
import type { Tracer } from './tracer.js'
import type { SecretOf } from './wireguard-keys.js'
import type { Seed } from './wireguard-seed.js'
import type { ToSeal, Wireguard } from './wireguard-state.js'

/**
 * Stages that are called from below: the way of a frame is a circle (bridge, gateway, route, tunnel, bridge), imports
 * are not.
 */
export interface UpperStages {
  /** BRIDGE-1: a frame entered from a member, behind a vxlan interface from `remote`. */
  enterBridge(m: Machine, bridge: Bridge, member: Member, remote: Ip | undefined, frame: Uint8Array): void
  /** BRIDGE-6: a frame entered from the bridge's IRB. */
  enterBridgeFromIrb(m: Machine, irb: Irb, frame: Uint8Array): void
  /** VXLAN-1: a frame is sent by a vxlan interface to a remote. */
  encapsulate(m: Machine, vxlan: Vxlan, remote: Ip, frame: Uint8Array | SealedFrame): void
  /** WG-24: a packet is sent on a wireguard interface. */
  sendOnWireguard(m: Machine, wg: Wireguard, packet: ToSeal): void
  /** WG-17: a wireguard interface has opened a packet, which is behind an Ethernet header and ends with the frame. */
  receiveOpened(m: Machine, wg: Wireguard, frame: Uint8Array, family: 4 | 6): void
}

/** How a node is run. */
export interface MachineOptions {
  readonly tracer?: Tracer | undefined
  /** Seal when somebody looks. */
  readonly lazySeal?: boolean
}

/** A node while it processes an input. */
export class Machine {
  /** Of the input (MODEL-2). */
  now = 0n
  /** Of the frame at hand. */
  lineage: Lineage = 0
  effects: Effect[] = []
  /** Times that learned state was changed, refreshing left out. */
  writes = 0
  /** Sealed frames and messages that were accepted: each moves a lowest acceptable PN, a window or a handshake. */
  accepted = 0
  /** Packets that wait for a neighbour. */
  held = 0
  /** Packets that wait for a session of a peer (WG-25). */
  heldByPeers = 0
  /** The last one (WG-4); outlives the program. */
  seed: Seed | undefined
  /** Of transmit SAs, by SCI and key (MACSEC-9); outlives the program. */
  readonly packetNumbers = new Map<string, TransmitState>()
  /** Ids of ports that a carrier input took the carrier from (PORT-6); outlives the program (CTRL-8). */
  readonly withoutCarrier = new Set<number>()
  readonly lazySeal: boolean

  constructor(
    public config: Config,
    readonly upper: UpperStages,
    /** Keys that `apply` names (WG-33, MACSEC-11). */
    readonly keys: { readonly secretOf: SecretOf; readonly sakOf: SakOf },
    options: MachineOptions,
  ) {
    this.trace = options.tracer
    this.lazySeal = options.lazySeal ?? false
  }

  /** Where executed clauses are told; call it as `m.trace?.step(...)`. */
  trace: Tracer | undefined

  /** Decides the end of a copy. */
  fate(fate: Fate): void {
    this.emit({ kind: 'fate', fate, lineage: this.lineage })
  }

  /** Sends a frame on a port. */
  tx(port: Port, frame: Uint8Array): void {
    if (this.lazySeal && tailOf(frame) !== undefined) this.txLazily(port, new TunnelledFrame(frame))
    else {
      this.emit({
        kind: 'tx',
        interface: port.id,
        frame: whole(frame),
        sealed: undefined,
        lineage: this.lineage,
      })
    }
  }

  /** Sends on a port what is sealed when somebody looks. */
  txLazily(port: Port, frame: LazyFrame): void {
    this.emit(new LazyTx(port.id, frame, this.lineage))
  }

  /** Hands a frame to the kernel by the TAP of a port. */
  punt(port: Port, frame: Uint8Array): void {
    this.emit({ kind: 'punt', interface: port.id, frame, lineage: this.lineage })
  }

  private emit(effect: Effect): void {
    this.effects.push(effect)
    this.trace?.effect?.(effect)
  }
}

class LazyTx {
  readonly kind = 'tx' as const
  readonly interface: number

  constructor(
    port: number,
    readonly sealed: LazyFrame,
    readonly lineage: Lineage,
  ) {
    this.interface = port
  }

  get frame(): Uint8Array {
    return this.sealed.frame
  }
}
