import { describe, expect, test } from 'vitest'
import type { NodeProgram } from '../../contract/program.js'
import {
  build,
  encodeFrame,
  fromHex,
  linkLocalOf,
  macOfIpv6Group,
  parseIpv4,
  parseIpv6,
  parseMac,
  solicitedNodeOf,
  toHex,
  type Ipv6,
} from '../../twin/packet/index.js'
import {
  fromHost,
  fromKernel,
  hostMac,
  messageOf,
  Node,
  packet,
  Pair,
  peerMac,
  peerOf,
  programOf,
  toHost,
  toKernel,
  wireMac,
} from './support/wireguard.js'

const mac = parseMac
const ip4 = parseIpv4
const ip6 = parseIpv6
const ZERO = mac('00:00:00:00:00:00')

describe('the kernel of a sealed link', () => {
  const link = (n: number) => ({
    peers: [peerOf(n, 4, { allowedIps: [...peerOf(n).allowedIps, 'fe80::/10', '224.0.0.0/4', 'ff00::/8'] })],
  })
  const linked = () => new Pair('lower', 4, { a: link(1), b: link(2) })
  const near = { src: '10.254.0.0', dst: '10.254.0.1', ttl: 1 }
  const near6 = { src: 'fe80::1', dst: 'fe80::2', ttl: 255 }

  test('[WG-3] [PUNT-1] [PUNT-2] its packets cross the link and come out of the other TAP behind the MACs of that end', () => {
    const pair = linked().connect()
    for (const [fields, family] of [
      [near, 4],
      [near6, 6],
      [{ ...near, dst: '224.0.0.5' }, 4],
      [{ ...near6, dst: 'ff02::5' }, 6],
    ] as const) {
      expect(pair.a.punt(1, fromKernel(1, fields, family))).toEqual(['data'])
      expect(pair.carry(pair.a)).toEqual([[toKernel(2, fields, family)]])
    }
  })

  test('[WG-3] what is behind a packet is cut off, and no ICMP is sent about one', () => {
    const pair = linked().connect()
    const frame = Uint8Array.of(...fromKernel(1, near), ...new Uint8Array(20).fill(1))
    expect(pair.a.punt(1, frame)).toEqual(['data'])
    expect(pair.carry(pair.a)).toEqual([[toKernel(2, near)]])
    expect(pair.a.punt(1, fromKernel(1, { ...near, dst: '10.9.9.9' }))).toEqual(['wireguard-no-peer'])
  })

  test('[PUNT-2] lengths are those of the wireguard interface', () => {
    const { a } = linked()
    const long = new Uint8Array(14 + 1421)
    expect(a.punt(1, long)).toEqual(['mtu-exceeded'])
    expect(a.punt(1, long.subarray(0, 13))).toEqual(['frame-truncated'])
    expect(a.punt(1, long.subarray(0, 1434))).toEqual(['ethertype-unknown'])
  })

  const arp = (tpa: string, fields: object = {}) =>
    encodeFrame(
      build.ethernet(
        { dst: mac('ff:ff:ff:ff:ff:ff'), src: mac('02:00:00:00:01:99') },
        build.arp({
          operation: 1,
          sha: mac(wireMac(1)),
          spa: ip4('10.254.0.0'),
          tha: ZERO,
          tpa: ip4(tpa),
          ...fields,
        }),
      ),
    )

  test('[WG-3] ARP for the other end is answered with peerMac, to the sender MAC', () => {
    const { a } = linked()
    const answer = encodeFrame(
      build.ethernet(
        { dst: mac(wireMac(1)), src: mac(peerMac(1)) },
        build.arp({
          operation: 2,
          sha: mac(peerMac(1)),
          spa: ip4('10.254.0.1'),
          tha: mac(wireMac(1)),
          tpa: ip4('10.254.0.0'),
        }),
      ),
    )
    expect(a.punt(1, arp('10.254.0.1'))).toEqual(['arp-answered', `punt 1 ${toHex(answer)}`])
    const lineages = a.node.punt(0n, 1, arp('10.254.0.1'), 5).map(({ lineage }) => lineage)
    expect(lineages).toEqual([5, 0])
  })

  test.each([
    ['for its own address', arp('10.254.0.0')],
    ['for another subnet', arp('10.254.0.2')],
    ['a reply', arp('10.254.0.1', { operation: 2 })],
    ['cut short', arp('10.254.0.1').subarray(0, 41)],
    ['of another hardware', arp('10.254.0.1').with(15, 6)],
  ])('[WG-3] no ARP that is answered: %s', (_what, frame) => {
    expect(linked().a.punt(1, frame)).toEqual(['ethertype-unknown'])
  })

  const asks = (target: Ipv6, source: Ipv6, hopLimit = 255) => {
    const group = solicitedNodeOf(target)
    const option = build.ndOption({ type: 1, data: fromHex(wireMac(1).replaceAll(':', '')) })
    const message = build.icmpv6(
      { type: 135, rest: 0 },
      source === 0n ? build.ndTarget({ target }) : build.ndTarget({ target }, option),
    )
    const head = { dst: macOfIpv6Group(group), src: mac(wireMac(1)) }
    return encodeFrame(build.ethernet(head, build.ipv6({ src: source, dst: group, hopLimit }, message)))
  }
  const own = linkLocalOf(mac(wireMac(1)))
  const advertised = (target: Ipv6) => {
    const option = build.ndOption({ type: 2, data: fromHex(peerMac(1).replaceAll(':', '')) })
    const message = build.icmpv6({ type: 136, rest: 0x6000_0000 }, build.ndTarget({ target }, option))
    const head = { dst: mac(wireMac(1)), src: mac(peerMac(1)) }
    const frame = encodeFrame(
      build.ethernet(head, build.ipv6({ src: target, dst: own, hopLimit: 255 }, message)),
    )
    return `punt 1 ${toHex(frame)}`
  }

  test('[WG-3] solicitations for what is on the link are answered', () => {
    for (const target of [ip6('fe80::2'), ip6('fe81::2'), ip6('fd00:fe::1')]) {
      expect(linked().a.punt(1, asks(target, own))).toEqual(['nd-answered', advertised(target)])
    }
  })

  test.each([
    ['for its own address', ip6('fd00:fe::'), own, 255],
    ['for its own link-local address', own, own, 255],
    ['for another subnet', ip6('fd00:fe::2'), own, 255],
    ['from nobody', ip6('fd00:fe::1'), ip6('::'), 255],
    ['from afar', ip6('fd00:fe::1'), own, 254],
  ] as const)('[WG-3] other solicitations are packets: %s', (_what, target, source, hopLimit) => {
    const pair = linked().connect()
    const frame = asks(target, source, hopLimit)
    expect(pair.a.punt(1, frame)).toEqual(['data'])
    const [line] = pair.carry(pair.a).flat()
    expect(line).toBe(
      source === 0n
        ? 'wireguard-source-not-allowed'
        : `punt 1 ${wireMac(2).replaceAll(':', '')}${peerMac(2).replaceAll(':', '')}86dd${toHex(frame.subarray(14))}`,
    )
  })

  test.each([
    ['another EtherType', (frame: Uint8Array) => frame.with(13, 1)],
    ['a wrong checksum', (frame: Uint8Array) => frame.with(24, frame[24]! ^ 1)],
    ['a packet cut off', (frame: Uint8Array) => frame.subarray(0, 40)],
  ])('[WG-3] what is no packet: %s', (_what, change) => {
    expect(linked().a.punt(1, change(fromKernel(1, near)))).toEqual(['ethertype-unknown'])
  })

  test('[LOCAL-1] an own address is the kernel’s', () => {
    const pair = linked().connect()
    const to = { src: '10.1.0.10', dst: '10.2.0.1' }
    pair.a.frame(3, fromHost(1, to))
    expect(pair.carry(pair.a)).toEqual([[toKernel(2, { ...to, ttl: 63 })]])
  })
})

