/**
 * The second ground of a seal: whatever a node's kernel sends by itself on a sealed port is dropped before it leaves.
 *
 * @module
 */
import type { GroundEvidence } from '../../record/judge.js'
import type { Link } from '../fabric-view.js'
import type { EgressGuard } from '../lab-witness.js'
import type { ScenarioTarget } from '../scenario-target.js'
import { finding } from './finding.js'

/** What is true of every guard, and must be known by whoever reads a verdict that rests on it. */
export const NOT_GUARDED =
  'does not stop raw sockets that bypass the queueing discipline (PACKET_QDISC_BYPASS)'

/** A sealed port, and what guards it. */
interface GuardedPort {
  readonly link: string
  readonly node: string
  readonly port: string
  readonly guard: EgressGuard
}

/** The guards of all ports at links, node by node; none where there is no kernel. */
export async function guardsOf(
  { witness, reader }: ScenarioTarget,
  links: readonly Link[],
): Promise<readonly GuardedPort[] | undefined> {
  if (witness === undefined) return undefined
  const ports = new Map<string, { readonly link: string; readonly port: string }[]>()
  for (const { id, ends } of links) {
    for (const node of ends) {
      const { port } = reader.end(id, node)
      ports.set(node, [...(ports.get(node) ?? []), { link: id, port: port.name }])
    }
  }
  const guarded = await Promise.all(
    [...ports].map(async ([node, of]) => {
      const guards = await witness.guards(
        node,
        of.map(({ port }) => port),
      )
      return of.map((one, n) => ({ ...one, node, guard: guards[n] ?? { installed: false, dropped: 0 } }))
    }),
  )
  return guarded.flat()
}

/** The guard's part of the grounds. */
export async function guardGround(target: ScenarioTarget, links: readonly Link[]): Promise<GroundEvidence> {
  const ports = await guardsOf(target, links)
  if (ports === undefined) {
    return { ground: 'egress guard', said: 'the twin has no kernel', counts: {}, findings: [], isNone: true }
  }
  const open = ports.filter(({ guard }) => !guard.installed)
  const dropped = ports.reduce((sum, { guard }) => sum + guard.dropped, 0)
  return {
    ground: 'egress guard',
    said: `clsact drops what kernels send on ${ports.length - open.length} of ${ports.length} sealed ports, ${dropped} frames so far; it ${NOT_GUARDED}`,
    counts: { ports: ports.length, guarded: ports.length - open.length, dropped },
    findings: open.map(({ link, node, port }) =>
      finding(
        'INV-GUARD',
        `nothing keeps the kernel of ${node} from sending in the clear on ${link} (${port}.phy)`,
        {
          link,
          node,
        },
      ),
    ),
  }
}
