/**
 * Labs on this host: up, list, exec, capture, attach, down.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { attach, labDown, labUp, listLabs, type Lab, type LabProgress } from '../../lab/index.js'
import { LAB_MARK } from '../../lab/process-identity.js'
import { readCapture } from '../../twin/packet/index.js'
import { eventually } from './support/eventually.js'
import { newSeed, shipped } from './support/fabrics.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const plan = shipped('two-leaves')
const loopback = (node: string) => plan.nodes.find(({ name }) => name === node)!.vtep!

const pingScript = fileURLToPath(new URL('support/ping.py', import.meta.url))
/** From the loopback of one node's kernel to that of another's. */
function ping(lab: Lab, from: string, to: string, { count = 1, ttl = 64 } = {}) {
  return lab.exec(from, ['python3', pingScript, loopback(from), loopback(to), String(count), String(ttl)])
}

beforeEach(needsRoot)

describe('a lab', () => {
  let lab: Lab
  beforeAll(async () => {
    if (process.getuid?.() === 0) lab = await labUp(plan, { keysSeed: newSeed(), attached: false })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await labDown(lab.id)
  })

  it('is listed while it runs', () => {
    expect(listLabs().find(({ id }) => id === lab.id)).toMatchObject({
      phase: 'up',
      state: { fabric: 'two-leaves', attached: false },
    })
  })

  it('runs commands in the namespace of a node, with their status and both outputs', async () => {
    const result = await lab.exec('leaf1', ['sh', '-c', 'ip -o link show eth1; echo trouble >&2; exit 7'])
    expect(result).toMatchObject({ code: 7, signal: null, stderr: 'trouble\n' })
    expect(result.stdout).toContain('eth1: <')
  })

  it('runs commands in the namespace of a host, and gives them input', async () => {
    const input = (async function* () {
      yield 'one\n'
      await delay(1)
      yield 'two\n'
    })()
    expect(await lab.exec('red/a1', ['cat'], { input })).toMatchObject({ code: 0, stdout: 'one\ntwo\n' })
    expect((await lab.exec('red/a1', ['ip', '-br', 'link', 'show', 'eth0'])).stdout).toContain(
      plan.hosts.find(({ id }) => id === 'red/a1')!.mac,
    )
  })

  it('ends a command when the caller does not want it any longer', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 50)
    expect(await lab.exec('leaf1', ['sleep', '60'], { signal: controller.signal })).toMatchObject({
      signal: 'SIGKILL',
    })
  })

  it('says that there is no such node', async () => {
    await expect(lab.exec('leaf9', ['true'])).rejects.toMatchObject({ code: 'ZT_LAB_UNKNOWN' })
  })

  it('forwards between the kernels of its nodes over sealed links', async () => {
    const result = await ping(lab, 'leaf1', 'leaf2', { count: 3 })
    expect(result.stdout).toBe(`reply from ${loopback('leaf2')}\n`.repeat(3))
  })

  it('shows the way between them', async () => {
    // Without traceroute: the answer to a packet that may take one hop comes from the spine.
    const result = await ping(lab, 'leaf1', 'leaf2', { ttl: 1 })
    expect(result.stdout).toMatch(/^time exceeded from 10\./)
  })

  it('captures a sealed link, both directions', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'zt-capture-'))
    const file = path.join(folder, 'link.pcapng')
    const controller = new AbortController()
    const capturing = lab.capture('leaf1--spine1', file, { signal: controller.signal })
    // The engines answer in the order of requests, so that these come behind the start of the captures.
    await Promise.all(['leaf1', 'spine1'].map((node) => lab.control(node, { op: 'hello' })))
    await ping(lab, 'leaf1', 'leaf2', { count: 2 })
    controller.abort()
    await capturing
    const { packets, interfaces } = readCapture(readFileSync(file))
    rmSync(folder, { recursive: true })
    expect(interfaces.map(({ name }) => name)).toEqual(['to leaf1', 'to spine1'])
    for (const end of [0, 1])
      expect(packets.filter((packet) => packet.interface === end).length).toBeGreaterThanOrEqual(2)
    // Sealed: EtherType 0x88e5 in every frame.
    expect(packets.every(({ bytes }) => bytes[12] === 0x88 && bytes[13] === 0xe5)).toBe(true)
  })

  it('tells the engines’ answers, and their refusals', async () => {
    expect(await lab.control('leaf1', { op: 'hello' })).toMatchObject({ node: 'leaf1' })
    await expect(lab.control('leaf1', { op: 'set-vni', interface: 1, vni: 5 })).rejects.toMatchObject({
      code: 'ZT_LAB_REFUSED',
    })
    await expect(lab.control('leaf1', { op: 'explode' })).rejects.toMatchObject({ code: 'ZT_LAB_PROTOCOL' })
  })

  it('can be attached to by its id', async () => {
    const other = await attach(lab.id)
    expect(other.plan).toEqual(plan)
    expect([...other.keys.keys()].sort()).toEqual([...plan.keys].sort())
    other.close()
    await expect(attach('nolabs')).rejects.toMatchObject({ code: 'ZT_LAB_UNKNOWN' })
  })

  it('hands nothing of the environment of whoever asks to processes that are root', () => {
    const pid = listLabs().find(({ id }) => id === lab.id)?.state?.labd.pid
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
    expect(environment.map((one) => one.replace(/=.*/s, '')).toSorted()).toEqual(['LANG', 'PATH', LAB_MARK])
  })

  it('leaves nothing when it is down, and is down as often as one likes', async () => {
    const second = await labUp(plan, { keysSeed: newSeed() })
    await second.down()
    expect(await labDown(second.id)).toEqual({ id: second.id, lodgers: [] })
    expect(tracesOf(second.id)).toEqual(nothing)
    expect(listLabs().map(({ id }) => id)).toContain(lab.id)
  })
})

