/**
 * Whose process is it? A pid alone says nothing: it is reused. A process of a lab is known by the lab's mark in the
 * environment that the kernel keeps for it (`/proc/<pid>/environ`), and one process over time by pid and start time.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { systemCode } from './errors.js'

/** Environment variable that marks every process of a lab; its value is {@link labMark}. */
export const LAB_MARK = 'ZTOS_LAB'

/** One process, told apart from a later one of the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks after boot, `/proc/<pid>/stat` field 22 (proc(5)). */
  readonly startTime: string
}

/** A process as found in a scan. */
export interface FoundProcess extends ProcessIdentity {
  /** `comm` of `/proc/<pid>/stat`, at most 15 characters. */
  readonly command: string
}

export function labMark(uid: number, lab: string): string {
  return `${uid}/${lab}`
}

/** Field 22 and the command's name of a `/proc/<pid>/stat` line; the name may hold blanks and parentheses. */
export function parseStat(
  text: string,
): { readonly command: string; readonly state: string; readonly startTime: string } | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return undefined
  // Field 3 is the first behind the name.
  const fields = text.slice(close + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  if (state === undefined || startTime === undefined || !/^\d+$/.test(startTime)) return undefined
  return { command: text.slice(open + 1, close), state, startTime }
}

/** The process that has this pid now; `undefined` for none and for a zombie, which holds nothing any more. */
export function identify(pid: number): FoundProcess | undefined {
  const text = readOrNone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const stat = text === undefined ? undefined : parseStat(text)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined
  return { pid, startTime: stat.startTime, command: stat.command }
}

/** Is this very process still there? */
export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.startTime === identity.startTime
}

/**
 * Sends a signal to exactly this process. The start time is read again right before; what remains is the time between two
 * system calls, in which the kernel would have to reuse the pid (Node has no pidfd_send_signal).
 *
 * @returns whether the process was there
 */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false
  try {
    process.kill(identity.pid, signal)
    return true
  } catch (error) {
    if (systemCode(error) === 'ESRCH') return false
    throw error
  }
}

/** Every process whose environment carries the mark, but this one. */
export function markedProcesses(mark: string): FoundProcess[] {
  const wanted = `${LAB_MARK}=${mark}`
  return processes().filter(({ pid }) => {
    const environment = readOrNone(() => readFileSync(`/proc/${pid}/environ`, 'latin1'))
    return environment !== undefined && environment.split('\0').includes(wanted)
  })
}

/** Every process that is in one of these network namespaces (files under `/run/netns`), with the file it is in. */
export function processesIn(
  namespaceFiles: readonly string[],
): (FoundProcess & { readonly namespace: string })[] {
  const byInode = new Map<string, string>()
  for (const file of namespaceFiles) {
    const inode = readOrNone(() => statSync(file).ino)
    if (inode !== undefined) byInode.set(`net:[${inode}]`, file)
  }
  return processes().flatMap((found) => {
    const link = readOrNone(() => readlinkSync(`/proc/${found.pid}/ns/net`))
    const namespace = link === undefined ? undefined : byInode.get(link)
    return namespace === undefined ? [] : [{ ...found, namespace }]
  })
}

function processes(): FoundProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
    const found = identify(Number(name))
    return found === undefined ? [] : [found]
  })
}

/** Processes come and go while they are looked at, and some belong to others: both are no finding. */
function readOrNone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
