import { describe, expect, test } from 'vitest'
import { build, fromHex, toHex } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  eth,
  GATEWAY,
  host4,
  hostMac,
  ip4 as address4,
  mac,
  raw,
  SYSTEM,
  tunnelled,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'
import { announce, apply, fdb, macText, plain } from './support/changes.js'
import {
  FAR_ON_PORT,
  FAR_ON_TUNNEL,
  membersProgram,
  ON_PORT,
  ON_TUNNEL,
  openedBy,
  sealed,
  stateOf,
  TUNNEL_VNI,
} from './support/macsec.js'

const suite = 'gcm-aes-128'

/** Bridge 10 with its ports 13 and 14, tunnel 12, and a macsec interface on a port and on a tunnel. */
class Members {
  readonly bench: Bench
  private pn = 0

  constructor(...given: Parameters<typeof membersProgram>) {
    this.bench = new Bench(membersProgram(...given))
  }

  /** From the far end of port 50. */
  onPort(frame: Uint8Array): string[] {
    return this.said(
      this.bench.frame(50, sealed(suite, ++this.pn, { sci: FAR_ON_PORT, an: 0, key: 4, frame })),
    )
  }
  /** Out of tunnel 52. */
  onTunnel(frame: Uint8Array): string[] {
    const made = sealed(suite, ++this.pn, { sci: FAR_ON_TUNNEL, an: 0, key: 6, frame })
    return this.said(this.bench.frame(1, tunnelled(made, { vni: TUNNEL_VNI })))
  }
  /** From a port, or out of tunnel 12. */
  from(port: 13 | 14 | 12, frame: Uint8Array): string[] {
    return this.said(port === 12 ? this.bench.frame(1, tunnelled(frame)) : this.bench.frame(port, frame))
  }
  said(lines: readonly string[]): string[] {
    return lines.map(opened)
  }
}

/** Where a line went and what of: sealed frames opened, tunnelled ones without their outer headers. */
function opened(line: string): string {
  if (line.startsWith('tx 50 ')) {
    const { frame } = openedBy(suite, line, { key: 3, port: 50 })
    return `sealed ${frame === undefined ? 'wrongly' : toHex(frame)}`
  }
  if (!line.startsWith('tx 1 ') && !line.startsWith('tx 2 ')) return line
  const { vni, inner, to } = untunnelled(line)
  if (vni !== TUNNEL_VNI) return `vni ${vni} to ${to} ${inner}`
  const { frame } = openedBy(suite, `tx 3 ${inner}`, { key: 5 })
  return `tunnel to ${to} sealed ${frame === undefined ? 'wrongly' : toHex(frame)}`
}

const on = {
  port: (id: number, frame: Uint8Array) => tx(id, frame),
  sealedPort: (frame: Uint8Array) => `sealed ${toHex(frame)}`,
  tunnel: (frame: Uint8Array) => `tunnel to 10.255.0.2 sealed ${toHex(frame)}`,
  /** Both remotes of tunnel 12. */
  vxlan: (frame: Uint8Array) => ['3', '2'].map((n) => `vni 10010 to 10.255.0.${n} ${toHex(frame)}`),
}

