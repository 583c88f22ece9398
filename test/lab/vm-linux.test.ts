/**
 * Suites with Linux in the place of one node after the other: its kernel, told what the plan says of that node, and engines that run the
 * rest, understand each other; and where Linux is told something else, the suite says which way does not hold, and why.
 */
import { readdirSync } from 'node:fs'
import { sample } from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Plan } from '../../contract/plan.js'
import type { NodeProgram } from '../../contract/program.js'
import { listLabs } from '../../lab/index.js'
import { namespacePrefix } from '../../lab/names.js'
import { NETNS_ROOT } from '../../lab/paths.js'
import type { ReferenceVm } from '../../lab/vm/machine.js'
import { ExitStatus } from '../../record/exit-status.js'
import { fabric as arbFabric } from '../../sdk/arb/index.js'
import { stretchesOf } from '../../sdk/suite/linux-ways.js'
import { runLinuxSuite } from '../../sdk/suite/linux.js'
import type { SuiteResult } from '../../sdk/suite/index.js'
import type { SuiteName } from '../../sdk/suite/run-suite.js'
import { deriveKeys } from '../../twin/program/index.js'
import { runSeed } from '../support/run-seed.js'
import { ended, Workplace } from './support/command.js'
import { newSeed, shipped, shippedFile } from './support/fabrics.js'
import { bootVm, needsVm } from './support/vm-pair.js'
import { until } from './support/wireguard-pair.js'

/** NICs of the VM: no node here has more links. */
const LINKS = 6
let vm: ReferenceVm | undefined

beforeAll(async () => {
  vm = await bootVm(LINKS)
}, 180_000)
afterAll(() => vm?.close())
beforeEach(needsVm)

const sound = [
  { name: 'demo', suite: 'macsec', node: 'spine1' },
  { name: 'demo-wireguard', suite: 'wireguard', node: 'leaf2' },
  // WireGuard outermost, under it VXLAN, under that MACsec with XPN; and the other order.
  { name: 'demo-stacked', suite: 'macsec', node: 'leaf1' },
  { name: 'demo-wireguard-inside', suite: 'wireguard', node: 'leaf3' },
  { name: 'demo-v6', suite: 'vxlan', node: 'leaf3' },
] as const

describe('[Z06] [Z08] [Z09] [Z11] [T07] Linux in the place of a node', () => {
  it.each(sound)('holds: $suite of $name, Linux as $node', async ({ name, suite, node }) => {
    const { exit, reasons, rows, notes } = await judged(name, suite, node)
    expect({ exit, reasons }).toEqual({ exit: ExitStatus.Holds, reasons: [] })
    const asked = rows.filter(({ name: row }) => row.includes(`${node}>`) || row.includes(`>${node}`))
    expect(asked.length).toBeGreaterThanOrEqual(2)
    for (const { name: row, cells } of asked)
      expect(Object.keys(cells), `way ${row}`).toContain(row.includes(`>${node}`) ? 'to Linux' : 'from Linux')
    expect(notes.join()).not.toContain('cannot take the place')
  })

  it('holds where a seal encrypts nothing, and payload is no secret', async () => {
    const plan = shipped('two-leaves')
    const nodes = plan.nodes.map((one) => ({
      ...one,
      program: onEach(one.program, 'macsec', (seal) => ({ ...seal, confidentiality: 'none' })),
    }))
    const { reasons, rows } = await judgedPlan({ ...plan, nodes }, 'macsec', 'spine1')
    expect(reasons).toEqual([])
    expect(rows.map(({ cells }) => Object.keys(cells))).toEqual(
      ['to Linux', 'from Linux', 'to Linux', 'from Linux'].map((column) => [column, 'wire']),
    )
  })

  const seed = runSeed('generated fabrics, with Linux in the place of a node')
  it(`holds for a fabric that nobody has seen, seed ${seed}`, async () => {
    const [drawn] = sample(
      arbFabric({
        spines: [1, 2],
        leaves: [2, 3],
        tenants: [1, 2],
        sealed: { wireguard: true, key: 'lab:core' },
      }),
      { seed, numRuns: 1 },
    )
    const plan = drawn!.plan
    const [node = ''] = stretchesOf(plan, 'wireguard').flatMap(({ a }) => [a])
    // All links are sealed; networks on several leaves there need not be.
    const suites = (['wireguard', 'vxlan'] as const).filter((suite) =>
      stretchesOf(plan, suite).some(({ a, b }) => a === node || b === node),
    )
    let asked: readonly string[] = []
    for (const suite of suites) {
      const { reasons, rows, exit } = await judgedPlan(plan, suite, node)
      expect({ suite, reasons, exit }).toEqual({ suite, reasons: [], exit: ExitStatus.Holds })
      if (suite === 'wireguard') asked = rows.flatMap((row) => Object.keys(row.cells))
    }
    expect(asked).toEqual(expect.arrayContaining(['from Linux', 'to Linux', 'wire']))
  })
})

