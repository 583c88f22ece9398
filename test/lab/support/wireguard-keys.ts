/** Keys of a pair of WireGuard peers, in the files that either side reads. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'

export interface KeyPair {
  readonly privateKey: Buffer
  /** As `wg` shows it. */
  readonly publicKey: string
}

export function newKeyPair(): KeyPair {
  const { d, x } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })
  return {
    privateKey: Buffer.from(d!, 'base64url'),
    publicKey: Buffer.from(x!, 'base64url').toString('base64'),
  }
}

export const newPresharedKey = (): Buffer => randomBytes(32)

/** A file that only its owner reads. */
export function writeSecret(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 })
}

export interface PeerConfig {
  readonly own: KeyPair
  readonly port: number
  readonly other: string
  readonly presharedKey?: Buffer
  readonly allowedIps: readonly string[]
  readonly endpoint?: string
  readonly keepalive?: number
}

/** What `wg setconf` reads. */
export function wgConfig({
  own,
  port,
  other,
  presharedKey,
  allowedIps,
  endpoint,
  keepalive,
}: PeerConfig): string {
  return [
    '[Interface]',
    `PrivateKey = ${own.privateKey.toString('base64')}`,
    `ListenPort = ${port}`,
    '[Peer]',
    `PublicKey = ${other}`,
    ...(presharedKey === undefined ? [] : [`PresharedKey = ${presharedKey.toString('base64')}`]),
    `AllowedIPs = ${allowedIps.join(', ')}`,
    ...(endpoint === undefined ? [] : [`Endpoint = ${endpoint}`]),
    ...(keepalive === undefined ? [] : [`PersistentKeepalive = ${keepalive}`]),
    '',
  ].join('\n')
}
