import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Resend, type ResendOptions } from './resend.js'

const PATIENCE = 1_000
/** Two spines of one AS and one of another. */
const SESSIONS = [
  { neighbour: 'a', remoteAsn: 65000 },
  { neighbour: 'b', remoteAsn: 65000 },
  { neighbour: 'c', remoteAsn: 65010 },
]
const OWN = ''

class Node {
  readonly send = vi.fn<ResendOptions['send']>(() => Promise.resolve())
  readonly onRest = vi.fn<ResendOptions['onRest']>()
  readonly of = new Resend({
    sessions: SESSIONS,
    patience: PATIENCE,
    send: this.send,
    onRest: this.onRest,
  })

  /** As it is told to an agent that finds a daemon with no sessions. */
  constructor() {
    for (const { neighbour } of SESSIONS) this.down(neighbour)
  }

  down(neighbour: string): void {
    this.of.session(neighbour, { established: false, address: `${neighbour}%eth1` })
  }

  up(neighbour: string): void {
    this.of.session(neighbour, { established: true, address: `${neighbour}%eth1` })
  }

  get sent(): readonly string[] {
    return this.send.mock.calls.map(([address]) => address)
  }
}

describe('a peer whose session begins', () => {
  let node: Node
  beforeEach(() => {
    vi.useFakeTimers()
    node = new Node()
  })
  afterEach(async () => {
    await node.of.close()
    vi.useRealTimers()
  })

  it('is sent all anew, once it has been heard, when something changed before or after it was told to be up', async () => {
    for (const when of ['before', 'after']) {
      node = new Node()
      if (when === 'before') node.of.changed('c')
      node.up('a')
      if (when === 'after') node.of.changed('c')
      expect([node.sent, node.of.isOwing], `${when} it was told`).toEqual([[], true])
      node.of.heard('a')
      expect([node.sent, node.of.isOwing], `${when} it was told`).toEqual([['a%eth1'], true])
      await vi.waitFor(() => expect(node.onRest).toHaveBeenCalledTimes(1))
      expect(node.of.isOwing, `${when} it was told`).toBe(false)
      node.of.heard('a')
      expect(node.sent, `${when} it was told`).toHaveLength(1)
    }
  })

  it('is sent nothing when nothing changed, or only what is of its own AS', () => {
    node.up('a')
    node.of.changed('a')
    node.of.changed('b')
    expect(node.of.isOwing).toBe(false)
    node.of.heard('a')
    expect(node.sent).toEqual([])
  })

  it("is sent what the node's own change, and a stranger's, may have been", () => {
    for (const neighbour of [OWN, 'nobody']) {
      node = new Node()
      node.up('b')
      node.of.changed(neighbour)
      node.of.changed('a')
      node.of.heard('b')
      expect(node.sent, `a path of ${neighbour}`).toEqual(['b%eth1'])
    }
  })

  it('is not sent for what changed before it was last told to be down, nor once it is up', () => {
    node.of.changed(OWN)
    node.down('a')
    node.up('a')
    node.of.heard('a')
    node.of.changed(OWN)
    node.of.heard('a')
    expect([node.sent, node.of.isOwing]).toEqual([[], false])
  })

  it('that sends no marker counts as heard after a while', () => {
    node.up('a')
    node.of.changed(OWN)
    vi.advanceTimersByTime(PATIENCE - 1)
    expect(node.sent).toEqual([])
    vi.advanceTimersByTime(1)
    expect(node.sent).toEqual(['a%eth1'])
  })

  it('and ends is owed nothing, until it begins again', () => {
    node.up('a')
    node.of.changed(OWN)
    node.down('a')
    expect(node.of.isOwing).toBe(false)
    vi.advanceTimersByTime(PATIENCE - 1)
    node.up('a')
    node.of.changed(OWN)
    vi.advanceTimersByTime(1)
    expect(node.sent, 'the patience of the one before').toEqual([])
    node.of.heard('a')
    expect(node.sent).toEqual(['a%eth1'])
  })

  it('that ends before its turn is not sent to', async () => {
    let go = (): void => undefined
    node.send.mockImplementationOnce(() => new Promise((resolve) => (go = resolve)))
    for (const neighbour of ['a', 'b']) {
      node.up(neighbour)
      node.of.changed(OWN)
      node.of.heard(neighbour)
    }
    node.down('b')
    go()
    await vi.waitFor(() => expect(node.onRest).toHaveBeenCalledTimes(1))
    expect(node.sent).toEqual(['a%eth1'])
  })

  it('is owed nothing by a node whose peers are of one AS, heard or not, but for its own', async () => {
    for (const own of [false, true]) {
      const { send } = new Node()
      const sessions = SESSIONS.filter(({ remoteAsn }) => remoteAsn === 65000)
      const of = new Resend({ sessions, patience: PATIENCE, send, onRest: () => undefined })
      of.session('a', { established: false, address: 'a' })
      of.isDeaf = true
      of.session('a', { established: true, address: 'a' })
      if (own) of.changed(OWN)
      of.isDeaf = false
      of.heard('a')
      expect(send.mock.calls, `own ${own}`).toHaveLength(own ? 1 : 0)
      await of.close()
    }
  })

  it('is sent all anew when changes were not heard one by one', () => {
    node.up('a')
    node.of.isDeaf = true
    node.down('b')
    node.up('b')
    node.of.isDeaf = false
    for (const neighbour of ['a', 'b']) node.of.heard(neighbour)
    expect(node.sent).toContain('a%eth1')
    node.down('c')
    node.up('c')
    node.of.heard('c')
    return vi.waitFor(() => expect(node.sent).toEqual(['a%eth1', 'b%eth1']))
  })
})

it('a session that was up when the agent came is owed nothing', async () => {
  const send = vi.fn<ResendOptions['send']>(() => Promise.resolve())
  const of = new Resend({ sessions: SESSIONS, patience: PATIENCE, send, onRest: () => undefined })
  of.changed(OWN)
  of.session('a', { established: true, address: 'a' })
  of.changed(OWN)
  of.heard('a')
  expect([send.mock.calls.length, of.isOwing]).toEqual([0, false])
  await of.close()
})