describe('labs', () => {
  it('run in parallel', async () => {
    const labs = await Promise.all([1, 2].map(() => labUp(plan, { keysSeed: newSeed() })))
    const pings = await Promise.all(labs.map((lab) => ping(lab, 'leaf2', 'leaf1')))
    expect(pings.map(({ stdout }) => stdout)).toEqual(labs.map(() => `reply from ${loopback('leaf1')}\n`))
    await Promise.all(labs.map((lab) => lab.down()))
  })

  it.each(['namespaces', 'engines', 'probe', 'none: it is up'])(
    'go with the process that owns them when it is killed at step %s',
    async (at) => {
      const script = `
        const { labUp } = await import(${JSON.stringify(new URL('../../dist/lab/index.js', import.meta.url).href)})
        const plan = ${JSON.stringify(plan)}
        let id = ''
        const die = () => process.stdout.write(id, () => process.kill(process.pid, 'SIGKILL'))
        const onProgress = ({ lab, step, phase }) => {
          id = lab
          if (step === ${JSON.stringify(at)} && phase === 'set-up') die()
        }
        await labUp(plan, { keysSeed: new Uint8Array(32).fill(7), onProgress })
        die()
      `
      const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let id = ''
      owner.stdout.on('data', (chunk: Buffer) => (id += chunk.toString()))
      const [, signal] = (await once(owner, 'close')) as [number | null, string | null]
      expect(signal).toBe('SIGKILL')
      expect(id).toMatch(/^[a-z0-9]{6}$/)
      await eventually(() => expect(tracesOf(id)).toEqual(nothing))
    },
  )

  it.each([
    ...['namespaces', 'inside', 'engines', 'probe'].map((at) => ['two-leaves', at] as const),
    // With daemons, some of which run in namespaces before the others are there.
    ...['namespaces', 'routers', 'agents', 'cables', 'inside', 'daemons', 'converge'].map(
      (at) => ['demo-bgp', at] as const,
    ),
  ] as const)('are gone when bringing %s up is cancelled at step %s', async (fabric, at) => {
    let id = ''
    const controller = new AbortController()
    const up = labUp(shipped(fabric), {
      keysSeed: newSeed(),
      signal: controller.signal,
      onProgress: ({ lab, step, phase }) => {
        id = lab
        if (step === at && phase === 'set-up') controller.abort()
      },
    })
    await expect(up).rejects.toMatchObject({ code: 'ZT_LAB_CANCELLED' })
    expect(tracesOf(id)).toEqual(nothing)
  })

  it('do not come up in time that is too short, and say so', async () => {
    let id = ''
    const onProgress = ({ lab }: LabProgress) => {
      id = lab
    }
    const up = labUp(plan, { keysSeed: newSeed(), deadline: 1, onProgress })
    await expect(up).rejects.toMatchObject({ code: 'ZT_LAB_DEADLINE' })
    expect(tracesOf(id)).toEqual(nothing)
  })

  it('tell what a program that does not start has said, and leave nothing', async () => {
    let id = ''
    const up = labUp(plan, {
      keysSeed: newSeed(),
      programs: { engineArguments: ['--no-such-flag'] },
      onProgress: ({ lab }) => {
        id = lab
      },
    })
    await expect(up).rejects.toMatchObject({
      code: 'ZT_LAB_DIED',
      message: expect.stringContaining('no-such-flag'),
    })
    expect(tracesOf(id)).toEqual(nothing)
  })

  it('keep a stranger in a namespace alive, and tell of him', async () => {
    const lab = await labUp(plan, { keysSeed: newSeed() })
    const stranger = spawn('nsenter', [`--net=/run/netns/zt-${lab.id}-leaf1`, 'sleep', '60'], {
      stdio: 'ignore',
    })
    await eventually(async () => expect((await lab.exec('leaf1', ['sh', '-c', 'true'])).code).toBe(0))
    await delay(50)
    const lodgers = await lab.down()
    expect(lodgers.join()).toContain(`process ${stranger.pid} (sleep) runs on in what was zt-${lab.id}-leaf1`)
    expect(stranger.exitCode).toBeNull()
    stranger.kill()
    expect(tracesOf(lab.id)).toEqual(nothing)
  })
})
