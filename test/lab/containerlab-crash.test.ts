/**
 * Kill -9 of what brings a lab of containers up, runs in it, or takes it down, at every step: `down` removes all that is left.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { labDown, labUp, listLabs } from '../../lab/index.js'
import { identify, LAB_MARK } from '../../lab/process-identity.js'
import { readLabState } from '../../lab/state.js'
import { dockerOfFile } from './support/docker.js'
import { newSeed, shipped } from './support/fabrics.js'
import { nothing, tracesOf } from './support/host.js'

const plan = shipped('two-leaves')
const here = dockerOfFile()
let before: ReturnType<typeof written> | undefined
const made = new Set<string>()

beforeAll(() => {
  before = written()
})
beforeEach(() => {
  process.env['DOCKER_HOST'] = here().engine.host
})
afterAll(async () => {
  for (const id of made) await labDown(id)
})

/** What containerlab writes on its host outside of the lab's folder. */
function written() {
  const list = (folder: string) => {
    try {
      return readdirSync(folder)
    } catch {
      return []
    }
  }
  return {
    hosts: readFileSync('/etc/hosts', 'utf8'),
    ssh: list('/etc/ssh/ssh_config.d'),
    passing: list('/tmp').filter((name) => name === '.clab' || name.startsWith('ztos-containerlab-')),
  }
}

async function expectNothing(id: string): Promise<void> {
  expect(tracesOf(id)).toEqual(nothing)
  expect(await here().engine.docker.list({ 'ztos.lab': `0/${id}` })).toEqual([])
  expect(written()).toEqual(before)
}

/** Processes of a lab by their names, those in containers among them. */
function pidsOf(id: string, command: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => identify(pid)?.command === command && isOf(pid, id))
}

function isOf(pid: number, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${LAB_MARK}=0/${id}`)
  } catch {
    // It ended while it was looked at.
    return false
  }
}

const killLabd = (id: string): void => {
  process.kill(readLabState(0, id).labd.pid, 'SIGKILL')
}
const up = (more: Partial<Parameters<typeof labUp>[1]> = {}) =>
  labUp(plan, {
    keysSeed: newSeed(),
    driver: 'containerlab',
    attached: false,
    onProgress: ({ lab }) => made.add(lab),
    ...more,
  })

describe('labd, killed while a lab of containers comes up', () => {
  it.each(['image', 'containers', 'inside', 'probe', 'announce'])(
    'before the step %s: nothing is left',
    async (at) => {
      let id = ''
      let killed = false
      const coming = up({
        onProgress: ({ lab }) => {
          made.add(lab)
          id = lab
        },
        beforeStep: async (step) => {
          if (step !== at) return
          killLabd(id)
          killed = true
        },
      })
      await expect(coming).rejects.toThrow('ZT_LAB')
      expect(killed).toBe(true)
      await labDown(id)
      await expectNothing(id)
    },
  )

  it.each([0, 300, 900])('%d ms into containerlab’s work: nothing is left', async (ms) => {
    let id = ''
    let killed: Promise<boolean> | undefined
    const coming = up({
      onProgress: ({ lab, step, phase }) => {
        made.add(lab)
        id = lab
        if (step !== 'containers' || phase !== 'set-up') return
        killed = (async () => {
          while (pidsOf(id, 'containerlab').length === 0) await delay(5)
          await delay(ms)
          killLabd(id)
          for (const pid of pidsOf(id, 'containerlab')) process.kill(pid, 'SIGKILL')
          return true
        })()
      },
    })
    await expect(coming).rejects.toThrow('ZT_LAB')
    expect(await killed).toBe(true)
    await labDown(id)
    await expectNothing(id)
  })
})

describe('killed while a lab of containers runs', () => {
  it('labd: what it left is listed as stale, and the next lab removes it', async () => {
    const lab = await up()
    killLabd(lab.id)
    lab.close()
    await delay(20)
    expect(listLabs().find(({ id }) => id === lab.id)?.phase).toBe('stale')
    const next = await up()
    await expectNothing(lab.id)
    await next.down()
    await expectNothing(next.id)
  })

  it('an engine: the lab says which one, and what is asked of others goes on', async () => {
    const lab = await up()
    const { nodes } = await lab.processes()
    expect(new Set(pidsOf(lab.id, 'ztos-fpe'))).toEqual(new Set(Object.values(nodes)))
    process.kill(nodes['leaf1']!, 'SIGKILL')
    await expect(lab.control('leaf1', { op: 'stats' })).rejects.toMatchObject({
      code: 'ZT_LAB_DIED',
      message: expect.stringContaining('the engine of leaf1'),
    })
    expect(await lab.processes()).toMatchObject({ nodes: { leaf1: null } })
    expect(await lab.control('leaf2', { op: 'hello' })).toMatchObject({ node: 'leaf2' })
    await lab.down()
    await expectNothing(lab.id)
  })

  it('labd, while it takes the lab down: down again removes the rest', async () => {
    const lab = await up()
    lab.close()
    await labDown(lab.id, {
      beforeStep: async (step) => {
        if (step === 'containers') killLabd(lab.id)
      },
    })
    expect(listLabs().map(({ id }) => id)).not.toContain(lab.id)
    await expectNothing(lab.id)
  })
})

describe('an engine that does not come up', () => {
  it('says why, and nothing is left', async () => {
    let id = ''
    const coming = up({
      onProgress: ({ lab }) => {
        made.add(lab)
        id = lab
      },
      programs: { engineArguments: ['--no-such-flag'] },
    })
    await expect(coming).rejects.toMatchObject({
      code: 'ZT_LAB_DIED',
      message: expect.stringMatching(/zt-\w+-\w+ ended.*no-such-flag/s),
    })
    await expectNothing(id)
  })
})

describe('several labs of containers at once', () => {
  it('come up beside each other, and each goes alone', async () => {
    const labs = await Promise.all([up(), up()])
    const [first, second] = labs
    await first.down()
    await expectNothing(first.id)
    const { code } = await second.exec('leaf1', ['ip', 'link', 'show', 'eth1.phy'])
    expect(code).toBe(0)
    await second.down()
    await expectNothing(second.id)
  })
})
