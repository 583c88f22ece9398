/**
 * Linux's WireGuard as judge: an engine, and the kernel of a reference VM at the other end of its cable. What one seals the other opens, who
 * begins is the one or the other, and what an attacker puts on the cable is worth nothing to either.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import { firstLayer, parseIpv4 } from '../../twin/packet/index.js'
import { bootVm, needsVm } from './support/vm-pair.js'
import { isKeepalive, senderOf, VmWireguard, type VmWireguardOptions } from './support/vm-wireguard.js'
import { until } from './support/wireguard-pair.js'
import { INNER, MTU, OUTER, PORT, type Family, type Form } from './support/wireguard-program.js'

const SECOND = 1_000_000_000
const families: readonly Family[] = [4, 6]
/** NICs of the VM: as many tests go side by side. */
const LINKS = 5
let vm: ReferenceVm | undefined

beforeAll(async () => {
  vm = await bootVm(LINKS)
}, 180_000)
afterAll(() => vm?.close())
beforeEach(needsVm)

/**
 * A pair of the test's own, listened to until the test's end: on the cable is WireGuard alone, and nothing of what is inside. Closed by the
 * test itself: a hook would wait for the tests that wait for its link.
 */
async function withPair(
  options: VmWireguardOptions,
  body: (wireguard: VmWireguard) => Promise<void>,
): Promise<void> {
  const wireguard = await VmWireguard.open(vm, options)
  try {
    await body(wireguard)
    const foreign = (await wireguard.pair.heard()).filter(
      ({ layers }) =>
        !layers.some(({ kind }) => kind.startsWith('wireguard-') || kind === 'icmpv6' || kind === 'arp'),
    )
    expect(foreign.map(({ layers }) => layers.map(({ kind }) => kind))).toEqual([])
    expect(await wireguard.pair.canaries()).toBe(0)
  } finally {
    await wireguard.pair.close()
  }
}

/** Pings from the side that begins; inside both families, twice each, then back. @returns how many were answered */
async function pingsBothWays({ pair }: VmWireguard, first: 'host' | 'guest'): Promise<readonly number[]> {
  const ways = first === 'host' ? (['host', 'guest'] as const) : (['guest', 'host'] as const)
  const answers: number[] = []
  for (const from of ways) {
    const to = from === 'host' ? INNER.peer : INNER.host
    const pings = [4, 4, 6, 6] as const
    const answered = await pair.pings(
      from,
      pings.map((family) => ({ to: to[family] })),
    )
    answers.push(answered.filter((is) => is).length)
  }
  return answers
}

