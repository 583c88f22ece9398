/**
 * Wrong plans of one lab: what nodes are told, changed at places that have nothing to do with each other.
 *
 * @module
 */
import type { NodeControl } from '../../../contract/control-plane.js'
import type { Plan } from '../../../contract/plan.js'

export interface ControlPlanMutant {
  readonly id: string
  readonly clause: string
  readonly meaning: string
  readonly node: string
  readonly change: (control: NodeControl) => NodeControl
}

export const controlPlanMutants: readonly ControlPlanMutant[] = [
  {
    id: 'leaf-one-path',
    clause: 'BGP-8',
    meaning: 'a leaf uses one path at most',
    node: 'leaf3',
    change: (control) => ({ ...control, multipath: 1 }),
  },
  {
    id: 'leaf-preference-unset',
    clause: 'BGP-5',
    meaning: "a leaf's import policy sets no local preference",
    node: 'leaf3',
    change: (control) =>
      withStatements(control, 'from-spine2', ({ set: { localPreference: _unset, ...set }, ...one }) => ({
        ...one,
        set,
      })),
  },
  {
    id: 'leaf-prefix-off-by-one',
    clause: 'BGP-5',
    meaning: "a length in a leaf's export policy is off by one",
    node: 'leaf1',
    change: (control) =>
      withStatements(control, 'to-spine3', (one) => ({
        ...one,
        match: {
          ...one.match,
          ...(one.match.prefixes === undefined
            ? {}
            : {
                prefixes: one.match.prefixes.map((range) => (range.ge === 25 ? { ...range, ge: 26 } : range)),
              }),
        },
      })),
  },
  {
    id: 'leaf-community-unset',
    clause: 'BGP-5',
    meaning: "a leaf's export policy adds no community",
    node: 'leaf1',
    change: (control) =>
      withStatements(control, 'to-spine2', ({ set: { communities: _unset, ...set }, ...one }) => ({
        ...one,
        set,
      })),
  },
  {
    id: 'leaf-policy-open',
    clause: 'BGP-5',
    meaning: 'what no statement of a leaf matches passes',
    node: 'leaf3',
    change: (control) => ({
      ...control,
      policies: control.policies.map((policy) =>
        policy.name === 'from-spine3'
          ? { ...policy, statements: [...policy.statements, { match: {}, action: 'accept', set: {} }] }
          : policy,
      ),
    }),
  },
  {
    id: 'leaf-target-wrong',
    clause: 'TABLE-1',
    meaning: 'a network has another route target on one leaf',
    node: 'leaf2',
    change: (control) =>
      withEvpn(control, (evpn) => ({
        ...evpn,
        networks: evpn.networks.map((network) =>
          network.vni === 10030 ? { ...network, target: '65000:10031' } : network,
        ),
      })),
  },
  {
    id: 'leaf-prefix-unannounced',
    clause: 'EVPN-5',
    meaning: 'a prefix of a VRF is not announced',
    node: 'leaf3',
    change: (control) =>
      withEvpn(control, (evpn) => ({ ...evpn, vrfs: evpn.vrfs.map((vrf) => ({ ...vrf, prefixes: [] })) })),
  },
  {
    id: 'leaf-router-mac-wrong',
    clause: 'EVPN-5',
    meaning: "a leaf announces another router's MAC than it has",
    node: 'leaf1',
    change: (control) => withEvpn(control, (evpn) => ({ ...evpn, routerMac: '02:00:00:00:00:99' })),
  },
]

/** The plan with some of them in it. */
export function withMutants(plan: Plan, mutants: readonly ControlPlanMutant[]): Plan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) => {
      const { control } = node
      if (control === undefined) return node
      const wrong = mutants
        .filter((one) => one.node === node.name)
        .reduce((before, { change }) => change(before), control)
      return { ...node, control: wrong }
    }),
  }
}

type Statement = NodeControl['policies'][number]['statements'][number]

function withStatements(
  control: NodeControl,
  name: string,
  change: (one: Statement) => Statement,
): NodeControl {
  return {
    ...control,
    policies: control.policies.map((policy) =>
      policy.name === name ? { ...policy, statements: policy.statements.map(change) } : policy,
    ),
  }
}

function withEvpn(
  control: NodeControl,
  change: (evpn: NonNullable<NodeControl['evpn']>) => NodeControl['evpn'],
): NodeControl {
  const evpn = control.evpn && change(control.evpn)
  return evpn === undefined ? control : { ...control, evpn }
}
