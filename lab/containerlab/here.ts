/**
 * Where containerlab and Docker's engine are, as whoever asks for a lab finds them. labd does not have his environment.
 *
 * @module
 */
import { DOCKER_SOCKET } from '../docker/engine.js'
import { LabError } from '../errors.js'
import { findContainerlab } from './program.js'

export interface ContainersHere {
  /** The program. */
  readonly containerlab: string
  /** `unix:///…` */
  readonly docker: string
}

/** @throws LabError `ZT_LAB_MISSING` without containerlab, `ZT_LAB_PLAN` for containers on another host */
export function containersHere(env: NodeJS.ProcessEnv = process.env): ContainersHere {
  const said = env['DOCKER_HOST'] ?? ''
  const docker = said === '' ? DOCKER_SOCKET : said
  if (!docker.startsWith('unix:///')) {
    throw new LabError(
      'ZT_LAB_PLAN',
      `DOCKER_HOST is ${docker}, and a lab's containers are to be on this host, by an engine at unix:///…`,
      {
        remedy: 'name its socket so, run the command on the other host, or take DOCKER_HOST away',
      },
    )
  }
  return { containerlab: findContainerlab(env), docker }
}
