/**
 * Every way in which hosts of one tenant, or somebody on a link who poses as one, try to reach hosts of another.
 * Exhaustive over pairs of hosts, families and tricks; nothing is drawn by chance.
 *
 * @module
 */
import { isIpv6, parseIp } from '../../twin/packet/index.js'
import type { Ip } from '../../twin/packet/index.js'
import { vnisOf } from '../fabric-view.js'
import type { FabricView, Host, Tenant } from '../fabric-view.js'
import type { ScenarioTarget } from '../scenario-target.js'
import type { Frame } from '../traffic/frame.js'
import { foreignMacs, packetTo, tunnelledByHost } from '../traffic/forge-host.js'
import { clearTunnel, tapOf, unknownVni, wrongOuterSource } from '../traffic/forge-link.js'
import { whoHas } from '../traffic/neighbour.js'
import { refusalOfClear, type WireReader } from '../traffic/wire.js'

/** Attempts of one tenant on another, from hosts and from links. */
export function attemptsOn(target: ScenarioTarget, from: Tenant, to: Tenant): readonly Frame[] {
  const { fabric, reader } = target
  return [...fromHosts(fabric, reader, from, to), ...fromLinks(fabric, reader, from, to)]
}

function fromHosts(fabric: FabricView, reader: WireReader, from: Tenant, to: Tenant): readonly Frame[] {
  return from.hosts.flatMap((host) =>
    to.hosts.flatMap((victim) => {
      const vtep = reader.vtep(victim.leaf)
      const macs = [...new Set([host.gatewayMac ?? victim.mac, victim.mac])]
      return present([
        // The victim's address, by the attacker's own gateway, and as if it were on the same wire.
        ...victim.addresses.flatMap(({ address }) =>
          macs.flatMap((mac) => [
            packetTo(host, address, mac),
            packetTo(host, address, mac, { protocol: 'icmp', sourcePort: 1, destinationPort: 1 }),
          ]),
        ),
        ...victim.addresses.map(({ address }) => whoHas(host, { target: address })),
        foreignMacs(host, { destination: victim.mac }),
        // The attacker takes the victim's MAC: it may confuse its own network, not the victim's.
        from.hosts.some(({ mac }) => mac === victim.mac)
          ? undefined
          : foreignMacs(host, { source: victim.mac, destination: victim.gatewayMac ?? victim.mac }),
        ...(vtep === undefined
          ? []
          : present([victim.network.vni, to.l3vni]).map((vni) =>
              tunnelledByHost(fabric, host, parseIp(vtep), vni, victim),
            )),
      ])
    }),
  )
}

function fromLinks(fabric: FabricView, reader: WireReader, from: Tenant, to: Tenant): readonly Frame[] {
  const [as] = from.hosts
  if (as === undefined) return []
  return to.hosts.flatMap((victim) =>
    fabric.links({ node: victim.leaf }).flatMap((link) => {
      const tap = tapOf(reader, link, victim.leaf)
      const local = reader.vtep(victim.leaf)
      const source = remoteVtep(fabric, reader, victim)
      const { vni } = victim.network
      if (local === undefined || source === undefined || vni === undefined) return []
      const options = { as, towards: victim, vni, source, destination: parseIp(local) }
      // Behind a seal everything is forged; on a clear link only what the fabric can tell from the real thing.
      if (refusalOfClear(tap.to) !== undefined) return [clearTunnel(tap, options)]
      return [
        wrongOuterSource(tap, { ...options, source: strangerOf(parseIp(local)) }),
        unknownVni(tap, { ...options, vni: unusedVni(fabric) }),
      ]
    }),
  )
}

/**
 * The VTEP from which a frame for a host may come: of another leaf of its network, else of any other leaf. Never the host's own
 * leaf's: a node does not take packets from itself (ROUTE-2).
 */
export function remoteVtep(fabric: FabricView, reader: WireReader, victim: Host): Ip | undefined {
  const local = reader.vtep(victim.leaf)
  const leaves = [...victim.network.leaves, ...fabric.plan.nodes.map(({ name }) => name)]
  const remote = leaves.map((leaf) => reader.vtep(leaf)).find((vtep) => vtep !== undefined && vtep !== local)
  if (remote !== undefined) return parseIp(remote)
  return local === undefined ? undefined : strangerOf(parseIp(local))
}

/** An address of documentation (RFC 5737, RFC 3849) in the family of another: nobody's VTEP. */
export function strangerOf(address: Ip): Ip {
  return parseIp(isIpv6(address) ? '2001:db8:dead::1' : '198.51.100.77')
}

/** A VNI that nothing in the fabric has. */
export function unusedVni(fabric: FabricView): number {
  const used = new Set(Object.values(fabric.tenants).flatMap(vnisOf))
  for (let vni = 0xffffff; ; vni--) if (!used.has(vni)) return vni
}

/** What is there of a list. */
export function present<T>(items: readonly (T | undefined)[]): readonly T[] {
  return items.filter((item) => item !== undefined)
}
