/**
 * Bridges (sections 6 and 7).
 *
 * @module
 */
import * as ethernet from '../packet/ethernet.js'
import { isGroupMac, MAC_ZERO, type Ip, type Mac } from '../packet/address.js'
import { u16, u32, u8 } from '../packet/bytes.js'
import { inspectArp } from './arp.js'
import type { Bridge, Irb, Member } from './config.js'
import type { Fate } from './fate.js'
import { EVERYBODY, flood } from './flood.js'
import { receiveOnIrb } from './irb.js'
import type { Machine } from './machine.js'
import { sendToMember } from './member.js'
import { inspectNd } from './nd.js'
import { snoop } from './snoop.js'
import { isTunnelEnd } from './tunnel-end.js'

const ARP = 0x0806
const IPV6 = 0x86dd

/** BRIDGE-1 and BRIDGE-2: a frame entered from a member. */
export function enterBridge(
  m: Machine,
  bridge: Bridge,
  member: Member,
  remote: Ip | undefined,
  frame: Uint8Array,
): void {
  const { irb } = bridge
  const source = ethernet.src(frame, 0)
  const etherType = u16(frame, 12)
  const refused = refusal(irb, member, source, etherType, frame)
  m.trace?.step('BRIDGE-1', member.id, refused ?? 'enters the bridge')
  if (refused !== undefined) {
    m.fate(refused)
    return
  }
  m.trace?.step('BRIDGE-2', bridge.id, irb === undefined ? 'no IRB' : 'has an IRB')
  if (!learn(m, bridge, member, remote, source)) return
  if (irb !== undefined) {
    if (etherType === ARP && inspectArp(m, irb, member, remote, frame)) return
    if (etherType === IPV6 && inspectNd(m, irb, member, remote, frame)) return
  }
  if (snoop(m, bridge, member, remote, frame)) return
  forward(m, bridge, member, frame)
}

/** BRIDGE-1 */
function refusal(
  irb: Irb | undefined,
  member: Member,
  source: Mac,
  etherType: number,
  frame: Uint8Array,
): Fate | undefined {
  if (isGroupMac(source) || source === MAC_ZERO) return 'source-mac-invalid'
  if (irb !== undefined) {
    const isLocal = source === irb.systemMac || (!isTunnelEnd(member) && source === irb.mac)
    if (isLocal) return 'source-mac-local'
  }
  if (etherType === 0x8100 || etherType === 0x88a8 || etherType === 0x9100) return 'vlan-tagged'
  const isReserved = u32(frame, 0) === 0x0180_c200 && u8(frame, 4) === 0 && u8(frame, 5) <= 0x0f
  return isReserved ? 'reserved-multicast' : undefined
}

/** Section 7: false after the frame's fate was decided. */
function learn(m: Machine, bridge: Bridge, member: Member, remote: Ip | undefined, source: Mac): boolean {
  const { fdb, irb } = bridge
  const fixed = fdb.fixedEntry(source)
  if (fixed !== undefined) {
    const isMove = fixed.member !== member || fixed.remote !== remote
    if (fixed.kind === 'sticky') m.trace?.step('LEARN-6', member.id, 'a sticky entry is as a static one')
    m.trace?.step('LEARN-2', member.id, isMove ? `a ${fixed.kind} MAC elsewhere` : `a ${fixed.kind} MAC`)
    if (isMove) m.fate('static-mac-move')
    return !isMove
  }
  if (member.kind === 'vxlan' && !member.learning) {
    m.trace?.step('LEARN-1', member.id, 'does not learn')
    return true
  }
  if (irb !== undefined && (source === irb.mac || source === irb.systemMac)) {
    m.trace?.step('LEARN-1', member.id, "the IRB's own MAC is not learned")
    return true
  }
  const learned = fdb.learn(source, member, remote, m.now)
  switch (learned) {
    case 'moved':
      m.trace?.step('LEARN-3', member.id, 'the source MAC moved here')
      m.writes++
      break
    case 'full':
      m.trace?.step('LEARN-5', member.id, 'the table is full')
      break
    case 'new':
      m.trace?.step('LEARN-1', member.id, 'the source MAC is learned')
      m.writes++
      break
    case 'yielded':
      m.trace?.step('LEARN-6', member.id, 'a control entry yields to what is heard on a port')
      m.writes++
      break
    case 'kept':
      m.trace?.step('LEARN-6', member.id, 'a control entry stays, whatever is heard behind a tunnel')
      break
    case 'refreshed':
      m.trace?.step('LEARN-1', member.id, 'the source MAC is known')
  }
  return true
}

/** BRIDGE-3 for a frame that entered from a member. */
function forward(m: Machine, bridge: Bridge, from: Member, frame: Uint8Array): void {
  const { irb } = bridge
  const destination = ethernet.dst(frame, 0)
  if (irb !== undefined && (destination === irb.mac || destination === irb.systemMac)) {
    m.trace?.step('BRIDGE-3', bridge.id, 'to the IRB')
    receiveOnIrb(m, irb, frame)
    return
  }
  if (isGroupMac(destination)) {
    m.trace?.step('BRIDGE-3', bridge.id, 'a group address')
    flood(m, bridge, from, frame, EVERYBODY.group)
    return
  }
  const entry = bridge.fdb.lookup(destination, m.now)
  if (entry === undefined) {
    if (m.trace !== undefined && bridge.fdb.knows(destination)) {
      m.trace.step('LEARN-4', bridge.id, 'the entry is no longer valid')
    }
    m.trace?.step('BRIDGE-3', bridge.id, 'an unknown address')
    flood(m, bridge, from, frame, EVERYBODY.unicast)
    return
  }
  m.trace?.step('BRIDGE-3', bridge.id, `to ${entry.member.name}`)
  if (isTunnelEnd(from) && isTunnelEnd(entry.member)) {
    m.trace?.step('BRIDGE-4', from.id, 'between vxlan interfaces')
    m.fate('split-horizon')
  } else if (entry.member === from) {
    m.trace?.step('BRIDGE-4', from.id, 'back where it came from')
    m.fate('same-port')
  } else {
    sendToMember(m, entry.member, entry.remote, frame)
  }
}

/** BRIDGE-6: a frame entered from the IRB. */
export function enterBridgeFromIrb(m: Machine, irb: Irb, frame: Uint8Array): void {
  const { bridge } = irb
  const destination = ethernet.dst(frame, 0)
  if (destination === irb.mac || destination === irb.systemMac) {
    m.trace?.step('BRIDGE-6', bridge.id, 'would go back to the IRB')
    m.fate('same-port')
    return
  }
  m.trace?.step('BRIDGE-6', bridge.id, 'enters from the IRB')
  if (isGroupMac(destination)) {
    m.trace?.step('BRIDGE-3', bridge.id, 'a group address')
    flood(m, bridge, undefined, frame, EVERYBODY.group)
    return
  }
  const entry = bridge.fdb.lookup(destination, m.now)
  if (entry === undefined) {
    if (m.trace !== undefined && bridge.fdb.knows(destination)) {
      m.trace.step('LEARN-4', bridge.id, 'the entry is no longer valid')
    }
    m.trace?.step('BRIDGE-3', bridge.id, 'an unknown address')
    flood(m, bridge, undefined, frame, EVERYBODY.unicast)
    return
  }
  m.trace?.step('BRIDGE-3', bridge.id, `to ${entry.member.name}`)
  sendToMember(m, entry.member, entry.remote, frame)
}
