/**
 * Integrity of macsec interfaces and their associations (MACSEC-9, MACSEC-10).
 *
 * @module
 */
import type { MacsecInterface, VxlanInterface } from '../../contract/program.js'
import { isExtended, macsecOverhead } from '../model/index.js'
import { checkLower, type Scope } from './validate-scope.js'

/** Largest packet number and replay window of a suite. */
const LIMITS = {
  plain: { pn: 2n ** 32n - 1n, window: 2 ** 32 - 1 },
  extended: { pn: 2n ** 64n - 1n, window: 2 ** 30 - 1 },
} as const

export function checkMacsec(item: MacsecInterface, path: string, scope: Scope): void {
  const lower = scope.interfaces.get(item.lower)
  checkLower(item, item.lower, macsecOverhead(item), path, scope, ['port', 'vxlan'])
  if (lower?.kind === 'vxlan' && item.bridge === undefined) {
    scope.findings.add('ZT_PROGRAM_STACK', path, `${item.name} is on ${lower.name} and in no bridge`)
  }
  checkTransmission(item, path, scope)
  checkReception(item, path, scope)
  checkSuite(item, path, scope)
  checkTag(item, path, scope)
}

/** A vxlan interface has a bridge, or a macsec interface on it that has its frames. */
export function checkTunnel(item: VxlanInterface, path: string, scope: Scope): void {
  const { findings } = scope
  const above = scope.sealed.filter((lower) => lower === item.id).length
  const ways = above + (item.bridge === undefined ? 0 : 1)
  if (ways !== 1) {
    findings.add(
      'ZT_PROGRAM_STACK',
      path,
      `${item.name} hands its frames to ${ways} places: one of bridge or a macsec interface on it is needed`,
    )
  }
  if (item.bridge !== undefined) return
  if (item.remotes.length !== 1) {
    findings.add(
      'ZT_PROGRAM_STACK',
      `${path}.remotes`,
      `${item.name} is sealed and has ${item.remotes.length} remotes; one is needed`,
    )
  }
  if (item.learning) {
    findings.add('ZT_PROGRAM_STACK', `${path}.learning`, `${item.name} has no bridge in which to learn`)
  }
}

function checkTransmission({ tx, standby = [] }: MacsecInterface, path: string, { findings }: Scope): void {
  const an = findings.unique('the transmit association')
  const key = findings.unique('the transmit key')
  for (const [association, where] of [
    [tx, `${path}.tx`] as const,
    ...standby.map((one, i) => [one, `${path}.standby[${i}]`] as const),
  ]) {
    an(association.an, `${where}.an`)
    key(association.key, `${where}.key`)
  }
}

function checkReception(item: MacsecInterface, path: string, { findings }: Scope): void {
  const association = findings.unique('the receive association')
  for (const [i, { sci, an }] of item.rx.entries()) {
    association(`${sci}/${an}`, `${path}.rx[${i}]`)
    if (sci !== item.tx.sci) continue
    findings.add(
      'ZT_PROGRAM_DUPLICATE',
      `${path}.rx[${i}].sci`,
      `the SCI ${sci} is that of the transmit channel`,
    )
  }
}

function checkSuite(item: MacsecInterface, path: string, { findings }: Scope): void {
  const { cipher, replayWindow, tx, standby = [], rx } = item
  const limits = LIMITS[isExtended(cipher) ? 'extended' : 'plain']
  const wrong = (at: string, message: string): void =>
    findings.add('ZT_PROGRAM_SUITE', `${path}.${at}`, message)
  if (replayWindow > limits.window) {
    wrong('replayWindow', `${replayWindow} is beyond ${limits.window}, which ${cipher} has at most`)
  }
  for (const [{ ssci, pn = '1' }, where] of [
    [tx, 'tx'] as const,
    ...standby.map((one, i) => [one, `standby[${i}]`] as const),
    ...rx.map((one, i) => [one, `rx[${i}]`] as const),
  ]) {
    if ((ssci !== undefined) !== isExtended(cipher)) {
      wrong(`${where}.ssci`, ssci === undefined ? `${cipher} needs an SSCI` : `${cipher} has no SSCI`)
    }
    if (BigInt(pn) > limits.pn) wrong(`${where}.pn`, `${pn} is beyond ${limits.pn}, the last of ${cipher}`)
  }
}

/** What stands for the SCI must say the same. */
function checkTag(item: MacsecInterface, path: string, { findings }: Scope): void {
  const channels = new Set(item.rx.map(({ sci }) => sci)).size
  if (item.tag === 'implicit' && channels > 1) {
    findings.add(
      'ZT_PROGRAM_STACK',
      `${path}.tag`,
      `${item.name} hears ${channels} channels, and no tag says whose`,
    )
  }
  if (item.tag !== 'end-station') return
  if (item.bridge !== undefined) {
    findings.add(
      'ZT_PROGRAM_STACK',
      `${path}.tag`,
      `${item.name} is in a bridge, and frames of others bear addresses of theirs`,
    )
  }
  if (item.tx.sci !== `${item.mac.replaceAll(':', '')}0001`) {
    findings.add('ZT_PROGRAM_ADDRESS', `${path}.tx.sci`, `${item.tx.sci} is not ${item.mac} and port 1`)
  }
}
