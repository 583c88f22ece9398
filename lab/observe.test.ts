import { describe, expect, it } from 'vitest'
import { RecordType } from '../contract/journal.js'
import type { Plan } from '../contract/plan.js'
import type { Injection } from '../record/target.js'
import { fateCode, type Fate } from '../twin/forward/index.js'
import type { TailEntry } from './journal-tail.js'
import { JournalObserver } from './observe.js'

/** leaf1 -(1)- spine1, one host at leaf1's port 2. */
const plan = {
  nodes: ['leaf1', 'spine1'].map((name) => ({ name, program: { interfaces: [] } })),
  links: [
    {
      id: 'leaf1--spine1',
      a: { node: 'leaf1', interface: 1 },
      b: { node: 'spine1', interface: 1 },
      mtu: 1500,
    },
  ],
  hosts: [{ id: 'red/a', at: { node: 'leaf1', interface: 2 } }],
} as unknown as Plan

const bytes = (text: string) => new TextEncoder().encode(text)
const frameIn = (id: number, text: string, now: bigint) => ({
  type: RecordType.FrameIn,
  interface: id,
  now,
  payload: bytes(text),
})
const frameOut = (id: number, text: string) => ({
  type: RecordType.FrameOut,
  interface: id,
  now: 0n,
  payload: bytes(text),
})
const puntOut = (id: number, text: string) => ({
  type: RecordType.PuntOut,
  interface: id,
  now: 0n,
  payload: bytes(text),
})
const fate = (name: Fate) => {
  const code = fateCode(name)
  return { type: RecordType.Fate, interface: 0, now: 0n, payload: Uint8Array.of(code & 255, code >> 8) }
}
const fromHost = (trace: number, text: string): Injection => ({
  trace,
  at: { host: 'red/a' },
  frame: bytes(text),
})
const onLink = (trace: number, to: string, text: string): Injection => ({
  trace,
  at: { link: 'leaf1--spine1', to },
  frame: bytes(text),
})

/** A program without ports: the twins that follow lose their node at its first frame. */
const program = {
  type: RecordType.Program,
  interface: 0,
  now: 0n,
  payload: bytes(
    JSON.stringify({
      format: 'ztos-program',
      version: 1,
      node: 'x',
      seeds: { ecmp: 0, sourcePort: 0 },
      vrfs: [],
      interfaces: [],
      tables: { routes: [], groups: [], neighbours: [], fdb: [], flood: [] },
    }),
  ),
}
type Entries = Readonly<Record<string, readonly TailEntry[]>>

function observe(entries: Entries, sent: readonly Injection[]) {
  const observer = new JournalObserver(plan, new Map())
  observer.skip(new Map(Object.keys(entries).map((node) => [node, [{ input: program, outputs: [] }]])))
  return observer.observe(new Map(Object.entries(entries)), sent)
}

