/**
 * containerlab itself, Docker itself, and the node image: what is deployed runs, forwards, and leaves nothing.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Containerlab } from '../../lab/containerlab/containerlab.js'
import { SILENT } from '../../lab/containerlab/topology.js'
import { dockerOfFile, type TestDocker } from './support/docker.js'
import { until } from './support/wireguard-pair.js'

let folder: string
const dockerHere = dockerOfFile()

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'zt-clab-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const HEAD = `
mgmt:
  skip-when-unused: true
topology:
  kinds:
    linux:
      image-pull-policy: Never
      network-mode: none
      privileged: false
      restart-policy: "no"
      binds: ["/proc/sys/net:/run/ztos/net", "__clabNodeName__:/etc/ztos:ro"]
      healthcheck: {test: [CMD, ztos-node, health], interval: 1, timeout: 5, retries: 60}
`

/** A topology of hosts, in a file, with what each is mounted. */
function topology(name: string, text: string, files: Readonly<Record<string, string>>): string {
  const file = path.join(folder, `${name}.clab.yml`)
  writeFileSync(
    file,
    `name: ${name}\n${HEAD.replace('linux:\n', `linux:\n      image: ${dockerHere().image.reference}\n`)}${text}`,
  )
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return file
}

const host = (address: string) =>
  `sysctl ipv6/conf/all/disable_ipv6 1\nup lo\nup eth0\nplain eth0\nip addr add ${address}/24 dev eth0\n`

async function deployed(
  file: string,
  check: (containerlab: Containerlab, docker: TestDocker['docker']) => Promise<void>,
) {
  const { engine } = dockerHere()
  const containerlab = new Containerlab({ host: engine.host })
  const before = traces()
  try {
    await containerlab.deploy(file)
    await check(containerlab, engine.docker)
  } finally {
    await containerlab.destroy(file)
  }
  expect(await containerlab.inspect(file)).toEqual([])
  expect(await engine.docker.list({ containerlab: '' })).toEqual([])
  expect(traces()).toEqual(before)
  expect(readdirSync(folder).filter((name) => name.startsWith('clab-'))).toEqual([])
}

/** What containerlab writes on its host while a lab is up, and what could be left of it. */
function traces() {
  const list = (name: string) =>
    existsSync(name) ? readdirSync(name).filter((name) => name.includes('clab')) : []
  const links = execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).split('\n')
  return {
    namespaces: list('/run/netns'),
    hosts: readFileSync('/etc/hosts', 'utf8'),
    ssh: list('/etc/ssh/ssh_config.d'),
    passing: list('/tmp').filter((name) => name === '.clab' || name.startsWith('ztos-containerlab-')),
    links: links.filter((line) => /clab|\.phy|^br-/.test(line)),
  }
}

async function healthy(docker: TestDocker['docker'], name: string) {
  for (let turn = 0; turn < 300; turn++) {
    const { state, health } = await docker.inspect(name)
    if (state !== 'running' || health === 'unhealthy') break
    if (health === 'healthy') return
    await sleep(100)
  }
  const { stdout } = await docker.logs(name)
  throw new Error(`${name} does not come up: ${stdout}`)
}

const TWO_HOSTS = `
  nodes:
    a: {kind: linux, cap-add: [NET_ADMIN]}
    b: {kind: linux, cap-add: [NET_ADMIN]}
  links:
    - endpoints: ["a:eth0", "b:eth0"]
      mtu: 1500
`

