import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ztos, ztosWith } from '../testdata/call.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ztos-validate-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A file of which lines can be shown wrong. */
const sound = [
  'ztos: 1',
  'name: small',
  'underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24 }',
  'nodes:',
  '  spine1: { role: spine }',
  '  leaf1: { role: leaf }',
  'links:',
  '  - { from: leaf1, to: spine1 }',
  'tenants:',
  '  red:',
  '    networks: { a: { vni: 10, subnet: 10.0.0.0/24 } }',
  '    hosts: { a1: { at: leaf1, network: a } }',
  '',
]

function fileWith(changes: Readonly<Record<number, string>>, name = 'small.yaml'): string {
  const lines = sound.map((line, index) => changes[index + 1] ?? line)
  const file = path.join(folder, name)
  writeFileSync(file, lines.join('\n'))
  return file
}

describe('text', () => {
  test('a sound file is counted', async () => {
    const file = fileWith({})
    expect(await ztos('validate', file)).toMatchObject({
      status: 0,
      stdout: `${file}: sound: small, 2 nodes, 1 link, 1 tenant, 1 host, 0 intents\n`,
      stderr: '',
    })
  })

  test('a problem shows place, line, caret, reason and remedy', async () => {
    const file = fileWith({ 6: '  leaf1: { role: leef }' })
    const { status, stdout } = await ztos('validate', file)
    expect(status).toBe(2)
    expect(stdout).toBe(
      [
        `${file}:6:18: ZT_FABRIC_VALUE: role leef is not what belongs here (did you mean leaf?)`,
        '  6 |   leaf1: { role: leef }',
        '    |                  ^^^^',
        '  remedy: write one of spine, leaf, gateway, router',
        '',
        `${file}: 1 problem`,
        '',
      ].join('\n'),
    )
  })

  test('what a problem clashes with is shown with its own line', async () => {
    const file = fileWith({
      11: '    networks: { a: { vni: 10, subnet: 10.0.0.0/24 }, b: { vni: 10, subnet: 10.0.1.0/24, at: leaf1 } }',
    })
    const { stdout } = await ztos('validate', file)
    expect(stdout).toContain(`${file}:11:64: ZT_FABRIC_VNI_CLASH`)
    expect(stdout).toMatch(new RegExp(`^ {2}${file}:11:27: `, 'm'))
    expect(stdout.match(/\^\^$/gm)).toHaveLength(2)
  })

  test('the caret stands below its place behind tabs, wide characters and a long line', async () => {
    const wide = fileWith({ 2: 'name: 東京' }, 'wide.yaml')
    expect((await ztos('validate', wide)).stdout).toContain('  2 | name: 東京\n    |       ^^')
    const long = fileWith({
      2: `name: x # ${'long '.repeat(60)}`,
      6: `  leaf1: { ${' '.repeat(300)}role: leef }`,
    })
    const { stdout } = await ztos('validate', long)
    const [shown = '', marks = ''] = stdout.split('\n').slice(1)
    expect(shown).toContain('…')
    expect(shown.length).toBeLessThan(140)
    expect(shown.slice(marks.indexOf('^'), marks.lastIndexOf('^') + 1)).toBe('leef')
  })

  test('control characters of a file do not reach the terminal', async () => {
    const { status, stdout } = await ztos('validate', fileWith({ 2: 'name: \u001b[2Jsmall' }))
    expect(status).toBe(2)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain(String.raw`name: \x1b[2Jsmall`)
  })

  test('what its lab will ask key sources for is said', async () => {
    const file = fileWith({ 8: '  - { from: leaf1, to: spine1, seal: core }' }, 'keyed.yaml')
    appendFileSync(file, 'seals: { core: { wireguard: true, psk: true, key: prod:core } }\n')
    const { status, stdout } = await ztos('validate', file)
    expect(status).toBe(0)
    expect(stdout.trimEnd().split('\n').slice(1)).toEqual([
      '  needs a source of prod: for 1 key (wireguard-preshared, 32 octets each), such as prod:core/leaf1--spine1/psk',
      '  needs a source of prod: for 2 keys (wireguard-private, 32 octets each), such as prod:core/leaf1--spine1/leaf1',
    ])
    const json = (await ztos('validate', file, '--json')).json()
    expect(json).toMatchObject({ files: [{ needs: [{ scheme: 'prod', octets: 32 }, { scheme: 'prod' }] }] })
  })

  test('the value of a key in the place of its name is not shown', async () => {
    const hex = '9f86d081884c7d659a2feaa0c55ad015'
    const base64 = 'n4bQgYhMfWWaL+qgxVrQFQ=='
    for (const key of [`prod:${hex}`, hex, `"${base64}"`]) {
      const file = fileWith({ 8: `seals: { core: { macsec: gcm-aes-128, key: ${key} } }` }, 'keyed.yaml')
      for (const format of ['text', 'json', 'sarif', 'github']) {
        const { status, stdout, stderr } = await ztos('validate', file, '--format', format)
        expect(status).toBe(2)
        expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`${hex}|${base64.slice(0, 16)}`))
      }
    }
  })

  test('a file that is not there, a folder and a device are problems, not crashes', async () => {
    for (const file of [path.join(folder, 'none.yaml'), folder, '/dev/zero']) {
      const { status, stdout } = await ztos('validate', file)
      expect(status).toBe(2)
      expect(stdout).toContain(`${file}:1:1: ZT_FABRIC_`)
    }
  })

  test('several files are judged one by one, and one faulty is enough', async () => {
    const good = fileWith({}, 'good.yaml')
    const bad = fileWith({ 2: 'name: Small' }, 'bad.yaml')
    const { status, stdout } = await ztos('validate', good, bad)
    expect(status).toBe(2)
    expect(stdout).toContain(`${good}: sound`)
    expect(stdout).toContain(`${bad}: 1 problem`)
  })
})

