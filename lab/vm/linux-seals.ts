/**
 * MACsec and WireGuard interfaces of a program in the words of Linux, for `sh` in a guest. Keys go by standard input alone.
 *
 * @module
 */
import type { MacsecInterface, WireguardInterface } from '../../contract/program.js'

/** By reference. */
export type KeyValues = ReadonlyMap<string, Uint8Array>

/** Name of an interface's device: names of programs are too long for some. */
export const deviceName = (id: number): string => `i${id}`

/** Octets of the salt behind the SAK of an XPN suite. */
const SALT = 12

/** A device on that of its lower interface, with all its SAs, down. */
export function macsecLines(seal: MacsecInterface, keys: KeyValues): string[] {
  const device = deviceName(seal.id)
  const { cipher, mode, tx, rx, standby = [], replayProtect = true, replayWindow } = seal
  const settings: Readonly<Record<string, string | number>> = {
    // One that is not sent is the MAC's, of port 1: Linux takes no other.
    ...(seal.tag === undefined ? { sci: tx.sci } : {}),
    cipher,
    protect: onOff(seal.protect ?? mode !== 'disabled'),
    encrypt: onOff(seal.confidentiality !== 'none'),
    send_sci: onOff(seal.tag === undefined),
    end_station: onOff(seal.tag === 'end-station'),
    validate: mode,
    replay: onOff(replayProtect),
    ...(replayProtect ? { window: replayWindow } : {}),
    encodingsa: tx.an,
  }
  const isExtended = cipher.includes('xpn')
  const association = (
    sci: string,
    { an, key, ssci = 0, pn = '1' }: Omit<MacsecInterface['tx'], 'sci'>,
  ): string => {
    const value = Buffer.from(valueOf(keys, key))
    const sak = isExtended ? value.subarray(0, -SALT) : value
    const extended = `xpn ${pn} salt ${value.subarray(-SALT).toString('hex')} ssci ${ssci.toString(16)}`
    // The identifier is for people; 16 octets.
    const identifier = `${sci}${an.toString(16).padStart(16, '0')}`
    return `sa ${an} ${isExtended ? extended : `pn ${pn}`} on key ${identifier} ${sak.toString('hex')}`
  }
  return [
    `ip link add ${device} link ${deviceName(seal.lower)} address ${seal.mac} type macsec ${Object.entries(settings).flat().join(' ')}`,
    ...[tx, ...standby].map((sa) => `ip macsec add ${device} tx ${association(tx.sci, sa)}`),
    ...[...new Set(rx.map(({ sci }) => sci))].map((sci) => `ip macsec add ${device} rx sci ${sci}`),
    ...rx.map((sa) => `ip macsec add ${device} rx sci ${sa.sci} ${association(sa.sci, sa)}`),
  ]
}

/** A device with its key and peers, down; in the namespace where its socket is to be. */
export function wireguardLines(
  { id, privateKey, listenPort, peers }: WireguardInterface,
  keys: KeyValues,
  mark?: number,
): string[] {
  const device = deviceName(id)
  return [
    `ip link add ${device} type wireguard`,
    `wg setconf ${device} /dev/stdin <<'end'`,
    '[Interface]',
    `PrivateKey = ${base64(keys, privateKey)}`,
    `ListenPort = ${listenPort}`,
    ...(mark === undefined ? [] : [`FwMark = ${mark}`]),
    ...peers.flatMap(({ publicKey, presharedKey, endpoint, allowedIps, persistentKeepalive }) => [
      '[Peer]',
      `PublicKey = ${publicKey.endsWith('/public') ? base64(keys, publicKey) : publicKey}`,
      ...(presharedKey === undefined ? [] : [`PresharedKey = ${base64(keys, presharedKey)}`]),
      ...(allowedIps.length === 0 ? [] : [`AllowedIPs = ${allowedIps.join(', ')}`]),
      ...(endpoint === undefined ? [] : [`Endpoint = ${socketText(endpoint)}`]),
      ...(persistentKeepalive === undefined ? [] : [`PersistentKeepalive = ${persistentKeepalive}`]),
    ]),
    'end',
  ]
}

function socketText({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

const base64 = (keys: KeyValues, reference: string): string =>
  Buffer.from(valueOf(keys, reference)).toString('base64')

function valueOf(keys: KeyValues, reference: string): Uint8Array {
  const value = keys.get(reference)
  if (value === undefined) throw new Error(`no value was given for the key ${reference}`)
  return value
}

const onOff = (is: boolean): string => (is ? 'on' : 'off')
