/**
 * An engine and wireguard-go, each in a namespace, with a cable between them that is listened to; and a host behind the engine.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { runCommand, tryCommand } from '../../../lab/command.js'
import { childEnvironment } from '../../../lab/labd/child-environment.js'
import { createFolder, selfIdentity } from '../../../lab/labd/folder.js'
import type { Resident } from '../../../lab/labd/resident.js'
import { sweepLab } from '../../../lab/labd/sweep.js'
import { entering } from '../../../lab/netns/driver.js'
import { namespacePrefix, newLabId } from '../../../lab/names.js'
import { startEngine } from '../../../lab/vm/engine.js'
import { cables, engineLines, HOST_LINES, PEER_LINES } from './wireguard-cables.js'
import { readHeard, type Heard } from './wireguard-heard.js'
import { newKeyPair, newPresharedKey, wgConfig, writeSecret } from './wireguard-keys.js'
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

/** What every packet of a test is filled with: 16 octets, as `ping -p` takes them and udp_echo.py sends them. */
export const CANARY = 'ztos-canary-7d1f'

export interface PairOptions {
  readonly form: Form
  readonly outer: Family
  readonly presharedKey?: 'same' | 'different'
  /** Who knows where the other is, and so may begin. */
  readonly knows: 'engine' | 'peer' | 'both'
  readonly engineKeepalive?: number
  readonly peerKeepalive?: number
  readonly loadLimit?: number
}

export interface Echoes {
  readonly family: Family
  /** Octets of the shortest and the longest. */
  readonly first: number
  readonly last: number
  readonly tos?: number
  /** Where they are answered; absent: another one each time. */
  readonly port?: number
  /** 0: the kernel's choice. */
  readonly sourcePort?: number
}

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
const Stats = z.object({ fates: z.record(z.string(), z.int()) })

const root = { uid: 0, gid: 0 }
const wireguardGo = fileURLToPath(new URL('../../../build/wireguard/wireguard-go', import.meta.url))
const script = (name: string): string[] => [
  '/usr/bin/python3',
  '-B',
  fileURLToPath(new URL(name, import.meta.url)),
]

export class Pair {
  readonly id = newLabId()
  readonly engineKeys = newKeyPair()
  readonly peerKeys = newKeyPair()
  readonly presharedKeys = { engine: newPresharedKey(), peer: newPresharedKey() }
  private readonly folder: string
  /** Sockets of wireguard-go lie in one folder for the whole host, so a device is named after the lab. */
  readonly device = `wg${this.id}`
  private readonly env = childEnvironment(root, this.id, { LOG_LEVEL: 'error' })
  private readonly children: ChildProcess[] = []
  private engine: Resident | undefined

  private constructor(readonly options: PairOptions) {
    this.folder = createFolder(root, {
      format: 'ztos-lab',
      version: 1,
      id: this.id,
      uid: 0,
      fabric: 'wireguard',
      created: new Date().toISOString(),
      attached: true,
      phase: 'up',
      labd: selfIdentity(),
    }).folder
  }

  static async open(options: PairOptions): Promise<Pair> {
    const pair = new Pair(options)
    try {
      await pair.cable()
      await pair.listen('peer', 'u0')
      await pair.listen('host', 'h0')
      // Who speaks by himself comes last, or nobody is there to hear him.
      const starts = [() => pair.startEngine(), () => pair.startPeer()]
      for (const start of options.engineKeepalive === undefined ? starts : starts.toReversed()) await start()
      return pair
    } catch (error) {
      await pair.close()
      throw error
    }
  }

  namespace(of: 'engine' | 'peer' | 'host'): string {
    return `${namespacePrefix(this.id)}${of}`
  }

  file(name: string): string {
    return path.join(this.folder, name)
  }

  async close(): Promise<void> {
    await sweepLab(root, this.id)
    rmSync(`/var/run/wireguard/${this.device}.sock`, { force: true })
  }

  // Running things

  async exec(where: 'engine' | 'peer' | 'host', argv: readonly string[], input = '', timeout = 60_000) {
    return tryCommand([...entering(this.namespace(where)), ...argv], { env: this.env, input, timeout })
  }

  private async must(where: 'engine' | 'peer' | 'host', lines: readonly string[]): Promise<void> {
    const argv = [...entering(this.namespace(where)), 'sh', '-ec', lines.join('\n')]
    await runCommand('a pair of WireGuard peers', argv, { env: this.env })
  }

