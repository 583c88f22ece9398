/**
 * Clock and control (section 17; NEIGH-7).
 *
 * @module
 */
import type { z } from 'zod'
import { EngineRequest, JOURNALLED_OPS, type TableChange } from '../../contract/control.js'
import type { Ip, Mac } from '../packet/address.js'
import { applyChanges } from './apply.js'
import type { AnyInterface, Bridge, Config, Irb, Member } from './config.js'
import { reportUnreachable } from './icmp-error.js'
import type { Machine } from './machine.js'
import { GIVE_UP_AFTER, incompleteInOrder, RETRY_AFTER } from './neighbour-table.js'
import { endHeld, request } from './neighbour.js'
import { wireguardClock } from './wireguard-clock.js'
import { endAllHeld } from './wireguard-send.js'

/** CLOCK-1, NEIGH-7 */
export function clock(m: Machine): void {
  m.trace?.step('CLOCK-1', 0, 'neighbours are looked after')
  // A packet that is given up may send an ICMP error, which may wait for a neighbour itself: the list is taken before.
  const waiting = m.config.irbs.flatMap((irb) =>
    irb.dynamic.size === 0 ? [] : incompleteInOrder(irb).map(([address, entry]) => ({ irb, address, entry })),
  )
  for (const { irb, address, entry } of waiting) {
    if (m.now - entry.first >= GIVE_UP_AFTER) {
      m.trace?.step('NEIGH-7', irb.id, 'the neighbour does not answer')
      irb.dynamic.delete(address)
      m.writes++
      endHeld(m, entry.held, 'neighbour-unresolved')
      const { lineage } = m
      m.lineage = entry.held.lineage
      reportUnreachable(m, entry.held)
      m.lineage = lineage
    } else if (m.now - entry.last >= RETRY_AFTER) {
      m.trace?.step('NEIGH-7', irb.id, 'the neighbour is asked again')
      entry.last = m.now
      request(m, irb, address)
    }
  }
  wireguardClock(m)
}

/** NEIGH-1: sets or, without a MAC, removes a neighbour of a port or macsec interface; false when there is no such. */
export function updateNeighbour(m: Machine, interfaceId: number, address: Ip, mac: Mac | undefined): boolean {
  const on = m.config.interfaces.get(interfaceId)
  if (on?.kind !== 'port' && on?.kind !== 'macsec') return false
  m.trace?.step('NEIGH-1', interfaceId, mac === undefined ? 'neighbour removed' : 'neighbour set')
  if (mac === undefined) on.neighbours.delete(address)
  else on.neighbours.set(address, mac)
  return true
}

/** CTRL-1: what the program that goes leaves behind. */
export function leave(m: Machine): void {
  m.trace?.step('CTRL-1', 0, 'a new program')
  for (const irb of m.config.irbs) forgetNeighbours(m, irb)
  for (const wg of m.config.wireguards) {
    for (const peer of wg.peers.values()) endAllHeld(m, peer, 'program-changed')
  }
  m.writes++
}

/** CTRL-1, CTRL-3 */
function forgetNeighbours(m: Machine, irb: Irb): void {
  for (const [, entry] of incompleteInOrder(irb)) endHeld(m, entry.held, 'program-changed')
  if (irb.dynamic.size > 0) m.writes++
  irb.dynamic.clear()
}

/** A control operation that was not done (CTRL-5). */
export interface Refusal {
  /** `invalid` against the contract, or it names what does not exist. */
  readonly code: 'invalid' | 'unknown-interface'
  readonly message: string
  /** Of `apply`: the first change that is refused, counted from 0. */
  readonly index?: number
}

/** CTRL-2, CTRL-3, CTRL-5, CTRL-6, CTRL-8: does a control operation, or says why not and changes nothing. */
export function control(m: Machine, given: unknown): Refusal | undefined {
  const parsed = EngineRequest.safeParse(given)
  if (!parsed.success || !isJournalled(parsed.data)) {
    m.trace?.step('CTRL-5', 0, 'refused: not valid')
    if (!parsed.success) return invalid(parsed.error)
    return { code: 'invalid', message: `${parsed.data.op} is not a node's business` }
  }
  const refusal = operate(m, parsed.data)
  if (refusal !== undefined) m.trace?.step('CTRL-5', 0, `refused: ${refusal.message}`)
  return refusal
}

