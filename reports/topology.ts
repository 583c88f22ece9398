/**
 * The fabric drawn as SVG: spines above, leaves below them, hosts by tenant at the edge.
 *
 * @module
 */
import type { Plan, PlanHost } from '../contract/plan.js'
import { markup } from './markup.js'
import type { Markup } from './markup.js'
import type { LinkRow } from './model.js'

/** Sizes in user units; a node's box holds a name of 14 characters. */
const NODE = { width: 110, height: 34 }
const HOST = { width: 110, height: 22, gap: 6 }
const COLUMN = 136
const MARGIN = 20
const SPINE_Y = 40
const LEAF_Y = 190
const HOST_Y = 250

interface Place {
  readonly x: number
  readonly y: number
}

/** Draws the plan's nodes, links and hosts; links carry the judgement on their encryption. */
export function topologySvg(plan: Plan, links: readonly LinkRow[]): Markup {
  const spines = plan.nodes.filter(({ role }) => role === 'spine')
  const leaves = plan.nodes.filter(({ role }) => role === 'leaf')
  const width = Math.max(spines.length, leaves.length, 2) * COLUMN + 2 * MARGIN
  const places = new Map<string, Place>([...row(spines, width, SPINE_Y), ...row(leaves, width, LEAF_Y)])
  const deepest = Math.max(0, ...leaves.map(({ name }) => hostsAt(plan, name).length))
  const height = HOST_Y + deepest * (HOST.height + HOST.gap) + MARGIN
  return markup`<svg class="topology" viewBox="0 0 ${width} ${height}" style="min-width:${Math.min(width, 900)}px" role="img" aria-label="Topology of ${plan.fabric}">
${links.map((link) => drawLink(plan, link, places))}
${plan.nodes.map(({ name, role, vtep }) => drawNode(name, role, vtep, places.get(name)))}
${leaves.flatMap(({ name }) => hostsAt(plan, name).map((host, index) => drawHost(plan, host, index, places.get(name))))}
</svg>`
}

function hostsAt(plan: Plan, node: string): readonly PlanHost[] {
  return plan.hosts.filter(({ at }) => at.node === node)
}

function row(
  nodes: readonly { readonly name: string }[],
  width: number,
  y: number,
): readonly [string, Place][] {
  const step = (width - 2 * MARGIN) / nodes.length
  return nodes.map(({ name }, index) => [name, { x: MARGIN + step * (index + 0.5), y }])
}

function drawLink(plan: Plan, link: LinkRow, places: ReadonlyMap<string, Place>): Markup | undefined {
  const ends = plan.links.find(({ id }) => id === link.id)
  const a = ends && places.get(ends.a.node)
  const b = ends && places.get(ends.b.node)
  if (a === undefined || b === undefined) return undefined
  const [upper, lower] = a.y < b.y ? [a, b] : [b, a]
  // Parallel links bow apart.
  const nth = Number(/#(\d+)$/.exec(link.id)?.[1] ?? '1') - 1
  const middle = (upper.x + lower.x) / 2 + nth * 16
  const seal = link.seal === undefined ? 'in the clear' : `sealed by ${link.seal}`
  return markup`<path class="link ${link.seal === undefined ? 'clear' : 'sealed'} ${link.judgement.replace(' ', '-')}" d="M${upper.x} ${upper.y + NODE.height / 2} Q${middle} ${(upper.y + lower.y) / 2} ${lower.x} ${lower.y - NODE.height / 2}"><title>${link.id}: ${seal}, ${link.judgement}</title></path>`
}

function drawNode(
  name: string,
  role: string,
  vtep: string | undefined,
  place: Place | undefined,
): Markup | undefined {
  if (place === undefined) return undefined
  const title = vtep === undefined ? `${role} ${name}` : `${role} ${name}, VTEP ${vtep}`
  return markup`<g class="node ${role}"><title>${title}</title><rect x="${place.x - NODE.width / 2}" y="${place.y - NODE.height / 2}" width="${NODE.width}" height="${NODE.height}" rx="5"/><text x="${place.x}" y="${place.y + 5}">${name}</text></g>`
}

function drawHost(plan: Plan, host: PlanHost, index: number, leaf: Place | undefined): Markup | undefined {
  if (leaf === undefined) return undefined
  const y = HOST_Y + index * (HOST.height + HOST.gap)
  const colour = plan.tenants.findIndex(({ name }) => name === host.tenant) % 8
  const x = leaf.x - HOST.width / 2
  return markup`<g class="host tenant-${colour}"><title>${host.id} in ${host.network}: ${host.addresses.join(', ')}</title><path class="wire" d="M${x + 6} ${index === 0 ? leaf.y + NODE.height / 2 : y - HOST.gap} V${y}"/><rect x="${x}" y="${y}" width="${HOST.width}" height="${HOST.height}" rx="3"/><text x="${leaf.x}" y="${y + 15}">${host.id}</text></g>`
}
