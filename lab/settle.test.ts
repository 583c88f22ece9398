import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settle, Settler, type Pages } from './settle.js'
import type { PageEntry, StatsPage } from './stats-page.js'

/** leaf1 (port 1 to spine1, port 2 to the host), spine1 (port 1), one host; the probe: host, then the two link ends. */
const plan = {
  links: [
    {
      id: 'leaf1--spine1',
      a: { node: 'leaf1', interface: 1 },
      b: { node: 'spine1', interface: 1 },
      mtu: 1500,
    },
  ],
  hosts: [
    {
      id: 'shop/web1',
      tenant: 'shop',
      network: 'web',
      at: { node: 'leaf1', interface: 2 },
      mac: '02:00:00:00:00:01',
      addresses: [],
      gateways: [],
      mtu: 1500,
    },
  ],
}
type Counts = Partial<Omit<PageEntry, 'id'>>

function entry(id: number, counts: Counts = {}): PageEntry {
  return {
    id,
    rx: 0,
    tx: 0,
    rxDropped: 0,
    passed: 0,
    txDropped: 0,
    puntIn: 0,
    puntOut: 0,
    puntDropped: 0,
    arpAnswered: 0,
    ndAnswered: 0,
    gone: false,
    ...counts,
  }
}
function page(entries: readonly PageEntry[], more: Partial<StatsPage> = {}): StatsPage {
  return {
    kind: 'engine',
    pid: 1,
    state: 'idle',
    now: 0n,
    inputs: 0,
    outputs: 0,
    fates: 0,
    journalOctets: 0,
    entries,
    ...more,
  }
}
interface Fabric {
  leafUp?: Counts
  leafHost?: Counts
  spine?: Counts
  host?: Counts
  toLeaf?: Counts
  toSpine?: Counts
  leaf?: Partial<StatsPage>
}
function pages({ leafUp, leafHost, spine, host, toLeaf, toSpine, leaf }: Fabric = {}): Pages {
  return {
    nodes: new Map([
      ['leaf1', page([entry(1, leafUp), entry(2, leafHost)], leaf)],
      ['spine1', page([entry(1, spine)])],
    ]),
    probe: page([entry(0, host), entry(0, toLeaf), entry(1, toSpine)], { kind: 'probe' }),
  }
}

/** Settles over a list of looks, the last one repeated; a clock that ticks 1 ms a pause. */
async function over(looks: readonly Pages[], deadline = 20, settler = new Settler(plan)) {
  let [at, clock] = [0, 0]
  const pauses: number[] = []
  await settle(settler, {
    read: () => looks[Math.min(at++, looks.length - 1)]!,
    pause: (count) => {
      pauses.push(count)
      clock++
      return Promise.resolve()
    },
    now: () => clock,
    deadline,
  })
  return { looks: at, pauses }
}

