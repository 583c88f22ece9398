/**
 * What lab tests need of their host, and what a lab leaves on it.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { TestContext } from 'vitest'
import { identify, LAB_MARK } from '../../../lab/process-identity.js'

/** To be given to `beforeEach`: without root there is no lab, and the skip says so. */
export function needsRoot(context: TestContext): void {
  context.skip(process.getuid?.() !== 0, 'labs need root')
}

/** Everything on this host that a lab could have left. Other labs may run beside it. */
interface Traces {
  readonly namespaces: readonly string[]
  /** Of the host's own namespace, where no lab has any business. */
  readonly links: readonly string[]
  readonly processes: readonly string[]
  readonly state: readonly string[]
}

export const nothing: Traces = { namespaces: [], links: [], processes: [], state: [] }

export function tracesOf(lab: string): Traces {
  const links = JSON.parse(execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' })) as {
    readonly ifname: string
  }[]
  return {
    namespaces: list('/run/netns').filter((name) => name.startsWith(`zt-${lab}-`)),
    links: links.map(({ ifname }) => ifname).filter((name) => name.endsWith('.phy')),
    processes: list('/proc')
      .filter((pid) => /^\d+$/.test(pid) && isMarked(pid, lab))
      .map((pid) => `${pid} ${identify(Number(pid))?.command ?? 'ended'}`),
    state: list('/run/ztos/0').filter((name) => name.includes(lab)),
  }
}

function isMarked(pid: string, lab: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${LAB_MARK}=0/${lab}`)
  } catch {
    // It ended while it was looked at, and with it everything it held.
    return false
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    // Never made on this host: nothing is in it.
    return []
  }
}
