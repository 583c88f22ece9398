/**
 * containerlab as it is, run for what it does best: containers and cables by a topology definition file. It needs root and a Docker engine.
 *
 * @example
 * ```ts
 * const containerlab = new Containerlab()
 * await containerlab.deploy('lab.clab.yml')
 * for (const { name, state } of await containerlab.inspect('lab.clab.yml')) process.stdout.write(`${name} ${state}\n`)
 * await containerlab.destroy('lab.clab.yml')
 * ```
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { z } from 'zod'
import { tryCommand } from '../command.js'
import { DOCKER_SOCKET } from '../docker/engine.js'
import { commandError, LabError, type CommandOutcome } from '../errors.js'
import { withModules } from './modules.js'
import { findContainerlab } from './program.js'

/** ms: images are there, and a lab of a hundred containers comes up in two minutes on two cores. */
const TIMEOUT = 10 * 60_000

/**
 * It writes names and addresses into `/etc/hosts` and for SSH, of containers that have none in labs of ours, and does not take them away when it
 * is killed: in a mount namespace of its own it writes into files that go with it.
 */
const APART = [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  '--',
  'sh',
  '-euc',
  `cp /etc/hosts "$TMPDIR/hosts" && mount --bind "$TMPDIR/hosts" /etc/hosts
[ ! -d /etc/ssh/ssh_config.d ] || mount -t tmpfs tmpfs /etc/ssh/ssh_config.d
exec "$@"`,
  'sh',
]

/** Lines of what it said last that an error has. */
const LAST_WORDS = 12

export interface ContainerlabOptions {
  /** Default: {@link findContainerlab}. */
  readonly program?: string
  /** Docker's engine; default `DOCKER_HOST`, or Docker's own socket. */
  readonly host?: string
  /** Variables that the file has. */
  readonly env?: Readonly<Record<string, string>>
  /** Where its passing files may lie, if not where those of this host do. */
  readonly passing?: string
  readonly signal?: AbortSignal
}

/** A container of a lab, as `containerlab inspect` has it. */
export interface InspectedContainer {
  readonly lab: string
  /** The container's: `clab-<lab>-<node>` if the file does not say otherwise. */
  readonly name: string
  readonly id: string
  readonly image: string
  readonly kind: string
  /** Docker's: `running`, `exited`. */
  readonly state: string
  /** In words, with its health: `Up 3 seconds (healthy)`. */
  readonly status: string
  /** The file that it was deployed from. */
  readonly topology: string
}

const Inspected = z.record(
  z.string(),
  z.array(
    z.object({
      lab_name: z.string(),
      name: z.string(),
      container_id: z.string(),
      image: z.string(),
      kind: z.string(),
      state: z.string(),
      status: z.string().default(''),
      absLabPath: z.string(),
    }),
  ),
)

/** Every method throws LabError: `ZT_LAB_COMMAND` with containerlab's last words, `ZT_LAB_MISSING`, `ZT_LAB_DEADLINE`, `ZT_LAB_CANCELLED`. */
export class Containerlab {
  private readonly options: ContainerlabOptions

  constructor(options: ContainerlabOptions = {}) {
    this.options = options
  }

  /** Brings a lab up. What it leaves when it fails, {@link destroy} takes away. */
  async deploy(file: string): Promise<void> {
    await this.run('deploy', file, ['deploy', '--topo', path.resolve(file), '--skip-labdir-acl'])
  }

  /** Takes a lab down, its folder with it. It is no error where there is none. */
  async destroy(file: string): Promise<void> {
    await this.run('destroy', file, ['destroy', '--topo', path.resolve(file), '--cleanup'])
  }

  /**
   * All labs of the host are asked for and this file's taken: asked for one file, containerlab fails where a container of it is missing.
   *
   * @returns its containers, by name; none where it is not deployed
   */
  async inspect(file: string): Promise<readonly InspectedContainer[]> {
    const said = await this.run('inspect', file, ['inspect', '--all', '--format', 'json'])
    const labs = Inspected.safeParse(said.trim() === '' ? {} : parse(said))
    if (!labs.success) {
      throw new LabError(
        'ZT_LAB_FORMAT',
        `containerlab inspect says otherwise than 0.79 does: ${labs.error.message}`,
      )
    }
    return Object.values(labs.data)
      .flat()
      .filter(({ absLabPath }) => absLabPath === path.resolve(file))
      .map(({ lab_name, container_id, absLabPath, ...same }) => ({
        ...same,
        lab: lab_name,
        id: container_id,
        topology: absLabPath,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  private async run(verb: string, file: string, words: readonly string[]): Promise<string> {
    const {
      program = findContainerlab(),
      host = process.env['DOCKER_HOST'] ?? DOCKER_SOCKET,
      env = {},
      passing: within = tmpdir(),
      signal,
    } = this.options
    const argv = [program, ...words]
    // It keeps a copy of each file that it deploys, in a folder for passing files, and never takes one away.
    const passing = await mkdtemp(path.join(within, 'ztos-containerlab-'))
    try {
      const outcome = await tryCommand([...APART, ...withModules(argv)], {
        timeout: TIMEOUT,
        // It would ask a server for newer versions first, which takes 3 s where there is none.
        env: { ...env, CLAB_VERSION_CHECK: 'disable', DOCKER_HOST: host, NO_COLOR: '1', TMPDIR: passing },
        ...(signal === undefined ? {} : { signal }),
      })
      if (outcome.code === 0) return outcome.stdout
      throw commandError(`containerlab ${verb} of ${path.basename(file)}`, lastWords({ ...outcome, argv }))
    } finally {
      await rm(passing, { recursive: true, force: true })
    }
  }
}

function parse(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch (error) {
    throw new LabError('ZT_LAB_FORMAT', `containerlab inspect says what is no JSON: ${said.slice(0, 200)}`, {
      cause: error,
    })
  }
}

/** It tells all that it does, and why it ends at the end. */
function lastWords(outcome: CommandOutcome): CommandOutcome {
  const lines = outcome.stderr
    .replaceAll(/\x1b\[[0-9;?]*[A-Za-z]/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return { ...outcome, stdout: '', stderr: lines.slice(-LAST_WORDS).join('\n') }
}
