/**
 * What a lab of containers leaves, whatever became of it: containers, names of their namespaces, and what containerlab wrote on its host.
 *
 * @module
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { Containerlab } from '../containerlab/containerlab.js'
import { connectDocker } from '../docker/engine.js'
import { LabError } from '../errors.js'
import { labPaths } from '../paths.js'
import { labMark } from '../process-identity.js'
import type { Invoker } from './folder.js'
import { Containers } from './protocol.js'

/** Labels of a lab's containers, by which they are found. */
export function labLabels({ uid }: Invoker, lab: string): Readonly<Record<string, string>> {
  return { 'ztos.lab': labMark(uid, lab) }
}

/**
 * Takes a lab's containers away, in whatever state. Nothing happens where it has none.
 *
 * @throws LabError `ZT_LAB_MISSING` when Docker's engine does not answer, for it may have them still
 */
export async function removeContainers(invoker: Invoker, lab: string): Promise<void> {
  const paths = labPaths(invoker.uid, lab)
  const where = existsSync(paths.containers) ? read(paths.containers) : undefined
  if (where === undefined) return
  const docker = await connectDocker(where.docker)
  const containerlab = new Containerlab({
    program: where.containerlab,
    host: where.docker,
    passing: paths.folder,
  })
  // It knows best what it wrote on this host; what it does not get done is done by force.
  if (existsSync(paths.topology)) await containerlab.destroy(paths.topology).catch(() => undefined)
  const left = await docker.list(labLabels(invoker, lab))
  await Promise.all(left.map(({ id }) => docker.remove(id)))
  // A sweep that comes behind has nothing to destroy.
  rmSync(paths.topology, { force: true })
}

/** Written as a whole, before the first container. @throws LabError `ZT_LAB_FORMAT` */
function read(file: string): Containers {
  const said = Containers.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (said.success) return said.data
  throw new LabError('ZT_LAB_FORMAT', `${file} does not say where containers are`)
}
