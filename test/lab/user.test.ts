/**
 * A lab of a user who is not root: sudo once, for labd, and never again.
 */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'
import { labOfNobody, NOBODY, runAsNobody, userFolder } from './support/nobody.js'

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
    const { seen, calls } = await labOfNobody(folder, plan)
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
