/**
 * A user who is not root, with a sudo of his own, and his session with a lab.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Plan } from '../../../contract/plan.js'
import type { LabInterpreter } from '../../../record/verdict.js'

export const NOBODY = 65534
const dist = fileURLToPath(new URL('../../../dist', import.meta.url))
const session = fileURLToPath(new URL('as-user.mjs', import.meta.url))

/** What the session says that it saw. */
export const Seen = z.object({
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

/** @param driver what nodes of his lab are */
export async function runAsNobody(
  folder: string,
  withSudo: boolean,
  { driver = 'netns', env = {} }: { driver?: LabInterpreter; env?: Readonly<Record<string, string>> } = {},
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
