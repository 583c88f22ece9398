/**
 * The lab verbs of the command, as a person types them, on real labs.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { labDown, listLabs } from '../../lab/index.js'
import { labPaths } from '../../lab/paths.js'
import { readCapture } from '../../twin/packet/index.js'
import { ended, Workplace } from './support/command.js'
import { shipped, shippedFile } from './support/fabrics.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

const plan = shipped('two-leaves')
const Labs = z.object({
  labs: z.array(z.looseObject({ id: z.string(), phase: z.string(), fabric: z.string().optional() })),
})
const loopback = plan.nodes
  .find(({ name }) => name === 'spine1')!
  .program.interfaces.flatMap((one) => (one.kind === 'loopback' && one.vrf === 0 ? one.addresses : []))[0]!
  .split('/')[0]!
/** leaf1's kernel says something to spine1's. */
const talk = [
  'python3',
  '-c',
  `import socket, time
s = socket.socket(socket.AF_INET6 if ":" in "${loopback}" else socket.AF_INET, socket.SOCK_DGRAM)
for n in range(20): s.sendto(b"x", ("${loopback}", 9)); time.sleep(0.02)`,
]

beforeEach(needsRoot)

describe('[T03] the lab verbs on a running lab', () => {
  let at: Workplace
  let id: string
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    at = new Workplace()
    id = await at.labUp(shippedFile('two-leaves'))
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await at.close()
  })
  const list = async () => Labs.parse(JSON.parse((await at.ztos('lab', 'list', '--json')).stdout.toString()))
  const exec = async (...argv: readonly string[]) => at.ztos('lab', 'exec', id, 'leaf1', '--', ...argv)

  it('list shows it, for people and for programs', async () => {
    expect((await list()).labs).toContainEqual(
      expect.objectContaining({ id, phase: 'up', fabric: plan.fabric }),
    )
    const { status, stdout } = await at.ztos('lab', 'list')
    expect(status).toBe(0)
    expect(stdout.toString()).toMatch(new RegExp(`^${id} +up +${plan.fabric} `, 'm'))
  })

  it('exec runs a command where it was told to, and passes on what it says and its status', async () => {
    const links = await exec('ip', '-br', 'link')
    expect(links).toMatchObject({ status: 0, stderr: '' })
    expect(links.stdout.toString()).toContain('eth1.phy')
    const failing = await exec('sh', '-c', 'echo out; echo err >&2; exit 7')
    expect({ ...failing, stdout: failing.stdout.toString() }).toEqual({
      status: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect((await exec('sh', '-c', 'kill -TERM $$')).status).toBe(128 + 15)
    const host = await at.ztos('lab', 'exec', id, 'red/a1', '--', 'ip', '-br', 'link')
    expect(host.stdout.toString()).not.toContain('.phy')
  })

  it('exec hands standard input on, whole and whatever it is', async () => {
    const octets = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7) & 0xff))
    const { status, stdout } = await at.ztosWith(octets, 'lab', 'exec', id, 'leaf1', '--stdin', '--', 'cat')
    expect(status).toBe(0)
    expect(stdout.equals(octets)).toBe(true)
  })

  it('exec ends with its command, though its standard input does not end', async () => {
    const child = at.start(
      'lab',
      'exec',
      id,
      'leaf1',
      '--stdin',
      '--',
      'sh',
      '-c',
      'read line; echo "$line"; exit 3',
    )
    child.stdin?.write('one\n')
    const called = await ended(child)
    expect({ status: called.status, stdout: called.stdout.toString() }).toEqual({
      status: 3,
      stdout: 'one\n',
    })
  })

  it('exec of what is no command, or nowhere, says so', async () => {
    const none = await exec('no-such-command')
    expect(none.status).not.toBe(0)
    expect(none.stderr).toContain('no-such-command')
    const nowhere = await at.ztos('lab', 'exec', id, 'leaf9', '--', 'true')
    expect(nowhere).toMatchObject({ status: 2, stderr: expect.stringMatching(/leaf9[\s\S]*leaf1/) })
  })

  it('capture writes what travels on a link, sealed as it is there, for any tool to read', async () => {
    const file = at.file('core.pcapng')
    // Long enough for a host on which it takes two seconds until somebody talks.
    const capturing = at.ztos('lab', 'capture', id, 'leaf1--spine1', file, '--seconds', '4')
    await untilCapturing()
    expect((await exec(...talk)).status).toBe(0)
    expect((await capturing).status).toBe(0)
    const { packets } = readCapture(readFileSync(file))
    expect(packets.length).toBeGreaterThanOrEqual(20)
    expect(packets.every(({ bytes }) => bytes[12] === 0x88 && bytes[13] === 0xe5)).toBe(true)
    const shown = execFileSync('tshark', ['-r', file, '-T', 'fields', '-e', 'eth.type'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    expect(shown.trim().split('\n')).toEqual(packets.map(() => '0x88e5'))
  })

  it('capture without end is ended by Ctrl-C, keeps what it has, and leaves nothing going on', async () => {
    const file = at.file('open.pcapng')
    const child = at.start('lab', 'capture', id, 'leaf1--spine1', file)
    const called = ended(child)
    await untilCapturing()
    expect((await exec(...talk)).status).toBe(0)
    child.kill('SIGINT')
    expect((await called).status).toBe(0)
    const before = readCapture(readFileSync(file)).packets.length
    expect(before).toBeGreaterThanOrEqual(20)
    expect(readdirSync(at.folder).filter((name) => name.includes('partial'))).toEqual([])
    // The engine captures no more: what comes now is in no file of its.
    const sizes = () => captureFiles().map((name) => readFileSync(name).length)
    const still = sizes()
    await exec(...talk)
    expect(sizes()).toEqual(still)
  })

  it('capture of no link, or into no folder, says so and leaves no file', async () => {
    const file = at.file('none.pcapng')
    const wrong = await at.ztos('lab', 'capture', id, 'leaf1--leaf2', file, '--seconds', '1')
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('leaf1--leaf2') })
    expect(existsSync(file)).toBe(false)
    const nowhere = await at.ztos(
      'lab',
      'capture',
      id,
      'leaf1--spine1',
      at.file('no/such/x'),
      '--seconds',
      '1',
    )
    expect(nowhere.status).toBe(2)
  })

  it('control refuses what no engine understands, by name', async () => {
    const { status, stderr } = await at.ztos('lab', 'control', id, 'leaf1', '{"op":"set-vni","interface":1}')
    expect({ status, says: stderr.includes('vni') }).toEqual({ status: 2, says: true })
  })

  it('a second lab of the same fabric runs beside it, and goes without it', async () => {
    const second = await at.labUp(shippedFile('two-leaves'))
    expect(second).not.toBe(id)
    const ids = (await list()).labs.map((one) => one.id)
    expect(ids).toEqual(expect.arrayContaining([id, second]))
    expect((await at.ztos('lab', 'down', second)).status).toBe(0)
    expect(tracesOf(second)).toEqual(nothing)
    expect((await exec('true')).status).toBe(0)
  })

  it.each([
    ['exec', ['leaf1', '--', 'true']],
    ['capture', ['leaf1--spine1', '/dev/null', '--seconds', '1']],
    ['control', ['leaf1', '{"op":"stats"}']],
  ])('%s of a lab that does not run is bad input', async (verb, rest) => {
    for (const wrong of ['zzzzzz', '../etc', '']) {
      const { status, stderr } = await at.ztos('lab', verb, wrong, ...rest)
      expect({ status, error: /error: ZT_/.test(stderr) }).toEqual({ status: 2, error: true })
    }
  })

  it('down of no lab is bad input where that is no id, and no error where there is nothing left of it', async () => {
    expect((await at.ztos('lab', 'down')).status).toBe(2)
    expect((await at.ztos('lab', 'down', '../etc')).status).toBe(2)
    expect((await at.ztos('lab', 'down', 'zzzzzz')).status).toBe(0)
  })

  it('down removes everything, and may be said twice', async () => {
    expect((await at.ztos('lab', 'down', id)).status).toBe(0)
    expect(tracesOf(id)).toEqual(nothing)
    expect((await at.ztos('lab', 'down', id)).status).toBe(0)
    expect((await list()).labs.map((one) => one.id)).not.toContain(id)
  })

  const captureFiles = () => {
    const paths = labPaths(0, id)
    const folders = readdirSync(path.join(paths.folder, 'nodes')).map((node) => paths.nodeCaptures(node))
    return folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  }
  /** Both ends have a new file with its header in it. */
  const untilCapturing = async () => {
    const known = captureFiles().length
    for (let n = 0; captureFiles().length < known + 2; n++) {
      if (n > 1000) throw new Error('no capture has begun')
      await delay(10)
    }
    await delay(50)
  }
})

