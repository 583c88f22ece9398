import { describe, expect, test } from 'vitest'
import type { Plan, PlanIntent } from '../../contract/plan.js'
import type { NodeProgram, WireguardPeer } from '../../contract/program.js'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { formatProblem, parseFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { planOf, twinOf, witnessed } from './testing/demo.js'

const plan = planOf('demo')
const intent = (name: string): PlanIntent => twinOf(plan).fabric.intent(name)
const programOf = (of: Plan, node: string): NodeProgram => {
  const found = of.nodes.find(({ name }) => name === node)
  if (found === undefined) throw new Error(node)
  return found.program
}
const wrong = (change: (of: Plan) => void): Plan => {
  const copy = structuredClone(plan)
  change(copy)
  return copy
}

describe('a plan that does what it says holds', () => {
  test.each(plan.intents.filter(({ kind }) => kind !== 'latency').map(({ name }) => name))(
    '%s',
    async (name) => {
      const verdict = await judgeIntent(twinOf(plan), intent(name))
      expect(verdict).toMatchObject({ name, by: 'twin', judgement: 'holds', findings: [] })
      expect(verdict.controls).toBeGreaterThan(0)
    },
  )
})

describe('a program that does not do what the plan says is violated, by name', () => {
  test.each<[string, string, Plan]>([
    [
      'reach, with a route that is gone',
      'web-db',
      wrong((of) => {
        const { tables } = programOf(of, 'leaf1')
        tables.routes = tables.routes.filter(({ prefix }) => !prefix.startsWith('10.1.1.0'))
      }),
    ],
    [
      'encrypt, with a seal that is off',
      'core-sealed',
      wrong((of) => {
        for (const node of ['leaf1', 'spine1']) {
          for (const one of programOf(of, node).interfaces) if (one.kind === 'macsec') one.mode = 'disabled'
        }
      }),
    ],
    [
      'encrypt, with one key for two links',
      'core-sealed',
      wrong((of) => {
        const keyOf = (node: string, index: number) => {
          const seal = programOf(of, node).interfaces.filter((one) => one.kind === 'macsec')[index]
          if (seal === undefined) throw new Error(node)
          return seal
        }
        const stolen = keyOf('leaf2', 0).tx.key
        keyOf('leaf1', 0).tx.key = stolen
        for (const association of keyOf('spine1', 0).rx) association.key = stolen
      }),
    ],
    [
      'isolate, with a port in the wrong bridge',
      'isolation:bank--shop',
      wrong((of) => {
        const port = (id: string) => {
          const at = of.hosts.find((one) => one.id === id)?.at
          const found = programOf(of, at?.node ?? '').interfaces.find((one) => one.id === at?.interface)
          if (found?.kind !== 'port') throw new Error(id)
          return found
        }
        port('bank/web1').bridge = port('shop/web1').bridge ?? 0
      }),
    ],
  ])('%s', async (_, name, runs) => {
    const verdict = await judgeIntent(twinOf(plan, { runs }), intent(name))
    expect(verdict).toMatchObject({ name, judgement: 'violated' })
    // A packet to show.
    expect(verdict.findings[0]?.frame).toMatch(/^[0-9a-f]+$/)
    expect(verdict.findings[0]?.decoded?.[0]).toMatch(/^\d+ octets$/)
  })
})

describe('what cannot be judged says why', () => {
  test('a survive intent in which nothing fails', async () => {
    const survive: PlanIntent = { kind: 'survive', name: 'no-cut', links: 0, nodes: 0, keep: ['web-db'] }
    expect(await judgeIntent(twinOf(plan), survive)).toMatchObject({
      judgement: 'unjudged',
      reason: expect.stringContaining('nothing is said to fail') as string,
    })
  })

  test('tables of a compiler do not follow a cut: what a spine has for a leaf is lost', async () => {
    const survive: PlanIntent = { kind: 'survive', name: 'one-cut', links: 1, nodes: 0, keep: ['web-db'] }
    const verdict = await judgeIntent(twinOf(plan), survive)
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings[0]?.message).toMatch(/^with leaf1--spine1 down, web-db: /)
  })

  test('latency on the twin', async () => {
    expect(await judgeIntent(twinOf(plan), intent('web-fast'))).toMatchObject({ judgement: 'unjudged' })
  })

  test('isolation of a tenant that cannot show that it hears', async () => {
    const lonely = wrong((of) => {
      of.hosts = of.hosts.filter(({ id, tenant }) => tenant !== 'bank' || id === 'bank/web1')
    })
    expect(await judgeIntent(twinOf(lonely), intent('isolation:bank--shop'))).toMatchObject({
      judgement: 'unjudged',
      reason: expect.stringContaining('bank has no two hosts') as string,
    })
  })

  test('isolation while one tenant hears nothing at all, however lively the other', async () => {
    const deaf = twinOf(plan, {
      tamper: (seen) => ({ ...seen, arrivals: seen.arrivals.filter(({ host }) => host.startsWith('shop/')) }),
    })
    expect(await judgeIntent(deaf, intent('isolation:bank--shop'))).toMatchObject({
      judgement: 'unjudged',
      reason: expect.stringContaining('ZT_VACUOUS') as string,
    })
  })

  test('encryption of a link that nothing crosses', async () => {
    const still = wrong((of) => {
      of.hosts = of.hosts.filter(({ at }) => at.node === 'leaf1')
    })
    expect(await judgeIntent(twinOf(still), intent('core-sealed'))).toMatchObject({
      judgement: 'unjudged',
      reason: expect.stringContaining('no traffic crosses') as string,
    })
  })
})

