/**
 * A fabric that was exported, brought up by containerlab alone: hosts answer each other through its sealed links, tenants do not hear each
 * other, and on the cable is nothing in the clear; with a control plane as well, whose daemons come back when they are killed.
 */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Plan } from '../../contract/plan.js'
import { ztos, ztosWith } from '../../cli/testdata/call.js'
import { decodeFrame, readCapture } from '../../twin/packet/index.js'
import { dockerOfFile } from './support/docker.js'
import { CANARY, ExportedLab, pairsOf, strangerTo } from './support/exported-lab.js'
import { until } from './support/wireguard-pair.js'

let folder: string
const docker = dockerOfFile()

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'zt-export-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function exported(fabric: string, check: (lab: ExportedLab) => Promise<void>): Promise<void> {
  const { status, stderr } = await ztos('lab', 'export', fabric, '--out', folder)
  expect([status, stderr]).toEqual([0, ''])
  const plan = Plan.parse((await ztos('plan', fabric, '--json')).json())
  const lab = await ExportedLab.of(docker(), plan, path.join(folder, `${plan.fabric}.clab.yml`))
  try {
    await lab.containerlab.deploy(lab.file)
    await check(lab)
  } finally {
    await lab.containerlab.destroy(lab.file)
  }
  expect(await docker().engine.docker.list({ containerlab: '' })).toEqual([])
  expect(readdirSync(folder).sort()).toEqual([`${plan.fabric}.clab.yml`, 'nodes'])
}

/** All of a tenant answer each other, and on a sealed link is nothing but the seal's. @returns frames heard there */
async function forwardsSealed(fabric: string, seal: 'macsec' | 'wireguard'): Promise<number> {
  let heard = 0
  await exported(fabric, async (lab) => {
    await lab.healthy()
    const link = lab.plan.links.find(({ seal }) => seal !== undefined)
    const ends = [link?.a, link?.b].filter((end) => end !== undefined)
    for (const { node, interface: id } of ends)
      await lab.ask(node, { op: 'capture', interface: id, file: '/run/ztos/link.pcapng' })

    const [shop, bank] = [lab.hosts('shop'), lab.hosts('bank')]
    for (const [from, to] of pairsOf(shop))
      expect([from.id, to.id, await lab.ping(from, to)]).toEqual([from.id, to.id, 2])
    expect(await lab.ping(bank[0]!, bank[1]!)).toBe(2)
    expect(await lab.ping(shop[0]!, strangerTo(shop, bank), 1)).toBe(0)

    for (const { node, interface: id } of ends)
      await lab.ask(node, { op: 'capture', interface: id, file: null })
    const frames = (
      await Promise.all(
        ends.map(
          async ({ node }) =>
            readCapture(readFileSync(await lab.inside(node, '/run/ztos/link.pcapng'))).packets,
        ),
      )
    ).flat()
    heard = frames.length
    const layers = frames.map(({ bytes }) => decodeFrame(bytes).map(({ kind }) => kind))
    expect(layers.filter((kinds) => !kinds.some((kind) => kind.startsWith(seal)))).toEqual([])
    expect(frames.filter(({ bytes }) => Buffer.from(bytes).includes(CANARY))).toEqual([])
  })
  return heard
}

describe('[T02] [Z23] the demo fabric, exported', () => {
  test('is brought up by containerlab alone, and forwards through sealed links as the plan says', async () => {
    expect(await forwardsSealed('topologies/demo.yaml', 'macsec')).toBeGreaterThan(4)
  }, 240_000)

  test('does so with WireGuard', async () => {
    expect(await forwardsSealed('topologies/demo-wireguard.yaml', 'wireguard')).toBeGreaterThan(4)
  }, 240_000)

  test('keeps its keys to those who may read them, and draws them anew each time', async () => {
    const [one, other] = ['one', 'other'].map((name) => path.join(folder, name))
    const mask = process.umask(0o077)
    try {
      for (const out of [one!, other!])
        expect((await ztos('lab', 'export', 'topologies/demo.yaml', '--out', out)).status).toBe(0)
    } finally {
      process.umask(mask)
    }
    // Not all that reads in a container is root; to others on the host the folder above is closed.
    expect(statSync(path.join(one!, 'nodes', 'leaf1')).mode & 0o777).toBe(0o755)
    const keys = (out: string) => path.join(out, 'nodes', 'leaf1', 'keys.json')
    expect(statSync(keys(one!)).mode & 0o777).toBe(0o600)
    expect(readFileSync(keys(one!), 'utf8')).not.toBe(readFileSync(keys(other!), 'utf8'))
    const values = Object.values(JSON.parse(readFileSync(keys(one!), 'utf8')) as Record<string, string>)
    const others = readdirSync(one!, { recursive: true, encoding: 'utf8' }).filter(
      (name) => !name.endsWith('keys.json'),
    )
    const texts = others
      .map((name) => path.join(one!, name))
      .filter((name) => statSync(name).isFile())
      .map((name) => readFileSync(name, 'utf8'))
    expect(values.length).toBeGreaterThan(0)
    for (const value of values) expect(texts.filter((text) => text.includes(value))).toEqual([])
    // Not over what is there.
    expect((await ztos('lab', 'export', 'topologies/demo.yaml', '--out', one!)).status).not.toBe(0)
  })
})

