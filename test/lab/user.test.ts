/**
 * A lab of a user who is not root: sudo once, for labd, and never again.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

const NOBODY = 65534
const dist = fileURLToPath(new URL('../../dist', import.meta.url))
const session = fileURLToPath(new URL('support/as-user.mjs', import.meta.url))
const plan = shipped('two-leaves')
const Seen = z.object({
  id: z.string(),
  uid: z.int(),
  identity: z.object({ stdout: z.string(), stderr: z.string() }),
  arrivals: z.int(),
  wire: z.int(),
  journals: z.array(z.tuple([z.string(), z.int()])),
  keys: z.int(),
  listed: z.array(z.object({ id: z.string(), phase: z.string() })),
  after: z.array(z.unknown()),
})

let folder: string
beforeEach((context) => {
  needsRoot(context)
  folder = mkdtempSync(path.join(tmpdir(), 'zt-user-'))
  chmodSync(folder, 0o755)
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(plan))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/**
 * A sudo for one user: what it is called with is run by this test, which is root, as sudo would run it: with an environment that
 * holds nothing of the caller's.
 */
function sudoFor(calls: string[][]): { stop(): Promise<void> } {
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

async function runAsNobody(
  withSudo: boolean,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }> {
  const user = spawn(process.execPath, [session, dist, path.join(folder, 'plan.json')], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    env: { PATH: withSudo ? `${folder}:${process.env['PATH']}` : '/nowhere' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  user.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  user.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(user, 'close')) as [number]
  return { stdout, stderr, code }
}

describe('a user who is not root', () => {
  it('has a lab by sudo, and everything else without', async () => {
    const calls: string[][] = []
    const sudo = sudoFor(calls)
    const { stdout, stderr } = await runAsNobody(true)
    await sudo.stop()
    expect(stderr).toBe('')
    const seen = Seen.parse(JSON.parse(stdout))
    expect(seen).toMatchObject({
      uid: NOBODY,
      keys: plan.keys.length,
      listed: [{ id: seen.id, phase: 'up' }],
      after: [],
    })
    // A broadcast reaches the other host of its network.
    expect(seen.arrivals).toBeGreaterThan(0)
    expect(seen.wire).toBeGreaterThan(0)
    expect(seen.journals.length).toBe(plan.nodes.length)
    // In the namespace he is himself, with what ping, tcpdump and ip need, and not root.
    expect(seen.identity.stdout).toContain(`${NOBODY}\n`)
    expect(seen.identity.stdout).toContain('CapBnd:\t0000000000003000')
    expect(seen.identity.stdout).toContain('configured')
    expect(seen.identity.stderr).toContain('/etc/shadow: Permission denied')
    // Once, and never for a question of its own.
    expect(calls.map((argv) => argv.slice(0, 2))).toEqual([['-n', '--']])
    expect(calls.flat().join(' ')).toContain(`--lab ${seen.id} --uid ${NOBODY}`)
    expect(calls.flat().join(' ')).not.toMatch(/[0-9a-f]{32}/)
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(seen.id)
    expect(statSync(`/run/ztos/${NOBODY}`).uid).toBe(0)
  })

  it('is told what is missing where there is no sudo', async () => {
    const { stderr, code } = await runAsNobody(false)
    expect(code).not.toBe(0)
    expect(stderr).toContain(
      'ZT_LAB_PRIVILEGE: a lab needs root, and sudo does not give it without a password',
    )
    expect(stderr).toContain('remedy: run as root')
  })
})
