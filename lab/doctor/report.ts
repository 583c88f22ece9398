/**
 * What `doctor` says: data first. Checks about this host, and from them which tiers it can run.
 *
 * @module
 */

export const tierNames = [
  'twin',
  'engine',
  'kernel',
  'engine-rootless',
  'containerlab',
  'reference-vm',
] as const
export type Tier = (typeof tierNames)[number]

/** What is looked at. Text is for people, ids are stable. */
export const checks = {
  node: { title: 'Node 20.19 or later', neededFor: 'everything' },
  privilege: { title: 'root, or sudo without a password', neededFor: 'labs: namespaces, links, XDP' },
  'user-namespaces': { title: 'user namespaces', neededFor: 'labs without root' },
  binaries: { title: 'engine and probe', neededFor: 'labs and replay' },
  tools: { title: 'ip, tc, setpriv', neededFor: 'labs' },
  netns: { title: 'network namespaces', neededFor: 'labs: a namespace for each node and host' },
  veth: { title: 'veth', neededFor: 'labs: cables' },
  tap: { title: 'TAP', neededFor: 'labs: ports as the kernel of a node sees them' },
  'clsact-bpf': {
    title: 'clsact with a bytecode filter',
    neededFor: 'labs: nothing of the kernel leaves a sealed port',
  },
  mirred: { title: 'clsact with a redirection', neededFor: 'the reference VM: its cables' },
  'xdp-native': { title: 'XDP in the driver of veth', neededFor: 'labs: the data path' },
  'af-xdp': { title: 'AF_XDP in copy mode', neededFor: 'labs: the data path' },
  bpf: { title: 'BPF programs', neededFor: 'labs: XDP' },
  memlock: { title: 'locked memory', neededFor: 'labs: packet buffers' },
  bridge: { title: 'kernel bridge', neededFor: 'the kernel as third judge' },
  vxlan: { title: 'kernel vxlan', neededFor: 'the kernel as third judge' },
  macsec: {
    title: 'kernel macsec',
    neededFor: 'the kernel as third judge of seals; the reference VM has it',
  },
  wireguard: {
    title: 'kernel wireguard',
    neededFor: 'the kernel as third judge of tunnels; the reference VM has it',
  },
  vrf: { title: 'kernel vrf', neededFor: 'the kernel as third judge of routing; the reference VM has it' },
  cpu: { title: 'AES-NI, better with AVX2 or VAES', neededFor: 'sealing at speed' },
  qemu: { title: 'qemu-system-x86_64', neededFor: 'the reference VM' },
  'vm-image': { title: 'kernel of the reference VM', neededFor: 'the reference VM' },
  kvm: { title: 'KVM', neededFor: 'a reference VM that boots in a second, not in four' },
  chromium: { title: 'Chromium', neededFor: 'tests of the report' },
  containerlab: { title: 'containerlab 0.79 or later', neededFor: 'the containerlab driver' },
  modules: { title: '/proc/modules for containerlab', neededFor: 'the containerlab driver' },
  docker: { title: "Docker's engine", neededFor: 'the containerlab driver' },
  'docker-capabilities': {
    title: 'BPF and PERFMON in Docker',
    neededFor: 'containers with no more than they need',
  },
  'node-image': { title: 'node image in Docker', neededFor: 'the containerlab driver' },
  mmdebstrap: { title: 'mmdebstrap', neededFor: 'making the node image' },
} as const
export type CheckId = keyof typeof checks

export interface Finding {
  /** `unknown`: could not be tried, `detail` says why. */
  readonly outcome: 'yes' | 'no' | 'unknown'
  readonly detail?: string
  readonly remedy?: string
}
export type Findings = Readonly<Partial<Record<CheckId, Finding>>>

export interface CheckResult extends Finding {
  readonly id: CheckId
  readonly title: string
  readonly neededFor: string
}
export interface TierResult {
  readonly tier: Tier
  readonly available: boolean
  /** Checks that stand in the way. */
  readonly missing: readonly CheckId[]
  /** Why, where it is no check's fault. */
  readonly reason?: string
}
export interface DoctorReport {
  readonly host: {
    readonly kernel: string
    readonly architecture: string
    readonly cpu: string
    readonly cores: number
  }
  readonly checks: readonly CheckResult[]
  readonly tiers: readonly TierResult[]
}

const LAB: readonly CheckId[] = [
  'node',
  'privilege',
  'binaries',
  'tools',
  'netns',
  'veth',
  'tap',
  'clsact-bpf',
  'bpf',
  'xdp-native',
  'af-xdp',
]

/** What each tier needs; `absent`: not part of this version, whatever the host has. */
const needs: Readonly<Record<Tier, { readonly checks: readonly CheckId[]; readonly absent?: string }>> = {
  twin: { checks: ['node'] },
  engine: { checks: LAB },
  kernel: { checks: [...LAB, 'bridge', 'vxlan'] },
  'engine-rootless': {
    checks: ['node', 'binaries', 'user-namespaces'],
    absent: 'this version has no labs without root',
  },
  // The image is made and loaded by the first lab.
  containerlab: { checks: [...LAB, 'containerlab', 'modules', 'docker'] },
  'reference-vm': {
    checks: [...LAB, 'mirred', 'qemu', 'vm-image'],
  },
}

/** Findings in the order of {@link checks}, and the tiers that follow from them. What was not looked at is unknown. */
export function reportOf(host: DoctorReport['host'], findings: Findings): DoctorReport {
  const results = (Object.keys(checks) as CheckId[]).map((id): CheckResult => ({
    id,
    ...checks[id],
    ...(findings[id] ?? { outcome: 'unknown', detail: 'not tried' }),
  }))
  const good = new Set(results.filter(({ outcome }) => outcome === 'yes').map(({ id }) => id))
  return {
    host,
    checks: results,
    tiers: tierNames.map((tier) => {
      const { checks: wanted, absent } = needs[tier]
      const missing = wanted.filter((id) => !good.has(id))
      const available = missing.length === 0 && absent === undefined
      return { tier, available, missing, ...(absent === undefined ? {} : { reason: absent }) }
    }),
  }
}

const signs = { yes: 'yes', no: 'NO', unknown: '?' } as const

/** A report for people: one line a check, then one a tier. */
export function doctorText({ host, checks: results, tiers }: DoctorReport): string {
  const width = Math.max(...results.map(({ title }) => title.length))
  const lines = results.map(({ title, outcome, detail, remedy, neededFor }) => {
    const said = [
      detail,
      outcome === 'yes' ? undefined : `for ${neededFor}`,
      remedy === undefined ? undefined : `remedy: ${remedy}`,
    ]
    return `  ${signs[outcome].padEnd(4)} ${title.padEnd(width)}  ${said.filter((text) => text !== undefined).join('; ')}`.trimEnd()
  })
  return [
    `kernel ${host.kernel}, ${host.architecture}, ${host.cores} cores, ${host.cpu}`,
    ...lines,
    'tiers',
    ...tiers.map(({ tier, available, missing, reason }) => {
      const why = [reason, missing.length === 0 ? undefined : `wants ${missing.join(', ')}`].filter(
        (text) => text !== undefined,
      )
      return `  ${signs[available ? 'yes' : 'no'].padEnd(4)} ${tier}${why.length === 0 ? '' : `: ${why.join('; ')}`}`
    }),
    '',
  ].join('\n')
}
