/**
 * Every verb of `ztos`, as data. Parser, help and `docs/guide/cli.md` are made from it; a test fails on a difference.
 *
 * @module
 */
import { labInterpreters } from '../record/verdict.js'
import type { OptionSpec, VerbSpec } from './spec.js'

const fabricFile = { name: 'file', what: 'fabric file' } as const
const labId = { name: 'id', what: 'lab, as `ztos lab list` shows it' } as const

const targets = ['twin', ...labInterpreters] as const
const on = {
  kind: 'list',
  value: 'TARGET',
  what: 'where to judge: twin (this process), netns (a lab of namespaces on this host), containerlab (one of containers)',
  choices: targets,
} as const
const runs = {
  kind: 'text',
  value: 'DIR',
  what: 'folder of run records',
  default: 'runs',
} as const satisfies OptionSpec
const seed = {
  kind: 'integer',
  value: 'N',
  what: 'seed of generated traffic; drawn anew unless given',
  min: 0,
  max: 0x7fff_ffff,
} as const satisfies OptionSpec
const lab = {
  kind: 'text',
  value: 'ID',
  what: 'judge this running lab as it is, and leave it running',
} as const satisfies OptionSpec
const cases = {
  kind: 'integer',
  value: 'N',
  what: 'generated cases of every property',
  min: 1,
  max: 10_000_000,
} as const satisfies OptionSpec

const keySources = {
  kind: 'text',
  value: 'FILE',
  what: 'where keys are that are no lab keys (docs/guide/keys.md); ZTOS_KEY_SOURCES unless given',
} as const satisfies OptionSpec

/** Of suites. */
const TABLE =
  'A dash says that a question does not arise there. The status is 3 when something could not be judged. With `--on vm` each way is asked twice: whether Linux, told what the plan says of its sender, is understood by the engine at its far end, and the other way round.'
const suite = {
  arguments: [fabricFile],
  options: {
    on: {
      kind: 'text',
      value: 'TARGET',
      what: 'where to test: netns (a lab of namespaces on this host), containerlab (one of containers), twin (this process), vm (engines, with Linux in the place of one node after the other, in the reference VM)',
      choices: [...targets, 'vm'],
      default: 'netns',
    },
    lab: { ...lab, what: 'test this running lab as it is, and leave it running' },
    'key-sources': keySources,
  },
} as const

