/**
 * A fabric on BGP whose links punt by XDP (PUNT-3): sessions come up, an operator pings and asks for the way, twin and lab agree, and what XDP
 * passes to the kernels is counted, and in no journal.
 */
import { describe, expect, it } from 'vitest'
import { NodeProgram } from '../../contract/program.js'
import { RecordType } from '../../contract/journal.js'
import type { Injection } from '../../record/target.js'
import { FabricNode, readRecords } from '../../twin/forward/index.js'
import { build, encodeFrame, parseIpv4, parseMac } from '../../twin/packet/index.js'
import { planOf } from './support/fabrics.js'
import { udpFrame } from './support/frames.js'
import { sideBySide } from './support/side-by-side.js'

const plan = planOf(`ztos: 1
name: punted
underlay:
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/24
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  leaf[1-2]: { role: leaf }
links:
  - { from: "leaf[1-2]", to: "spine[1-2]", punt: xdp }
tenants:
  shop:
    networks:
      web: { vni: 10010, gateways: [10.1.0.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
`)

describe('[O34] a fabric on BGP whose links punt by XDP', () => {
  const pair = sideBySide(plan)
  const lab = () => pair.lab

  const programOf = (node: string) => plan.nodes.find(({ name }) => name === node)!.program
  const loopback = (node: string) =>
    plan.nodes.find(({ name }) => name === node)!.control!.originate[0]!.split('/')[0]!
  const portOf = (node: string, peer: string) => {
    const link = plan.links.find(
      ({ a, b }) => [a.node, b.node].toSorted().join() === [node, peer].toSorted().join(),
    )!
    const id = link.a.node === node ? link.a.interface : link.b.interface
    const port = programOf(node).interfaces.find((one) => one.id === id)
    if (port?.kind !== 'port') throw new Error(`${node} has no port to ${peer}`)
    return { link: link.id, port, address: port.addresses[0]!.split('/')[0]! }
  }
  const exec = async (...argv: string[]) => (await lab().exec('leaf1', argv)).stdout
  /** By node and port. */
  const passed = async () => {
    const answers = await Promise.all(plan.nodes.map(({ name }) => lab().control(name, { op: 'stats' })))
    return plan.nodes.flatMap(({ name }, n) =>
      (answers[n] as { ports: { interface: number; xdpPassed: number }[] }).ports.map((port) => ({
        at: `${name}/${port.interface}`,
        count: port.xdpPassed,
      })),
    )
  }

  it('routes over both spines, is pinged and shows the way', async () => {
    const gateways = ['spine1', 'spine2'].map((spine) => portOf(spine, 'leaf1').address)
    const route = await exec('ip', 'route', 'show', loopback('leaf2'))
    for (const gateway of gateways) expect(route).toContain(`via ${gateway} `)
    const before = await passed()
    const pinged = await exec(
      'ping',
      '-n',
      '-i',
      '0.2',
      '-W',
      '2',
      '-c',
      '3',
      '-I',
      loopback('leaf1'),
      loopback('leaf2'),
    )
    expect(pinged).toContain('3 packets transmitted, 3 received')
    const way = await exec('traceroute', '-n', '-q', '1', '-s', loopback('leaf1'), loopback('leaf2'))
    const hops = way.split('\n').flatMap((line) => /^ *\d+ +([\d.]+) /.exec(line)?.[1] ?? [])
    expect(hops).toEqual([expect.toBeOneOf(gateways), loopback('leaf2')])
    const after = await passed()
    const more = (node: string) =>
      after.reduce(
        (sum, { at, count }, n) => sum + (at.startsWith(`${node}/`) ? count - before[n]!.count : 0),
        0,
      )
    // Requests at one end, answers and the errors of traceroute at the other.
    expect(more('leaf2')).toBeGreaterThanOrEqual(3)
    expect(more('leaf1')).toBeGreaterThanOrEqual(4)
  })

  it('[PUNT-3] agrees with the twin about what passes and what does not', async () => {
    const { link, port, address } = portOf('spine1', 'leaf1')
    const leaf = portOf('leaf1', 'spine1')
    const frame = (...stack: Parameters<typeof build.ethernet>[1][]) =>
      encodeFrame(build.ethernet({ dst: parseMac(port.mac), src: parseMac(leaf.port.mac) }, ...stack))
    // An echo reply, which a kernel takes without a word.
    const icmp = (dst: string) =>
      frame(
        build.ipv4(
          { src: parseIpv4(leaf.address), dst: parseIpv4(dst) },
          build.icmp({ type: 0, code: 0 }, build.payload('hello')),
        ),
      )
    const onLink = (bytes: Uint8Array): Injection => ({
      trace: pair.next(),
      at: { link, to: 'spine1' },
      frame: bytes,
    })
    const { lab: seen, twin } = await pair.both([
      onLink(icmp(address)),
      onLink(icmp(loopback('spine1'))),
      udpFrame(plan, { trace: pair.next(), from: 'shop/web1', to: 'shop/web2' }),
      // To nobody, by the machine.
      onLink(icmp('10.254.77.77')),
    ])
    const punts = [icmp(address), icmp(loopback('spine1'))].map((bytes) => ({
      node: 'spine1',
      interface: port.id,
      frame: bytes,
    }))
    for (const by of [seen, twin]) {
      const icmps = by.punts.filter(({ frame: bytes }) => bytes[12] === 8 && bytes[23] === 1)
      expect(icmps.filter(({ node }) => node === 'spine1')).toEqual(punts)
      // The machine's own error about the last passes at the leaf whose address was given: destination unreachable.
      expect(
        icmps.filter(({ node }) => node !== 'spine1').map(({ node, frame: bytes }) => [node, bytes[34]]),
      ).toEqual([['leaf1', 3]])
      expect(by.fates.map(({ fate }) => fate)).toContain('no-route')
    }
    expect(seen.arrivals.map(({ host }) => host)).toContain('shop/web2')
  })

  it('[PUNT-3] counts what XDP passes on every link, and has none of it in a journal', async () => {
    // Neighbours that have to be asked for, on every link.
    for (const leaf of ['leaf1', 'leaf2']) {
      for (const spine of ['spine1', 'spine2']) {
        const { port } = portOf(leaf, spine)
        const { address } = portOf(spine, leaf)
        await lab().exec(leaf, ['ip', 'neigh', 'del', address, 'dev', port.name])
        const { stdout } = await lab().exec(leaf, ['ping', '-n', '-W', '2', '-c', '1', address])
        expect(stdout).toContain('1 received')
        expect((await lab().exec(leaf, ['ip', 'neigh', 'show', address])).stdout).toContain('lladdr')
      }
    }
    const uplinks = (await passed()).filter(({ at }) =>
      plan.links.some(({ a, b }) => [a, b].some((end) => `${end.node}/${end.interface}` === at)),
    )
    expect(uplinks).toHaveLength(8)
    // An ARP message and an ICMP message at the least.
    expect(uplinks.filter(({ count }) => count < 2)).toEqual([])
    const hosts = (await passed()).filter(({ at }) => uplinks.every((one) => one.at !== at))
    expect(hosts.filter(({ count }) => count > 0)).toEqual([])
    let [received, sessions] = [0, 0]
    const unexpected: string[] = []
    for (const [name, bytes] of await lab().journals()) {
      let node: FabricNode | undefined
      for (const { type, interface: id, payload } of readRecords(bytes).records) {
        if (type === RecordType.Program) {
          node = new FabricNode(NodeProgram.parse(JSON.parse(Buffer.from(payload).toString('utf8'))))
        } else if (type === RecordType.FrameIn) {
          received++
          if (payload[12] === 8 && payload[13] === 0 && payload[23] === 6) sessions++
          if (node?.passes(id, payload) === true) unexpected.push(`${name} port ${id}`)
        }
      }
    }
    expect(unexpected).toEqual([])
    expect(received).toBeGreaterThan(100)
    expect(sessions).toBeGreaterThan(50)
    const { mismatches } = await pair.replayed()
    expect(mismatches).toEqual([])
  })
})