describe('for programs', () => {
  test('--json and --format json are one document', async () => {
    const file = fileWith({ 6: '  leaf1: { role: leef }' })
    const called = await ztos('validate', file, 'topologies/demo.yaml', '--json')
    expect(called.status).toBe(2)
    expect(called.stderr).toBe('')
    expect(called.json()).toMatchObject({
      format: 'ztos-validation',
      version: 1,
      sound: false,
      files: [
        {
          file,
          sound: false,
          problems: [
            {
              code: 'ZT_FABRIC_VALUE',
              file,
              line: 6,
              column: 18,
              endLine: 6,
              endColumn: 22,
              path: 'nodes.leaf1.role',
              remedy: 'write one of spine, leaf, gateway, router',
              related: [],
            },
          ],
        },
        { sound: true, problems: [], fabric: { name: 'demo', nodes: 5, links: 6, tenants: 2, hosts: 11 } },
      ],
    })
    expect((await ztos('validate', file, 'topologies/demo.yaml', '--format', 'json')).stdout).toBe(
      called.stdout,
    )
  })

  test('sarif names rule, place in code points, and related places', async () => {
    const file = fileWith({
      11: '    networks: { a: { vni: 10, subnet: 10.0.0.0/24 }, b: { vni: 10, subnet: 10.0.1.0/24, at: leaf1 } }',
    })
    const called = await ztos('validate', file, '--format', 'sarif')
    const log = called.json() as { runs: readonly { results: readonly object[]; columnKind: string }[] }
    expect(log).toMatchObject({
      version: '2.1.0',
      runs: [{ tool: { driver: { name: 'ztos', rules: [{ id: 'ZT_FABRIC_VNI_CLASH' }] } } }],
    })
    expect(log.runs[0]?.columnKind).toBe('unicodeCodePoints')
    expect(log.runs[0]?.results).toMatchObject([
      {
        ruleId: 'ZT_FABRIC_VNI_CLASH',
        ruleIndex: 0,
        level: 'error',
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: `file://${file}` },
              region: { startLine: 11, startColumn: 64, endLine: 11, endColumn: 66 },
            },
          },
        ],
        relatedLocations: [{ physicalLocation: { region: { startLine: 11, startColumn: 27 } } }],
      },
    ])
  })

  test('a sound file is a log without results', async () => {
    const called = await ztos('validate', 'topologies/demo.yaml', '--format', 'sarif', '--json')
    expect(called.status).toBe(0)
    expect(called.json()).toMatchObject({ runs: [{ results: [] }] })
  })

  test('github annotations escape what would end them', async () => {
    const file = fileWith({ 2: 'name: Small' }, 'a,b:50%.yaml')
    const { stdout } = await ztos('validate', file, '--format', 'github')
    const name = `${folder}/a%2Cb%3A50%25.yaml`
    expect(stdout).toMatch(
      new RegExp(`^::error file=${name},line=2,endLine=2,col=7,endColumn=12,title=ZT_FABRIC_\\w+::`),
    )
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  })

  test('--json and another format contradict each other', async () => {
    const called = await ztos('validate', 'topologies/demo.yaml', '--json', '--format', 'github')
    expect(called.status).toBe(2)
    expect(called.json()).toMatchObject({ code: 'ZT_CLI_USAGE' })
  })
})

