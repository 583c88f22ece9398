import { describe, expect, test } from 'vitest'
import { FabricNode } from '../../twin/forward/index.js'
import { build, importSak, parseSci, seal } from '../../twin/packet/index.js'
import {
  Bench,
  changed,
  eth,
  farMac,
  GATEWAY,
  host4,
  hostMac,
  ip4,
  KEYS,
  other4,
  portMac,
  PROGRAM,
  punted,
  raw,
  RX_KEY,
  RX_SCI,
  teach,
  tx,
  udpHello,
  SECOND,
} from './support/bench.js'
import { INVALID_PROGRAMS } from './support/invalid-programs.js'

const plain = (dst: number, src: number) => raw(hostMac(dst), hostMac(src), 0x88b5)
const to = (dst: ReturnType<typeof ip4>) =>
  eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst }, udpHello))

test('[CTRL-1] a new program forgets what was learned and ends held packets, in the order of NEIGH-7', () => {
  const bench = new Bench()
  teach(bench)
  bench.frame(13, to(other4(5)))
  bench.frame(13, to(host4(5)))
  expect(bench.load(PROGRAM)).toEqual(['program-changed', 'program-changed'])
  expect(bench.node.held).toBe(0)
  expect(bench.frame(14, plain(1, 2))).toHaveLength(3)
  expect(bench.clock()).toEqual([])
})

test('[CTRL-1] a program that cannot be loaded changes nothing', () => {
  const bench = new Bench()
  teach(bench)
  expect(() => bench.load(changed({ 12: { bridge: 99 } }))).toThrow('ZT_PROGRAM_INVALID')
  expect(bench.frame(14, plain(1, 2))).toEqual([tx(13, plain(1, 2))])
})

test('[CTRL-2] switches MACsec off and on; packet numbers go on', () => {
  const bench = new Bench()
  const clear = raw(portMac(3), farMac(3), 0x0806)
  const sealed = (pn: number) =>
    seal({ frame: clear, sak: importSak(KEYS.get(RX_KEY)!), sci: parseSci(RX_SCI), an: 2, pn })
  bench.frame(3, sealed(4))
  bench.control({ op: 'set-macsec-mode', interface: 4, mode: 'disabled' })
  expect(bench.frame(3, clear)).toEqual([punted(3, clear)])
  bench.control({ op: 'set-macsec-mode', interface: 4, mode: 'strict' })
  expect(bench.frame(3, sealed(4))).toEqual(['macsec-replay'])
  expect(bench.frame(3, sealed(5))).toEqual([punted(3, clear)])
})

describe('[C09] [CTRL-3] flush', () => {
  const known = (bench: Bench, n: number) =>
    bench.frame(n === 1 ? 14 : 13, plain(n, n === 1 ? 2 : 1)).length === 1

  test('the FDB, all of it, a bridge’s, or a member’s', () => {
    const cases = [
      [{}, [false, false]],
      [{ interface: 10 }, [false, false]],
      [{ interface: 20 }, [true, true]],
      [{ interface: 13 }, [false, true]],
      [{ interface: 12 }, [true, true]],
    ] as const
    for (const [fields, wanted] of cases) {
      for (const n of [1, 2]) {
        const bench = new Bench()
        teach(bench)
        expect(bench.control({ op: 'flush', table: 'fdb', ...fields })).toEqual([])
        expect(known(bench, n)).toBe(wanted[n - 1])
      }
    }
  })

  test('static entries stay', () => {
    const bench = new Bench()
    bench.control({ op: 'flush', table: 'fdb' })
    expect(bench.frame(13, plain(8, 1))).toEqual([tx(14, plain(8, 1))])
  })

  test('neighbours, all or an IRB’s; those of ports stay', () => {
    const bench = new Bench()
    teach(bench)
    bench.frame(13, to(other4(5)))
    expect(bench.control({ op: 'flush', table: 'neighbours', interface: 11 })).toEqual([])
    expect(bench.control({ op: 'flush', table: 'neighbours', interface: 21 })).toEqual(['program-changed'])
    expect(bench.node.config.irbs.map((irb) => irb.dynamic.size)).toEqual([0, 0, 0])
    bench.node.neighbour(0n, 1, ip4('10.254.0.1'))
    bench.control({ op: 'flush', table: 'neighbours' })
    const transit = eth(
      portMac(2),
      farMac(2),
      build.ipv4({ src: ip4('10.254.1.1'), dst: ip4('10.255.0.2') }, udpHello),
    )
    expect(bench.frame(2, transit)).toEqual(['neighbour-missing'])
  })
})