describe('[T02] [Z23] a fabric with a control plane, exported', () => {
  const GOBGP = ['gobgp', '--target', 'unix:///run/frr/gobgp.sock', 'neighbor']
  const ZOMBIES = ['sh', '-c', 'cat /proc/[0-9]*/status | grep "^State:.Z"']

  test('is brought up by containerlab alone, BGP fills its tables, and daemons that are killed come back', async () => {
    let pings = 0
    await exported('topologies/demo-bgp.yaml', async (lab) => {
      await lab.healthy()
      const [shop, bank] = [lab.hosts('shop'), lab.hosts('bank')]
      const [routed, bridged] = [true, false].map((has) =>
        bank.filter(({ gateways }) => gateways.length > 0 === has),
      )
      const pairs = [shop, routed!, bridged!].flatMap(pairsOf)
      pings = pairs.length
      const forwards = () =>
        until(
          'hosts of a tenant answer each other',
          async () => (await lab.unanswered(pairs)).length === 0,
          30_000,
        )
      await forwards()
      expect(await lab.ping(shop[0]!, strangerTo(shop, bank), 1)).toBe(0)

      const pidOf = async (node: string, program: string) => (await lab.said(node, 'pidof', program)).trim()
      const privileges = async (node: string, program: string) => {
        const pid = await pidOf(node, program)
        const status = await lab.said(node, 'cat', `/proc/${pid}/status`)
        const [, uid, bound] = /^Uid:\t(\d+)[^]*^CapBnd:\t0*(\S+)$/m.exec(status) ?? []
        return { pid, isRoot: uid === '0', bound }
      }
      // NET_BIND_SERVICE 10, NET_ADMIN 12, NET_RAW 13, SYS_ADMIN 21.
      const [bgpd, gobgpd] = [await privileges('spine1', 'bgpd'), await privileges('leaf1', 'gobgpd')]
      expect(bgpd).toMatchObject({ isRoot: false, bound: '203400' })
      expect(gobgpd).toMatchObject({ isRoot: false, bound: '400' })
      expect(await privileges('leaf1', 'node')).toMatchObject({ isRoot: false, bound: '1000' })

      await lab.said('spine1', 'sh', '-c', `kill -KILL ${bgpd.pid}`)
      await lab.said('leaf1', 'sh', '-c', `kill -KILL ${gobgpd.pid}`)
      const sessions = async (node: string) =>
        (await lab.said(node, ...GOBGP)).match(/ Establ /g)?.length ?? 0
      const isBack = async () => {
        const now = [await pidOf('spine1', 'bgpd'), await pidOf('leaf1', 'gobgpd')]
        if (now.some((pid, i) => pid === '' || pid === [bgpd, gobgpd][i]?.pid)) return false
        const up = await Promise.all(['leaf1', 'leaf2', 'leaf3'].map(sessions))
        return up.every((count) => count === 2)
      }
      await until('daemons that were killed are back, with their sessions', isBack, 30_000)
      await forwards()
      const { stdout } = await docker().engine.docker.logs(lab.container('spine1'))
      expect(stdout).toContain('ztos-node: bgpd has ended with status 137')
      expect([await lab.said('spine1', ...ZOMBIES), await lab.said('leaf1', ...ZOMBIES)]).toEqual(['', ''])
      await lab.healthy()
    })
    // 5 of shop, 4 and 2 of bank.
    expect(pings).toBe(20 + 12 + 2)
  }, 240_000)
})

describe('[T02] a template', () => {
  const example = fileURLToPath(
    new URL(
      '../../build/containerlab/examples/lab-examples/templated01/templated01.clab.gotmpl',
      import.meta.url,
    ),
  )
  const imported = (...words: readonly string[]) =>
    ztosWith({ env: { ...process.env, DOCKER_HOST: docker().engine.host } }, 'lab', 'import', ...words)

  test('is rendered by containerlab itself, with the variables beside it, and nothing is deployed', async () => {
    const out = path.join(folder, 'rendered.clab.yml')
    const called = await imported(example, '--out', out, '--json')
    expect([called.status, called.stderr]).toEqual([0, ''])
    const answer = called.json()
    expect(answer).toMatchObject({ sound: true, template: true, topology: { name: 'templated01' } })
    const again = await imported(out, '--json')
    expect(again.json()).toMatchObject({
      template: false,
      topology: (answer as { topology: object }).topology,
    })
    expect(await docker().engine.docker.list({ containerlab: '' })).toEqual([])
  })

  test('that is none is said with its line', async () => {
    const file = path.join(folder, 'broken.clab.gotmpl')
    writeFileSync(file, 'name: lab\ntopology:\n  nodes: {{ range }}\n')
    const { status, stdout } = await imported(file)
    expect(status).toBe(2)
    expect(stdout).toMatch(
      /broken\.clab\.gotmpl:3:\d+: error: ZT_TOPOLOGY_TEMPLATE: .*missing value for range/,
    )
  })
})
