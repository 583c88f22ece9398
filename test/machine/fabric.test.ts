import { expect, test } from 'vitest'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { TwinFabric } from '../../twin/forward/index.js'
import { GATEWAY_MAC, PlanBuilder, sampleKeys } from './support/plan-builder.js'

test('bench', () => {
  const plan = new PlanBuilder().plan()
  const fabric = new TwinFabric(plan, sampleKeys(plan))
  const frame = (n: number) =>
    encodeFrame(
      build.ethernet(
        { dst: parseMac(GATEWAY_MAC), src: parseMac('02:aa:01:01:00:01') },
        build.ipv4(
          { src: parseIpv4('10.1.1.11'), dst: parseIpv4('10.1.2.12') },
          build.udp({ srcPort: n, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace: n }))),
        ),
      ),
    )
  const seen = fabric.send([{ trace: 1, at: { host: 'tenant1/web1' }, frame: frame(1) }])
  console.log(seen.arrivals, seen.fates, seen.answeredByHosts, seen.wire.length)
  const frames = Array.from({ length: 20 }, (_, n) => ({
    trace: n,
    at: { host: 'tenant1/web1' },
    frame: frame(n),
  }))
  for (let round = 0; round < 5; round++) {
    const t = performance.now()
    let arrived = 0
    for (let i = 0; i < 500; i++) {
      fabric.reset()
      arrived += fabric.send(frames).arrivals.length
    }
    console.log((500 / (performance.now() - t)) * 1000, 'scenarios/s', arrived)
  }
  expect(seen.arrivals.length).toBe(1)
})
