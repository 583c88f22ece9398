/**
 * A node of a fabric: the machine of `docs/fabric-machine.md`, one input at a time (MODEL-1). It reads no clock, draws
 * no random number and opens no file; equal inputs give equal effects.
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import type { NodeProgram } from '../../contract/program.js'
import type { Ip, Mac } from '../packet/address.js'
import type { Sak } from '../packet/macsec.js'
import type { Secret } from '../packet/wireguard-crypto.js'
import { enterBridge, enterBridgeFromIrb } from './bridge.js'
import type { Config, Port } from './config.js'
import { apply, clock, control, flush, leave, setCarrier, updateNeighbour, type Refusal } from './control.js'
import { ForwardError } from './errors.js'
import type { Effect, Input, Lineage, Nanoseconds } from './input.js'
import { keyOf, secretOf, type Keys } from './keys.js'
import { learnedState, membershipsOf, type KnownMembership, type LearnedState } from './learned.js'
import { loadProgram } from './load.js'
import { Machine, type MachineOptions, type UpperStages } from './machine.js'
import { giveUp } from './macsec-change.js'
import { takeOverMacsec } from './macsec-load.js'
import { macsecOf, type KnownMacsec } from './macsec-tables.js'
import { passes } from './pass.js'
import { receive, receiveOpened, receivePunted } from './port.js'
import type { LazyFrame } from './tunnelled-frame.js'
import { encapsulate } from './vxlan.js'
import { takeOver } from './wireguard-load.js'
import { ENTROPY_LENGTH, seed } from './wireguard-seed.js'
import { sendOnWireguard } from './wireguard-send.js'
import { sessionKeysOf, wireguardOf, type KnownWireguard, type SessionKeys } from './wireguard-tables.js'

const UPPER_STAGES: UpperStages = {
  enterBridge,
  enterBridgeFromIrb,
  encapsulate,
  sendOnWireguard,
  receiveOpened,
}

/** How a node is run: a tracer, lazy sealing. */
export type NodeOptions = MachineOptions

/** Of what the operation `tables` tells, that which is the same for whoever looks. */
export interface NodeTables {
  readonly memberships: readonly KnownMembership[]
  /** Of all ports, by interface. */
  readonly carrier: readonly { readonly interface: number; readonly up: boolean }[]
  readonly macsec: readonly KnownMacsec[]
  readonly wireguard: readonly KnownWireguard[]
}

/** A node with its program and its state. */
export class FabricNode {
  private readonly machine: Machine

  /**
   * @param keys - for every key reference of the program.
   * @throws {ForwardError} `ZT_PROGRAM_INVALID` or `ZT_KEY_MISSING`
   */
  constructor(
    program: NodeProgram,
    private readonly keys: Keys = new Map(),
    options: NodeOptions = {},
  ) {
    const config = loadProgram(program, keys)
    const lookUp = {
      secretOf: (reference: string): Secret => secretOf(keys, reference, program.node),
      sakOf: (reference: string, octets: number): Sak => keyOf(keys, reference, octets, program.node),
    }
    this.machine = new Machine(config, UPPER_STAGES, lookUp, options)
    takeOverMacsec(this.machine.packetNumbers, undefined, config)
  }

  /** Name of the node. */
  get name(): string {
    return this.machine.config.node
  }

  /** Packets that wait for a neighbour (NEIGH-4). */
  get held(): number {
    return this.machine.held
  }

  /**
   * Goes up with every change of what the node has learned or was told by `apply`: MACs, moves, neighbours, routes, flood
   * lists. Refreshing an entry, ageing, packet numbers and counters do not count.
   */
  get stateVersion(): number {
    return this.machine.writes
  }

  /** What the node has heard on its own ports, as the operation `learned` tells it, at the time of its last input. */
  learned(): LearnedState {
    return learnedState(this.machine.config, this.machine.now)
  }

  /** Valid memberships, the carrier of ports, macsec and wireguard interfaces, as the operation `tables` tells them, at the time of the last input. */
  tables(): NodeTables {
    const { config, now, withoutCarrier } = this.machine
    const ports = [...config.interfaces.values()].filter(({ kind }) => kind === 'port')
    return {
      memberships: membershipsOf(config, now),
      carrier: ports.map(({ id }) => ({ interface: id, up: !withoutCarrier.has(id) })),
      macsec: macsecOf(config),
      wireguard: wireguardOf(config, now),
    }
  }

  /** Keys of the sessions that there are, for whoever looks at links with the twin's eyes. */
  sessions(): readonly SessionKeys[] {
    return sessionKeysOf(this.machine.config)
  }

  /** Packets that wait for a session of a WireGuard peer (WG-25). */
  get heldByPeers(): number {
    return this.machine.heldByPeers
  }

  /**
   * Sealed frames and WireGuard messages accepted so far, each of which moved a lowest acceptable PN (MACSEC-6), a window (WG-16) or a
   * handshake (WG-12, WG-14).
   */
  get acceptedSealed(): number {
    return this.machine.accepted
  }

  /** PORT-6 */
  hasCarrier(interfaceId: number): boolean {
    return !this.machine.withoutCarrier.has(interfaceId)
  }

  /** PUNT-3: whether a frame that a port receives passes to the kernel, and is in no journal of an engine's. */
  passes(interfaceId: number, frame: Uint8Array): boolean {
    const port = this.machine.config.interfaces.get(interfaceId)
    return port?.kind === 'port' && passes(port, frame)
  }

  /** The program and its state, to be read only. */
  get config(): Config {
    return this.machine.config
  }

