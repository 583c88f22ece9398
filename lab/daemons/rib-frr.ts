/**
 * Tables of FRR's bgpd in their common form (`contract/rib.ts`), from the JSON of its vty.
 *
 * @module
 */
import { z } from 'zod'
import type { NodeControl } from '../../contract/control-plane.js'
import type { RibPath, RibRow } from '../../contract/rib.js'
import { formatIp, formatMac, formatPrefix, parseIp, parseMac, parsePrefix } from '../../twin/packet/index.js'
import { frrCommunities, frrExtended } from './frr-extended.js'
import { inOrder, parseAs, peerNames, row, type RibReading } from './rib.js'
import type { Vty } from './vty.js'

const DEFAULT_LOCAL_PREFERENCE = 100

const Path = z.object({
  aspath: z.object({ segments: z.array(z.object({ list: z.array(z.int()) })) }),
  origin: z.enum(['IGP', 'EGP', 'incomplete']),
  metric: z.int().optional(),
  locPrf: z.int().optional(),
  /** The node's own. */
  sourced: z.boolean().optional(),
  local: z.boolean().optional(),
  multipath: z.boolean().optional(),
  bestpath: z.object({ overall: z.boolean().optional() }).optional(),
  community: z.object({ list: z.array(z.string()) }).optional(),
  extendedCommunity: z.object({ string: z.string() }).optional(),
  originatorId: z.string().optional(),
  clusterList: z.object({ list: z.array(z.string()) }).optional(),
  nexthops: z.array(z.object({ ip: z.string(), scope: z.string().optional() })).min(1),
  peer: z.object({ peerId: z.string() }),
  /** EVPN: labels, `10010/50010`. */
  vni: z.string().optional(),
  pmsi: z.object({ label: z.int().optional() }).optional(),
})
type Path = z.infer<typeof Path>

const Unicast = z.object({
  routes: z.record(z.string(), z.array(z.unknown())).optional(),
})
const EvpnRoute = z.object({
  prefix: z.string(),
  rd: z.string(),
  routeType: z.int(),
  ethTag: z.int().optional(),
  mac: z.string().optional(),
  ip: z.string().optional(),
  ipLen: z.int().optional(),
  paths: z.array(z.array(Path)),
})
type EvpnRoute = z.infer<typeof EvpnRoute>

/** What is asked, and what came back. */
export interface FrrTables {
  /** `show bgp ipv4 unicast json detail` */
  readonly ipv4: unknown
  /** `show bgp ipv6 unicast json detail` */
  readonly ipv6: unknown
  /** `show bgp l2vpn evpn route detail json` */
  readonly evpn: unknown
}

/** @throws LabError those of {@link Vty.askJson} and {@link frrRib} */
export async function readFrrRib(vty: Vty, node: string, control: NodeControl): Promise<RibReading> {
  const [ipv4, ipv6, evpn] = await Promise.all([
    vty.askJson('show bgp ipv4 unicast json detail'),
    vty.askJson('show bgp ipv6 unicast json detail'),
    vty.askJson('show bgp l2vpn evpn route detail json'),
  ])
  return frrRib(node, control, { ipv4, ipv6, evpn })
}

/** @throws LabError `ZT_LAB_FORMAT` for JSON that is not as FRR 8.4 writes it */
export function frrRib(node: string, control: NodeControl, tables: FrrTables): RibReading {
  const peers = peerNames(control)
  const evpn = evpnRows(node, peers, tables.evpn)
  return {
    rows: inOrder([
      ...unicastRows(node, 'ipv4', peers, tables.ipv4),
      ...unicastRows(node, 'ipv6', peers, tables.ipv6),
      ...evpn.rows,
    ]),
    unread: evpn.unread,
  }
}

