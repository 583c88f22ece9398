/**
 * Another WireGuard as judge: an engine and wireguard-go in namespaces of their own, a cable between them that is listened to, and a host
 * behind the engine. What one seals the other opens, who begins is the one or the other, and the cable never sees what is inside.
 */
import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it, type TestContext } from 'vitest'
import {
  encodeFrame,
  build,
  firstLayer,
  parseIpv4,
  parseIpv6,
  parseMac,
  wireguard,
} from '../../twin/packet/index.js'
import { hash, keyedMac } from '../../twin/packet/wireguard-crypto.js'
import { needsRoot } from './support/host.js'
import { engineDump, OWN_KEY, settledDumps, SHARED_KEY } from './support/wireguard-dump.js'
import type { Heard } from './support/wireguard-heard.js'
import { CANARY, Pair, until, type PairOptions } from './support/wireguard-pair.js'
import {
  FAR_MAC,
  HOST,
  INNER,
  MTU,
  OUTER,
  PORT,
  type Family,
  type Form,
} from './support/wireguard-program.js'

const SECOND = 1_000_000_000
const forms: readonly Form[] = ['underlayVrf', 'lower']
const families: readonly Family[] = [4, 6]

beforeEach(needsRoot)

/** A pair of the test's own, for tests mostly wait and so go side by side. Listened to until the test's end. */
async function pairOf({ onTestFinished }: TestContext, options: PairOptions): Promise<Pair> {
  const pair = await Pair.open(options)
  onTestFinished(async () => {
    try {
      await expectSealed(pair)
    } finally {
      await pair.close()
    }
  })
  return pair
}

/** On the cable is WireGuard alone, and nothing of what is inside. */
async function expectSealed(pair: Pair): Promise<void> {
  const heard = await pair.heard()
  const foreign = heard.filter(
    ({ layers }) =>
      !layers.some(({ kind }) => kind.startsWith('wireguard-') || kind === 'icmpv6' || kind === 'arp'),
  )
  expect(foreign.map(({ layers }) => layers.map(({ kind }) => kind))).toEqual([])
  expect((await pair.canaries()).cable).toBe(0)
}

/** Pings from the side that begins; inside both families, then back. */
async function pingsBothWays(pair: Pair, first: 'host' | 'peer'): Promise<readonly number[]> {
  const ways = first === 'host' ? (['host', 'peer'] as const) : (['peer', 'host'] as const)
  const answers: number[] = []
  for (const from of ways) {
    const to = from === 'host' ? INNER.peer : INNER.host
    for (const family of families) answers.push(await pair.ping(from, to[family]))
  }
  return answers
}

/** Data, but an empty text. */
function isKeepalive({ from, layers }: Heard, sender: Heard['from']): boolean {
  const has = (wanted: string) => layers.some(({ kind }) => kind === wanted)
  return from === sender && has('wireguard-data') && !has('payload')
}