describe('[Z09] a macsec interface on a port as member of a bridge', () => {
  test('[BRIDGE-1] [LEARN-1] [BRIDGE-3] what it opens enters, its source is learned, and it is sent to', () => {
    const m = new Members()
    expect(m.onPort(plain(9, 1))).toEqual([
      ...on.vxlan(plain(9, 1)),
      on.port(13, plain(9, 1)),
      on.port(14, plain(9, 1)),
      on.tunnel(plain(9, 1)),
    ])
    expect(m.from(13, plain(1, 2))).toEqual([on.sealedPort(plain(1, 2))])
    expect(m.bench.node.learned().fdb).toEqual([
      { bridge: 10, mac: macText(2), interface: 13 },
      { bridge: 10, mac: macText(1), interface: ON_PORT },
    ])
    expect(m.onPort(plain(3, 1).with(6, 0x03))).toEqual(['source-mac-invalid'])
    expect(m.onPort(raw(hostMac(2), GATEWAY, 0x88b5))).toEqual(['source-mac-local'])
    expect(m.onPort(raw(hostMac(2), SYSTEM, 0x88b5))).toEqual(['source-mac-local'])
  })

  test('[BRIDGE-4] an entry where the frame entered', () => {
    const m = new Members()
    m.onPort(plain(9, 1))
    expect(m.onPort(plain(1, 2))).toEqual(['same-port'])
  })

  test('[BRIDGE-5] what is longer than it takes, and what does not fit sealed', () => {
    const long = (octets: number) => raw(hostMac(1), hostMac(2), 0x88b5, octets)
    const m = new Members({ [ON_PORT]: { mtu: 100 } })
    m.onPort(plain(9, 1))
    expect(m.from(13, long(101))).toEqual(['mtu-exceeded'])
    expect(stateOf(m.bench, ON_PORT).counters.OutPktsTooLong).toBe(0)
    expect(m.from(13, long(100))).toEqual([on.sealedPort(long(100))])
    const tight = new Members({ 50: { mtu: 131 } })
    tight.onPort(plain(9, 1))
    expect(tight.from(13, long(100))).toEqual(['mtu-exceeded'])
    expect(stateOf(tight.bench, ON_PORT).counters.OutPktsTooLong).toBe(1)
    expect(tight.from(13, long(99))).toEqual([on.sealedPort(long(99))])
  })

  test('[LEARN-6] [NEIGH-8] a control entry and a control neighbour yield to what is heard on it', () => {
    const m = new Members()
    apply(m.bench, fdb(1, 12, '10.255.0.2'))
    m.onPort(plain(9, 1))
    expect(m.from(13, plain(1, 2))).toEqual([on.sealedPort(plain(1, 2))])
  })

  test('[ARP-3] [ARP-4] [ARP-2] the gateway answers by it, and others are answered for', () => {
    const m = new Members()
    const asks = (target: ReturnType<typeof address4>) =>
      eth(
        BROADCAST,
        hostMac(1),
        build.arp({
          operation: 1,
          sha: hostMac(1),
          spa: host4(1),
          tha: mac('00:00:00:00:00:00'),
          tpa: target,
        }),
      )
    const answer = (from: typeof GATEWAY, address: ReturnType<typeof address4>) =>
      eth(
        hostMac(1),
        from,
        build.arp({ operation: 2, sha: from, spa: address, tha: hostMac(1), tpa: host4(1) }),
      )
    expect(m.onPort(asks(address4('10.1.0.1')))).toEqual([
      'arp-answered',
      on.sealedPort(answer(GATEWAY, address4('10.1.0.1'))),
    ])
    m.from(13, announce(2))
    expect(m.onPort(asks(host4(2)))).toEqual(['arp-suppressed', on.sealedPort(answer(hostMac(2), host4(2)))])
    expect(m.bench.node.learned().neighbours).toContainEqual({
      interface: 11,
      address: '10.1.0.11',
      mac: macText(1),
    })
  })

  test('[SNOOP-3] [SNOOP-4] a leave heard on it counts at once, and reports do not go out of it', () => {
    const group = address4('239.1.1.1')
    const igmp = (type: number) => {
      const message = Uint8Array.of(type, 0, 0, 0, 239, 1, 1, 1)
      const sum = 0xffff - ((type * 256 + 239 * 256 + 1 + 256 + 1) % 0xffff)
      message.set([sum >> 8, sum & 255], 2)
      return eth(
        mac('01:00:5e:01:01:01'),
        hostMac(1),
        build.ipv4({ src: host4(1), dst: group, ttl: 1, protocol: 2 }, build.payload(message)),
      )
    }
    const m = new Members({ 10: { snooping: 60e9 } })
    const wants = () => m.bench.node.tables().memberships.map(({ interface: id, remote }) => remote ?? id)
    const report = m.onPort(igmp(0x16))
    expect(report).toEqual([...on.vxlan(igmp(0x16)), on.tunnel(igmp(0x16)), 'irb-ignored'])
    expect(wants()).toEqual([ON_PORT])
    const toGroup = eth(
      mac('01:00:5e:01:01:01'),
      hostMac(2),
      build.ipv4({ src: host4(2), dst: group }, udpHello),
    )
    expect(m.from(13, toGroup)).toEqual([on.sealedPort(toGroup), 'irb-ignored'])
    m.onPort(igmp(0x17))
    expect(wants()).toEqual([])
    // Behind a tunnel's end others may want it still; it has no remote of its own.
    m.onTunnel(igmp(0x16))
    m.onTunnel(igmp(0x17))
    expect(wants()).toEqual([ON_TUNNEL])
    expect(m.from(13, toGroup)).toEqual([on.tunnel(toGroup), 'irb-ignored'])
  })

  test('[CTRL-3] flush forgets what is behind it', () => {
    const m = new Members()
    m.onPort(plain(9, 1))
    expect(m.bench.control({ op: 'flush', table: 'fdb', interface: ON_PORT })).toEqual([])
    expect(m.bench.node.learned().fdb).toEqual([])
    expect(m.bench.control({ op: 'flush', table: 'fdb', interface: 4 })).toEqual([
      'refused unknown-interface',
    ])
    expect(m.bench.control({ op: 'flush', table: 'fdb', interface: 52 })).toEqual([
      'refused unknown-interface',
    ])
  })

  test('[PUNT-2] what comes from the port’s TAP is sent on it', () => {
    const m = new Members()
    expect(m.said(m.bench.punt(50, plain(1, 2)))).toEqual([on.sealedPort(plain(1, 2))])
  })
})

