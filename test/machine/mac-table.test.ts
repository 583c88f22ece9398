import { array, assert, constantFrom, integer, oneof, property, record, constant } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatIp, formatMac } from '../../twin/packet/index.js'
import { Bench, changed, hostMac, mac, raw, tunnelled, tx } from './support/bench.js'

/* Bridge 10: ports 13 and 14, VTEPs 2 and 3. MAC 8 is static on port 14, MAC 7 behind VTEP 3. */

const VTEPS: Readonly<Record<string, string>> = {
  '10.255.0.2': '12 10.255.0.2',
  '10.255.0.3': '12 10.255.0.3',
}
const PLACES = ['13', '14', '10.255.0.2', '10.255.0.3'] as const
type Place = (typeof PLACES)[number]
const STATIC: ReadonlyMap<number, Place> = new Map([
  [8, '14'],
  [7, '10.255.0.3'],
])
const speaks = (n: number) => raw(mac('02:ee:00:00:00:09'), hostMac(n), 0x88b5)

function hear(bench: Bench, n: number, place: Place): string[] {
  return VTEPS[place] === undefined
    ? bench.frame(Number(place), speaks(n))
    : bench.frame(1, tunnelled(speaks(n), { src: place }))
}
/** Learned entries: MAC, and where it is. */
const learned = (bench: Bench) =>
  [...bench.node.config.bridges.find(({ id }) => id === 10)!.fdb]
    .filter(([, { kind }]) => kind === 'dynamic')
    .map(
      ([of, { member, remote }]) =>
        `${formatMac(of)} ${remote === undefined ? '' : `${member.id} `}${remote === undefined ? member.id : formatIp(remote)}`,
    )
    .toSorted()

/** What a table should be, in ten lines. */
class Model {
  readonly entries = new Map<number, Place>()

  constructor(private readonly limit: number) {}

  hear(n: number, place: Place): 'static-mac-move' | undefined {
    const fixed = STATIC.get(n)
    if (fixed !== undefined) return fixed === place ? undefined : 'static-mac-move'
    if (this.entries.has(n) || this.entries.size < this.limit) this.entries.set(n, place)
    return undefined
  }

  flush(interfaceId: number | undefined): void {
    for (const [n, place] of this.entries) {
      const on = VTEPS[place] === undefined ? Number(place) : 12
      if (interfaceId === undefined || interfaceId === 10 || interfaceId === on) this.entries.delete(n)
    }
  }

  get told(): string[] {
    return [...this.entries]
      .map(([n, place]) => `${formatMac(hostMac(n))} ${VTEPS[place] ?? place}`)
      .toSorted()
  }
}

describe('[C09] the MAC table of a bridge', () => {
  const step = oneof(
    { weight: 8, arbitrary: record({ n: integer({ min: 1, max: 9 }), place: constantFrom(...PLACES) }) },
    { weight: 1, arbitrary: record({ flush: oneof(constant(undefined), constantFrom(10, 12, 13, 14, 20)) }) },
  )

  test('[LEARN-1] [LEARN-2] [LEARN-3] [LEARN-5] [CTRL-3] limit, static entries, moves and flush are those of a table on paper', () => {
    assert(
      property(integer({ min: 1, max: 6 }), array(step, { maxLength: 40 }), (fdbLimit, steps) => {
        const bench = new Bench(changed({ 10: { fdbLimit } }))
        const model = new Model(fdbLimit)
        const came: unknown[] = []
        const due: unknown[] = []
        for (const one of steps) {
          if ('n' in one) {
            came.push(hear(bench, one.n, one.place).includes('static-mac-move'))
            due.push(model.hear(one.n, one.place) !== undefined)
          } else {
            const fields = one.flush === undefined ? {} : { interface: one.flush }
            came.push(bench.control({ op: 'flush', table: 'fdb', ...fields }))
            due.push([])
            model.flush(one.flush)
          }
          came.push(learned(bench))
          due.push(model.told)
        }
        expect(came).toEqual(due)
        expect(model.entries.size).toBeLessThanOrEqual(fdbLimit)
      }),
      { numRuns: 200 },
    )
  })

  test('[LEARN-5] a flood of MACs takes no entry from who is there, and no frame from anybody', () => {
    const bench = new Bench(changed({ 10: { fdbLimit: 4 } }))
    hear(bench, 1, '13')
    for (let n = 0; n < 500; n++) {
      const source = mac(
        `06:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 0xff).toString(16).padStart(2, '0')}`,
      )
      expect(bench.frame(14, raw(hostMac(1), source, 0x88b5))).toEqual([
        tx(13, raw(hostMac(1), source, 0x88b5)),
      ])
    }
    expect(learned(bench)).toHaveLength(4)
    // A host that has its entry moves even in a full table.
    hear(bench, 1, '10.255.0.2')
    expect(learned(bench)).toContain(`${formatMac(hostMac(1))} 12 10.255.0.2`)
  })

  test('[LEARN-2] static entries need no room, and stay when all else goes', () => {
    const bench = new Bench(changed({ 10: { fdbLimit: 1 } }))
    hear(bench, 8, '14')
    hear(bench, 1, '13')
    expect(learned(bench)).toEqual([`${formatMac(hostMac(1))} 13`])
    bench.control({ op: 'flush', table: 'fdb' })
    const toStatic = raw(hostMac(8), hostMac(1), 0x88b5)
    expect(bench.frame(13, toStatic)).toEqual([tx(14, toStatic)])
    expect(hear(bench, 8, '13')).toEqual(['static-mac-move'])
  })
})
