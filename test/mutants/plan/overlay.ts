/**
 * Plans with a wrong overlay: tunnels, floods, learning, gateways.
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
  hostPorts,
  ofKind,
  overlays,
  portsOf,
  replaced,
  shiftMac,
  type PlanMutant,
  type Site,
} from './site.js'
import { idleL3, pairBridge, strangeVtep, unaskedVtep, unheardVtep, unsentL3 } from './unused.js'

const tunnels = (plan: Plan) => each(plan, 'vxlan').filter(({ iface }) => iface.remotes.length > 0)
/** Bridges with hosts. */
const hostBridges = (plan: Plan) =>
  each(plan, 'bridge').filter(({ program, iface }) => portsOf(program, iface.id).length > 0)

export const overlayMutants: readonly PlanMutant[] = [
  {
    id: 'ttl-one',
    meaning: 'outer packets are sent with TTL 1 and die in the first spine',
    clause: 'VXLAN-3',
    foundBy: ['reach'],
    rows: ['O11'],
    sites: (plan) =>
      tunnels(plan).map(({ program, iface }) =>
        atInterface(program, iface, { ttl: 1 }, { equivalent: unsentL3(plan, program, iface.bridge) }),
      ),
  },
  {
    id: 'host-mtu-off-by-one',
    meaning: "a host's port takes one octet less than the network's MTU",
    clause: 'PARSE-2',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: (plan) =>
      hostPorts(plan).map(({ program, iface }) => atInterface(program, iface, { mtu: iface.mtu - 1 })),
  },
  {
    id: 'vxlan-mtu-off-by-one',
    meaning: "the overlay takes one octet less than the network's MTU",
    clause: 'VXLAN-1',
    foundBy: ['reach'],
    rows: ['O11'],
    sites: (plan) =>
      tunnels(plan).map(({ program, iface }) =>
        atInterface(
          program,
          iface,
          { mtu: iface.mtu - 1 },
          { equivalent: idleL3(plan, program, iface.bridge) },
        ),
      ),
  },
  {
    id: 'irb-mtu-off-by-one',
    meaning: "a gateway takes one octet less than the network's MTU",
    clause: 'ROUTE-9',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      each(plan, 'irb').map(({ program, iface }) =>
        atInterface(
          program,
          iface,
          { mtu: iface.mtu - 1 },
          { equivalent: unsentL3(plan, program, iface.bridge) },
        ),
      ),
  },
  {
    id: 'flood-list-short',
    meaning: 'a leaf does not flood to one of the VTEPs of a network',
    clause: 'FLOOD-2',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: floodSites((remotes) => remotes.slice(1)),
  },
  {
    id: 'flood-list-wrong',
    meaning: 'a leaf floods to a VTEP that has no part in the network',
    clause: 'FLOOD-2',
    foundBy: ['reach', 'isolate'],
    rows: ['Z12'],
    sites: (plan) => {
      const vteps = plan.nodes.flatMap(({ vtep }) => (vtep === undefined ? [] : [vtep]))
      return floodSites((remotes, local) => {
        const stranger = vteps.find((vtep) => vtep !== local && !remotes.includes(vtep))
        return stranger === undefined ? undefined : [...remotes, stranger]
      })(plan)
    },
  },
  {
    id: 'learning-off',
    meaning: 'a leaf does not learn from an overlay',
    clause: 'LEARN-1',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      overlays(plan).map(({ program, iface }) =>
        atInterface(program, iface, { learning: false }, { equivalent: pairBridge(program, iface.bridge) }),
      ),
  },
  {
    id: 'ageing-zero',
    meaning: 'what a bridge learns is forgotten at once',
    clause: 'LEARN-4',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      hostBridges(plan).map(({ program, iface }) =>
        atInterface(program, iface, { ageing: 0 }, { equivalent: pairBridge(program, iface.id) }),
      ),
  },
  {
    id: 'fdb-too-small',
    meaning: 'a bridge has room for one MAC only',
    clause: 'LEARN-5',
    foundBy: ['reach'],
    rows: ['Z12', 'C09'],
    sites: (plan) =>
      hostBridges(plan).map(({ program, iface }) =>
        atInterface(program, iface, { fdbLimit: 1 }, { equivalent: pairBridge(program, iface.id) }),
      ),
  },
  {
    id: 'vtep-refused',
    meaning: 'a leaf does not accept a network from one of its VTEPs',
    clause: 'VXLAN-5',
    foundBy: ['reach'],
    rows: ['O11'],
    sites: (plan) =>
      tunnels(plan).map(({ program, iface }) => {
        const [refused = '', ...remotes] = iface.remotes
        const equivalent = unheardVtep(plan, program, iface.bridge, iface.local, refused)
        return atInterface(program, iface, { remotes }, { equivalent })
      }),
  },
  {
    id: 'gateway-mac-differs',
    meaning: "a leaf's gateway has another MAC than the network's",
    clause: 'BRIDGE-3',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { mac: shiftMac(iface.mac) })),
  },
  {
    id: 'gateway-address-missing',
    meaning: 'a gateway lacks one of its addresses',
    clause: 'ARP-3',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      gateways(plan).flatMap(({ program, iface }) =>
        iface.addresses.map((address) =>
          atInterface(
            program,
            iface,
            { addresses: iface.addresses.filter((one) => one !== address) },
            { note: ` ${address}` },
          ),
        ),
      ),
  },
  {
    id: 'suppression-off',
    meaning: 'a gateway does not bind what ARP and ND say, and so never knows its hosts',
    clause: 'ARP-2',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { suppress: false })),
  },
  {
    id: 'neighbour-table-too-small',
    meaning: 'a gateway has room for one neighbour only',
    clause: 'NEIGH-5',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      gateways(plan).map(({ program, iface }) => atInterface(program, iface, { neighbourLimit: 1 })),
  },
  {
    id: 'router-mac-wrong',
    meaning: "a leaf has a wrong MAC for another leaf's L3 VNI",
    clause: 'NEIGH-3',
    foundBy: ['reach'],
    rows: ['Z12'],
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.neighbours.flatMap((neighbour, index) => {
          const irb = ofKind(program, 'irb').find(({ id }) => id === neighbour.interface)
          if (irb === undefined) return []
          const wrong = { ...neighbour, mac: shiftMac(neighbour.mac) }
          const neighbours = replaced(program.tables.neighbours, index, wrong)
          const local = localOf(program, irb.bridge)
          const equivalent = unaskedVtep(plan, program, irb, local, neighbour.address)
          return [atTables(program, `${irb.name} ${neighbour.address}`, { neighbours }, equivalent)]
        }),
      ),
  },
  {
    id: 'router-behind-wrong-vtep',
    meaning: "another leaf's router MAC is looked for behind a third leaf",
    clause: 'BRIDGE-3',
    foundBy: ['reach'],
    rows: ['Z12', 'O11'],
    sites: routerEntrySites,
  },
]

