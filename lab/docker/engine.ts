/**
 * Docker's engine, as far as labs need it: containers and images, over `dockerode`. What comes from the engine is checked (`schemas.ts`).
 *
 * @example
 * ```ts
 * const docker = await connectDocker()
 * for (const { name, state } of await docker.list({ containerlab: 'my-lab' })) process.stdout.write(`${name} ${state}\n`)
 * ```
 * @module
 */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import type { Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import type Docker from 'dockerode'
import type { z } from 'zod'
import { LabError, messageOf, systemCode } from '../errors.js'
import { readFrames, type Said } from './frames.js'
import {
  type ContainerHealth,
  type ContainerState,
  ExecAnswer,
  ImageAnswer,
  InspectAnswer,
  ListAnswer,
  StatsAnswer,
  VersionAnswer,
  WaitAnswer,
} from './schemas.js'

const require = createRequire(import.meta.url)

/** Where Docker's own programs look if nothing else is said. */
export const DOCKER_SOCKET = 'unix:///var/run/docker.sock'

export interface ContainerSummary {
  readonly id: string
  readonly name: string
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
}

export interface ContainerDetails {
  readonly id: string
  readonly name: string
  /** Digest of its image, `sha256:…`. */
  readonly image: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerState
  /** Of its health check; `none` where it has none. */
  readonly health: ContainerHealth
  /** In the engine's pid namespace; 0 where nothing runs. */
  readonly pid: number
  readonly exitCode: number
  /** When it last ended, in the order of texts. */
  readonly ended: string
  readonly terminal: boolean
}

export interface ContainerStats {
  /** ns of all cores, since the start. */
  readonly cpu: number
  /** Octets, with caches. */
  readonly memory: number
  readonly processes: number
}

export interface ImageDetails {
  /** `sha256:…` of its configuration. */
  readonly id: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** Octets. */
  readonly size: number
}

export interface ExecOptions {
  readonly user?: string
  readonly env?: Readonly<Record<string, string>>
  /** Working folder, inside. */
  readonly folder?: string
  /** It reads what is written to the stream. */
  readonly input?: boolean
}
/** A command that was begun in a container. */
export interface BegunExec {
  readonly stream: Duplex
  /** For messages. */
  readonly purpose: string
  /** Exit status, `null` while it runs; pid in the engine's namespace, 0 when it has ended. */
  readonly state: () => Promise<{ readonly code: number | null; readonly pid: number }>
}
export interface ExecOutcome extends Said {
  readonly code: number
}

/**
 * @param host `unix:///…` or `tcp://…`; default `DOCKER_HOST`, or Docker's own socket
 * @throws LabError `ZT_LAB_MISSING` when no engine answers there
 */
export async function connectDocker(
  host: string = process.env['DOCKER_HOST'] ?? DOCKER_SOCKET,
): Promise<DockerEngine> {
  // Loading it takes a third of a second, which who has no containers need not wait for. Not by `import()`, which labd, compiled ahead, has none of.
  const Client = require('dockerode') as typeof Docker
  const engine = new DockerEngine(host, new Client(address(host)))
  await engine.version()
  return engine
}

/** Every method throws LabError: `ZT_LAB_MISSING` when no engine answers, `ZT_LAB_UNKNOWN` for what is not there, `ZT_LAB_REFUSED`, `ZT_LAB_FORMAT`. */
export class DockerEngine {
  readonly host: string
  private readonly docker: Docker

  constructor(host: string, client: Docker) {
    this.host = host
    this.docker = client
  }

  async version(): Promise<{ readonly engine: string; readonly api: string }> {
    const answer = await this.ask('its version', VersionAnswer, () => this.docker.version())
    return { engine: answer.Version, api: answer.ApiVersion }
  }

  /** Containers that have these labels, running or not, in order of their names. */
  async list(labels: Readonly<Record<string, string>>): Promise<readonly ContainerSummary[]> {
    const label = Object.entries(labels).map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    const found = await this.ask('containers', ListAnswer, () =>
      this.docker.listContainers({ all: true, filters: { label } }),
    )
    return found
      .map(({ Id, Names: [name = ''], Image, Labels, State }) => ({
        id: Id,
        name: withoutSlash(name),
        image: Image,
        labels: Labels,
        state: State,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** @param container name or id */
  async inspect(container: string): Promise<ContainerDetails> {
    const { Id, Name, Image, State, Config } = await this.ask(`container ${container}`, InspectAnswer, () =>
      this.docker.getContainer(container).inspect(),
    )
    return {
      id: Id,
      name: withoutSlash(Name),
      image: Image,
      labels: Config.Labels,
      state: State.Status,
      health: State.Health?.Status ?? 'none',
      pid: State.Pid,
      exitCode: State.ExitCode,
      ended: State.FinishedAt.replace(/Z$/, ''),
      terminal: Config.Tty,
    }
  }

  /** All that a container has said. With a terminal, which containerlab gives its containers, it is all stdout. */
  async logs(container: string): Promise<Said> {
    const { terminal } = await this.inspect(container)
    const octets = await this.call(`logs of ${container}`, () =>
      this.docker.getContainer(container).logs({ stdout: true, stderr: true, follow: false }),
    )
    return terminal ? { stdout: octets.toString('utf8'), stderr: '' } : readFrames(octets)
  }

  async stats(container: string): Promise<ContainerStats> {
    const answer = await this.ask(`statistics of ${container}`, StatsAnswer, () =>
      this.docker.getContainer(container).stats({ stream: false, 'one-shot': true }),
    )
    return {
      cpu: answer.cpu_stats.cpu_usage.total_usage,
      memory: answer.memory_stats.usage ?? 0,
      processes: answer.pids_stats.current ?? 0,
    }
  }

  /** Runs a command in a container, to its end. @param input given on standard input */
  async exec(
    container: string,
    argv: readonly string[],
    { input = '', user }: { readonly input?: string; readonly user?: string } = {},
  ): Promise<ExecOutcome> {
    const { stream, purpose, state } = await this.begin(container, argv, {
      input: true,
      ...(user === undefined ? {} : { user }),
    })
    const said = readFrames(await this.call(purpose, () => exchange(stream, input)))
    const { code } = await state()
    if (code === null)
      throw new LabError('ZT_LAB_REFUSED', `${purpose} has no end, as Docker's engine has it`)
    return { code, ...said }
  }

  /** Begins a command in a container. What it says comes in frames ({@link FrameReader}); the stream ends with it. */
  async begin(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<BegunExec> {
    const { user, env, folder, input = false } = options
    const purpose = `\`${argv.join(' ')}\` in ${container}`
    const exec = await this.call(purpose, () =>
      this.docker.getContainer(container).exec({
        Cmd: [...argv],
        AttachStdin: input,
        AttachStdout: true,
        AttachStderr: true,
        ...(user === undefined ? {} : { User: user }),
        ...(env === undefined ? {} : { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }),
        ...(folder === undefined ? {} : { WorkingDir: folder }),
      }),
    )
    const stream = await this.call(purpose, () => exec.start({ hijack: true, stdin: input }))
    const state = async () => {
      const { ExitCode: code, Pid: pid } = await this.ask(purpose, ExecAnswer, () => exec.inspect())
      return { code, pid }
    }
    return { stream, purpose, state }
  }

  /** Returns when a container has ended. @param signal ends the wait @returns its exit status, 128 and more for a signal */
  async ended(container: string, signal?: AbortSignal): Promise<number> {
    const { StatusCode } = await this.ask(`the end of ${container}`, WaitAnswer, () =>
      this.docker.getContainer(container).wait(signal === undefined ? {} : { abortSignal: signal }),
    )
    return StatusCode
  }

  /**
   * Whether this Docker can give a container that capability. Debian 12's 20.10 knows none after AUDIT_READ: neither PERFMON nor BPF, nor
   * CHECKPOINT_RESTORE. There is no other way to ask than to make a container, which is not started.
   *
   * @param name without `CAP_`
   */
  async knowsCapability(image: string, name: string): Promise<boolean> {
    try {
      const { id } = await this.call(`capability ${name}`, () =>
        this.docker.createContainer({ Image: image, HostConfig: { CapAdd: [name], NetworkMode: 'none' } }),
      )
      await this.remove(id)
      return true
    } catch (error) {
      if (messageOf(error).includes('unknown capability')) return false
      throw error
    }
  }

  /** SIGKILL, to all that is in a container. */
  async kill(container: string): Promise<void> {
    await this.call(`end of ${container}`, () => this.docker.getContainer(container).kill())
  }

  /** Ends a container and takes it away, with its anonymous volumes. */
  async remove(container: string): Promise<void> {
    await this.call(`removal of ${container}`, () =>
      this.docker.getContainer(container).remove({ force: true, v: true }),
    )
  }

  /** Loads an archive as `docker save` makes them. */
  async loadImage(archive: string): Promise<void> {
    const said = await this.call(`image of ${archive}`, async () => {
      const file = createReadStream(archive)
      await once(file, 'open')
      return text(await this.docker.loadImage(file))
    })
    // It answers 200 and says in the last line what is wrong.
    const error = /"error":"((?:[^"\\]|\\.)*)"/.exec(said)?.[1]
    if (error !== undefined) {
      throw new LabError('ZT_LAB_REFUSED', `Docker's engine does not load ${archive}: ${error}`)
    }
  }

  /** @returns `undefined` where there is no such image */
  async image(reference: string): Promise<ImageDetails | undefined> {
    try {
      const { Id, RepoTags, Size, Config } = await this.ask(`image ${reference}`, ImageAnswer, () =>
        this.docker.getImage(reference).inspect(),
      )
      return { id: Id, tags: RepoTags, labels: Config.Labels, size: Size }
    } catch (error) {
      if (error instanceof LabError && error.code === 'ZT_LAB_UNKNOWN') return undefined
      throw error
    }
  }

  async removeImage(reference: string): Promise<void> {
    await this.call(`removal of image ${reference}`, () =>
      this.docker.getImage(reference).remove({ force: true }),
    )
  }

  private async ask<T>(purpose: string, schema: z.ZodType<T>, request: () => Promise<unknown>): Promise<T> {
    const answer = schema.safeParse(await this.call(purpose, request))
    if (answer.success) return answer.data
    throw new LabError(
      'ZT_LAB_FORMAT',
      `Docker's engine answers otherwise than it should (${purpose}): ${answer.error.message}`,
    )
  }

  private async call<T>(purpose: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request()
    } catch (error) {
      if (error instanceof LabError) throw error
      throw asLabError(this.host, purpose, error)
    }
  }
}

function asLabError(host: string, purpose: string, error: unknown): LabError {
  const code = systemCode(error)
  if (code === 'EACCES') {
    return new LabError('ZT_LAB_PRIVILEGE', `Docker's engine at ${host} may not be used by this user`, {
      remedy: 'use it as root, or have yourself put into its group',
      cause: error,
    })
  }
  if (
    code !== undefined &&
    ['ENOENT', 'ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ECONNRESET', 'EPIPE'].includes(code)
  ) {
    return new LabError('ZT_LAB_MISSING', `no Docker engine answers at ${host}: ${messageOf(error)}`, {
      remedy: 'start one (`systemctl start docker`), or say in DOCKER_HOST where it is',
      cause: error,
    })
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  const what = `${purpose}: Docker's engine says: ${messageOf(error)}`
  return new LabError(status === 404 ? 'ZT_LAB_UNKNOWN' : 'ZT_LAB_REFUSED', what, { cause: error })
}

function exchange(stream: Duplex, input: string): Promise<Buffer> {
  stream.end(input)
  return buffer(stream)
}

function address(host: string): Docker.DockerOptions {
  const url = new URL(host)
  if (url.protocol === 'unix:') return { socketPath: url.pathname }
  const protocol = url.protocol === 'https:' ? 'https' : 'http'
  return { protocol, host: url.hostname, port: url.port === '' ? 2375 : Number(url.port) }
}

function withoutSlash(name: string): string {
  return name.startsWith('/') ? name.slice(1) : name
}
