/**
 * Loads macsec interfaces (MACSEC-9, MACSEC-10), and what they take over from the program before.
 *
 * @module
 */
import type { MacsecInterface } from '../../contract/program.js'
import { formatMac, parseMac } from '../packet/address.js'
import { importXpnKey, type ConfidentialityOffset, type Sak } from '../packet/macsec.js'
import { formatSci, parseSci, Tci, type Sci } from '../packet/sectag.js'
import type { Address4, Address6, Config, Port, Vxlan } from './config.js'
import { keyOf } from './keys.js'
import type { LoadContext } from './load-context.js'
import {
  channelCounters,
  interfaceCounters,
  SUITES,
  transmitState,
  type AssociationKey,
  type Macsec,
  type ReceiveAssociation,
  type TransmitAssociation,
  type TransmitState,
} from './macsec-state.js'

/** What an SA is, but its channel. */
interface Given {
  readonly an: number
  readonly key: string
  readonly ssci?: number | undefined
  readonly pn?: string | undefined
}

/** Gives the key of a reference, so many octets long, or throws. */
export type SakOf = (reference: string, octets: number) => Sak

interface Addresses {
  readonly addresses4: Address4[]
  readonly addresses6: Address6[]
}

const OFFSETS: Readonly<Record<'none' | 'offset-30' | 'offset-50', ConfidentialityOffset>> = {
  none: 0,
  'offset-30': 30,
  'offset-50': 50,
}
/** An XPN suite's windows lie below it (clause 10.7.8). */
const XPN_WINDOWS = 2 ** 30

export function loadMacsec(context: LoadContext, one: MacsecInterface, addresses: Addresses): Macsec {
  const where = `interface ${one.id}`
  const given = [one.tx, ...(one.standby ?? [])]
  const fault = transmitFault(one.cipher, given) ?? receiveFault(one.cipher, one.rx) ?? interfaceFault(one)
  if (fault !== undefined) context.fail(where, fault)
  const lower = context.find(one.lower, ['port', 'vxlan'], where)
  checkLower(context, one, lower)
  const sakOf: SakOf = (reference, octets) =>
    keyOf(context.keys, reference, octets, `${context.program.node}: ${where}`)
  const macsec: Macsec = {
    kind: 'macsec',
    id: one.id,
    name: one.name,
    mac: parseMac(one.mac),
    mtu: one.mtu,
    ...addresses,
    neighbours: new Map(),
    vrf: one.vrf === undefined ? undefined : context.vrf(one.vrf, where),
    bridge: one.bridge === undefined ? undefined : context.find(one.bridge, ['bridge'], where),
    lower,
    cipher: one.cipher,
    mode: one.mode,
    protect: one.protect ?? one.mode !== 'disabled',
    offset: one.confidentiality === undefined ? 0 : OFFSETS[one.confidentiality],
    tci: tciOf(one),
    replayProtect: one.replayProtect ?? true,
    replayWindow: BigInt(one.replayWindow),
    transmitSci: parseSci(one.tx.sci),
    tx: [],
    rx: [],
    channels: new Map(),
    counters: interfaceCounters(),
  }
  macsec.tx = given.map((each) => makeTransmit(macsec, each, sakOf))
  for (const each of one.rx) {
    setReceive(macsec, makeReceive(macsec, parseSci(each.sci), each, sakOf))
  }
  lower.upper = macsec
  return macsec
}

/** MACSEC-7 */
function tciOf({ tag, confidentiality }: MacsecInterface): number {
  const sci = tag === undefined ? Tci.SC : tag === 'end-station' ? Tci.ES : 0
  return sci | (confidentiality === 'none' ? 0 : Tci.E | Tci.C)
}

/** MACSEC-9, MACSEC-10: what is wrong with an interface, its SAs left out. */
function interfaceFault(one: MacsecInterface): string | undefined {
  if ((one.vrf === undefined) === (one.bridge === undefined)) {
    return 'a macsec interface belongs to a VRF or a bridge, not to both and not to neither'
  }
  if (SUITES[one.cipher].xpn && one.replayWindow >= XPN_WINDOWS) {
    return `a window of ${one.replayWindow} is beyond what an XPN suite has`
  }
  if (one.tag === 'end-station') {
    if (one.bridge !== undefined) return 'an end station is in no bridge'
    if (one.tx.sci !== `${formatMac(parseMac(one.mac)).replaceAll(':', '')}0001`) {
      return `an end station's SCI is its MAC and port 1, not ${one.tx.sci}`
    }
  }
  if (one.tag === 'implicit' && new Set(one.rx.map(({ sci }) => sci)).size > 1) {
    return 'a receiver without SCI in its tags has one channel'
  }
  return undefined
}

function checkLower(context: LoadContext, one: MacsecInterface, lower: Port | Vxlan): void {
  const where = `interface ${one.id}`
  if (lower.upper !== undefined) context.fail(where, `interface ${lower.id} carries another interface`)
  if (lower.kind === 'port') return
  if (one.bridge === undefined) context.fail(where, 'a macsec interface on a vxlan interface is in a bridge')
  if (one.addresses.length > 0)
    context.fail(where, 'a macsec interface on a vxlan interface has no addresses')
  if (lower.bridge !== undefined) context.fail(where, `vxlan interface ${lower.id} is in a bridge itself`)
  if (lower.remotes.size !== 1) context.fail(where, `vxlan interface ${lower.id} has not one remote`)
  if (lower.learning) context.fail(where, `vxlan interface ${lower.id} learns, and has no bridge`)
}

