/**
 * Kill -9 of every kind of process, at every step of up, run and down: `down` removes all that is left, `up` cleans up after
 * others, and nothing is left on the host.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { compareNodes, labDown, labUp, listLabs, type LabProgress } from '../../lab/index.js'
import { identify, LAB_MARK } from '../../lab/process-identity.js'
import { readLabState } from '../../lab/state.js'
import { newSeed, shipped } from './support/fabrics.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const plan = shipped('two-leaves')
type Kind = 'labd' | 'engine' | 'probe'

beforeEach(needsRoot)

/** Kills every process of that kind that belongs to the lab. @returns how many */
function kill(id: string, kind: Kind): number {
  if (kind === 'labd') {
    process.kill(readLabState(0, id).labd.pid, 'SIGKILL')
    return 1
  }
  const name = kind === 'engine' ? 'ztos-fpe' : 'ztos-probe'
  const pids = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => identify(pid)?.command === name && environmentOf(pid).includes(`${LAB_MARK}=0/${id}`))
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return pids.length
}
function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    // It ended while it was looked at.
    return []
  }
}
/** Labs of this file, for a test that fails half-way. */
const made = new Set<string>()
const note = ({ lab }: LabProgress): void => {
  made.add(lab)
}
afterAll(async () => {
  for (const id of made) await labDown(id)
})

describe('a process killed while a lab comes up', () => {
  const upSteps = ['state', 'namespaces', 'inside', 'engines', 'probe', 'announce']
  const cases = [
    ...upSteps.map((step): [Kind, string] => ['labd', step]),
    ['engine', 'probe'] as [Kind, string],
    ['engine', 'announce'] as [Kind, string],
    ['probe', 'announce'] as [Kind, string],
  ]
  it.each(cases)('%s before step %s: nothing is left', async (kind, at) => {
    let id = ''
    let killed = 0
    const outcome = await labUp(plan, {
      keysSeed: newSeed(),
      attached: false,
      onProgress: (event) => {
        note(event)
        id = event.lab
      },
      beforeStep: (step) => {
        if (step === at) killed = kill(id, kind)
        return Promise.resolve()
      },
    }).then(
      () => 'up',
      () => 'refused',
    )
    expect(killed).toBeGreaterThan(0)
    // A lab of which only an engine or the probe died may come up; it is taken down like any other.
    expect(kind === 'labd' ? ['refused'] : ['refused', 'up']).toContain(outcome)
    await labDown(id)
    expect(tracesOf(id)).toEqual(nothing)
  })
})

describe('a process killed while a lab runs', () => {
  it.each<Kind>(['labd', 'engine', 'probe'])('%s: down removes all of it', async (kind) => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false, onProgress: note })
    expect(kill(lab.id, kind)).toBeGreaterThan(0)
    await delay(20)
    lab.close()
    await labDown(lab.id)
    expect(tracesOf(lab.id)).toEqual(nothing)
  })

  it("labd: three that clean up at the same time do not get in each other's way", async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false, onProgress: note })
    kill(lab.id, 'labd')
    const results = await Promise.all([1, 2, 3].map(() => labDown(lab.id)))
    expect(results).toEqual([1, 2, 3].map(() => ({ id: lab.id, lodgers: [] })))
    expect(tracesOf(lab.id)).toEqual(nothing)
  })

  it('labd: what it left is listed as stale, and the next lab that comes up removes it', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false, onProgress: note })
    kill(lab.id, 'labd')
    await delay(20)
    expect(listLabs().find(({ id }) => id === lab.id)?.phase).toBe('stale')
    const next = await labUp(plan, { keysSeed: newSeed(), onProgress: note })
    expect(tracesOf(lab.id)).toEqual(nothing)
    await next.down()
    expect(tracesOf(next.id)).toEqual(nothing)
  })

  it('engine: the lab says which one died, and what is asked of others goes on', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), onProgress: note })
    const { nodes } = await lab.processes()
    const before = await lab.journals()
    process.kill(nodes['leaf1']!, 'SIGKILL')
    await delay(20)
    await expect(lab.control('leaf1', { op: 'stats' })).rejects.toMatchObject({
      code: 'ZT_LAB_DIED',
      message: expect.stringContaining('the engine of leaf1'),
    })
    expect(await lab.processes()).toMatchObject({ nodes: { leaf1: null } })
    expect(await lab.control('leaf2', { op: 'hello' })).toMatchObject({ node: 'leaf2' })
    // What it had written out is there, and can be replayed without it.
    const after = await lab.journals()
    expect(after.get('leaf1')).toEqual(before.get('leaf1'))
    const keys = new Map(
      [...lab.keys].map(([name, value]) => [name, new Uint8Array(Buffer.from(value, 'hex'))]),
    )
    expect(compareNodes(after, keys)).toMatchObject({ ok: true })
    await lab.down()
    expect(tracesOf(lab.id)).toEqual(nothing)
  })

  it('engine: its ports go on dropping, so that the kernel never sees a frame', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), onProgress: note })
    const { nodes } = await lab.processes()
    process.kill(nodes['leaf2']!, 'SIGKILL')
    await delay(20)
    const links = await lab.exec('leaf2', ['ip', '-d', 'link', 'show', 'eth1.phy'])
    expect(links.stdout).toContain('prog/xdp')
    await lab.down()
  })
})

describe('a process killed while a lab goes down', () => {
  const cases: [Kind, string][] = [
    ['labd', 'probe'],
    ['labd', 'engines'],
    ['labd', 'namespaces'],
    ['engine', 'engines'],
    ['probe', 'probe'],
  ]
  it.each(cases)('%s before the tear-down of %s: down has removed all of it', async (kind, at) => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false, onProgress: note })
    lab.close()
    let killed = 0
    await labDown(lab.id, {
      beforeStep: (step) => {
        if (step === at) killed = kill(lab.id, kind)
        return Promise.resolve()
      },
    })
    expect(killed).toBeGreaterThan(0)
    expect(tracesOf(lab.id)).toEqual(nothing)
  })
})
