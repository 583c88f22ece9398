/**
 * What can be broken, as a scenario says it: `target.during(fault.linkDown(link), () => target.send(flows))`. What each fault does is
 * said in `docs/control-plane.md`, section 5.
 *
 * @module
 */
import type { Fault } from '../record/target.js'
import type { Link, Node } from './fabric-view.js'

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
