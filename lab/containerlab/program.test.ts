import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findContainerlab } from './program.js'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'zt-program-')))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function program(...names: string[]): string {
  const file = path.join(folder, ...names)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, '#!/bin/sh\n')
  chmodSync(file, 0o755)
  return file
}

test('what is named comes before the PATH, and the PATH before what set-up built', () => {
  const built = program('build', 'containerlab', 'containerlab')
  expect(findContainerlab({ PATH: '/nowhere' }, folder)).toBe(built)
  const onPath = program('bin', 'containerlab')
  const env = { PATH: `/nowhere:${path.dirname(onPath)}` }
  expect(findContainerlab(env, folder)).toBe(onPath)
  const named = program('mine')
  expect(findContainerlab({ ...env, ZTOS_CONTAINERLAB: named }, folder)).toBe(named)
})

test('what is named and is no program is no reason to take another', () => {
  program('build', 'containerlab', 'containerlab')
  expect(() => findContainerlab({ ZTOS_CONTAINERLAB: '/nowhere/clab' }, folder)).toThrow(
    'ZTOS_CONTAINERLAB names /nowhere/clab, which is no program',
  )
  expect(() => findContainerlab({ ZTOS_CONTAINERLAB: folder }, folder)).toThrow('which is no program')
})

test('nowhere: the error says what to do', () => {
  expect(() => findContainerlab({ PATH: folder }, folder)).toThrow(
    /ZT_LAB_MISSING: .*\n {2}remedy: install containerlab/,
  )
})
