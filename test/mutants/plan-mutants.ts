/**
 * Wrong plans: what a compiler with a fault might make of a right fabric file. Each mutant changes one thing in the
 * programs of a plan, at every site where it fits, and leaves alone what the judges expect from (hosts, networks, links,
 * intents): that comes from the file.
 *
 * @module
 */
import type {
  Interface,
  IrbInterface,
  MacsecInterface,
  NodeProgram,
  PortInterface,
  VxlanInterface,
} from '../../contract/program.js'
import type { Plan } from '../../contract/plan.js'

/** One place where a mutant fits. */
export interface Site {
  /** Where, for people and for the table: `leaf1 vxlan10010`. */
  readonly where: string
  /** The node whose program changes. */
  readonly node: string
  /** The changed program. */
  readonly program: NodeProgram
}

/** A way for a plan to be wrong. */
export interface PlanMutant {
  readonly id: string
  readonly meaning: string
  /** A clause whose inputs it spoils. */
  readonly clause: string
  readonly sites: (plan: Plan) => readonly Site[]
}

/** The plan with the site's program in place of the right one. */
export function applySite(plan: Plan, site: Site): Plan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) => (node.name === site.node ? { ...node, program: site.program } : node)),
  }
}

type Kind = Interface['kind']
type OfKind<K extends Kind> = Extract<Interface, { kind: K }>

interface Found<K extends Kind> {
  readonly program: NodeProgram
  readonly iface: OfKind<K>
}

function each<K extends Kind>(plan: Plan, kind: K): readonly Found<K>[] {
  return plan.nodes.flatMap(({ program }) =>
    program.interfaces.flatMap((iface) =>
      iface.kind === kind ? [{ program, iface: iface as OfKind<K> }] : [],
    ),
  )
}

/** A site at an interface: the same program with that interface replaced. */
function atInterface<T extends Interface>(
  program: NodeProgram,
  iface: T,
  change: Partial<T>,
  note = '',
): Site {
  const changed = { ...iface, ...change }
  return {
    where: `${program.node} ${iface.name}${note}`,
    node: program.node,
    program: {
      ...program,
      interfaces: program.interfaces.map((one) => (one.id === iface.id ? changed : one)),
    },
  }
}

function atTables(program: NodeProgram, where: string, change: Partial<NodeProgram['tables']>): Site {
  return {
    where: `${program.node} ${where}`,
    node: program.node,
    program: { ...program, tables: { ...program.tables, ...change } },
  }
}

/** `items` with the one at `index` replaced, or removed. */
function replaced<T>(items: readonly T[], index: number, ...by: readonly T[]): T[] {
  return [...items.slice(0, index), ...by, ...items.slice(index + 1)]
}

const isOverlay = (iface: VxlanInterface) => iface.learning
/** The VRF's name is its tenant's. */
const vrfName = (program: NodeProgram, id: number) => program.vrfs.find((vrf) => vrf.id === id)?.name

function bridgesOf(program: NodeProgram) {
  return program.interfaces.filter((iface) => iface.kind === 'bridge')
}

/** Bridge ids by tenant: a bridge belongs to the tenant of the hosts on it. */
function tenantOfBridge(plan: Plan, program: NodeProgram, bridge: number): string | undefined {
  const port = program.interfaces.find((iface) => iface.kind === 'port' && iface.bridge === bridge)
  const host = plan.hosts.find(({ at }) => at.node === program.node && at.interface === port?.id)
  if (host !== undefined) return host.tenant
  const irb = program.interfaces.find((iface) => iface.kind === 'irb' && iface.bridge === bridge)
  return irb?.kind === 'irb' ? vrfName(program, irb.vrf) : undefined
}

function hostPorts(
  plan: Plan,
): readonly { readonly program: NodeProgram; readonly iface: PortInterface; readonly tenant: string }[] {
  return each(plan, 'port').flatMap(({ program, iface }) => {
    const host = plan.hosts.find(({ at }) => at.node === program.node && at.interface === iface.id)
    return host === undefined ? [] : [{ program, iface, tenant: host.tenant }]
  })
}

/** IRBs that are a gateway: those of an L3 VNI have no address. */
const gateways = (plan: Plan) => each(plan, 'irb').filter(({ iface }) => iface.addresses.length > 0)
const shiftMac = (mac: string) => `${mac.slice(0, -2)}${mac.endsWith('ff') ? 'fe' : 'ff'}`

const macsecSites =
  (change: (iface: MacsecInterface, plan: Plan) => Partial<MacsecInterface> | undefined) => (plan: Plan) =>
    each(plan, 'macsec').flatMap(({ program, iface }) => {
      const changed = change(iface, plan)
      return changed === undefined ? [] : [atInterface(program, iface, changed)]
    })