function unicastRows(
  node: string,
  table: 'ipv4' | 'ipv6',
  peers: ReadonlyMap<string, string>,
  answer: unknown,
): RibRow[] {
  const { routes = {} } = parseAs(Unicast, answer, `${table} table of ${node}`)
  return Object.entries(routes).map(([prefix, [, ...paths]]) => {
    // The first is about the prefix.
    const read = parseAs(z.array(Path).min(1), paths, `${prefix} of ${node}`)
    return row(
      node,
      table,
      formatPrefix(parsePrefix(prefix)),
      read.map((path) => ({
        ...common(path, peers),
        used: path.multipath === true || path.bestpath?.overall === true,
      })),
    )
  })
}

function evpnRows(node: string, peers: ReadonlyMap<string, string>, answer: unknown): RibReading {
  const rows: RibRow[] = []
  const unread: string[] = []
  const byDistinguisher = parseAs(z.record(z.string(), z.unknown()), answer, `EVPN table of ${node}`)
  for (const [distinguisher, group] of Object.entries(byDistinguisher)) {
    // Beside them stand counts.
    if (typeof group !== 'object' || group === null) continue
    for (const [name, value] of Object.entries(group)) {
      if (name === 'rd') continue
      const route = parseAs(EvpnRoute, value, `${name} of ${distinguisher} of ${node}`)
      const key = evpnKey(route)
      const paths = route.paths.flat()
      if (key === undefined || paths.length === 0) unread.push(`${distinguisher} ${name}`)
      else
        rows.push(
          row(
            node,
            'evpn',
            key,
            paths.map((path) => ({ ...common(path, peers), labels: labels(route, path) })),
          ),
        )
    }
  }
  return { rows, unread }
}

function evpnKey({ routeType, rd, ethTag, mac, ip, ipLen }: EvpnRoute): string | undefined {
  const head = `[${routeType}][${rd}][${ethTag ?? 0}]`
  const address = ip === undefined ? undefined : formatIp(parseIp(ip))
  if (routeType === 2 && mac !== undefined)
    return `${head}[${formatMac(parseMac(mac))}]${address === undefined ? '' : `[${address}]`}`
  if (routeType === 3 && address !== undefined) return `${head}[${address}]`
  if (routeType === 5 && address !== undefined && ipLen !== undefined)
    return `${head}[${formatPrefix(parsePrefix(`${address}/${ipLen}`))}]`
  return undefined
}

function labels({ routeType }: EvpnRoute, { vni, pmsi }: Path): number[] {
  const all = routeType === 3 ? [pmsi?.label ?? 0] : (vni?.split('/').map(Number) ?? [])
  // 0 is no VNI.
  return all.filter((label) => label >= 1 && label <= 0xffffff)
}

/** All but what differs between unicast and EVPN; `used` is for unicast alone. */
function common(path: Path, peers: ReadonlyMap<string, string>): RibPath {
  const { aspath, origin, metric, locPrf, sourced, local, bestpath, community, extendedCommunity } = path
  const { originatorId, clusterList } = path
  return {
    from: sourced === true || local === true ? 'self' : peerOf(path.peer.peerId, peers),
    best: bestpath?.overall === true,
    used: false,
    nextHop: nextHop(path),
    asPath: aspath.segments.flatMap(({ list }) => list),
    origin: origin === 'incomplete' ? origin : origin === 'IGP' ? 'igp' : 'egp',
    ...(metric === undefined ? {} : { med: metric }),
    // 100 is what is assumed when there is none, and what each internal peer is told (`contract/rib.ts`).
    ...(locPrf === undefined || locPrf === DEFAULT_LOCAL_PREFERENCE ? {} : { localPreference: locPrf }),
    communities: frrCommunities(community?.list ?? []),
    extended: frrExtended(extendedCommunity?.string ?? ''),
    ...(originatorId === undefined ? {} : { originator: originatorId }),
    ...(clusterList === undefined ? {} : { clusters: clusterList.list }),
  }
}

function peerOf(id: string, peers: ReadonlyMap<string, string>): string {
  const address = formatIp(parseIp(id))
  return peers.get(address) ?? address
}

/** Over IPv6 come two; the link-local one is not the session's address. */
function nextHop({ nexthops }: Path): string {
  const found = nexthops.find(({ scope }) => scope !== 'link-local') ?? nexthops[0]
  return formatIp(parseIp(found?.ip ?? ''))
}
