import { expect, test } from 'vitest'
import {
  build,
  encodeFrame,
  encodeTraceId,
  parseIpv4,
  parseMac,
  readPcapng,
} from '../../twin/packet/index.js'
import { trace, formatWalk, walkToPcapng } from '../../twin/forward/index.js'
import { GATEWAY_MAC, PlanBuilder } from './support/plan-builder.js'

test('walk', () => {
  const plan = new PlanBuilder().plan()
  const frame = encodeFrame(
    build.ethernet(
      { dst: parseMac(GATEWAY_MAC), src: parseMac('02:aa:01:01:00:01') },
      build.ipv4(
        { src: parseIpv4('10.1.1.11'), dst: parseIpv4('10.1.2.12') },
        build.udp({ srcPort: 5, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace: 3 }))),
      ),
    ),
  )
  const walk = trace(plan, { trace: 1, at: { host: 'tenant1/web1' }, frame })
  console.log(formatWalk(walk))
  expect(readPcapng(walkToPcapng(walk)).packets.length).toBe(1)
})
