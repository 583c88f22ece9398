import { expect, test } from 'vitest'
import { bendings, loosePins, lockedHosts, unexplainedPackages } from './text.mjs'

test.each([
  '// oxlint-disable-next-line no-empty',
  '/* eslint-disable */',
  '// @ts-ignore',
  '// @ts-nocheck',
  '// prettier-ignore',
  '/* clang-format off */',
  '/* v8 ignore next */',
  '// TODO: later',
  "test.only('x', () => {})",
])('%s is a way round a check', (line) => {
  expect(bendings(`fine\n${line}`)).toHaveLength(1)
  expect(bendings(`fine\n${line}`)[0]).toMatch(/^2: /)
})

test.each(['// the only(s) left', 'const todo = 1', '// @ts-expect-error in a type test', 'NOLINTED'])(
  '%s is none',
  (line) => {
    expect(bendings(line)).toEqual([])
  },
)

test('a range is no pin, an exact version is one, a peer may be a range', () => {
  const manifest = {
    dependencies: { a: '1.2.3', b: '^1.2.3' },
    devDependencies: { c: 'latest', d: '1.0.0-rc.1' },
    peerDependencies: { e: '^1.0.0' },
  }
  expect(loosePins(JSON.stringify(manifest))).toEqual([
    'b: ^1.2.3 is no exact version',
    'c: latest is no exact version',
  ])
})

test('a lock file that says where it fetched from is red', () => {
  expect(lockedHosts('{\n"resolved": "https://registry.example/a.tgz"\n}')).toHaveLength(1)
  expect(lockedHosts('{\n"integrity": "sha512-"\n}')).toEqual([])
})

test('a package needs a reason', () => {
  expect(unexplainedPackages('# head\nclang # BPF target\nnasm\nllvm #\n')).toEqual([
    "3: write 'package # reason', not 'nasm'",
    "4: write 'package # reason', not 'llvm #'",
  ])
})
