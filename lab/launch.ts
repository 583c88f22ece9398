/**
 * Starts `ztos-labd`: directly as root, else through sudo, once a lab, without asking for a password.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Answer } from './channel.js'
import { ENVIRONMENT } from './environment.js'
import { LabError, messageOf, type LabErrorCode } from './errors.js'
import { LabdGreeting } from './labd/protocol.js'
import { programCommand } from './programs.js'
import { LAB_MARK, labMark } from './process-identity.js'

const GREETING_TIMEOUT = 15_000

/** Serve a lab, sweep what is left of one, or look at the host. */
export type LabdMode = 'lab' | 'sweep' | 'doctor'

/** Who asks. */
export function invoker(): { readonly uid: number; readonly gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}

/**
 * labd has the values of keys, and its children inherit the limit: of 1, no core is written to a file nor given to a program, which of 0 it
 * would be (core(5)). Commands of the user's may raise it.
 */
const WITHOUT_CORES = ['prlimit', '--core=1:', '--'] as const

/** The command that starts labd, with sudo before it if need be. */
function labdCommand(
  mode: LabdMode,
  id: string | undefined,
  who: { readonly uid: number; readonly gid: number },
): string[] {
  const labd = [
    ...programCommand('labd'),
    `--${mode}`,
    ...(id === undefined ? [] : [id]),
    '--uid',
    String(who.uid),
    '--gid',
    String(who.gid),
  ]
  // A clean-up knows the lab's processes by this mark; those that clean up must not bear it, for there may be two of them.
  const mark = mode === 'lab' && id !== undefined ? { [LAB_MARK]: labMark(who.uid, id) } : {}
  const around = Object.entries({ ...ENVIRONMENT, ...mark }).map(([name, value]) => `${name}=${value}`)
  return [...(who.uid === 0 ? [] : ['sudo', '-n', '--']), 'env', '-i', ...around, ...WITHOUT_CORES, ...labd]
}

/**
 * Starts labd and waits for its greeting: it listens (`lab`), or it is done (`sweep`; then the greeting holds `lodgers`).
 *
 * @throws LabError `ZT_LAB_PRIVILEGE` when sudo refuses, `ZT_LAB_MISSING`, or what labd itself says
 */
export async function startLabd(mode: LabdMode, id?: string): Promise<Answer> {
  const who = invoker()
  const [file = '', ...args] = labdCommand(mode, id, who)
  const child = spawn(file, args, {
    detached: true,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', (error) => reject(cannotStart(file, error.message)))
  })
  const ended = once(child, 'exit')
  ended.catch(() => undefined)
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new LabError('ZT_LAB_DEADLINE', `labd said nothing for ${GREETING_TIMEOUT} ms`)),
      GREETING_TIMEOUT,
    )
  })
  try {
    const line = await Promise.race([firstLine(child.stdout), failed, late])
    if (line === '') throw cannotStart(file, stderr.trim() === '' ? 'it ended without a word' : stderr.trim())
    const answer = greeted(line)
    // One that has nothing more to do is waited for: it must not be there any more when somebody looks.
    if (mode !== 'lab') await Promise.race([ended, late])
    return answer
  } finally {
    clearTimeout(timer)
    child.stdout.destroy()
    child.stderr.destroy()
    child.unref()
  }
}

function greeted(line: string): Answer {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new LabError(
      'ZT_LAB_PROTOCOL',
      `labd's greeting is not JSON: ${messageOf(error)}: ${line.slice(0, 200)}`,
      { cause: error },
    )
  }
  const greeting = LabdGreeting.parse(value)
  if (greeting.ok) return greeting
  throw new LabError(
    greeting.code as LabErrorCode,
    greeting.message,
    greeting.remedy === undefined ? {} : { remedy: greeting.remedy },
  )
}

function cannotStart(file: string, why: string): LabError {
  if (file !== 'sudo') return new LabError('ZT_LAB_COMMAND', `labd cannot be started: ${why}`)
  return new LabError(
    'ZT_LAB_PRIVILEGE',
    `a lab needs root, and sudo does not give it without a password: ${why}`,
    {
      remedy:
        'run as root, run `sudo -v` before, or allow this user NOPASSWD for node; the twin needs none of it (`--on twin`)',
    },
  )
}

async function firstLine(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += String(chunk)
    const end = text.indexOf('\n')
    if (end >= 0) return text.slice(0, end)
  }
  return text
}