/** Longest first, or the others wait for it. */
describe.concurrent('[Z06] an engine and Linux’s WireGuard, at length', () => {
  it('[WG-16] [WG-29] shake hands again when the engine answers no more, for its key is gone', async () => {
    await withPair({ form: 'lower', outer: 4, knows: 'guest' }, async (wireguard) => {
      const { pair } = wireguard
      expect(await pair.ping('guest', INNER.host[4])).toBe(2)
      // 10 s after the last answer Linux says that it has heard it, so that the engine has no reason to begin.
      const isQuiet = async () => {
        const last = (await wireguard.messages()).at(-1)
        return last !== undefined && isKeepalive(last, 'guest')
      }
      await until('Linux says that it is alive', isQuiet, 40_000)
      const initiations = () => wireguard.messages('wireguard-initiation')
      const before = (await initiations()).length
      await pair.control('advance-time', { ns: 181 * SECOND })
      // It waits 15 s for an answer to its data before it begins anew.
      expect(await pair.ping('guest', INNER.host[4], { count: 1, wait: 1 })).toBe(0)
      await until('the engine drops it', async () => (await pair.fates())['wireguard-key-expired'] === 1)
      await until('Linux begins anew', async () => (await initiations()).length > before, 40_000)
      expect((await initiations()).map(senderOf)).not.toContain('engine')
      expect(await pair.ping('guest', INNER.host[4])).toBe(2)
    })
  })

  it.for([
    { form: 'underlayVrf', sender: 'engine', options: { engineKeepalive: 1 } },
    { form: 'lower', sender: 'guest', options: { guestKeepalive: 1 } },
  ] as const)(
    '[WG-29] [WG-30] are kept alive by the $sender, without any data, $form',
    async ({ form, sender, options }) => {
      await withPair({ form, outer: 4, knows: 'both', ...options }, async (wireguard) => {
        const keepalives = async () =>
          (await wireguard.messages()).filter((one) => isKeepalive(one, sender)).slice(0, 4)
        await until(`${sender} keeps alive`, async () => (await keepalives()).length === 4, 40_000)
        const times = (await keepalives()).map(({ at }) => Number(at) / SECOND)
        const gaps = times.slice(1).map((at, i) => at - times[i]!)
        // The first answers the response; from then on each second.
        expect(gaps.slice(1).filter((gap) => gap < 0.7 || gap > 5)).toEqual([])
        const data = await wireguard.messages('wireguard-data')
        expect(data.filter(({ layers }) => firstLayer(layers, 'payload') !== undefined)).toEqual([])
      })
    },
  )

  it.for([
    { form: 'lower', knows: 'engine' },
    { form: 'underlayVrf', knows: 'guest' },
  ] as const)(
    '[WG-13] get nothing through when their PSKs differ and the $knows begins, $form',
    async ({ form, knows }) => {
      await withPair({ form, outer: 4, knows, presharedKey: 'different' }, async (wireguard) => {
        const [from, to] =
          knows === 'engine' ? (['host', INNER.peer] as const) : (['guest', INNER.host] as const)
        expect(await wireguard.pair.ping(from, to[4], { count: 1, wait: 3 })).toBe(0)
        const answered = async () => (await wireguard.messages('wireguard-response')).length > 0
        await until('there is a response', answered, 20_000)
        const responses = await wireguard.messages('wireguard-response')
        expect([...new Set(responses.map(senderOf))]).toEqual([knows === 'engine' ? 'guest' : 'engine'])
        expect(await wireguard.messages('wireguard-data')).toEqual([])
        expect((await wireguard.peer()).sessions.filter(({ role }) => role === 'current')).toEqual([])
      })
    },
  )
})

const cases = families.flatMap((outer) =>
  ([undefined, 'same'] as const).flatMap((presharedKey, n) =>
    (['engine', 'guest'] as const).map((knows, m) => {
      // Each form with each outer family, PSK and beginner, two by two.
      const form: Form = (n + m + outer / 2) % 2 === 0 ? 'underlayVrf' : 'lower'
      return {
        form,
        outer,
        knows,
        psk: presharedKey === undefined ? 'without PSK' : 'with PSK',
        options: { form, outer, knows, ...(presharedKey === undefined ? {} : { presharedKey }) },
      }
    }),
  ),
)

describe.concurrent('[Z06] [WG-12] [WG-13] [WG-14] an engine and Linux’s WireGuard', () => {
  it.for(cases)(
    'shake hands and ping each other: IPv$outer outside, $psk, begun by the $knows, $form',
    async ({ options, knows, outer }) => {
      await withPair(options, async (wireguard) => {
        expect(await pingsBothWays(wireguard, knows === 'engine' ? 'host' : 'guest')).toEqual([4, 4])
        const [initiation] = await wireguard.messages('wireguard-initiation')
        const [response] = await wireguard.messages('wireguard-response')
        expect([initiation, response].map((one) => senderOf(one!))).toEqual(
          knows === 'engine' ? ['engine', 'guest'] : ['guest', 'engine'],
        )
        const { endpoint, sessions } = await wireguard.peer()
        expect(endpoint).toEqual({ address: OUTER.peer[outer], port: PORT })
        const current = sessions.find(({ role }) => role === 'current')
        expect(current).toMatchObject({ initiator: knows === 'engine' })
        // Whoever did not know has learned where the engine is.
        const { endpoint: own, handshake } = await wireguard.dump()
        expect(own).toBe(`${outer === 6 ? `[${OUTER.engine[6]}]` : OUTER.engine[4]}:${PORT}`)
        expect(Math.abs(handshake - Date.now() / 1000)).toBeLessThan(60)
      })
    },
  )
})

