import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeControl } from '../../contract/control-plane.js'
import { LabError } from '../errors.js'
import { checkFrrCan, frrConfig } from './frr-config.js'
import { controls, policies, withPolicies } from './testdata/fabric.js'

const spine = (family: 'ipv4' | 'ipv6' = 'ipv4') => controls({ spines: 2, leaves: 2, family }).get('spine1')!

/** What `vtysh -C` says of a file; nothing when it is valid. */
function objections(text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'frr-'))
  try {
    const file = path.join(folder, 'frr.conf')
    writeFileSync(file, text)
    const { status, stdout, stderr } = spawnSync('vtysh', ['-C', '-f', file], { encoding: 'utf8' })
    return status === 0 ? stdout + stderr : `status ${status}: ${stdout}${stderr}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('frr.conf', () => {
  it.each(['ipv4', 'ipv6'] as const)('is valid to vtysh -C over %s', (family) => {
    const control = spine(family)
    expect(objections(frrConfig('spine1', control).frr)).toBe('')
    expect(objections(frrConfig('spine1', withPolicies(control)).frr)).toBe('')
  })

  it('[TABLE-7] gives the kernel no route for a network of the node itself, both families', () => {
    const control = { ...spine(), originate: ['10.255.0.101/32', '203.0.113.0/24', '2001:db8:1::/64'] }
    const { frr, zebra, bgpd } = frrConfig('spine1', control)
    expect(objections(frr)).toBe('')
    for (const line of [
      'ip prefix-list connected:ipv4 seq 5 permit 203.0.113.0/24',
      'ip protocol bgp route-map connected:ipv4',
      'ipv6 prefix-list connected:ipv6 seq 5 permit 2001:db8:1::/64',
      'ipv6 protocol bgp route-map connected:ipv6',
    ]) {
      expect(zebra.split('\n')).toContain(line)
      expect(bgpd.split('\n')).not.toContain(line)
    }
    expect(frrConfig('spine1', spine()).zebra).not.toContain('connected:')
  })

  it('[BGP-6] [BGP-10] [BGP-11] [BGP-12] [BGP-13] [BGP-14] [BGP-15] [BGP-16] is valid to vtysh -C with all that a session may have', () => {
    const control = withPolicies(spine())
    const [first, second] = control.sessions
    const { frr } = frrConfig(
      'spine1',
      {
        ...control,
        gracefulRestart: 30,
        gracefulShutdown: true,
        sessions: [
          {
            ...first!,
            maximumPrefixes: 7,
            addPaths: true,
            bfd: { interval: 10, multiplier: 3 },
            weight: 256,
          },
          { ...second!, remoteAsn: control.asn, client: true, weight: 1 },
          ...['fe80::1', 'fe80::2'].map((remote, index) => ({
            ...first!,
            peer: `leaf${3 + index}`,
            link: `leaf${3 + index}--spine1`,
            port: `eth${3 + index}`,
            unnumbered: true as const,
            remote,
            local: 'fe80::9',
            families: ['ipv4' as const, 'ipv6' as const, 'evpn' as const],
          })),
        ],
      },
      { frr: new Set(['leaf4']) },
    )
    expect(objections(frr)).toBe('')
    for (const line of [
      ' profile every-10ms-x3',
      ' bgp cluster-id 10.255.0.101',
      ' bgp graceful-restart restart-time 30',
      ' update-delay 30 5',
      ' neighbor 10.254.0.32 ttl-security hops 1',
      ' neighbor fe80::1 interface eth3',
      ' neighbor eth4 interface remote-as 65001',
      '  neighbor 10.254.0.32 route-reflector-client',
      '  neighbor 10.254.0.32 next-hop-self force',
      '  neighbor 10.254.0.0 addpath-tx-all-paths',
      '  neighbor 10.254.0.0 maximum-prefix 7',
      '  neighbor 10.254.0.0 route-map from-below-ipv4:least-preferred:weight-256 in',
      '  neighbor 10.254.0.0 route-map to.all_5-ipv4:shutdown out',
      '  neighbor 10.254.0.32 route-map to.all_5-ipv4 out',
    ])
      expect(frr.split('\n')).toContain(line)
  })

  it('is refused by vtysh -C when a line of it is wrong, so that the test above can fail', () => {
    expect(
      objections(frrConfig('spine1', spine()).frr.replace('coalesce-time 0', 'coalesce-time x')),
    ).not.toBe('')
  })

  it('holds what its two parts hold', () => {
    const { frr, zebra, bgpd } = frrConfig('spine1', withPolicies(spine()))
    const lines = new Set(frr.split('\n'))
    expect([...zebra.split('\n'), ...bgpd.split('\n')].filter((line) => !lines.has(line))).toEqual([])
  })

  it('[BGP-1] has a numbered session for each link, hold time from the plan, keepalive a third of it', () => {
    const { bgpd } = frrConfig('spine1', { ...spine(), holdTime: 10 })
    expect(bgpd).toContain(' timers bgp 3 10\n')
    expect(bgpd.match(/^ neighbor \S+ remote-as \d+$/gm)).toEqual([
      ' neighbor 10.254.0.0 remote-as 65001',
      ' neighbor 10.254.0.32 remote-as 65002',
    ])
    expect(frrConfig('spine1', { ...spine(), holdTime: 3 }).bgpd).toContain(' timers bgp 1 3\n')
  })

  it('[BGP-7] [BGP-8] decides by what routes say: router id, deterministic MED, any AS path of a length', () => {
    const { bgpd } = frrConfig('spine1', { ...spine(), multipath: 3 })
    for (const line of [
      ' bgp bestpath compare-routerid',
      ' bgp deterministic-med',
      ' bgp bestpath as-path multipath-relax',
      '  maximum-paths 3',
    ])
      expect(bgpd.split('\n')).toContain(line)
  })

  it('[BGP-3] announces changes at once, and EVPN routes with their next hop', () => {
    const { bgpd } = frrConfig('spine1', spine())
    expect(bgpd).toContain(' coalesce-time 0\n')
    expect(bgpd).toContain(' no bgp suppress-duplicates\n')
    expect(bgpd).toContain(' neighbor 10.254.0.0 advertisement-interval 0\n')
    expect(bgpd).toContain('  neighbor 10.254.0.0 attribute-unchanged next-hop\n')
  })

  it('[BGP-5] says policies as route maps, each length bound as it is meant', () => {
    const { bgpd } = frrConfig('spine1', withPolicies(spine()))
    const lists = bgpd.split('\n').filter((line) => line.startsWith('ip prefix-list'))
    expect(lists).toEqual([
      'ip prefix-list from-below-ipv4-10 seq 5 permit 10.255.0.0/24 ge 32 le 32',
      'ip prefix-list from-below-ipv4-10 seq 10 permit 10.1.0.0/16 ge 20 le 24',
      'ip prefix-list to.all_5-ipv4-10 seq 5 permit 0.0.0.0/0',
    ])
    // `10.9.0.0/16 le 12` covers no length, so its statement matches nothing and is left out.
    expect(bgpd).not.toContain('from-below-ipv4 deny 20')
    expect(bgpd).toContain('route-map from-below-ipv4 deny 65535\n')
    expect(bgpd).toContain('  neighbor 10.254.0.0 route-map from-below-ipv4 in\n')
  })
})

describe('an IPv6 VTEP', () => {
  const nodes = (vtep: string) =>
    [...controls({ spines: 1, leaves: 1 })].map(([node, control]) => ({
      node,
      control:
        control.daemon === 'frr'
          ? control
          : { ...control, evpn: { vtep, routerMac: '02:00:00:00:00:01', networks: [], vrfs: [] } },
    }))
  it('is refused beside an FRR, which would end the session at its first route', () => {
    expect(() => checkFrrCan(nodes('2001:db8::1'))).toThrow(
      /^ZT_LAB_PLAN: leaf1 has the IPv6 VTEP 2001:db8::1, and FRR on spine1 hands on no EVPN routes/,
    )
  })
  it("is nobody else's business", () => {
    expect(() => checkFrrCan(nodes('10.255.0.1'))).not.toThrow()
    expect(() => checkFrrCan(nodes('2001:db8::1').filter(({ node }) => node === 'leaf1'))).not.toThrow()
  })
})

const hostile = [
  'x\nrouter bgp 1',
  'a b',
  '',
  '!',
  '-x',
  'x'.repeat(201),
  'ü',
  'x\u0000',
  'x;y',
  '$(reboot)',
  '"',
  "'",
  'x\\',
  'x\r',
]

describe('text of others', () => {
  const bent: [string, (text: string) => [string, NodeControl]][] = [
    ['node', (text) => [text, spine()]],
    ['peer', (text) => ['spine1', bendSession({ peer: text })]],
    ['link', (text) => ['spine1', bendSession({ link: text })]],
    ['address', (text) => ['spine1', bendSession({ remote: text })]],
    ['prefix', (text) => ['spine1', { ...spine(), originate: [text] }]],
    ['router id', (text) => ['spine1', { ...spine(), routerId: text }]],
    [
      'policy',
      (text) => {
        const control = withPolicies(spine())
        return [
          'spine1',
          {
            ...control,
            policies: policies.map((policy) => ({ ...policy, name: text })),
            sessions: control.sessions.map((session) => ({ ...session, import: text, export: text })),
          },
        ]
      },
    ],
  ]
  function bendSession(fields: Partial<NodeControl['sessions'][number]>): NodeControl {
    const control = spine()
    return { ...control, sessions: control.sessions.map((session) => ({ ...session, ...fields })) }
  }

  /** How many lines there are, or the code of the refusal. */
  function outcome(node: string, control: NodeControl): number | string {
    try {
      return frrConfig(node, control).frr.split('\n').length
    } catch (error) {
      return error instanceof LabError ? error.code : String(error)
    }
  }

  it.each(bent)('is refused as the name of a %s unless it is plain', (_what, bend) => {
    expect(hostile.filter((text) => outcome(...bend(text)) !== 'ZT_LAB_PLAN')).toEqual([])
  })

  it('never adds a line', () => {
    const usual = outcome('spine1', spine())
    assert(
      property(constantFrom(...bent.slice(0, 3)), string({ unit: 'binary' }), ([, bend], text) => {
        expect([usual, 'ZT_LAB_PLAN']).toContain(outcome(...bend(text)))
      }),
    )
  })

  it('names a policy that is not there', () => {
    expect(() => frrConfig('spine1', { ...withPolicies(spine()), policies: [] })).toThrow(
      /ZT_LAB_PLAN: a session names the policy "from-below", which is not there/,
    )
  })
})