describe('two hosts with a cable', () => {
  test('reach each other, say that they are well, and leave nothing', async () => {
    const file = topology('two', TWO_HOSTS, {
      'a/set-up': host('192.0.2.1'),
      'a/daemons': '# gobgpd alone\ngobgpd /run/gobgp.sock gobgpd --api-hosts unix:///run/gobgp.sock\n',
      'b/set-up': host('192.0.2.2'),
    })
    await deployed(file, async (containerlab, docker) => {
      await healthy(docker, 'clab-two-a')
      await healthy(docker, 'clab-two-b')
      const ping = await docker.exec('clab-two-a', ['ping', '-c', '2', '-i', '0.2', '192.0.2.2'])
      expect(ping).toMatchObject({ code: 0, stderr: '' })
      expect(await containerlab.inspect(file)).toMatchObject([
        {
          name: 'clab-two-a',
          state: 'running',
          status: 'healthy',
          lab: 'two',
          kind: 'linux',
          topology: file,
        },
        {
          name: 'clab-two-b',
          state: 'running',
          status: 'healthy',
          lab: 'two',
          kind: 'linux',
          topology: file,
        },
      ])
      const details = await docker.inspect('clab-two-a')
      expect(details).toMatchObject({
        name: 'clab-two-a',
        image: dockerHere().image.id,
        labels: { 'clab-node-name': 'a' },
      })
      // A host waits without privilege.
      const status = readFileSync(`/proc/${details.pid}/status`, 'utf8')
      expect(status).toMatch(/^Uid:\t65534\t/m)
      expect(status).toMatch(/^CapBnd:\t0{16}$/m)
      expect((await docker.stats('clab-two-a')).processes).toBeGreaterThan(0)
      // What its file of daemons names serves beside it: health says so.
      const api = ['gobgp', '--target', 'unix:///run/gobgp.sock', 'global']
      expect((await docker.exec('clab-two-a', api)).code).toBe(0)
      expect(await docker.exec('clab-two-a', ['sh', '-c', 'cat; exit 7'], { input: 'in' })).toEqual({
        code: 7,
        stdout: 'in',
        stderr: '',
      })
    })
  })

  test('what cannot be set up is said, and the container ends', async () => {
    const file = topology('broken', TWO_HOSTS, {
      'a/set-up': `${host('192.0.2.1')}ip route add 203.0.113.0/24 via 198.51.100.1\n`,
      'b/set-up': host('192.0.2.2'),
    })
    await deployed(file, async (containerlab, docker) => {
      await expect(healthy(docker, 'clab-broken-a')).rejects.toThrow(/ztos-netns: line 6.*ip -batch/s)
      expect(await containerlab.inspect(file)).toMatchObject([{ state: 'exited' }, { state: 'running' }])
    })
  })
})

test('cables that are up before anybody says what they are to be stay silent', async () => {
  const node = (name: string, settings: object) =>
    `    ${name}: {kind: linux, cap-add: [NET_ADMIN], sysctls: ${JSON.stringify(settings)}}\n`
  const names = ['a', 'b', 'c', 'd']
  const nodes = ['a', 'b'].map((name) => node(name, SILENT))
  // As a kernel is that nobody silenced.
  const loud = ['c', 'd'].map((name) => node(name, { 'net.ipv6.conf.default.addr_gen_mode': '0' }))
  const links = '  links:\n    - endpoints: ["a:eth0", "b:eth0"]\n    - endpoints: ["c:eth0", "d:eth0"]\n'
  const file = topology(
    'silent',
    `\n  nodes:\n${[...nodes, ...loud].join('')}${links}`,
    Object.fromEntries(names.map((name) => [`${name}/nothing`, ''])),
  )
  await deployed(file, async (_, docker) => {
    const sent = async (name: string) => {
      const { stdout } = await docker.exec(`clab-silent-${name}`, ['cat', '/proc/net/snmp6'])
      return Number(/^Icmp6OutMsgs\s+(\d+)$/m.exec(stdout)?.[1])
    }
    for (const name of ['c', 'd'])
      await until(`${name} to have spoken`, async () => (await sent(name)) > 2, 10_000)
    expect(await Promise.all(['a', 'b'].map(sent))).toEqual([0, 0])
  })
})

test('a daemon that does not stay is begun anew, ever more seldom, with those beside it, and nothing is well', async () => {
  const file = topology('failing', '\n  nodes:\n    a: {kind: linux, cap-add: [NET_ADMIN]}\n', {
    'a/set-up': 'up lo\n',
    'a/daemons': [
      'first /run/first.sock gobgpd --api-hosts unix:///run/first.sock',
      'second /run/second.sock sh -c "exit 7"',
      '',
      'apart /run/apart.sock gobgpd --api-hosts unix:///run/apart.sock',
      '',
    ].join('\n'),
  })
  await deployed(file, async (_, docker) => {
    const said = async () => (await docker.logs('clab-failing-a')).stdout
    await until('a second pause', async () => (await said()).includes('beginning anew in 2 s'), 30_000)
    const log = await said()
    const counts = [
      /second has ended with status 7/g,
      /beginning anew/g,
      /"gobgpd started"/g,
      /first has ended/g,
    ].map((what) => log.match(what)?.length ?? 0)
    // Once more each time, but for what is apart.
    expect(counts).toEqual([2, 2, 3, 0])
    expect((await docker.exec('clab-failing-a', ['cat', '/run/ztos/ready'])).stdout).toBe('ready\n')
    expect((await docker.exec('clab-failing-a', ['ztos-node', 'health'])).code).toBe(1)
  })
})

