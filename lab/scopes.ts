/**
 * Parts of a fabric between which no frame passes: what one of them knows is of no matter to another. As a rule a tenant is one, and the
 * underlay is one.
 *
 * @module
 */
import type { Interface, NodeProgram } from '../contract/program.js'
import type { Plan } from '../contract/plan.js'

/** Equal for what belongs together. */
export type Scope = string

/** VRF 0, which carries the frames of all others. */
const UNDERLAY_VRF = 0
const UNDERLAY = 'underlay'

export class Scopes {
  /** By place, another that it belongs together with; one that leads to itself stands for all that lead to it. */
  readonly #next = new Map<string, string>()
  readonly #hosts = new Map<string, string>()

  constructor({ nodes, hosts }: Plan) {
    this.#join(UNDERLAY, UNDERLAY)
    for (const { name, program } of nodes) this.#take(name, program)
    for (const { id, at } of hosts) this.#hosts.set(id, interfaceOf(at.node, at.interface))
  }

  /** `undefined` where nothing is known of it. */
  ofInterface(node: string, id: number): Scope | undefined {
    return this.#find(interfaceOf(node, id))
  }

  ofVrf(node: string, vrf: number): Scope | undefined {
    return this.#find(vrfOf(node, vrf))
  }

  ofVni(vni: number): Scope | undefined {
    return this.#find(vniOf(vni))
  }

  ofHost(host: string): Scope | undefined {
    const place = this.#hosts.get(host)
    return place === undefined ? undefined : this.#find(place)
  }

  /** It carries the frames of the others. */
  isUnderlay(scope: Scope): boolean {
    return scope === this.#find(UNDERLAY)
  }

  #take(node: string, { interfaces, tables }: NodeProgram): void {
    for (const one of interfaces) {
      const place = interfaceOf(node, one.id)
      this.#join(place, place)
      for (const other of joinedBy(node, one)) this.#join(place, other)
    }
    const groups = new Map(tables.groups.map(({ id, members }) => [id, members]))
    for (const { vrf, group = 0, connected } of tables.routes) {
      const through = (groups.get(group) ?? []).map((member) => member.interface)
      if (connected !== undefined) through.push(connected)
      for (const id of through) this.#join(vrfOf(node, vrf), interfaceOf(node, id))
    }
  }

  #join(one: string, other: string): void {
    const [a, b] = [this.#find(one) ?? one, this.#find(other) ?? other]
    this.#next.set(a, b)
    this.#next.set(b, b)
  }

  #find(place: string): string | undefined {
    let [at, next] = [place, this.#next.get(place)]
    while (next !== undefined && next !== at) [at, next] = [next, this.#next.get(next)]
    return next
  }
}

/** What a frame of an interface can come to without a tunnel. */
function joinedBy(node: string, one: Interface): string[] {
  switch (one.kind) {
    case 'port':
    case 'macsec':
      return [
        ...(one.vrf === undefined ? [] : [vrfOf(node, one.vrf)]),
        ...(one.bridge === undefined ? [] : [interfaceOf(node, one.bridge)]),
        ...(one.kind === 'macsec' ? [interfaceOf(node, one.lower)] : []),
      ]
    case 'wireguard':
      return [
        vrfOf(node, one.vrf),
        ...(one.lower === undefined ? [] : [interfaceOf(node, one.lower)]),
        // A transit is there for its interface alone (WG-1); the underlay is there for all.
        ...(one.underlayVrf === undefined || one.underlayVrf === UNDERLAY_VRF
          ? []
          : [vrfOf(node, one.underlayVrf)]),
      ]
    case 'bridge':
      return []
    case 'irb':
      return [interfaceOf(node, one.bridge), vrfOf(node, one.vrf)]
    case 'vxlan':
      return [...(one.bridge === undefined ? [] : [interfaceOf(node, one.bridge)]), vniOf(one.vni)]
    case 'loopback':
      return [vrfOf(node, one.vrf)]
  }
}

function interfaceOf(node: string, id: number): string {
  return `${node} interface ${id}`
}
function vrfOf(node: string, vrf: number): string {
  return vrf === UNDERLAY_VRF ? UNDERLAY : `${node} vrf ${vrf}`
}
function vniOf(vni: number): string {
  return `vni ${vni}`
}
