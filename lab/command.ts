/**
 * One-off commands of the host (`ip`, `sh`, `tar`): run to the end, text in and out.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { commandError, LabError, type CommandOutcome } from './errors.js'

export interface CommandOptions {
  /** Given on standard input. */
  readonly input?: string
  /** Kills the command when it aborts. */
  readonly signal?: AbortSignal
  /** ms; default 30 s: no command of the lab takes longer, and none may hang a clean-up. */
  readonly timeout?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Octets; no command of the lab says as much. */
const MAX_OUTPUT = 100 * 1024 * 1024

/**
 * Runs a command and tells how it ended, whatever way that is.
 *
 * @throws LabError `ZT_LAB_MISSING` when there is no such program, `ZT_LAB_DEADLINE`, `ZT_LAB_CANCELLED`
 */
export function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandOutcome> {
  const [file = '', ...args] = argv
  const { input, signal, timeout = 30_000, env } = options
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      {
        timeout,
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT,
        // A list with nothing secret in it; what a command says is quoted in errors.
        ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
        ...(signal === undefined ? {} : { signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ argv, code: 0, signal: null, stdout, stderr })
        } else if (error.name === 'AbortError') {
          reject(new LabError('ZT_LAB_CANCELLED', `\`${file}\` was cancelled`, { cause: signal?.reason }))
        } else if (error.code === 'ENOENT') {
          reject(
            new LabError('ZT_LAB_MISSING', `there is no program ${file} on this host`, {
              remedy: `install it: ${packageOf(file)}`,
              cause: error,
            }),
          )
        } else if (typeof error.code === 'string') {
          // It did not begin, or said too much.
          resolve({ argv, code: null, signal: error.signal ?? null, stdout, stderr: error.message })
        } else if (error.killed === true) {
          // By us: what others kill bears no such mark.
          reject(new LabError('ZT_LAB_DEADLINE', `\`${argv.join(' ')}\` took more than ${timeout} ms`))
        } else {
          resolve({ argv, code: error.code ?? null, signal: error.signal ?? null, stdout, stderr })
        }
      },
    )
    // A command that ends without reading its input says why itself.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** Runs a command that must succeed. @throws LabError `ZT_LAB_COMMAND` with what it said, and those of {@link tryCommand} */
export async function runCommand(
  purpose: string,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const outcome = await tryCommand(argv, options)
  if (outcome.code !== 0) throw commandError(purpose, outcome)
  return outcome.stdout
}

/** The Debian package that holds a program. */
function packageOf(program: string): string {
  const packages: Readonly<Record<string, string>> = {
    ip: 'iproute2',
    tc: 'iproute2',
    setpriv: 'util-linux',
    sudo: 'sudo',
  }
  return `apt-get install ${packages[program] ?? program}`
}
