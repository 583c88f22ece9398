/**
 * A chain of namespaces, a host at each end, as commands: the bare path that a latency is held against.
 *
 * @module
 */
import { namespacePrefix } from '../names.js'
import { NO_IPV6, type NamespaceScript, type NetworkScript } from './script.js'
import { MAX_LINK_MTU } from './wiring.js'

/** Devices: of a host, and of a hop towards either end. */
export const FLOOR_DEVICES = { host: 'eth0', near: 'near', far: 'far' } as const

/**
 * @param hops forwarders between the two hosts, at least one
 * @returns namespaces from one end to the other, and how they are made
 */
export function chainScript(
  lab: string,
  hops: number,
): { readonly namespaces: readonly string[]; readonly script: NetworkScript } {
  // No node's name holds a dot, so that these are nobody else's.
  const namespaces = Array.from({ length: hops + 2 }, (_, n) => `${namespacePrefix(lab)}floor.${n}`)
  const end = (n: number, device: string) =>
    `${n === 0 || n === hops + 1 ? FLOOR_DEVICES.host : device} mtu ${MAX_LINK_MTU} netns ${namespaces[n] ?? ''}`
  return {
    namespaces,
    script: {
      create: [
        ...namespaces.map((name) => `netns add ${name}`),
        ...namespaces
          .slice(1)
          .map(
            (_, n) =>
              `link add ${end(n, FLOOR_DEVICES.far)} type veth peer name ${end(n + 1, FLOOR_DEVICES.near)}`,
          ),
      ],
      inside: namespaces.map((namespace, n) => inside(namespace, n === 0 || n === hops + 1)),
    },
  }
}

function inside(namespace: string, isHost: boolean): NamespaceScript {
  const devices = isHost ? [FLOOR_DEVICES.host] : [FLOOR_DEVICES.near, FLOOR_DEVICES.far]
  return {
    namespace,
    lines: [
      ...NO_IPV6,
      ...devices.map((device) => `up ${device}`),
      ...(isHost ? devices.map((device) => `plain ${device}`) : []),
    ],
  }
}
