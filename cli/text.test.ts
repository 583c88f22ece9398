import path from 'node:path'
import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { calledAs } from './called.js'
import { named } from './names.js'
import { printable, printableLine } from './printable.js'
import { counted, table } from './table.js'

describe('text of others', () => {
  test.each([
    ['\u001b[31mred', String.raw`\x1b[31mred`],
    ['a\rb', String.raw`a\x0db`],
    ['a\r\nb', 'a\nb'],
    ['\u0007\u009b', String.raw`\x07\x9b`],
    ['abc\u202egnp.exe', String.raw`abc\u202egnp.exe`],
    ['tab\tand\nline', 'tab\tand\nline'],
    ['Zürich 東京 😀', 'Zürich 東京 😀'],
  ])('%j', (given, shown) => {
    expect(printable(given)).toBe(shown)
  })

  test('on one line it has no line feed', () => {
    expect(printableLine('a\nb')).toBe(String.raw`a\nb`)
  })

  test('no control character but tab and line feed gets through, and what is shown is shown as it is', () => {
    assert(
      property(string({ unit: 'binary', maxLength: 40 }), (text) => {
        const shown = printable(text)
        expect(shown).not.toMatch(/[^\P{Cc}\t\n]/u)
        expect(printable(shown)).toBe(shown)
      }),
    )
  })
})

test('columns are as wide as their widest cell', () => {
  expect(table(['name', 'n'], [['a', '1'], ['longer', '22'], ['x']])).toEqual([
    'name    n',
    'a       1',
    'longer  22',
    'x',
  ])
})

test.each([
  [1, '1 entry'],
  [0, '0 entries'],
  [2, '2 entries'],
])('%i is counted', (count, text) => {
  expect(counted(count, 'entry', 'entries')).toBe(text)
})

describe('a name that is not there', () => {
  const find = (name: string, names: readonly string[]) => () =>
    named('host', name, names, (one) => one, 'shop.yaml')

  test('is told with the near one', () => {
    expect(find('shop/wbe1', ['shop/web1', 'shop/db1'])).toThrow(
      expect.objectContaining({ code: 'ZT_CLI_NAME', where: 'shop.yaml', remedy: 'did you mean shop/web1?' }),
    )
  })

  test('is told with all of a few, some of many, none of none', () => {
    expect(find('zzzzzz', ['a', 'b'])).toThrow(expect.objectContaining({ remedy: 'use one of a, b' }))
    const many = Array.from({ length: 13 }, (_, i) => `host${i}`)
    expect(find('zzzzzz', many)).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(/host11, \.\.\.$/) }),
    )
    expect(find('zzzzzz', [])).toThrow(expect.objectContaining({ remedy: 'there are none' }))
  })

  test('one that is there is found', () => {
    expect(find('a', ['a', 'b'])()).toBe('a')
  })
})

test.each([
  ['/src/ztos', '/src/ztos', './ztos'],
  ['/src/ztos', '/src/ztos/docs', '../ztos'],
  ['/home/a/node_modules/ztos-twin', '/home/a', 'npx ztos'],
])('the command of %s is called from %s as %s', (root, cwd, called) => {
  expect(calledAs(root, cwd)).toBe(called.split('/').join(path.sep))
})
