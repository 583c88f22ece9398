/**
 * The reference VM: a Linux kernel that has what a host may lack (wireguard, macsec, vrf), as an implementation that is none of ours. It
 * runs under QEMU in a namespace of a lab of its own, dies with whoever started it, and leaves what any lab leaves.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { Duplex } from 'node:stream'
import { deathOf, endChild, type Outcome } from '../child.js'
import { runCommand, type CommandOptions } from '../command.js'
import { commandError, LabError, type CommandOutcome } from '../errors.js'
import { childEnvironment } from '../labd/child-environment.js'
import { createFolder, selfIdentity } from '../labd/folder.js'
import { sweepLab } from '../labd/sweep.js'
import { namespacePrefix, newLabId } from '../names.js'
import { entering } from '../netns/driver.js'
import { within } from '../steps.js'
import { accelerator as bestAccelerator, type Accelerator } from './accelerator.js'
import { plugLines, tapLines, tapName, unplugLines, type FarEnd } from './cables.js'
import { GuestAgent } from './guest-agent.js'
import { vmImage } from './image.js'
import { AGENT_FD, qemuArguments } from './qemu.js'

export interface VmOptions {
  /** NICs of the guest, at most 24. */
  readonly links: number
  /** Absent: KVM where it can be used, and emulation where it cannot, or does not come up. */
  readonly accelerator?: Accelerator
  /** ms to boot. Default: 20 s by KVM, 90 s by emulation, of which a host with time takes 1 and 4. */
  readonly patience?: number
}

const MOST_LINKS = 24
const PATIENCE = { kvm: 20_000, tcg: 90_000 } as const
const root = { uid: 0, gid: 0 }
const TITLE = 'the reference VM'

/** QEMU needs no right but to open its TAPs, which root may without any: all others are taken away for good. */
const LEAST_PRIVILEGE = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  '--no-new-privs',
  '--inh-caps=-all',
  '--bounding-set=-all',
  '--',
]

export class ReferenceVm {
  private readonly exited: Promise<void>
  private outcome: Outcome | undefined
  private readonly free: number[]
  private readonly waiting: ((link: number) => void)[] = []

