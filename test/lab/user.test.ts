/**
 * A lab of a user who is not root: sudo once, for labd, and never again.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { NOBODY, runAsNobody, Seen, sudoFor, userFolder } from './support/nobody.js'

const plan = shipped('two-leaves')

let folder: string
beforeEach((context) => {
  needsRoot(context)
  folder = userFolder(plan)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a user who is not root', () => {
  it('has a lab by sudo, and everything else without', async () => {
    const calls: string[][] = []
    const sudo = sudoFor(folder, calls)
    const { stdout, stderr } = await runAsNobody(folder, true)
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
    const { stderr, code } = await runAsNobody(folder, false)
    expect(code).not.toBe(0)
    expect(stderr).toContain(
      'ZT_LAB_PRIVILEGE: a lab needs root, and sudo does not give it without a password',
    )
    expect(stderr).toContain('remedy: run as root')
  })
})
