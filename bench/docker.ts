/**
 * A Docker engine of one's own, for benches and tests: it touches no network of the host, and whatever way its owner ends, nothing of it
 * is left: no process, no mount, no control group, no file.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectDocker, type DockerEngine } from '../lab/docker/engine.js'
import { identify } from '../lab/process-identity.js'

export interface OwnDocker {
  readonly docker: DockerEngine
  /** For `DOCKER_HOST`. */
  readonly host: string
  /** All that it has; its control groups have the same name. */
  readonly folder: string
  /** Ends it, and its containers. */
  readonly stop: () => Promise<void>
}

const DOCKERD = ['/usr/sbin/dockerd', '/usr/bin/dockerd', '/usr/local/bin/dockerd']
/** ms: containerd, then Docker, on two slow cores. */
const STARTS_WITHIN = 60_000
const ENDS_WITHIN = 30_000

/**
 * Starts the engine, says which process it is, and waits until the other end of its standard input is closed, by its owner or by the owner's
 * end. Then it ends the engine, whose containers go with it, and takes away what is left. Docker leaves its control groups, empty: one
 * below each controller of version 1, one in all of version 2.
 */
const KEEPER = `folder=$1
shift
"$@" >"$folder/log" 2>&1 &
engine=$!
echo $engine
read -r _
kill -TERM $engine
wait $engine
for groups in /sys/fs/cgroup /sys/fs/cgroup/*; do
    rmdir "$groups/\${folder##*/}" 2>/dev/null
done
rm -rf "$folder"
`

/** Why none can be started here; `undefined` where one can. */
export function whyNoOwnDocker(): string | undefined {
  if (process.getuid?.() !== 0) return 'to start a Docker engine needs root'
  if (dockerd() === undefined) return 'there is no dockerd'
  const hasGroups = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup')
  return hasGroups ? undefined : 'no control groups are mounted, without which no Docker engine starts'
}

/** @throws Error with the last lines of its log when it does not come up */
export async function startOwnDocker(): Promise<OwnDocker> {
  const program = dockerd()
  if (program === undefined) throw new Error('there is no dockerd')
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-docker-'))
  const host = `unix://${path.join(folder, 'docker.sock')}`
  const keeper = spawn('sh', ['-c', KEEPER, 'sh', folder, ...engineCommand(program, folder, host)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Not in the group of a terminal: Ctrl-C is for its owner.
    detached: true,
  })
  const ended = once(keeper, 'exit')
  const end = async () => {
    keeper.stdin.end()
    await ended
  }
  let stopped: Promise<void> | undefined
  try {
    const engine = await Promise.race([numberSaid(keeper), ended.then(() => 0)])
    const docker = await answering(host, engine, path.join(folder, 'log'))
    const stop = async () => {
      for (const { id } of await docker.list({})) await docker.remove(id)
      const late = setTimeout(() => process.kill(engine, 'SIGKILL'), ENDS_WITHIN)
      await end()
      clearTimeout(late)
    }
    return { docker, host, folder, stop: () => (stopped ??= stop()) }
  } catch (error) {
    await end()
    throw error
  }
}

function engineCommand(program: string, folder: string, host: string): readonly string[] {
  const flags = {
    'data-root': path.join(folder, 'data'),
    'exec-root': path.join(folder, 'run'),
    pidfile: path.join(folder, 'pid'),
    host,
    'cgroup-parent': `/${path.basename(folder)}`,
    // The storage is what the file system can do: overlay2, or vfs.
    bridge: 'none',
    iptables: 'false',
    ip6tables: 'false',
  }
  // Mounts of its own: whatever way it ends, none is left on the host.
  const apart = ['--mount', '--propagation', 'private', '--', 'setpriv', '--pdeathsig', 'TERM', '--']
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  return ['unshare', ...apart, program, ...words]
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

async function numberSaid({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) throw new TypeError('the keeper of the engine has no pipe')
  const [line] = (await once(stdout.setEncoding('utf8'), 'data')) as [string]
  return Number(line)
}

async function answering(host: string, engine: number, log: string): Promise<DockerEngine> {
  const until = Date.now() + STARTS_WITHIN
  for (;;) {
    try {
      return await connectDocker(host)
    } catch (error) {
      if (identify(engine) === undefined || Date.now() > until) {
        const said = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n')
        throw new Error(`dockerd does not come up:\n${said}`, { cause: error })
      }
    }
    await sleep(50)
  }
}
