/**
 * What a fabric sees between two settled states, while it is seen.
 *
 * @module
 */
import type { FabricArrival, FabricObservation, FabricWireFrame } from './fabric-types.js'
import type { Fate } from './fate.js'
import type { LazyFrame } from './tunnelled-frame.js'

/** Collects an observation. */
export class Observing implements FabricObservation {
  readonly arrivals: FabricArrival[] = []
  readonly wire: FabricWireFrame[] = []
  readonly fates: { node: string; fate: Fate; trace?: number }[] = []
  readonly punts: { node: string; interface: number; frame: Uint8Array }[] = []
  readonly wrote: boolean[] = []
  answeredByHosts = 0
}

/** A frame on a link, computed when it is looked at. */
export class WireCopy implements FabricWireFrame {
  constructor(
    readonly link: string,
    readonly from: string,
    readonly to: string,
    private readonly copy: Uint8Array | LazyFrame,
  ) {}

  get frame(): Uint8Array {
    return this.copy instanceof Uint8Array ? this.copy : this.copy.frame
  }
}
