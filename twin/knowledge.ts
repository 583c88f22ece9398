/**
 * What nodes know: which MACs are where, who has which address, and who wants which group. Its age is no part of it.
 *
 * @module
 */
import type { FabricNode } from './forward/index.js'
import { formatIp, formatMac, type Ip } from './packet/index.js'

/**
 * Equal texts, equal knowledge: valid FDB entries, neighbours of IRBs, packets that wait for one, and memberships of groups. Routes and flood
 * lists that a control plane gives follow from these and from what is broken.
 *
 * @param now of the nodes' clocks, ns
 */
export function knowledgeOf(nodes: readonly FabricNode[], now: bigint): string {
  return nodes.map((node) => `${node.name} ${rowsOf(node, now).sort().join('; ')}`).join('\n')
}

function rowsOf(node: FabricNode, now: bigint): string[] {
  const { bridges, irbs } = node.config
  return [
    `held ${node.held}`,
    ...node
      .tables()
      .memberships.map(
        ({ bridge, group, interface: id, remote = '-' }) => `wants ${bridge} ${group} ${id} ${remote}`,
      ),
    ...bridges.flatMap((bridge) =>
      [...bridge.fdb].flatMap(([mac]) => {
        const entry = bridge.fdb.lookup(mac, now)
        return entry === undefined
          ? []
          : [`mac ${bridge.id} ${formatMac(mac)} ${entry.kind} ${entry.member.id} ${textOf(entry.remote)}`]
      }),
    ),
    ...irbs.flatMap((irb) => [
      ...[...irb.control].map(
        ([address, { mac, sticky }]) => `told ${irb.id} ${formatIp(address)} ${formatMac(mac)} ${sticky}`,
      ),
      ...[...irb.dynamic].flatMap(([address, one]) => {
        if (one.state === 'incomplete') return [`asked ${irb.id} ${formatIp(address)}`]
        if (now - one.confirmed >= irb.neighbourLifetime) return []
        return [`heard ${irb.id} ${formatIp(address)} ${formatMac(one.mac)}`]
      }),
    ]),
  ]
}

function textOf(address: Ip | undefined): string {
  return address === undefined ? '-' : formatIp(address)
}
