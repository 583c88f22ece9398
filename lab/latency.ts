/**
 * Latency between two hosts of a lab, and the floor of the same path in the same run.
 *
 * @module
 */
import { z } from 'zod'
import type { PlanHost } from '../contract/plan.js'
import type { Injection, LatencyRequest, LatencySamples, Observation } from '../record/target.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseIpv6, parseMac } from '../twin/packet/index.js'
import { LabError } from './errors.js'
import type { Lab } from './lab.js'

const Measured = z.object({ sent: z.int(), samples: z.array(z.number()) })
/** Of the traces that a measurement uses: far above any scenario's, and of a run of their own. */
const RUN = 0x7a740001
const WARM_UP = 0xffff_ff00

/**
 * @param send sends frames and settles; used to make both hosts known everywhere before the clock starts
 * @throws LabError `ZT_LAB_UNKNOWN` for hosts that do not exist, `ZT_LAB_LOST` when nothing arrives at all
 */
export async function measureLatency(
  lab: Lab,
  request: LatencyRequest,
  send: (frames: readonly Injection[]) => Promise<Observation>,
): Promise<LatencySamples> {
  const [from, to] = [hostOf(lab, request.from), hostOf(lab, request.to)]
  const family = commonFamily(from, to)
  const warm = (a: PlanHost, b: PlanHost, n: number): Injection => ({
    trace: WARM_UP + n,
    at: { host: a.id },
    frame: frameBetween(a, b, family, WARM_UP + n),
  })
  await send([warm(from, to, 0), warm(to, from, 1)])
  const { wire, arrivals } = await send([warm(from, to, 2)])
  if (!arrivals.some(({ host, trace }) => host === to.id && trace === WARM_UP + 2)) {
    throw new LabError('ZT_LAB_LOST', `nothing arrives at ${to.id} from ${from.id}: there is no latency`)
  }
  const data = Buffer.from(frameBetween(from, to, family, 0)).toString('base64')
  const { rate, count } = request
  const measured = Measured.parse(
    await lab.probe({ op: 'latency', from: from.id, to: to.id, data, rate, count, run: RUN }),
  )
  // Fabric links lie between nodes: one more node than links.
  const floor = Measured.parse(await lab.floor({ hops: wire.length + 1, data, rate, count, run: RUN }))
  return { tier: 'engine', samples: measured.samples, sent: measured.sent, floor: floor.samples }
}

function frameBetween(from: PlanHost, to: PlanHost, family: 4 | 6, trace: number): Uint8Array {
  const inside = build.udp({ srcPort: 49_152, dstPort: 7 }, build.payload(encodeTraceId({ run: RUN, trace })))
  const [src, dst] = [addressOf(from, family) ?? '', addressOf(to, family) ?? '']
  const packet =
    family === 4
      ? build.ipv4({ src: parseIpv4(src), dst: parseIpv4(dst) }, inside)
      : build.ipv6({ src: parseIpv6(src), dst: parseIpv6(dst) }, inside)
  const near = from.tenant === to.tenant && from.network === to.network
  const next = near ? to.mac : (from.gatewayMac ?? to.mac)
  return encodeFrame(build.ethernet({ dst: parseMac(next), src: parseMac(from.mac) }, packet))
}

function hostOf({ id, plan }: Lab, name: string): PlanHost {
  const found = plan.hosts.find((host) => host.id === name)
  if (found === undefined)
    throw new LabError('ZT_LAB_UNKNOWN', `lab ${id} has no host ${JSON.stringify(name)}`)
  return found
}

function commonFamily(a: PlanHost, b: PlanHost): 4 | 6 {
  const family = ([4, 6] as const).find(
    (one) => addressOf(a, one) !== undefined && addressOf(b, one) !== undefined,
  )
  if (family === undefined)
    throw new LabError('ZT_LAB_PLAN', `${a.id} and ${b.id} have no address family in common`)
  return family
}

function addressOf({ addresses }: PlanHost, family: 4 | 6): string | undefined {
  return addresses.find((address) => address.includes(':') === (family === 6))?.split('/')[0]
}
