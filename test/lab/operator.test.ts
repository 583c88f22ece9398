/**
 * What an operator does on the nodes of a lab: looks at routes, pings, asks for the way, listens. Sessions and pings travel sealed, and the kernel
 * routes as BGP says.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { labUp, type Lab } from '../../lab/index.js'
import type { Target } from '../../record/target.js'
import { newSeed, shipped } from './support/fabrics.js'
import { needsRoot } from './support/host.js'

beforeEach(needsRoot)

const Routes = z.array(
  z.object({
    dst: z.string(),
    gateway: z.string().optional(),
    nexthops: z.array(z.object({ gateway: z.string(), flags: z.array(z.string()) })).optional(),
  }),
)

describe('[C13] a node of the demo-bgp fabric', () => {
  const plan = shipped('demo-bgp')
  const cut = { kind: 'link-down', link: 'leaf1--spine1' } as const
  let lab: Lab
  let target: Target

  beforeAll(async () => {
    if (process.getuid?.() !== 0) return
    lab = await labUp(plan, { keysSeed: newSeed() })
    target = await lab.target({ ownsLab: true })
  })
  afterAll(async () => {
    if (process.getuid?.() === 0) await target.close()
  })

  const loopback = (node: string) =>
    plan.nodes.find(({ name }) => name === node)?.control?.originate[0]?.split('/')[0] ?? ''
  const sessionOf = (node: string, peer: string) =>
    plan.nodes.find(({ name }) => name === node)!.control!.sessions.find((session) => session.peer === peer)!
  const gatewaysTo = async (node: string) => {
    const { stdout } = await lab.exec('leaf1', ['ip', '-json', 'route', 'show', loopback(node)])
    const [route] = Routes.parse(JSON.parse(stdout))
    const hops = route?.nexthops?.filter(({ flags }) => !flags.includes('linkdown'))
    return (hops?.map(({ gateway }) => gateway) ?? [route?.gateway ?? 'none']).toSorted()
  }
  const ping = async (to: string, { from = loopback('leaf1'), count = 1, ttl = 64 } = {}) => {
    const argv = ['ping', '-n', '-i', '0.2', '-W', '2', '-c', `${count}`, '-t', `${ttl}`, '-I', from, to]
    const { stdout } = await lab.exec('leaf1', argv)
    return stdout
      .split('\n')
      .flatMap(
        (line) => /^(?:\d+ bytes from ([\d.]+):|From ([\d.]+) .*(Time to live exceeded))/.exec(line) ?? [],
      )
      .filter((part, i) => part !== undefined && i % 4 !== 0)
  }
  const trace = async (to: string) => {
    const { stdout } = await lab.exec('leaf1', ['traceroute', '-n', '-q', '1', '-s', loopback('leaf1'), to])
    return stdout.split('\n').flatMap((line) => /^ *\d+ +([\d.]+) /.exec(line)?.[1] ?? [])
  }
  const far = (spine: string) => sessionOf('leaf1', spine).remote

  it('routes to another leaf over both spines, and answers to pings of loopback and link', async () => {
    expect(await gatewaysTo('leaf2')).toEqual([far('spine1'), far('spine2')].toSorted())
    expect(await ping(loopback('leaf2'), { count: 3 })).toEqual(
      Array.from({ length: 3 }, () => loopback('leaf2')),
    )
    const { local, remote } = sessionOf('leaf1', 'spine1')
    expect(await ping(remote, { from: local })).toEqual([remote])
  })

  it('lets an operator listen to its sessions in the clear, where they travel sealed', async () => {
    const { port } = sessionOf('leaf1', 'spine1')
    const { code, stdout } = await lab.exec('leaf1', [
      'timeout',
      '20',
      'tcpdump',
      '-n',
      '-c',
      '2',
      '-i',
      port,
      'tcp port 179',
    ])
    expect({ code, bgp: /\.179[ :>]/.test(stdout) }).toEqual({ code: 0, bgp: true })
  })

  it('goes the other way when a link is cut, and both again when it is mended', async () => {
    await target.fail?.(cut)
    expect(await gatewaysTo('leaf2')).toEqual([far('spine2')])
    expect(await ping(loopback('leaf2'), { count: 3 })).toEqual(
      Array.from({ length: 3 }, () => loopback('leaf2')),
    )
    // A packet that may take one hop tells which way it went.
    expect(await ping(loopback('leaf2'), { ttl: 1 })).toEqual([far('spine2'), 'Time to live exceeded'])
    expect(await trace(loopback('leaf2'))).toEqual([far('spine2'), loopback('leaf2')])
    const { stdout } = await lab.exec('leaf1', ['ip', 'route', 'get', loopback('leaf2')])
    expect(stdout).toContain(`via ${far('spine2')}`)
    await target.repair?.(cut)
    expect(await gatewaysTo('leaf2')).toEqual([far('spine1'), far('spine2')].toSorted())
  })
})
