/**
 * What is broken in a fabric (`docs/control-plane.md`, section 5), and what follows for wires and for those who are told.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import { ForwardError, type ForwardErrorCode } from './errors.js'

/** As `Fault` of `record/target.ts`. */
export type FabricFault =
  | { readonly kind: 'link-down' | 'link-silent'; readonly link: string }
  | { readonly kind: 'node-down' | 'daemon-down' | 'daemon-hangs' | 'agent-down'; readonly node: string }
  | { readonly kind: 'withdrawn'; readonly node: string; readonly prefix: string }

/** All that is broken, as a control plane is told of it; each list in the order in which it broke. */
export interface FabricDown {
  /** Over which nothing comes, with or without carrier. */
  readonly links: readonly string[]
  readonly nodes: readonly string[]
  /** Nodes whose routing daemon is gone or hangs (FAULT-4). */
  readonly daemons: readonly string[]
  /** Nodes whose agent is gone (FAULT-5). */
  readonly agents: readonly string[]
  /** Prefixes that nodes have and do not announce (FAULT-6). */
  readonly withdrawn: readonly { readonly node: string; readonly prefix: string }[]
}

/** The faults that stand. They add up (FAULT-7). */
export class Faults {
  /** By what names them. */
  private readonly standing = new Map<string, FabricFault>()
  private readonly nodes: ReadonlyMap<string, Plan['nodes'][number]>
  private readonly links: ReadonlyMap<string, Plan['links'][number]>

  constructor({ nodes, links }: Plan) {
    this.nodes = new Map(nodes.map((node) => [node.name, node]))
    this.links = new Map(links.map((link) => [link.id, link]))
  }

  /** @throws {ForwardError} `ZT_FAULT_UNKNOWN` when there is nothing that could break so, `ZT_FAULT_STANDS` when it is broken so already */
  add(fault: FabricFault): void {
    this.check(fault)
    const name = describe(fault)
    if (this.standing.has(name)) throw wrong('ZT_FAULT_STANDS', name, 'is so already', 'repair it first')
    this.standing.set(name, fault)
  }

  /** @throws {ForwardError} `ZT_FAULT_UNKNOWN` as {@link add}, `ZT_FAULT_NONE` when it is not broken so */
  remove(fault: FabricFault): void {
    this.check(fault)
    const name = describe(fault)
    if (!this.standing.delete(name)) {
      throw wrong('ZT_FAULT_NONE', name, 'is not so', 'repair what was broken, and once')
    }
  }

  /** FAULT-3 */
  isNodeDown(node: string): boolean {
    return this.standing.has(describe({ kind: 'node-down', node }))
  }

  /** FAULT-1, FAULT-3: both ends of the link have carrier. */
  hasCarrier(id: string): boolean {
    const link = this.links.get(id)
    return (
      !this.standing.has(describe({ kind: 'link-down', link: id })) &&
      (link === undefined || !(this.isNodeDown(link.a.node) || this.isNodeDown(link.b.node)))
    )
  }

  /** FAULT-1 to FAULT-3: what is sent on the link arrives. */
  carries(id: string): boolean {
    return this.hasCarrier(id) && !this.standing.has(describe({ kind: 'link-silent', link: id }))
  }

  /** All of it, for a control plane. */
  down(): FabricDown {
    const down = {
      links: new Set<string>(),
      nodes: new Set<string>(),
      daemons: new Set<string>(),
      agents: new Set<string>(),
    }
    const withdrawn: { node: string; prefix: string }[] = []
    for (const fault of this.standing.values()) {
      switch (fault.kind) {
        case 'link-down':
        case 'link-silent':
          down.links.add(fault.link)
          break
        case 'node-down':
          down.nodes.add(fault.node)
          break
        case 'daemon-down':
        case 'daemon-hangs':
          down.daemons.add(fault.node)
          break
        case 'agent-down':
          down.agents.add(fault.node)
          break
        case 'withdrawn':
          withdrawn.push({ node: fault.node, prefix: fault.prefix })
      }
    }
    return {
      links: [...down.links],
      nodes: [...down.nodes],
      daemons: [...down.daemons],
      agents: [...down.agents],
      withdrawn,
    }
  }

  private check(fault: FabricFault): void {
    const name = describe(fault)
    if ('link' in fault) {
      if (!this.links.has(fault.link)) throw unknown(name, `link ${fault.link} does not exist`)
      return
    }
    const node = this.nodes.get(fault.node)
    if (node === undefined) throw unknown(name, `node ${fault.node} does not exist`)
    if (fault.kind === 'node-down') return
    const { control } = node
    if (control === undefined) throw unknown(name, `${fault.node} has no control plane`)
    if (fault.kind === 'agent-down' && control.daemon !== 'gobgp') {
      throw unknown(name, `${fault.node} has no agent`)
    }
    if (fault.kind !== 'withdrawn') return
    const own = [...control.originate, ...(control.evpn?.vrfs ?? []).flatMap(({ prefixes }) => prefixes)]
    if (!own.includes(fault.prefix)) {
      throw unknown(name, `${fault.node} announces ${own.join(', ') || 'nothing'} of its own`)
    }
  }
}

function describe(fault: FabricFault): string {
  if ('link' in fault) return `${fault.kind} ${fault.link}`
  return fault.kind === 'withdrawn'
    ? `${fault.kind} ${fault.node} ${fault.prefix}`
    : `${fault.kind} ${fault.node}`
}

function unknown(where: string, what: string): ForwardError {
  return wrong('ZT_FAULT_UNKNOWN', where, what, 'name what the fabric has')
}

function wrong(code: ForwardErrorCode, where: string, what: string, remedy: string): ForwardError {
  return new ForwardError(code, where, what, { remedy })
}