/** Two hosts of one tenant on two leaves, a third leaf without hosts, every link sealed. */
function sealed(spines: number, links: string): Plan {
  const { fabric, problems } = parseFabric(
    `
ztos: 1
name: sparse
underlay: { mtu: 1700, loopbacks: 10.255.0.0/24, links: 10.254.0.0/23, bgp: { spines: 65000, leaves: 65101-65199 } }
nodes: { "spine[1-${spines}]": { role: spine }, "leaf[1-3]": { role: leaf } }
seals: { core: { macsec: gcm-aes-128, key: "lab:core" } }
links: [{ from: "leaf*", to: "spine*", seal: core, count: 2 }]
tenants:
  shop:
    networks: { web: { vni: 10010, subnet: 10.1.0.0/24 } }
    hosts: { web1: { at: leaf1, network: web }, web2: { at: leaf2, network: web } }
intents: { core-sealed: { encrypt: { links: "${links}" } } }
`,
    'sparse.yaml',
  )
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}

describe('[T07] encryption of a fabric with few hosts', () => {
  test('one pair of hosts is enough to look at every link of their leaves, however many there are', async () => {
    const target = twinOf(sealed(4, 'leaf[1-2]--spine*'))
    const verdict = await judgeIntent(target, target.fabric.intent('core-sealed'))
    expect(verdict).toMatchObject({ judgement: 'holds', findings: [] })
  })

  test('links of a leaf without hosts are not judged, and it says so, and what to do', async () => {
    const target = twinOf(sealed(2, 'leaf*--spine*'))
    const verdict = await judgeIntent(target, target.fabric.intent('core-sealed'))
    expect(verdict.judgement).toBe('unjudged')
    expect(verdict.reason).toMatch(
      /^no tenant has a host on leaf3, so no traffic crosses its links leaf3--spine1, .*: attach a host there, or leave these links out of the intent$/,
    )
    expect(verdict.reason).not.toContain('leaf1')
  })
})

