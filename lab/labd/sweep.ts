/**
 * Removes whatever is left of a lab, in whatever state: processes, containers, namespaces with their links, the state folder. Needs
 * nothing but the lab's id, and may be done any number of times.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import { LabError } from '../errors.js'
import { removeNamespaces, type Lodger } from '../netns/driver.js'
import { isAlive, labMark, markedProcesses, signalProcess } from '../process-identity.js'
import { removeContainers } from './containers-left.js'
import { removeFolder, type Invoker } from './folder.js'

/** @returns processes of others that were found in the lab's namespaces; they run on, without its devices */
export async function sweepLab(invoker: Invoker, lab: string): Promise<readonly Lodger[]> {
  await killMarked(labMark(invoker.uid, lab))
  await removeContainers(invoker, lab)
  const lodgers = await removeNamespaces(lab)
  // Last, so that a sweep that is cut off can be asked for again.
  removeFolder(invoker, lab)
  return lodgers
}

/** Ends every process of the lab but this one. A second look finds what one of them started while it was dying. */
async function killMarked(mark: string): Promise<void> {
  const giveUp = performance.now() + 5000
  for (;;) {
    const found = markedProcesses(mark)
    if (found.length === 0) return
    for (const identity of found) signalProcess(identity, 'SIGKILL')
    // A killed process is gone after the kernel has run it once more; there is nothing to wait on for one that is no child.
    while (found.some(isAlive) && performance.now() < giveUp) await delay(2)
    if (performance.now() >= giveUp) {
      const names = found.filter(isAlive).map(({ pid, command }) => `${pid} (${command})`)
      throw new LabError(
        'ZT_LAB_DEADLINE',
        `processes of the lab do not end, not even by SIGKILL: ${names.join(', ')}`,
      )
    }
  }
}
