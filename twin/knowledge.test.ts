import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { compile } from './compile.js'
import { loadFabric } from './model/index.js'
import { build, encodeFrame, internetChecksum, macOfIpv4Group, parseIp, parseMac } from './packet/index.js'
import type { Ipv4 } from './packet/index.js'
import { deriveKeys, SEED_LENGTH } from './program/index.js'
import { twinTarget } from './target.js'

/** IGMPv2 (RFC 2236): type 0x16, a report. */
const REPORT = 0x16
const GROUP = parseIp('239.1.1.1') as Ipv4

test('what hosts want of groups is known, and is forgotten with the rest', async () => {
  const { fabric } = loadFabric('topologies/drained.yaml')
  if (fabric === undefined) throw new Error('drained is not sound')
  const plan = compile(fabric)
  const host = plan.hosts.find(({ id }) => id === 'shop/web2')
  const address = host?.addresses[0]?.split('/')[0]
  if (host === undefined || address === undefined) throw new Error('drained has no shop/web2')
  const message = Uint8Array.of(REPORT, 0, 0, 0, 239, 1, 1, 1)
  const sum = internetChecksum(message, 0, message.length)
  message.set([sum >>> 8, sum & 0xff], 2)
  const options = Uint8Array.of(0x94, 4, 0, 0)
  const packet = build.ipv4(
    { src: parseIp(address) as Ipv4, dst: GROUP, protocol: 2, ttl: 1, options },
    build.payload(message),
  )
  const spoken = build.ipv4({ src: parseIp(address) as Ipv4, dst: GROUP, protocol: 99, ttl: 1 })
  const to = { src: parseMac(host.mac), dst: macOfIpv4Group(GROUP) }
  const target = twinTarget(plan, deriveKeys(plan, randomBytes(SEED_LENGTH)))
  const send = async (frame: Uint8Array) => target.send([{ trace: 1, at: { host: host.id }, frame }])

  const nothing = target.knowledge()
  await send(encodeFrame(build.ethernet(to, spoken)))
  const heard = target.knowledge()
  await send(encodeFrame(build.ethernet(to, packet)))
  const asked = target.knowledge()
  expect(new Set([nothing, heard, asked]).size, 'three different things').toBe(3)
  expect(asked).toContain('239.1.1.1')
  await target.reset()
  expect(target.knowledge()).toBe(nothing)
})
