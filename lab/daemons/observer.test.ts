import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { frrDataplane, frrSessions, frrWork, gobgpSessions, queuedOctets } from './observer.js'
import { controls } from './testdata/fabric.js'

const captured = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`testdata/captured/${name}.json`, import.meta.url), 'utf8'))
const nodes = controls({ spines: 2, leaves: 3 })

describe('sessions as daemons tell of them', () => {
  const { sessions: ofSpine } = nodes.get('spine1')!
  const { sessions: ofLeaf } = nodes.get('leaf2')!
  const leaf = () => gobgpSessions(ofLeaf, captured('gobgp-peers') as [], 'leaf2')

  it('are read from FRR', () => {
    expect(frrSessions(ofSpine, captured('frr-neighbours'), 'spine1')).toEqual([
      {
        peer: 'leaf1',
        link: 'leaf1--spine1',
        established: true,
        updatesSent: 27,
        updatesReceived: 32,
        interruptions: 0,
        queued: 0,
      },
      expect.objectContaining({ peer: 'leaf2', updatesSent: 27, updatesReceived: 7 }),
      expect.objectContaining({ peer: 'leaf3', updatesSent: 27, updatesReceived: 4 }),
    ])
  })

  it('are read from GoBGP, an update that it could not use among those received', () => {
    // 26 and 1: as many as FRR above has sent.
    expect(leaf()[0]).toEqual({
      peer: 'spine1',
      link: 'leaf2--spine1',
      established: true,
      updatesSent: 9,
      updatesReceived: 27,
      interruptions: 0,
      queued: 0,
    })
  })

  it('count what FRR has queued for each family', () => {
    const answer = captured('frr-neighbours') as Record<
      string,
      { messageStats: object; addressFamilyInfo: Record<string, object> }
    >
    const first = answer['10.254.0.0']!
    const bent = {
      ...answer,
      '10.254.0.0': {
        ...first,
        messageStats: { ...first.messageStats, depthOutq: 2 },
        addressFamilyInfo: { ipv4Unicast: { packetQueueLength: 3 }, l2VpnEvpn: {} },
      },
    }
    expect(frrSessions(ofSpine, bent, 'spine1')[0]?.queued).toBe(5)
  })

  it('that a daemon does not have are not up', () => {
    const other = [{ ...ofSpine[0]!, remote: '192.0.2.1' }]
    expect(frrSessions(other, captured('frr-neighbours'), 'spine1')[0]?.established).toBe(false)
    expect(gobgpSessions(other, [], 'leaf2')[0]?.established).toBe(false)
  })

  it('are refused in a form that the daemon does not have', () => {
    expect(() => frrSessions(ofSpine, { x: { bgpState: 1 } }, 'spine1')).toThrow(
      /^ZT_LAB_FORMAT: neighbours of spine1: x\./,
    )
    expect(() => gobgpSessions(ofLeaf, [{ conf: {} }], 'leaf2')).toThrow(/^ZT_LAB_FORMAT: peers of leaf2: /)
  })
})

describe('work that is left', () => {
  const queues = (items: number) =>
    [
      '      List (ms)   Q. Runs   Yields       Cycle Counts   ',
      'P    Items  Hold    Total    Total    Best  Gran.    Total   Avg. Name',
      '         0    50        0        0       0      1        0      0 label callbacks',
      `         ${items}    50       15        0       1      1       15      1 process_queue (null)`,
    ].join('\n')

  it('is seen in the work queues of a daemon', () => {
    expect(frrWork('bgpd', queues(0))).toEqual([])
    expect(frrWork('bgpd', queues(12))).toEqual(["12 items in bgpd's process_queue (null)"])
    expect(frrWork('bgpd', queues(3).replace('         3', 'P        3'))).toHaveLength(1)
  })

  it('is seen on the way to the kernel', () => {
    const text = (depth: number) =>
      `Zebra dataplane:\nRoute updates:            33\nRoute update queue depth: ${depth}\n`
    expect(frrDataplane(text(0))).toEqual([])
    expect(frrDataplane(text(8))).toEqual(['8 route updates on their way to the kernel'])
  })

  it('is seen in the sockets of BGP, and of nobody else', () => {
    const line = (local: string, state: string, queues: string) =>
      `   1: ${local} 0000FE0A:9D53 ${state} ${queues} 00:00000000 00000000   103        0 4711 1`
    expect(
      queuedOctets(
        [
          '  sl  local_address rem_address   st tx_queue rx_queue',
          line('0100FE0A:00B3', '01', '00000010:00000005'),
          line('0100FE0A:00B3', '01', '00000000:00000000'),
          line('0100FE0A:00B3', '0A', '00000001:00000000'),
          line('0100FE0A:0016', '01', '00000001:00000000'),
          '',
        ].join('\n'),
      ),
    ).toEqual(['21 octets in a BGP socket'])
  })
})
