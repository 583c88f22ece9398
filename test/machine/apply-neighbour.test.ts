import { describe, expect, test } from 'vitest'
import { build, formatIp, toHex } from '../../twin/packet/index.js'
import {
  Bench,
  BROADCAST,
  changed,
  eth,
  GATEWAY,
  host4,
  host6,
  hostMac,
  ip4,
  ip6,
  mac,
  other4,
  otherMac,
  PROGRAM,
  teach,
  tunnelled,
  tx,
  udpHello,
  untunnelled,
} from './support/bench.js'
import {
  VTEP2,
  VTEP3,
  to,
  routed,
  announce,
  macText,
  apply,
  fdb,
  neighbour,
  noNeighbour,
} from './support/changes.js'

describe('[CTRL-6] neighbours', () => {
  const at5 = '10.1.1.15'
  const mac5 = '02:bb:00:00:00:05'

  test('[NEIGH-8] a control neighbour gives the MAC, and is always valid', () => {
    const bench = new Bench()
    teach(bench)
    expect(apply(bench, neighbour(at5, mac5, false, 21))).toEqual([])
    for (const seconds of [0, 59, 100_000]) {
      bench.wait(seconds).frame(13, announce(1))
      expect(bench.frame(13, to(other4(5)))).toEqual([tx(23, routed(other4(5), otherMac(5)))])
    }
  })

  test('[NEIGH-5] a packet that is held for it is sent at once, in the order of the list', () => {
    const bench = new Bench()
    teach(bench)
    bench.frame(13, to(other4(5)))
    bench.frame(13, to(host4(5)))
    expect(bench.node.held).toBe(2)
    const sent = apply(
      bench,
      // Host 5 is behind a tunnel by the time its packet is sent, and on a port afterwards.
      fdb(5, 12, VTEP3),
      neighbour(formatIp(host4(5)), macText(5)),
      fdb(5, 14),
      neighbour(at5, mac5, true, 21),
    )
    expect(sent).toHaveLength(2)
    expect(untunnelled(sent[0])).toMatchObject({ to: VTEP3, inner: toHex(routed(host4(5), hostMac(5))) })
    expect(sent[1]).toBe(tx(23, routed(other4(5), otherMac(5))))
    expect(bench.node.held).toBe(0)
    expect(bench.wait(5).clock()).toEqual([])
  })

  test('it takes the place of a static or dynamic one; removal removes static and control ones alone', () => {
    const bench = new Bench()
    teach(bench)
    const next = (n: number) =>
      bench.frame(14, eth(GATEWAY, hostMac(2), build.ipv4({ src: host4(2), dst: host4(n) }, udpHello)))
    apply(bench, neighbour('10.1.0.99', macText(1)), neighbour('10.1.0.11', macText(3)), fdb(3, 13))
    const toMac = (line: string | undefined) => line?.split(' ')[2]?.slice(0, 12)
    expect(toMac(next(1)[0])).toBe('02aa00000003')
    const gone = ['10.1.0.99', '10.1.0.11', '10.1.0.12', '10.1.0.17'].map((address) => noNeighbour(address))
    expect(apply(bench, ...gone)).toEqual([])
    // Host 2 was heard and stays; hosts 1 and 99 are asked for.
    expect(bench.frame(13, to(host4(2)))).toEqual([tx(14, routed(host4(2), hostMac(2)))])
    expect(next(1).length).toBeGreaterThan(1)
    expect(bench.frame(13, to(ip4('10.1.0.99')))).toHaveLength(4)
    expect(bench.node.held).toBe(2)
  })

  test('removal leaves an incomplete one, and what it holds', () => {
    const bench = new Bench()
    teach(bench)
    bench.frame(13, to(other4(5)))
    expect(apply(bench, noNeighbour(at5, 21))).toEqual([])
    expect(bench.node.held).toBe(1)
  })

  test('[NEIGH-8] it yields to what is heard on a port and is dynamic from then on', () => {
    const bench = new Bench()
    teach(bench)
    apply(bench, neighbour('10.1.0.13', macText(9)))
    bench.frame(14, announce(3))
    expect(bench.frame(13, to(host4(3)))).toEqual([tx(14, routed(host4(3), hostMac(3)))])
    apply(bench, noNeighbour('10.1.0.13'))
    expect(bench.frame(13, to(host4(3)))).toHaveLength(1)
    bench.wait(60).frame(13, announce(1))
    expect(bench.frame(13, to(host4(3))).length).toBeGreaterThan(1)
  })

  test('[NEIGH-8] what is heard behind a tunnel leaves it; a sticky one is left by a port too', () => {
    for (const [sticky, port] of [
      [false, undefined],
      [true, undefined],
      [true, 14],
    ] as const) {
      const bench = new Bench()
      teach(bench)
      apply(bench, neighbour('10.1.0.13', macText(2), sticky))
      if (port === undefined) bench.frame(1, tunnelled(announce(3)))
      else bench.frame(port, announce(3))
      expect(bench.frame(13, to(host4(3)))).toEqual([tx(14, routed(host4(3), hostMac(2)))])
    }
  })

  test('[NEIGH-8] `neighbourLimit` does not count it, `flush` leaves it; without room it does not yield', () => {
    const bench = new Bench()
    teach(bench)
    apply(bench, ...[5, 6, 7].map((n) => neighbour(`10.1.1.1${n}`, `02:bb:00:00:00:0${n}`, false, 21)))
    // One is there since `teach`, a second one still fits.
    bench.frame(13, to(other4(8)))
    expect(bench.node.held).toBe(1)
    expect(bench.frame(13, to(other4(9)))[0]).toBe('neighbour-full')
    const heard = eth(
      BROADCAST,
      otherMac(9),
      build.arp({
        operation: 1,
        sha: otherMac(9),
        spa: other4(5),
        tha: mac('00:00:00:00:00:00'),
        tpa: other4(5),
      }),
    )
    bench.frame(23, heard)
    bench.control({ op: 'flush', table: 'neighbours' })
    expect(bench.frame(13, to(other4(5)))).toEqual([tx(23, routed(other4(5), otherMac(5)))])
  })

  test('[ARP-4] [ND-4] [NEIGH-8] hosts are answered for it, sticky or not', () => {
    for (const sticky of [false, true]) {
      const bench = new Bench()
      teach(bench)
      apply(
        bench,
        neighbour('10.1.0.15', macText(5), sticky),
        neighbour('2001:db8:1::15', macText(5), sticky),
      )
      const request = eth(
        BROADCAST,
        hostMac(1),
        build.arp({
          operation: 1,
          sha: hostMac(1),
          spa: host4(1),
          tha: mac('00:00:00:00:00:00'),
          tpa: host4(5),
        }),
      )
      const reply = eth(
        hostMac(1),
        hostMac(5),
        build.arp({ operation: 2, sha: hostMac(5), spa: host4(5), tha: hostMac(1), tpa: host4(1) }),
      )
      expect(bench.frame(13, request)).toEqual(['arp-suppressed', tx(13, reply)])
      const [fate] = bench.frame(13, solicitation())
      expect(fate).toBe('nd-suppressed')
    }
  })

  test('[NEIGH-3] [NEIGH-8] an IRB without addresses sends by one', () => {
    const bench = new Bench(
      changed({}, { neighbours: PROGRAM.tables.neighbours.filter((one) => one.interface !== 31) }),
    )
    expect(bench.frame(13, to(ip4('10.9.0.1')))[0]).toBe('neighbour-missing')
    apply(bench, neighbour(VTEP2, '02:5a:00:00:00:02', true, 31))
    expect(untunnelled(bench.frame(13, to(ip4('10.9.0.1')))[0])).toMatchObject({ to: VTEP2, vni: 50001 })
  })
})

function solicitation(): Uint8Array {
  return eth(
    mac('33:33:ff:00:00:15'),
    hostMac(1),
    build.ipv6(
      { src: host6(1), dst: ip6('ff02::1:ff00:15'), hopLimit: 255 },
      build.icmpv6(
        { type: 135 },
        build.ndTarget(
          { target: host6(5) },
          build.ndOption({ type: 1, data: Uint8Array.of(2, 0xaa, 0, 0, 0, 1) }),
        ),
      ),
    ),
  )
}
