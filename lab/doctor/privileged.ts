/**
 * What only root can find out: each thing is really tried, in two scratch namespaces that are gone afterwards.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findBinary } from '../binaries.js'
import { Channel } from '../channel.js'
import { runCommand, tryCommand } from '../command.js'
import { LabError, systemCode } from '../errors.js'
import { withModules } from '../containerlab/modules.js'
import { NETNS_ROOT, packageRoot } from '../paths.js'
import { identify } from '../process-identity.js'
import type { CheckId, Finding, Findings } from './report.js'
import { findingsOf } from './unprivileged.js'

const PREFIX = 'zt-doctor-'

/** Tries all. Never throws for what a host lacks. */
export async function privilegedFindings(): Promise<Findings> {
  await removeLeftovers()
  const [here, there] = [`${PREFIX}${process.pid}-a`, `${PREFIX}${process.pid}-b`]
  try {
    return await findingsOf([
      [
        'netns',
        () =>
          tried(
            [
              ['ip', 'netns', 'add', here],
              ['ip', 'netns', 'add', there],
            ],
            'a kernel with CONFIG_NET_NS',
          ),
      ],
      [
        'veth',
        () =>
          tried(
            [
              [
                'ip',
                'link',
                'add',
                'v0',
                'up',
                'netns',
                here,
                'type',
                'veth',
                'peer',
                'name',
                'v1',
                'netns',
                there,
              ],
            ],
            'a kernel with CONFIG_VETH',
          ),
      ],
      [
        'tap',
        () =>
          tried(
            [['ip', '-n', here, 'tuntap', 'add', 'dev', 't0', 'mode', 'tap']],
            'a kernel with CONFIG_TUN, and /dev/net/tun',
          ),
      ],
      [
        'clsact-bpf',
        () =>
          tried(
            [
              ['tc', '-n', here, 'qdisc', 'add', 'dev', 'v0', 'clsact'],
              [
                'tc',
                '-n',
                here,
                'filter',
                'add',
                'dev',
                'v0',
                'egress',
                'bpf',
                'da',
                'bytecode',
                '1,6 0 0 2',
              ],
            ],
            'a kernel with CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF',
          ),
      ],
      // Behind the one before, which has made the qdisc.
      ['mirred', () => tried([redirection(here)], 'a kernel with CONFIG_NET_ACT_MIRRED')],
      ...(['bridge', 'vxlan', 'macsec', 'wireguard', 'vrf'] as const).map(
        (kind): [CheckId, () => Promise<Finding>] => [kind, () => linkKind(here, kind)],
      ),
      ...attachable(there),
      ['modules', modules],
    ])
  } finally {
    await tryCommand(['ip', '-force', '-batch', '-'], { input: `netns del ${here}\nnetns del ${there}\n` })
  }
}

function redirection(namespace: string): string[] {
  return [
    ['tc', '-n', namespace, 'filter', 'add', 'dev', 'v0', 'ingress'],
    ['bpf', 'bytecode', '1,6 0 0 4294967295'],
    ['action', 'mirred', 'egress', 'redirect', 'dev', 'v0'],
  ].flat()
}

async function tried(commands: readonly (readonly string[])[], wanted: string): Promise<Finding> {
  for (const command of commands) {
    const { code, stderr } = await tryCommand(command)
    if (code !== 0) return { outcome: 'no', detail: firstLine(stderr), remedy: `run ${wanted}` }
  }
  return { outcome: 'yes' }
}

function linkKind(
  namespace: string,
  kind: 'bridge' | 'vxlan' | 'macsec' | 'wireguard' | 'vrf',
): Promise<Finding> {
  const options = {
    bridge: [],
    vxlan: ['id', '10', 'dstport', '4789', 'dev', 'lo'],
    macsec: [],
    wireguard: [],
    vrf: ['table', '10'],
  }[kind]
  const on = kind === 'macsec' ? ['link', 'v0'] : []
  return tried(
    [['ip', '-n', namespace, 'link', 'add', ...on, 'name', `d-${kind}`, 'type', kind, ...options]],
    `a kernel with ${kind}, or load its module (modprobe ${kind})`,
  )
}

