/**
 * Topologies of any shape: inheritance on all levels, links of all types, texts that YAML would take for something else.
 *
 * @module
 */
import * as fc from 'fast-check'
import type { Arbitrary } from 'fast-check'
import type { LabTopology, NodeDefinition, TopologyLink } from '../../../contract/lab-topology.js'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,7}$/)
/** Nothing that Go's templates or a shell's variables would be, and nothing that no YAML may hold. */
const text = fc.oneof(
  fc.constantFrom(
    'yes',
    'no',
    'on',
    'n',
    '010',
    '0x10',
    '1_0',
    '12e03',
    '1:30',
    '~',
    'null',
    '',
    ' ',
    '- a',
    '# b',
    'a: b',
    '<<',
    '*a',
    '&a',
    '!b',
    '{',
    "'",
    '"',
    '%',
    '@',
    '`',
    '|',
    '>',
    '2026-01-01',
    'ünï',
    'a\nb',
    'a\n',
    '\t',
    '.5',
    '.inf',
    '=',
  ),
  fc.stringMatching(/^[ -#%-z|~]{0,12}$/),
  fc.constantFrom('$', '$$', '$HOME', '${HOME}', '${HOME:=x}', 'a $ b', '$1', '$_'),
)
const word = fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9._/-]{0,11}$/)
const texts = fc.array(text, { maxLength: 3 })
const textMap = fc.dictionary(fc.oneof(word, fc.constantFrom('ON', 'y', '1', 'null', '~')), text, {
  maxKeys: 3,
})
const seconds = fc.nat({ max: 600 })

/** Absent, more often than not. */
const some = <T extends object>(fields: { [K in keyof T]-?: Arbitrary<T[K]> }): Arbitrary<Partial<T>> =>
  fc
    .record(fields, { requiredKeys: [] })
    .chain((all) =>
      fc
        .subarray(Object.keys(all))
        .map((kept) => Object.fromEntries(kept.map((key) => [key, all[key as keyof T]])) as Partial<T>),
    )

function stages(nodes: readonly string[]) {
  const waits = fc.array(
    fc.record({
      node: fc.constantFrom(...nodes),
      stage: fc.constantFrom('create', 'create-links', 'configure', 'healthy', 'exit'),
    }),
    { maxLength: 2 },
  )
  const exec = fc.array(
    fc.record({
      command: word,
      target: fc.constantFrom('container' as const, 'host' as const),
      phase: fc.constantFrom('on-enter' as const, 'on-exit' as const),
    }),
    { maxLength: 2 },
  )
  const stage = fc.record({ 'wait-for': waits, exec }, { requiredKeys: [] })
  return fc.record(
    { create: stage, 'create-links': stage, configure: stage, healthy: stage, exit: stage },
    { requiredKeys: [] },
  )
}

function definition(nodes: readonly string[], kinds: readonly string[], groups: readonly string[]) {
  return some<NodeDefinition>({
    kind: fc.constantFrom(...kinds),
    group: fc.constantFrom(...groups),
    type: word,
    image: word,
    'image-pull-policy': fc.constantFrom('always', 'never', 'ifnotpresent'),
    'restart-policy': fc.constantFrom('no', 'always', 'on-failure', 'unless-stopped'),
    'network-mode': fc.constantFrom('none', 'host', 'bridge'),
    privileged: fc.boolean(),
    'cap-add': texts,
    'security-opts': texts,
    devices: texts,
    sysctls: textMap,
    binds: fc.array(
      fc.tuple(word, word).map(([from, to]) => `${from}:/${to}`),
      { maxLength: 3 },
    ),
    volumes: fc.array(
      word.map((to) => `/${to}`),
      { maxLength: 2 },
    ),
    tmpfs: textMap,
    env: textMap,
    'env-files': fc.constant([]),
    user: text,
    hostname: text,
    entrypoint: text,
    cmd: text,
    exec: texts,
    stages: stages(nodes),
    healthcheck: fc.record(
      { test: texts, interval: seconds, timeout: seconds, 'start-period': seconds, retries: seconds },
      { requiredKeys: [] },
    ),
    'startup-delay': seconds,
    'startup-config': fc.constant(''),
    'enforce-startup-config': fc.boolean(),
    'suppress-startup-config': fc.boolean(),
    'auto-remove': fc.boolean(),
    license: fc.constant(''),
    labels: textMap,
    ports: fc.constant([]),
    'mgmt-ipv4': fc.constantFrom('', '172.20.20.5'),
    'mgmt-ipv6': fc.constant(''),
    aliases: texts,
    dns: fc.record({ servers: texts, search: texts, options: texts }, { requiredKeys: [] }),
    runtime: fc.constant('docker'),
    cpu: fc.constantFrom(0, 0.5, 1, 2.25),
    'cpu-set': text,
    memory: text,
    'shm-size': text,
    'cgroupns-mode': text,
    'cgroup-parent': text,
    'pid-mode': fc.constantFrom('', 'host'),
    'link-apply-mode': fc.constantFrom('live' as const, 'restart' as const, 'recreate' as const),
    credentials: fc.record(
      { username: text, password: text, 'identity-file': fc.constant('/id') },
      { requiredKeys: [] },
    ),
    username: text,
    password: text,
    certificate: fc.record(
      {
        issue: fc.boolean(),
        'key-size': fc.nat(),
        'validity-duration': fc.constantFrom('1h', '30m'),
        sans: texts,
      },
      { requiredKeys: [] },
    ),
    config: fc.record(
      { vars: fc.dictionary(word, fc.oneof(word, fc.nat(), fc.boolean()), { maxKeys: 2 }) },
      { requiredKeys: [] },
    ),
    components: fc.constant([]),
    extras: fc.record({ 'srl-agents': texts, 'mysocket-proxy': text }, { requiredKeys: [] }),
    position: text,
  })
}

