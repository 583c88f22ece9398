import { describe, expect, test } from 'vitest'
import { viewOf } from '../../sdk/fabric-view.js'
import { flow, framesOf, reverse, roomBetween } from '../../sdk/traffic/flow.js'
import { packetLength, plainPacket } from '../../sdk/traffic/packet.js'
import { pathBetween } from '../../sdk/traffic/path.js'
import { canariesOf, CanarySearch, markedPayload } from '../../sdk/traffic/payload.js'
import { whoHas } from '../../sdk/traffic/neighbour.js'
import { arp, decodeFrame, findTraceId, firstLayer, parseIp, problemsOf } from '../../twin/packet/index.js'
import { planOf } from './testing/demo.js'

const fabric = viewOf(planOf('demo'))
const host = (id: string) => fabric.host(id)
const id = { run: 1, trace: 2 }

describe('what a fabric view shows', () => {
  test('tenants, networks, hosts and links by name', () => {
    expect(Object.keys(fabric.tenants)).toEqual(['bank', 'shop'])
    expect(fabric.tenants['shop']?.hosts.map((one) => one.id)).toContain('shop/web1')
    expect(fabric.links({ seal: 'core' })).toHaveLength(6)
    expect(fabric.links({ name: 'leaf*--spine1' }).map((one) => one.id)).toEqual([
      'leaf1--spine1',
      'leaf2--spine1',
      'leaf3--spine1',
    ])
    expect(fabric.links({ node: 'leaf1' })).toHaveLength(2)
    expect(fabric.links({ name: 'leaf.--spine1' })).toEqual([])
  })

  test.each([
    ['tenant', () => fabric.tenants['shpo']],
    ['tenant', () => fabric.tenant('shpo')],
    ['host', () => fabric.host('shop/web9')],
    ['link', () => fabric.link('leaf1--leaf2')],
    ['network', () => fabric.network('shop/none')],
    ['intent', () => fabric.intent('none')],
  ])('a %s that is not there is an error with the names that are', (what, look) => {
    expect(look).toThrow(
      expect.objectContaining({
        code: 'ZT_UNKNOWN_NAME',
        message: expect.stringContaining(`no ${what} '`) as string,
      }),
    )
  })

  test('printing a tenant asks for nothing that is not there', () => {
    expect(() =>
      JSON.stringify({ ...fabric.tenants }, (_, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    ).not.toThrow()
    expect(Object.prototype.toString.call(fabric.tenants)).toBe('[object Object]')
  })
})

describe('what the plan promises between two hosts', () => {
  const path = (from: string, to: string, family: 4 | 6 = 4) =>
    pathBetween(fabric.tenant(host(from).tenant), host(from), host(to), family)

  test.each([
    ['bridged on one leaf', 'shop/web1', 'shop/web3', { kind: 'bridged', gateways: 0, vni: undefined }],
    ['bridged between leaves', 'shop/web1', 'shop/web2', { kind: 'bridged', gateways: 0, vni: 10010 }],
    [
      'routed by two gateways over the L3 VNI',
      'shop/web1',
      'shop/db1',
      { kind: 'routed', gateways: 2, vni: 50001 },
    ],
    ['routed by one gateway', 'bank/web2', 'bank/db2', { kind: 'routed', gateways: 1, vni: undefined }],
    ['to itself', 'shop/web1', 'shop/web1', { kind: 'none' }],
    ['to another tenant', 'shop/web1', 'bank/web1', { kind: 'none' }],
    ['from a network without gateway', 'bank/sync1', 'bank/web1', { kind: 'none' }],
  ])('%s', (_, from, to, expected) => {
    expect(path(from, to)).toMatchObject(expected)
  })

  test('nothing in a family that one of them lacks', () => {
    expect(path('bank/web1', 'bank/db1', 6)).toMatchObject({ kind: 'none' })
  })
})

describe('flows', () => {
  test('a bridged frame is for the host, a routed one for the gateway, and arrives from it', () => {
    const ethernetOf = (bytes: Uint8Array) => firstLayer(decodeFrame(bytes), 'ethernet')
    const [bridged] = framesOf(flow(fabric, host('shop/web1'), host('shop/web2')))
    expect(ethernetOf(bridged?.bytes(id) ?? new Uint8Array())?.dst).toBe(host('shop/web2').mac)
    const [routed] = framesOf(flow(fabric, host('shop/web1'), host('shop/db1')))
    expect(ethernetOf(routed?.bytes(id) ?? new Uint8Array())?.dst).toBe(host('shop/web1').gatewayMac)
    if (routed?.expect.outcome !== 'delivered') throw new Error('not delivered')
    const arrived = routed.expect.arrival(id)
    expect(ethernetOf(arrived)).toMatchObject({ dst: host('shop/db1').mac, src: host('shop/db1').gatewayMac })
    expect(firstLayer(decodeFrame(arrived), 'ipv4')?.ttl).toBe(62)
    expect(problemsOf(decodeFrame(arrived))).toEqual([])
    expect(findTraceId(arrived)).toEqual(id)
  })

  test('the answer has the ports turned round', () => {
    const request = flow(fabric, host('shop/web1'), host('shop/db1'), {
      protocol: 'tcp',
      destinationPort: 5432,
    })
    expect(reverse(fabric, request)).toMatchObject({
      packet: { sourcePort: 5432, destinationPort: 40000 },
      from: { id: 'shop/db1' },
    })
    const ping = flow(fabric, host('shop/web1'), host('shop/db1'), { protocol: 'icmp' })
    expect(reverse(fabric, ping).packet).toMatchObject({ reply: true, sourcePort: 40000 })
  })

  test('the largest packet fits and one octet more does not', () => {
    const [from, to] = [host('shop/web1'), host('shop/db1')]
    const room = roomBetween(from, to)
    const size = room - packetLength({ ...plainPacket, size: 0 })
    expect(packetLength(flow(fabric, from, to, { size }).packet)).toBe(room)
    expect(() => flow(fabric, from, to, { size: size + 1 })).toThrow(
      expect.objectContaining({ code: 'ZT_FRAME' }),
    )
    expect(() => flow(fabric, from, host('bank/web1'))).toThrow(
      expect.objectContaining({ code: 'ZT_NO_PATH' }),
    )
  })
})

describe('payloads', () => {
  test.each([32, 33, 64, 1400])('%i octets hold the whole canary and the mark', (length) => {
    const payload = Buffer.from(markedPayload(length, id))
    expect(payload).toHaveLength(length)
    expect(new CanarySearch(id.run).find(payload)).toBe(0)
    expect(findTraceId(payload)).toEqual(id)
  })

  test.each([0, 1, 15])('%i octets have no room for a mark', (length) => {
    expect(findTraceId(markedPayload(length, id))).toBeUndefined()
  })

  test('eight octets of a payload are found wherever they begin and stand, in any frame of the run', () => {
    const noise = Buffer.alloc(100, 0xa5)
    for (const trace of [0, 7, 15, 16, 4711]) {
      const payload = markedPayload(64, { run: id.run, trace })
      for (let from = 0; from + 8 <= 64 - 16; from++) {
        const search = new CanarySearch(id.run)
        const leak = Buffer.concat([noise.subarray(0, 31), payload.subarray(from, from + 8), noise])
        expect(search.find(leak), `from octet ${from}`).toBe(31)
        expect(search.find(Buffer.concat([noise, payload.subarray(from, from + 7)]))).toBeUndefined()
        expect(search.searched).toBe(31 + 8 + 100 + 100 + 7)
      }
    }
    const mark = markedPayload(16, { run: id.run, trace: 99 })
    expect(new CanarySearch(id.run).find(mark)).toBe(0)
  })

  test('payloads begin at each octet of the canary in turn', () => {
    const begins = Array.from({ length: 16 }, (_, trace) =>
      Buffer.from(markedPayload(48, { run: id.run, trace }).subarray(0, 16)).toString('hex'),
    )
    expect(new Set(begins).size).toBe(16)
  })

  test('another run has another canary', () => {
    expect(canariesOf(1)[0]).not.toEqual(canariesOf(2)[0])
  })
})

describe('questions', () => {
  test('ARP and neighbour solicitations are well formed and carry the mark behind them', () => {
    const four = whoHas(host('shop/web1'), { target: parseIp('10.1.0.1') })?.bytes(id) ?? new Uint8Array()
    expect(arp.operation(four, 14)).toBe(1)
    expect(findTraceId(four)).toEqual(id)
    const six = whoHas(host('shop/web1'), { target: parseIp('2001:db8:1::1') })?.bytes(id) ?? new Uint8Array()
    expect(problemsOf(decodeFrame(six))).toEqual([])
    expect(firstLayer(decodeFrame(six), 'icmpv6')?.type).toBe(135)
    expect(whoHas(host('bank/db1'), { target: parseIp('2001:db8:1::1') })).toBeUndefined()
  })
})