function floodSites(change: (remotes: readonly string[], local: string) => string[] | undefined) {
  return (plan: Plan): readonly Site[] =>
    plan.nodes.flatMap(({ program }) =>
      program.tables.flood.flatMap((list, index) => {
        const vxlan = ofKind(program, 'vxlan').find(({ id }) => id === list.interface)
        if (vxlan === undefined || list.remotes.length === 0) return []
        const remotes = change(list.remotes, vxlan.local)
        if (remotes === undefined) return []
        const flood = replaced(program.tables.flood, index, { ...list, remotes })
        return [atTables(program, vxlan.name, { flood })]
      }),
    )
}

/** Static entries of router MACs, sent to another VTEP that the L3 VNI knows. */
function routerEntrySites(plan: Plan): readonly Site[] {
  return plan.nodes.flatMap(({ program }) =>
    program.tables.fdb.flatMap((entry, index) => {
      const vxlan = vxlanOf(program, entry.interface)
      const elsewhere = vxlan?.remotes.find((remote) => remote !== entry.remote)
      if (vxlan === undefined || vxlan.learning || elsewhere === undefined) return []
      const fdb = replaced(program.tables.fdb, index, { ...entry, remote: elsewhere })
      const remote = entry.remote ?? ''
      const equivalent = strangeVtep(plan, program, vxlan.bridge, vxlan.local, remote)
      return [atTables(program, `${vxlan.name} ${remote}`, { fdb }, equivalent)]
    }),
  )
}

function localOf(program: NodeProgram, bridge: number): string {
  return ofKind(program, 'vxlan').find((iface) => iface.bridge === bridge)?.local ?? ''
}

function vxlanOf(program: NodeProgram, id: number) {
  return ofKind(program, 'vxlan').find((iface) => iface.id === id)
}
