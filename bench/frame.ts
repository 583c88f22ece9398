/**
 * The frame that benches send where no scenario is asked for.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import { build, encodeFrame, encodeTraceId, parseIpv4, parseMac } from '../twin/packet/index.js'

/** An IPv4 UDP frame of 64 octets from one host to another of the same network, marked for the probe at its end. */
export function probeFrame(plan: Plan, from: string, to: string, srcPort = 49_152): Uint8Array {
  const [a, b] = [hostOf(plan, from), hostOf(plan, to)]
  const payload = Uint8Array.of(...new Uint8Array(6), ...encodeTraceId({ run: 0x62656e63, trace: 1 }))
  const packet = build.ipv4(
    { src: parseIpv4(addressOf(a)), dst: parseIpv4(addressOf(b)) },
    build.udp({ srcPort, dstPort: 7 }, build.payload(payload)),
  )
  return encodeFrame(build.ethernet({ dst: parseMac(b.mac), src: parseMac(a.mac) }, packet))
}

export function hostOf(plan: Plan, id: string): Plan['hosts'][number] {
  const found = plan.hosts.find((host) => host.id === id)
  if (found === undefined) throw new Error(`the demo fabric has no host ${id}`)
  return found
}

function addressOf({ id, addresses }: Plan['hosts'][number]): string {
  const found = addresses.find((address) => !address.includes(':'))?.split('/')[0]
  if (found === undefined) throw new Error(`${id} has no IPv4 address`)
  return found
}
