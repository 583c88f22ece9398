/**
 * Random macsec interfaces: every suite, mode and tag, windows, several channels and ANs, standby SAs, packet numbers near
 * every limit.
 *
 * @module
 */
import type { Interface, MacsecInterface } from '../../../contract/program.js'
import { Random } from './random.js'

export type Suite = MacsecInterface['cipher']
/** Octets of a key, salt included. */
const KEY_LENGTHS: Readonly<Record<Suite, number>> = {
  'gcm-aes-128': 16,
  'gcm-aes-256': 32,
  'gcm-aes-xpn-128': 28,
  'gcm-aes-xpn-256': 44,
}
export const SUITES = Object.keys(KEY_LENGTHS) as Suite[]
/** Keys of each direction of an interface and suite. */
export const KEYS = 6

export const isXpn = (suite: Suite): boolean => suite.includes('xpn')
export const lastPn = (suite: Suite): bigint => (isXpn(suite) ? 2n ** 64n : 2n ** 32n) - 1n
/** The first packet number at which the next SA is wanted (MACSEC-7). */
const newKeyAt = (suite: Suite): bigint => 3n * 2n ** (isXpn(suite) ? 62n : 30n)

const sciOf = (mac: string): string => `${mac.replaceAll(':', '')}0001`
/** Of a channel, the same for all of its SAs. */
export const ssciOf = (sci: string): number => Number(BigInt(`0x${sci}`) % 0xffff_fffbn)
/** SCIs of channels that are nobody's in particular. */
export const STRANGE_SCIS = ['0200000200000001', '020000020000ffff']

type Direction = 'tx' | 'rx'

/** With what references of keys of the macsec interface on `lower` begin. */
export const keyFolder = (lower: number, suite: Suite): string => `lab:core/${lower}/${suite}/`

export function keyReference(lower: number, suite: Suite, direction: Direction, n: number): string {
  return `${keyFolder(lower, suite)}${direction}/${n}`
}

/** Every key that a macsec interface may be given. */
export function* keysOn(lower: number): Generator<readonly [string, Uint8Array]> {
  for (const [index, suite] of SUITES.entries()) {
    for (const direction of ['tx', 'rx'] as const) {
      for (let n = 0; n < KEYS; n++) {
        const seed = ((lower * 4 + index) * 2 + (direction === 'tx' ? 0 : 1)) * KEYS + n
        yield [keyReference(lower, suite, direction, n), new Random(seed).bytes(KEY_LENGTHS[suite])]
      }
    }
  }
}

/** A key, and an SSCI where the suite asks for one. */
export function keyOf(
  one: Pick<MacsecInterface, 'lower' | 'cipher'>,
  direction: Direction,
  n: number,
  sci: string,
) {
  const key = keyReference(one.lower, one.cipher, direction, n)
  return isXpn(one.cipher) ? { key, ssci: ssciOf(sci) } : { key }
}

/** Nothing mostly; else where something is about to happen. */
export function startPn(random: Random, suite: Suite, direction: Direction): { pn?: string } {
  if (random.chance(direction === 'rx' ? 60 : 45)) return {}
  const few = BigInt(random.below(direction === 'rx' ? 700 : 12))
  const upper =
    BigInt(
      random.weighted([
        [2, random.between(1, 9)],
        [1, random.u32()],
      ]),
    ) << 32n
  const edges = [
    lastPn(suite) - few,
    newKeyAt(suite) - 1n,
    newKeyAt(suite) - 2n,
    newKeyAt(suite) - few,
    2n + few,
  ]
  if (isXpn(suite)) {
    edges.push(upper + 0x7fff_ffffn - few, upper + 0x8000_0000n + few, upper - few, upper - few, upper + few)
  }
  const pn = random.pick(edges)
  return { pn: String(pn < 1n ? 1n : pn) }
}

/** What a macsec interface is, but for where it is. */
export type MacsecFields = Omit<
  MacsecInterface,
  'id' | 'name' | 'kind' | 'mtu' | 'addresses' | 'vrf' | 'bridge'
>

/** Who it is, and who is at the far end. */
export interface MacsecEnds {
  readonly lower: number
  readonly mac: string
  readonly far: string
  readonly inBridge: boolean
}

/** Fields of a macsec interface. */
export function randomMacsec(random: Random, { lower, mac, far, inBridge }: MacsecEnds): MacsecFields {
  const cipher = random.pick(SUITES)
  const one = { lower, cipher }
  const mode = random.weighted([
    [60, 'strict' as const],
    [25, 'check' as const],
    [15, 'disabled' as const],
  ])
  const confidentiality = random.weighted([
    [60, undefined],
    [14, 'none' as const],
    [13, 'offset-30' as const],
    [13, 'offset-50' as const],
  ])
  const tag = random.weighted([
    [70, undefined],
    [15, 'implicit' as const],
    [inBridge ? 0 : 15, 'end-station' as const],
  ])
  const sci = tag === 'end-station' || random.chance(85) ? sciOf(mac) : random.pick(STRANGE_SCIS)
  return {
    lower,
    mac,
    cipher,
    mode,
    ...(random.chance(25) ? { protect: random.chance(50) } : {}),
    ...(confidentiality === undefined ? {} : { confidentiality }),
    ...(tag === undefined ? {} : { tag }),
    ...(random.chance(25) ? { replayProtect: random.chance(20) } : {}),
    replayWindow: replayWindow(random, cipher),
    ...transmitAssociations(random, one, sci),
    rx: receiveAssociations(random, one, tag === 'implicit', sciOf(far), sci),
  }
}

