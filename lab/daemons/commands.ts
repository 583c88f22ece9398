/**
 * How a routing daemon is started, in a namespace and in a container alike: which of a node, in which order, with which arguments, privileges and
 * kernel settings.
 *
 * @module
 */
import path from 'node:path'
import type { NodeControl } from '../../contract/control-plane.js'

export type Program = 'zebra' | 'bgpd' | 'bfdd' | 'gobgpd'

/** A node's daemons, in the order in which they start. */
export function programsOf({ daemon, sessions }: NodeControl): readonly Program[] {
  if (daemon === 'gobgp') return ['gobgpd']
  // bfdd before bgpd, which registers its peers there.
  return sessions.some(({ bfd }) => bfd !== undefined) ? ['zebra', 'bfdd', 'bgpd'] : ['zebra', 'bgpd']
}

/** Of GoBGP's API. */
export const API_SOCKET = 'gobgp.sock'
/** By this socket a daemon serves. */
export const SOCKETS: Readonly<Record<Program, string>> = {
  // By then `zserv.api` is there too, for which bgpd asks once, and then not for ten seconds.
  zebra: 'zebra.vty',
  bgpd: 'bgpd.vty',
  bfdd: 'bfdd.vty',
  gobgpd: API_SOCKET,
}

export interface DaemonPlaces {
  /** The program. */
  readonly file: string
  /** Its configuration. */
  readonly config: string
  /** The folder of sockets and process ids, which the account may write. */
  readonly folder: string
  /** What was there before it is to stay in the kernel until it is said again. */
  readonly anew: boolean
}

export function daemonArgv(program: Program, { file, config, folder, anew }: DaemonPlaces): string[] {
  const here = (name: string) => path.posix.join(folder, name)
  if (program === 'gobgpd') {
    return [
      file,
      '--config-file',
      config,
      '--api-hosts',
      `unix://${here(API_SOCKET)}`,
      '--pprof-disable',
      // It sets GOMAXPROCS to the host's cores itself, whatever the environment says.
      '--cpus',
      '1',
      '--log-level',
      'info',
    ]
  }
  return [
    file,
    '--user',
    'frr',
    '--group',
    'frr',
    '--config_file',
    config,
    '--pid_file',
    here(`${program}.pid`),
    '--socket',
    here('zserv.api'),
    '--vty_socket',
    folder,
    // No vty over TCP.
    '--vty_port',
    '0',
    '--log',
    'stdout',
    ...(program === 'bfdd' ? ['--bfdctl', here('bfdd.sock')] : []),
    ...(program === 'zebra' && anew ? KEEPING : []),
  ]
}

/** What an earlier zebra put into the kernel stays for so long, s, for bgpd to say it again. */
const KEEPING = ['--graceful_restart', '10']

/**
 * What each insists on. zebra writes routes, and FRR's refuse to start without all that they may ever want (`privs_init`), the
 * VRF namespaces of CAP_SYS_ADMIN included; gobgpd listens on port 179.
 */
const CAPABILITIES: Readonly<Record<Program, readonly string[]>> = {
  zebra: ['net_admin', 'net_raw', 'sys_admin'],
  bgpd: ['net_bind_service', 'net_admin', 'net_raw', 'sys_admin'],
  bfdd: ['net_bind_service', 'net_admin', 'net_raw', 'sys_admin'],
  gobgpd: ['net_bind_service'],
}

export function daemonPrivileges(program: Program, account: RunAs): string[] {
  return privileges(CAPABILITIES[program], account)
}

/** By name or number, as setpriv(1) takes them. */
export interface RunAs {
  readonly user: string
  readonly group: string
  /** Supplementary ones, with commas. */
  readonly groups: string
}

/** Arguments of setpriv(1): an account that has these capabilities, keeps them through execve(2) and can come to no more. */
export function privileges(capabilities: readonly string[], { user, group, groups }: RunAs): string[] {
  const set = ['-all', ...capabilities.map((name) => `+${name}`)].join(',')
  return [
    '--no-new-privs',
    '--reuid',
    user,
    '--regid',
    group,
    '--groups',
    groups,
    `--inh-caps=${set}`,
    `--ambient-caps=${set}`,
    `--bounding-set=${set}`,
  ]
}

/**
 * bgpd has buffers of 0.7 MB for each peer and touches little of them: what is given back to the kernel is not resident. One arena
 * does for daemons whose work is done by one thread.
 */
const FRR_ENVIRONMENT = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '65536' }
/**
 * A gobgpd of a lab holds hundreds of routes, not a million: one core is enough, and garbage is left lying for longer than usual, for there is
 * little: at GOGC=50 a daemon was at it for a fifth of its first second (GODEBUG=gctrace=1).
 */
const GO_ENVIRONMENT = { GOGC: '200' }

export function daemonEnvironment(program: Program): Readonly<Record<string, string>> {
  return program === 'gobgpd' ? GO_ENVIRONMENT : FRR_ENVIRONMENT
}

/** What the engine needs of a kernel beside it, as lines of `ztos-netns`: routes, hashed like flows, and no forwarding of its own. */
export const KERNEL_LINES: readonly string[] = [
  'sysctl ipv4/ip_forward 0',
  'sysctl ipv6/conf/all/forwarding 0',
  'sysctl ipv4/fib_multipath_hash_policy 1',
  'sysctl ipv6/fib_multipath_hash_policy 1',
  // A route whose device has lost its carrier is none.
  'sysctl ipv4/conf/all/ignore_routes_with_linkdown 1',
  'sysctl ipv6/conf/all/ignore_routes_with_linkdown 1',
  // Routers of a fabric send advertisements to find each other (BGP-10), and no kernel is to make routes of them.
  'sysctl ipv6/conf/*/accept_ra 0',
]
