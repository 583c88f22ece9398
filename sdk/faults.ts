/**
 * What can be broken, as a scenario says it: `target.during(fault.linkDown(link), () => target.send(flows))`. What each fault does is
 * said in `docs/control-plane.md`, section 5.
 *
 * @module
 */
import type { Fault } from '../record/target.js'
import { SdkError } from './errors.js'
import type { FabricView, Link, Node } from './fabric-view.js'

/** A link, or its name. */
export type LinkArgument = Link | string

/** A node, or its name. */
export type NodeArgument = Node | string

/** Both ends of a link lose carrier (FAULT-1). */
export function linkDown(link: LinkArgument): Fault {
  return { kind: 'link-down', link: nameOf(link) }
}

/** What crosses a link is lost, and both ends still have carrier (FAULT-2). */
export function linkSilent(link: LinkArgument): Fault {
  return { kind: 'link-silent', link: nameOf(link) }
}

/** A node loses power: its links, its hosts' wires, its daemons, and all that it has learned (FAULT-3). */
export function nodeDown(node: NodeArgument): Fault {
  return { kind: 'node-down', node: nodeName(node) }
}

/** A node's routing daemon is killed; the node forwards as before (FAULT-4). */
export function daemonDown(node: NodeArgument): Fault {
  return { kind: 'daemon-down', node: nodeName(node) }
}

/** A node's routing daemon is stopped: it neither speaks nor ends (FAULT-4). */
export function daemonHangs(node: NodeArgument): Fault {
  return { kind: 'daemon-hangs', node: nodeName(node) }
}

/** The agent of a leaf is killed (FAULT-5). */
export function agentDown(node: NodeArgument): Fault {
  return { kind: 'agent-down', node: nodeName(node) }
}

/**
 * A node ceases to announce a prefix that it has itself (FAULT-6).
 *
 * @param prefix as the plan writes it: `10.1.1.0/24`
 */
export function withdrawn(node: NodeArgument, prefix: string): Fault {
  return { kind: 'withdrawn', node: nodeName(node), prefix }
}

function nameOf(link: LinkArgument): string {
  return typeof link === 'string' ? link : link.id
}

function nodeName(node: NodeArgument): string {
  return typeof node === 'string' ? node : node.name
}

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
