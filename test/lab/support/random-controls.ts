/**
 * Fabrics of any shape, told to FRR and GoBGP by chance: several ASes, reflection, policies, weights, additional paths, links without
 * addresses, nodes that are taken out of service.
 *
 * @module
 */
import type { BgpSession, NodeControl, Policy } from '../../../contract/control-plane.js'
import { drawFrom } from '../../../twin/control/settle.js'
import { fabricOf, loopbackOf, type TestLink, type TestNode } from './daemons-fabric.js'

const SHARED = '198.51.100.0/24'

/** The same for the same seed. GoBGP's nodes have FRR's beside them, as leaves have spines. */
export function randomControls(seed: number): Map<string, NodeControl> {
  const chance = new Chance(seed)
  const count = 4 + chance.below(4)
  const places = Array.from({ length: count }, (_, i) => ({
    name: `n${i + 1}`,
    asn: chance.oneOf(65001, 65001, 65001, 65002, 65003),
    daemon: i === 0 ? ('frr' as const) : chance.oneOf('frr' as const, 'frr' as const, 'gobgp' as const),
    isWeighted: chance.is(0.3),
  }))
  type Place = (typeof places)[number]
  const policies = ['one', 'two'].map((name) => policyOf(chance, name))
  const pairs = pairsOf(chance, places)
  const end = (mine: Place, other: Place): Partial<BgpSession> => {
    const isReflector = mine.asn === other.asn && mine.daemon === 'frr'
    return {
      ...(isReflector && chance.is(0.6)
        ? { client: true, ...(chance.is(0.5) ? { addPaths: true as const } : {}) }
        : {}),
      ...(mine.isWeighted ? { weight: 1 + chance.below(8) } : {}),
      ...(chance.is(0.25) ? { import: chance.oneOf('one', 'two') } : {}),
      ...(chance.is(0.25) && !isReflector ? { export: chance.oneOf('one', 'two') } : {}),
    }
  }
  const links = pairs.map(([a, b]): TestLink => {
    return {
      ends: [a.name, b.name],
      unnumbered: chance.is(0.3),
      also: { [a.name]: end(a, b), [b.name]: end(b, a) },
    }
  })
  const nodes = Object.fromEntries(
    places.map(({ name, daemon, asn }): [string, TestNode] => [name, { daemon, asn }]),
  )
  const told = Object.entries(nodes).map(([name, node]): [string, TestNode] => [
    name,
    {
      ...node,
      also: {
        policies,
        originate: [`${loopbackOf(nodes, name)}/32`, ...(chance.is(0.4) ? [SHARED] : [])],
        ...(chance.is(0.25) && node.daemon === 'gobgp' ? { gracefulShutdown: true as const } : {}),
      },
    },
  ])
  return fabricOf(Object.fromEntries(told), links)
}

class Chance {
  readonly #draw: () => number

  constructor(seed: number) {
    this.#draw = drawFrom(seed)
  }

  below(limit: number): number {
    return Math.floor(this.#draw() * limit)
  }

  is(probability: number): boolean {
    return this.#draw() < probability
  }

  oneOf<T>(first: T, ...others: readonly T[]): T {
    return [first, ...others][this.below(others.length + 1)] ?? first
  }
}

/** A tree, so that all are linked, and some links more. */
function pairsOf<P extends { readonly daemon: string }>(chance: Chance, places: readonly P[]): [P, P][] {
  const pairs: [P, P][] = []
  const join = (a: P | undefined, b: P | undefined): void => {
    if (a === undefined || b === undefined || a === b) return
    if (a.daemon === 'gobgp' && b.daemon === 'gobgp') return
    if (!pairs.some((pair) => pair.includes(a) && pair.includes(b))) pairs.push([a, b])
  }
  for (const [i, place] of places.entries()) {
    const before = places.slice(0, i).filter(({ daemon }) => daemon === 'frr' || place.daemon === 'frr')
    join(before[chance.below(before.length)], place)
  }
  for (let more = chance.below(places.length); more > 0; more--) {
    join(places[chance.below(places.length)], places[chance.below(places.length)])
  }
  return pairs
}

function policyOf(chance: Chance, name: string): Policy {
  const all: Policy['statements'][number] = { match: {}, action: 'accept', set: {} }
  return { name, statements: [statement(chance), statement(chance), all] }
}

function statement(chance: Chance): Policy['statements'][number] {
  const prefix = chance.oneOf(
    { prefix: SHARED },
    { prefix: '10.255.0.0/24', ge: 32 },
    { prefix: '10.255.0.0/30', le: 32 },
  )
  return {
    match: {
      ...(chance.is(0.4) ? { prefixes: [prefix] } : {}),
      ...(chance.is(0.3) ? { communities: [chance.oneOf('65000:1', '65535:0')] } : {}),
    },
    action: chance.is(0.15) ? 'reject' : 'accept',
    set: {
      ...(chance.is(0.3) ? { localPreference: chance.oneOf(50, 100, 200) } : {}),
      ...(chance.is(0.3) ? { med: chance.oneOf(0, 5, 10) } : {}),
      ...(chance.is(0.2) ? { prepend: chance.oneOf(1, 2) } : {}),
      ...(chance.is(0.3)
        ? { communities: [chance.oneOf('65000:1', '65000:2', '65535:65281', '65535:65282', '65535:0')] }
        : {}),
    },
  }
}
