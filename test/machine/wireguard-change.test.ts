import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { NodeProgram } from '../../contract/program.js'
import {
  ForwardError,
  readJournal,
  replayJournal,
  rerunJournal,
  writeJournal,
  type Effect,
  type Input,
} from '../../twin/forward/index.js'
import { bytesEqual, formatIp, ipv4, toHex } from '../../twin/packet/index.js'
import {
  fromHost,
  KEYS,
  Node,
  Pair,
  peerOf,
  programOf,
  publicKey,
  SECOND,
  toHost,
  WALL,
  type Fields,
} from './support/wireguard.js'

const peerChange = (of: object = {}, to: object | null = {}) => ({
  table: 'peer',
  interface: 2,
  publicKey: publicKey(2),
  to: to === null ? null : { allowedIps: peerOf(1).allowedIps, ...to },
  ...of,
})
const key = (fill: number) => Buffer.from(new Uint8Array(32).fill(fill)).toString('base64')

describe('load', () => {
  const reloaded = (fields: Fields) => {
    const pair = new Pair().connect()
    const before = pair.a.peer()
    const lines = pair.a.load(programOf(1, 'lower', 4, fields))
    return { pair, before, lines }
  }

  test('[WG-32] a peer that stays goes on where it was', () => {
    const { pair, before, lines } = reloaded({})
    expect(lines).toEqual([])
    expect(pair.a.peer()).toEqual(before)
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data'])
    expect(pair.carry(pair.a)).toEqual([[toHost(2)]])
    expect(pair.b.frame(3, fromHost(2))).toEqual(['data'])
    expect(pair.carry(pair.b)).toEqual([[toHost(1)]])
  })

  test('[WG-32] a handshake that is begun goes on, and what waits ends', () => {
    const pair = new Pair()
    pair.a.frame(3, fromHost(1))
    const [initiation] = pair.a.sent
    expect(pair.a.load(pair.a.program)).toEqual(['program-changed'])
    expect(pair.a.node.heldByPeers).toBe(0)
    pair.b.frame(1, initiation!)
    expect(pair.a.frame(1, pair.b.sent[0]!)).toEqual(['wireguard-handshake', 'data'])
    expect(pair.carry(pair.a)).toEqual([['wireguard-keepalive']])
  })

  test('[WG-32] another private key, another id, another public key: nothing stays', () => {
    const gone = (fields: Fields) => reloaded(fields).pair.a.peer().sessions
    expect(gone({ privateKey: 'lab:wg/3' })).toEqual([])
    expect(gone({ peers: [{ ...peerOf(1), publicKey: key(9) }] })).toEqual([])
    const pair = new Pair().connect()
    const program = programOf(1, 'lower')
    const interfaces = program.interfaces.map((one) => (one.id === 2 ? { ...one, id: 4 } : one))
    const tables = { ...program.tables, routes: [], groups: [] }
    pair.a.load({ ...program, interfaces: interfaces.toSorted((x, y) => x.id - y.id), tables })
    expect(pair.a.peer().sessions).toEqual([])
  })

  test('[WG-32] what the program says of a peer is new, its endpoint when it changed', () => {
    const endpoint = { address: '192.0.2.9', port: 7 }
    const other = reloaded({ peers: [peerOf(1, 4, { endpoint, persistentKeepalive: 9 })] })
    expect(other.pair.a.peer()).toMatchObject({ endpoint, persistentKeepalive: 9 })
    expect(other.pair.a.peer().sessions).toEqual(other.before.sessions)
    const same = new Pair().connect()
    same.a.apply(peerChange({}, { endpoint }))
    same.a.load(same.a.program)
    expect(same.a.peer().endpoint).toEqual({ address: '192.0.2.2', port: 51820 })
    const without = reloaded({ peers: [peerOf(1, 4, { endpoint: undefined })] })
    expect(without.pair.a.peer().endpoint).toEqual(without.before.endpoint)
  })

  test.each(['lower', 'vrf'] as const)(
    '[WG-32] [WG-22] an own address that is no more is not sent from, %s',
    (form) => {
      const pair = new Pair(form).connect()
      pair.b.frame(3, fromHost(2))
      pair.carry(pair.b)
      const sourceAfter = (program: NodeProgram) => {
        pair.a.load(program)
        pair.a.frame(3, fromHost(1))
        return formatIp(ipv4.src(pair.a.sent[0]!, 14))
      }
      // Another `local` to begin from, while what the peer speaks to is there still: with a port below that is `local` itself.
      const local = ['192.0.2.77']
      const program = programOf(1, form, 4, { local })
      expect(sourceAfter(program)).toBe(form === 'lower' ? '192.0.2.77' : '192.0.2.1')
      const addresses = ['192.0.2.77/24']
      const interfaces = program.interfaces.map((one) =>
        one.id === 1 && form === 'vrf' ? { ...one, addresses } : one,
      )
      expect(sourceAfter({ ...program, interfaces })).toBe('192.0.2.77')
    },
  )

  test('[WG-32] a pre-shared key counts from the next handshake on', () => {
    const psk = (n: number) => ({ peers: [peerOf(n, 4, { presharedKey: 'lab:wg/psk' })] })
    const { pair } = reloaded(psk(1))
    expect(pair.a.peer().presharedKey).toBe(true)
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data'])
    expect(pair.carry(pair.a)).toEqual([[toHost(2)]])
    pair.wait(121)
    pair.a.frame(3, fromHost(1))
    expect(pair.carry(pair.a).at(-1)).toEqual(['wireguard-handshake-invalid'])
    pair.b.load(programOf(2, 'lower', 4, psk(2)))
    pair.wait(6)
    pair.a.clock()
    expect(pair.carry(pair.a).at(-1)).toEqual(['wireguard-keepalive'])
  })

  test('[WG-32] a timestamp that was accepted stays so, and load counts', () => {
    const pair = new Pair('lower', 4, { b: { loadLimit: 1 } })
    pair.a.frame(3, fromHost(1))
    const [initiation] = pair.a.sent
    pair.b.frame(1, initiation!)
    pair.b.load(pair.b.program)
    expect(pair.b.frame(1, initiation!)).toEqual(['wireguard-under-load', 'cookie'])
    pair.b.wait(2)
    expect(pair.b.frame(1, initiation!)).toEqual(['wireguard-handshake-replay'])
  })

  test('[WG-32] a program that cannot be loaded changes nothing', () => {
    const pair = new Pair().connect()
    const bad = programOf(1, 'lower', 4, { privateKey: 'lab:wg/none' })
    expect(() => pair.a.load(bad)).toThrow(ForwardError)
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data'])
    expect(pair.carry(pair.a)).toEqual([[toHost(2)]])
  })
})