/** Verbs by their words. The order is that of help. */
export const commands = {
  doctor: {
    summary: 'say what this host can run, and what stands in the way of the rest',
    detail: [
      'Looks at the kernel, rights, programs and devices that labs need, and tries them. Changes nothing that outlives it.',
      'The status is 3 when one of the targets asked for by `--on` cannot run here.',
    ],
    arguments: [],
    options: {
      on: {
        ...on,
        what: 'targets that must be able to run; containerlab is for labs of containers, vm is the reference VM of `ztos test`',
        choices: [...targets, 'vm'],
        default: ['twin', 'netns'],
      },
    },
    examples: [
      { command: 'doctor', what: 'a line for each check, then what follows' },
      { command: 'doctor --on twin --json', what: 'for a script that needs the twin alone' },
      { command: 'doctor --on containerlab', what: 'whether containers can be nodes here' },
    ],
  },
  schema: {
    summary: 'print a JSON Schema',
    detail: [
      'Editors with a YAML language server complete and check fabric files with it. The package holds the same files in `schema/`.',
    ],
    arguments: [
      {
        name: 'name',
        what: 'what to describe: the fabric file unless given',
        optional: true,
        choices: ['fabric', 'plan', 'program', 'control', 'mapping', 'topology'],
      },
    ],
    options: {},
    examples: [
      { command: 'schema > fabric.schema.json', what: 'keep it beside your fabric files' },
      { command: 'schema program', what: 'what a node is given to do' },
      {
        command: 'schema topology',
        what: 'what `ztos lab import --json` says of a topology definition file',
      },
    ],
  },
  validate: {
    summary: 'check fabric files and name every problem',
    detail: [
      'Each problem is shown with its place, the line, the reason and a remedy. The status is 0 when there is none, 2 otherwise.',
      'What a lab will ask key sources for is said too; nobody is asked for a key here.',
    ],
    arguments: [{ name: 'files', what: 'fabric files', variadic: true }],
    options: {
      format: {
        kind: 'text',
        value: 'FORMAT',
        what: 'text for people, json for programs, sarif for code scanning, github for annotations of a workflow',
        choices: ['text', 'json', 'sarif', 'github'],
      },
    },
    examples: [
      { command: 'validate topologies/demo.yaml', what: 'what the fabric holds, or what is wrong with it' },
      { command: 'validate fabrics/*.yaml --format sarif', what: 'for code scanning' },
    ],
  },
  plan: {
    summary: 'compile a fabric file and show what each node will do',
    detail: [
      'The same file gives the same plan, octet for octet, on any machine. A plan holds no key, only names of keys.',
    ],
    arguments: [fabricFile],
    options: {
      node: { kind: 'text', value: 'NODE', what: 'interfaces and tables of one node' },
      digest: { kind: 'flag', what: 'print the SHA-256 of the plan alone' },
      diff: {
        kind: 'text',
        value: 'OTHER',
        what: 'print what changes from another fabric file, or from the plan.json of a run record, to this file',
      },
    },
    examples: [
      { command: 'plan topologies/demo.yaml', what: 'nodes, links, networks, hosts and intents' },
      { command: 'plan topologies/demo.yaml --node leaf1', what: 'what leaf1 will do' },
      { command: 'plan topologies/demo.yaml --json > plan.json', what: 'the plan itself' },
      {
        command: 'plan topologies/demo.yaml --diff topologies/demo-v6.yaml',
        what: 'what differs between two files',
      },
    ],
  },
  mapping: {
    summary:
      'print which network has which VLAN, VNI and VRF; or give a fabric file the numbers of such a mapping',
    detail: [
      'With `--json` the mapping is a document of its own (`ztos schema mapping`), which goes back in by `--import` without loss.',
      'What `--import` makes is printed, not written: the fabric file with its comments and its order, with `--json` as JSON, which is a fabric file too. Networks that the mapping leaves out keep their numbers.',
    ],
    arguments: [fabricFile],
    options: {
      import: { kind: 'text', value: 'MAPPING', what: 'JSON that `ztos mapping FILE --json` printed' },
    },
    examples: [
      { command: 'mapping topologies/demo.yaml', what: 'a line for each VRF and network' },
      { command: 'mapping topologies/demo.yaml --json > mapping.json', what: 'for another tool' },
      {
        command: 'mapping topologies/demo.yaml --import mapping.json > changed.yaml',
        what: 'the fabric with the numbers that somebody has changed there',
      },
    ],
  },
  trace: {
    summary: 'send one frame through the twin and tell what each node does with it, and why',
    detail: [
      'Each step is shown with the clause of `docs/fabric-machine.md` that decided it. Nothing was learned before, unless `--warm`: unknown hosts are flooded to and asked for.',
      'The frame goes where a host would send it: to the other host inside the subnet, to the gateway beyond it. The status says that the walk was made, not that the frame arrived.',
    ],
    arguments: [fabricFile],
    options: {
      from: { kind: 'text', value: 'HOST', what: 'host that sends, `tenant/host`', required: true },
      to: { kind: 'text', value: 'HOST', what: 'host that is addressed, or an IP address' },
      proto: {
        kind: 'text',
        value: 'PROTO',
        what: 'icmp (echo request), tcp/PORT or udp/PORT',
        default: 'icmp',
      },
      ipv6: { kind: 'flag', what: 'IPv6; otherwise IPv4 where both have it' },
      size: {
        kind: 'integer',
        value: 'OCTETS',
        what: 'payload behind the transport header',
        min: 0,
        max: 9000,
        default: 64,
      },
      ttl: { kind: 'integer', value: 'N', what: 'TTL or hop limit', min: 1, max: 255, default: 64 },
      frame: { kind: 'text', value: 'HEX', what: 'send this Ethernet frame instead, without FCS' },
      warm: { kind: 'flag', what: 'let both hosts speak first, so that MACs and neighbours are known' },
      pcap: { kind: 'text', value: 'FILE', what: 'write the frame at every hop to a pcapng file' },
    },
    examples: [
      {
        command: 'trace topologies/demo.yaml --from shop/web1 --to shop/db1 --proto tcp/5432',
        what: 'a packet that is routed',
      },
      {
        command: 'trace topologies/demo.yaml --from shop/web1 --to bank/web1 --pcap walk.pcapng',
        what: 'one that must not arrive, with every hop for Wireshark',
      },
    ],
  },
  run: {
    summary: 'run scenarios, which are vitest tests',
    detail: [
      'The same tests run once on each target. vitest and fast-check come from your own project. A test that judges nothing fails.',
    ],
    arguments: [{ name: 'files', what: 'test files', variadic: true }],
    options: {
      on: { ...on, default: ['twin'] },
      lab,
      name: {
        kind: 'text',
        value: 'PATTERN',
        what: 'only tests whose full name matches, a regular expression',
      },
      config: { kind: 'text', value: 'FILE', what: 'vitest configuration to start from' },
      seed,
      cases,
      'key-sources': keySources,
      runs,
    },
    examples: [
      { command: 'run shop.test.ts', what: 'in the twin' },
      { command: 'run shop.test.ts --on twin,netns', what: 'in the twin and in a lab' },
    ],
  },
  verify: {
    summary: 'judge every intent of a fabric file, in the twin and in a lab, and report',
    detail: [
      'Compiles the file, sends generated traffic through the twin and through a lab, compares both frame by frame, and judges each intent by each. Isolation between tenants is always an intent.',
      'Leaves a run record with the verdicts, every failure shrunk, captures, journals and `report.html`.',
    ],
    arguments: [fabricFile],
    options: {
      on: { ...on, what: `${on.what}; both unless given` },
      lab,
      seed,
      cases,
      'key-sources': keySources,
      runs,
    },
    examples: [
      { command: 'verify topologies/demo.yaml', what: 'the main job' },
      { command: 'verify topologies/demo.yaml --on twin', what: 'without root, anywhere' },
      { command: 'verify topologies/demo.yaml --lab k3f9a2', what: 'a lab that runs, as it is' },
    ],
  },
  'test wireguard': {
    ...suite,
    summary: 'test every link that WireGuard seals, by name, and say why one does not hold',
    detail: [
      'Each way of each link is a line: whether its sender seals for its receiver by plan and its engine runs that, how old their session is, whether all that is captured opens, whether payload can be read anywhere, whether honest frames arrive, whether its kernel is kept from sending, and whether forged, changed, repeated and clear frames are refused, for the right reason.',
      TABLE,
    ],
    examples: [
      { command: 'test wireguard topologies/demo-wireguard.yaml', what: 'in a lab of its own' },
      { command: 'test wireguard topologies/demo-wireguard.yaml --on twin', what: 'without root' },
    ],
  },
  'test macsec': {
    ...suite,
    summary: 'test every link that MACsec seals, by name, and say why one does not hold',
    detail: [
      'Each way of each link is a line: cipher suite and mode by plan and as the engine runs them, association and packet numbers, whether all that is captured opens, whether payload can be read anywhere, whether honest frames arrive, whether its kernel is kept from sending, and whether forged, changed, repeated and clear frames are refused, for the right reason.',
      TABLE,
    ],
    examples: [
      { command: 'test macsec topologies/demo.yaml', what: 'in a lab of its own' },
      { command: 'test macsec topologies/demo.yaml --lab k3f9a2', what: 'a lab that runs, as it is' },
      { command: 'test macsec topologies/demo.yaml --on vm', what: 'engines and Linux’s macsec' },
    ],
  },
  'test vxlan': {
    ...suite,
    summary: 'test every VXLAN tunnel, by VNI and leaves, and say why one does not hold',
    detail: [
      'Each way between two leaves in each VNI is a line: whether both ends have the VNI and each other by plan and as engines run it, whether unicast and broadcasts arrive, whether nobody else hears them, whether the header outside is as planned, whether the longest packet fits and one octet more is refused, and whether strangers are.',
      TABLE,
    ],
    examples: [
      { command: 'test vxlan topologies/demo.yaml', what: 'in a lab of its own' },
      {
        command: 'test vxlan topologies/demo-clear.yaml --on twin --json',
        what: 'without root, for a script',
      },
    ],
  },
  replay: {
    summary: 'show the failures of a run again',
    detail: [
      'Failures are run again from their seeds, on the plan as it was, in the twin or in a lab. Journals of a lab are run again by the twin, octet for octet, which needs no privilege but the key file of the run.',
      'The status is 1 when a failure comes again, 5 when a journal differs.',
    ],
    arguments: [{ name: 'run', what: 'run record: its id, or its folder' }],
    options: {
      on: {
        kind: 'text',
        value: 'TARGET',
        what: 'where to run failures again',
        choices: targets,
        default: 'twin',
      },
      'journals-only': { kind: 'flag', what: 'replay journals alone' },
      runs,
    },
    examples: [
      { command: 'replay 20261121-090000-a1b2c3', what: 'failures and journals of this run' },
      { command: 'replay 20261121-090000-a1b2c3 --on netns', what: 'failures in a lab' },
    ],
  },
  'lab up': {
    summary: 'bring a lab of a fabric file up and leave it running',
    detail: [
      'A namespace for each node and host, an AF_XDP engine for each node. Needs root, or sudo without a password. If it fails or is interrupted, nothing of it is left.',
      'With `--on containerlab` each is a container of the node image, which is made and loaded into Docker if need be. containerlab 0.79 and a Docker engine are yours (docs/guide/containerlab.md).',
    ],
    arguments: [fabricFile],
    options: {
      id: { kind: 'flag', what: "print the lab's id alone" },
      on: {
        kind: 'text',
        value: 'DRIVER',
        what: 'what nodes and hosts are: netns (namespaces of this host), containerlab (containers)',
        choices: labInterpreters,
        default: 'netns',
      },
      'key-sources': keySources,
    },
    examples: [
      { command: 'lab up topologies/demo.yaml', what: 'prints what can be done with it' },
      { command: 'lab up topologies/demo.yaml --id', what: 'for a script' },
    ],
  },
  'lab apply': {
    summary: 'change a running lab in place, to what a fabric file says by now',
    detail: [
      'Compares the lab with the file, shows what differs and what that does to whom, and changes that alone. Processes, sessions and what was learned stay where nothing differs; so do the keys of what is sealed as before.',
      'Refused, with nothing done: another fabric, a lab with faults in it, a second change at the same time. If a change fails half-way the lab is `broken`, and `ztos lab down` removes it.',
    ],
    arguments: [labId, { name: 'file', what: 'fabric file of the same name, or plan.json' }],
    options: {
      'dry-run': { kind: 'flag', what: 'show what would be done, and do nothing' },
      'key-sources': keySources,
    },
    examples: [
      { command: 'lab apply k3f9a2 topologies/demo.yaml --dry-run', what: 'what would be done' },
      {
        command: 'lab apply k3f9a2 topologies/demo.yaml --json',
        what: 'do it, and tell a script what was done',
      },
    ],
  },
  'lab down': {
    summary: 'take labs down; returns when nothing of them is left',
    detail: ['Works in whatever state a lab is, and may be repeated.'],
    arguments: [{ ...labId, name: 'ids', optional: true, variadic: true }],
    options: { all: { kind: 'flag', what: 'all labs of this user' } },
    examples: [
      { command: 'lab down k3f9a2', what: 'one lab' },
      { command: 'lab down --all', what: 'every lab of this user' },
    ],
  },
  'lab list': {
    summary: 'list the labs of this user',
    detail: ['A `stale` lab has lost its daemon; `ztos lab down` removes what is left of it.'],
    arguments: [],
    options: {},
    examples: [{ command: 'lab list --json', what: 'for a script' }],
  },
  'lab exec': {
    summary: 'run a command in the namespace of a node or host',
    detail: [
      "The status is the command's own, 128 and more when a signal ended it; what keeps it from being run is told by the statuses above.",
    ],
    arguments: [
      labId,
      { name: 'node', what: 'node, or host as `tenant/host`' },
      { name: 'argv', what: 'command and its arguments, behind `--`', variadic: true },
    ],
    options: { stdin: { kind: 'flag', what: 'hand standard input to the command' } },
    examples: [
      { command: 'lab exec k3f9a2 leaf1 -- ip -br link', what: 'ports of leaf1' },
      { command: 'lab exec k3f9a2 shop/web1 -- ip -br addr', what: 'addresses of a host' },
    ],
  },
  'lab capture': {
    summary: 'capture what travels on a link, both directions, into a pcapng file',
    detail: [
      'Frames of a fabric link are taken in XDP on the receiving port, sealed as they are on the wire. Ctrl-C ends a capture without `--seconds`.',
    ],
    arguments: [
      labId,
      { name: 'link', what: 'link as `leaf1--spine1`, or a host for the wire at its port' },
      { name: 'file', what: 'pcapng file to write' },
    ],
    options: { seconds: { kind: 'number', value: 'S', what: 'how long', min: 0.001, max: 86_400 } },
    examples: [
      { command: 'lab capture k3f9a2 leaf1--spine1 core.pcapng --seconds 5', what: 'five seconds of a link' },
    ],
  },
  'lab control': {
    summary: "send one request to a node's engine and print its answer",
    detail: [
      'Requests are those of `ztos schema control`, without their id. They can break a lab, which is what it is for.',
    ],
    arguments: [
      labId,
      { name: 'node', what: 'node' },
      { name: 'request', what: 'JSON, or `@FILE` that holds it' },
    ],
    options: {},
    examples: [
      { command: `lab control k3f9a2 leaf1 '{"op":"tables"}'`, what: 'what leaf1 has learned' },
      {
        command: `lab control k3f9a2 leaf1 '{"op":"set-vni","interface":12,"vni":666}'`,
        what: 'a fault, by hand',
      },
    ],
  },
  'lab wg': {
    summary: "show a node's WireGuard peers in the form of `wg show dump`",
    detail: [
      'Fields lie between tabs, as wg(8) has them under `dump`: a line for each interface and one for each of its peers, the name of the interface in front unless one is given. Private and pre-shared keys are `(hidden)`.',
    ],
    arguments: [
      labId,
      { name: 'node', what: 'node' },
      { name: 'interface', what: 'one interface of it', optional: true },
    ],
    options: {},
    examples: [
      { command: 'lab wg k3f9a2 leaf1', what: 'all interfaces, as `wg show all dump`' },
      { command: 'lab wg k3f9a2 leaf1 --json', what: 'with sessions and their counters' },
    ],
  },
  'lab export': {
    summary: 'write a fabric as a lab that containerlab brings up by itself',
    detail: [
      'A folder with a topology definition file and, for each container, what its node image reads: program, set-up and, 0600, keys, which are drawn anew each time. `containerlab deploy` needs nothing of this project then but the image (`ztos lab image`). Hosts have their addresses and their way out, so that they answer.',
      'Fabrics with a control plane, and delays of links, are not exported.',
    ],
    arguments: [fabricFile],
    options: {
      on: {
        kind: 'text',
        value: 'DRIVER',
        what: 'for whom',
        choices: ['containerlab'],
        default: 'containerlab',
      },
      out: {
        kind: 'text',
        value: 'DIR',
        what: 'folder to write into, empty or none yet; FABRIC.lab unless given',
      },
      image: {
        kind: 'text',
        value: 'NAME',
        what: 'image of all containers; ztos/node of this version unless given',
      },
      'key-sources': keySources,
    },
    examples: [
      { command: 'lab export topologies/demo.yaml --out demo.lab', what: 'then `containerlab deploy` there' },
    ],
  },
  'lab image': {
    summary: 'make the image of which nodes and hosts are containers',
    detail: [
      'From Debian packages (mmdebstrap, with the sources of this host) and the programs of this version, without a base that is pulled; the same of both gives the same digest. Made once, and kept.',
    ],
    arguments: [],
    options: {
      load: { kind: 'flag', what: 'load it into the Docker engine that answers' },
      out: { kind: 'text', value: 'FILE', what: 'write the archive there, for `docker load`' },
    },
    examples: [
      { command: 'lab image --load', what: 'before `containerlab deploy`' },
      { command: 'lab image --out node.tar', what: 'for another host' },
    ],
  },
  'lab import': {
    summary: "read a topology definition file of containerlab's",
    detail: [
      'Says what is in it, and what each node gets by its group, its kind and the defaults; `--json` says it in full. Variables of the environment are replaced as containerlab replaces them; a template (`{{ … }}`) is rendered by containerlab itself, which needs a Docker engine for it. What is wrong is said with its place.',
      'Nodes of kinds other than linux, bridge and host are kept, and said: they are not run here.',
    ],
    arguments: [{ name: 'file', what: 'topology definition file, `*.clab.yml`' }],
    options: {
      vars: { kind: 'list', value: 'FILE', what: 'variables of a template; those beside it unless given' },
      out: {
        kind: 'text',
        value: 'FILE',
        what: 'write the topology there, as containerlab takes it: with inheritance as it was, variables replaced, templates rendered',
      },
    },
    examples: [
      { command: 'lab import lab.clab.yml', what: 'what is in it' },
      { command: 'lab import lab.clab.gotmpl --out lab.clab.yml', what: 'without template' },
    ],
  },
  'lab rotate': {
    summary: 'give what is sealed in a running lab new keys, and measure what that costs',
    detail: [
      'One link or tunnel after the other: of MACsec both ends receive with the new key before either sends with it, and the old one goes last; of WireGuard all ends get new private and pre-shared keys at once. Meanwhile hosts send over it both ways, and what did not arrive is counted.',
      'A rotation that was cut off leaves a link with either keys; the same command completes it. `ztos lab list --json` shows which epoch of keys each link has. New values of lab keys are drawn; of others the key source is asked for those of the next epoch.',
    ],
    arguments: [labId],
    options: {
      seal: { kind: 'text', value: 'NAME', what: 'only what this seal of the fabric file seals' },
      links: {
        kind: 'text',
        value: 'LINKS',
        what: 'only these, as `ztos lab list --json` names them: `leaf[1-2]--spine*`, `shop*`',
      },
      rate: {
        kind: 'integer',
        value: 'PPS',
        what: 'packets a second that are sent each way meanwhile; 0: none, and nothing is measured',
        min: 0,
        max: 50_000,
        default: 10_000,
      },
      'key-sources': keySources,
    },
    examples: [
      { command: 'lab rotate k3f9a2', what: 'all keys of the lab' },
      { command: 'lab rotate k3f9a2 --links "leaf1--*" --json', what: 'those of one leaf, for a script' },
    ],
  },
  report: {
    summary: 'make the reports of a run again from its record',
    detail: [
      'Writes `report.html`, `junit.xml` and `report.md`. A record that was changed after the run is refused.',
    ],
    arguments: [
      { name: 'run', what: 'run record: its id, or its folder; the newest unless given', optional: true },
    ],
    options: {
      out: { kind: 'text', value: 'DIR', what: "where to write; the record's own folder unless given" },
      runs,
    },
    examples: [
      { command: 'report', what: 'of the newest run' },
      { command: 'report 20261121-090000-a1b2c3 --out public', what: 'for a web server' },
    ],
  },
} as const satisfies Record<string, VerbSpec>

export type Commands = typeof commands
export type VerbName = keyof Commands

/** Words that verbs share, by the first of them. */
export const groups: Readonly<Record<string, string>> = {
  lab: 'labs on this host: up, apply, down, list, exec, capture, control, wg, rotate',
  test: 'suites about one thing: wireguard, macsec, vxlan',
}

/** What the environment says, for help and documentation. */
export const environment: readonly (readonly [string, string])[] = [
  ['NO_COLOR', 'no colours, whatever the terminal can'],
  ['CI', 'progress by lines, as in a log'],
  ['FORCE_COLOR', 'colours even where the output is no terminal; `0` for none'],
  [
    'ZTOS_KEY_SOURCES',
    'file that says where keys are that are no lab keys, where `--key-sources` is not given',
  ],
  ['XDG_STATE_HOME', 'below it, in `ztos/keys/`, lie the keys of runs (0600); `~/.local/state` unless given'],
]
