import { describe, expect, it } from 'vitest'
import type { NodeProgram } from '../../contract/program.js'
import { loadFabric } from '../../twin/model/index.js'
import { compile } from '../../twin/compile.js'
import { deriveKeys } from '../../twin/program/index.js'
import { batched, scriptLines } from './guest-script.js'
import { linuxNode, whyNotLinux } from './linux-node.js'

const fabrics = ['demo', 'demo-stacked', 'demo-v6', 'demo-wireguard', 'demo-wireguard-inside'] as const

function planOf(name: string) {
  const { fabric } = loadFabric(`topologies/${name}.yaml`)
  if (fabric === undefined) throw new Error(`${name} is not sound`)
  return compile(fabric)
}

/** Of every node of a fabric. */
function translated(name: string) {
  const plan = planOf(name)
  const keys = deriveKeys(plan, new Uint8Array(32).fill(7))
  return plan.nodes.map(({ name: node, program }) => {
    const ends = plan.links.flatMap(({ a, b }) => [a, b]).filter((end) => end.node === node)
    const linux = linuxNode({
      program,
      keys,
      nics: new Map(ends.map((end, n) => [end.interface, `eth${n}`])),
      hosts: plan.hosts.filter(({ at }) => at.node === node),
      prefix: 's1',
    })
    return { program, keys, linux, lines: linux.scripts.flatMap(({ lines }) => lines) }
  })
}

describe.each(fabrics)('nodes of %s in the words of Linux', (name) => {
  const nodes = translated(name)

  it('have a device for each interface, once', () => {
    for (const { program, lines } of nodes) {
      const made = lines.flatMap(
        (line) => /^ip link (?:add|set \S+ netns \S+ name) (i\d+)/.exec(line)?.[1] ?? [],
      )
      const own = program.interfaces.filter(({ kind }) => kind !== 'irb' && kind !== 'loopback')
      expect(made.toSorted()).toEqual(own.map(({ id }) => `i${id}`).toSorted())
    }
  })

  it('have all addresses, and routes of all groups', () => {
    for (const { program, lines } of nodes) {
      for (const one of program.interfaces)
        for (const address of 'addresses' in one ? one.addresses : [])
          expect(lines.filter((line) => line.startsWith(`ip addr add ${address} `)).length).toBeGreaterThan(0)
      const grouped = program.tables.routes.filter(({ group }) => group !== undefined)
      for (const { prefix } of grouped)
        expect(lines.join('\n')).toMatch(
          new RegExp(`^ip (-6 )?route add ${prefix.replaceAll('.', '\\.')} `, 'm'),
        )
    }
  })

  it('have no key on a command line', () => {
    for (const { keys, linux } of nodes) {
      const secrets = [...keys].flatMap(([reference, value]) =>
        reference.endsWith('/public')
          ? []
          : [Buffer.from(value).toString('hex').slice(0, 32), Buffer.from(value).toString('base64')],
      )
      const commands = commandLines(scriptLines(linux.scripts)).join('\n')
      expect(commands).toContain('nsenter')
      expect(secrets.filter((secret) => commands.includes(secret))).toEqual([])
    }
  })
})

describe('what Linux cannot be told', () => {
  const demo = planOf('demo').nodes.find(({ name }) => name === 'leaf1')!.program
  const changed = (change: object): NodeProgram => ({
    ...demo,
    interfaces: demo.interfaces.map((one) => (one.kind === 'macsec' ? { ...one, ...change } : one)),
  })

  it.each([
    [{}, /^$/],
    [{ confidentiality: 'none' }, /^$/],
    [{ confidentiality: 'offset-30' }, /macsec1 has a confidentiality offset/],
    [{ tag: 'implicit' }, /^$/],
    [{ tag: 'implicit', mac: '02:00:00:00:00:01' }, /macsec1 sends no SCI/],
  ])('of MACsec with %j is said: %s', (change, why) => {
    expect(whyNotLinux(changed(change)) ?? '').toMatch(why)
  })

  it('are next-hop groups that are resilient', () => {
    expect(whyNotLinux({ ...demo, resilient: true })).toMatch(/resilient/)
  })
})

it('calls of one program behind each other become one', () => {
  expect(
    batched([
      'ip link set a up',
      'ip addr add 1 dev a',
      'ip -6 route add default dev a',
      'echo 1 > x',
      'bridge fdb add m dev a',
    ]),
  ).toEqual(
    [
      ["ip -batch - <<'batch'", 'link set a up', 'addr add 1 dev a', 'batch'],
      ["ip -6 -batch - <<'batch'", 'route add default dev a', 'batch'],
      ['echo 1 > x'],
      ["bridge -batch - <<'batch'", 'fdb add m dev a', 'batch'],
    ].flat(),
  )
})

/** Lines that are commands: what a here-document holds goes by standard input, but for that of a shell. */
function commandLines(lines: readonly string[]): readonly string[] {
  const ends: string[] = []
  return lines.filter((line) => {
    if (line === ends.at(-1)) {
      ends.pop()
      return false
    }
    const isCommand = ends.every((one) => one === 'inside')
    const end = /<<'(\w+)'$/.exec(line)?.[1]
    if (end !== undefined) ends.push(end)
    return isCommand
  })
}
