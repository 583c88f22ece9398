/**
 * Plans that differ in what no intent speaks of: every frame arrives, unread by others, as it should. Only the other
 * interpreter, which has the right plan, can tell.
 *
 * @module
 */
import type { NodeProgram } from '../../../contract/program.js'
import type { Plan } from '../../../contract/plan.js'
import {
  atInterface,
  atTables,
  each,
  gateways,
  ofKind,
  replaced,
  type PlanMutant,
  type Site,
} from './site.js'
import { unsentL3 } from './unused.js'

const unseen = { foundBy: [], rows: ['B02', 'B05'] } as const

export const unseenMutants: readonly PlanMutant[] = [
  {
    ...unseen,
    id: 'ecmp-seed-differs',
    meaning: 'a node spreads flows over its next hops with another seed',
    clause: 'HASH-4',
    sites: (plan) =>
      withGroups(plan).map(({ program }) =>
        atSeeds(program, { ecmp: (program.seeds.ecmp ^ 0x5bd1_e995) >>> 0 }),
      ),
  },
  {
    ...unseen,
    id: 'source-port-seed-differs',
    meaning: 'a leaf makes VXLAN source ports with another seed',
    clause: 'HASH-5',
    sites: (plan) =>
      leaves(plan).map(({ program }) =>
        atSeeds(program, { sourcePort: (program.seeds.sourcePort ^ 0x5bd1_e995) >>> 0 }),
      ),
  },
  {
    ...unseen,
    id: 'ecmp-order-differs',
    meaning: 'a node has its next hops in another order',
    clause: 'HASH-4',
    sites: (plan) =>
      withGroups(plan).flatMap(({ program }) =>
        program.tables.groups.flatMap((group, index) => {
          if (group.members.length < 2) return []
          const turned = { ...group, members: group.members.toReversed() }
          const groups = replaced(program.tables.groups, index, turned)
          return [atTables(program, `group ${group.id}`, { groups })]
        }),
      ),
  },
  {
    ...unseen,
    id: 'outer-ttl-differs',
    meaning: 'outer packets start with TTL 63 in place of 64',
    clause: 'VXLAN-3',
    sites: (plan) => tunnelSites(plan, ({ ttl }) => ({ ttl: ttl - 1 })),
  },
  {
    ...unseen,
    id: 'outer-dscp-differs',
    meaning: 'outer packets have another DSCP',
    clause: 'VXLAN-3',
    sites: (plan) => tunnelSites(plan, ({ dscp }) => ({ dscp: dscp ^ 0b101110 })),
  },
  {
    ...unseen,
    id: 'outer-df-differs',
    meaning: 'outer packets may be fragmented',
    clause: 'VXLAN-3',
    // IPv6 has no such bit.
    sites: (plan) => (plan.underlay === 'ipv6' ? [] : tunnelSites(plan, ({ df }) => ({ df: !df }))),
  },
  {
    ...unseen,
    id: 'udp-checksum-mode-differs',
    meaning: 'the outer UDP checksum is computed where it should be zero',
    clause: 'VXLAN-2',
    // Over IPv6 a receiver that expects checksums refuses zero (VXLAN-5), which every intent sees.
    sites: (plan) => (plan.underlay === 'ipv6' ? [] : tunnelSites(plan, () => ({ udpChecksum: 'compute' }))),
  },
  {
    ...unseen,
    id: 'neighbours-forgotten',
    meaning: 'a gateway asks for a neighbour again for each packet',
    clause: 'NEIGH-2',
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { neighbourLifetime: 0 })),
  },
]

function atSeeds(program: NodeProgram, change: Partial<NodeProgram['seeds']>): Site {
  return { where: program.node, programs: [{ ...program, seeds: { ...program.seeds, ...change } }] }
}

function leaves(plan: Plan) {
  return plan.nodes.filter(({ program }) => ofKind(program, 'vxlan').length > 0)
}

/** Nodes that choose between next hops. */
function withGroups(plan: Plan) {
  return plan.nodes.filter(({ program }) => program.tables.groups.some(({ members }) => members.length > 1))
}

type Vxlan = ReturnType<typeof each<'vxlan'>>[number]['iface']

function tunnelSites(plan: Plan, change: (iface: Vxlan) => Partial<Vxlan>): readonly Site[] {
  return each(plan, 'vxlan')
    .filter(({ iface }) => iface.remotes.length > 0)
    .map(({ program, iface }) =>
      atInterface(program, iface, change(iface), { equivalent: unsentL3(plan, program, iface.bridge) }),
    )
}
