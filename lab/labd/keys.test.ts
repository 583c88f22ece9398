import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { labPaths, type LabPaths } from '../paths.js'
import { LabKeys } from './keys.js'

const [A, B, C] = ['lab:core/a--b/a/0', 'lab:core/a--b/b/0', 'lab:core/a--b/a/1']
const value = (digit: string) => digit.repeat(32)
let root: string
let paths: LabPaths

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'zt-keys-'))
  paths = labPaths(0, 'k3f9a2', root)
  for (const node of ['a', 'b']) mkdirSync(paths.nodeConfig(node), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const fileOf = (node: string) => JSON.parse(readFileSync(paths.nodeKeys(node), 'utf8')) as unknown

describe('keys of a lab', () => {
  it('are given to the nodes whose program or request names them, and to no others', () => {
    const keys = new LabKeys(paths, { [A]: value('a'), [B]: value('b') }, true)
    keys.tell('a', { interfaces: [{ kind: 'macsec', keys: [{ key: A }] }] })
    keys.tell('b', { interfaces: [] })
    expect([fileOf('a'), fileOf('b')]).toEqual([{ [A]: value('a') }, {}])
    keys.add({ [C]: value('c') })
    expect(fileOf('a')).toEqual({ [A]: value('a') })
    keys.tell('a', { op: 'apply', changes: [{ to: { key: C } }] })
    expect(fileOf('a')).toEqual({ [A]: value('a'), [C]: value('c') })
    expect(JSON.parse(readFileSync(paths.keys, 'utf8'))).toEqual(keys.all)
  })

  it('that are over are taken away everywhere, and stay known to whoever replays', () => {
    const keys = new LabKeys(paths, { [A]: value('a'), [C]: value('c') }, true)
    keys.tell('a', [A, C])
    keys.retire([A])
    expect(fileOf('a')).toEqual({ [C]: value('c') })
    expect(keys.all).toEqual({ [A]: value('a'), [C]: value('c') })
    expect(readFileSync(paths.keys, 'utf8')).not.toContain(value('a'))
  })

  it('are written for a node no more that there is no more', () => {
    const keys = new LabKeys(paths, { [A]: value('a') }, false)
    keys.tell('a', A)
    keys.forget('a')
    rmSync(paths.nodeConfig('a'), { recursive: true })
    keys.add({ [C]: value('c') })
    expect(keys.references).toEqual([A, C])
  })
})