/** MACSEC-9: what is wrong with the transmit SAs of an interface. */
export function transmitFault(
  cipher: MacsecInterface['cipher'],
  given: readonly Given[],
): string | undefined {
  if (new Set(given.map(({ an }) => an)).size < given.length) return 'two transmit SAs have one AN'
  if (new Set(given.map(({ key }) => key)).size < given.length) return 'two transmit SAs have one key'
  return given.map((one) => associationFault(cipher, one)).find((fault) => fault !== undefined)
}

function receiveFault(
  cipher: MacsecInterface['cipher'],
  given: readonly (Given & { readonly sci: string })[],
): string | undefined {
  const names = new Set(given.map(({ sci, an }) => `${sci} ${an}`))
  if (names.size < given.length) return 'two receive SAs have one SCI and AN'
  return given.map((one) => associationFault(cipher, one)).find((fault) => fault !== undefined)
}

/** MACSEC-9: what is wrong with an SA by itself. */
export function associationFault(
  cipher: MacsecInterface['cipher'],
  { an, ssci, pn }: Given,
): string | undefined {
  const { xpn, lastPn } = SUITES[cipher]
  if (xpn !== (ssci !== undefined)) {
    return `AN ${an} has ${xpn ? 'no SSCI' : 'an SSCI'}, and ${cipher} ${xpn ? 'needs one' : 'has none'}`
  }
  return BigInt(pn ?? 1) > lastPn ? `AN ${an} begins behind the last packet number of ${cipher}` : undefined
}

function keyFor(
  cipher: MacsecInterface['cipher'],
  { key: reference, ssci }: Given,
  sakOf: SakOf,
): AssociationKey {
  const { keyLength, xpn } = SUITES[cipher]
  const key = sakOf(reference, keyLength)
  if (!xpn || ssci === undefined) return { reference, key, sak: key, xpn: undefined }
  const octets = key.export()
  const { sak, salt } = importXpnKey(octets)
  octets.fill(0)
  return { reference, key, sak, xpn: { salt, ssci } }
}

/** A transmit SA, whose packet numbers {@link remember} gives. */
export function makeTransmit(
  { cipher, transmitSci: sci, tci, offset }: Macsec,
  given: Given,
  sakOf: SakOf,
): TransmitAssociation {
  const { an } = given
  const key = keyFor(cipher, given, sakOf)
  const start = BigInt(given.pn ?? 1)
  const sealer = { sci, an, key: key.key, sak: key.sak, xpn: key.xpn, tci, offset }
  return { an, key, start, sealer, state: transmitState(start) }
}

export function makeReceive({ cipher }: Macsec, sci: Sci, given: Given, sakOf: SakOf): ReceiveAssociation {
  const key = keyFor(cipher, given, sakOf)
  return { sci, an: given.an, key, lowest: BigInt(given.pn ?? 1) }
}

/** MACSEC-11: in the place of the SA with this AN, or behind all. */
export function setReceive({ rx, channels }: Macsec, association: ReceiveAssociation): void {
  const { sci, an } = association
  const channel = channels.get(sci) ?? { sci, associations: [], counters: channelCounters() }
  channels.set(sci, channel)
  const before = channel.associations[an]
  if (before === undefined) rx.push(association)
  else rx[rx.indexOf(before)] = association
  channel.associations[an] = association
}

/** MACSEC-9: a transmit SA goes on where its SCI and key were left, or where it is told if that is further. */
export function remember(
  memory: Map<string, TransmitState>,
  { transmitSci }: Macsec,
  association: TransmitAssociation,
): void {
  const name = `${formatSci(transmitSci)} ${association.key.reference}`
  const { start } = association
  const state = memory.get(name) ?? association.state
  if (state.next < start) state.next = start
  association.state = state
  memory.set(name, state)
}

/** MACSEC-8, MACSEC-9: what goes on from the program before. How many receive SAs do. */
export function takeOverMacsec(
  memory: Map<string, TransmitState>,
  before: Config | undefined,
  after: Config,
): number {
  let kept = 0
  for (const macsec of after.macsecs) {
    for (const association of macsec.tx) remember(memory, macsec, association)
    const was = before?.interfaces.get(macsec.id)
    if (was?.kind !== 'macsec') continue
    macsec.counters = was.counters
    for (const { sci, counters } of was.channels.values()) {
      const channel = macsec.channels.get(sci)
      if (channel !== undefined) channel.counters = counters
    }
    kept += keepLowest(was, macsec)
  }
  return kept
}

function keepLowest(was: Macsec, macsec: Macsec): number {
  if (was.cipher !== macsec.cipher) return 0
  let kept = 0
  for (const association of macsec.rx) {
    const known = was.channels.get(association.sci)?.associations[association.an]
    if (known?.key.reference !== association.key.reference) continue
    association.lowest = known.lowest
    kept++
  }
  return kept
}
