/**
 * A lab of containers is brought to another plan, and back: containers that are in no change are not touched, and the lab is then as the twin of
 * its new plan.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labApply, labDown, labUp, type Lab } from '../../lab/index.js'
import { asInTheTwin } from './support/as-in-the-twin.js'
import { dockerOfFile, hasDocker } from './support/docker.js'
import { newSeed, planOf, shipped, shippedFile } from './support/fabrics.js'
import { nothing, tracesOf } from './support/host.js'

const here = dockerOfFile()
const plan = shipped('demo-bgp')
/** The same with a leaf more, which has a host, and another host moved. */
const more = planOf(
  readFileSync(shippedFile('demo-bgp'), 'utf8')
    .replaceAll('leaf[1-3]', 'leaf[1-4]')
    .replace('web3: { at: leaf1, network: web }', 'web3: { at: leaf4, network: web }'),
)
const old = plan.nodes.map(({ name }) => name)

describe('[T02] a lab of containers, changed in place', () => {
  let lab: Lab
  beforeAll(async () => {
    if (!hasDocker()) return
    process.env['DOCKER_HOST'] = here().engine.host
    lab = await labUp(plan, { keysSeed: newSeed(), attached: false, driver: 'containerlab' })
  }, 120_000)
  afterAll(async () => {
    if (hasDocker()) await labDown(lab.id)
  })

  const processes = async () => {
    const { nodes, daemons } = await lab.processes()
    return {
      engines: Object.fromEntries(old.map((name) => [name, nodes[name]])),
      daemons: daemons.filter(({ node }) => node.startsWith('spine')),
    }
  }
  const containers = async () =>
    (await here().engine.docker.list({ 'ztos.lab': `0/${lab.id}` })).map(({ name }) =>
      name.slice(`zt-${lab.id}-`.length),
    )

  it('a leaf comes, with containers of its own: all others go on, spines with their sessions', async () => {
    const [before, known] = [await processes(), await containers()]
    const { untouched, changes } = await labApply(lab, more)
    expect(changes.filter(({ kind, change }) => kind === 'node' && change === 'add')).toMatchObject([
      { name: 'leaf4' },
    ])
    expect(untouched.every((name) => old.includes(name))).toBe(true)
    expect(await processes()).toEqual(before)
    expect(await containers()).toEqual([...known, 'leaf4'].sort())
    expect((await asInTheTwin(lab)).differences).toEqual([])
  })

  it('and goes again, and nothing of it is left', async () => {
    const before = await processes()
    await labApply(lab, plan)
    expect(await processes()).toEqual(before)
    expect(await containers()).not.toContain('leaf4')
    expect(tracesOf(lab.id).namespaces).not.toContain(`zt-${lab.id}-leaf4`)
    expect((await asInTheTwin(lab)).differences).toEqual([])
  })

  it('goes as a whole', async () => {
    await lab.down()
    expect(tracesOf(lab.id)).toEqual(nothing)
    expect(await here().engine.docker.list({ 'ztos.lab': `0/${lab.id}` })).toEqual([])
  })
})
