/**
 * What WireGuard seals, opened by tshark: from a capture, and one end's private keys, static and ephemeral, it works out each session and
 * reads what hosts have said. The engine's messages are the twin's, octet for octet (test/differential/machine).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { build, writePcap } from '../../../twin/packet/index.js'
import { keyedHash } from '../../../twin/packet/wireguard-crypto.js'
import { fromHost, KEYS, Pair, publicKey, type Fields, type Node } from '../../machine/support/wireguard.js'
import { tsharkFields } from '../../support/tshark.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zt-wireguard-'))
})
afterAll(() => rm(folder, { recursive: true }))

const FIELDS = [
  'wg.type',
  'wg.handshake_ok',
  'wg.decryption_error',
  'wg.keepalive',
  'ip.src',
  'ipv6.src',
  'data.data',
]
const SIZES = [0, 1, 15, 16, 17, 100, 256, 1300]
const base64 = (octets: Uint8Array): string => Buffer.from(octets).toString('base64')

/** Its n-th draw of 32 octets as a private key (WG-20): the first of a handshake is its index. */
function ephemeralOf(node: Node, privateKey: Uint8Array, n: number): Uint8Array {
  const seed = node.inputs.find((one) => one.kind === 'seed')
  if (seed?.kind !== 'seed') throw new TypeError('the node has no seed')
  const text = new Uint8Array(40)
  text.set(seed.entropy)
  new DataView(text.buffer).setBigUint64(32, BigInt(n), true)
  const key = Uint8Array.from(keyedHash(privateKey, text))
  key[0]! &= 0xf8
  key[31] = (key[31]! & 0x7f) | 0x40
  return key
}

const forms = ([4, 6] as const).flatMap((family) => [false, true].map((preshared) => ({ family, preshared })))

describe.each(forms)(
  '[O10] tshark, IPv$family outside, pre-shared key: $preshared',
  ({ family, preshared }) => {
    const withKey = (peers: Fields['peers']): Fields => ({
      peers: (peers ?? []).map((peer) => (preshared ? { ...peer, presharedKey: 'lab:wg/psk' } : peer)),
    })

    it('[WG-12] [WG-14] [WG-16] opens both messages of a handshake and all data behind it, both ways', async () => {
      const plain = new Pair('lower', family)
      const peersOf = ({ program }: Node) =>
        program.interfaces.flatMap((one) => (one.kind === 'wireguard' ? one.peers : []))
      const pair = new Pair('lower', family, { a: withKey(peersOf(plain.a)), b: withKey(peersOf(plain.b)) })
      const frames: Uint8Array[] = []
      const said: { readonly inner: string; readonly payload: string }[] = []
      /** Carries all that was sent, and what is sent about it, and keeps it. */
      const carry = (from: Node): void => {
        const to = from === pair.a ? pair.b : pair.a
        for (const frame of from.sent) {
          frames.push(frame)
          to.frame(1, frame)
          if (to.sent.length > 0) carry(to)
        }
      }
      for (const [n, node] of [
        [1, pair.a],
        [2, pair.b],
      ] as const)
        for (const inner of [4, 6] as const)
          for (const size of SIZES) {
            const octets = Uint8Array.from({ length: size }, (_, i) => (i * 7 + size) % 256)
            const stack = build.udp({ srcPort: 40_000, dstPort: 40_001 }, build.payload(octets))
            node.frame(3, fromHost(n, { stack }, inner))
            said.push({
              inner: inner === 4 ? `10.${n}.0.10` : `fd00:${n}::10`,
              payload: Buffer.from(octets).toString('hex'),
            })
            carry(node)
          }
      const secret = KEYS.get('lab:wg/1')!
      const log = path.join(folder, `${family}-${preshared}.keys`)
      await writeFile(
        log,
        [
          `LOCAL_STATIC_PRIVATE_KEY = ${base64(secret)}`,
          `REMOTE_STATIC_PUBLIC_KEY = ${publicKey(2)}`,
          `LOCAL_EPHEMERAL_PRIVATE_KEY = ${base64(ephemeralOf(pair.a, secret, 1))}`,
          ...(preshared ? [`PRESHARED_KEY = ${base64(KEYS.get('lab:wg/psk')!)}`] : []),
          '',
        ].join('\n'),
        { mode: 0o600 },
      )
      const capture = path.join(folder, `${family}-${preshared}.pcap`)
      await writeFile(capture, writePcap(frames.map((bytes) => ({ bytes }))))
      const rows = await tsharkFields(capture, FIELDS, [`wg.keylog_file:${log}`])
      expect(rows.flatMap((row) => row.get('wg.decryption_error'))).toEqual([])
      const handshake = rows.filter((row) => ['1', '2'].includes(row.get('wg.type')?.[0] ?? ''))
      expect(handshake.map((row) => [row.get('wg.type'), row.get('wg.handshake_ok')])).toEqual([
        [['1'], []],
        [['2'], ['1']],
      ])
      const data = rows.filter(
        (row) => row.get('wg.type')?.[0] === '4' && row.get('wg.keepalive')?.length === 0,
      )
      expect(
        data.map((row) => ({
          inner: [...(row.get('ip.src') ?? []), ...(row.get('ipv6.src') ?? [])].find((one) =>
            /^(?:10\.|fd00:)/.test(one),
          ),
          payload: row.get('data.data')?.at(-1) ?? '',
        })),
      ).toEqual(said)
    })
  },
)
