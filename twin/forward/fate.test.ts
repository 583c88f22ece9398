import { expect, test } from 'vitest'
import contract from '../../contract/fates.json' with { type: 'json' }
import { FATE_NAMES, fateCode, fateOfCode } from './fate.js'

test('names and codes are those of the contract', () => {
  expect(FATE_NAMES.map((name) => ({ code: fateCode(name), name }))).toEqual(
    contract.fates.map(({ code, name }) => ({ code, name })),
  )
})

test('a code that no fate has', () => {
  expect(fateOfCode(1)).toBe('frame-truncated')
  expect([0, FATE_NAMES.length + 1, 65535].map(fateOfCode)).toEqual([undefined, undefined, undefined])
})
