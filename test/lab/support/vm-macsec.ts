/** MACsec of a reference VM's kernel: devices of every suite and form, and what they count. */
import { randomBytes, randomInt } from 'node:crypto'
import { z } from 'zod'
import { isExtended, keyLength, type Association, type Suite, type Tag } from './macsec-reference.js'
import { GUEST_DEVICE, type VmPair } from './vm-pair.js'

export interface GuestMacsec {
  readonly device: string
  readonly mac: string
  readonly suite: Suite
  readonly encrypts: boolean
  readonly tag: Tag
  readonly replayWindow: number
  /** The first encodes. */
  readonly tx: readonly Association[]
  readonly rx: readonly Association[]
  /** Next packet number of either direction; absent: 1. */
  readonly pn?: bigint
  readonly mtu?: number
}

const Shown = z.array(
  z.looseObject({
    ifname: z.string(),
    InPktsBadTag: z.int(),
    InPktsNoTag: z.int(),
    rx_sc: z.array(
      z.looseObject({
        InPktsOK: z.int(),
        InPktsLate: z.int(),
        InPktsNotValid: z.int(),
        InPktsNotUsingSA: z.int(),
      }),
    ),
  }),
)

export function newAssociation(suite: Suite, mac: string, an: number): Association {
  return {
    suite,
    an,
    // Of a station's first port.
    sci: `${mac.replaceAll(':', '')}0001`,
    key: randomBytes(keyLength(suite)),
    salt: randomBytes(12),
    ssci: randomInt(1, 2 ** 32),
  }
}

/** For {@link VmPair.guest}: a device on the cable, up. */
export function macsecLines(options: GuestMacsec): string[] {
  const { device, mac, suite, encrypts, tag, replayWindow, tx, rx } = options
  const { pn = 1n, mtu = 1500 } = options
  const [encoding] = tx
  const settings = Object.entries({
    cipher: suite,
    encrypt: onOff(encrypts),
    send_sci: onOff(tag === 'explicit'),
    end_station: onOff(tag === 'end-station'),
    validate: 'strict',
    replay: 'on',
    window: replayWindow,
    encodingsa: encoding?.an ?? 0,
  })
  const association = (sa: Association) => {
    const extended = `xpn ${pn} salt ${hex(sa.salt)} ssci ${sa.ssci.toString(16)}`
    return `sa ${sa.an} ${isExtended(suite) ? extended : `pn ${pn}`} on key ${hex(randomBytes(16))} ${hex(sa.key)}`
  }
  const channel = (sa: Association) => `ip macsec add ${device} rx sci ${sa.sci}`
  return [
    `ip link add ${device} link ${GUEST_DEVICE} address ${mac} type macsec ${settings.flat().join(' ')}`,
    ...tx.map((sa) => `ip macsec add ${device} tx ${association(sa)}`),
    ...new Set(rx.map(channel)),
    ...rx.map((sa) => `${channel(sa)} ${association(sa)}`),
    `ip link set ${device} mtu ${mtu} up`,
  ]
}

export interface Counted {
  readonly InPktsOK: number
  readonly InPktsLate: number
  readonly InPktsNotValid: number
  readonly InPktsNotUsingSA: number
  readonly InPktsBadTag: number
  readonly InPktsNoTag: number
}

/** What devices of the guest have counted of what they received; each has one channel. */
export async function counted(pair: VmPair): Promise<ReadonlyMap<string, Counted>> {
  const devices = Shown.parse(JSON.parse(await pair.guest(['ip -s -j macsec show'])))
  return new Map(
    devices.map(({ ifname, InPktsBadTag, InPktsNoTag, rx_sc: [channel] }) => {
      const { InPktsOK, InPktsLate, InPktsNotValid, InPktsNotUsingSA } = channel!
      return [ifname, { InPktsOK, InPktsLate, InPktsNotValid, InPktsNotUsingSA, InPktsBadTag, InPktsNoTag }]
    }),
  )
}

const onOff = (is: boolean): string => (is ? 'on' : 'off')
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')
