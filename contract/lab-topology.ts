/**
 * Topology: what a lab is made of, as containerlab's topology definition file says it (containerlab 0.79: `types/`, `links/`). Inheritance
 * is as written here, `lab/clab/effective.ts` says what a node gets by it.
 *
 * A value that is not given is absent: nothing is filled in, for what is read is written again.
 *
 * @module
 */
import { z } from 'zod'

export const TOPOLOGY_VERSION = 1

const Texts = z.array(z.string())
const TextMap = z.record(z.string(), z.string())
/** Variables of templates: anything. */
const Anything = z.record(z.string(), z.unknown())

const Credentials = z.strictObject({
  username: z.string().optional(),
  password: z.string().optional(),
  'identity-file': z.string().optional(),
})
const Dns = z.strictObject({
  servers: Texts.optional(),
  options: Texts.optional(),
  search: Texts.optional(),
})
const Certificate = z.strictObject({
  issue: z.boolean().optional(),
  /** Bits. */
  'key-size': z.int().optional(),
  /** As Go has it, `8760h`. */
  'validity-duration': z.string().optional(),
  sans: Texts.optional(),
})
const Healthcheck = z.strictObject({
  test: Texts.optional(),
  /** Seconds, all three. */
  interval: z.int().optional(),
  timeout: z.int().optional(),
  'start-period': z.int().optional(),
  retries: z.int().optional(),
})
const Mda = z.strictObject({ slot: z.int().min(1), type: z.string().min(1) })
const Component = z.strictObject({
  slot: z.string().optional(),
  type: z.string().optional(),
  env: TextMap.optional(),
  sfm: z.string().optional(),
  mda: z.array(Mda).optional(),
  xiom: z
    .array(
      z.strictObject({
        slot: z.int().min(1),
        type: z.string().min(1),
        mda: z.array(Mda).optional(),
      }),
    )
    .optional(),
})
const Extras = z.strictObject({
  'srl-agents': Texts.optional(),
  'mysocket-proxy': z.string().optional(),
  'ceos-copy-to-flash': Texts.optional(),
  k8s_kind: z
    .strictObject({
      deploy: z.strictObject({ kubeconfig: z.string().optional(), wait: z.string().optional() }).optional(),
    })
    .optional(),
})

/** What a node waits for: another one's having come through a stage. */
const WaitFor = z.strictObject({ node: z.string(), stage: z.string().optional() })
const StageCommand = z.strictObject({
  command: z.string().optional(),
  /** Where it runs. */
  target: z.enum(['container', 'host']).optional(),
  phase: z.enum(['on-enter', 'on-exit']).optional(),
})
const Stage = z.strictObject({
  'wait-for': z.array(WaitFor).optional(),
  exec: z.array(StageCommand).optional(),
})
/** In the order in which a node comes through them. */
const Stages = z.strictObject({
  create: Stage.optional(),
  'create-links': Stage.optional(),
  configure: Stage.optional(),
  healthy: Stage.optional(),
  exit: Stage.optional(),
})

/** What may be said of a node: by itself, by its group, by its kind, and by the defaults. */
export const NodeDefinition = z
  .strictObject({
    kind: z.string().optional(),
    group: z.string().optional(),
    type: z.string().optional(),
    image: z.string().optional(),
    'image-pull-policy': z.string().optional(),
    'restart-policy': z.string().optional(),
    'network-mode': z.string().optional(),
    privileged: z.boolean().optional(),
    'cap-add': Texts.optional(),
    'security-opts': Texts.optional(),
    devices: Texts.optional(),
    sysctls: TextMap.optional(),
    binds: Texts.optional(),
    volumes: Texts.optional(),
    tmpfs: TextMap.optional(),
    env: TextMap.optional(),
    'env-files': Texts.optional(),
    user: z.string().optional(),
    hostname: z.string().optional(),
    entrypoint: z.string().optional(),
    cmd: z.string().optional(),
    exec: Texts.optional(),
    stages: Stages.optional(),
    healthcheck: Healthcheck.optional(),
    /** Seconds. */
    'startup-delay': z.int().min(0).optional(),
    'startup-config': z.string().optional(),
    'enforce-startup-config': z.boolean().optional(),
    'suppress-startup-config': z.boolean().optional(),
    'auto-remove': z.boolean().optional(),
    license: z.string().optional(),
    labels: TextMap.optional(),
    ports: Texts.optional(),
    'mgmt-ipv4': z.string().optional(),
    'mgmt-ipv6': z.string().optional(),
    aliases: Texts.optional(),
    dns: Dns.optional(),
    runtime: z.string().optional(),
    /** Cores. */
    cpu: z.number().optional(),
    'cpu-set': z.string().optional(),
    memory: z.string().optional(),
    'shm-size': z.string().optional(),
    'cgroupns-mode': z.string().optional(),
    'cgroup-parent': z.string().optional(),
    'pid-mode': z.string().optional(),
    'link-apply-mode': z.enum(['live', 'restart', 'recreate']).optional(),
    credentials: Credentials.optional(),
    /** As credentials have them; deprecated. */
    username: z.string().optional(),
    password: z.string().optional(),
    certificate: Certificate.optional(),
    config: z.strictObject({ vars: Anything.optional() }).optional(),
    components: z.array(Component).optional(),
    extras: Extras.optional(),
    position: z.string().optional(),
  })
  .meta({ id: 'NodeDefinition' })