describe('apply', () => {
  test('[WG-33] [CTRL-6] a peer is added, and by reference', () => {
    const pair = new Pair('lower', 4, { a: { peers: [] } })
    expect(pair.a.frame(3, fromHost(1))[0]).toBe('wireguard-no-peer')
    const { endpoint } = peerOf(1)
    expect(pair.a.apply(peerChange({ publicKey: 'lab:wg/2/public' }, { endpoint }))).toEqual([])
    expect(pair.a.frame(3, fromHost(1))).toEqual(['initiation'])
    expect(pair.carry(pair.a).at(-1)).toEqual([toHost(2)])
    expect(pair.a.peer()).toMatchObject({ publicKey: publicKey(2), endpoint, presharedKey: false })
  })

  test('[WG-33] what is given takes the place of what is there; sessions and an endpoint not given stay', () => {
    const pair = new Pair().connect()
    const { sessions, endpoint } = pair.a.peer()
    const to = { allowedIps: ['10.2.0.0/24'], persistentKeepalive: 7, presharedKey: 'lab:wg/psk' }
    expect(pair.a.apply(peerChange({}, to))).toEqual([])
    expect(pair.a.peer()).toMatchObject({
      allowedIps: to.allowedIps,
      persistentKeepalive: 7,
      presharedKey: true,
    })
    expect(pair.a.peer()).toMatchObject({ sessions, endpoint })
    expect(pair.a.clock()).toEqual(['data'])
    expect(pair.a.frame(3, fromHost(1))).toEqual(['data'])
    expect(pair.a.frame(3, fromHost(1, {}, 6))[0]).toBe('wireguard-no-peer')
    pair.a.apply(peerChange({}, {}))
    expect(pair.a.peer()).toMatchObject({ persistentKeepalive: 0, presharedKey: false })
    expect(pair.a.wait(8).clock()).toEqual([])
  })

  test('[WG-33] prefixes are taken from other peers', () => {
    const pair = new Pair().connect()
    const other = peerChange({ publicKey: key(9) }, { allowedIps: ['10.2.0.0/16', 'fd00:2::/32'] })
    pair.a.apply(other)
    expect(pair.a.peer().allowedIps).toEqual(['10.254.0.1/32', 'fd00:fe::1/128'])
    expect(pair.a.peer(1).allowedIps).toEqual(['10.2.0.0/16', 'fd00:2::/32'])
    expect(pair.a.frame(3, fromHost(1))[0]).toBe('wireguard-no-endpoint')
    pair.b.frame(3, fromHost(2))
    expect(pair.carry(pair.b)).toEqual([['wireguard-source-not-allowed']])
    // Going it takes them with it.
    pair.a.apply({ ...other, to: null })
    expect(pair.a.frame(3, fromHost(1))[0]).toBe('wireguard-no-peer')
  })

  test('[WG-33] a peer that is removed is forgotten, and what it holds ends', () => {
    const pair = new Pair()
    pair.a.frame(3, fromHost(1))
    expect(pair.a.apply(peerChange({}, null))).toEqual(['program-changed'])
    expect(pair.a.node.tables().wireguard[0]!.peers).toEqual([])
    expect(pair.a.node.heldByPeers).toBe(0)
    expect(pair.a.node.config.wireguards[0]!.indexes.size).toBe(0)
    expect(pair.a.wait(6).clock()).toEqual([])
    expect(pair.a.apply(peerChange({}, null))).toEqual([])
    expect(pair.carry(pair.a)).toEqual([])
  })

  test.each([
    ['the interface’s own key', peerChange({ publicKey: publicKey(1) })],
    ['a pre-shared key that does not exist', peerChange({}, { presharedKey: 'lab:wg/none' })],
    ['a public key that does not exist', peerChange({ publicKey: 'lab:wg/none/public' })],
    ['host bits', peerChange({}, { allowedIps: ['10.2.0.1/24'] })],
    ['a prefix in other words', peerChange({}, { allowedIps: ['fd00:0::/32'] })],
    ['an address that is none', peerChange({}, { endpoint: { address: '1.2.3', port: 1 } })],
    ['no port', peerChange({}, { endpoint: { address: '192.0.2.2', port: 0 } })],
  ])('[WG-33] refused: %s', (_what, change) => {
    const pair = new Pair().connect()
    const before = pair.a.node.tables()
    expect(pair.a.apply(peerChange({}, null), change)).toEqual(['refused invalid'])
    expect(pair.a.node.tables()).toEqual(before)
  })

  test('[WG-33] refused: a peer of what is no wireguard interface', () => {
    expect(new Pair().a.apply(peerChange({ interface: 1 }))).toEqual(['refused unknown-interface'])
  })

  test('[WG-33] refused: more than 16384 peers, counted as the list leaves them', () => {
    const { a } = new Pair()
    const { peers } = a.node.config.wireguards[0]!
    const [peer] = peers.values()
    for (let n = 1; n < 16_384; n++) peers.set(String(n), peer!)
    const added = peerChange({ publicKey: key(9) }, { allowedIps: [] })
    expect(a.apply(added)).toEqual(['refused invalid'])
    expect(a.apply(peerChange({}, { allowedIps: [] }))).toEqual([])
    expect(a.apply(peerChange({}, null), added)).toEqual([])
    expect(peers.size).toBe(16_384)
  })
})

