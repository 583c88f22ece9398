/**
 * Faults by their words, and whether a fabric can suffer them.
 *
 * @module
 */
import type { Fault } from '../record/target.js'
import { SdkError } from './errors.js'
import type { FabricView } from './fabric-view.js'

/** A fault in a few words: `leaf1--spine1 down`. */
export function describeFault(one: Fault): string {
  switch (one.kind) {
    case 'link-down':
      return `${one.link} down`
    case 'link-silent':
      return `${one.link} silent`
    case 'node-down':
      return `${one.node} down`
    case 'daemon-down':
      return `the daemon of ${one.node} down`
    case 'daemon-hangs':
      return `the daemon of ${one.node} hanging`
    case 'agent-down':
      return `the agent of ${one.node} down`
    case 'withdrawn':
      return `${one.prefix} withdrawn by ${one.node}`
  }
}

/**
 * Holds a fault against the fabric before anything is broken.
 *
 * @throws SdkError `ZT_UNKNOWN_NAME` for what the fabric does not have, `ZT_FAULT_CANNOT` for what this part of it cannot suffer
 */
export function checkFault(fabric: FabricView, one: Fault): void {
  if ('link' in one) {
    fabric.link(one.link)
    return
  }
  const { control, name } = fabric.node(one.node)
  if (one.kind === 'node-down') return
  if (control === undefined) {
    throw new SdkError('ZT_FAULT_CANNOT', `${describeFault(one)}: ${name} has no control plane`, {
      remedy: 'give the fabric one (underlay.control: bgp), or break a link or a node',
    })
  }
  if (one.kind === 'agent-down' && control.daemon !== 'gobgp') {
    throw new SdkError('ZT_FAULT_CANNOT', `${describeFault(one)}: ${name} has no agent`, {
      remedy: 'agents run beside leaves; break the daemon of this node instead',
    })
  }
  if (one.kind !== 'withdrawn') return
  const own = [...control.originate, ...(control.evpn?.vrfs ?? []).flatMap(({ prefixes }) => prefixes)]
  if (own.includes(one.prefix)) return
  throw new SdkError('ZT_FAULT_CANNOT', `${describeFault(one)}: ${name} does not announce it`, {
    remedy: own.length === 0 ? `${name} announces nothing of its own` : `use one of ${own.join(', ')}`,
  })
}
