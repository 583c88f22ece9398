import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BgpSession, Policy } from '../../contract/control-plane.js'
import { RibRow } from '../../contract/rib.js'
import { drawFrom } from './settle.js'
import { ControlPlaneSim } from './sim.js'
import { fabricOf, type LinkSpec, type NodeSpec } from './testdata/fabric.js'
import { exchangeMessages } from './testdata/messages.js'
import { Topology } from './topology.js'
import { UnicastRib } from './unicast.js'

const P = '10.99.0.0/24'
const accept = (set: Policy['statements'][number]['set']): Policy => ({
  name: 'out',
  statements: [{ match: {}, action: 'accept', set }],
})

const shape = fc.record({
  asns: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 7 }),
  daemons: fc.array(fc.constantFrom('frr' as const, 'gobgp' as const), { minLength: 7, maxLength: 7 }),
  links: fc.array(
    fc.record({
      a: fc.nat({ max: 6 }),
      b: fc.nat({ max: 6 }),
      clients: fc.constantFrom([false, false], [true, false], [false, true], [true, true]),
      all: fc.constantFrom([false, false], [true, false], [true, true]),
    }),
    { maxLength: 14 },
  ),
  prepends: fc.array(fc.nat({ max: 2 }), { minLength: 7, maxLength: 7 }),
  drained: fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
  origins: fc.uniqueArray(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 }),
  seed: fc.nat(),
})
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

/** GoBGP's nodes reflect nothing (docs/layout.md: reflectors are routers and spines). */
function fabricFrom({ asns, daemons, links, prepends, drained, origins }: Shape, isDrained: boolean) {
  const isInside = (i: number) =>
    links.some(({ a, b }) => a !== b && (a === i || b === i) && asns[a] === asns[b])
  const nodes = Object.fromEntries(
    asns.map((asn, i): [string, NodeSpec] => {
      const prepend = prepends[i] ?? 0
      return [
        `n${i}`,
        {
          asn,
          id: i + 1,
          daemon: daemons[i] ?? 'frr',
          originate: origins.includes(i) ? [P] : [],
          policies: [accept(prepend === 0 ? {} : { prepend })],
          ...(isDrained && drained[i] === true && !isInside(i) ? { gracefulShutdown: true } : {}),
        },
      ]
    }),
  )
  const specs = links.flatMap(({ a, b, clients, all }): LinkSpec[] => {
    if (a === b || a >= asns.length || b >= asns.length) return []
    const end = (i: number, side: 0 | 1): Partial<BgpSession> => ({
      ...(asns[a] === asns[b] && clients[side] && daemons[i] === 'frr' ? { client: true } : {}),
      ...(asns[a] !== asns[b] ? { export: 'out' } : {}),
      ...(all[side] ? { addPaths: true } : {}),
    })
    return [[`n${a}`, `n${b}`, { [`n${a}`]: end(a, 0), [`n${b}`]: end(b, 1) }]]
  })
  return fabricOf(nodes, specs)
}

test.each([false, true])(
  'in any topology, reflected or not, messages in any order lead where the simulation ends (drained: %s)',
  (isDrained) => {
    fc.assert(
      fc.property(shape, (given) => {
        const fabric = fabricFrom(given, isDrained)
        const topology = new Topology(fabric)
        topology.setDown({})
        const rib = new UnicastRib(topology, 0)
        for (const [i, { control }] of fabric.entries()) rib.originate(i, control.originate)
        rib.settle(new Set())
        for (const key of rib.keys) {
          const simulated = key.entries.map((entry) => entry && (entry.best.peer ?? 'self'))
          for (let order = 0; order < 4; order++) {
            const exchanged = exchangeMessages(topology, key, drawFrom(given.seed + order))
            expect(exchanged.map((one, i) => one === simulated[i])).toEqual(given.asns.map(() => true))
          }
        }
      }),
      { numRuns: 300 },
    )
  },
  60_000,
)

test('rows of random fabrics with reflection and additional paths keep the contract, and incremental is as afresh', () => {
  fc.assert(
    fc.property(shape, fc.array(fc.nat({ max: 13 }), { maxLength: 3 }), (given, cuts) => {
      const fabric = fabricFrom(given, true)
      const links = [...new Set(fabric.flatMap(({ control }) => control.sessions.map(({ link }) => link)))]
      const sim = new ControlPlaneSim(fabric)
      for (const cut of cuts) {
        const link = links[cut % Math.max(1, links.length)]
        sim.update({ down: link === undefined ? {} : { links: [link] } })
        const afresh = new ControlPlaneSim(fabric, { down: sim.down })
        for (const name of sim.names) {
          expect([sim.rows(name), sim.tables(name)]).toEqual([afresh.rows(name), afresh.tables(name)])
        }
      }
      for (const name of sim.names) for (const row of sim.rows(name)) expect(RibRow.parse(row)).toEqual(row)
    }),
    { numRuns: 150 },
  )
}, 60_000)
