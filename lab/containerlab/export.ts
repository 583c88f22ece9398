/**
 * A fabric as a lab that containerlab brings up without this project: a topology definition file, and for each container a folder with what
 * the node image reads (`lab/image/README.md`).
 *
 * @module
 */
import type { LabTopology, LinkEndpoint, NodeDefinition } from '../../contract/lab-topology.js'
import type { Plan, PlanHost, PlanNode } from '../../contract/plan.js'
import { writeTopology } from '../clab/index.js'
import { LabError } from '../errors.js'
import { namespacePrefix } from '../names.js'
import { ipv6Lines, networkScript } from '../netns/script.js'
import { HOST_DEVICE, MAX_LINK_MTU, wiringOf, type VethEnd, type Wiring } from '../netns/wiring.js'

export interface ExportOptions {
  /** Values by reference. */
  readonly keys: ReadonlyMap<string, Uint8Array>
  /** Of the node image, as Docker has it. */
  readonly image: string
}
export interface ExportedFile {
  readonly text: string
  /** 0o600 for keys. */
  readonly mode: number
}
/** Files by their names in the lab's folder. */
export type ExportedLab = ReadonlyMap<string, ExportedFile>

/** Stands for the lab where names of namespaces are made, and is taken off again. */
const NOBODY = 'export'
/** The folder of a container; containerlab puts the node's name there. */
const FOLDER = 'nodes/__clabNodeName__'
/**
 * What an engine keeps. Docker before 23 knows neither BPF nor PERFMON; there both are to be SYS_ADMIN, which containerlab's own variables let
 * whoever deploys say.
 */
const CAPABILITIES = [
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  '${ZTOS_CAP_BPF:=BPF}',
  '${ZTOS_CAP_PERFMON:=PERFMON}',
]
/** Settings of a whole namespace are containerlab's to make; those of devices wait for the devices. */
const OF_NAMESPACE = /^sysctl (ipv[46]\/(?:conf\/(?:all|default)\/)?[a-z0-9_]+) (\S+)$/

/** @throws LabError `ZT_LAB_PLAN` for what no lab can have, and for a control plane, which is not exported */
export function exportLab(plan: Plan, { keys, image }: ExportOptions): ExportedLab {
  if (plan.nodes.some(({ control }) => control !== undefined))
    throw new LabError('ZT_LAB_PLAN', `${plan.fabric} has a control plane, which is not exported yet`, {
      remedy: 'export a fabric whose tables come with the plan, or use `ztos lab up`',
    })
  const wiring = wiringOf(NOBODY, plan)
  const files = new Map<string, ExportedFile>()
  const scripts = new Map(
    networkScript(wiring).rest.inside.map(({ namespace, lines }) => [nameOf(namespace), lines]),
  )
  const add = (name: string, file: string, text: string, mode = 0o644) =>
    files.set(`nodes/${name}/${file}`, { text, mode })
  for (const { node, namespace } of wiring.nodes) {
    const name = nameOf(namespace)
    const { program } = nodeOf(plan, node)
    add(name, 'program.json', `${JSON.stringify(program, null, 2)}\n`)
    add(name, 'set-up', textOf((scripts.get(name) ?? []).filter((line) => !OF_NAMESPACE.test(line))))
    const own = keysOf(program, keys)
    if (Object.keys(own).length > 0) add(name, 'keys.json', `${JSON.stringify(own)}\n`, 0o600)
  }
  for (const { host, namespace } of wiring.hosts)
    add(nameOf(namespace), 'set-up', textOf(hostLines(hostOf(plan, host))))
  return new Map([
    [`${plan.fabric}.clab.yml`, { text: textOfTopology(plan, wiring, scripts, image), mode: 0o644 }],
    ...files,
  ])
}