test('what containerlab refuses, it says itself', async () => {
  const file = topology('refused', '\n  nodes:\n    a: {kind: linix}\n', {})
  await expect(new Containerlab({ host: dockerHere().engine.host }).deploy(file)).rejects.toMatchObject({
    code: 'ZT_LAB_COMMAND',
    message: expect.stringContaining('kind "linix" is not supported'),
  })
})

describe('an engine', () => {
  const port = (id: number) => ({
    id,
    name: `eth${id}`,
    kind: 'port',
    mac: `02:00:00:00:01:0${id}`,
    mtu: 1500,
    addresses: [],
    tap: id === 1,
    bridge: 10,
  })
  const bridge = {
    format: 'ztos-program',
    version: 1,
    node: 'sw',
    seeds: { ecmp: 1, sourcePort: 2 },
    vrfs: [{ id: 0, name: 'underlay' }],
    interfaces: [
      port(1),
      port(2),
      { id: 10, name: 'br', kind: 'bridge', ageing: 300_000_000_000, fdbLimit: 1024 },
    ],
    tables: { routes: [], groups: [], neighbours: [], fdb: [], flood: [] },
  }
  const wired = (capabilities: string) => `
  nodes:
    a: {kind: linux, cap-add: [NET_ADMIN]}
    b: {kind: linux, cap-add: [NET_ADMIN]}
    sw: {kind: linux, cap-add: [${capabilities}, SYS_ADMIN], devices: [/dev/net/tun]}
  links:
    - {endpoints: ["a:eth0", "sw:eth1.phy"], mtu: 1500}
    - {endpoints: ["b:eth0", "sw:eth2.phy"], mtu: 1500}
`
  const setUp =
    'sysctl ipv6/conf/all/disable_ipv6 1\nup lo\ntap eth1\nip link set eth1 up\nup eth1.phy\nup eth2.phy\n'

  test('attaches XDP and forwards between two hosts, with no more than it needs', async () => {
    // FRR wants SYS_ADMIN, and the engine keeps it only where it has no BPF. NET_ADMIN 12, NET_RAW 13, IPC_LOCK 14, SYS_ADMIN 21, PERFMON 38, BPF 39.
    const { engine, image } = dockerHere()
    const knowsBpf = await engine.docker.knowsCapability(image.reference, 'BPF')
    const [capabilities, bits] = knowsBpf
      ? ['BPF, PERFMON', '000000c000007000']
      : ['SYS_ADMIN', '0000000000207000']
    const file = topology('engine', wired(`NET_ADMIN, NET_RAW, IPC_LOCK, ${capabilities}`), {
      'a/set-up': host('192.0.2.1'),
      'b/set-up': host('192.0.2.2'),
      'sw/set-up': setUp,
      'sw/program.json': JSON.stringify(bridge),
      'sw/daemons': [
        'zebra /run/frr/zebra.vty zebra -u frr -g frr --vty_socket /run/frr',
        'gobgpd /run/ztos/gobgp.sock gobgpd --api-hosts unix:///run/ztos/gobgp.sock',
        '',
      ].join('\n'),
    })
    await deployed(file, async (containerlab, docker) => {
      await healthy(docker, 'clab-engine-sw')
      const ping = await docker.exec('clab-engine-a', ['ping', '-c', '3', '-i', '0.2', '192.0.2.2'])
      expect(ping).toMatchObject({ code: 0, stderr: '' })
      const link = await docker.exec('clab-engine-sw', ['ip', '-details', 'link', 'show', 'eth1.phy'])
      expect(link.stdout).toContain('xdp')
      const { pid } = await docker.inspect('clab-engine-sw')
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('ztos-fpe\0run')
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      expect(status).toContain(`CapBnd:\t${bits}\n`)
      expect(status).toContain('NoNewPrivs:\t1\n')
      expect((await docker.logs('clab-engine-sw')).stdout).toContain('2 ports, XDP native on 2')
      expect(await containerlab.inspect(file)).toHaveLength(3)
      const frr = await docker.exec('clab-engine-sw', ['vtysh', '-d', 'zebra', '-c', 'show interface eth1'])
      expect(frr).toMatchObject({ code: 0, stdout: expect.stringContaining('eth1 is up') })
      const gobgp = ['gobgp', '--target', 'unix:///run/ztos/gobgp.sock', 'global']
      expect((await docker.exec('clab-engine-sw', gobgp)).code).toBe(0)
    })
  })
})
