import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withModules } from './modules.js'

test('where the host has the file, nothing is put before the command', () => {
  expect(withModules(['containerlab', 'deploy'], '/', true)).toEqual(['containerlab', 'deploy'])
})

test('elsewhere the command finds it empty, beside all that /proc has, and the host is as it was', (context) => {
  context.skip(process.getuid?.() !== 0, 'mounts need root')
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  const had = existsSync('/proc/modules')
  const script =
    'wc -c </proc/modules; cat /proc/self/comm; pwd; test -e /proc/$$/ns/net; echo $?; sleep 0 & test -e /proc/$!/ns; echo $?; echo $1'
  const [file = '', ...args] = withModules(['sh', '-c', script, 'sh', 'a word'], '/usr', false)
  expect(execFileSync(file, args, { encoding: 'utf8' }).split('\n')).toEqual([
    '0',
    'cat',
    '/usr',
    '0',
    '0',
    'a word',
    '',
  ])
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(mounts)
  expect(existsSync('/proc/modules')).toBe(had)
})

test('how the command ends is how all of it ends', (context) => {
  context.skip(process.getuid?.() !== 0, 'mounts need root')
  const [file = '', ...args] = withModules(['sh', '-c', 'exit 7'], '/', false)
  expect(() => execFileSync(file, args, { stdio: 'ignore' })).toThrow(expect.objectContaining({ status: 7 }))
})