const otherKey = (key: string, plan: Plan) => plan.keys.find((one) => one !== key)

/** Every wrong plan that is tried. */
export const planMutants: readonly PlanMutant[] = [
  {
    id: 'vni-unknown',
    meaning: 'a leaf uses a VNI of its own for a stretched network',
    clause: 'VXLAN-5',
    sites: (plan) =>
      each(plan, 'vxlan')
        .filter(({ iface }) => isOverlay(iface))
        .map(({ program, iface }) => atInterface(program, iface, { vni: iface.vni ^ 0x400000 })),
  },
  {
    id: 'vni-of-other-tenant',
    meaning: "two tenants' networks on a leaf have each other's VNI",
    clause: 'VXLAN-7',
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) => {
        const overlays = program.interfaces.filter((iface) => iface.kind === 'vxlan' && iface.learning)
        return overlays.flatMap((a, index) =>
          overlays.slice(index + 1).flatMap((b) => {
            if (a.kind !== 'vxlan' || b.kind !== 'vxlan') return []
            const tenants = [a, b].map(({ bridge }) => tenantOfBridge(plan, program, bridge))
            if (tenants[0] === tenants[1]) return []
            return [
              {
                where: `${program.node} ${a.name} and ${b.name}`,
                node: program.node,
                program: {
                  ...program,
                  interfaces: program.interfaces.map((one) =>
                    one.id === a.id ? { ...a, vni: b.vni } : one.id === b.id ? { ...b, vni: a.vni } : one,
                  ),
                },
              },
            ]
          }),
        )
      }),
  },
  {
    id: 'port-in-other-bridge',
    meaning: "a host's port is attached to another tenant's bridge",
    clause: 'BRIDGE-3',
    sites: (plan) =>
      hostPorts(plan).flatMap(({ program, iface, tenant }) => {
        const other = bridgesOf(program).find(({ id }) => {
          const owner = tenantOfBridge(plan, program, id)
          const members = program.interfaces.some((one) => one.kind === 'port' && one.bridge === id)
          return owner !== undefined && owner !== tenant && members
        })
        return other === undefined ? [] : [atInterface(program, iface, { bridge: other.id })]
      }),
  },
  {
    id: 'irb-in-other-vrf',
    meaning: "a gateway routes in another tenant's VRF",
    clause: 'ROUTE-6',
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
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.routes.flatMap((route, index) => {
          if (route.connected === undefined || route.vrf === 0) return []
          const other = program.tables.routes.find(
            (one) =>
              one.prefix === route.prefix &&
              one.vrf !== route.vrf &&
              one.vrf !== 0 &&
              one.connected !== undefined,
          )
          if (other?.connected === undefined) return []
          const leaked = { ...route, connected: other.connected }
          const where = `${vrfName(program, route.vrf) ?? ''} ${route.prefix}`
          return [atTables(program, where, { routes: replaced(program.tables.routes, index, leaked) })]
        }),
      ),
  },
  {
    id: 'route-missing',
    meaning: 'a leaf does not know a prefix of its tenant',
    clause: 'ROUTE-6',
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.routes.flatMap((route, index) =>
          route.vrf === 0 || route.group === undefined
            ? []
            : [
                atTables(program, `${vrfName(program, route.vrf) ?? ''} ${route.prefix}`, {
                  routes: replaced(program.tables.routes, index),
                }),
              ],
        ),
      ),
  },
  {
    id: 'route-blackholed',
    meaning: 'a leaf throws away what is for a prefix of its tenant',
    clause: 'ROUTE-6',
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.routes.flatMap(({ vrf, prefix, group }, index) =>
          vrf === 0 || group === undefined
            ? []
            : [
                atTables(program, `${vrfName(program, vrf) ?? ''} ${prefix}`, {
                  routes: replaced(program.tables.routes, index, { vrf, prefix, blackhole: true }),
                }),
              ],
        ),
      ),
  },
  {
    id: 'underlay-route-missing',
    meaning: "a spine does not know a leaf's VTEP",
    clause: 'ROUTE-11',
    sites: (plan) =>
      plan.nodes
        .filter(({ role }) => role === 'spine')
        .flatMap(({ program }) =>
          program.tables.routes.flatMap(({ vrf, prefix, group }, index) =>
            vrf !== 0 || group === undefined
              ? []
              : [atTables(program, prefix, { routes: replaced(program.tables.routes, index) })],
          ),
        ),
  },
  {
    id: 'macsec-off',
    meaning: 'one end of a sealed link sends and takes clear frames',
    clause: 'MACSEC-1',
    sites: macsecSites(() => ({ mode: 'disabled' })),
  },
  {
    id: 'macsec-wrong-tx-key',
    meaning: "one end seals with another link's key",
    clause: 'MACSEC-7',
    sites: macsecSites(({ tx }, plan) => {
      const key = otherKey(tx.key, plan)
      return key === undefined ? undefined : { tx: { ...tx, key } }
    }),
  },
  {
    id: 'macsec-wrong-rx-key',
    meaning: "one end opens with another link's key",
    clause: 'MACSEC-5',
    sites: macsecSites(({ rx }, plan) => {
      const [first, ...rest] = rx
      const key = first === undefined ? undefined : otherKey(first.key, plan)
      return first === undefined || key === undefined ? undefined : { rx: [{ ...first, key }, ...rest] }
    }),
  },
  {
    id: 'macsec-wrong-sci',
    meaning: 'one end seals under an SCI that is not its own',
    clause: 'MACSEC-3',
    sites: macsecSites(({ tx }) => ({ tx: { ...tx, sci: `${tx.sci.slice(0, -1)}f` } })),
  },
  {
    id: 'macsec-wrong-an',
    meaning: 'one end seals under another association number',
    clause: 'MACSEC-3',
    sites: macsecSites(({ tx }) => ({ tx: { ...tx, an: tx.an ^ 1 } })),
  },
  {
    id: 'ttl-one',
    meaning: 'outer packets are sent with TTL 1 and die in the first spine',
    clause: 'VXLAN-3',
    sites: (plan) =>
      each(plan, 'vxlan')
        .filter(({ iface }) => iface.remotes.length > 0)
        .map(({ program, iface }) => atInterface(program, iface, { ttl: 1 })),
  },
  {
    id: 'underlay-mtu-off-by-one',
    meaning: 'a sealed link takes one octet less than the largest frame needs',
    clause: 'ROUTE-9',
    sites: (plan) =>
      each(plan, 'macsec').map(({ program, iface }) =>
        atInterface(program, iface, { mtu: largestOuter(plan) - 1 }),
      ),
  },
  {
    id: 'host-mtu-off-by-one',
    meaning: "a host's port takes one octet less than the network's MTU",
    clause: 'PARSE-2',
    sites: (plan) =>
      hostPorts(plan).map(({ program, iface }) => atInterface(program, iface, { mtu: iface.mtu - 1 })),
  },
  {
    id: 'vxlan-mtu-off-by-one',
    meaning: "the overlay takes one octet less than the network's MTU",
    clause: 'VXLAN-1',
    sites: (plan) =>
      each(plan, 'vxlan')
        .filter(({ iface }) => isOverlay(iface))
        .map(({ program, iface }) => atInterface(program, iface, { mtu: iface.mtu - 1 })),
  },
  {
    id: 'irb-mtu-off-by-one',
    meaning: "a gateway takes one octet less than the network's MTU",
    clause: 'ROUTE-9',
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { mtu: iface.mtu - 1 })),
  },
  {
    id: 'flood-list-short',
    meaning: 'a leaf does not flood to one of the VTEPs of a network',
    clause: 'FLOOD-2',
    sites: floodSites((remotes) => remotes.slice(1)),
  },
  {
    id: 'flood-list-wrong',
    meaning: 'a leaf floods to a VTEP that has no part in the network',
    clause: 'FLOOD-2',
    sites: (plan) => {
      const vteps = plan.nodes.flatMap(({ vtep }) => (vtep === undefined ? [] : [vtep]))
      return plan.nodes.flatMap(({ program }) =>
        program.tables.flood.flatMap((list, index) => {
          const vxlan = program.interfaces.find((iface) => iface.id === list.interface)
          if (vxlan?.kind !== 'vxlan') return []
          const stranger = vteps.find((vtep) => vtep !== vxlan.local && !list.remotes.includes(vtep))
          if (stranger === undefined) return []
          const flood = replaced(program.tables.flood, index, {
            ...list,
            remotes: [...list.remotes, stranger],
          })
          return [atTables(program, vxlan.name, { flood })]
        }),
      )
    },
  },
  {
    id: 'learning-off',
    meaning: 'a leaf does not learn from an overlay',
    clause: 'LEARN-1',
    sites: (plan) =>
      each(plan, 'vxlan')
        .filter(({ iface }) => isOverlay(iface))
        .map(({ program, iface }) => atInterface(program, iface, { learning: false })),
  },
  {
    id: 'ageing-zero',
    meaning: 'what a bridge learns is forgotten at once',
    clause: 'LEARN-4',
    sites: (plan) =>
      each(plan, 'bridge')
        .filter(({ program, iface }) => portsOf(program, iface.id) > 0)
        .map(({ program, iface }) => atInterface(program, iface, { ageing: 0 })),
  },
  {
    id: 'vtep-refused',
    meaning: 'a leaf does not accept a network from one of its VTEPs',
    clause: 'VXLAN-5',
    sites: (plan) =>
      each(plan, 'vxlan')
        .filter(({ iface }) => iface.remotes.length > 0)
        .map(({ program, iface }) => atInterface(program, iface, { remotes: iface.remotes.slice(1) })),
  },
  {
    id: 'gateway-mac-differs',
    meaning: "a leaf's gateway has another MAC than the network's",
    clause: 'BRIDGE-3',
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { mac: shiftMac(iface.mac) })),
  },
  {
    id: 'gateway-address-missing',
    meaning: 'a gateway lacks one of its addresses',
    clause: 'ARP-3',
    sites: (plan) => gateways(plan).flatMap(({ program, iface }) => gatewayAddressSites(program, iface)),
  },
  {
    id: 'router-mac-wrong',
    meaning: "a leaf has a wrong MAC for another leaf's L3 VNI",
    clause: 'NEIGH-3',
    sites: neighbourSites((program, id) =>
      program.interfaces.some((iface) => iface.id === id && iface.kind === 'irb'),
    ),
  },
  {
    id: 'underlay-neighbour-wrong',
    meaning: 'a node has a wrong MAC for the far end of a link',
    clause: 'PORT-2',
    sites: neighbourSites((program, id) =>
      program.interfaces.some((iface) => iface.id === id && iface.kind !== 'irb'),
    ),
  },
  {
    id: 'next-hop-wrong-leaf',
    meaning: 'a prefix is routed to a leaf that does not have it',
    clause: 'ROUTE-10',
    sites: nextHopSites,
  },
]

