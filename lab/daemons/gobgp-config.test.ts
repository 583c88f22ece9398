import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { NodeControl } from '../../contract/control-plane.js'
import { gobgpConfig } from './gobgp-config.js'
import { daemonPrograms } from './programs.js'
import { controls, policies, withPolicies } from './testdata/fabric.js'
import { tomlText } from './toml.js'

const leaf = (family: 'ipv4' | 'ipv6' = 'ipv4') => controls({ spines: 2, leaves: 2, family }).get('leaf1')!

/** Does gobgpd read it? */
function isRead(text: string): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'gobgp-'))
  try {
    const file = path.join(folder, 'gobgpd.toml')
    writeFileSync(file, text)
    const { status } = spawnSync(daemonPrograms().gobgpd, ['--dry-run', '-f', file], { encoding: 'utf8' })
    return status === 0
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("gobgpd's configuration", () => {
  it.each(['ipv4', 'ipv6'] as const)('is read by gobgpd over %s', (family) => {
    expect(isRead(gobgpConfig('leaf1', leaf(family)))).toBe(true)
    expect(isRead(gobgpConfig('leaf1', withPolicies(leaf(family))))).toBe(true)
  })

  it('[BGP-6] [BGP-10] [BGP-11] [BGP-12] [BGP-13] [BGP-14] [BGP-15] [BGP-16] is read by gobgpd with all that a session may have', () => {
    const control = withPolicies(leaf())
    const [first, second] = control.sessions
    const text = gobgpConfig(
      'leaf1',
      {
        ...control,
        gracefulRestart: 30,
        gracefulShutdown: true,
        sessions: [
          { ...first!, maximumPrefixes: 7, addPaths: true, bfd: { interval: 10, multiplier: 3 } },
          { ...second!, remoteAsn: control.asn },
          {
            ...first!,
            peer: 'spine3',
            link: 'leaf1--spine3',
            port: 'eth3',
            unnumbered: true,
            remote: 'fe80::1',
            local: 'fe80::9',
          },
        ],
      },
      { shares: new Map([[first!.link, { asn: 4_200_000_000, weight: 2 }]]), silent: true },
    )
    expect(isRead(text)).toBe(true)
    for (const line of [
      'neighbor-address = "fe80::1%eth3"',
      'local-address = "fe80::9%eth3"',
      'max-prefixes = 7',
      'send-max = 255',
      'desired-minimum-tx-interval = 10000',
      'restart-time = 30',
      'ttl-min = 255',
      'set-next-hop = "self"',
      'communities-list = ["lb:23456:250000"]',
      'admin-down = true',
    ])
      expect(text.split('\n')).toContain(line)
  })

  it('is not read when it is broken, so that the test above can fail', () => {
    expect(isRead(gobgpConfig('leaf1', leaf()).replace('as = 65001', 'as = "x"'))).toBe(false)
  })

  it('[BGP-1] [BGP-7] [BGP-8] has sessions, timers, router ids that decide, and multipath', () => {
    const lines = gobgpConfig('leaf1', leaf()).split('\n')
    for (const line of [
      'router-id = "10.255.0.1"',
      'external-compare-router-id = true',
      'neighbor-address = "10.254.0.1"',
      'local-address = "10.254.0.0"',
      'hold-time = 9',
      'keepalive-interval = 3',
      'afi-safi-name = "ipv4-unicast"',
      'afi-safi-name = "l2vpn-evpn"',
    ])
      expect(lines).toContain(line)
    expect(gobgpConfig('leaf1', leaf())).toMatch(/\[global\.use-multiple-paths\.config\]\nenabled = true\n/)
  })

  it('waits for peers that call each second', () => {
    const text = gobgpConfig('leaf1', leaf(), { passiveTowards: new Set(['spine2']) })
    expect(text.match(/^passive-mode = .*$/gm)).toEqual(['passive-mode = false', 'passive-mode = true'])
  })

  it('listens on the families in use', () => {
    expect(gobgpConfig('leaf1', leaf())).toContain('local-address-list = ["0.0.0.0"]\n')
    expect(gobgpConfig('leaf1', leaf('ipv6'))).toContain('local-address-list = ["::"]\n')
  })

  it('[BGP-6] keeps a path that is about to go away least preferred, whatever a policy sets', () => {
    const text = gobgpConfig('leaf1', withPolicies(leaf()))
    // The policy's first statement accepts either of two communities and sets 200: one variant for each comes before it.
    expect(text.match(/^set-local-pref = .*$/gm)).toEqual([
      'set-local-pref = 1',
      'set-local-pref = 1',
      'set-local-pref = 1',
      'set-local-pref = 200',
    ])
    expect(text).toContain('community-list = ["65535:0", "65000:101"]\n')
  })

  it('refuses a local preference of 0, which gobgpd takes for none', () => {
    const control = withPolicies(leaf())
    const [first] = policies
    const none = {
      ...control,
      policies: [
        ...policies.slice(1),
        { ...first!, statements: [{ match: {}, action: 'accept' as const, set: { localPreference: 0 } }] },
      ],
    }
    expect(() => gobgpConfig('leaf1', none)).toThrow(
      /ZT_LAB_PLAN: policy from-below sets a local preference of 0/,
    )
  })

  it.each(['x"\n[[neighbors]]', 'a b', '', "x'y", 'x\\'])('refuses the name %j', (text) => {
    const bend = (fields: Partial<NodeControl['sessions'][number]>): NodeControl => ({
      ...leaf(),
      sessions: leaf().sessions.map((session) => ({ ...session, ...fields })),
    })
    for (const control of [bend({ peer: text }), bend({ link: text }), bend({ remote: text })])
      expect(() => gobgpConfig('leaf1', control)).toThrow(/^ZT_LAB_PLAN: /)
  })
})

describe('TOML', () => {
  it('writes tables, arrays of tables, and values', () => {
    expect(
      tomlText({
        title: 'x',
        empty: {},
        none: undefined,
        a: { b: { c: 1, d: true, e: ['x', 'y'], f: [] } },
        list: [{ n: 1 }, { n: 2, inner: { m: 3 } }],
      }),
    ).toBe(
      [
        'title = "x"',
        '',
        '[a.b]',
        'c = 1',
        'd = true',
        'e = ["x", "y"]',
        'f = []',
        '',
        '[[list]]',
        'n = 1',
        '',
        '[[list]]',
        'n = 2',
        '',
        '[list.inner]',
        'm = 3',
        '',
      ].join('\n'),
    )
  })
  it('escapes what a basic string cannot hold', () => {
    expect(tomlText({ text: '"\n\\\u0001\u007f\ud800' })).toBe(`text = "\\"\\n\\\\\\u0001\\u007f\ufffd"\n`)
  })
})
