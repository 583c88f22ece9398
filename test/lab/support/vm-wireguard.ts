/** An engine and the WireGuard of a reference VM's kernel, at the two ends of a cable. */
import { z } from 'zod'
import type { ReferenceVm } from '../../../lab/vm/machine.js'
import { firstLayer, type Layer } from '../../../twin/packet/index.js'
import { GUEST_DEVICE, VmPair } from './vm-pair.js'
import { engineLines, PEER_LINES } from './wireguard-cables.js'
import type { Heard } from './wireguard-heard.js'
import { newKeyPair, newPresharedKey, wgConfig } from './wireguard-keys.js'
import {
  INNER,
  MTU,
  OUTER,
  PORT,
  PRESHARED_KEY,
  PRIVATE_KEY,
  tunnelProgram,
  type Family,
  type Form,
} from './wireguard-program.js'

export interface VmWireguardOptions {
  readonly form: Form
  readonly outer: Family
  readonly presharedKey?: 'same' | 'different'
  /** Who knows where the other is, and so may begin. */
  readonly knows: 'engine' | 'guest' | 'both'
  readonly engineKeepalive?: number
  readonly guestKeepalive?: number
}

export type Sender = 'engine' | 'guest'

const DEVICE = 'wg0'
const Tables = z.object({
  wireguard: z.array(
    z.object({
      peers: z.array(
        z.object({
          endpoint: z.object({ address: z.string(), port: z.int() }).nullable(),
          latestHandshake: z.number(),
          sessions: z.array(z.object({ role: z.string(), initiator: z.boolean() })),
        }),
      ),
    }),
  ),
})

export class VmWireguard {
  private constructor(
    readonly pair: VmPair,
    private readonly engineKey: string,
    private readonly config: string,
  ) {}

  static async open(vm: ReferenceVm | undefined, options: VmWireguardOptions): Promise<VmWireguard> {
    const [engine, guest] = [newKeyPair(), newKeyPair()]
    const presharedKey = newPresharedKey()
    const { form, outer, knows, presharedKey: psk } = options
    const address = OUTER.engine[outer]
    const config = wgConfig({
      own: guest,
      port: PORT,
      other: engine.publicKey,
      allowedIps: ['10.1.0.0/24', '10.9.0.0/24', 'fd00:1::/64'],
      ...(psk === undefined ? {} : { presharedKey: psk === 'same' ? presharedKey : newPresharedKey() }),
      ...(knows === 'engine' ? {} : { endpoint: `${outer === 6 ? `[${address}]` : address}:${PORT}` }),
      ...(options.guestKeepalive === undefined ? {} : { keepalive: options.guestKeepalive }),
    })
    const pair = await VmPair.open(vm, {
      engine: {
        program: tunnelProgram({
          form,
          peerKey: guest.publicKey,
          hasPresharedKey: psk !== undefined,
          ...(knows === 'guest' ? {} : { endpoint: { address: OUTER.peer[outer], port: PORT } }),
          ...(options.engineKeepalive === undefined ? {} : { keepalive: options.engineKeepalive }),
        }),
        keys: {
          [PRIVATE_KEY]: engine.privateKey.toString('hex'),
          [PRESHARED_KEY]: presharedKey.toString('hex'),
        },
        lines: engineLines(form),
      },
      guestLines: [...PEER_LINES, ...deviceLines(config)],
      lastIsEngine: options.engineKeepalive !== undefined,
    })
    return new VmWireguard(pair, engine.publicKey, config)
  }

  /** The engine's view of its peer. */
  async peer() {
    const { wireguard } = Tables.parse(await this.pair.control('tables'))
    return wireguard[0]!.peers[0]!
  }

  /** The guest's view of its: a line of `wg show dump`. */
  async dump(): Promise<{
    readonly endpoint: string
    readonly handshake: number
    readonly received: number
  }> {
    const [, line = ''] = (await this.pair.guest([`wg show ${DEVICE} dump`])).trim().split('\n')
    const [key, , endpoint = '', , handshake, received] = line.split('\t')
    if (key !== this.engineKey) throw new Error(`the guest has no peer: ${line}`)
    return { endpoint, handshake: Number(handshake), received: Number(received) }
  }

  /** The guest forgets its peer and all keys, and learns of it again. */
  async forget(): Promise<void> {
    await this.pair.guest([
      `wg set ${DEVICE} peer ${this.engineKey} remove`,
      ...setLines('addconf', this.config),
    ])
  }

  async wg(...argv: readonly string[]): Promise<string> {
    const [what = '', ...rest] = argv
    return this.pair.guest([['wg', what, DEVICE, ...rest].join(' ')])
  }

  get engineKeyText(): string {
    return this.engineKey
  }

  /** The guest has another address from now on, and listens on another port. */
  async move(port: number): Promise<void> {
    await this.pair.guest([
      `ip addr del ${OUTER.stranger[4]}/24 dev ${GUEST_DEVICE}`,
      `ip addr add ${OUTER.moved[4]}/24 dev ${GUEST_DEVICE}`,
      `ip addr del ${OUTER.peer[4]}/24 dev ${GUEST_DEVICE}`,
      `wg set ${DEVICE} listen-port ${port}`,
    ])
  }

  /** WireGuard's messages on the cable. */
  async messages(kind?: `wireguard-${string}`, from?: Sender): Promise<readonly Heard[]> {
    const wanted = ({ kind: has }: Layer) =>
      kind === undefined ? has.startsWith('wireguard-') : has === kind
    return (await this.pair.heard()).filter(
      (one) => one.layers.some(wanted) && (from === undefined || senderOf(one) === from),
    )
  }
}

export function senderOf({ from }: Heard): Sender {
  return from === 'engine' ? 'engine' : 'guest'
}

/** Data, but an empty text. */
export function isKeepalive(one: Heard, sender: Sender): boolean {
  const isData = firstLayer(one.layers, 'wireguard-data') !== undefined
  return senderOf(one) === sender && isData && firstLayer(one.layers, 'payload') === undefined
}

/** By standard input: a key on no command line. */
function setLines(how: 'setconf' | 'addconf', config: string): string[] {
  return [`wg ${how} ${DEVICE} /dev/stdin <<'end'`, ...config.trimEnd().split('\n'), 'end']
}

function deviceLines(config: string): string[] {
  return [
    `ip link add ${DEVICE} type wireguard`,
    ...setLines('setconf', config),
    ...[INNER.peer, INNER.notAllowed].flatMap((one) => [
      `ip addr add ${one[4]}/32 dev ${DEVICE}`,
      `ip -6 addr add ${one[6]}/128 dev ${DEVICE} nodad`,
    ]),
    `ip link set ${DEVICE} mtu ${MTU} up`,
    ...['10.1.0.0/24', '10.9.0.0/24'].map(
      (prefix) => `ip route add ${prefix} dev ${DEVICE} src ${INNER.peer[4]}`,
    ),
    `ip -6 route add fd00:1::/64 dev ${DEVICE} src ${INNER.peer[6]}`,
  ]
}