/** Each end once. */
function links(nodes: readonly string[]): Arbitrary<TopologyLink[]> {
  const common = {
    mtu: fc.nat({ max: 9500 }),
    labels: textMap,
    vars: fc.dictionary(word, word, { maxKeys: 2 }),
  }
  const kind = fc.constantFrom(
    'brief',
    'brief host',
    'brief mgmt-net',
    'veth',
    'veth-stitch',
    'host',
    'mgmt-net',
    'vxlan',
    'vxlan-stitch',
    'dummy',
  )
  const one = fc.record({
    kind,
    ends: fc.tuple(fc.constantFrom(...nodes), fc.constantFrom(...nodes)),
    common: fc.record(common, { requiredKeys: [] }),
    mac: fc.boolean(),
  })
  return fc.array(one, { maxLength: 6 }).map((all) =>
    all.map(({ kind: type, ends: [a, b], common: more, mac }, i): TopologyLink => {
      const end = (node: string, side: string) => ({
        node,
        interface: `e${side}${i}`,
        ...(mac ? { mac: '02:00:00:00:00:01' } : {}),
      })
      switch (type) {
        case 'brief':
          return { type, ...more, endpoints: [`${a}:ea${i}`, `${b}:eb${i}`] }
        case 'brief host':
          return { type: 'brief', ...more, endpoints: [`${a}:ea${i}`, `host:h${i}`] }
        case 'brief mgmt-net':
          return { type: 'brief', ...more, endpoints: [`mgmt-net:m${i}`, `${b}:eb${i}`] }
        case 'veth':
        case 'veth-stitch':
          return { type, ...more, endpoints: [end(a, 'a'), end(b, 'b')] }
        case 'host':
        case 'mgmt-net':
          return { type, ...more, 'host-interface': `h${i}`, endpoint: end(a, 'a') }
        case 'vxlan':
        case 'vxlan-stitch':
          return {
            type,
            ...more,
            endpoint: end(a, 'a'),
            remote: '192.0.2.7',
            vni: 100 + i,
            'dst-port': 14789,
          }
        default:
          return { type: 'dummy', ...more, endpoint: end(a, 'a') }
      }
    }),
  )
}

/** Those that containerlab can parse without looking at files or the host. */
export const topologies: Arbitrary<LabTopology> = fc
  .record({
    nodes: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
    groups: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
  })
  .chain(({ nodes, groups }) => {
    const kinds = ['linux', 'bridge', 'host', 'Linux', 'nokia_srlinux']
    const one = definition(nodes, kinds, groups)
    const table = (keys: readonly string[]) =>
      fc
        .array(one, { minLength: keys.length, maxLength: keys.length })
        .map((all) => Object.fromEntries(keys.map((key, i) => [key, all[i]!])))
    return fc.record({
      format: fc.constant('ztos-topology' as const),
      version: fc.constant(1 as const),
      name,
      prefix: fc.option(fc.constantFrom('', 'clab', '__lab-name'), { nil: undefined }),
      topology: fc.record({
        // So that every node has one.
        defaults: one.map((all) => ({ ...all, kind: 'linux' })),
        kinds: fc.subarray(kinds.slice(0, 3)).chain(table),
        groups: fc.subarray(groups).chain(table),
        nodes: table(nodes),
        links: links(nodes),
      }),
    })
  })
  .map(({ prefix, ...topology }) => ({ ...topology, ...(prefix === undefined ? {} : { prefix }) }))
