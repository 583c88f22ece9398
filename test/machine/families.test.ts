import { describe, expect, test } from 'vitest'
import fates from '../../contract/fates.json' with { type: 'json' }
import { build, type Stack } from '../../twin/packet/index.js'
import { Bench, BROADCAST, eth, GATEWAY, hostMac, mac, portMac, udpHello } from './support/bench.js'
import {
  asksFor,
  echo,
  FAMILIES,
  ip,
  nobody,
  onUplink,
  program,
  toGateway,
  tunnelled,
  type Family,
} from './support/families.js'

/*
 * Every fate of a packet is reached by a packet of each family, or it is said why there is one family alone; so is what a packet is
 * sent as. A fate that is added without its two cases fails here.
 */

type Act = (bench: Bench, family: Family) => string[]
const big = (octets: number) => build.udp({ srcPort: 1, dstPort: 2 }, build.payload(new Uint8Array(octets)))
/** Ends that are fates; frames sent are told by their port. */
const ends = (lines: readonly string[]) =>
  lines.map((line) =>
    line.startsWith('tx') || line.startsWith('punt') ? line.split(' ').slice(0, 2).join(' ') : line,
  )
const cut = (frame: Uint8Array, octets: number) => frame.subarray(0, 14 + octets)
/** A host asks for another, so that both are known. */
const bothSpeak: Act = (bench, family) => [
  ...bench.frame(13, asksFor(family, hostMac(1), 'host', 'silent')),
  ...bench.frame(14, asksFor(family, hostMac(2), 'silent', 'host')),
]

/** By fate: what leads to it, and all that comes of it. */
const BY_FATE: Readonly<Record<string, { readonly act: Act; readonly ends: readonly string[] }>> = {
  'punt-unavailable': {
    act: (bench, family) => bench.frame(2, eth(portMac(2), nobody, ip(family, 'far', 'own'))),
    ends: ['punt-unavailable'],
  },
  'mac-not-for-us': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'transit'), nobody)),
    ends: ['mac-not-for-us'],
  },
  'l2-group-ip-unicast': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'transit'), BROADCAST)),
    ends: ['l2-group-ip-unicast'],
  },
  'martian-source': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'own', 'transit'))),
    ends: ['martian-source'],
  },
  'martian-destination': {
    act: (bench, family) =>
      bench.frame(13, toGateway(ip(family, 'host', family === 4 ? '224.0.0.9' : 'ff0e::9'))),
    ends: ['martian-destination'],
  },
  'no-route': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'nowhere'))),
    ends: ['no-route', 'tx 1'],
  },
  blackhole: {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'blackhole'))),
    ends: ['blackhole'],
  },
  'ttl-exceeded': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'transit', udpHello, { ttl: 1 }))),
    ends: ['ttl-exceeded', 'tx 1'],
  },
  'mtu-exceeded': {
    act: (bench, family) => {
      const narrow = program(4)
      const interfaces = narrow.interfaces.map((one) => (one.id === 2 ? { ...one, mtu: 1280 } : one))
      bench.load({ ...narrow, interfaces })
      return bench.frame(1, onUplink(ip(family, 'far', 'transit', big(1400))))
    },
    ends: ['mtu-exceeded', 'tx 1'],
  },
  'neighbour-missing': {
    act: (bench, family) => bench.frame(1, onUplink(ip(family, 'far', 'lost'))),
    ends: ['neighbour-missing'],
  },
  'neighbour-queue': {
    act: (bench, family) => {
      bench.frame(13, toGateway(ip(family, 'host', 'otherSilent')))
      return bench.frame(13, toGateway(ip(family, 'host', 'otherSilent')))
    },
    ends: ['neighbour-queue'],
  },
  'neighbour-full': {
    act: (bench, family) => {
      bench.frame(13, toGateway(ip(family, 'host', 'otherSilent')))
      return bench.frame(13, toGateway(ip(family, 'host', 'otherHost')))
    },
    ends: ['neighbour-full'],
  },
  'neighbour-unresolved': {
    act: (bench, family) => {
      bothSpeak(bench, family)
      bench.frame(13, toGateway(ip(family, 'host', 'otherSilent')))
      return bench.wait(3).clock()
    },
    ends: ['neighbour-unresolved', 'tx 13'],
  },
  'program-changed': {
    act: (bench, family) => {
      bench.frame(13, toGateway(ip(family, 'host', 'otherSilent')))
      return bench.load(program(4))
    },
    ends: ['program-changed'],
  },
  'echo-answered': {
    act: (bench, family) => {
      bothSpeak(bench, family)
      return bench.frame(13, toGateway(ip(family, 'host', 'gateway', echo(family))))
    },
    ends: ['echo-answered', 'tx 13'],
  },
  'icmp-invalid': {
    act: (bench, family) =>
      bench.frame(13, toGateway(ip(family, 'host', 'gateway', echo(family, { checksum: 1 })))),
    ends: ['icmp-invalid'],
  },
  'no-listener': {
    act: (bench, family) => {
      bothSpeak(bench, family)
      return bench.frame(13, toGateway(ip(family, 'host', 'gateway')))
    },
    ends: ['no-listener', 'tx 13'],
  },
  'local-fragment': {
    act: (bench, family) => {
      const part = build.payload(new Uint8Array(8))
      const fragment: Stack = build.fragment(
        { nextHeader: 17, fragmentOffset: 0, moreFragments: true, id: 1 },
        part,
      )
      const packet =
        family === 6
          ? ip(6, 'host', 'gateway', fragment)
          : ip(4, 'host', 'gateway', part).map((layer) =>
              layer.kind === 'ipv4' ? { ...layer, flags: 1, protocol: 17 } : layer,
            )
      return bench.frame(13, toGateway(packet))
    },
    ends: ['local-fragment'],
  },
  'irb-ignored': {
    act: (bench, family) => bench.frame(13, toGateway(ip(family, 'host', 'silent'), BROADCAST)),
    ends: ['tx 1', 'tx 14', 'irb-ignored'],
  },
  'ethertype-unknown': {
    // What says that it is a packet of a family without being of its EtherType.
    act: (bench, family) => {
      const frame = toGateway(ip(family, 'host', 'silent'))
      return bench.frame(13, frame.with(12, 0x88).with(13, 0xb5))
    },
    ends: ['ethertype-unknown'],
  },
  // Tunnels over an underlay of the family.
  'udp-length': {
    act: (bench, family) =>
      bench.frame(1, tunnelled(family, new Uint8Array(60), { length: 15, checksum: family })),
    ends: ['udp-length'],
  },
  'udp-checksum': {
    act: (bench, family) => bench.frame(1, tunnelled(family, new Uint8Array(60), { checksum: 1 })),
    ends: ['udp-checksum'],
  },
  'vxlan-flags': {
    act: (bench, family) => bench.frame(1, carried(family, { flags: 0 })),
    ends: ['vxlan-flags'],
  },
  'vxlan-vni-unknown': {
    act: (bench, family) => bench.frame(1, carried(family, { vni: 77 })),
    ends: ['vxlan-vni-unknown'],
  },
  'vxlan-source-unknown': {
    act: (bench, family) => bench.frame(1, carried(family, { src: 'stranger' })),
    ends: ['vxlan-source-unknown'],
  },
  'ecn-invalid': {
    act: (bench, family) => bench.frame(1, carried(family, { tos: 3 })),
    ends: ['ecn-invalid'],
  },
}

