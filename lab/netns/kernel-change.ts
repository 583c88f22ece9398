/**
 * What changes inside a node's namespace that stays: TAPs, addresses, neighbours, routes, ends of cables. Whatever a device takes along when
 * it goes, or forgets when its address changes, is told it again.
 *
 * @module
 */
import { isSame } from '../apply/same.js'
import { cableLines, hasIpv6, ipv6Lines, isIpv6, neighbourText, routeText, tapLines } from './script.js'
import type { NodeWiring, Tap } from './wiring.js'

export interface KernelChange {
  readonly node: string
  readonly namespace: string
  /** For people. */
  readonly what: readonly string[]
  /** Lines for `ip -force -batch`: what is gone already is no error. */
  readonly remove: readonly string[]
  /** Lines for `ztos-netns set-up`, behind them. */
  readonly lines: readonly string[]
}

interface Part {
  readonly what: string
  readonly remove: readonly string[]
  readonly lines: readonly string[]
}

/** @param recabled ports whose cable is made anew */
export function kernelChange(
  before: NodeWiring,
  after: NodeWiring,
  recabled: ReadonlySet<string>,
): KernelChange {
  const [taps, disturbed] = tapChanges(before, after)
  const isDisturbed = ({ device }: { readonly device: string }) => disturbed.has(device)
  const loopback = less(before.loopback, after.loopback)
  const loopbackNew = less(after.loopback, before.loopback)
  const neighboursGone = without(before.neighbours, after.neighbours)
  const neighboursNew = [
    ...without(after.neighbours, before.neighbours),
    ...within(after.neighbours, before.neighbours).filter(isDisturbed),
  ]
  const isShaken = ({ hops }: NodeWiring['routes'][number]) => hops.some(isDisturbed)
  const parts: Part[] = [
    {
      what: 'routes',
      remove: [
        ...without(before.routes, after.routes),
        ...within(after.routes, before.routes).filter(isShaken),
      ].map(({ prefix }) => `route del ${prefix}`),
      lines: [],
    },
    {
      what: 'neighbours',
      // One with another MAC is replaced.
      remove: neighboursGone
        .filter(
          ({ device, address }) =>
            !after.neighbours.some((one) => one.device === device && one.address === address),
        )
        .map(({ device, address }) => `neigh del ${address} dev ${device}`),
      lines: [],
    },
    taps,
    {
      what: 'loopback',
      remove: loopback.map((address) => `addr del ${address} dev lo`),
      lines: loopbackNew.map((address) => `ip addr add ${address} dev lo`),
    },
    {
      what: 'neighbours',
      remove: [],
      lines: neighboursNew.map((one) => `ip neigh replace ${neighbourText(one)}`),
    },
    {
      what: 'routes',
      remove: [],
      lines: [
        ...without(after.routes, before.routes),
        ...within(after.routes, before.routes).filter(isShaken),
      ].map((one) => `ip route add ${routeText(one)}`),
    },
    {
      what: 'cables',
      remove: [],
      lines: cableLines({ ports: after.ports.filter(({ device }) => recabled.has(device)) }),
    },
  ].filter(({ remove, lines }) => remove.length + lines.length > 0)
  return {
    node: after.node,
    namespace: after.namespace,
    what: [...new Set(parts.map(({ what }) => what))],
    remove: parts.flatMap(({ remove }) => remove),
    lines: parts.flatMap(({ lines }) => lines),
  }
}

/** Devices whose routes and neighbours the kernel has forgotten, too. */
function tapChanges(before: NodeWiring, after: NodeWiring): readonly [Part, ReadonlySet<string>] {
  const old = new Map(before.taps.map((tap) => [tap.device, tap]))
  const wanted = new Map(after.taps.map((tap) => [tap.device, tap]))
  const gone = before.taps.filter(({ device }) => !wanted.has(device))
  const fresh = after.taps.filter(({ device }) => !old.has(device))
  const changed = after.taps.flatMap((tap): [Tap, Tap][] => {
    const was = old.get(tap.device)
    return was === undefined || isSame(was, tap) ? [] : [[was, tap]]
  })
  // IPv6 is off where nothing has an address of it.
  const opened = hasIpv6(after) && !hasIpv6(before) ? ['lo', ...after.taps.map(({ device }) => device)] : []
  const closing =
    hasIpv6(before) && !hasIpv6(after)
      ? ['lo', ...after.taps.map(({ device }) => device).filter((device) => old.has(device))]
      : []
  const opening = hasIpv6(after) && opened.length === 0 ? fresh.map(({ device }) => device) : opened
  return [
    {
      what: 'addresses',
      remove: [
        ...changed.flatMap(([was, { device, addresses }]) =>
          less(was.addresses, addresses).map((address) => `addr del ${address} dev ${device}`),
        ),
        ...gone.map(({ device }) => `link del ${device}`),
      ],
      lines: [
        ...fresh.map(({ device }) => `tap ${device}`),
        ...opening.flatMap(ipv6Lines),
        ...closing.map((device) => `sysctl ipv6/conf/${device}/disable_ipv6 1`),
        ...fresh.flatMap(tapLines).map((line) => `ip ${line}`),
        ...changed.flatMap(([was, { device, mac, mtu, addresses }]) => [
          ...(was.mac === mac && was.mtu === mtu ? [] : [`ip link set ${device} address ${mac} mtu ${mtu}`]),
          ...less(addresses, was.addresses).map(
            (address) => `ip addr add ${address} dev ${device}${isIpv6(address) ? ' nodad' : ''}`,
          ),
        ]),
      ],
    },
    new Set([...fresh, ...changed.map(([, tap]) => tap)].map(({ device }) => device)),
  ]
}

function less(all: readonly string[], others: readonly string[]): readonly string[] {
  return all.filter((one) => !others.includes(one))
}

function without<T>(all: readonly T[], others: readonly T[]): readonly T[] {
  const known = new Set(others.map((one) => JSON.stringify(one)))
  return all.filter((one) => !known.has(JSON.stringify(one)))
}

function within<T>(all: readonly T[], others: readonly T[]): readonly T[] {
  const known = new Set(others.map((one) => JSON.stringify(one)))
  return all.filter((one) => known.has(JSON.stringify(one)))
}
