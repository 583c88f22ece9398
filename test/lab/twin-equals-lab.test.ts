/**
 * Twin = lab on the demo fabric, by the comparison rule: every node's journal replayed by the twin exactly, and the same canonical
 * frames on every link.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compareNodes, FabricComparer, labUp, type Lab } from '../../lab/index.js'
import type { Injection, Observation, Target } from '../../record/target.js'
import { deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'
import { newSeed, shipped } from './support/fabrics.js'
import { addressOf, arpRequest, hostOf, udpFrame } from './support/frames.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

describe.each(['demo', 'demo-clear', 'demo-v6'] as const)('[B02] the %s fabric', (name) => {
  const plan = shipped(name)
  const seed = newSeed()
  const keys = deriveKeys(plan, seed)
  const comparer = new FabricComparer(plan, keys)
  let lab: Lab
  let target: Target
  let twin: Target
  let traces = 0
  const next = () => ++traces

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: seed })
    target = await lab.target({ ownsLab: true })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await target.close()
  })
  beforeEach(async () => {
    twin = twinTarget(plan, keys)
    await target.reset()
  })

  /** Sends in both and holds them against each other. */
  async function both(
    frames: readonly Injection[],
    labFrames = frames,
  ): Promise<{ readonly lab: Observation; readonly twin: Observation }> {
    const expected = await twin.send(frames)
    const seen = await target.send(labFrames)
    const comparison = comparer.compare(expected, seen)
    expect(comparison.differences).toEqual([])
    expect(comparison.ok).toBe(true)
    expect(fatesOf(seen)).toEqual(fatesOf(expected))
    return { lab: seen, twin: expected }
  }
  /** Fates of frames that were sent, as sorted text. */
  const fatesOf = ({ fates }: Observation) =>
    fates
      .filter(({ trace }) => trace !== undefined)
      .map(({ node, fate, trace }) => `${trace} ${node} ${fate}`)
      .sort()

  it('carries the same frames between all hosts of a tenant, both families', async () => {
    const frames: Injection[] = []
    for (const from of plan.hosts) {
      for (const to of plan.hosts) {
        if (from.id === to.id || from.tenant !== to.tenant) continue
        for (const family of [4, 6] as const) {
          const has = [from, to].every(({ addresses }) =>
            addresses.some((address) => address.includes(':') === (family === 6)),
          )
          if (has && (from.network === to.network || from.gatewayMac !== undefined)) {
            frames.push(udpFrame(plan, { trace: next(), from: from.id, to: to.id, family }))
          }
        }
      }
    }
    const { lab: seen } = await both(frames)
    expect(seen.sent.length).toBeGreaterThan(20)
    const delivered = new Set(seen.arrivals.filter(({ foreign }) => !foreign).map(({ trace }) => trace))
    expect(frames.filter(({ trace }) => delivered.has(trace)).length).toBeGreaterThan(frames.length / 2)
  })

  it('floods, learns and sends many frames of a flow at once the same way', async () => {
    const burst = Array.from({ length: 60 }, (_, n) =>
      udpFrame(plan, {
        trace: next(),
        from: 'shop/web1',
        to: 'shop/web2',
        srcPort: 41_000 + (n % 10),
        size: 40 + n * 8,
      }),
    )
    const back = udpFrame(plan, { trace: next(), from: 'shop/web2', to: 'shop/web1' })
    const { lab: seen } = await both([burst[0]!, back, ...burst.slice(1)])
    expect(seen.arrivals.filter(({ host, foreign }) => host === 'shop/web2' && !foreign).length).toBe(60)
  })

  it('answers for gateways, counts hops down and says why a frame went nowhere', async () => {
    const { gateways } = hostOf(plan, 'shop/web1')
    const { lab: seen } = await both([
      arpRequest(
        plan,
        next(),
        'shop/web1',
        gateways.find((gateway) => !gateway.includes(':'))!,
      ),
      udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1', ttl: 1 }),
      udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1', ttl: 2 }),
      // One octet more than the port takes, and the most it takes, marked for its class.
      udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1', size: 1473 }),
      udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1', size: 1472, tos: 0xb9 }),
      // Nobody has this MAC.
      udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/web2', dstMac: '02:00:00:00:99:99' }),
    ])
    const fates = seen.fates.map(({ fate }) => fate)
    for (const fate of ['arp-answered', 'ttl-exceeded', 'frame-oversize']) expect(fates).toContain(fate)
  })

  it('gives up a packet for a host that does not answer, after as many seconds as the twin says', async () => {
    const address = addressOf(hostOf(plan, 'shop/db1'), 4).replace(/\d+$/, '250')
    const nobody = udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1', address })
    const { lab: seen } = await both([nobody])
    expect(seen.fates).toContainEqual({
      node: expect.any(String),
      fate: 'neighbour-unresolved',
      trace: nobody.trace,
    })
  })

  it('takes hostile frames on links for what they are', async () => {
    const link = plan.links[0]!
    const forged = udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/web2' })
    const honest = await both([udpFrame(plan, { trace: next(), from: 'shop/web1', to: 'shop/db1' })])
    const trace = next()
    const short = next()
    /** Put a frame on the wire again that was there before: each its own, since packet numbers differ. */
    const hostile = (by: 'lab' | 'twin'): Injection[] => {
      const replayed = honest[by].wire[0]!
      return [
        { trace: forged.trace, at: { link: link.id, to: link.b.node }, frame: forged.frame },
        { trace, at: { link: replayed.link, to: replayed.to }, frame: replayed.frame },
        { trace: short, at: { link: link.id, to: link.b.node }, frame: forged.frame.subarray(0, 20) },
      ]
    }
    const { lab: seen } = await both(hostile('twin'), hostile('lab'))
    expect(seen.arrivals.filter(({ trace }) => trace === forged.trace)).toEqual([])
    expect(seen.fates.length).toBeGreaterThanOrEqual(2)
  })

  it('replays every journal exactly', async () => {
    const journals = await lab.journals()
    const result = compareNodes(journals, keys)
    expect(
      result.nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
    ).toEqual([])
    expect(result.ok).toBe(true)
    expect(result.nodes.map(({ node }) => node).sort()).toEqual(
      plan.nodes.map(({ name: node }) => node).sort(),
    )
    expect(result.inputs).toBeGreaterThan(200)
  })
})
