/**
 * What lab tests need of their host, and what a lab leaves on it.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { TestContext } from 'vitest'
import { LAB_MARK } from '../../../lab/process-identity.js'

/** To be given to `beforeEach`: without root there is no lab, and the skip says so. */
export function needsRoot(context: TestContext): void {
  context.skip(process.getuid?.() !== 0, 'labs need root')
}

/** Everything on this host that a lab could have made, of all labs there are. */
interface Traces {
  readonly namespaces: readonly string[]
  /** Links of the host's own namespace. */
  readonly links: readonly string[]
  readonly processes: readonly string[]
  readonly state: readonly string[]
}

export function traces(): Traces {
  return {
    namespaces: list('/run/netns').filter((name) => name.startsWith('zt-')),
    links: (
      JSON.parse(execFileSync('ip', ['-json', 'link'], { encoding: 'utf8' })) as { readonly ifname: string }[]
    ).map(({ ifname }) => ifname),
    processes: list('/proc').filter((pid) => /^\d+$/.test(pid) && isMarked(pid)),
    state: list('/run/ztos/0'),
  }
}

function isMarked(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${LAB_MARK}=`)
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