function portsOf(program: NodeProgram, bridge: number): number {
  return program.interfaces.filter((iface) => iface.kind === 'port' && iface.bridge === bridge).length
}

/** Octets of the largest outer IP packet that the plan's networks can need: Ethernet, VXLAN, UDP and IP around the network MTU. */
function largestOuter(plan: Plan): number {
  const mtus = plan.tenants.flatMap(({ networks }) => networks.map(({ mtu }) => mtu))
  return Math.max(...mtus) + 14 + 8 + 8 + (plan.underlay === 'ipv4' ? 20 : 40)
}

function floodSites(change: (remotes: readonly string[]) => string[]) {
  return (plan: Plan) =>
    plan.nodes.flatMap(({ program }) =>
      program.tables.flood.flatMap((list, index) => {
        if (list.remotes.length === 0) return []
        const flood = replaced(program.tables.flood, index, { ...list, remotes: change(list.remotes) })
        const name = program.interfaces.find(({ id }) => id === list.interface)?.name ?? ''
        return [atTables(program, name, { flood })]
      }),
    )
}

/** Every address of a gateway, taken away together with its connected route so that the program stays consistent. */
function gatewayAddressSites(program: NodeProgram, iface: IrbInterface): readonly Site[] {
  return iface.addresses.map((address) =>
    atInterface(
      program,
      iface,
      { addresses: iface.addresses.filter((one) => one !== address) },
      ` ${address}`,
    ),
  )
}

