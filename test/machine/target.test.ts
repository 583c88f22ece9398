import { expect, test } from 'vitest'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { StateOracle, twinTarget } from '../../twin/target.js'
import { GATEWAY_MAC, PlanBuilder, sampleKeys } from './support/plan-builder.js'

const plan = new PlanBuilder().plan()
const keys = sampleKeys(plan)
const injection = (trace: number, dst: string) => ({
  trace,
  at: { host: 'tenant1/web1' },
  frame: encodeFrame(
    build.ethernet(
      { dst: parseMac(GATEWAY_MAC), src: parseMac('02:aa:01:01:00:01') },
      build.ipv4(
        { src: parseIpv4('10.1.1.11'), dst: parseIpv4(dst) },
        build.udp({ srcPort: trace, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace }))),
      ),
    ),
  ),
})

test('the twin is a target: it sends, observes, resets, moves time', async () => {
  const target = twinTarget(plan, keys)
  expect([target.interpreter, target.plan]).toEqual(['twin', plan])
  const sent = [injection(1, '10.1.2.12'), injection(2, '10.1.2.13')]
  const seen = await target.send(sent)
  expect(seen.by).toBe('twin')
  expect(seen.sent).toBe(sent)
  expect(
    seen.arrivals.filter(({ trace }) => trace !== undefined).map(({ host, trace }) => [host, trace]),
  ).toEqual([
    ['tenant1/db2', 1],
    ['tenant1/db3', 2],
  ])
  expect(seen.wire.every(({ seenBy, frame }) => seenBy === 'twin' && frame.length > 60)).toBe(true)
  await target.advanceTime(1e9)
  await target.reset()
  expect((await target.send([injection(3, '10.1.2.12')])).answeredByHosts).toBe(1)
  await target.close()
})

test('keys that are missing are an error before anything is sent', () => {
  expect(() => twinTarget(plan)).toThrow('ZT_KEY_MISSING')
})

test('the oracle knows which frames change state, following what the lab does', () => {
  const oracle = new StateOracle(plan, keys)
  expect(oracle.writesState(injection(1, '10.1.2.12'))).toBe(true)
  expect(oracle.writesState(injection(2, '10.1.2.12'))).toBe(false)
  oracle.reset()
  expect(oracle.writesState(injection(3, '10.1.2.12'))).toBe(true)
  oracle.advanceTime(2000e9)
  expect(oracle.writesState(injection(4, '10.1.2.12'))).toBe(true)
  expect(oracle.writesState(injection(5, '10.1.2.12'))).toBe(false)
})
