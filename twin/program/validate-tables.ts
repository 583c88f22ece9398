/**
 * Tables of a NodeProgram against its interfaces.
 *
 * @module
 */
import type { Interface, NodeProgram, Route, Tables } from '../../contract/program.js'
import { formatPrefix, isGroupMac, parseInterfaceAddress, parseMac } from '../packet/index.js'
import { checkRemote, type Findings } from './validate-findings.js'

export function checkTables(
  program: NodeProgram,
  interfaces: ReadonlyMap<number, Interface>,
  vrfs: ReadonlySet<number>,
  findings: Findings,
): void {
  const checker = new TableChecker(program, interfaces, vrfs, findings)
  checker.routes()
  checker.groups()
  checker.neighbours()
  checker.fdb()
  checker.flood()
}

class TableChecker {
  readonly #tables: NodeProgram['tables']
  readonly #interfaces: ReadonlyMap<number, Interface>
  readonly #vrfs: ReadonlySet<number>
  readonly #findings: Findings

  constructor(
    { tables }: NodeProgram,
    interfaces: ReadonlyMap<number, Interface>,
    vrfs: ReadonlySet<number>,
    findings: Findings,
  ) {
    this.#tables = tables
    this.#interfaces = interfaces
    this.#vrfs = vrfs
    this.#findings = findings
  }

  routes(): void {
    const unique = this.#findings.unique('the VRF and prefix')
    for (const [i, route] of this.#tables.routes.entries()) {
      const path = `tables.routes[${i}]`
      const { address, prefix } = parseInterfaceAddress(route.prefix)
      unique(`${route.vrf} ${formatPrefix(prefix)}`, path)
      if (address !== prefix.address) {
        this.#findings.add(
          'ZT_PROGRAM_ADDRESS',
          `${path}.prefix`,
          `${route.prefix} has bits set past its length`,
        )
      }
      if (!this.#vrfs.has(route.vrf)) {
        this.#findings.add('ZT_PROGRAM_REFERENCE', `${path}.vrf`, `there is no VRF ${route.vrf}`)
      }
      this.#destination(route, path)
    }
  }

  #destination(route: Route, path: string): void {
    const { group, connected, blackhole } = route
    const ways = [group, connected, blackhole].filter((way) => way !== undefined).length
    if (ways !== 1) {
      this.#findings.add(
        'ZT_PROGRAM_ROUTE',
        path,
        `${route.prefix} has ${ways} of group, connected, blackhole; one is needed`,
      )
    }
    if (connected !== undefined) this.#routed(connected, `${path}.connected`, route.vrf)
    if (group === undefined) return
    const members = this.#tables.groups.find((candidate) => candidate.id === group)?.members
    if (members === undefined) {
      this.#findings.add('ZT_PROGRAM_REFERENCE', `${path}.group`, `there is no group ${group}`)
    }
    for (const member of members ?? []) this.#routed(member.interface, `${path}.group`, route.vrf)
  }

  /** Packets can be routed out of the interface, in the VRF if one is given. */
  #routed(id: number, path: string, vrf?: number): void {
    const item = this.#interfaces.get(id)
    if (item === undefined) {
      this.#findings.add('ZT_PROGRAM_REFERENCE', path, `there is no interface ${id}`)
      return
    }
    const itsVrf =
      item.kind === 'port' || item.kind === 'macsec' || item.kind === 'wireguard' || item.kind === 'irb'
        ? item.vrf
        : undefined
    if (itsVrf === undefined || (vrf !== undefined && vrf !== itsVrf)) {
      const where = vrf === undefined ? 'a VRF' : `VRF ${vrf}`
      this.#findings.add('ZT_PROGRAM_STACK', path, `${item.name} does not route in ${where}`)
    }
  }

  groups(): void {
    const unique = this.#findings.unique('the group')
    for (const [i, group] of this.#tables.groups.entries()) {
      unique(group.id, `tables.groups[${i}].id`)
      for (const [j, member] of group.members.entries()) {
        this.#routed(member.interface, `tables.groups[${i}].members[${j}].interface`)
      }
    }
  }

  neighbours(): void {
    const unique = this.#findings.unique('the neighbour')
    for (const [i, { interface: id, address, mac }] of this.#tables.neighbours.entries()) {
      const path = `tables.neighbours[${i}]`
      unique(`${id} ${address}`, path)
      if (!this.#belowWireguard(id)) this.#routed(id, `${path}.interface`)
      this.#unicast(mac, `${path}.mac`)
    }
  }

  /** Its neighbours are the outer addresses of peers (WG-23). */
  #belowWireguard(id: number): boolean {
    return [...this.#interfaces.values()].some((item) => item.kind === 'wireguard' && item.lower === id)
  }

  #unicast(mac: string, path: string): void {
    if (isGroupMac(parseMac(mac))) this.#findings.add('ZT_PROGRAM_ADDRESS', path, `${mac} is a group address`)
  }

  fdb(): void {
    const unique = this.#findings.unique('the bridge and MAC')
    for (const [i, entry] of this.#tables.fdb.entries()) {
      const path = `tables.fdb[${i}]`
      unique(`${entry.bridge} ${entry.mac}`, path)
      this.#unicast(entry.mac, `${path}.mac`)
      this.#member(entry, path)
    }
  }

  #member(entry: Tables['fdb'][number], path: string): void {
    const item = this.#interfaces.get(entry.interface)
    if (item === undefined) {
      this.#findings.add(
        'ZT_PROGRAM_REFERENCE',
        `${path}.interface`,
        `there is no interface ${entry.interface}`,
      )
      return
    }
    const isMember = item.kind !== 'irb' && 'bridge' in item && item.bridge === entry.bridge
    if (!isMember) {
      this.#findings.add(
        'ZT_PROGRAM_STACK',
        `${path}.interface`,
        `${item.name} is no member of bridge ${entry.bridge}`,
      )
    }
    if ((item.kind === 'vxlan') !== (entry.remote !== undefined)) {
      this.#findings.add(
        'ZT_PROGRAM_ADDRESS',
        path,
        item.kind === 'vxlan' ? `${item.name} needs a remote` : `${item.name} takes no remote`,
      )
    }
    if (item.kind === 'vxlan' && entry.remote !== undefined) {
      checkRemote(item, entry.remote, `${path}.remote`, this.#findings)
    }
  }

  flood(): void {
    const unique = this.#findings.unique('the flood list of interface')
    for (const [i, list] of this.#tables.flood.entries()) {
      const path = `tables.flood[${i}]`
      unique(list.interface, path)
      const item = this.#interfaces.get(list.interface)
      if (item === undefined) {
        this.#findings.add('ZT_PROGRAM_REFERENCE', path, `there is no interface ${list.interface}`)
      } else if (item.kind !== 'vxlan') {
        this.#findings.add('ZT_PROGRAM_STACK', path, `${item.name} is a ${item.kind}, no vxlan interface`)
      } else if (item.bridge === undefined) {
        this.#findings.add('ZT_PROGRAM_STACK', path, `${item.name} has no bridge in which to flood`)
      } else {
        const remote = this.#findings.unique('the remote')
        for (const [j, address] of list.remotes.entries()) {
          remote(address, `${path}.remotes[${j}]`)
          checkRemote(item, address, `${path}.remotes[${j}]`, this.#findings)
        }
      }
    }
  }
}