test('every other verb that reads a fabric file shows its problems the same way, on stderr', async () => {
  const file = fileWith({ 6: '  leaf1: { role: leef }' })
  const { stdout } = await ztos('validate', file)
  const runs = path.join(folder, 'runs')
  for (const argv of [
    ['plan', file],
    ['trace', file, '--from', 'red/a1', '--to', 'red/a1'],
    ['lab', 'up', file],
    ['verify', file, '--on', 'twin', '--runs', runs],
  ]) {
    const called = await ztos(...argv)
    expect([called.status, called.stdout, called.stderr]).toEqual([2, '', stdout])
  }
  const called = await ztosWith({}, 'plan', file, '--json')
  expect(called.json()).toMatchObject({ code: 'ZT_FABRIC', exit: 2, where: file, problems: [{ line: 6 }] })
})

describe('warnings', () => {
  /** AS 64512 is the one that ZTOS takes itself. */
  const warned = () =>
    fileWith({
      3: 'underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { as: 64512 } }',
    })

  test('are shown like problems and leave the file sound', async () => {
    const file = warned()
    const { status, stdout } = await ztos('validate', file)
    expect(status).toBe(0)
    expect(stdout).toContain(`${file}:3:`)
    expect(stdout).toContain(': warning: ZT_FABRIC_LINT_ASN: ')
    expect(stdout).toContain('  remedy: ')
    expect(stdout).toMatch(/: sound: small, .*, 1 warning\n$/)
  })

  test('are in JSON, SARIF and annotations, by their severity', async () => {
    const file = warned()
    const json = await ztos('validate', file, '--format', 'json')
    expect(json.status).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({
      sound: true,
      files: [
        {
          sound: true,
          problems: [],
          warnings: [{ code: 'ZT_FABRIC_LINT_ASN', severity: 'warning', line: 3 }],
        },
      ],
    })
    const sarif = await ztos('validate', file, '--format', 'sarif')
    expect(sarif.status).toBe(0)
    expect(JSON.parse(sarif.stdout)).toMatchObject({
      runs: [{ results: [{ ruleId: 'ZT_FABRIC_LINT_ASN', level: 'warning' }] }],
    })
    const github = await ztos('validate', file, '--format', 'github')
    expect(github.status).toBe(0)
    expect(github.stdout).toMatch(/^::warning file=.*,line=3,/)
  })

  test('stand behind the problems of a file that has both', async () => {
    const file = fileWith({
      3: 'underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { as: 64512 } }',
      12: '    hosts: { a1: { at: leaf9, network: a } }',
    })
    const { status, stdout } = await ztos('validate', file)
    expect(status).toBe(2)
    expect(stdout).toMatch(/: 1 problem, 1 warning\n$/)
  })
})
