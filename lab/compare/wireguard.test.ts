import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { FabricComparer } from './fabric.js'
import type { Observation, WireFrame } from '../../record/target.js'
import { parseFabric } from '../../twin/model/index.js'
import {
  build,
  encodeFrame,
  encodeTraceId,
  ethernet,
  findTraceId,
  parseIpv4,
  parseMac,
} from '../../twin/packet/index.js'
import { compile, deriveKeys } from '../../twin/program/index.js'
import { twinTarget } from '../../twin/target.js'

const text = readFileSync(new URL('../../topologies/demo-wireguard.yaml', import.meta.url))
const { fabric } = parseFabric(text, 'demo-wireguard.yaml')
if (fabric === undefined) throw new TypeError('the fabric is not sound')
const plan = compile(fabric)
const keys = deriveKeys(plan, new Uint8Array(32).fill(5))
const hostOf = (id: string) => {
  const found = plan.hosts.find((host) => host.id === id)
  if (found === undefined) throw new TypeError(id)
  return found
}

function flowOf(trace: number) {
  const [from, to] = [hostOf('shop/web1'), hostOf('shop/web2')]
  const ip = ({ addresses }: typeof from) => parseIpv4(addresses[0]?.split('/')[0] ?? '')
  const frame = encodeFrame(
    build.ethernet(
      { dst: parseMac(to.mac), src: parseMac(from.mac) },
      build.ipv4(
        { src: ip(from), dst: ip(to) },
        build.udp({ srcPort: 1, dstPort: 9 }, build.payload(encodeTraceId({ run: 7, trace }))),
      ),
    ),
  )
  return { trace, at: { host: from.id }, frame }
}

const observe = (trace: number): Promise<Observation> => twinTarget(plan, keys).send([flowOf(trace)])
const changed = (one: Observation, change: (frame: WireFrame) => Uint8Array): Observation => ({
  ...one,
  wire: one.wire.map((wire) => ({ ...wire, frame: change(wire) })),
})

describe('links sealed by WireGuard', () => {
  it('[WG-17] carry a tenant from leaf to leaf, and each frame on them opens with the sessions of their nodes', async () => {
    const seen = await observe(1)
    expect(seen.arrivals.map(({ host }) => host)).toContain('shop/web2')
    const opened = seen.wire.map((wire) => seen.opener?.open(wire))
    expect(opened).not.toContain(undefined)
    const traces = opened.flatMap((one) =>
      one?.kind === 'data' ? (findTraceId(one.clear)?.trace ?? []) : [],
    )
    // Up to a spine and down from it.
    expect(traces).toEqual([1, 1])
    expect(opened.filter((one) => one?.kind === 'handshake')).toHaveLength(4)
    expect(seen.wire.every(({ frame }) => findTraceId(frame) === undefined)).toBe(true)
  })

  it('[WG-28] go on however old the sessions are: peers do not undo each other’s handshakes', async () => {
    const target = twinTarget(plan, keys)
    for (const [trace, seconds] of [0, 10, 301, 130, 541].entries()) {
      await target.advanceTime(seconds * 1e9)
      const { arrivals } = await target.send([flowOf(trace + 1)])
      expect(
        arrivals.map((one) => `${one.host} ${one.trace}`),
        `${seconds} s later`,
      ).toContain(`shop/web2 ${trace + 1}`)
    }
  })

  it('show no keys in what is printed of an observation', async () => {
    const { opener } = await observe(1)
    expect(inspect(opener, { depth: 9 })).toMatch(/^SessionOpener \{\}$/)
  })

  it('are the same in two runs of different sessions, and differ in any octet that is not of the session', async () => {
    const one = await observe(1)
    const other = await twinTarget(plan, deriveKeys(plan, new Uint8Array(32).fill(6))).send([flowOf(1)])
    const comparer = () => new FabricComparer(plan, keys)
    const same = comparer().compare(one, other)
    expect(same.differences).toEqual([])
    expect(same.untraced).toMatchObject({ 'wireguard-handshake': { twin: 4, lab: 4 } })
    expect(comparer().compare(one, await observe(2)).ok).toBe(false)
    const last = changed(one, ({ frame }) => frame.with(frame.length - 1, frame.at(-1)! ^ 1))
    expect(comparer().compare(one, last).differences.length).toBeGreaterThan(0)
  })

  it('see every flipped bit of a data frame', async () => {
    const one = await observe(1)
    const data = one.wire.find((wire) => one.opener?.open(wire)?.kind === 'data')
    if (data === undefined) throw new TypeError('no data')
    const alone = { ...one, wire: [data], arrivals: [] }
    for (let bit = 0; bit < data.frame.length * 8; bit += 5) {
      const frame = data.frame.slice()
      frame[bit >> 3] = frame[bit >> 3]! ^ (1 << (bit & 7))
      const { ok } = new FabricComparer(plan, keys).compare(alone, { ...alone, wire: [{ ...data, frame }] })
      expect(ok, `bit ${bit}`).toBe(false)
    }
  })

  it('do not take clear frames for their own, and are not compared by whoever does not know their sessions', async () => {
    const one = await observe(1)
    const clear = changed(one, ({ link, from, frame }) => {
      const opened = one.opener?.open({ link, from, frame })
      return opened?.kind === 'data' ? opened.clear : frame
    })
    expect(clear.wire.filter(({ frame }) => findTraceId(frame) !== undefined)).toHaveLength(2)
    for (const wire of clear.wire.filter(({ frame }) => findTraceId(frame) !== undefined)) {
      expect(one.opener?.open(wire)).toBeUndefined()
      expect(ethernet.etherType(wire.frame, 0)).toBe(ethernet.EtherType.IPV4)
    }
    expect(new FabricComparer(plan, keys).compare(one, clear).ok).toBe(false)
    const { opener: _, ...blind } = one
    expect(() => new FabricComparer(plan, keys).compare(one, blind)).toThrow(
      /^ZT_LAB_STATE: nobody knows the sessions of leaf/,
    )
  })
})
