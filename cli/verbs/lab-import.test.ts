import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ztos, ztosWith } from '../testdata/call.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-import-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function written(text: string, name = 'lab.clab.yml'): string {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

const LAB = `name: lab
topology:
  kinds: {linux: {image: one}}
  nodes:
    a: {kind: linux}
    b: {kind: linux, image: two}
    r: {kind: nokia_srlinux}
  links:
  - endpoints: [a:eth1, r:e1-1]
  - endpoints: [b:eth1, r:e1-2]
`

describe('[T02] ztos lab import', () => {
  test('says what is in a file, and what of it is kept and not run here', async () => {
    const file = written(LAB)
    const { status, stdout, stderr } = await ztos('lab', 'import', file)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.split('\n').map((line) => line.trim().split(/ +/).join(' '))).toEqual([
      `${file}: sound: lab, 3 nodes, 2 links`,
      'node kind image links',
      'a linux one 1',
      'b linux two 1',
      'r nokia_srlinux 2 kept, not run here',
      '1 node of kinds other than linux, bridge, host: kept in what is written, not run here',
      '',
    ])
  })

  test('says it in full for programs', async () => {
    const answer = (await ztos('lab', 'import', written(LAB), '--json')).json()
    expect(answer).toMatchObject({
      format: 'ztos-lab-import',
      sound: true,
      template: false,
      topology: { name: 'lab', topology: { kinds: { linux: { image: 'one' } } } },
      nodes: [
        { name: 'a', runsHere: true, definition: { kind: 'linux', image: 'one' } },
        { name: 'b', runsHere: true, definition: { kind: 'linux', image: 'two' } },
        { name: 'r', runsHere: false },
      ],
      links: [
        {
          type: 'veth',
          endpoints: [
            { node: 'a', interface: 'eth1' },
            { node: 'r', interface: 'e1-1' },
          ],
        },
        {},
      ],
    })
  })

  test('writes it anew: the same topology', async () => {
    const out = path.join(folder, 'out.clab.yml')
    const file = written(LAB)
    expect((await ztos('lab', 'import', file, '--out', out)).status).toBe(0)
    expect(readFileSync(out, 'utf8')).toContain(`# From ${file}.`)
    const [before, after] = [file, out].map((one) => ztos('lab', 'import', one, '--json'))
    const without = (answer: unknown) => ({ ...(answer as object), file: '' })
    expect(without((await after!).json())).toEqual(without((await before!).json()))
  })

  test('shows what is wrong where it stands, and writes nothing', async () => {
    const out = path.join(folder, 'out.clab.yml')
    const file = written(LAB.replace('image: two', 'imgae: two'))
    const { status, stdout } = await ztos('lab', 'import', file, '--out', out)
    expect(status).toBe(2)
    expect(stdout).toBe(
      [
        `${file}:6:22: error: ZT_TOPOLOGY_UNKNOWN_KEY: imgae is no key that containerlab 0.79 knows here (did you mean image?)`,
        '      b: {kind: linux, imgae: two}',
        '                       ^',
        '  remedy: take it out, or write it as its manual does',
        '',
      ].join('\n'),
    )
    expect(() => readFileSync(out)).toThrow('ENOENT')
    const answer = await ztos('lab', 'import', file, '--json')
    expect(answer.json()).toMatchObject({
      sound: false,
      problems: [{ at: { line: 6, column: 22 }, path: 'topology.nodes.b.imgae' }],
    })
  })

  test('of no file is bad input, and a template without containerlab is none that can be read here', async () => {
    expect((await ztos('lab', 'import', path.join(folder, 'none.yml'))).status).toBe(2)
    const file = written('name: {{ .name }}', 'lab.clab.gotmpl')
    const env = { ZTOS_CONTAINERLAB: path.join(folder, 'none') }
    const { status, stderr } = await ztosWith({ env }, 'lab', 'import', file)
    expect(status).toBe(3)
    expect(stderr).toContain('ZT_LAB_MISSING')
  })
})