function textOfTopology(
  plan: Plan,
  wiring: Wiring,
  scripts: ReadonlyMap<string, readonly string[]>,
  image: string,
): string {
  const settings = (name: string) =>
    Object.fromEntries(
      (scripts.get(name) ?? []).flatMap((line) => {
        const [, path, value] = OF_NAMESPACE.exec(line) ?? []
        return path === undefined || value === undefined ? [] : [[`net.${path.replaceAll('/', '.')}`, value]]
      }),
    )
  const [aNode, aHost] = [wiring.nodes[0], wiring.hosts[0]].map((one) =>
    one === undefined ? {} : settings(nameOf(one.namespace)),
  )
  const nodes = wiring.nodes.map(({ namespace }): [string, NodeDefinition] => [
    nameOf(namespace),
    { group: 'nodes' },
  ])
  const hosts = wiring.hosts.map(({ host, namespace }): [string, NodeDefinition] => {
    const { at } = hostOf(plan, host)
    // In its first stage, where waiting holds none of containerlab's workers: in a later one more hosts than workers never come up.
    const stages = { create: { 'wait-for': [{ node: at.node, stage: 'create' }] } }
    return [nameOf(namespace), { group: 'hosts', stages, labels: { 'ztos.host': host } }]
  })
  const topology: LabTopology = {
    format: 'ztos-topology',
    version: 1,
    name: plan.fabric,
    mgmt: { 'skip-when-unused': true },
    topology: {
      kinds: {
        linux: {
          image,
          'image-pull-policy': 'Never',
          'restart-policy': 'no',
          'network-mode': 'none',
          privileged: false,
          binds: ['/proc/sys/net:/run/ztos/net', `${FOLDER}:/etc/ztos:ro`],
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
        nodes: { kind: 'linux', 'cap-add': CAPABILITIES, devices: ['/dev/net/tun'], sysctls: aNode ?? {} },
        hosts: { kind: 'linux', 'cap-add': ['NET_ADMIN'], sysctls: aHost ?? {} },
      },
      nodes: Object.fromEntries([...nodes, ...hosts]),
      links: wiring.veths.map(({ ends: [a, b] }) => ({
        type: 'veth',
        endpoints: [endOf(a), endOf(b)],
        mtu: MAX_LINK_MTU,
      })),
    },
  }
  return writeTopology(topology, { heading: headingOf(plan), comments: COMMENTS, verbatim: CAPABILITIES })
}

function headingOf({ fabric, nodes, hosts, links }: Plan): string[] {
  const delayed = links.filter(({ delay = 0 }) => delay > 0).map(({ id }) => id)
  return [
    `Fabric ${fabric}: ${nodes.length} nodes, ${hosts.length} hosts, ${links.length} links. Made by \`ztos lab export\`.`,
    '',
    `  containerlab deploy -t ${fabric}.clab.yml`,
    '',
    'Hosts start after their leaf; all is up when every container says that it is healthy.',
    'What each container is given lies in nodes/, in a folder of its name. Keys are in there: keep them to yourself.',
    ...(delayed.length === 0
      ? []
      : [`Without the delays of ${delayed.join(', ')}: \`containerlab tools netem\` makes such.`]),
  ]
}

const COMMENTS: ReadonlyMap<string, string> = new Map([
  ['mgmt', 'No container is in the management network: a fabric has the links that it says, and no others.'],
  ['topology.kinds.linux.image-pull-policy', 'The image is loaded (`ztos lab image --load`), not pulled.'],
  ['topology.kinds.linux.restart-policy', 'A container that starts again has lost its cables.'],
  [
    'topology.kinds.linux.binds',
    '/proc/sys is read-only in a container; this part of it means its own network namespace.',
  ],
  [
    'topology.groups.nodes.cap-add',
    'The engine: XDP, AF_XDP, locked memory. For Docker before 23: ZTOS_CAP_BPF=SYS_ADMIN ZTOS_CAP_PERFMON=SYS_ADMIN.',
  ],
  ['topology.groups.nodes.devices', "What a node's own kernel speaks through: a TAP above each port."],
  [
    'topology.links',
    'As wide as the engine takes frames: what is too long for a port is its to refuse. `.phy` is the end that the engine owns.',
  ],
])

/** As a person would set a host up: address, MTU, the way out. */
function hostLines({ addresses, gateways, mtu }: PlanHost): string[] {
  const has6 = addresses.some((one) => one.includes(':'))
  return [
    'up lo',
    ...(has6 ? ipv6Lines(HOST_DEVICE) : []),
    `up ${HOST_DEVICE}`,
    `plain ${HOST_DEVICE}`,
    `ip link set ${HOST_DEVICE} mtu ${mtu}`,
    ...addresses.map((one) => `ip addr add ${one} dev ${HOST_DEVICE}${one.includes(':') ? ' nodad' : ''}`),
    ...gateways.map((gateway) => `ip route add default via ${gateway} dev ${HOST_DEVICE}`),
  ]
}

/** Those that a program names, in hexadecimal digits. */
function keysOf(program: PlanNode['program'], keys: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  const text = JSON.stringify(program)
  return Object.fromEntries(
    [...keys]
      .filter(([reference]) => text.includes(JSON.stringify(reference)))
      .map(([reference, value]) => [reference, Buffer.from(value).toString('hex')]),
  )
}

function endOf({ namespace, device, mac }: VethEnd): LinkEndpoint {
  return { node: nameOf(namespace), interface: device, mac }
}

function nameOf(namespace: string): string {
  return namespace.slice(namespacePrefix(NOBODY).length)
}

function nodeOf(plan: Plan, name: string): PlanNode {
  return found(
    plan.nodes.find((node) => node.name === name),
    name,
  )
}

function hostOf(plan: Plan, id: string): PlanHost {
  return found(
    plan.hosts.find((host) => host.id === id),
    id,
  )
}

function found<T>(one: T | undefined, name: string): T {
  if (one === undefined) throw new LabError('ZT_LAB_PLAN', `the plan contradicts itself: it has no ${name}`)
  return one
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