/** Longest first, or the others wait for it. What takes long is of one form each, and both forms occur. */
describe.concurrent('a peer of an engine, at length', () => {
  it('[WG-16] [WG-29] shakes hands again when the engine answers no more, for its key is gone', async (context) => {
    const pair = await pairOf(context, { form: 'lower', outer: 4, knows: 'peer' })
    expect(await pair.ping('peer', INNER.host[4])).toBe(2)
    // 10 s after the last answer wireguard-go says that it has heard it, so that the engine has no reason to begin.
    const isQuiet = async () => {
      const last = (await pair.messages()).at(-1)
      return last !== undefined && isKeepalive(last, 'peer')
    }
    await until('wireguard-go says that it is alive', isQuiet, 20_000)
    const initiations = () => pair.messages('wireguard-initiation')
    // Answered faster than it sets its timer, wireguard-go may have sent a second one by now.
    const before = (await initiations()).length
    await pair.control('advance-time', { ns: 181 * SECOND })
    // wireguard-go waits 15 s for an answer to its data before it begins anew.
    expect(await pair.ping('peer', INNER.host[4], { count: 1, wait: 1 })).toBe(0)
    expect(await pair.fates()).toMatchObject({ 'wireguard-key-expired': 1 })
    const anew = async () => (await initiations()).length > before
    await until('wireguard-go begins anew', anew, 25_000)
    expect((await initiations()).filter(({ from }) => from === 'engine')).toEqual([])
    expect(await pair.ping('peer', INNER.host[4])).toBe(2)
  })

  it.for([
    // What the engine counts as load: more than one a second.
    { form: 'underlayVrf', under: 'engine', by: 'peer', size: 1, burst: 1, interval: 50 },
    // wireguard-go is under load for a second after 128 messages waited in its queue.
    { form: 'lower', under: 'peer', by: 'engine', size: 1000, burst: 1000, interval: 300 },
  ] as const)(
    '[WG-10] [WG-15] [WG-21] shakes hands with a cookie when the $under is under load, $form',
    async ({ form, under, by, size, ...pace }, context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: by, loadLimit: 1 })
      const keys = under === 'engine' ? pair.engineKeys : pair.peerKeys
      // Initiations of nobody whose mac1 is right: they are work, and get cookies, which nobody uses.
      const load = Array.from({ length: size }, () => initiationTo(keys.publicKey))
      const enough = await pair.sendAsStranger(under, load, pace)
      const [from, to] = by === 'peer' ? (['peer', INNER.host] as const) : (['host', INNER.peer] as const)
      expect(await pair.ping(from, to[4], { count: 1, wait: 9 })).toBe(1)
      const { 'wireguard-under-load': refused = 0, ...fates } = await pair.fates()
      enough()
      const own = (await pair.messages()).flatMap((one) => {
        const ip = firstLayer(one.layers, 'ipv4')
        if ([ip?.src, ip?.dst].includes(parseIpv4(OUTER.stranger[4]))) return []
        const message = one.layers.find(({ kind }) => kind.startsWith('wireguard-'))
        const hasMac2 = message !== undefined && 'mac2' in message && message.mac2.some((octet) => octet > 0)
        return [`${one.from} ${message?.kind}${hasMac2 ? ' with mac2' : ''}`]
      })
      expect(own.slice(0, 4)).toEqual([
        `${by} wireguard-initiation`,
        `${under} wireguard-cookie-reply`,
        `${by} wireguard-initiation with mac2`,
        `${under} wireguard-response`,
      ])
      expect(refused > 50).toBe(under === 'engine')
      expect(fates).toMatchObject({ 'wireguard-handshake': 1 })
      expect(fates['wireguard-cookie'] ?? 0).toBe(under === 'engine' ? 0 : 1)
    },
  )

  it.for([
    { form: 'lower', knows: 'engine' },
    { form: 'underlayVrf', knows: 'peer' },
  ] as const)(
    '[WG-13] gets nothing when its PSK is another and the $knows begins, $form',
    async ({ form, knows }, context) => {
      const pair = await pairOf(context, { form, outer: 4, knows, presharedKey: 'different' })
      const [from, to] =
        knows === 'engine' ? (['host', INNER.peer] as const) : (['peer', INNER.host] as const)
      expect(await pair.ping(from, to[4], { wait: 2 })).toBe(0)
      // The initiation knows nothing of the PSK; the response does, and is not believed.
      const answers = knows === 'engine' ? 'peer' : 'engine'
      const responses = async () =>
        (await pair.messages('wireguard-response')).filter((one) => one.from === answers)
      await until(`the ${answers} responds`, async () => (await responses()).length > 0)
      expect(await pair.messages('wireguard-data')).toEqual([])
      const { sessions } = await pair.peer()
      expect(sessions.filter(({ role }) => role === 'current')).toEqual([])
    },
  )

  it.for([
    { form: 'underlayVrf', sender: 'engine', options: { engineKeepalive: 1 } },
    { form: 'lower', sender: 'peer', options: { peerKeepalive: 1 } },
  ] as const)(
    '[WG-29] [WG-30] is kept alive by the $sender, and both sides are, without any data, $form',
    async ({ form, sender, options }, context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: 'both', ...options })
      const isOne = (one: Heard) => isKeepalive(one, sender)
      const enough = async () => (await pair.messages()).filter(isOne).length >= 4
      await until(`${sender} keeps alive`, enough, 15_000)
      const messages = await pair.messages()
      const keepalives = messages.filter(isOne).slice(0, 4)
      const times = keepalives.map(({ at }) => Number(at) / SECOND)
      const gaps = times.slice(1).map((at, i) => at - times[i]!)
      // The first answers the response; from then on each second.
      expect(gaps.slice(1).filter((gap) => gap < 0.8 || gap > 1.6)).toEqual([])
      expect(messages.filter(({ layers }) => layers.some(({ kind }) => kind === 'payload'))).toEqual([])
    },
  )
})

