/**
 * Peers that send what they should not: the daemon goes on, says what is wrong, keeps what others gave, and takes the peer back when it behaves.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { agentsOf, type FabricAgents } from './support/daemons-agents.js'
import { fabricOf } from './support/daemons-fabric.js'
import { needsRoot } from './support/host.js'
import { start, type Watched } from './support/watched-fabric.js'

beforeEach(needsRoot)

const SPEAKER = fileURLToPath(new URL('support/daemons-hostile.mjs', import.meta.url))

describe.each([
  {
    who: 'FRR',
    victim: 'spine',
    // Code and subcode of the NOTIFICATION (RFC 4271 section 6); `lives`: the session goes on.
    answers: {
      garbage: /^1\/1$/,
      'wrong-as': /^2\/2$/,
      malformed: /^3\/1$/,
      prefix: /^3\/10$/,
      origin: /^(lives|3\/\d+)$/,
    },
    log: 'spine.bgpd.log',
  },
  {
    who: 'GoBGP',
    victim: 'leaf',
    answers: {
      // It waits for the rest of what claims to be a long message, until the hold time.
      garbage: /^(1\/\d|never)$/,
      'wrong-as': /^2\/2$/,
      malformed: /^3\/1$/,
      prefix: /^(lives|3\/\d+)$/,
      origin: /^(lives|3\/\d+)$/,
    },
    log: 'leaf.gobgpd.log',
  },
])('a hostile peer of $who', ({ victim, answers, log }) => {
  let watched: Watched
  let agents: FabricAgents
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    watched = await start(
      fabricOf(
        {
          spine: { daemon: 'frr', asn: 65000 },
          leaf: { daemon: 'gobgp', asn: 65001 },
          good: { daemon: 'gobgp', asn: 65002 },
          rogue: { daemon: 'frr', asn: 65003 },
        },
        [
          { ends: ['good', victim] },
          { ends: ['leaf', 'spine'] },
          { ends: ['rogue', victim], also: { [victim]: { maximumPrefixes: 5_000 } } },
        ],
      ),
    )
    agents = await agentsOf(watched.fabric)
  }, 60_000)
  afterAll(async () => {
    await agents?.close()
    await watched?.down()
  })

  /** What the rogue's namespace does instead of its daemon, and what it is answered. */
  async function misbehave(kind: string): Promise<string> {
    const { fabric } = watched
    const session = fabric.nodes.find(({ node }) => node === 'rogue')!.control.sessions[0]!
    await fabric.daemons.kill('rogue')
    // A leaf waits for FRR to call.
    const argv = [
      SPEAKER,
      session.local,
      session.remote,
      '65003',
      kind,
      ...(victim === 'leaf' ? ['calls'] : []),
    ]
    return new Promise((resolve, reject) => {
      execFile(
        'ip',
        ['netns', 'exec', fabric.namespace('rogue'), process.execPath, ...argv],
        { timeout: 40_000 },
        (error, stdout) => {
          if (error === null) resolve(stdout.trim())
          else reject(new Error('the hostile speaker ended', { cause: error }))
        },
      )
    })
  }

  const from = async (peer: string) =>
    (await watched.observers.get(victim)!.look()).sessions.find((session) => session.peer === peer)
  const pid = () =>
    watched.fabric.daemons.states().find(({ node, program }) => node === victim && program !== 'zebra')?.pid

  it.each(Object.entries(answers))(
    'that sends %s is answered, others keep their session, and it is taken back',
    async (kind, answer) => {
      const before = { pid: pid(), good: await from('good') }
      expect(await misbehave(kind)).toMatch(answer)
      expect(pid()).toBe(before.pid)
      expect(watched.fabric.deaths).toEqual([])
      expect(await from('good')).toMatchObject({
        established: true,
        interruptions: before.good?.interruptions ?? 0,
      })
      expect(await watched.paths(victim, '10.255.0.3/32')).toHaveLength(1)
      expect(await watched.paths(victim, '192.0.2.0/24')).toBeUndefined()
      await watched.fabric.daemons.revive('rogue', AbortSignal.timeout(10_000))
      await expect
        .poll(async () => (await from('rogue'))?.established, { timeout: 40_000, interval: 100 })
        .toBe(true)
    },
    90_000,
  )

  it('[BGP-12] that sends too much is cut off, and the node says why', async () => {
    expect(await misbehave('much')).toMatch(/^6\/1/)
    await expect.poll(async () => (await from('rogue'))?.established).toBe(false)
    expect(await from('good')).toMatchObject({ established: true })
    const text = readFileSync(path.join(watched.fabric.folder, log), 'utf8')
    expect(text).toMatch(/prefix limit reached|No\. of .* prefix received .* exceed/i)
    for (const agent of agents.agents.values()) {
      await agent.settled(15_000)
      expect(agent.state().fault).toBeUndefined()
    }
  }, 90_000)
})
