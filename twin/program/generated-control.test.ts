import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FabricFile, PolicyEntry } from '../../contract/fabric.js'
import { Plan } from '../../contract/plan.js'
import { defineFabric } from '../model/index.js'
import { compile, planDigest, validateProgram } from './index.js'

const policy: fc.Arbitrary<PolicyEntry> = fc.record({
  at: fc.constantFrom('spine*', 'leaf*', ['spine1', 'leaf1'], 'edge*'),
  direction: fc.constantFrom('import', 'export'),
  otherwise: fc.constantFrom('accept', 'reject'),
  statements: fc.array(
    fc.record(
      {
        match: fc.record(
          {
            prefixes: fc.subarray(['10.255.0.0/24 ge 32', '198.18.0.0/15 le 24', '0.0.0.0/0 le 7'], {
              minLength: 1,
            }),
            communities: fc.subarray(['65000:1', '65000:2'], { minLength: 1 }),
          },
          { requiredKeys: [] },
        ),
        set: fc.record(
          {
            localPreference: fc.constantFrom(1, 50, 200),
            med: fc.nat({ max: 9 }),
            prepend: fc.integer({ min: 1, max: 3 }),
            communities: fc.constant(['65000:2']),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
    { minLength: 1, maxLength: 3 },
  ),
})
const wanted = fc.record({
  one: fc.boolean(),
  unnumbered: fc.boolean(),
  sealed: fc.boolean(),
  drain: fc.boolean(),
  reflector: fc.boolean(),
  addPaths: fc.boolean(),
  timers: fc.boolean(),
  edges: fc.integer({ min: 1, max: 3 }),
  leaves: fc.integer({ min: 1, max: 3 }),
  weights: fc.array(fc.option(fc.integer({ min: 1, max: 256 }), { nil: undefined }), {
    minLength: 3,
    maxLength: 3,
  }),
  policies: fc.array(policy, { maxLength: 2 }),
  anycast: fc.boolean(),
  fixed: fc.boolean(),
})
type Wanted = typeof wanted extends fc.Arbitrary<infer T> ? T : never

function fileOf(shape: Wanted): FabricFile {
  const seal = shape.sealed ? { seal: 's' } : {}
  const weight = (i: number) => {
    const given = shape.weights[i]
    return given === undefined ? {} : { weight: given }
  }
  // Of one direction each, so that no session has two.
  const policies = shape.policies.filter(
    ({ direction }, i) => shape.policies.findIndex((other) => other.direction === direction) === i,
  )
  return {
    ztos: 1,
    name: 'generated',
    underlay: {
      loopbacks: '10.255.0.0/24',
      links: shape.unnumbered ? 'unnumbered' : '10.254.0.0/24',
      control: 'bgp',
      bgp: {
        ...(shape.one ? { as: 65000 } : {}),
        ...(shape.timers ? { bfd: { interval: '100ms' }, gracefulRestart: '60s', maximumPrefixes: 99 } : {}),
        addPaths: shape.addPaths,
      },
    },
    nodes: {
      'spine[1-2]': { role: 'spine', drain: shape.drain },
      [`leaf[1-${shape.leaves}]`]: { role: 'leaf' },
      gw1: { role: 'gateway' },
      [`edge[1-${shape.edges}]`]: { role: 'router', asn: 64701, reflector: shape.reflector },
    },
    seals: { s: { macsec: 'gcm-aes-128', key: 'lab:s' } },
    links: [
      { from: 'leaf*', to: 'spine1', ...seal, ...weight(0) },
      { from: 'leaf*', to: 'spine2', ...seal, ...weight(1) },
      { from: 'gw1', to: 'spine*' },
      { from: 'edge*', to: 'spine*', ...weight(2) },
      ...(shape.edges > 1 ? [{ from: 'edge1', to: 'edge2', count: 2, delay: '1ms' }] : []),
    ],
    policies: Object.fromEntries(policies.map((one, i) => [`p${i}`, one])),
    tenants: {
      shop: {
        l3vni: 900,
        networks: {
          web: { vni: 1, gateways: ['10.1.0.1/24'], snooping: true },
          own: { gateways: ['10.1.9.1/24'], anycast: true },
          far: { vni: 2, gateways: ['10.1.2.1/24'], gatewayAt: 'gw1' },
        },
        hosts: {
          'w[1-3]': { at: 'leaf1', network: 'web', static: shape.fixed },
          f1: { at: `leaf${shape.leaves}`, network: 'far' },
          o1: { at: 'leaf1', network: 'own' },
        },
      },
      out: {
        vrf: 'underlay',
        networks: {
          any: {
            gateways: ['198.18.9.1/24'],
            anycast: true,
            at: shape.anycast ? ['edge*', 'leaf1'] : 'edge1',
          },
          lan: { gateways: ['198.18.1.1/24', ...(shape.unnumbered ? ['2001:db8:1::1/64'] : [])] },
        },
        hosts: {
          l1: { at: 'edge1', network: 'lan' },
          a1: { at: 'edge1', network: 'any', address: '198.18.9.53' },
        },
      },
    },
  }
}

test('any fabric with a control plane compiles to a sound plan, the same each time, whose sessions have two ends', () => {
  let policed = 0
  fc.assert(
    fc.property(wanted, (shape) => {
      const file = fileOf(shape)
      const plan = compile(defineFabric(file))
      expect(Plan.parse(plan)).toEqual(plan)
      expect(plan.nodes.flatMap(({ program }) => validateProgram(program))).toEqual([])
      expect(planDigest(compile(defineFabric(file)))).toBe(planDigest(plan))
      const controls = new Map(
        plan.nodes.flatMap(({ name, control }) => (control === undefined ? [] : [[name, control] as const])),
      )
      expect(controls.size).toBe(plan.nodes.length)
      for (const [name, { sessions, policies, asn, evpn }] of controls) {
        expect(new Set(sessions.map(({ weight }) => weight === undefined)).size).toBe(1)
        for (const session of sessions) {
          const back = controls.get(session.peer)?.sessions.find(({ link }) => link === session.link)
          expect(back).toMatchObject({
            peer: name,
            local: session.remote,
            remote: session.local,
            remoteAsn: asn,
          })
          expect(back?.families).toEqual(session.families)
          expect(back?.bfd).toEqual(session.bfd)
          expect(back?.unnumbered).toBe(session.unnumbered)
          // Reflection is an AS's own affair, and all paths are sent by who reflects.
          const inside = session.remoteAsn === asn
          expect(inside || (session.client ?? session.addPaths) === undefined).toBe(true)
          const named = [session.import, session.export].flatMap((one) => one ?? [])
          expect(policies.map((one) => one.name)).toEqual(expect.arrayContaining(named))
          policed += named.length
        }
        // Nothing of the underlay's tenants or of anycast networks is an instance of EVPN.
        const vnis = (evpn?.networks ?? []).map(({ vni }) => vni)
        expect([1, 2]).toEqual(expect.arrayContaining(vnis))
      }
    }),
    { numRuns: 60 },
  )
  expect(policed).toBeGreaterThan(50)
}, 60_000)
