/**
 * An engine and the kernel of a reference VM, with a cable between them that is listened to, and a host behind the engine. Any number of
 * them use one VM, each with a NIC and a namespace of the guest's.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import { runCommand, tryCommand } from '../../../lab/command.js'
import { commandError, LabError, messageOf, type CommandOutcome } from '../../../lab/errors.js'
import { childEnvironment } from '../../../lab/labd/child-environment.js'
import type { Resident } from '../../../lab/labd/resident.js'
import { namespacePrefix, phyName } from '../../../lab/names.js'
import { entering } from '../../../lab/netns/driver.js'
import { CableTap } from '../../../lab/vm/cable-tap.js'
import { CANARY, holdsCanary } from '../../../lab/vm/canary.js'
import { cableName, tapName } from '../../../lab/vm/cables.js'
import { startEngine } from '../../../lab/vm/engine.js'
import { batched } from '../../../lab/vm/guest-script.js'
import { vmImage } from '../../../lab/vm/image.js'
import { ReferenceVm } from '../../../lab/vm/machine.js'
import { HOST_LINES } from './wireguard-cables.js'
import { readHeard, type Heard } from './wireguard-heard.js'
import { FAR_MAC, HOST, UNDER } from './wireguard-program.js'

/** The guest's device on the cable, in its namespace. */
export const GUEST_DEVICE = 'u0'

interface EngineSide {
  readonly program: unknown
  /** By reference, hex digits. */
  readonly keys: Readonly<Record<string, string>>
  /** Set up beside the engine before it is started, in its namespace. */
  readonly lines: readonly string[]
}

export interface VmPairOptions {
  /** Absent: nobody is at the other end of the cable but the test. */
  readonly engine?: EngineSide
  /** Set up in the guest, in a namespace that has the cable's end, up, as `u0`. */
  readonly guestLines: readonly string[]
  /** Who speaks first by himself comes last, or nobody is there to hear him. */
  readonly lastIsEngine?: boolean
}

export interface Ping {
  readonly to: string
  /** s to wait for the answer; 20 unless given. */
  readonly wait?: number
  readonly size?: number
  readonly tos?: number
  readonly source?: string
}

/** With nobody there: the cable has carrier, and the kernel says nothing. */
const FAR_END = [
  'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6',
  `ip link set ${phyName(UNDER.name)} arp off up`,
]
const Stats = z.object({ fates: z.record(z.string(), z.int()) })
/** ms for a command of the guest's: emulated, and among other work, one may take long. */
const PATIENCE = 100_000
const sendFrames = fileURLToPath(new URL('send_frames.py', import.meta.url))

/** To be given to `beforeEach`: without root or an image there is no VM, and the skip says so. */
export function needsVm(context: TestContext): void {
  context.skip(process.getuid?.() !== 0, 'labs need root')
  const reason = whyNoVm()
  context.skip(reason !== undefined, reason ?? '')
}

function whyNoVm(): string | undefined {
  try {
    vmImage()
    return undefined
  } catch (error) {
    if (error instanceof LabError && error.code === 'ZT_LAB_MISSING') return error.message
    throw error
  }
}

/** For `beforeAll`. @returns nothing where {@link needsVm} skips */
export async function bootVm(links: number): Promise<ReferenceVm | undefined> {
  if (process.getuid?.() !== 0 || whyNoVm() !== undefined) return undefined
  return ReferenceVm.start({ links })
}

let made = 0

export class VmPair {
  private readonly number = ++made
  private readonly folder: string
  private readonly env: Readonly<Record<string, string>>
  private tap: CableTap | undefined
  private engine: Resident | undefined

  private constructor(
    private readonly vm: ReferenceVm,
    private readonly link: number,
  ) {
    this.folder = path.join(vm.folder, `pair${this.number}`)
    this.env = childEnvironment({ uid: 0, gid: 0 }, vm.lab, { LOG_LEVEL: 'error' })
    mkdirSync(this.folder, { mode: 0o700 })
  }

  static async open(vm: ReferenceVm | undefined, options: VmPairOptions): Promise<VmPair> {
    if (vm === undefined) throw new Error('there is no VM')
    const pair = new VmPair(vm, await vm.acquire())
    try {
      await pair.setUp(options)
      return pair
    } catch (error) {
      await pair.close()
      throw error
    }
  }