const cases = forms.flatMap((form) =>
  families.flatMap((outer) =>
    ([undefined, 'same'] as const).flatMap((presharedKey) =>
      (['engine', 'peer'] as const).map((knows) => ({
        form,
        outer,
        knows,
        psk: presharedKey === undefined ? 'without PSK' : 'with PSK',
        options: { form, outer, knows, ...(presharedKey === undefined ? {} : { presharedKey }) },
      })),
    ),
  ),
)

describe.concurrent('[O10] [Z06] [WG-12] [WG-13] [WG-14] an engine and wireguard-go', () => {
  it.for(cases)(
    'shake hands and ping each other: $form, IPv$outer outside, $psk, begun by the $knows',
    async ({ options, knows, outer }, context) => {
      const pair = await pairOf(context, options)
      expect(await pingsBothWays(pair, knows === 'engine' ? 'host' : 'peer')).toEqual([2, 2, 2, 2])
      const [initiation] = await pair.messages('wireguard-initiation')
      const [response] = await pair.messages('wireguard-response')
      expect([initiation?.from, response?.from]).toEqual(
        knows === 'engine' ? ['engine', 'peer'] : ['peer', 'engine'],
      )
      const { endpoint, sessions, latestHandshake } = await pair.peer()
      expect(endpoint).toEqual({ address: OUTER.peer[outer], port: PORT })
      expect(sessions).toMatchObject([{ role: 'current', initiator: knows === 'engine' }])
      expect(Math.abs(latestHandshake - Date.now() / 1000)).toBeLessThan(30)
      // The canary is there to be seen, on the side where nothing is sealed.
      expect((await pair.canaries()).host).toBeGreaterThanOrEqual(8)
    },
  )
})

describe.concurrent.each(forms)(
  '[WG-16] [WG-23] [WG-26] data between an engine and wireguard-go, %s',
  (form) => {
    it.for(families)('is of every size that the tunnel carries, IPv%d inside', async (family, context) => {
      const pair = await pairOf(context, {
        form,
        outer: family === 4 ? 6 : 4,
        knows: 'both',
        presharedKey: 'same',
      })
      const headers = family === 4 ? 28 : 48
      const last = MTU - headers
      const said = await pair.echoes(['host', 'peer'], { family, first: 0, last })
      expect(said).toBe(`${last + 1} came back, TOS [0]\n`)
      // WG-26: padded to 16 octets, but not above the MTU; the tag behind it.
      const texts = (await pair.messages('wireguard-data')).flatMap(({ from, layers }) => {
        const payload = firstLayer(layers, 'payload')
        return from === 'engine' && payload !== undefined ? [payload.size] : []
      })
      expect(texts.filter((size) => size % 16 !== 0 && size !== MTU)).toEqual([])
      expect(Math.max(...texts)).toBe(MTU)
    })

    it('is taken when its UDP checksum comes to zero, IPv6 inside', async (context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: 'both' })
      const ports = { port: 7999, sourcePort: sourcePortOfZeroSum(7999) }
      const said = await pair.echoes(['host', 'peer'], { family: 6, first: 16, last: 16, ...ports })
      expect(said).toBe('1 came back, TOS [0]\n')
    })

    it('carries ECN out, and a TOS inside alone', async (context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: 'both' })
      for (const family of families) {
        for (const tos of [0, 1, 2, 3, 0xb8]) {
          const said = await pair.echoes(['host', 'peer'], { family, first: 64, last: 64, tos })
          expect(said).toBe(`1 came back, TOS [${tos}]\n`)
        }
      }
      const outer = (await pair.messages('wireguard-data')).flatMap(({ from, layers }) => {
        const isData = layers.some(({ kind }) => kind === 'payload')
        return from === 'engine' && isData ? [firstLayer(layers, 'ipv4')?.tos] : []
      })
      expect(outer).toEqual([0, 1, 2, 3, 0, 0, 1, 2, 3, 0])
      const handshakes = (await pair.messages('wireguard-initiation')).filter(({ from }) => from === 'engine')
      expect(handshakes.map(({ layers }) => firstLayer(layers, 'ipv4')?.tos)).toEqual([0x88])
    })

    it('[WG-17] is marked inside when it was marked on the way', async (context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: 'both' })
      expect(await pair.ping('host', INNER.peer[4])).toBe(2)
      await pair.markCongestion()
      const said = await pair.echoes(['host', 'peer'], { family: 4, first: 64, last: 64, tos: 2 })
      // wireguard-go sends the answer with an outer TOS of 0, which on its way becomes CE.
      expect(said).toBe('1 came back, TOS [3]\n')
    })

    it('[WG-17] [WG-24] is of allowed addresses alone, both ways', async (context) => {
      const pair = await pairOf(context, { form, outer: 4, knows: 'both' })
      expect(await pair.ping('host', INNER.peer[4])).toBe(2)
      // From an address that is none of the peer's, to the host: the engine takes it from the tunnel and drops it.
      const foreign = { count: 2, source: INNER.notAllowed[4], wait: 1 }
      expect(await pair.ping('peer', INNER.host[4], foreign)).toBe(0)
      expect(await pair.fates()).toMatchObject({ 'wireguard-source-not-allowed': 2 })
      // To one that is routed into the tunnel and nobody's there: the host is told.
      const { stdout } = await pair.exec('host', ['ping', '-n', '-c', '1', '-W', '2', INNER.notAllowed[4]])
      expect(stdout).toContain('Destination Host Unreachable')
      const v6 = await pair.exec('host', ['ping', '-n', '-c', '1', '-W', '2', INNER.notAllowed[6]])
      expect(v6.stdout).toContain('Address unreachable')
      // What wireguard-go does not allow from the engine does not come out there.
      await pair.wg('set', 'peer', pair.engineKeys.publicKey, 'allowed-ips', 'fd00:1::/64')
      expect(await pair.ping('host', INNER.peer[4], { wait: 1 })).toBe(0)
      expect(await pair.ping('host', INNER.peer[6])).toBe(2)
    })
  },
)

