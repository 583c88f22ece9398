/**
 * A lab of labd's as a topology definition file: the same containers as an export's, with what labd needs to reach their engines. Data only.
 *
 * @module
 */
import type { LabTopology, TopologyLink, LinkEndpoint, NodeDefinition } from '../../contract/lab-topology.js'
import { IN_CONTAINER } from '../image/recipe.js'
import { namespacePrefix } from '../names.js'
import { MAX_LINK_MTU, type Veth, type VethEnd, type Wiring } from '../netns/wiring.js'
import { ownKind, SILENT } from './topology.js'

/** One container: a node, a host, or the wire node. */
export interface LabContainer {
  /** Of its network namespace, which is the container's own name as well. */
  readonly namespace: string
  readonly kind: 'node' | 'host'
  /** Folder of this host, at the same place inside, to be read only. */
  readonly given: string
  /** The same, to be written. */
  readonly made: string
  readonly env: Readonly<Record<string, string>>
  /** What daemons are given and make; inside it is where `vtysh` and `gobgp` look, too. */
  readonly daemons?: string
  /** Besides those of its kind. */
  readonly capabilities: readonly string[]
}
export interface LabTopologyOptions {
  readonly lab: string
  readonly fabric: string
  /** Of the node image, as Docker has it. */
  readonly image: string
  /** What nodes have; hosts have NET_ADMIN. */
  readonly capabilities: readonly string[]
  readonly containers: readonly LabContainer[]
  readonly wiring: Wiring
  /** By which a sweep finds them. */
  readonly labels: Readonly<Record<string, string>>
  /** Over the image's engine. */
  readonly engine?: string | undefined
}

/** Namespaces of a lab begin so; containerlab puts this, the lab and the node's name together. */
const PREFIX = 'zt'

export function labTopology(options: LabTopologyOptions): LabTopology {
  const { lab, image, capabilities, containers, wiring, labels, engine } = options
  const nodes = containers.map((container): [string, NodeDefinition] => [
    nodeName(lab, container.namespace),
    {
      group: `${container.kind}s`,
      binds: [
        '/proc/sys/net:/run/ztos/net',
        `${container.given}:${container.given}:ro`,
        `${container.made}:${container.made}`,
        ...(container.daemons === undefined
          ? []
          : [`${container.daemons}:${container.daemons}`, `${container.daemons}:${IN_CONTAINER.daemons}`]),
        ...(engine === undefined || container.kind === 'host'
          ? []
          : [`${engine}:/usr/local/bin/ztos-fpe:ro`]),
      ],
      env: container.env,
      // Lists are added up.
      ...(container.capabilities.length === 0 ? {} : { 'cap-add': [...container.capabilities] }),
    },
  ])
  return {
    format: 'ztos-topology',
    version: 1,
    name: lab,
    prefix: PREFIX,
    mgmt: { 'skip-when-unused': true },
    topology: {
      kinds: {
        linux: {
          ...ownKind(image),
          labels: { 'ztos.fabric': options.fabric, ...labels },
          // labd looks itself, and at once.
          healthcheck: { test: ['CMD', 'ztos-node', 'health'], interval: 10, timeout: 5, retries: 3 },
        },
      },
      groups: {
        nodes: {
          kind: 'linux',
          'cap-add': [...capabilities],
          devices: ['/dev/net/tun'],
          sysctls: SILENT,
        },
        hosts: { kind: 'linux', 'cap-add': ['NET_ADMIN'], sysctls: SILENT },
      },
      nodes: Object.fromEntries(nodes),
      links: wiring.veths.flatMap((veth) => cables(lab, wiring, veth)),
    },
  }
}

/** What containerlab calls a container whose namespace is this. */
export function nodeName(lab: string, namespace: string): string {
  return namespace.slice(namespacePrefix(lab).length)
}

/** One cable, or two with the wire node between them. */
function cables(lab: string, { wire }: Wiring, { ends: [a, b], through }: Veth): TopologyLink[] {
  const endOf = ({ namespace, device, mac }: VethEnd): LinkEndpoint => ({
    node: nodeName(lab, namespace),
    interface: device,
    mac,
  })
  const join = (one: LinkEndpoint, other: LinkEndpoint): TopologyLink => ({
    type: 'veth',
    endpoints: [one, other],
    mtu: MAX_LINK_MTU,
  })
  if (through === undefined || wire === undefined) return [join(endOf(a), endOf(b))]
  const middle = (device: string): LinkEndpoint => ({
    node: nodeName(lab, wire.namespace),
    interface: device,
  })
  return [join(endOf(a), middle(through[0])), join(endOf(b), middle(through[1]))]
}