describe('without a port below', () => {
  const ping = (n: number, dst: string) =>
    fromHost(n, { dst, stack: build.icmp({ type: 8, rest: 0x10001 }, build.payload('ping')) })

  test('[LOCAL-1] [LOCAL-2] the node itself answers an echo, and nothing else', () => {
    const pair = new Pair('vrf').connect()
    expect(pair.a.frame(3, ping(1, '10.2.0.1'))).toEqual(['data'])
    const [there, back] = pair.carry(pair.a)
    expect(there).toEqual(['echo-answered', 'data'])
    expect(back![0]).toMatch(/^tx 3 02aa0000010a0200000001030800/)
    pair.a.frame(3, fromHost(1, { dst: '10.2.0.1' }))
    expect(pair.carry(pair.a)[0]).toEqual(['no-listener', 'data'])
  })

  test('[LOCAL-2] a fragment to it', () => {
    const pair = new Pair('vrf').connect()
    const fragment = fromHost(1, { dst: '10.2.0.1' })
    // MF in place of DF, which are a bit apart.
    fragment.set([0x20, 0], 20)
    const sum = fragment[24]! * 256 + fragment[25]! + 0x2000
    fragment.set([(sum >> 8) & 0xff, sum & 0xff], 24)
    pair.a.frame(3, fragment)
    expect(pair.carry(pair.a)).toEqual([['local-fragment']])
  })

  test('[WG-17] what is opened is checked as by ROUTE-2: an own address is no source', () => {
    const pair = new Pair('vrf', 4, { b: { peers: [peerOf(2, 4, { allowedIps: ['0.0.0.0/0'] })] } }).connect()
    pair.a.frame(3, fromHost(1, { src: '10.2.0.1' }))
    expect(pair.carry(pair.a)).toEqual([['martian-source']])
  })

  test('[ICMP-1] errors about what was opened come from the interface’s own address, through the tunnel', () => {
    const pair = new Pair('vrf').connect()
    pair.a.frame(3, fromHost(1, { dst: '10.2.9.9' }))
    const [there, back] = pair.carry(pair.a)
    expect(there).toEqual(['no-route', 'data'])
    expect(back![0]).toContain('0afe00010a01000a')
  })

  test('[HASH-4] [PORT-6] a member on a port without carrier is not live, one without a port always is', () => {
    const spread = (form: 'lower' | 'vrf') => {
      const program = programOf(1, form)
      const groups = [{ id: 1, members: [{ interface: 2 }, { interface: 3, gateway: '10.1.0.10' }] }]
      const node = new Node({ ...program, tables: { ...program.tables, groups } })
      node.node.carrier(0n, 1, false)
      const lines = Array.from({ length: 20 }, (_, n) => {
        const stack = build.udp({ srcPort: n, dstPort: 2 }, build.payload('x'))
        return node.frame(3, fromHost(1, { stack }))[0] ?? 'held'
      })
      return lines.some((line) => !line.startsWith('tx 3'))
    }
    expect(spread('lower')).toBe(false)
    expect(spread('vrf')).toBe(true)
  })
})

