/**
 * A node as its control plane sees it, and what goes in and out of EVPN.
 *
 * @module
 */
import type { NodeControl } from '../../contract/control-plane.js'
import type { RibPath } from '../../contract/rib.js'
import type { Interface, IrbInterface } from '../../contract/program.js'

/** What a node is told, and the interfaces of its program: gateways have their MAC and addresses from there. */
export interface ControlNode {
  readonly name: string
  readonly control: NodeControl
  readonly interfaces: readonly Interface[]
}

/** The part of a leaf. */
export type Evpn = NonNullable<NodeControl['evpn']>

/** What the engine's `learned` operation answers (`contract/control.ts`). */
export interface Learned {
  readonly fdb: readonly { readonly bridge: number; readonly mac: string; readonly interface: number }[]
  readonly neighbours: readonly {
    readonly interface: number
    readonly address: string
    readonly mac: string
  }[]
}

export const NOTHING_LEARNED: Learned = { fdb: [], neighbours: [] }

/** What of a path matters for tables. */
export type EvpnPath = Pick<RibPath, 'nextHop' | 'extended' | 'labels'>

/** By key: the best path, of others alone. */
export type EvpnBest = ReadonlyMap<string, EvpnPath>

/** A route that the node originates: the attributes of BGP-3 and section 3. */
export interface OwnRoute {
  readonly key: string
  readonly path: Pick<RibPath, 'nextHop' | 'asPath' | 'origin' | 'communities' | 'extended'> & {
    readonly labels: readonly number[]
  }
}

/** What a node announces of what it has heard. Passed back in, it keeps the numbers of MACs (EVPN-6). */
export interface Announced {
  /** `<bridge> <mac>` → sequence number. */
  readonly macs: ReadonlyMap<string, number>
  /** `<irb> <address>`. */
  readonly addresses: ReadonlySet<string>
}

export const NOTHING_ANNOUNCED: Announced = { macs: new Map(), addresses: new Set() }

/** The IRB with an id, or `undefined`. */
export function irbOf({ interfaces }: ControlNode, id: number | undefined): IrbInterface | undefined {
  return interfaces.find((item): item is IrbInterface => item.kind === 'irb' && item.id === id)
}
