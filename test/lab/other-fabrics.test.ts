/**
 * Fabric files that are not the repository's: written here, read, compiled and judged by the command as anybody's would be.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { troubles, verifiedOf, Workplace } from './support/command.js'
import { needsRoot } from './support/host.js'

/** More leaves, other pools, three tenants on the same addresses, both families, one without gateways. */
const workshop = `
ztos: 1
name: workshop
underlay: { mtu: 1720, loopbacks: 172.16.9.0/25, links: 172.17.0.0/22, bgp: { spines: 64900, leaves: 65200-65299 } }
nodes: { "spine[1-3]": { role: spine }, "leaf[1-5]": { role: leaf } }
seals: { backbone: { macsec: gcm-aes-128, mode: strict, key: "lab:backbone" } }
links: [{ from: "leaf[1-5]", to: "spine[1-3]", seal: backbone }]
tenants:
  red:
    l3vni: 70001
    networks:
      app: { vlan: 100, vni: 71001, gateways: [192.168.0.1/23, "fd12:0:0:1::1/64"] }
      store: { vlan: 101, vni: 71002, gateways: [192.168.8.1/24, "fd12:0:0:2::1/64"] }
    hosts:
      a1: { at: leaf1, network: app }
      a2: { at: leaf3, network: app }
      s1: { at: leaf5, network: store }
      s2: { at: leaf2, network: store }
  green:
    l3vni: 70002
    networks:
      app: { vlan: 100, vni: 72001, gateways: [192.168.0.1/23, "fd12:0:0:1::1/64"] }
      store: { vlan: 101, vni: 72002, gateways: [192.168.8.1/24] }
    hosts:
      a1: { at: leaf2, network: app }
      a2: { at: leaf4, network: app }
      s1: { at: leaf1, network: store }
  blue:
    networks:
      flat: { vni: 73001, subnet: [192.168.0.0/23, "fd12:0:0:1::/64"] }
    hosts:
      b1: { at: leaf4, network: flat }
      b2: { at: leaf5, network: flat }
      b3: { at: leaf5, network: flat }
intents:
  red-app-store: { reach: { from: red/app, to: red/store } }
  green-inside: { reach: { from: green/app, to: green/store } }
  blue-pair: { reach: { from: blue/b1, to: blue/b2 } }
  sealed: { encrypt: { links: "leaf*--spine*" } }
`

interface Variant {
  readonly underlay?: string
  readonly nodes?: string
  readonly seal?: boolean
  readonly count?: number
  readonly tenants?: string
  readonly intents?: string
}
const v4 = 'mtu: 1700, loopbacks: 10.255.0.0/24, links: 10.254.0.0/23'
const v6 = 'mtu: 1700, loopbacks: "2001:db8:ffff::/64", links: "2001:db8:fffe::/64"'
/** Two tenants, whose networks have these gateways. */
const twoTenants = (web: string, db: string) => `
  red:
    l3vni: 50001
    networks: { web: { vni: 10010, gateways: [${web}] }, db: { vni: 10020, gateways: [${db}] } }
    hosts: { w1: { at: leaf1, network: web }, w2: { at: leaf2, network: web }, d1: { at: leaf2, network: db } }
  blue:
    l3vni: 50002
    networks: { web: { vni: 20010, gateways: [${web}] } }
    hosts: { w1: { at: leaf1, network: web }, w2: { at: leaf2, network: web } }`
const routedOnly = `
  red:
    l3vni: 50001
    networks: { web: { vni: 10010, gateways: [10.1.0.1/24] }, db: { vni: 10020, gateways: [10.1.1.1/24] } }
    hosts: { h1: { at: leaf1, network: web }, h2: { at: leaf2, network: db } }
  blue:
    l3vni: 50002
    networks: { web: { vni: 20010, gateways: [10.1.0.1/24] }, db: { vni: 20020, gateways: [10.1.1.1/24] } }
    hosts: { h1: { at: leaf1, network: web }, h2: { at: leaf2, network: db } }`

function fabric({ underlay = v4, nodes, seal = true, count = 1, tenants, intents }: Variant): string {
  return `ztos: 1
name: variant
underlay: { ${underlay} }
nodes: { ${nodes ?? 'spine1: { role: spine }, "leaf[1-2]": { role: leaf }'} }
${seal ? 'seals: { core: { macsec: gcm-aes-128, key: "lab:core" } }' : ''}
links: [{ from: "leaf*", to: "spine*", count: ${count}${seal ? ', seal: core' : ''} }]
tenants:${tenants ?? twoTenants('10.1.0.1/24', '10.1.1.1/24')}
intents:
  web-db: { reach: { from: red/web, to: red/db } }
${seal ? '  sealed: { encrypt: { links: "leaf1--spine*" } }' : ''}
${intents ?? ''}
`
}