describe('[T03] lab up', () => {
  it('that is interrupted leaves nothing, and says that it was', async () => {
    const at = new Workplace()
    const name = `interrupted-${process.pid}`
    const file = at.file('fabric.yaml')
    writeFileSync(
      file,
      readFileSync(shippedFile('two-leaves'), 'utf8').replace(/^name: .*/m, `name: ${name}`),
    )
    const found = () => listLabs().find(({ state }) => state?.fabric === name)?.id
    const child = at.start('lab', 'up', file)
    const called = ended(child)
    let id: string | undefined
    try {
      while (id === undefined && child.exitCode === null) {
        id = found()
        await delay(1)
      }
      child.kill('SIGINT')
      const { status } = await called
      if (id === undefined) throw new Error('it came up before it was seen')
      // It may have been up by then: the command has said so, and the lab is the person's.
      if (status === 0) await labDown(id)
      expect([0, 130]).toContain(status)
      expect(tracesOf(id)).toEqual(nothing)
    } finally {
      await at.close()
    }
  })

  it('of a file that is wrong, or not there, is bad input', async () => {
    const at = new Workplace()
    writeFileSync(at.file('bad.yaml'), 'ztos: 1\nname: x\nnodes: 7\n')
    for (const name of ['bad.yaml', 'none.yaml'])
      expect((await at.ztos('lab', 'up', at.file(name))).status).toBe(2)
    await at.close()
  })
})
