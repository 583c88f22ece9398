/**
 * What suites of `ztos test` cannot say, and how a sheet is filled.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { SuiteName } from '../../sdk/suite/run-suite.js'
import { SheetWriter } from '../../sdk/suite/sheet.js'
import { compile } from '../../twin/compile.js'
import { parseFabric } from '../../twin/model/index.js'
import { planOf } from './testing/demo.js'
import { runOnTwin } from './testing/suite-tests.js'

describe('[Z37] [Z38] [Z39] what a suite cannot say', () => {
  test.each<[SuiteName, string]>([
    ['wireguard', 'demo'],
    ['macsec', 'demo-clear'],
  ])('%s of %s is nothing to test', async (suite, name) => {
    await expect(runOnTwin(suite, planOf(name))).rejects.toMatchObject({ code: 'ZT_NOTHING' })
  })

  test('links that nothing crosses are unjudged', async () => {
    const text = readFileSync('topologies/two-leaves.yaml', 'utf8').replace('leaf[1-2]', 'leaf[1-3]')
    const { fabric, problems } = parseFabric(text, 'three-leaves.yaml')
    if (fabric === undefined) throw new Error(problems.map(String).join('; '))
    const { exit, rows } = await runOnTwin('macsec', compile(fabric))
    expect(exit).toBe(3)
    expect(rows.find(({ name }) => name.startsWith('leaf3--spine1'))?.cells['frames']).toEqual({
      judgement: 'unjudged',
      said: 'no host on leaf3',
    })
  })
})

describe('[Z37] [Z38] [Z39] a sheet', () => {
  const columns = [
    { name: 'seal', what: 'is it sealed' },
    { name: 'guard', what: 'is it guarded' },
    { name: 'never', what: 'is it asked' },
  ]

  test('has a row for each name, the columns that were asked, and cells that something speaks against', () => {
    const sheet = new SheetWriter(columns, ['a', 'b'])
    sheet.say('a', 'seal', 'strict')
    sheet.say('b', 'seal', 'none', 'unjudged')
    sheet.accuse('a', 'seal', 'it is clear')
    sheet.accuse('b', 'guard', { message: 'it is gone', decoded: ['Ethernet'] })
    expect(sheet.finish()).toEqual({
      columns: columns.slice(0, 2),
      rows: [
        { name: 'a', cells: { seal: { judgement: 'violated', said: 'strict' } } },
        {
          name: 'b',
          cells: {
            seal: { judgement: 'unjudged', said: 'none' },
            guard: { judgement: 'violated', said: 'no' },
          },
        },
      ],
      reasons: [
        { row: 'a', column: 'seal', message: 'it is clear' },
        { row: 'b', column: 'guard', message: 'it is gone', decoded: ['Ethernet'] },
      ],
    })
  })

  test('says once what is the same for many frames, and how many there were', () => {
    const sheet = new SheetWriter(columns, ['a'])
    for (let n = 0; n < 9; n++) sheet.accuse('a', 'seal', `frame ${n} is clear`)
    sheet.accuse('a', 'seal', 'another is spoilt')
    expect(sheet.finish().reasons.map(({ message }) => message)).toEqual([
      'frame 8 is clear',
      'another is spoilt',
      'and 8 more',
    ])
  })
})
