/**
 * A lab as a target: latency with its floor, captures as second witness, changed programs, what goes wrong by name.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { labDown, labUp, type Lab } from '../../lab/index.js'
import { readLabState } from '../../lab/state.js'
import type { Target } from '../../record/target.js'
import { deriveKeys } from '../../twin/program/index.js'
import { newSeed, shipped } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const plan = shipped('two-leaves')
beforeEach(needsRoot)

describe('a lab as a target', () => {
  const seed = newSeed()
  let lab: Lab
  let target: Target
  let trace = 0
  const next = () => ++trace
  const bridged = () => udpFrame(plan, { trace: next(), from: 'red/a1', to: 'red/a2' })

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await target.close()
  })

  it('[T07] sees each frame on a link twice: as engines say, and as XDP saw it', async () => {
    const { wire } = await target.send([bridged(), bridged()])
    const seen = (by: string) =>
      wire
        .filter(({ seenBy }) => seenBy === by)
        .map(({ link, from, frame }) => `${link} ${from} ${Buffer.from(frame).toString('hex')}`)
        .sort()
    expect(seen('capture').length).toBeGreaterThan(0)
    expect(seen('capture')).toEqual(seen('journal'))
    expect(wire.every(({ frame }) => frame[12] === 0x88 && frame[13] === 0xe5)).toBe(true)
  })

  it('keeps wire frames of the links that were asked for', async () => {
    expect((await target.send([bridged()], { wire: [] })).wire).toEqual([])
    const { wire } = await target.send([bridged()], { wire: ['leaf1--spine1'] })
    expect(new Set(wire.map(({ link }) => link))).toEqual(new Set(['leaf1--spine1']))
  })

  it('[T08] measures latency, and the floor of as many bare forwarders in the same run', async () => {
    const { tier, sent, samples, floor } = await target.latency!({
      from: 'red/a1',
      to: 'red/a2',
      rate: 2000,
      count: 200,
    })
    expect({ tier, sent, samples: samples.length, floor: floor?.length }).toEqual({
      tier: 'engine',
      sent: 200,
      samples: 200,
      floor: 200,
    })
    expect(Math.min(...samples)).toBeGreaterThan(0)
    expect(Math.min(...floor!)).toBeGreaterThan(0)
    // The chain of forwarders is gone, and the lab goes on as before.
    expect(tracesOf(lab.id).namespaces.filter((name) => name.includes('floor'))).toEqual([])
    expect((await target.send([bridged()])).arrivals.filter(({ foreign }) => !foreign).length).toBe(1)
  })

  it('has no latency where nothing arrives, and says so', async () => {
    await expect(
      target.latency!({ from: 'red/a1', to: 'blue/a2', rate: 1000, count: 10 }),
    ).rejects.toMatchObject({ code: 'ZT_LAB_LOST' })
    await expect(
      target.latency!({ from: 'red/a1', to: 'nobody', rate: 1000, count: 10 }),
    ).rejects.toMatchObject({ code: 'ZT_LAB_UNKNOWN' })
  })

  it('forgets what was learned when it is reset', async () => {
    await target.send([bridged(), udpFrame(plan, { trace: next(), from: 'red/a2', to: 'red/a1' })])
    const tables = async () =>
      (await lab.control('leaf1', { op: 'tables' }))['fdb'] as readonly { readonly dynamic?: boolean }[]
    expect((await tables()).length).toBeGreaterThan(0)
    const before = (await tables()).length
    await target.reset()
    expect((await tables()).length).toBeLessThan(before)
  })

  it('takes another program in a running lab, with keys that it did not have', async () => {
    const spine = plan.nodes.find(({ name }) => name === 'spine1')!
    const program = structuredClone(spine.program)
    for (const one of program.interfaces) {
      if (one.kind === 'macsec') for (const sa of one.rx) sa.key = 'lab:other/spine1'
    }
    const others = deriveKeys({ ...plan, keys: ['lab:other/spine1'] }, seed)
    const values = new Map([...others].map(([name, value]) => [name, Buffer.from(value).toString('hex')]))
    await lab.load('spine1', program, values)
    const frame = bridged()
    const { fates, arrivals } = await target.send([frame])
    expect(fates).toContainEqual({ node: 'spine1', fate: 'macsec-icv', trace: frame.trace })
    expect(arrivals.filter(({ foreign }) => !foreign)).toEqual([])
    await lab.load('spine1', spine.program)
    expect((await target.send([bridged()])).arrivals.filter(({ foreign }) => !foreign).length).toBe(1)
  })

  it('refuses a frame that no lab can send', async () => {
    const frame = { trace: next(), at: { host: 'red/a1' }, frame: new Uint8Array(1793) }
    await expect(target.send([frame])).rejects.toMatchObject({ code: 'ZT_LAB_PLAN' })
    await expect(target.send([{ ...frame, frame: new Uint8Array(13) }])).rejects.toMatchObject({
      code: 'ZT_LAB_PLAN',
    })
  })

  it('leaves no key in what it leaves for others to read', async () => {
    const texts = [...(await lab.journals()).values()].map((bytes) => Buffer.from(bytes).toString('latin1'))
    const files = [lab.paths.plan, lab.paths.lab, lab.paths.log].flatMap((file) => {
      try {
        return [readFileSync(file, 'latin1')]
      } catch {
        // labd has had nothing to log.
        return []
      }
    })
    const commands = (await lab.exec('leaf1', ['sh', '-c', 'cat /proc/*/cmdline'])).stdout
    for (const value of lab.keys.values()) {
      const raw = Buffer.from(value, 'hex')
      for (const text of [...texts, ...files, commands]) {
        for (const form of [value, raw.toString('latin1'), raw.toString('base64')])
          expect(text.includes(form)).toBe(false)
      }
    }
  })
})

describe('a lab without journals', () => {
  it('is no target, and says so', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), journal: false })
    await expect(lab.target()).rejects.toMatchObject({
      code: 'ZT_LAB_STATE',
      message: expect.stringContaining('journal'),
    })
    await lab.down()
  })
})

describe('a floor that is being measured', () => {
  it('is gone with the lab when labd is killed', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
    const data = Buffer.from(udpFrame(plan, { trace: 1, from: 'red/a1', to: 'red/a2' }).frame).toString(
      'base64',
    )
    const measuring = lab
      .floor({ hops: 2, data, rate: 100, count: 10_000, run: 1 })
      .catch((error: unknown) => error)
    while (!tracesOf(lab.id).namespaces.some((name) => name.endsWith('floor.3'))) await delay(5)
    process.kill(readLabState(0, lab.id).labd.pid, 'SIGKILL')
    expect(await measuring).toMatchObject({ code: 'ZT_LAB_CONNECTION' })
    await labDown(lab.id)
    expect(tracesOf(lab.id)).toEqual(nothing)
  })
})
