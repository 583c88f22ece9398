import { describe, expect, test } from 'vitest'
import { build, toHex } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  GATEWAY,
  host4,
  hostMac,
  mac,
  otherMac,
  PROGRAM,
  raw,
  REMOTE_SYSTEM,
  SYSTEM,
  tunnelled,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'

/** A frame of no protocol. */
const plain = (dst: ReturnType<typeof mac>, src: ReturnType<typeof mac>, octets = 46) =>
  raw(dst, src, 0x88b5, octets)
const unknown = mac('02:ee:00:00:00:01')

describe('entering a bridge', () => {
  test.each([
    ['a group address', mac('03:00:00:00:00:01')],
    ['broadcast', BROADCAST],
    ['zero', mac('00:00:00:00:00:00')],
  ])('[BRIDGE-1] source MAC %s', (_what, src) => {
    expect(new Bench().frame(13, plain(hostMac(8), src))).toEqual(['source-mac-invalid'])
  })

  test("[BRIDGE-1] the IRB's MACs come from no port; the anycast one may come from a tunnel", () => {
    expect(new Bench().frame(13, plain(hostMac(8), GATEWAY))).toEqual(['source-mac-local'])
    expect(new Bench().frame(13, plain(hostMac(8), SYSTEM))).toEqual(['source-mac-local'])
    expect(new Bench().frame(1, tunnelled(plain(hostMac(8), SYSTEM)))).toEqual(['source-mac-local'])
    const anycast = plain(hostMac(8), GATEWAY)
    expect(new Bench().frame(1, tunnelled(anycast))).toEqual([tx(14, anycast)])
    // A bridge without IRB knows no such MACs.
    expect(new Bench().frame(43, plain(unknown, GATEWAY))[0]).toMatch(/^tx 1 /)
  })

  test.each([0x8100, 0x88a8, 0x9100])('[BRIDGE-1] tagged with 0x%x', (etherType) => {
    expect(new Bench().frame(13, raw(hostMac(8), hostMac(1), etherType))).toEqual(['vlan-tagged'])
  })

  test('[BRIDGE-1] reserved group addresses, and the first that is not', () => {
    for (const last of ['00', '07', '0e', '0f']) {
      expect(new Bench().frame(13, plain(mac(`01:80:c2:00:00:${last}`), hostMac(1)))).toEqual([
        'reserved-multicast',
      ])
    }
    expect(new Bench().frame(43, plain(mac('01:80:c2:00:00:10'), hostMac(1)))[0]).toMatch(/^tx 1 /)
    expect(new Bench().frame(43, plain(mac('01:80:c2:00:01:00'), hostMac(1)))[0]).toMatch(/^tx 1 /)
  })

  test('[BRIDGE-1] is checked in its order', () => {
    const reserved = mac('01:80:c2:00:00:00')
    expect(new Bench().frame(13, raw(reserved, BROADCAST, 0x8100))).toEqual(['source-mac-invalid'])
    expect(new Bench().frame(13, raw(reserved, GATEWAY, 0x8100))).toEqual(['source-mac-local'])
    expect(new Bench().frame(13, raw(reserved, hostMac(1), 0x8100))).toEqual(['vlan-tagged'])
  })
})