function replayWindow(random: Random, suite: Suite): number {
  return random.weighted([
    [50, 0],
    [10, 1],
    [20, random.between(2, 64)],
    [5, 1000],
    [5, isXpn(suite) ? 2 ** 30 - 1 : 2 ** 32 - 1],
  ])
}

/** `tx` and `standby` of a channel. */
export function transmitAssociations(
  random: Random,
  one: Pick<MacsecInterface, 'lower' | 'cipher'>,
  sci: string,
): Pick<MacsecInterface, 'tx' | 'standby'> {
  const ans = random.shuffle([0, 1, 2, 3])
  const keys = random.shuffle([0, 1, 2, 3, 4, 5])
  const make = (index: number) => ({
    an: ans[index] ?? 0,
    ...keyOf(one, 'tx', keys[index] ?? 0, sci),
    ...startPn(random, one.cipher, 'tx'),
  })
  const more = random.weighted([
    [50, 0],
    [25, 1],
    [15, 2],
    [10, 3],
  ])
  const standby = Array.from({ length: more }, (_, n) => make(n + 1))
  return { tx: { sci, ...make(0) }, ...(more > 0 || random.chance(5) ? { standby } : {}) }
}

function receiveAssociations(
  random: Random,
  one: Pick<MacsecInterface, 'lower' | 'cipher'>,
  oneChannel: boolean,
  far: string,
  own: string,
): MacsecInterface['rx'] {
  const make = (sci: string, an: number, n: number) => ({
    sci,
    an,
    ...keyOf(one, 'rx', n, sci),
    ...startPn(random, one.cipher, 'rx'),
  })
  const ans = random.weighted([
    [6, [0]],
    [3, [0, 1]],
    [2, [3, 2, 1, 0]],
  ])
  const associations = ans.map((an) => make(far, an, an))
  // A second channel, with a key that the first has too; now and then what was sent comes back.
  if (!oneChannel && random.chance(30)) {
    const sci = random.chance(15) ? own : random.pick(STRANGE_SCIS)
    for (const an of random.some([0, 1, 2, 3], 40)) associations.push(make(sci, an, random.below(KEYS)))
  }
  return associations
}

/** The transmit SAs of another interface too: packet numbers belong to SCI and key (MACSEC-9). */
export function shareAssociations(random: Random, interfaces: Interface[]): void {
  const sealed = interfaces.filter((one) => one.kind === 'macsec')
  for (const [index, one] of interfaces.entries()) {
    if (one.kind !== 'macsec' || one.tag === 'end-station' || !random.chance(6)) continue
    const other = sealed.find((each) => each.id !== one.id && each.cipher === one.cipher)
    if (other === undefined) continue
    const { standby: _own, ...rest } = one
    const { tx, standby } = other
    interfaces[index] = { ...rest, tx, ...(standby === undefined ? {} : { standby }) }
  }
}

/** The same interface with something else, so that some SAs stay and some do not (MACSEC-8, MACSEC-9). */
export function changedMacsec(random: Random, one: MacsecInterface): MacsecInterface {
  const { tx, rx, lower, cipher } = one
  const other = (n: number) => keyOf({ lower, cipher }, 'rx', n, '0').key
  return random.weighted<() => MacsecInterface>([
    [4, () => ({ ...withoutStandby(one), ...transmitAssociations(random, one, tx.sci) })],
    [
      one.tag === 'end-station' ? 0 : 1,
      () => ({ ...withoutStandby(one), ...transmitAssociations(random, one, STRANGE_SCIS[0]!) }),
    ],
    [
      3,
      () => ({
        ...one,
        rx: rx.map((sa) => (random.chance(50) ? sa : { ...sa, key: other(random.below(KEYS)) })),
      }),
    ],
    [
      2,
      () => ({
        ...one,
        rx: random.shuffle(rx).slice(0, random.between(1, rx.length)),
      }),
    ],
    [
      2,
      () => ({
        ...one,
        replayWindow: replayWindow(random, cipher),
        mode: random.pick(['strict', 'check', 'disabled']),
      }),
    ],
    // Another suite has other keys.
    [
      1,
      () => {
        const far = rx[0]?.sci ?? STRANGE_SCIS[0]!
        const fields = { lower, cipher: random.pick(SUITES) }
        return {
          ...withoutStandby(one),
          ...fields,
          replayWindow: 0,
          ...transmitAssociations(random, fields, tx.sci),
          rx: receiveAssociations(random, fields, true, far, tx.sci),
        }
      },
    ],
    [1, () => one],
  ])()
}

function withoutStandby(one: MacsecInterface): MacsecInterface {
  const { standby: _standby, ...rest } = one
  return rest
}
