/**
 * Referential integrity of a NodeProgram: what its schema cannot say. The engine checks the same for itself.
 *
 * @module
 */
import type { Interface, NodeProgram, VxlanInterface } from '../../contract/program.js'
import { formatIp, parseInterfaceAddress, parseIp } from '../packet/index.js'
import { checkRemote, Findings, type ProgramProblem } from './validate-findings.js'
import { checkMacsec, checkTunnel } from './validate-macsec.js'
import { checkMac, checkVrf, type Scope } from './validate-scope.js'
import { checkTables } from './validate-tables.js'
import { checkWireguard } from './validate-wireguard.js'

/**
 * Judges a program that the schema has accepted.
 *
 * @returns nothing when every id exists, interfaces are stacked soundly and nothing is there twice
 */
export function validateProgram(program: NodeProgram): readonly ProgramProblem[] {
  const findings = new Findings()
  const interfaces = new Map(program.interfaces.map((item) => [item.id, item]))
  const vrfs = new Set(program.vrfs.map((vrf) => vrf.id))
  const sealed = program.interfaces.flatMap((item) =>
    item.kind === 'macsec' || item.kind === 'wireguard' ? (item.lower ?? []) : [],
  )
  checkVrfs(program, findings)
  checkIds(program, findings)
  for (const [i, item] of program.interfaces.entries()) {
    checkInterface(item, `interfaces[${i}]`, { interfaces, vrfs, findings, sealed })
  }
  checkStacks(program, findings)
  checkAddresses(program, findings)
  checkTables(program, interfaces, vrfs, findings)
  return findings.problems
}

function checkVrfs({ vrfs }: NodeProgram, findings: Findings): void {
  const id = findings.unique('the VRF id')
  const name = findings.unique('the VRF name')
  for (const [i, vrf] of vrfs.entries()) {
    id(vrf.id, `vrfs[${i}].id`)
    name(vrf.name, `vrfs[${i}].name`)
  }
  if (!vrfs.some((vrf) => vrf.id === 0))
    findings.add('ZT_PROGRAM_REFERENCE', 'vrfs', 'there is no VRF 0, the underlay')
}

function checkIds({ interfaces }: NodeProgram, findings: Findings): void {
  const name = findings.unique('the interface name')
  let last = 0
  for (const [i, item] of interfaces.entries()) {
    name(item.name, `interfaces[${i}].name`)
    if (item.id <= last) {
      findings.add(
        'ZT_PROGRAM_DUPLICATE',
        `interfaces[${i}].id`,
        `the id ${item.id} does not ascend from ${last}`,
      )
    }
    last = item.id
  }
}

function checkInterface(item: Interface, path: string, scope: Scope): void {
  switch (item.kind) {
    case 'port':
      checkMac(item.mac, `${path}.mac`, scope)
      checkAttachment(item, path, scope)
      return
    case 'macsec':
      checkMac(item.mac, `${path}.mac`, scope)
      checkAttachment(item, path, scope)
      checkMacsec(item, path, scope)
      return
    case 'wireguard':
      checkWireguard(item, path, scope)
      return
    case 'irb':
      checkMac(item.mac, `${path}.mac`, scope)
      checkMac(item.systemMac, `${path}.systemMac`, scope)
      checkBridge(item.bridge, `${path}.bridge`, scope)
      checkVrf(item.vrf, `${path}.vrf`, scope)
      return
    case 'vxlan':
      if (item.bridge !== undefined) checkBridge(item.bridge, `${path}.bridge`, scope)
      checkVrf(item.underlayVrf, `${path}.underlayVrf`, scope)
      checkTunnel(item, path, scope)
      checkRemotes(item, path, scope)
      return
    case 'loopback':
      checkVrf(item.vrf, `${path}.vrf`, scope)
      return
    case 'bridge':
  }
}

function checkBridge(bridge: number, path: string, { interfaces, findings }: Scope): void {
  const target = interfaces.get(bridge)
  if (target === undefined) findings.add('ZT_PROGRAM_REFERENCE', path, `there is no interface ${bridge}`)
  else if (target.kind !== 'bridge') {
    findings.add('ZT_PROGRAM_STACK', path, `${target.name} is a ${target.kind}, no bridge`)
  }
}

/** A port or macsec interface hands its frames to one place (PORT-1), and has addresses in a VRF only. */
function checkAttachment(item: Interface & { kind: 'port' | 'macsec' }, path: string, scope: Scope): void {
  const { vrf, bridge } = item
  if (vrf !== undefined) checkVrf(vrf, `${path}.vrf`, scope)
  if (bridge !== undefined) checkBridge(bridge, `${path}.bridge`, scope)
  const above = scope.sealed.filter((lower) => lower === item.id).length
  const ways = above + (vrf === undefined ? 0 : 1) + (bridge === undefined ? 0 : 1)
  if (ways !== 1) {
    scope.findings.add(
      'ZT_PROGRAM_STACK',
      path,
      `${item.name} hands its frames to ${ways} places: one of vrf, bridge or a macsec or wireguard interface on it is needed`,
    )
  }
  if (vrf === undefined && item.addresses.length > 0) {
    scope.findings.add('ZT_PROGRAM_ADDRESS', `${path}.addresses`, `${item.name} has addresses and no VRF`)
  }
}

function checkRemotes(item: VxlanInterface, path: string, { findings }: Scope): void {
  const remote = findings.unique('the remote')
  for (const [i, address] of item.remotes.entries()) {
    checkRemote(item, address, `${path}.remotes[${i}]`, findings)
    remote(address, `${path}.remotes[${i}]`)
  }
}

/** One IRB to a bridge, one VNI to a VTEP. */
function checkStacks({ interfaces }: NodeProgram, findings: Findings): void {
  const irb = findings.unique('the IRB of bridge')
  const vni = findings.unique('the VTEP and VNI')
  for (const [i, item] of interfaces.entries()) {
    if (item.kind === 'irb') irb(item.bridge, `interfaces[${i}].bridge`)
    if (item.kind === 'vxlan') vni(`${item.local} ${item.vni}`, `interfaces[${i}].vni`)
  }
}

/** An address is on one interface of a VRF; a VTEP's is on one. */
function checkAddresses({ interfaces }: NodeProgram, findings: Findings): void {
  const owner = findings.unique('the VRF and address')
  const own = new Set<string>()
  for (const [i, item] of interfaces.entries()) {
    if (!('addresses' in item) || item.vrf === undefined) continue
    for (const [j, text] of item.addresses.entries()) {
      const key = `${item.vrf} ${formatIp(parseInterfaceAddress(text).address)}`
      owner(key, `interfaces[${i}].addresses[${j}]`)
      own.add(key)
    }
  }
  for (const [i, item] of interfaces.entries()) {
    if (!('local' in item) || item.underlayVrf === undefined) continue
    for (const address of [item.local].flat()) {
      if (own.has(`${item.underlayVrf} ${formatIp(parseIp(address))}`)) continue
      findings.add(
        'ZT_PROGRAM_REFERENCE',
        `interfaces[${i}].local`,
        `${address} is no address of VRF ${item.underlayVrf}`,
      )
    }
  }
}
