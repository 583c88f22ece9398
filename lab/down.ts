/**
 * Taking a lab down, whatever state it is in.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { Answer, Channel } from './channel.js'
import { LabError } from './errors.js'
import { startLabd } from './launch.js'
import { RUN_ROOT } from './paths.js'
import { isAlive, type ProcessIdentity } from './process-identity.js'
import { readLabState } from './state.js'

const Lodgers = z.object({
  lodgers: z.array(z.object({ pid: z.int(), command: z.string(), namespace: z.string() })),
})
const TIMEOUT = 60_000

/**
 * Asks labd, and sweeps by force when it dies over it or hangs. Returns when nothing is left, labd included.
 *
 * @returns processes of others found in the lab's namespaces, one sentence each
 */
export async function takeDown(
  channel: Channel,
  lab: { readonly id: string; readonly uid: number },
  stepwise: boolean,
): Promise<readonly string[]> {
  const labd = labdOf(lab)
  try {
    const answer = await channel.request({ op: 'down', stepwise }, { timeout: TIMEOUT })
    if (labd !== undefined) await gone(labd)
    return lodgerTexts(answer)
  } catch (error) {
    if (
      !(error instanceof LabError) ||
      (error.code !== 'ZT_LAB_CONNECTION' && error.code !== 'ZT_LAB_DEADLINE')
    )
      throw error
    return await sweep(lab.id)
  } finally {
    channel.close()
  }
}

/** Removes what a lab left whose labd is gone. */
export async function sweep(id: string): Promise<readonly string[]> {
  return lodgerTexts(await startLabd('sweep', id))
}

function labdOf({ id, uid }: { readonly id: string; readonly uid: number }): ProcessIdentity | undefined {
  try {
    return readLabState(uid, id, RUN_ROOT).labd
  } catch (error) {
    // Its state is gone or unreadable: then there is nobody to wait for.
    if (error instanceof LabError) return undefined
    throw error
  }
}

/** It has answered and is on its way out; there is nothing to wait on for a process that is no child. */
async function gone(labd: ProcessIdentity): Promise<void> {
  for (const giveUp = performance.now() + 2000; isAlive(labd) && performance.now() < giveUp;) await delay(1)
}

/** `process 4711 (bash) runs on ...`, for people. */
function lodgerTexts(answer: Answer): readonly string[] {
  return Lodgers.parse(answer).lodgers.map(
    ({ pid, command, namespace }) => `process ${pid} (${command}) runs on in what was ${namespace}`,
  )
}
