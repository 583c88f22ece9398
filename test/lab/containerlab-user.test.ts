/**
 * A lab of containers of a user who is not root, and may not ask Docker's engine himself: labd does.
 */
import { rmSync } from 'node:fs'
import { beforeEach, afterEach, describe, expect, it } from 'vitest'
import { dockerOfFile } from './support/docker.js'
import { shipped } from './support/fabrics.js'
import { tracesOf } from './support/host.js'
import { labOfNobody, NOBODY, runAsNobody, sudoFor, userFolder } from './support/nobody.js'

const plan = shipped('two-leaves')
const here = dockerOfFile()

let folder: string
beforeEach(() => {
  folder = userFolder(plan)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a user who is not root', () => {
  it('has a lab of containers by sudo, and everything else without', async () => {
    const { docker, host } = here().engine
    const { seen } = await labOfNobody(folder, plan, { driver: 'containerlab', env: { DOCKER_HOST: host } })
    expect(seen.identity.stdout).toContain('CapEff:\t0000000000003000')
    expect(await docker.list({ 'ztos.lab': `${NOBODY}/${seen.id}` })).toEqual([])
    expect(tracesOf(seen.id).namespaces).toEqual([])
  })

  it('hears that Docker is elsewhere before anything is asked of root', async () => {
    const calls: string[][] = []
    const sudo = sudoFor(folder, calls)
    const { stderr, code } = await runAsNobody(folder, true, {
      driver: 'containerlab',
      env: { DOCKER_HOST: 'tcp://192.0.2.1:2375' },
    })
    await sudo.stop()
    expect(code).not.toBe(0)
    expect(stderr).toContain("ZT_LAB_PLAN: DOCKER_HOST is tcp://192.0.2.1:2375, and a lab's containers are")
    expect(calls).toEqual([])
  })
})