test.each<[string, Record<string, unknown>, string]>([
  ['an unknown operation', { op: 'explode' }, 'invalid'],
  ['an operation that is no node’s', { op: 'shutdown' }, 'invalid'],
  ['a VNI out of range', { op: 'set-vni', interface: 42, vni: 0 }, 'invalid'],
  ['a field too many', { op: 'set-vni', interface: 42, vni: 5, more: 1 }, 'invalid'],
  ['a VNI of what has none', { op: 'set-vni', interface: 10, vni: 5 }, 'unknown-interface'],
  ['a mode of what has none', { op: 'set-macsec-mode', interface: 3, mode: 'disabled' }, 'unknown-interface'],
  ['an interface that does not exist', { op: 'flush', table: 'fdb', interface: 77 }, 'unknown-interface'],
  ['the FDB of a routed port', { op: 'flush', table: 'fdb', interface: 1 }, 'unknown-interface'],
  ['neighbours of a bridge', { op: 'flush', table: 'neighbours', interface: 10 }, 'unknown-interface'],
])('[CTRL-5] %s changes nothing and says so', (_what, request, code) => {
  const bench = new Bench()
  teach(bench)
  expect(bench.control(request)).toEqual([`refused ${code}`])
  expect(bench.frame(14, plain(1, 2))).toEqual([tx(13, plain(1, 2))])
})

test('[MODEL-1] [MODEL-2] the same inputs give the same effects; time that goes back is no input', () => {
  const run = () => {
    const bench = new Bench()
    teach(bench)
    return [...bench.frame(13, to(other4(5))), ...bench.wait(1).clock(), ...bench.wait(2).clock()]
  }
  expect(run()).toEqual(run())
  const node = new FabricNode(PROGRAM, KEYS)
  node.clock(5n)
  expect(() => node.clock(4n)).toThrow('ZT_INPUT_INVALID')
  expect(() => node.frame(5n, 10, new Uint8Array(60))).toThrow('ZT_INPUT_INVALID')
})

test('[MODEL-2] a clock may be the time of day, or the last that there is', () => {
  const bench = new Bench()
  bench.now = 2n ** 64n - 1n - BigInt(400 * SECOND)
  teach(bench)
  expect(bench.wait(299).frame(14, plain(1, 2))).toEqual([tx(13, plain(1, 2))])
  expect(bench.wait(1).frame(14, plain(1, 2))).toHaveLength(3)
})

test('[MODEL-3] [MODEL-4] effects come in the order of the text: a fate before what is sent about it', () => {
  const bench = new Bench()
  teach(bench)
  const [fate, sent, ...more] = bench.frame(13, to(ip4('10.3.0.1')))
  expect(fate).toBe('no-route')
  expect(sent).toMatch(/^tx 13 /)
  expect(more).toEqual([])
})

describe('programs that contradict themselves', () => {
  test.each(INVALID_PROGRAMS)('%s', (_what, program) => {
    expect(() => new Bench(program)).toThrow(/^ZT_PROGRAM_INVALID: leaf1/)
  })

  test('a key that is missing or short is named, its octets are not', () => {
    expect(() => new FabricNode(PROGRAM, new Map())).toThrow('no key for lab:core/link/tx')
    expect(() => new FabricNode(PROGRAM, new Map([['lab:core/link/tx', new Uint8Array(15)]]))).toThrow(
      /^ZT_KEY_MISSING.*15 octets/,
    )
  })
})
