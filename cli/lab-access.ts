/**
 * Labs as verbs use them.
 *
 * @module
 */
import { attach, listLabs, type Lab } from '../lab/index.js'
import { named } from './names.js'

/**
 * Attaches to a running lab for as long as something is done with it. It runs on.
 *
 * @throws CliError `ZT_CLI_NAME` with the lab that may have been meant; LabError when it cannot be reached
 */
export async function withLab<T>(id: string, work: (lab: Lab) => Promise<T>): Promise<T> {
  knownLab(id)
  const lab = await attach(id)
  try {
    return await work(lab)
  } finally {
    lab.close()
  }
}

/** @throws CliError `ZT_CLI_NAME` */
function knownLab(id: string): void {
  named('lab', id, listLabs(), (lab) => lab.id, 'labs of this user')
}