  private constructor(
    /** Of the lab that the VM is in; engines beside it belong to it too. */
    readonly lab: string,
    /** Of that lab, on tmpfs, root's alone. */
    readonly folder: string,
    readonly accelerator: Accelerator,
    private readonly argv: readonly string[],
    private readonly child: ChildProcess,
    private readonly agent: GuestAgent,
    links: number,
  ) {
    this.free = Array.from({ length: links }, (_, link) => link)
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.outcome = { code, signal }
        resolve()
      })
      child.once('error', (error) => {
        this.outcome = { code: null, signal: null, error }
        resolve()
      })
    })
  }

  /**
   * Boots one, in a lab of its own. Needs root.
   *
   * @throws LabError `ZT_LAB_PRIVILEGE` without root, `ZT_LAB_MISSING` without QEMU or the guest's image, `ZT_LAB_DIED` and `ZT_LAB_DEADLINE` with what the console said
   */
  static async start(options: VmOptions): Promise<ReferenceVm> {
    if (options.links > MOST_LINKS)
      throw new LabError('ZT_LAB_PLAN', `${TITLE} has room for ${MOST_LINKS} NICs, not for ${options.links}`)
    if (process.getuid?.() !== 0)
      throw new LabError('ZT_LAB_PRIVILEGE', `${TITLE} and its namespaces need root`, {
        remedy: 'run the command by `sudo`',
      })
    const wanted = options.accelerator ?? bestAccelerator().kind
    try {
      return await boot(options, wanted)
    } catch (error) {
      // Hosts differ in what their KVM takes; emulation is slower and always works.
      const isKvmAtFault = error instanceof LabError && error.code !== 'ZT_LAB_MISSING'
      if (wanted === 'tcg' || options.accelerator !== undefined || !isKvmAtFault) throw error
      return boot(options, 'tcg')
    }
  }

  /** Starts QEMU in a lab that is there; the guest has still to boot. */
  static launch(lab: string, folder: string, links: number, kind: Accelerator): ReferenceVm {
    const argv = [
      ...entering(namespaceOf(lab)),
      ...LEAST_PRIVILEGE,
      ...qemuArguments({
        image: vmImage(),
        accelerator: kind,
        taps: Array.from({ length: links }, (_, link) => tapName(link)),
        console: path.join(folder, CONSOLE),
      }),
    ]
    const log = openSync(path.join(folder, CONSOLE), 'a', 0o600)
    try {
      const [file = '', ...rest] = argv
      const child = spawn(file, rest, {
        stdio: ['ignore', log, log, 'pipe'],
        env: childEnvironment(root, lab),
        cwd: '/',
      })
      const stream = child.stdio[AGENT_FD]
      if (!(stream instanceof Duplex)) throw new LabError('ZT_LAB_MISSING', `${TITLE} cannot be started`)
      return new ReferenceVm(lab, folder, kind, argv, child, new GuestAgent(stream), links)
    } finally {
      closeSync(log)
    }
  }

  get namespace(): string {
    return namespaceOf(this.lab)
  }

  get pid(): number | undefined {
    return this.outcome === undefined ? this.child.pid : undefined
  }

  /** Waits until the guest does what it is told. */
  async ready(patience: number): Promise<void> {
    const died = this.exited.then(() => {
      throw this.death()
    })
    try {
      await Promise.race([this.agent.ready(patience), died])
    } catch (error) {
      died.catch(() => undefined)
      if (error instanceof LabError && error.code === 'ZT_LAB_DEADLINE')
        throw new LabError(
          'ZT_LAB_DEADLINE',
          `${TITLE} did not boot within ${patience} ms by ${this.accelerator}`,
        )
      throw await this.causeOf(error)
    }
    died.catch(() => undefined)
  }

  /** Runs a command in the guest and tells how it ended. @throws LabError as {@link GuestAgent.exec}; `ZT_LAB_DIED` */
  async exec(argv: readonly string[], options?: CommandOptions): Promise<CommandOutcome> {
    try {
      return await this.agent.exec(argv, options)
    } catch (error) {
      throw await this.causeOf(error)
    }
  }

  /** Runs lines of a shell in the guest, by standard input: keys among them are on no command line. @throws LabError `ZT_LAB_COMMAND` */
  async run(purpose: string, lines: readonly string[], options: CommandOptions = {}): Promise<string> {
    const outcome = await this.exec(['sh', '-e'], { ...options, input: `${lines.join('\n')}\n` })
    if (outcome.code !== 0) throw commandError(purpose, outcome)
    return outcome.stdout
  }

  /** A link that is nobody's, when there is one. Give it back by {@link release}. */
  acquire(): Promise<number> {
    const link = this.free.shift()
    return link === undefined ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(link)
  }

  release(link: number): void {
    const next = this.waiting.shift()
    if (next === undefined) this.free.push(link)
    else next(link)
  }

  /** Lays the cable of a link. */
  async plug(link: number, far: FarEnd): Promise<void> {
    await shell('plugging in a cable of the reference VM', plugLines(link, this.namespace, far))
  }

  async unplug(link: number): Promise<void> {
    await shell('unplugging a cable of the reference VM', unplugLines(link, this.namespace))
  }

  /** Ends it, and all that is in its lab. */
  async close(): Promise<void> {
    this.agent.close()
    try {
      await endChild(TITLE, this.child, this.exited, () => this.outcome)
    } finally {
      await sweepLab(root, this.lab)
    }
  }

  /** A closed connection is how a death shows first. */
  private async causeOf(error: unknown): Promise<unknown> {
    if (!(error instanceof LabError) || error.code !== 'ZT_LAB_CONNECTION') return error
    await within(this.exited, 500)
    return this.outcome === undefined ? error : this.death()
  }

  private death(): LabError {
    return deathOf({ title: TITLE, argv: this.argv, log: path.join(this.folder, CONSOLE) }, this.outcome)
  }
}

const CONSOLE = 'vm-console.log'
const namespaceOf = (lab: string): string => `${namespacePrefix(lab)}vm`

async function boot(options: VmOptions, kind: Accelerator): Promise<ReferenceVm> {
  const { lab, folder } = await newLab(options.links)
  try {
    const vm = ReferenceVm.launch(lab, folder, options.links, kind)
    await vm.ready(options.patience ?? PATIENCE[kind])
    return vm
  } catch (error) {
    await sweepLab(root, lab)
    throw error
  }
}

/** Namespace and TAPs of a VM that is not there yet. */
async function newLab(links: number): Promise<{ readonly lab: string; readonly folder: string }> {
  const lab = newLabId()
  const { folder } = createFolder(root, {
    format: 'ztos-lab',
    version: 1,
    id: lab,
    uid: 0,
    fabric: 'reference-vm',
    created: new Date().toISOString(),
    attached: true,
    phase: 'up',
    labd: selfIdentity(),
  })
  try {
    const namespace = namespaceOf(lab)
    await shell('making the namespace of the reference VM', [
      `ip netns add ${namespace}`,
      `ip netns exec ${namespace} sh -e <<'end'\n${tapLines(links).join('\n')}\nend`,
    ])
  } catch (error) {
    await sweepLab(root, lab)
    throw error
  }
  return { lab, folder }
}

async function shell(purpose: string, lines: readonly string[]): Promise<void> {
  await runCommand(purpose, ['sh', '-e'], { input: `${lines.join('\n')}\n` })
}
