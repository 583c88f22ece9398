/** A topology that is written and read is the one that it was, wherever it is read. */
import { array, assert, constantFrom, nat, oneof, property, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectiveNode, formatTopologyProblem, readTopology, writeTopology } from '../../../lab/clab/index.js'
import { topologies } from './arbitrary.js'

describe('[T02] a topology', () => {
  it('of any text at all is read or refused, and nothing is thrown', () => {
    const piece = oneof(
      constantFrom(
        'name: a',
        'topology:',
        'nodes:',
        'links:',
        'kinds:',
        'a:',
        'kind: linux',
        'endpoints: [a:b, c:d]',
        'env:',
        'cpu: 1',
      ),
      constantFrom(
        ': ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '&x ',
        '*x',
        '<<: *x',
        '!!str ',
        '? ',
        '| ',
        '> ',
        '"',
        "'",
        '#',
        '${',
        '}',
        '$',
        '~',
        ', ',
      ),
      string({ maxLength: 4 }),
    )
    const line = tuple(nat({ max: 6 }), array(piece, { maxLength: 4 })).map(
      ([by, all]) => `${' '.repeat(by)}${all.join('')}`,
    )
    assert(
      property(array(line, { maxLength: 12 }), (lines) => {
        const { topology, problems } = readTopology(lines.join('\n'), { file: 'x', environment: {} })
        expect(topology === undefined).toBe(problems !== undefined && problems.length > 0)
      }),
      { numRuns: 5000 },
    )
  })

  it('is the same when it is written and read again, whatever variables are set', () => {
    assert(
      property(topologies, (topology) => {
        const text = writeTopology(topology)
        const environment = { HOME: '/somewhere', a: 'b' }
        const { topology: read, problems } = readTopology(text, { file: 'lab.clab.yml', environment })
        expect(problems?.map(formatTopologyProblem)).toBeUndefined()
        for (const name of Object.keys(topology.topology.nodes ?? {}))
          expect(effectiveNode(read!.topology, name)).toEqual(effectiveNode(topology.topology, name))
        expect(read!.topology.links).toEqual(topology.topology.links)
        expect(writeTopology(read!)).toBe(text)
      }),
      { numRuns: 400 },
    )
  })
})