export const LinkEndpoint = z
  .strictObject({
    node: z.string(),
    interface: z.string(),
    mac: z.string().optional(),
    /** With the length of the prefix. */
    ipv4: z.string().optional(),
    ipv6: z.string().optional(),
    vars: Anything.optional(),
  })
  .meta({ id: 'LinkEndpoint' })
const ofLink = {
  /** Octets; absent: 9500. */
  mtu: z.int().optional(),
  labels: TextMap.optional(),
  vars: Anything.optional(),
}
/** Of brief links, and kept with others: one for each end, in order. */
const addresses = { ipv4: Texts.optional(), ipv6: Texts.optional() }
const vxlan = {
  ...ofLink,
  ...addresses,
  endpoint: LinkEndpoint,
  remote: z.string(),
  vni: z.int(),
  'dst-port': z.int().optional(),
  /** As `dst-port`; deprecated. */
  'udp-port': z.int().optional(),
  'src-port': z.int().optional(),
  'parent-interface': z.string().optional(),
}
/** `brief`: the ends as `node:interface`, of which one may be `host`, `mgmt-net` or `macvlan`. */
export const TopologyLink = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('brief'), ...ofLink, ...addresses, endpoints: Texts }),
  z.strictObject({
    type: z.enum(['veth', 'veth-stitch']),
    ...ofLink,
    ...addresses,
    endpoints: z.array(LinkEndpoint),
  }),
  z.strictObject({
    type: z.enum(['host', 'mgmt-net']),
    ...ofLink,
    ...addresses,
    'host-interface': z.string(),
    endpoint: LinkEndpoint,
  }),
  z.strictObject({
    type: z.literal('macvlan'),
    ...ofLink,
    ...addresses,
    'host-interface': z.string(),
    endpoint: LinkEndpoint,
    mode: z.string().optional(),
  }),
  z.strictObject({ type: z.enum(['vxlan', 'vxlan-stitch']), ...vxlan }),
  z.strictObject({ type: z.literal('dummy'), ...ofLink, ...addresses, endpoint: LinkEndpoint }),
])

/** The management network, which joins all nodes that do not say otherwise. */
const Management = z.strictObject({
  network: z.string().optional(),
  bridge: z.string().optional(),
  'ipv4-subnet': z.string().optional(),
  'ipv4-gw': z.string().optional(),
  'ipv4-range': z.string().optional(),
  'ipv6-subnet': z.string().optional(),
  'ipv6-gw': z.string().optional(),
  'ipv6-range': z.string().optional(),
  /** As `ipv4-subnet` and `ipv6-subnet`; deprecated. */
  ipv4_subnet: z.string().optional(),
  ipv6_subnet: z.string().optional(),
  mtu: z.int().optional(),
  'external-access': z.boolean().optional(),
  'skip-when-unused': z.boolean().optional(),
  'driver-opts': TextMap.optional(),
})
const Settings = z.strictObject({
  'certificate-authority': z
    .strictObject({
      cert: z.string().optional(),
      key: z.string().optional(),
      'key-size': z.int().optional(),
      'validity-duration': z.string().optional(),
    })
    .optional(),
})

/** The sections of a file that describe nodes and links. */
const TopologySections = z.strictObject({
  defaults: NodeDefinition.optional(),
  kinds: z.record(z.string(), NodeDefinition).optional(),
  groups: z.record(z.string(), NodeDefinition).optional(),
  nodes: z.record(z.string(), NodeDefinition).optional(),
  links: z.array(TopologyLink).optional(),
})

/** What stands in a file. */
export const TopologyFile = z.strictObject({
  name: z.string(),
  /** Of containers' names; empty: none; absent: `clab`. */
  prefix: z.string().optional(),
  mgmt: Management.optional(),
  settings: Settings.optional(),
  debug: z.boolean().optional(),
  topology: TopologySections,
})
export const LabTopology = TopologyFile.extend({
  format: z.literal('ztos-topology'),
  version: z.literal(TOPOLOGY_VERSION),
})

export type NodeDefinition = z.infer<typeof NodeDefinition>
export type LinkEndpoint = z.infer<typeof LinkEndpoint>
export type TopologyLink = z.infer<typeof TopologyLink>
export type TopologyFile = z.infer<typeof TopologyFile>
export type LabTopology = z.infer<typeof LabTopology>
