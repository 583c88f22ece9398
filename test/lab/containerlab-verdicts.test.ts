/**
 * The same scenario files give the same verdicts in a lab of namespaces and in one of containers, on sound fabrics and on broken ones; whatever
 * is broken by a fault, containers settle on what the twin says.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { constantFrom, sample } from 'fast-check'
import { labPaths } from '../../lab/paths.js'
import type { Fault } from '../../record/target.js'
import type { LabInterpreter } from '../../record/verdict.js'
import { readCapture } from '../../twin/packet/index.js'
import { runSeed } from '../support/run-seed.js'
import { troubles, verifiedOf, Workplace, type Verified } from './support/command.js'
import { dockerOfFile } from './support/docker.js'
import { DynamicsLab } from './support/dynamics-lab.js'
import { planOf, shipped, shippedFile } from './support/fabrics.js'

const seed = runSeed('what containers are sent')
const here = dockerOfFile()
let at: Workplace

beforeAll(() => {
  at = new Workplace()
})
afterAll(() => at.close())

/** Everything that commands and labs find Docker by. */
function useDocker(): void {
  process.env['DOCKER_HOST'] = here().engine.host
}

/** What was found, by whatever lab it was. */
function words({ verdicts }: Verified): readonly (readonly string[])[] {
  return verdicts.map(({ name, combined, verdicts: by }) => [
    name,
    combined,
    ...by.map(({ by: who, judgement }) => `${who === 'twin' ? 'twin' : 'lab'} ${judgement}`).sort(),
  ])
}

/** A shipped fabric without latencies, which a busy host breaks. */
function fabricOf(name: Parameters<typeof shippedFile>[0]): string {
  const file = at.file(`${name}.yaml`)
  writeFileSync(file, readFileSync(shippedFile(name), 'utf8').replace(/^ +web-fast:.*\n/m, ''))
  return file
}

const verify = async (file: string, ...where: readonly string[]): Promise<Verified> => {
  const called = await at.ztos(
    'verify',
    file,
    ...where,
    '--runs',
    at.file('runs'),
    '--json',
    '--cases',
    '2',
    '--seed',
    String(seed),
  )
  return verifiedOf(called)
}

describe('[T02] the same scenarios, the same verdicts', () => {
  it.each(['demo', 'demo-bgp'] as const)('%s: in namespaces and in containers', async (name) => {
    useDocker()
    const file = fabricOf(name)
    // Side by side: most of it is waiting.
    const [namespaces, containers] = await Promise.all([
      verify(file, '--on', 'twin,netns'),
      verify(file, '--on', 'twin,containerlab'),
    ])
    expect(troubles(containers)).toEqual([])
    expect(words(containers)).toEqual(words(namespaces))
    const judges = new Set(containers.verdicts.flatMap(({ verdicts }) => verdicts.map(({ by }) => by)))
    expect([...judges].sort()).toEqual(['containerlab', 'twin'])
  })

  it('a lab that was broken by hand is violated in both, by the same intents', async () => {
    useDocker()
    const file = fabricOf('demo')
    const leaf1 = shipped('demo').nodes.find(({ name }) => name === 'leaf1')
    const vxlan = leaf1?.program.interfaces.find((one) => one.kind === 'vxlan' && one.vni === 20030)
    const broken = async (driver: LabInterpreter): Promise<Verified> => {
      const lab = await at.labUp(file, '--on', driver)
      const change = { op: 'set-vni', interface: vxlan?.id, vni: 4242 }
      const changed = await at.ztos('lab', 'control', lab, 'leaf1', JSON.stringify(change))
      if (changed.status !== 0) throw new Error(`${driver}: ${changed.stderr}`)
      const verified = await verify(file, '--lab', lab)
      await at.ztos('lab', 'down', lab)
      return verified
    }
    const [namespaces, containers] = await Promise.all([broken('netns'), broken('containerlab')])
    expect(troubles(containers)).not.toEqual([])
    expect(words(containers)).toEqual(words(namespaces))
  })
})