describe.concurrent('[Z06] data between an engine and Linux’s WireGuard', () => {
  it.for(families)('[WG-23] [WG-26] is of any size that the tunnel carries, IPv%d inside', async (family) => {
    await withPair(
      {
        form: family === 4 ? 'lower' : 'underlayVrf',
        outer: family === 4 ? 6 : 4,
        knows: 'both',
        presharedKey: 'same',
      },
      async ({ pair }) => {
        const longest = MTU - (family === 4 ? 28 : 48)
        const sizes = [0, 1, 15, 16, 17, 63, 500, longest - 17, longest - 1, longest]
        const all = (to: string) => sizes.map((size) => ({ to, size }))
        expect(await pair.pings('host', all(INNER.peer[family]))).toEqual(sizes.map(() => true))
        expect(await pair.pings('guest', all(INNER.host[family]))).toEqual(sizes.map(() => true))
      },
    )
  })

  it('[WG-17] [WG-26] carries ECN out and in again, both ways', async () => {
    await withPair({ form: 'underlayVrf', outer: 4, knows: 'both' }, async (wireguard) => {
      const marks = families.flatMap((family) => [0, 1, 2].map((tos) => ({ family, tos })))
      const all = (to: Readonly<Record<Family, string>>) =>
        marks.map(({ family, tos }) => ({ to: to[family], tos }))
      expect(await wireguard.pair.pings('host', all(INNER.peer))).toEqual(marks.map(() => true))
      expect(await wireguard.pair.pings('guest', all(INNER.host))).toEqual(marks.map(() => true))
      const data = await wireguard.messages('wireguard-data')
      const outer = data
        .filter(({ layers }) => firstLayer(layers, 'payload') !== undefined)
        .map((one) => `${senderOf(one)} ${firstLayer(one.layers, 'ipv4')?.tos}`)
      const ways = [
        ['engine', 'guest'],
        ['guest', 'engine'],
      ]
      const expected = ways.flatMap((way) => marks.flatMap(({ tos }) => way.map((from) => `${from} ${tos}`)))
      expect(outer).toEqual(expected)
    })
  })

  it('[WG-17] [WG-24] is of allowed addresses alone, both ways', async () => {
    await withPair({ form: 'lower', outer: 4, knows: 'both' }, async (wireguard) => {
      const { pair } = wireguard
      expect(await pair.ping('host', INNER.peer[4])).toBe(2)
      const foreign = { count: 2, source: INNER.notAllowed[4], wait: 1 }
      expect(await pair.ping('guest', INNER.host[4], foreign)).toBe(0)
      expect(await pair.fates()).toMatchObject({ 'wireguard-source-not-allowed': 2 })
      await wireguard.wg('set', 'peer', wireguard.engineKeyText, 'allowed-ips', 'fd00:1::/64')
      expect(await pair.ping('host', INNER.peer[4], { count: 1, wait: 1 })).toBe(0)
      expect(await pair.ping('host', INNER.peer[6])).toBe(2)
    })
  })

  it('[WG-16] is accepted once by either, whoever puts it on the cable again, and not at all under another counter', async () => {
    await withPair({ form: 'underlayVrf', outer: 4, knows: 'both' }, async (wireguard) => {
      const { pair } = wireguard
      expect(await pingsBothWays(wireguard, 'host')).toEqual([4, 4])
      const echoes = await pair.echoes()
      const before = await wireguard.messages()
      const data = (from: 'engine' | 'guest') =>
        before
          .filter((one) => senderOf(one) === from && firstLayer(one.layers, 'payload') !== undefined)
          .map(({ octets }) => octets)
      await pair.inject('guest', [...data('engine'), forged(data('engine').at(-1)!)])
      await pair.inject('engine', [...data('guest'), forged(data('guest').at(-1)!)])
      // Handshakes too: the timestamp of an initiation is accepted once.
      const initiation = before.find(
        ({ layers }) => firstLayer(layers, 'wireguard-initiation') !== undefined,
      )!
      await pair.inject('guest', [initiation.octets])
      // What comes behind has come when the answer has.
      expect(await pair.ping('host', INNER.peer[6], { count: 1 })).toBe(1)
      expect(await pair.echoes()).toBe(echoes + 1)
      expect(await pair.fates()).toMatchObject({
        'wireguard-replay': data('guest').length,
        'wireguard-auth': 1,
      })
      const responses = before.filter(({ layers }) => firstLayer(layers, 'wireguard-response') !== undefined)
      expect(await wireguard.messages('wireguard-response')).toHaveLength(responses.length)
    })
  })
})

