import { array, assert, constantFrom, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BROADCAST, Bench, hostMac, tunnelled } from './support/bench.js'
import {
  asks,
  IGMP,
  igmpFrame,
  igmpMessage,
  leaves,
  message,
  MLD,
  mldFrame,
  query,
  RECORD,
  reports,
  stream,
  type GroupRecord,
} from './support/multicast.js'
import {
  LIFETIME,
  GROUP,
  OTHER,
  FAMILIES,
  VTEP2,
  VTEP3,
  benchOf,
  sent,
  heard,
  known,
  copies,
  IRB,
  EVERYWHERE,
  snooping,
} from './support/snooping.js'

describe.each(FAMILIES)('[C11] [C28] multicast over IPv%i', (family) => {
  const [group, other] = [GROUP[family], OTHER[family]]

  test('[SNOOP-5] nobody has asked: flooded as ever', () => {
    const bench = benchOf()
    expect(sent(bench, 13, stream(1, group))).toEqual(EVERYWHERE)
  })

  test('[SNOOP-2] [SNOOP-5] who has asked has a copy and nobody else: ports, VTEPs, both', () => {
    const bench = benchOf()
    sent(bench, 14, asks(2, group))
    expect(sent(bench, 13, stream(1, group))).toEqual([14, IRB])
    heard(bench, asks(3, group), VTEP3)
    expect(sent(bench, 13, stream(1, group))).toEqual([VTEP3, 14, IRB])
    sent(bench, 15, message(4, 'report1', group))
    expect(sent(bench, 13, stream(1, group))).toEqual([VTEP3, 14, 15, IRB])
    // Another group of the same MAC is another group.
    expect(sent(bench, 13, stream(1, other))).toEqual(EVERYWHERE)
    expect(known(bench).toSorted()).toEqual([`${group} 14`, `${group} 15`, `${group} ${VTEP3}`].toSorted())
  })

  test('[SNOOP-5] [FLOOD-1] the sender has no copy of its own, nor a tunnel what came by a tunnel', () => {
    const bench = benchOf()
    sent(bench, 13, asks(1, group))
    expect(sent(bench, 13, stream(1, group))).toEqual([IRB])
    heard(bench, asks(3, group), VTEP3)
    expect(heard(bench, stream(3, group))).toEqual([13, IRB])
    expect(sent(bench, 14, stream(2, group))).toEqual([VTEP3, 13, IRB])
  })

  test('[SNOOP-5] [FLOOD-2] a VTEP that is not in the flood list has no copy', () => {
    const bench = benchOf()
    heard(bench, asks(3, group), VTEP3)
    heard(bench, asks(4, group), VTEP2)
    bench.control({ op: 'apply', changes: [{ table: 'flood', interface: 12, remotes: [VTEP2] }] })
    expect(sent(bench, 13, stream(1, group))).toEqual([VTEP2, IRB])
  })

  test('[SNOOP-3] who leaves by a port is gone at once; the others stay', () => {
    const bench = benchOf()
    sent(bench, 14, asks(2, group))
    sent(bench, 15, asks(4, group))
    sent(bench, 14, leaves(2, group))
    expect(sent(bench, 13, stream(1, group))).toEqual([15, IRB])
    sent(bench, 14, leaves(2, group))
    sent(bench, 15, leaves(2, other))
    expect(known(bench)).toEqual([`${group} 15`])
    sent(bench, 15, leaves(4, group))
    // Nobody is left: flooded as ever.
    expect(sent(bench, 13, stream(1, group))).toEqual(EVERYWHERE)
  })

  test('[SNOOP-3] who leaves behind a tunnel stays: others there may want it', () => {
    const bench = benchOf()
    heard(bench, asks(3, group), VTEP3)
    heard(bench, leaves(3, group), VTEP3)
    heard(bench, reports(3, family, [{ type: RECORD.toInclude, group }]), VTEP3)
    expect(sent(bench, 13, stream(1, group))).toEqual([VTEP3, IRB])
  })

  test('memberships age, and are refreshed by asking again', () => {
    const bench = benchOf()
    sent(bench, 14, asks(2, group))
    sent(bench, 15, asks(4, group))
    bench.wait(LIFETIME / 2)
    sent(bench, 15, asks(4, group))
    bench.wait(LIFETIME / 2)
    expect(sent(bench, 13, stream(1, group))).toEqual([15, IRB])
    expect(known(bench)).toEqual([`${group} 15`])
    bench.wait(LIFETIME / 2)
    expect(sent(bench, 13, stream(1, group))).toEqual(EVERYWHERE)
    sent(bench, 14, asks(2, group))
    expect(sent(bench, 13, stream(1, group))).toEqual([14, IRB])
  })

  test('[SNOOP-4] reports and leaves go to tunnels alone, queries everywhere', () => {
    for (const frame of [
      asks(1, group),
      message(1, 'report1', group),
      leaves(1, group),
      reports(1, family, [{ type: RECORD.block, group }]),
      reports(1, family, []),
    ]) {
      expect(sent(benchOf(), 13, frame)).toEqual([VTEP3, VTEP2, IRB])
      expect(heard(benchOf(), frame)).toEqual([IRB])
    }
    expect(sent(benchOf(), 13, query(1, family))).toEqual(EVERYWHERE)
    expect(heard(benchOf(), query(1, family))).toEqual([13, 14, 15, IRB])
  })

  test('[SNOOP-5] [FLOOD-4] without a gateway, and nobody else that has asked, there is no copy', () => {
    const bench = benchOf()
    sent(bench, 43, asks(1, group))
    expect(sent(bench, 43, stream(1, group))).toEqual(['flood-empty'])
  })

  test('[SNOOP-4] [FLOOD-4] without a gateway a report has tunnels alone, or nobody', () => {
    const report = asks(1, group)
    expect(sent(benchOf(), 43, report)).toEqual([VTEP2])
    expect(copies(benchOf().frame(1, tunnelled(report, { vni: 40042 })), report)).toEqual(['flood-empty'])
  })

  test.each<[string, GroupRecord, 'asks' | 'leaves' | 'neither']>([
    ['is include, sources', { type: RECORD.isInclude, group, sources: ['s'] }, 'asks'],
    ['is include, none', { type: RECORD.isInclude, group }, 'leaves'],
    ['is exclude, sources', { type: RECORD.isExclude, group, sources: ['s'] }, 'asks'],
    ['is exclude, none', { type: RECORD.isExclude, group }, 'asks'],
    ['to include, sources', { type: RECORD.toInclude, group, sources: ['s', 's'] }, 'asks'],
    ['to include, none', { type: RECORD.toInclude, group }, 'leaves'],
    ['to exclude', { type: RECORD.toExclude, group }, 'asks'],
    ['allow, sources', { type: RECORD.allow, group, sources: ['s'] }, 'asks'],
    ['allow, none', { type: RECORD.allow, group }, 'neither'],
    ['block, sources', { type: RECORD.block, group, sources: ['s'] }, 'neither'],
    ['block, none', { type: RECORD.block, group }, 'neither'],
    ['a type of nobody', { type: 7, group, sources: ['s'] }, 'neither'],
    ['type 0', { type: 0, group, sources: ['s'] }, 'neither'],
  ])('[SNOOP-2] [SNOOP-3] a record %s', (_what, given, wanted) => {
    const sources =
      given.sources?.map((_, i) => (family === 4 ? `192.0.2.${i + 1}` : `2001:db8::${i + 1}`)) ?? []
    const frame = reports(2, family, [{ ...given, sources }])
    const fresh = benchOf()
    sent(fresh, 14, frame)
    expect(known(fresh)).toEqual(wanted === 'asks' ? [`${group} 14`] : [])
    const before = benchOf()
    sent(before, 14, asks(2, group))
    sent(before, 14, frame)
    expect(known(before)).toEqual(wanted === 'leaves' ? [] : [`${group} 14`])
  })

  test('[SNOOP-2] a report has as many records as it says and holds, auxiliary data passed over', () => {
    const third = family === 4 ? '239.0.0.7' : 'ff08::7'
    const given = [
      { type: RECORD.toExclude, group, aux: 2 },
      { type: RECORD.isExclude, group: other, sources: [family === 4 ? '192.0.2.1' : '2001:db8::1'] },
      { type: RECORD.toExclude, group: third },
    ]
    for (const [count, wanted] of [
      [3, [group, other, third]],
      [2, [group, other]],
      [0, []],
      [65535, [group, other, third]],
    ] as const) {
      const bench = benchOf()
      sent(bench, 14, reports(2, family, given, count))
      expect(known(bench).toSorted()).toEqual(wanted.map((one) => `${one} 14`).toSorted())
    }
    // A record whose sources are cut off, or whose auxiliary data are: what came before counts.
    const [first] = given
    for (const cut of [
      { type: RECORD.toExclude, group: other, claims: [0, 0, 200] },
      { type: RECORD.toExclude, group: other, claims: [200, 0, 0] },
      { type: RECORD.toExclude, group: other, claims: [0, 255, 255] },
    ]) {
      const bench = benchOf()
      const frame = withClaims(family, [first!, cut], cut.claims)
      sent(bench, 14, frame)
      expect(known(bench)).toEqual([`${group} 14`])
    }
  })

  test('[SNOOP-6] at most fdbLimit memberships; old ones give room; the frame goes on', () => {
    const bench = benchOf({ fdbLimit: 2 })
    const groups = [1, 2, 3].map((n) => (family === 4 ? `239.0.0.${n}` : `ff08::${n}`))
    for (const one of groups) expect(sent(bench, 14, asks(2, one))).toEqual([VTEP3, VTEP2, IRB])
    expect(known(bench)).toEqual([`${groups[0]} 14`, `${groups[1]} 14`])
    expect(sent(bench, 13, stream(1, groups[2]!))).toEqual(EVERYWHERE)
    // A refresh needs no room.
    bench.wait(LIFETIME - 1)
    sent(bench, 14, asks(2, groups[1]!))
    bench.wait(1)
    sent(bench, 14, asks(2, groups[2]!))
    expect(known(bench)).toEqual([`${groups[1]} 14`, `${groups[2]} 14`])
  })

  test('[SNOOP-6] [CTRL-3] flush of fdb forgets memberships: all, of a bridge, of a member', () => {
    for (const [fields, wanted] of [
      [{}, []],
      [{ interface: 10 }, []],
      [{ interface: 14 }, [`${group} 15`, `${group} ${VTEP3}`]],
      [{ interface: 12 }, [`${group} 14`, `${group} 15`]],
      [{ interface: 40 }, [`${group} 14`, `${group} 15`, `${group} ${VTEP3}`]],
    ] as const) {
      const bench = benchOf()
      sent(bench, 14, asks(2, group))
      sent(bench, 15, asks(4, group))
      heard(bench, asks(3, group), VTEP3)
      expect(bench.control({ op: 'flush', table: 'fdb', ...fields })).toEqual([])
      expect(known(bench).toSorted()).toEqual([...wanted].toSorted())
    }
    const bench = benchOf()
    sent(bench, 14, asks(2, group))
    bench.control({ op: 'flush', table: 'neighbours' })
    expect(known(bench)).toHaveLength(1)
    bench.load(snooping())
    expect(known(bench)).toEqual([])
  })

  test('a bridge without snooping floods all of it', () => {
    const bench = new Bench()
    bench.frame(14, asks(2, group))
    expect(bench.node.tables().memberships).toEqual([])
    expect(sent(bench, 13, stream(1, group))).toEqual([VTEP3, VTEP2, 14, IRB])
  })

  test('[SNOOP-5] a packet to a group in a frame for one is no multicast', () => {
    const bench = benchOf()
    sent(bench, 14, asks(2, group))
    const unicast = stream(1, group, hostMac(5))
    expect(sent(bench, 13, unicast)).toEqual([VTEP3, VTEP2, 14, 15])
    // Any group MAC will do, by contrast: it is the packet that counts.
    expect(sent(bench, 13, stream(1, group, BROADCAST))).toEqual([14, IRB])
  })

  test('[C11] copies are those asked for and nothing else, whoever asks and leaves', () => {
    const who = constantFrom<number | string>(13, 14, 15, VTEP2, VTEP3)
    const step = record({
      who,
      what: constantFrom('asks', 'leaves', 'sends'),
      group: constantFrom(group, other),
    })
    assert(
      property(array(step, { maxLength: 30 }), (steps) => {
        const bench = benchOf()
        const wanted = new Map<string, Set<number | string>>([
          [group, new Set()],
          [other, new Set()],
        ])
        const put = (at: number | string, frame: Uint8Array) =>
          typeof at === 'number' ? sent(bench, at, frame) : heard(bench, frame, at)
        const came: unknown[] = []
        const due: unknown[] = []
        for (const { who: at, what, group: of } of steps) {
          const members = wanted.get(of)!
          if (what === 'asks') {
            put(at, asks(2, of))
            members.add(at)
          } else if (what === 'leaves') {
            put(at, leaves(2, of))
            if (typeof at === 'number') members.delete(at)
          } else {
            came.push(put(at, stream(2, of)))
            due.push(dueTo(at, members))
          }
        }
        expect(came).toEqual(due)
      }),
      { numRuns: 60 },
    )
  })
})

/** Where a stream from there has to go. */
function dueTo(from: number | string, members: ReadonlySet<number | string>): (number | string)[] {
  const isTunnel = (one: number | string) => typeof one === 'string'
  const others = [VTEP3, VTEP2, 13, 14, 15].filter(
    (one) => one !== from && !(isTunnel(from) && isTunnel(one)),
  )
  return [...others.filter((one) => members.size === 0 || members.has(one)), IRB]
}

/** A report whose last record claims words of auxiliary data and a number of sources that it has not. */
function withClaims(family: 4 | 6, given: readonly GroupRecord[], claims: readonly number[]): Uint8Array {
  const frame = reports(2, family, given)
  const width = family === 4 ? 4 : 16
  const at = frame.length - (4 + width)
  const [aux = 0, high = 0, low = 0] = claims
  const messageAt = family === 4 ? 14 + 24 : 14 + 48
  const body = frame.slice(messageAt)
  body.set([aux, high, low], at + 1 - messageAt)
  return family === 4
    ? igmpFrame(2, igmpMessage(IGMP.report3, body.slice(4, 8), body.slice(8)), '224.0.0.22')
    : mldFrame(2, { type: MLD.report2, rest: given.length, data: body.slice(8) }, 'ff02::16')
}
