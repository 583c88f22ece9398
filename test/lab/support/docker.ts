/**
 * Docker's engine for tests: the one that runs, or one of our own for the time of a file of tests, which leaves nothing behind.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  accessSync,
  constants,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { connectDocker, type DockerEngine } from '../../../lab/docker/engine.js'
import { LabError } from '../../../lab/errors.js'
import { nodeImage, type NodeImage } from '../../../lab/image/node-image.js'
import { needsRoot } from './host.js'

export interface TestDocker {
  readonly docker: DockerEngine
  /** For `DOCKER_HOST`. */
  readonly host: string
  /** Ends the engine if it is ours. */
  stop(): Promise<void>
}

const DOCKERD = ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd']
/** ms: containerd, then Docker, on two slow cores. */
const STARTS_WITHIN = 60_000
const ENDS_WITHIN = 30_000

/** Why there is no Docker for tests here; `undefined` where there is, or can be. */
async function noDocker(): Promise<string | undefined> {
  if ((await running()) !== undefined) return undefined
  if (process.getuid?.() !== 0) return 'no Docker engine runs, and to start one needs root'
  if (dockerd() === undefined) return 'no Docker engine runs, and there is no dockerd'
  const hasGroups = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup')
  return hasGroups
    ? undefined
    : 'no Docker engine runs, and no control groups are mounted, without which none starts'
}

/** What {@link dockerOfFile} gives tests. */
export interface DockerOfFile {
  readonly engine: TestDocker
  readonly image: NodeImage
}

/**
 * Docker with the node image for all tests of a file, which are skipped where there can be none.
 *
 * @returns asks for it, in a test
 */
export function dockerOfFile(): () => DockerOfFile {
  let there: DockerOfFile | undefined
  let reason: string | undefined
  beforeEach(needsRoot)
  beforeEach((context) => context.skip(reason !== undefined, reason))
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    reason = await noDocker()
    if (reason !== undefined) return
    const image = await nodeImage()
    const engine = await startDocker()
    there = { engine, image }
    await engine.docker.loadImage(image.archive)
  }, 600_000)
  afterAll(() => there?.engine.stop())
  return () => {
    if (there === undefined) throw new Error('there is no Docker engine')
    return there
  }
}

async function startDocker(): Promise<TestDocker> {
  const there = await running()
  if (there !== undefined) return { docker: there, host: there.host, stop: () => Promise.resolve() }
  const program = dockerd()
  if (program === undefined) throw new Error('there is no dockerd')
  return startOwn(program)
}

async function running(): Promise<DockerEngine | undefined> {
  try {
    return await connectDocker()
  } catch (error) {
    if (error instanceof LabError && (error.code === 'ZT_LAB_MISSING' || error.code === 'ZT_LAB_PRIVILEGE'))
      return undefined
    throw error
  }
}

function dockerd(): string | undefined {
  return DOCKERD.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return true
    } catch {
      // Installed elsewhere, or not.
      return false
    }
  })
}

async function startOwn(program: string): Promise<TestDocker> {
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-docker-'))
  const host = `unix://${path.join(folder, 'docker.sock')}`
  const group = path.basename(folder)
  const flags = {
    'data-root': path.join(folder, 'data'),
    'exec-root': path.join(folder, 'run'),
    pidfile: path.join(folder, 'pid'),
    host,
    'cgroup-parent': `/${group}`,
    // Nothing of the host's network is touched. The storage is what the file system can do: overlay2, or vfs.
    bridge: 'none',
    iptables: 'false',
    ip6tables: 'false',
  }
  // Mounts of its own: whatever way it ends, none is left on the host.
  const apart = ['--mount', '--propagation', 'private', '--', 'setpriv', '--pdeathsig', 'TERM', '--']
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const child = spawn('unshare', [...apart, program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(path.join(folder, 'log'))
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  const stop = async () => {
    await end(child)
    removeGroups(group)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const docker = await answering(host, child, path.join(folder, 'log'))
    const stopAll = onlyOnce(async () => {
      await removeContainers(docker)
      await stop()
    })
    return { docker, host, stop: stopAll }
  } catch (error) {
    await stop()
    throw error
  }
}

async function answering(host: string, child: ChildProcess, log: string): Promise<DockerEngine> {
  const until = Date.now() + STARTS_WITHIN
  for (;;) {
    try {
      return await connectDocker(host)
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) {
        throw new Error(
          `dockerd does not come up:\n${readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')}`,
          { cause: error },
        )
      }
    }
    await sleep(50)
  }
}

/** What it does is done once. */
function onlyOnce(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

async function removeContainers(docker: DockerEngine): Promise<void> {
  for (const { id } of await docker.list({})) await docker.remove(id)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN)
  await gone
  clearTimeout(late)
}

/** Docker leaves its control groups, empty: one below each controller of version 1, one in all of version 2. */
function removeGroups(group: string): void {
  const root = '/sys/fs/cgroup'
  for (const folder of [root, ...readdirSync(root).map((name) => path.join(root, name))]) {
    try {
      rmdirSync(path.join(folder, group))
    } catch {
      // Not there, or no folder of groups.
    }
  }
}
