/**
 * What all files of a run need of Docker, once: an engine, and the node image in it. It ends with the run, whatever way that ends.
 */
import type { TestProject } from 'vitest/node'
import { startOwnDocker, whyNoOwnDocker } from '../../../bench/docker.js'
import { connectDocker, type DockerEngine } from '../../../lab/docker/engine.js'
import { LabError } from '../../../lab/errors.js'
import { nodeImage } from '../../../lab/image/node-image.js'

export async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const there = await running()
  const reason = there === undefined ? whyNoOwnDocker() : undefined
  if (reason !== undefined) {
    provide('docker', { reason: `no Docker engine runs, and ${reason}` })
    return undefined
  }
  const [image, { docker, host, stop }] = await Promise.all([nodeImage(), there ?? startOwnDocker()])
  try {
    await docker.loadImage(image.archive)
  } catch (error) {
    await stop()
    throw error
  }
  provide('docker', { host, image })
  return stop
}

/** One that was here before goes on. */
async function running(): Promise<
  { docker: DockerEngine; host: string; readonly stop: () => Promise<void> } | undefined
> {
  try {
    const docker = await connectDocker()
    return { docker, host: docker.host, stop: () => Promise.resolve() }
  } catch (error) {
    if (error instanceof LabError && (error.code === 'ZT_LAB_MISSING' || error.code === 'ZT_LAB_PRIVILEGE'))
      return undefined
    throw error
  }
}
