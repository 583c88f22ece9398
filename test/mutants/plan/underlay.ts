/**
 * Plans with a wrong underlay: routes, neighbours, seals.
 *
 * @module
 */
import type { MacsecInterface, NodeProgram } from '../../../contract/program.js'
import type { Plan, PlanLink } from '../../../contract/plan.js'
import {
  atInterface,
  atTables,
  each,
  ofKind,
  replaced,
  shiftMac,
  withInterfaces,
  type PlanMutant,
  type Site,
} from './site.js'
import { strangeLeaf } from './unused.js'

export const underlayMutants: readonly PlanMutant[] = [
  {
    id: 'underlay-route-missing',
    meaning: "a node does not know a leaf's VTEP",
    clause: 'ROUTE-11',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.routes.flatMap(({ vrf, prefix, group }, index) =>
          vrf !== 0 || group === undefined || !isVtep(plan, prefix)
            ? []
            : [
                atTables(
                  program,
                  prefix,
                  { routes: replaced(program.tables.routes, index) },
                  strangeLeaf(plan, program, prefix),
                ),
              ],
        ),
      ),
  },
  {
    id: 'underlay-neighbour-wrong',
    meaning: 'a node has a wrong MAC for the far end of a link',
    clause: 'PORT-2',
    foundBy: ['reach', 'encrypt'],
    rows: ['T01'],
    sites: (plan) =>
      plan.nodes.flatMap(({ program }) =>
        program.tables.neighbours.flatMap((neighbour, index) => {
          if (ofKind(program, 'irb').some(({ id }) => id === neighbour.interface)) return []
          const wrong = { ...neighbour, mac: shiftMac(neighbour.mac) }
          const neighbours = replaced(program.tables.neighbours, index, wrong)
          return [atTables(program, neighbour.address, { neighbours })]
        }),
      ),
  },
  {
    id: 'underlay-mtu-off-by-one',
    meaning: 'a link takes one octet less than the largest frame needs',
    clause: 'ROUTE-9',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: (plan) =>
      each(plan, 'macsec').map(({ program, iface }) =>
        atInterface(program, iface, { mtu: largestOuter(plan) - 1 }),
      ),
  },
  {
    id: 'macsec-off',
    meaning: 'one end of a sealed link sends and takes clear frames',
    clause: 'MACSEC-1',
    foundBy: ['encrypt'],
    rows: ['T07', 'B01'],
    sites: macsecSites(() => ({ mode: 'disabled' })),
  },
  {
    id: 'macsec-off-at-both-ends',
    meaning: 'a link that must be sealed is in the clear, and everything arrives',
    clause: 'MACSEC-7',
    foundBy: ['encrypt'],
    rows: ['T07', 'T10', 'B17'],
    sites: sealedLinkSites((a, b) => [
      { ...a, mode: 'disabled' },
      { ...b, mode: 'disabled' },
    ]),
  },
  {
    id: 'macsec-wrong-tx-key',
    meaning: "one end seals with another link's key",
    clause: 'MACSEC-7',
    foundBy: ['encrypt'],
    rows: ['T07', 'B01'],
    sites: macsecSites(({ tx }, plan) => {
      const key = otherKey(tx.key, plan)
      return key === undefined ? undefined : { tx: { ...tx, key } }
    }),
  },
  {
    id: 'macsec-wrong-rx-key',
    meaning: "one end opens with another link's key",
    clause: 'MACSEC-5',
    foundBy: ['reach'],
    rows: ['T01'],
    sites: macsecSites(({ rx }, plan) => {
      const [first, ...rest] = rx
      const key = first === undefined ? undefined : otherKey(first.key, plan)
      return first === undefined || key === undefined ? undefined : { rx: [{ ...first, key }, ...rest] }
    }),
  },
  {
    id: 'macsec-key-of-other-link',
    meaning: "both ends of a link use another link's key in one direction, and everything arrives",
    clause: 'MACSEC-5',
    foundBy: ['encrypt'],
    rows: ['T07', 'B01'],
    sites: sealedLinkSites((a, b, plan) => {
      const key = otherKey(a.tx.key, plan)
      const [first, ...rest] = b.rx
      if (key === undefined || first === undefined) return undefined
      return [
        { ...a, tx: { ...a.tx, key } },
        { ...b, rx: [{ ...first, key }, ...rest] },
      ]
    }),
  },
  {
    id: 'macsec-wrong-sci',
    meaning: 'one end seals under an SCI that is not its own',
    clause: 'MACSEC-3',
    foundBy: ['encrypt'],
    rows: ['T07', 'B01'],
    sites: macsecSites(({ tx }) => ({ tx: { ...tx, sci: `${tx.sci.slice(0, -1)}f` } })),
  },
  {
    id: 'macsec-wrong-an',
    meaning: 'one end seals under another association number',
    clause: 'MACSEC-3',
    foundBy: ['encrypt'],
    rows: ['T07', 'B01'],
    sites: macsecSites(({ tx }) => ({ tx: { ...tx, an: tx.an ^ 1 } })),
  },
]

function isVtep(plan: Plan, prefix: string): boolean {
  const [address] = prefix.split('/')
  return plan.nodes.some(({ vtep }) => vtep === address)
}

function macsecSites(change: (iface: MacsecInterface, plan: Plan) => Partial<MacsecInterface> | undefined) {
  return (plan: Plan): readonly Site[] =>
    each(plan, 'macsec').flatMap(({ program, iface }) => {
      const changed = change(iface, plan)
      return changed === undefined ? [] : [atInterface(program, iface, changed)]
    })
}

/** Sites at links: both ends change together, so that they still understand each other. */
function sealedLinkSites(
  change: (
    a: MacsecInterface,
    b: MacsecInterface,
    plan: Plan,
  ) => readonly [MacsecInterface, MacsecInterface] | undefined,
) {
  return (plan: Plan): readonly Site[] =>
    plan.links.flatMap((link) => {
      const [a, b] = [endOf(plan, link.a), endOf(plan, link.b)]
      const changed = a === undefined || b === undefined ? undefined : change(a.iface, b.iface, plan)
      if (a === undefined || b === undefined || changed === undefined) return []
      const programs = [withInterfaces(a.program, changed[0]), withInterfaces(b.program, changed[1])]
      return [{ where: link.id, programs }]
    })
}

function endOf(
  plan: Plan,
  end: PlanLink['a'],
): { readonly program: NodeProgram; readonly iface: MacsecInterface } | undefined {
  const program = plan.nodes.find(({ name }) => name === end.node)?.program
  if (program === undefined) return undefined
  const iface = ofKind(program, 'macsec').find(({ lower }) => lower === end.interface)
  return iface === undefined ? undefined : { program, iface }
}

function otherKey(key: string, plan: Plan): string | undefined {
  return plan.keys.find((one) => one !== key)
}

/** Octets of the largest outer IP packet that a network can need: Ethernet, VXLAN, UDP and IP around the network MTU. */
function largestOuter(plan: Plan): number {
  const mtus = plan.tenants.flatMap(({ networks }) => networks.map(({ mtu }) => mtu))
  return Math.max(...mtus) + 14 + 8 + 8 + (plan.underlay === 'ipv4' ? 20 : 40)
}
