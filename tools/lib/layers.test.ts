import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkLayers, layerOf, readRules } from './layers.mjs'

const rules = readRules()

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'layers-'))
  const manifest = { name: 'ztos-twin', dependencies: { yaml: '1.0.0' } }
  writeFileSync(path.join(root, 'package.json'), JSON.stringify(manifest))
})

afterEach(() => {
  rmSync(root, { recursive: true })
})

/** The messages, as `file:line: message`, for a tree of the given files. */
function check(tree: Record<string, string>): string[] {
  for (const [file, text] of Object.entries(tree)) {
    mkdirSync(path.join(root, path.dirname(file)), { recursive: true })
    writeFileSync(path.join(root, file), text)
  }
  return checkLayers(root, Object.keys(tree), rules).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  )
}

describe('TypeScript layers', () => {
  test('a tree that keeps the rule has no violation', () => {
    expect(
      check({
        'contract/plan.ts': 'export const a = 1',
        'twin/packet/ip.ts': "import { createHash } from 'node:crypto'\nexport const b = createHash",
        'twin/forward/walk.ts':
          "import { a } from '../../contract/plan.js'\nexport { b } from '../packet/ip.js'",
        'twin/forward/walk.test.ts': "import { test } from 'vitest'\nimport fc from 'fast-check'",
        'twin/model/read.ts': "import { parse } from 'yaml'",
        'sdk/index.ts':
          "export * from '../twin/forward/walk.js'\nexport const load = (m: string) => import(m)",
        'scenarios/isolation.ts': "import { test } from 'ztos-twin/vitest'",
        'test/lab/up.test.ts': "import { a } from '../../lab/up.js'\nimport pw from 'playwright-core'",
      }),
    ).toEqual([])
  })

  test.each([
    ['a value import', "import { up } from '../lab/up.js'"],
    ['a type import', "import type { Lab } from '../lab/up.js'"],
    ['a re-export', "export * from '../lab/up.js'"],
    ['a named re-export', "export { up } from '../lab/up.js'"],
    ['a dynamic import', "export const up = () => import('../lab/up.js')"],
    ['an import inside a type', "export type Lab = import('../lab/up.js').Lab"],
    ['an import for effect', "import '../lab/up.js'"],
  ])('the twin is red when it reaches the lab by %s', (_kind, text) => {
    expect(check({ 'twin/index.ts': `// one line above\n${text}` })).toEqual([
      'twin/index.ts:2: layer twin may not import layer lab (../lab/up.js)',
    ])
  })

  test('a unit test obeys the rule of the folder it lies in', () => {
    expect(check({ 'twin/forward/walk.test.ts': "import { up } from '../../lab/up.js'" })).toEqual([
      'twin/forward/walk.test.ts:1: layer twin/forward may not import layer lab (../../lab/up.js)',
    ])
  })

  test('the forwarder does not see the model', () => {
    expect(check({ 'twin/forward/walk.ts': "import '../model/fabric.js'" })).toHaveLength(1)
  })

  test('scenarios see the sdk alone', () => {
    expect(check({ 'scenarios/a.ts': "import '../twin/index.js'\nimport '../sdk/index.js'" })).toEqual([
      'scenarios/a.ts:1: layer scenarios may not import layer twin (../twin/index.js)',
    ])
  })

  test('a folder outside every layer is red, as is an import of one', () => {
    expect(check({ 'helpers/a.ts': 'export {}', 'twin/a.ts': "import '../helpers/a.js'" })).toEqual([
      'helpers/a.ts:1: belongs to no layer: name its folder in tools/layers.json',
      'twin/a.ts:1: imports ../helpers/a.js, which belongs to no layer',
    ])
  })

  test('a product file imports no development package, no peer outside its layers, no impure module below', () => {
    expect(
      check({
        'lab/a.ts': "import 'playwright-core'\nimport 'fast-check/x'\nimport 'fs'",
        'twin/forward/a.ts': "import 'node:child_process'",
        'twin/program/a.ts': 'export const load = (m: string) => import(m)',
      }),
    ).toEqual([
      'lab/a.ts:1: layer lab may not import package playwright-core, which is no dependency of the product there',
      'lab/a.ts:2: layer lab may not import package fast-check, which is no dependency of the product there',
      'lab/a.ts:3: write node:fs, not fs',
      'twin/forward/a.ts:1: layer twin/forward is pure and may not import node:child_process',
      'twin/program/a.ts:1: imports a computed name; only sdk and cli load what a user names',
    ])
  })

  test('a file that does not parse is an error, not a pass', () => {
    expect(() => check({ 'twin/a.ts': 'import {' })).toThrow(/twin\/a\.ts: does not parse/)
  })
})

describe('C layers', () => {
  test('a tree that keeps the rule has no violation', () => {
    expect(
      check({
        'dataplane/include/ztos/gen/fates.h': '#include <stdint.h>',
        'dataplane/include/ztos/parse.h': '#include <ztos/gen/fates.h>\n#include "gen/fates.h"',
        'dataplane/bpf/redirect.bpf.c': '#include <linux/bpf.h>\n#include <ztos/parse.h>',
        'dataplane/src/engine.c': '#include "redirect.skel.h"\n#include <unistd.h>\n#include <ztos/parse.h>',
      }),
    ).toEqual([])
  })

  test('the core includes neither the engine nor what makes it impure', () => {
    expect(
      check({
        'dataplane/src/engine.h': '',
        'dataplane/include/ztos/parse.h': '#include <unistd.h>\n#include "src/engine.h"',
      }),
    ).toEqual([
      'dataplane/include/ztos/parse.h:1: layer dataplane/include/ztos may not include <unistd.h>',
      'dataplane/include/ztos/parse.h:2: layer dataplane/include/ztos may not include layer dataplane/src (src/engine.h)',
    ])
  })

  test('an XDP program does not include the engine', () => {
    expect(check({ 'dataplane/src/x.h': '', 'dataplane/bpf/a.bpf.c': '#include "../src/x.h"' })).toEqual([
      'dataplane/bpf/a.bpf.c:1: layer dataplane/bpf may not include layer dataplane/src (../src/x.h)',
    ])
  })
})

test('the longest folder that fits names the layer', () => {
  const layers = { twin: { imports: [] }, 'twin/packet': { imports: [] }, '.': { imports: [] } }
  expect(layerOf('twin/packet/deep/ip.ts', layers)).toBe('twin/packet')
  expect(layerOf('twin/other/ip.ts', layers)).toBe('twin')
  expect(layerOf('vitest.config.ts', layers)).toBe('.')
  expect(layerOf('web/app.ts', layers)).toBeUndefined()
})
