/**
 * A case begins with nothing known, or with every host known, and no more is done for that than it takes.
 *
 * @module
 */
import * as fc from 'fast-check'
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Target } from '../record/target.js'
import { compile } from '../twin/compile.js'
import { controlPlaneOf } from '../twin/fabric-control.js'
import { trace } from '../twin/forward/index.js'
import { loadFabric } from '../twin/model/index.js'
import { deriveKeys, SEED_LENGTH } from '../twin/program/index.js'
import { twinTarget } from '../twin/target.js'
import { parseMac } from '../twin/packet/index.js'
import { viewOf } from './fabric-view.js'
import type { Host } from './fabric-view.js'
import type { Start } from './greeting.js'
import { ScenarioTarget } from './scenario-target.js'
import { flow } from './traffic/flow.js'
import { whoHas } from './traffic/neighbour.js'

const { fabric: model } = loadFabric('topologies/demo-bgp.yaml')
if (model === undefined) throw new Error('the demo fabric is not sound')
const plan = compile(model)
const fabric = viewOf(plan)
const keys = deriveKeys(plan, randomBytes(SEED_LENGTH))

/** A target on a twin, and what it was asked to do: `reset`, or how many frames were sent. */
function opened() {
  const twin = twinTarget(plan, keys)
  const done: (string | number)[] = []
  const noted: Target = {
    ...twin,
    send: async (frames, options) => {
      done.push(frames.length)
      return twin.send(frames, options)
    },
    reset: async () => {
      done.push('reset')
      return twin.reset()
    },
    advanceTime: async (ns) => {
      done.push('advance')
      return twin.advanceTime(ns)
    },
    fail: async (fault) => {
      done.push('fail')
      return twin.fail?.(fault)
    },
  }
  const target = new ScenarioTarget({
    fabric,
    target: noted,
    keys,
    run: 1,
    knowledge: () => twin.knowledge(),
    openTwin: (of) => twinTarget(of, keys),
    walk: (of, injection, before, broken) =>
      trace(of, injection, { keys, before, broken, controlPlane: controlPlaneOf(of) }),
  })
  return { target, done, knowledge: () => twin.knowledge() }
}

const [web1, web2] = [fabric.host('shop/web1'), fabric.host('shop/web2')]
/** Between hosts that are known nobody learns anything by it. */
const known = flow(fabric, web1, web2)
/** A MAC that is nobody's, on somebody's port. */
const foreign = (host: Host, n: number) => {
  const other = { ...host, mac: parseMac(`02:00:00:00:00:0${n}`) }
  const [gateway] = host.gateways
  const frame = gateway === undefined ? undefined : whoHas(other, { target: gateway })
  if (frame === undefined) throw new Error('no such question')
  return frame
}

describe('a case begins', () => {
  test('with nothing known: what is to be forgotten is forgotten when something is done, once', async () => {
    const { target, done } = opened()
    await target.reset()
    await target.reset()
    expect(done).toEqual([])
    await target.send(known)
    await target.send(known)
    expect(done).toEqual(['reset', 1, 1])
    await target.reset()
    await target.advanceTime(1)
    await target.reset()
    await target.during({ kind: 'link-down', link: 'leaf1--spine1' }, () => undefined)
    expect(done.slice(3)).toEqual(['reset', 'advance', 'reset', 'fail'])
  })

  test('with all hosts known: they speak once, and not again as long as nothing has changed', async () => {
    const { target, done, knowledge } = opened()
    await target.reset('known')
    expect(done.map((one) => typeof one)).toEqual(['string', 'number'])
    const then = knowledge()
    await target.send(known)
    await target.reset()
    await target.reset('known')
    await target.send(known)
    expect(done.slice(2)).toEqual([1, 1])
    expect(knowledge()).toBe(then)
  })

  test.each([
    ['a MAC is where it was not', async (target: ScenarioTarget) => target.send(foreign(web1, 1))],
    ['time has passed', async (target: ScenarioTarget) => target.advanceTime(1)],
    [
      'something was broken',
      async (target: ScenarioTarget) =>
        target.during({ kind: 'link-down', link: 'leaf1--spine1' }, () => undefined),
    ],
  ])('with all hosts known, also where %s and nothing has been forgotten yet', async (_, act) => {
    const { target, done, knowledge } = opened()
    await target.reset('known')
    const then = knowledge()
    await act(target)
    await target.reset()
    const before = done.length
    await target.reset('known')
    expect(done.slice(before)).toContain('reset')
    expect(knowledge()).toBe(then)
  })

  test('as it would in a fabric of its own, whatever was before', async () => {
    const step = fc.record({
      start: fc.constantFrom<Start>('known', 'unknown'),
      /** Nobody does anything in some. */
      sends: fc.array(fc.constantFrom(known, foreign(web1, 1), foreign(web2, 2), flow(fabric, web2, web1)), {
        maxLength: 3,
      }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 5 }), async (steps) => {
        const one = opened()
        for (const { start, sends } of steps) {
          const fresh = opened()
          for (const { target } of [one, fresh]) await target.reset(start)
          for (const sent of sends) {
            const [seen, expected] = [await one.target.send(sent), await fresh.target.send(sent)]
            const of = ({ observation }: typeof seen) =>
              [observation.arrivals.map(({ host }) => host), observation.fates.map(({ fate }) => fate)].map(
                (list) => JSON.stringify(list),
              )
            expect(of(seen)).toEqual(of(expected))
          }
          // Where nothing was done nothing need have been forgotten yet.
          const isComparable = sends.length > 0 || start === 'known'
          const [own, theirs] = isComparable ? [one.knowledge(), fresh.knowledge()] : ['', '']
          expect(own).toBe(theirs)
        }
      }),
      { numRuns: 40 },
    )
  })
})