describe('frames followed from journal to journal', () => {
  it('carry the number of the frame that was sent, however it looks on the way', () => {
    const view = observe(
      {
        leaf1: [{ input: frameIn(2, 'hello', 10n), outputs: [frameOut(1, 'sealed')] }],
        spine1: [{ input: frameIn(1, 'sealed', 20n), outputs: [fate('no-route')] }],
      },
      [fromHost(7, 'hello')],
    )
    expect(view.fates).toEqual([{ node: 'spine1', fate: 'no-route', trace: 7 }])
    expect(view.wire).toEqual([
      { link: 'leaf1--spine1', from: 'leaf1', to: 'spine1', frame: bytes('sealed'), seenBy: 'journal' },
    ])
  })

  it('are followed though a clock was moved between sender and receiver', () => {
    const view = observe(
      {
        leaf1: [{ input: frameIn(2, 'hello', 1_000_000_010n), outputs: [frameOut(1, 'x')] }],
        spine1: [{ input: frameIn(1, 'x', 20n), outputs: [fate('no-route')] }],
      },
      [fromHost(7, 'hello')],
    )
    expect(view.fates).toEqual([{ node: 'spine1', fate: 'no-route', trace: 7 }])
  })

  it('are told apart when they look the same: what was sent first, then what was injected', () => {
    const view = observe(
      {
        leaf1: [{ input: frameIn(2, 'hello', 10n), outputs: [frameOut(1, 'x')] }],
        spine1: [
          { input: frameIn(1, 'x', 20n), outputs: [puntOut(1, 'x')] },
          { input: frameIn(1, 'x', 30n), outputs: [fate('macsec-replay')] },
        ],
      },
      [fromHost(7, 'hello'), onLink(8, 'spine1', 'x')],
    )
    expect(view.fates).toEqual([{ node: 'spine1', fate: 'macsec-replay', trace: 8 }])
    expect(view.punts).toEqual([{ node: 'spine1', interface: 1, frame: bytes('x') }])
  })

  it('[PUNT-3] are a kernel’s, and in no journal, where the receiver lets them pass by XDP', () => {
    const request = Uint8Array.from(
      Buffer.from(
        'ffffffffffff020000000109080600010800060400010200000001090afe00010000000000000afe0000',
        'hex',
      ),
    )
    const told = { type: RecordType.FrameOut, interface: 1, now: 0n, payload: request }
    const port = {
      kind: 'port',
      id: 1,
      name: 'eth1',
      vrf: 0,
      mac: '02:00:00:00:01:01',
      mtu: 1500,
      addresses: ['10.254.0.0/31'],
      tap: true,
      punt: 'xdp',
    }
    const passing = {
      ...program,
      payload: bytes(
        JSON.stringify({
          ...(JSON.parse(new TextDecoder().decode(program.payload)) as object),
          vrfs: [{ id: 0, name: 'underlay' }],
          interfaces: [port],
        }),
      ),
    }
    const observer = new JournalObserver(plan, new Map())
    observer.skip(
      new Map([
        ['leaf1', [{ input: program, outputs: [] }]],
        ['spine1', [{ input: passing, outputs: [] }]],
      ]),
    )
    const view = observer.observe(
      new Map([['leaf1', [{ input: frameIn(2, 'hello', 10n), outputs: [told] }]]]),
      [fromHost(7, 'hello'), { trace: 8, at: { link: 'leaf1--spine1', to: 'spine1' }, frame: request }],
    )
    const wire = { link: 'leaf1--spine1', from: 'leaf1', to: 'spine1', frame: request, seenBy: 'journal' }
    expect(view.wire).toEqual([wire, wire])
    const punt = { node: 'spine1', interface: 1, frame: request }
    expect(view.punts).toEqual([punt, punt])
  })

  it('are nobody’s when a host or a node sends of its own will', () => {
    const view = observe(
      { leaf1: [{ input: frameIn(2, 'answer', 10n), outputs: [fate('arp-ignored')] }] },
      [],
    )
    expect(view.fates).toEqual([{ node: 'leaf1', fate: 'arp-ignored' }])
  })

  it.each([
    [
      'lost on a link',
      { leaf1: [{ input: frameIn(2, 'a', 1n), outputs: [frameOut(1, 'b')] }], spine1: [] },
      [fromHost(1, 'a')],
    ],
    ['lost before the leaf', { leaf1: [] }, [fromHost(1, 'a')]],
    ['an injection lost', { spine1: [] }, [onLink(1, 'spine1', 'a')]],
    [
      'changed on a link',
      {
        leaf1: [{ input: frameIn(2, 'a', 1n), outputs: [frameOut(1, 'b')] }],
        spine1: [{ input: frameIn(1, 'c', 2n), outputs: [] }],
      },
      [fromHost(1, 'a')],
    ],
    ['received and never sent', { spine1: [{ input: frameIn(1, 'c', 2n), outputs: [] }] }, []],
  ])('are missed: %s', (_what, entries, sent) => {
    expect(() => observe(entries as Entries, sent)).toThrow(
      /ZT_LAB_LOST: \d+ frames were sent and not received, \d+ received and not sent/,
    )
  })

  it('cannot be followed in a journal that does not begin with a program', () => {
    const clock = {
      input: { type: RecordType.Clock, interface: 0, now: 0n, payload: bytes('') },
      outputs: [],
    }
    expect(() => new JournalObserver(plan, new Map()).skip(new Map([['leaf1', [clock]]]))).toThrow(
      /the journal of leaf1 does not begin with its program/,
    )
  })
})
