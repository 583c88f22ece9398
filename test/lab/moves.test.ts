/**
 * MACs that move between leaves while traffic runs: frames follow at once, in twin and lab alike; where frames race, the journals say in
 * which order each node had them, and the twin then says the same.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Injection, Observation } from '../../record/target.js'
import { planOf } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

const fabric = (underlay: string) => `
ztos: 1
name: moves
underlay: { mtu: 1700, ${underlay} }
nodes: { "spine[1-2]": { role: spine }, "leaf[1-3]": { role: leaf } }
seals: { core: { macsec: gcm-aes-128, key: "lab:core" } }
links: [{ from: "leaf*", to: "spine*", seal: core }]
tenants:
  red:
    networks:
      wire: { vni: 10001, subnet: [10.0.0.0/24, "fd00:0:0:a::/64"] }
    hosts:
      mover: { at: leaf1, network: wire }
      stayer: { at: leaf1, network: wire }
      other: { at: leaf2, network: wire }
      speaker: { at: leaf3, network: wire }
`
/** More than the ageing of bridges, ns. */
const LONG = 3_600 * 1_000_000_000

describe.each([
  ['IPv4', 'loopbacks: 10.255.0.0/24, links: 10.254.0.0/24'],
  ['IPv6', 'loopbacks: "2001:db8:ffff::/64", links: "2001:db8:fffe::/64"'],
])('[Z12] [B02] a MAC that moves under traffic, underlay %s', (_family, underlay) => {
  const plan = planOf(fabric(underlay))
  const pair = sideBySide(plan)

  const frame = (from: string, to: string, family: 4 | 6 = 4, srcPort = 40_000) =>
    udpFrame(plan, { trace: pair.next(), from: `red/${from}`, to: `red/${to}`, family, srcPort })
  /** The mover speaks from the port of another host. */
  const from = (port: string, one: Injection): Injection => ({ ...one, at: { host: `red/${port}` } })
  const flow = (count: number) =>
    Array.from({ length: count }, (_, n) => frame('speaker', 'mover', n % 2 === 0 ? 4 : 6, 41_000 + n))
  const heardBy = ({ arrivals }: Observation, { trace }: Injection) =>
    arrivals
      .filter((one) => one.trace === trace)
      .map(({ host }) => host.replace('red/', ''))
      .sort()

  const requestOf = (frames: readonly Injection[]) => ({
    op: 'send',
    frames: frames.map(({ at, frame: bytes }) => ({
      host: 'host' in at ? at.host : '',
      data: Buffer.from(bytes).toString('base64'),
    })),
  })

  it('flows of another leaf follow it there and back, frame by frame as the twin says', async () => {
    const [before, there, back] = [flow(12), flow(12), flow(12)]
    const { lab: seen } = await pair.both([
      frame('mover', 'speaker'),
      ...before,
      from('other', frame('mover', 'speaker')),
      ...there,
      frame('mover', 'speaker'),
      ...back,
    ])
    expect(before.map((one) => heardBy(seen, one))).toEqual(before.map(() => ['mover']))
    expect(there.map((one) => heardBy(seen, one))).toEqual(there.map(() => ['other']))
    expect(back.map((one) => heardBy(seen, one))).toEqual(back.map(() => ['mover']))
    const { mismatches, inputs } = await pair.replayed()
    expect(mismatches).toEqual([])
    expect(inputs).toBeGreaterThan(50)
  })

  it('flows of its old leaf cross to the new one, and from its old leaf nobody hears them', async () => {
    const talk = (count: number) => Array.from({ length: count }, () => frame('stayer', 'mover'))
    const [before, after] = [talk(4), talk(4)]
    const { lab: seen } = await pair.both([
      frame('mover', 'stayer'),
      ...before,
      // It moves with a broadcast, as a host that was moved does.
      from(
        'other',
        udpFrame(plan, {
          trace: pair.next(),
          from: 'red/mover',
          to: 'red/mover',
          dstMac: 'ff:ff:ff:ff:ff:ff',
          address: '255.255.255.255',
        }),
      ),
      ...after,
    ])
    expect(before.map((one) => heardBy(seen, one))).toEqual(before.map(() => ['mover']))
    expect(after.map((one) => heardBy(seen, one))).toEqual(after.map(() => ['other']))
  })

  it('what has aged is flooded to everybody, until it speaks from where it is', async () => {
    await pair.both([frame('mover', 'speaker'), ...flow(2)])
    for (const one of [pair.twin, pair.target]) await one.advanceTime(LONG)
    const [lost, found] = [frame('speaker', 'mover'), frame('speaker', 'mover')]
    const { lab: seen } = await pair.both([lost, from('other', frame('mover', 'speaker')), found])
    expect(heardBy(seen, lost)).toEqual(['mover', 'other', 'stayer'])
    expect(heardBy(seen, found)).toEqual(['other'])
  })

  it('what was still on its way when all was to be forgotten does not teach', async () => {
    const pid = (await pair.lab.processes()).nodes['leaf1']
    if (typeof pid !== 'number') throw new Error('the engine of leaf1 does not run')
    process.kill(pid, 'SIGSTOP')
    try {
      // Past the target, which would wait for it: leaf1 has it in its ring, the others are idle.
      await pair.lab.probe(requestOf([frame('mover', 'speaker')]))
      const forgotten = pair.reset()
      await delay(50)
      process.kill(pid, 'SIGCONT')
      await forgotten
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const lost = frame('speaker', 'mover')
    const { lab: seen } = await pair.both([lost])
    expect(heardBy(seen, lost)).toEqual(['mover', 'other', 'stayer'])
  })

  it('while it moves to and fro and all send at once, each node does what the twin says that its inputs make it do', async () => {
    const rounds = Array.from({ length: 20 }, (_, round) => [
      round % 2 === 0 ? frame('mover', 'speaker') : from('other', frame('mover', 'speaker')),
      ...flow(4),
      frame('stayer', 'mover'),
    ]).flat()
    // Past the target, which lets frames that teach travel alone: two requests at a time, each of many hosts.
    const send = (frames: readonly Injection[]) => pair.lab.probe(requestOf(frames))
    for (let at = 0; at < rounds.length; at += 24) {
      await Promise.all([send(rounds.slice(at, at + 12)), send(rounds.slice(at + 12, at + 24))])
    }
    // A reset comes to rest first, and takes what has happened as the past.
    await pair.reset()
    const { mismatches, inputs } = await pair.replayed()
    expect(mismatches).toEqual([])
    expect(inputs).toBeGreaterThan(50)
    // And after it all the fabric is as good as new.
    const last = flow(4)
    const { lab: seen } = await pair.both([from('other', frame('mover', 'speaker')), ...last])
    expect(last.map((one) => heardBy(seen, one))).toEqual(last.map(() => ['other']))
  })
})
