/**
 * A resident `ip -force -batch -`: commands go in by lines, and which of them failed comes back.
 *
 * `ip` says nothing of what succeeds. So behind each run of commands goes one that no `ip` knows: its complaint, on the same stream as all
 * others, says that what came before is done. With `-force` a failed command does not end the process.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { AgentError } from './errors.js'

/** A command that failed: its place in the run, and what `ip` said. */
export interface FailedCommand {
  readonly index: number
  readonly why: string
}

interface Run {
  /** Number of its first line, counted from 1 over the life of the process. */
  readonly firstLine: number
  readonly barrier: string
  readonly failed: FailedCommand[]
  /** What was said since the last failed command. */
  readonly said: string[]
  readonly timer: NodeJS.Timeout
  resolve(failed: readonly FailedCommand[]): void
  reject(error: AgentError): void
}

const FAILED = /^Command failed .*:(\d+)$/

export class IpBatch {
  readonly #argv: readonly string[]
  readonly #timeout: number
  #child: ChildProcess | undefined
  #runs: Run[] = []
  #lines = 0
  #text = ''

  /** @param options of `ip` before `-batch`. @param timeout ms for one run */
  constructor(options: readonly string[], timeout: number) {
    this.#argv = [...options, '-force', '-batch', '-']
    this.#timeout = timeout
  }

  /** @returns those that failed. @throws AgentError `ZT_AGENT_KERNEL` when the process cannot be run or does not answer */
  run(commands: readonly string[]): Promise<readonly FailedCommand[]> {
    const child = this.#running()
    const barrier = `barrier${this.#lines}`
    return new Promise((resolve, reject) => {
      const late = () => {
        child.kill('SIGKILL')
        this.#lost(child, `did not finish ${commands.length} commands within ${this.#timeout} ms`)
      }
      this.#runs.push({
        firstLine: this.#lines + 1,
        barrier: `"${barrier}"`,
        failed: [],
        said: [],
        timer: setTimeout(late, this.#timeout),
        resolve,
        reject,
      })
      this.#lines += commands.length + 1
      child.stdin?.write(`${[...commands, barrier].join('\n')}\n`)
    })
  }

  close(): void {
    const child = this.#child
    if (child === undefined) return
    this.#lost(child, 'was ended')
    // End of input: `ip` ends by itself.
    child.stdin?.end()
  }

  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child
    const child = spawn('ip', this.#argv, { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#child = child
    this.#lines = 0
    this.#text = ''
    child.on('error', (error) => this.#lost(child, `cannot be run: ${error.message}`))
    child.on('close', (code, signal) => this.#lost(child, `ended (${signal ?? `exit status ${code}`})`))
    child.stdin.on('error', (error) => this.#lost(child, `takes no commands: ${error.message}`))
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      if (this.#child === child) this.#read(text)
    })
    return child
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    const [run] = this.#runs
    if (run === undefined) return
    const failed = FAILED.exec(line)?.[1]
    if (failed === undefined) {
      run.said.push(line.trim())
      return
    }
    const why = run.said.splice(0).join('; ')
    if (!why.includes(run.barrier)) {
      run.failed.push({ index: Number(failed) - run.firstLine, why })
      return
    }
    this.#runs.shift()
    clearTimeout(run.timer)
    run.resolve(run.failed)
  }

  #lost(child: ChildProcess, what: string): void {
    if (this.#child !== child) return
    this.#child = undefined
    const said = this.#runs.flatMap((run) => run.said)
    for (const run of this.#runs.splice(0)) {
      clearTimeout(run.timer)
      run.reject(
        new AgentError(
          'ZT_AGENT_KERNEL',
          `\`ip ${this.#argv.join(' ')}\` ${what}${said.length === 0 ? '' : `: ${said.join('; ')}`}`,
          {
            remedy:
              'check that the namespace is there and that the agent may change its routes (CAP_NET_ADMIN)',
          },
        ),
      )
    }
  }
}
