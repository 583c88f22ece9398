/**
 * Tables of gobgpd in their common form (`contract/rib.ts`), from `ListPath` of its API.
 *
 * @module
 */
import type { ApiDestination, TableName } from '../../agent/gobgp-api.js'
import type { GobgpClient } from '../../agent/gobgp-client.js'
import { readPath, type ReadPath } from '../../agent/convert.js'
import type { NodeControl } from '../../contract/control-plane.js'
import type { RibRow } from '../../contract/rib.js'
import { inOrder, peerNames, row, type RibReading } from './rib.js'

export type GobgpTables = Readonly<Record<TableName, readonly ApiDestination[]>>

/** @throws AgentError when the daemon does not answer */
export async function readGobgpRib(
  client: GobgpClient,
  node: string,
  control: NodeControl,
): Promise<RibReading> {
  const [ipv4, ipv6, evpn] = await Promise.all([
    client.paths('ipv4'),
    client.paths('ipv6'),
    client.paths('evpn'),
  ])
  return gobgpRib(node, control, { ipv4, ipv6, evpn })
}

/**
 * A destination's paths come in the order of preference, best first. `best` marks all that gobgpd holds for equal; it knows no greatest
 * number of them, so that the first `multipath` of them are the ones used (BGP-8, in the order of its last two steps).
 */
export function gobgpRib(node: string, control: NodeControl, tables: GobgpTables): RibReading {
  const context = { asn: control.asn, peers: peerNames(control) }
  const rows: RibRow[] = []
  const unread: string[] = []
  for (const table of ['ipv4', 'ipv6', 'evpn'] as const) {
    for (const { prefix = '', paths = [] } of tables[table]) {
      const read = paths.flatMap((api, index): (ReadPath & { readonly index: number })[] => {
        const path = readPath(api, context)
        if (path === undefined) unread.push(prefix)
        return path === undefined ? [] : [{ ...path, index }]
      })
      const [first] = read
      if (first === undefined) continue
      rows.push(
        row(
          node,
          table,
          first.key,
          read.map(({ path, index }) => ({
            ...path,
            best: index === 0 && path.best,
            used: table !== 'evpn' && path.best && index < control.multipath,
          })),
        ),
      )
    }
  }
  return { rows: inOrder(rows), unread }
}
