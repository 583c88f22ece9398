import { describe, expect, test } from 'vitest'
import { linkLocalOf, formatIp } from '../../twin/packet/index.js'
import { Bench, changed, host4, PROGRAM, SYSTEM, teach } from './support/bench.js'
import {
  VTEP2,
  plain,
  to,
  macText,
  apply,
  route,
  noRoute,
  fdb,
  noFdb,
  neighbour,
  noNeighbour,
  flood,
  goes,
} from './support/changes.js'

describe('[CTRL-6] a list is made whole or not at all', () => {
  const vtep6 = 'fd00:ff::2'
  const linkLocal = formatIp(linkLocalOf(SYSTEM))
  const gateway: [number, string] = [1, '10.254.0.1']
  const REFUSED: readonly (readonly [string, string, unknown])[] = [
    ['a VRF that does not exist', 'unknown-interface', route(7, '10.0.0.0/8', gateway)],
    ['a VRF that does not exist, to remove from', 'unknown-interface', noRoute(7, '10.0.0.0/8')],
    [
      'a next hop’s interface that does not exist',
      'unknown-interface',
      route(0, '10.0.0.0/8', gateway, [77]),
    ],
    ['a next hop’s interface that is a bridge', 'unknown-interface', route(0, '10.0.0.0/8', [10])],
    ['a next hop’s interface that is a loopback', 'unknown-interface', route(0, '10.0.0.0/8', [9])],
    ['a next hop’s interface of another VRF', 'unknown-interface', route(0, '10.0.0.0/8', gateway, [11])],
    ['a next hop’s interface in a bridge', 'unknown-interface', route(1, '10.0.0.0/8', [13])],
    ['a prefix with host bits', 'invalid', route(0, '10.0.0.1/8', gateway)],
    ['a prefix with host bits, to remove', 'invalid', noRoute(0, '10.0.0.1/8')],
    ['no next hop', 'invalid', { table: 'route', vrf: 0, prefix: '10.0.0.0/8', members: [] }],
    ['a prefix not in canonical text', 'invalid', noRoute(0, '2001:DB8::/32')],
    ['an FDB of what is no bridge', 'unknown-interface', { ...fdb(5, 13), bridge: 11 }],
    ['an FDB of nothing, to remove from', 'unknown-interface', { ...noFdb(5), bridge: 77 }],
    ['a group MAC', 'invalid', { ...fdb(5, 13), mac: '03:00:00:00:00:01' }],
    ['a group MAC, to remove', 'invalid', { ...noFdb(5), mac: 'ff:ff:ff:ff:ff:ff' }],
    ['a member of another bridge', 'unknown-interface', fdb(5, 23)],
    ['a member that is routed', 'unknown-interface', fdb(5, 1)],
    ['a member that is an IRB', 'unknown-interface', fdb(5, 11)],
    ['a member that does not exist', 'unknown-interface', fdb(5, 77)],
    ['a remote on a port', 'invalid', fdb(5, 13, VTEP2)],
    ['no remote on a vxlan', 'invalid', fdb(5, 12)],
    ['a remote of the other family', 'invalid', fdb(5, 12, vtep6)],
    ['a neighbour of a port', 'unknown-interface', neighbour('10.254.0.1', macText(5), false, 1)],
    ['a neighbour of nothing', 'unknown-interface', noNeighbour('10.1.0.15', 77)],
    ['a neighbour with a group MAC', 'invalid', neighbour('10.1.0.15', '03:00:00:00:00:01')],
    ['an address of the IRB itself', 'invalid', neighbour('10.1.0.1', macText(5))],
    ['an address of the IRB itself, to remove', 'invalid', noNeighbour('2001:db8:1::1')],
    ['a link-local address of the IRB itself', 'invalid', neighbour(linkLocal, macText(5))],
    ['a flood list of a port', 'unknown-interface', { ...flood(), interface: 13 }],
    ['a flood list of nothing', 'unknown-interface', { ...flood(), interface: 77 }],
    ['a flood address of the other family', 'invalid', flood(VTEP2, vtep6)],
    ['a table that there is not', 'invalid', { table: 'macsec', interface: 4 }],
    ['no change at all', 'invalid', null],
    ['a field too many', 'invalid', { ...noFdb(5), more: 1 }],
  ]

  test.each(REFUSED)('%s is refused, with its index', (_what, code, change) => {
    const right = [
      route(0, '172.18.0.0/16', [1, '10.254.0.1']),
      fdb(5, 12, VTEP2),
      neighbour('10.1.0.15', macText(5)),
      flood(),
    ] as const
    for (let at = 0; at <= right.length; at++) {
      const bench = new Bench()
      teach(bench)
      bench.frame(13, to(host4(5)))
      const before = bench.node.stateVersion
      const changes: unknown[] = [...right]
      changes.splice(at, 0, change)
      const { effects, refusal } = bench.node.control(bench.now, { id: 1, op: 'apply', changes })
      expect(effects).toEqual([])
      expect(refusal).toMatchObject({ code, index: at })
      expect(refusal?.message).toMatch(new RegExp(`^changes\\[${at}\\]: `))
      // Nothing of the list was done: the packet is still held, and the entries are not there.
      expect(bench.node.held).toBe(1)
      expect(bench.node.stateVersion).toBe(before)
      expect(bench.frame(13, plain(5, 1))).toHaveLength(3)
    }
  })

  test('a refusal says the first of several', () => {
    const bench = new Bench()
    const { refusal } = bench.node.apply(0n, [fdb(5, 13), fdb(5, 12), fdb(5, 77)])
    expect(refusal).toEqual({
      code: 'invalid',
      index: 1,
      message: 'changes[1]: vxlan interface 12 needs a remote VTEP',
    })
  })

  test('routes that would lead a tunnel into itself are refused, also when the list takes them back', () => {
    // The IRB over the tunnel routes in the tunnel's underlay; nothing leads out of it yet.
    const routes = PROGRAM.tables.routes.filter(({ connected }) => connected !== 11)
    const program = changed({ 11: { vrf: 0 } }, { routes })
    const into = route(0, '172.30.0.0/16', [1, '10.254.0.1'], [11, '10.1.0.15'])
    for (const changes of [
      [into],
      [noRoute(0, '172.30.0.0/16'), into],
      [into, noRoute(0, '172.30.0.0/16')],
    ]) {
      const { refusal } = new Bench(program).node.apply(0n, changes)
      expect(refusal).toEqual({
        code: 'invalid',
        index: changes.indexOf(into),
        message: `changes[${changes.indexOf(into)}]: what bridge 10 sends by VXLAN could come back to it`,
      })
    }
    const beside = changed({ 21: { vrf: 0 } }, { routes: routes.filter(({ connected }) => connected !== 21) })
    expect(
      new Bench(beside).node.apply(0n, [route(0, '172.30.0.0/16', [21, '10.1.1.15'])]).refusal,
    ).toBeUndefined()
  })

  test('an empty list does nothing and is no error', () => {
    const bench = new Bench()
    const before = bench.node.stateVersion
    expect(apply(bench)).toEqual([])
    expect(bench.node.stateVersion).toBe(before)
  })

  test('changes are made in order: of two about the same thing the later one stays', () => {
    const bench = new Bench()
    teach(bench)
    const version = bench.node.stateVersion
    apply(bench, fdb(5, 14), noFdb(5), fdb(6, 13), fdb(6, 14))
    expect(bench.node.stateVersion).toBeGreaterThan(version)
    expect([goes(bench, 5), goes(bench, 6)]).toEqual(['flooded', 14])
  })
})
