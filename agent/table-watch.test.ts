import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { ReadPath } from './convert.js'
import { AgentError } from './errors.js'
import type { GobgpClient, Watch } from './gobgp-client.js'
import type { WatchEvent } from './gobgp-paths.js'
import type { PathReader, Told } from './path-reader.js'
import { TableWatch, type TableWatchOptions } from './table-watch.js'

interface OpenWatch {
  readonly tell: (event: WatchEvent) => void
  readonly end: (error: AgentError) => void
  isOpen: boolean
}

/** A daemon that says what a test makes it say. Paths are their keys, `-` before what is withdrawn; `eor` is a marker. */
class Daemon {
  readonly watches: OpenWatch[] = []
  connection: OpenWatch | undefined
  /** Of what `tableSizes` says, one after the other; the last for ever. */
  sizes = [0]
  /** ms, when it was asked for them. */
  readonly looksAt: number[] = []

  get last(): OpenWatch {
    const last = this.watches.at(-1)
    if (last === undefined) throw new Error('no watch is open')
    return last
  }

  #open(tell: OpenWatch['tell'], end: OpenWatch['end']): OpenWatch & Watch {
    const watch = { tell, end, isOpen: true, close: () => void (watch.isOpen = false) }
    return watch
  }

  /** All that there is, as an agent is told it first. */
  init(...keys: readonly string[]): void {
    this.last.tell({ peer: { type: 'TYPE_INIT', peer: {} } })
    this.last.tell({ peer: { type: 'TYPE_END_OF_INIT' } })
    this.last.tell({ paths: keys.map((key) => Buffer.from(key)) })
  }

  /** Until it is not heard any more. */
  flood(): void {
    const { last } = this
    for (let n = 0; last.isOpen && n < 100_000; n++) last.tell({ paths: [Buffer.from(`new${n}`)] })
  }

  readonly client = {
    watch: (_batch: number, tell: OpenWatch['tell'], end: OpenWatch['end']) => {
      const watch = this.#open(tell, end)
      this.watches.push(watch)
      return watch
    },
    watchConnection: (tell: OpenWatch['tell'], end: OpenWatch['end']) => {
      const watch = this.#open(tell, end)
      this.connection = watch
      return watch
    },
    tableSizes: () => {
      const keys = this.sizes[Math.min(this.looksAt.push(performance.now()), this.sizes.length) - 1] ?? 0
      return Promise.resolve({ keys, paths: 0 })
    },
  } as unknown as GobgpClient
}

const reader = {
  read: (octets: Buffer): Told => {
    const text = octets.toString()
    if (text === 'eor') return { kind: 'end-of-rib', marker: { neighbour: 'peer', table: 'ipv4' } }
    if (text === '?') return { kind: 'unreadable' }
    const path = {
      table: 'ipv4',
      key: text.replace(/^-/, ''),
      withdrawn: text.startsWith('-'),
      neighbour: 'peer',
      pathId: 0,
    } as ReadPath
    return { kind: 'path', path }
  },
} as PathReader

function watched(daemon: Daemon) {
  const on = {
    onPeer: vi.fn<TableWatchOptions['onPeer']>(),
    onRoute: vi.fn<TableWatchOptions['onRoute']>(),
    onEndOfRib: vi.fn<TableWatchOptions['onEndOfRib']>(),
    onUnreadable: vi.fn<TableWatchOptions['onUnreadable']>(),
    onBehind: vi.fn<TableWatchOptions['onBehind']>(),
    onTold: vi.fn<TableWatchOptions['onTold']>(),
    onChange: vi.fn<TableWatchOptions['onChange']>(),
    onEnd: vi.fn<TableWatchOptions['onEnd']>(),
  }
  const watch = new TableWatch({
    client: daemon.client,
    reader,
    table: { multipath: true, limit: 1 },
    families: new Set(['ipv4']),
    ...on,
  })
  const keys = () => [...watch.table.used('ipv4', () => true).keys()]
  return { watch, keys, ...on }
}

const gone = new AgentError('ZT_AGENT_CONNECTION', 'gone')

