/**
 * One-off commands of the host (`ip`, `sh`, `tar`): run to the end, text in and out.
 *
 * @module
 */
import { execa } from 'execa'
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

/**
 * Runs a command and tells how it ended, whatever way that is.
 *
 * @throws LabError `ZT_LAB_MISSING` when there is no such program, `ZT_LAB_DEADLINE`, `ZT_LAB_CANCELLED`
 */
export async function tryCommand(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const [file = '', ...args] = argv
  const timeout = options.timeout ?? 30_000
  const result = await execa(file, args, {
    reject: false,
    stripFinalNewline: false,
    timeout,
    killSignal: 'SIGKILL',
    // A list with nothing secret in it; what a command says is quoted in errors.
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  })
  if (result.isCanceled)
    throw new LabError('ZT_LAB_CANCELLED', `\`${file}\` was cancelled`, { cause: options.signal?.reason })
  if (result.timedOut)
    throw new LabError('ZT_LAB_DEADLINE', `\`${argv.join(' ')}\` took more than ${timeout} ms`)
  if (result.code === 'ENOENT') {
    throw new LabError('ZT_LAB_MISSING', `there is no program ${file} on this host`, {
      remedy: `install it: ${packageOf(file)}`,
    })
  }
  return {
    argv,
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
  }
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
    ethtool: 'ethtool',
    nsenter: 'util-linux',
    setpriv: 'util-linux',
    sudo: 'sudo',
  }
  return `apt-get install ${packages[program] ?? program}`
}
