/**
 * The referee reads with containerlab's own packages: all examples of containerlab, and what it refuses.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { packageRoot } from '../../lab/paths.js'

const BUILT = path.join(packageRoot(), 'build', 'containerlab')

const Said = z.union([
  z.strictObject({ error: z.string() }),
  z.strictObject({
    config: z.looseObject({ name: z.string(), topology: z.looseObject({ links: z.array(z.unknown()) }) }),
    management: z.record(z.string(), z.unknown()),
    nodes: z.record(z.string(), z.looseObject({ kind: z.string(), privileged: z.boolean() })),
  }),
])

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'zt-referee-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function judged(file: string): Promise<z.infer<typeof Said>> {
  // Exit status 1 is an answer as well.
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    '"$0" "$1" || test $? = 1',
    path.join(BUILT, 'referee'),
    file,
  ])
  return Said.parse(JSON.parse(stdout))
}

function written(text: string): string {
  const file = path.join(folder, 'lab.clab.yml')
  writeFileSync(file, text)
  return file
}

test('examples of containerlab are read, templates with their variables among them', async () => {
  const examples = path.join(BUILT, 'examples')
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.clab\.(yml|yaml|gotmpl)$/.test(name),
  )
  expect(files.length).toBeGreaterThan(80)
  expect(files.filter((name) => name.endsWith('.gotmpl')).length).toBeGreaterThan(1)
  const refused: string[] = []
  for (const file of files) {
    const said = await judged(path.join(examples, file))
    if ('error' in said) refused.push(`${file}: ${said.error}`)
  }
  expect(refused).toEqual([])
})

test('it says what nodes get, and how links are written', async () => {
  const file = written(`name: small
topology:
  defaults: {env: {A: "1", B: "1"}, cap-add: [NET_ADMIN]}
  kinds: {linux: {image: "\${IMAGE:=none}", env: {B: "2"}}}
  groups: {g: {privileged: false, cap-add: [NET_RAW]}}
  nodes: {a: {kind: linux, group: g, ports: ["8080:80/tcp"]}, b: {kind: linux}}
  links: [{endpoints: ["a:eth1", "host:veth9"]}, {type: dummy, endpoint: {node: b, interface: d0}}]
`)
  const said = await judged(file)
  expect(said).toMatchObject({
    config: {
      topology: {
        links: [
          {
            written: 'brief',
            type: 'host',
            'host-interface': 'veth9',
            endpoint: { node: 'a', interface: 'eth1' },
          },
          { written: 'dummy', type: 'dummy', endpoint: { node: 'b', interface: 'd0' } },
        ],
      },
    },
    management: { network: 'clab', 'ipv4-subnet': '172.20.20.0/24' },
    nodes: {
      a: {
        image: 'none',
        privileged: false,
        env: { A: '1', B: '2' },
        'cap-add': ['NET_ADMIN', 'NET_RAW'],
        ports: [':8080:80/tcp'],
      },
      b: { privileged: true, 'cap-add': ['NET_ADMIN'] },
    },
  })
})

test.each([
  [
    'a field that is none',
    'name: x\ntopology:\n  nodes: {a: {kind: linux, imag: b}}\n',
    'field imag not found',
  ],
  [
    'a kind that is none',
    'name: x\ntopology:\n  nodes: {a: {kind: linix}}\n',
    'kind "linix" is none of containerlab\'s',
  ],
  ['a link with one end', 'name: x\ntopology:\n  links: [{endpoints: ["a:eth1"]}]\n', 'exactly 2 entries'],
])('%s is refused', async (_what, text, message) => {
  expect(await judged(written(text))).toEqual({ error: expect.stringContaining(message) })
})
