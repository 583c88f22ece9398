/**
 * Macsec interfaces of every kind on the bench: what their far ends send, and what they send themselves.
 *
 * @module
 */
import type { Interface, MacsecInterface, NodeProgram, Tables } from '../../../contract/program.js'
import {
  fromHex,
  importSak,
  importXpnKey,
  open,
  parseSci,
  readSecTag,
  seal,
  type ConfidentialityOffset,
} from '../../../twin/packet/index.js'
import { Bench, changed, extended, farMac, KEYS, portMac, raw, RX_SCI, suiteKey, TX_SCI } from './bench.js'

export type Suite = MacsecInterface['cipher']
export const SUITES: readonly Suite[] = ['gcm-aes-128', 'gcm-aes-256', 'gcm-aes-xpn-128', 'gcm-aes-xpn-256']
export const isXpn = (suite: Suite): boolean => suite.includes('xpn')
const TX_SSCI = 0x0102_0304
const RX_SSCI = 0x7a30_c118
/** AN of the far end's SA, and of the node's own. */
export const RX_AN = 2
export const TX_AN = 1
const LAST = { pn: 2n ** 32n - 1n, xpn: 2n ** 64n - 1n } as const
export const lastPn = (suite: Suite): bigint => (isXpn(suite) ? LAST.xpn : LAST.pn)

/** An SA with key n of a suite. */
export function association(suite: Suite, an: number, n: number, more: object = {}) {
  return { an, key: suiteKey(suite, n), ...(isXpn(suite) ? { ssci: TX_SSCI } : {}), ...more }
}
/** A receive SA likewise. */
export function received(suite: Suite, an: number, n: number, more: object = {}) {
  return { sci: RX_SCI, ...association(suite, an, n, isXpn(suite) ? { ssci: RX_SSCI } : {}), ...more }
}

/** Fields of interface 4 of the bench with a suite: sends with key 1, receives with key 2. */
export function fields(suite: Suite, more: Partial<MacsecInterface> = {}): Partial<MacsecInterface> {
  return {
    cipher: suite,
    tx: { sci: TX_SCI, ...association(suite, TX_AN, 1) },
    rx: [received(suite, RX_AN, 2)],
    ...more,
  }
}
export const programOf = (suite: Suite, more: Partial<MacsecInterface> = {}): NodeProgram =>
  changed({ 4: fields(suite, more) })
export const benchOf = (suite: Suite, more: Partial<MacsecInterface> = {}): Bench =>
  new Bench(programOf(suite, more))

/** An ARP frame from the far end of port 3: it is punted, so that what was opened is seen. */
export const clear = (octets = 46): Uint8Array => raw(portMac(3), farMac(3), 0x0806, octets)

/** How a far end seals, where it differs from interface 4's: key 2, SC, E and C. */
export interface Sealing {
  readonly key?: number
  readonly sci?: string
  readonly an?: number
  readonly ssci?: number
  readonly tci?: number
  readonly offset?: ConfidentialityOffset
  readonly frame?: Uint8Array
}

function keyOf(suite: Suite, n: number) {
  const octets = KEYS.get(suiteKey(suite, n))!
  return isXpn(suite) ? importXpnKey(octets) : { sak: importSak(octets), salt: new Uint8Array() }
}

/** What the far end of interface 4 sends. */
export function sealed(suite: Suite, pn: number | bigint, how: Sealing = {}): Uint8Array {
  const { key = 2, sci = RX_SCI, an = RX_AN, ssci = RX_SSCI, frame = clear(), ...rest } = how
  const { sak, salt } = keyOf(suite, key)
  const xpn = isXpn(suite) ? { salt, ssci } : undefined
  return seal({ frame, sak, sci: parseSci(sci), an, pn, xpn, ...rest })
}

