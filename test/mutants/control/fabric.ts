/**
 * The fabric on which control planes are made wrong: three spines of two ASes, three leaves, and policies in which every rule of the
 * decision has something to decide.
 *
 * @module
 */
import type { NodeControl, Policy } from '../../../contract/control-plane.js'
import type { Plan } from '../../../contract/plan.js'
import { planOf } from '../../lab/support/fabrics.js'

const TEXT = `
ztos: 1
name: control-mutants
underlay:
  mtu: 1700
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/23
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  spine3: { role: spine, asn: 65010 }
  leaf[1-3]: { role: leaf }
links:
  - { from: "leaf[1-3]", to: "spine[1-3]" }
tenants:
  shop:
    l3vni: 50001
    networks:
      web: { vni: 10010, gateways: [10.1.0.1/24, "2001:db8:1::1/64"] }
      db: { vni: 10020, gateways: [10.1.1.1/24] }
      wide: { vni: 10030, subnet: 10.1.2.0/24 }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
      web3: { at: leaf1, network: web }
      db1: { at: leaf3, network: db }
      wide1: { at: leaf1, network: wide }
      wide2: { at: leaf2, network: wide }
      wide3: { at: leaf3, network: wide }
intents:
  web-db: { reach: { from: shop/web1, to: shop/db } }
`

type Statement = Policy['statements'][number]
type Match = Statement['match']

const accept = (match: Match = {}, set: Statement['set'] = {}): Statement => ({
  match,
  action: 'accept',
  set,
})
const reject = (match: Match): Statement => ({ match, action: 'reject', set: {} })
const within = (prefix: string, ge?: number, le?: number): Match => ({
  prefixes: [{ prefix, ...(ge === undefined ? {} : { ge }), ...(le === undefined ? {} : { le }) }],
})

/** Two leaves have it; each gives it another MED. */
const ANYCAST = '10.77.0.0/24'
const NO_EXPORT = '65535:65281'
const GRACEFUL_SHUTDOWN = '65535:0'

/** Of a node: what it announces besides, its policies, and which of them holds towards which peer. */
interface Told {
  readonly originate?: readonly string[]
  readonly multipath?: number
  readonly policies?: Readonly<Record<string, readonly Statement[]>>
  readonly import?: Readonly<Record<string, string>>
  readonly export?: Readonly<Record<string, string>>
}

const TOLD: Readonly<Record<string, Told>> = {
  leaf1: {
    originate: [ANYCAST, '10.78.0.0/16', '10.78.1.0/24', '10.78.1.128/25', '10.79.0.0/24', '10.80.0.0/24'],
    policies: {
      'to-spine1': [
        accept(within(ANYCAST), { med: 50 }),
        accept(within('10.79.0.0/24'), { communities: [NO_EXPORT] }),
        accept(within('10.80.0.0/24'), { communities: ['65101:1', '65101:2'] }),
        accept(),
      ],
      'to-spine2': [
        accept(within('10.78.1.128/25'), { prepend: 2 }),
        accept(within('10.80.0.0/24'), { communities: ['65101:3'] }),
        accept(),
      ],
      'to-spine3': [
        accept(within('10.78.1.0/24'), { communities: [GRACEFUL_SHUTDOWN] }),
        reject(within('10.78.0.0/16', 25, 32)),
        accept(),
      ],
    },
    export: { spine1: 'to-spine1', spine2: 'to-spine2', spine3: 'to-spine3' },
  },
  leaf2: {
    originate: [ANYCAST],
    policies: {
      'to-spine1': [accept(within(ANYCAST), { med: 10 }), accept()],
      'from-spine3': [
        accept(within('10.78.0.0/15', 16, 16)),
        reject(within('10.78.0.0/15', 17, 24)),
        accept(within('10.81.0.0/24'), { med: 5 }),
        accept(),
      ],
      'from-spine1': [reject({ communities: ['65101:2', '65101:9'] }), accept()],
    },
    import: { spine1: 'from-spine1', spine3: 'from-spine3' },
    export: { spine1: 'to-spine1' },
  },
  leaf3: {
    originate: ['10.81.0.0/24'],
    multipath: 2,
    policies: {
      'from-spine1': [accept(within('10.78.1.0/24'), { med: 5 }), accept()],
      // The longer path, preferred all the same.
      'from-spine2': [
        accept(within('10.78.1.128/25'), { localPreference: 150 }),
        accept(within('10.78.0.0/16'), { med: 7 }),
        accept(within('10.78.1.0/24'), { med: 4 }),
        accept(),
      ],
      // What none of these matches is not taken.
      'from-spine3': [accept(within('10.255.0.0/24', 32)), accept(within('10.77.0.0/16', 24, 24))],
    },
    import: { spine1: 'from-spine1', spine2: 'from-spine2', spine3: 'from-spine3' },
  },
  spine1: {
    policies: {
      'from-leaf1': [
        accept(within('10.78.0.0/16', 24), { localPreference: 120, communities: ['65000:24'] }),
        accept(),
      ],
      'to-leaf3': [accept(within('10.78.0.0/16'), { med: 30 }), accept()],
    },
    import: { leaf1: 'from-leaf1' },
    export: { leaf3: 'to-leaf3' },
  },
}

/** The plan, with the policies. Its programs are those that the fabric has without them. */
export function controlFabric(): Plan {
  const plan = planOf(TEXT)
  return {
    ...plan,
    nodes: plan.nodes.map((node) =>
      node.control === undefined ? node : { ...node, control: told(node.control, TOLD[node.name] ?? {}) },
    ),
  }
}

function told(control: NodeControl, more: Told): NodeControl {
  const { originate = [], multipath = control.multipath, policies = {} } = more
  return {
    ...control,
    multipath,
    originate: [...control.originate, ...originate],
    policies: Object.entries(policies).map(([name, statements]) => ({ name, statements: [...statements] })),
    sessions: control.sessions.map((session) => {
      const [imported, exported] = [more.import?.[session.peer], more.export?.[session.peer]]
      return {
        ...session,
        ...(imported === undefined ? {} : { import: imported }),
        ...(exported === undefined ? {} : { export: exported }),
      }
    }),
  }
}
