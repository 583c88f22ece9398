/**
 * What happens to a MACsec link when its keys change under attack: packet numbers end, one end alone is rolled, frames of the old association
 * come late or again, an engine is killed half-way. It fails closed, for the right reason, and goes on when it is put right; afterwards the twin
 * makes the same of every journal.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { MacsecInterface, NodeProgram } from '../../contract/program.js'
import { compareNodes, labUp, type Lab } from '../../lab/index.js'
import { judgeDelivery } from '../../sdk/judge/delivery.js'
import { judgeSeal } from '../../sdk/judge/seal.js'
import type { ScenarioTarget } from '../../sdk/scenario-target.js'
import type { Seen } from '../../sdk/seen.js'
import { sealedAs } from '../../sdk/traffic/attack-macsec.js'
import { replayed, tapOf } from '../../sdk/traffic/forge-link.js'
import { flow } from '../../sdk/traffic/flow.js'
import { openTarget } from '../../sdk/vitest/open-target.js'
import { newSeed, planOf, shippedFile } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

/** Each channel has a second association to go over to. */
const plan = planOf(
  readFileSync(shippedFile('two-leaves'), 'utf8').replace(
    'macsec: gcm-aes-128',
    'macsec: gcm-aes-128, standby: 1',
  ),
)
const LINK = 'leaf1--spine1'
/** Keys that neither end has by its program, each for one use: numbers of a key are never used again (MACSEC-9). */
const ROLLED = {
  exhausted: 'lab:rolled/0',
  number: 'lab:rolled/1',
  key: 'lab:rolled/2',
  killed: 'lab:rolled/3',
}
const Stats = z.object({ ports: z.array(z.object({ interface: z.int(), rx: z.int() })) })
/** From here on the next association encodes (MACSEC-7). */
const WANTED = 0xc000_0000

