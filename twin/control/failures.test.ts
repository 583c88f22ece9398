import { expect, test } from 'vitest'
import { forEachFailure, type Failure } from './failures.js'
import type { Learned } from './node.js'
import { ControlPlaneSim } from './sim.js'
import { fabricOf, leafSpine } from './testdata/fabric.js'

const heard: Learned = { fdb: [{ bridge: 10004, mac: '02:00:00:00:00:01', interface: 9 }], neighbours: [] }
const learned = new Map([['leaf1', heard]])
const textOf = ({ links, nodes, daemons }: Failure) =>
  [...links, ...nodes, ...daemons.map((one) => `bgpd of ${one}`)].join(' + ')
function seenOf(sim: ControlPlaneSim) {
  return {
    rows: sim.names.map((name) => sim.rows(name)),
    tables: sim.names.map((name) => sim.tables(name)),
    diagnosis: sim.diagnosis.filter(({ kind }) => kind !== 'mobility'),
  }
}

test('every set of failures is shown once, as it is afresh, and nothing of it stays', () => {
  const plain = leafSpine(2, [[1], [1], [1, 2]])
  const waited = plain.map((node) => ({ ...node, control: { ...node.control, gracefulRestart: 60 } }))
  for (const nodes of [plain, waited]) {
    const sim = new ControlPlaneSim(nodes, { learned })
    const { knowledge } = sim
    const before = seenOf(sim)
    const names = nodes.map(({ name }) => name)
    const links = nodes
      .filter(({ name }) => name.startsWith('leaf'))
      .flatMap(({ control }) => control.sessions.map(({ link }) => link))
    const seen: string[] = []
    const tables = new Map(names.map((name) => [name, sim.tables(name)]))
    const intact = new Map(tables)
    const daemons = ['leaf1', 'spine1', 'spine2']
    forEachFailure(sim, { links, nodes: names, daemons, most: 2 }, (failure, { changed, differing }) => {
      seen.push(textOf(failure))
      for (const name of changed) tables.set(name, sim.tables(name))
      const afresh = new ControlPlaneSim(nodes, { down: failure, knowledge })
      expect(seenOf(sim)).toEqual(seenOf(afresh))
      // What is said to have changed since the last set is all that has; what is said to differ from the intact fabric does, and no more.
      const others = names.filter(
        (name) => JSON.stringify(afresh.tables(name)) !== JSON.stringify(intact.get(name)),
      )
      for (const name of names) expect(tables.get(name)).toEqual(afresh.tables(name))
      expect([...differing()].toSorted()).toEqual(others.toSorted())
    })
    const parts = links.length + names.length + daemons.length
    expect(seen).toHaveLength(1 + parts + (parts * (parts - 1)) / 2)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen[0]).toBe('')
    expect(seenOf(sim)).toEqual(before)
    expect(sim.knowledge).toEqual(knowledge)
  }
}, 60_000)

test('a walk over failures ends when it is told to, and what was down before stays down', () => {
  const nodes = leafSpine(2, [[1], [1]])
  const sim = new ControlPlaneSim(nodes, { down: { links: ['leaf1--spine1'] } })
  const seen: (readonly string[])[] = []
  forEachFailure(sim, { links: ['leaf1--spine2', 'leaf2--spine1'], nodes: [], most: 1 }, ({ links }) => {
    seen.push(links)
    if (links.length === 0) return true
    expect(sim.dynamicTables('leaf1').routes.size).toBe(0)
    return false
  })
  expect(seen).toEqual([[], ['leaf1--spine2']])
  expect(sim.down).toEqual({ links: ['leaf1--spine1'] })
  expect(sim.dynamicTables('leaf1').routes.size).toBeGreaterThan(0)
})

test('a prefix that is withdrawn, and a daemon that does not run, stay so in all sets', () => {
  const nodes = leafSpine(2, [[1], [1]])
  const withdrawn = [{ node: 'leaf2', prefix: '10.255.0.2/32' }]
  const sim = new ControlPlaneSim(nodes, { down: { withdrawn, daemons: ['spine2'] } })
  const before = seenOf(sim)
  forEachFailure(sim, { links: ['leaf1--spine1', 'leaf1--spine2'], nodes: ['leaf1'], most: 2 }, (failure) => {
    const paths = sim.rows('leaf1').filter(({ key }) => key === '10.255.0.2/32')
    expect([textOf(failure), paths, sim.rows('spine2')]).toEqual([textOf(failure), [], []])
  })
  expect(seenOf(sim)).toEqual(before)
  const code = expect.objectContaining({ code: 'ZT_CONTROL_REFERENCE' })
  for (const space of [{ nodes: ['spine2'] }, { nodes: [], daemons: ['spine2'] }, { nodes: ['leaf9'] }]) {
    expect(() => forEachFailure(sim, { links: [], ...space, most: 1 }, () => false)).toThrow(code)
  }
})

test('[BGP-12] a session that ends in one set is there in the next', () => {
  // As long as b is near a, c goes by b and tells it nothing.
  const nodes = fabricOf(
    {
      a: { asn: 1, id: 1, originate: ['10.1.0.0/16', '10.2.0.0/16'] },
      b: { asn: 2, id: 2, originate: [], daemon: 'gobgp' },
      c: { asn: 3, id: 3, originate: [] },
      d: { asn: 4, id: 4, originate: [] },
    },
    [
      ['a', 'b'],
      ['b', 'c', { b: { maximumPrefixes: 1 } }],
      ['c', 'd'],
      ['d', 'a'],
    ],
  )
  const sim = new ControlPlaneSim(nodes)
  const before = seenOf(sim)
  const ended = new Map<string, number>()
  forEachFailure(sim, { links: ['a--b', 'b--c', 'c--d'], nodes: [], most: 2 }, (failure) => {
    ended.set(textOf(failure), sim.ended.size)
    expect(seenOf(sim)).toEqual(seenOf(new ControlPlaneSim(nodes, { down: failure })))
  })
  expect([...ended]).toEqual([
    ['', 0],
    ['a--b', 1],
    ['a--b + b--c', 0],
    ['a--b + c--d', 0],
    ['b--c', 0],
    ['b--c + c--d', 0],
    ['c--d', 0],
  ])
  expect(seenOf(sim)).toEqual(before)
  // Outside such a walk, repairing the link does not bring the session back.
  sim.update({ down: { links: ['a--b'] } })
  sim.update({ down: {} })
  expect(sim.ended.size).toBe(1)
  sim.update({ ended: new Set() })
  expect(seenOf(sim)).toEqual(before)
})
