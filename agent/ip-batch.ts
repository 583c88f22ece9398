/**
 * A resident `ip -json -force -batch -`: commands go in by lines; which of them failed, and what was asked for, comes back. A process for each
 * question would cost milliseconds.
 *
 * `ip` says nothing of what succeeds. So behind each run of commands goes one that no `ip` knows: its complaint, on the same stream as all
 * others, says that what came before is done. With `-force` a failed command does not end the process. What is shown comes on another stream,
 * a line of JSON for each command that shows something.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { AgentError, messageOf } from './errors.js'

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
  /** Commands of it that show something. */
  readonly shows: number
  /** What came before its barrier has failed or is done; what it shows may still be on its way. */
  over: boolean
  readonly shown: string[]
  /** What was said since the last failed command. */
  readonly said: string[]
  readonly timer: NodeJS.Timeout
  resolve(): void
  reject(error: AgentError): void
}

const FAILED = /^Command failed .*:(\d+)$/
/** Octets of one answer; a kernel's table of a hundred thousand routes has a tenth of it. */
const MAX_SHOWN = 64 * 1024 * 1024

export class IpBatch {
  readonly #argv: readonly string[]
  readonly #timeout: number
  #child: ChildProcess | undefined
  #runs: Run[] = []
  #lines = 0
  /** Rests of lines, of what went wrong and of what is shown. */
  #text = ''
  #shown: string[] = []
  #size = 0
  #asking: Promise<void> = Promise.resolve()

  /** @param options of `ip` before `-batch`. @param timeout ms for one run */
  constructor(options: readonly string[], timeout: number) {
    this.#argv = [...options, '-json', '-force', '-batch', '-']
    this.#timeout = timeout
  }

  /**
   * @param commands that show nothing
   * @returns those that failed. @throws AgentError `ZT_AGENT_KERNEL` when the process cannot be run or does not answer
   */
  async run(commands: readonly string[]): Promise<readonly FailedCommand[]> {
    return (await this.#do(commands, 0)).failed
  }

  /** What a command shows. @throws AgentError `ZT_AGENT_KERNEL`, also when the command fails */
  ask(command: string): Promise<unknown> {
    // One at a time: what fails shows nothing, and what is shown says not for whom.
    const answer = this.#asking.then(() => this.#ask(command))
    this.#asking = answer.then(
      () => undefined,
      () => undefined,
    )
    return answer
  }

  async #ask(command: string): Promise<unknown> {
    const { failed, shown } = await this.#do([command], 1)
    const [text] = shown
    if (text === undefined)
      throw new AgentError('ZT_AGENT_KERNEL', `\`ip ${command}\` failed: ${failed[0]?.why ?? ''}`)
    try {
      return JSON.parse(text)
    } catch (error) {
      throw new AgentError('ZT_AGENT_KERNEL', `\`ip ${command}\` told no JSON: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }

  #do(commands: readonly string[], shows: number): Promise<Pick<Run, 'failed' | 'shown'>> {
    const child = this.#running()
    const barrier = `barrier${this.#lines}`
    return new Promise((resolve, reject) => {
      const late = () => {
        child.kill('SIGKILL')
        this.#lost(child, `did not finish ${commands.length} commands within ${this.#timeout} ms`)
      }
      const run: Run = {
        firstLine: this.#lines + 1,
        barrier: `"${barrier}"`,
        failed: [],
        shows,
        over: false,
        shown: [],
        said: [],
        timer: setTimeout(late, this.#timeout),
        resolve: () => resolve(run),
        reject,
      }
      this.#runs.push(run)
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
    const child = spawn('ip', this.#argv, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    this.#lines = 0
    this.#text = ''
    this.#shown = []
    this.#size = 0
    child.on('error', (error) => this.#lost(child, `cannot be run: ${error.message}`))
    child.on('close', (code, signal) => this.#lost(child, `ended (${signal ?? `exit status ${code}`})`))
    child.stdin.on('error', (error) => this.#lost(child, `takes no commands: ${error.message}`))
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      if (this.#child === child) this.#read(text)
    })
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      if (this.#child === child) this.#show(child, text)
    })
    return child
  }

  #show(child: ChildProcess, text: string): void {
    this.#size += text.length
    if (this.#size > MAX_SHOWN) {
      child.kill('SIGKILL')
      this.#lost(child, 'showed too much')
      return
    }
    const [rest = '', ...ends] = text.split('\n').toReversed()
    for (const end of ends.toReversed()) {
      const line = [...this.#shown.splice(0), end].join('')
      this.#size = rest.length
      const run = this.#runs.find((one) => one.shown.length < one.shows)
      run?.shown.push(line)
    }
    if (rest !== '') this.#shown.push(rest)
    this.#finish()
  }

  /** A run is over when its barrier has been reached and all that it shows is here; the two come on streams of their own. */
  #finish(): void {
    for (let run = this.#runs[0]; run?.over === true; run = this.#runs[0]) {
      if (run.shown.length + run.failed.length < run.shows) return
      this.#runs.shift()
      clearTimeout(run.timer)
      run.resolve()
    }
  }

  #read(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    const run = this.#runs.find(({ over }) => !over)
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
    run.over = true
    this.#finish()
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
