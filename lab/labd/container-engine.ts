/**
 * An engine in a container: PID 1 there, asked through its socket, which lies in a folder that container and host share.
 *
 * @module
 */
import { existsSync, readFileSync, watch } from 'node:fs'
import path from 'node:path'
import { commandError, LabError } from '../errors.js'
import type { DockerEngine } from '../docker/engine.js'
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
  private status: number | undefined
  private known: number | null = null

  constructor(private readonly options: ContainerEngineOptions) {
    super(options.title, options.socket)
    this.exited = options.docker.ended(options.container).then(
      (status) => this.over(status),
      // Docker's engine itself is gone, or the container is: so is the engine.
      () => this.over(128),
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

  protected async death(): Promise<LabError> {
    const { docker, container, title } = this.options
    const said = await docker.logs(container).catch(() => ({ stdout: '', stderr: '(its log is gone)' }))
    const { message } = commandError(`${title} ended`, {
      argv: [container],
      code: this.status ?? null,
      signal: null,
      stdout: '',
      stderr: `${said.stdout}${said.stderr}`,
    })
    return new LabError('ZT_LAB_DIED', message.replace(/^ZT_LAB_COMMAND: /, ''))
  }

  /** The container is containerlab's to take away. */
  protected async end(): Promise<void> {
    if (!this.hasEnded) await this.options.docker.kill(this.options.container)
    await this.exited
  }

  private over(status: number): void {
    this.status = status
    this.onExit?.()
  }
}

/** Returns when what begins in a container has said in its folder that all is up. */
export async function untilReady(folder: string): Promise<void> {
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
