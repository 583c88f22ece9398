/**
 * Keys from a program: it is given the reference on standard input, a line, and writes the value to standard output. No shell, and
 * nothing of it in an argument or a variable, where others can see it. What it says on standard error is not repeated: it may be the key.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { KeyError, type KeyKind } from '../../twin/program/index.js'
import { ENVIRONMENT } from '../environment.js'
import type { CommandSource } from './sources.js'
import { decodeKey, MAX_TEXT } from './value.js'

export interface CommandContext {
  /** Where the variables are that the source names. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

/** @throws {KeyError} `ZT_KEY_COMMAND`, `ZT_KEY_VALUE`; the signal's reason when it aborts */
export async function keyFromCommand(
  source: CommandSource,
  reference: string,
  kind: KeyKind,
  context: CommandContext,
): Promise<Uint8Array> {
  context.signal?.throwIfAborted()
  const output = await outputOf(source, reference, context)
  return decodeKey(output, reference, kind)
}

function outputOf(
  { command, cwd, timeout, environment }: CommandSource,
  reference: string,
  { env, signal }: CommandContext,
): Promise<Uint8Array> {
  const [program, ...args] = command
  const given = environment.flatMap((name): [string, string][] => {
    const value = env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...ENVIRONMENT, ...Object.fromEntries(given) },
      stdio: ['pipe', 'pipe', 'ignore'],
      // A group of its own, so that what it starts ends with it.
      detached: true,
    })
    const output = new Uint8Array(MAX_TEXT + 1)
    let length = 0
    const failed = (what: string) => {
      output.fill(0)
      return new KeyError('ZT_KEY_COMMAND', `${program}, the source of this key, ${what}`, {
        where: reference,
        remedy: 'run it by hand with the reference on standard input, and see what it says',
      })
    }
    const end = (error: Error) => {
      endGroup(child.pid)
      settle()
      reject(error)
    }
    const timer = setTimeout(() => end(failed(`did not answer within ${timeout} ms`)), timeout)
    const onAbort = () => {
      const reason: unknown = signal?.reason
      end(reason instanceof Error ? reason : new Error('interrupted', { cause: reason }))
    }
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      child.stdout.destroy()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    child.once('error', (error: NodeJS.ErrnoException) =>
      end(failed(`cannot be started (${error.code ?? ''})`)),
    )
    child.stdout.on('data', (chunk: Buffer) => {
      const taken = chunk.subarray(0, output.length - length)
      output.set(taken, length)
      length += taken.length
      chunk.fill(0)
    })
    child.once('close', (code, by) => {
      settle()
      if (code === 0) resolve(output.subarray(0, length))
      else
        reject(failed(code === null ? `was ended by ${by ?? 'a signal'}` : `ended with exit status ${code}`))
    })
    // One that ends without reading says by its status what it thinks.
    child.stdin.on('error', () => undefined)
    child.stdin.end(`${reference}\n`)
  })
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
