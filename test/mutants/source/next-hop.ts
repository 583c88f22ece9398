/**
 * Faults in where packets of a VRF go: shares, rendezvous, carrier, gateways; and in what hosts and uplinks of VRF 0 may do.
 *
 * @module
 */
import { mutant, type SourceMutant } from './mutant.js'

const shares: readonly SourceMutant[] = [
  mutant(
    'weights-ignored',
    'HASH-4',
    'all members count alike',
    'next-hop',
    'live.map(({ weight }) => weight)',
    'live.map(() => 1)',
  ),
  mutant(
    'share-by-remainder',
    'HASH-4',
    'the share is the remainder of the hash',
    'hash',
    'Math.floor((hash * weights.reduce((sum, weight) => sum + weight, 0)) / TWO_32)',
    'hash % weights.reduce((sum, weight) => sum + weight, 0)',
  ),
  mutant(
    'share-off-by-one',
    'HASH-4',
    'a member has one share more',
    'hash',
    '(share -= weight) < 0',
    '(share -= weight) <= 0',
  ),
  mutant(
    'carrier-unseen',
    'HASH-4',
    'members whose port has no carrier are chosen',
    'next-hop',
    'members.filter((member) => isLive(m, member))',
    'members',
  ),
  mutant(
    'carrier-below-macsec-unseen',
    'HASH-4',
    'sealed links count as live whatever their port has',
    'next-hop',
    "lower?.kind !== 'port' || !m.withoutCarrier.has(lower.id)",
    'true',
  ),
  mutant(
    'no-live-member-dropped',
    'HASH-4',
    'a group none of whose members has carrier is none',
    'next-hop',
    'live.length === 0 ? members : live',
    'live.length === 0 ? members.slice(0, 1) : live',
  ),
  mutant(
    'resilience-ignored',
    'HASH-6',
    'members are chosen by share where they are to keep their flows',
    'next-hop',
    'const chosen = resilient',
    'const chosen = false',
  ),
  mutant('resilient-weights-ignored', 'HASH-6', 'every member has one score', 'hash', 'k < weight', 'k < 1'),
  mutant(
    'resilient-by-place',
    'HASH-6',
    'a score is that of a place in the list, which moves when a member goes',
    'next-hop',
    'live.map((member) => ({ words: memberWords(member)',
    'live.map((member, place) => ({ words: [place]',
  ),
  mutant(
    'resilient-gateway-unread',
    'HASH-6',
    'gateways of one interface have one score',
    'next-hop',
    '[id, ...addressWords(gateway)]',
    '[id]',
  ),
  mutant(
    'resilient-seed-ignored',
    'HASH-6',
    'scores are made with seed 0',
    'hash',
    'name = hashWords(seed, words)',
    'name = hashWords(0, words)',
  ),
]

const carrier: readonly SourceMutant[] = [
  mutant(
    'received-without-carrier',
    'PORT-6',
    'a port without carrier receives',
    'port',
    'm.withoutCarrier.has(port.id)',
    'false',
  ),
  mutant(
    'unsent-without-carrier',
    'PORT-6',
    'what is sent on a port without carrier vanishes',
    'send',
    'else\n        m.tx(on, frame);',
    'else if (!m.withoutCarrier.has(on.id))\n        m.tx(on, frame);',
  ),
  mutant(
    'carrier-not-back',
    'CTRL-8',
    'carrier that comes back is not seen',
    'control',
    'm.withoutCarrier.delete(interfaceId);',
    ';',
  ),
  mutant(
    'carrier-lost-unnoted',
    'CTRL-8',
    'carrier that goes is not seen',
    'control',
    'm.withoutCarrier.add(interfaceId);',
    ';',
  ),
  mutant(
    'carrier-of-program',
    'CTRL-8',
    'a new program begins with carrier everywhere',
    'node',
    'm.config = config;',
    'm.config = config;\n        m.withoutCarrier.clear();',
  ),
]

const routes: readonly SourceMutant[] = [
  mutant(
    'applied-weight-lost',
    'CTRL-7',
    'members of a route that is set have no weights',
    'table-change',
    'weight: member.weight ?? 1',
    'weight: 1',
  ),
  mutant(
    'gateway-of-other-family-unused',
    'CTRL-7',
    "a gateway of the other family is not asked for, the packet's destination is",
    'originate',
    'if (member.gateway !== undefined)',
    "if (member.gateway !== undefined && (typeof member.gateway === 'number') === (family === 4))",
  ),
  mutant(
    'foreign-source-routed',
    'ROUTE-2',
    'hosts beside the underlay may have any source',
    'route',
    'isOwn(on, vrf, frame, SOURCE[family], family) ||\n        isForeign(packet)',
    'isOwn(on, vrf, frame, SOURCE[family], family)',
  ),
  mutant(
    'foreign-source-in-tenants',
    'ROUTE-2',
    'tenants may not route what comes from beyond their subnets',
    'route',
    "on.kind !== 'irb' || vrf.id !== 0",
    "on.kind !== 'irb'",
  ),
  mutant(
    'foreign-source-of-second-subnet',
    'ROUTE-2',
    'sources of an interface’s first subnet alone are its own',
    'route',
    '!on.addresses4.some(',
    '!on.addresses4.slice(0, 1).some(',
  ),
  mutant(
    'link-local-source-foreign',
    'ROUTE-2',
    'link-local sources beside the underlay are martians',
    'route',
    'if (isLinkLocalAt(frame, SOURCE[6]))\n        return false;\n',
    '',
  ),
  mutant(
    'gateway-punted',
    'LOCAL-1',
    'packets to a gateway that come over an uplink go to the kernel',
    'local',
    "on.kind === 'irb' || isGateway(packet)",
    "on.kind === 'irb'",
  ),
  mutant(
    'own-address-answered',
    'LOCAL-1',
    'packets to a loopback are answered as those to a gateway are',
    'local',
    "on.kind === 'irb' || isGateway(packet)",
    'true',
  ),
]

export const nextHopMutants: readonly SourceMutant[] = [...shares, ...carrier, ...routes]
