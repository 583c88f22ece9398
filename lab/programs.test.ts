import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from './paths.js'
import { PROGRAM_FLAGS, programCommand } from './programs.js'

describe('the programs of a lab', () => {
  it.each(['labd', 'agents'] as const)(
    '%s was compiled for the V8 and the flags that it is started with',
    (name) => {
      const [node = '', ...argv] = programCommand(name)
      const [start = '', program = ''] = argv.splice(-2)
      const told = `
      const { text, file, cache } = require(${JSON.stringify(start)}).programOf(${JSON.stringify(program)})
      const cachedData = require('node:fs').readFileSync(cache)
      const { cachedDataRejected } = new (require('node:vm').Script)(text, { filename: file, cachedData })
      console.log(cachedDataRejected)`
      const rejected = (flags: readonly string[]) =>
        execFileSync(node, [...flags, '-e', told], { encoding: 'utf8' })
      expect(rejected(argv)).toBe('false\n')
      // So that the above can fail.
      expect(rejected([...argv, '--max-lazy'])).toBe('true\n')
    },
  )

  describe('are started', () => {
    let folder: string
    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'zt-programs-'))
      cpSync(path.join(packageRoot(), 'tools/lib/start-program.cjs'), path.join(folder, 'start.cjs'))
      write('one')
    })
    afterEach(() => rmSync(folder, { recursive: true }))

    const write = (what: string) =>
      writeFileSync(
        path.join(folder, 'hello.cjs'),
        `// first line\nconst path = require('node:path')\nconsole.log('${what}', path.basename(__filename), ...process.argv.slice(2))`,
      )
    const start = (...argv: readonly string[]) => {
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [...PROGRAM_FLAGS, path.join(folder, 'start.cjs'), ...argv],
        { encoding: 'utf8' },
      )
      expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
      return stdout
    }
    const caches = () => readdirSync(folder).filter((name) => name.endsWith('.cache'))

    it('with their arguments, compiled before or not', () => {
      expect(start('hello', '--a', 'b')).toBe('one hello.cjs --a b\n')
      start('--compile', 'hello')
      expect(caches()).toHaveLength(1)
      expect(start('hello', '--a', 'b')).toBe('one hello.cjs --a b\n')
    })

    it('as they are now, though what was compiled is of another text of the same length', () => {
      start('--compile', 'hello')
      write('two')
      expect(start('hello')).toBe('two hello.cjs\n')
    })

    it('though what was compiled is cut off', () => {
      start('--compile', 'hello')
      const [cache = ''] = caches()
      const file = path.join(folder, cache)
      truncateSync(file, Math.floor(readFileSync(file).length / 2))
      expect(start('hello')).toBe('one hello.cjs\n')
    })
  })

  it('say that they are not built', () => {
    expect(existsSync(path.join(packageRoot(), 'dist/programs/labd.cjs'))).toBe(true)
    expect(() => programCommand('none' as 'labd')).toThrow(
      /ZT_LAB_MISSING.*none is not built.*\n.*make build/s,
    )
  })
})
