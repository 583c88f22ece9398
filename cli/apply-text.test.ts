import { describe, expect, it } from 'vitest'
import type { LabChanges } from '../lab/index.js'
import { applyText } from './apply-text.js'
import { colours } from './colours.js'

const plain = colours(false)
const changes: LabChanges = {
  changes: [
    {
      change: 'change',
      kind: 'node',
      name: 'spine1',
      effects: [
        { effect: 'set', what: ['addresses', 'cables'] },
        { effect: 'load', what: ['port eth4 new', 'routes'] },
        { effect: 'tell-daemons', what: ['neighbour 10.254.0.64'] },
      ],
    },
    { change: 'add', kind: 'node', name: 'leaf3', effects: [{ effect: 'create', what: [] }] },
    { change: 'remove', kind: 'host', name: 'shop/web2', effects: [{ effect: 'remove', what: [] }] },
    { change: 'change', kind: 'probe', name: 'probe', effects: [{ effect: 'restart', what: ['hosts'] }] },
    {
      change: 'add',
      kind: 'keys',
      name: 'keys',
      effects: [{ effect: 'create', what: ['lab:a/0', 'lab:b/0', 'lab:c/0', 'lab:d/0', 'lab:e/0'] }],
    },
  ],
  untouched: ['leaf1', 'leaf2'],
}

describe('changes of a lab, for people', () => {
  it('have a line each, and the things of the fabric are counted', () => {
    expect(applyText(changes, false, plain)).toBe(
      [
        '~ node spine1     addresses, cables set in place; program (port eth4 new, routes) loaded into its running engine; its running daemons are told: neighbour 10.254.0.64',
        '+ node leaf3',
        '- host shop/web2',
        '~ probe           begins anew (hosts)',
        '+ keys            lab:a/0, lab:b/0, lab:c/0, 2 more',
        '1 to create, 1 to change, 1 to remove; untouched: leaf1, leaf2',
        '',
      ].join('\n'),
    )
    expect(applyText(changes, true, plain)).toMatch(
      /\n1 created, 1 changed, 1 removed; untouched: leaf1, leaf2\n$/,
    )
  })

  it('may be none', () => {
    expect(applyText({ changes: [], untouched: ['leaf1'] }, false, plain)).toBe(
      'nothing to change; untouched: leaf1\n',
    )
    expect(applyText({ changes: changes.changes, untouched: [] }, false, plain)).toContain(
      'untouched: no node',
    )
  })
})
