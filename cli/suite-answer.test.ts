import { describe, expect, test } from 'vitest'
import type { SuiteResult } from '../sdk/suite/index.js'
import { colours } from './colours.js'
import { suiteText } from './suite-answer.js'
import { ztos } from './testdata/call.js'

const result = (extra: Partial<SuiteResult>): SuiteResult => ({
  suite: 'macsec',
  fabric: 'demo',
  on: 'netns',
  lab: 'k3f9a2',
  exit: 0,
  columns: [
    { name: 'seal', what: 'is it sealed' },
    { name: 'guard', what: 'is it guarded' },
  ],
  rows: [
    {
      name: 'a--b a>b',
      cells: {
        seal: { judgement: 'holds', said: 'strict' },
        guard: { judgement: 'holds', said: '0 dropped' },
      },
    },
    { name: 'a--b b>a', cells: { seal: { judgement: 'holds', said: 'strict' } } },
  ],
  reasons: [],
  notes: ['what a guard does not stop'],
  ...extra,
})
const text = (extra: Partial<SuiteResult> = {}) => suiteText(result(extra), colours(false))

describe('[Z37] [Z38] [Z39] what a suite found', () => {
  test('is a line for each way, a dash where nothing was asked, notes and a headline', () => {
    expect(text()).toBe(
      [
        'macsec of demo, in lab k3f9a2',
        '',
        '          seal    guard',
        'a--b a>b  strict  0 dropped',
        'a--b b>a  strict  -',
        '',
        'note: what a guard does not stop',
        '',
        'all 2 ways hold',
        '',
      ].join('\n'),
    )
  })

  test('is followed by reasons, those alike said once, with the frame decoded', () => {
    const reason = { column: 'seal', message: 'a frame is clear', decoded: ['Ethernet'] }
    const shown = text({
      exit: 1,
      reasons: [
        { row: 'a--b a>b', ...reason },
        { row: 'a--b b>a', ...reason },
        { row: 'a--b a>b', column: 'guard', message: 'none' },
      ],
    })
    expect(shown).toContain(
      [
        'seal: is it sealed?',
        '  a--b a>b, a--b b>a: a frame is clear',
        '    Ethernet',
        '',
        'guard: is it guarded?',
        '  a--b a>b: none',
      ].join('\n'),
    )
    expect(shown).toMatch(/\nviolated: 2 of 2 ways\n$/)
  })

  test('says what could not be judged, and why a host cannot', () => {
    const rows = [
      { name: 'a--b a>b', cells: { seal: { judgement: 'unjudged' as const, said: 'no traffic' } } },
    ]
    expect(text({ rows })).toMatch(/\nunjudged: 1 of 1 way\n$/)
    expect(text({ cannot: 'no lab on this host', columns: [], rows: [] })).toContain(
      '\nno lab on this host\n',
    )
  })

  test('what fabrics and frames put into it stays text', () => {
    const reasons = [{ row: 'a--b a>b', column: 'seal', message: 'a\u001b[31mred' }]
    expect(text({ fabric: 'x\u001b[2J', reasons })).not.toContain('\u001b')
  })
})

describe('[Z37] [Z38] [Z39] ztos test', () => {
  test.each([
    ['wireguard', 'demo-wireguard', 12],
    ['macsec', 'demo', 12],
    ['vxlan', 'demo-clear', 20],
  ])('%s of %s holds on the twin, as text and as JSON', async (suite, fabric, ways) => {
    const shown = await ztos('test', suite, `topologies/${fabric}.yaml`, '--on', 'twin')
    expect(shown.status).toBe(0)
    expect(shown.stdout).toContain(`all ${ways} ways hold`)
    const called = await ztos('test', suite, `topologies/${fabric}.yaml`, '--on', 'twin', '--json')
    expect(called.status).toBe(0)
    expect(called.json()).toMatchObject({
      format: 'ztos-test',
      version: 1,
      suite,
      fabric,
      on: 'twin',
      exit: 0,
      reasons: [],
    })
    expect(called.stderr).toContain(`${suite} suite`)
  })

  test.each([
    [['test', 'macsec', 'topologies/demo-clear.yaml', '--on', 'twin'], 2, 'ZT_NOTHING'],
    [['test', 'macsec', 'topologies/demo.yaml', '--on', 'twin', '--lab', 'aaaaaa'], 2, 'ZT_CLI_USAGE'],
    [['test', 'macsec', 'topologies/none.yaml'], 2, 'ZT_'],
    [['test', 'macsec', 'topologies/demo.yaml', '--lab', 'aaaaaa'], 2, 'aaaaaa'],
    [['test', 'gpu', 'topologies/demo.yaml'], 2, 'ZT_CLI_USAGE'],
  ])('%j ends with %i', async (argv, status, code) => {
    const called = await ztos(...argv)
    expect(called.status).toBe(status)
    expect(called.stderr).toContain(code)
  })
})