  /** Starts what runs on, and waits for a word of it. */
  private async start(
    where: 'engine' | 'peer' | 'host',
    argv: readonly string[],
    word?: string,
  ): Promise<ChildProcess> {
    const [file = '', ...rest] = [...entering(this.namespace(where)), ...argv]
    const child = spawn(file, rest, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.children.push(child)
    let said = ''
    const hears = (text: Buffer) => (said += text.toString())
    child.stdout.on('data', hears)
    child.stderr.on('data', hears)
    const isSaid = () => word === undefined || said.includes(word)
    await until(`${argv.join(' ')} says ${word ?? 'nothing'}`, isSaid)
    return child
  }

  // Set-up

  private async cable(): Promise<void> {
    const namespaces = {
      engine: this.namespace('engine'),
      peer: this.namespace('peer'),
      host: this.namespace('host'),
    }
    await runCommand('a pair of WireGuard peers', ['ip', '-batch', '-'], { input: cables(namespaces) })
    await this.must('engine', engineLines(this.options.form))
    await this.must('peer', PEER_LINES)
    await this.must('host', HOST_LINES)
  }

  private async listen(where: 'peer' | 'host', device: string): Promise<void> {
    const argv = [
      'tcpdump',
      '--immediate-mode',
      '-i',
      device,
      '-U',
      '-Z',
      'root',
      '-B',
      '8192',
      '-w',
      this.file(`${device}.pcap`),
    ]
    await this.start(where, argv, 'listening on')
  }

  async startEngine(): Promise<void> {
    const { form, outer, knows, presharedKey, engineKeepalive, loadLimit } = this.options
    const program = tunnelProgram({
      form,
      peerKey: this.peerKeys.publicKey,
      hasPresharedKey: presharedKey !== undefined,
      ...(knows === 'peer' ? {} : { endpoint: { address: OUTER.peer[outer], port: PORT } }),
      ...(engineKeepalive === undefined ? {} : { keepalive: engineKeepalive }),
      ...(loadLimit === undefined ? {} : { loadLimit }),
    })
    rmSync(this.file('engine.sock'), { force: true })
    this.engine = await startEngine({
      namespace: this.namespace('engine'),
      folder: this.folder,
      program,
      keys: {
        [PRIVATE_KEY]: this.engineKeys.privateKey.toString('hex'),
        [PRESHARED_KEY]: this.presharedKeys.engine.toString('hex'),
      },
      env: this.env,
    })
  }

  private async startPeer(): Promise<void> {
    const { outer, knows, presharedKey, peerKeepalive } = this.options
    const key = presharedKey === 'different' ? this.presharedKeys.peer : this.presharedKeys.engine
    const address = OUTER.engine[outer]
    writeSecret(
      this.file('peer.conf'),
      wgConfig({
        own: this.peerKeys,
        port: PORT,
        other: this.engineKeys.publicKey,
        allowedIps: ['10.1.0.0/24', '10.9.0.0/24', 'fd00:1::/64'],
        ...(presharedKey === undefined ? {} : { presharedKey: key }),
        ...(knows === 'engine' ? {} : { endpoint: `${outer === 6 ? `[${address}]` : address}:${PORT}` }),
        ...(peerKeepalive === undefined ? {} : { keepalive: peerKeepalive }),
      }),
    )
    await this.start('peer', [wireguardGo, '-f', this.device])
    await until('wireguard-go listens', () => existsSync(`/var/run/wireguard/${this.device}.sock`))
    await this.must('peer', [
      // Linux computes checksums itself: wireguard-go writes one that comes to zero as zero, which over IPv6 nobody takes (RFC 8200 section 8.1).
      `ethtool -K ${this.device} tx off`,
      `wg setconf ${this.device} ${this.file('peer.conf')}`,
      ...[INNER.peer, INNER.notAllowed].flatMap((one) => [
        `ip addr add ${one[4]}/32 dev ${this.device}`,
        `ip -6 addr add ${one[6]}/128 dev ${this.device} nodad`,
      ]),
      `ip link set ${this.device} mtu ${MTU} up`,
      ...['10.1.0.0/24', '10.9.0.0/24'].map(
        (prefix) => `ip route add ${prefix} dev ${this.device} src ${INNER.peer[4]}`,
      ),
      `ip -6 route add fd00:1::/64 dev ${this.device} src ${INNER.peer[6]}`,
    ])
  }

  // What tests do

  /** Kills the engine as a crash would. */
  async killEngine(): Promise<void> {
    const pid = this.engine?.pid
    if (pid === null || pid === undefined) throw new Error('the engine does not run')
    process.kill(pid, 'SIGKILL')
    await until('the engine is gone', () => this.engine?.pid === null)
  }

  async control(op: string, more: Readonly<Record<string, unknown>> = {}) {
    if (this.engine === undefined) throw new Error('the engine was never started')
    return this.engine.request({ op, ...more })
  }

  /** The engine's view of its peer. */
  async peer() {
    const { wireguard } = Tables.parse(await this.control('tables'))
    return wireguard[0]!.peers[0]!
  }

  async fates(): Promise<Readonly<Record<string, number>>> {
    return Stats.parse(await this.control('stats')).fates
  }

  async wg(...argv: readonly string[]): Promise<string> {
    const [what = '', ...rest] = argv
    return runCommand('wg', [...entering(this.namespace('peer')), 'wg', what, this.device, ...rest], {
      env: this.env,
    })
  }

  /** @returns how many of `count` echoes came back */
  async ping(
    from: 'host' | 'peer' | 'engine',
    to: string,
    { count = 2, source, wait = 8 }: { count?: number; source?: string; wait?: number } = {},
  ): Promise<number> {
    const argv = ['ping', '-n', '-c', '1', '-W', String(wait), '-p', Buffer.from(CANARY).toString('hex')]
    let answered = 0
    // A ping for each: one that has had an answer waits no longer than its interval for the others (iputils), whatever it is told.
    for (let n = 0; n < count; n++) {
      // wireguard-go takes no initiation within 20 ms of the last.
      if (n > 0) await delay(200)
      const { stdout } = await this.exec(from, [...argv, ...(source === undefined ? [] : ['-I', source]), to])
      answered += Number(/(\d+) received/.exec(stdout)?.[1] ?? 0)
    }
    return answered
  }

  /** UDP of every size from one to the other and back. @returns the words of udp_echo.py */
  async echoes(
    [from, to]: readonly ['host', 'peer'] | readonly ['peer', 'host'],
    { family, first, last, tos = 0, port = 7000 + this.children.length, sourcePort = 0 }: Echoes,
  ): Promise<string> {
    const address = INNER[to][family]
    await this.start(to, [...script('udp_echo.py'), 'serve', address, String(port)], 'ready')
    const ask = [
      ...script('udp_echo.py'),
      'ask',
      address,
      ...[port, first, last, tos, sourcePort].map(String),
    ]
    const { stdout, stderr } = await this.exec(from, ask)
    return stdout + stderr
  }

  /**
   * Sends datagrams to a WireGuard port again and again, from an address of nobody, which the peer's kernel has: to its own port, not
   * by the cable. @returns when the first was answered, what ends it
   */
  async sendAsStranger(
    to: 'engine' | 'peer',
    datagrams: readonly Uint8Array[],
    { burst, interval }: { readonly burst: number; readonly interval: number },
  ): Promise<() => void> {
    const file = this.file('datagrams')
    writeFileSync(file, datagrams.map((one) => `${Buffer.from(one).toString('hex')}\n`).join(''))
    const where = [OUTER.stranger[4], OUTER[to][4], ...[PORT, burst, interval].map(String)]
    const child = await this.start('peer', [...script('send_udp.py'), file, ...where], 'answered')
    return () => void child.kill('SIGKILL')
  }

  /** The peer has another address from now on, and listens on another port. */
  async movePeer(port: number): Promise<void> {
    await this.must('peer', [
      `ip addr del ${OUTER.stranger[4]}/24 dev u0`,
      `ip addr add ${OUTER.moved[4]}/24 dev u0`,
      `ip addr del ${OUTER.peer[4]}/24 dev u0`,
    ])
    await this.wg('set', 'listen-port', String(port))
  }

  /** What the peer sends is marked CE on its way from now on. */
  async markCongestion(): Promise<void> {
    const object = this.file('mark_ce.o')
    const source = fileURLToPath(new URL('../../../dataplane/test/bpf/mark_ce.bpf.c', import.meta.url))
    const include = `-I/usr/include/${(await runCommand('marking', ['gcc', '-print-multiarch'])).trim()}`
    await runCommand('marking', ['clang', '-O2', '-g', '-target', 'bpf', include, '-c', source, '-o', object])
    await this.must('peer', [
      'tc qdisc add dev u0 clsact',
      `tc filter add dev u0 egress bpf da obj ${object} sec tc`,
    ])
  }

  /** What was heard on the cable so far. */
  heard(): Promise<readonly Heard[]> {
    return readHeard(this.file('u0.pcap'))
  }

  /** WireGuard's messages among them. */
  async messages(kind?: `wireguard-${string}`): Promise<readonly Heard[]> {
    return (await this.heard()).filter(({ layers }) =>
      layers.some((layer) =>
        kind === undefined ? layer.kind.startsWith('wireguard-') : layer.kind === kind,
      ),
    )
  }

  /** Frames with the canary on the cable, and between engine and host, where it is in the clear. */
  async canaries(): Promise<{ readonly cable: number; readonly host: number }> {
    const count = async (name: string) =>
      (await readHeard(this.file(name))).filter(({ octets }) => Buffer.from(octets).includes(CANARY)).length
    return { cable: await count('u0.pcap'), host: await count('h0.pcap') }
  }
}

/** Waits for something. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patience = 10_000,
): Promise<void> {
  const giveUp = performance.now() + patience
  while (!(await holds())) {
    if (performance.now() > giveUp) throw new Error(`${what}: not within ${patience} ms`)
    await delay(20)
  }
}