describe.concurrent.each(forms)('a peer of an engine, %s', (form) => {
  it('[WG-22] is followed when its address and port change', async (context) => {
    const pair = await pairOf(context, { form, outer: 4, knows: 'both' })
    expect(await pair.ping('host', INNER.peer[4])).toBe(2)
    await pair.movePeer(51999)
    expect(await pair.ping('peer', INNER.host[4], { source: INNER.peer[4] })).toBe(2)
    expect((await pair.peer()).endpoint).toEqual({ address: OUTER.moved[4], port: 51999 })
    expect(await pair.ping('host', INNER.peer[4])).toBe(2)
    const last = (await pair.messages('wireguard-data')).findLast(({ from }) => from === 'engine')!
    expect(firstLayer(last.layers, 'udp')).toMatchObject({ srcPort: PORT, dstPort: 51999 })
    expect(firstLayer(last.layers, 'ipv4')?.dst).toBe(parseIpv4(OUTER.moved[4]))
    // Nobody shook hands again for it.
    expect(await pair.messages('wireguard-initiation')).toHaveLength(1)
  })

  it('[O17] [WG-28] shakes hands again when the engine finds its key old, and no packet is lost', async (context) => {
    const pair = await pairOf(context, { form, outer: 4, knows: 'engine' })
    expect(await pair.ping('host', INNER.peer[4])).toBe(2)
    await pair.control('advance-time', { ns: 121 * SECOND })
    expect(await pair.ping('host', INNER.peer[4], { count: 5 })).toBe(5)
    const initiations = await pair.messages('wireguard-initiation')
    expect(initiations.map(({ from }) => from)).toEqual(['engine', 'engine'])
    expect((await pair.peer()).sessions.map(({ role }) => role)).toEqual(['previous', 'current'])
  })

  it('[WG-32] is spoken to again after the engine was killed, by whoever has something to say', async (context) => {
    const pair = await pairOf(context, { form, outer: 4, knows: 'both', presharedKey: 'same' })
    expect(await pair.ping('host', INNER.peer[4])).toBe(2)
    await pair.killEngine()
    await pair.startEngine()
    expect((await pair.peer()).sessions).toEqual([])
    expect(await pair.ping('host', INNER.peer[4])).toBe(2)
    expect(await pair.ping('peer', INNER.host[6])).toBe(2)
    expect((await pair.messages('wireguard-initiation')).map(({ from }) => from)).toEqual([
      'engine',
      'engine',
    ])
  })
})

