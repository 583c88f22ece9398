import { describe, expect, test } from 'vitest'
import { replayJournal, writeJournal, type Input } from '../../twin/forward/index.js'
import { build } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  ip4,
  KEYS,
  other4,
  portMac,
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
  plain,
  to,
  apply,
  route,
  noRoute,
  fdb,
  noFdb,
  neighbour,
  flood,
  goes,
} from './support/changes.js'

describe('[CTRL-6] routes', () => {
  const transit = (dst: string) =>
    eth(portMac(2), farMac(2), build.ipv4({ src: ip4('10.254.1.1'), dst: ip4(dst) }, udpHello))
  const out = (bench: Bench, dst: string) =>
    bench.frame(2, transit(dst)).map((line) => line.split(' ').slice(0, 2).join(' '))

  test('the members become the route’s own group, in place of what is there', () => {
    const bench = new Bench()
    expect(out(bench, VTEP2)).toEqual(['tx 1'])
    expect(apply(bench, route(0, `${VTEP2}/32`, [2, '10.254.1.1']))).toEqual([])
    expect(out(bench, VTEP2)).toEqual(['tx 2'])
    // Group 1 is as it was for others, and a connected or blackhole route is replaced as well.
    apply(bench, route(0, '172.18.0.0/16', [1, '10.254.0.1']), route(0, '10.254.1.0/31', [1, '10.254.0.1']))
    expect(out(bench, '172.18.3.3')).toEqual(['tx 1'])
  })

  test('several members share by HASH-4, in the given order', () => {
    const bench = new Bench(changed({}))
    apply(bench, route(0, '172.18.0.0/16', [1, '10.254.0.1'], [2, '10.254.1.1']))
    const both = new Set(Array.from({ length: 40 }, (_, n) => out(bench, `172.18.0.${n}`)[0]))
    expect(both).toEqual(new Set(['tx 1', 'tx 2']))
    const turned = new Bench(changed({}))
    apply(turned, route(0, '172.18.0.0/16', [2, '10.254.1.1'], [1, '10.254.0.1']))
    const other = { 'tx 1': 'tx 2', 'tx 2': 'tx 1' } as Record<string, string>
    for (let n = 0; n < 40; n++) {
      expect(other[out(turned, `172.18.0.${n}`)[0]!]).toBe(out(bench, `172.18.0.${n}`)[0])
    }
  })

  test('a longer prefix comes and goes; what was there before lies open again', () => {
    const bench = new Bench()
    apply(bench, route(0, '172.17.3.0/24', [2, '10.254.1.1']))
    expect(out(bench, '172.17.3.1')).toEqual(['tx 2'])
    expect(out(bench, '172.17.4.1')).toEqual(['tx 3'])
    apply(bench, noRoute(0, '172.17.3.0/24'))
    expect(out(bench, '172.17.3.1')).toEqual(['tx 3'])
  })

  test('removal removes the program’s routes too, connected ones and blackholes; twice is no error', () => {
    const bench = new Bench()
    const gone = ['172.18.0.0/16', '172.16.0.0/12', '10.254.1.0/31'].map((prefix) => noRoute(0, prefix))
    expect(apply(bench, ...gone, ...gone)).toEqual([])
    // The way back to 10.254.1.1 is gone as well, so that no error is sent.
    expect(out(bench, '172.18.0.1')).toEqual(['no-route', 'no-route'])
  })

  test('a member without a gateway leads to the destination itself; one of the other family is a next hop', () => {
    const bench = new Bench()
    apply(bench, route(0, '10.254.0.1/32', [1]), route(0, '172.30.0.0/16', [1, 'fd00:fe::1']))
    expect(out(bench, '10.254.0.1')).toEqual(['tx 1'])
    expect(out(bench, '172.30.0.1')).toEqual(['tx 1'])
  })

  test('a host route by the L3 VNI, as EVPN makes it', () => {
    const bench = new Bench()
    apply(
      bench,
      neighbour(VTEP3, '02:5a:00:00:00:03', true, 31),
      {
        table: 'fdb',
        bridge: 30,
        mac: '02:5a:00:00:00:03',
        to: { interface: 32, remote: VTEP3, sticky: true },
      },
      route(1, '10.1.1.15/32', [31, VTEP3]),
    )
    const [line, ...more] = bench.frame(13, to(other4(5)))
    expect(more).toEqual([])
    expect(untunnelled(line)).toMatchObject({ to: VTEP3, vni: 50001 })
    expect(untunnelled(line).inner.slice(0, 24)).toBe('025a00000003025a00000001')
  })
})

