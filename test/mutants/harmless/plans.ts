/**
 * Changes that no judge may complain about: other choices of a compiler, or of a fabric's owner, that are as right as the first.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Interface, NodeProgram } from '../../../contract/program.js'
import type { Plan } from '../../../contract/plan.js'
import { formatProblem, parseFabric } from '../../../twin/model/index.js'
import { compile } from '../../../twin/compile.js'
import { ROOT } from '../support/compile-twin.js'

/** A right plan that is not the first one. */
export interface Harmless {
  readonly id: string
  readonly why: string
  readonly make: (plan: Plan) => Plan
}

/** The demo fabric's file with some of its text replaced. */
function ofFile(id: string, why: string, ...edits: readonly (readonly [RegExp, string])[]): Harmless {
  return {
    id,
    why,
    make: () => {
      let text = readFileSync(path.join(ROOT, 'topologies/demo.yaml'), 'utf8')
      for (const [find, by] of edits) {
        const changed = text.replaceAll(find, by)
        if (changed === text) throw new Error(`${id}: demo.yaml has no ${String(find)}`)
        text = changed
      }
      const { fabric, problems } = parseFabric(text, 'demo.yaml')
      if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
      return compile(fabric)
    },
  }
}

/** Every node's program changed. */
function ofPrograms(id: string, why: string, change: (program: NodeProgram) => NodeProgram): Harmless {
  return {
    id,
    why,
    make: (plan) => ({
      ...plan,
      nodes: plan.nodes.map((node) => ({ ...node, program: change(node.program) })),
    }),
  }
}

function ofInterfaces(id: string, why: string, change: (one: Interface) => Interface): Harmless {
  return ofPrograms(id, why, (program) => ({ ...program, interfaces: program.interfaces.map(change) }))
}

function ofTables(
  id: string,
  why: string,
  change: (tables: NodeProgram['tables']) => Partial<NodeProgram['tables']>,
): Harmless {
  return ofPrograms(id, why, (program) => ({
    ...program,
    tables: { ...program.tables, ...change(program.tables) },
  }))
}

const another = (seed: number) => (seed ^ 0x5bd1_e995) >>> 0

/** All of them. */
export const harmlessPlans: readonly Harmless[] = [
  ofFile('other-vni', 'a VNI is a name: every leaf has the other one', [/\b10010\b/g, '11010']),
  ofFile('other-l3-vni', 'so is an L3 VNI', [/\b50001\b/g, '51001']),
  ofFile('other-loopbacks', 'VTEPs and routes to them come from the same pool', [
    /10\.255\.0\.0/g,
    '10.77.0.0',
  ]),
  ofFile('other-link-addresses', 'both ends of a link take theirs from the same pool', [
    /10\.254\.0\.0\/23/g,
    '10.66.0.0/22',
  ]),
  ofFile('larger-underlay', 'links take more than anything needs', [/mtu: 1700/g, 'mtu: 1720']),
  ofFile('other-key-reference', 'a reference names a key, and has no other meaning', [
    /lab:core/g,
    'lab:spare',
  ]),
  ofFile('network-renamed', 'names are for people', [/\bsync\b/g, 'copy']),
  ofPrograms('other-ecmp-seed', 'any choice among next hops of equal cost is right', (program) => ({
    ...program,
    seeds: { ...program.seeds, ecmp: another(program.seeds.ecmp) },
  })),
  ofPrograms('other-source-port-seed', 'a source port has to differ by flow, whatever it is', (program) => ({
    ...program,
    seeds: { ...program.seeds, sourcePort: another(program.seeds.sourcePort) },
  })),
  ofInterfaces('longer-ageing', 'nothing of what is judged takes so long', (one) =>
    one.kind === 'bridge' ? { ...one, ageing: one.ageing * 2 } : one,
  ),
  ofInterfaces('larger-fdb', 'room that nobody needs', (one) =>
    one.kind === 'bridge' ? { ...one, fdbLimit: one.fdbLimit * 2 } : one,
  ),
  ofInterfaces('larger-neighbour-table', 'room that nobody needs', (one) =>
    one.kind === 'irb' ? { ...one, neighbourLimit: one.neighbourLimit * 2 } : one,
  ),
  ofInterfaces('longer-neighbour-lifetime', 'nothing of what is judged takes so long', (one) =>
    one.kind === 'irb' ? { ...one, neighbourLifetime: one.neighbourLifetime * 2 } : one,
  ),
  ofInterfaces('other-outer-ttl', 'far more than there are hops', (one) =>
    one.kind === 'vxlan' ? { ...one, ttl: 128 } : one,
  ),
  ofInterfaces('other-outer-dscp', 'no node treats it differently', (one) =>
    one.kind === 'vxlan' ? { ...one, dscp: 10 } : one,
  ),
  ofInterfaces('other-interface-names', 'programs speak of ids', (one) =>
    one.kind === 'vxlan' || one.kind === 'bridge' ? { ...one, name: `x${one.name}`.slice(0, 15) } : one,
  ),
  ofTables('routes-in-another-order', 'the longest prefix wins (ROUTE-6)', ({ routes }) => ({
    routes: routes.toReversed(),
  })),
  ofTables('neighbours-in-another-order', 'an address has one entry (NEIGH-1)', ({ neighbours }) => ({
    neighbours: neighbours.toReversed(),
  })),
  ofTables('static-entries-in-another-order', 'a MAC has one entry (LEARN-2)', ({ fdb }) => ({
    fdb: fdb.toReversed(),
  })),
  ofTables('next-hops-in-another-order', 'the same next hops of equal cost (HASH-4)', ({ groups }) => ({
    groups: groups.map((group) => ({ ...group, members: group.members.toReversed() })),
  })),
  ofTables('groups-renumbered', 'ids have no other meaning', ({ groups, routes }) => ({
    groups: groups.map((group) => ({ ...group, id: group.id + 1000 })),
    routes: routes.map((route) =>
      route.group === undefined ? route : { ...route, group: route.group + 1000 },
    ),
  })),
]
