import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeFrame, fromHex, readCapture } from '../../twin/packet/index.js'
import { ztos } from '../testdata/call.js'

const file = 'topologies/demo.yaml'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-trace-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Traced {
  readonly arrived: readonly string[]
  readonly overheard: readonly string[]
  readonly fates: readonly { readonly node: string; readonly fate: string; readonly clause: string }[]
  readonly walk: { readonly start: string; readonly frame: string; readonly hops: readonly object[] }
}

async function traced(...argv: readonly string[]): Promise<Traced> {
  const called = await ztos('trace', file, ...argv, '--json')
  expect([called.status, called.stderr]).toEqual([0, ''])
  expect(called.json()).toMatchObject({ format: 'ztos-trace', version: 1, walk: { format: 'ztos-walk' } })
  return called.json() as Traced
}

/** Fields of the first layers of the frame that was sent. */
function layersOf({ walk }: Traced): readonly unknown[] {
  return decodeFrame(fromHex(walk.frame))
}

describe('the frame', () => {
  test('inside the subnet goes to the other host, over the L2 VNI', async () => {
    const walk = await traced('--from', 'shop/web1', '--to', 'shop/web2', '--warm')
    expect(layersOf(walk).slice(0, 3)).toMatchObject([
      { kind: 'ethernet' },
      { kind: 'ipv4', ttl: 64 },
      { kind: 'icmp', type: 8 },
    ])
    expect(walk.arrived).toEqual(['shop/web2'])
    expect(walk.overheard).toEqual([])
  })

  test('beyond it goes to the gateway, which is routed', async () => {
    const { stdout } = await ztos(
      'trace',
      file,
      '--from',
      'shop/web1',
      '--to',
      'shop/db1',
      '--proto',
      'tcp/5432',
    )
    expect(stdout).toMatch(/^demo: from shop\/web1\n {2}.* tcp \d+ > 5432 /)
    expect(stdout).toMatch(/ROUTE-6 .*VRF shop/)
    expect(stdout).toMatch(/\narrived at shop\/db1\n/)
  })

  test('carries protocol, port, size and TTL as asked', async () => {
    const walk = await traced(
      '--from',
      'shop/web1',
      '--to',
      'shop/web2',
      '--proto',
      'udp/53',
      '--size',
      '100',
      '--ttl',
      '9',
    )
    expect(layersOf(walk).slice(0, 3)).toMatchObject([
      { kind: 'ethernet' },
      { kind: 'ipv4', ttl: 9 },
      { kind: 'udp', dstPort: 53, length: 108 },
    ])
  })

  test('is IPv6 when asked for', async () => {
    const walk = await traced('--from', 'shop/web1', '--to', 'shop/db1', '--ipv6')
    expect(layersOf(walk).slice(0, 3)).toMatchObject([
      { kind: 'ethernet' },
      { kind: 'ipv6' },
      { kind: 'icmpv6', type: 128 },
    ])
    expect(walk.arrived).toEqual(['shop/db1'])
  })

  test('to a gateway by address is answered', async () => {
    const walk = await traced('--from', 'shop/web1', '--to', '10.1.0.1')
    expect(walk.arrived).toEqual(['shop/web1'])
    expect(walk.fates).toContainEqual({ node: 'leaf1', fate: 'echo-answered', clause: 'LOCAL-3' })
  })

  test('to another tenant arrives nowhere', async () => {
    const walk = await traced('--from', 'shop/web1', '--to', 'bank/db1')
    expect(walk.arrived.filter((host) => host.startsWith('bank/'))).toEqual([])
    expect(walk.overheard.filter((host) => host.startsWith('bank/'))).toEqual([])
  })

  test('that is too long says so', async () => {
    const walk = await traced('--from', 'shop/web1', '--to', 'shop/web2', '--size', '3000')
    expect(walk.arrived).toEqual([])
    expect(walk.fates.map(({ fate }) => fate)).toEqual(['frame-oversize'])
  })

  test('may be given in hexadecimal', async () => {
    const frame = `ffffffffffff 020000000001 0806 ${'00'.repeat(46)}`
    const walk = await traced('--from', 'shop/web1', '--frame', frame)
    expect(walk.walk.frame).toBe(frame.replaceAll(' ', ''))
    expect(walk.walk.start).toBe('shop/web1')
  })
})

test('--warm lets both ends speak before: a known host is not flooded to', async () => {
  const cold = await traced('--from', 'shop/web1', '--to', 'shop/web2')
  expect(cold.overheard).toEqual(['shop/web3'])
  const warm = await traced('--from', 'shop/web1', '--to', 'shop/web2', '--warm')
  expect(warm.overheard).toEqual([])
})

test('--pcap holds the frame at every hop, and leaves nothing else behind', async () => {
  const pcap = path.join(folder, 'walk.pcapng')
  await traced('--from', 'shop/web1', '--to', 'shop/web2', '--warm', '--pcap', pcap)
  const { packets, interfaces } = readCapture(readFileSync(pcap))
  expect(packets.length).toBeGreaterThan(6)
  expect(interfaces.map(({ name }) => name)).toEqual(expect.arrayContaining(['leaf1:eth5', 'shop/web2']))
  expect(readdirSync(folder)).toEqual(['walk.pcapng'])
})

test.each([
  ['--from shop/wbe1 --to shop/db1', 'ZT_CLI_NAME', 'did you mean shop/web1?'],
  ['--from shop/web1 --to shop/dbx1', 'ZT_CLI_NAME', 'did you mean shop/db1?'],
  ['--from shop/web1', 'ZT_CLI_USAGE', 'give --to HOST, or --frame HEX'],
  ['--from shop/web1 --to shop/db1 --proto sctp/1', 'ZT_CLI_USAGE', 'use icmp, tcp/PORT or udp/PORT'],
  ['--from shop/web1 --to shop/db1 --proto tcp/65536', 'ZT_CLI_USAGE', 'use icmp, tcp/PORT or udp/PORT'],
  ['--from bank/db1 --to bank/web1 --ipv6', 'ZT_CLI_INPUT', 'leave out --ipv6'],
  ['--from shop/web1 --to 10.1.1.1 --ipv6', 'ZT_CLI_USAGE', 'leave out --ipv6'],
  ['--from shop/web1 --to 10.1.0.77', 'ZT_CLI_INPUT', 'name the host that has the address'],
  ['--from shop/web1 --to 10.1.0.777', 'ZT_IP_SYNTAX', ''],
  ['--from bank/sync1 --to bank/db1', 'ZT_CLI_INPUT', 'name a host of its own network'],
  ['--from shop/web1 --frame 0011', 'ZT_CLI_INPUT', '14 octets'],
  ['--from shop/web1 --frame 0x11', 'ZT_HEX_SYNTAX', 'two digits for each octet'],
  ['--from shop/web1 --frame 00 --to shop/db1', 'ZT_CLI_USAGE', 'leave them out'],
])('%s is refused', async (line, code, remedy) => {
  const { status, stdout, stderr } = await ztos('trace', file, ...line.split(' '))
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toContain(`error: ${code}: `)
  expect(stderr).toContain(remedy)
})
