/**
 * Plans that were changed, for tests of seals.
 *
 * @module
 */
import type { Plan } from '../../../contract/plan.js'
import type { Interface } from '../../../contract/program.js'

/** A copy of a plan, changed. */
export function changed(plan: Plan, change: (copy: Plan) => void): Plan {
  const copy = structuredClone(plan)
  change(copy)
  return copy
}

/** The first macsec interface of a node. */
export const macsecOf = (plan: Plan, node: string) => interfaceOf(plan, node, 'macsec')

/** Its first wireguard interface. */
export const wireguardOf = (plan: Plan, node: string) => interfaceOf(plan, node, 'wireguard')

function interfaceOf<Kind extends Interface['kind']>(plan: Plan, node: string, kind: Kind) {
  const interfaces = plan.nodes.find(({ name }) => name === node)?.program.interfaces ?? []
  const found = interfaces.find((one): one is Extract<Interface, { kind: Kind }> => one.kind === kind)
  if (found === undefined) throw new TypeError(`${node} has no ${kind}`)
  return found
}
