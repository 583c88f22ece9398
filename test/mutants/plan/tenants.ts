/**
 * Plans that mix tenants up, or lose a tenant's ways.
 *
 * @module
 */
import type { NodeProgram, VxlanInterface } from '../../../contract/program.js'
import type { Plan } from '../../../contract/plan.js'
import {
  atInterface,
  atTables,
  gateways,
  hostPorts,
  ofKind,
  overlays,
  portsOf,
  replaced,
  tenantOfBridge,
  vrfName,
  withInterfaces,
  type PlanMutant,
  type Site,
} from './site.js'
import { unaskedRoute } from './unused.js'

export const tenantMutants: readonly PlanMutant[] = [
  {
    id: 'vni-unknown',
    meaning: 'a leaf uses a VNI of its own for a stretched network',
    clause: 'VXLAN-5',
    foundBy: ['reach'],
    rows: ['T01', 'O11', 'Z08'],
    sites: (plan) =>
      overlays(plan).map(({ program, iface }) => atInterface(program, iface, { vni: iface.vni ^ 0x400000 })),
  },
  {
    id: 'vni-of-other-tenant',
    meaning: "two tenants' networks on a leaf have each other's VNI",
    clause: 'VXLAN-7',
    foundBy: ['isolate', 'reach'],
    rows: ['T06', 'Z03', 'Z08', 'C10'],
    sites: (plan) => swappedVnis(plan, (iface) => iface.learning),
  },
  {
    id: 'l3-vni-of-other-tenant',
    meaning: "two tenants' VRFs on a leaf have each other's L3 VNI",
    clause: 'VXLAN-7',
    foundBy: ['isolate', 'reach'],
    rows: ['T06', 'Z03'],
    sites: (plan) => swappedVnis(plan, (iface) => !iface.learning),
  },
  {
    id: 'port-in-other-bridge',
    meaning: "a host's port is attached to another tenant's bridge",
    clause: 'BRIDGE-3',
    foundBy: ['isolate'],
    rows: ['T05', 'T06', 'Z03', 'B05'],
    sites: (plan) =>
      hostPorts(plan).flatMap(({ program, iface, tenant }) => {
        const other = ofKind(program, 'bridge').find(({ id }) => {
          const owner = tenantOfBridge(plan, program, id)
          return owner !== undefined && owner !== tenant && portsOf(program, id).length > 0
        })
        return other === undefined ? [] : [atInterface(program, iface, { bridge: other.id })]
      }),
  },
  {
    id: 'port-in-other-network',
    meaning: "a host's port is attached to the bridge of another network of its tenant",
    clause: 'BRIDGE-3',
    foundBy: ['reach', 'isolate'],
    rows: ['T05'],
    sites: (plan) =>
      hostPorts(plan).flatMap(({ program, iface, tenant }) => {
        const other = ofKind(program, 'bridge').find(
          ({ id }) =>
            id !== iface.bridge &&
            tenantOfBridge(plan, program, id) === tenant &&
            portsOf(program, id).length > 0,
        )
        return other === undefined ? [] : [atInterface(program, iface, { bridge: other.id })]
      }),
  },
  {
    id: 'irb-in-other-vrf',
    meaning: "a gateway routes in another tenant's VRF",
    clause: 'ROUTE-6',
    foundBy: ['isolate', 'reach'],
    rows: ['T06', 'Z03'],
    sites: (plan) =>
      gateways(plan).flatMap(({ program, iface }) => {
        const other = program.vrfs.find(({ id }) => id !== 0 && id !== iface.vrf)
        return other === undefined ? [] : [atInterface(program, iface, { vrf: other.id })]
      }),
  },
  {
    id: 'route-leaked',
    meaning: "a tenant's connected route leads to another tenant's network with the same prefix",
    clause: 'ROUTE-6',
    foundBy: ['isolate'],
    rows: ['T06', 'Z03'],
    sites: (plan) =>
      eachRoute(plan, (program, index) => {
        const route = program.tables.routes[index]
        if (route?.connected === undefined || route.vrf === 0) return undefined
        const other = program.tables.routes.find(
          (one) =>
            one.prefix === route.prefix &&
            one.vrf !== route.vrf &&
            one.vrf !== 0 &&
            one.connected !== undefined,
        )
        return other?.connected === undefined ? undefined : [{ ...route, connected: other.connected }]
      }),
  },
  {
    id: 'route-missing',
    meaning: 'a leaf does not know a prefix of its tenant',
    clause: 'ROUTE-6',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: (plan) => eachRoute(plan, (program, index) => (isTenantGroup(program, index) ? [] : undefined)),
  },
  {
    id: 'connected-route-missing',
    meaning: 'a gateway does not know the prefix of its own network',
    clause: 'ROUTE-6',
    foundBy: ['reach'],
    rows: ['T01', 'Z12'],
    sites: (plan) =>
      eachRoute(plan, ({ tables }, index) => {
        const route = tables.routes[index]
        return route?.connected === undefined || route.vrf === 0 ? undefined : []
      }),
  },
  {
    id: 'route-blackholed',
    meaning: 'a leaf throws away what is for a prefix of its tenant',
    clause: 'ROUTE-6',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: (plan) =>
      eachRoute(plan, (program, index) => {
        const route = program.tables.routes[index]
        if (route === undefined || !isTenantGroup(program, index)) return undefined
        return [{ vrf: route.vrf, prefix: route.prefix, blackhole: true }]
      }),
  },
  {
    id: 'next-hop-wrong-leaf',
    meaning: 'a prefix is routed to a leaf that does not have it',
    clause: 'ROUTE-10',
    foundBy: ['reach'],
    rows: ['T01', 'Z12'],
    sites: nextHopSites,
  },
]

