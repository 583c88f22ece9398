import { assert, constantFrom, property, record, subarray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { build } from '../../twin/packet/index.js'
import { eth, GATEWAY, host4, host6, hostMac, ip4, ip6, mac } from './support/bench.js'
import {
  asks,
  groupMac,
  IGMP,
  igmpFrame,
  igmpMessage,
  message,
  MLD,
  mldFrame,
  octetsOf,
  RECORD,
  reports,
  stream,
} from './support/multicast.js'
import { GROUP, VTEP2, VTEP3, benchOf, sent, known, IRB, EVERYWHERE } from './support/snooping.js'

describe('what is not looked at', () => {
  const tainted = (frame: Uint8Array, at: number) => frame.with(at, frame[at]! ^ 0x40)
  /** The IGMP message of {@link asks} stands behind a header of 24 octets, the MLD message behind 48. */
  const [IGMP_AT, MLD_AT] = [14 + 24, 14 + 48]
  const four = asks(2, GROUP[4])
  const six = asks(2, GROUP[6])

  test.each<[string, Uint8Array]>([
    ['an IGMP checksum that is wrong', tainted(four, IGMP_AT + 2)],
    ['a header checksum that is wrong', tainted(four, 14 + 10)],
    ['a total length beyond the frame', four.with(14 + 3, 200)],
    ['a message that is cut off', igmpFrame(2, igmpMessage(IGMP.report2, new Uint8Array(3)), GROUP[4])],
    ['a message of nothing', igmpFrame(2, new Uint8Array(0), GROUP[4])],
    [
      'a first fragment',
      eth(
        groupMac(GROUP[4]),
        hostMac(2),
        build.ipv4(
          { src: host4(2), dst: ip4(GROUP[4]), protocol: 2, ttl: 1, flags: 1 },
          build.payload(igmpMessage(IGMP.report2, octetsOf(GROUP[4]))),
        ),
      ),
    ],
    ['an MLD checksum that is wrong', tainted(six, MLD_AT + 2)],
    ['a hop limit of 2', asks(2, GROUP[6], { ttl: 2 })],
    ['a hop-by-hop header of 16 octets', asks(2, GROUP[6], { options: new Uint8Array(14) })],
    ['an address that is cut off', mldFrame(2, { type: MLD.report1, data: new Uint8Array(15) }, GROUP[6])],
    [
      'no hop-by-hop header',
      eth(
        groupMac(GROUP[6]),
        hostMac(2),
        build.ipv6(
          { src: host6(2), dst: ip6(GROUP[6]), hopLimit: 1 },
          build.icmpv6({ type: MLD.report1, rest: 0 }, build.payload(octetsOf(GROUP[6]))),
        ),
      ),
    ],
  ])('[SNOOP-1] %s', (_what, frame) => {
    const bench = benchOf()
    expect(sent(bench, 14, frame)).toEqual([VTEP3, VTEP2, 13, 15, IRB])
    expect(known(bench)).toEqual([])
  })

  test('[SNOOP-1] what is not looked at is multicast like other, where well-formed', () => {
    const bench = benchOf()
    sent(bench, 15, asks(4, GROUP[4]))
    expect(sent(bench, 14, tainted(four, IGMP_AT + 2))).toEqual([15, IRB])
    expect(sent(bench, 14, tainted(four, 14 + 10))).toEqual([VTEP3, VTEP2, 13, 15, IRB])
    expect(sent(bench, 14, four.with(14 + 3, 200))).toEqual([VTEP3, VTEP2, 13, 15, IRB])
  })

  test('[SNOOP-1] ICMPv6 of other types is nobody’s report', () => {
    const bench = benchOf()
    sent(bench, 15, asks(4, GROUP[6]))
    const echo = mldFrame(2, { type: 128, data: new Uint8Array(24) }, GROUP[6])
    expect(sent(bench, 14, echo)).toEqual([VTEP3, VTEP2, 13, 15, IRB])
  })

  test('[SNOOP-4] IGMP of unknown types goes to tunnels alone', () => {
    for (const type of [0x13, 0x14, 0x1f, 0xff, 0]) {
      const frame = igmpFrame(2, igmpMessage(type, octetsOf(GROUP[4])), '224.0.0.4')
      const bench = benchOf()
      expect(sent(bench, 14, frame)).toEqual([VTEP3, VTEP2, IRB])
      expect(known(bench)).toEqual([])
    }
  })

  test.each([
    ['224.0.0.5', 4],
    ['224.0.0.251', 4],
    ['10.1.0.12', 4],
    ['255.255.255.255', 4],
    ['0.0.0.0', 4],
    ['ff02::fb', 6],
    ['ff01::1', 6],
    ['ff00::1', 6],
    ['2001:db8:1::12', 6],
    ['::', 6],
  ] as const)('[SNOOP-2] a report for %s is passed over', (group, family) => {
    const bench = benchOf()
    sent(
      bench,
      14,
      reports(2, family, [
        { type: RECORD.toExclude, group },
        { type: RECORD.toExclude, group: GROUP[family] },
      ]),
    )
    expect(known(bench)).toEqual([`${GROUP[family]} 14`])
    const to = family === 4 ? '224.0.0.22' : 'ff02::16'
    sent(bench, 15, message(4, 'report2', group, { to }))
    expect(known(bench)).toEqual([`${GROUP[family]} 14`])
  })

  test('[SNOOP-5] what is never asked for is flooded whoever has asked for what', () => {
    const bench = benchOf()
    for (const group of ['224.0.0.9', 'ff02::9']) {
      sent(bench, 14, asks(2, group, { to: group }))
      expect(sent(bench, 13, stream(1, group))).toEqual(EVERYWHERE)
    }
    for (const group of ['224.0.1.0', '225.0.0.1', 'ff03::1', 'ff1e::1']) {
      sent(bench, 14, asks(2, group))
      expect(sent(bench, 13, stream(1, group))).toEqual([14, IRB])
    }
  })

  test('[SNOOP-1] [LEARN-2] a frame that learning ends says nothing', () => {
    const bench = benchOf()
    // Host 8 is static on port 14.
    expect(sent(bench, 15, asks(8, GROUP[4]))).toEqual(['static-mac-move'])
    expect(known(bench)).toEqual([])
    expect(
      sent(
        bench,
        15,
        igmpFrame(2, igmpMessage(IGMP.report2, octetsOf(GROUP[4])), GROUP[4], {
          mac: mac('01:80:c2:00:00:01'),
        }),
      ),
    ).toEqual(['reserved-multicast'])
  })

  test('[SNOOP-4] a report in a frame for one is a report all the same, without a copy for the gateway', () => {
    const bench = benchOf()
    expect(sent(bench, 14, asks(2, GROUP[4], { mac: GATEWAY }))).toEqual([VTEP3, VTEP2])
    expect(known(bench)).toEqual([`${GROUP[4]} 14`])
  })

  test('octets that mean nothing never end otherwise than frames do', () => {
    const base = [
      four,
      six,
      reports(2, 4, [{ type: 4, group: GROUP[4] }]),
      reports(2, 6, [{ type: 4, group: GROUP[6] }]),
    ]
    const change = record({
      frame: constantFrom(...base),
      cut: constantFrom(0, 1, 2, 3, 5, 8, 13, 21),
      at: subarray([...Array(90).keys()], { maxLength: 4 }),
    })
    assert(
      property(change, ({ frame, cut, at }) => {
        const bench = benchOf()
        const given = frame.slice(0, frame.length - cut)
        for (const place of at) if (place >= 14 && place < given.length) given[place] = given[place]! ^ 0xff
        const lines = sent(bench, 14, given)
        expect(lines.length).toBeGreaterThan(0)
        expect(lines).not.toContain(14)
      }),
      { numRuns: 300 },
    )
  })
})
