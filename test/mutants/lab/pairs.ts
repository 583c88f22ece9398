/**
 * Flows between all hosts.
 *
 * @module
 */
import type { FabricView } from '../../../sdk/fabric-view.js'
import { flow, type Flow } from '../../../sdk/traffic/flow.js'
import { pathBetween } from '../../../sdk/traffic/path.js'

/** A flow for each two hosts with a way between them and each family. */
export function flowsOfPairs(fabric: FabricView): readonly Flow[] {
  return fabric.hosts.flatMap((from) => {
    const tenant = fabric.tenant(from.tenant)
    return tenant.hosts.flatMap((to) =>
      ([4, 6] as const)
        .filter((family) => pathBetween(tenant, from, to, family).kind !== 'none')
        .map((family) => flow(fabric, from, to, { family })),
    )
  })
}