describe.concurrent('[Z07] [WG-22] the state of an engine in the form of wg(8)', () => {
  it.for([
    { form: 'underlayVrf', outer: 4, knows: 'engine', presharedKey: 'same' },
    { form: 'lower', outer: 6, knows: 'peer' },
    { form: 'lower', outer: 4, knows: 'both', presharedKey: 'same', engineKeepalive: 25 },
  ] as const)(
    'mirrors what `wg show all dump` says of wireguard-go: $form, IPv$outer, begun by the $knows',
    async (options, context) => {
      const pair = await pairOf(context, options)
      const [own, other] = [pair.engineKeys.publicKey, pair.peerKeys.publicKey]
      const preshared = (value: string) => ('presharedKey' in options ? value : '(none)')
      const at = (address: string) => (options.outer === 6 ? `[${address}]:${PORT}` : `${address}:${PORT}`)

      // Before anything was said: who has nothing to go to and has heard nobody.
      const before = (await engineDump(pair)).peer
      const isTold = options.knows !== 'peer'
      expect(before[2]).toBe(isTold ? at(OUTER.peer[options.outer]) : '(none)')
      expect(await pingsBothWays(pair, options.knows === 'peer' ? 'peer' : 'host')).toEqual([2, 2, 2, 2])

      const { engine, go } = await settledDumps(pair)
      expect(engine.interface).toEqual(['tunnel', '(hidden)', own, String(PORT), 'off'])
      expect(go.interface).toEqual([expect.stringMatching(/^wg/), OWN_KEY, other, String(PORT), 'off'])

      const [rx, tx] = [engine.peer[5], engine.peer[6]]
      const handshake = engine.peer[4]
      expect(engine.peer).toEqual([
        other,
        preshared('(hidden)'),
        at(OUTER.peer[options.outer]),
        '10.2.0.0/24,fd00:2::/64',
        expect.stringMatching(/^\d+$/),
        expect.stringMatching(/^[1-9]\d+$/),
        expect.stringMatching(/^[1-9]\d+$/),
        'engineKeepalive' in options ? '25' : 'off',
      ])
      // What one sent the other received; each says where the other is.
      expect(go.peer).toEqual([
        own,
        preshared(SHARED_KEY),
        at(OUTER.engine[options.outer]),
        '10.1.0.0/24,10.9.0.0/24,fd00:1::/64',
        expect.stringMatching(/^\d+$/),
        tx,
        rx,
        'off',
      ])
      // The initiator has its session half a round trip before the other, which has it by the first data.
      expect(Math.abs(Number(handshake) - Number(go.peer[4]))).toBeLessThanOrEqual(1)
    },
  )
})

describe.concurrent('[WG-3] the kernel of a node whose port is sealed', () => {
  it('reaches through its TAP what is behind the tunnel', async (context) => {
    const pair = await pairOf(context, { form: 'lower', outer: 4, knows: 'both' })
    expect(await pair.ping('engine', INNER.peer[4])).toBe(2)
    expect(await pair.ping('peer', INNER.tunnel[4], { source: INNER.peer[4] })).toBe(2)
  })
})

/** Of a datagram that holds the canary alone: with port 0 the sum is all but this. */
function sourcePortOfZeroSum(dstPort: number): number {
  const datagram = build.udp({ srcPort: 0, dstPort }, build.payload(Buffer.from(CANARY)))
  const [src, dst] = [INNER.host[6], INNER.peer[6]].map(parseIpv6)
  const macs = { dst: parseMac(HOST.mac), src: parseMac(FAR_MAC.host) }
  const frame = encodeFrame(build.ethernet(macs, build.ipv6({ src: src!, dst: dst! }, datagram)))
  return Buffer.from(frame).readUInt16BE(60)
}

/** A message of nobody, whose mac1 is right. */
function initiationTo(publicKey: string): Uint8Array {
  const key = hash(new TextEncoder().encode('mac1----'), Buffer.from(publicKey, 'base64'))
  const at = 42
  const zeros = new Uint8Array(16)
  const fields = {
    sender: randomBytes(4).readUInt32LE(),
    ephemeral: randomBytes(32),
    static: randomBytes(48),
    timestamp: randomBytes(28),
  }
  const frameOf = (mac1: Uint8Array) =>
    encodeFrame(
      build.ethernet(
        { dst: parseMac('02:00:00:00:00:01'), src: parseMac('02:00:00:00:00:02') },
        build.ipv4(
          { src: parseIpv4('192.0.2.1'), dst: parseIpv4('192.0.2.2') },
          build.udp({ srcPort: PORT, dstPort: PORT }, build.wireguardInitiation({ ...fields, mac1 })),
        ),
      ),
    ).subarray(at)
  return frameOf(keyedMac(key, frameOf(zeros).subarray(0, wireguard.Initiation.mac1[0])))
}