/** What Linux is told in place of the plan, and what must be said. */
const broken: readonly {
  readonly what: string
  readonly name: 'two-leaves' | 'demo-wireguard'
  readonly suite: SuiteName
  readonly node: string
  readonly told: (program: NodeProgram) => NodeProgram
  readonly says: readonly { readonly row: string; readonly column: string; readonly message: RegExp }[]
}[] = [
  {
    what: 'another key to seal by',
    name: 'two-leaves',
    suite: 'macsec',
    node: 'leaf1',
    told: (program) =>
      onEach(program, 'macsec', (one) => ({ ...one, tx: { ...one.tx, key: one.rx[0]!.key } })),
    says: [
      { row: 'leaf1--spine1 leaf1>spine1', column: 'from Linux', message: /spine1 counted \d+ macsec-icv/ },
    ],
  },
  {
    what: 'another key to open by',
    name: 'two-leaves',
    suite: 'macsec',
    node: 'leaf2',
    told: (program) =>
      onEach(program, 'macsec', (one) => ({ ...one, rx: one.rx.map((sa) => ({ ...sa, key: one.tx.key })) })),
    says: [
      {
        row: 'leaf2--spine1 spine1>leaf2',
        column: 'to Linux',
        message: /Linux counted \d+ macsec1 InPktsNotValid/,
      },
    ],
  },
  {
    what: 'nothing of a seal',
    name: 'two-leaves',
    suite: 'macsec',
    node: 'leaf2',
    told: (program) => onEach(program, 'macsec', (one) => ({ ...one, mode: 'disabled', protect: false })),
    says: [
      { row: 'leaf2--spine1 leaf2>spine1', column: 'from Linux', message: /counted \d+ macsec-clear/ },
      { row: 'leaf2--spine1 leaf2>spine1', column: 'wire', message: /a frame of Linux is in the clear/ },
      { row: 'leaf2--spine1 leaf2>spine1', column: 'wire', message: /payload can be read/ },
    ],
  },
  {
    what: 'a peer that is none',
    name: 'demo-wireguard',
    suite: 'wireguard',
    node: 'leaf3',
    told: (program) =>
      onEach(program, 'wireguard', (one) => ({
        ...one,
        privateKey: program.interfaces.flatMap((other) =>
          other.kind === 'wireguard' && other.id !== one.id ? [other.privateKey] : [],
        )[0]!,
      })),
    says: [{ row: 'leaf3--spine1 leaf3>spine1', column: 'from Linux', message: /3 of 3 echoes/ }],
  },
  {
    what: 'another VNI',
    name: 'two-leaves',
    suite: 'vxlan',
    node: 'leaf1',
    told: (program) => onEach(program, 'vxlan', (one) => (one.vni === 20001 ? { ...one, vni: 20099 } : one)),
    says: [
      {
        row: '20001 blue/a leaf1>leaf2',
        column: 'from Linux',
        message: /such as blue\/a1 to \S+ with 56 octets: leaf2 counted \d+ vxlan-vni-unknown/,
      },
    ],
  },
]

