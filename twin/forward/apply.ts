/**
 * Table changes taking effect (CTRL-6).
 *
 * @module
 */
import type { TableChange } from '../../contract/control.js'
import { formatIp, formatMac, formatPrefix } from '../packet/address.js'
import type { Machine } from './machine.js'
import { changeReceive, changeTransmit } from './macsec-change.js'
import { removeSetNeighbour, setControlNeighbour } from './neighbour.js'
import { prepareChanges, type PreparedChange, type RefusedChange } from './table-change.js'
import { changePeer } from './wireguard-change.js'
import { removeRoute, setRoute } from './vrf-routes.js'

/** CTRL-6: makes all changes of a list, in its order, or none and says which is refused. */
export function applyChanges(m: Machine, changes: readonly TableChange[]): RefusedChange | undefined {
  const prepared = prepareChanges(m.config, changes, m.keys)
  if ('index' in prepared) {
    m.trace?.step('CTRL-6', 0, `change ${prepared.index} is refused, and the list with it`)
    return prepared
  }
  if (prepared.length > 0) m.writes++
  for (const change of prepared) make(m, change)
  return undefined
}

function make(m: Machine, change: PreparedChange): void {
  switch (change.table) {
    case 'route':
      makeRoute(m, change)
      return
    case 'fdb':
      makeFdb(m, change)
      return
    case 'neighbour':
      makeNeighbour(m, change)
      return
    case 'flood':
      m.trace?.step('CTRL-6', change.vxlan.id, `a flood list of ${change.remotes.length}`)
      change.vxlan.flood = change.remotes
      return
    case 'peer':
      m.trace?.step('CTRL-6', change.wg.id, 'a peer')
      changePeer(m, change)
      return
    case 'receive-association':
      m.trace?.step('CTRL-6', change.macsec.id, 'a receive SA')
      changeReceive(m, change)
      return
    case 'transmit-association':
      m.trace?.step('CTRL-6', change.macsec.id, 'transmit SAs')
      changeTransmit(m, change)
  }
}

type PreparedOf<T extends PreparedChange['table']> = Extract<PreparedChange, { readonly table: T }>

function makeRoute(m: Machine, { vrf, prefix, members }: PreparedOf<'route'>): void {
  if (members === undefined) {
    m.trace?.step('CTRL-6', 0, `no route to ${formatPrefix(prefix)} in VRF ${vrf.name}`)
    removeRoute(vrf, prefix)
    return
  }
  m.trace?.step(
    'CTRL-6',
    0,
    `a route to ${formatPrefix(prefix)} in VRF ${vrf.name}, ${members.length} next hops`,
  )
  setRoute(vrf, { prefix, kind: 'group', members, broadcasts: undefined })
}

function makeFdb(m: Machine, { bridge, mac, to }: PreparedOf<'fdb'>): void {
  if (to === undefined) {
    m.trace?.step('CTRL-6', bridge.id, `no static or control entry for ${formatMac(mac)}`)
    bridge.fdb.removeSet(mac)
    return
  }
  m.trace?.step('CTRL-6', bridge.id, `a control entry for ${formatMac(mac)}`)
  bridge.fdb.setControl(mac, to.member, to.remote, to.sticky)
}

function makeNeighbour(m: Machine, { irb, address, to }: PreparedOf<'neighbour'>): void {
  if (to === undefined) {
    m.trace?.step('CTRL-6', irb.id, `no static or control neighbour ${formatIp(address)}`)
    removeSetNeighbour(irb, address)
    return
  }
  m.trace?.step('CTRL-6', irb.id, `a control neighbour ${formatIp(address)}`)
  setControlNeighbour(m, irb, address, to)
}
