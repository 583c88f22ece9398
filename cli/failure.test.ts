import { describe, expect, test } from 'vitest'
import { LabError } from '../lab/index.js'
import { RecordError } from '../record/errors.js'
import { ExitStatus } from '../record/exit-status.js'
import { SdkError } from '../sdk/errors.js'
import { ForwardError } from '../twin/forward/index.js'
import { PacketError } from '../twin/packet/index.js'
import { KeyError } from '../twin/program/index.js'
import { colours } from './colours.js'
import { CliError } from './errors.js'
import { failureJson, failureOf, failureText } from './failure.js'

const remedy = 'do this'
const text = (error: unknown, stack?: string) => failureText(failureOf(error, false), colours(false), stack)

describe('one error, told once', () => {
  test.each([
    [
      new CliError('ZT_CLI_NAME', 'no such thing', { where: 'here', remedy }),
      2,
      ['ZT_CLI_NAME: no such thing', '  where: here', '  remedy: do this'],
    ],
    [
      new LabError('ZT_LAB_PRIVILEGE', 'needs root', { remedy }),
      3,
      ['ZT_LAB_PRIVILEGE: needs root', '  remedy: do this'],
    ],
    [new LabError('ZT_LAB_REFUSED', 'no such port'), 2, ['ZT_LAB_REFUSED: no such port']],
    [
      new RecordError('ZT_RECORD_DIGEST', 'a file was changed', { where: 'runs/x', remedy }),
      2,
      ['ZT_RECORD_DIGEST: a file was changed', '  where: runs/x', '  remedy: do this'],
    ],
    [
      new SdkError('ZT_VACUOUS', 'nothing was judged', { remedy }),
      2,
      ['ZT_VACUOUS: nothing was judged', '  remedy: do this'],
    ],
    [
      new SdkError('ZT_HOST_CANNOT', 'not here', { remedy }),
      3,
      ['ZT_HOST_CANNOT: not here', '  remedy: do this'],
    ],
    [
      new PacketError('ZT_MAC_SYNTAX', '"x" is no MAC', { remedy }),
      2,
      ['ZT_MAC_SYNTAX: "x" is no MAC', '  remedy: do this'],
    ],
  ])('%s', (error, exit, lines) => {
    expect(failureOf(error, false).exit).toBe(exit)
    expect(text(error)).toBe(`error: ${lines.join('\n')}\n`)
  })

  test.each([
    new ForwardError('ZT_PROGRAM_INVALID', 'leaf1: interface 3', 'it is twice', { remedy }),
    new KeyError('ZT_KEY_SEED', 'a seed has 32 octets'),
    new LabError('ZT_LAB_DIED', 'the engine of leaf1 ended'),
    new TypeError('x is not a function'),
    'thrown text',
    undefined,
  ])('a fault of our own asks for a report and shows no stack: %s', (error) => {
    expect(failureOf(error, false).exit).toBe(ExitStatus.Internal)
    const told = text(error)
    expect(told).toContain(
      'report it with the fabric file, `ztos --version`, and what the same command prints with --debug',
    )
    expect(told).not.toContain('    at ')
    expect(text(error, 'Error\n    at x.ts:1')).toContain('    at x.ts:1')
  })

  test('place and code that a message repeats are told once', () => {
    const told = text(new ForwardError('ZT_PLAN_INVALID', 'leaf1', 'no such node', { remedy }))
    expect(told.match(/leaf1/g)).toHaveLength(1)
    expect(told.match(/ZT_PLAN_INVALID/g)).toHaveLength(1)
    expect(told.match(/do this/g)).toHaveLength(1)
  })

  test('causes are told, outermost first', () => {
    const cause = new Error('a socket is gone', { cause: new Error('ECONNRESET\nmore') })
    const told = text(new LabError('ZT_LAB_CONNECTION', 'lost', { cause }))
    expect(told).toContain('  because: a socket is gone\n  because: ECONNRESET\n')
  })

  test('what others wrote into an error cannot reach the terminal as control characters', () => {
    expect(text(new Error('bad \u001b[2Jname'))).toContain(String.raw`bad \x1b[2Jname`)
  })
})

describe('for programs', () => {
  test('an error without code is internal', () => {
    expect(failureJson(failureOf(new TypeError('oops'), false), undefined)).toMatchObject({
      format: 'ztos-error',
      version: 1,
      exit: 4,
      code: 'ZT_INTERNAL',
      what: 'oops',
    })
  })

  test('a Node error code is no code of ours', () => {
    const error = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    expect(failureOf(error, false)).toMatchObject({ exit: 4 })
    expect(failureOf(error, false).code).toBeUndefined()
  })

  test('whatever an interruption causes is an interruption', () => {
    const failure = failureOf(new LabError('ZT_LAB_CONNECTION', 'lost'), true)
    expect(failure.exit).toBe(ExitStatus.Interrupted)
    expect(failureJson(failure, undefined)).toMatchObject({ exit: 130, code: 'ZT_INTERRUPTED' })
  })
})