const Record = z.looseObject({
  exit: z.int(),
  fabric: z.looseObject({ name: z.string() }),
  verdicts: z.array(z.looseObject({ combined: z.string() })),
})

beforeEach(needsRoot)

describe('[T01] [T03] [T06] [T10] [Z03] fabric files of somebody else', () => {
  let at: Workplace
  beforeAll(() => {
    at = new Workplace()
  })
  afterAll(() => at.close())
  let files = 0
  const written = (text: string) => {
    const file = at.file(`fabric-${++files}.yaml`)
    writeFileSync(file, text)
    return file
  }
  const verify = async (text: string, ...more: readonly string[]) =>
    at.ztos('verify', written(text), '--runs', at.file('runs'), '--cases', '3', '--json', ...more)

  const sound = { status: 0, troubles: [], exit: 0, verdicts: ['holds'] }
  /** What the command says of a file, and what its record says. */
  async function outcomeOf(text: string, ...more: readonly string[]) {
    const called = await verify(text, ...more)
    const verified = verifiedOf(called)
    const { exit, verdicts } = Record.parse(
      JSON.parse(readFileSync(path.join(verified.directory, 'verification.json'), 'utf8')),
    )
    return {
      status: called.status,
      troubles: troubles(verified),
      exit,
      verdicts: [...new Set(verdicts.map(({ combined }) => combined))],
    }
  }

  it('three spines, five leaves, three tenants: it holds in twin and lab, and the record says so', async () => {
    expect(await outcomeOf(workshop)).toEqual(sound)
  })

  it.each<[string, Variant]>([
    ['four spines, six leaves', { nodes: '"spine[1-4]": { role: spine }, "leaf[1-6]": { role: leaf }' }],
    [
      'pools with not one address to spare',
      { underlay: 'mtu: 1700, loopbacks: 10.255.0.0/29, links: 10.254.0.0/30' },
    ],
    [
      'only IPv6, inside and below',
      { underlay: v6, tenants: twoTenants('"2001:db8:1::1/64"', '"2001:db8:2::1/64"') },
    ],
  ])('%s: it holds in twin and lab', async (_name, variant) => {
    expect(await outcomeOf(fabric(variant))).toEqual(sound)
  })

  const longest = `a${'b'.repeat(14)}`
  it.each<[string, Variant]>([
    ['clear links', { seal: false }],
    ['parallel links', { count: 2 }],
    ['only IPv6 inside', { tenants: twoTenants('"2001:db8:1::1/64"', '"2001:db8:2::1/64"') }],
    ['tenants that are only routed', { tenants: routedOnly }],
    ['the largest MTU that a lab takes', { underlay: v4.replace('1700', '1746') }],
    ['jumbo frames below', { underlay: v4.replace('1700', '9000') }],
    [
      'names of fifteen letters',
      {
        tenants: twoTenants('10.1.0.1/24', '10.1.1.1/24').replaceAll('w1:', `${longest}:`),
      },
    ],
  ])('%s: it holds in the twin', async (_name, variant) => {
    expect(await outcomeOf(fabric(variant), '--on', 'twin')).toEqual(sound)
  })

  it.each<[string, Variant, RegExp]>([
    [
      'pools that are too small',
      { underlay: v4.replace('10.255.0.0/24', '10.255.0.0/31') },
      /ZT_FABRIC_POOL_EXHAUSTED/,
    ],
    ['an underlay too narrow for what it carries', { underlay: v4.replace('1700', '1500') }, /ZT_FABRIC_MTU/],
    ['a port wider than any', { underlay: v4.replace('1700', '9216') }, /ZT_FABRIC_MTU/],
    [
      'a name longer than any',
      { nodes: `spine1: { role: spine }, "leaf${'x'.repeat(80)}[1-2]": { role: leaf }` },
      /ZT_FABRIC_/,
    ],
  ])('%s: bad input, with file and line', async (_name, variant, problem) => {
    const { status, stdout, stderr } = await verify(fabric(variant))
    expect(status).toBe(2)
    const said = `${stdout.toString()}${stderr}`
    expect(said).toMatch(problem)
    expect(said).toMatch(/fabric-\d+\.yaml/)
  })

  it('an MTU that a lab cannot have: unjudged there, status 3, and the limit is named', async () => {
    const called = await verify(fabric({ underlay: v4.replace('1700', '1747') }))
    expect(called.status).toBe(3)
    const { verdicts } = verifiedOf(called)
    const reasons = verdicts.flatMap((one) =>
      one.verdicts.filter(({ by }) => by === 'netns').map(({ judgement, reason }) => ({ judgement, reason })),
    )
    expect(reasons.length).toBeGreaterThan(0)
    for (const { judgement, reason } of reasons) {
      expect(judgement).toBe('unjudged')
      expect(reason).toMatch(/MTU 17\d\d.* at most \d+/)
    }
  })
})