describe('[T07] Linux in the place of a node, and told something else', () => {
  it.each(broken)('is found out: $what', async ({ name, suite, node, told, says }) => {
    const { exit, reasons } = await judged(name, suite, node, told)
    expect(exit).toBe(ExitStatus.Violated)
    for (const { row, column, message } of says)
      expect(reasons).toContainEqual({ row, column, message: expect.stringMatching(message) })
  })
})

describe('[T07] ztos test --on vm', () => {
  const at = new Workplace()
  afterAll(() => at.close())

  it('tells each way, from Linux and to Linux', async () => {
    const { status, stdout, stderr } = await at.ztos(
      'test',
      'macsec',
      shippedFile('two-leaves'),
      '--on',
      'vm',
      '--json',
    )
    expect({ status, stderr }).toMatchObject({ status: ExitStatus.Holds })
    const { on, rows } = JSON.parse(stdout.toString()) as SuiteResult
    expect(on).toBe('vm')
    const cells = ['from Linux', 'to Linux', 'wire']
    expect(rows.map(({ name, cells: said }) => [name, Object.keys(said)])).toEqual(
      [
        'leaf1--spine1 leaf1>spine1',
        'leaf1--spine1 spine1>leaf1',
        'leaf2--spine1 leaf2>spine1',
        'leaf2--spine1 spine1>leaf2',
      ].map((row) => [row, cells]),
    )
  })

  it('leaves nothing when it is interrupted', async () => {
    const child = at.start('test', 'vxlan', shippedFile('two-leaves'), '--on', 'vm')
    const end = ended(child)
    let lab: string | undefined
    await until(
      'engines are beside the VM',
      () => (lab = labOf(child.pid)) !== undefined && namespacesOf(lab).length > 2,
      60_000,
    )
    child.kill('SIGINT')
    expect((await end).status).toBe(ExitStatus.Interrupted)
    expect(labOf(child.pid)).toBeUndefined()
    expect(namespacesOf(lab!)).toEqual([])
  })

  it('says that a running lab is another matter', async () => {
    const { status, stderr } = await at.ztos(
      'test',
      'macsec',
      shippedFile('demo'),
      '--on',
      'vm',
      '--lab',
      'aaaaaa',
    )
    expect(status).toBe(ExitStatus.BadInput)
    expect(stderr).toContain('--on vm leaves labs out')
  })
})

/** The lab that a process has. */
function labOf(pid: number | undefined): string | undefined {
  return listLabs().find(({ state }) => state?.labd.pid === pid)?.id
}

function namespacesOf(lab: string): readonly string[] {
  return readdirSync(NETNS_ROOT).filter((name) => name.startsWith(namespacePrefix(lab)))
}

function judged(
  name: Parameters<typeof shipped>[0],
  suite: SuiteName,
  node: string,
  told?: (program: NodeProgram) => NodeProgram,
) {
  return judgedPlan(shipped(name), suite, node, told)
}

function judgedPlan(
  plan: Plan,
  suite: SuiteName,
  node: string,
  told?: (program: NodeProgram) => NodeProgram,
) {
  return runLinuxSuite(vm!, {
    plan,
    suite,
    nodes: [node],
    keys: deriveKeys(plan, newSeed()),
    ...(told === undefined ? {} : { told }),
  })
}

type OfKind<K> = Extract<NodeProgram['interfaces'][number], { kind: K }>

function onEach<K extends NodeProgram['interfaces'][number]['kind']>(
  program: NodeProgram,
  kind: K,
  change: (one: OfKind<K>) => NodeProgram['interfaces'][number],
): NodeProgram {
  const isOfKind = (one: NodeProgram['interfaces'][number]): one is OfKind<K> => one.kind === kind
  return {
    ...program,
    interfaces: program.interfaces.map((one) => (isOfKind(one) ? change(one) : one)),
  }
}