/** A VXLAN packet over the family with a packet of the family in it. */
function carried(family: Family, fields: Parameters<typeof tunnelled>[2]): Uint8Array {
  return tunnelled(family, eth(hostMac(1), nobody, ip(family, 'silent', 'host')), fields)
}

/** Fates that packets of one family alone can have, or that no packet has. */
const ONE_FAMILY: Readonly<Record<string, string>> = {
  'ipv4-header-invalid': 'IPv4; its like is ipv6-header-invalid',
  'ipv6-header-invalid': 'IPv6; its like is ipv4-header-invalid',
  'ipv4-checksum': 'IPv6 has no header checksum',
  'fragmentation-unsupported': 'IPv6 packets are never fragmented on the way (RFC 8200 section 5)',
  'directed-broadcast': 'IPv6 has no broadcast',
  'link-local-not-routed': 'IPv4 link-local addresses are routed like others here (ROUTE-5)',
  'arp-ignored': 'ARP is IPv4; its like over IPv6 is ND, which is IP',
  'arp-answered': 'ARP is IPv4; its like is nd-answered',
  'arp-suppressed': 'ARP is IPv4; its like is nd-suppressed',
  'nd-answered': 'ND is IPv6; its like is arp-answered',
  'nd-suppressed': 'ND is IPv6; its like is arp-suppressed',
}
const NO_FAMILY = [
  'frame-truncated',
  'frame-oversize',
  'macsec-clear',
  'macsec-unexpected',
  'macsec-tag-invalid',
  'macsec-sci-unknown',
  'macsec-an-unknown',
  'macsec-replay',
  'macsec-icv',
  'macsec-pn-exhausted',
  'source-mac-invalid',
  'source-mac-local',
  'vlan-tagged',
  'reserved-multicast',
  'same-port',
  'split-horizon',
  'static-mac-move',
  'flood-empty',
]

/** `wireguard.test.ts` and those beside it have these over both families and with both inside. */
const WIREGUARD = fates.fates.map(({ name }) => name).filter((name) => name.startsWith('wireguard-'))

