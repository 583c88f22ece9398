/**
 * What is wired to what in a fabric, as its plan says.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { ForwardError } from './errors.js'
import { Host } from './host.js'
import type { FabricNode } from './node.js'

export interface NodeState {
  readonly name: string
  readonly node: FabricNode
  /** What it begins with, after a power failure too. */
  readonly program: NodeProgram
  isDown: boolean
  /** What a port's wire leads to. */
  readonly peers: Map<number, Peer>
}
export interface LinkState {
  readonly id: string
  /** What is sent on it arrives. */
  carries: boolean
  keep: boolean
}
export interface NodePeer {
  readonly kind: 'node'
  readonly link: LinkState
  readonly from: string
  readonly to: NodeState
  readonly interface: number
}
export interface HostPeer {
  readonly kind: 'host'
  readonly host: Host
  /** The way back. */
  readonly leaf: NodeState
  readonly interface: number
}
export type Peer = NodePeer | HostPeer

/** Nodes, links and hosts by name, and the wires between them. */
export class Wiring {
  readonly nodes = new Map<string, NodeState>()
  readonly links = new Map<string, LinkState>()
  /** By link and the node that is reached. */
  readonly linkEnds = new Map<string, NodePeer>()
  readonly hosts = new Map<string, HostPeer>()

  /** @throws {ForwardError} `ZT_PLAN_INVALID`, and what `make` throws */
  constructor(plan: Plan, make: (node: Plan['nodes'][number]) => FabricNode) {
    for (const node of plan.nodes) {
      const { name, program } = node
      this.nodes.set(name, { name, node: make(node), program, isDown: false, peers: new Map() })
    }
    for (const link of plan.links) this.wireLink(link)
    for (const host of plan.hosts) this.wireHost(host)
  }

  private wireLink(link: Plan['links'][number]): void {
    const state: LinkState = { id: link.id, carries: true, keep: true }
    this.links.set(link.id, state)
    for (const [near, far] of [
      [link.a, link.b],
      [link.b, link.a],
    ] as const) {
      const to = this.nodeOf(far.node, `link ${link.id}`)
      const peer: NodePeer = { kind: 'node', link: state, from: near.node, to, interface: far.interface }
      this.wirePort(near, peer, `link ${link.id}`)
      this.linkEnds.set(`${link.id} ${far.node}`, peer)
    }
  }

  private wireHost(host: Plan['hosts'][number]): void {
    const leaf = this.nodeOf(host.at.node, `host ${host.id}`)
    const peer: HostPeer = { kind: 'host', host: new Host(host), leaf, interface: host.at.interface }
    this.wirePort(host.at, peer, `host ${host.id}`)
    this.hosts.set(host.id, peer)
  }

  private wirePort(
    end: { readonly node: string; readonly interface: number },
    peer: Peer,
    where: string,
  ): void {
    const { node, peers } = this.nodeOf(end.node, where)
    if (node.config.interfaces.get(end.interface)?.kind !== 'port') {
      throw planError(where, `interface ${end.interface} of ${end.node} is no port`)
    }
    if (peers.has(end.interface))
      throw planError(where, `port ${end.interface} of ${end.node} has a wire already`)
    peers.set(end.interface, peer)
  }

  /** @throws {ForwardError} `ZT_PLAN_INVALID` */
  nodeOf(name: string, where: string): NodeState {
    const state = this.nodes.get(name)
    if (state === undefined) throw planError(where, `node ${name} does not exist`)
    return state
  }
}

/** A plan, or who speaks of it, names what is not there. */
export function planError(where: string, what: string): ForwardError {
  return new ForwardError('ZT_PLAN_INVALID', where, what, { remedy: 'name what the plan has' })
}
