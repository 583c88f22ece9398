/**
 * Key sources, with the files and programs of a folder of the test's own. Every value is written down once, and no error may hold any of it.
 */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseFabric } from '../../twin/model/index.js'
import { compile, deriveKeys, KeyError, standInKeys } from '../../twin/program/index.js'
import { checkKeySources, resolveKeys } from './resolve.js'
import { readKeySources } from './sources.js'

const SEED = new Uint8Array(32).fill(9)
const [SPARE, HEX] = ['0123456789abcdef', '00112233445566778899aabbccddeeff']
const REFERENCE = 'prod:core/leaf1--spine1/leaf1/0'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'ztos-keys-')))
  mkdirSync(path.join(folder, 'keys'), { mode: 0o700 })
})
afterEach(() => rmSync(folder, { recursive: true }))

function fileWith(name: string, text: string, mode = 0o600): string {
  const file = path.join(folder, name)
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

/** @returns the file of key sources */
function sourcesWith(source: string): string {
  return fileWith('sources.yaml', `ztos-key-sources: 1\nsources:\n  prod: ${source}\n`, 0o644)
}

const inDirectory = () => sourcesWith('{ directory: keys }')
const resolved = (sources: string | undefined, keys: readonly string[] = [REFERENCE]) =>
  resolveKeys({ keys: [...keys] }, { seed: SEED, sources })

async function failure(promise: Promise<unknown>): Promise<KeyError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof KeyError)) throw new TypeError(`no KeyError: ${String(error)}`)
  expect(error.cause).toBeUndefined()
  expect(`${error.message} ${error.where ?? ''} ${error.stack ?? ''}`).not.toMatch(
    new RegExp(`${SPARE}|${HEX}|ABEiM0RVZneImaq7zN3u`, 'i'),
  )
  return error
}

describe('keys in a directory', () => {
  const key = (text: string, mode?: number) => fileWith('keys/core/leaf1--spine1/leaf1/0.key', text, mode)

  test.each([
    ['hex digits', `${HEX}\n`],
    ['hex digits in capitals', HEX.toUpperCase()],
    ['base64', 'ABEiM0RVZneImaq7zN3u/w==\r\n'],
  ])('are read as %s', async (_how, text) => {
    key(text)
    const values = await resolved(inDirectory())
    expect(values).toEqual(new Map([[REFERENCE, new Uint8Array(Buffer.from(HEX, 'hex'))]]))
  })

  test('stand beside lab keys, which are derived', async () => {
    key(HEX)
    const values = await resolved(inDirectory(), ['lab:other/x', REFERENCE])
    expect(values.get('lab:other/x')).toEqual(deriveKeys({ keys: ['lab:other/x'] }, SEED).get('lab:other/x'))
  })

  test.each([
    ['of another length', `${HEX}00`],
    ['followed by something', `${HEX}\n\n`],
    ['followed by a lot', `${HEX}${' '.repeat(5000)}`],
    ['that is empty', ''],
    ['with a wrong digit', `${SPARE}${SPARE.slice(1)}g`],
    ['in base64 of another length', `${SPARE}AAA=`],
  ])('a file %s is no key', async (_what, text) => {
    key(text)
    const error = await failure(resolved(inDirectory()))
    expect([error.code, error.where]).toEqual(['ZT_KEY_VALUE', REFERENCE])
    expect(error.message).toContain('a MACsec key: 16 octets, as 32 hex digits or base64')
  })

  test.each([0o640, 0o604, 0o660, 0o601])('a file of mode %o is refused', async (mode) => {
    key(HEX, mode)
    const error = await failure(resolved(inDirectory()))
    expect(error.code).toBe('ZT_KEY_EXPOSED')
    expect(error.remedy).toContain('chmod 600')
  })

  test('a file may have stricter rights', async () => {
    key(HEX, 0o400)
    expect((await resolved(inDirectory())).size).toBe(1)
  })

  test('a folder that others may write into is refused', async () => {
    key(HEX)
    chmodSync(path.join(folder, 'keys'), 0o770)
    expect((await failure(resolved(inDirectory()))).code).toBe('ZT_KEY_EXPOSED')
  })

  test('a link inside the folder is followed, one out of it is refused, at the end and on the way', async () => {
    const sources = inDirectory()
    key(HEX)
    symlinkSync('0.key', path.join(folder, 'keys/core/leaf1--spine1/leaf1/1.key'))
    const linked = 'prod:core/leaf1--spine1/leaf1/1'
    expect((await resolved(sources, [linked])).size).toBe(1)
    fileWith('outside/0.key', HEX)
    symlinkSync('../../outside/0.key', path.join(folder, 'keys/core/file.key'))
    symlinkSync('../../outside', path.join(folder, 'keys/core/way'))
    for (const reference of ['prod:core/file', 'prod:core/way/0', 'prod:../outside/0'])
      expect((await failure(resolved(sources, [reference]))).code).toBe('ZT_KEY_EXPOSED')
  })

  test.runIf(process.getuid?.() === 0)("a file of another user's is refused", async () => {
    execFileSync('chown', ['65534', key(HEX)])
    expect((await failure(resolved(inDirectory()))).code).toBe('ZT_KEY_EXPOSED')
  })

  test('what is not there, a folder and a pipe are said to be so', async () => {
    const sources = inDirectory()
    expect((await failure(resolved(sources))).message).toContain('ENOENT')
    mkdirSync(path.join(folder, 'keys/folder.key'))
    execFileSync('mkfifo', ['-m', '600', path.join(folder, 'keys/pipe.key')])
    for (const reference of ['prod:folder', 'prod:pipe'])
      expect((await failure(resolved(sources, [reference]))).code).toBe('ZT_KEY_UNREADABLE')
  })

  test('a public key is computed from the private one, and nobody is asked for it', async () => {
    const plan = planOf('{ wireguard: true, key: prod:core, psk: true }')
    const [, ...others] = ['leaf1', 'leaf1', 'spine1', 'psk']
    for (const name of others) fileWith(`keys/core/leaf1--spine1/${name}.key`, `${HEX}${HEX}`)
    const values = await resolveKeys(plan, { seed: SEED, sources: inDirectory() })
    expect([...values.keys()]).toEqual(plan.keys)
    expect(new Set([...values.values()].map(({ length }) => length))).toEqual(new Set([32]))
    const publicKey = values.get('prod:core/leaf1--spine1/leaf1/public')
    // X25519 of the base point with 00112233...: RFC 7748 clamps it.
    expect(publicKey).toEqual(values.get('prod:core/leaf1--spine1/spine1/public'))
    expect(publicKey).not.toEqual(values.get('prod:core/leaf1--spine1/leaf1'))
  })
})

