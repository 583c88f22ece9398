/**
 * Fail closed: what a node's kernel sends on a sealed port never leaves it.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { labUp, type Lab } from '../../lab/index.js'
import { newSeed, shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

const Stats = z.object({
  ports: z.array(z.object({ interface: z.int(), rx: z.int() })),
  fates: z.record(z.string(), z.int()),
})
const plan = shipped('two-leaves')
const link = plan.links.find(({ id }) => id === 'leaf1--spine1')!

beforeEach(needsRoot)

describe('[B01] a sealed port', () => {
  let lab: Lab
  beforeAll(async () => {
    if (process.getuid?.() === 0) lab = await labUp(plan, { keysSeed: newSeed() })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await lab.down()
  })
  const seenBySpine = async () => {
    const { ports, fates } = Stats.parse(await lab.control('spine1', { op: 'stats' }))
    return {
      rx: ports.find((port) => port.interface === link.b.interface)!.rx,
      clear: fates['macsec-clear'] ?? 0,
    }
  }
  /** Makes leaf1's kernel send clear frames on its device: ARP for an address that is nobody's, and IPv6 by its own will. */
  const provoke = () =>
    lab.exec('leaf1', [
      'sh',
      '-c',
      `dev=eth${link.a.interface}.phy
       echo 0 > /proc/sys/net/ipv6/conf/$dev/disable_ipv6
       ip addr add 192.0.2.1/24 dev $dev
       python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.2", 9))'
       sleep 0.3
       ip addr del 192.0.2.1/24 dev $dev
       echo 1 > /proc/sys/net/ipv6/conf/$dev/disable_ipv6
       tc -s filter show dev $dev egress`,
    ])

  it('lets nothing out that the kernel sends', async () => {
    const before = await seenBySpine()
    await provoke()
    expect(await seenBySpine()).toEqual(before)
  })

  it('would let it out without the guard, and the far end would drop it as clear', async () => {
    const before = await seenBySpine()
    await lab.exec('leaf1', ['tc', 'qdisc', 'del', 'dev', `eth${link.a.interface}.phy`, 'clsact'])
    await provoke()
    const after = await seenBySpine()
    expect(after.rx).toBeGreaterThan(before.rx)
    expect(after.clear - before.clear).toBe(after.rx - before.rx)
  })
})
