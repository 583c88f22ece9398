/**
 * Wrong machines: the twin with one thing changed in its source, a fault a mutant.
 *
 * @module
 */
import { bridgeMutants } from './bridge.js'
import { controlMutants } from './control.js'
import { familyMutants } from './families.js'
import { macsecMutants } from './macsec.js'
import { multicastMutants } from './multicast.js'
import type { SourceMutant } from './mutant.js'
import { nextHopMutants } from './next-hop.js'
import { receiveMutants } from './receive.js'
import { routeMutants } from './route.js'
import { wireguardMutants } from './wireguard.js'

export type { SourceMutant } from './mutant.js'

/** Faults that the engine, given the same inputs, must notice. */
export const twinMutants: readonly SourceMutant[] = [
  ...receiveMutants,
  ...macsecMutants,
  ...bridgeMutants,
  ...routeMutants,
  ...controlMutants,
  ...multicastMutants,
  ...nextHopMutants,
  ...familyMutants,
  ...wireguardMutants,
]