describe('a watch of a daemon’s table', () => {
  it('says nothing until all is told, and then each change that matters', () => {
    const daemon = new Daemon()
    const { keys, onTold, onChange, onUnreadable, onEndOfRib } = watched(daemon)
    daemon.last.tell({ peer: { type: 'TYPE_END_OF_INIT' } })
    daemon.last.tell({ paths: Array.from({ length: 1025 }, (_, n) => Buffer.from(`k${n}`)) })
    expect([onTold.mock.calls.length, onChange.mock.calls.length]).toEqual([0, 0])
    daemon.last.tell({ paths: [] })
    expect([onTold.mock.calls.length, onChange.mock.calls.length, keys().length]).toEqual([1, 1, 1025])
    daemon.last.tell({ paths: [Buffer.from('-k0')] })
    expect([onChange.mock.calls.length, keys().length]).toEqual([2, 1024])
    daemon.last.tell({ paths: [Buffer.from('-k0'), Buffer.from('?'), Buffer.from('eor')] })
    expect([onChange, onUnreadable, onEndOfRib].map(({ mock }) => mock.calls.length)).toEqual([2, 1, 1])
  })

  it('lets a flood pass and is told all anew, what has gone meanwhile too', async () => {
    const daemon = new Daemon()
    const { watch, keys, onTold } = watched(daemon)
    daemon.init('old', 'gone')
    daemon.sizes = [1000, 5000, 9000, 9010]
    daemon.flood()
    expect([watch.isBehind, daemon.last.isOpen]).toEqual([true, false])
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(2))
    expect(daemon.looksAt.length, 'looked until it was calm').toBeGreaterThanOrEqual(4)
    // 9010 keys at 200 a ms; how many looks that holds is the host's business.
    const [grown = 0, last = 0] = [daemon.looksAt[2], daemon.looksAt.at(-1)]
    expect(last - grown, 'ms, and for a while then').toBeGreaterThanOrEqual(45)
    expect(keys(), 'until all is told, what was').toContain('gone')
    daemon.init('old', 'whole')
    expect([watch.isBehind, onTold.mock.calls.length, keys()]).toEqual([false, 2, ['old', 'whole']])
  })

  it('tells of peers and markers also while it hears nothing else, and once otherwise', async () => {
    const daemon = new Daemon()
    const { onPeer, onBehind, onEndOfRib, onRoute } = watched(daemon)
    const marker = { paths: [Buffer.from('eor'), Buffer.from('new')] }
    const event = { peer: { type: 'TYPE_STATE', peer: { state: { neighborAddress: '192.0.2.1' } } } }
    daemon.init()
    onPeer.mockClear()
    daemon.connection?.tell(event)
    daemon.connection?.tell(marker)
    expect([onPeer, onBehind, onEndOfRib].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0])
    daemon.flood()
    onRoute.mockClear()
    daemon.connection?.tell(event)
    daemon.connection?.tell(marker)
    expect([onEndOfRib.mock.calls.length, onRoute.mock.calls.length], 'a route is told with all').toEqual([
      1, 0,
    ])
    expect([onPeer.mock.calls, onBehind.mock.calls.length]).toEqual([[[event.peer.peer]], 1])
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(2))
    daemon.init()
    onPeer.mockClear()
    daemon.connection?.tell(event)
    expect(onPeer).not.toHaveBeenCalled()
  })

  it('hears nothing for a while when it is to, and is told all then', async () => {
    const daemon = new Daemon()
    const { watch, keys, onTold, onBehind } = watched(daemon)
    watch.hold(30)
    expect(watch.isBehind, 'it has been told nothing yet').toBe(false)
    daemon.init('old')
    const began = performance.now()
    watch.hold(30)
    watch.hold(30)
    expect([watch.isBehind, daemon.last.isOpen, keys()]).toEqual([true, false, ['old']])
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(2))
    // A timer may be a ms early.
    expect((daemon.looksAt[0] ?? 0) - began, 'ms, not even asked for sizes').toBeGreaterThanOrEqual(29)
    daemon.init('old', 'new')
    expect([watch.isBehind, daemon.last.isOpen, keys()]).toEqual([false, true, ['old', 'new']])
    expect([onTold.mock.calls.length, onBehind.mock.calls.length]).toEqual([2, 1])
    watch.close()
  })

  it('hears nothing as long as tables grow when it is to hear nothing for a while', async () => {
    const daemon = new Daemon()
    const { watch } = watched(daemon)
    daemon.init('old')
    daemon.sizes = [0, 100, 200, 300, 310]
    watch.hold(10)
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(2))
    expect(daemon.looksAt.length, 'looked until they grew no more').toBeGreaterThanOrEqual(5)
    watch.close()
  })

  it('does not wait for the end of a flood that has none', async () => {
    const daemon = new Daemon()
    watched(daemon)
    daemon.init()
    daemon.sizes = Array.from({ length: 10_000 }, (_, n) => 1000 * n)
    daemon.flood()
    await vi.waitFor(() => expect(daemon.watches).toHaveLength(2), { timeout: 10_000 })
    expect(daemon.looksAt.length).toBeGreaterThan(2)
  })

  it('takes nothing from a daemon that came in place of the one that flooded', async () => {
    const daemon = new Daemon()
    const { onEnd, keys } = watched(daemon)
    daemon.init('old')
    daemon.flood()
    daemon.connection?.end(gone)
    expect(onEnd.mock.calls).toEqual([[gone]])
    await delay(150)
    expect(daemon.watches, 'asked nothing any more').toHaveLength(1)
    expect(keys()).toContain('old')
  })

  it('ends once, whichever of its watches ends', () => {
    const daemon = new Daemon()
    const { onEnd } = watched(daemon)
    daemon.init('old')
    daemon.last.end(gone)
    daemon.connection?.end(gone)
    expect(onEnd).toHaveBeenCalledOnce()
    expect([daemon.last.isOpen, daemon.connection?.isOpen]).toEqual([false, false])
  })

  it('ends when the daemon does not say how large its tables are', async () => {
    const daemon = new Daemon()
    const { onEnd } = watched(daemon)
    daemon.init('old')
    daemon.client.tableSizes = () => Promise.reject(gone)
    daemon.flood()
    await vi.waitFor(() => expect(onEnd.mock.calls).toEqual([[gone]]))
  })
})
