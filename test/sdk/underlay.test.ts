import { describe, expect, test } from 'vitest'
import { judgeIntent } from '../../sdk/judge/intent.js'
import { compile } from '../../twin/compile.js'
import { formatProblem, parseFabric } from '../../twin/model/index.js'
import { twinOf } from './testing/demo.js'

/** A service at two leaves with one address, clients in the underlay, and a tenant beside them. */
function planOf(service: string) {
  const { fabric, problems } = parseFabric(
    `
ztos: 1
name: service
underlay:
  mtu: 1700
  loopbacks: 10.255.0.0/24
  links: 10.254.0.0/23
  bgp: { spines: 65000, leaves: 65101-65199 }
  control: bgp
nodes:
  spine[1-2]: { role: spine }
  leaf[1-3]: { role: leaf }
links:
  - { from: "leaf[1-3]", to: "spine[1-2]" }
tenants:
  net:
    vrf: underlay
    networks:
      clients: { vlan: 10, gateways: [192.0.2.1/24] }
      more: { vlan: 11, gateways: [198.51.100.1/24] }
      dns: { vlan: 53, anycast: true, at: "${service}", gateways: [203.0.113.1/24] }
    hosts:
      c1: { at: leaf1, network: clients }
      c2: { at: leaf2, network: more }
      s2: { at: leaf2, network: dns, address: 203.0.113.53 }
      s3: { at: leaf3, network: dns, address: 203.0.113.53 }
  shop:
    l3vni: 50001
    networks:
      web: { vlan: 20, vni: 10010, gateways: [192.0.2.1/24] }
    hosts:
      web1: { at: leaf1, network: web }
      web2: { at: leaf2, network: web }
intents:
  served: { reach: { from: net/clients, to: net/dns, proto: udp/53 } }
  clients: { reach: { from: net/clients, to: net/more, proto: udp/7 } }
`,
    'service.yaml',
  )
  if (fabric === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return compile(fabric)
}

describe('the underlay as a tenant, on the twin', () => {
  const plan = planOf('leaf[2-3]')

  test('one of each anycast set receives each packet, and once', async () => {
    const target = twinOf(plan)
    const verdict = await judgeIntent(target, target.fabric.intent('served'))
    expect(verdict).toMatchObject({ judgement: 'holds', findings: [] })
    expect(verdict.controls).toBeGreaterThan(0)
    expect(verdict.reason).toMatch(/^one of each of 1 anycast sets, once/)
  })

  test('a packet that arrives at two of a set is told, and one that arrives at none', async () => {
    const twice = twinOf(plan, {
      tamper: (seen) => ({
        ...seen,
        arrivals: seen.arrivals.flatMap((one) =>
          one.host === 'net/s2' || one.host === 'net/s3'
            ? [one, { ...one, host: one.host === 'net/s2' ? 'net/s3' : 'net/s2' }]
            : [one],
        ),
      }),
    })
    const verdict = await judgeIntent(twice, twice.fabric.intent('served'))
    expect(verdict.judgement).toBe('violated')
    expect(verdict.findings[0]?.message).toMatch(/arrived 2 times, at net\/s[23] and net\/s[23]/)
    const none = twinOf(plan, {
      tamper: (seen) => ({
        ...seen,
        arrivals: seen.arrivals.filter(({ host }) => !host.startsWith('net/s')),
      }),
    })
    const missing = await judgeIntent(none, none.fabric.intent('served'))
    expect(missing.findings[0]?.message).toMatch(/arrived at none of net\/s2, net\/s3/)
  })

  test('clients reach each other with the TTL that the routers leave, and no tenant hears them', async () => {
    const target = twinOf(plan)
    expect(await judgeIntent(target, target.fabric.intent('clients'))).toMatchObject({
      judgement: 'holds',
      findings: [],
    })
    expect(await judgeIntent(target, target.fabric.intent('isolation:net--shop'))).toMatchObject({
      judgement: 'holds',
      findings: [],
    })
  })
})
