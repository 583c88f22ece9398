/**
 * Traffic that crosses links: flows between hosts of different leaves, and questions that are flooded.
 *
 * @module
 */
import type { Host, Link } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { flow, tenantOfHost } from '../traffic/flow.js'
import type { Flow } from '../traffic/flow.js'
import { whoHas } from '../traffic/neighbour.js'
import { pathBetween } from '../traffic/path.js'
import { present } from './attempts.js'

/** Flows of a round. */
const FLOWS = 48

/** Both ways of a link: `leaf1--spine1 leaf1>spine1`. */
export function directionsOf({ id, ends: [a, b] }: Link): readonly [string, string] {
  return [`${id} ${a}>${b}`, `${id} ${b}>${a}`]
}

/** `leaf1--spine1` of `leaf1--spine1 leaf1>spine1`. */
export function linkOf(direction: string): string {
  return direction.slice(0, direction.indexOf(' '))
}

/** Links of a leaf without hosts, by that leaf: what tenants send has no reason to cross them. */
export function idleLinks(
  { fabric, reader }: ScenarioTarget,
  links: readonly Link[],
): ReadonlyMap<string, string> {
  const busy = new Set(fabric.hosts.map(({ leaf }) => leaf))
  return new Map(
    links.flatMap(({ id, ends }) => {
      const leaf = ends.find((node) => reader.vtep(node) !== undefined && !busy.has(node))
      return leaf === undefined ? [] : [[id, leaf] as const]
    }),
  )
}

/** Flows between hosts on different leaves, other ports each round, so that ECMP spreads them differently. */
export function crossing(
  { fabric }: ScenarioTarget,
  links: readonly Link[],
  round: number,
  hosts: readonly Host[] = fabric.hosts,
): readonly Flow[] {
  const ends = new Set(links.flatMap((link) => link.ends))
  const pairs = hosts.flatMap((from) =>
    fabric.tenant(from.tenant).hosts.flatMap((to) => {
      if (from.leaf === to.leaf || !(ends.has(from.leaf) || ends.has(to.leaf))) return []
      const family = ([4, 6] as const).find(
        (one) => pathBetween(tenantOfHost(fabric, from), from, to, one).kind !== 'none',
      )
      return family === undefined ? [] : [{ from, to, family }]
    }),
  )
  if (pairs.length === 0) return []
  // All pairs in turn; few pairs several times, with other ports, for each flow takes one way through the fabric alone.
  return Array.from({ length: FLOWS }, (_, index) => {
    const pair = pairs[(round * FLOWS + index) % pairs.length]
    const sourcePort = 20000 + ((round * 613 + index * 7) % 40000)
    return pair && flow(fabric, pair.from, pair.to, { family: pair.family, sourcePort, destinationPort: 443 })
  }).filter((one) => one !== undefined)
}

/** ARP and ND cross the fabric too, inside tunnels; in the clear they would be a finding. */
export function questions(target: ScenarioTarget, hosts: readonly Host[] = target.fabric.hosts) {
  return present(
    hosts.flatMap((from) =>
      target.fabric
        .tenant(from.tenant)
        .hosts.filter((to) => to.network.id === from.network.id && to.leaf !== from.leaf)
        .slice(0, 1)
        .flatMap((to) => to.addresses.map(({ address }) => whoHas(from, { target: address }))),
    ),
  )
}