/** What is on the wire of a line `tx PORT HEX`, opened as the far end of interface 4 would. */
export function openedBy(
  suite: Suite,
  line: string | undefined,
  how: Pick<Sealing, 'key' | 'offset'> & { readonly pn?: bigint; readonly port?: number } = {},
) {
  const [kind, port, hex = ''] = (line ?? '').split(' ')
  if (kind !== 'tx' || port !== String(how.port ?? 3)) throw new Error(`not sent: ${line}`)
  const octets = fromHex(hex)
  const { sak, salt } = keyOf(suite, how.key ?? 1)
  const read = readSecTag(octets, isXpn(suite))
  if (!read.ok) throw new Error(`no SecTAG: ${line}`)
  const pn = how.pn ?? BigInt(read.tag.pn)
  const xpn = isXpn(suite) ? { salt, ssci: TX_SSCI, pn } : undefined
  const opened = open({ frame: octets, sak, sci: parseSci(TX_SCI), offset: how.offset ?? 0, xpn })
  return { octets, tag: read.tag, frame: opened.ok ? opened.frame : undefined }
}

/** What the operation `tables` says of a macsec interface. */
export function stateOf(bench: Bench, id = 4) {
  const found = bench.node.tables().macsec.find((one) => one.interface === id)
  if (found === undefined) throw new Error(`interface ${id} is no macsec interface`)
  return found
}

/** Counters that are not zero. */
function counted(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => count > 0))
}

/** Of an interface, its one receive channel and its first transmit SA, those that are not zero. */
export function counts(bench: Bench, id = 4): Record<string, number> {
  const { counters, rx, tx } = stateOf(bench, id)
  return counted({ ...counters, ...rx[0]?.counters, ...tx.associations[0]?.counters })
}

const sealedPort = { kind: 'port' as const, addresses: [], tap: true, mtu: 1732 }
const member = {
  kind: 'macsec' as const,
  bridge: 10,
  mtu: 1500,
  addresses: [],
  cipher: 'gcm-aes-128' as const,
  mode: 'strict' as const,
  replayWindow: 0,
}
export const TUNNEL_VNI = 40052

/** Ids of members of bridge 10 that are macsec interfaces: on port 50, and on tunnel 52. */
export const ON_PORT = 51
export const ON_TUNNEL = 53
const SCI_ON_PORT = '0200000000320001'
const SCI_ON_TUNNEL = '0200000000340001'
export const FAR_ON_PORT = '0200000001320001'
export const FAR_ON_TUNNEL = '0200000001340001'

const TUNNEL: Extract<Interface, { kind: 'vxlan' }> = {
  kind: 'vxlan',
  id: 52,
  name: 'vx-sealed',
  vni: TUNNEL_VNI,
  underlayVrf: 0,
  local: '10.255.0.1',
  port: 4789,
  mtu: 1550,
  learning: false,
  ttl: 64,
  dscp: 0,
  df: true,
  udpChecksum: 'zero',
  remotes: ['10.255.0.2'],
}
const MEMBER_ON_PORT: MacsecInterface = {
  ...member,
  id: ON_PORT,
  name: 'sec50',
  lower: 50,
  mac: '02:00:00:00:00:32',
  tx: { sci: SCI_ON_PORT, ...association('gcm-aes-128', 0, 3) },
  rx: [{ sci: FAR_ON_PORT, ...association('gcm-aes-128', 0, 4) }],
}
export const MEMBER_ON_TUNNEL: MacsecInterface = {
  ...member,
  id: ON_TUNNEL,
  name: 'sec52',
  lower: 52,
  mac: '02:00:00:00:00:34',
  tx: { sci: SCI_ON_TUNNEL, ...association('gcm-aes-128', 0, 5) },
  rx: [{ sci: FAR_ON_TUNNEL, ...association('gcm-aes-128', 0, 6) }],
}

/** The bench's program with members of bridge 10 that are macsec interfaces, their fields changed by id. */
export function membersProgram(
  fieldsById: Parameters<typeof changed>[0] = {},
  tables: Partial<Tables> = {},
): NodeProgram {
  const port = { ...sealedPort, id: 50, name: 'eth50', mac: '02:00:00:00:00:32' }
  const more: Interface[] = [port, MEMBER_ON_PORT, TUNNEL, MEMBER_ON_TUNNEL]
  return extended(
    more.map((one) => ({ ...one, ...fieldsById[one.id] })),
    tables,
    fieldsById,
  )
}