  private async setUp({ engine, guestLines, lastIsEngine }: VmPairOptions): Promise<void> {
    await this.cable(engine?.lines ?? FAR_END)
    await this.listen()
    const starts = [() => this.start(engine), () => this.startGuestPatiently(guestLines)]
    for (const start of lastIsEngine === true ? starts.toReversed() : starts) await start()
  }

  private async start(engine: EngineSide | undefined): Promise<void> {
    if (engine === undefined) return
    const { namespace } = this.place('engine')
    const { program, keys } = engine
    this.engine = await startEngine({ namespace, folder: this.folder, program, keys, env: this.env })
  }

  async close(): Promise<void> {
    this.tap?.stop()
    await this.engine?.stop()
    await this.clearGuest()
    await this.vm.unplug(this.link).catch(() => undefined)
    const names = (['engine', 'host'] as const).map((where) => this.place(where).namespace)
    await tryCommand(['ip', '-force', '-batch', '-'], {
      input: names.map((name) => `netns del ${name}\n`).join(''),
    })
    this.vm.release(this.link)
  }

  private async clearGuest(): Promise<void> {
    await this.vm.exec(['sh'], {
      timeout: PATIENCE,
      // The NIC goes back before its namespace does, or it comes when the kernel has time for it.
      input: `ip -n ${this.guestName} link set ${GUEST_DEVICE} down name eth${this.link} netns 1\nip netns del ${this.guestName}\n`,
    })
  }

  // Set-up

  private get guestName(): string {
    return `g${this.number}`
  }

  private place(where: 'engine' | 'host' | 'cable'): { readonly namespace: string } {
    const prefix = namespacePrefix(this.vm.lab)
    return { namespace: where === 'cable' ? this.vm.namespace : `${prefix}${where}${this.number}` }
  }

  private async cable(engineLines: readonly string[]): Promise<void> {
    const [engine, host] = [this.place('engine').namespace, this.place('host').namespace]
    await runCommand('an engine beside the reference VM', ['ip', '-batch', '-'], {
      input: [
        `netns add ${engine}`,
        `netns add ${host}`,
        `link add ${phyName(HOST.name)} address ${HOST.mac} netns ${engine} type veth peer name h0 address ${FAR_MAC.host} netns ${host}`,
        '',
      ].join('\n'),
    })
    await this.vm.plug(this.link, { namespace: engine, device: phyName(UNDER.name), mac: UNDER.mac })
    await this.must('engine', engineLines)
    await this.must('host', HOST_LINES)
  }

  /** Once in many hundreds of times the guest's shell ends in the midst of it, and not a second time; it is said why. */
  private async startGuestPatiently(guestLines: readonly string[]): Promise<void> {
    try {
      await this.startGuest(guestLines)
    } catch (error) {
      process.stderr.write(`the reference VM is set up once more: ${messageOf(error)}\n`)
      await this.clearGuest()
      await this.startGuest(guestLines)
    }
  }

  private async startGuest(guestLines: readonly string[]): Promise<void> {
    const name = this.guestName
    const inside = [
      'ip link set lo up',
      // No frame of the kernel's own accord.
      'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad',
      'echo 0 > /proc/sys/net/ipv6/conf/default/router_solicitations',
      'echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode',
      `echo 1 > /proc/sys/net/ipv6/conf/${GUEST_DEVICE}/addr_gen_mode`,
      `ip link set ${GUEST_DEVICE} up`,
      // A NIC of the VM's has no offloads that could be switched off.
      ...guestLines.filter((line) => !line.startsWith('ethtool -K')),
    ]
    await this.vm.run(
      'setting up the guest',
      [
        `ip netns add ${name}`,
        `ip link set eth${this.link} netns ${name} name ${GUEST_DEVICE} address ${FAR_MAC.under} mtu 1700`,
        `nsenter --net=/run/netns/${name} sh -e <<'inside'`,
        ...batched(inside),
        'inside',
      ],
      { timeout: PATIENCE },
    )
  }

  private async listen(): Promise<void> {
    const at = { namespace: this.place('cable').namespace, device: cableName(this.link) }
    this.tap = await CableTap.start(at, this.capture, this.env)
  }

