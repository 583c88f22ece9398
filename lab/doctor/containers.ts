/**
 * What labs of containers need: containerlab, Docker's engine, and the node image in it.
 *
 * @module
 */
import { setTimeout as late } from 'node:timers/promises'
import { z } from 'zod'
import { tryCommand } from '../command.js'
import { findContainerlab } from '../containerlab/program.js'
import { connectDocker, type DockerEngine } from '../docker/engine.js'
import { LabError } from '../errors.js'
import { nodeImageReference } from '../image/node-image.js'
import type { Finding, Findings } from './report.js'
import { absent, findingsOf, locate, program } from './unprivileged.js'

/** ms: an engine answers at once, and a host that is not there never. */
const ANSWERS_WITHIN = 5000
const INSTALL_MMDEBSTRAP = 'apt-get install mmdebstrap'
const LOAD_IMAGE = '`ztos lab image --load`'

const Version = z.object({ version: z.string() })
/** What needs no rights, but those to use Docker's engine. */
export async function containerFindings(env: NodeJS.ProcessEnv = process.env): Promise<Findings> {
  return {
    ...(await dockerFindings(env['DOCKER_HOST'])),
    ...(await findingsOf([
      ['containerlab', () => containerlab(env)],
      ['mmdebstrap', () => program('mmdebstrap', INSTALL_MMDEBSTRAP)],
    ])),
  }
}

/**
 * What the engine says to who has its socket; to others it is unknown.
 *
 * @param host default: as {@link connectDocker} has it
 * @param within ms
 */
export async function dockerFindings(host?: string, within: number = ANSWERS_WITHIN): Promise<Findings> {
  let docker: DockerEngine
  try {
    docker = await connected(host, within)
  } catch (error) {
    return {
      docker: absent(error),
      ...Object.fromEntries(
        ['docker-capabilities', 'node-image'].map((id) => [
          id,
          { outcome: 'unknown', detail: 'a Docker engine would have to be asked' },
        ]),
      ),
    }
  }
  return findingsOf([
    ['docker', () => engine(docker)],
    ['docker-capabilities', () => capabilities(docker)],
    ['node-image', () => image(docker)],
  ])
}

/** @param said by `containerlab version --json` */
export function versionOf(said: string, file: string): Finding {
  const { version } = Version.parse(JSON.parse(said))
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const detail = `${version}, ${file}`
  return major > 0 || minor >= 79
    ? { outcome: 'yes', detail }
    : { outcome: 'no', detail, remedy: 'install containerlab 0.79 or later' }
}

async function containerlab(env: NodeJS.ProcessEnv): Promise<Finding> {
  let file: string
  try {
    file = findContainerlab(env)
  } catch (error) {
    return absent(error)
  }
  const { code, stdout, stderr } = await tryCommand([file, 'version', '--json'], { timeout: ANSWERS_WITHIN })
  return code === 0
    ? versionOf(stdout, file)
    : { outcome: 'no', detail: `${file}: ${stderr.trim()}`, remedy: 'install containerlab 0.79 or later' }
}

async function connected(host: string | undefined, within: number): Promise<DockerEngine> {
  const giveUp = new AbortController()
  const silence = late(within, undefined, { signal: giveUp.signal }).then(() => {
    throw new LabError('ZT_LAB_DEADLINE', `Docker's engine says nothing for ${within} ms`, {
      remedy: 'look at what DOCKER_HOST names, and at its log',
    })
  })
  try {
    return await Promise.race([connectDocker(host), silence])
  } finally {
    silence.catch(() => undefined)
    giveUp.abort()
  }
}

async function engine(docker: DockerEngine): Promise<Finding> {
  const { engine, api } = await docker.version()
  return { outcome: 'yes', detail: `${engine}, API ${api}, at ${docker.host}` }
}

async function capabilities(docker: DockerEngine): Promise<Finding> {
  const image = await nodeImageReference()
  const unknown: string[] = []
  try {
    for (const name of ['BPF', 'PERFMON'])
      if (!(await docker.knowsCapability(image, name))) unknown.push(name)
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'ZT_LAB_UNKNOWN') throw error
    return {
      outcome: 'unknown',
      detail: 'it says so only to who has an image',
      remedy: `load the node image: ${LOAD_IMAGE}`,
    }
  }
  return unknown.length === 0
    ? { outcome: 'yes' }
    : {
        outcome: 'no',
        detail: `it does not know ${unknown.join(' and ')}: engines are given SYS_ADMIN in their place`,
        remedy:
          'install Docker 23 or later, or deploy with ZTOS_CAP_BPF=SYS_ADMIN ZTOS_CAP_PERFMON=SYS_ADMIN',
      }
}

async function image(docker: DockerEngine): Promise<Finding> {
  const reference = await nodeImageReference()
  const found = await docker.image(reference)
  if (found !== undefined) return { outcome: 'yes', detail: `${reference}, ${found.id.slice(0, 19)}` }
  const canMake = locate('mmdebstrap') !== undefined
  return {
    outcome: 'no',
    detail: `${reference} is not loaded, and can${canMake ? '' : 'not'} be made here`,
    remedy: canMake ? `run ${LOAD_IMAGE}` : `${INSTALL_MMDEBSTRAP}, then run ${LOAD_IMAGE}`,
  }
}