function neighbourSites(fits: (program: NodeProgram, interfaceId: number) => boolean) {
  return (plan: Plan) =>
    plan.nodes.flatMap(({ program }) =>
      program.tables.neighbours.flatMap((neighbour, index) => {
        if (!fits(program, neighbour.interface)) return []
        const wrong = { ...neighbour, mac: shiftMac(neighbour.mac) }
        return [
          atTables(program, neighbour.address, {
            neighbours: replaced(program.tables.neighbours, index, wrong),
          }),
        ]
      }),
    )
}

/** Tenant groups with one member, sent to another VTEP that the L3 VNI knows. */
function nextHopSites(plan: Plan): readonly Site[] {
  return plan.nodes.flatMap(({ program }) =>
    program.tables.groups.flatMap((group, index) => {
      const [member, ...others] = group.members
      const irb = program.interfaces.find((iface) => iface.id === member?.interface)
      if (member?.gateway === undefined || others.length > 0 || irb?.kind !== 'irb') return []
      const elsewhere = program.tables.neighbours.find(
        (one) => one.interface === irb.id && one.address !== member.gateway,
      )
      if (elsewhere === undefined) return []
      const wrong = { ...group, members: [{ ...member, gateway: elsewhere.address }] }
      return [
        atTables(program, `group ${group.id}`, { groups: replaced(program.tables.groups, index, wrong) }),
      ]
    }),
  )
}
