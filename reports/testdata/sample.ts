/**
 * A record as a run would leave it, with one verdict of each judgement, for tests of the reports.
 *
 * @module
 */
import type { Plan } from '../../contract/plan.js'
import { ctrfReport, stableTestId } from '../../record/ctrf.js'
import type { Failure, Verification } from '../../record/schema.js'
import type { ReportInput } from '../model.js'

type CombinedVerdict = Verification['verdicts'][number]
type Verdict = CombinedVerdict['verdicts'][number]
type Judgement = Verdict['judgement']
type Finding = Failure['findings'][number]

/** Text that would be markup if anything forgot to escape it. */
export const hostile = `<img src=x onerror="alert(1)">&'@someone|`

const digest = `sha256:${'0'.repeat(64)}`

const program = (node: string) => ({
  format: 'ztos-program' as const,
  version: 1 as const,
  node,
  seeds: { ecmp: 1, sourcePort: 2 },
  vrfs: [{ id: 0, name: 'underlay' }],
  interfaces: [],
  tables: { routes: [], groups: [], neighbours: [], fdb: [], flood: [] },
})
const node = (name: string, role: 'leaf' | 'spine') => ({ name, role, asn: 65000, program: program(name) })
const link = (leaf: string, spine: string) => ({
  id: `${leaf}--${spine}`,
  a: { node: leaf, interface: 1 },
  b: { node: spine, interface: 1 },
  mtu: 1732,
  seal: 'core',
})
const host = (tenant: string, name: string, leaf: string) => ({
  id: `${tenant}/${name}`,
  tenant,
  network: `${tenant}/web`,
  at: { node: leaf, interface: 9 },
  mac: '02:00:00:00:00:01',
  addresses: ['10.1.0.10/24'],
  gateways: ['10.1.0.1'],
  mtu: 1500,
})

const plan: Plan = {
  format: 'ztos-plan',
  version: 1,
  fabric: 'shop',
  underlay: 'ipv4',
  nodes: [node('leaf1', 'leaf'), node('leaf2', 'leaf'), node('spine1', 'spine'), node('spine2', 'spine')],
  links: [link('leaf1', 'spine1'), link('leaf1', 'spine2'), link('leaf2', 'spine1'), link('leaf2', 'spine2')],
  tenants: ['bank', 'shop', 'zoo'].map((name) => ({ name, networks: [] })),
  hosts: [host('shop', 'web1', 'leaf1'), host('bank', 'web1', 'leaf1'), host('shop', 'web2', 'leaf2')],
  intents: [
    { name: 'core-sealed', kind: 'encrypt', links: ['leaf1--spine1', 'leaf2--spine2'], by: 'macsec' },
    {
      name: 'web-fast',
      kind: 'latency',
      from: 'shop/web1',
      to: 'shop/web2',
      percentile: 99,
      bound: 5_000_000,
      rate: 2000,
    },
  ],
  keys: [],
}

const clearFrame: Finding = {
  invariant: 'INV-NO-CLEAR',
  message: `a clear frame on a sealed link ${hostile}`,
  link: 'leaf1--spine1',
  node: 'leaf1',
  clause: 'MACSEC-7',
  frame: '02000000000102000000000208004500',
  decoded: ['Ethernet 02:00:00:00:00:02 > 02:00:00:00:00:01, IPv4', hostile],
}

const verdict = (
  name: string,
  kind: Verdict['kind'],
  by: Verdict['by'],
  judgement: Judgement,
  more: Partial<Verdict> = {},
): Verdict => ({ name, kind, by, judgement, judged: 120, controls: 8, findings: [], ...more })

const combined = (combinedJudgement: Judgement, ...verdicts: [Verdict, ...Verdict[]]): CombinedVerdict => ({
  name: verdicts[0].name,
  kind: verdicts[0].kind,
  combined: combinedJudgement,
  verdicts,
})