  private get capture(): string {
    return path.join(this.folder, 'cable.pcap')
  }

  // What tests do

  /** Runs lines in the guest, in the pair's namespace. */
  async guest(lines: readonly string[]): Promise<string> {
    const input = `${batched(lines).join('\n')}\n`
    const outcome = await this.inGuest(['sh', '-e'], { input })
    if (outcome.code !== 0) throw commandError('a command in the reference VM', outcome)
    return outcome.stdout
  }

  private inGuest(argv: readonly string[], { input }: { readonly input: string }): Promise<CommandOutcome> {
    const inside = ['nsenter', `--net=/run/netns/${this.guestName}`, ...argv]
    return this.vm.exec(inside, { input, timeout: PATIENCE })
  }

  async exec(
    where: 'engine' | 'host' | 'cable',
    argv: readonly string[],
    input = '',
  ): Promise<CommandOutcome> {
    return tryCommand([...entering(this.place(where).namespace), ...argv], { env: this.env, input })
  }

  private async must(where: 'engine' | 'host', lines: readonly string[]): Promise<void> {
    const argv = [...entering(this.place(where).namespace), 'sh', '-ec', lines.join('\n')]
    await runCommand('an engine beside the reference VM', argv, { env: this.env })
  }

  async control(op: string, more: Readonly<Record<string, unknown>> = {}) {
    if (this.engine === undefined) throw new Error('the engine was never started')
    return this.engine.request({ op, ...more })
  }

  async fates(): Promise<Readonly<Record<string, number>>> {
    return Stats.parse(await this.control('stats')).fates
  }

  /**
   * One echo after the other; together, for it takes long to start a program where the processor is emulated.
   *
   * @returns whether each was answered
   */
  async pings(from: 'host' | 'guest', pings: readonly Ping[]): Promise<readonly boolean[]> {
    const input = pings.map(pingLine).join('')
    const { stdout } = await (from === 'host'
      ? this.exec('host', ['sh'], input)
      : this.inGuest(['sh'], { input }))
    return [...stdout.matchAll(/ (\d) received/g)].map(([, received]) => received === '1')
  }

  /** @returns how many of `count` echoes came back */
  async ping(
    from: 'host' | 'guest',
    to: string,
    { count = 2, ...options }: Omit<Ping, 'to'> & { readonly count?: number } = {},
  ): Promise<number> {
    const answers = await this.pings(
      from,
      Array.from({ length: count }, () => ({ to, ...options })),
    )
    return answers.filter((isAnswered) => isAnswered).length
  }

  /** Puts frames on the cable, as if the other side had. */
  async inject(toward: 'engine' | 'guest', frames: readonly Uint8Array[]): Promise<void> {
    const device = toward === 'engine' ? cableName(this.link) : tapName(this.link)
    const input = frames.map((frame) => `${Buffer.from(frame).toString('hex')}\n`).join('')
    const outcome = await this.exec('cable', ['/usr/bin/python3', '-B', sendFrames, device], input)
    if (outcome.code !== 0) throw commandError('putting frames on a cable', outcome)
  }

  /** What was heard on the cable so far; what was put there toward the engine, too. */
  async heard(): Promise<readonly Heard[]> {
    return readHeard(this.capture)
  }

  /** Frames on the cable with the canary. */
  async canaries(): Promise<number> {
    return (await this.heard()).filter(({ octets }) => holdsCanary(octets)).length
  }

  /** How many echo requests have come to the guest, of both families. */
  async echoes(): Promise<number> {
    const lines = (await this.guest(['cat /proc/net/snmp /proc/net/snmp6'])).split('\n')
    const [names = '', values = ''] = lines.filter((line) => line.startsWith('Icmp: '))
    const v4 = values.split(' ')[names.split(' ').indexOf('InEchos')]
    const v6 = /Icmp6InEchos\s+(\d+)/.exec(lines.join('\n'))?.[1]
    return Number(v4) + Number(v6)
  }
}

function pingLine({ to, wait = 20, size = 56, tos, source }: Ping): string {
  const more = `${tos === undefined ? '' : `-Q ${tos} `}${source === undefined ? '' : `-I ${source} `}`
  return `ping -n -c 1 -W ${wait} -s ${size} -p ${Buffer.from(CANARY).toString('hex')} ${more}${to}\n`
}
