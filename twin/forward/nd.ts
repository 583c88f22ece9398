/**
 * Inspection of neighbour discovery entering a bridge with an IRB (section 11).
 *
 * @module
 */
import * as ethernet from '../packet/ethernet.js'
import {
  IPV6_ANY,
  isIpv6LinkLocal,
  isIpv6Multicast,
  prefixContains,
  type Ip,
  type Ipv6,
  type Mac,
} from '../packet/address.js'
import type { Irb, Member } from './config.js'
import type { Machine } from './machine.js'
import { sendToMember } from './member.js'
import { isTunnelEnd } from './tunnel-end.js'
import { advertisement, readNeighbourMessage, type NeighbourMessage } from './nd-message.js'
import { answerableMac } from './neighbour-table.js'
import { bind } from './neighbour.js'

/** ND-1 to ND-5: true when the frame ended here. */
export function inspectNd(
  m: Machine,
  irb: Irb,
  member: Member,
  remote: Ip | undefined,
  frame: Uint8Array,
): boolean {
  const message = readNeighbourMessage(frame)
  m.trace?.step('ND-1', irb.id, message === undefined ? 'no valid neighbour message' : 'inspected')
  if (message === undefined) return false
  bindSender(m, irb, member, frame, message)
  if (message.isSolicitation) {
    if (isOwnOfIrb(irb, message.target)) {
      m.trace?.step('ND-3', irb.id, 'asks for the gateway')
      m.fate('nd-answered')
      const targetMac = message.target === irb.linkLocals?.systemMac ? irb.systemMac : irb.mac
      reply(m, member, remote, advertisement(frame, message, { srcMac: irb.mac, targetMac, router: true }))
      return true
    }
    const mac = suppressed(m, irb, member, frame, message)
    if (mac !== undefined) {
      m.trace?.step('ND-4', irb.id, 'asks for a known host')
      m.fate('nd-suppressed')
      reply(m, member, remote, advertisement(frame, message, { srcMac: mac, targetMac: mac, router: false }))
      return true
    }
  }
  m.trace?.step('ND-5', irb.id, 'forwarded')
  return false
}

/** ARP and ND of the node's own carry nobody's lineage. */
function reply(m: Machine, member: Member, remote: Ip | undefined, frame: Uint8Array): void {
  const { lineage } = m
  m.lineage = 0
  sendToMember(m, member, remote, frame)
  m.lineage = lineage
}

/** ND-2 */
function bindSender(
  m: Machine,
  irb: Irb,
  member: Member,
  frame: Uint8Array,
  message: NeighbourMessage,
): void {
  if (!irb.suppress || message.linkLayer !== ethernet.src(frame, 0)) return
  const address = message.isSolicitation ? message.source : message.target
  if (address === IPV6_ANY || !isHostOf(irb, address)) return
  m.trace?.step('ND-2', irb.id, 'the sender is bound')
  bind(m, irb, member, address, message.linkLayer)
}

function isHostOf(irb: Irb, address: Ipv6): boolean {
  if (isIpv6LinkLocal(address) || isOwnOfIrb(irb, address)) return false
  return irb.addresses6.some((own) => !own.linkLocal && prefixContains(own.prefix, address))
}

function isOwnOfIrb(irb: Irb, address: Ipv6): boolean {
  return (
    irb.addresses6.some((own) => own.address === address) ||
    (irb.linkLocals !== undefined && (address === irb.linkLocals.mac || address === irb.linkLocals.systemMac))
  )
}

/** ND-4: the MAC to answer with. A static neighbour has no dynamic one beside it. */
function suppressed(
  m: Machine,
  irb: Irb,
  member: Member,
  frame: Uint8Array,
  message: NeighbourMessage,
): Mac | undefined {
  if (!irb.suppress || isTunnelEnd(member) || message.source === IPV6_ANY) return undefined
  if (!isIpv6Multicast(message.destination)) return undefined
  const mac = answerableMac(irb, message.target, m.now)
  return mac === ethernet.src(frame, 0) ? undefined : mac
}
