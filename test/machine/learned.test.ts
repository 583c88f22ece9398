import { describe, expect, test } from 'vitest'
import { Bench, changed, hostMac, ip4, raw, teach, tunnelled } from './support/bench.js'
import { announce, apply, fdb, macText, neighbour, plain } from './support/changes.js'

const WEB = { bridge: 10 }

describe('what a node has learned', () => {
  test('nothing at first', () => {
    expect(new Bench().node.learned()).toEqual({ fdb: [], neighbours: [] })
  })

  test('is what was heard on ports, sorted by interfaces, then MAC or address as text', () => {
    const bench = new Bench()
    teach(bench)
    bench.frame(13, raw(hostMac(9), hostMac(6), 0x88b5))
    bench.frame(13, raw(hostMac(9), hostMac(5), 0x88b5))
    bench.frame(13, announce(4, ip4('10.1.0.9')))
    bench.frame(13, announce(4, ip4('10.1.0.100')))
    expect(bench.node.learned()).toEqual({
      fdb: [
        ...[1, 4, 5, 6].map((n) => ({ ...WEB, mac: macText(n), interface: 13 })),
        { ...WEB, mac: macText(2), interface: 14 },
        { bridge: 20, mac: '02:bb:00:00:00:01', interface: 23 },
      ],
      neighbours: [
        { interface: 11, address: '10.1.0.100', mac: macText(4) },
        { interface: 11, address: '10.1.0.11', mac: macText(1) },
        { interface: 11, address: '10.1.0.12', mac: macText(2) },
        { interface: 11, address: '10.1.0.9', mac: macText(4) },
        { interface: 21, address: '10.1.1.11', mac: '02:bb:00:00:00:01' },
      ],
    })
  })

  test('is nothing behind a tunnel, nor what the program or a control plane set, nor an address whose MAC is there', () => {
    const bench = new Bench()
    bench.frame(1, tunnelled(announce(3)))
    apply(bench, fdb(5, 13), fdb(6, 14, undefined, true), neighbour('10.1.0.15', macText(5)))
    // Heard on a port, but in the program it has a place.
    bench.frame(14, plain(1, 8))
    expect(bench.node.learned()).toEqual({ fdb: [], neighbours: [] })
  })

  test('[LEARN-6] [NEIGH-8] what yields to a port is learned, and what a control entry replaces is not any more', () => {
    const bench = new Bench()
    apply(bench, fdb(3, 12, '10.255.0.2'), neighbour('10.1.0.13', macText(3)))
    bench.frame(14, announce(3))
    const heard = {
      fdb: [{ ...WEB, mac: macText(3), interface: 14 }],
      neighbours: [{ interface: 11, address: '10.1.0.13', mac: macText(3) }],
    }
    expect(bench.node.learned()).toEqual(heard)
    apply(bench, neighbour('10.1.0.13', macText(3)))
    expect(bench.node.learned()).toEqual({ ...heard, neighbours: [] })
    bench.frame(14, announce(3))
    apply(bench, fdb(3, 12, '10.255.0.2'))
    // The neighbour is dynamic still, but its MAC is on no port.
    expect(bench.node.learned()).toEqual({ fdb: [], neighbours: [] })
  })

  test('[LEARN-4] [NEIGH-2] ends when it ages, at the time of the last input', () => {
    const bench = new Bench(changed({ 11: { neighbourLifetime: 60e9 } }))
    teach(bench)
    const counts = () => {
      const { fdb: entries, neighbours } = bench.node.learned()
      return [entries.length, neighbours.length]
    }
    bench.wait(59.999999999).clock()
    expect(counts()).toEqual([3, 3])
    bench.wait(0.000000001)
    expect(counts()).toEqual([3, 3])
    bench.clock()
    expect(counts()).toEqual([3, 0])
    bench.wait(240).clock()
    expect(counts()).toEqual([0, 0])
  })

  test('[CTRL-1] [CTRL-3] ends with a flush and with a new program', () => {
    const bench = new Bench()
    teach(bench)
    bench.control({ op: 'flush', table: 'neighbours', interface: 11 })
    expect(bench.node.learned().neighbours).toHaveLength(1)
    bench.control({ op: 'flush', table: 'fdb', interface: 10 })
    expect(bench.node.learned().fdb).toHaveLength(1)
    const before = bench.node.stateVersion
    bench.load(changed({}))
    expect(bench.node.learned()).toEqual({ fdb: [], neighbours: [] })
    expect(bench.node.stateVersion).toBeGreaterThan(before)
  })
})
