/**
 * Intents of a plan: those of the file and the implied ones.
 *
 * @module
 */
import type { PlanIntent } from '../../contract/plan.js'
import { areIsolated, isolationName, type Fabric, type Intent } from '../model/index.js'

/** Written ones in name order, then isolation between every two tenants that do not share the underlay. */
export function planIntents(fabric: Fabric): PlanIntent[] {
  const written = fabric.intents.map((intent) => planIntent(intent, placeOf(fabric, intent)))
  const implied = fabric.tenants.flatMap((one, i) =>
    fabric.tenants.slice(i + 1).flatMap((other): PlanIntent[] => {
      if (!areIsolated(one, other)) return []
      const [a, b] = [one.name, other.name]
      return [{ kind: 'isolate', name: isolationName(a, b), tenants: a < b ? [a, b] : [b, a] }]
    }),
  )
  return [...written, ...implied]
}

/** `file:line:column`, the file by a name that is the same on any machine. */
function placeOf(fabric: Fabric, { at }: Intent): string {
  const file = fabric.sources[at.source]?.name ?? at.file
  return `${file}:${at.start.line}:${at.start.column}`
}

function planIntent(intent: Intent, at: string): PlanIntent {
  const { name } = intent
  switch (intent.kind) {
    case 'reach': {
      const { protocol, port } = intent.traffic
      const traffic = port === undefined ? { protocol } : { protocol, port }
      const toAny = intent.toAny.length === 0 ? {} : { toAny: intent.toAny.map((set) => [...set]) }
      return { kind: 'reach', name, at, from: [...intent.from], to: [...intent.to], ...toAny, traffic }
    }
    case 'encrypt':
      return {
        kind: 'encrypt',
        name,
        at,
        links: [...intent.links],
        ...(intent.tenants === undefined ? {} : { tenants: [...intent.tenants] }),
        ...(intent.by === undefined ? {} : { by: intent.by }),
      }
    case 'latency': {
      const { from, to, percentile, bound, rate } = intent
      return { kind: 'latency', name, at, from, to, percentile, bound, rate }
    }
    case 'survive':
      return { kind: 'survive', name, at, links: intent.links, nodes: intent.nodes, keep: [...intent.keep] }
  }
}
