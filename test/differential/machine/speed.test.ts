import { expect, test } from 'vitest'
import { TwinFabric, type FabricInjection } from '../../../twin/forward/index.js'
import { loadFabric } from '../../../twin/model/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  parseInterfaceAddress,
  parseMac,
} from '../../../twin/packet/index.js'
import { compile, deriveKeys } from '../../../twin/program/index.js'
import type { Plan, PlanHost } from '../../../contract/plan.js'

/* The rate is printed, not judged: times on shared machines drift. What is judged is that the work was done. */

const FRAMES = 20
const SCENARIOS = 300
const ROUNDS = 5

function planOf(topology: string): Plan {
  const result = loadFabric(new URL(`../../../topologies/${topology}`, import.meta.url).pathname)
  if (result.fabric === undefined) throw new Error(`${topology} does not load`)
  return compile(result.fabric)
}

const v4Of = (host: PlanHost) =>
  host.addresses
    .map((text) => parseInterfaceAddress(text).address)
    .find((address) => typeof address === 'number')

/** From a host to hosts of its tenant on other leaves: leaf, spine and leaf at least. */
function scenario(plan: Plan): FabricInjection[] {
  const pairs = plan.hosts.flatMap((from) =>
    plan.hosts
      .filter((to) => to.tenant === from.tenant && to.at.node !== from.at.node)
      .map((to) => [from, to] as const),
  )
  return Array.from({ length: FRAMES }, (_, n) => {
    const [from, to] = pairs[n % pairs.length]!
    const [src, dst] = [v4Of(from), v4Of(to)]
    if (src === undefined || dst === undefined) throw new Error('a host without IPv4 address')
    const isNeighbour = from.network === to.network
    const packet = build.ipv4(
      { src, dst },
      build.udp({ srcPort: 1000 + n, dstPort: 53 }, build.payload(encodeTraceId({ run: 1, trace: n }))),
    )
    const gateway = isNeighbour ? to.mac : (from.gatewayMac ?? to.mac)
    return {
      trace: n,
      at: { host: from.id },
      frame: encodeFrame(build.ethernet({ dst: parseMac(gateway), src: parseMac(from.mac) }, packet)),
    }
  })
}

test.each([
  ['demo.yaml', 'sealed, computed when looked at', false],
  ['demo.yaml', 'fully sealed', true],
  ['demo-clear.yaml', 'clear', false],
])('scenarios a second on %s (%s)', { timeout: 120_000 }, (topology, how, looksAtWire) => {
  const plan = planOf(topology)
  const fabric = new TwinFabric(plan, deriveKeys(plan, new Uint8Array(32).fill(7)))
  const frames = scenario(plan)
  const rates: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let n = 0; n < SCENARIOS; n++) {
      fabric.reset()
      const { arrivals, wire } = fabric.send(frames)
      expect(new Set(arrivals.map(({ trace }) => trace).filter((trace) => trace !== undefined)).size).toBe(
        FRAMES,
      )
      const octets = looksAtWire ? wire.reduce((sum, { frame }) => sum + frame.length, 0) : wire.length
      expect(octets).toBeGreaterThan(FRAMES)
    }
    rates.push(SCENARIOS / ((performance.now() - start) / 1000))
  }
  rates.sort((a, b) => a - b)
  const [low, median, high] = [rates[0]!, rates[ROUNDS >> 1]!, rates.at(-1)!].map(Math.round)
  process.stdout.write(
    `${topology} (${how}): ${median} scenarios a second of ${FRAMES} frames (${low} to ${high}), ${plan.nodes.length} nodes\n`,
  )
})
