import { describe, expect, test } from 'vitest'
import type { RibPath, RibRow } from '../../../contract/rib.js'
import { compareRibs } from '../../../lab/compare/rib.js'
import { describeTies, withoutKept, withoutTies } from './rib-chance.js'
import { ribFabric } from './rib-fabrics.js'

const plan = doubledPlan()
const leaf = plan.nodes.find(({ control }) => control?.daemon === 'gobgp')
const [session] = leaf?.control?.sessions ?? []
if (leaf === undefined || session === undefined) throw new Error('there is no leaf')

/** One AS with two links between each leaf and spine. */
function doubledPlan() {
  for (let seed = 1; seed < 500; seed++) {
    const { plan: made } = ribFabric(seed)
    const doubled = made.nodes.find(({ control }) =>
      control?.sessions.some(
        ({ peer, link, remoteAsn }) =>
          control.daemon === 'gobgp' &&
          remoteAsn === control.asn &&
          control.sessions.some((other) => other.peer === peer && other.link !== link),
      ),
    )
    if (doubled !== undefined) return made
  }
  throw new Error('no such fabric was drawn')
}

const path = (from: string, more: Partial<RibPath> = {}): RibPath => ({
  from,
  best: false,
  used: false,
  nextHop: '10.254.0.1',
  asPath: [],
  origin: 'igp',
  communities: [],
  extended: [],
  ...more,
})
const row = (paths: readonly RibPath[], node = leaf?.name ?? ''): RibRow => ({
  node,
  table: 'ipv4',
  key: '198.51.100.0/24',
  paths: [...paths],
})
const differ = (twin: RibRow, lab: RibRow) =>
  compareRibs(withoutTies(plan, [twin]), withoutTies(plan, [lab])).map(({ attribute }) => attribute)

describe('paths of one peer that nothing tells apart', () => {
  const taken = { best: true, used: true }
  const [one, other] = [{ originator: '10.255.0.1' }, { originator: '10.255.0.2' }]
  const first = row([path('spine1', { ...one, ...taken }), path('spine1', other)])
  const second = row([path('spine1', one), path('spine1', { ...other, ...taken })])

  test('are equal whichever is taken, and it is said where', () => {
    expect(differ(first, second)).toEqual([])
    expect(describeTies(plan, [first])).toEqual([
      `${leaf.name} ipv4 198.51.100.0/24: nothing tells 2 paths of spine1 apart`,
    ])
  })

  test('differ when none is taken, when another attribute differs, and where a step tells them apart', () => {
    expect(differ(first, row([path('spine1', one), path('spine1', other)]))).toContain('best')
    const marked = { ...other, communities: ['65000:1'] }
    expect(differ(first, row([path('spine1', { ...one, ...taken }), path('spine1', marked)]))).toContain(
      'communities',
    )
    const longer = { ...other, asPath: [64701] }
    expect(
      differ(
        row([path('spine1', { ...one, ...taken }), path('spine1', longer)]),
        row([path('spine1', one), path('spine1', { ...longer, ...taken })]),
      ),
    ).toContain('best')
  })

  test('differ on FRR, which has ORIGINATOR_ID to go by', () => {
    const spine = plan.nodes.find(({ control }) => control?.daemon === 'frr')?.name ?? ''
    expect(differ({ ...first, node: spine }, { ...second, node: spine })).toContain('best')
  })
})

describe('a path that a reflector does not send any more', () => {
  const own = path('self', { best: true, used: true })
  const kept = path(session.link, { originator: '10.255.0.9' })

  test('is left out behind the own path, over one of several links, and it is said where', () => {
    const { rows, kept: places } = withoutKept(plan, [row([own])], [row([own, kept])])
    expect(rows).toEqual([row([own])])
    expect(places).toEqual([`${leaf.name} ipv4 198.51.100.0/24 from ${session.link}`])
  })

  test.each([
    ['the twin has it', row([own, kept]), row([own, kept])],
    ['it is best', row([path('self')]), row([path('self'), { ...kept, best: true }])],
    ['it is used', row([own]), row([own, { ...kept, used: true }])],
    ['no own path is best', row([]), row([kept])],
    ['its peer has one link', row([own]), row([own, path('spine99')])],
  ])('stays where %s', (_, twin, lab) => {
    expect(withoutKept(plan, [twin], [lab])).toEqual({ rows: [lab], kept: [] })
  })
})
