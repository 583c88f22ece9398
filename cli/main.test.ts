import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commands } from './commands.js'
import { ztos, ztosWith } from './testdata/call.js'

describe('help', () => {
  test('--help lists every verb and every exit status, on stdout', async () => {
    const { status, stdout, stderr } = await ztos('--help')
    expect([status, stderr]).toEqual([0, ''])
    for (const verb of Object.keys(commands).map((name) => name.split(' ')[0] ?? '')) {
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
    }
    for (const text of ['130  interrupted', '5    disputed', '3    unjudged']) expect(stdout).toContain(text)
  })

  test.each([[[]], [['lab']]])('%j asks for nothing: help on stderr, status 2', async (argv) => {
    const { status, stdout, stderr } = await ztos(...argv)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: ztos /)
  })

  test.each([['help plan'], ['plan --help'], ['plan -h']])('%s is the help of plan', async (line) => {
    const { status, stdout } = await ztos(...line.split(' '))
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: ztos plan /)
  })

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await ztos('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
  })
})

describe('a wrong command line', () => {
  test.each([
    ['verfiy x.yaml', "unknown command 'verfiy'", 'did you mean verify?'],
    ['lab donw', "unknown command 'donw'", 'did you mean down?'],
    ['plan x.yaml --nod leaf1', "unknown option '--nod'", 'did you mean --node?'],
    ['plan', "missing required argument 'file'", 'see `ztos plan --help`'],
    ['plan a.yaml b.yaml', 'too many arguments', 'see `ztos plan --help`'],
    ['plan x.yaml --node', "option '--node <NODE>' argument missing", 'see `ztos plan --help`'],
    [
      'schema nothing',
      'Allowed choices are fabric, plan, program, control, mapping, topology.',
      'see `ztos schema --help`',
    ],
    [
      'trace x.yaml --to shop/db1',
      "required option '--from <HOST>' not specified",
      'see `ztos trace --help`',
    ],
    ['trace x.yaml --from a/b --ttl 0', 'Use an integer from 1 to 255.', 'see `ztos trace --help`'],
    ['trace x.yaml --from a/b --ttl 1e1', 'Use an integer from 1 to 255.', 'see `ztos trace --help`'],
    ['verify x.yaml --on moon', 'Use twin, netns, containerlab.', 'see `ztos verify --help`'],
    ['verify x.yaml --on twin,', 'It is empty.', 'see `ztos verify --help`'],
    ['lab capture a b c --seconds -1', 'Use a number from 0.001 to 86400.', 'see `ztos lab capture --help`'],
    ['verify x.yaml --on twin --lab k3f9a2', '--on leaves labs out', 'leave out one of them'],
    ['lab down', 'no lab is named', 'name labs, or give --all'],
    ['lab down k3f9a2 --all', '--all leaves no lab to name', 'name labs, or give --all'],
  ])('%s', async (line, what, remedy) => {
    const { status, stdout, stderr } = await ztos(...line.split(' '))
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('error: ZT_CLI_USAGE: ')
    expect(stderr).toContain(what)
    expect(stderr).toContain(`remedy: ${remedy}`)
    expect(stderr).not.toContain('    at ')
  })

  test('with --json is one document too', async () => {
    const called = await ztos('verfiy', '--json')
    expect(called.status).toBe(2)
    expect(called.json()).toMatchObject({ format: 'ztos-error', version: 1, exit: 2, code: 'ZT_CLI_USAGE' })
  })

  test('--json behind -- is for the command that is run, not for us', async () => {
    const called = await ztos('lab', 'exec', 'aaaaaa', 'leaf1', '--', 'ip', '--json')
    expect(called.stdout).toBe('')
    expect(called.stderr).toContain("there is no lab 'aaaaaa'")
  })
})

describe('errors', () => {
  test('--debug shows the stack, and only then', async () => {
    const { stderr } = await ztos('plan', 'topologies/demo.yaml', '--node', 'leaf9', '--debug')
    expect(stderr).toContain("there is no node 'leaf9'")
    expect(stderr).toContain('    at ')
  })

  test('an interrupted verb ends with 130, whatever came of it', async () => {
    const signal = AbortSignal.abort()
    const called = await ztosWith({ signal }, 'doctor', '--json')
    expect(called.status).toBe(130)
    expect(called.json()).toMatchObject({ exit: 130, code: 'ZT_INTERRUPTED' })
    expect(called.stderr).toContain('ztos: interrupted')
  })

  test('colours are for terminals, NO_COLOR and FORCE_COLOR decide otherwise', async () => {
    const coloured = '\u001b['
    const plain = await ztos('plan', 'none.yaml')
    expect(plain.stderr).not.toContain(coloured)
    const forced = await ztosWith({ env: { FORCE_COLOR: '1' } }, 'plan', 'none.yaml')
    expect(forced.stderr).toContain(coloured)
    const never = await ztosWith({ env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, 'plan', 'none.yaml')
    expect(never.stderr).toBe(plain.stderr)
  })
})