/** Every two VXLAN interfaces of a leaf that belong to different tenants, with each other's VNI. */
function swappedVnis(plan: Plan, which: (iface: VxlanInterface) => boolean): readonly Site[] {
  return plan.nodes.flatMap(({ program }) => {
    const tunnels = ofKind(program, 'vxlan').filter(which)
    return tunnels.flatMap((a, index) =>
      tunnels.slice(index + 1).flatMap((b) => {
        const [one, other] = [a, b].map(({ bridge }) => tenantOfBridge(plan, program, bridge))
        if (one === other) return []
        const swapped = withInterfaces(program, { ...a, vni: b.vni }, { ...b, vni: a.vni })
        return [{ where: `${program.node} ${a.name} and ${b.name}`, programs: [swapped] }]
      }),
    )
  })
}

type Routes = NodeProgram['tables']['routes']

/** A site for each route for which there is something to put in its place. */
function eachRoute(
  plan: Plan,
  instead: (program: NodeProgram, index: number) => Routes | undefined,
): readonly Site[] {
  return plan.nodes.flatMap(({ program }) =>
    program.tables.routes.flatMap((route, index) => {
      const { vrf, prefix } = route
      const by = instead(program, index)
      if (by === undefined) return []
      const routes = replaced(program.tables.routes, index, ...by)
      const equivalent = unaskedRoute(plan, program, route)
      return [atTables(program, `${vrfName(program, vrf)} ${prefix}`, { routes }, equivalent)]
    }),
  )
}

function isTenantGroup({ tables }: NodeProgram, index: number): boolean {
  const route = tables.routes[index]
  return route !== undefined && route.vrf !== 0 && route.group !== undefined
}

/** Tenant groups with one member, sent to another VTEP that the L3 VNI knows. */
function nextHopSites(plan: Plan): readonly Site[] {
  return plan.nodes.flatMap(({ program }) =>
    program.tables.groups.flatMap((group, index) => {
      const [member, ...others] = group.members
      const irb = ofKind(program, 'irb').find(({ id }) => id === member?.interface)
      if (member?.gateway === undefined || others.length > 0 || irb === undefined) return []
      const elsewhere = program.tables.neighbours.find(
        (one) => one.interface === irb.id && one.address !== member.gateway,
      )
      if (elsewhere === undefined) return []
      const wrong = { ...group, members: [{ ...member, gateway: elsewhere.address }] }
      const groups = replaced(program.tables.groups, index, wrong)
      return [atTables(program, `group ${group.id}`, { groups })]
    }),
  )
}
