/**
 * A fabric that was exported, brought up by containerlab alone: hosts answer each other through its sealed links, tenants do not hear each
 * other, and on the cable is nothing in the clear.
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
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Plan, type PlanHost } from '../../contract/plan.js'
import { ztos, ztosWith } from '../../cli/testdata/call.js'
import { Channel } from '../../lab/channel.js'
import { Containerlab } from '../../lab/containerlab/containerlab.js'
import { decodeFrame, readCapture } from '../../twin/packet/index.js'
import { dockerOfFile } from './support/docker.js'

/** What pings are filled with, 16 octets. */
const CANARY = 'ztos-canary-52c9'

let folder: string
const docker = dockerOfFile()

beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'zt-export-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Says what an old Docker needs, as the file's comment has it. */
async function capabilities(): Promise<Record<string, string>> {
  const { engine, image } = docker()
  return (await engine.docker.knowsCapability(image.reference, 'BPF'))
    ? {}
    : { ZTOS_CAP_BPF: 'SYS_ADMIN', ZTOS_CAP_PERFMON: 'SYS_ADMIN' }
}

class Exported {
  readonly containerlab: Containerlab
  constructor(
    readonly plan: Plan,
    readonly file: string,
    env: Record<string, string>,
  ) {
    this.containerlab = new Containerlab({ host: docker().engine.host, env })
  }

  container(of: string): string {
    return `clab-${this.plan.fabric}-${of}`
  }

  hosts(tenant: string): readonly PlanHost[] {
    return this.plan.hosts.filter((host) => host.tenant === tenant)
  }

  async ping(from: PlanHost, to: PlanHost, count = 2): Promise<number> {
    const [address = ''] = (to.addresses[0] ?? '').split('/')
    const words = [
      '-n',
      '-c',
      String(count),
      '-i',
      '0.2',
      '-W',
      '2',
      '-p',
      Buffer.from(CANARY).toString('hex'),
    ]
    const host = this.container(`h-${from.id.replace('/', '-')}`)
    const { stdout } = await docker().engine.docker.exec(host, ['ping', ...words, address])
    return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0)
  }

  /** Each container says that it is, soon. */
  async healthy(): Promise<void> {
    const giveUp = performance.now() + 30_000
    for (;;) {
      const all = await this.containerlab.inspect(this.file)
      const others = all.filter(({ status }) => status !== 'healthy')
      if (all.length === this.plan.nodes.length + this.plan.hosts.length && others.length === 0) return
      if (performance.now() > giveUp) throw new Error(`not healthy: ${JSON.stringify(others)}`)
      await sleep(200)
    }
  }

  /** A file in a container, by its first process. */
  async inside(node: string, file: string): Promise<string> {
    const { pid } = await docker().engine.docker.inspect(this.container(node))
    return `/proc/${pid}/root${file}`
  }

  async ask(node: string, request: Readonly<Record<string, unknown>> & { op: string }) {
    const channel = await Channel.open(await this.inside(node, '/run/ztos/control'), node)
    try {
      return await channel.request(request)
    } finally {
      channel.close()
    }
  }
}

async function exported(fabric: string, check: (lab: Exported) => Promise<void>): Promise<void> {
  const { status, stderr } = await ztos('lab', 'export', fabric, '--out', folder)
  expect([status, stderr]).toEqual([0, ''])
  const plan = Plan.parse((await ztos('plan', fabric, '--json')).json())
  const lab = new Exported(plan, path.join(folder, `${plan.fabric}.clab.yml`), await capabilities())
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
    const pairs = shop.flatMap((from) => shop.filter((to) => to !== from).map((to) => [from, to] as const))
    for (const [from, to] of pairs)
      expect([from.id, to.id, await lab.ping(from, to)]).toEqual([from.id, to.id, 2])
    expect(await lab.ping(bank[0]!, bank[1]!)).toBe(2)
    // Tenants may have the same addresses: this one is nobody's of shop.
    const own = new Set(shop.flatMap(({ addresses }) => addresses))
    const foreign = bank.find(({ addresses }) => addresses.every((one) => !own.has(one)))
    expect(await lab.ping(shop[0]!, foreign!, 1)).toBe(0)

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
    for (const out of [one!, other!])
      expect((await ztos('lab', 'export', 'topologies/demo.yaml', '--out', out)).status).toBe(0)
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
