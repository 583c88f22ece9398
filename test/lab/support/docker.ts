/**
 * Docker's engine for tests: the one that runs, or one of our own for the time of a run, which leaves nothing behind
 * (`docker-set-up.ts`).
 */
import { beforeAll, beforeEach, inject } from 'vitest'
import { connectDocker, type DockerEngine } from '../../../lab/docker/engine.js'
import type { NodeImage } from '../../../lab/image/node-image.js'
import { needsRoot } from './host.js'

export interface TestDocker {
  readonly docker: DockerEngine
  /** For `DOCKER_HOST`. */
  readonly host: string
}

/** What {@link dockerOfFile} gives tests. */
export interface DockerOfFile {
  readonly engine: TestDocker
  readonly image: NodeImage
}

/** What set-up has for all files: the engine, with the image in it, or why there is none. */
export type DockerOfRun =
  { readonly host: string; readonly image: NodeImage } | { readonly host?: never; readonly reason: string }

declare module 'vitest' {
  interface ProvidedContext {
    readonly docker: DockerOfRun
  }
}

/** For hooks, which are not skipped: whether there are containers, and a user who may have them. */
export function hasDocker(): boolean {
  return process.getuid?.() === 0 && inject('docker').host !== undefined
}

/**
 * Docker with the node image for all tests of a file, which are skipped where there can be none.
 *
 * @returns asks for it, in a test
 */
export function dockerOfFile(): () => DockerOfFile {
  const given = inject('docker')
  let there: DockerOfFile | undefined
  beforeEach(needsRoot)
  beforeEach((context) => {
    if (given.host === undefined) context.skip(true, given.reason)
  })
  beforeAll(async () => {
    if (given.host === undefined) return
    there = {
      engine: { docker: await connectDocker(given.host), host: given.host },
      image: given.image,
    }
  })
  return () => {
    if (there === undefined) throw new Error('there is no Docker engine')
    return there
  }
}