/** CTRL-6: makes all changes of a list or, when one is refused, none. */
export function apply(m: Machine, changes: readonly TableChange[]): Refusal | undefined {
  const refused = applyChanges(m, changes)
  if (refused === undefined) return undefined
  const { index, code, what } = refused
  return { code, message: `changes[${index}]: ${what}`, index }
}

/** What the contract does not allow, and in which change when it is one of `apply`. */
function invalid(error: z.ZodError): Refusal {
  const refusal: Refusal = { code: 'invalid', message: String(error) }
  for (const { path, message } of error.issues) {
    const [field, index] = path
    if (field === 'changes' && typeof index === 'number') {
      return { ...refusal, message: `changes[${index}]: ${path.slice(2).join('.')}: ${message}`, index }
    }
  }
  return refusal
}

type Journalled = Extract<EngineRequest, { readonly op: (typeof JOURNALLED_OPS)[number] }>

function isJournalled(one: EngineRequest): one is Journalled {
  return JOURNALLED_OPS.some((op) => op === one.op)
}

/** CTRL-3 */
export function flush(m: Machine, table: 'fdb' | 'neighbours', interfaceId?: number): Refusal | undefined {
  const on = interfaceId === undefined ? undefined : m.config.interfaces.get(interfaceId)
  if (interfaceId !== undefined && on === undefined) return unknown(interfaceId, 'interface')
  return table === 'fdb' ? flushFdb(m, m.config, on) : flushNeighbours(m, m.config, on)
}

function operate(m: Machine, operation: Journalled): Refusal | undefined {
  if (operation.op === 'apply') return apply(m, operation.changes)
  if (operation.op === 'flush') return flush(m, operation.table, operation.interface)
  const on = m.config.interfaces.get(operation.interface)
  switch (operation.op) {
    case 'set-vni':
      if (on?.kind !== 'vxlan') return unknown(operation.interface, 'vxlan interface')
      m.trace?.step('CTRL-2', on.id, `VNI ${operation.vni}`)
      on.vni = operation.vni
      return undefined
    case 'set-macsec-mode':
      if (on?.kind !== 'macsec') return unknown(operation.interface, 'macsec interface')
      on.mode = operation.mode
      on.protect = operation.protect ?? operation.mode !== 'disabled'
      m.trace?.step('CTRL-2', on.id, `mode ${on.mode}, ${on.protect ? 'protecting' : 'not protecting'}`)
      return undefined
    case 'carrier':
      return setCarrier(m, operation.interface, operation.up)
  }
}

/** CTRL-8: a port has carrier or not, whatever program is loaded (PORT-6). */
export function setCarrier(m: Machine, interfaceId: number, up: boolean): Refusal | undefined {
  if (m.config.interfaces.get(interfaceId)?.kind !== 'port') return unknown(interfaceId, 'port')
  m.trace?.step('CTRL-8', interfaceId, up ? 'carrier' : 'no carrier')
  if (up) m.withoutCarrier.delete(interfaceId)
  else m.withoutCarrier.add(interfaceId)
  return undefined
}

function unknown(id: number, what: string): Refusal {
  return { code: 'unknown-interface', message: `${id} is no ${what}` }
}

/** CTRL-3, SNOOP-6: a bridge's entries and memberships, those on a member, or all. */
function flushFdb(m: Machine, config: Config, on: AnyInterface | undefined): Refusal | undefined {
  if (on === undefined) for (const bridge of config.bridges) flushBridge(bridge)
  else if (on.kind === 'bridge') flushBridge(on)
  else if (isMember(on) && on.bridge !== undefined) flushBridge(on.bridge, on)
  else return unknown(on.id, 'bridge, nor member of one')
  m.trace?.step('CTRL-3', on?.id ?? 0, 'learned FDB entries are forgotten')
  m.writes++
  return undefined
}

function isMember(on: AnyInterface): on is Member {
  return on.kind === 'port' || on.kind === 'macsec' || on.kind === 'vxlan'
}

function flushBridge({ fdb, memberships }: Bridge, member?: Member): void {
  fdb.flush(member)
  memberships?.flush(member)
}

/** CTRL-3: an IRB's dynamic neighbours, or all. */
function flushNeighbours(m: Machine, config: Config, on: AnyInterface | undefined): Refusal | undefined {
  if (on !== undefined && on.kind !== 'irb') return unknown(on.id, 'IRB')
  m.trace?.step('CTRL-3', on?.id ?? 0, 'dynamic neighbours are forgotten')
  for (const irb of on === undefined ? config.irbs : [on]) forgetNeighbours(m, irb)
  return undefined
}
