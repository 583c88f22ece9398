/**
 * Control planes that misbehave in a lab: a daemon that dies or hangs, one that says what is malformed or too much, a wrong AS number, an agent
 * that is killed while much is on its way. Nodes forward what they had, somebody says what is wrong, and what can mend itself does.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { originatePath } from '../../agent/convert.js'
import { GobgpClient } from '../../agent/gobgp-client.js'
import type { NodeControl } from '../../contract/control-plane.js'
import { NodeProgram } from '../../contract/program.js'
import { daemonDoor } from '../../lab/daemons/launch.js'
import { daemonPrograms } from '../../lab/daemons/programs.js'
import { FailoverLab, type Way } from '../../lab/failover-lab.js'
import { labUp } from '../../lab/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { bestCut } from './support/best-cut.js'
import { newSeed, planOf, shippedFile } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { needsRoot, nothing, tracesOf } from './support/host.js'

beforeEach(needsRoot)

/** The demo-bgp fabric with sessions that give up soon, and spines that take few prefixes. */
function plan() {
  const text = readFileSync(shippedFile('demo-bgp'), 'utf8').replace(
    'leaves: 65101-65199 }',
    'leaves: 65101-65199, holdTime: 3s }',
  )
  const fabric = structuredClone(planOf(text))
  for (const { control } of fabric.nodes) {
    if (control?.daemon !== 'frr') continue
    control.sessions = control.sessions.map((session) => ({ ...session, maximumPrefixes: MOST_PREFIXES }))
  }
  return fabric
}
const MOST_PREFIXES = 20
/** ms that a flow may be away on a busy host although nothing happens to it. */
const NOISE = 150
/** ms for another way to be taken. */
const WITHOUT = 1000
/** MACs that are heard at once. */
const MANY = 500
const flow = { rate: 2000, before: 200, lasts: 2400 }

const nothingDone = () => Promise.resolve()
const speaker = fileURLToPath(new URL('support/bgp-speaker.mjs', import.meta.url))
const Program = z.looseObject({ program: NodeProgram })
const Learned = z.looseObject({ fdb: z.array(z.looseObject({ mac: z.string() })) })

