/**
 * Table changes in a few words, and where frames go after them.
 *
 * @module
 */
import type { TableChange } from '../../../contract/control.js'
import { build, type Ipv4, type Mac } from '../../../twin/packet/index.js'
import {
  type Bench,
  BROADCAST,
  eth,
  GATEWAY,
  host4,
  hostMac,
  mac,
  raw,
  tx,
  udpHello,
  untunnelled,
} from './bench.js'

export const VTEP2 = '10.255.0.2'
export const VTEP3 = '10.255.0.3'
export const plain = (dst: number, src: number) => raw(hostMac(dst), hostMac(src), 0x88b5)
export const to = (dst: Ipv4) => eth(GATEWAY, hostMac(1), build.ipv4({ src: host4(1), dst }, udpHello))
export const routed = (dst: Ipv4, toMac: Mac) =>
  eth(toMac, GATEWAY, build.ipv4({ src: host4(1), dst, ttl: 63 }, udpHello))
/** Host n says that it has an address. */
export const announce = (n: number, address = host4(n)) =>
  eth(
    BROADCAST,
    hostMac(n),
    build.arp({ operation: 1, sha: hostMac(n), spa: address, tha: mac('00:00:00:00:00:00'), tpa: address }),
  )
export const macText = (n: number) => `02:aa:00:00:00:0${n}`

export const apply = (bench: Bench, ...changes: readonly TableChange[]) =>
  bench.control({ op: 'apply', changes })
export const route = (
  vrf: number,
  prefix: string,
  ...gateways: readonly [number, string?][]
): TableChange => ({
  table: 'route',
  vrf,
  prefix,
  members: gateways.map(([id, gateway]) => ({
    interface: id,
    ...(gateway === undefined ? {} : { gateway }),
  })),
})
export const noRoute = (vrf: number, prefix: string): TableChange => ({
  table: 'route',
  vrf,
  prefix,
  members: null,
})
export const fdb = (n: number, id: number, remote?: string, sticky = false): TableChange => ({
  table: 'fdb',
  bridge: 10,
  mac: macText(n),
  to: { interface: id, ...(remote === undefined ? {} : { remote }), sticky },
})
export const noFdb = (n: number): TableChange => ({ table: 'fdb', bridge: 10, mac: macText(n), to: null })
export const neighbour = (address: string, macOf: string, sticky = false, irb = 11): TableChange => ({
  table: 'neighbour',
  interface: irb,
  address,
  to: { mac: macOf, sticky },
})
export const noNeighbour = (address: string, irb = 11): TableChange => ({
  table: 'neighbour',
  interface: irb,
  address,
  to: null,
})
export const flood = (...remotes: readonly string[]): TableChange => ({
  table: 'flood',
  interface: 12,
  remotes: [...remotes],
})

/** Where a bridged frame to host n goes: a port, a VTEP, or everywhere. */
export function goes(bench: Bench, n: number, from = 13): number | string {
  const source = from === 13 ? 1 : 2
  const lines = bench.frame(from, plain(n, source))
  if (lines.length !== 1) return 'flooded'
  const [line] = lines
  if (line === tx(13, plain(n, source))) return 13
  if (line === tx(14, plain(n, source))) return 14
  return line?.startsWith('tx') === true ? untunnelled(line).to : (line ?? 'nowhere')
}