describe('[CTRL-6] FDB entries', () => {
  test('an entry takes the place of what is there: nothing, a static, a dynamic, a control one', () => {
    const bench = new Bench()
    teach(bench)
    expect(goes(bench, 5)).toBe('flooded')
    expect(goes(bench, 7)).toBe(VTEP3)
    expect(goes(bench, 2)).toBe(14)
    expect(apply(bench, fdb(5, 12, VTEP2), fdb(7, 14), fdb(2, 12, VTEP3))).toEqual([])
    expect([5, 7, 2].map((n) => goes(bench, n))).toEqual([VTEP2, 14, VTEP3])
    apply(bench, fdb(5, 14), fdb(5, 12, VTEP3))
    expect(goes(bench, 5)).toBe(VTEP3)
  })

  test('removal removes static and control ones and leaves dynamic ones; twice is no error', () => {
    const bench = new Bench()
    teach(bench)
    apply(bench, fdb(5, 12, VTEP2, true), fdb(6, 12, VTEP2))
    expect(apply(bench, noFdb(5), noFdb(6), noFdb(7), noFdb(8), noFdb(2), noFdb(9), noFdb(5))).toEqual([])
    expect([5, 6, 7, 8].map((n) => goes(bench, n))).toEqual(['flooded', 'flooded', 'flooded', 'flooded'])
    expect(goes(bench, 2)).toBe(14)
  })

  test('[LEARN-6] an entry that is not sticky yields to what is heard on a port, on whichever port', () => {
    for (const change of [fdb(2, 12, VTEP2), fdb(2, 13), fdb(2, 14)]) {
      const bench = new Bench()
      apply(bench, change)
      bench.frame(14, plain(1, 2))
      expect(goes(bench, 2)).toBe(14)
      // Dynamic from here on: removal leaves it, and it ages.
      apply(bench, noFdb(2))
      expect(goes(bench, 2)).toBe(14)
      expect(goes(bench.wait(300), 2)).toBe('flooded')
    }
  })

  test('[LEARN-6] what is heard behind a tunnel leaves it as it is, whatever it names, and goes on', () => {
    for (const change of [fdb(5, 12, VTEP3), fdb(5, 12, VTEP2), fdb(5, 14)]) {
      const bench = new Bench()
      teach(bench)
      apply(bench, change)
      expect(bench.frame(1, tunnelled(plain(1, 5)))).toEqual([tx(13, plain(1, 5))])
      const wanted = change.table === 'fdb' ? (change.to?.remote ?? 14) : undefined
      expect(goes(bench, 5)).toBe(wanted)
      // Not dynamic: it is removed, and it has not aged.
      expect(goes(bench.wait(1000), 5)).toBe(wanted)
      apply(bench, noFdb(5))
      expect(goes(bench, 5)).toBe('flooded')
    }
  })

  test('[LEARN-2] [LEARN-6] a sticky one is as a static one: heard elsewhere, the frame goes no further', () => {
    const bench = new Bench()
    teach(bench)
    apply(bench, fdb(5, 12, VTEP2, true), fdb(6, 14, undefined, true))
    expect(bench.frame(13, plain(1, 5))).toEqual(['static-mac-move'])
    expect(bench.frame(1, tunnelled(plain(1, 5), { src: VTEP3 }))).toEqual(['static-mac-move'])
    expect(bench.frame(1, tunnelled(plain(1, 5)))).toEqual([tx(13, plain(1, 5))])
    expect(bench.frame(1, tunnelled(plain(1, 6)))).toEqual(['static-mac-move'])
    expect(bench.frame(14, plain(1, 6))).toEqual([tx(13, plain(1, 6))])
    expect([5, 6].map((n) => goes(bench, n))).toEqual([VTEP2, 14])
  })

  test('[LEARN-6] control entries do not age, `fdbLimit` does not count them, `flush` leaves them', () => {
    const bench = new Bench(changed({ 10: { fdbLimit: 2 } }))
    apply(bench, fdb(5, 12, VTEP2), fdb(6, 12, VTEP2), fdb(7, 12, VTEP2))
    teach(bench)
    expect(goes(bench, 2)).toBe(14)
    bench.control({ op: 'flush', table: 'fdb' })
    expect(goes(bench.wait(1000), 5)).toBe(VTEP2)
  })

  test('[LEARN-5] [LEARN-6] without room for a dynamic entry it does not yield; a dynamic one that is replaced makes room', () => {
    const bench = new Bench(changed({ 10: { fdbLimit: 2 } }))
    teach(bench)
    apply(bench, fdb(5, 12, VTEP2))
    bench.frame(14, plain(1, 5))
    expect(goes(bench, 5)).toBe(VTEP2)
    apply(bench, fdb(2, 12, VTEP3))
    bench.frame(14, plain(1, 5))
    expect(goes(bench, 5)).toBe(14)
  })
})