describe('keys from a command', () => {
  /** A program that notes what it was given, and then does something. */
  const program = (does: string): string => {
    fileWith(
      'ask',
      `#!/bin/sh\nread -r reference; echo "$reference|$#|$(env | cut -d= -f1 | sort | tr '\\n' ' ')" >> ${folder}/asked\n${does}\n`,
      0o700,
    )
    return './ask'
  }
  const asking = (does: string, more = '') => sourcesWith(`{ command: [${program(does)}]${more} }`)

  test('are asked for by their reference on standard input, in an environment that is nearly empty', async () => {
    const values = await resolved(asking(`echo ${HEX}; echo ${HEX} >&2`))
    expect([...values.values()]).toEqual([new Uint8Array(Buffer.from(HEX, 'hex'))])
    // PWD is of the shell.
    expect(readFileSync(path.join(folder, 'asked'), 'utf8').replace(/ (?:OLDPWD|_) /g, ' ')).toBe(
      `${REFERENCE}|0|LANG PATH PWD \n`,
    )
  })

  test('a variable that the source names is handed on', async () => {
    const sources = asking(
      `test "$WANTED" = yes && test -z "$OTHER" && echo ${HEX}`,
      ', environment: [WANTED, ABSENT]',
    )
    const env = { WANTED: 'yes', OTHER: 'no' }
    expect((await resolveKeys({ keys: [REFERENCE] }, { seed: SEED, sources, env })).size).toBe(1)
  })

  test.each([
    ['fails', `echo ${HEX}; echo ${HEX} >&2; exit 3`, 'ended with exit status 3'],
    ['is ended', `echo ${HEX}; kill -9 $$`, 'was ended by SIGKILL'],
    ['does not answer', `echo ${HEX}; sleep 100`, 'did not answer within 300 ms'],
    ['leaves somebody behind who does not', `sleep 100 & echo ${HEX}`, 'did not answer within 300 ms'],
  ])('one that %s gives none, and what it said is not repeated', async (_what, does, said) => {
    const error = await failure(resolved(asking(does, ', timeout: 300ms')))
    expect([error.code, error.where]).toEqual(['ZT_KEY_COMMAND', REFERENCE])
    expect(error.message).toContain(said)
  })

  test('one that says something else gives no key, and one that says a lot is not waited for', async () => {
    for (const does of [`echo ${HEX}${HEX}`, `echo`, `yes ${HEX} | head -c 1000000`])
      expect((await failure(resolved(asking(does)))).code).toBe('ZT_KEY_VALUE')
  })

  test('no shell reads the words of a command', async () => {
    program(`echo ${HEX}`)
    const sources = sourcesWith("{ command: [./ask, '$(touch /nothing)', '; exit 1'] }")
    expect((await resolved(sources)).size).toBe(1)
    expect(readFileSync(path.join(folder, 'asked'), 'utf8')).toMatch(/\|2\|/)
  })

  test('one that is not there is said to be so', async () => {
    const error = await failure(resolved(sourcesWith('{ command: [./none] }')))
    expect(error.message).toContain('cannot be started (ENOENT)')
  })

  test('when one fails the others are not waited for', async () => {
    const sources = asking(`test "$reference" = prod:bad && exit 1; sleep 100`, ', timeout: 60s')
    const before = performance.now()
    const error = await failure(resolved(sources, ['prod:a', 'prod:bad', 'prod:b']))
    expect(error.where).toBe('prod:bad')
    expect(performance.now() - before).toBeLessThan(20_000)
  })

  test('an interrupted caller does not wait', async () => {
    const sources = asking('sleep 100', ', timeout: 60s')
    const signal = AbortSignal.timeout(200)
    await expect(resolveKeys({ keys: [REFERENCE] }, { seed: SEED, sources, signal })).rejects.toThrow(
      'timeout',
    )
  })
})