describe('secrets', () => {
  test('[WG-34] what is kept does not print', () => {
    const pair = new Pair('lower', 4, { a: { peers: [peerOf(1, 4, { presharedKey: 'lab:wg/psk' })] } })
    pair.a.frame(3, fromHost(1))
    const printed = inspect(pair.a.node.config.wireguards, {
      depth: 12,
      maxArrayLength: null,
      breakLength: Infinity,
    })
    expect(printed).toContain('SecretKeyObject')
    for (const fill of [0x51, 0x71]) {
      expect(printed).not.toContain(`${fill}, ${fill}, ${fill}`)
      expect(printed).not.toContain(fill.toString(16).repeat(4))
    }
  })

  test('[WG-34] a seed is the node’s: the octets given may be wiped, and are not wiped by it', () => {
    const node = new Node(programOf(1, 'lower'), {}, false)
    const entropy = new Uint8Array(32).fill(3)
    node.node.seed(0n, WALL, entropy)
    expect(toHex(entropy)).toBe('03'.repeat(32))
    entropy.fill(0)
    node.frame(3, fromHost(1))
    const same = new Node(programOf(1, 'lower'), {}, false)
    same.node.seed(0n, WALL, new Uint8Array(32).fill(3))
    same.frame(3, fromHost(1))
    expect(node.sent.map(toHex)).toEqual(same.sent.map(toHex))
  })
})

