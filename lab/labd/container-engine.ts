/**
 * An engine in a container: PID 1 there, asked through its socket, which lies in a folder that container and host share.
 *
 * @module
 */
import { existsSync, readFileSync, watch } from 'node:fs'
import path from 'node:path'
import { died } from '../child.js'
import type { DockerEngine } from '../docker/engine.js'
import type { LabError } from '../errors.js'
import { ControlledProcess } from './controlled.js'

export interface ContainerEngineOptions {
  readonly title: string
  readonly docker: DockerEngine
  readonly container: string
  /** Its control. */
  readonly socket: string
  /** Where `ztos-node` says that it is ready. */
  readonly folder: string
}

export class ContainerEngine extends ControlledProcess {
  protected readonly exited: Promise<void>
  /** Exit status; null where nobody can say it any more. */
  private status: number | null | undefined
  private known: number | null = null

  constructor(private readonly options: ContainerEngineOptions) {
    super(options.title, options.socket)
    this.exited = options.docker.ended(options.container).then(
      (status) => this.over(status),
      // Docker's engine is gone, or the container is: nobody can say of this one that it runs.
      () => this.over(null),
    )
  }

  get pid(): number | null {
    return this.hasEnded ? null : this.known
  }

  protected get hasEnded(): boolean {
    return this.status !== undefined
  }

  protected async said(): Promise<void> {
    await untilReady(this.options.folder)
    const { pid } = await this.options.docker.inspect(this.options.container)
    this.known = pid
  }

  protected death(): Promise<LabError> {
    const { docker, container, title } = this.options
    return deathOfContainer(docker, container, title, this.status ?? null)
  }

  /** The container is containerlab's to take away. */
  protected async end(): Promise<void> {
    if (!this.hasEnded) await this.options.docker.kill(this.options.container)
    await this.exited
  }

  private over(status: number | null): void {
    this.status = status
    this.onExit?.()
  }
}

/**
 * Returns when a container has set itself up, and its engine, if it has one, is up.
 *
 * @param signal ends the wait for its end
 * @throws LabError `ZT_LAB_DIED` with what it said when it ended before
 */
export async function untilUp(
  docker: DockerEngine,
  container: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const died = docker.ended(container, signal).then(async (status) => {
    throw await deathOfContainer(docker, container, container, status)
  })
  died.catch(() => undefined)
  await Promise.race([untilReady(folder), died])
}

async function deathOfContainer(
  docker: DockerEngine,
  container: string,
  title: string,
  status: number | null,
): Promise<LabError> {
  const said = await docker.logs(container).catch(() => ({ stdout: '', stderr: '(its log is gone)' }))
  return died({ title, argv: [container] }, { code: status, signal: null }, `${said.stdout}${said.stderr}`)
}

/** Why the first of these containers that ended has, if any has. */
export async function firstDeath(
  docker: DockerEngine,
  labels: Readonly<Record<string, string>>,
): Promise<LabError | undefined> {
  const ended = (await docker.list(labels)).filter(({ state }) => state === 'exited')
  const details = await Promise.all(ended.map(({ name }) => docker.inspect(name)))
  const [first] = details.toSorted((a, b) => (a.ended < b.ended ? -1 : 1))
  return first && deathOfContainer(docker, first.name, first.name, first.exitCode)
}

/** Returns when what begins in a container has said in its folder that all is up. */
async function untilReady(folder: string): Promise<void> {
  const file = path.join(folder, 'ready')
  const isReady = () => existsSync(file) && readFileSync(file, 'utf8').startsWith('ready')
  const over = new AbortController()
  try {
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (isReady()) resolve()
      }
      watch(folder, { signal: over.signal }, look).on('error', reject)
      // It may have been there before anybody watched.
      look()
    })
  } finally {
    over.abort()
  }
}
