/**
 * Wrong plans: what a compiler with a fault might make of a right fabric file. Each mutant changes one thing in the
 * programs of a plan, at every site where it fits, and leaves alone what the judges expect from (hosts, networks, links,
 * intents): that comes from the file.
 *
 * @module
 */
import { overlayMutants } from './overlay.js'
import type { PlanMutant } from './site.js'
import { tenantMutants } from './tenants.js'
import { underlayMutants } from './underlay.js'

export { applySite, type PlanMutant, type Site } from './site.js'
export { unseenMutants } from './unseen.js'

/** Wrong plans that an intent must notice, even when both interpreters have the same. */
export const planMutants: readonly PlanMutant[] = [...tenantMutants, ...underlayMutants, ...overlayMutants]