/** The sample: one verdict of each judgement, a latency with floor, a shrunk failure. */
export const sample: ReportInput = {
  plan,
  results: ctrfReport({
    tests: [
      {
        id: stableTestId('a'),
        name: 'bank never hears shop',
        status: 'passed',
        duration: 812,
        extra: { on: 'twin' },
      },
      {
        id: stableTestId('b'),
        name: hostile,
        status: 'failed',
        duration: 3,
        message: `${hostile}\nsecond`,
        extra: { on: 'netns' },
      },
      { id: stableTestId('c'), name: 'needs a lab', status: 'skipped', duration: 0, message: 'no root' },
    ],
    runId: '20260101-000000-abcdef',
    version: '0.1.0',
    start: 0,
    stop: 10_000,
  }),
  failures: [
    {
      test: stableTestId('b'),
      file: 'isolation.test.ts',
      name: hostile,
      on: 'netns',
      shrunkOn: 'twin',
      seed: -42,
      path: '3:1:0',
      runs: 4,
      shrinks: 2,
      scenario: ['one frame from shop/web1', hostile],
      frames: [{ trace: 1, at: 'host shop/web1', frame: 'ff'.repeat(70), decoded: ['Ethernet', hostile] }],
      findings: [clearFrame],
      blame: ['leaf1 VXLAN-5 vni 20010'],
      replay: 'npx ztos replay runs/20260101-000000-abcdef',
    },
  ],
  timings: { format: 'ztos-timings', version: 1, stages: [{ stage: 'lab up', start: 0, duration: 2100 }] },
  verification: {
    format: 'ztos-verification',
    version: 1,
    id: '20260101-000000-abcdef',
    command: 'verify',
    fabric: { name: 'shop', file: 'topologies/demo.yaml', digest },
    plan: digest,
    on: ['twin', 'netns'],
    lab: { id: 'k3f9a2', attached: false },
    seed: -42,
    tool: { version: '0.1.0', node: '20.20.2', platform: 'linux-x64' },
    started: '2026-01-01T00:00:00Z',
    finished: '2026-01-01T00:00:10Z',
    exit: 5,
    verdicts: [
      combined(
        'holds',
        verdict('isolation:bank--shop', 'isolate', 'twin', 'holds'),
        verdict('isolation:bank--shop', 'isolate', 'netns', 'holds'),
      ),
      combined(
        'disputed',
        verdict('core-sealed', 'encrypt', 'twin', 'holds'),
        verdict('core-sealed', 'encrypt', 'netns', 'violated', {
          findings: [clearFrame],
          grounds: [
            { ground: 'plan', judgement: 'holds', said: 'sealed at both ends', counts: { links: 4 } },
            { ground: 'egress guard', judgement: 'unjudged', said: `no kernel ${hostile}`, counts: {} },
            {
              ground: 'capture',
              judgement: 'violated',
              said: '120 frames',
              counts: { frames: 120, opened: 119 },
            },
          ],
        }),
      ),
      combined(
        'violated',
        verdict('isolation:shop--zoo', 'isolate', 'twin', 'violated', {
          findings: [{ invariant: 'INV-ISOLATE', message: 'zoo heard shop' }],
        }),
      ),
      combined(
        'unjudged',
        verdict('one-cut', 'survive', 'twin', 'unjudged', {
          reason: 'faults are not there yet',
          judged: 0,
          controls: 0,
        }),
      ),
      combined(
        'holds',
        verdict('web-fast', 'latency', 'netns', 'holds', {
          latency: {
            tier: 'engine',
            count: 2000,
            p50: 84_120,
            p90: 120_000,
            p99: 312_400,
            p999: 900_000,
            max: 1_200_345,
            floor: { p50: 40_000, p99: 90_000, max: 200_000, count: 2000 },
          },
        }),
      ),
    ],
    blinded: [],
    notes: ['Raw sockets that bypass the queueing discipline are not stopped by the egress guard.'],
    files: {},
  },
}