describe('[C28] both families', () => {
  test('every fate is of both, of one for a reason, or of none', () => {
    const told = [...Object.keys(BY_FATE), ...Object.keys(ONE_FAMILY), ...NO_FAMILY, ...WIREGUARD]
    expect(told.toSorted()).toEqual(fates.fates.map(({ name }) => name).toSorted())
  })

  describe.each(FAMILIES)('IPv%i', (family) => {
    test.each(Object.entries(BY_FATE))('%s', (_fate, { act, ends: wanted }) => {
      expect(ends(act(new Bench(program(family)), family))).toEqual(wanted)
    })

    test.each([4, 6] as const)('is bridged, and by a tunnel over IPv%i and out of it', (underlay) => {
      const bench = new Bench(program(underlay))
      const frame = eth(nobody, hostMac(1), ip(family, 'host', 'silent'))
      expect(ends(bench.frame(13, frame))).toEqual(['tx 1', 'tx 14'])
      const back = eth(hostMac(1), nobody, ip(family, 'silent', 'host'))
      expect(bench.frame(1, tunnelled(underlay, back))).toEqual([
        `tx 13 ${Buffer.from(back).toString('hex')}`,
      ])
      // Learned with the VTEP: no copy for the other port.
      expect(ends(bench.frame(13, frame))).toEqual(['tx 1'])
    })

    test('is routed: by an uplink, to a host, by the L3 VNI, one less of life', () => {
      const bench = new Bench(program(4))
      bothSpeak(bench, family)
      const life = 14 + (family === 4 ? 8 : 7)
      const octet = (line: string | undefined) =>
        Number.parseInt(line?.split(' ')[2]?.slice(2 * life, 2 * life + 2) ?? '', 16)
      const [transit] = bench.frame(1, onUplink(ip(family, 'far', 'transit')))
      expect([transit?.slice(0, 4), octet(transit)]).toEqual(['tx 2', 63])
      const [toHost] = bench.frame(
        14,
        eth(GATEWAY, hostMac(2), ip(family, 'silent', 'host', udpHello, { ttl: 9 })),
      )
      expect([toHost?.slice(0, 5), octet(toHost)]).toEqual(['tx 13', 8])
      expect(ends(bench.frame(13, toGateway(ip(family, 'host', 'remoteNet'))))).toEqual(['tx 1'])
    })

    test('is punted: own addresses, multicast, the kernel’s', () => {
      const bench = new Bench(program(4))
      for (const dst of [
        'own',
        ...(family === 4 ? ['224.0.0.5', '255.255.255.255'] : ['ff02::5', 'fe80::1']),
      ]) {
        expect(ends(bench.frame(1, onUplink(ip(family, 'far', dst))))).toEqual(['punt 1'])
      }
    })

    test('a gateway’s address is told, a host’s by another in its stead, and a host is asked for once a second', () => {
      const bench = new Bench(program(4))
      const [answered, suppressed] =
        family === 4 ? ['arp-answered', 'arp-suppressed'] : ['nd-answered', 'nd-suppressed']
      expect(ends(bench.frame(13, asksFor(family, hostMac(1), 'host', 'gateway')))).toEqual([
        answered,
        'tx 13',
      ])
      bothSpeak(bench, family)
      expect(ends(bench.frame(14, asksFor(family, hostMac(2), 'silent', 'host')))).toEqual([
        suppressed,
        'tx 14',
      ])
      expect(ends(bench.frame(13, toGateway(ip(family, 'host', 'otherSilent'))))).toEqual(['tx 23'])
      expect(ends(bench.wait(1).clock())).toEqual(['tx 23'])
      // The answer releases what waited.
      const answer = asksFor(family, mac('02:bb:00:00:00:05'), 'otherSilent', 'otherHost')
      expect(ends(bench.frame(23, answer))[0]).toBe('tx 23')
    })

    test('a header that is cut off or lies about its length is invalid, routed and for a gateway', () => {
      const invalid = family === 4 ? 'ipv4-header-invalid' : 'ipv6-header-invalid'
      const bench = new Bench(program(4))
      for (const octets of [0, 1, family === 4 ? 19 : 39, family === 4 ? 30 : 45]) {
        expect(bench.frame(1, cut(onUplink(ip(family, 'far', 'transit')), octets))).toEqual([invalid])
        expect(bench.frame(13, cut(toGateway(ip(family, 'host', 'remoteNet')), octets))).toEqual([invalid])
      }
      // It is bridged all the same.
      expect(ends(bench.frame(13, cut(eth(nobody, hostMac(1), ip(family, 'host', 'silent')), 10)))).toEqual([
        'tx 1',
        'tx 14',
      ])
    })
  })
})
