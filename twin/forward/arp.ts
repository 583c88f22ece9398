/**
 * Inspection of ARP frames entering a bridge with an IRB (section 10).
 *
 * @module
 */
import * as arp from '../packet/arp.js'
import * as ethernet from '../packet/ethernet.js'
import { IPV4_ANY, MAC_BROADCAST, prefixContains, type Ip, type Ipv4, type Mac } from '../packet/address.js'
import { arpReply, isInspectedArp } from './arp-message.js'
import type { Irb, Member } from './config.js'
import type { Machine } from './machine.js'
import { sendToMember } from './member.js'
import { isTunnelEnd } from './tunnel-end.js'
import { answerableMac } from './neighbour-table.js'
import { bind } from './neighbour.js'
import { L3_OFFSET } from './parse.js'

/** ARP-1 to ARP-5: true when the frame ended here. */
export function inspectArp(
  m: Machine,
  irb: Irb,
  member: Member,
  remote: Ip | undefined,
  frame: Uint8Array,
): boolean {
  const inspected = isInspectedArp(frame)
  m.trace?.step('ARP-1', irb.id, inspected ? 'inspected' : 'no ARP of IPv4 over Ethernet')
  if (!inspected) return false
  const sender = arp.spa(frame, L3_OFFSET)
  if (irb.suppress && arp.sha(frame, L3_OFFSET) === ethernet.src(frame, 0) && isHostOf(irb, sender)) {
    m.trace?.step('ARP-2', irb.id, 'the sender is bound')
    bind(m, irb, member, sender, arp.sha(frame, L3_OFFSET))
  }
  if (arp.operation(frame, L3_OFFSET) === arp.Operation.REQUEST) {
    if (answersForGateway(irb, frame)) {
      m.trace?.step('ARP-3', irb.id, 'asks for the gateway')
      m.fate('arp-answered')
      reply(m, member, remote, arpReply(frame, irb.mac))
      return true
    }
    const mac = suppressed(m, irb, member, frame)
    if (mac !== undefined) {
      m.trace?.step('ARP-4', irb.id, 'asks for a known host')
      m.fate('arp-suppressed')
      reply(m, member, remote, arpReply(frame, mac))
      return true
    }
  }
  m.trace?.step('ARP-5', irb.id, 'forwarded')
  return false
}

/** ARP and ND of the node's own carry nobody's lineage. */
function reply(m: Machine, member: Member, remote: Ip | undefined, frame: Uint8Array): void {
  const { lineage } = m
  m.lineage = 0
  sendToMember(m, member, remote, frame)
  m.lineage = lineage
}

/** ARP-2: in a subnet of the IRB, not its first address, its broadcast address or an own one. */
function isHostOf(irb: Irb, address: Ipv4): boolean {
  let inSubnet = false
  for (const own of irb.addresses4) {
    if (own.address === address) return false
    const { prefix } = own
    if (!prefixContains(prefix, address)) continue
    const last = prefix.address + 2 ** (32 - prefix.length) - 1
    inSubnet ||= prefix.length > 30 || (address !== prefix.address && address !== last)
  }
  return inSubnet
}

function answersForGateway(irb: Irb, frame: Uint8Array): boolean {
  const target = arp.tpa(frame, L3_OFFSET)
  if (!irb.addresses4.some((own) => own.address === target)) return false
  const destination = ethernet.dst(frame, 0)
  return destination === MAC_BROADCAST || destination === irb.mac || destination === irb.systemMac
}

/** ARP-4: the MAC to answer with. A static neighbour has no dynamic one beside it. */
function suppressed(m: Machine, irb: Irb, member: Member, frame: Uint8Array): Mac | undefined {
  if (!irb.suppress || isTunnelEnd(member) || ethernet.dst(frame, 0) !== MAC_BROADCAST) {
    return undefined
  }
  const sender = arp.spa(frame, L3_OFFSET)
  const target = arp.tpa(frame, L3_OFFSET)
  if (sender === target || sender === IPV4_ANY) return undefined
  const mac = answerableMac(irb, target, m.now)
  return mac === arp.sha(frame, L3_OFFSET) ? undefined : mac
}