describe('a file of key sources', () => {
  test.each([
    ['no YAML', 'sources: [', 'line 1'],
    ['of another version', 'ztos-key-sources: 2\nsources: {}', 'ztos-key-sources'],
    ['with a source of lab keys', 'ztos-key-sources: 1\nsources: { lab: { directory: x } }', 'sources.lab'],
    ['with neither', `ztos-key-sources: 1\nsources: { prod: { key: ${HEX} } }`, 'sources.prod'],
    ['with a key in place of a source', `ztos-key-sources: 1\nsources: { prod: ${HEX} }`, 'sources.prod'],
    [
      'with an odd time',
      'ztos-key-sources: 1\nsources: { prod: { command: [x], timeout: 1h } }',
      'sources.prod',
    ],
    ['with aliases', `a: &a ${HEX}\nb: *a\nztos-key-sources: 1\nsources: {}`, 'aliases'],
  ])('%s is refused, by its place', async (_what, text, place) => {
    const file = fileWith('sources.yaml', text)
    const error = await failure(Promise.resolve().then(() => readKeySources(file)))
    expect([error.code, error.where]).toEqual(['ZT_KEY_SOURCES', file])
    expect(error.message).toContain(place)
  })

  test('that is not there is refused', async () => {
    const error = await failure(resolved(path.join(folder, 'none.yaml')))
    expect([error.code, error.message.includes('ENOENT')]).toEqual(['ZT_KEY_SOURCES', true])
  })

  test('that does not know a scheme is told of before anybody is asked', async () => {
    const sources = inDirectory()
    const plan = { keys: ['lab:x/1', 'vault:a/1', 'vault:a/2', REFERENCE] }
    const error = await failure(Promise.resolve().then(() => checkKeySources(plan, sources)))
    expect([error.code, error.where]).toEqual(['ZT_KEY_SOURCE', sources])
    expect(error.message).toContain('2 keys, such as vault:a/1')
    expect((await failure(resolved(undefined))).code).toBe('ZT_KEY_SOURCE')
    expect(() => checkKeySources({ keys: ['lab:x/1'] }, undefined)).not.toThrow()
  })
})

test('a twin takes stand-ins for keys whose values are elsewhere', () => {
  const plan = planOf('{ macsec: gcm-aes-128, key: prod:core }')
  const keys = standInKeys(plan, SEED)
  expect([...keys.keys()]).toEqual(plan.keys)
  expect(() => deriveKeys(plan, SEED)).toThrow('ZT_KEY_SOURCE')
})

function planOf(seal: string) {
  const { fabric, problems } = parseFabric(
    `
ztos: 1
name: keyed
underlay: { loopbacks: 10.255.0.0/24, links: 10.254.0.0/24, bgp: { spines: 65000, leaves: 65101-65109 } }
nodes: { leaf1: { role: leaf }, spine1: { role: spine } }
seals: { core: ${seal} }
links: [{ from: leaf1, to: spine1, seal: core }]
`,
    'keyed.yaml',
  )
  if (fabric === undefined) throw new TypeError(JSON.stringify(problems))
  return compile(fabric)
}
