import { describe, expect, it } from 'vitest'
import type { BgpSession } from '../contract/control-plane.js'
import type { ApiPeer } from './gobgp-api.js'
import { PeerSwitch } from './peer-switch.js'

const session = (port: string, remote: string, more: Partial<BgpSession> = {}): BgpSession => ({
  link: `leaf1--${port}`,
  peer: port,
  interface: 1,
  port,
  local: '10.0.0.0',
  remote,
  remoteAsn: 65_000,
  families: ['ipv4'],
  ...more,
})
const BFD = { bfd: { interval: 50, multiplier: 3 } }

/** A daemon with one peer that does what it is told, and a device whose carrier is set by hand. */
function daemon(one: BgpSession) {
  const peer = {
    conf: { neighborAddress: one.remote },
    state: { adminState: 'ADMIN_STATE_UP', sessionState: 'SESSION_STATE_ESTABLISHED' },
  } satisfies ApiPeer
  const world = { carrier: true, now: 0, asked: [] as string[] }
  const client = {
    peers: () => Promise.resolve([peer]),
    enablePeer: (address: string) => {
      world.asked.push(`enable ${address}`)
      peer.state.adminState = 'ADMIN_STATE_UP'
      return Promise.resolve()
    },
    disablePeer: (address: string) => {
      world.asked.push(`disable ${address}`)
      peer.state.adminState = 'ADMIN_STATE_DOWN'
      peer.state.sessionState = 'SESSION_STATE_IDLE'
      return Promise.resolve()
    },
  }
  const peers = new PeerSwitch(
    { sessions: [one] },
    () => world.carrier,
    () => undefined,
    () => world.now,
  )
  const round = (told = true) => peers.round(client, told)
  return { world, peer, round }
}

describe('a peer of a link', () => {
  it('[FAULT-1] is disabled without carrier, and enabled with it', async () => {
    const { world, round } = daemon(session('eth1', '10.0.0.1'))
    expect(await round()).toBe('done')
    world.carrier = false
    expect(await round()).toBe('again')
    expect(world.asked).toEqual(['disable 10.0.0.1'])
    world.carrier = true
    await round()
    expect(world.asked).toEqual(['disable 10.0.0.1', 'enable 10.0.0.1'])
    expect(await round()).toBe('done')
  })

  it('[BGP-16] is enabled only when the daemon has been told what the node announces', async () => {
    const { world, peer, round } = daemon(session('eth1', '10.0.0.1'))
    peer.state.adminState = 'ADMIN_STATE_DOWN'
    expect(await round(false)).toBe('again')
    expect(world.asked).toEqual([])
  })

  it('[BGP-12] stays down when it gave too many prefixes', async () => {
    const { world, peer, round } = daemon(session('eth1', '10.0.0.1'))
    peer.state.adminState = 'ADMIN_STATE_PFX_CT'
    expect(await round()).toBe('done')
    expect(world.asked).toEqual([])
  })
})

describe('a peer with BFD', () => {
  it('[BGP-15] is left to BFD, which ends its session: it is never disabled', async () => {
    const { world, peer, round } = daemon(session('eth1', '10.0.0.1', BFD))
    world.carrier = false
    expect(await round()).toBe('again')
    peer.state.sessionState = 'SESSION_STATE_ACTIVE'
    world.now = 10_000
    expect(await round()).toBe('done')
    world.carrier = true
    expect(await round()).toBe('done')
    expect(world.asked).toEqual([])
  })

  it('is disabled when BFD has not ended its session in four times its time', async () => {
    const { world, round } = daemon(session('eth1', '10.0.0.1', BFD))
    world.carrier = false
    await round()
    world.now = 599
    expect(await round()).toBe('again')
    expect(world.asked).toEqual([])
    world.now = 600
    await round()
    expect(world.asked).toEqual(['disable 10.0.0.1'])
  })

  it('has its whole time again when carrier came back meanwhile', async () => {
    const { world, round } = daemon(session('eth1', '10.0.0.1', BFD))
    world.carrier = false
    await round()
    world.carrier = true
    await round()
    world.carrier = false
    world.now = 700
    expect(await round()).toBe('again')
    expect(world.asked).toEqual([])
  })
})