describe('tunnels in tunnels', () => {
  const VTEP = (n: number) => `10.255.0.${n}`
  /** Node n with a bridge 10 of hosts on port 11 and a tunnel 12 to the other, whose packets the wireguard interface carries. */
  function vxlanInside(n: number): NodeProgram {
    const far = 3 - n
    const base = programOf(n, 'lower', 4, {
      peers: [peerOf(n, 4, { allowedIps: [`${VTEP(far)}/32`, `10.254.0.${far - 1}/32`] })],
    })
    return {
      ...base,
      interfaces: [
        ...base.interfaces,
        { kind: 'loopback', id: 5, name: 'lo', vrf: 0, addresses: [`${VTEP(n)}/32`] },
        { kind: 'bridge', id: 10, name: 'br', ageing: 300e9, fdbLimit: 100 },
        {
          kind: 'port',
          id: 11,
          name: 'h',
          mac: '02:00:00:00:00:11',
          mtu: 1300,
          tap: false,
          bridge: 10,
          addresses: [],
        },
        {
          kind: 'vxlan',
          id: 12,
          name: 'vx',
          bridge: 10,
          vni: 10010,
          underlayVrf: 0,
          local: VTEP(n),
          port: 4789,
          mtu: 1300,
          learning: true,
          ttl: 64,
          dscp: 0,
          df: true,
          udpChecksum: 'zero',
          remotes: [VTEP(far)],
        },
      ],
      tables: {
        ...base.tables,
        routes: [...base.tables.routes, { vrf: 0, prefix: `${VTEP(far)}/32`, group: 1 }],
        flood: [{ interface: 12, remotes: [VTEP(far)] }],
      },
    }
  }

  test('[LOCAL-1] [VXLAN-4] VXLAN inside WireGuard is decapsulated where it is opened', () => {
    const pair = new Pair()
    pair.a.load(vxlanInside(1))
    pair.b.load(vxlanInside(2))
    const frame = encodeFrame(build.ethernet({ dst: mac(hostMac(2)), src: mac(hostMac(1)) }, packet(1)))
    expect(pair.a.frame(11, frame)).toEqual(['initiation'])
    expect(pair.carry(pair.a).at(-1)).toEqual([`tx 11 ${toHex(frame)}`])
    const back = encodeFrame(build.ethernet({ dst: mac(hostMac(1)), src: mac(hostMac(2)) }, packet(2)))
    expect(pair.b.frame(11, back)).toEqual(['data'])
    expect(pair.carry(pair.b)).toEqual([[`tx 11 ${toHex(back)}`]])
  })

  /** Node n whose wireguard interface 2 sends in VRF 5, of which IRB 21 is a gateway on a bridge that VXLAN carries over port 1. */
  function wireguardInside(n: number): NodeProgram {
    const far = 3 - n
    const base = programOf(n, 'vrf')
    const [wire, wg, hosts] = base.interfaces
    const irbMac = `02:5e:00:00:00:0${n}`
    const farMac = `02:5e:00:00:00:0${far}`
    return {
      ...base,
      vrfs: [...base.vrfs, { id: 5, name: 'carrier' }],
      interfaces: [
        wire!,
        {
          ...wg!,
          underlayVrf: 5,
          local: [`10.5.0.${n}`],
          peers: [peerOf(n, 4, { endpoint: { address: `10.5.0.${far}`, port: 51820 } })],
        } as typeof wg & object,
        hosts!,
        { kind: 'bridge', id: 20, name: 'br', ageing: 300e9, fdbLimit: 100 },
        {
          kind: 'irb',
          id: 21,
          name: 'irb',
          bridge: 20,
          vrf: 5,
          mac: irbMac,
          systemMac: irbMac,
          mtu: 1600,
          addresses: [`10.5.0.${n}/24`],
          suppress: false,
          neighbourLifetime: 300e9,
          neighbourLimit: 10,
        },
        {
          kind: 'vxlan',
          id: 22,
          name: 'vx',
          bridge: 20,
          vni: 5,
          underlayVrf: 0,
          local: `192.0.2.${n}`,
          port: 4789,
          mtu: 1600,
          learning: true,
          ttl: 64,
          dscp: 0,
          df: true,
          udpChecksum: 'zero',
          remotes: [`192.0.2.${far}`],
        },
      ],
      tables: {
        ...base.tables,
        routes: [...base.tables.routes, { vrf: 5, prefix: '10.5.0.0/24', connected: 21 }],
        neighbours: [...base.tables.neighbours, { interface: 21, address: `10.5.0.${far}`, mac: farMac }],
        fdb: [{ bridge: 20, mac: farMac, interface: 22, remote: `192.0.2.${far}` }],
      },
    }
  }

  test('[WG-5] [LOCAL-1] WireGuard inside VXLAN: its underlay is the VRF of a gateway', () => {
    const pair = new Pair('vrf')
    pair.a.load(wireguardInside(1))
    pair.b.load(wireguardInside(2))
    pair.a.frame(3, fromHost(1))
    // VXLAN's flag octet is where a message's type would be.
    expect(messageOf(pair.a.sent[0]!)[0]).toBe(8)
    const turns = pair.carry(pair.a)
    expect(turns.at(0)).toContain('wireguard-handshake')
    expect(turns.at(-1)).toEqual([toHost(2)])
    expect(pair.a.peer().endpoint).toEqual({ address: '10.5.0.2', port: 51820 })
  })

  test('[CTRL-6] a tunnel that leads into itself is refused, at loading and by apply', () => {
    const program = programOf(1, 'vrf')
    const into = { vrf: 0, prefix: '198.51.100.0/24' }
    const looped = {
      ...program,
      interfaces: program.interfaces.map((one) => (one.kind === 'wireguard' ? { ...one, vrf: 0 } : one)),
    }
    const route = { ...into, group: 1 }
    const kept = looped.tables.routes.filter(({ vrf }) => vrf === 0)
    const tables = { ...looped.tables, routes: [...kept, route] }
    expect(() => new Node({ ...looped, tables })).toThrow('come back to it')
    const node = new Node({ ...looped, tables: { ...looped.tables, routes: kept } })
    const change = { table: 'route', ...into, members: [{ interface: 2 }] }
    expect(node.apply(change)).toEqual(['refused invalid'])
    // Where it does not send, a route out of it is none.
    const lower = new Node(programOf(1, 'lower'))
    expect(lower.apply(change)).toEqual([])
    expect(lower.frame(3, fromHost(1, { dst: '198.51.100.1' }))[0]).toBe('wireguard-no-peer')
  })
})
