import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identify } from './process-identity.js'
import { parseLabState, readLabs, readLabState, type LabState } from './state.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'zt-state-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function state(more: Partial<LabState> = {}): LabState {
  const self = identify(process.pid)!
  return {
    format: 'ztos-lab',
    version: 1,
    id: 'k3f9a2',
    uid: 1000,
    fabric: 'shop',
    created: '2026-11-21T10:00:00.000Z',
    attached: false,
    phase: 'up',
    labd: { pid: self.pid, startTime: self.startTime },
    ...more,
  }
}
function put(id: string, content: string): void {
  mkdirSync(path.join(root, '1000', id), { recursive: true })
  writeFileSync(path.join(root, '1000', id, 'lab.json'), content)
}

describe('state of labs', () => {
  it('lists none where there never was one', () => {
    expect(readLabs(1000, root)).toEqual([])
  })

  it('tells a lab that runs from one whose labd is gone, reused pid included', () => {
    put('k3f9a2', JSON.stringify(state()))
    put('k3f9a3', JSON.stringify(state({ id: 'k3f9a3', labd: { pid: process.pid, startTime: '1' } })))
    put('k3f9a4', JSON.stringify(state({ id: 'k3f9a4', labd: { pid: 4_194_304, startTime: '1' } })))
    expect(readLabs(1000, root).map(({ id, phase }) => [id, phase])).toEqual([
      ['k3f9a2', 'up'],
      ['k3f9a3', 'stale'],
      ['k3f9a4', 'stale'],
    ])
  })

  it('lists what a crash wrote in half, so that it can be removed', () => {
    put('aaaaaa', '{"format":')
    mkdirSync(path.join(root, '1000', 'bbbbbb'))
    expect(readLabs(1000, root)).toEqual([
      { id: 'aaaaaa', phase: 'stale', driver: 'netns' },
      { id: 'bbbbbb', phase: 'stale', driver: 'netns' },
    ])
  })

  it('looks at no folder that is no lab', () => {
    put('.new-k3f9a2-1-1', '')
    put('something else', '')
    expect(readLabs(1000, root)).toEqual([])
  })

  it('says that there is no such lab', () => {
    expect(() => readLabState(1000, 'nosuch', root)).toThrow(/ZT_LAB_UNKNOWN: there is no lab "nosuch"/)
  })

  it.each([
    ['no JSON', 'x', /is not JSON/],
    ['another format', JSON.stringify({ ...state(), format: 'other' }), /lab\.json: format:/],
    ['a version to come', JSON.stringify({ ...state(), version: 2 }), /lab\.json: version:/],
    [
      'an id that leaves the folder',
      JSON.stringify(state({ id: '../../' })),
      /lab\.json: id: a lab id is six/,
    ],
    [
      'a pid that is none',
      JSON.stringify(state({ labd: { pid: -1, startTime: '1' } })),
      /lab\.json: labd\.pid:/,
    ],
    ['a field too many', JSON.stringify({ ...state(), more: 1 }), /lab\.json/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => parseLabState(text, 'lab.json')).toThrow(message)
  })
})