describe('[Z38] [T07] keys of a link that change under attack', () => {
  const seed = newSeed()
  let lab: Lab
  let target: ScenarioTarget & { readonly close: () => Promise<void> }
  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, {
      keysSeed: seed,
      keys: new Map(Object.values(ROLLED).map((name) => [name, newSeed().subarray(0, 16)])),
    })
    target = await openTarget(plan, { on: 'netns', lab: lab.id })
  }, 60_000)
  afterAll(async () => {
    if (process.getuid?.() !== 0) return
    await lab.down()
  }, 60_000)

  const program = (node: string): NodeProgram => {
    const found = plan.nodes.find(({ name }) => name === node)?.program
    if (found === undefined) throw new TypeError(node)
    return structuredClone(found)
  }
  const sealOf = (of: NodeProgram): MacsecInterface => {
    const ends = plan.links.find(({ id }) => id === LINK)
    const end = [ends?.a, ends?.b].find((one) => one?.node === of.node)
    const seal = of.interfaces.find(
      (one): one is MacsecInterface => one.kind === 'macsec' && one.lower === end?.interface,
    )
    if (seal === undefined) throw new TypeError(`${of.node} has no seal`)
    return seal
  }
  /** Loads both ends of the link anew, each changed. */
  async function load(change: (near: MacsecInterface, far: MacsecInterface) => void): Promise<void> {
    const [leaf, spine] = [program('leaf1'), program('spine1')]
    change(sealOf(leaf), sealOf(spine))
    await lab.load('spine1', spine)
    await lab.load('leaf1', leaf)
    await target.reset()
  }
  const apply = (node: string, change: object) =>
    lab.control(node, {
      op: 'apply',
      changes: [{ interface: sealOf(program(node)).id, ...change }],
      keys: lab.paths.keys,
    })
  /** Frames from leaf1 to leaf2, after both have spoken. */
  async function send(count: number): Promise<Seen> {
    const { fabric } = target
    const there = flow(fabric, fabric.host('red/a1'), fabric.host('red/a2'), {}, { count })
    return target.send(there)
  }
  const known = async () => {
    const { fabric } = target
    await target.send([
      flow(fabric, fabric.host('red/a1'), fabric.host('red/a2')),
      flow(fabric, fabric.host('red/a2'), fabric.host('red/a1')),
    ])
  }
  const fatesOf = (seen: Seen) => {
    const counts = new Map<string, number>()
    for (const { node, fate } of seen.observation.fates)
      if (fate.startsWith('macsec-')) counts.set(`${node} ${fate}`, (counts.get(`${node} ${fate}`) ?? 0) + 1)
    return Object.fromEntries(counts)
  }
  /** Of what was captured on the link: how it was sealed, and that nothing could be read. */
  const sealed = (seen: Seen) => {
    const { findings, epochs } = judgeSeal(seen.on([target.fabric.link(LINK)]).captured())
    return {
      open: findings.filter(({ invariant }) =>
        ['INV-NO-CLEAR', 'INV-NO-CANARY', 'INV-PN'].includes(invariant),
      ),
      epochs: Object.fromEntries(
        [...epochs].filter(([name]) => name.includes('leaf1>spine1')).map(([name, n]) => [name.slice(-4), n]),
      ),
    }
  }
  const arrived = (seen: Seen) => judgeDelivery(seen).delivered

  it('[MACSEC-7] packet numbers that end go over to the next association, and no frame is lost', async () => {
    await load((near, far) => {
      near.tx.pn = String(WANTED - 6)
      for (const rx of far.rx) if (rx.an === near.tx.an) rx.pn = String(WANTED - 6)
    })
    await known()
    const seen = await send(12)
    expect(arrived(seen)).toBe(12)
    expect(fatesOf(seen)).toEqual({})
    const { open, epochs } = sealed(seen)
    expect(open).toEqual([])
    expect(Object.keys(epochs)).toEqual(['AN 0', 'AN 1'])
    expect(Object.values(epochs).reduce((sum, one) => sum + one, 0)).toBe(12)
  })

  it('[MACSEC-4] behind that, a frame of the old association that comes late is taken once, and not again', async () => {
    const tap = tapOf(target.reader, target.fabric.link(LINK), 'spine1')
    // What its sender would have sent next by the old one: nobody else uses the number.
    const late = sealedAs(tap, target.reader, { an: 0, pn: BigInt(WANTED) })
    const first = await target.send([late])
    expect(fatesOf(first)).toEqual({})
    expect(first.observation.fates.map(({ node, fate }) => `${node} ${fate}`)).toContain('spine1 no-route')
    const captured = (await send(2))
      .captured()
      .observation.wire.filter(({ link, to }) => link === LINK && to === 'spine1')
    const again = await target.send([late, ...captured.map((frame) => replayed(frame, 'nobody'))])
    expect(fatesOf(again)).toEqual({ 'spine1 macsec-replay': 1 + captured.length })
    expect(arrived(await send(4))).toBe(4)
  })

  it('[MACSEC-7] packet numbers that end without another association end what is sent, in no other way', async () => {
    await load((near, far) => {
      delete near.standby
      near.tx = { ...near.tx, key: ROLLED.exhausted, pn: '4294967290' }
      far.rx = [{ ...near.tx }]
    })
    await known()
    const seen = await send(12)
    expect(arrived(seen)).toBeLessThanOrEqual(6)
    expect(fatesOf(seen)['leaf1 macsec-pn-exhausted']).toBe(12 - arrived(seen))
    expect(sealed(seen).open).toEqual([])
    // What has a new key goes on: nothing else was lost.
    await load(() => undefined)
    await known()
    expect(arrived(await send(4))).toBe(4)
  })

  it.each([
    ['a new association', { an: 2, key: ROLLED.number }, 'macsec-an-unknown'],
    ['a new key of the same number', { an: 1, key: ROLLED.key, pn: '1000' }, 'macsec-icv'],
  ])(
    '[MACSEC-11] %s at one end alone: everything is refused, and goes on when the other end has it',
    async (_, to, fate) => {
      await load(() => undefined)
      await known()
      expect(arrived(await send(2))).toBe(2)
      await apply('leaf1', { table: 'transmit-association', to })
      const seen = await send(6)
      expect(arrived(seen)).toBe(0)
      expect(fatesOf(seen)).toEqual({ [`spine1 ${fate}`]: 6 })
      expect(sealed(seen).open).toEqual([])
      const { sci } = sealOf(program('leaf1')).tx
      await apply('spine1', { table: 'receive-association', sci, an: to.an, to: { key: to.key } })
      expect(arrived(await send(6))).toBe(6)
    },
  )

  it('after all of that every journal is what the twin makes of it', async () => {
    await target.close()
    const keys = new Map([...lab.keys].map(([name, hex]) => [name, new Uint8Array(Buffer.from(hex, 'hex'))]))
    const { nodes, outputs } = compareNodes(await lab.journals(), keys)
    expect(outputs).toBeGreaterThan(100)
    expect(
      nodes.flatMap(({ node, mismatches }) => mismatches.map(({ message }) => `${node}: ${message}`)),
    ).toEqual([])
  })

  it('an engine that is killed half-way leaves its ports dropping, and whoever it spoke to hears nothing more', async () => {
    const { sci } = sealOf(program('leaf1')).tx
    await apply('spine1', { table: 'receive-association', sci, an: 3, to: { key: ROLLED.killed } })
    const { nodes } = await lab.processes()
    process.kill(nodes['leaf1'] ?? 0, 'SIGKILL')
    const received = async () => {
      const { ports } = Stats.parse(await lab.control('spine1', { op: 'stats' }))
      return ports.find((port) => port.interface === plan.links.find(({ id }) => id === LINK)?.b.interface)
        ?.rx
    }
    const before = await received()
    // Its kernel, and whoever asks it, as before the guard's.
    const dev = 'eth1.phy'
    await lab.exec('leaf1', [
      'sh',
      '-c',
      `echo 0 > /proc/sys/net/ipv6/conf/${dev}/disable_ipv6; ip addr add 192.0.2.1/24 dev ${dev};
       python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.2", 9))'`,
    ])
    await delay(300)
    expect(await received()).toBe(before)
  })
})