describe('[T02] a lab of containers', () => {
  let lab: string

  it('comes up by one command, and is listed as what it is', async () => {
    useDocker()
    lab = await at.labUp(shippedFile('two-leaves'), '--on', 'containerlab')
    const { stdout } = await at.ztos('lab', 'list', '--json')
    expect(JSON.parse(stdout.toString())).toMatchObject({
      labs: expect.arrayContaining([expect.objectContaining({ id: lab, on: 'containerlab', phase: 'up' })]),
    })
  })

  it('runs commands in its nodes: input, output, exit status', async () => {
    const script = 'cat; cat /etc/hostname >&2; exit 7'
    const command = ['sh', '-c', script]
    const inside = await at.ztosWith('in', 'lab', 'exec', lab, 'leaf1', '--stdin', '--', ...command)
    expect([inside.status, inside.stdout.toString(), inside.stderr]).toEqual([7, 'in', 'leaf1\n'])
  })

  it('gives each node its own keys, and nobody else’s', async () => {
    const keys = (node: string) =>
      Object.keys(JSON.parse(readFileSync(labPaths(0, lab).nodeKeys(node), 'utf8')) as Record<string, string>)
    const all = Object.keys(JSON.parse(readFileSync(labPaths(0, lab).keys, 'utf8')) as Record<string, string>)
    expect([...new Set([...keys('leaf1'), ...keys('leaf2'), ...keys('spine1')])].sort()).toEqual(all.sort())
    expect(keys('leaf1').every((name) => name.includes('leaf1'))).toBe(true)
    const seen = await at.ztos('lab', 'exec', lab, 'leaf1', '--', 'find', '/run/ztos', '-name', 'keys.json')
    expect(seen.stdout.toString().split('\n').filter(Boolean)).toEqual([labPaths(0, lab).nodeKeys('leaf1')])
  })

  it('shows what travels on a link', async () => {
    const file = at.file('link.pcapng')
    const capturing = at.ztos('lab', 'capture', lab, 'leaf1--spine1', file, '--seconds', '1')
    await at.ztos('lab', 'exec', lab, 'leaf1', '--', 'true')
    expect((await capturing).status).toBe(0)
    expect(readCapture(readFileSync(file)).interfaces).toHaveLength(2)
  })

  it('goes by one command', async () => {
    expect((await at.ztos('lab', 'down', lab)).status).toBe(0)
    expect(await here().engine.docker.list({ 'ztos.lab': `0/${lab}` })).toEqual([])
  })
})

describe('[T02] [C13] a control plane in containers', () => {
  const plan = planOf(
    readFileSync(shippedFile('demo-bgp'), 'utf8').replace('65101-65199 }', '65101-65199, holdTime: 3s }'),
  )
  const one = <T>(all: readonly T[], turn: number): T =>
    sample(constantFrom(...all), { seed: seed + turn, numRuns: 1 })[0]!
  const named = (role: string) => plan.nodes.filter((node) => node.role === role).map(({ name }) => name)
  const [spine, leaf] = [one(named('spine'), 1), one(named('leaf'), 2)]
  const faults: readonly Fault[] = [
    { kind: 'link-down', link: one(plan.links, 3).id },
    { kind: 'node-down', node: leaf },
    { kind: 'daemon-down', node: spine },
    { kind: 'daemon-down', node: leaf },
    { kind: 'daemon-hangs', node: one([spine, leaf], 4) },
    { kind: 'agent-down', node: leaf },
  ]
  let dynamics: DynamicsLab | undefined

  afterAll(() => dynamics?.close())

  it('is what the twin says', async () => {
    useDocker()
    dynamics = await DynamicsLab.open(plan, 'containerlab')
    expect(await dynamics.differences()).toEqual([])
  })

  it('is asked in its containers by its own tools', async () => {
    const { lab } = dynamics!
    const sessions = await lab.exec(spine, ['vtysh', '-d', 'bgpd', '-c', 'show bgp l2vpn evpn summary'])
    expect({ code: sessions.code, leaves: sessions.stdout.match(/^10\.254\./gm)?.length }).toEqual({
      code: 0,
      leaves: named('leaf').length,
    })
    const peers = await lab.exec(leaf, ['gobgp', '--target', 'unix:///run/frr/gobgp.sock', 'neighbor'])
    expect({ code: peers.code, up: peers.stdout.match(/ Establ /g)?.length }).toEqual({
      code: 0,
      up: named('spine').length,
    })
  })

  it.each(faults)('$kind: it settles on what the twin says, and back', async (fault) => {
    const where = `ZT_SEED=${seed}, ${JSON.stringify(fault)}`
    if (dynamics === undefined) throw new Error('the lab did not come up')
    await dynamics.fail(fault)
    try {
      expect({ where, differences: await dynamics.differences() }).toEqual({ where, differences: [] })
    } finally {
      await dynamics.repair(fault)
    }
    expect({ where, mended: await dynamics.differences() }).toEqual({ where, mended: [] })
  })
})