describe('[T07] encryption rests on three grounds', () => {
  test('a plan without seal is violated, whatever is seen', async () => {
    const clear = planOf('demo-clear')
    const verdict = await judgeIntent(twinOf(clear), intent('core-sealed'))
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings[0]).toMatchObject({
      invariant: 'INV-SEAL-PLAN',
      message: expect.stringContaining('the plan does not seal') as string,
    })
  })

  describe.each<[string, (peer: WireguardPeer) => void, RegExp]>([
    [
      'a peer of another key',
      (peer) => (peer.publicKey = 'lab:core/leaf2--spine1/spine1/public'),
      /the plan does not seal leaf1--spine1: leaf1 has no peer with the key of spine1$/,
    ],
    [
      'a pre-shared key that one end alone has',
      (peer) => (peer.presharedKey = 'lab:core/leaf1--spine1/psk'),
      /leaf1 and spine1 have not the same pre-shared key$/,
    ],
    [
      'an endpoint where nobody is',
      (peer) => (peer.endpoint = { address: peer.endpoint!.address, port: 9 }),
      /leaf1 sends to \S+ port 9, which is not spine1$/,
    ],
    ['no endpoint', (peer) => delete peer.endpoint, /leaf1 has no endpoint of its peer spine1$/],
  ])('WireGuard with %s', (_what, change, message) => {
    test('is said to be so', async () => {
      const copy = structuredClone(planOf('demo-wireguard'))
      const seal = programOf(copy, 'leaf1').interfaces.find((one) => one.kind === 'wireguard')
      if (seal?.kind !== 'wireguard') throw new Error('no seal')
      change(seal.peers[0]!)
      copy.keys = [...new Set([...copy.keys, 'lab:core/leaf1--spine1/psk'])].sort()
      const target = twinOf(copy)
      const verdict = await judgeIntent(target, target.fabric.intent('core-sealed'))
      expect(verdict.judgement).toBe('violated')
      expect(verdict.findings[0]?.invariant).toBe('INV-SEAL-PLAN')
      expect(verdict.findings[0]?.message).toMatch(message)
      expect(verdict.findings.map((one) => one.message).join()).not.toContain('receive association')
    })
  })

  test('a port whose kernel may send in the clear is violated', async () => {
    const witness = witnessed(plan, (node) => ({ installed: node !== 'leaf2', dropped: 3 }))
    const verdict = await judgeIntent(twinOf(plan, { witness }), intent('core-sealed'))
    expect(verdict).toMatchObject({ judgement: 'violated' })
    expect(new Set(verdict.findings.map(({ invariant, node }) => `${invariant} ${node ?? ''}`))).toEqual(
      new Set(['INV-GUARD leaf2']),
    )
    expect(verdict.grounds?.map(({ ground, judgement }) => `${ground} ${judgement}`)).toEqual([
      'plan holds',
      'egress guard violated',
      'capture holds',
    ])
    expect(verdict.grounds?.[1]?.counts).toEqual({ ports: 12, guarded: 10, dropped: 36 })
    expect(verdict.grounds?.[1]?.said).toContain('PACKET_QDISC_BYPASS')
  })

  test('frames as captures saw them outweigh those of the engines, and are kept', async () => {
    const kept = new Map<string, number>()
    const target = twinOf(plan, {
      witness: witnessed(plan),
      keep: (name, frames) => kept.set(name, frames.filter(({ seenBy }) => seenBy === 'capture').length),
      // An engine that writes down sealed frames and sends clear ones: only the capture knows.
      tamper: (seen) => ({
        ...seen,
        wire: [
          ...seen.wire,
          ...seen.wire.map((one) => ({
            ...one,
            seenBy: 'capture' as const,
            frame: target.reader.read(one).clear ?? one.frame,
          })),
        ],
      }),
    })
    const verdict = await judgeIntent(target, intent('core-sealed'))
    expect(verdict.findings[0]?.invariant).toMatch(/^INV-NO-(?:CANARY|CLEAR)$/)
    expect(kept.get('core-sealed.twin')).toBeGreaterThan(0)
  })
})