describe.concurrent('[Z06] a peer of an engine', () => {
  it.for(['lower', 'underlayVrf'] as const)(
    '[WG-22] is followed when its address and port change, %s',
    async (form) => {
      await withPair({ form, outer: 4, knows: 'both' }, async (wireguard) => {
        const { pair } = wireguard
        expect(await pair.ping('host', INNER.peer[4])).toBe(2)
        const { length } = await wireguard.messages('wireguard-initiation')
        await wireguard.move(51999)
        expect(await pair.ping('guest', INNER.host[4], { source: INNER.peer[4] })).toBe(2)
        expect((await wireguard.peer()).endpoint).toEqual({ address: OUTER.moved[4], port: 51999 })
        expect(await pair.ping('host', INNER.peer[4])).toBe(2)
        const last = (await wireguard.messages('wireguard-data', 'engine')).at(-1)!
        expect(firstLayer(last.layers, 'udp')).toMatchObject({ srcPort: PORT, dstPort: 51999 })
        expect(firstLayer(last.layers, 'ipv4')?.dst).toBe(parseIpv4(OUTER.moved[4]))
        // Nobody shook hands again for it.
        expect(await wireguard.messages('wireguard-initiation')).toHaveLength(length)
      })
    },
  )

  it('[WG-28] shakes hands again when the engine finds its key old, and no packet is lost', async () => {
    await withPair({ form: 'underlayVrf', outer: 6, knows: 'engine' }, async (wireguard) => {
      expect(await wireguard.pair.ping('host', INNER.peer[4])).toBe(2)
      // Linux takes no initiation of a peer's within 20 ms of the last (INITIATIONS_PER_SECOND).
      await delay(100)
      await wireguard.pair.control('advance-time', { ns: 121 * SECOND })
      expect(await wireguard.pair.ping('host', INNER.peer[4], { count: 5 })).toBe(5)
      await until('there is another session', async () => (await rolesOf(wireguard)).length === 2)
      expect(await rolesOf(wireguard)).toEqual(['previous', 'current'])
      const initiations = await wireguard.messages('wireguard-initiation')
      expect(new Set(initiations.map(senderOf))).toEqual(new Set(['engine']))
    })
  })

  it('[WG-14] shakes hands again when it has forgotten all keys, and begins itself', async () => {
    await withPair({ form: 'lower', outer: 4, knows: 'guest', presharedKey: 'same' }, async (wireguard) => {
      expect(await wireguard.pair.ping('guest', INNER.host[4])).toBe(2)
      await delay(100)
      await wireguard.forget()
      expect(await wireguard.pair.ping('guest', INNER.host[6])).toBe(2)
      expect(await wireguard.pair.ping('host', INNER.peer[4])).toBe(2)
      expect(await rolesOf(wireguard)).toEqual(['previous', 'current'])
      const initiations = await wireguard.messages('wireguard-initiation')
      expect(initiations.length).toBeGreaterThan(1)
      expect(new Set(initiations.map(senderOf))).toEqual(new Set(['guest']))
    })
  })
})

async function rolesOf(wireguard: VmWireguard): Promise<readonly string[]> {
  return (await wireguard.peer()).sessions.map(({ role }) => role)
}

/** Data with another counter, which is authenticated with what it seals. An IPv4 datagram without a checksum is taken for good. */
function forged(frame: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(frame)
  const udp = 14 + 20
  copy.set([0, 0], udp + 6)
  copy[udp + 8 + 8] = 0xff
  return copy
}
