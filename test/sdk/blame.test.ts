/** What blame says of frames that WireGuard carried or refused: clause and peer. */
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import { blameWalk } from '../../sdk/vitest/blame-walk.js'
import { trace } from '../../twin/forward/index.js'
import { deriveKeys } from '../../twin/program/index.js'
import { udpFrame } from '../lab/support/frames.js'
import { hostOf, siteProgram, sitesPlan, type Site } from '../support/wireguard-sites.js'

const plan = sitesPlan(4)
const keys = deriveKeys(plan, new Uint8Array(32).fill(1))

function blame(of: Plan, from: Site, to: Site): readonly string[] {
  const frame = udpFrame(of, { trace: 1, from: hostOf(from), to: hostOf(to) })
  return blameWalk({ plan: of, walk: trace(of, frame, { keys }), broken: [] }, hostOf(to)).short
}

describe('[WG-12] [WG-17] [WG-24] [WG-26] blame of what WireGuard carries', () => {
  test('names the peer by whose allowedIps a packet went, and the session that opened it', () => {
    const lines = blame(plan, 'east', 'west').join('\n')
    expect(lines).toContain(
      'WG-24 wg0: a peer has the destination; entry: peer lab:sites/west/public, 10.3.0.0/24 of its allowedIps',
    )
    expect(lines).toContain('WG-17 wg0: a packet of')
  })

  test('says that no peer has the destination', () => {
    const nodes = plan.nodes.map((node) => {
      if (node.name !== 'east') return node
      const program = siteProgram('east', 4)
      const interfaces = program.interfaces.map((one) =>
        one.kind === 'wireguard' ? { ...one, peers: [] } : one,
      )
      return { ...node, program: { ...program, interfaces } }
    })
    const lines = blame({ ...plan, nodes }, 'east', 'west').join('\n')
    expect(lines).toContain('WG-24 wg0: no peer has the destination; entry: none of its peers, 0 in all')
    expect(lines).toContain('= wireguard-no-peer')
  })

  test('says that the peer takes it for somebody else’s', () => {
    const nodes = plan.nodes.map((node) => {
      if (node.name !== 'west') return node
      const program = siteProgram('west', 4)
      const interfaces = program.interfaces.map((one) =>
        one.kind === 'wireguard'
          ? { ...one, peers: one.peers.map((peer) => ({ ...peer, allowedIps: peer.allowedIps.slice(-1) })) }
          : one,
      )
      return { ...node, program: { ...program, interfaces } }
    })
    const lines = blame({ ...plan, nodes }, 'east', 'west').join('\n')
    expect(lines).toContain("WG-17 wg0: the source is not this peer's")
    expect(lines).toContain('= wireguard-source-not-allowed (WG-17)')
  })
})
