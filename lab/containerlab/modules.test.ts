import { execFileSync } from 'node:child_process'
import { existsSync, readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withModules } from './modules.js'

test('where the host has the file, nothing is put before the command', () => {
  expect(withModules(['containerlab', 'deploy'], true)).toEqual(['containerlab', 'deploy'])
})

/** What a shell says that is run so. */
function said(script: string, ...words: readonly string[]): readonly string[] {
  const [file = '', ...args] = withModules(['sh', '-c', script, 'sh', ...words], false)
  return execFileSync(file, args, { encoding: 'utf8', cwd: '/usr', stdio: ['ignore', 'pipe', 'ignore'] })
    .trim()
    .split('\n')
}

test('elsewhere the command finds it empty, as often as it looks, beside all that /proc has', (context) => {
  context.skip(process.getuid?.() !== 0, 'a filter of system calls needs root')
  const had = existsSync('/proc/modules')
  const script =
    'cat /proc/modules | wc -c; wc -c </proc/modules; cat /proc/self/comm; pwd; sleep 0 & cat /proc/$!/ns/none || echo none; echo "$1"'
  expect(said(script, 'a word')).toEqual(['0', '0', 'cat', '/usr', 'none', 'a word'])
  expect(existsSync('/proc/modules')).toBe(had)
})

test('other names are what they are: shorter ones, longer ones, and what is written to', (context) => {
  context.skip(process.getuid?.() !== 0, 'a filter of system calls needs root')
  const script =
    'for name in /proc/module /proc/modules_ /proc/modules/x /proc; do cat "$name" && echo read; done; cat /proc/uptime | wc -w; echo 1 >/dev/null && echo written'
  expect(said(script)).toEqual(['2', 'written'])
})

test('it is in the namespaces of whoever runs it', (context) => {
  context.skip(process.getuid?.() !== 0, 'a filter of system calls needs root')
  const kinds = ['mnt', 'net', 'pid'].map((kind) => `/proc/self/ns/${kind}`)
  expect(said(`readlink ${kinds.join(' ')}`)).toEqual(kinds.map((kind) => readlinkSync(kind)))
})

test('how the command ends is how all of it ends, and nothing of ours goes on', async (context) => {
  context.skip(process.getuid?.() !== 0, 'a filter of system calls needs root')
  const ended = expect.objectContaining({ status: 7 })
  expect(() => said('cat /proc/modules; exit 7')).toThrow(ended)
  const mark = `ztos-modules-${process.pid}`
  expect(said(`echo ${mark}`)).toEqual([mark])
  await expect.poll(() => servantsOf(mark), { timeout: 5_000 }).toEqual([])
})

/** Processes whose command has this in it, those that have ended and wait for their parent not among them. */
function servantsOf(mark: string): readonly string[] {
  return execFileSync('ps', ['-e', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(mark))
}

test('a program that is not there is said', (context) => {
  context.skip(process.getuid?.() !== 0, 'a filter of system calls needs root')
  const [file = '', ...args] = withModules(['/none/such'], false)
  expect(() => execFileSync(file, args, { stdio: 'pipe' })).toThrow(
    'ztos-netns: /none/such: No such file or directory',
  )
})