describe('[Z12] learning, ageing and forwarding', () => {
  test('[BRIDGE-2] [LEARN-1] a MAC is learned where it was seen, before the frame is forwarded', () => {
    const bench = new Bench()
    bench.frame(13, plain(hostMac(8), hostMac(1)))
    const back = plain(hostMac(1), hostMac(2))
    expect(bench.frame(14, back)).toEqual([tx(13, back)])
    const self = plain(hostMac(3), hostMac(3))
    expect(bench.frame(13, self)).toEqual(['same-port'])
  })

  test('[LEARN-1] behind a tunnel the remote VTEP is learned with it', () => {
    const bench = new Bench()
    bench.frame(1, tunnelled(plain(hostMac(8), hostMac(3)), { src: '10.255.0.3' }))
    const back = plain(hostMac(3), hostMac(1))
    const [line, ...more] = bench.frame(13, back)
    expect(more).toEqual([])
    expect(untunnelled(line)).toMatchObject({ port: 2, to: '10.255.0.3', vni: 10010, inner: toHex(back) })
  })

  test('[LEARN-1] an interface that does not learn teaches nothing', () => {
    const bench = new Bench(changed({ 12: { learning: false } }))
    bench.frame(1, tunnelled(plain(hostMac(8), hostMac(3))))
    expect(bench.frame(13, plain(hostMac(3), hostMac(1)))).toHaveLength(3)
  })

  test("[LEARN-1] the IRB's anycast MAC out of a tunnel is not learned", () => {
    const bench = new Bench()
    bench.frame(1, tunnelled(plain(hostMac(8), GATEWAY)))
    expect([...bench.node.config.bridges[0]!.fdb].some(([one]) => one === GATEWAY)).toBe(false)
  })

  test('[C09] [LEARN-2] a static MAC elsewhere goes no further, learning or not', () => {
    expect(new Bench().frame(13, plain(hostMac(1), hostMac(8)))).toEqual(['static-mac-move'])
    const right = plain(hostMac(8), hostMac(7))
    expect(new Bench().frame(1, tunnelled(right, { src: '10.255.0.3' }))).toEqual([tx(14, right)])
    expect(new Bench().frame(1, tunnelled(right, { src: '10.255.0.2' }))).toEqual(['static-mac-move'])
    const deaf = changed({ 12: { learning: false } })
    expect(new Bench(deaf).frame(1, tunnelled(right, { src: '10.255.0.2' }))).toEqual(['static-mac-move'])
  })

  test('[LEARN-3] a MAC seen elsewhere moves at once', () => {
    const bench = new Bench()
    bench.frame(13, plain(hostMac(8), hostMac(1)))
    bench.frame(1, tunnelled(plain(hostMac(8), hostMac(1)), { src: '10.255.0.3' }))
    const to = plain(hostMac(1), hostMac(2))
    expect(untunnelled(bench.frame(14, to)[0])).toMatchObject({ to: '10.255.0.3' })
    bench.frame(1, tunnelled(plain(hostMac(8), hostMac(1)), { src: '10.255.0.2' }))
    expect(untunnelled(bench.frame(14, to)[0])).toMatchObject({ to: '10.255.0.2' })
    bench.frame(13, plain(hostMac(8), hostMac(1)))
    expect(bench.frame(14, to)).toEqual([tx(13, to)])
  })

  test('[LEARN-4] an entry is valid until its age is the ageing time, and each frame makes it young', () => {
    const bench = new Bench()
    const to = plain(hostMac(1), hostMac(2))
    bench.frame(13, plain(hostMac(8), hostMac(1)))
    bench.wait(299.999999999)
    expect(bench.frame(14, to)).toEqual([tx(13, to)])
    bench.frame(13, plain(hostMac(8), hostMac(1)))
    bench.wait(299.999999999)
    expect(bench.frame(14, to)).toEqual([tx(13, to)])
    bench.wait(0.000000001)
    expect(bench.frame(14, to)).toHaveLength(3)
  })

  test('[C09] [LEARN-5] a full table learns nothing new until an entry is no longer valid; the frame goes on', () => {
    const bench = new Bench(changed({ 10: { fdbLimit: 2 } }))
    const see = (n: number) => bench.frame(13, plain(hostMac(8), hostMac(n)))
    const known = (n: number) => bench.frame(14, plain(hostMac(n), hostMac(8))).length === 1
    see(1)
    bench.wait(100)
    see(2)
    expect(see(3)).toEqual([tx(14, plain(hostMac(8), hostMac(3)))])
    expect([known(1), known(2), known(3)]).toEqual([true, true, false])
    bench.wait(200)
    see(3)
    expect([known(1), known(2), known(3)]).toEqual([false, true, true])
  })

  test('[BRIDGE-4] not back to the tunnel where it came from, nor to another', () => {
    const bench = new Bench()
    bench.frame(1, tunnelled(plain(hostMac(8), hostMac(3)), { src: '10.255.0.3' }))
    expect(bench.frame(1, tunnelled(plain(hostMac(3), hostMac(4)), { src: '10.255.0.2' }))).toEqual([
      'split-horizon',
    ])
    const twoTunnels = {
      ...PROGRAM,
      interfaces: [
        ...PROGRAM.interfaces,
        { ...PROGRAM.interfaces.find((one) => one.id === 12)!, id: 50, name: 'vx-more', vni: 10011 },
      ] as typeof PROGRAM.interfaces,
    }
    const two = new Bench(twoTunnels)
    two.frame(1, tunnelled(plain(hostMac(8), hostMac(3)), { vni: 10011 }))
    expect(two.frame(1, tunnelled(plain(hostMac(3), hostMac(4))))).toEqual(['split-horizon'])
  })

  test('[BRIDGE-5] the MTU of the port where it leaves', () => {
    const program = changed({ 14: { mtu: 100 } })
    const fits = plain(hostMac(8), hostMac(1), 100)
    expect(new Bench(program).frame(13, fits)).toEqual([tx(14, fits)])
    expect(new Bench(program).frame(13, plain(hostMac(8), hostMac(1), 101))).toEqual(['mtu-exceeded'])
  })

  test('[BRIDGE-3] to the gateway by either of its MACs', () => {
    for (const dst of [GATEWAY, SYSTEM]) {
      const packet = build.ipv4({ src: host4(1), dst: host4(1) }, udpHello)
      expect(new Bench().frame(13, eth(dst, hostMac(1), packet))[0]).not.toMatch(/^tx 14/)
      expect(new Bench().frame(13, plain(dst, hostMac(1)))).toEqual(['ethertype-unknown'])
    }
  })

  test('[BRIDGE-6] what is routed never goes back to the IRB', () => {
    const tables = { neighbours: [{ interface: 21, address: '10.1.1.50', mac: '02:5a:00:00:00:01' }] }
    const packet = build.ipv4({ src: host4(1), dst: 0x0a010132 as never }, udpHello)
    expect(new Bench(changed({}, tables)).frame(13, eth(GATEWAY, hostMac(1), packet))).toEqual(['same-port'])
  })
})

