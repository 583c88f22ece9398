import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseLabState, type LabState } from '../state.js'
import {
  createFolder,
  createNodeFolders,
  removeFolder,
  selfIdentity,
  writePrivate,
  writeState,
} from './folder.js'

const invoker = { uid: process.getuid!(), gid: process.getgid!() }
let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'zt-folder-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function state(id: string): LabState {
  return {
    format: 'ztos-lab',
    version: 1,
    id,
    uid: invoker.uid,
    fabric: 'shop',
    created: '2026-11-21T10:00:00.000Z',
    attached: true,
    phase: 'starting',
    labd: selfIdentity(),
  }
}
const modeOf = (file: string) => statSync(file).mode & 0o777

describe('the folder of a lab', () => {
  it('is there whole or not at all, for root and the user alone', () => {
    const paths = createFolder(invoker, state('aaaaaa'), root)
    expect(parseLabState(readFileSync(paths.lab, 'utf8'), paths.lab)).toEqual(state('aaaaaa'))
    createNodeFolders(paths, 'leaf1', invoker)
    expect([paths.nodeConfig('leaf1'), paths.nodeCaptures('leaf1')].every(existsSync)).toBe(true)
    expect(modeOf(paths.folder) & 0o007).toBe(0)
    expect(modeOf(paths.lab)).toBe(0o600)
    expect(readdirSync(path.dirname(paths.folder))).toEqual(['aaaaaa'])
  })

  it('is refused for an id that is taken, and the lab there stays as it is', () => {
    const paths = createFolder(invoker, state('aaaaaa'), root)
    expect(() => createFolder(invoker, { ...state('aaaaaa'), fabric: 'other' }, root)).toThrow(
      /ZT_LAB_STATE: there is a lab aaaaaa already/,
    )
    expect(parseLabState(readFileSync(paths.lab, 'utf8'), '').fabric).toBe('shop')
    expect(readdirSync(path.dirname(paths.folder))).toEqual(['aaaaaa'])
  })

  it('changes its state as a whole', () => {
    const paths = createFolder(invoker, state('aaaaaa'), root)
    writeState(paths, { ...state('aaaaaa'), phase: 'up' }, invoker)
    expect(parseLabState(readFileSync(paths.lab, 'utf8'), '').phase).toBe('up')
    expect(readdirSync(paths.folder).filter((name) => name.endsWith('.new'))).toEqual([])
  })

  it('holds keys that nobody else reads, at no moment', () => {
    const paths = createFolder(invoker, state('aaaaaa'), root)
    writePrivate(paths.keys, '{}')
    expect(modeOf(paths.keys)).toBe(0o600)
    writePrivate(paths.keys, '{"a":1}')
    expect(modeOf(paths.keys)).toBe(0o600)
  })

  it('goes as often as one likes, and takes along what starts that were killed left, not those that still run', () => {
    const paths = createFolder(invoker, state('aaaaaa'), root)
    const parent = path.dirname(paths.folder)
    const { pid, startTime } = selfIdentity()
    for (const name of ['.new-bbbbbb-4194304-1', `.new-cccccc-${pid}-${startTime}`, 'other'])
      mkdirSync(path.join(parent, name))
    removeFolder(invoker, 'aaaaaa', root)
    removeFolder(invoker, 'aaaaaa', root)
    expect(readdirSync(parent).sort()).toEqual([`.new-cccccc-${pid}-${startTime}`, 'other'])
    mkdirSync(path.join(parent, '.new-dddddd-4194304-1'))
    createFolder(invoker, state('eeeeee'), root)
    expect(readdirSync(parent)).not.toContain('.new-dddddd-4194304-1')
  })
})