  /**
   * Processes an input.
   *
   * @throws {ForwardError} `ZT_INPUT_INVALID` when it names no port or its time lies before the last one's; for `load`
   *   also those of the constructor. The node is then as it was.
   */
  input(input: Input): Effect[] {
    switch (input.kind) {
      case 'frame':
        return this.frame(input.now, input.interface, input.frame, input.lineage)
      case 'punt':
        return this.punt(input.now, input.interface, input.frame, input.lineage)
      case 'neighbour':
        return this.neighbour(input.now, input.interface, input.address, input.mac)
      case 'control':
        return this.control(input.now, input.request).effects
      case 'load':
        return this.load(input.now, input.program)
      case 'clock':
        return this.clock(input.now)
      case 'seed':
        return this.seed(input.now, input.wallTime, input.entropy)
    }
  }

  /** A frame received on a port. */
  frame(
    now: Nanoseconds,
    interfaceId: number,
    frame: Uint8Array | LazyFrame,
    lineage: Lineage = 0,
  ): Effect[] {
    const port = this.port(interfaceId)
    const m = this.begin(now, lineage)
    receive(m, port, frame)
    return m.effects
  }

  /** A frame from the TAP of a port (PUNT-2). */
  punt(now: Nanoseconds, interfaceId: number, frame: Uint8Array, lineage: Lineage = 0): Effect[] {
    const port = this.port(interfaceId)
    const m = this.begin(now, lineage)
    receivePunted(m, port, frame)
    return m.effects
  }

  /** A neighbour of a port or macsec interface was set or, without `mac`, removed (NEIGH-1). */
  neighbour(now: Nanoseconds, interfaceId: number, address: Ip, mac?: Mac): Effect[] {
    const m = this.begin(now, 0)
    if (!updateNeighbour(m, interfaceId, address, mac)) {
      throw this.invalid(`interface ${interfaceId}`, 'is no port and no macsec interface')
    }
    return m.effects
  }

  /** A control operation; refused ones change nothing (CTRL-5). */
  control(
    now: Nanoseconds,
    request: unknown,
  ): { readonly effects: Effect[]; readonly refusal: Refusal | undefined } {
    const m = this.begin(now, 0)
    const refusal = control(m, request)
    return { effects: m.effects, refusal }
  }

  /** Makes table changes, all or none (CTRL-6), without the way through a control request. */
  apply(
    now: Nanoseconds,
    changes: readonly TableChange[],
  ): { readonly effects: Effect[]; readonly refusal: Refusal | undefined } {
    const m = this.begin(now, 0)
    const refusal = apply(m, changes)
    return { effects: m.effects, refusal }
  }

  /** Forgets all dynamic entries of a table (CTRL-3), without the way through a control request. */
  flush(now: Nanoseconds, table: 'fdb' | 'neighbours'): Effect[] {
    const m = this.begin(now, 0)
    flush(m, table)
    return m.effects
  }

  /**
   * A port has carrier or lost it (CTRL-8), without the way through a control request.
   *
   * @throws {ForwardError} `ZT_INPUT_INVALID` when it is no port.
   */
  carrier(now: Nanoseconds, interfaceId: number, up: boolean): Effect[] {
    const port = this.port(interfaceId)
    const m = this.begin(now, 0)
    setCarrier(m, port.id, up)
    return m.effects
  }

  /** A new program, whole or not at all (CTRL-1). */
  load(now: Nanoseconds, program: NodeProgram): Effect[] {
    const config = loadProgram(program, this.keys)
    const m = this.begin(now, 0)
    leave(m)
    const kept = takeOver(m.config, config)
    const associations = takeOverMacsec(m.packetNumbers, m.config, config)
    for (const macsec of m.config.macsecs) giveUp(m, macsec)
    m.config = config
    if (kept > 0) m.trace?.step('WG-32', 0, `${kept} peers go on`)
    if (config.macsecs.length > 0) {
      m.trace?.step('MACSEC-8', 0, 'counters of what stays go on')
      m.trace?.step('MACSEC-9', 0, `the lowest acceptable PNs of ${associations} SAs go on`)
    }
    return m.effects
  }

  /** A clock (CLOCK-1). */
  clock(now: Nanoseconds): Effect[] {
    const m = this.begin(now, 0)
    clock(m)
    return m.effects
  }

  /**
   * Wall time, ns since the Unix epoch, and 32 octets that nobody knows (WG-4).
   *
   * @throws {ForwardError} `ZT_INPUT_INVALID` on another number of octets.
   */
  seed(now: Nanoseconds, wallTime: Nanoseconds, entropy: Uint8Array): Effect[] {
    if (entropy.length !== ENTROPY_LENGTH) throw this.invalid('seed', `${entropy.length} octets of entropy`)
    const m = this.begin(now, 0)
    seed(m, wallTime, entropy)
    return m.effects
  }

  private begin(now: Nanoseconds, lineage: Lineage): Machine {
    const m = this.machine
    if (now < m.now) throw this.invalid('time', `${now} lies before ${m.now}`)
    m.now = now
    m.lineage = lineage
    m.effects = []
    return m
  }

  private port(id: number): Port {
    const port = this.machine.config.interfaces.get(id)
    if (port?.kind !== 'port') throw this.invalid(`interface ${id}`, 'is no port')
    return port
  }

  private invalid(where: string, what: string): ForwardError {
    return new ForwardError('ZT_INPUT_INVALID', `${this.name}: ${where}`, what, {
      remedy: 'give inputs that fit the program, in order of time',
    })
  }
}
