/**
 * A fabric's topology definition file, as a person would write it: groups by what a container may do, comments where it is not plain.
 *
 * @module
 */
import type { LabTopology, LinkEndpoint, NodeDefinition } from '../../contract/lab-topology.js'
import type { Plan, PlanNode } from '../../contract/plan.js'
import { writeTopology } from '../clab/index.js'
import { API_SOCKET } from '../daemons/commands.js'
import { IN_CONTAINER } from '../image/recipe.js'
import { MAX_LINK_MTU, type VethEnd, type Wiring } from '../netns/wiring.js'

export interface TopologyOptions {
  readonly wiring: Wiring
  /** Of the node image, as Docker has it. */
  readonly image: string
  /** Of a namespace: what its container is called. */
  readonly nameOf: (namespace: string) => string
  /** Settings of a whole namespace, by node. */
  readonly sysctls: ReadonlyMap<string, Readonly<Record<string, string>>>
}

/** The folder of a container; containerlab puts the node's name there. */
const FOLDER = 'nodes/__clabNodeName__'
/**
 * What an engine keeps. Docker before 23 knows neither BPF nor PERFMON; there both are to be SYS_ADMIN, which containerlab's own variables let
 * whoever deploys say.
 */
const ENGINE = ['NET_ADMIN', 'NET_RAW', 'IPC_LOCK', '${ZTOS_CAP_BPF:=BPF}', '${ZTOS_CAP_PERFMON:=PERFMON}']
const ENGINE_COMMENT =
  'The engine: XDP, AF_XDP, locked memory. For Docker before 23: ZTOS_CAP_BPF=SYS_ADMIN ZTOS_CAP_PERFMON=SYS_ADMIN.'
/** Of FRR besides; what else it and GoBGP keep are Docker's defaults. */
const FRR = 'SYS_ADMIN'
const FRR_COMMENT =
  'SYS_ADMIN is for FRR, which starts with all that it may ever want, or not at all. The engine keeps it only where it has no BPF.'

/** What is said of every container of ours: its image is loaded, it is in no network but the fabric's, and does not start again without its cables. */
export function ownKind(image: string): NodeDefinition {
  return {
    image,
    'image-pull-policy': 'Never',
    'restart-policy': 'no',
    'network-mode': 'none',
    privileged: false,
  }
}

/**
 * containerlab brings cables up as soon as they are there, before anybody inside can say a word, and turns IPv6 on wherever settings are given.
 * Without an address of its own the kernel sends nothing on them.
 */
export const SILENT = { 'net.ipv6.conf.default.addr_gen_mode': '1' }

const ROLES = { spine: 'spines', leaf: 'leaves', router: 'routers' } as const

export function topologyText(plan: Plan, { wiring, image, nameOf, sysctls }: TopologyOptions): string {
  const hosts = new Map(plan.hosts.map((host) => [host.id, host]))
  const topology: LabTopology = {
    format: 'ztos-topology',
    version: 1,
    name: plan.fabric,
    mgmt: { 'skip-when-unused': true },
    topology: {
      kinds: {
        linux: {
          ...ownKind(image),
          binds: ['/proc/sys/net:/run/ztos/net', `${FOLDER}:${IN_CONTAINER.config}:ro`],
          healthcheck: {
            test: ['CMD', 'ztos-node', 'health'],
            interval: 1,
            timeout: 5,
            'start-period': 1,
            retries: 60,
          },
          labels: { 'ztos.fabric': plan.fabric },
        },
      },
      groups: {
        ...Object.fromEntries(
          plan.nodes.map((node): [string, NodeDefinition] => [
            groupOf(node),
            {
              kind: 'linux',
              'cap-add': [...ENGINE, ...(runsFrr(node) ? [FRR] : [])],
              devices: ['/dev/net/tun'],
              sysctls: { ...SILENT, ...sysctls.get(node.name) },
            },
          ]),
        ),
        hosts: {
          kind: 'linux',
          'cap-add': ['NET_ADMIN'],
          sysctls: SILENT,
        },
      },
      nodes: Object.fromEntries([
        ...plan.nodes.map((node): [string, NodeDefinition] => [node.name, { group: groupOf(node) }]),
        ...wiring.hosts.map(({ host, namespace }): [string, NodeDefinition] => {
          const at = hosts.get(host)?.at.node ?? ''
          // In its first stage, where waiting holds none of containerlab's workers: in a later one more hosts than workers never come up.
          const stages = { create: { 'wait-for': [{ node: at, stage: 'create' }] } }
          return [nameOf(namespace), { group: 'hosts', stages, labels: { 'ztos.host': host } }]
        }),
      ]),
      links: wiring.veths.map(({ ends: [a, b] }) => ({
        type: 'veth',
        endpoints: [endOf(a, nameOf), endOf(b, nameOf)],
        mtu: MAX_LINK_MTU,
      })),
    },
  }
  return writeTopology(topology, {
    heading: headingOf(plan),
    comments: commentsOf(plan),
    verbatim: ENGINE,
  })
}

