/**
 * What is in the node image, as data.
 *
 * @module
 */

/** Of Debian, with what they need; `libstdc++6` is Node's. */
export const PACKAGES = [
  'ethtool',
  'frr',
  'iproute2',
  'iputils-ping',
  'libstdc++6',
  'tcpdump',
  'traceroute',
  'util-linux',
] as const

export const SUITE = 'bookworm'

/** Every file's time and the image's: one that does not change. Seconds. */
export const TIME = 1_577_836_800

/** Files of the Debian root that are left out, by name without the leading slash. */
export const LEFT_OUT: readonly RegExp[] = [
  // Docker makes or mounts them, and what mmdebstrap writes there is the host's.
  /^(dev|proc|sys|run|tmp)\/./,
  /^etc\/(hostname|hosts|resolv\.conf|machine-id|mtab)$/,
  // It may name hosts.
  /^etc\/apt(\/|$)/,
  // What came up while packages were installed.
  /^var\/(backups|cache|log|tmp)\/./,
  /^var\/lib\/(apt|systemd|ucf)(\/|$)/,
  // Of dpkg's state only the list of what is installed.
  /^var\/lib\/dpkg\/(?!status$)./,
  // Documents, but for licences.
  /^usr\/share\/doc\/.*(?<!\/copyright)(?<!\/)$/,
  /^usr\/share\/(bash-completion|bug|info|lintian|locale|man|perl|zoneinfo)\/./,
  // A root that is made anew needs no package manager, and nothing else here is in Perl.
  /^usr\/lib\/(apt|dpkg)\/./,
  /^usr\/lib\/[^/]*\/(gconv|perl|perl-base)\/./,
  /^usr\/lib\/[^/]*\/lib(apt-|perl\.)[^/]*$/,
  /^usr\/bin\/(apt[^/]*|dpkg[^/]*|perl[^/]*|debconf[^/]*)$/,
  // Daemons of FRR that no fabric has.
  /^usr\/lib\/frr\/(babel|eigrp|fabric|isis|ldp|nhrp|ospf6?|path|pbr|pim6?|rip|ripng|vrrp)d$/,
  /^usr\/lib\/[^/]*\/frr\/modules\//,
]

/** @param name as in the archive, without `./` */
export function isLeftOut(name: string): boolean {
  return LEFT_OUT.some((pattern) => pattern.test(name))
}

/** Folders of our own in the image. */
export const BIN = 'usr/local/bin'
export const LIB = 'usr/local/lib/ztos'

/** Where things are in a container, and whose. */
export const IN_CONTAINER = {
  /** What it is given. */
  config: '/etc/ztos',
  /** The engine's socket. */
  control: '/run/ztos/control',
  /** Where daemons have their sockets: FRR's account may write it. */
  daemons: '/run/frr',
  /** Where the agent has its own. */
  agent: '/run/ztos/agent',
  /** nobody: as whom the agent runs. The engine answers him beside root (`ztos-node`). */
  agentUser: 65_534,
} as const

/** Every so many ns: seconds are what a person would say. */
const SECOND = 1_000_000_000

/** What Docker runs (`ContainerConfig` of its image format). */
export const RUN_CONFIG = {
  Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/usr/lib/frr'],
  Entrypoint: [`/${BIN}/ztos-node`],
  WorkingDir: '/',
  StopSignal: 'SIGTERM',
  // Each look is a process: topologies that want to know sooner say so themselves.
  Healthcheck: {
    Test: ['CMD', 'ztos-node', 'health'],
    Interval: 10 * SECOND,
    Timeout: 5 * SECOND,
    StartPeriod: 60 * SECOND,
    Retries: 3,
  },
} as const
