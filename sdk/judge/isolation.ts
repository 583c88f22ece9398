/**
 * Judges that tenants do not hear each other, at their hosts and on the wire.
 *
 * @module
 */
import type { Finding } from '../../record/verdict.js'
import { ethernet, formatMac, parseIp } from '../../twin/packet/index.js'
import type { Ip } from '../../twin/packet/index.js'
import { vnisOf } from '../fabric-view.js'
import type { FabricView, Tenant } from '../fabric-view.js'
import type { Seen, Sent } from '../seen.js'
import { finding } from './finding.js'
import type { Report } from './finding.js'
import { deliveredFrames } from './delivery.js'

/** Judges both directions between two tenants over everything that was seen. */
export function judgeIsolation(seen: Seen, a: Tenant, b: Tenant): Report {
  const findings = [...oneWay(seen, a, b), ...oneWay(seen, b, a), ...onTheWire(seen, a, b)]
  const judged = seen.sent.filter(({ frame }) => frame.tenant === a.name || frame.tenant === b.name).length
  return { findings, judged, delivered: deliveredOf(seen, a) + deliveredOf(seen, b) }
}

/** Honest frames of a tenant that arrived: proof that its hosts could hear. */
export function deliveredOf(seen: Seen, tenant: Tenant): number {
  return deliveredFrames(seen).filter(({ frame }) => frame.tenant === tenant.name).length
}

function oneWay(seen: Seen, from: Tenant, to: Tenant): readonly Finding[] {
  const hosts = new Set(to.hosts.map(({ id }) => id))
  const senders = new Map(
    seen.sent.filter(({ frame }) => frame.tenant === from.name).map((sent) => [sent.trace, sent]),
  )
  const onlyTheirs = ownMacs(seen.source.fabric, from)
  return seen.observation.arrivals.flatMap((arrival): readonly Finding[] => {
    if (!hosts.has(arrival.host)) return []
    const sent = arrival.trace === undefined ? undefined : senders.get(arrival.trace)
    if (sent !== undefined) {
      return [
        finding(
          'INV-ISOLATE',
          `${sent.frame.label}: sent by ${from.name}, received by ${arrival.host} of ${to.name}`,
          {
            frame: arrival.frame,
          },
        ),
      ]
    }
    // Frames without a mark (ARP, ND, what was cut): by source MAC, where it is one tenant's alone.
    const source =
      arrival.trace === undefined && arrival.frame.length >= 14 ? ethernet.src(arrival.frame, 0) : undefined
    return source !== undefined && onlyTheirs.has(source)
      ? [
          finding(
            'INV-ISOLATE',
            `a frame of ${formatMac(source)}, a host of ${from.name}, was received by ${arrival.host} of ${to.name}`,
            { frame: arrival.frame },
          ),
        ]
      : []
  })
}

function isVtep(seen: Seen, address: Ip): boolean {
  const { fabric, reader } = seen.source
  return fabric.nodes.some(({ name }) => {
    const vtep = reader.vtep(name)
    return vtep !== undefined && parseIp(vtep) === address
  })
}

/** MACs that hosts of this tenant have and no other's. */
function ownMacs(fabric: FabricView, tenant: Tenant): ReadonlySet<number> {
  const others = new Set(fabric.hosts.filter((host) => host.tenant !== tenant.name).map(({ mac }) => mac))
  return new Set(tenant.hosts.map(({ mac }) => mac).filter((mac) => !others.has(mac)))
}

function onTheWire(seen: Seen, a: Tenant, b: Tenant): readonly Finding[] {
  const owners = new Map([a, b].flatMap((tenant) => vnisOf(tenant).map((vni) => [vni, tenant] as const)))
  const byTrace = new Map<number, Sent>(seen.sent.map((sent) => [sent.trace, sent]))
  return seen.readings().flatMap(({ tunnel, trace, wire, clear }): readonly Finding[] => {
    if (tunnel === undefined || trace === undefined || trace.run !== seen.source.run) return []
    const sent = byTrace.get(trace.trace)
    const owner = owners.get(tunnel.vni)
    if (sent === undefined || owner === undefined || owner.name === sent.frame.tenant) return []
    if (sent.frame.tenant !== a.name && sent.frame.tenant !== b.name) return []
    // A host in the underlay may write what it likes into a packet of its own: it is in no tunnel before a leaf has taken it for one.
    if (seen.source.fabric.tenant(sent.frame.tenant).underlay && !isVtep(seen, tunnel.source)) return []
    // What a forger put on this very link is there; that it goes no further is the point.
    if ('link' in sent.frame.at && sent.frame.at.link === wire.link && sent.frame.at.to === wire.to) return []
    return [
      finding(
        'INV-ISOLATE-WIRE',
        `${sent.frame.label}: sent by ${sent.frame.tenant}, on ${wire.link} from ${wire.from} in VNI ${tunnel.vni} of ${owner.name}`,
        {
          link: wire.link,
          ...(clear === undefined ? {} : { frame: clear }),
        },
      ),
    ]
  })
}
