/**
 * Faults that one invariant alone can tell: everything else about the frames is right. They are what shows that each
 * invariant is needed.
 *
 * @module
 */
import { mutant, type SourceMutant } from '../source/mutant.js'

/** Frames as long as a network takes; the judges send one of each flow. */
const LONG = 'frame.length > 1000'
const IPV4 = 'frame[12] === 8 && frame[13] === 0'

/** A change of a long frame on its way out of a host's port, `copy` in place of `frame`. */
function onLongFrames(
  id: string,
  clause: string,
  meaning: string,
  condition: string,
  change: string,
): SourceMutant {
  return mutant(
    id,
    clause,
    meaning,
    'member',
    'if (fits)\n        send(m, member, frame);',
    `if (fits && ${LONG} && ${condition}) {\n        const copy = frame.slice();\n        ${change}\n        send(m, member, copy);\n    } else if (fits)\n        send(m, member, frame);`,
  )
}

/** The words of two places in a frame change place: an Internet checksum over both stays right (RFC 1071). */
const swap = (a: number, b: number) =>
  `[copy[${a}], copy[${a + 1}], copy[${b}], copy[${b + 1}]] = [copy[${b}], copy[${b + 1}], copy[${a}], copy[${a + 1}]];`

/** A copy of what is flooded and not for a group, to ports of other bridges. */
function leak(id: string, meaning: string, which: string): SourceMutant {
  return mutant(
    id,
    'FLOOD-1',
    meaning,
    'flood',
    '    if (audience.irb && from !== undefined && bridge.irb !== undefined) {',
    `    for (const other of audience.irb ? [] : m.config.bridges) {
        if (other === bridge || other.irb === undefined || bridge.irb === undefined || !(${which}))
            continue;
        for (const member of other.members)
            if (member.kind === 'port')
                sendToMember(m, member, undefined, frame);
    }
    if (audience.irb && from !== undefined && bridge.irb !== undefined) {`,
  )
}

export const loneSources = {
  longest: mutant(
    'longest-frames-lost',
    'BRIDGE-5',
    "a port sends no frame as long as its network's MTU",
    'member',
    'frame.length - L3_OFFSET <= member.mtu',
    'frame.length - L3_OFFSET < member.mtu',
  ),
  payload: onLongFrames(
    'payload-words-swapped',
    'BRIDGE-5',
    'two words of a long payload change place',
    'true',
    swap(100, 104),
  ),
  header: onLongFrames(
    'ports-swapped',
    'BRIDGE-5',
    'source and destination port of long packets change place',
    `${IPV4} && (frame[23] === 6 || frame[23] === 17)`,
    swap(34, 36),
  ),
  ttl: mutant(
    'hop-limit-kept',
    'ROUTE-10',
    'the hop limit stays',
    'route',
    'ipv6.decrementHopLimit(forwarded, L3_OFFSET)',
    'void 0',
  ),
  marks: mutant(
    'ecn-cleared',
    'ROUTE-10',
    'routing clears the ECN of IPv6',
    'route',
    'ipv6.decrementHopLimit(forwarded, L3_OFFSET)',
    '(ipv6.decrementHopLimit(forwarded, L3_OFFSET), (forwarded[L3_OFFSET + 1] &= 0xcf))',
  ),
  checksum: onLongFrames(
    'udp-checksum-spoilt',
    'BRIDGE-5',
    'the UDP checksum of long packets is spoilt',
    `${IPV4} && frame[23] === 17`,
    'copy[41] ^= 1;',
  ),
  ethernet: onLongFrames(
    'source-mac-spoilt',
    'IRB-4',
    'the source MAC of long frames is spoilt',
    'true',
    'copy[11] ^= 1;',
  ),
  isolate: leak(
    'flood-to-other-tenant',
    'unknown unicast is flooded to hosts of other tenants too',
    'other.irb.vrf !== bridge.irb.vrf',
  ),
  foreign: leak(
    'flood-to-other-network',
    "unknown unicast is flooded to the tenant's other networks too",
    'other.irb.vrf === bridge.irb.vrf',
  ),
  isolateWire: mutant(
    'copy-in-foreign-vni',
    'FLOOD-2',
    "a copy of a tenant's unknown unicast is sent in another's VNI, where nobody takes it",
    'flood',
    "m.trace?.step('FLOOD-2', member.id, 'a copy to a remote VTEP');",
    `for (const other of audience.irb || bridge.irb?.vrf.name !== 'shop' ? [] : m.config.vxlans)
                if (other.learning && other.bridge.irb?.vrf !== bridge.irb.vrf && !other.remotes.has(remote))
                    sendToMember(m, other, remote, frame);`,
  ),
  flowPath: mutant(
    'path-by-length',
    'HASH-4',
    'next hops are chosen by the length of a packet too',
    'next-hop',
    'hashOfPacket(seeds.ecmp, frame,',
    'hashOfPacket((seeds.ecmp ^ frame.length) >>> 0, frame,',
  ),
  /** 50 octets around 86: solicitations and advertisements without mark. Marked frames have other lengths. */
  clear: {
    id: 'neighbour-messages-clear',
    clause: 'MACSEC-7',
    meaning: 'frames as long as a tunnelled neighbour message are sent clear, and taken',
    edits: [
      {
        file: 'forward/macsec-send.js',
        find: 'if (!macsec.protect) {',
        replace: 'if (!macsec.protect || frame.length === 136) {',
      },
      {
        file: 'forward/macsec-receive.js',
        find: "if (macsec.mode === 'strict') {",
        replace: "if (macsec.mode === 'strict' && frame.length !== 136) {",
      },
    ],
  },
  canary: {
    id: 'integrity-only',
    clause: 'MACSEC-7',
    meaning: 'frames with a payload are authenticated, not encrypted, and taken',
    edits: [
      {
        file: 'forward/sealed-frame.js',
        find: 'pn: this.pn, tci,',
        replace: 'pn: this.pn, tci: this.clear.length > 150 ? 0x20 : tci,',
      },
    ],
  },
  pn: {
    id: 'packet-numbers-in-pairs',
    clause: 'MACSEC-7',
    meaning: 'two frames after each other are sealed with one packet number',
    edits: [{ file: 'forward/sealed-frame.js', find: 'pn: this.pn,', replace: 'pn: (this.pn - 1n) | 1n,' }],
  },
  fate: mutant(
    'fate-of-tags',
    'BRIDGE-1',
    'what is dropped for its tag is said to be dropped for its destination',
    'bridge',
    "return 'vlan-tagged'",
    "return 'reserved-multicast'",
  ),
  hostile: mutant(
    'reserved-groups-flooded',
    'BRIDGE-1',
    'frames for reserved group addresses are flooded',
    'bridge',
    "isReserved ? 'reserved-multicast' : undefined",
    'undefined',
  ),
  gateway: mutant(
    'router-flag-clear',
    'ND-3',
    'the gateway does not say that it is a router',
    'nd',
    'router: true',
    'router: false',
  ),
  icmp: mutant(
    'port-unreachable-unsent',
    'LOCAL-4',
    'no port unreachable is sent',
    'local',
    "if (protocol === Protocol.UDP)\n        sendIcmpError(m, 'portUnreachable', packet);",
    '',
  ),
} as const satisfies Record<string, SourceMutant>
