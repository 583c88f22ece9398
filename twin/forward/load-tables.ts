/**
 * Loads the tables of a program.
 *
 * @module
 */
import type { Route } from '../../contract/program.js'
import { parseIp, parseMac, parsePrefix } from '../packet/address.js'
import type { RouteEntry, RouteMember } from './config.js'
import type { LoadContext } from './load-context.js'
import { remoteOf } from './load-interfaces.js'
import { addRoute } from './vrf-routes.js'

/** Loads routes, neighbours, FDB and flood lists. */
export function loadTables(context: LoadContext): void {
  const groups = loadGroups(context)
  for (const [index, route] of context.program.tables.routes.entries())
    loadRoute(context, groups, route, index)
  loadNeighbours(context)
  loadFdb(context)
  loadFlood(context)
}

function nextHopInterface(context: LoadContext, id: number, where: string): RouteMember['interface'] {
  const found = context.find(id, ['port', 'macsec', 'wireguard', 'irb', 'loopback'], where)
  if (found.vrf === undefined) context.fail(where, `interface ${id} is not in a VRF`)
  return found
}

function loadGroups(context: LoadContext): Map<number, RouteMember[]> {
  const groups = new Map<number, RouteMember[]>()
  for (const { id, members } of context.program.tables.groups) {
    const where = `tables.groups ${id}`
    if (groups.has(id)) context.fail(where, 'is there twice')
    const loaded = members.map((member) => ({
      interface: nextHopInterface(context, member.interface, where),
      gateway: member.gateway === undefined ? undefined : parseIp(member.gateway),
      weight: member.weight ?? 1,
    }))
    groups.set(id, loaded)
  }
  return groups
}

function loadRoute(
  context: LoadContext,
  groups: ReadonlyMap<number, readonly RouteMember[]>,
  route: Route,
  index: number,
): void {
  const where = `tables.routes[${index}] ${route.prefix}`
  const vrf = context.vrf(route.vrf, where)
  const prefix = parsePrefix(route.prefix)
  const entry: RouteEntry = { prefix, ...targetOf(context, groups, route, where), broadcasts: undefined }
  const isBroadcastNet = entry.kind === 'connected' && prefix.family === 4 && prefix.length <= 30
  const loaded = isBroadcastNet
    ? {
        ...entry,
        broadcasts: { first: prefix.address, last: prefix.address + 2 ** (32 - prefix.length) - 1 },
      }
    : entry
  if (!addRoute(vrf, loaded)) context.fail(where, `is there twice in VRF ${vrf.id}`)
}

function targetOf(
  context: LoadContext,
  groups: ReadonlyMap<number, readonly RouteMember[]>,
  route: Route,
  where: string,
): Pick<RouteEntry, 'kind' | 'members'> {
  const given = [route.group, route.connected, route.blackhole].filter((one) => one !== undefined).length
  if (given !== 1) context.fail(where, `has ${given} of group, connected and blackhole, not exactly one`)
  if (route.connected !== undefined) {
    const member = {
      interface: nextHopInterface(context, route.connected, where),
      gateway: undefined,
      weight: 1,
    }
    return { kind: 'connected', members: [member] }
  }
  if (route.group !== undefined) {
    const members = groups.get(route.group) ?? context.fail(where, `group ${route.group} does not exist`)
    return { kind: 'group', members }
  }
  return { kind: 'blackhole', members: [] }
}

function loadNeighbours(context: LoadContext): void {
  for (const [index, { interface: id, address, mac }] of context.program.tables.neighbours.entries()) {
    const where = `tables.neighbours[${index}]`
    const on = context.find(id, ['port', 'macsec', 'irb'], where)
    const ip = parseIp(address)
    if (on.neighbours.has(ip)) context.fail(where, `${address} is there twice on interface ${id}`)
    on.neighbours.set(ip, parseMac(mac))
  }
}

function loadFdb(context: LoadContext): void {
  for (const [
    index,
    { bridge: id, mac: text, interface: memberId, remote },
  ] of context.program.tables.fdb.entries()) {
    const where = `tables.fdb[${index}]`
    const bridge = context.find(id, ['bridge'], where)
    const member = context.find(memberId, ['port', 'macsec', 'vxlan'], where)
    if (member.bridge !== bridge) context.fail(where, `interface ${memberId} is no member of bridge ${id}`)
    if ((remote === undefined) !== (member.kind !== 'vxlan')) {
      context.fail(where, 'a remote VTEP is needed behind a vxlan interface, and only there')
    }
    const mac = parseMac(text)
    const vtep =
      remote === undefined || member.kind !== 'vxlan'
        ? undefined
        : remoteOf(context, where, member.local, remote)
    if (!bridge.fdb.addStatic(mac, member, vtep)) context.fail(where, `${text} is there twice`)
  }
}

function loadFlood(context: LoadContext): void {
  const seen = new Set<number>()
  for (const { interface: id, remotes } of context.program.tables.flood) {
    const where = `tables.flood of interface ${id}`
    const vxlan = context.find(id, ['vxlan'], where)
    if (seen.has(id)) context.fail(where, 'is there twice')
    seen.add(id)
    if (vxlan.bridge === undefined) context.fail(where, 'a vxlan interface without bridge floods nothing')
    vxlan.flood = remotes.map((text) => remoteOf(context, where, vxlan.local, text))
  }
}