/** Nodes of a group may do the same. */
function groupOf({ role, control }: PlanNode): string {
  return control === undefined ? 'nodes' : ROLES[role]
}

function runsFrr({ control }: PlanNode): boolean {
  return control?.daemon === 'frr'
}

function endOf({ namespace, device, mac }: VethEnd, nameOf: TopologyOptions['nameOf']): LinkEndpoint {
  return { node: nameOf(namespace), interface: device, mac }
}

function headingOf({ fabric, nodes, hosts, links }: Plan): string[] {
  const delayed = links.filter(({ delay = 0 }) => delay > 0).map(({ id }) => id)
  return [
    `Fabric ${fabric}: ${nodes.length} nodes, ${hosts.length} hosts, ${links.length} links. Made by \`ztos lab export\`.`,
    '',
    `  containerlab deploy -t ${fabric}.clab.yml`,
    '',
    'Hosts start after their leaf; all is up when every container says that it is healthy.',
    ...controlHeading(fabric, nodes),
    'What each container is given lies in nodes/, in a folder of its name. Keys are in there: keep them to yourself.',
    ...(delayed.length === 0
      ? []
      : [`Without the delays of ${delayed.join(', ')}: \`containerlab tools netem\` makes such.`]),
  ]
}

/** Where to look how far BGP is, which is no part of health. */
function controlHeading(fabric: string, nodes: readonly PlanNode[]): string[] {
  const at = (daemon: 'frr' | 'gobgp', words: string) =>
    nodes
      .filter(({ control }) => control?.daemon === daemon)
      .slice(0, 1)
      .map(({ name }) => `  docker exec clab-${fabric}-${name} ${words}`)
  const looks = [
    ...at('frr', `vtysh -c 'show bgp l2vpn evpn summary'`),
    ...at('gobgp', `gobgp --target unix://${IN_CONTAINER.daemons}/${API_SOCKET} neighbor`),
  ]
  return looks.length === 0
    ? []
    : [
        'BGP, which fills the tables, is then on its way for some seconds:',
        '',
        ...looks,
        '',
        'A daemon that ends is begun anew, and `docker logs` says so.',
      ]
}

function commentsOf({ nodes }: Plan): ReadonlyMap<string, string> {
  const groups = new Map(nodes.map((node) => [groupOf(node), runsFrr(node)]))
  return new Map([
    [
      'mgmt',
      'No container is in the management network: a fabric has the links that it says, and no others.',
    ],
    ['topology.kinds.linux.image-pull-policy', 'The image is loaded (`ztos lab image --load`), not pulled.'],
    ['topology.kinds.linux.restart-policy', 'A container that starts again has lost its cables.'],
    [
      'topology.kinds.linux.binds',
      '/proc/sys is read-only in a container; this part of it means its own network namespace.',
    ],
    ...[...groups].flatMap(([group, frr]): [string, string][] => [
      [`topology.groups.${group}.cap-add`, frr ? `${ENGINE_COMMENT}\n${FRR_COMMENT}` : ENGINE_COMMENT],
      [`topology.groups.${group}.devices`, "What a node's own kernel speaks through: a TAP above each port."],
    ]),
    ...[...groups.keys(), 'hosts'].map((group): [string, string] => [
      `topology.groups.${group}.sysctls`,
      'Cables are up before set-up is done: a kernel without a link-local address sends nothing of its own on them.',
    ]),
    [
      'topology.links',
      'As wide as the engine takes frames: what is too long for a port is its to refuse. `.phy` is the end that the engine owns.',
    ],
  ])
}