describe('[Z12] flooding', () => {
  test('[FLOOD-1] [FLOOD-2] unknown unicast: ports and tunnels in interface order, remotes in program order', () => {
    const frame = plain(unknown, hostMac(1))
    const [first, second, third, ...more] = new Bench().frame(13, frame)
    expect(untunnelled(first)).toMatchObject({ port: 2, to: '10.255.0.3', vni: 10010, inner: toHex(frame) })
    expect(untunnelled(second)).toMatchObject({ port: 1, to: '10.255.0.2', vni: 10010, inner: toHex(frame) })
    expect(third).toBe(tx(14, frame))
    expect(more).toEqual([])
  })

  test('[FLOOD-1] out of a tunnel only to ports', () => {
    const frame = plain(unknown, hostMac(1))
    expect(new Bench().frame(1, tunnelled(frame))).toEqual([tx(13, frame), tx(14, frame)])
  })

  test('[FLOOD-3] [IRB-2] a group-addressed frame goes to the IRB too, last, unknown unicast does not', () => {
    const frame = plain(BROADCAST, hostMac(1))
    const lines = new Bench().frame(13, frame)
    expect(lines).toHaveLength(4)
    expect(lines.at(-1)).toBe('irb-ignored')
    const out = new Bench().frame(1, tunnelled(plain(mac('33:33:00:00:00:16'), hostMac(1))))
    expect(out.at(-1)).toBe('irb-ignored')
  })

  test('[FLOOD-4] nobody to flood to', () => {
    const program = changed({}, { flood: [] })
    expect(new Bench(program).frame(43, plain(unknown, hostMac(1)))).toEqual(['flood-empty'])
    // With an IRB that ignores it somebody was there.
    expect(new Bench().frame(23, plain(BROADCAST, otherMac(1)))).toEqual(['irb-ignored'])
    expect(new Bench().frame(23, plain(unknown, otherMac(1)))).toEqual(['flood-empty'])
  })

  test('[FLOOD-1] a copy that fits nowhere was still made', () => {
    const program = changed({ 42: { mtu: 100 } })
    expect(new Bench(program).frame(43, plain(unknown, hostMac(1), 101))).toEqual(['mtu-exceeded'])
  })

  test('[IRB-3] what is no IP for the gateway', () => {
    expect(new Bench().frame(13, raw(GATEWAY, hostMac(1), 0x86de))).toEqual(['ethertype-unknown'])
    expect(new Bench().frame(13, raw(GATEWAY, hostMac(1), 0x0806))).toEqual(['arp-ignored'])
    expect(new Bench().frame(13, raw(GATEWAY, hostMac(1), 0x0800))).toEqual(['ipv4-header-invalid'])
    expect(new Bench().frame(13, raw(GATEWAY, hostMac(1), 0x86dd))).toEqual(['ipv6-header-invalid'])
    expect(new Bench().frame(1, tunnelled(raw(SYSTEM, REMOTE_SYSTEM, 0x0800), { vni: 50001 }))).toEqual([
      'ipv4-header-invalid',
    ])
  })
})