describe('journals', () => {
  /** What node 2 of a conversation was given, and what came of it. */
  function conversation() {
    const pair = new Pair()
    const node = new Node(programOf(2, 'lower', 4, { loadLimit: 1 }), {}, false)
    const entries: [Input, readonly Effect[]][] = [[{ kind: 'load', now: 0n, program: node.program }, []]]
    const give = (input: Input) => {
      const effects = node.node.input(input)
      entries.push([input, effects])
      return effects.flatMap((one) => (one.kind === 'tx' && one.interface === 1 ? [one.frame] : []))
    }
    give({ kind: 'seed', now: 5n, wallTime: WALL, entropy: new Uint8Array(32).fill(4) })
    pair.a.frame(3, fromHost(1))
    const [response] = give({ kind: 'frame', now: 10n, interface: 1, frame: pair.a.sent[0]! })
    give({ kind: 'frame', now: 11n, interface: 1, frame: pair.a.sent[0]! })
    pair.a.frame(1, response!)
    give({ kind: 'frame', now: 12n, interface: 1, frame: pair.a.sent[0]! })
    give({ kind: 'frame', now: 13n, interface: 3, frame: fromHost(2) })
    give({ kind: 'control', now: 14n, request: { id: 1, op: 'apply', changes: [] } })
    give({ kind: 'clock', now: 30n * SECOND })
    return writeJournal(entries)
  }

  test('[WG-4] a seed is in the journal, and the same comes of it', () => {
    const file = conversation()
    expect(readJournal(file).entries.map(({ input }) => input.kind)).toEqual([
      'load',
      'seed',
      'frame',
      'frame',
      'frame',
      'frame',
      'control',
      'clock',
    ])
    expect(replayJournal(file, KEYS)).toMatchObject({ ok: true, mismatches: [] })
    expect(bytesEqual(rerunJournal(file, KEYS), file)).toBe(true)
  })

  test('[WG-4] with another seed, or other keys, other things come', () => {
    const file = conversation()
    const at = file.findIndex(
      (_, i) => file[i] === 4 && file.subarray(i, i + 32).every((octet) => octet === 4),
    )
    expect(replayJournal(file.with(at, 5), KEYS).ok).toBe(false)
    const keys = new Map([...KEYS, ['lab:wg/2', new Uint8Array(32).fill(8)]])
    expect(replayJournal(file, keys).ok).toBe(false)
  })
})
