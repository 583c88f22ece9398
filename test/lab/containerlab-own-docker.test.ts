/**
 * A Docker engine of our own: whatever way its owner ends, nothing of it is left.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, expect, test } from 'vitest'
import { startOwnDocker, whyNoOwnDocker } from '../../bench/docker.js'
import { connectDocker } from '../../lab/docker/engine.js'

beforeEach((context) => {
  const reason = whyNoOwnDocker()
  context.skip(reason !== undefined, reason)
})

/** What is there of an engine: its folder, its mounts on the host, its control groups, processes that name it. */
function traces(folder: string): readonly string[] {
  const name = path.basename(folder)
  const groups = readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' })
  const processes = execFileSync('ps', ['-e', '-o', 'args='], { encoding: 'utf8' }).split('\n')
  return [
    ...(existsSync(folder) ? [folder] : []),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(name)),
    ...groups.filter((group) => group.includes(name)),
    ...processes.filter((line) => line.includes(name)),
  ]
}

test('stopped, it leaves nothing', async () => {
  const { docker, host, folder, stop } = await startOwnDocker()
  expect((await docker.version()).engine).toMatch(/^\d+\./)
  expect(traces(folder).length).toBeGreaterThan(2)
  expect(traces(folder).filter((line) => line.includes(' - '))).toEqual([])
  await stop()
  expect(traces(folder)).toEqual([])
  await expect(connectDocker(host)).rejects.toThrow('no Docker engine answers')
})

test('its owner killed, it leaves nothing either', async () => {
  const built = fileURLToPath(new URL('../../dist/bench/docker.js', import.meta.url))
  const script = `const { startOwnDocker } = await import(${JSON.stringify(built)})
    process.stdout.write((await startOwnDocker()).folder)
    setInterval(() => undefined, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [folder] = (await once(owner.stdout.setEncoding('utf8'), 'data')) as [string]
  expect(traces(folder).length).toBeGreaterThan(2)
  owner.kill('SIGKILL')
  await expect.poll(() => traces(folder), { timeout: 30_000, interval: 200 }).toEqual([])
})
