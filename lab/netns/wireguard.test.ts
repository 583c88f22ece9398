import { describe, expect, it } from 'vitest'
import { compile } from '../../twin/compile.js'
import { loadFabric } from '../../twin/model/index.js'
import { networkScript } from './script.js'
import { MAX_LINK_MTU, wiringOf } from './wiring.js'

const { fabric } = loadFabric('topologies/demo-wireguard.yaml')
if (fabric === undefined) throw new TypeError('the fabric is not sound')
const plan = compile(fabric)

describe('the network of links sealed by WireGuard', () => {
  const leaf1 = wiringOf('k3f9a2', plan).nodes.find(({ node }) => node === 'leaf1')
  const inside = plan.nodes
    .find(({ name }) => name === 'leaf1')
    ?.program.interfaces.find(({ name }) => name === 'wg1')
  if (inside?.kind !== 'wireguard') throw new TypeError('no wg1')

  it('[PUNT-1] shows a kernel on the TAP what is inside: its addresses, its MTU, its neighbour', () => {
    expect(leaf1?.taps.find(({ device }) => device === 'eth1')).toEqual({
      device: 'eth1',
      mac: inside.mac,
      mtu: 1700,
      addresses: inside.addresses,
    })
    expect(leaf1?.neighbours).toContainEqual({
      device: 'eth1',
      address: inside.peers[0]?.endpoint?.address,
      mac: inside.peerMac,
    })
    expect(leaf1?.routes.flatMap(({ hops }) => hops.map(({ device }) => device))).toContain('eth1')
  })

  it('keeps what the kernel sends from the wire', () => {
    expect(leaf1?.ports.filter(({ sealed }) => sealed).map(({ device }) => device)).toEqual(['eth1', 'eth2'])
    const { inside: scripts } = networkScript(wiringOf('k3f9a2', plan)).rest
    const lines = scripts.find(({ namespace }) => namespace === 'zt-k3f9a2-leaf1')?.lines ?? []
    expect(lines.some((line) => line.startsWith('tc filter add dev eth1.phy '))).toBe(true)
    expect(lines.some((line) => line.startsWith('tc filter add dev eth3.phy '))).toBe(false)
  })

  const withMtu = (mtu: number) => {
    const wide = structuredClone(plan)
    for (const item of wide.nodes.flatMap(({ program }) => program.interfaces)) {
      if (item.kind === 'wireguard') item.mtu = mtu
      if (item.kind === 'port' && item.vrf === undefined && item.bridge === undefined) item.mtu = mtu + 60
    }
    return wiringOf('k3f9a2', wide)
  }

  it('has room for 1718 octets inside and no more', () => {
    expect(withMtu(1718).veths[0]?.mtu).toBe(MAX_LINK_MTU)
    expect(() => withMtu(1719)).toThrow(
      /has MTU 1779, .* at most 1792 octets\n {2}remedy: set underlay.mtu to at most 1718, to which the seal adds 60/,
    )
  })
})
