/**
 * Twin = lab on the demo fabric, by the comparison rule: every node's journal replayed by the twin exactly, and the same canonical
 * frames on every link.
 */
import { describe, expect, it } from 'vitest'
import type { Injection } from '../../record/target.js'
import { shipped } from './support/fabrics.js'
import { addressOf, arpRequest, everyPair, hostOf, udpFrame } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

describe.each(['demo', 'demo-clear', 'demo-v6'] as const)('[B02] the %s fabric', (name) => {
  const plan = shipped(name)
  const pair = sideBySide(plan)

  it('carries the same frames between all hosts of a tenant, both families', async () => {
    const frames = everyPair(plan, () => pair.next())
    const { lab: seen } = await pair.both(frames)
    expect(seen.sent.length).toBeGreaterThan(20)
    const delivered = new Set(seen.arrivals.filter(({ foreign }) => !foreign).map(({ trace }) => trace))
    expect(frames.filter(({ trace }) => delivered.has(trace)).length).toBeGreaterThan(frames.length / 2)
  })

  it('floods, learns and sends many frames of a flow at once the same way', async () => {
    const burst = Array.from({ length: 60 }, (_, n) =>
      udpFrame(plan, {
        trace: pair.next(),
        from: 'shop/web1',
        to: 'shop/web2',
        srcPort: 41_000 + (n % 10),
        size: 40 + n * 8,
      }),
    )
    const back = udpFrame(plan, { trace: pair.next(), from: 'shop/web2', to: 'shop/web1' })
    const { lab: seen } = await pair.both([burst[0]!, back, ...burst.slice(1)])
    expect(seen.arrivals.filter(({ host, foreign }) => host === 'shop/web2' && !foreign).length).toBe(60)
  })

  it('answers for gateways, counts hops down and says why a frame went nowhere', async () => {
    const { gateways } = hostOf(plan, 'shop/web1')
    const { lab: seen } = await pair.both([
      arpRequest(
        plan,
        pair.next(),
        'shop/web1',
        gateways.find((gateway) => !gateway.includes(':'))!,
      ),
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1', ttl: 1 }),
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1', ttl: 2 }),
      // One octet more than the port takes, and the most it takes, marked for its class.
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1', size: 1473 }),
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1', size: 1472, tos: 0xb9 }),
      // Nobody has this MAC.
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/web2', dstMac: '02:00:00:00:99:99' }),
    ])
    const fates = seen.fates.map(({ fate }) => fate)
    for (const fate of ['arp-answered', 'ttl-exceeded', 'frame-oversize']) expect(fates).toContain(fate)
  })

  it('gives up a packet for a host that does not answer, after as many seconds as the twin says', async () => {
    const address = addressOf(hostOf(plan, 'shop/db1'), 4).replace(/\d+$/, '250')
    const nobody = udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1', address })
    const { lab: seen } = await pair.both([nobody])
    expect(seen.fates).toContainEqual({
      node: expect.any(String),
      fate: 'neighbour-unresolved',
      trace: nobody.trace,
    })
  })

  it('takes hostile frames on links for what they are', async () => {
    const link = plan.links[0]!
    const forged = udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/web2' })
    const honest = await pair.both([
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/db1' }),
    ])
    const trace = pair.next()
    const short = pair.next()
    /** Put a frame on the wire again that was there before: each its own, since packet numbers differ. */
    const hostile = (by: 'lab' | 'twin'): Injection[] => {
      const replayed = honest[by].wire[0]!
      return [
        { trace: forged.trace, at: { link: link.id, to: link.b.node }, frame: forged.frame },
        { trace, at: { link: replayed.link, to: replayed.to }, frame: replayed.frame },
        { trace: short, at: { link: link.id, to: link.b.node }, frame: forged.frame.subarray(0, 20) },
      ]
    }
    const { lab: seen } = await pair.both(hostile('twin'), hostile('lab'))
    expect(seen.arrivals.filter(({ trace }) => trace === forged.trace)).toEqual([])
    expect(seen.fates.length).toBeGreaterThanOrEqual(2)
  })

  it('replays every journal exactly', async () => {
    const { mismatches, inputs } = await pair.replayed()
    expect(mismatches).toEqual([])
    expect(inputs).toBeGreaterThan(200)
  })
})
