/**
 * A user who is not root, with a sudo of his own, and his session with a lab.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { z } from 'zod'
import type { Plan } from '../../../contract/plan.js'
import type { LabInterpreter } from '../../../record/verdict.js'

export const NOBODY = 65534
const dist = fileURLToPath(new URL('../../../dist', import.meta.url))
const session = fileURLToPath(new URL('as-user.mjs', import.meta.url))

/** What the session says that it saw. */
const Seen = z.object({
  id: z.string(),
  uid: z.int(),
  driver: z.string(),
  identity: z.object({ stdout: z.string(), stderr: z.string() }),
  arrivals: z.int(),
  wire: z.int(),
  journals: z.array(z.tuple([z.string(), z.int()])),
  keys: z.int(),
  listed: z.array(z.object({ id: z.string(), phase: z.string() })),
  after: z.array(z.unknown()),
})

/** A folder that he may enter, with a plan for his lab. */
export function userFolder(plan: Plan): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-user-'))
  chmodSync(folder, 0o755)
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(plan))
  return folder
}

/**
 * A sudo for one user: what it is called with is run by this test, which is root, as sudo would run it: with an environment that
 * holds nothing of the caller's.
 */
export function sudoFor(folder: string, calls: string[][]): { stop(): Promise<void> } {
  const file = path.join(folder, 'sudo')
  const [asked, answered] = [path.join(folder, 'asked'), path.join(folder, 'answered')]
  execFileSync('mkfifo', ['-m', '666', asked, answered])
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\0' "$@" > ${asked}\ncat ${answered}\n`, { mode: 0o755 })
  const stopped = new AbortController()
  let reader: ReturnType<typeof spawn> | undefined
  const serve = async () => {
    while (!stopped.signal.aborted) {
      reader = spawn('cat', [asked], { stdio: ['ignore', 'pipe', 'ignore'] })
      let text = ''
      reader.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()))
      await once(reader, 'close')
      const argv = text.split('\0').slice(0, -1)
      if (argv.length === 0) continue
      calls.push(argv)
      const separator = argv.indexOf('--')
      const [program = '', ...args] = argv.slice(separator + 1)
      const script = `exec "$@" > ${answered}`
      spawn('sh', ['-c', script, 'sh', program, ...args], {
        stdio: 'ignore',
        detached: true,
        env: { PATH: process.env['PATH'] },
      }).unref()
    }
  }
  const serving = serve()
  return {
    stop: async () => {
      stopped.abort()
      reader?.kill()
      await serving
    },
  }
}

interface Session {
  /** What nodes of his lab are. */
  readonly driver?: LabInterpreter
  readonly env?: Readonly<Record<string, string>>
}

/** He has a lab by sudo, which is asked once, and everything else without. @returns what he saw, and what sudo was called with */
export async function labOfNobody(
  folder: string,
  plan: Plan,
  how: Session = {},
): Promise<{ readonly seen: z.infer<typeof Seen>; readonly calls: readonly (readonly string[])[] }> {
  const calls: string[][] = []
  const sudo = sudoFor(folder, calls)
  const { stdout, stderr } = await runAsNobody(folder, true, how)
  await sudo.stop()
  expect(stderr).toBe('')
  const seen = Seen.parse(JSON.parse(stdout))
  expect(seen).toMatchObject({
    uid: NOBODY,
    driver: how.driver ?? 'netns',
    keys: plan.keys.length,
    listed: [{ id: seen.id, phase: 'up' }],
    after: [],
  })
  // A broadcast reaches the other host of its network.
  expect(seen.arrivals).toBeGreaterThan(0)
  expect(seen.wire).toBeGreaterThan(0)
  expect(seen.journals.length).toBe(plan.nodes.length)
  // In a node he is himself, with what ping, tcpdump and ip need, and not root.
  expect(seen.identity.stdout).toContain(`${NOBODY}\n`)
  expect(seen.identity.stdout).toContain('CapBnd:\t0000000000003000')
  expect(seen.identity.stdout).toContain('configured')
  expect(seen.identity.stderr).toContain('/etc/shadow: Permission denied')
  // Once, and never for a question of its own.
  expect(calls.map((argv) => argv.slice(0, 2))).toEqual([['-n', '--']])
  return { seen, calls }
}

export async function runAsNobody(
  folder: string,
  withSudo: boolean,
  { driver = 'netns', env = {} }: Session = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  const user = spawn(process.execPath, [session, dist, path.join(folder, 'plan.json'), driver], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    env: { ...env, PATH: withSudo ? `${folder}:${process.env['PATH']}` : '/nowhere' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  user.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  user.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(user, 'close')) as [number]
  return { stdout, stderr, code }
}
