/**
 * What each check of an interface needs, and checks that several kinds share.
 *
 * @module
 */
import type { Interface } from '../../contract/program.js'
import { isGroupMac, MAC_ZERO, parseMac } from '../packet/index.js'
import type { Findings } from './validate-findings.js'

export interface Scope {
  readonly interfaces: ReadonlyMap<number, Interface>
  readonly vrfs: ReadonlySet<number>
  readonly findings: Findings
  /** What is below macsec and wireguard interfaces. */
  readonly sealed: readonly number[]
}

export function checkMac(text: string, path: string, { findings }: Scope): void {
  const mac = parseMac(text)
  if (mac === MAC_ZERO || isGroupMac(mac))
    findings.add('ZT_PROGRAM_ADDRESS', path, `${text} is no unicast address`)
}

export function checkVrf(vrf: number, path: string, { vrfs, findings }: Scope): void {
  if (!vrfs.has(vrf)) findings.add('ZT_PROGRAM_REFERENCE', path, `there is no VRF ${vrf}`)
}

/** What is stacked on another interface fits it, with what it adds to each packet. */
export function checkLower(
  item: { readonly mtu: number },
  id: number,
  overhead: number,
  path: string,
  { interfaces, findings }: Scope,
  kinds: readonly Interface['kind'][] = ['port'],
): void {
  const lower = interfaces.get(id)
  if (lower === undefined) {
    findings.add('ZT_PROGRAM_REFERENCE', `${path}.lower`, `there is no interface ${id}`)
  } else if (!kinds.includes(lower.kind)) {
    findings.add(
      'ZT_PROGRAM_STACK',
      `${path}.lower`,
      `${lower.name} is a ${lower.kind}, no ${kinds.join(' or ')}`,
    )
  } else if ('mtu' in lower && lower.mtu < item.mtu + overhead) {
    findings.add(
      'ZT_PROGRAM_MTU',
      `${path}.mtu`,
      `${item.mtu} and ${overhead} of the seal exceed ${lower.mtu} of ${lower.name}`,
    )
  }
}
