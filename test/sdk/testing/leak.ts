/**
 * A fabric that leaks, for tests that must see it.
 *
 * @module
 */
import type { Plan } from '../../../contract/plan.js'
import { twinTarget } from '../../../twin/target.js'
import type { OpenTarget } from '../../../sdk/vitest/open-target.js'

/** A twin in which a host's port is attached to the bridge of another host on the same leaf. */
export function plugged(host: string, into: string): OpenTarget {
  return (plan, keys) => {
    const wrong = structuredClone(plan)
    const bridge = portOf(wrong, into).bridge
    if (bridge === undefined) throw new TypeError(`${into} is on no bridge`)
    portOf(wrong, host).bridge = bridge
    return twinTarget(wrong, keys)
  }
}

function portOf(plan: Plan, id: string) {
  const host = plan.hosts.find((one) => one.id === id)
  const node = plan.nodes.find(({ name }) => name === host?.at.node)
  const port = node?.program.interfaces.find((one) => one.id === host?.at.interface)
  if (port?.kind !== 'port') throw new TypeError(`${id} has no port`)
  return port
}