describe('[CTRL-6] flood lists', () => {
  test('[FLOOD-2] are what is given, in the given order; none is a list', () => {
    const bench = new Bench()
    const tunnels = () =>
      bench
        .frame(13, plain(5, 1))
        .filter((line) => line.startsWith('tx 1 ') || line.startsWith('tx 2 '))
        .map((line) => untunnelled(line).to)
    expect(tunnels()).toEqual([VTEP3, VTEP2])
    apply(bench, flood(VTEP2, VTEP3))
    expect(tunnels()).toEqual([VTEP2, VTEP3])
    apply(bench, flood(VTEP2))
    expect(tunnels()).toEqual([VTEP2])
    apply(bench, flood())
    expect(tunnels()).toEqual([])
  })
})

test('[CTRL-1] [CTRL-6] a new program has its own tables: what was applied is gone', () => {
  const bench = new Bench()
  apply(
    bench,
    fdb(5, 14),
    neighbour('10.1.1.15', '02:bb:00:00:00:05', true, 21),
    flood(),
    noRoute(0, `${VTEP3}/32`),
  )
  bench.load(PROGRAM)
  teach(bench)
  expect(goes(bench, 5)).toBe('flooded')
  bench.frame(13, to(other4(5)))
  expect(bench.node.held).toBe(1)
})

test('[CTRL-6] [CTRL-7] a journal with `apply` replays; what a kernel’s routes became stands in it as that', () => {
  const program = { ...PROGRAM, kernelRoutes: true as const }
  const bench = new Bench(program)
  const inputs: Input[] = [
    { kind: 'load', now: 0n, program },
    { kind: 'control', now: 0n, request: { id: 1, op: 'apply', changes: [noRoute(0, '10.255.0.2/32')] } },
    { kind: 'control', now: 1n, request: { id: 2, op: 'apply', changes: [fdb(5, 12, VTEP2), fdb(5, 77)] } },
    { kind: 'control', now: 1n, request: { id: 3, op: 'apply', changes: [fdb(5, 12, VTEP2)] } },
    { kind: 'frame', now: 2n, interface: 13, frame: plain(5, 1) },
    {
      kind: 'control',
      now: 3n,
      request: { id: 4, op: 'apply', changes: [route(0, '10.255.0.2/32', [2, '10.254.1.1'])] },
    },
    { kind: 'frame', now: 4n, interface: 13, frame: plain(5, 1) },
  ]
  const entries = inputs.map((input, n) => [input, n === 0 ? [] : bench.node.input(input)] as const)
  expect(entries[4]![1]).toMatchObject([{ kind: 'fate', fate: 'no-route' }])
  expect(entries[6]![1]).toMatchObject([{ kind: 'tx', interface: 2 }])
  expect(replayJournal(writeJournal(entries), KEYS)).toMatchObject({ ok: true, inputs: 7, outputs: 2 })
})