/** XDP and AF_XDP by the probe itself: it opens a socket on the scratch veth and says in which mode its program runs. */
function attachable(namespace: string): [CheckId, () => Promise<Finding>][] {
  let answer: Promise<ProbeModes> | undefined
  const modes = () => (answer ??= probeModes(namespace))
  return [
    [
      'xdp-native',
      async () => {
        const { xdp } = await modes()
        return xdp === 'native'
          ? { outcome: 'yes' }
          : {
              outcome: 'no',
              detail: `attached as ${xdp}`,
              remedy: 'run a kernel of 5.9 or later, where veth has native XDP',
            }
      },
    ],
    ['af-xdp', async () => ((await modes()).io === 'af_xdp' ? { outcome: 'yes' } : { outcome: 'no' })],
  ]
}

interface ProbeModes {
  readonly io: string
  readonly xdp: string
}

async function probeModes(namespace: string): Promise<ProbeModes> {
  const folder = mkdtempSync(path.join(tmpdir(), 'zt-doctor-'))
  const [config, socket] = [path.join(folder, 'config.json'), path.join(folder, 'sock')]
  try {
    await runCommand('bringing a scratch link up', ['ip', '-n', namespace, 'link', 'set', 'v1', 'up'])
    const host = {
      id: 'doctor/host',
      netns: namespace,
      ifname: 'v1',
      mac: '02:00:00:00:00:01',
      addresses: [],
      mtu: 1500,
    }
    writeFileSync(config, JSON.stringify({ format: 'ztos-probe', version: 1, hosts: [host], links: [] }), {
      mode: 0o600,
    })
    return await askProbe(config, socket)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function askProbe(config: string, socket: string): Promise<ProbeModes> {
  const child = spawn(
    findBinary('ztos-probe'),
    ['--control', socket, '--config', config, '--ready-fd', '3'],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    },
  )
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')))
  const ended = once(child, 'exit').then(() => {
    throw new LabError('ZT_LAB_DIED', `the probe ended: ${firstLine(stderr)}`)
  })
  try {
    const ready = child.stdio[3]
    if (ready === null || ready === undefined) throw new LabError('ZT_LAB_DIED', 'the probe has no pipe')
    await Promise.race([once(ready, 'data'), ended])
    const channel = await Channel.open(socket, 'the probe')
    const { hosts } = (await Promise.race([channel.request({ op: 'hello' }), ended])) as {
      readonly hosts?: readonly ProbeModes[]
    }
    channel.close()
    return hosts?.[0] ?? { io: 'none', xdp: 'none' }
  } finally {
    ended.catch(() => undefined)
    child.kill('SIGKILL')
  }
}

/** Of doctors that were killed. */
async function removeLeftovers(): Promise<void> {
  let names: string[]
  try {
    names = readdirSync(NETNS_ROOT)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  const left = names.filter((name) => {
    const pid = /^zt-doctor-(\d+)-[ab]$/.exec(name)?.[1]
    return pid !== undefined && identify(Number(pid)) === undefined
  })
  if (left.length > 0)
    await tryCommand(['ip', '-force', '-batch', '-'], {
      input: left.map((name) => `netns del ${name}\n`).join(''),
    })
}

/** What of a kernel without modules containerlab is shown. */
async function modules(): Promise<Finding> {
  if (existsSync('/proc/modules')) return { outcome: 'yes', detail: 'the kernel has loadable modules' }
  const { code, stderr } = await tryCommand(withModules(['cat', '/proc/modules']))
  return code === 0
    ? { outcome: 'yes', detail: 'the kernel has none; containerlab is shown an empty list' }
    : { outcome: 'no', detail: firstLine(stderr), remedy: 'run Linux 5.14 or later' }
}

/**
 * What Docker's engine says to root, by a process of its own: labd is one file, in which Docker's client is not.
 *
 * @returns findings, as JSON
 */
export async function dockerFindingsOfRoot(): Promise<object> {
  const said = await runCommand("asking Docker's engine", [
    process.execPath,
    path.join(packageRoot(), 'dist', 'lab', 'doctor', 'main.js'),
  ])
  return JSON.parse(said) as object
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