describe('a control plane that misbehaves', () => {
  let failover: FailoverLab
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    const [fabric, seed] = [plan(), newSeed()]
    failover = new FailoverLab(
      await labUp(fabric, { keysSeed: seed, journal: false }),
      deriveKeys(fabric, seed),
    )
    await failover.acquaint()
  }, 90_000)
  afterAll(async () => {
    await failover?.lab.down()
  })

  const log = (name: string) => readFileSync(`${failover.lab.paths.folder}/${name}`, 'utf8')
  const controlOf = (node: string): NodeControl =>
    failover.plan.nodes.find(({ name }) => name === node)!.control!
  const pidOf = async (node: string, program: string) => {
    const { daemons } = await failover.lab.processes()
    return daemons.find((one) => one.node === node && one.program === program)?.pid ?? 0
  }
  /**
   * ms for which a flow was away while this was done: the best of at most three times.
   *
   * @param doing whether or not it was done before
   * @param again brings back what was there before it was done
   */
  const away = async (
    bound: number,
    way: Way,
    doing: () => Promise<void>,
    again: () => Promise<void> = () => Promise.resolve(),
  ) => {
    let turn = 0
    const { window } = await bestCut(bound, async () => {
      if (turn++ > 0) await again()
      return failover.losing(way, doing, flow)
    })
    return window
  }
  const sessionOf = (node: string, peer: string) =>
    controlOf(node).sessions.find((session) => session.peer === peer)!
  /** What `vtysh` says; throws when it refuses. */
  const vty = async (node: string, ...commands: readonly string[]) => {
    const { folder } = daemonDoor(failover.lab.paths.folder, node, controlOf(node))
    const argv = [
      'vtysh',
      '--vty_socket',
      folder,
      '-d',
      'bgpd',
      ...commands.flatMap((command) => ['-c', command]),
    ]
    const { code, stdout, stderr } = await failover.lab.exec(node, argv)
    expect({ code, stderr }).toMatchObject({ code: 0 })
    return stdout
  }

  it.each([
    ['leaf1', 'gobgpd'],
    ['spine1', 'bgpd'],
  ])(
    'a daemon that dies, %s: what it had given is forwarded, the log says so, it is started again',
    async (node, program) => {
      const through = failover.way('shop/web1', ['shop/db1'], ({ links }) =>
        links.some((link) => link.includes(node)),
      )
      const before = await pidOf(node, program)
      const kill = async () => void process.kill(await pidOf(node, program), 'SIGKILL')
      const isBack = async () => {
        await expect.poll(() => pidOf(node, program), { timeout: 10_000 }).toBeGreaterThan(0)
        await failover.rest([])
      }
      expect(await away(NOISE, through, kill, isBack)).toBeLessThan(NOISE)
      await isBack()
      expect(log('labd.log')).toContain(`${program} of ${node} ended; it is started again in`)
      expect(await pidOf(node, program)).not.toBe(before)
    },
  )

  it('a daemon that hangs: peers give it up, its node forwards, and when it goes on all is as before', async () => {
    const way = failover.way('shop/web1', ['shop/web2'])
    const pid = await pidOf('leaf1', 'gobgpd')
    process.kill(pid, 'SIGSTOP')
    try {
      await expect
        .poll(() => vty('spine1', 'show bgp summary json'), { timeout: 8000, interval: 200 })
        .toMatch(/"failedPeers":1/)
      expect(log('spine1.bgpd.log')).toMatch(/Hold Timer Expired/i)
      // Its peers know nothing of it any more; what it sends finds its way as before.
      expect(await away(NOISE, way, nothingDone)).toBeLessThan(NOISE)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await failover.rest([])
    expect(await away(NOISE, way, nothingDone)).toBeLessThan(NOISE)
  })

  it('a peer that says what is malformed: it is told so and cut off, others are not touched', async () => {
    const { local, remote } = sessionOf('leaf3', 'spine1')
    const { asn, routerId } = controlOf('leaf3')
    const fault = { kind: 'daemon-down', node: 'leaf3' } as const
    await failover.lab.fail(fault)
    try {
      // Withdrawn routes of 65535 octets in a message of four.
      const argument = JSON.stringify({ local, remote, asn, routerId, say: 'ffff0000' })
      let answer = ''
      const window = await away(NOISE, failover.way('shop/web1', ['shop/web2']), async () => {
        const { stdout } = await failover.lab.exec('leaf3', [process.execPath, speaker, argument])
        answer = stdout
      })
      // UPDATE Message Error, Malformed Attribute List (RFC 4271 section 6.3).
      expect(JSON.parse(answer)).toEqual({ notification: [3, 1] })
      expect(window).toBeLessThan(NOISE)
      expect(log('spine1.bgpd.log')).toMatch(/NOTIFICATION: sent to neighbor .* 3\/1/)
    } finally {
      await failover.lab.repair(fault)
    }
    await failover.rest([])
  })

  it('[BGP-12] a peer that announces too much: its sessions end and the log says why, others are not touched', async () => {
    const { socket } = daemonDoor(failover.lab.paths.folder, 'leaf3', controlOf('leaf3'))
    const client = new GobgpClient({ socket, protoFolder: daemonPrograms().protoFolder })
    const paths = Array.from({ length: 2 * MOST_PREFIXES }, (_, n) => originatePath(`203.0.113.${n}/32`))
    const spines = ['spine1', 'spine2']
    const undo = async () => {
      for (const path of paths) await client.delete(path)
      // They stay down until somebody sees to it.
      for (const spine of spines) await vty(spine, 'clear bgp *')
      await failover.rest([])
    }
    try {
      const way = failover.way('shop/web1', ['shop/web2'])
      expect(await away(NOISE, way, () => client.addAll(paths), undo)).toBeLessThan(NOISE)
      for (const spine of spines) {
        await expect
          .poll(() => log(`${spine}.bgpd.log`), { timeout: 5000 })
          .toMatch(/MAXPFX|exceed(ed)? max|6\/1/)
        expect(await vty(spine, 'show bgp summary json')).toMatch(/PfxCt/)
      }
    } finally {
      await undo()
      client.close()
    }
  })

  it('a wrong AS number at one end: the session does not come up and the log says why, the other way is taken', async () => {
    const { remote, remoteAsn } = sessionOf('spine1', 'leaf3')
    const { asn } = controlOf('spine1')
    const set = (as: number) =>
      vty('spine1', 'configure terminal', `router bgp ${asn}`, `neighbor ${remote} remote-as ${as}`)
    const way = failover.way('shop/web1', ['shop/db1'], ({ links }) => links.includes('leaf3--spine1'))
    const undo = async () => {
      await set(remoteAsn)
      await failover.rest([])
    }
    const window = await away(WITHOUT, way, async () => void (await set(64_999)), undo)
    expect(window).toBeLessThan(WITHOUT)
    await expect
      .poll(() => log('spine1.bgpd.log') + log('leaf3.gobgpd.log'), { timeout: 8000 })
      .toMatch(/2\/2|Bad Peer AS|bad peer as/i)
    await undo()
  })

  it('agents killed while much is on its way: nodes forward, agents are started again, and nothing is missing', async () => {
    const { lab } = failover
    const from = failover.plan.hosts.find(({ id }) => id === 'shop/web2')!
    const octet = (value: number) => (value & 0xff).toString(16).padStart(2, '0')
    const macOf = (turn: number, n: number) => `02:fe:${octet(turn)}:00:${octet(n >> 8)}:${octet(n)}`
    /** MACs that were not heard before. */
    const heard = (turn: number) =>
      Array.from({ length: MANY }, (_, n) => {
        const { frame } = udpFrame(failover.plan, { trace: n + 1, from: from.id, to: 'shop/web1' })
        const copy = Uint8Array.from(frame)
        copy.set(Buffer.from(macOf(turn, n).replaceAll(':', ''), 'hex'), 6)
        return { host: from.id, mac: macOf(turn, n), data: Buffer.from(copy).toString('base64') }
      })
    const send = async (all: ReturnType<typeof heard>) => {
      // No more at once than a ring holds.
      for (let n = 0; n < all.length; n += 50) {
        const frames = all.slice(n, n + 50).map(({ host, data }) => ({ host, data }))
        await lab.probe({ op: 'send', frames })
      }
    }
    /** Each is heard in the end: on a busy host a ring is full before its engine has its turn, and frames are lost. */
    const sayUnheard = async (turn: number) => {
      for (const giveUp = Date.now() + 20_000; Date.now() < giveUp;) {
        const { fdb } = Learned.parse(await lab.control('leaf2', { op: 'learned' }))
        const macs = new Set(fdb.map(({ mac }) => mac))
        const rest = heard(turn).filter(({ mac }) => !macs.has(mac))
        if (rest.length === 0) return
        await send(rest)
      }
      throw new Error('leaf2 does not hear what is sent to it')
    }
    const known = async (turn: number) => {
      const { program } = Program.parse(await lab.control('leaf1', { op: 'program' }))
      const prefix = `02:fe:${octet(turn)}:`
      return program.tables.fdb.filter(({ mac }) => mac.startsWith(prefix)).length
    }
    const way = failover.way('shop/web1', ['shop/db1'])
    const before = (await lab.processes()).agents
    let turn = 0
    /** In the middle of their work. */
    const kill = async () => {
      turn++
      const { agents } = await lab.processes()
      await send(heard(turn))
      for (const giveUp = Date.now() + 5000; (await known(turn)) === 0 && Date.now() < giveUp;) await delay(1)
      process.kill(agents ?? 0, 'SIGKILL')
      expect(await known(turn)).toBeGreaterThan(0)
    }
    const isBack = async () => {
      await sayUnheard(turn)
      await expect.poll(() => known(turn), { timeout: 60_000, interval: 100 }).toBe(MANY)
      await failover.rest([])
    }
    const killAgain = async () => {
      await isBack()
      await kill()
    }
    // What is heard comes from the probe, which does one thing at a time: they are killed before the flow begins.
    await kill()
    expect(await away(NOISE, way, nothingDone, killAgain)).toBeLessThan(NOISE)
    await isBack()
    expect(log('labd.log')).toContain('the agents ended; it is started again in')
    expect((await lab.processes()).agents).not.toBe(before)
  })

  it('nothing is left of such a lab', async () => {
    await failover.lab.down()
    expect(tracesOf(failover.lab.id)).toEqual(nothing)
  })
})