describe('[Z09] [MACSEC-10] a macsec interface on a tunnel', () => {
  test('[VXLAN-7] what is decapsulated is received below: opened, it enters as out of a tunnel', () => {
    const m = new Members()
    expect(m.onTunnel(plain(9, 1))).toEqual([
      on.port(13, plain(9, 1)),
      on.port(14, plain(9, 1)),
      on.sealedPort(plain(9, 1)),
    ])
    expect(m.from(13, plain(1, 2))).toEqual([on.tunnel(plain(1, 2))])
    // A tunnel's end is no port: nothing of it is told.
    expect(m.bench.node.learned().fdb).toEqual([{ bridge: 10, mac: macText(2), interface: 13 }])
  })

  test('[MACSEC-1] in the clear, or with another key, nothing enters', () => {
    const { bench } = new Members()
    expect(bench.frame(1, tunnelled(plain(9, 1), { vni: TUNNEL_VNI }))).toEqual(['macsec-clear'])
    const forged = sealed(suite, 1, { sci: FAR_ON_TUNNEL, an: 0, key: 5, frame: plain(9, 1) })
    expect(bench.frame(1, tunnelled(forged, { vni: TUNNEL_VNI }))).toEqual(['macsec-icv'])
    expect(bench.frame(1, tunnelled(forged, { vni: TUNNEL_VNI, src: '10.255.0.3' }))).toEqual([
      'vxlan-source-unknown',
    ])
    expect(stateOf(bench, ON_TUNNEL)).toMatchObject({
      counters: { InPktsNoTag: 1 },
      rx: [{ counters: { InPktsNotValid: 1 } }],
    })
  })

  test('[FLOOD-1] [BRIDGE-4] between ends of tunnels nothing passes, sealed or not', () => {
    const m = new Members()
    const ports = (frame: Uint8Array) => [on.port(13, frame), on.port(14, frame), on.sealedPort(frame)]
    expect(m.onTunnel(plain(9, 1))).toEqual(ports(plain(9, 1)))
    expect(m.from(12, plain(9, 2))).toEqual(ports(plain(9, 2)))
    expect(m.from(12, plain(1, 3))).toEqual(['split-horizon'])
    expect(m.onTunnel(plain(2, 4))).toEqual(['split-horizon'])
    expect(m.onTunnel(plain(1, 5))).toEqual(['split-horizon'])
  })

  test('[BRIDGE-1] the IRB’s MAC is no stranger behind it, its system MAC is', () => {
    const m = new Members()
    expect(m.onTunnel(raw(hostMac(9), SYSTEM, 0x88b5))).toEqual(['source-mac-local'])
    expect(m.onTunnel(raw(hostMac(9), GATEWAY, 0x88b5))).toHaveLength(3)
  })

  test('[LEARN-6] [LEARN-2] a control entry stays, a sticky one is as a static one', () => {
    const m = new Members()
    apply(m.bench, fdb(1, 13), fdb(2, 14, undefined, true), fdb(3, ON_TUNNEL), fdb(4, ON_PORT))
    expect(m.onTunnel(plain(9, 1))).toHaveLength(3)
    expect(m.onTunnel(plain(9, 2))).toEqual(['static-mac-move'])
    expect([1, 3, 4].flatMap((n) => m.from(14, plain(n, 5)))).toEqual([
      on.port(13, plain(1, 5)),
      on.tunnel(plain(3, 5)),
      on.sealedPort(plain(4, 5)),
    ])
  })

  test('[ARP-3] [ARP-4] the gateway answers through it, and nothing is suppressed there', () => {
    const m = new Members()
    m.from(13, announce(2))
    const asks = (target: ReturnType<typeof address4>) =>
      eth(
        BROADCAST,
        hostMac(1),
        build.arp({
          operation: 1,
          sha: hostMac(1),
          spa: host4(1),
          tha: mac('00:00:00:00:00:00'),
          tpa: target,
        }),
      )
    const [fate, reply] = m.onTunnel(asks(address4('10.1.0.1')))
    expect(fate).toBe('arp-answered')
    expect(reply).toMatch(/^tunnel to 10\.255\.0\.2 sealed 02aa00000001/)
    expect(m.onTunnel(asks(host4(2)))).toContain('irb-ignored')
  })

  test('[MACSEC-7] [VXLAN-1] what is too long when sealed uses no packet number', () => {
    const long = (octets: number) => raw(hostMac(1), hostMac(2), 0x88b5, octets)
    const m = new Members({ 52: { mtu: 200 } })
    m.onTunnel(plain(9, 1))
    expect(m.from(13, long(169))).toEqual(['mtu-exceeded'])
    expect(stateOf(m.bench, ON_TUNNEL)).toMatchObject({
      counters: { OutPktsTooLong: 1 },
      tx: { associations: [{ pn: '1' }] },
    })
    expect(m.from(13, long(168))).toEqual([on.tunnel(long(168))])
  })

  test('[VXLAN-3] [HASH-5] the outer header tells nothing of what is sealed: ECN 0, a port by Ethernet words', () => {
    const { bench } = new Members()
    apply(bench, fdb(1, ON_TUNNEL))
    const marked = (src: number, tos: number) =>
      eth(hostMac(1), hostMac(2), build.ipv4({ src: host4(src), dst: host4(1), tos }, udpHello))
    const [one, other] = [marked(2, 3), marked(3, 2)].map((frame) => untunnelled(bench.frame(13, frame)[0]))
    expect(one!.tos).toBe(0)
    expect(one!.sport).toBe(other!.sport)
    expect(fromHex(one!.inner).subarray(12, 14)).toEqual(Uint8Array.of(0x88, 0xe5))
  })

  test('[VXLAN-6] congestion outside does not get inside what is sealed', () => {
    const m = new Members()
    const frame = eth(hostMac(9), hostMac(1), build.ipv4({ src: host4(1), dst: host4(2), tos: 2 }, udpHello))
    const made = sealed(suite, 1, { sci: FAR_ON_TUNNEL, an: 0, key: 6, frame })
    expect(m.said(m.bench.frame(1, tunnelled(made, { vni: TUNNEL_VNI, tos: 3 })))).toContain(tx(13, frame))
  })

  test('protect false: it goes down unchanged, and VXLAN looks at it', () => {
    const { bench } = new Members({ [ON_TUNNEL]: { mode: 'disabled' }, 52: { mtu: 100 } })
    apply(bench, fdb(1, ON_TUNNEL))
    const { inner, vni } = untunnelled(bench.frame(13, plain(1, 2))[0])
    expect([vni, inner]).toEqual([TUNNEL_VNI, toHex(plain(1, 2))])
    expect(bench.frame(13, raw(hostMac(1), hostMac(2), 0x88b5, 101))).toEqual(['mtu-exceeded'])
    expect(bench.frame(1, tunnelled(plain(9, 3), { vni: TUNNEL_VNI }))).toHaveLength(3)
  })

  test('[CTRL-3] [CTRL-2] flush and set-vni', () => {
    const m = new Members()
    m.onTunnel(plain(9, 1))
    expect(m.bench.control({ op: 'flush', table: 'fdb', interface: ON_TUNNEL })).toEqual([])
    expect(m.from(13, plain(1, 2))).toHaveLength(5)
    m.bench.control({ op: 'set-vni', interface: 52, vni: 7 })
    expect(m.onTunnel(plain(9, 1))).toEqual(['vxlan-vni-unknown'])
  })

  test('[CTRL-6] entries name the macsec interface, without remote; its tunnel is in no bridge and floods nothing', () => {
    const { bench } = new Members()
    const changes = (change: object) => bench.control({ op: 'apply', changes: [change] })
    expect(changes(fdb(1, ON_TUNNEL, '10.255.0.2'))).toEqual(['refused invalid'])
    expect(changes(fdb(1, ON_PORT, '10.255.0.2'))).toEqual(['refused invalid'])
    expect(changes(fdb(1, 52, '10.255.0.2'))).toEqual(['refused unknown-interface'])
    expect(changes(fdb(1, 4))).toEqual(['refused unknown-interface'])
    expect(changes({ table: 'flood', interface: 52, remotes: [] })).toEqual(['refused invalid'])
    expect(changes({ table: 'flood', interface: ON_TUNNEL, remotes: [] })).toEqual([
      'refused unknown-interface',
    ])
    const route = (id: number) => ({
      table: 'route',
      vrf: 0,
      prefix: '172.30.0.0/16',
      members: [{ interface: id }],
    })
    expect(changes(route(ON_PORT))).toEqual(['refused unknown-interface'])
  })

  test('[CTRL-6] a route that would lead its tunnel into itself is refused', () => {
    const routes = membersProgram().tables.routes.filter(({ connected }) => connected !== 11)
    const flood = [{ interface: 42, remotes: ['10.255.0.2'] }]
    const fdbOf = membersProgram().tables.fdb.filter(({ interface: id }) => id !== 12)
    // The bridge has no vxlan member: tunnel 12 is moved to another.
    const program = membersProgram({ 11: { vrf: 0 }, 12: { bridge: 40 } }, { routes, flood, fdb: fdbOf })
    const into = {
      table: 'route' as const,
      vrf: 0,
      prefix: '172.30.0.0/16',
      members: [{ interface: 11, gateway: '10.1.0.15' }],
    }
    expect(new Bench(program).node.apply(0n, [into]).refusal).toMatchObject({ code: 'invalid', index: 0 })
    const loaded = {
      ...program.tables,
      routes: [...routes, { vrf: 0, prefix: '10.1.0.0/24', connected: 11 }],
    }
    expect(() => new Bench({ ...program, tables: loaded })).toThrow('can come back to it')
  })
})