describe('settling', () => {
  it('takes two looks at a quiet fabric', async () => {
    expect(await over([pages()])).toEqual({ looks: 2, pauses: [0] })
  })

  it('waits for a frame that a host has sent and its leaf has not received', async () => {
    const sent = pages({ host: { tx: 1 } })
    const received = pages({ host: { tx: 1 }, leafHost: { rx: 1 } })
    expect((await over([sent, sent, received])).looks).toBe(4)
  })

  it('waits for an engine that is still at work', async () => {
    expect((await over([pages({ leaf: { state: 'busy' } }), pages()])).looks).toBe(3)
  })

  it('does not take two equal looks for rest when the counts between them differ', async () => {
    const before = pages({ host: { tx: 1 }, leafHost: { rx: 1 } })
    const after = pages({ host: { tx: 2 }, leafHost: { rx: 2 } })
    expect((await over([before, after])).looks).toBe(3)
  })

  it('counts what the probe injects as sent by the far end', async () => {
    const lost = pages({ toSpine: { tx: 1 } })
    await expect(over([lost])).rejects.toMatchObject({ code: 'ZT_LAB_UNSETTLED' })
    expect((await over([pages({ toSpine: { tx: 1 }, spine: { rx: 1 } })])).looks).toBe(2)
    expect((await over([pages({ toLeaf: { tx: 1 }, leafUp: { rx: 1 } })])).looks).toBe(2)
  })

  it('counts what the kernel dropped before a socket as arrived, and tells of it', async () => {
    const settler = new Settler(plan)
    const dropped = pages({ leafUp: { tx: 2 }, spine: { rx: 1, rxDropped: 1 } })
    expect((await over([dropped], 20, settler)).looks).toBe(2)
    expect([...settler.dropped(dropped)]).toEqual([['leaf1--spine1 to spine1', 1]])
  })

  it('[PUNT-3] counts what XDP passes to a kernel as arrived', async () => {
    const passed = pages({ leafUp: { tx: 2 }, spine: { rx: 1, passed: 1 } })
    expect((await over([passed])).looks).toBe(2)
    await expect(over([pages({ leafUp: { tx: 2 }, spine: { rx: 1 } })])).rejects.toMatchObject({
      code: 'ZT_LAB_UNSETTLED',
    })
  })

  it('names who is not quiet when time is up', async () => {
    const loop = pages({ leafUp: { tx: 7 }, spine: { rx: 5 }, leaf: { state: 'busy' } })
    await expect(over([loop])).rejects.toThrow(
      /did not come to rest within 20 ms: the engine of leaf1 is busy; leaf1--spine1 to spine1: 2 frames sent and not received/,
    )
  })

  it('says so when counts keep moving', async () => {
    const storm = Array.from({ length: 100 }, (_, n) => pages({ host: { tx: n }, leafHost: { rx: n } }))
    await expect(over(storm)).rejects.toThrow(/counts keep moving/)
  })

  it('leaves out of account what was lost before the baseline', async () => {
    const settler = new Settler(plan)
    const early = pages({ leafUp: { tx: 3 } })
    settler.rebase(early)
    expect((await over([early], 20, settler)).looks).toBe(2)
  })

  it('takes back from the baseline what was on a slow wire, and no more than that', async () => {
    const settler = new Settler(plan)
    settler.rebase(pages({ leafUp: { tx: 3 } }))
    const late = pages({ leafUp: { tx: 3 }, spine: { rx: 2 } })
    expect((await over([late], 20, settler)).looks).toBe(3)
    await expect(over([pages({ leafUp: { tx: 4 }, spine: { rx: 2 } })], 20, settler)).rejects.toThrow(
      /1 frames sent and not received/,
    )
    await expect(over([pages({ leafUp: { tx: 3 }, spine: { rx: 5 } })], 20, settler)).rejects.toThrow(
      /2 frames received that nobody sent/,
    )
  })

  it('keeps the baseline from the first frame on that is sent by intent', async () => {
    const settler = new Settler(plan)
    settler.rebase(pages({ leafUp: { tx: 3 } }))
    settler.keep()
    // Injected at the far end, received, and not counted by who injected it yet.
    const received = pages({ leafUp: { tx: 3 }, spine: { rx: 1 } })
    const counted = pages({ leafUp: { tx: 3 }, spine: { rx: 1 }, toSpine: { tx: 1 } })
    expect((await over([received, received, received, counted], 20, settler)).looks).toBe(5)
  })

  it('is not led astray by a receiver that is read behind its sender', async () => {
    const settler = new Settler(plan)
    const lost = pages({ leafUp: { tx: 3 } })
    settler.rebase(lost)
    // What was lost stays lost: the page of the spine is ahead for a moment only.
    const ahead = pages({ leafUp: { tx: 3 }, spine: { rx: 1 } })
    const after = pages({ leafUp: { tx: 4 }, spine: { rx: 1 } })
    expect((await over([ahead, after], 20, settler)).looks).toBe(3)
  })

  it('never ends while any one wire misses a frame', async () => {
    const places = ['leafUp', 'leafHost', 'spine', 'host', 'toLeaf', 'toSpine'] as const
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.integer({ min: 1, max: 5 }), async (place, count) => {
        await expect(over([pages({ [place]: { tx: count } })])).rejects.toMatchObject({
          code: 'ZT_LAB_UNSETTLED',
        })
      }),
    )
  })
})
